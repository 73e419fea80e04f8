//! Wishes, offers and holds as they stand on the wire.
//!
//! It must not decide anything.

use takt_contract::{
    common::v1::{self as common, ReasonCode as Code},
    date_opt, date_pb, date_req, instant_pb,
    production::v1 as pb,
    quantity_pb,
};
use takt_kernel::{Date, Quantity, Reason, ReasonCode, Unit, Violations};
use takt_planning::{
    ctp::{Alternative, Cause, Obstacle, Promise},
    promise::{RATE_DAYS, VariantProfile},
};

use super::{
    hold::{Hold, HoldState},
    offer::Wish,
    snapshot::Snapshot,
};
use crate::product::Product;

/// The most vehicles of a wish.
const MOST: i64 = 10_000;

/// The versions of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    /// The plan.
    pub plan_id: String,
    /// The day as of which it was asked.
    pub as_of: Date,
    /// The first day on which something could be built.
    pub first: Date,
    /// The last order.
    pub order: i64,
    /// The last vehicle on the line.
    pub serial: i64,
    /// The last vehicle built.
    pub build: i64,
    /// The version of the ledger of slots.
    pub slots: i64,
    /// The revision of the book of orders.
    pub book: i64,
    /// The version of supply; 0 when it was not known.
    pub supply: i64,
    /// When it was read, in microseconds.
    pub read_at: i64,
}

/// Reads a wish.
pub fn wish_of(
    wish: Option<&pb::PromiseWish>,
    product: &Product,
    violations: &mut Violations,
) -> Option<Wish> {
    violations.scope("wish", |violations| {
        let Some(wish) = wish else {
            violations.push("", "it is missing");
            return None;
        };
        let fits = (1..=MOST).contains(&wish.vehicle_count);
        violations.require(
            fits,
            "vehicle_count",
            format!("give 1 to {MOST}; ask several times for more"),
        );
        let wanted = date_opt(wish.wanted_on.as_ref(), "wanted_on", violations);
        let config = product.configuration(&wish.variant_id, &wish.options, violations)?;
        Some(Wish {
            config,
            quantity: wish.vehicle_count,
            wanted,
            split: wish.split_allowed,
        })
    })
}

/// Reads the basis of an earlier answer.
pub fn basis_of(basis: &common::PromiseBasis, violations: &mut Violations) -> Basis {
    violations.scope("at_basis", |violations| Basis {
        plan_id: basis.plan_id.clone(),
        as_of: date_req(basis.as_of.as_ref(), "as_of", violations),
        first: date_req(basis.first_build_on.as_ref(), "first_build_on", violations),
        order: basis.order_number,
        serial: basis.vehicle_serial,
        build: basis.build_number,
        slots: basis.slot_version,
        book: basis.book_revision,
        supply: basis.supply_version,
        read_at: basis.read_at.as_ref().map_or(0, |at| {
            at.seconds
                .saturating_mul(1_000_000)
                .saturating_add(i64::from(at.nanos) / 1_000)
        }),
    })
}

/// The basis of a snapshot.
pub fn basis_pb(snapshot: &Snapshot) -> common::PromiseBasis {
    let state = &snapshot.state;
    common::PromiseBasis {
        plan_id: state.planned.plan_id.clone(),
        as_of: Some(date_pb(state.as_of)),
        first_build_on: Some(date_pb(state.planned.first)),
        order_number: state.marks.order,
        vehicle_serial: state.marks.serial,
        build_number: state.marks.build,
        slot_version: state.marks.slots,
        supply_version: snapshot.supply.as_ref().map_or(0, |supply| supply.version),
        read_at: Some(instant_pb(snapshot.read_at)),
        book_revision: state.marks.book,
    }
}

/// An offer; without supply it has no date.
pub fn offer_pb(
    snapshot: &Snapshot,
    promise: &Promise,
    alternatives: &[Alternative],
) -> pb::PromiseOffer {
    let product = &snapshot.product;
    let causes = promise.causes.iter().map(|cause| reason_of(cause, product));
    let mut reasons: Vec<Reason> = causes.collect();
    let mut offer = pb::PromiseOffer {
        basis: Some(basis_pb(snapshot)),
        short_vehicle_count: promise.short,
        ..pb::PromiseOffer::default()
    };
    match &snapshot.supply {
        Ok(_) => {
            offer.result_status = common::ResultStatus::Complete.into();
            offer.dates = dated_pb(&promise.dates);
            offer.slots = dated_pb(&promise.slots);
            offer.earliest_on = promise.earliest.map(date_pb);
            let other = |other: &Alternative| alternative_pb(product, other);
            offer.alternatives = alternatives.iter().map(other).collect();
        }
        Err(error) => {
            offer.result_status = common::ResultStatus::Partial.into();
            offer.tombstones = vec![tombstone(error)];
            offer.line_dates = dated_pb(&promise.dates);
            reasons.push(Reason {
                code: ReasonCode::TierUnknown,
                subject: "procurement".to_owned(),
                from: Some(snapshot.state.planned.first),
                until: None,
                blocked: Quantity::ZERO,
                upstream: Vec::new(),
            });
        }
    }
    offer.reasons = reasons
        .iter()
        .map(|reason| reason_pb(reason, product))
        .collect();
    offer
}

fn dated_pb(rows: &[(Date, i64)]) -> Vec<pb::DatedVehicles> {
    let row = |(on, vehicles): &(Date, i64)| pb::DatedVehicles {
        date: Some(date_pb(*on)),
        vehicle_count: *vehicles,
    };
    rows.iter().map(row).collect()
}

fn alternative_pb(product: &Product, other: &Alternative) -> pb::PromiseAlternative {
    let changed = match other.key {
        0 => "VARIANT".to_owned(),
        key => {
            let known = product.features.all().get(key);
            known.map_or_else(String::new, |feature| feature.key.clone())
        }
    };
    pb::PromiseAlternative {
        variant_id: product.variant_id(other.config.variant()).to_owned(),
        options: product.options(other.config),
        changed,
        earliest_on: Some(date_pb(other.earliest)),
    }
}

/// The shop that vehicles enter by.
pub fn line_shop(product: &Product) -> &str {
    let line = product.shops.iter().find(|shop| shop.is_line);
    line.map_or("", |shop| shop.shop_id.as_str())
}

fn reason_of(cause: &Cause, product: &Product) -> Reason {
    let part = |code, item: usize, overdue: i64| {
        let name = product.items.get(item);
        let subject = name.map_or_else(String::new, |item| item.item_id.clone());
        // What of it is overdue stands behind the cause.
        let late = (overdue > 0).then(|| Reason {
            code: ReasonCode::AwaitSupply,
            subject: subject.clone(),
            from: None,
            until: None,
            blocked: Quantity(overdue),
            upstream: Vec::new(),
        });
        (code, subject, Quantity(cause.blocked), late)
    };
    let (code, subject, blocked, upstream) = match cause.obstacle {
        Obstacle::Line => (
            ReasonCode::CapacityOverload,
            line_shop(product).to_owned(),
            Quantity::from_units(cause.blocked),
            None,
        ),
        Obstacle::AwaitSupply { item, overdue } => part(ReasonCode::AwaitSupply, item, overdue),
        Obstacle::LeadTime { item, overdue } => part(ReasonCode::LeadTimePastDue, item, overdue),
    };
    Reason {
        code,
        subject,
        from: Some(cause.from),
        until: cause.until,
        blocked,
        upstream: upstream.into_iter().collect(),
    }
}

/// The profiles of the variants in the order of the programme: the days on which something is planned.
pub fn profiles_pb(product: &Product, profiles: Vec<VariantProfile>) -> Vec<pb::VariantProfile> {
    let of = |(variant, profile): (usize, VariantProfile)| {
        let mut before = 0;
        let days = profile
            .cumulative
            .iter()
            .zip(0i32..)
            .filter_map(|(through, day)| {
                let built = *through > before;
                before = *through;
                built.then(|| pb::ProfileDay {
                    date: Some(date_pb(profile.first.plus(day))),
                    cumulative_vehicle_count: *through,
                })
            });
        pb::VariantProfile {
            variant_id: product.variant_id(variant).to_owned(),
            days: days.collect(),
            estimate_from: Some(date_pb(profile.end)),
            estimate_vehicle_count: profile.rate_units,
            estimate_days: RATE_DAYS,
        }
    };
    profiles.into_iter().enumerate().map(of).collect()
}

/// The hole where procurement has not answered.
pub fn tombstone(error: &dyn std::fmt::Display) -> common::Tombstone {
    common::Tombstone {
        node: "procurement".to_owned(),
        code: i32::from(Code::TierUnknown),
        detail: format!(
            "the stock of parts is not known: {error}; ask again when procurement answers"
        ),
    }
}

/// A reason; quantities of items are in their own unit, others in pieces.
pub fn reason_pb(reason: &Reason, product: &Product) -> common::Reason {
    let unit = product
        .item(&reason.subject)
        .and_then(|item| product.items.get(item));
    let unit = unit
        .and_then(|item| Unit::from_code(&item.unit_code).ok())
        .unwrap_or(Unit::Piece);
    let some = (reason.blocked != Quantity::ZERO).then(|| quantity_pb(reason.blocked, unit));
    common::Reason {
        code: i32::from(code_pb(reason.code)),
        subject: reason.subject.clone(),
        from_date: reason.from.map(date_pb),
        until_date: reason.until.map(date_pb),
        quantity: some,
        upstream: reason
            .upstream
            .iter()
            .map(|upstream| reason_pb(upstream, product))
            .collect(),
    }
}

fn code_pb(code: ReasonCode) -> Code {
    // Both lists have the same words; the wire writes them with a prefix.
    Code::from_str_name(&format!("REASON_CODE_{}", code.as_str())).unwrap_or(Code::Unspecified)
}

/// A hold as it stands at a moment.
pub fn hold_pb(hold: &Hold, product: &Product, now: i64) -> pb::Hold {
    let state = hold.state_at(now);
    let slots = hold.days.iter().map(|day| pb::HeldSlots {
        build_on: Some(date_pb(day.on)),
        vehicle_count: day.held,
        ordered_vehicle_count: day.ordered,
        built_vehicle_count: day.built,
    });
    pb::Hold {
        hold_id: hold.id.clone(),
        state: match state {
            HoldState::Held => pb::HoldState::Held,
            HoldState::Confirmed => pb::HoldState::Confirmed,
            HoldState::Consumed => pb::HoldState::Consumed,
            HoldState::Released => pb::HoldState::Released,
            HoldState::Expired => pb::HoldState::Expired,
        }
        .into(),
        variant_id: product.variant_id(hold.config.variant()).to_owned(),
        options: product.options(hold.config),
        slots: slots.collect(),
        expires_at: hold.expires_at.map(instant_pb),
        parts: pb::HoldParts::Committed.into(),
        plan_id: hold.plan_id.clone(),
    }
}
