//! `takt jobs`: the jobs of a day are opened, looked at, and reported on by hand. It must not know what a state allows:
//! the service says it. Invariant: an event that a person reports has an id of its own.
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::production::v1::{
    DispatchJobsRequest, GetJobRequest, Job, JobEvent, JobState, ListJobsRequest, ReportRequest,
    StationAnswer, StationEvent, StationEventKind,
    shop_floor_service_client::ShopFloorServiceClient, station_answer::Outcome as Told,
};
use takt_kernel::{Clock, Date};

use super::target::TargetArgs;
use crate::connection::{Peer, ask, new_id};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, day, grouped, table, table_text, tell};

const EXAMPLES: &str = "\
Examples:
  takt jobs dispatch 2024-04-03              open the jobs of a day that was run
  takt jobs list --station FA-070 --state ready
  takt jobs list --subject LXMSU7A14RB000123
  takt jobs show LXMSU7A14RB000123/FA-070
  takt jobs report start FA-070/2 LXMSU7A14RB000123
  takt jobs report rework PT-100/1 LXMSU7A14RB000123 --defect PAINT-RUN --note 'left rear door'";

/// What can be done about jobs.
#[derive(Debug, Subcommand)]
pub(super) enum JobsTask {
    /// Open the jobs of a day that was run: one for every operation of each vehicle and feeder order
    #[command(after_help = EXAMPLES)]
    Dispatch(DispatchArgs),
    /// List jobs, by state, operation and subject
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Show a job and everything that was reported about it
    #[command(after_help = EXAMPLES)]
    Show(ShowArgs),
    /// Report one event at a station
    #[command(after_help = EXAMPLES)]
    Report(ReportArgs),
}

/// Which day to open.
#[derive(Debug, Args)]
pub(super) struct DispatchArgs {
    /// The day
    #[arg(value_name = "DATE")]
    date: Date,
    #[command(flatten)]
    target: TargetArgs,
}

/// The states, as people type them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StateName {
    Waiting = 1,
    Ready = 2,
    Running = 3,
    Held = 4,
    Suspended = 5,
    Completed = 6,
    Aborted = 7,
}

/// Which jobs to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_enum)]
    state: Option<StateName>,
    /// Only jobs of this operation, FA-070, or at this station, FA-070/2
    #[arg(long, value_name = "STATION")]
    station: Option<String>,
    /// Only jobs of this vehicle, or of this feeder order such as 2024-04-03.BS-01
    #[arg(long, value_name = "VIN")]
    subject: Option<String>,
    /// Only jobs of this day
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i32).range(1..=1000), value_name = "N")]
    limit: i32,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which job to show.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The job: subject and operation, LXMSU7A14RB000123/FA-070
    #[arg(value_name = "JOB")]
    job_id: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// What happened, as people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindName {
    Start,
    Complete,
    Scrap,
    Rework,
    Hold,
    Release,
}

/// One event.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// What happened
    #[arg(value_enum)]
    kind: KindName,
    /// The station, FA-070/2
    #[arg(value_name = "STATION")]
    station: String,
    /// The vehicle, or the feeder order
    #[arg(value_name = "VIN")]
    subject: String,
    /// The code of the defect; a scrap or rework needs one
    #[arg(long, value_name = "CODE", default_value = "")]
    defect: String,
    /// What a person should know; a hold needs one
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Of a scrap, how much in thousandths [default: all that is left]
    #[arg(long, value_name = "THOUSANDTHS", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    quantity: i64,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Serialize)]
struct Dispatched {
    date: String,
    vehicles: i64,
    shop_orders: i64,
    jobs: i64,
}

impl Answer for Dispatched {
    fn text(&self) -> String {
        let Self {
            date,
            vehicles,
            shop_orders,
            jobs,
        } = self;
        format!(
            "{date}: {} jobs of {} vehicles and {} feeder orders are open\n",
            grouped(*jobs),
            grouped(*vehicles),
            grouped(*shop_orders)
        )
    }
}

#[derive(Debug, Serialize)]
struct JobLine {
    job: String,
    date: Option<String>,
    state: String,
    station: String,
    quantity_thousandths: i64,
    scrapped_thousandths: i64,
    reworks: i32,
}

#[derive(Debug, Serialize)]
struct Listed {
    jobs: Vec<JobLine>,
    more: bool,
}

impl Answer for Listed {
    fn text(&self) -> String {
        if self.jobs.is_empty() {
            return "no job is like that\n".to_owned();
        }
        let mut lines = table(&["job", "day", "state", "station", ">reworks", ">scrapped"]);
        for job in &self.jobs {
            lines.add_row([
                job.job.clone(),
                job.date.clone().unwrap_or_default(),
                job.state.clone(),
                job.station.clone(),
                job.reworks.to_string(),
                units(job.scrapped_thousandths),
            ]);
        }
        let more = if self.more {
            "there are more; ask for more with --limit\n"
        } else {
            ""
        };
        format!("{}{more}", table_text(&lines))
    }
}

#[derive(Debug, Serialize)]
struct EventLine {
    sequence: i64,
    event: String,
    station: String,
    at: String,
    state: String,
    defect: String,
    note: String,
}

#[derive(Debug, Serialize)]
struct Shown {
    job: JobLine,
    events: Vec<EventLine>,
}

impl Answer for Shown {
    fn text(&self) -> String {
        let mut lines = table(&[">no", "event", "station", "at", "then", "defect", "note"]);
        for event in &self.events {
            lines.add_row([
                event.sequence.to_string(),
                event.event.clone(),
                event.station.clone(),
                event.at.clone(),
                event.state.clone(),
                event.defect.clone(),
                event.note.clone(),
            ]);
        }
        format!(
            "{} is {}\n\n{}",
            self.job.job,
            self.job.state,
            table_text(&lines)
        )
    }
}

#[derive(Debug, Serialize)]
struct Reported {
    job: String,
    event_id: String,
    state: String,
    sequence: i64,
}

impl Answer for Reported {
    fn text(&self) -> String {
        format!("{} is {} now\n", self.job, self.state)
    }
}

/// Thousandths as units; whole ones without a fraction.
fn units(thousandths: i64) -> String {
    match thousandths % 1_000 {
        0 => (thousandths / 1_000).to_string(),
        rest => format!("{}.{:03}", thousandths / 1_000, rest.abs()),
    }
}

fn state(number: i32) -> String {
    let state = JobState::try_from(number).unwrap_or_default();
    state
        .as_str_name()
        .trim_start_matches("JOB_STATE_")
        .to_owned()
}

fn line(job: Job) -> JobLine {
    JobLine {
        job: job.job_id,
        date: day(job.business_date.as_ref()),
        state: state(job.state),
        station: job.station_id,
        quantity_thousandths: job.thousandths,
        scrapped_thousandths: job.scrapped_thousandths,
        reworks: job.rework_count,
    }
}

fn event_line(event: JobEvent) -> EventLine {
    let kind = StationEventKind::try_from(event.kind).unwrap_or_default();
    let at = event.occurred_at.unwrap_or_default();
    let day = i32::try_from(at.seconds.div_euclid(86_400)).unwrap_or(0);
    let second = at.seconds.rem_euclid(86_400);
    EventLine {
        sequence: event.sequence,
        event: kind
            .as_str_name()
            .trim_start_matches("STATION_EVENT_KIND_")
            .to_owned(),
        station: event.station_id,
        at: format!(
            "{} {:02}:{:02}:{:02}",
            Date::from_epoch_day(day),
            second / 3_600,
            second / 60 % 60,
            second % 60
        ),
        state: state(event.state),
        defect: event.defect_code,
        note: event.note,
    }
}

pub(super) async fn run(task: JobsTask, output: Format) -> Outcome<()> {
    match task {
        JobsTask::Dispatch(args) => {
            let target = args.target.open().await?;
            let open = dispatch(&target.peers.production, args.date).await;
            tell(output, &target.close_after(open).await?)
        }
        JobsTask::List(args) => {
            let target = args.target.open().await?;
            let listed = list(&target.peers.production, args).await;
            tell(output, &target.close_after(listed).await?)
        }
        JobsTask::Show(args) => {
            let target = args.target.open().await?;
            let shown = show(&target.peers.production, args.job_id).await;
            tell(output, &target.close_after(shown).await?)
        }
        JobsTask::Report(args) => {
            let target = args.target.open().await?;
            let told = report(&target.peers.production, args).await;
            tell(output, &target.close_after(told).await?)
        }
    }
}

async fn dispatch(peer: &Peer, date: Date) -> Outcome<Dispatched> {
    let message = DispatchJobsRequest {
        request_id: new_id(),
        business_date: Some(date_pb(date)),
    };
    let open = ask!(
        peer,
        "dispatch jobs",
        ShopFloorServiceClient.dispatch_jobs,
        message
    )?;
    Ok(Dispatched {
        date: date.to_string(),
        vehicles: open.vehicle_count,
        shop_orders: open.shop_order_count,
        jobs: open.job_count,
    })
}

async fn list(peer: &Peer, args: ListArgs) -> Outcome<Listed> {
    let message = ListJobsRequest {
        page_size: args.limit,
        page_token: String::new(),
        state: args.state.map_or(0, |state| state as i32),
        station_id: args.station.unwrap_or_default(),
        subject_id: args.subject.unwrap_or_default(),
        business_date: args.date.map(date_pb),
    };
    let page = ask!(peer, "list jobs", ShopFloorServiceClient.list_jobs, message)?;
    Ok(Listed {
        more: !page.next_page_token.is_empty(),
        jobs: page.jobs.into_iter().map(line).collect(),
    })
}

async fn show(peer: &Peer, job_id: String) -> Outcome<Shown> {
    let message = GetJobRequest { job_id };
    let told = ask!(peer, "show a job", ShopFloorServiceClient.get_job, message)?;
    Ok(Shown {
        job: line(told.job.unwrap_or_default()),
        events: told.events.into_iter().map(event_line).collect(),
    })
}

async fn report(peer: &Peer, args: ReportArgs) -> Outcome<Reported> {
    let kind = match args.kind {
        KindName::Start => StationEventKind::Start,
        KindName::Complete => StationEventKind::Complete,
        KindName::Scrap => StationEventKind::Scrap,
        KindName::Rework => StationEventKind::Rework,
        KindName::Hold => StationEventKind::Hold,
        KindName::Release => StationEventKind::Release,
    };
    // A person reports what happens now; the clock is that of the machine at the station.
    let micros = Clock::System.now_micros();
    let event = StationEvent {
        event_id: new_id(),
        station_id: args.station,
        subject_id: args.subject,
        kind: kind.into(),
        occurred_at: Some(prost_types::Timestamp {
            seconds: micros.div_euclid(1_000_000),
            nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0),
        }),
        thousandths: args.quantity,
        defect_code: args.defect,
        note: args.note,
    };
    let messages = [ReportRequest {
        events: vec![event],
    }];
    let answers = crate::bulk::send(
        peer,
        "report at a station",
        &messages,
        |channel, stream| async move {
            let answers = ShopFloorServiceClient::new(channel).report(stream).await?;
            Ok(answers.into_inner())
        },
    );
    let answer = answers
        .await?
        .into_iter()
        .flat_map(|answer| answer.answers)
        .next();
    told(answer.unwrap_or_default())
}

fn told(answer: StationAnswer) -> Outcome<Reported> {
    match answer.outcome {
        Some(Told::Reported(told)) => Ok(Reported {
            job: answer.job_id,
            event_id: answer.event_id,
            state: state(told.state),
            sequence: told.sequence,
        }),
        Some(Told::Refused(refused)) => Err(Failure::refused(format!(
            "production: {} ({})",
            refused.message, refused.reason
        ))),
        None => Err(Failure::broken("production answered nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_and_states_are_said_as_people_say_them() {
        assert_eq!(
            (units(2_000), units(1_500)),
            ("2".to_owned(), "1.500".to_owned())
        );
        assert_eq!(
            (state(3), state(99)),
            ("RUNNING".to_owned(), "UNSPECIFIED".to_owned())
        );
    }

    #[test]
    fn a_refused_event_is_a_failure_with_its_reason() {
        let refused = takt_contract::production::v1::RefusedStationEvent {
            reason: "JOB_STATE".to_owned(),
            message: "job X/FA-070 is HELD".to_owned(),
            ..Default::default()
        };
        let answer = StationAnswer {
            outcome: Some(Told::Refused(refused)),
            ..StationAnswer::default()
        };
        let failure = told(answer).err().map(|failure| failure.to_string());
        assert!(failure.is_some_and(|text| text.contains("JOB_STATE") && text.contains("HELD")));
    }
}
