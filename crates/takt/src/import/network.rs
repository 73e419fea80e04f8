//! The rows of the supply network: suppliers, terms, links, sites and lanes. It must not know the product's
//! structure. Invariant: what a folder does not say stays unsaid; no default is invented here.
use takt_contract::common::v1 as pb;
use takt_contract::common::v1::programme_row::Row;
use takt_contract::{date_pb, price_pb};

use crate::programme::{CostUnit, Direction, Programme};

pub(super) fn suppliers(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme
        .suppliers
        .iter()
        .zip(1..)
        .map(|(supplier, number)| {
            Row::Supplier(pb::SupplierRow {
                supplier_id: supplier.id.to_string(),
                supplier_number: number,
                name: supplier.name.clone(),
                country_code: supplier.country.clone(),
                city: supplier.city.clone(),
                latitude_micro_degrees: supplier.place.map_or(0, |place| place.lat_micro),
                longitude_micro_degrees: supplier.place.map_or(0, |place| place.lon_micro),
                tier: int(supplier.tier),
                description: supplier.what.clone(),
            })
        })
}

pub(super) fn agreements(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme.items.iter().flat_map(|item| {
        item.agreements.iter().zip(1..).map(|(agreement, rank)| {
            Row::Agreement(pb::AgreementRow {
                item_id: item.id.to_string(),
                supplier_id: agreement.supplier.to_string(),
                rank,
                share_millionths: agreement.share.millionths(),
                lot_thousandths: item.lot_size.milli(),
                lead_time_days: int(agreement.lead_time_days),
                price: Some(price_pb(item.unit_cost)),
            })
        })
    })
}

pub(super) fn lanes(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme.lanes.iter().zip(1..).map(|(lane, number)| {
        let (outbound, share, supplier) = match &lane.direction {
            Direction::Inbound { supplier, .. } => (false, 0, supplier.to_string()),
            Direction::Outbound { share } => (true, share.millionths(), String::new()),
        };
        let unit = match lane.cost_unit {
            CostUnit::Vehicle => "vehicle",
            CostUnit::Tonne => "tonne",
        };
        Row::Lane(pb::LaneRow {
            lane_id: lane.id.to_string(),
            outbound,
            from_place: lane.from.clone(),
            to_place: lane.to.clone(),
            mode: lane.mode.clone(),
            distance_km: (lane.distance_m + 500) / 1000,
            transit_millidays: lane.transit_millidays,
            share_millionths: share,
            supplier_id: supplier,
            cost: Some(price_pb(lane.cost)),
            cost_unit: unit.to_owned(),
            lane_number: number,
        })
    })
}

pub(super) fn links(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme.links.iter().map(|link| {
        Row::Link(pb::LinkRow {
            from_supplier_id: link.from.to_string(),
            to_supplier_id: link.to.to_string(),
            item_id: link.item.to_string(),
            name: link.name.clone(),
            into_item_ids: link.into.iter().map(ToString::to_string).collect(),
            share_millionths: link.share.millionths(),
            quantity_thousandths: link.qty_per.map_or(0, |quantity| quantity.milli()),
            lead_time_days: int(link.lead_time_days.unwrap_or(0)),
            customer_stock_days: int(link.customer_stock_millidays.unwrap_or(0) / 1000),
            valid_from: link.valid_from.map(date_pb),
            valid_until: link.valid_to.map(date_pb),
            evidence: link.source_kind.clone(),
        })
    })
}

pub(super) fn nodes(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme.nodes.iter().map(|node| {
        let whole = |thousandths: Option<i64>| thousandths.map(|value| value / 1000);
        Row::Node(pb::NodeRow {
            supplier_id: node.supplier.to_string(),
            item_id: node.item.to_string(),
            name: node.name.clone(),
            capacity_per_week_thousandths: node.capacity_per_week.map(|quantity| quantity.milli()),
            stock_days: whole(node.stock_millidays).map(int),
            time_to_recover_days: whole(node.ttr_millidays).map(int),
            process_hours: whole(node.process_millihours),
            wait_hours: whole(node.wait_millihours),
            yield_millionths: node.yield_share.map(|share| share.millionths()),
            co2e_grams_per_unit: whole(node.co2e_mg_per_unit),
            stock_survives_site_loss: node.stock_survives_site_loss,
        })
    })
}

/// A count as the contract's 32 bits; the import has checked that figures are plausible.
fn int(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
