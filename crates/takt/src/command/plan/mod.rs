//! `takt plan`: plans a programme, or a problem that stands in a folder, without any service. It must not know how a
//! plan is made. Invariant: both are told in the same shape.
mod problem;
mod programme;
mod told;

use std::path::PathBuf;

use clap::Args;
use takt_kernel::Date;

use crate::failure::{Failure, Outcome};
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  takt plan su7                                    material requirements of the whole programme, from its first day of orders
  takt plan su7 --as-of 2024-06-10                 as it stands on a morning when all went as planned
  takt plan su7 --finite --vehicles 1000           within the capacity of the six shops, a hundredth of the size
  takt plan su7 --as-of 2024-06-10 --explain SO-0060000
  takt plan su7 --explain AD-02@2024-03-28         why what is received on that day is late, if it is
  takt plan su7 --peg BS-01@2024-06-01             the demands that it is for; an order's parts with --peg ORDER
  takt plan --problem ./problem --today 2027-05-01 --output json

A programme is a built-in one or a folder. The folder of a problem holds items.csv, bom.csv, resources.csv, demands.csv
and, if there are any, receipts.csv (docs/planning.md).";

/// What `takt plan` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PlanArgs {
    /// A built-in programme or a programme folder
    #[arg(
        value_name = "PROGRAMME|DIR",
        required_unless_present = "problem",
        conflicts_with = "problem"
    )]
    programme: Option<String>,

    /// The folder of a problem
    #[arg(long, value_name = "DIR")]
    problem: Option<PathBuf>,

    /// Plan within the capacity of the shops
    #[arg(long)]
    finite: bool,

    /// Plan by week instead of by day
    #[arg(long)]
    week: bool,

    /// The day as of which to plan [default: the programme's first day of orders, or day 0 of the problem]
    #[arg(long, visible_alias = "today", value_name = "DATE")]
    as_of: Option<Date>,

    /// The date of day 0 of a problem
    #[arg(
        long,
        value_name = "DATE",
        default_value = "2027-01-04",
        requires = "problem"
    )]
    day_0: Date,

    /// The size of the run [default: the programme's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000), conflicts_with = "problem")]
    vehicles: Option<u32>,

    /// Messages about planned orders that are to be released within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(i32).range(0..=3_650))]
    horizon: i32,

    /// Say why an order is late, or the orders that an item received on a day is for
    #[arg(long, value_name = "ORDER|ITEM@DATE")]
    explain: Option<String>,

    /// Show what an order lives on, or the demands that an item is for
    #[arg(long, value_name = "ORDER|ITEM[@DATE]")]
    peg: Option<String>,
}

pub(super) fn run(args: PlanArgs, output: Format) -> Outcome<()> {
    match (&args.problem, &args.programme) {
        (Some(folder), _) => problem::run(folder, &args, output),
        (None, Some(source)) => programme::run(source, &args, output),
        (None, None) => Err(Failure::usage("name a programme or --problem DIR")),
    }
}
