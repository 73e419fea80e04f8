//! Disruptions as they stand on the wire.
//!
//! It must not decide anything. Invariant: everything that is wrong with a message is told at once.

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb, date_req, id_req,
    procurement::v1::{self as pb, disruption_scope::Kind},
    quantity_pb,
};
use takt_kernel::{DisruptionId, ItemId, Quantity, SupplierId, Violations};
use takt_planning::risk::FULL;

use super::{
    Disruption, Scope,
    parts::{Part, known_levels},
};
use crate::{
    programme::Catalogue,
    risk::item_id,
    rows::{count, short},
};

/// The most bytes of a text.
const TEXT: usize = 1_000;
/// Half of the earth's girth: no place is farther.
const FARTHEST_KM: i32 = 20_038;

/// Reads a disruption that is declared; its sites are not known yet.
pub(super) fn declared(
    message: &pb::DeclareDisruptionRequest,
    violations: &mut Violations,
) -> Option<Disruption> {
    let id = id_req::<DisruptionId>(&message.disruption_id, "disruption_id", violations);
    let scope = scope_read(message.scope.as_ref(), violations);
    let cause = pb::DisruptionCause::try_from(message.cause);
    let is_cause = cause.is_ok_and(|cause| cause != pb::DisruptionCause::Unspecified);
    violations.require(
        is_cause,
        "cause",
        "say what caused it: one of the causes of CX-0146, or OTHER",
    );
    let begins_on = date_req(message.begins_on.as_ref(), "begins_on", violations);
    let expected_end_on = date_opt(
        message.expected_end_on.as_ref(),
        "expected_end_on",
        violations,
    );
    let later = expected_end_on.is_none_or(|end| end > begins_on);
    violations.require(later, "expected_end_on", "it is not after begins_on");
    text_fits(&message.text, "text", violations);
    violations.require(
        (0..FULL).contains(&message.remaining_millionths),
        "remaining_millionths",
        "it is 0 to 999,999: sites that make everything are not out",
    );
    Some(Disruption {
        id: id?.to_string(),
        scope: scope?,
        cause: message.cause.into(),
        begins_on,
        expected_end_on,
        resolved_on: None,
        note: message.text.clone(),
        measure: String::new(),
        remaining: message.remaining_millionths,
        sites: Vec::new(),
    })
}

/// Whether a text is as long as one may be.
pub(super) fn text_fits(text: &str, field: &str, violations: &mut Violations) {
    let told = format!("it has {} bytes; at most {TEXT} are kept", text.len());
    violations.require(text.len() <= TEXT, field, told);
}

fn scope_read(scope: Option<&pb::DisruptionScope>, violations: &mut Violations) -> Option<Scope> {
    let Some(kind) = scope.and_then(|scope| scope.kind.as_ref()) else {
        violations.push(
            "scope",
            "say which sites are out: a site, a supplier, a region, a radius or a family",
        );
        return None;
    };
    violations.scope("scope", |violations| match kind {
        Kind::Supplier(scope) => {
            id_req::<SupplierId>(&scope.supplier_id, "supplier.supplier_id", violations)
                .map(|id| Scope::Supplier(id.to_string()))
        }
        Kind::Region(scope) => {
            let is_code = scope.country_code.len() == 2
                && scope.country_code.bytes().all(|b| b.is_ascii_uppercase());
            violations.require(
                is_code,
                "region.country_code",
                "it is an ISO 3166 code of two capitals, for example CN",
            );
            text_fits(&scope.city, "region.city", violations);
            Some(Scope::Region {
                country: scope.country_code.clone(),
                city: scope.city.clone(),
            })
        }
        Kind::Radius(scope) => {
            violations.require(
                scope.latitude_micro_degrees.abs() <= 90_000_000,
                "radius.latitude_micro_degrees",
                "it lies between -90 and 90 degrees",
            );
            violations.require(
                scope.longitude_micro_degrees.abs() <= 180_000_000,
                "radius.longitude_micro_degrees",
                "it lies between -180 and 180 degrees",
            );
            violations.require(
                (1..=FARTHEST_KM).contains(&scope.radius_km),
                "radius.radius_km",
                format!("it is 1 to {FARTHEST_KM} kilometres"),
            );
            Some(Scope::Radius {
                place: (scope.latitude_micro_degrees, scope.longitude_micro_degrees),
                km: scope.radius_km.into(),
            })
        }
        Kind::Family(scope) => {
            violations.require(!scope.group.is_empty(), "family.group", "it is missing");
            text_fits(&scope.group, "family.group", violations);
            Some(Scope::Family(scope.group.clone()))
        }
        Kind::Site(scope) => {
            let supplier = id_req::<SupplierId>(&scope.supplier_id, "site.supplier_id", violations);
            let item = id_req::<ItemId>(&scope.item_id, "site.item_id", violations);
            Some(Scope::Site {
                supplier: supplier?.to_string(),
                item: item?.to_string(),
            })
        }
    })
}

/// A disruption.
pub(super) fn disruption_pb(disruption: &Disruption) -> pb::Disruption {
    let kind = match disruption.scope.clone() {
        Scope::Supplier(supplier_id) => Kind::Supplier(pb::SupplierScope { supplier_id }),
        Scope::Region { country, city } => Kind::Region(pb::RegionScope {
            country_code: country,
            city,
        }),
        Scope::Radius { place, km } => Kind::Radius(pb::RadiusScope {
            latitude_micro_degrees: place.0,
            longitude_micro_degrees: place.1,
            radius_km: short(km),
        }),
        Scope::Family(group) => Kind::Family(pb::FamilyScope { group }),
        Scope::Site { supplier, item } => Kind::Site(pb::SiteScope {
            supplier_id: supplier,
            item_id: item,
        }),
    };
    let state = match disruption.resolved_on {
        Some(_) => pb::DisruptionState::Resolved,
        None => pb::DisruptionState::Open,
    };
    pb::Disruption {
        disruption_id: disruption.id.clone(),
        scope: Some(pb::DisruptionScope { kind: Some(kind) }),
        cause: short(disruption.cause),
        state: state.into(),
        begins_on: Some(date_pb(disruption.begins_on)),
        expected_end_on: disruption.expected_end_on.map(date_pb),
        resolved_on: disruption.resolved_on.map(date_pb),
        text: disruption.note.clone(),
        measure: disruption.measure.clone(),
        site_count: short(count(disruption.sites.len())),
        remaining_millionths: disruption.remaining,
    }
}

/// The sites of a disruption.
pub(super) fn sites_pb(disruption: &Disruption) -> Vec<pb::SiteScope> {
    let site = |(supplier, item): &(String, String)| pb::SiteScope {
        supplier_id: supplier.clone(),
        item_id: item.clone(),
    };
    disruption.sites.iter().map(site).collect()
}

/// A part that runs out.
pub(super) fn part_pb(
    catalogue: &Catalogue,
    disruptions: &[Disruption],
    part: &Part,
) -> pb::DisruptedPart {
    let level = |(from_millidays, level_millionths)| pb::SupplyLevel {
        from_millidays,
        level_millionths,
    };
    let bought = catalogue.bought().get(part.part);
    let named = |place: &usize| Some(disruptions.get(*place)?.id.clone());
    pb::DisruptedPart {
        item_id: item_id(catalogue, part.part),
        runs_out_on: Some(date_pb(part.runs_out_on)),
        back_on: part.back_on.map(date_pb),
        uncovered: bought.map(|bought| quantity_pb(Quantity(part.uncovered), bought.item.unit)),
        levels: known_levels(&part.flow).map(level).collect(),
        disruption_ids: part.behind.iter().filter_map(named).collect(),
        supplier_ids: part.suppliers.iter().cloned().collect(),
    }
}

/// The hole where nobody knows when a site is back.
pub(super) fn hole((disruption, supplier, item): &(String, String, String)) -> common::Tombstone {
    common::Tombstone {
        node: format!("{supplier}/{item}"),
        code: common::ReasonCode::TierUnknown.into(),
        detail: format!(
            "nobody knows when it is back, so its goods stay missing; resolve disruption {disruption}, or give the site a time to recover"
        ),
    }
}
