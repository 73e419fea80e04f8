//! Sixty-four customers at once for the last 320 slots of a variant, each of whom asks again: exactly 320 are held, and who asks
//! again hears the same. On SQLite and, where there is one, on PostgreSQL.

use std::collections::BTreeMap;

use takt_contract::{
    date_pb,
    production::v1::{
        HoldPromiseRequest, InquirePromiseRequest, PromiseWish, RunPlanRequest,
        planning_service_client::PlanningServiceClient,
        promise_service_client::PromiseServiceClient,
    },
};
use takt_kernel::{Date, RequestId};
use takt_tests::{
    Failure, Result, ensure,
    postgres::Postgres,
    process::run,
    replay::takt,
    suite::{Service, Setup},
};
use tempfile::tempdir;
use tokio::{runtime::Runtime, task::JoinSet};
use tonic::transport::Channel;

use crate::{SHORT, suite_with_su7};

/// The first day on which anything may be ordered: every part can be had for every build of the plan.
const AS_OF: &str = "2023-12-17";
const CLIENTS: usize = 64;
const LAST: i64 = 320;
/// What a client wants: twice what there is, over all.
const EACH: i64 = 10;

type Promises = PromiseServiceClient<Channel>;

fn hold(name: &str, count: i64) -> Result<HoldPromiseRequest> {
    Ok(HoldPromiseRequest {
        request_id: RequestId::named(name).to_string(),
        hold_id: name.to_owned(),
        as_of: Some(date_pb(Date::parse(AS_OF)?)),
        wish: Some(wish(count)),
        ttl_seconds: 3600,
        ..HoldPromiseRequest::default()
    })
}

fn wish(count: i64) -> PromiseWish {
    PromiseWish {
        variant_id: "MAX".to_owned(),
        options: BTreeMap::new(),
        vehicle_count: count,
        wanted_on: None,
        split_allowed: true,
    }
}

/// The slots of the variant that are left.
async fn left(promises: &mut Promises) -> Result<i64> {
    let most = 10_000;
    let asked = InquirePromiseRequest {
        as_of: Some(date_pb(Date::parse(AS_OF)?)),
        wish: Some(wish(most)),
        newest: true,
        ..InquirePromiseRequest::default()
    };
    let answer = promises.inquire_promise(asked).await?.into_inner();
    let offer = answer.offer.ok_or_else(|| Failure::new("no offer"))?;
    Ok(most - offer.short_vehicle_count)
}

/// What a client heard: the vehicles that are held for it, or the refusal.
async fn ask(mut promises: Promises, request: HoldPromiseRequest) -> (i64, String) {
    match promises.hold_promise(request).await {
        Ok(answer) => {
            let offer = answer.into_inner().offer.unwrap_or_default();
            let held = offer.slots.iter().map(|slot| slot.vehicle_count).sum();
            (held, format!("{:?}", offer.slots))
        }
        Err(status) => (0, format!("{:?}: {}", status.code(), status.message())),
    }
}

async fn contended(channel: Channel) -> Result {
    let mut plans = PlanningServiceClient::new(channel.clone());
    let run = RunPlanRequest {
        request_id: RequestId::named("plan of the contended slots").to_string(),
        as_of: Some(date_pb(Date::parse(AS_OF)?)),
        validate_only: false,
    };
    let mut progress = plans.run_plan(run).await?.into_inner();
    while progress.message().await?.is_some() {}
    let mut promises = PromiseServiceClient::new(channel.clone());
    let all = left(&mut promises).await?;
    ensure(all > LAST, || format!("the plan has {all} slots in all"))?;
    promises
        .hold_promise(hold("all-but-the-last", all - LAST)?)
        .await?;
    ensure(left(&mut promises).await? == LAST, || {
        "320 are left".to_owned()
    })?;
    let mut heard = Vec::new();
    for round in 0..2 {
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let request = hold(&format!("client-{client}"), EACH)?;
            let promises = promises.clone();
            clients.spawn(async move { (client, ask(promises, request).await) });
        }
        let mut answers = clients.join_all().await;
        answers.sort();
        let held: i64 = answers.iter().map(|(_, (held, _))| held).sum();
        ensure(held == LAST, || {
            format!("round {round}: {held} slots held, {answers:?}")
        })?;
        heard.push(answers);
    }
    ensure(left(&mut promises).await? == 0, || {
        "none is left".to_owned()
    })?;
    let [first, again] = heard.as_slice() else {
        return Err(Failure::new("two rounds"));
    };
    // A refusal leaves nothing behind, so who was refused is decided anew, and is refused again.
    ensure(
        first
            .iter()
            .zip(again)
            .all(|(first, again)| first.1.0 == again.1.0 && (first.1.0 == 0 || first == again)),
        || format!("{first:?}\n{again:?}"),
    )
}

fn both(setup: Setup) -> Result {
    let folder = tempdir()?;
    let suite = suite_with_su7(folder.path(), setup)?;
    let runtime = Runtime::new()?;
    let channel = {
        let _inside = runtime.enter();
        let uri = format!("http://{}", suite.address(Service::Production));
        Channel::from_shared(uri)?.connect_lazy()
    };
    runtime.block_on(contended(channel))?;
    let mut check = takt(&["check", "--endpoints", &suite.endpoints()])?;
    run(&mut check, SHORT)?.ok()?;
    Ok(())
}

#[test]
fn the_last_slots_are_held_once_on_sqlite() -> Result {
    both(Setup::default())
}

#[test]
fn the_last_slots_are_held_once_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    both(Setup {
        database: Some(postgres.databases("slots")?),
        ..Setup::default()
    })
}
