//! Parts of many vehicles at a time: which lots and pieces of an item each holds on a day.
//!
//! It must not decide anything. Invariants: whatever was changed after the build is read by the walk that `rpc.rs` uses, so that both
//! say the same; the ranges alone answer for the vehicles that nothing was changed in, in a number of statements that does not depend
//! on how many they are.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use takt_contract::{date_req, production::v1 as pb};
use takt_kernel::{LotNumber, Quantity, Vin, Violations};
use takt_planning::{
    feature::Config,
    genealogy::{Limits, Node, Way},
};
use takt_service::{Call, Error, Tx};
use tonic::{Request, Response, Status};

use super::{
    base::{Base, need_of},
    names::Names,
    trace::{Known, Scope, walk},
};
use crate::{
    Production,
    product::{
        Product,
        store::{day_of, number_of},
    },
    vehicle::serial_of,
};

/// The questions of one message.
const QUESTIONS: usize = 2_000;
/// The vehicles of one walk.
const WALKED: usize = 500;
/// The lots of an item, see `LotNumber`.
pub(super) const PER_ITEM: i64 = 1_000_000_000;

/// All that is known, on any day.
const EVER: Scope = Scope {
    as_of: None,
    known: Known::Now,
    ever: true,
    limits: Limits {
        depth: 16,
        visits: 1_000_000,
    },
};

/// A question as it was read.
struct Question {
    vin: Vin,
    item: usize,
    on: i64,
}

/// Answers which parts vehicles hold.
///
/// # Errors
/// Every mistake in the message, and what the database said.
pub async fn trace_parts(
    production: &Production,
    request: Request<pb::TracePartsRequest>,
) -> Result<Response<pb::TracePartsResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let product = production.products.get(&call).await?;
    let mut violations = Violations::new();
    let few = message.questions.len() <= QUESTIONS;
    violations.require(few, "questions", format!("at most {QUESTIONS} at a time"));
    let mut questions = Vec::with_capacity(message.questions.len());
    for (place, asked) in message.questions.iter().enumerate() {
        violations.scope(format!("questions[{place}]"), |violations| {
            let vin = violations.check("vin", Vin::parse(&asked.vin));
            let on = day_of(date_req(asked.on.as_ref(), "on", violations));
            let item = product.item(&asked.item_id);
            questions.push(vin.zip(item).map(|(vin, item)| Question { vin, item, on }));
        });
    }
    violations.finish().map_err(Error::from)?;
    let questions = Arc::new(questions);
    let read = production
        .deps
        .store
        .read(&call, "parts_look_up", move |tx| {
            let (product, questions) = (Arc::clone(&product), Arc::clone(&questions));
            Box::pin(async move { parts_of(tx, &product, &questions).await })
        });
    let answers = read.await?;
    Ok(Response::new(pb::TracePartsResponse { answers }))
}

/// A vehicle that was built, as far as it is needed here.
#[derive(Clone, Copy)]
struct Car {
    build: i64,
    config: Config,
    built_on: i64,
}

async fn parts_of(
    tx: &Tx,
    product: &Product,
    questions: &[Option<Question>],
) -> Result<Vec<pb::PartAnswer>, Error> {
    let vins: BTreeSet<&Vin> = questions.iter().flatten().map(|asked| &asked.vin).collect();
    let cars = cars_fetch(tx, &vins).await?;
    let builds: BTreeSet<i64> = cars.values().map(|car| car.build).collect();
    let changed = changed_among(tx, &builds).await?;
    let pairs: BTreeSet<(i64, usize)> = questions
        .iter()
        .flatten()
        .filter_map(|asked| Some((cars.get(asked.vin.as_str())?.build, asked.item)))
        .filter(|(build, _)| !changed.contains(build))
        .collect();
    let plain = ranges_fetch(tx, &pairs).await?;
    let moved = Stays::fetch(tx, product, &changed).await?;
    let nodes = plain.values().flatten().copied();
    let names = Names::fetch(tx, nodes.chain(moved.nodes())).await?;
    let mut needs: HashMap<(Config, usize), bool> = HashMap::new();
    let mut answers = Vec::with_capacity(questions.len());
    for asked in questions {
        let mut parts = Vec::new();
        if let Some((asked, car)) = asked
            .as_ref()
            .and_then(|asked| Some((asked, cars.get(asked.vin.as_str())?)))
        {
            let nodes: Vec<Node> = if changed.contains(&car.build) {
                moved.on(car, asked.item, asked.on)
            } else {
                let uses = *needs
                    .entry((car.config, asked.item))
                    .or_insert_with(|| need_of(product, car.config, asked.item) > Quantity::ZERO);
                let held = plain.get(&(car.build, asked.item)).filter(|_| uses);
                held.cloned().unwrap_or_default()
            };
            parts.extend(nodes.into_iter().map(|node| {
                let name = names.of(product, node);
                let made = name
                    .item
                    .and_then(|item| product.items.get(item))
                    .is_some_and(|item| item.made);
                pb::TracedPart {
                    lot_id: name.lot_id,
                    serial_number: name.serial,
                    supplier_id: if made { String::new() } else { name.supplier },
                }
            }));
        }
        answers.push(pb::PartAnswer { parts });
    }
    Ok(answers)
}

/// The vehicles of some numbers that are built, by number.
async fn cars_fetch(tx: &Tx, vins: &BTreeSet<&Vin>) -> Result<HashMap<String, Car>, Error> {
    let list = vins
        .iter()
        .filter_map(|vin| Some(vec![serial_of(vin)?.into(), vin.as_str().into()]));
    let query = "SELECT w.vin, w.build_number, w.config, w.built_on FROM v JOIN vehicle AS w ON w.serial = v.serial AND w.vin = v.vin \
                 WHERE w.build_number > 0";
    let rows = tx
        .rows_for(&["serial", "vin"], list.collect(), query)
        .await?;
    rows.iter()
        .map(|row| {
            let car = Car {
                build: row.try_get_by_index(1)?,
                config: Config(row.try_get_by_index(2)?),
                built_on: row.try_get_by_index(3)?,
            };
            Ok((row.try_get_by_index(0)?, car))
        })
        .collect()
}

/// Those of some vehicles in which anything was changed since the build.
async fn changed_among(tx: &Tx, builds: &BTreeSet<i64>) -> Result<BTreeSet<i64>, Error> {
    let list = || -> Vec<_> { builds.iter().map(|build| vec![(*build).into()]).collect() };
    let mut changed = BTreeSet::new();
    for query in [
        "SELECT v.build_number FROM v JOIN asbuilt_mask AS m ON m.build_number = v.build_number",
        "SELECT v.build_number FROM v JOIN asbuilt_edge AS e ON e.parent_key = -v.build_number AND e.parent_piece = 0",
        "SELECT v.build_number FROM v JOIN asbuilt_serial AS s ON s.build_number = v.build_number \
         JOIN asbuilt_edge AS e ON e.parent_key = s.lot_number AND e.parent_piece = s.unit_no",
    ] {
        for row in tx.rows_for(&["build_number"], list(), query).await? {
            changed.insert(row.try_get_by_index(0)?);
        }
    }
    Ok(changed)
}

/// What the ranges say of some items of some vehicles. The issue of each vehicle is found here, so that the database reads the ranges of
/// that issue and item alone.
async fn ranges_fetch(
    tx: &Tx,
    pairs: &BTreeSet<(i64, usize)>,
) -> Result<HashMap<(i64, usize), Vec<Node>>, Error> {
    let mut found: HashMap<(i64, usize), Vec<Node>> = HashMap::new();
    if pairs.is_empty() {
        return Ok(found);
    }
    let sql = "SELECT first_build, last_build, issue_no FROM issue ORDER BY first_build";
    let mut issues: Vec<(i64, i64, i64)> = Vec::new();
    for row in tx.rows(sql, vec![]).await? {
        let (first, last) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        issues.push((first, last, row.try_get_by_index(2)?));
    }
    let issue_of = |build: i64| {
        let at = issues.partition_point(|(first, ..)| *first <= build);
        let issue = at.checked_sub(1).and_then(|at| issues.get(at))?;
        (build <= issue.1).then_some(issue.2)
    };
    let list: Vec<_> = pairs
        .iter()
        .filter_map(|(build, item)| {
            let first = number_of(*item) * PER_ITEM;
            let last = first + PER_ITEM - 1;
            let issue = issue_of(*build)?;
            Some(vec![
                (*build).into(),
                issue.into(),
                first.into(),
                last.into(),
            ])
        })
        .collect();
    let query = "SELECT v.build_number, r.lot_number, COALESCE(s.unit_no, 0) FROM v CROSS JOIN asbuilt_range AS r \
                 LEFT JOIN asbuilt_serial AS s ON s.build_number = v.build_number AND s.lot_number = r.lot_number \
                 WHERE r.issue_no = v.issue_no AND r.lot_number BETWEEN v.first_lot AND v.last_lot \
                 AND r.first_build <= v.build_number AND r.last_build >= v.build_number \
                 ORDER BY v.build_number, r.lot_number, s.unit_no";
    let columns = ["build_number", "issue_no", "first_lot", "last_lot"];
    for row in tx.rows_for(&columns, list, query).await? {
        let lot = LotNumber(row.try_get_by_index(1)?);
        let unit: i64 = row.try_get_by_index(2)?;
        let node = match unit {
            0 => Node::Lot(lot),
            unit => Node::Piece(lot, unit),
        };
        let item = super::ranges::item_of(lot);
        found
            .entry((row.try_get_by_index(0)?, item))
            .or_default()
            .push(node);
    }
    Ok(found)
}

/// A part with the first and the last time of its stay.
type Stay = (Node, i64, i64);

/// Where parts were and when, of the vehicles in which something was changed.
#[derive(Default)]
pub(super) struct Stays(HashMap<(i64, i64), Vec<Stay>>);

impl Stays {
    /// Walks through some vehicles.
    pub(super) async fn fetch(
        tx: &Tx,
        product: &Product,
        builds: &BTreeSet<i64>,
    ) -> Result<Self, Error> {
        let builds: Vec<i64> = builds.iter().copied().collect();
        let mut stays = Self::default();
        for chunk in builds.chunks(WALKED) {
            let first: Vec<Node> = chunk.iter().map(|build| Node::Vehicle(*build)).collect();
            let mut base = Base::default();
            let walk = walk(tx, product, &mut base, Way::Down, &EVER, &first).await?;
            if walk.is_cut() {
                return Err(Error::broken(
                    "the parts of some vehicles are too many to look up at a time".to_owned(),
                ));
            }
            let visits = walk.visits();
            // Whoever stands behind is reached from before, so that the vehicle of each is known when it is met.
            let mut vehicles: Vec<Option<i64>> = Vec::with_capacity(visits.len());
            for visit in visits {
                let vehicle = match (visit.from, visit.node) {
                    (None, Node::Vehicle(build)) => Some(build),
                    (from, _) => from.and_then(|from| vehicles.get(from).copied().flatten()),
                };
                vehicles.push(vehicle);
                if let (Some(build), Some(edge)) = (vehicle, visit.edge) {
                    let all = stays.0.entry((build, edge.item)).or_default();
                    all.push((visit.node, visit.stay.from, visit.stay.to));
                }
            }
        }
        Ok(stays)
    }

    fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        self.0.values().flatten().map(|(node, ..)| *node)
    }

    /// The parts that were there when the day began: one that was replaced on it still was.
    fn on(&self, car: &Car, item: usize, on: i64) -> Vec<Node> {
        self.among(car.build, item, |from, to| {
            (from < on || from <= car.built_on) && on <= to
        })
    }

    /// The parts of an item in a vehicle whose stay, as first and last day, holds.
    pub(super) fn among(
        &self,
        build: i64,
        item: usize,
        holds: impl Fn(i64, i64) -> bool,
    ) -> Vec<Node> {
        let stays = self.0.get(&(build, number_of(item)));
        let stays = stays.map_or(&[][..], Vec::as_slice);
        let there = stays.iter().filter(|(_, from, to)| holds(*from, *to));
        let nodes: BTreeSet<Node> = there.map(|(node, ..)| *node).collect();
        nodes.into_iter().collect()
    }
}
