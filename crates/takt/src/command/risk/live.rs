//! `takt risk` of running services: live stock, goods under way and the released plan. It must not know how a loss is assessed.
//! Invariant: the answer has the shape of that of a folder, so that the two can be laid side by side.
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use takt_contract::common::v1::{Money, ResultStatus};
use takt_contract::procurement::v1::material_service_client::MaterialServiceClient;
use takt_contract::procurement::v1::risk_service_client::RiskServiceClient;
use takt_contract::procurement::v1::{self as pb};
use takt_contract::{date_of, date_pb};
use takt_kernel::{Currency, Date, Quantity};

use super::told::{Site, Stock, Told, days, millionths};
use super::{RiskArgs, SiteStock};
use crate::connection::{Peer, read};
use crate::failure::{Failure, Outcome};

pub(super) async fn told(peer: &Peer, args: &RiskArgs) -> Outcome<Told> {
    let begun = Instant::now();
    let site_stock = match args.site_stock {
        SiteStock::Declared => pb::SiteStock::Unspecified,
        SiteStock::Survives => pb::SiteStock::Survives,
        SiteStock::Lost => pb::SiteStock::IsLost,
    };
    let message = pb::AssessNodesRequest {
        as_of: args.as_of.map(date_pb),
        supplier_id: args.supplier.clone().unwrap_or_default(),
        site_stock: site_stock.into(),
        hidden_only: args.hidden,
    };
    let pages = read!(
        peer,
        "assess the sites",
        RiskServiceClient.assess_nodes,
        message,
        |page| vec![page]
    )?;
    if let Some(file) = &args.write_stock {
        stock_write(peer, file).await?;
    }
    let basis = pages.first().and_then(|page| page.basis.clone());
    let basis = basis.unwrap_or_default();
    let as_of = date_of(basis.as_of.as_ref());
    let status = match basis.result_status() {
        ResultStatus::Partial => "PARTIAL",
        _ => "COMPLETE",
    };
    Ok(Told {
        programme: "the services' programme".to_owned(),
        as_of: as_of.map(|on| on.to_string()).unwrap_or_default(),
        sourcing: "KEEP_SHARES",
        currency: basis.currency_code,
        plan: Some(basis.plan_id),
        result_status: Some(status),
        tombstones: (basis.tombstones.iter())
            .map(|hole| format!("{}: {}", hole.node, hole.detail))
            .collect(),
        nodes: pages
            .iter()
            .flat_map(|page| &page.nodes)
            .map(site)
            .collect(),
        elapsed_seconds: begun.elapsed().as_secs_f64(),
        top: args.top,
    })
}

fn site(node: &pb::NodeRisk) -> Site {
    let stock = |stock: &pb::Mitigation| Stock {
        item: stock.item_id.clone(),
        days: days(stock.millidays),
        quantity: (stock.quantity.as_ref()).map_or(0.0, |quantity| days(quantity.thousandths)),
        cost: stock.cost.as_ref().map_or(0.0, units),
    };
    Site {
        node: format!("{}/{}", node.supplier_id, node.item_id),
        supplier: node.supplier_id.clone(),
        item: node.item_id.clone(),
        name: node.name.clone(),
        tier: u32::try_from(node.tier).unwrap_or(0),
        hidden: node.hidden,
        ttr_days: node.time_to_recover_millidays.map(days),
        tts_days: node.time_to_survive_millidays.map(days),
        lost_vehicles: (node.lost_vehicles_millionths)
            .map(|lost| (millionths(lost) * 10.0).round() / 10.0),
        lost_margin: node.lost_margin.as_ref().map(units),
        rei: (node.lost_vehicles_millionths).map(|_| millionths(node.exposure_index_millionths)),
        binding: Some(node.binding_item_id.clone()).filter(|item| !item.is_empty()),
        mitigation: node.mitigation.iter().map(stock).collect(),
        reason: node
            .time_to_recover_millidays
            .is_none()
            .then_some("TIER_UNKNOWN"),
    }
}

/// An amount in units of its currency.
pub(in crate::command) fn units(money: &Money) -> f64 {
    let currency = Currency::parse(&money.currency_code);
    let digits = currency.map_or(2, |currency| currency.minor_digits());
    money.minor_units as f64 / 10f64.powi(i32::try_from(digits).unwrap_or(2))
}

/// Writes what is in the house and under way to a file.
async fn stock_write(peer: &Peer, file: &Path) -> Outcome<()> {
    let message = pb::StreamSupplyRequest {
        // Whatever was received by now is in the house.
        as_of: Some(date_pb(Date::MAX)),
        ..pb::StreamSupplyRequest::default()
    };
    let items = read!(
        peer,
        "read what there is",
        MaterialServiceClient.stream_supply,
        message,
        |page| page.items
    )?;
    let mut rows = BTreeMap::new();
    for item in &items {
        let own = |supplier: &str| (item.item_id.clone(), supplier.to_owned());
        // An item with many receipts comes in several entries, each of which tells the stock.
        rows.insert(own(""), item.free_thousandths + item.reserved_thousandths);
        for receipt in &item.receipts {
            if receipt.state() == pb::ExpectedReceiptState::Shipped {
                *rows.entry(own(&receipt.supplier_id)).or_default() += receipt.thousandths;
            }
        }
    }
    let mut text = "item_id,supplier_id,quantity\n".to_owned();
    for ((item, supplier), thousandths) in rows.iter().filter(|(_, quantity)| **quantity > 0) {
        text.push_str(&format!("{item},{supplier},{}\n", Quantity(*thousandths)));
    }
    std::fs::write(file, text).map_err(|error| {
        Failure::bad_input(format!("{}: {error}", file.display()))
            .with_way_out("name a file that can be written")
    })
}
