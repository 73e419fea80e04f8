//! The flags of `takt quality`. It must not know what becomes of them.
use clap::{Args, ValueEnum};
use takt_kernel::Date;

use crate::command::target::TargetArgs;

/// Who says it, and on which day.
#[derive(Debug, Args)]
pub(in crate::command) struct WhoArgs {
    /// Who says it
    #[arg(long, value_name = "NAME")]
    pub(super) by: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
}

/// What to open.
#[derive(Debug, Args)]
pub(in crate::command) struct OpenArgs {
    /// What is wrong, in a line
    #[arg(value_name = "TITLE")]
    pub(super) title: String,
    /// The code of the defect
    #[arg(long, value_name = "CODE")]
    pub(super) defect: String,
    /// The item it is about
    #[arg(long, value_name = "ITEM", default_value = "")]
    pub(super) item: String,
    /// The operation at which it was found
    #[arg(long, value_name = "OPERATION", default_value = "")]
    pub(super) operation: String,
    #[command(flatten)]
    pub(super) who: WhoArgs,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// A step.
#[derive(Debug, Args)]
pub(in crate::command) struct StepArgs {
    /// The non-conformance
    #[arg(value_name = "NC")]
    pub(super) nc_id: String,
    /// The step, 0 to 8 for D0 to D8
    #[arg(value_name = "STEP", value_parser = clap::value_parser!(i32).range(0..=8))]
    pub(super) step: i32,
    /// What was done or found, or why it is taken back
    #[arg(value_name = "TEXT")]
    pub(super) text: String,
    #[command(flatten)]
    pub(super) who: WhoArgs,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// What to hold.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("scope").required(true).args(["vins", "builds", "lot", "item"]))]
pub(in crate::command) struct HoldArgs {
    /// The non-conformance that the hold contains
    #[arg(value_name = "NC")]
    pub(super) nc_id: String,
    /// Vehicles by their numbers; repeatable, or with commas
    #[arg(long = "vin", value_name = "VIN", value_delimiter = ',')]
    pub(super) vins: Vec<String>,
    /// Vehicles by their build numbers
    #[arg(long, value_name = "FIRST-LAST")]
    pub(super) builds: Option<String>,
    /// A lot, at procurement and in vehicles
    #[arg(long, value_name = "LOT")]
    pub(super) lot: Option<String>,
    /// Vehicles that use an item, built from --from through --through
    #[arg(long, value_name = "ITEM", requires_all = ["from", "through"])]
    pub(super) item: Option<String>,
    /// The first day of the item's window
    #[arg(long, value_name = "DATE")]
    pub(super) from: Option<Date>,
    /// The last day of the item's window
    #[arg(long, value_name = "DATE")]
    pub(super) through: Option<Date>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) who: WhoArgs,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// The dispositions, as people type them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Disposition {
    UseAsIs = 1,
    Rework = 2,
    Repair = 3,
    Scrap = 4,
    ReturnToSupplier = 5,
}

/// What is decided.
#[derive(Debug, Args)]
pub(in crate::command) struct DecideArgs {
    /// The hold
    #[arg(value_name = "HOLD")]
    pub(super) hold_id: String,
    /// What becomes of what is held
    #[arg(value_enum)]
    pub(super) disposition: Disposition,
    /// Only these vehicles; repeatable, or with commas [default: all that the hold keeps]
    #[arg(long = "vin", value_name = "VIN", value_delimiter = ',')]
    pub(super) vins: Vec<String>,
    /// The hold's lot and no vehicle
    #[arg(long, conflicts_with = "vins")]
    pub(super) lot: bool,
    /// What the decision stands on
    #[arg(long, value_name = "TEXT")]
    pub(super) note: String,
    /// Release the vehicles that nothing else keeps back
    #[arg(long)]
    pub(super) release: bool,
    #[command(flatten)]
    pub(super) who: WhoArgs,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// Which vehicle to release.
#[derive(Debug, Args)]
pub(in crate::command) struct ReleaseArgs {
    /// The vehicle
    #[arg(value_name = "VIN")]
    pub(super) vin: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// Which cases to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ListArgs {
    /// Only open ones
    #[arg(long, conflicts_with = "closed")]
    pub(super) open: bool,
    /// Only closed ones
    #[arg(long)]
    pub(super) closed: bool,
    /// Only with this code
    #[arg(long, value_name = "CODE", default_value = "")]
    pub(super) defect: String,
    /// Only about this item
    #[arg(long, value_name = "ITEM", default_value = "")]
    pub(super) item: String,
    /// Only those that keep this vehicle back
    #[arg(long, value_name = "VIN", default_value = "")]
    pub(super) vin: String,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i32).range(1..=1000), value_name = "N")]
    pub(super) limit: i32,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// One case or hold.
#[derive(Debug, Args)]
pub(in crate::command) struct OneArgs {
    /// Its id, NC-000001 or QH-000001
    #[arg(value_name = "ID")]
    pub(super) id: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// Some days.
#[derive(Debug, Args)]
pub(in crate::command) struct DaysArgs {
    /// The first day of jobs [default: from the beginning]
    #[arg(long, value_name = "DATE")]
    pub(super) from: Option<Date>,
    /// The last day of jobs [default: to the end]
    #[arg(long, value_name = "DATE")]
    pub(super) through: Option<Date>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// By what defects are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum By {
    #[default]
    Code = 1,
    Operation = 2,
}

/// What to count.
#[derive(Debug, Args)]
pub(in crate::command) struct ParetoArgs {
    /// By code or by operation
    #[arg(long, value_enum, default_value_t)]
    pub(super) by: By,
    #[command(flatten)]
    pub(super) days: DaysArgs,
}
