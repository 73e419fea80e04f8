//! The rows of edges: swaps, corrections and units of suppliers, laid over the ranges.
//!
//! It must not know why they change. Invariants: a row is never changed but for the record that ends it, once; what the
//! ranges say of a part is masked from the record on at which an edge takes over.

use std::collections::BTreeSet;

use takt_kernel::{LotNumber, Quantity};
use takt_planning::genealogy::{Edge, Node, OPEN, Origin, Period, Way};
use takt_service::{Error, Row, Tx};

use super::base::Base;

const COLUMNS: &str = "e.edge_no, e.parent_key, e.parent_piece, e.child_key, e.child_piece, e.item_no, e.quantity, e.valid_from, e.valid_to, \
                       e.recorded_from, e.recorded_to";

fn read(row: &Row) -> Result<Edge, Error> {
    let node = |at: usize| -> Result<Node, Error> {
        let key = (row.try_get_by_index(at)?, row.try_get_by_index(at + 1)?);
        Node::of(key).ok_or_else(|| Error::broken(format!("an edge has the node {key:?}")))
    };
    Ok(Edge {
        parent: node(1)?,
        child: node(3)?,
        item: row.try_get_by_index(5)?,
        quantity: Quantity(row.try_get_by_index(6)?),
        valid: Period {
            from: row.try_get_by_index(7)?,
            to: row.try_get_by_index(8)?,
        },
        recorded: Period {
            from: row.try_get_by_index(9)?,
            to: row.try_get_by_index(10)?,
        },
        origin: Origin::Row(row.try_get_by_index(0)?),
    })
}

/// The edges above or below some nodes that are rows, every version of them.
///
/// # Errors
/// What the database said.
pub async fn edges_fetch(tx: &Tx, way: Way, nodes: &[Node]) -> Result<Vec<Edge>, Error> {
    let list: Vec<_> = nodes
        .iter()
        .map(|node| {
            let (key, piece) = node.key();
            vec![key.into(), piece.into()]
        })
        .collect();
    let side = match way {
        Way::Up => "child",
        Way::Down => "parent",
    };
    let query = format!(
        "SELECT {COLUMNS} FROM v JOIN asbuilt_edge AS e ON e.{side}_key = v.node_key AND e.{side}_piece = v.node_piece ORDER BY e.edge_no"
    );
    let rows = tx
        .rows_for(&["node_key", "node_piece"], list, &query)
        .await?;
    rows.iter().map(read).collect()
}

/// The pieces of a lot that were fitted later, beside those of the build.
///
/// # Errors
/// What the database said.
pub async fn pieces_fetch(tx: &Tx, lot: LotNumber) -> Result<Vec<i64>, Error> {
    let sql = "SELECT DISTINCT child_piece FROM asbuilt_edge WHERE child_key = $1 AND child_piece > 0 ORDER BY child_piece";
    let rows = tx.rows(sql, vec![lot.value().into()]).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

/// Ends edges and begins others at a record; `base` knows the parts of the ranges among those that end.
///
/// # Errors
/// What the database said.
pub async fn edges_save(
    tx: &Tx,
    base: &Base,
    record: i64,
    closed: &[Edge],
    opened: &[Edge],
) -> Result<(), Error> {
    let (mut masks, mut ended) = (Vec::new(), BTreeSet::new());
    for edge in closed {
        match edge.origin {
            Origin::Row(number) => {
                ended.insert(number);
            }
            Origin::Range | Origin::New => {
                let key = base.key_of(edge).ok_or_else(|| {
                    Error::broken(format!("the part {:?} stands in no range", edge.child))
                })?;
                masks.push(vec![
                    key.0.into(),
                    key.1.value().into(),
                    key.2.into(),
                    record.into(),
                ]);
            }
        }
    }
    let columns = ["build_number", "lot_number", "unit_no", "recorded_from"];
    tx.insert_many("asbuilt_mask", &columns, masks, "").await?;
    let rows = ended
        .iter()
        .map(|number| vec![(*number).into(), record.into()]);
    tx.update_many(
        "asbuilt_edge",
        &["edge_no"],
        &["recorded_to = v.recorded_to"],
        &["edge_no", "recorded_to"],
        rows.collect(),
        "t.recorded_from < v.recorded_to",
    )
    .await?;
    edges_add(tx, record, opened).await
}

/// Begins edges at a record.
///
/// # Errors
/// What the database said.
pub async fn edges_add(tx: &Tx, record: i64, opened: &[Edge]) -> Result<(), Error> {
    let first = tx
        .number("SELECT MAX(edge_no) FROM asbuilt_edge", vec![])
        .await?
        + 1;
    let rows = (first..).zip(opened).map(|(number, edge)| {
        let (parent, child) = (edge.parent.key(), edge.child.key());
        [
            number,
            parent.0,
            parent.1,
            child.0,
            child.1,
            edge.item,
            edge.quantity.milli(),
            edge.valid.from,
            edge.valid.to,
            record,
            OPEN,
        ]
        .map(takt_service::Value::from)
        .to_vec()
    });
    let columns = [
        "edge_no",
        "parent_key",
        "parent_piece",
        "child_key",
        "child_piece",
        "item_no",
        "quantity",
        "valid_from",
        "valid_to",
        "recorded_from",
        "recorded_to",
    ];
    tx.insert_many("asbuilt_edge", &columns, rows.collect(), "")
        .await?;
    Ok(())
}
