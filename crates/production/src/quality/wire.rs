//! Quality between the wire and the domain.
//!
//! It must not decide anything. Invariants: enums that are not known are refused, never taken for a default; every
//! mistake of a message is told at once.

use std::collections::BTreeMap;

use takt_contract::{date_pb, date_req, production::v1 as pb};
use takt_kernel::{Date, LotId, Vin, Violations};

use super::{
    Disposition, Kept, LAST_STEP, NonConformance, Scope,
    store::{Hold, StepRow},
};
use crate::{product::Product, vehicle::serial_of};

/// The most vehicles of a list.
const VINS: usize = 1_000;

/// A text that must be there and not be long.
pub fn text(value: &str, field: &str, most: usize, violations: &mut Violations) -> String {
    let trimmed = value.trim();
    violations.require(!trimmed.is_empty(), field, "it is missing");
    violations.require(
        trimmed.len() <= most,
        field,
        format!("it has at most {most} bytes"),
    );
    trimmed.to_owned()
}

/// A step by its number, D0 being 1.
pub fn step(value: i32, violations: &mut Violations) -> i64 {
    let known = (1..=LAST_STEP).contains(&i64::from(value));
    violations.require(
        known,
        "step",
        format!("{value} is not a step; they are D0 to D8"),
    );
    i64::from(value)
}

/// The number of an id such as NC-000001.
pub fn number(prefix: &str, id: &str, field: &str, violations: &mut Violations) -> i64 {
    let number = super::number_of_id(prefix, id);
    violations.require(
        number.is_some(),
        field,
        format!("{id:?} is not an id such as {prefix}-000001"),
    );
    number.unwrap_or_default()
}

/// Vehicles by serial and number.
pub fn vins(list: &[String], field: &str, violations: &mut Violations) -> BTreeMap<i64, String> {
    violations.require(
        list.len() <= VINS,
        field,
        format!("it has at most {VINS} vehicles"),
    );
    let mut known = BTreeMap::new();
    for (at, text) in list.iter().take(VINS).enumerate() {
        let path = format!("{field}[{at}]");
        if let Some(vin) = violations.check(&path, Vin::parse(text)) {
            match serial_of(&vin) {
                Some(serial) => drop(known.insert(serial, vin.to_string())),
                None => violations.push(&path, "it has no serial"),
            }
        }
    }
    known
}

/// What a hold keeps back, and the numbers of the vehicles that it names.
pub fn scope(
    product: &Product,
    scope: Option<&pb::place_hold_request::Scope>,
    violations: &mut Violations,
) -> (Scope, BTreeMap<i64, String>) {
    use pb::place_hold_request::Scope as Asked;
    match scope {
        Some(Asked::Vehicles(list)) => {
            violations.require(
                !list.vins.is_empty(),
                "vehicles.vins",
                "name at least one vehicle",
            );
            let known = vins(&list.vins, "vehicles.vins", violations);
            (Scope::Vehicles(known.keys().copied().collect()), known)
        }
        Some(Asked::Builds(range)) => {
            let (first, last) = (range.first_build_number, range.last_build_number);
            violations.require(
                first >= 1,
                "builds.first_build_number",
                "build numbers count from 1",
            );
            violations.require(
                last >= first,
                "builds.last_build_number",
                "it lies before the first",
            );
            (Scope::Builds(first, last), BTreeMap::new())
        }
        Some(Asked::LotId(id)) => {
            let lot = violations.check("lot_id", LotId::parse(id));
            if let Some(lot) = &lot {
                let known = product.item(lot.item.as_str()).is_some();
                violations.require(
                    known,
                    "lot_id",
                    format!("{} is not an item of the programme", lot.item),
                );
            }
            (Scope::Lot(id.clone()), BTreeMap::new())
        }
        Some(Asked::Window(window)) => {
            let item = product.item(&window.item_id);
            violations.require(
                item.is_some(),
                "window.item_id",
                "it is not an item of the programme",
            );
            let from = date_req(window.from_date.as_ref(), "window.from_date", violations);
            let through = date_req(
                window.through_date.as_ref(),
                "window.through_date",
                violations,
            );
            violations.require(
                from <= through,
                "window.through_date",
                "it lies before the first day",
            );
            (
                Scope::Window(item.unwrap_or_default(), from, through),
                BTreeMap::new(),
            )
        }
        None => {
            violations.push(
                "scope",
                "name what is held: vehicles, builds, lot_id or window",
            );
            (Scope::Vehicles(Vec::new()), BTreeMap::new())
        }
    }
}

/// A disposition that is known.
pub fn disposition(value: i32, violations: &mut Violations) -> Disposition {
    let known = Disposition::of(i64::from(value));
    violations.require(
        known.is_some(),
        "disposition",
        format!("{value} is not a disposition that is known here"),
    );
    known.unwrap_or(Disposition::UseAsIs)
}

/// A case as it is answered.
pub fn case_pb(case: &NonConformance) -> pb::NonConformance {
    let state = if case.is_closed() {
        pb::NonConformanceState::Closed
    } else {
        pb::NonConformanceState::Open
    };
    pb::NonConformance {
        nc_id: case.id(),
        title: case.title.clone(),
        defect_code: case.defect_code.clone(),
        item_id: case.item_id.clone(),
        operation_id: case.operation_id.clone(),
        opened_by: case.opened_by.clone(),
        opened_on: Some(date_pb(case.opened_on)),
        state: state.into(),
        step: i32::try_from(case.step).unwrap_or_default(),
        etag: case.etag(),
    }
}

/// An entry in the record of a case as it is answered.
pub fn step_pb(row: &StepRow) -> pb::StepRecord {
    pb::StepRecord {
        step: i32::try_from(row.step).unwrap_or_default(),
        reopened: row.reopened,
        done_by: row.by.clone(),
        done_on: Some(date_pb(row.on)),
        text: row.text.clone(),
    }
}

/// A hold with its counts as it is answered.
pub fn hold_pb(
    product: &Product,
    hold: &Hold,
    counts: &BTreeMap<(i64, i64), i64>,
) -> pb::QualityHold {
    use pb::quality_hold::Scope as Told;
    let count = |kept: Kept| {
        counts
            .get(&(hold.hold_no, kept as i64))
            .copied()
            .unwrap_or(0)
    };
    let day = |on: &Date| Some(date_pb(*on));
    let scope = match &hold.scope {
        Scope::Vehicles(_) => {
            let all = [Kept::Held, Kept::Lifted, Kept::Scrapped, Kept::Gone];
            Told::VehicleCount(all.into_iter().map(count).sum())
        }
        Scope::Builds(first, last) => Told::Builds(pb::BuildRange {
            first_build_number: *first,
            last_build_number: *last,
        }),
        Scope::Lot(id) => Told::LotId(id.clone()),
        Scope::Window(item, from, through) => Told::Window(pb::ItemWindow {
            item_id: product
                .items
                .get(*item)
                .map_or_else(String::new, |item| item.item_id.clone()),
            from_date: day(from),
            through_date: day(through),
        }),
    };
    pb::QualityHold {
        hold_id: hold.id(),
        nc_id: super::nc_id(hold.nc_no),
        scope: Some(scope),
        reason: hold.reason.clone(),
        placed_by: hold.placed_by.clone(),
        placed_on: day(&hold.placed_on),
        in_force: hold.in_force,
        held_count: count(Kept::Held),
        lifted_count: count(Kept::Lifted),
        scrapped_count: count(Kept::Scrapped),
        gone_count: count(Kept::Gone),
        lot_state: i32::try_from(hold.lot_state).unwrap_or_default(),
        lot_note: hold.lot_note.clone(),
    }
}
