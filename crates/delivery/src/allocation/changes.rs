//! What was changed of an allocation after it was made, and by whom it is told: the order's timeline.
//!
//! It must not know why. Invariant: AL-1 both orders tell of an exchange.

use takt_kernel::Date;
use takt_service::{Error, Tx};

use crate::rows::{date, day, get};

/// The columns of a change, but for its number, which counts arrivals.
pub(crate) const COLUMNS: [&str; 6] = [
    "order_no",
    "changed_on",
    "kind",
    "vin",
    "before_vin",
    "other_order_no",
];

/// Why an order has another vehicle than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It waited and was given one from stock.
    Stock,
    /// It exchanged with the order of this number.
    Swap(i64),
    /// Its vehicle is gone.
    Replaced,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The order.
    pub(crate) order_no: i64,
    /// The day.
    pub(crate) on: Date,
    /// Why.
    pub(crate) why: Why,
    /// The vehicle that it has since.
    pub(crate) vin: String,
    /// The vehicle that it had; empty of none.
    pub(crate) before: String,
}

impl Change {
    /// What the order's timeline calls it.
    pub(crate) const fn event(&self) -> &'static str {
        match self.why {
            Why::Stock => "ALLOCATED_FROM_STOCK",
            Why::Swap(_) => "VEHICLES_SWAPPED",
            Why::Replaced => "VEHICLE_REPLACED",
        }
    }
}

/// Writes changes.
pub(crate) async fn changes_add(tx: &Tx, changes: &[Change]) -> Result<(), Error> {
    let rows = changes.iter().map(|one| {
        let (kind, other): (i64, Option<i64>) = match one.why {
            Why::Stock => (1, None),
            Why::Swap(other) => (2, Some(other)),
            Why::Replaced => (3, None),
        };
        vec![
            one.order_no.into(),
            day(one.on),
            kind.into(),
            one.vin.as_str().into(),
            one.before.as_str().into(),
            other.into(),
        ]
    });
    tx.insert_many("allocation_change", &COLUMNS, rows.collect(), "")
        .await?;
    Ok(())
}

/// The changes of an order in the order in which they were made.
pub(crate) async fn order_changes(tx: &Tx, order_no: i64) -> Result<Vec<Change>, Error> {
    let sql = "SELECT order_no, changed_on, kind, vin, before_vin, other_order_no FROM allocation_change WHERE order_no = $1 ORDER BY change_no";
    let rows = tx.rows(sql, vec![order_no.into()]).await?;
    let read = |row| {
        let why = match (get::<i64>(row, 2)?, get::<Option<i64>>(row, 5)?) {
            (2, Some(other)) => Why::Swap(other),
            (3, _) => Why::Replaced,
            _ => Why::Stock,
        };
        Ok(Change {
            order_no: get(row, 0)?,
            on: date(row, 1)?,
            why,
            vin: get(row, 3)?,
            before: get(row, 4)?,
        })
    };
    rows.iter().map(read).collect()
}
