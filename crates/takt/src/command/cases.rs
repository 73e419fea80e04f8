//! `takt cases`: the cases of service, and the groups of vehicles in which an item fails too often. It must not know how a group is judged:
//! the service says it. Invariant: nothing is changed.
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::delivery::v1::service_case_service_client::ServiceCaseServiceClient;
use takt_contract::delivery::v1::{
    ClusterDimension, FailureCluster, ListCasesRequest, ListFailureClustersRequest, ServiceCase,
    ServiceCaseState,
};
use takt_kernel::Date;

use super::target::{TargetArgs, told_by};
use crate::connection::{Peer, WHOLE, ask};
use crate::failure::Outcome;
use crate::output::{Answer, Format, day, grouped, table, table_text};

const LIST_EXAMPLES: &str = "\
Examples:
  takt cases list --state open                             what nobody has looked at yet
  takt cases list --category 'brake noise or wear' --data takt-data/su7
  takt cases list --vin LXMSU7A16RB000001 --output json";

const CLUSTER_EXAMPLES: &str = "\
Examples:
  takt cases clusters --data takt-data/su7                 the groups that fail more often than chance explains
  takt cases clusters --item TH-09 --by lot --all          every lot of an item that has a failure
  takt cases clusters --as-of 2024-09-30 --output json     what was known then

docs/service-cases.md tells the test and its correction.";

/// What can be asked about cases.
#[derive(Debug, Subcommand)]
pub(super) enum CasesTask {
    /// List cases in the order in which they were recorded
    List(ListArgs),
    /// Rank groups of vehicles in which an item fails more often than in the item's other vehicles
    Clusters(ClusterArgs),
}

/// How a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Open,
    Diagnosed,
    Repaired,
    Closed,
    Cancelled,
}

/// What `takt cases list` is told.
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub(super) struct ListArgs {
    /// Only those that stand so
    #[arg(long, value_enum)]
    state: Option<State>,

    /// Only those of this category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,

    /// Only those of this vehicle
    #[arg(long, value_name = "VIN")]
    vin: Option<String>,

    /// The most cases to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    top: u32,

    #[command(flatten)]
    target: TargetArgs,
}

/// By what vehicles are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Lot,
    Supplier,
    Week,
    City,
}

/// What `takt cases clusters` is told.
#[derive(Debug, Args)]
#[command(after_help = CLUSTER_EXAMPLES)]
pub(super) struct ClusterArgs {
    /// Only groups of this item
    #[arg(long, value_name = "ID")]
    item: Option<String>,

    /// Only groups of this kind
    #[arg(long, value_enum)]
    by: Option<By>,

    /// What was known at the end of this day [default: all of it]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// How many days after its handover a vehicle counts
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=3_650))]
    window: i32,

    /// The probability, in percent, of naming any group wrongly
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = level)]
    level: i64,

    /// Every group with a failure, and not the significant ones alone
    #[arg(long)]
    all: bool,

    /// The most groups to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    top: u32,

    #[command(flatten)]
    target: TargetArgs,
}

/// A share in percent as millionths.
fn level(text: &str) -> Result<i64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    let millionths = takt_kernel::decimal(number, 4, "share").map_err(|error| error.to_string())?;
    if (1..=500_000).contains(&millionths) {
        Ok(millionths)
    } else {
        Err("it is from 0.0001% to 50%".to_owned())
    }
}

pub(super) async fn run(task: CasesTask, output: Format) -> Outcome<()> {
    match task {
        CasesTask::List(args) => {
            told_by!(args.target, output, delivery, |peer| listed(peer, &args))
        }
        CasesTask::Clusters(args) => {
            told_by!(args.target, output, delivery, |peer| clusters(peer, &args))
        }
    }
}

#[derive(Debug, Serialize)]
struct Listed {
    cases: Vec<Case>,
    /// Whether there are more than were asked for.
    more: bool,
}

#[derive(Debug, Serialize)]
struct Case {
    case: String,
    vin: String,
    order: String,
    state: &'static str,
    category: String,
    city: String,
    opened_on: Option<String>,
    /// Null where no part has failed.
    item: Option<String>,
    lot: Option<String>,
    serial_number: Option<String>,
    supplier: Option<String>,
    remedy: Option<String>,
    labour_hours: Option<f64>,
    cost: Option<f64>,
    currency: Option<String>,
    ended_on: Option<String>,
}

async fn listed(peer: &Peer, args: &ListArgs) -> Outcome<Listed> {
    let state = args
        .state
        .map_or(ServiceCaseState::Unspecified, |state| match state {
            State::Open => ServiceCaseState::Open,
            State::Diagnosed => ServiceCaseState::Diagnosed,
            State::Repaired => ServiceCaseState::Repaired,
            State::Closed => ServiceCaseState::Closed,
            State::Cancelled => ServiceCaseState::Cancelled,
        });
    let mut message = ListCasesRequest {
        state: state.into(),
        category: args.category.clone().unwrap_or_default(),
        vin: args.vin.clone().unwrap_or_default(),
        ..ListCasesRequest::default()
    };
    let mut cases: Vec<Case> = Vec::new();
    loop {
        let left = usize::try_from(args.top).unwrap_or(usize::MAX) - cases.len();
        message.page_size = i32::try_from(left.min(1_000)).unwrap_or(1_000);
        let page = ask!(
            peer,
            "list the cases",
            ServiceCaseServiceClient.list_cases,
            message.clone()
        )?;
        cases.extend(page.service_cases.into_iter().map(case));
        let full = cases.len() >= usize::try_from(args.top).unwrap_or(usize::MAX);
        message.page_token = page.next_page_token;
        if full || message.page_token.is_empty() {
            let more = !message.page_token.is_empty();
            return Ok(Listed { cases, more });
        }
    }
}

fn case(case: ServiceCase) -> Case {
    let state = case.state();
    let some = |text: String| (!text.is_empty()).then_some(text);
    let part = case.failed_part.unwrap_or_default();
    let cost = case.repair.as_ref().and_then(|repair| repair.cost.clone());
    Case {
        case: case.case_id,
        vin: case.vin,
        order: case.order_id,
        state: match state {
            ServiceCaseState::Unspecified => "unknown",
            ServiceCaseState::Open => "open",
            ServiceCaseState::Diagnosed => "diagnosed",
            ServiceCaseState::Repaired => "repaired",
            ServiceCaseState::Closed => "closed",
            ServiceCaseState::Cancelled => "cancelled",
        },
        category: case.category,
        city: case.city,
        opened_on: day(case.opened_on.as_ref()),
        item: some(part.item_id),
        lot: some(part.lot_id),
        serial_number: some(part.serial_number),
        supplier: some(part.supplier_id),
        labour_hours: case
            .repair
            .as_ref()
            .map(|repair| repair.labour_millihours as f64 / 1000.0),
        remedy: case.repair.map(|repair| repair.remedy),
        cost: cost.as_ref().map(|cost| cost.minor_units as f64 / 100.0),
        currency: cost.map(|cost| cost.currency_code),
        ended_on: day(case.ended_on.as_ref()),
    }
}

impl Answer for Listed {
    fn text(&self) -> String {
        let mut rows = table(&[
            "case", "vehicle", "state", "opened", "category", "item", "lot", ">cost",
        ]);
        for case in &self.cases {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            rows.add_row([
                case.case.clone(),
                case.vin.clone(),
                case.state.to_owned(),
                text(&case.opened_on),
                case.category.chars().take(40).collect(),
                text(&case.item),
                text(&case.lot),
                case.cost
                    .map_or_else(|| "-".to_owned(), |cost| format!("{cost:.2}")),
            ]);
        }
        let mut text = table_text(&rows);
        if self.more {
            text.push_str("there are more; --top shows them\n");
        }
        text
    }
}

/// Groups as they are told.
#[derive(Debug, Serialize)]
struct Clusters {
    /// How many groups were tested; the correction is for so many.
    tested: i64,
    significant: i64,
    level: f64,
    window_days: i32,
    clusters: Vec<Cluster>,
    /// Whether there are more than were asked for.
    more: bool,
}

#[derive(Debug, Serialize)]
struct Cluster {
    item: String,
    by: &'static str,
    key: String,
    /// Null where the group is not of one supplier.
    supplier: Option<String>,
    vehicles: i64,
    failed: i64,
    vehicle_days: i64,
    other_vehicles: i64,
    other_failed: i64,
    other_vehicle_days: i64,
    expected: f64,
    p_value: f64,
    adjusted_p_value: f64,
    significant: bool,
    /// Null where no other vehicle has failed.
    rate_ratio: Option<f64>,
}

async fn clusters(peer: &Peer, args: &ClusterArgs) -> Outcome<Clusters> {
    let dimension = args
        .by
        .map_or(ClusterDimension::Unspecified, |by| match by {
            By::Lot => ClusterDimension::Lot,
            By::Supplier => ClusterDimension::Supplier,
            By::Week => ClusterDimension::BuildWeek,
            By::City => ClusterDimension::City,
        });
    let mut message = ListFailureClustersRequest {
        item_id: args.item.clone().unwrap_or_default(),
        dimension: dimension.into(),
        as_of: args.as_of.map(date_pb),
        window_days: args.window,
        level_millionths: args.level,
        all: args.all,
        ..ListFailureClustersRequest::default()
    };
    let top = usize::try_from(args.top).unwrap_or(usize::MAX);
    let mut told = Clusters {
        tested: 0,
        significant: 0,
        level: args.level as f64 / 1e6,
        window_days: args.window,
        clusters: Vec::new(),
        more: false,
    };
    loop {
        let left = top - told.clusters.len();
        message.page_size = i32::try_from(left.min(1_000)).unwrap_or(1_000);
        let page = ask!(
            peer,
            "rank the failure clusters",
            ServiceCaseServiceClient.list_failure_clusters,
            message.clone(),
            WHOLE
        )?;
        (told.tested, told.significant) = (page.tested_count, page.significant_count);
        told.clusters.extend(page.clusters.into_iter().map(cluster));
        message.page_token = page.next_page_token;
        told.more = !message.page_token.is_empty();
        if !told.more || told.clusters.len() >= top {
            return Ok(told);
        }
    }
}

fn cluster(told: FailureCluster) -> Cluster {
    let by = by_name(told.dimension());
    Cluster {
        item: told.item_id,
        by,
        key: told.key,
        supplier: (!told.supplier_id.is_empty()).then_some(told.supplier_id),
        vehicles: told.vehicle_count,
        failed: told.failed_count,
        vehicle_days: told.vehicle_days,
        other_vehicles: told.other_vehicle_count,
        other_failed: told.other_failed_count,
        other_vehicle_days: told.other_vehicle_days,
        expected: told.expected_failures_milli as f64 / 1000.0,
        p_value: told.p_value_trillionths as f64 / 1e12,
        adjusted_p_value: told.adjusted_p_value_millionths as f64 / 1e6,
        significant: told.significant,
        rate_ratio: told.rate_ratio_milli.map(|milli| milli as f64 / 1000.0),
    }
}

/// What groups are called for people.
pub(crate) fn by_name(dimension: ClusterDimension) -> &'static str {
    match dimension {
        ClusterDimension::Unspecified => "unknown",
        ClusterDimension::Lot => "lot",
        ClusterDimension::Supplier => "supplier",
        ClusterDimension::BuildWeek => "week",
        ClusterDimension::City => "city",
    }
}

impl Answer for Clusters {
    fn text(&self) -> String {
        let mut rows = table(&[
            "item",
            "by",
            "group",
            ">vehicles",
            ">failed",
            ">expected",
            ">times",
            ">p",
            ">corrected",
        ]);
        for one in &self.clusters {
            rows.add_row([
                one.item.clone(),
                one.by.to_owned(),
                one.key.clone(),
                grouped(one.vehicles),
                grouped(one.failed),
                format!("{:.2}", one.expected),
                one.rate_ratio
                    .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}")),
                format!("{:.1e}", one.p_value),
                format!("{:.6}", one.adjusted_p_value),
            ]);
        }
        let mut text = if self.clusters.is_empty() {
            String::new()
        } else {
            format!("{}\n", table_text(&rows))
        };
        text.push_str(&format!(
            "{} of {} groups fail more often than chance explains, with a probability of at most {} % of naming any wrongly\n",
            grouped(self.significant),
            grouped(self.tested),
            self.level * 100.0
        ));
        if self.more {
            text.push_str("there are more; --top shows them\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_in_percent() {
        assert_eq!((level("1%"), level("0.05 %")), (Ok(10_000), Ok(500)));
        assert!(level("0%").is_err() && level("51").is_err() && level("x").is_err());
    }
}
