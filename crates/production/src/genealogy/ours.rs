//! What twins of suppliers are of ours: vehicles, pieces and lots that bear the names we gave them.
//!
//! It must not know messages. Invariant: a constant number of statements, whatever the number of twins.

use std::collections::{BTreeSet, HashMap};

use takt_kernel::{LotId, LotNumber, Vin};
use takt_planning::genealogy::Node;
use takt_service::{Error, Tx};

use super::{refs::Foreign, serial_of};
use crate::{
    product::{Product, store::number_of},
    vehicle::serial_of as serial_of_vin,
};

/// A unit or batch that a supplier tells of.
pub struct Twin {
    /// The number of its row.
    pub row: i64,
    /// What is told of it.
    pub unit: Foreign,
    /// The vehicle that it is.
    pub vin: String,
    /// The part number of the customer.
    pub customer_part_id: String,
}

/// A unit or batch that was entered before.
pub struct Known {
    /// Its kind.
    pub kind: i64,
    /// Its number.
    pub number: String,
    /// The item of ours that it is; 0 for none.
    pub item_no: i64,
    /// What stands for it.
    pub node: Node,
}

/// The units and batches of some ids that were entered before.
///
/// # Errors
/// What the database said.
pub async fn known_fetch(tx: &Tx, ids: &BTreeSet<String>) -> Result<HashMap<String, Known>, Error> {
    let list = ids.iter().map(|id| vec![id.as_str().into()]).collect();
    let query = "SELECT u.external_id, u.kind, u.unit_number, u.item_no, u.node_key, u.node_piece FROM v \
                 JOIN asbuilt_unit AS u ON u.external_id = v.external_id";
    let mut known = HashMap::new();
    for row in tx.rows_for(&["external_id"], list, query).await? {
        let key = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
        let unit = Known {
            kind: row.try_get_by_index(1)?,
            number: row.try_get_by_index(2)?,
            item_no: row.try_get_by_index(3)?,
            node: Node::of(key)
                .ok_or_else(|| Error::broken(format!("a unit has the node {key:?}")))?,
        };
        known.insert(row.try_get_by_index(0)?, unit);
    }
    Ok(known)
}

/// The vehicles, pieces and lots of ours that some twins name.
#[derive(Default)]
pub struct Ours {
    builds: HashMap<String, i64>,
    ranks: HashMap<(i64, String), u32>,
    pieces: HashMap<LotNumber, i64>,
    lots: BTreeSet<LotNumber>,
}

impl Ours {
    /// Reads what the twins may name.
    ///
    /// # Errors
    /// What the database said.
    pub async fn fetch(tx: &Tx, product: &Product, twins: &[Twin]) -> Result<Self, Error> {
        let mut ours = Self::default();
        let vins = twins.iter().filter_map(|twin| {
            let serial = serial_of_vin(&Vin::parse(&twin.vin).ok()?)?;
            Some(vec![serial.into(), twin.vin.as_str().into()])
        });
        let query = "SELECT w.vin, w.build_number FROM v JOIN vehicle AS w ON w.serial = v.serial AND w.vin = v.vin WHERE w.build_number > 0";
        for row in tx
            .rows_for(&["serial", "vin"], vins.collect(), query)
            .await?
        {
            ours.builds
                .insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        let sql = "SELECT item_no, supplier_id, supplier_rank FROM lot_source";
        for row in tx.rows(sql, vec![]).await? {
            let rank = u32::try_from(row.try_get_by_index::<i64>(2)?).unwrap_or(u32::MAX);
            let key = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            ours.ranks.insert(key, rank);
        }
        let named = twins.iter().filter_map(|twin| {
            let number = &twin.unit.number;
            let lot = match twin.unit.kind {
                2 => LotId::parse(number).ok()?,
                _ => serial_of(number)?.0,
            };
            ours.number(product, &lot)
        });
        let lots: BTreeSet<LotNumber> = named.collect();
        let list = || lots.iter().map(|lot| vec![lot.value().into()]).collect();
        let query = "SELECT s.lot_number, s.used FROM v JOIN serial_lot AS s ON s.lot_number = v.lot_number";
        for row in tx.rows_for(&["lot_number"], list(), query).await? {
            let lot = LotNumber(row.try_get_by_index(0)?);
            ours.pieces.insert(lot, row.try_get_by_index(1)?);
        }
        let query = "SELECT DISTINCT r.lot_number FROM v JOIN asbuilt_range AS r ON r.lot_number = v.lot_number";
        for row in tx.rows_for(&["lot_number"], list(), query).await? {
            ours.lots.insert(LotNumber(row.try_get_by_index(0)?));
        }
        Ok(ours)
    }

    fn number(&self, product: &Product, lot: &LotId) -> Option<LotNumber> {
        let item = number_of(product.item(lot.item.as_str())?);
        let rank = self.ranks.get(&(item, lot.supplier.to_string()))?;
        LotNumber::new(u32::try_from(item).ok()?, *rank, lot.n)
    }

    /// What a twin is of ours, where it is.
    pub fn node(&self, product: &Product, twin: &Twin) -> Option<Node> {
        if let Some(build) = self.builds.get(&twin.vin) {
            return Some(Node::Vehicle(*build));
        }
        let unit = &twin.unit;
        if unit.kind == 2 {
            let lot = self.number(product, &LotId::parse(&unit.number).ok()?)?;
            return self.lots.contains(&lot).then_some(Node::Lot(lot));
        }
        let (lot, piece) = serial_of(&unit.number)?;
        let lot = self.number(product, &lot)?;
        let used = self.pieces.get(&lot).copied().unwrap_or(0);
        (piece <= used).then_some(Node::Piece(lot, piece))
    }
}
