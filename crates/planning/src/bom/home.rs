//! In which unit with a serial number an item ends up: cells in their pack, the pack in the vehicle. It must not know
//! stock or vehicles. Invariant: an item that a vehicle uses in several units, or beside one, is at home in the vehicle,
//! because nobody knows how much of it went where.
use super::Bom;
use crate::feature::Config;

/// Where an item is at home in a vehicle of some configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// The configuration does not use it.
    Unused,
    /// In the vehicle itself.
    Vehicle,
    /// In the unit of this item.
    Unit(usize),
}

impl Bom {
    /// The home of every item, in file order; `is_unit` says which items are units. Cost: O(lines).
    pub fn homes(&self, config: Config, is_unit: impl Fn(usize) -> bool) -> Vec<Home> {
        let mut homes = vec![Home::Unused; self.items.len()];
        homes[self.root] = Home::Vehicle;
        for parent in &self.order {
            let inside = match homes[*parent] {
                Home::Unused => continue,
                _ if *parent != self.root && is_unit(*parent) => Home::Unit(*parent),
                home => home,
            };
            for line in self.lines_of(*parent) {
                if line.condition.holds(config) {
                    let home = &mut homes[line.child];
                    *home = match *home {
                        Home::Unused => inside,
                        home if home == inside => home,
                        _ => Home::Vehicle,
                    };
                }
            }
        }
        homes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::{Item, Line};
    use crate::feature::Condition;
    use takt_kernel::{Quantity, Share};

    #[test]
    fn cells_are_in_the_pack_and_bolts_that_are_everywhere_in_the_vehicle() {
        let item = |id: &str, made| Item {
            id: id.to_owned(),
            made,
            order_yield: Share::ONE,
        };
        let line = |parent, child| Line {
            parent,
            child,
            qty: Quantity::from_units(1),
            condition: Condition::default(),
            component_scrap: Share(0),
        };
        let items = [
            item("car", true),
            item("pack", true),
            item("cell", false),
            item("bolt", false),
            item("spare", false),
        ];
        let lines = [line(0, 1), line(1, 2), line(1, 3), line(0, 3)];
        let bom = Bom::build(items.to_vec(), lines.to_vec(), 0).unwrap();
        assert_eq!(
            bom.homes(Config(0), |item| item == 1),
            [
                Home::Vehicle,
                Home::Vehicle,
                Home::Unit(1),
                Home::Vehicle,
                Home::Unused
            ]
        );
    }
}
