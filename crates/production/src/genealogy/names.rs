//! From nodes back to the names that people know: VINs, lot ids, serial numbers, suppliers.
//!
//! It must not know messages. Invariant: all names of an answer are read in a constant number of statements.

use std::collections::{BTreeSet, HashMap};

use takt_kernel::LotNumber;
use takt_planning::genealogy::{Node, Place};
use takt_service::{Error, Tx};

use super::ranges::item_of;
use crate::product::{
    Product,
    store::{index_of, number_of},
};

/// What a node is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// The vehicle.
    pub vin: String,
    /// The item of ours.
    pub item: Option<usize>,
    /// The lot, or a supplier's batch.
    pub lot_id: String,
    /// The serial number.
    pub serial: String,
    /// Who supplied it.
    pub supplier: String,
    /// Its id in the world, where it was imported.
    pub external_id: String,
    /// Its name for people.
    pub name: String,
    /// Where it is, when it is a place.
    pub place: Option<Place>,
}

impl Name {
    /// One word for messages.
    pub fn text(&self) -> &str {
        match self.place {
            Some(Place::Scrap) => "scrap",
            Some(Place::Stock) => "stock",
            None if !self.vin.is_empty() => &self.vin,
            None if !self.serial.is_empty() => &self.serial,
            None if !self.lot_id.is_empty() => &self.lot_id,
            None => &self.external_id,
        }
    }
}

#[derive(Debug, Clone)]
struct Unit {
    external_id: String,
    item_no: i64,
    maker_id: String,
    number: String,
    name: String,
}

/// The names of some nodes.
#[derive(Debug, Default)]
pub struct Names {
    sources: HashMap<(i64, i64), String>,
    vins: HashMap<i64, String>,
    units: HashMap<i64, Unit>,
}

impl Names {
    /// Reads what is needed to name some nodes.
    ///
    /// # Errors
    /// What the database said.
    pub async fn fetch(tx: &Tx, nodes: impl IntoIterator<Item = Node>) -> Result<Self, Error> {
        let (mut builds, mut units) = (BTreeSet::new(), BTreeSet::new());
        for node in nodes {
            match node {
                Node::Vehicle(build) => {
                    builds.insert(build);
                }
                Node::ForeignLot(number) | Node::ForeignPiece(number) => {
                    units.insert(number);
                }
                _ => {}
            }
        }
        let mut names = Self::default();
        let sql = "SELECT item_no, supplier_rank, supplier_id FROM lot_source";
        for row in tx.rows(sql, vec![]).await? {
            let key = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            names.sources.insert(key, row.try_get_by_index(2)?);
        }
        let list = builds.iter().map(|build| vec![(*build).into()]).collect();
        let query = "SELECT w.build_number, w.vin FROM v JOIN vehicle AS w ON w.build_number = v.build_number";
        for row in tx.rows_for(&["build_number"], list, query).await? {
            names
                .vins
                .insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        let list = units.iter().map(|unit| vec![(*unit).into()]).collect();
        let query = "SELECT u.unit_no, u.external_id, u.item_no, u.maker_id, u.unit_number, u.name FROM v JOIN asbuilt_unit AS u ON u.unit_no = v.unit_no";
        for row in tx.rows_for(&["unit_no"], list, query).await? {
            let unit = Unit {
                external_id: row.try_get_by_index(1)?,
                item_no: row.try_get_by_index(2)?,
                maker_id: row.try_get_by_index(3)?,
                number: row.try_get_by_index(4)?,
                name: row.try_get_by_index(5)?,
            };
            names.units.insert(row.try_get_by_index(0)?, unit);
        }
        Ok(names)
    }

    /// What a node is called.
    pub fn of(&self, product: &Product, node: Node) -> Name {
        match node {
            Node::Vehicle(build) => Name {
                vin: self.vins.get(&build).cloned().unwrap_or_default(),
                ..Name::default()
            },
            Node::Place(place) => Name {
                place: Some(place),
                ..Name::default()
            },
            Node::Lot(lot) => self.ours(product, lot, None),
            Node::Piece(lot, unit) => self.ours(product, lot, Some(unit)),
            Node::ForeignLot(number) => self.foreign(product, number, false),
            Node::ForeignPiece(number) => self.foreign(product, number, true),
        }
    }

    fn ours(&self, product: &Product, lot: LotNumber, unit: Option<i64>) -> Name {
        let index = item_of(lot);
        let Some(item) = product.items.get(index) else {
            return Name::default();
        };
        let key = (number_of(index), i64::from(lot.supplier_rank()));
        let supplier = self.sources.get(&key).cloned().unwrap_or_default();
        let lot_id = format!("{}.{supplier}.{:06}", item.item_id, lot.n());
        Name {
            item: Some(index),
            serial: unit.map_or_else(String::new, |unit| format!("{lot_id}-{unit:05}")),
            lot_id,
            supplier,
            name: item.name.clone(),
            ..Name::default()
        }
    }

    fn foreign(&self, product: &Product, number: i64, piece: bool) -> Name {
        let Some(unit) = self.units.get(&number) else {
            return Name::default();
        };
        let item = Some(index_of(unit.item_no)).filter(|_| unit.item_no > 0);
        let own = item.and_then(|item| product.items.get(item));
        let named = own.filter(|_| unit.name.is_empty());
        let number = unit.number.clone();
        Name {
            item,
            lot_id: if piece { String::new() } else { number.clone() },
            serial: if piece { number } else { String::new() },
            supplier: unit.maker_id.clone(),
            external_id: unit.external_id.clone(),
            name: named.map_or_else(|| unit.name.clone(), |item| item.name.clone()),
            ..Name::default()
        }
    }
}
