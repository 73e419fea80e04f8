//! The flags of `takt recall`. It must not know what they do.
use clap::{Args, Subcommand, ValueEnum};
use takt_contract::delivery::v1 as pb;
use takt_kernel::Date;

use super::scope::ScopeArgs;
use crate::command::target::TargetArgs;

const EXAMPLES: &str = "\
Examples:
  takt recall scope --lot TH-09.SUP.000007                 who would be in it
  takt recall open RC-7 --title 'coolant pump' --defect 'seizes when cold' --remedy workshop --on 2024-06-10 \\
      --lot TH-09.SUP.000007 --stop loading
  takt recall open RC-01 --title 'parking assist' --defect 'time synchronisation' --remedy ota --on 2025-01-24 \\
      --built 2024-02-06..2024-11-26 --variant STD --software AD-01=1.0.1
  takt recall show RC-7                                    counts, and week by week
  takt recall vehicles RC-7 --state identified
  takt recall remedy RC-7 --on 2024-06-14 --vin LXM...     or --every identified
  takt recall lift RC-7 --on 2024-06-20 --reason 'all in the yard are remedied'

docs/recalls.md says what is affected, what is exposed, and what the gate does.";

/// What can be done about recalls.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum RecallTask {
    /// Open a recall with its vehicles, and stop them if that is asked for
    #[command(after_help = EXAMPLES)]
    Open(Box<OpenArgs>),
    /// List the vehicles that scopes would name; nothing is opened
    #[command(after_help = EXAMPLES)]
    Scope(Box<CandidateArgs>),
    /// Add scopes to a recall, and open it again when it is closed
    #[command(after_help = EXAMPLES)]
    Extend(Box<ExtendArgs>),
    /// Keep affected vehicles from leaving, or from their customers as well
    #[command(after_help = EXAMPLES)]
    Stop(StopArgs),
    /// Let the vehicles of a stop-ship go again
    #[command(after_help = EXAMPLES)]
    Lift(LiftArgs),
    /// Record what was done about vehicles: notified, scheduled, remedied, unreachable, exempt
    #[command(after_help = EXAMPLES)]
    Remedy(RemedyArgs),
    /// Close a recall
    #[command(after_help = EXAMPLES)]
    Close(DayArgs),
    /// List recalls
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Show a recall, its counts and its weeks
    #[command(after_help = EXAMPLES)]
    Show(OneArgs),
    /// List the vehicles of a recall
    #[command(after_help = EXAMPLES)]
    Vehicles(VehicleArgs),
}

/// How a defect is remedied.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Remedy {
    Workshop,
    Ota,
}

/// What is kept back.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Stop {
    Loading,
    Handover,
}

impl From<Stop> for pb::StopShip {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Loading => Self::Loading,
            Stop::Handover => Self::LoadingAndHandover,
        }
    }
}

/// The states of a vehicle.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    Identified,
    Notified,
    Scheduled,
    Remedied,
    Unreachable,
    Exempt,
}

impl From<State> for pb::RecallVehicleState {
    fn from(state: State) -> Self {
        match state {
            State::Identified => Self::Identified,
            State::Notified => Self::Notified,
            State::Scheduled => Self::Scheduled,
            State::Remedied => Self::Remedied,
            State::Unreachable => Self::Unreachable,
            State::Exempt => Self::Exempt,
        }
    }
}

/// A recall to open.
#[derive(Debug, Args)]
pub(in crate::command) struct OpenArgs {
    /// The recall's name
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    /// The title
    #[arg(long, value_name = "TEXT")]
    pub(super) title: String,
    /// What is wrong
    #[arg(long, value_name = "TEXT")]
    pub(super) defect: String,
    /// How it is remedied
    #[arg(long, value_enum)]
    pub(super) remedy: Remedy,
    /// The software that an ota remedy installs; production's record follows it
    #[arg(long, value_name = "ITEM=VERSION")]
    pub(super) software: Option<String>,
    /// The regulator
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(super) regulator: String,
    /// The regulator's number of the recall
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) reference: String,
    /// How many vehicles the regulator's notice names
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) published: i64,
    /// The day of opening
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
    /// What is kept back at once
    #[arg(long, value_enum)]
    pub(super) stop: Option<Stop>,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// Whom to look for.
#[derive(Debug, Args)]
pub(in crate::command) struct CandidateArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    /// How many vehicles a person is shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) top: usize,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// What to add.
#[derive(Debug, Args)]
pub(in crate::command) struct ExtendArgs {
    /// The recall
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// What to stop.
#[derive(Debug, Args)]
pub(in crate::command) struct StopArgs {
    /// The recall
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
    /// What is kept back
    #[arg(long, value_enum, default_value = "loading")]
    pub(super) what: Stop,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// What to let go.
#[derive(Debug, Args)]
pub(in crate::command) struct LiftArgs {
    /// The recall
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
    /// Why the vehicles may leave
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// What was done.
#[derive(Debug, Args)]
pub(in crate::command) struct RemedyArgs {
    /// The recall
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    /// The state that the vehicles have from now on
    #[arg(long, value_enum, default_value = "remedied")]
    pub(super) state: State,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
    /// The vehicles
    #[arg(
        long,
        value_name = "VIN",
        value_delimiter = ',',
        required_unless_present = "every"
    )]
    pub(super) vin: Vec<String>,
    /// Every recalled vehicle in this state instead
    #[arg(long, value_enum, conflicts_with = "vin")]
    pub(super) every: Option<State>,
    /// A note for the record, for example the workshop
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) note: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// A recall and a day.
#[derive(Debug, Args)]
pub(in crate::command) struct DayArgs {
    /// The recall
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub(super) on: Date,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// Which recalls to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ListArgs {
    /// Only those that are open
    #[arg(long)]
    pub(super) open: bool,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// A recall.
#[derive(Debug, Args)]
pub(in crate::command) struct OneArgs {
    /// The recall
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// Which vehicles to list.
#[derive(Debug, Args)]
pub(in crate::command) struct VehicleArgs {
    /// The recall
    #[arg(value_name = "RECALL")]
    pub(super) recall: String,
    /// Only recalled ones in this state
    #[arg(long, value_enum)]
    pub(super) state: Option<State>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}
