//! Offers: production's word with the transport added.
//!
//! It must not know the database. Invariants: nothing of production's word is lost; a day of delivery is the day of
//! completion and the days of the longest lane, and not before the first handover.

use takt_contract::{
    common::v1::{self as common, ReasonCode as Code},
    date_opt, date_pb,
    delivery::v1 as pb,
    production::v1 as production,
};
use takt_kernel::{Date, Violations};
use takt_service::Error;

use crate::programme::{Catalogue, Configuration};

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The variant.
    pub(crate) variant_id: String,
    /// What is wanted.
    pub(crate) configuration: Configuration,
    /// The vehicles.
    pub(crate) vehicles: i64,
    /// The city of delivery.
    pub(crate) city: String,
    /// The day by which they are to be delivered.
    pub(crate) wanted: Option<Date>,
    /// Whether they may come on several days.
    pub(crate) split: bool,
}

/// The longest way to a city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// The lane.
    pub(crate) lane_id: String,
    /// Its days.
    pub(crate) days: i32,
    /// No vehicle is handed over before it.
    pub(crate) first_handover: Date,
}

impl Way {
    /// The way to a city to which a lane leads.
    pub(crate) fn to(catalogue: &Catalogue, city: &str) -> Self {
        let lanes = catalogue.lanes_to(city);
        let used = lanes.iter().filter(|lane| lane.share > 0);
        let longest = used.max_by_key(|lane| (lane.transit_days(), std::cmp::Reverse(lane.number)));
        Self {
            lane_id: longest.map_or_else(String::new, |lane| lane.id.clone()),
            days: longest.map_or(0, |lane| lane.transit_days()),
            first_handover: catalogue.programme.first_handover_on,
        }
    }

    /// The day of delivery of what is complete on a day.
    pub(crate) fn delivered(&self, complete: Date) -> Date {
        complete.plus(self.days).max(self.first_handover)
    }

    /// The day on which something must be complete to be delivered on a day.
    pub(crate) fn complete(&self, deliver: Date) -> Date {
        deliver.minus(self.days)
    }
}

impl Wish {
    /// The question to production.
    pub(crate) fn asked(&self, way: &Way) -> production::PromiseWish {
        production::PromiseWish {
            variant_id: self.variant_id.clone(),
            options: self.configuration.options(),
            vehicle_count: self.vehicles,
            wanted_on: self.wanted.map(|wanted| date_pb(way.complete(wanted))),
            split_allowed: self.split,
        }
    }
}

/// The days of a list, in order.
pub(crate) fn days_of(rows: &[production::DatedVehicles]) -> Result<Vec<(Date, i64)>, Error> {
    let mut violations = Violations::new();
    let mut days = Vec::with_capacity(rows.len());
    for row in rows {
        let on = date_opt(row.date.as_ref(), "date", &mut violations);
        days.extend(on.map(|on| (on, row.vehicle_count)));
    }
    violations
        .finish()
        .map_err(|found| Error::broken(format!("production's offer: {}", Error::from(found))))?;
    Ok(days)
}

/// Production's offer with the transport added.
pub(crate) fn offer_pb(
    offer: &production::PromiseOffer,
    way: &Way,
    wanted: Option<Date>,
) -> Result<pb::QuoteOffer, Error> {
    let quoted = |rows: &[production::DatedVehicles]| {
        let row = |(complete, vehicles): &(Date, i64)| pb::QuotedDate {
            date: Some(date_pb(way.delivered(*complete))),
            vehicle_count: *vehicles,
            complete_on: Some(date_pb(*complete)),
        };
        days_of(rows).map(|days| days.iter().map(row).collect::<Vec<_>>())
    };
    let delivered = |on: Option<&common::Date>| {
        let on = date_opt(on, "date", &mut Violations::new());
        on.map(|on| date_pb(way.delivered(on)))
    };
    let alternatives = offer.alternatives.iter().map(|other| pb::QuoteAlternative {
        variant_id: other.variant_id.clone(),
        options: other.options.clone(),
        changed: other.changed.clone(),
        earliest_on: delivered(other.earliest_on.as_ref()),
    });
    let mut reasons = offer.reasons.clone();
    let last = days_of(&offer.dates)?.last().map(|(complete, _)| *complete);
    if let (Some(complete), Some(wanted)) = (last, wanted)
        && way.delivered(complete) > wanted
        && way.days > 0
    {
        reasons.push(common::Reason {
            code: Code::Transport.into(),
            subject: way.lane_id.clone(),
            from_date: Some(date_pb(complete)),
            until_date: Some(date_pb(way.delivered(complete))),
            ..common::Reason::default()
        });
    }
    Ok(pb::QuoteOffer {
        basis: offer.basis.clone(),
        result_status: offer.result_status,
        tombstones: offer.tombstones.clone(),
        dates: quoted(&offer.dates)?,
        earliest_on: delivered(offer.earliest_on.as_ref()),
        short_vehicle_count: offer.short_vehicle_count,
        reasons,
        alternatives: alternatives.collect(),
        line_dates: quoted(&offer.line_dates)?,
    })
}
