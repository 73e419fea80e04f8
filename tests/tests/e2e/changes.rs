//! Orders are changed while delivery and production are killed in the middle of it, and whoever asked asks again: at the end both hold every
//! order alike, and what the line then builds is what the customers wanted. On SQLite and, where there is one, on PostgreSQL.
//!
//! It must not know how a change is carried.

use std::{collections::BTreeMap, thread, time::Duration};

use takt_contract::{
    date_pb,
    delivery::v1::{self as delivery, order_service_client::OrderServiceClient},
    production::v1::{
        self as production, order_book_service_client::OrderBookServiceClient,
        shop_floor_service_client::ShopFloorServiceClient,
    },
};
use takt_kernel::{Date, RequestId};
use takt_tests::{
    Failure, Result, ensure,
    postgres::Postgres,
    process::run,
    replay::{Replay, takt},
    seed::Dice,
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;
use tokio::{runtime::Runtime, task::JoinSet};
use tonic::{Code, Request, transport::Channel};

use crate::SHORT;

/// The last evening of the run, and the morning after it.
const EVENING: &str = "2024-05-20";
const MORNING: &str = "2024-05-21";
/// The rounds, and the orders that are changed in each.
const ROUNDS: usize = 6;
const EACH: usize = 20;

/// What an order is: variant, options and city.
type Told = (String, BTreeMap<String, String>);

fn channel(suite: &Suite, service: Service) -> Result<Channel> {
    let uri = format!("http://{}", suite.address(service));
    Ok(Channel::from_shared(uri)?.connect_lazy())
}

/// Every order as delivery has it: what it is, its state, and how its changes stand.
async fn ordered(suite: &Suite) -> Result<BTreeMap<String, (Told, delivery::OrderState)>> {
    let mut client = OrderServiceClient::new(channel(suite, Service::Delivery)?);
    let (mut all, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let page = client
            .list_orders(delivery::ListOrdersRequest {
                page_size: 1000,
                page_token,
                ..delivery::ListOrdersRequest::default()
            })
            .await?
            .into_inner();
        for order in page.orders {
            let state = order.state();
            all.insert(order.order_id, ((order.variant_id, order.options), state));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// Every order as production has it.
async fn booked(suite: &Suite) -> Result<BTreeMap<String, Told>> {
    let mut client = OrderBookServiceClient::new(channel(suite, Service::Production)?);
    let (mut all, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let page = client
            .list_booked_orders(production::ListBookedOrdersRequest {
                page_size: 1000,
                page_token,
            })
            .await?
            .into_inner();
        for order in page.orders {
            all.insert(order.order_id, (order.variant_id, order.options));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// An order becomes something else, mostly another variant.
fn request(name: &str, order_id: &str, dice: &mut Dice) -> Result<delivery::ChangeOrderRequest> {
    let variant = ["STD", "PRO", "MAX", ""][usize::try_from(dice.below(4))?];
    let wheel = ["W19A", "W19S", "W20"][usize::try_from(dice.below(3))?];
    let city = ["Chengdu", "Shanghai", ""][usize::try_from(dice.below(3))?];
    let interior = ["GALAXY_GREY", "OBSIDIAN_BLACK"][usize::try_from(dice.below(2))?];
    let options = [("WHEEL", wheel), ("INT", interior)];
    Ok(delivery::ChangeOrderRequest {
        request_id: RequestId::named(name).to_string(),
        order_id: order_id.to_owned(),
        changed_on: Some(date_pb(Date::parse(MORNING)?)),
        variant_id: variant.to_owned(),
        options: options
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        city: city.to_owned(),
        ..delivery::ChangeOrderRequest::default()
    })
}

/// What was said to a change: done, refused for good, or nothing that can be relied on.
async fn asked(channel: Channel, message: delivery::ChangeOrderRequest) -> Option<bool> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(5));
    match OrderServiceClient::new(channel).change_order(request).await {
        Ok(_) => Some(true),
        Err(status)
            if matches!(
                status.code(),
                Code::FailedPrecondition | Code::InvalidArgument
            ) =>
        {
            Some(false)
        }
        Err(_) => None,
    }
}

/// Asks for all at once, and kills somebody meanwhile.
fn struck(
    suite: &mut Suite,
    runtime: &Runtime,
    messages: &[delivery::ChangeOrderRequest],
    dice: &mut Dice,
) -> Result {
    let victim = [Service::Delivery, Service::Production][usize::try_from(dice.below(2))?];
    let strike = suite.striker(victim);
    let after = Duration::from_millis(5 + dice.below(120));
    let (reached, wanted) = (channel(suite, Service::Delivery)?, messages.to_vec());
    runtime.block_on(async {
        let mut calls = JoinSet::new();
        for message in wanted {
            let channel = reached.clone();
            calls.spawn(async move { asked(channel, message).await });
        }
        tokio::time::sleep(after).await;
        strike();
        calls.abort_all();
    });
    suite.spawn(victim)?;
    suite.wait_for(victim)
}

fn survived(setup: Setup) -> Result {
    let folder = tempdir()?;
    let data = folder.path().join("run");
    let mut options = vec!["--until", EVENING];
    let database = setup.database.clone().unwrap_or_default();
    if !database.is_empty() {
        options.extend(["--database-url", &database, "--migrate"]);
    }
    Replay::su7(&data)
        .vehicles(1000)
        .with(&options)
        .run()?
        .ok()?;
    let mut suite = Suite::prepare(&data)?.up(setup)?;
    let runtime = Runtime::new()?;
    let _inside = runtime.enter();
    let mut dice = Dice::new(20_240_521, "changes");
    let before = runtime.block_on(ordered(&suite))?;
    let open: Vec<&String> = (before.iter())
        .filter(|(_, (_, state))| *state == delivery::OrderState::Locked)
        .map(|(id, _)| id)
        .collect();
    ensure(open.len() > EACH, || format!("{} are open", open.len()))?;
    let (mut done, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let mut messages = Vec::new();
        for at in 0..EACH {
            let which = usize::try_from(dice.below(u64::try_from(open.len())?))?;
            let order = open.get(which).ok_or_else(|| Failure::new("an order"))?;
            messages.push(request(&format!("{round}/{at}"), order, &mut dice)?);
        }
        struck(&mut suite, &runtime, &messages, &mut dice)?;
        // Who was not answered asks again, until there is an answer.
        for message in messages {
            let channel = channel(&suite, Service::Delivery)?;
            let answer = (0..60).find_map(|_| {
                let answer = runtime.block_on(asked(channel.clone(), message.clone()));
                if answer.is_none() {
                    thread::sleep(Duration::from_millis(100));
                }
                answer
            });
            match answer {
                Some(true) => done += 1,
                Some(false) => refused += 1,
                None => return Err(Failure::new(format!("no answer to {message:?}"))),
            }
        }
    }
    ensure(done > ROUNDS * EACH / 3, || {
        format!("{done} changes were done and {refused} refused")
    })?;
    alike(&suite, &runtime)?;

    // The next day of the line builds orders as they are now.
    let day = production::RunDayRequest {
        request_id: RequestId::named("the day after").to_string(),
        business_date: Some(date_pb(Date::parse(MORNING)?)),
        ..production::RunDayRequest::default()
    };
    let mut floor = ShopFloorServiceClient::new(channel(&suite, Service::Production)?);
    let built = runtime.block_on(floor.run_day(day))?.into_inner();
    ensure(built.last_build_number > 0, || format!("{built:?}"))?;
    alike(&suite, &runtime)
}

/// Both sides hold every order alike, and every rule holds.
fn alike(suite: &Suite, runtime: &Runtime) -> Result {
    let settled = |address: String| -> Result {
        let uri = format!("http://{address}");
        let channel = Channel::from_shared(uri)?.connect_lazy();
        let mut client =
            takt_contract::events::v1::event_service_client::EventServiceClient::new(channel);
        let all = takt_contract::events::v1::AwaitAppliedRequest { position: 0 };
        runtime.block_on(client.await_applied(all))?;
        Ok(())
    };
    for service in [Service::Delivery, Service::Production, Service::Delivery] {
        settled(suite.address(service))?;
    }
    let (here, there) = runtime
        .block_on(async { Ok::<_, Failure>((ordered(suite).await?, booked(suite).await?)) })?;
    for (id, (told, _)) in &here {
        ensure(there.get(id) == Some(told), || {
            format!(
                "{id}: delivery has {told:?}, production {:?}",
                there.get(id)
            )
        })?;
    }
    ensure(here.len() == there.len(), || {
        format!("{} orders here, {} there", here.len(), there.len())
    })?;
    let mut check = takt(&["check", "--endpoints", &suite.endpoints()])?;
    run(&mut check, SHORT)?.ok()?;
    Ok(())
}

#[test]
fn changes_survive_the_end_of_a_service_on_sqlite() -> Result {
    survived(Setup::default())
}

#[test]
fn changes_survive_the_end_of_a_service_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    survived(Setup {
        database: Some(postgres.databases("changes")?),
        ..Setup::default()
    })
}
