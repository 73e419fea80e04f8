//! The shops as capacity: their operations with stations and cycles.
//!
//! It must not know where the parts were kept. Invariant: an operation without a cycle cannot bind.

use takt_planning::{line::Operation, material::Workshop};

use super::{Unusable, master::Parts};

impl Parts {
    /// The shops in the order of flow, each with its own operations.
    pub(super) fn workshops(&self) -> Result<Vec<Workshop>, Unusable> {
        let mut workshops = Vec::with_capacity(self.shops.len());
        for shop in &self.shops {
            let mine = (self.operations.iter())
                .filter(|part| part.shop_id == shop.shop_id && part.cycle_millis > 0);
            let mut operations = Vec::new();
            for part in mine {
                operations.push(Operation {
                    variants: self.mask(part)?,
                    cycle_ms: part.cycle_millis,
                    stations: part.stations,
                });
            }
            workshops.push(Workshop {
                id: shop.shop_id.clone(),
                operations,
            });
        }
        Ok(workshops)
    }
}
