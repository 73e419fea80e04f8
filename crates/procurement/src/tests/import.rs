//! What an import brings, and what it is refused for.

use takt_contract::{
    common::v1::{self as common, programme_row::Row},
    procurement::v1::{self as pb, supplier_service_server::SupplierService},
};
use takt_service::{Error, ImportSink};
use tonic::Request;

use super::{World, call, sample};
use crate::{import::ProgrammeSink, programme::SourceNo};

#[tokio::test]
async fn the_catalogue_has_what_can_be_bought() {
    let world = World::new().await;
    let catalogue = world.desk.catalogue(&call()).await.unwrap();
    assert_eq!(
        catalogue
            .bought()
            .iter()
            .map(|bought| bought.item.id.as_str())
            .collect::<Vec<_>>(),
        ["BOLT", "COIL", "LAMP"]
    );
    let (bought, source, supplier) = catalogue.source(SourceNo::new(2, 2)).unwrap();
    assert_eq!((bought.item.number, supplier.number), (2, 2));
    // A transit of 2.5 days takes three (RULES 4).
    assert_eq!((source.transit_days, source.terms.lead_days), (3, 6));
    assert_eq!(
        catalogue.lot_text(source.number.lot(7).unwrap()),
        "BOLT.ALFA.000007"
    );
    assert!(catalogue.item("CAR").is_none());
    assert_eq!(
        world.number("SELECT COUNT(*) FROM link").await
            + world.number("SELECT COUNT(*) FROM node").await,
        2
    );
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM node WHERE stock_days IS NULL")
            .await,
        1
    );
}

/// The rows with one agreement put in the place of another.
fn with(index: usize, row: common::AgreementRow) -> Vec<Row> {
    let mut rows = sample::rows();
    let at = rows
        .iter()
        .position(|row| matches!(row, Row::Agreement(_)))
        .unwrap();
    rows[at + index] = Row::Agreement(row);
    rows
}

#[tokio::test]
async fn a_programme_with_which_nothing_could_be_ordered_is_refused() {
    let mut none = sample::agreement("BOLT", 2, "ALFA", 40, 10_000, 6);
    none.price = None;
    let cases = [
        (
            with(1, sample::agreement("BOLT", 2, "ALFA", 30, 10_000, 6)),
            "add up to 1",
        ),
        (
            with(1, sample::agreement("BOLT", 2, "ALFA", 40, 20_000, 6)),
            "different sizes",
        ),
        (
            with(1, sample::agreement("BOLT", 2, "ALFA", 40, 10_000, 2)),
            "under way for 3",
        ),
        (
            with(1, sample::agreement("BOLT", 2, "OMEGA", 40, 10_000, 6)),
            "not among the suppliers",
        ),
        (
            with(1, sample::agreement("BOLT", 2, "PLANT", 40, 10_000, 6)),
            "no inbound lane from PLANT",
        ),
        (
            with(3, sample::agreement("LAMPS", 1, "GAMA", 100, 10_000, 6)),
            "not among the items",
        ),
        (
            with(1, sample::agreement("BOLT", 100, "ALFA", 40, 10_000, 6)),
            "counts from 1 to 99",
        ),
        (
            with(1, sample::agreement("BOLT", 2, "ALFA", 40, 0, 6)),
            "more than nothing",
        ),
        (with(1, none), "price is missing"),
        (sample::rows().split_off(1), "has one programme"),
    ];
    for (rows, sentence) in cases {
        let error = World::empty().await.import(rows).await.unwrap_err();
        let Error::Invalid { violations, .. } = &error else {
            panic!("{error}")
        };
        assert!(
            violations
                .iter()
                .any(|one| one.description.contains(sentence)),
            "{sentence}: {violations:?}"
        );
    }
}

#[tokio::test]
async fn a_session_that_was_given_up_leaves_nothing() {
    let world = World::new().await;
    world
        .desk
        .store
        .write(&call(), "test_clear", |tx| ProgrammeSink.clear(tx))
        .await
        .unwrap();
    for table in [
        "SELECT COUNT(*) FROM item",
        "SELECT COUNT(*) FROM agreement",
        "SELECT COUNT(*) FROM link",
    ] {
        assert_eq!(world.number(table).await, 0, "{table}");
    }
    world.import(sample::rows()).await.unwrap();
}

#[tokio::test]
async fn suppliers_are_listed_page_by_page_with_their_terms() {
    let world = World::new().await;
    let mut ids = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListSuppliersRequest {
            page_size: 3,
            page_token,
        };
        let page = world
            .suppliers
            .list_suppliers(Request::new(message))
            .await
            .unwrap()
            .into_inner();
        ids.extend(
            page.suppliers
                .into_iter()
                .map(|supplier| supplier.supplier_id),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["ALFA", "BETA", "GAMA", "PLANT"]);
    let message = pb::GetSupplierRequest {
        supplier_id: "GAMA".into(),
    };
    let gama = world
        .suppliers
        .get_supplier(Request::new(message))
        .await
        .unwrap()
        .into_inner();
    let items: Vec<_> = gama
        .agreements
        .iter()
        .map(|one| {
            (
                one.item_id.as_str(),
                one.lot.clone().unwrap_or_default().thousandths,
            )
        })
        .collect();
    assert_eq!(items, [("COIL", 5_500), ("LAMP", 2_000)]);
    let message = pb::GetSupplierRequest {
        supplier_id: "OMEGA".into(),
    };
    assert_eq!(
        world
            .suppliers
            .get_supplier(Request::new(message))
            .await
            .unwrap_err()
            .code(),
        tonic::Code::NotFound
    );
}
