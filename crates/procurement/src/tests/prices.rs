//! Agreed prices: by quantity and day, in invoices and in what is owed, and what is said no to.

use std::sync::Arc;

use takt_contract::{
    common::v1::Price,
    procurement::v1::{
        self as pb, invoice_service_server::InvoiceService,
        sourcing_service_server::SourcingService,
    },
};
use tonic::{Code, Request, Status};

use super::{World, id, on, reason};
use crate::{invoice::rpc::InvoiceRpc, sourcing::rpc::SourcingRpc};

fn dollars(cents: i64) -> Price {
    Price {
        currency_code: "USD".into(),
        micros: cents * 10_000,
    }
}

fn agree(request: &str, from: i32, breaks: &[(i64, i64)]) -> pb::AgreePricesRequest {
    let breaks = breaks.iter().map(|(pieces, cents)| pb::PriceBreak {
        from_thousandths: pieces * 1000,
        price: Some(dollars(*cents)),
    });
    pb::AgreePricesRequest {
        request_id: id(request),
        item_id: "BOLT".into(),
        supplier_id: "BETA".into(),
        valid_from: on(from),
        breaks: breaks.collect(),
    }
}

async fn agreed(world: &World, message: pb::AgreePricesRequest) -> Result<pb::PriceList, Status> {
    let rpc = SourcingRpc(Arc::clone(&world.desk));
    let answer = rpc.agree_prices(Request::new(message)).await?;
    Ok(answer.into_inner().prices.unwrap())
}

async fn listed(world: &World, message: pb::ListPricesRequest) -> pb::ListPricesResponse {
    let rpc = SourcingRpc(Arc::clone(&world.desk));
    let answer = rpc.list_prices(Request::new(message)).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn a_line_is_billed_at_the_price_of_its_quantity() {
    let mut world = World::new().await;
    world.plan(100, &[(2, 120, &[25])]).await;
    // Two dollars as the programme has it; from day 110 on 1.90, and 1.80 from twenty on.
    agreed(&world, agree("first", 110, &[(0, 190), (20, 180)]))
        .await
        .unwrap();
    agreed(&world, agree("later", 118, &[(0, 250)]))
        .await
        .unwrap();
    for day in 113..=115 {
        world.release(day).await.unwrap();
    }
    let lines = world.lines().await;
    let line = lines
        .iter()
        .find(|line| line.supplier_id == "BETA")
        .unwrap();
    world.ship(118, std::slice::from_ref(line)).await;
    world.receive(119, &["ASN-BETA-118"]).await.unwrap();
    let bill = |number: &str, cents: i64| pb::RecordInvoiceRequest {
        request_id: id(number),
        supplier_id: "BETA".into(),
        invoice_number: number.into(),
        invoiced_on: on(120),
        currency_code: "USD".into(),
        lines: vec![pb::BilledLine {
            line_number: line.line_number,
            thousandths: 10_000,
            unit_price_micros: cents * 10_000,
        }],
    };
    let record = async |number: &str, cents: i64| {
        let rpc = InvoiceRpc(Arc::clone(&world.desk));
        let answer = rpc.record_invoice(Request::new(bill(number, cents))).await;
        answer.unwrap().into_inner().invoice.unwrap()
    };
    // Twenty are ordered, so ten of them are billed at 1.80, and not at 1.90 nor at the two dollars of the programme.
    assert_eq!(record("R-1", 180).await.state(), pb::InvoiceState::Matched);
    assert_eq!(record("R-2", 190).await.state(), pb::InvoiceState::Blocked);

    // What is ordered keeps its price.
    let late = agreed(&world, agree("late", 115, &[(0, 100)])).await;
    let late = late.unwrap_err();
    assert_eq!(
        (reason(&late).as_str(), late.code()),
        ("PRICE_IN_USE", Code::FailedPrecondition)
    );
    assert!(
        late.message().contains("BOLT of BETA"),
        "{}",
        late.message()
    );

    let message = pb::ListPricesRequest {
        page_size: 1,
        ..Default::default()
    };
    let page = listed(&world, message.clone()).await;
    assert_eq!((page.prices.len(), page.prices[0].breaks.len()), (1, 2));
    let rest = listed(
        &world,
        pb::ListPricesRequest {
            page_token: page.next_page_token,
            ..message
        },
    )
    .await;
    assert_eq!(rest.prices[0].breaks[0].price, Some(dollars(250)));
    assert!(rest.next_page_token.is_empty());
    let of_day = pb::ListPricesRequest {
        as_of: on(117),
        ..Default::default()
    };
    let counts = listed(&world, of_day).await.prices;
    assert_eq!((counts.len(), counts[0].valid_from), (1, on(110)));
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn what_is_wrong_with_prices_is_named() {
    let world = World::new().await;
    let nobody = pb::AgreePricesRequest {
        supplier_id: "GAMA".into(),
        ..agree("nobody", 110, &[(0, 1)])
    };
    assert_eq!(
        agreed(&world, nobody).await.unwrap_err().code(),
        Code::NotFound
    );
    for (breaks, field) in [
        (&[][..], "breaks"),
        (&[(5, 100)][..], "breaks[0].from_thousandths"),
        (&[(0, 100), (0, 90)][..], "breaks[1].from_thousandths"),
        (&[(0, -1)][..], "breaks[0].price"),
    ] {
        let refused = agreed(&world, agree("wrong", 110, breaks))
            .await
            .unwrap_err();
        assert!(
            refused.code() == Code::InvalidArgument && format!("{refused:?}").contains(field),
            "{refused:?}"
        );
    }
    let mut foreign = agree("foreign", 110, &[(0, 100)]);
    foreign.breaks[0].price = Some(Price {
        currency_code: "EUR".into(),
        micros: 1,
    });
    assert_eq!(
        agreed(&world, foreign).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM agreed_price").await, 0);
}
