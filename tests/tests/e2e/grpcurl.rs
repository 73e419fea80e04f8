//! Each service as a person meets it with grpcurl: what is there, what it means, calls that work, and for every class of
//! error one call that fails, with its details in words.
//!
//! Two classes cannot be met yet, UNAUTHENTICATED and PERMISSION_DENIED: nobody has to say who they are.

use std::{path::PathBuf, process::Command, time::Instant};

use serde_json::{Value, json};
use takt_tests::{
    Failure, Result, ensure, place,
    process::{Finished, Running, run},
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;

use crate::{SHORT, suite_with_su7};

/// A terminal with grpcurl in it.
pub struct Terminal<'s> {
    /// The program.
    pub grpcurl: PathBuf,
    /// The services.
    pub suite: &'s Suite,
}

impl Terminal<'_> {
    fn command(&self, service: Service, before: &[&str], after: &[&str]) -> Command {
        let mut command = Command::new(&self.grpcurl);
        command
            .args(["-plaintext", "-max-time", "60"])
            .args(before)
            .arg(self.suite.address(service))
            .args(after);
        command
    }

    /// `grpcurl ADDRESS WORDS`.
    fn ask(&self, service: Service, words: &[&str]) -> Result<String> {
        Ok(run(&mut self.command(service, &[], words), SHORT)?
            .ok()?
            .stdout)
    }

    fn ended(&self, service: Service, body: &Value, method: &str) -> Result<Finished> {
        let body = body.to_string();
        run(
            &mut self.command(service, &["-format-error", "-d", &body], &[method]),
            SHORT,
        )
    }

    /// A call that works.
    pub fn call(&self, service: Service, body: &Value, method: &str) -> Result<Value> {
        let told = self.ended(service, body, method)?.ok()?;
        // A stream answers with one document after another; the last one is what it came to.
        let mut documents = serde_json::Deserializer::from_str(&told.stdout).into_iter();
        let last = documents.by_ref().last();
        let last = last.ok_or_else(|| Failure::new(format!("{method} told nothing")))?;
        Ok(last?)
    }

    /// A call that fails with this status, and with these words in its message and details.
    pub fn fails(
        &self,
        service: Service,
        body: &Value,
        method: &str,
        code: tonic::Code,
        words: &[&str],
    ) -> Result<String> {
        let told = self.ended(service, body, method)?;
        let status: Value = serde_json::from_str(&told.stderr)
            .or_else(|_| serde_json::from_str(&told.stdout))
            .map_err(|error| format!("{method}: {error}\n{}{}", told.stdout, told.stderr))?;
        let text = status.to_string();
        let number = status.get("code").and_then(Value::as_i64);
        ensure(number == Some(i64::from(code as i32)), || {
            format!("{method} {body}: not {code:?} but {text}")
        })?;
        for word in words {
            ensure(text.contains(word), || {
                format!("{method} {body}: no {word:?} in {text}")
            })?;
        }
        // A detail that grpcurl cannot read would stand there as bytes.
        ensure(!text.contains("@value") && !text.contains("@error"), || {
            text.clone()
        })?;
        Ok(text)
    }
}

/// A request id by its last digits.
pub fn id(number: u32) -> String {
    format!("6ba7b810-9dad-41d1-80b4-{number:012}")
}

/// A date as grpcurl writes it.
pub fn day(year: i32, month: i32, day: i32) -> Value {
    json!({"year": year, "month": month, "day": day})
}

fn order(order_id: &str, request: u32) -> Value {
    json!({"request_id": id(request), "order": {
        "order_id": order_id, "customer_id": "C-1", "variant_id": "MAX", "city": "Shanghai",
        "options": {"COLOR": "AQUA_BLUE", "WHEEL": "W20", "INT": "GALAXY_GREY"}, "locked_on": day(2024, 3, 28)}})
}

#[test]
fn what_is_there_is_listed_and_described() -> Result {
    let Some(grpcurl) = place::need("grpcurl")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let suite = Suite::start(folder.path())?;
    let terminal = Terminal {
        grpcurl,
        suite: &suite,
    };
    for (service, own, method) in [
        (
            Service::Procurement,
            "takt.procurement.v1.MaterialService",
            "ReserveMaterial",
        ),
        (
            Service::Production,
            "takt.production.v1.VehicleService",
            "TraceBackward",
        ),
        (
            Service::Delivery,
            "takt.delivery.v1.OrderService",
            "CreateOrder",
        ),
    ] {
        let listed = terminal.ask(service, &["list"])?;
        for wanted in [
            own,
            "takt.common.v1.AdminService",
            "takt.common.v1.ProgrammeService",
            "takt.common.v1.StandingService",
            "takt.events.v1.EventService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ] {
            ensure(listed.lines().any(|line| line == wanted), || {
                format!("{service}: no {wanted} in\n{listed}")
            })?;
        }
        // What a service does not serve it does not list.
        let others = Service::ALL.into_iter().filter(|other| *other != service);
        for other in others {
            ensure(!listed.contains(&format!("takt.{other}.")), || {
                format!("{service} lists services of {other}:\n{listed}")
            })?;
        }
        let described = terminal.ask(service, &["describe", &format!("{own}.{method}")])?;
        ensure(described.contains(&format!("rpc {method}")), || {
            described.clone()
        })?;
        let message = terminal.ask(service, &["describe", "google.rpc.BadRequest"])?;
        ensure(message.contains("field_violations"), || message.clone())?;
        let health = terminal.call(service, &json!({}), "grpc.health.v1.Health/Check")?;
        ensure(health == json!({"status": "SERVING"}), || {
            health.to_string()
        })?;
        // Nothing is imported yet: that is a state, and the way out is named.
        let method = match service {
            Service::Procurement => "takt.procurement.v1.SupplierService/ListSuppliers",
            Service::Production => "takt.production.v1.ProductService/ListItems",
            Service::Delivery => "takt.delivery.v1.OrderService/ListOrders",
        };
        terminal.fails(
            service,
            &json!({}),
            method,
            tonic::Code::FailedPrecondition,
            &["NO_PROGRAMME", "takt import"],
        )?;
    }
    Ok(())
}

#[test]
fn calls_work_and_each_class_of_error_tells_its_details() -> Result {
    use Service::{Delivery, Procurement, Production};
    use tonic::Code;
    let Some(grpcurl) = place::need("grpcurl")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let suite = suite_with_su7(folder.path(), Setup::default())?;
    let terminal = Terminal {
        grpcurl,
        suite: &suite,
    };

    // The plan of the first day, and an order with its promise.
    let planned = terminal.call(
        Production,
        &json!({"request_id": id(1), "as_of": day(2023, 12, 17)}),
        "takt.production.v1.PlanningService/RunPlan",
    )?;
    ensure(planned.get("stage") == Some(&json!("DONE")), || {
        planned.to_string()
    })?;
    let create = "takt.delivery.v1.OrderService/CreateOrder";
    let created = terminal.call(Delivery, &order("A-1", 2), create)?;
    let told = created.to_string();
    ensure(
        told.contains("\"deliverOn\"") && told.contains("RESULT_STATUS_COMPLETE"),
        || told.clone(),
    )?;
    // The same request again is answered alike and takes no second order.
    let again = terminal.call(Delivery, &order("A-1", 2), create)?;
    ensure(again == created, || format!("{again}\nand not {created}"))?;
    let listed = terminal.call(
        Delivery,
        &json!({}),
        "takt.delivery.v1.OrderService/ListOrders",
    )?;
    let orders = listed
        .get("orders")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    ensure(orders == 1, || listed.to_string())?;

    let items = terminal.call(
        Production,
        &json!({"page_size": 3}),
        "takt.production.v1.ProductService/ListItems",
    )?;
    ensure(items.get("nextPageToken").is_some(), || items.to_string())?;
    let supplier = terminal.call(
        Procurement,
        &json!({"supplier_id": "CATL"}),
        "takt.procurement.v1.SupplierService/GetSupplier",
    )?;
    ensure(supplier.to_string().contains("CATL"), || {
        supplier.to_string()
    })?;

    // INVALID_ARGUMENT: every field at once, by its path.
    terminal.fails(
        Procurement,
        &json!({}),
        "takt.procurement.v1.MaterialService/ReserveMaterial",
        Code::InvalidArgument,
        &[
            "google.rpc.BadRequest",
            "fieldViolations",
            "request_id",
            "reservation_id",
            "build_on",
        ],
    )?;
    let reserve = |quantity: i64| {
        json!({"request_id": id(3), "reservation_id": "R-1", "build_on": day(2024, 3, 29), "vehicle_count": 1,
               "lines": [{"item_id": "BS-01", "thousandths": quantity}]})
    };
    terminal.fails(
        Procurement,
        &reserve(-1000),
        "takt.procurement.v1.MaterialService/ReserveMaterial",
        Code::InvalidArgument,
        &["lines[0].thousandths", "google.rpc.BadRequest"],
    )?;
    let mut reused = order("A-2", 2);
    reused["order"]["city"] = json!("Beijing");
    terminal.fails(
        Delivery,
        &reused,
        create,
        Code::InvalidArgument,
        &["REQUEST_ID_REUSED"],
    )?;
    let mut impossible = order("A-2", 4);
    impossible["order"]["locked_on"] = day(2024, 2, 30);
    terminal.fails(
        Delivery,
        &impossible,
        create,
        Code::InvalidArgument,
        &["order.locked_on"],
    )?;
    // NOT_FOUND
    terminal.fails(
        Procurement,
        &json!({"supplier_id": "NOBODY"}),
        "takt.procurement.v1.SupplierService/GetSupplier",
        Code::NotFound,
        &["google.rpc.ResourceInfo", "NOBODY"],
    )?;
    terminal.fails(
        Production,
        &json!({"item_id": "BIW-99"}),
        "takt.production.v1.ProductService/GetItem",
        Code::NotFound,
        &["google.rpc.ResourceInfo", "BIW-99"],
    )?;
    // ALREADY_EXISTS
    terminal.fails(
        Delivery,
        &order("A-1", 5),
        create,
        Code::AlreadyExists,
        &["google.rpc.ResourceInfo", "A-1"],
    )?;
    // ABORTED: somebody else was faster.
    let cancel = "takt.delivery.v1.OrderService/CancelOrder";
    let cancelling = |request: u32, etag: &str| json!({"request_id": id(request), "order_id": "A-1", "cancelled_on": day(2024, 4, 1), "etag": etag});
    terminal.fails(
        Delivery,
        &cancelling(6, "old"),
        cancel,
        Code::Aborted,
        &["STALE", "A-1"],
    )?;
    // FAILED_PRECONDITION: a rule said no.
    terminal.call(Delivery, &cancelling(7, ""), cancel)?;
    terminal.fails(
        Delivery,
        &cancelling(8, ""),
        cancel,
        Code::FailedPrecondition,
        &["google.rpc.ErrorInfo", "A-1", "cancelled"],
    )?;
    terminal.fails(
        Procurement,
        &reserve(1000),
        "takt.procurement.v1.MaterialService/ReserveMaterial",
        Code::FailedPrecondition,
        &["google.rpc.ErrorInfo", "BS-01"],
    )?;
    // DEADLINE_EXCEEDED: nothing will have been applied up to there in this time.
    let late = run(
        &mut terminal.command(
            Production,
            &["-max-time", "1", "-d", "{\"position\": 1000000000}"],
            &["takt.events.v1.EventService/AwaitApplied"],
        ),
        SHORT,
    )?;
    ensure(late.stderr.contains("DeadlineExceeded"), || {
        format!("{}{}", late.stdout, late.stderr)
    })?;
    // UNAVAILABLE: production cannot build without procurement's word.
    terminal.call(Delivery, &order("A-3", 9), create)?;
    suite.kill(Procurement);
    terminal.fails(
        Production,
        &json!({"request_id": id(10), "business_date": day(2024, 3, 29)}),
        "takt.production.v1.ShopFloorService/RunDay",
        Code::Unavailable,
        &["procurement"],
    )?;
    // INTERNAL: a fault of ours tells a trace to quote and nothing of the inside.
    let python = place::need("python3")?.unwrap_or_default();
    let spoil = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('ALTER TABLE promise RENAME TO lost'); c.commit()";
    let mut spoilt = Command::new(python);
    spoilt
        .args(["-c", spoil])
        .arg(folder.path().join("delivery.sqlite"));
    run(&mut spoilt, SHORT)?.ok()?;
    let said = terminal.fails(
        Delivery,
        &json!({"order_id": "A-1"}),
        "takt.delivery.v1.OrderService/GetOrder",
        Code::Internal,
        &["quote trace"],
    )?;
    ensure(!said.contains("no such table"), || said.clone())?;
    ensure(suite.log(Delivery).contains("no such table"), || {
        "the log does not say what broke".to_owned()
    })
}

#[test]
fn a_full_service_says_so_and_when_to_come_again() -> Result {
    let Some(grpcurl) = place::need("grpcurl")? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let settings = vec![("delivery", "TAKT_MAX_CALLS", "1".to_owned())];
    let suite = Suite::prepare(folder.path())?.up(Setup {
        settings,
        ..Setup::default()
    })?;
    let terminal = Terminal {
        grpcurl,
        suite: &suite,
    };
    // One call that waits fills it; reflection and health are not counted, or nobody could look.
    let wait = || {
        Running::start(&mut terminal.command(
            Service::Delivery,
            &["-d", "{\"position\": 1000000000}"],
            &["takt.events.v1.EventService/AwaitApplied"],
        ))
    };
    let (mut waiting, begun) = (wait()?, Instant::now());
    let full = loop {
        let mut asked = terminal.command(
            Service::Delivery,
            &["-format-error"],
            &["takt.common.v1.AdminService/Digest"],
        );
        let told = run(&mut asked, SHORT)?.stderr;
        // The one that asked may have been there first, and then the one that waits was turned away.
        if waiting.is_running() && told.contains("\"code\": 8") {
            break told;
        }
        ensure(begun.elapsed() < SHORT, || {
            format!("the service is never full: {told}")
        })?;
        if !waiting.is_running() {
            waiting = wait()?;
        }
    };
    for word in [
        "\"code\": 8",
        "google.rpc.RetryInfo",
        "retryDelay",
        "calls in flight",
    ] {
        ensure(full.contains(word), || format!("no {word} in {full}"))?;
    }
    // Health answers all the same: a full pod is no dead pod.
    terminal.call(Service::Delivery, &json!({}), "grpc.health.v1.Health/Check")?;
    Ok(())
}
