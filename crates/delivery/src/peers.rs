//! What delivery asks production: when a place in the queue becomes a vehicle.
//!
//! It must not know the database. Invariant: an answer is read as a whole or refused; nothing of it is guessed.

use std::collections::BTreeMap;

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb, date_req,
    production::v1::{
        self as pb, exposure_service_client::ExposureServiceClient,
        impact_service_client::ImpactServiceClient, promise_service_client::PromiseServiceClient,
        software_service_client::SoftwareServiceClient,
    },
};
use takt_kernel::{Date, Violations, stable_hash};
use takt_planning::promise::{BuildPromise, PromiseKind as Sureness, RATE_DAYS, VariantProfile};
use takt_service::{
    Call, Error, client,
    error::reason_of,
    peer::{Channel, Peer, Retry},
};
use tonic::{Code, Status, Streaming};

use crate::{
    programme::Catalogue,
    recall::{Word, owed::Words},
};

/// Production, as delivery sees it.
#[derive(Clone)]
pub(crate) struct Production {
    pub(crate) peer: Peer,
}

/// The planned builds from a day on, by the variants' places in the programme.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    /// The plan; empty when there is none.
    pub(crate) plan_id: String,
    /// What the plan says about each variant.
    pub(crate) variants: BTreeMap<i64, VariantProfile>,
    /// The same as it was told, to be kept.
    pub(crate) told: Vec<pb::VariantProfile>,
}

/// When one vehicle can be built, and what is to be said about it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The plan; empty when there is none.
    pub(crate) plan_id: String,
    /// The date; none when there is no plan that could give one.
    pub(crate) build: Option<BuildPromise>,
    /// Whether every tier has answered.
    pub(crate) status: common::ResultStatus,
    /// The tiers that have not.
    pub(crate) tombstones: Vec<common::Tombstone>,
    /// What keeps the vehicle from being built earlier.
    pub(crate) reasons: Vec<common::Reason>,
}

impl Production {
    /// Production behind a peer.
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    fn client(&self) -> PromiseServiceClient<Channel> {
        client!(PromiseServiceClient, self.peer)
    }

    /// The planned builds from a day on; without a plan the profile is empty.
    pub(crate) async fn promise_profile(
        &self,
        call: &Call,
        catalogue: &Catalogue,
        as_of: Date,
    ) -> Result<Profile, Error> {
        let message = pb::GetPromiseProfileRequest {
            as_of: Some(date_pb(as_of)),
        };
        match self
            .client()
            .get_promise_profile(self.peer.request(call, message))
            .await
        {
            Ok(answer) => profile_of(answer.into_inner(), catalogue, as_of),
            Err(status) if is_planless(&status) => Ok(Profile::default()),
            Err(status) => Err(self.peer.error(&status)),
        }
    }

    /// When a vehicle of a configuration can be built behind `ahead` others.
    pub(crate) async fn check_promise(
        &self,
        call: &Call,
        as_of: Date,
        variant_id: &str,
        options: BTreeMap<String, String>,
        ahead: i64,
    ) -> Result<Answer, Error> {
        let message = pb::CheckPromiseRequest {
            as_of: Some(date_pb(as_of)),
            variant_id: variant_id.to_owned(),
            options,
            orders_ahead: ahead,
        };
        // A question changes nothing, so it may be asked again while there is time.
        let retry = Retry::idempotent(stable_hash(variant_id.as_bytes()));
        let asked = retry.run(call, |_| {
            let (mut client, request) = (self.client(), self.peer.request(call, message.clone()));
            async move { client.check_promise(request).await }
        });
        match asked.await {
            Ok(answer) => answer_of(answer.into_inner()),
            Err(status) => Err(self.peer.error(&status)),
        }
    }

    /// What disruptions do to the plant; what production says no to is told as it says it.
    pub(crate) async fn plant_impact(
        &self,
        call: &Call,
        disruption_ids: Vec<String>,
        as_of: Date,
    ) -> Result<pb::GetPlantImpactResponse, Status> {
        let retry = Retry::idempotent(stable_hash(disruption_ids.join(" ").as_bytes()));
        let message = pb::GetPlantImpactRequest {
            disruption_ids,
            as_of: Some(date_pb(as_of)),
        };
        let asked = retry.run(call, |_| {
            let mut client = client!(ImpactServiceClient, self.peer);
            let request = self.peer.request(call, message.clone());
            async move { client.get_plant_impact(request).await }
        });
        asked.await.map(tonic::Response::into_inner)
    }

    /// The vehicles that scopes name, from a build number on; what production says no to is told as it says it.
    pub(crate) async fn exposures(
        &self,
        call: &Call,
        scopes: Vec<pb::ExposureScope>,
        from_build: i64,
    ) -> Result<Words, Status> {
        let message = pb::StreamExposuresRequest {
            scopes,
            from_build_number: from_build,
        };
        let mut stream = self.exposures_told(call, message).await?;
        let mut told = Words {
            from_build,
            ..Words::default()
        };
        let mut violations = Violations::new();
        let mut ended = false;
        while let Some(part) = stream.message().await? {
            ended = true;
            told.last_build = part.last_build_number;
            for one in &part.exposures {
                violations.scope(format!("exposures[{}]", one.vin), |found| {
                    let to = date_opt(one.exposed_to.as_ref(), "exposed_to", found);
                    found.require(
                        one.affected == to.is_none(),
                        "affected",
                        "it contradicts exposed_to",
                    );
                    told.words.push(Word {
                        vin: one.vin.clone(),
                        from: date_req(one.exposed_from.as_ref(), "exposed_from", found),
                        to,
                    });
                });
            }
        }
        violations.require(ended, "", "there is no message, and no snapshot is told of");
        violations
            .finish()
            .map_err(|found| unreadable(&Error::from(found)))?;
        Ok(told)
    }

    /// The vehicles that scopes name, as production tells of them.
    pub(crate) async fn exposures_told(
        &self,
        call: &Call,
        message: pb::StreamExposuresRequest,
    ) -> Result<Streaming<pb::StreamExposuresResponse>, Status> {
        let mut client = client!(ExposureServiceClient, self.peer);
        let request = self.peer.request(call, message);
        Ok(client.stream_exposures(request).await?.into_inner())
    }

    /// Records the software of vehicles.
    pub(crate) async fn record_software(
        &self,
        call: &Call,
        message: pb::RecordSoftwareRequest,
    ) -> Result<pb::RecordSoftwareResponse, Error> {
        let mut client = client!(SoftwareServiceClient, self.peer);
        let request = self
            .peer
            .request(call, futures_util::stream::iter([message]));
        let answered = client.record_software(request).await;
        let mut stream = answered
            .map_err(|status| self.peer.error(&status))?
            .into_inner();
        let answer = stream.message().await;
        let answer = answer.map_err(|status| self.peer.error(&status))?;
        answer.ok_or_else(|| Error::broken("production did not answer a chunk of software"))
    }

    /// What production's silence means for a caller of ours.
    pub(crate) fn error(&self, status: &Status) -> Error {
        self.peer.error(status)
    }

    /// What can be promised of a wish; nothing is held.
    pub(crate) async fn inquire_promise(
        &self,
        call: &Call,
        message: pb::InquirePromiseRequest,
    ) -> Result<pb::PromiseOffer, Error> {
        let retry = Retry::idempotent(
            message
                .wish
                .as_ref()
                .map_or(0, |wish| stable_hash(wish.variant_id.as_bytes())),
        );
        let asked = retry.run(call, |_| {
            let (mut client, request) = (self.client(), self.peer.request(call, message.clone()));
            async move { client.inquire_promise(request).await }
        });
        let answer = asked.await.map_err(|status| self.peer.error(&status))?;
        Ok(answer.into_inner().offer.unwrap_or_default())
    }

    /// Holds slots and parts of a wish.
    pub(crate) async fn hold_promise(
        &self,
        call: &Call,
        message: pb::HoldPromiseRequest,
    ) -> Result<pb::HoldPromiseResponse, Error> {
        let retry = Retry::idempotent(stable_hash(message.request_id.as_bytes()));
        let asked = retry.run(call, |_| {
            let (mut client, request) = (self.client(), self.peer.request(call, message.clone()));
            async move { client.hold_promise(request).await }
        });
        let answer = asked.await.map_err(|status| self.peer.error(&status))?;
        Ok(answer.into_inner())
    }

    /// Makes a hold lasting.
    pub(crate) async fn confirm_hold(
        &self,
        call: &Call,
        request_id: &str,
        hold_id: &str,
    ) -> Result<(), Error> {
        let message = pb::ConfirmHoldRequest {
            request_id: request_id.to_owned(),
            hold_id: hold_id.to_owned(),
        };
        let retry = Retry::idempotent(stable_hash(request_id.as_bytes()));
        let asked = retry.run(call, |_| {
            let (mut client, request) = (self.client(), self.peer.request(call, message.clone()));
            async move { client.confirm_hold(request).await }
        });
        let answer = asked.await.map_err(|status| self.peer.error(&status));
        answer.map(|_| ())
    }

    /// Gives a hold back.
    pub(crate) async fn release_hold(
        &self,
        call: &Call,
        request_id: &str,
        hold_id: &str,
    ) -> Result<(), Error> {
        let message = pb::ReleaseHoldRequest {
            request_id: request_id.to_owned(),
            hold_id: hold_id.to_owned(),
        };
        let retry = Retry::idempotent(stable_hash(request_id.as_bytes()));
        let asked = retry.run(call, |_| {
            let (mut client, request) = (self.client(), self.peer.request(call, message.clone()));
            async move { client.release_hold(request).await }
        });
        let answer = asked.await.map_err(|status| self.peer.error(&status));
        answer.map(|_| ())
    }
}

/// No plan is no fault: the promise comes with the first plan.
pub(crate) fn is_planless(status: &Status) -> bool {
    status.code() == Code::FailedPrecondition
        && reason_of(status).is_some_and(|reason| reason == "NO_PLAN")
}

fn profile_of(
    answer: pb::GetPromiseProfileResponse,
    catalogue: &Catalogue,
    as_of: Date,
) -> Result<Profile, Error> {
    if answer.plan_id.is_empty() {
        return Ok(Profile::default());
    }
    Ok(Profile {
        variants: variants_of(&answer.variants, catalogue, as_of)?,
        plan_id: answer.plan_id,
        told: answer.variants,
    })
}

/// The profiles of variants, by their places in the programme.
pub(crate) fn variants_of(
    profiles: &[pb::VariantProfile],
    catalogue: &Catalogue,
    as_of: Date,
) -> Result<BTreeMap<i64, VariantProfile>, Error> {
    let mut violations = Violations::new();
    let mut variants = BTreeMap::new();
    for profile in profiles {
        violations.scope(format!("variants[{}]", profile.variant_id), |violations| {
            let Some(variant) = catalogue.variant(&profile.variant_id) else {
                return violations.push("variant_id", "it is not a variant of the programme");
            };
            let rate_is_known = profile.estimate_days == RATE_DAYS;
            violations.require(
                rate_is_known,
                "estimate_days",
                format!("rates are taken over {RATE_DAYS} days"),
            );
            let end = date_req(profile.estimate_from.as_ref(), "estimate_from", violations);
            let (first, cumulative) = days_of(&profile.days, as_of, violations);
            let rate_units = profile.estimate_vehicle_count;
            variants.insert(
                variant.number,
                VariantProfile {
                    first,
                    cumulative,
                    end,
                    rate_units,
                },
            );
        });
    }
    let read = violations.finish().map(|()| variants);
    read.map_err(|found| unreadable(&Error::from(found)))
}

/// Fills the days on which nothing is planned, so that a day's place is its distance from the first.
fn days_of(days: &[pb::ProfileDay], as_of: Date, violations: &mut Violations) -> (Date, Vec<i64>) {
    let mut cumulative: Vec<i64> = Vec::new();
    let mut built = 0;
    for day in days {
        let on = date_req(day.date.as_ref(), "days.date", violations);
        let Ok(place) = usize::try_from(on.days_since(as_of)) else {
            violations.push("days.date", format!("{on} lies before {as_of}"));
            continue;
        };
        let rises =
            place >= cumulative.len() && day.cumulative_vehicle_count >= built && place < 100_000;
        violations.require(
            rises,
            "days",
            format!("the days and counts must rise, {on} does not"),
        );
        if rises {
            cumulative.resize(place, built);
            built = day.cumulative_vehicle_count;
            cumulative.push(built);
        }
    }
    (as_of, cumulative)
}

fn answer_of(answer: pb::CheckPromiseResponse) -> Result<Answer, Error> {
    let mut violations = Violations::new();
    let build_on = date_opt(answer.build_on.as_ref(), "build_on", &mut violations);
    let kind = match answer.kind() {
        pb::PromiseKind::Planned => Some(Sureness::Planned),
        pb::PromiseKind::Estimate => Some(Sureness::Estimate),
        pb::PromiseKind::Unspecified => None,
    };
    violations
        .finish()
        .map_err(|found| unreadable(&Error::from(found)))?;
    let status = answer.result_status();
    Ok(Answer {
        build: kind
            .zip(build_on)
            .map(|(kind, build_on)| BuildPromise { kind, build_on }),
        plan_id: answer.plan_id,
        status,
        tombstones: answer.tombstones,
        reasons: answer.reasons,
    })
}

fn unreadable(error: &Error) -> Error {
    Error::broken(format!("production's answer cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{catalogue, date};

    fn profile(days: &[(&str, i64)]) -> pb::GetPromiseProfileResponse {
        let days = days.iter().map(|(day, count)| pb::ProfileDay {
            date: Some(date_pb(date(day))),
            cumulative_vehicle_count: *count,
        });
        let variant = pb::VariantProfile {
            variant_id: "MAX".into(),
            days: days.collect(),
            estimate_from: Some(date_pb(date("2024-11-13"))),
            estimate_vehicle_count: 56,
            estimate_days: 28,
        };
        pb::GetPromiseProfileResponse {
            plan_id: "p".into(),
            variants: vec![variant],
        }
    }

    #[test]
    fn days_without_builds_are_filled() {
        let answer = profile(&[("2024-04-02", 3), ("2024-04-05", 4)]);
        let profile = profile_of(answer, &catalogue(), date("2024-04-01")).unwrap();
        let max = &profile.variants[&2];
        assert_eq!(
            (max.first, max.cumulative.as_slice()),
            (date("2024-04-01"), [0, 3, 3, 3, 4].as_slice())
        );
        let at = |rank| max.promise(rank).map(|promise| promise.build_on);
        assert_eq!(at(3), Some(date("2024-04-02")));
        assert_eq!(at(4), Some(date("2024-04-05")));
        assert_eq!(at(6), Some(date("2024-11-14")));
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_not_used() {
        let catalogue = catalogue();
        let read = |answer| profile_of(answer, &catalogue, date("2024-04-01"));
        assert!(read(profile(&[("2024-03-31", 3)])).is_err());
        assert!(read(profile(&[("2024-04-02", 3), ("2024-04-02", 4)])).is_err());
        assert!(read(profile(&[("2024-04-02", 3), ("2024-04-03", 2)])).is_err());
        let mut foreign = profile(&[]);
        foreign.variants[0].variant_id = "PRO".into();
        assert!(read(foreign).is_err());
        let mut without = profile(&[]);
        without.plan_id.clear();
        assert!(read(without).is_ok_and(|profile| profile.variants.is_empty()));
    }
}
