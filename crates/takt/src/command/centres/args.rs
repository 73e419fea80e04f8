//! What `takt centres` is told. It must not know the services. Invariant: every command says by examples what it is for.
use clap::{Args, Subcommand, ValueEnum};
use takt_contract::delivery::v1 as pb;
use takt_kernel::Date;

use crate::command::target::TargetArgs;

const EXAMPLES: &str = "\
Examples:
  takt centres set CHENGDU-1 --city Chengdu --handovers 40,40,40,40,40,60,60 --from 2024-04-03
  takt centres set CHENGDU-1 --city Chengdu --handovers 50 --from 2024-07-01 --closed 2024-07-06 --inspection
  takt centres list --city Chengdu
  takt centres plan CHENGDU-1 --week 2024-06-03         the week, who comes, and days for those without an appointment
  takt centres book SO-0002001 --centre CHENGDU-1 --on 2024-06-05 --made-on 2024-06-01
  takt centres appointments --at-risk                   whose vehicle will not be there, and the next free day
  takt centres move SO-0002001 --on 2024-06-07 --made-on 2024-06-04
  takt centres no-show SO-0002001 --on 2024-06-07
  takt centres inspect LXMSU7A16RB000001 --centre CHENGDU-1 --on 2024-06-04 --major PAINT-03

docs/handover.md says what a centre asks of a handover.";

/// What can be done about centres.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum CentresTask {
    /// List centres with their days
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Open a centre, or give one its days and rules anew
    #[command(after_help = EXAMPLES)]
    Set(SetArgs),
    /// Show the week of a centre, with days for vehicles that have no appointment
    #[command(after_help = EXAMPLES)]
    Plan(PlanArgs),
    /// List appointments
    #[command(after_help = EXAMPLES)]
    Appointments(AppointmentArgs),
    /// Book an appointment
    #[command(after_help = EXAMPLES)]
    Book(BookArgs),
    /// Move an appointment to another day or centre
    #[command(after_help = EXAMPLES)]
    Move(MoveArgs),
    /// Cancel an appointment
    #[command(after_help = EXAMPLES)]
    Cancel(EndArgs),
    /// Say that a customer did not come
    #[command(after_help = EXAMPLES)]
    NoShow(EndArgs),
    /// Record an inspection before the handover
    #[command(after_help = EXAMPLES)]
    Inspect(InspectArgs),
}

/// Which centres to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ListArgs {
    /// Only centres in this city
    #[arg(long, value_name = "NAME", default_value = "")]
    pub city: String,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// The centre to set.
#[derive(Debug, Args)]
pub(in crate::command) struct SetArgs {
    /// The centre
    #[arg(value_name = "CENTRE")]
    pub centre: String,
    /// The city in which it hands over
    #[arg(long, value_name = "NAME")]
    pub city: String,
    /// What people call it [default: its id]
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// The handovers of a day: one number, or seven from Monday to Sunday
    #[arg(
        long,
        value_name = "N",
        value_delimiter = ',',
        required = true,
        allow_negative_numbers = true
    )]
    pub handovers: Vec<i32>,
    /// The first day on which this holds
    #[arg(long, value_name = "DATE")]
    pub from: Date,
    /// A day without handovers; may be given several times
    #[arg(long, value_name = "DATE", value_delimiter = ',')]
    pub closed: Vec<Date>,
    /// A vehicle has to pass an inspection before it is handed over here
    #[arg(long)]
    pub inspection: bool,
    /// The entity tag of the centre as it was seen [default: whatever it is]
    #[arg(long, value_name = "ETAG", default_value = "")]
    pub etag: String,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Which week to plan.
#[derive(Debug, Args)]
pub(in crate::command) struct PlanArgs {
    /// The centre
    #[arg(value_name = "CENTRE")]
    pub centre: String,
    /// A day of the week
    #[arg(long, value_name = "DATE")]
    pub week: Date,
    /// The first day that can still be given away [default: the Monday of the week]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// How many proposals a person is shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// How an appointment stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::command) enum State {
    Booked,
    Kept,
    Moved,
    Cancelled,
    NoShow,
}

impl From<State> for pb::AppointmentState {
    fn from(state: State) -> Self {
        match state {
            State::Booked => Self::Booked,
            State::Kept => Self::Kept,
            State::Moved => Self::Moved,
            State::Cancelled => Self::Cancelled,
            State::NoShow => Self::NoShow,
        }
    }
}

/// Which appointments to list.
#[derive(Debug, Args)]
pub(in crate::command) struct AppointmentArgs {
    /// Only those at this centre
    #[arg(long, value_name = "CENTRE", default_value = "")]
    pub centre: String,
    /// Only those of this order
    #[arg(long, value_name = "ORDER", default_value = "")]
    pub order: String,
    /// Only those in this state
    #[arg(long, value_enum, conflicts_with = "at_risk")]
    pub state: Option<State>,
    /// Only those whose vehicle will not be there
    #[arg(long)]
    pub at_risk: bool,
    /// How many a person is shown
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub top: usize,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// The appointment to make.
#[derive(Debug, Args)]
pub(in crate::command) struct BookArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    pub order: String,
    /// The centre
    #[arg(long, value_name = "CENTRE")]
    pub centre: String,
    /// The day of the handover
    #[arg(long, value_name = "DATE")]
    pub on: Date,
    /// The day on which this is booked
    #[arg(long, value_name = "DATE")]
    pub made_on: Date,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// The appointment to move.
#[derive(Debug, Args)]
pub(in crate::command) struct MoveArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    pub order: String,
    /// The centre [default: the one that stands]
    #[arg(long, value_name = "CENTRE", default_value = "")]
    pub centre: String,
    /// The day of the handover
    #[arg(long, value_name = "DATE")]
    pub on: Date,
    /// The day on which this is booked
    #[arg(long, value_name = "DATE")]
    pub made_on: Date,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// The appointment to end.
#[derive(Debug, Args)]
pub(in crate::command) struct EndArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    pub order: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub on: Date,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// The inspection to record.
#[derive(Debug, Args)]
pub(in crate::command) struct InspectArgs {
    /// The vehicle
    #[arg(value_name = "VIN")]
    pub vin: String,
    /// The centre
    #[arg(long, value_name = "CENTRE")]
    pub centre: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    pub on: Date,
    /// A critical defect that was found; may be given several times
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub critical: Vec<String>,
    /// A major defect that was found
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub major: Vec<String>,
    /// A minor defect that was found
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub minor: Vec<String>,
    /// A defect found before that is mended
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub mended: Vec<String>,
    #[command(flatten)]
    pub target: TargetArgs,
}
