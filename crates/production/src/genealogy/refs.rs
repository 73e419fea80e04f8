//! From the names that callers use to nodes: VINs, serial numbers, lots, suppliers' numbers, external ids.
//!
//! It must not know messages. Invariants: what reads as a name of ours is ours or nothing, but for suppliers' numbers that
//! look alike; a supplier's number that names two parts names none.

use takt_kernel::{Date, LotId, LotNumber, Vin};
use takt_planning::genealogy::{Node, Place};
use takt_service::{Error, Tx};

use super::{AsBuiltRefusal, serial_of};
use crate::{
    product::{
        Product,
        store::{day_of, number_of},
    },
    vehicle::store::vehicle_fetch,
};

/// A unit or part as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ref {
    /// A vehicle.
    Vin(Vin),
    /// A piece.
    Serial(String),
    /// A lot or a supplier's batch.
    Lot(String),
    /// A unit or batch that was imported.
    External(String),
    /// A place.
    Place(Place),
    /// A supplier's number, of a piece or of a batch.
    Number(String),
}

impl Ref {
    /// What a name is by its form.
    pub fn of_any(name: String) -> Self {
        if let Ok(vin) = Vin::parse(&name) {
            Self::Vin(vin)
        } else if LotId::parse(&name).is_ok() {
            Self::Lot(name)
        } else if serial_of(&name).is_some() {
            Self::Serial(name)
        } else if name.starts_with("urn:") {
            Self::External(name)
        } else {
            Self::Number(name)
        }
    }

    /// The name as the caller gave it.
    pub fn text(&self) -> String {
        match self {
            Self::Vin(vin) => vin.to_string(),
            Self::Serial(text) | Self::Lot(text) | Self::External(text) | Self::Number(text) => {
                text.clone()
            }
            Self::Place(Place::Scrap) => "scrap".to_owned(),
            Self::Place(Place::Stock) => "stock".to_owned(),
        }
    }

    /// What kind of thing it names, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Vin(_) => "vehicle",
            Self::Serial(_) => "piece",
            Self::Lot(_) => "lot",
            Self::External(_) => "unit",
            Self::Place(_) => "place",
            Self::Number(_) => "part",
        }
    }

    /// The error of a name that names nothing.
    pub fn missing(&self) -> Error {
        Error::missing(self.kind(), self.text())
    }
}

/// The number of a lot of ours by its name, where its source is known; the lot itself may be unused.
///
/// # Errors
/// What the database said.
pub async fn lot_number(
    tx: &Tx,
    product: &Product,
    lot: &LotId,
) -> Result<Option<LotNumber>, Error> {
    let Some(item) = product.item(lot.item.as_str()) else {
        return Ok(None);
    };
    let sql = "SELECT supplier_rank FROM lot_source WHERE item_no = $1 AND supplier_id = $2";
    let values = vec![number_of(item).into(), lot.supplier.as_str().into()];
    let Some(row) = tx.one(sql, values).await? else {
        return Ok(None);
    };
    let rank = u32::try_from(row.try_get_by_index::<i64>(0)?).ok();
    let item = u32::try_from(number_of(item)).ok();
    let parts = item.zip(rank);
    Ok(parts.and_then(|(item, rank)| LotNumber::new(item, rank, lot.n)))
}

/// Whether anything of a lot of ours was ever used.
///
/// # Errors
/// What the database said.
pub async fn lot_is_used(tx: &Tx, lot: LotNumber) -> Result<bool, Error> {
    let sql = "SELECT CASE WHEN EXISTS (SELECT 1 FROM asbuilt_range WHERE lot_number = $1) \
               OR EXISTS (SELECT 1 FROM asbuilt_edge WHERE child_key = $1) THEN 1 ELSE 0 END";
    let row = tx.one(sql, vec![lot.value().into()]).await?;
    Ok(match row {
        Some(row) => row.try_get_by_index::<i32>(0)? == 1,
        None => false,
    })
}

/// What a name stands for; none where it names nothing that is known here.
///
/// # Errors
/// `Missing` for a vehicle that is not there; `Refused` for one that is not built, or a number that names several parts.
pub async fn resolve(tx: &Tx, product: &Product, name: &Ref) -> Result<Option<Node>, Error> {
    match name {
        Ref::Place(place) => Ok(Some(Node::Place(*place))),
        Ref::Vin(vin) => {
            let vehicle = vehicle_fetch(tx, vin).await?;
            match vehicle.build_number {
                0 => Err(AsBuiltRefusal::NotBuilt(vehicle.vin).into()),
                build => Ok(Some(Node::Vehicle(build))),
            }
        }
        Ref::Serial(text) => {
            if let Some((lot, unit)) = serial_of(text)
                && let Some(lot) = lot_number(tx, product, &lot).await?
            {
                let sql = "SELECT used FROM serial_lot WHERE lot_number = $1";
                let used = tx.number(sql, vec![lot.value().into()]).await?;
                if unit <= used {
                    return Ok(Some(Node::Piece(lot, unit)));
                }
            }
            foreign(tx, text, "kind <> 2").await
        }
        Ref::Lot(text) => {
            if let Ok(lot) = LotId::parse(text)
                && let Some(lot) = lot_number(tx, product, &lot).await?
            {
                return Ok(Some(Node::Lot(lot)));
            }
            foreign(tx, text, "kind = 2").await
        }
        Ref::Number(text) => foreign(tx, text, "kind > 0").await,
        Ref::External(id) => {
            let sql = "SELECT node_key, node_piece FROM asbuilt_unit WHERE external_id = $1";
            let row = tx.one(sql, vec![id.as_str().into()]).await?;
            match row {
                Some(row) => Ok(Node::of((
                    row.try_get_by_index(0)?,
                    row.try_get_by_index(1)?,
                ))),
                None => Ok(None),
            }
        }
    }
}

async fn foreign(tx: &Tx, number: &str, kind: &str) -> Result<Option<Node>, Error> {
    let sql = format!(
        "SELECT node_key, node_piece FROM asbuilt_unit WHERE unit_number = $1 AND {kind} ORDER BY unit_no LIMIT 2"
    );
    let rows = tx.rows(&sql, vec![number.into()]).await?;
    match rows.as_slice() {
        [] => Ok(None),
        [row] => Ok(Node::of((
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
        ))),
        _ => Err(AsBuiltRefusal::ManyNamed(number.to_owned()).into()),
    }
}

/// A unit or batch that somebody else numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Its id in the world.
    pub external_id: String,
    /// 1 a piece, 2 a batch, 3 a piece for a place in the sequence.
    pub kind: i64,
    /// The item of ours that it is; 0 for none.
    pub item_no: i64,
    /// The maker.
    pub maker_id: String,
    /// The maker's part number.
    pub maker_part_id: String,
    /// Its number.
    pub number: String,
    /// Its name for people.
    pub name: String,
    /// The day of its making.
    pub made_on: Option<Date>,
    /// What it is of ours, where it is.
    pub ours: Option<Node>,
}

impl Foreign {
    /// A part that was fitted and of which nothing else is known: it is entered under its supplier.
    pub fn fitted(item_no: i64, item_id: &str, supplier: &str, number: &str, piece: bool) -> Self {
        Self {
            external_id: format!("urn:takt:part:{supplier}:{item_id}:{number}"),
            kind: if piece { 1 } else { 2 },
            item_no,
            maker_id: supplier.to_owned(),
            maker_part_id: String::new(),
            number: number.to_owned(),
            name: String::new(),
            made_on: None,
            ours: None,
        }
    }
}

/// Enters units and batches; answers with their nodes in the same order.
///
/// # Errors
/// `Exists` when one of them is there; what the database said.
pub async fn foreign_add(tx: &Tx, units: &[Foreign]) -> Result<Vec<Node>, Error> {
    let first = tx
        .number("SELECT MAX(unit_no) FROM asbuilt_unit", vec![])
        .await?
        + 1;
    let (mut nodes, mut rows) = (Vec::new(), Vec::new());
    for (number, unit) in (first..).zip(units) {
        let own = match unit.kind {
            2 => Node::ForeignLot(number),
            _ => Node::ForeignPiece(number),
        };
        let node = unit.ours.unwrap_or(own);
        nodes.push(node);
        rows.push(vec![
            number.into(),
            unit.external_id.clone().into(),
            unit.kind.into(),
            unit.item_no.into(),
            unit.maker_id.clone().into(),
            unit.maker_part_id.clone().into(),
            unit.number.clone().into(),
            unit.name.clone().into(),
            unit.made_on.map(day_of).into(),
            node.key().0.into(),
            node.key().1.into(),
        ]);
    }
    let columns = [
        "unit_no",
        "external_id",
        "kind",
        "item_no",
        "maker_id",
        "maker_part_id",
        "unit_number",
        "name",
        "made_on",
        "node_key",
        "node_piece",
    ];
    tx.insert_many("asbuilt_unit", &columns, rows, "").await?;
    Ok(nodes)
}
