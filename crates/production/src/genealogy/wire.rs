//! The as-built memory between the wire and the domain.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use prost_types::Timestamp;
use takt_contract::{
    date_opt, date_pb, date_req,
    production::v1::{self as pb, part_ref::Name as Named, trace_scope::AsKnown},
};
use takt_kernel::{Date, Quantity, Vin, Violations};
use takt_planning::genealogy::{Edge, Limits, Node, OPEN, Period, Place, Visit};

use super::{
    Site,
    change::{Changed, Correct, NewPart, Replace},
    names::{Name, Names},
    records::Record,
    refs::Ref,
    trace::{Known, Scope},
};
use crate::product::{Product, store::date_of};

/// The levels of a walk where the caller does not say, and the most.
const DEPTH: (i32, i32) = (16, 64);
/// The most nodes of a walk.
const NODES: i32 = 1_000_000;
/// The most bytes of a reason.
const REASON: usize = 500;
/// The most bytes of a name.
const NAME: usize = 200;

/// A unit or part that must be named.
pub fn ref_req(
    message: Option<&pb::PartRef>,
    field: &str,
    violations: &mut Violations,
) -> Option<Ref> {
    let named = message.and_then(|message| message.name.as_ref());
    if named.is_none() {
        violations.push(
            field,
            "it is missing; name a vin, serial_number, lot_id, external_id or any of them",
        );
    }
    let text = |text: &String, of: &str, violations: &mut Violations| {
        let fits = !text.trim().is_empty() && text.len() <= NAME;
        violations.require(
            fits,
            &format!("{field}.{of}"),
            format!("it has 1 to {NAME} bytes"),
        );
        fits.then(|| text.clone())
    };
    match named? {
        Named::Vin(vin) => violations
            .check(&format!("{field}.vin"), Vin::parse(vin))
            .map(Ref::Vin),
        Named::SerialNumber(serial) => text(serial, "serial_number", violations).map(Ref::Serial),
        Named::LotId(lot) => text(lot, "lot_id", violations).map(Ref::Lot),
        Named::ExternalId(id) => text(id, "external_id", violations).map(Ref::External),
        Named::Any(name) => text(name, "any", violations).map(Ref::of_any),
        Named::Place(place) => {
            place_req(*place, &format!("{field}.place"), violations).map(Ref::Place)
        }
    }
}

/// A unit or part that may be left out.
pub fn ref_opt(
    message: Option<&pb::PartRef>,
    field: &str,
    violations: &mut Violations,
) -> Option<Ref> {
    message.and_then(|message| ref_req(Some(message), field, violations))
}

fn place_req(place: i32, field: &str, violations: &mut Violations) -> Option<Place> {
    match pb::PartPlace::try_from(place) {
        Ok(pb::PartPlace::Scrap) => Some(Place::Scrap),
        Ok(pb::PartPlace::Stock) => Some(Place::Stock),
        _ => {
            violations.push(field, "it is PART_PLACE_SCRAP or PART_PLACE_STOCK");
            None
        }
    }
}

/// Which day and which knowledge; `usual` and `most` are numbers of nodes.
pub fn scope_of(
    message: Option<&pb::TraceScope>,
    (usual, most): (i32, i32),
    violations: &mut Violations,
) -> Scope {
    let message = message.cloned().unwrap_or_default();
    let as_of = date_opt(message.as_of.as_ref(), "scope.as_of", violations);
    let known = match &message.as_known {
        None => Known::Now,
        Some(AsKnown::RecordNumber(number)) => {
            violations.require(
                *number >= 0,
                "scope.record_number",
                "records count from 1; 0 is before the first",
            );
            Known::Record(*number)
        }
        Some(AsKnown::Instant(instant)) => {
            let range = (0..=253_402_300_799).contains(&instant.seconds)
                && (0..1_000_000_000).contains(&instant.nanos);
            violations.require(
                range,
                "scope.instant",
                "it is an instant from 1970 to the year 9999",
            );
            Known::Instant(
                instant
                    .seconds
                    .saturating_mul(1_000_000)
                    .saturating_add(i64::from(instant.nanos) / 1000),
            )
        }
    };
    let mode = pb::TraceMode::try_from(message.mode);
    violations.require(
        mode.is_ok(),
        "scope.mode",
        "it is TRACE_MODE_CURRENT or TRACE_MODE_EVER",
    );
    let mut bounded = |asked: i32, (usual, most): (i32, i32), field: &str| {
        violations.require(asked >= 0, field, format!("{asked} is negative"));
        let bound = if asked == 0 { usual } else { asked.min(most) };
        usize::try_from(bound).unwrap_or(0)
    };
    let depth = bounded(message.max_depth, DEPTH, "scope.max_depth");
    let visits = bounded(
        message.max_nodes,
        (usual, most.min(NODES)),
        "scope.max_nodes",
    );
    Scope {
        as_of,
        known,
        ever: mode == Ok(pb::TraceMode::Ever),
        limits: Limits { depth, visits },
    }
}

fn item_req(
    product: &Product,
    item_id: &str,
    field: &str,
    violations: &mut Violations,
) -> Option<usize> {
    let item = product.item(item_id);
    violations.require(
        item.is_some(),
        field,
        format!("{item_id:?} is not an item of the programme"),
    );
    item
}

fn reason_of(reason: &str, violations: &mut Violations) {
    violations.require(
        !reason.trim().is_empty(),
        "reason",
        "it is missing; say why for the record",
    );
    let most = format!("it has at most {REASON} bytes");
    violations.require(reason.len() <= REASON, "reason", most);
}

fn quantity_of(thousandths: i64, violations: &mut Violations) -> Quantity {
    violations.require(
        thousandths >= 0,
        "quantity_thousandths",
        format!("{thousandths} is negative"),
    );
    Quantity(thousandths)
}

fn new_part(
    message: Option<&pb::PartRef>,
    supplier: &str,
    field: &str,
    violations: &mut Violations,
) -> Option<NewPart> {
    let most = format!("it has at most {NAME} bytes");
    violations.require(supplier.len() <= NAME, "supplier_id", most);
    let name = ref_opt(message, field, violations)?;
    let fits = !matches!(name, Ref::Place(_) | Ref::Vin(_));
    violations.require(fits, field, "it is a piece or a lot");
    Some(NewPart {
        name,
        supplier: supplier.to_owned(),
        lot: None,
    })
}

/// A replacement.
pub fn replace_of(
    product: &Product,
    message: &pb::ReplacePartRequest,
    violations: &mut Violations,
) -> Option<Replace> {
    use pb::replace_part_request::RemovedTo;
    let unit = ref_req(message.unit.as_ref(), "unit", violations);
    let item = item_req(product, &message.item_id, "item_id", violations);
    let removed = ref_opt(message.removed.as_ref(), "removed", violations);
    let supplier = message.supplier_id.as_str();
    let installed = new_part(
        message.installed.as_ref(),
        supplier,
        "installed",
        violations,
    );
    let quantity = quantity_of(message.quantity_thousandths, violations);
    let on = date_req(message.replaced_on.as_ref(), "replaced_on", violations);
    let site = match pb::ReplacementSite::try_from(message.site) {
        Ok(pb::ReplacementSite::Plant) => Some(Site::Plant),
        Ok(pb::ReplacementSite::Field) => Some(Site::Field),
        _ => {
            violations.push(
                "site",
                "it is REPLACEMENT_SITE_PLANT or REPLACEMENT_SITE_FIELD",
            );
            None
        }
    };
    let goes_to = match &message.removed_to {
        Some(RemovedTo::Place(place)) => place_req(*place, "place", violations).map(Ref::Place),
        Some(RemovedTo::OtherUnit(unit)) => ref_req(Some(unit), "other_unit", violations),
        None => {
            violations.push(
                "removed_to",
                "it is missing; say where the removed part goes: place or other_unit",
            );
            None
        }
    };
    reason_of(&message.reason, violations);
    Some(Replace {
        unit: unit?,
        item: item?,
        removed,
        installed,
        quantity,
        on,
        site: site?,
        goes_to: goes_to?,
        reason: message.reason.clone(),
        etag: message.etag.clone(),
    })
}

/// A correction.
pub fn correct_of(
    product: &Product,
    message: &pb::CorrectPartRequest,
    violations: &mut Violations,
) -> Option<Correct> {
    let unit = ref_req(message.unit.as_ref(), "unit", violations);
    let item = item_req(product, &message.item_id, "item_id", violations);
    let recorded = ref_opt(message.recorded.as_ref(), "recorded", violations);
    let supplier = message.supplier_id.as_str();
    let actual = new_part(message.actual.as_ref(), supplier, "actual", violations);
    violations.require(
        message.recorded.is_some() || message.actual.is_some(),
        "recorded",
        "give what is recorded, what is right, or both",
    );
    let quantity = quantity_of(message.quantity_thousandths, violations);
    let at = date_opt(message.at.as_ref(), "at", violations);
    let from = date_opt(message.valid_from.as_ref(), "valid_from", violations);
    let to = date_opt(message.valid_to.as_ref(), "valid_to", violations);
    reason_of(&message.reason, violations);
    Some(Correct {
        unit: unit?,
        item: item?,
        recorded,
        at,
        actual,
        quantity: Some(quantity).filter(|quantity| *quantity != Quantity::ZERO),
        from,
        to,
        reason: message.reason.clone(),
        etag: message.etag.clone(),
    })
}

/// An instant of the clock; none for what an older version wrote.
pub fn instant_pb(micros: i64) -> Option<Timestamp> {
    (micros > 0).then(|| takt_contract::instant_pb(micros))
}

/// The first day and the day of the end, where there are.
pub fn days_pb(
    period: Period,
) -> (
    Option<takt_contract::common::v1::Date>,
    Option<takt_contract::common::v1::Date>,
) {
    let day = |day: i64| date_pb(date_of(day));
    (
        Some(period.from).filter(|from| *from > i64::MIN).map(day),
        Some(period.to).filter(|to| *to < OPEN).map(day),
    )
}

/// The place of a part that is in no unit.
pub fn place_pb(place: Option<Place>) -> i32 {
    i32::from(match place {
        None => pb::PartPlace::Unspecified,
        Some(Place::Scrap) => pb::PartPlace::Scrap,
        Some(Place::Stock) => pb::PartPlace::Stock,
    })
}

/// A part as it is called.
pub fn part_pb(product: &Product, name: &Name) -> pb::AsBuiltPart {
    let item = name.item.and_then(|item| product.items.get(item));
    pb::AsBuiltPart {
        item_id: item.map_or_else(String::new, |item| item.item_id.clone()),
        lot_id: name.lot_id.clone(),
        serial_number: name.serial.clone(),
        made: item.is_some_and(|item| item.made) && name.external_id.is_empty(),
        external_id: name.external_id.clone(),
        supplier_id: name.supplier.clone(),
        name: name.name.clone(),
        ..pb::AsBuiltPart::default()
    }
}

/// A part where a walk met it; `parent` is the unit that it is in.
pub fn visit_pb(
    product: &Product,
    names: &Names,
    visit: &Visit,
    edge: &Edge,
    reservation: &str,
) -> pb::AsBuiltPart {
    let mut part = part_pb(product, &names.of(product, visit.node));
    (part.valid_from, part.valid_to) = days_pb(edge.valid);
    part.depth = i32::try_from(visit.depth).unwrap_or(i32::MAX);
    if visit.depth > 1 {
        part.in_serial_number = names.of(product, edge.parent).serial;
    }
    part.quantity_thousandths = edge.quantity.milli();
    part.record_number = edge.recorded.from;
    reservation.clone_into(&mut part.reservation_id);
    part
}

/// A record; `unit` is what its unit is called.
pub fn record_pb(record: &Record, unit: &str) -> pb::AsBuiltRecord {
    pb::AsBuiltRecord {
        record_number: record.number,
        recorded_at: instant_pb(record.recorded_at),
        kind: i32::try_from(record.kind).unwrap_or(0),
        on: Some(date_pb(record.on)),
        site: i32::try_from(record.site).unwrap_or(0),
        reason: record.reason.clone(),
        unit: unit.to_owned(),
    }
}

/// What became of a change.
pub fn changed_pb(changed: &Changed) -> (Option<pb::AsBuiltRecord>, String) {
    (
        Some(record_pb(&changed.record, &changed.unit)),
        changed.etag.clone(),
    )
}

/// The nodes that an answer names.
pub fn nodes_of(visits: &[Visit]) -> Vec<Node> {
    let parents = visits
        .iter()
        .filter_map(|visit| Some(visit.edge.as_ref()?.parent));
    visits
        .iter()
        .map(|visit| visit.node)
        .chain(parents)
        .collect()
}

/// The day of a message that must not be after another one.
pub fn range_of(
    from: Option<&takt_contract::common::v1::Date>,
    to: Option<&takt_contract::common::v1::Date>,
    violations: &mut Violations,
) -> (Date, Date) {
    let from = date_req(from, "from", violations);
    let to = date_req(to, "to", violations);
    violations.require(from <= to, "to", "it lies before from");
    (from, to)
}
