//! Delivery centres over a plant that is under way: who wants a day at once, what a day takes, what is said of it; on SQLite and, where there is
//! one, on PostgreSQL.
//!
//! It must not know how a day is given: it counts what was given.

use std::path::Path;

use takt_contract::{
    date_pb,
    delivery::v1::{
        self as pb, appointment_service_client::AppointmentServiceClient,
        order_service_client::OrderServiceClient,
    },
};
use takt_kernel::Date;
use takt_tests::{Failure, Result, ensure, postgres::Postgres, suite::Setup};
use tempfile::tempdir;
use tokio::task::JoinSet;
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt;

use crate::yard::{Played, id, told};

/// The last day that the replay plays.
const LAST: &str = "2024-05-20";
/// So many want the same day.
const CALLERS: usize = 32;
/// So many get it.
const PLACES: usize = 5;

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map_or_else(|| status.to_string(), |info| info.reason)
}

/// Orders for a city that wait for their vehicle.
async fn waiting(channel: &Channel, city: &str) -> Result<Vec<pb::Order>> {
    let mut client = OrderServiceClient::new(channel.clone());
    let mut message = pb::ListOrdersRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let mut found = Vec::new();
    loop {
        let page = client.list_orders(message.clone()).await?.into_inner();
        let fits = |order: &pb::Order| {
            let open = [pb::OrderState::Locked, pb::OrderState::InTransit];
            order.city == city && open.contains(&order.state())
        };
        found.extend(page.orders.into_iter().filter(fits));
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// All callers want the same day at once, and then each again under the same name.
async fn contended(channel: &Channel, day: Date, today: Date, orders: &[pb::Order]) -> Result {
    let mut heard = Vec::new();
    for _ in 0..2 {
        let mut callers = JoinSet::new();
        for order in orders {
            let mut client = AppointmentServiceClient::new(channel.clone());
            let message = pb::BookAppointmentRequest {
                request_id: id(&format!("book {}", order.order_id)),
                order_id: order.order_id.clone(),
                centre_id: "SHANGHAI-1".to_owned(),
                appointed_on: Some(date_pb(day)),
                made_on: Some(date_pb(today)),
            };
            callers.spawn(async move {
                let order = message.order_id.clone();
                let answer = client.book_appointment(message).await;
                let answer = answer.map(|answer| answer.into_inner().appointment);
                (order, answer.map_err(|status| reason(&status)))
            });
        }
        let mut answers = callers.join_all().await;
        answers.sort_by(|a, b| a.0.cmp(&b.0));
        let refused = answers
            .iter()
            .filter_map(|(_, answer)| answer.as_ref().err());
        let refused: Vec<&String> = refused.collect();
        ensure(
            refused.len() == CALLERS - PLACES
                && refused.iter().all(|reason| *reason == "CENTRE_FULL"),
            || format!("{answers:?}"),
        )?;
        heard.push(answers);
    }
    ensure(heard.first() == heard.last(), || {
        "whoever asks again under the same name hears the same".to_owned()
    })
}

fn both(databases: &Path, setup: Setup) -> Result {
    let Played {
        suite,
        runtime,
        yard,
    } = Played::through(databases, setup, 2_000, LAST)?;
    let today = Date::parse(LAST)?;
    let set = told(
        &suite,
        &[
            "centres",
            "set",
            "SHANGHAI-1",
            "--city",
            "Shanghai",
            "--handovers",
            "5",
            "--from",
            LAST,
        ],
    )?;
    ensure(
        set["centres"][0]["handovers_by_weekday"] == serde_json::json!([5, 5, 5, 5, 5, 5, 5]),
        || set.to_string(),
    )?;
    let (day, orders) = runtime.block_on(async {
        yard.settle().await?;
        let mut orders = waiting(&yard.delivery, "Shanghai").await?;
        ensure(orders.len() >= CALLERS, || {
            format!("{} orders", orders.len())
        })?;
        orders.truncate(CALLERS);
        // A year ahead every vehicle of the programme is expected.
        let day = today.plus(365);
        contended(&yard.delivery, day, today, &orders).await?;
        Ok::<_, Failure>((day, orders))
    })?;
    let text = day.to_string();
    let plan = told(&suite, &["centres", "plan", "SHANGHAI-1", "--week", &text])?;
    let days = plan["days"].as_array().cloned().unwrap_or_default();
    let full = days.iter().find(|one| one["date"] == text.as_str());
    ensure(
        full.is_some_and(|one| one["booked"] == 5 && one["proposed"] == 0),
        || plan.to_string(),
    )?;
    let listed = told(
        &suite,
        &["centres", "appointments", "--centre", "SHANGHAI-1"],
    )?;
    let listed = listed["appointments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    ensure(listed.len() == PLACES && orders.len() == CALLERS, || {
        format!("{listed:?}")
    })?;
    // One moves away, and another gets the place.
    let first = listed[0]["order"].as_str().unwrap_or_default();
    let next = day.plus(1).to_string();
    told(
        &suite,
        &["centres", "move", first, "--on", &next, "--made-on", LAST],
    )?;
    let booked: Vec<&str> = listed
        .iter()
        .filter_map(|one| one["order"].as_str())
        .collect();
    let other = orders
        .iter()
        .find(|order| !booked.contains(&order.order_id.as_str()));
    let other = other
        .map(|order| order.order_id.as_str())
        .unwrap_or_default();
    let words = [
        "centres",
        "book",
        other,
        "--centre",
        "SHANGHAI-1",
        "--on",
        &text,
        "--made-on",
        LAST,
    ];
    told(&suite, &words)?;
    let timeline = told(&suite, &["orders", "show", other])?;
    ensure(
        timeline.to_string().contains(&format!("SHANGHAI-1 {text}")),
        || timeline.to_string(),
    )?;
    told(&suite, &["check"])?;
    Ok(())
}

#[test]
fn a_day_of_a_centre_is_never_overbooked_on_sqlite() -> Result {
    let databases = tempdir()?;
    both(databases.path(), Setup::default())
}

#[test]
fn a_day_of_a_centre_is_never_overbooked_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let databases = tempdir()?;
    let setup = Setup {
        database: Some(postgres.databases("centres")?),
        ..Setup::default()
    };
    both(databases.path(), setup)
}
