//! `takt kpi`: the key figures of deliveries. It must not know how they are counted. Invariant: nothing is changed.
use clap::{Args, ValueEnum};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::delivery::v1::{self as pb};
use takt_kernel::Date;

use super::target::{TargetArgs, told_by};
use crate::connection::Peer;
use crate::failure::Outcome;
use crate::output::{Answer, Format, grouped, percent, table, table_text};
use crate::report::kpis::{Kpis, ask_kpis};

const EXAMPLES: &str = "\
Examples:
  takt kpi                                              all that was handed over
  takt kpi --from 2024-06-01 --through 2024-06-30       what was handed over in June
  takt kpi --by city --output json --data takt-data/su7 each city by itself
  takt kpi --variant MAX --by month                     how a variant went, month by month

docs/handover.md says how each figure is counted.";

/// By what handovers are grouped.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    City,
    Variant,
    Month,
}

/// What `takt kpi` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct KpiArgs {
    /// The first day of handovers [default: from the beginning]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The last day of handovers [default: all that is known]
    #[arg(long, value_name = "DATE")]
    through: Option<Date>,
    /// Only handovers in this city
    #[arg(long, value_name = "NAME", default_value = "")]
    city: String,
    /// Only handovers of this variant
    #[arg(long, value_name = "ID", default_value = "")]
    variant: String,
    /// Each group by itself as well
    #[arg(long, value_enum)]
    by: Option<By>,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Serialize)]
struct Told {
    total: Kpis,
    groups: Vec<Kpis>,
}

pub(super) async fn run(args: KpiArgs, output: Format) -> Outcome<()> {
    told_by!(args.target, output, delivery, |peer| told(peer, &args))
}

async fn told(peer: &Peer, args: &KpiArgs) -> Outcome<Told> {
    let group_by = args.by.map_or(pb::KpiGrouping::Unspecified, |by| match by {
        By::City => pb::KpiGrouping::City,
        By::Variant => pb::KpiGrouping::Variant,
        By::Month => pb::KpiGrouping::Month,
    });
    let message = pb::GetDeliveryKpisRequest {
        from_date: args.from.map(date_pb),
        through_date: args.through.map(date_pb),
        city: args.city.clone(),
        variant_id: args.variant.clone(),
        group_by: group_by.into(),
    };
    let (total, groups) = ask_kpis(peer, message).await?;
    Ok(Told { total, groups })
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut text = String::new();
        self.total.text(&mut text);
        if self.groups.is_empty() {
            return text;
        }
        let mut rows = table(&[
            "group",
            ">handovers",
            ">median days",
            ">nine of ten",
            ">perfect",
            ">first promise",
            ">configuration",
            ">way",
            ">inspection",
            ">no case",
        ]);
        for one in &self.groups {
            let share = |part| percent(part, one.handed_over);
            rows.add_row([
                one.key.clone().unwrap_or_default(),
                grouped(one.handed_over),
                one.order_to_delivery.median.to_string(),
                one.order_to_delivery.p90.to_string(),
                share(one.perfect),
                share(one.on_first_promise),
                share(one.right_configuration),
                share(one.no_exception),
                share(one.no_failed_inspection),
                share(one.no_service_case),
            ]);
        }
        text.push('\n');
        text.push_str(&table_text(&rows));
        text
    }
}
