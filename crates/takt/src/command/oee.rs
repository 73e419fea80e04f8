//! `takt oee`: effectiveness by ISO 22400-2, of an event file without any service, or of the shops of services that run.
//! It must not know how an index is computed.
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::production::v1::performance_service_client::PerformanceServiceClient;
use takt_contract::production::v1::{ListOeeRequest, OeeGrain};
use takt_kernel::Date;
use takt_planning::oee::indices;

use super::target::TargetArgs;
use crate::connection::{Peer, WHOLE, pages};
use crate::failure::Outcome;
use crate::output::{Answer, Format, table, table_text, tell};
use crate::problem::events::{WorkUnit, events};
use crate::report::plant::{COLUMNS, Plant, ShopOee, ask_plant, cells, seconds, share, shop_oee};

const EXAMPLES: &str = "\
Examples:
  takt oee ./events.csv                                 of a file, without any service
  takt oee --data takt-data/su7                         of a replay, all shops over the whole run
  takt oee --from 2024-07-01 --through 2024-07-31 --output json
  takt oee --data takt-data/su7 --by week --shop PT

An event file has the columns work_unit, event (shift, planned_down, down, setup, delay, output), start, end
(2024-06-03 07:30:00 or seconds), and for output produced, good and run_seconds.";

/// The rows of a page.
const PAGE: i32 = 1000;

/// What `takt oee` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct OeeArgs {
    /// An event file; without it services are asked
    #[arg(value_name = "FILE", conflicts_with_all = ["endpoints", "data", "database_url", "from", "through", "by", "shop"])]
    file: Option<PathBuf>,

    /// The first day [default: the first that was run]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,

    /// The last day [default: the last that was run]
    #[arg(long, value_name = "DATE")]
    through: Option<Date>,

    /// List by day or by week instead of one window
    #[arg(long, value_enum, value_name = "GRAIN")]
    by: Option<Grain>,

    /// Only this shop of a list
    #[arg(long, value_name = "SHOP", requires = "by")]
    shop: Option<String>,

    #[command(flatten)]
    target: TargetArgs,
}

/// How finely a list is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Grain {
    Day,
    Week,
}

pub(super) async fn run(args: OeeArgs, output: Format) -> Outcome<()> {
    if let Some(file) = &args.file {
        let work_units = events(file)?.iter().map(of_events).collect();
        return tell(output, &Listed { work_units });
    }
    let target = args.target.open().await?;
    let peer = &target.peers.production;
    match args.by {
        None => {
            let told = ask_plant(peer, args.from, args.through).await;
            let told = target.close_after(told).await?;
            tell(output, &Window(told))
        }
        Some(grain) => {
            let told = list(peer, &args, grain).await;
            let work_units = target.close_after(told).await?;
            tell(output, &Listed { work_units })
        }
    }
}

async fn list(peer: &Peer, args: &OeeArgs, grain: Grain) -> Outcome<Vec<ShopOee>> {
    let grain = match grain {
        Grain::Day => OeeGrain::Day,
        Grain::Week => OeeGrain::Week,
    };
    let message = ListOeeRequest {
        shop_id: args.shop.clone().unwrap_or_default(),
        grain: grain.into(),
        from_date: args.from.map(date_pb),
        through_date: args.through.map(date_pb),
        page_size: PAGE,
        page_token: String::new(),
    };
    let rows = pages!(
        peer,
        "list the effectiveness",
        PerformanceServiceClient.list_oee,
        message,
        |page| page.rows,
        WHOLE
    )?;
    rows.iter().map(shop_oee).collect()
}

fn of_events(unit: &WorkUnit) -> ShopOee {
    let found = indices(&unit.time, &unit.output);
    let part = |index: Option<takt_kernel::Share>| share(index.map(|index| index.0));
    ShopOee {
        shop: unit.name.clone(),
        planned_operation_seconds: seconds(unit.time.planned_operation),
        planned_down_seconds: seconds(unit.time.planned_down),
        planned_busy_seconds: seconds(unit.time.planned_busy()),
        down_seconds: seconds(unit.time.down),
        setup_seconds: seconds(unit.time.setup),
        delay_seconds: seconds(unit.time.delay),
        production_seconds: seconds(unit.time.production()),
        produced: unit.output.produced,
        good: unit.output.good(),
        availability: part(found.availability),
        effectiveness: part(found.effectiveness),
        quality: part(found.quality),
        oee: part(found.oee),
        nee: part(found.nee),
        allocation: part(found.allocation),
        utilisation: part(found.utilisation),
        ..ShopOee::default()
    }
}

/// A window of all shops.
#[derive(Debug, Serialize)]
struct Window(Plant);

impl Answer for Window {
    fn text(&self) -> String {
        let mut text = String::new();
        self.0.text(&mut text);
        text
    }
}

/// Work units, or shops by day or week.
#[derive(Debug, Serialize)]
struct Listed {
    work_units: Vec<ShopOee>,
}

impl Answer for Listed {
    fn text(&self) -> String {
        let columns = ["from"].into_iter().chain(COLUMNS);
        let mut lines = table(&columns.collect::<Vec<_>>());
        for unit in &self.work_units {
            let from = unit.from.clone().unwrap_or_default();
            lines.add_row(std::iter::once(from).chain(cells(unit)));
        }
        table_text(&lines)
    }
}
