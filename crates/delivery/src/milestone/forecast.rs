//! The forecast of a milestone of handovers: by the rate of the last weeks with its interval, by the plan, and by the plan with each lever.
//!
//! It must not decide how a day is found. Invariants: rate and plan are told side by side and never mixed; the silence of
//! production takes away the levers of the line and nothing else.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb,
    delivery::v1 as pb,
    production::v1::{GetRampRequest, RampDay, ramp_service_client::RampServiceClient},
};
use takt_kernel::{Date, Violations};
use takt_planning::{
    milestone_forecast::{Outcome, TooFewWeeks, days_from, forecast as foretell},
    promise::VariantProfile,
    statistics::Confidence,
};
use takt_service::{Call, Error, client, peer::Retry};

use super::{
    Curve,
    prospect::{Builds, Lanes, built_between, used_whole},
    store::curve_fetch,
};
use crate::{
    desk::Desk,
    outlook::store::outlook_fetch,
    programme::{Catalogue, Milestone, store::milestones_fetch},
};

/// Weeks that the rate stands on when the caller does not say.
const WEEKS: i32 = 8;

/// A question that was read.
#[derive(Debug, Clone, Copy)]
struct Asked {
    target: Option<i64>,
    as_of: Option<Date>,
    weeks: usize,
    confidence: Confidence,
}

fn asked_req(message: &pb::ForecastDeliveryRequest) -> Result<Asked, Error> {
    let mut violations = Violations::new();
    let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
    let target = message.cumulative_count;
    violations.require(
        (0..=1_000_000_000).contains(&target),
        "cumulative_count",
        "it is 0 for the next published milestone, or 1 to 1,000,000,000",
    );
    let weeks = if message.weeks == 0 {
        WEEKS
    } else {
        message.weeks
    };
    violations.require((3..=30).contains(&weeks), "weeks", "it is 0, or 3 to 30");
    let confidence = match message.confidence_percent {
        0 => Some(Confidence::default()),
        percent => Confidence::of_percent(percent.into()),
    };
    violations.require(
        confidence.is_some(),
        "confidence_percent",
        "it is 0, 80, 90 or 95",
    );
    let confidence = violations.finish_with(confidence)?;
    Ok(Asked {
        target: (target > 0).then_some(target),
        as_of,
        weeks: usize::try_from(weeks).unwrap_or_default(),
        confidence,
    })
}

/// What delivery knows.
struct Known {
    catalogue: Arc<Catalogue>,
    curve: Curve,
    milestones: Vec<Milestone>,
    outlook: Option<crate::outlook::store::Kept>,
}

/// When a count of handovers is reached.
pub(crate) async fn forecast(
    desk: &Desk,
    call: &Call,
    message: &pb::ForecastDeliveryRequest,
) -> Result<pb::ForecastDeliveryResponse, Error> {
    let asked = asked_req(message)?;
    let catalogue = desk.catalogue(call).await?;
    let reading = Arc::clone(&catalogue);
    let read = desk.store.read(call, "delivery_forecast", move |tx| {
        let catalogue = Arc::clone(&reading);
        Box::pin(async move {
            Ok(Known {
                curve: curve_fetch(tx).await?,
                milestones: milestones_fetch(tx).await?,
                outlook: outlook_fetch(tx, &catalogue).await?,
                catalogue,
            })
        })
    });
    let known = read.await?;
    let handed: Vec<(Date, i64)> = known.curve.handed_over().collect();
    let moved = known.curve.built().chain(handed.iter().copied());
    let last = moved.map(|(on, _)| on).max();
    let as_of = (asked.as_of.or(last)).unwrap_or(catalogue.programme.launch_on);
    let done: i64 = upto(&handed, as_of);
    let target = match asked.target {
        Some(target) => target,
        None => next_published(&known.milestones, done)?,
    };
    let outcome = foretell(&handed, as_of, target, asked.weeks, asked.confidence);
    let mut answer = told(&outcome);
    answer.cumulative_count = target;
    answer.handed_over_count = done;
    answer.as_of = Some(date_pb(as_of));
    answer.result_status = common::ResultStatus::Complete.into();
    let on = match &outcome {
        Ok(Outcome::Reached(on)) => Some(*on),
        Ok(Outcome::Expected(forecast)) => forecast.expected,
        _ => None,
    };
    answer.days_from = on.map_or_else(Vec::new, |on| events(&known, on));
    if !matches!(outcome, Ok(Outcome::Reached(_))) {
        let ramp = ramp_asked(desk, call).await;
        planned(&mut answer, &known, as_of, target, ramp);
    }
    Ok(answer)
}

fn upto(daily: &[(Date, i64)], on: Date) -> i64 {
    let past = daily.iter().filter(|(day, _)| *day <= on);
    past.map(|(_, count)| count).sum()
}

/// The next published count of deliveries; the last one when all are reached.
fn next_published(milestones: &[Milestone], done: i64) -> Result<i64, Error> {
    let counts = || milestones.iter().filter_map(|one| one.cumulative_delivered);
    let next = counts().filter(|count| *count > done).min();
    next.or_else(|| counts().max()).ok_or_else(|| {
        Error::invalid(
            "cumulative_count",
            "the programme has no published milestone of deliveries; give the count to forecast",
        )
    })
}

fn told(outcome: &Result<Outcome, TooFewWeeks>) -> pb::ForecastDeliveryResponse {
    let mut answer = pb::ForecastDeliveryResponse::default();
    let status = match outcome {
        Ok(Outcome::Reached(on)) => {
            answer.date = Some(date_pb(*on));
            "REACHED"
        }
        Ok(Outcome::Never) => "NEVER",
        Ok(Outcome::Expected(forecast)) => {
            answer.date = forecast.expected.map(date_pb);
            answer.earliest = forecast.earliest.map(date_pb);
            answer.latest = forecast.latest.map(date_pb);
            answer.weeks = i32::try_from(forecast.weeks).unwrap_or(i32::MAX);
            "EXPECTED"
        }
        Err(_) => "INSUFFICIENT_DATA",
    };
    answer.status = status.to_owned();
    answer
}

/// The days from each start event that lies before the milestone.
fn events(known: &Known, on: Date) -> Vec<pb::StartEventDays> {
    let first =
        |mut days: Box<dyn Iterator<Item = (Date, i64)> + '_>| days.next().map(|(on, _)| on);
    let events = [
        ("LAUNCH", Some(known.catalogue.programme.launch_on)),
        ("FIRST_BUILD", first(Box::new(known.curve.built()))),
        ("FIRST_HANDOVER", first(Box::new(known.curve.handed_over()))),
    ];
    let before = events
        .into_iter()
        .filter_map(|(event, day)| Some((event, day.filter(|day| *day <= on)?)));
    before
        .map(|(event, day)| pb::StartEventDays {
            event: event.to_owned(),
            date: Some(date_pb(day)),
            days: days_from(day, on),
        })
        .collect()
}

/// What was built, and what a plan builds from a day on.
fn with_plan(curve: &Curve, from: Date, profiles: &BTreeMap<i64, VariantProfile>) -> Builds {
    let mut builds: Builds = curve.built().filter(|(on, _)| *on < from).collect();
    for profile in profiles.values() {
        let mut before = 0;
        for (day, total) in (0..).zip(&profile.cumulative) {
            let on = profile.first.plus(day);
            if on >= from {
                *builds.entry(on).or_default() += total - before;
            }
            before = *total;
        }
    }
    builds
}

/// What the line can do by day, now and with one more shift; behind its last day as on that.
struct Capacity(BTreeMap<Date, (i64, i64)>);

impl Capacity {
    fn of(days: &[RampDay]) -> Result<Self, Error> {
        let mut violations = Violations::new();
        let mut all = BTreeMap::new();
        for day in days {
            let on = date_opt(day.date.as_ref(), "days.date", &mut violations);
            all.extend(on.map(|on| (on, (day.capacity, day.capacity_with_one_more_shift))));
        }
        violations.finish()?;
        Ok(Self(all))
    }

    fn on(&self, day: Date) -> (i64, i64) {
        let known = self.0.range(..=day).next_back();
        known.map_or((0, 0), |(_, both)| *both)
    }
}

async fn ramp_asked(desk: &Desk, call: &Call) -> Result<Capacity, Error> {
    let peer = &desk.production.peer;
    let retry = Retry::idempotent(0);
    let asked = retry.run(call, |_| {
        let mut client = client!(RampServiceClient, peer);
        let request = peer.request(call, GetRampRequest::default());
        async move { client.get_ramp(request).await }
    });
    let answer = asked.await.map_err(|status| peer.error(&status))?;
    Capacity::of(&answer.into_inner().days)
}

/// Adds what the plan says, and what each lever would change.
fn planned(
    answer: &mut pb::ForecastDeliveryResponse,
    known: &Known,
    as_of: Date,
    target: i64,
    ramp: Result<Capacity, Error>,
) {
    let lanes = Lanes::new(
        (known.catalogue.lanes())
            .iter()
            .map(|lane| (lane.transit_days(), lane.share)),
    );
    let built: Builds = known.curve.built().collect();
    let mut levers: Vec<(&str, Option<Date>, String)> = Vec::new();
    let mut plan = None;
    if let Some(kept) = &known.outlook {
        let from = as_of.plus(1).max(kept.outlook.as_of);
        let builds = with_plan(&known.curve, from, &kept.outlook.disturbed);
        let whole = with_plan(&known.curve, from, &kept.outlook.undisturbed);
        let open = kept.outlook.disturbed != kept.outlook.undisturbed;
        let supply = if open {
            let names: Vec<&str> = kept
                .reasons
                .iter()
                .map(|one| one.subject.as_str())
                .collect();
            format!("open disruptions delay the plan: {}", names.join(", "))
        } else {
            "no open disruption delays the plan".to_owned()
        };
        levers.push(("SUPPLY", lanes.reached(&whole, as_of, target), supply));
        let mean = lanes.mean_millidays();
        let lane = format!(
            "a vehicle is {}.{:03} days on its lane in the mean, and one day less with it",
            mean / 1_000,
            mean % 1_000
        );
        levers.push(("LANE", lanes.faster().reached(&builds, as_of, target), lane));
        plan = Some((lanes.reached(&builds, as_of, target), builds));
    }
    let base = plan.as_ref().and_then(|(on, _)| *on);
    match ramp {
        Ok(capacity) => {
            let through = base.unwrap_or_else(|| as_of.plus(28));
            let can: i64 = (1..=through.days_since(as_of).max(0))
                .map(|day| capacity.on(as_of.plus(day)).0)
                .sum();
            let does = plan
                .as_ref()
                .map_or(0, |(_, builds)| built_between(builds, as_of, through));
            let detail = format!(
                "until {through} the plan builds {does} vehicles and the shifts could build {can}"
            );
            let whole = used_whole(&built, as_of, target, |on| capacity.on(on).0);
            levers.push(("CAPACITY", lanes.reached(&whole, as_of, target), detail));
            let (now, more) = capacity.on(as_of.plus(1));
            let detail = format!(
                "on {} the line can do {now} vehicles, with one more shift {more}",
                as_of.plus(1)
            );
            let whole = used_whole(&built, as_of, target, |on| capacity.on(on).1);
            levers.push(("SHIFT", lanes.reached(&whole, as_of, target), detail));
        }
        Err(error) => {
            answer.result_status = common::ResultStatus::Partial.into();
            answer.tombstones.push(common::Tombstone {
                node: "production".to_owned(),
                code: common::ReasonCode::TierUnknown.into(),
                detail: format!(
                    "what the line can do is not known: {error}; ask again when production answers"
                ),
            });
        }
    }
    answer.planned_on = base.map(date_pb);
    let gained = |on: Option<Date>| match (base, on) {
        (Some(base), Some(on)) => base.days_since(on).max(0),
        _ => 0,
    };
    // Who gains most stands first; where the plan never gets there, who gets there first.
    levers.sort_by_key(|(name, on, _)| (-gained(*on), on.is_none(), *on, *name));
    answer.levers = levers
        .into_iter()
        .map(|(name, on, detail)| pb::MilestoneLever {
            lever: name.to_owned(),
            date: on.map(date_pb),
            days_gained: gained(on),
            detail,
        })
        .collect();
}
