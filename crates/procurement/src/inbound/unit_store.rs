//! The rows of handling units and serial numbers.
//!
//! It must not know rules. Invariant: they are written with their notice and never changed.

use std::collections::BTreeMap;

use takt_kernel::LotNumber;
use takt_service::{Error, Tx, Value};

use super::unit::{Packing, Unpacked};
use crate::rows::{count, get, list};

/// Writes how the goods of notices travel, by the number of the notice.
pub(super) async fn packings_add(tx: &Tx, packings: &[(i64, &Packing)]) -> Result<(), Error> {
    let (mut units, mut lots) = (Vec::new(), Vec::new());
    let mut serials: Vec<Vec<Value>> = Vec::new();
    for (asn_no, packing) in packings {
        for (place, unit) in packing.units.iter().enumerate() {
            units.push(vec![
                (*asn_no).into(),
                count(place).into(),
                unit.id.as_str().into(),
                unit.parent.as_str().into(),
                unit.packaging.as_str().into(),
            ]);
            lots.extend(unit.lots.iter().map(|(number, line, thousandths)| {
                vec![
                    number.value().into(),
                    (*asn_no).into(),
                    count(place).into(),
                    (*line).into(),
                    (*thousandths).into(),
                ]
            }));
        }
        serials.extend(packing.serials.iter().map(|(number, serial)| {
            vec![
                i64::from(number.item_no()).into(),
                serial.as_str().into(),
                number.value().into(),
            ]
        }));
    }
    let columns = ["asn_no", "place", "unit_id", "parent_id", "packaging"];
    tx.insert_many("handling_unit", &columns, units, "").await?;
    let columns = ["lot_number", "asn_no", "place", "line_no", "quantity"];
    tx.insert_many("handling_unit_lot", &columns, lots, "")
        .await?;
    let columns = ["item_no", "serial_number", "lot_number"];
    tx.insert_many("part_serial", &columns, serials, "")
        .await
        .map(|_| ())
}

/// The lots of those of these parts that are known, by item and serial number.
pub(super) async fn serials_fetch(
    tx: &Tx,
    parts: impl Iterator<Item = (u32, &str)>,
) -> Result<BTreeMap<(u32, String), LotNumber>, Error> {
    let parts = parts.map(|(item_no, serial)| vec![i64::from(item_no).into(), serial.into()]);
    let sql = "SELECT s.item_no, s.serial_number, s.lot_number FROM v \
               JOIN part_serial AS s ON s.item_no = v.item_no AND s.serial_number = v.serial_number";
    let rows = tx
        .rows_for(&["item_no", "serial_number"], parts.collect(), sql)
        .await?;
    let mut known = BTreeMap::new();
    for row in &rows {
        let item_no = u32::try_from(get::<i64>(row, 0)?).unwrap_or_default();
        known.insert((item_no, get(row, 1)?), LotNumber(get(row, 2)?));
    }
    Ok(known)
}

/// Which handling units to read.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Of notices, all of them.
    Notices(Vec<i64>),
    /// Of a notice: those behind a place, at most so many.
    Notice(i64, i64, i64),
    /// With goods of a lot: those behind a notice and place, at most so many.
    Lot(LotNumber, (i64, i64), i64),
}

/// A handling unit with the notice and the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    /// The number of the notice.
    pub(super) asn_no: i64,
    /// The name of the notice.
    pub(super) asn_id: String,
    /// Its place in the notice.
    pub(super) place: i64,
    /// What it is.
    pub(super) unit: Unpacked,
}

/// Handling units in the order of their notices.
pub(super) async fn units_fetch(tx: &Tx, wanted: &Wanted) -> Result<Vec<Placed>, Error> {
    const COLUMNS: &str = "u.asn_no, n.asn_id, u.place, u.unit_id, u.parent_id, u.packaging";
    let rows = match wanted {
        Wanted::Notices(numbers) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM v JOIN handling_unit AS u ON u.asn_no = v.asn_no JOIN asn AS n ON n.asn_no = u.asn_no ORDER BY u.asn_no, u.place"
            );
            tx.rows_for(&["asn_no"], list(numbers.iter().copied()), &sql)
                .await?
        }
        Wanted::Notice(asn_no, after, most) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM handling_unit AS u JOIN asn AS n ON n.asn_no = u.asn_no WHERE u.asn_no = $1 AND u.place > $2 ORDER BY u.place LIMIT $3"
            );
            let values = vec![(*asn_no).into(), (*after).into(), (*most).into()];
            tx.rows(&sql, values).await?
        }
        Wanted::Lot(lot, after, most) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM handling_unit_lot AS l JOIN handling_unit AS u ON u.asn_no = l.asn_no AND u.place = l.place \
                 JOIN asn AS n ON n.asn_no = u.asn_no WHERE l.lot_number = $1 AND (l.asn_no > $2 OR (l.asn_no = $2 AND l.place > $3)) \
                 ORDER BY l.asn_no, l.place LIMIT $4"
            );
            let values = vec![
                lot.value().into(),
                after.0.into(),
                after.1.into(),
                (*most).into(),
            ];
            tx.rows(&sql, values).await?
        }
    };
    let mut units = Vec::with_capacity(rows.len());
    let mut places: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    for row in &rows {
        let (asn_no, place) = (get(row, 0)?, get(row, 2)?);
        places.insert((asn_no, place), units.len());
        units.push(Placed {
            asn_no,
            asn_id: get(row, 1)?,
            place,
            unit: Unpacked {
                id: get(row, 3)?,
                parent: get(row, 4)?,
                packaging: get(row, 5)?,
                lots: Vec::new(),
            },
        });
    }
    let keys = places
        .keys()
        .map(|(asn, place)| vec![(*asn).into(), (*place).into()]);
    let sql = "SELECT l.asn_no, l.place, l.lot_number, l.line_no, l.quantity FROM v \
               JOIN handling_unit_lot AS l ON l.asn_no = v.asn_no AND l.place = v.place ORDER BY l.asn_no, l.place, l.lot_number";
    for row in tx
        .rows_for(&["asn_no", "place"], keys.collect(), sql)
        .await?
    {
        let place = places.get(&(get(&row, 0)?, get(&row, 1)?));
        if let Some(placed) = place.and_then(|place| units.get_mut(*place)) {
            let lot = (LotNumber(get(&row, 2)?), get(&row, 3)?, get(&row, 4)?);
            placed.unit.lots.push(lot);
        }
    }
    Ok(units)
}
