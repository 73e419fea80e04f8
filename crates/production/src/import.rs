//! The rows of a programme that production owns: staged chunk by chunk, checked as a whole, saved by table.
//!
//! It must not know what is planned with them. Invariants: a chunk is stored with a constant number of statements; the
//! whole must make a product, or nothing becomes visible.

pub mod line;
mod master;
mod staged;

use takt_contract::common::v1::programme_row::Row;
use takt_kernel::Violations;
use takt_service::{BoxFuture, Error, ImportSink, MasterRows, Revision, Tx, Value};

use crate::product::store::{TABLES, product_load, universal_items_save};
use master::MASTER;
use staged::Staged;

/// Takes the rows of a programme.
pub struct Import;

impl ImportSink for Import {
    fn stage<'t>(&'t self, tx: &'t Tx, rows: &'t [Row]) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            for MasterRows { table, mut rows } in self.tables(rows)? {
                if table.name == "bom_line" && !rows.is_empty() {
                    let sql = "SELECT MAX(line_no) FROM bom_line";
                    numbered(&mut rows, tx.number(sql, vec![]).await?);
                }
                tx.insert_many(table.name, table.columns, rows, "").await?;
            }
            Ok(())
        })
    }

    fn prepare<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            let product = product_load(tx).await?;
            universal_items_save(tx, &product).await
        })
    }

    fn tables(&self, rows: &[Row]) -> Result<Vec<MasterRows>, Error> {
        let mut staged = Staged::default();
        let mut violations = Violations::new();
        for (at, row) in rows.iter().enumerate() {
            violations.scope(format!("rows[{at}]"), |found| staged.take(row, found));
        }
        violations.finish()?;
        Ok(staged.tables())
    }

    fn revised<'t>(
        &'t self,
        tx: &'t Tx,
        revision: &'t Revision,
    ) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            // What vehicles hold must stay what their bill of material said, so it changes by an engineering change alone.
            let built = tx.number("SELECT COUNT(*) FROM issue", vec![]).await?;
            if built > 0 && revision.touches("bom_line") {
                let message = "vehicles are built by this bill of material; change it by an engineering change, `takt change release`";
                return Err(Error::refused("CHANGE_NEEDED", message));
            }
            self.prepare(tx).await
        })
    }

    fn clear<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            for table in TABLES {
                tx.exec(&format!("DELETE FROM {table}"), vec![]).await?;
            }
            Ok(())
        })
    }
}

/// Numbers lines on from the last one.
fn numbered(rows: &mut [Vec<Value>], last: i64) {
    for (number, row) in (last + 1..).zip(rows) {
        if let Some(first) = row.first_mut() {
            *first = number.into();
        }
    }
}

impl Staged {
    fn tables(self) -> Vec<MasterRows> {
        let rows = [
            self.programme,
            self.parts,
            self.shops,
            self.items,
            self.lines,
            self.variants,
            self.prices,
            self.references,
            self.options,
            self.operations,
            self.days,
            self.ramp,
            self.milestones,
            self.economics,
            self.quarters,
            self.mix,
            self.rules,
            self.sources,
            self.lanes,
        ];
        let tables = MASTER.into_iter().zip(rows);
        tables
            .map(|(table, rows)| MasterRows { table, rows })
            .collect()
    }
}
