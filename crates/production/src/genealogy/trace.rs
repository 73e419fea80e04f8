//! Walks over the as-built memory: ranges and edges together, in one snapshot.
//!
//! It must not know messages. Invariant: a number of statements that grows with the levels and not with the parts.

use std::collections::BTreeSet;

use takt_kernel::Date;
use takt_planning::genealogy::{Limits, Node, OPEN, Question, Time, Walk, Way};
use takt_service::{Error, Tx};

use super::{
    base::Base,
    edges::{edges_fetch, pieces_fetch},
    names::Names,
    records::{record_at, record_last},
};
use crate::product::{
    Product,
    store::{day_of, index_of},
};

/// What is known: with which record, or at which instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// All that is known.
    Now,
    /// With this record.
    Record(i64),
    /// At this instant, in microseconds.
    Instant(i64),
}

/// Which day and which knowledge a question is about, and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The day; none for now.
    pub as_of: Option<Date>,
    /// What is known.
    pub known: Known,
    /// Whether any day before counts.
    pub ever: bool,
    /// How far.
    pub limits: Limits,
}

impl Scope {
    /// The question in numbers of days and records.
    ///
    /// # Errors
    /// What the database said.
    pub async fn question(&self, tx: &Tx) -> Result<Question, Error> {
        let known = match self.known {
            Known::Now => record_last(tx).await?,
            Known::Record(number) => number,
            Known::Instant(micros) => record_at(tx, micros).await?,
        };
        let day = self.as_of.map_or(OPEN - 1, day_of);
        let time = if self.ever {
            Time::Ever(day)
        } else {
            Time::At(day)
        };
        Ok(Question { known, time })
    }
}

/// Every edge above or below some nodes, from ranges and rows.
///
/// # Errors
/// What the database said.
pub async fn edges_of(
    tx: &Tx,
    product: &Product,
    base: &mut Base,
    way: Way,
    nodes: &[Node],
) -> Result<Vec<takt_planning::genealogy::Edge>, Error> {
    let mut edges = match way {
        Way::Down => base.down(tx, product, nodes).await?,
        Way::Up => base.up(tx, product, nodes).await?,
    };
    edges.extend(edges_fetch(tx, way, nodes).await?);
    Ok(edges)
}

/// Walks to the end, or to the limits.
///
/// # Errors
/// What the database said.
pub async fn walk(
    tx: &Tx,
    product: &Product,
    base: &mut Base,
    way: Way,
    scope: &Scope,
    first: &[Node],
) -> Result<Walk, Error> {
    let question = scope.question(tx).await?;
    let mut walk = Walk::new(way, question, scope.limits, first);
    loop {
        let wanted = walk.wanted();
        if wanted.is_empty() {
            return Ok(walk);
        }
        let mut edges = edges_of(tx, product, base, way, &wanted).await?;
        edges.sort_by_key(|edge| (edge.item, edge.child, edge.parent, edge.valid.from));
        walk.step(edges);
    }
}

/// A lot of pieces is all of its pieces; anything else is itself.
///
/// # Errors
/// What the database said.
pub async fn pieces_of(tx: &Tx, part: Node) -> Result<Vec<Node>, Error> {
    let mut nodes = vec![part];
    if let Node::Lot(lot) = part {
        let sql = "SELECT used FROM serial_lot WHERE lot_number = $1";
        let used = tx.number(sql, vec![lot.value().into()]).await?;
        let later: BTreeSet<i64> = pieces_fetch(tx, lot).await?.into_iter().collect();
        let units: BTreeSet<i64> = (1..=used).chain(later).collect();
        nodes.extend(units.into_iter().map(|unit| Node::Piece(lot, unit)));
    }
    Ok(nodes)
}

/// The lots that a vehicle was built with, in item order: the index of the item and the lot's name.
///
/// # Errors
/// What the database said.
pub async fn lots_as_built(
    tx: &Tx,
    product: &Product,
    build: i64,
) -> Result<Vec<(usize, String)>, Error> {
    let edges = Base::default()
        .down(tx, product, &[Node::Vehicle(build)])
        .await?;
    let names = Names::fetch(tx, []).await?;
    let mut lots: Vec<(usize, String)> = edges
        .iter()
        .map(|edge| (index_of(edge.item), names.of(product, edge.child).lot_id))
        .collect();
    lots.sort();
    Ok(lots)
}
