//! The ranges of the build read as edges: what the line put into vehicles, and where it put a lot.
//!
//! It must not know what happened later, but for the masks that say where the edges take over. Invariants: both
//! directions read the same ranges, so that one is the inverse of the other; a range counts for the vehicles in it whose
//! configuration uses the item; a piece counts by its serial; a part is at home in the unit that the bill of material
//! says (`takt_planning::bom::Home`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use takt_kernel::{LotNumber, Quantity};
use takt_planning::{
    bom::Home,
    feature::Config,
    genealogy::{Edge, Node, OPEN, Origin, Period},
};
use takt_service::{Error, Tx};

use super::ranges::{
    Masks, Span, holders_fetch, item_of, masks_fetch, masks_of, pieces_at_home, spans_fetch,
};
use crate::product::{Product, store::number_of};

/// What is known of a vehicle that was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Car {
    config: Config,
    built_on: i64,
}

/// What was read of the ranges, so that nothing is read twice.
#[derive(Debug, Default)]
pub struct Base {
    cars: HashMap<i64, Car>,
    /// The vehicle in which a piece was built.
    births: HashMap<(LotNumber, i64), i64>,
    /// The edges below a vehicle and the units built in it.
    below: HashMap<i64, Vec<Edge>>,
    /// The reservation on which the parts of a vehicle stand.
    pub reservations: HashMap<i64, String>,
}

impl Base {
    /// The edges from the ranges below some units.
    ///
    /// # Errors
    /// What the database said.
    pub async fn down(
        &mut self,
        tx: &Tx,
        product: &Product,
        units: &[Node],
    ) -> Result<Vec<Edge>, Error> {
        let made = |lot: &LotNumber| product.items.get(item_of(*lot)).is_some_and(|i| i.made);
        let pieces: Vec<_> = units
            .iter()
            .filter_map(|unit| match unit {
                Node::Piece(lot, number) if made(lot) => Some((*lot, *number)),
                _ => None,
            })
            .collect();
        self.births_fetch(tx, &pieces).await?;
        let mut builds: BTreeSet<i64> = pieces
            .iter()
            .filter_map(|piece| self.births.get(piece).copied())
            .collect();
        builds.extend(units.iter().filter_map(|unit| match unit {
            Node::Vehicle(build) => Some(*build),
            _ => None,
        }));
        let fresh: Vec<i64> = builds
            .iter()
            .filter(|build| !self.below.contains_key(build))
            .copied()
            .collect();
        self.below_fetch(tx, product, &fresh).await?;
        let edges = builds.iter().filter_map(|build| self.below.get(build));
        Ok(edges.flatten().copied().collect())
    }

    /// The edges from the ranges above some lots and pieces.
    ///
    /// # Errors
    /// What the database said.
    pub async fn up(
        &mut self,
        tx: &Tx,
        product: &Product,
        parts: &[Node],
    ) -> Result<Vec<Edge>, Error> {
        let serialised = |lot: LotNumber| {
            let item = product.items.get(item_of(lot));
            item.is_some_and(|item| item.serialised)
        };
        let mut wanted: BTreeMap<LotNumber, BTreeSet<i64>> = BTreeMap::new();
        for part in parts {
            match part {
                Node::Lot(lot) if !serialised(*lot) => {
                    wanted.entry(*lot).or_default();
                }
                Node::Piece(lot, unit) => {
                    wanted.entry(*lot).or_default().insert(*unit);
                }
                _ => {}
            }
        }
        let spans = spans_fetch(tx, wanted.keys().copied()).await?;
        let masks = masks_fetch(tx, wanted.keys().copied()).await?;
        let mut edges = Vec::new();
        for span in spans {
            self.cars_fetch(tx, span.first, span.last).await?;
            let item = item_of(span.lot);
            let units = wanted.get(&span.lot).cloned().unwrap_or_default();
            let holders = if serialised(span.lot) {
                holders_fetch(tx, span).await?
            } else {
                self.users(product, item, span)
            };
            let homes = self.homes(product, item, &holders);
            let pieces = pieces_at_home(tx, span, &homes).await?;
            for (build, unit) in holders {
                if unit > 0 {
                    self.births.insert((span.lot, unit), build);
                    if !units.contains(&unit) {
                        continue;
                    }
                }
                let Some(car) = self.cars.get(&build).copied() else {
                    continue;
                };
                let home = homes.get(&car.config).copied().unwrap_or(Home::Vehicle);
                let mask = masks.get(&(build, span.lot, unit));
                let need = need_of(product, car.config, item);
                edges.push(Edge {
                    parent: parent_of(build, home, pieces.get(&build)),
                    child: child_of(span.lot, unit),
                    item: number_of(item),
                    quantity: quantity_of(unit, need, span.is_shared(build)),
                    valid: Period::since(car.built_on),
                    recorded: Period {
                        from: span.record,
                        to: mask.copied().unwrap_or(OPEN),
                    },
                    origin: Origin::Range,
                });
            }
        }
        Ok(edges)
    }

    /// The build number, lot and piece of an edge from the ranges; the build is the one of its unit.
    pub fn key_of(&self, edge: &Edge) -> Option<(i64, LotNumber, i64)> {
        let build = match edge.parent {
            Node::Vehicle(build) => build,
            Node::Piece(lot, unit) => self.births.get(&(lot, unit)).copied()?,
            _ => return None,
        };
        match edge.child {
            Node::Lot(lot) => Some((build, lot, 0)),
            Node::Piece(lot, unit) => Some((build, lot, unit)),
            _ => None,
        }
    }

    /// The reservation of the issue that brought a part from the ranges.
    pub fn reservation_of(&self, edge: &Edge) -> &str {
        let key = self.key_of(edge).filter(|_| edge.origin == Origin::Range);
        let reservation = key.and_then(|(build, ..)| self.reservations.get(&build));
        reservation.map_or("", String::as_str)
    }

    fn users(&self, product: &Product, item: usize, span: Span) -> Vec<(i64, i64)> {
        let mut needs: HashMap<Config, bool> = HashMap::new();
        let uses = |config: Config| need_of(product, config, item) > Quantity::ZERO;
        let mut users = Vec::new();
        for build in span.first..=span.last {
            if let Some(car) = self.cars.get(&build)
                && *needs.entry(car.config).or_insert_with(|| uses(car.config))
            {
                users.push((build, 0));
            }
        }
        users
    }

    /// The home of an item in each configuration among some vehicles.
    fn homes(
        &self,
        product: &Product,
        item: usize,
        holders: &[(i64, i64)],
    ) -> HashMap<Config, Home> {
        let mut homes = HashMap::new();
        for (build, _) in holders {
            if let Some(car) = self.cars.get(build) {
                homes.entry(car.config).or_insert_with(|| {
                    let all = product.homes(car.config);
                    all.get(item).copied().unwrap_or(Home::Vehicle)
                });
            }
        }
        homes
    }

    async fn cars_fetch(&mut self, tx: &Tx, first: i64, last: i64) -> Result<(), Error> {
        if (first..=last).all(|build| self.cars.contains_key(&build)) {
            return Ok(());
        }
        let sql = "SELECT build_number, config, built_on FROM vehicle WHERE build_number BETWEEN $1 AND $2";
        for row in tx.rows(sql, vec![first.into(), last.into()]).await? {
            let car = Car {
                config: Config(row.try_get_by_index(1)?),
                built_on: row.try_get_by_index(2)?,
            };
            self.cars.insert(row.try_get_by_index(0)?, car);
        }
        Ok(())
    }

    async fn births_fetch(&mut self, tx: &Tx, pieces: &[(LotNumber, i64)]) -> Result<(), Error> {
        let fresh = pieces
            .iter()
            .filter(|piece| !self.births.contains_key(*piece));
        let lots: BTreeSet<LotNumber> = fresh.map(|(lot, _)| *lot).collect();
        for span in spans_fetch(tx, lots.into_iter()).await? {
            for (build, unit) in holders_fetch(tx, span).await? {
                self.births.insert((span.lot, unit), build);
            }
        }
        Ok(())
    }

    async fn below_fetch(
        &mut self,
        tx: &Tx,
        product: &Product,
        builds: &[i64],
    ) -> Result<(), Error> {
        if builds.is_empty() {
            return Ok(());
        }
        let list = || builds.iter().map(|build| vec![(*build).into()]).collect();
        let query = "SELECT w.build_number, w.config, w.built_on FROM v JOIN vehicle AS w ON w.build_number = v.build_number";
        for row in tx.rows_for(&["build_number"], list(), query).await? {
            let car = Car {
                config: Config(row.try_get_by_index(1)?),
                built_on: row.try_get_by_index(2)?,
            };
            self.cars.insert(row.try_get_by_index(0)?, car);
        }
        let query = "SELECT s.build_number, s.lot_number, s.unit_no FROM v JOIN asbuilt_serial AS s ON s.build_number = v.build_number \
                     ORDER BY s.build_number, s.lot_number, s.unit_no";
        let mut pieces: HashMap<i64, Vec<(LotNumber, i64)>> = HashMap::new();
        for row in tx.rows_for(&["build_number"], list(), query).await? {
            let (build, lot) = (
                row.try_get_by_index(0)?,
                LotNumber(row.try_get_by_index(1)?),
            );
            let unit = row.try_get_by_index(2)?;
            self.births.insert((lot, unit), build);
            pieces.entry(build).or_default().push((lot, unit));
        }
        let query = "SELECT m.build_number, m.lot_number, m.unit_no, m.recorded_from FROM v JOIN asbuilt_mask AS m ON m.build_number = v.build_number";
        let masks = masks_of(&tx.rows_for(&["build_number"], list(), query).await?)?;
        // The issue of the vehicle first, then its ranges alone: SQLite keeps the order of a CROSS JOIN, and left to itself it
        // reads every range there is.
        let query = "SELECT v.build_number, r.lot_number, k.record_no, i.reservation_id FROM v CROSS JOIN issue AS i \
                     CROSS JOIN asbuilt_record AS k CROSS JOIN asbuilt_range AS r WHERE v.build_number BETWEEN i.first_build AND i.last_build \
                     AND k.issue_no = i.issue_no AND r.issue_no = i.issue_no AND r.first_build <= v.build_number \
                     AND r.last_build >= v.build_number ORDER BY v.build_number, r.lot_number";
        let mut ranges: HashMap<i64, Vec<(LotNumber, i64)>> = HashMap::new();
        for row in tx.rows_for(&["build_number"], list(), query).await? {
            let build = row.try_get_by_index(0)?;
            let range = (
                LotNumber(row.try_get_by_index(1)?),
                row.try_get_by_index(2)?,
            );
            ranges.entry(build).or_default().push(range);
            // All parts of a vehicle are of one issue.
            self.reservations.insert(build, row.try_get_by_index(3)?);
        }
        for build in builds {
            let edges = match self.cars.get(build) {
                Some(car) => edges_of(
                    product,
                    *build,
                    *car,
                    &ranges.remove(build).unwrap_or_default(),
                    &pieces.remove(build).unwrap_or_default(),
                    &masks,
                ),
                None => Vec::new(),
            };
            self.below.insert(*build, edges);
        }
        Ok(())
    }
}

fn edges_of(
    product: &Product,
    build: i64,
    car: Car,
    ranges: &[(LotNumber, i64)],
    pieces: &[(LotNumber, i64)],
    masks: &Masks,
) -> Vec<Edge> {
    let needs: BTreeMap<usize, Quantity> = product.recorded(car.config).into_iter().collect();
    let homes = product.homes(car.config);
    let only = |item: usize| {
        let mut of_item = pieces.iter().filter(|(lot, _)| item_of(*lot) == item);
        of_item.next().copied().filter(|_| of_item.next().is_none())
    };
    let mut edges = Vec::new();
    for (lot, record) in ranges {
        let item = item_of(*lot);
        let Some(need) = needs.get(&item) else {
            continue;
        };
        let serialised = product.items.get(item).is_some_and(|item| item.serialised);
        let units: Vec<i64> = if serialised {
            let of_lot = pieces.iter().filter(|(of, _)| of == lot);
            of_lot.map(|(_, unit)| *unit).collect()
        } else {
            vec![0]
        };
        let shared = ranges.iter().filter(|(of, _)| item_of(*of) == item).count() > 1;
        let home = homes.get(item).copied().unwrap_or(Home::Vehicle);
        let piece = match home {
            Home::Unit(item) => only(item),
            _ => None,
        };
        for unit in units {
            edges.push(Edge {
                parent: parent_of(build, home, piece.as_ref()),
                child: child_of(*lot, unit),
                item: number_of(item),
                quantity: quantity_of(unit, *need, shared),
                valid: Period::since(car.built_on),
                recorded: Period {
                    from: *record,
                    to: masks.get(&(build, *lot, unit)).copied().unwrap_or(OPEN),
                },
                origin: Origin::Range,
            });
        }
    }
    edges
}

fn parent_of(build: i64, home: Home, piece: Option<&(LotNumber, i64)>) -> Node {
    match (home, piece) {
        (Home::Unit(_), Some((lot, unit))) => Node::Piece(*lot, *unit),
        _ => Node::Vehicle(build),
    }
}

fn child_of(lot: LotNumber, unit: i64) -> Node {
    match unit {
        0 => Node::Lot(lot),
        unit => Node::Piece(lot, unit),
    }
}

/// A piece is one; of lots that share a vehicle nobody knows how much each gave.
fn quantity_of(unit: i64, need: Quantity, shared: bool) -> Quantity {
    match (unit, shared) {
        (0, true) => Quantity::ZERO,
        (0, false) => need,
        _ => Quantity::from_units(1),
    }
}

/// How much of an item a vehicle of a configuration uses.
pub fn need_of(product: &Product, config: Config, item: usize) -> Quantity {
    let mut needs = product.needs();
    let needs = needs.get(&product.bom, config);
    let mut made = needs.made.iter();
    match made.find(|(used, _)| *used == item) {
        Some((_, need)) => *need,
        None => needs.of(item),
    }
}
