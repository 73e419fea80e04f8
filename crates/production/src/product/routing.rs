//! The routing: which operations a vehicle or an item of a feeder shop goes through, in which order, at which stations.
//!
//! It must not know rows or messages. Invariants: operations stand in the order of flow, shop by shop; a vehicle's way
//! leads through the shops of the line, an item's through its own shop.

use std::collections::HashMap;

use super::{Product, Shop, Unusable, master::Parts};

/// An operation of the routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The id, `FA-070`.
    pub operation_id: String,
    /// The shop's index.
    pub shop: usize,
    /// The variants that it applies to, a bit each.
    pub variants: u64,
    /// Its stations side by side.
    pub stations: i64,
}

impl Operation {
    /// Whether a variant goes through it.
    pub fn applies_to(&self, variant: usize) -> bool {
        self.variants >> variant.min(63) & 1 == 1
    }
}

/// All operations in the order of flow.
#[derive(Debug, Default)]
pub struct Routing {
    /// The operations.
    pub operations: Vec<Operation>,
    index: HashMap<String, usize>,
}

impl Routing {
    /// The routing of parts that stand in the order of their sequence within each shop.
    pub(super) fn of(parts: &Parts) -> Result<Self, Unusable> {
        let place = |shop_id: &str| {
            let at = |shop: &Shop| shop.shop_id == shop_id;
            parts.shops.iter().position(at)
        };
        let mut operations = Vec::with_capacity(parts.operations.len());
        for part in &parts.operations {
            operations.push(Operation {
                operation_id: part.operation_id.clone(),
                shop: place(&part.shop_id).unwrap_or(usize::MAX),
                variants: parts.mask(part)?,
                stations: part.stations,
            });
        }
        operations.sort_by_key(|operation| operation.shop);
        let index = operations.iter().enumerate();
        let index = index
            .map(|(at, operation)| (operation.operation_id.clone(), at))
            .collect();
        Ok(Self { operations, index })
    }

    /// The index of an operation.
    pub fn find(&self, operation_id: &str) -> Option<usize> {
        self.index.get(operation_id).copied()
    }

    /// The operation and the number of a station, `FA-070/2`; a number that it does not have is none.
    pub fn station(&self, station_id: &str) -> Option<(usize, i64)> {
        let (operation_id, number) = station_id.rsplit_once('/')?;
        let at = self.find(operation_id)?;
        let number: i64 = number.parse().ok()?;
        let stations = self.operations.get(at)?.stations;
        (1..=stations).contains(&number).then_some((at, number))
    }
}

impl Product {
    /// The operations of a vehicle of a variant, in order.
    pub fn vehicle_route(&self, variant: usize) -> impl Iterator<Item = &Operation> {
        let on_line = |operation: &&Operation| {
            let shop = self.shops.get(operation.shop);
            shop.is_some_and(|shop| shop.is_line)
        };
        let operations = self.routing.operations.iter().filter(on_line);
        operations.filter(move |operation| operation.applies_to(variant))
    }

    /// The operations of an order for an item that a feeder shop makes, in order; none for what the line makes itself.
    pub fn item_route(&self, item: usize) -> impl Iterator<Item = &Operation> {
        let made_in = self.items.get(item).and_then(|item| {
            let at = |shop: &Shop| shop.shop_id == item.shop_id && !shop.is_line;
            self.shops.iter().position(at)
        });
        let uses =
            (0..self.variants.len()).filter(move |variant| self.bom.is_used_by(item, *variant));
        let users = uses.fold(0u64, |mask, variant| mask | 1 << variant);
        let operations = self.routing.operations.iter();
        operations.filter(move |operation| {
            Some(operation.shop) == made_in && operation.variants & users != 0
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::product::tests::small;

    #[test]
    fn vehicles_go_through_the_line_and_items_through_their_shop() {
        let product = small();
        let ids = |variant| -> Vec<&str> {
            let route = product.vehicle_route(variant);
            route
                .map(|operation| operation.operation_id.as_str())
                .collect()
        };
        assert_eq!(ids(0), ["BW-1", "PT-1", "FA-1"]);
        assert_eq!(ids(1), ["BW-1", "PT-1", "FA-1"]);
        assert_eq!(
            product.item_route(2).count(),
            1,
            "the pack is made in BT for MAX"
        );
        assert_eq!(product.item_route(7).count(), 0, "the line itself makes it");
        assert_eq!(product.routing.station("FA-1/1"), Some((3, 1)));
        for unknown in ["FA-1", "FA-1/2", "FA-1/0", "FA-9/1", "FA-1/x"] {
            assert_eq!(product.routing.station(unknown), None, "{unknown}");
        }
    }
}
