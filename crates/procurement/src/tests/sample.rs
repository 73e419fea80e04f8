//! A small programme: bolts from two suppliers, a coil in kilograms, a lamp, and a made item that nobody buys.

use takt_contract::{
    common::v1::{self as pb, programme_row::Row},
    date_pb,
};
use takt_kernel::Date;

/// The first day on which anything may be ordered.
pub(crate) const ORDER_FROM: i32 = 100;

/// A day of the tests.
pub(crate) fn day(n: i32) -> Date {
    Date::from_epoch_day(19_000 + n)
}

fn supplier(number: i32, id: &str) -> Row {
    Row::Supplier(pb::SupplierRow {
        supplier_id: id.into(),
        supplier_number: number,
        name: format!("{id} Ltd"),
        country_code: "CN".into(),
        tier: i32::from(number > 1),
        ..pb::SupplierRow::default()
    })
}

fn item(number: i32, id: &str, unit: &str, made: bool) -> Row {
    Row::Item(pb::ItemRow {
        item_id: id.into(),
        item_number: number,
        group: "body".into(),
        unit_code: unit.into(),
        made,
        ..pb::ItemRow::default()
    })
}

pub(crate) fn agreement(
    item: &str,
    rank: i32,
    supplier: &str,
    percent: i64,
    lot: i64,
    lead: i32,
) -> pb::AgreementRow {
    pb::AgreementRow {
        item_id: item.into(),
        supplier_id: supplier.into(),
        rank,
        share_millionths: percent * 10_000,
        lot_thousandths: lot,
        lead_time_days: lead,
        price: Some(pb::Price {
            currency_code: "USD".into(),
            micros: 2_000_000,
        }),
    }
}

fn lane(number: i32, supplier: &str, transit: i64) -> Row {
    Row::Lane(pb::LaneRow {
        lane_id: format!("IN-{supplier}"),
        supplier_id: supplier.into(),
        lane_number: number,
        transit_millidays: transit,
        ..pb::LaneRow::default()
    })
}

/// The rows of the programme.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::Header(pb::ProgrammeHeader {
            programme_id: "demo".into(),
            plant_id: "PLANT".into(),
            plant_supplier_id: "PLANT".into(),
            order_from: Some(date_pb(day(ORDER_FROM))),
            last_plan_date: Some(date_pb(day(200))),
            ..pb::ProgrammeHeader::default()
        }),
        supplier(1, "PLANT"),
        supplier(2, "ALFA"),
        supplier(3, "BETA"),
        supplier(4, "GAMA"),
        item(1, "CAR", "H87", true),
        item(2, "BOLT", "H87", false),
        item(3, "COIL", "KGM", false),
        item(4, "LAMP", "H87", false),
        // BETA comes first in the file of suppliers of bolts and second in that of all suppliers.
        Row::Agreement(agreement("BOLT", 1, "BETA", 60, 10_000, 4)),
        Row::Agreement(agreement("BOLT", 2, "ALFA", 40, 10_000, 6)),
        Row::Agreement(agreement("COIL", 1, "GAMA", 100, 5_500, 5)),
        Row::Agreement(agreement("LAMP", 1, "GAMA", 100, 2_000, 8)),
        lane(1, "ALFA", 2_500),
        lane(2, "BETA", 500),
        lane(3, "GAMA", 1_000),
        Row::Link(pb::LinkRow {
            from_supplier_id: "GAMA".into(),
            to_supplier_id: "ALFA".into(),
            item_id: "WIRE".into(),
            into_item_ids: vec!["BOLT".into()],
            share_millionths: 1_000_000,
            quantity_thousandths: 1_000,
            valid_from: Some(date_pb(day(0))),
            evidence: "estimated".into(),
            ..pb::LinkRow::default()
        }),
        Row::Node(pb::NodeRow {
            supplier_id: "GAMA".into(),
            item_id: "WIRE".into(),
            time_to_recover_days: Some(30),
            ..pb::NodeRow::default()
        }),
    ]
}
