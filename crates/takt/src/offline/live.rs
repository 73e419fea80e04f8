//! What the plant has and what is under way to it, from a file, for commands that compute without any service. It must not know how a
//! loss is assessed. Invariant: a row that names nobody and nothing of the programme is refused with its line.
use std::collections::BTreeMap;
use std::path::Path;

use takt_kernel::Quantity;
use takt_planning::risk::{FULL, Product, days_covered, needs};

use super::Offline;
use super::network::UnderWay;
use crate::failure::{Failure, Outcome};

/// The columns of the file.
const COLUMNS: [&str; 3] = ["item_id", "supplier_id", "quantity"];

/// What the plant has, and what is under way to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveStock {
    /// Thousandths by item; the second is the supplier from whom it is under way, or nobody.
    rows: BTreeMap<(String, Option<String>), i64>,
}

impl LiveStock {
    /// Reads a CSV file.
    pub fn read(path: &Path) -> Outcome<Self> {
        let name = path.display();
        let unusable =
            |error: &dyn std::fmt::Display| Failure::bad_input(format!("{name}: {error}"));
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(path)
            .map_err(|error| unusable(&error))?;
        let header = reader.headers().map_err(|error| unusable(&error))?;
        if header != &csv::StringRecord::from(COLUMNS.to_vec()) {
            let told = format!("its columns are not {}", COLUMNS.join(","));
            return Err(unusable(&told));
        }
        let mut stock = Self::default();
        for (line, row) in (2..).zip(reader.records()) {
            let row = row.map_err(|error| unusable(&error))?;
            let cell = |at: usize| row.get(at).unwrap_or_default();
            let quantity = Quantity::parse(cell(2))
                .map_err(|error| unusable(&format!("line {line}: {error}")))?;
            if quantity.milli() < 0 {
                return Err(unusable(&format!("line {line}: {quantity} is negative")));
            }
            let supplier = Some(cell(1)).filter(|supplier| !supplier.is_empty());
            let key = (cell(0).to_owned(), supplier.map(str::to_owned));
            *stock.rows.entry(key).or_default() += quantity.milli();
        }
        Ok(stock)
    }

    /// What the plant has of each item, in thousandths; empty where the file says nothing.
    pub fn on_hand(&self, offline: &Offline) -> Outcome<Vec<i64>> {
        let mut all = vec![0; offline.full.items.len()];
        for ((item, supplier), quantity) in &self.rows {
            let bought = (offline.full.items.iter()).find(|known| known.id.as_str() == item);
            let known = bought.is_some_and(|bought| {
                supplier.as_ref().is_none_or(|supplier| {
                    let own =
                        |terms: &crate::programme::Agreement| terms.supplier.as_str() == supplier;
                    bought.agreements.iter().any(own)
                })
            });
            if !known {
                let from = supplier.as_deref().unwrap_or("anybody");
                let told = format!("{item} from {from} is not bought in this programme");
                return Err(Failure::bad_input(told)
                    .with_way_out("mend the row of --stock, or name another programme"));
            }
            let own = offline.item(item).and_then(|at| all.get_mut(at));
            if let Some(own) = own.filter(|_| supplier.is_none()) {
                *own += quantity;
            }
        }
        Ok(all)
    }

    /// How long what each source has shipped lasts of its share of the need.
    pub fn lasting<'a>(&self, offline: &'a Offline, products: &[Product]) -> UnderWay<'a> {
        let needs = needs(products, offline.full.items.len());
        let mut all = UnderWay::new();
        for (item, need) in offline.full.items.iter().zip(&needs) {
            for terms in &item.agreements {
                let key = (item.id.to_string(), Some(terms.supplier.to_string()));
                if let Some(quantity) = self.rows.get(&key) {
                    let share = terms.share.millionths().clamp(1, FULL);
                    let days = days_covered(*quantity, share, need);
                    all.insert((terms.supplier.as_str(), item.id.as_str()), days);
                }
            }
        }
        all
    }
}
