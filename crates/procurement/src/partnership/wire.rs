//! Partnerships as they stand on the wire.
//!
//! It must not decide anything. Invariant: everything that is wrong with a message is told at once.

use std::collections::BTreeSet;

use takt_contract::{
    common::v1 as common, date_opt, date_pb, date_req, id_req, money_pb, procurement::v1 as pb,
    quantity_pb,
};
use takt_kernel::{Amount, Currency, ItemId, Quantity, SupplierId, Unit, Violations};

use super::{Development, Interest, Milestone, Reservation, Stake, Word};
use crate::{programme::Catalogue, rows::short};

/// The most bytes of a name.
const NAME: usize = 64;
/// The most bytes of a text.
const TEXT: usize = 1_000;
/// The most items that a programme feeds.
const ITEMS: usize = 200;
/// The most milestones of a programme.
const MILESTONES: usize = 100;
/// The most stakes of a message.
const STAKES: usize = 1_000;
/// A whole.
const WHOLE: i64 = 1_000_000;

/// A name that must be there.
fn name_req(text: &str, field: &str, violations: &mut Violations) {
    violations.require(!text.is_empty(), field, "it is missing");
    let told = format!("it has {} bytes; at most {NAME} are kept", text.len());
    violations.require(text.len() <= NAME, field, told);
}

/// A text that may be empty.
pub(super) fn text_fits(text: &str, field: &str, violations: &mut Violations) {
    let told = format!("it has {} bytes; at most {TEXT} are kept", text.len());
    violations.require(text.len() <= TEXT, field, told);
}

/// Reads stakes that are recorded.
pub(super) fn stakes_read(
    message: &pb::RecordStakesRequest,
    violations: &mut Violations,
) -> Vec<Stake> {
    let given = message.stakes.len();
    violations.require(
        (1..=STAKES).contains(&given),
        "stakes",
        format!("{given} are given; give 1 to {STAKES} at once"),
    );
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for (at, one) in message.stakes.iter().enumerate() {
        violations.scope(format!("stakes[{at}]"), |found| {
            name_req(&one.company_id, "company_id", found);
            let told = format!(
                "it has {} bytes; at most {NAME} are kept",
                one.holder_id.len()
            );
            found.require(one.holder_id.len() <= NAME, "holder_id", told);
            found.require(
                one.holder_id != one.company_id,
                "holder_id",
                "a company does not hold itself; own shares are cancelled",
            );
            let held_on = date_req(one.held_on.as_ref(), "held_on", found);
            found.require(
                one.share_millionths
                    .is_none_or(|share| (0..=WHOLE).contains(&share)),
                "share_millionths",
                "a share is 0 to 1,000,000 millionths; leave it out where it is not public",
            );
            text_fits(&one.source, "source", found);
            let once = known.insert((one.holder_id.as_str(), one.company_id.as_str(), held_on));
            found.require(once, "held_on", "holder, company and day are given twice");
            all.push(Stake {
                holder: one.holder_id.clone(),
                company: one.company_id.clone(),
                held_on,
                share: one.share_millionths,
                source: one.source.clone(),
            });
        });
    }
    all
}

/// A stake.
pub(super) fn stake_pb(stake: &Stake) -> pb::Stake {
    pb::Stake {
        holder_id: stake.holder.clone(),
        company_id: stake.company.clone(),
        held_on: Some(date_pb(stake.held_on)),
        share_millionths: stake.share,
        source: stake.source.clone(),
    }
}

/// An interest.
pub(super) fn interest_pb(interest: &Interest) -> pb::Interest {
    pb::Interest {
        company_id: interest.company.clone(),
        effective_millionths: interest.effective,
        direct_millionths: interest.direct,
        more_not_public: interest.more,
    }
}

/// Reads a programme that is agreed; whether the supplier is one is not known yet.
pub(super) fn agreed(
    message: &pb::AgreeDevelopmentRequest,
    violations: &mut Violations,
) -> Option<Development> {
    name_req(&message.development_id, "development_id", violations);
    let supplier = id_req::<SupplierId>(&message.supplier_id, "supplier_id", violations);
    text_fits(&message.title, "title", violations);
    let (items, milestones) = (message.item_ids.len(), message.milestones.len());
    violations.require(
        items <= ITEMS,
        "item_ids",
        format!("{items} are given; a programme feeds at most {ITEMS}"),
    );
    violations.require(
        (1..=MILESTONES).contains(&milestones),
        "milestones",
        format!("{milestones} are given; a programme has 1 to {MILESTONES}"),
    );
    let mut fed = BTreeSet::new();
    for (at, item) in message.item_ids.iter().enumerate() {
        let field = format!("item_ids[{at}]");
        id_req::<ItemId>(item, &field, violations);
        violations.require(fed.insert(item), &field, "the item is given twice");
    }
    let mut named = BTreeSet::new();
    let mut all: Vec<Milestone> = Vec::new();
    for (at, own) in message.milestones.iter().enumerate() {
        violations.scope(format!("milestones[{at}]"), |found| {
            name_req(&own.milestone_id, "milestone_id", found);
            let once = named.insert(own.milestone_id.as_str());
            found.require(once, "milestone_id", "the milestone is given twice");
            let on = date_req(own.agreed_on.as_ref(), "agreed_on", found);
            let after = all.last().is_none_or(|before| before.agreed_on <= on);
            found.require(after, "agreed_on", "it lies before the milestone before it");
            all.push(Milestone {
                id: own.milestone_id.clone(),
                agreed_on: on,
                due_on: on,
                reached_on: None,
            });
        });
    }
    Some(Development {
        id: message.development_id.clone(),
        supplier: supplier?.to_string(),
        title: message.title.clone(),
        items: fed.into_iter().cloned().collect(),
        milestones: all,
        ended: None,
        version: 1,
    })
}

/// Reads what happened to a milestone.
pub(super) fn word_read(
    message: &pb::RecordMilestoneRequest,
    violations: &mut Violations,
) -> Option<Word> {
    let reached = date_opt(message.reached_on.as_ref(), "reached_on", violations);
    let due = date_opt(message.due_on.as_ref(), "due_on", violations);
    match (reached, due) {
        (Some(on), None) => Some(Word::Reached(on)),
        (None, Some(on)) => Some(Word::Due(on)),
        _ => {
            let told = "say when it was reached, or when it is due now: one of the two";
            violations.push("reached_on", told);
            None
        }
    }
}

/// A programme.
pub(super) fn development_pb(development: &Development) -> pb::Development {
    let milestone = |own: &Milestone| {
        let now = own.reached_on.unwrap_or(own.due_on);
        pb::DevelopmentMilestone {
            milestone_id: own.id.clone(),
            agreed_on: Some(date_pb(own.agreed_on)),
            due_on: Some(date_pb(own.due_on)),
            reached_on: own.reached_on.map(date_pb),
            days_late: now.days_since(own.agreed_on),
        }
    };
    let state = match (&development.ended, development.is_active()) {
        (Some(_), _) => pb::DevelopmentState::Ended,
        (None, true) => pb::DevelopmentState::Active,
        (None, false) => pb::DevelopmentState::Completed,
    };
    let ended = development.ended.as_ref();
    pb::Development {
        development_id: development.id.clone(),
        supplier_id: development.supplier.clone(),
        title: development.title.clone(),
        item_ids: development.items.clone(),
        milestones: development.milestones.iter().map(milestone).collect(),
        state: state.into(),
        ended_on: ended.map(|(on, _)| date_pb(*on)),
        end_reason: ended.map_or_else(String::new, |(_, reason)| reason.clone()),
        etag: etag(development),
    }
}

/// The version of a programme on the wire.
pub(super) fn etag(development: &Development) -> String {
    format!("\"{}\"", development.version)
}

/// The most days until reserved capacity arrives: ten years are never.
const MOST_LEAD_DAYS: i32 = 3_650;

/// Reads a reservation.
pub(super) fn reservation_read(
    given: Option<&pb::CapacityReservation>,
    violations: &mut Violations,
) -> Option<Reservation> {
    let Some(given) = given else {
        violations.push("reservation", "it is missing");
        return None;
    };
    violations.scope("reservation", |found| {
        name_req(&given.reservation_id, "reservation_id", found);
        let supplier = id_req::<SupplierId>(&given.supplier_id, "supplier_id", found);
        let item = id_req::<ItemId>(&given.item_id, "item_id", found);
        let weekly = given
            .weekly_quantity
            .as_ref()
            .map_or(0, |some| some.thousandths);
        found.require(weekly > 0, "weekly_quantity", "it is more than nothing");
        let from = date_req(given.valid_from.as_ref(), "valid_from", found);
        let until = date_req(given.valid_until.as_ref(), "valid_until", found);
        found.require(until >= from, "valid_until", "it lies before valid_from");
        let fee = fee_read(given.fee.as_ref(), "fee", found);
        found.require(
            (0..=MOST_LEAD_DAYS).contains(&given.lead_time_days),
            "lead_time_days",
            format!("it is 0 to {MOST_LEAD_DAYS} days"),
        );
        Some(Reservation {
            id: given.reservation_id.clone(),
            supplier: supplier?.to_string(),
            item: item?.to_string(),
            weekly: Quantity(weekly),
            valid: (from, until),
            fee,
            released: false,
            lead_days: given.lead_time_days.into(),
        })
    })
}

/// Money that may be missing and is not negative.
pub(super) fn fee_read(
    fee: Option<&common::Money>,
    field: &str,
    violations: &mut Violations,
) -> Option<Amount> {
    let fee = fee?;
    violations.require(fee.minor_units >= 0, field, "it is not negative");
    let currency = violations.check(field, Currency::parse(&fee.currency_code))?;
    Some(Amount {
        minor: fee.minor_units,
        currency,
    })
}

/// A reservation.
pub(super) fn reservation_pb(catalogue: &Catalogue, own: &Reservation) -> pb::CapacityReservation {
    let bought = catalogue.item(&own.item);
    // Nobody says in which unit an item is made that is not bought; it is counted then.
    let unit = bought.map_or(Unit::Piece, |bought| bought.item.unit);
    pb::CapacityReservation {
        reservation_id: own.id.clone(),
        supplier_id: own.supplier.clone(),
        item_id: own.item.clone(),
        weekly_quantity: Some(quantity_pb(own.weekly, unit)),
        valid_from: Some(date_pb(own.valid.0)),
        valid_until: Some(date_pb(own.valid.1)),
        fee: own.fee.map(money_pb),
        released: own.released,
        lead_time_days: short(own.lead_days),
    }
}
