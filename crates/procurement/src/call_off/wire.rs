//! Agreements and releases as they stand on the wire.
//!
//! It must not decide anything.

use takt_contract::{date_pb, money_pb, procurement::v1 as pb};
use takt_kernel::Violations;
use takt_planning::call_off::{Owed, Zone};
use takt_service::Error;

use super::{Agreement, Release};
use crate::{
    programme::{Catalogue, SourceNo},
    rows::short,
};

/// The source that a message names by item and supplier.
pub(super) fn source_named(
    catalogue: &Catalogue,
    item_id: &str,
    supplier_id: &str,
    violations: &mut Violations,
) -> Option<SourceNo> {
    let bought = catalogue.item_named(item_id, "item_id", violations)?;
    let found = catalogue.source_of(item_id, supplier_id);
    if found.is_none() {
        let suppliers: Vec<String> = (bought.sources.iter())
            .map(|source| source.terms.supplier.to_string())
            .collect();
        violations.push(
            "supplier_id",
            format!(
                "{supplier_id:?} does not deliver {item_id}; {} does",
                suppliers.join(", ")
            ),
        );
    }
    found.map(|source| source.number)
}

/// Which sources an item and a supplier select, each of them or none given.
pub(super) fn filter_named(
    catalogue: &Catalogue,
    item_id: &str,
    supplier_id: &str,
) -> Result<impl Fn(SourceNo) -> bool + Send + Sync + use<>, Error> {
    let mut violations = Violations::new();
    let item = match item_id {
        "" => None,
        id => catalogue.item_named(id, "item_id", &mut violations),
    };
    let item = item.map(|bought| bought.item.number);
    if !item_id.is_empty() && !supplier_id.is_empty() && item.is_some() {
        source_named(catalogue, item_id, supplier_id, &mut violations);
    }
    violations.require(
        supplier_id.is_empty() || catalogue.supplier(supplier_id).is_some(),
        "supplier_id",
        format!("there is no supplier {supplier_id:?}"),
    );
    violations.finish()?;
    let sources = catalogue.bought().iter().flat_map(|bought| &bought.sources);
    let of: std::collections::BTreeSet<SourceNo> = sources
        .filter(|source| item.is_none_or(|item| source.number.item_no() == item))
        .filter(|source| supplier_id.is_empty() || source.terms.supplier.as_str() == supplier_id)
        .map(|source| source.number)
        .collect();
    Ok(move |source| of.contains(&source))
}

/// The item and supplier of a source, for people.
pub(super) fn name(catalogue: &Catalogue, source: SourceNo) -> String {
    let (item, supplier) = names(catalogue, source);
    format!("{item} from {supplier}")
}

fn names(catalogue: &Catalogue, source: SourceNo) -> (String, String) {
    match catalogue.source(source) {
        Some((bought, _, supplier)) => (bought.item.id.to_string(), supplier.id.to_string()),
        None => (source.0.to_string(), String::new()),
    }
}

fn unit_code(catalogue: &Catalogue, source: SourceNo) -> String {
    let known = catalogue.item_no(source.item_no());
    known.map_or_else(String::new, |bought| bought.item.unit.code().to_owned())
}

/// An agreement on the wire.
pub(super) fn agreement_pb(catalogue: &Catalogue, agreement: &Agreement) -> pb::ScheduleAgreement {
    let (item_id, supplier_id) = names(catalogue, agreement.source);
    pb::ScheduleAgreement {
        item_id,
        supplier_id,
        reset_on: Some(date_pb(agreement.reset_on)),
        firm_days: agreement.days.firm,
        fabrication_days: agreement.days.fabrication,
        material_days: agreement.days.material,
        release_count: short(agreement.releases),
        fabrication_thousandths: agreement.authorised.fabrication.milli(),
        material_thousandths: agreement.authorised.material.milli(),
        cancelled_on: agreement.cancelled_on.map(date_pb),
    }
}

/// A release on the wire, with its lines or without.
pub(super) fn call_off_pb(
    catalogue: &Catalogue,
    release: &Release,
    is_newest: bool,
    with_lines: bool,
) -> pb::CallOff {
    let (item_id, supplier_id) = names(catalogue, release.source);
    let call_off = &release.call_off;
    let lines = call_off.lines.iter().map(|line| pb::CallOffLine {
        due_on: Some(date_pb(line.on)),
        zone: zone_pb(line.zone).into(),
        thousandths: line.quantity.milli(),
        cumulative_thousandths: line.cumulative.milli(),
    });
    pb::CallOff {
        item_id,
        supplier_id,
        release_number: short(release.number),
        as_of: Some(date_pb(release.as_of)),
        reset_on: Some(date_pb(release.reset_on)),
        plan_id: release.plan_id.clone(),
        unit_code: unit_code(catalogue, release.source),
        shipped_thousandths: call_off.progress.shipped.milli(),
        received_thousandths: call_off.progress.received.milli(),
        in_transit_thousandths: call_off.progress.in_transit().milli(),
        backlog_thousandths: call_off.backlog.milli(),
        to_ship_thousandths: call_off.to_ship().milli(),
        fabrication_thousandths: call_off.authorised.fabrication.milli(),
        material_thousandths: call_off.authorised.material.milli(),
        lines: if with_lines {
            lines.collect()
        } else {
            Vec::new()
        },
        is_newest,
    }
}

fn zone_pb(zone: Zone) -> pb::CallOffZone {
    match zone {
        Zone::Firm => pb::CallOffZone::Firm,
        Zone::Fabrication => pb::CallOffZone::Fabrication,
        Zone::Material => pb::CallOffZone::Material,
        Zone::Forecast => pb::CallOffZone::Forecast,
    }
}

/// What is owed, on the wire.
pub(super) fn owed_pb(
    catalogue: &Catalogue,
    agreement: &Agreement,
    owed: Owed,
) -> Result<pb::CancelAgreementResponse, Error> {
    let (_, source, _) = catalogue
        .source(agreement.source)
        .ok_or_else(|| Error::broken(format!("source {} is not known", agreement.source.0)))?;
    let value = (source.terms.price.amount(owed.finished))
        .map_err(|error| Error::broken(format!("the value of finished goods: {error}")))?;
    Ok(pb::CancelAgreementResponse {
        agreement: Some(agreement_pb(catalogue, agreement)),
        in_transit_thousandths: owed.in_transit.milli(),
        finished_thousandths: owed.finished.milli(),
        raw_thousandths: owed.raw.milli(),
        finished_value: Some(money_pb(value)),
        unit_code: unit_code(catalogue, agreement.source),
    })
}
