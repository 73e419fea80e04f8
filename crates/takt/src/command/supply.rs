//! `takt supply`: how long the stock of each bought item lasts, and what stands beside it. It must not know how the days are
//! walked. Invariant: what is under way is told and never counted.
use clap::Args;
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::procurement::v1::material_service_client::MaterialServiceClient;
use takt_contract::procurement::v1::{DaysOfSupply, StreamDaysOfSupplyRequest};
use takt_kernel::{Date, Quantity};

use super::target::TargetArgs;
use crate::connection::{Peer, read};
use crate::failure::Outcome;
use crate::output::{Answer, Format, day, table, table_text, tell};
use crate::problem::in_units;

const EXAMPLES: &str = "\
Examples:
  takt supply                                       every bought item, the one that runs out first on top
  takt supply EX-01 BS-01 --horizon 28           two items, four weeks ahead
  takt supply --data takt-data/su7 --as-of 2024-06-03 --output json

Days of supply follow Catena-X CX-0145: what is under way is not counted (docs/days-of-supply.md).";

/// The rows that a person is shown unless asked otherwise; JSON holds all.
const SHOWN: usize = 40;

/// What `takt supply` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SupplyArgs {
    /// The items [default: every bought item that the plan needs]
    #[arg(value_name = "ITEM")]
    items: Vec<String>,

    /// The evening from which to look ahead [default: the one before the newest plan's first day]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// How many days to look ahead at most [default: all that the plan knows]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(1..=3650))]
    horizon: Option<i32>,

    /// How many items a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,

    #[command(flatten)]
    target: TargetArgs,
}

/// The items as they are told.
#[derive(Debug, Serialize)]
struct Told {
    as_of: Option<String>,
    plan: String,
    items: Vec<Item>,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Item {
    item: String,
    group: String,
    unit: String,
    #[serde(serialize_with = "in_units")]
    on_hand: Quantity,
    #[serde(serialize_with = "in_units")]
    reserved: Quantity,
    #[serde(serialize_with = "in_units")]
    in_transit: Quantity,
    #[serde(serialize_with = "in_units")]
    ordered: Quantity,
    #[serde(serialize_with = "in_units")]
    days: Quantity,
    /// Null: the stock lasts through the horizon.
    stock_out_on: Option<String>,
    #[serde(serialize_with = "in_units")]
    uncovered: Quantity,
    horizon_days: i32,
}

pub(super) async fn run(args: SupplyArgs, output: Format) -> Outcome<()> {
    let target = args.target.open().await?;
    let told = told(&target.peers.procurement, &args).await;
    tell(output, &target.close_after(told).await?)
}

async fn told(peer: &Peer, args: &SupplyArgs) -> Outcome<Told> {
    let message = StreamDaysOfSupplyRequest {
        as_of: args.as_of.map(date_pb),
        horizon_days: args.horizon.unwrap_or_default(),
        item_ids: args.items.clone(),
    };
    let pages = read!(
        peer,
        "read the days of supply",
        MaterialServiceClient.stream_days_of_supply,
        message,
        |page| vec![page]
    )?;
    let first = pages.first();
    Ok(Told {
        as_of: first.and_then(|page| day(page.as_of.as_ref())),
        plan: first.map_or_else(String::new, |page| page.plan_id.clone()),
        items: pages
            .iter()
            .flat_map(|page| &page.lines)
            .map(item)
            .collect(),
        top: args.top,
    })
}

fn item(line: &DaysOfSupply) -> Item {
    Item {
        item: line.item_id.clone(),
        group: line.group.clone(),
        unit: line.unit_code.clone(),
        on_hand: Quantity(line.free_thousandths),
        reserved: Quantity(line.reserved_thousandths),
        in_transit: Quantity(line.in_transit_thousandths),
        ordered: Quantity(line.ordered_thousandths),
        days: Quantity(line.millidays),
        stock_out_on: day(line.stock_out_on.as_ref()),
        uncovered: Quantity(line.uncovered_thousandths),
        horizon_days: line.horizon_days,
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut rows = table(&[
            "item",
            "group",
            ">on hand",
            ">in transit",
            ">ordered",
            ">days",
            "runs out on",
            ">not covered",
        ]);
        let mut items: Vec<&Item> = self.items.iter().collect();
        // What runs out first stands on top; what lasts through the horizon below.
        items.sort_by_key(|item| (item.stock_out_on.is_none(), item.days));
        for item in items.iter().take(self.top) {
            let out = item.stock_out_on.clone().unwrap_or_else(|| "-".to_owned());
            rows.add_row([
                item.item.clone(),
                item.group.clone(),
                item.on_hand.to_string(),
                item.in_transit.to_string(),
                item.ordered.to_string(),
                item.days.to_string(),
                out,
                item.uncovered.to_string(),
            ]);
        }
        let mut text = match &self.as_of {
            Some(as_of) => format!("On the evening of {as_of}, against plan {}\n\n", self.plan),
            None => "The plan needs none of these items.\n".to_owned(),
        };
        if !self.items.is_empty() {
            text.push_str(&table_text(&rows));
        }
        let more = self.items.len().saturating_sub(self.top);
        if more > 0 {
            text.push_str(&format!(
                "{more} more items last longer; --top shows them, --output json holds all\n"
            ));
        }
        text
    }
}
