//! `takt change`: an engineering change assessed, released, listed and found again in what was built. It must not know how an impact
//! is worked out. Invariant: on a programme folder the same services answer as on running ones, over databases that go away again.
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use takt_contract::common::v1 as common;
use takt_contract::production::v1 as pb;
use takt_contract::production::v1::ChangeState;
use takt_contract::production::v1::engineering_change_service_client::EngineeringChangeServiceClient;
use takt_kernel::{Date, Quantity};
use uuid::Uuid;

use super::target::{Target, TargetArgs};
use crate::change::{Told, spec_pb};
use crate::connection::{ask, new_id, pages};
use crate::failure::{Failure, Outcome};
use crate::import::import;
use crate::output::{Answer, Format, day, grouped, table, table_text, tell};
use crate::problem::units;
use crate::programme::{ChangeFile, Folder};
use crate::replay::options::Options;
use crate::replay::{read_change, read_programme, sized, with_change};

const EXAMPLES: &str = "\
Examples:
  takt change assess crates/takt/changes/catl-cells.yaml su7    on a programme, before anything was built
  takt change assess my-change.yaml --as-of 2024-05-02          at the services of takt up
  takt change release my-change.yaml --as-of 2024-05-02
  takt change list --data takt-data/catl
  takt change show EC-CATL --data takt-data/catl --output json

docs/engineering-change.md has the format of the file.";

/// What can be done about changes.
#[derive(Debug, Subcommand)]
pub(super) enum ChangeTask {
    /// Work out what a change does: what is left over, vehicles with each part, the first possible date
    #[command(after_help = EXAMPLES)]
    Assess(AssessArgs),
    /// Take a change from its draft to its release
    #[command(after_help = EXAMPLES)]
    Release(ReleaseArgs),
    /// List the changes
    #[command(after_help = EXAMPLES)]
    List {
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Show a change and where it began: the last vehicle without it, the first with it
    #[command(after_help = EXAMPLES)]
    Show {
        /// The change
        #[arg(value_name = "CHANGE")]
        change_id: String,
        #[command(flatten)]
        target: TargetArgs,
    },
}

/// What `takt change assess` is told.
#[derive(Debug, Args)]
pub(super) struct AssessArgs {
    /// The change file
    #[arg(value_name = "FILE.yaml")]
    file: PathBuf,
    /// A programme on which nothing was built yet: a built-in one or a directory [default: ask services]
    #[arg(value_name = "PROGRAMME", conflicts_with_all = ["endpoints", "data", "database_url"])]
    programme: Option<String>,
    /// Make the programme this large [default: its own size]
    #[arg(long, value_name = "N", requires = "programme", value_parser = clap::value_parser!(i64).range(1..=10_000_000))]
    vehicles: Option<i64>,
    /// The day as of which to look [default: the day of the file's release]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    #[command(flatten)]
    target: TargetArgs,
}

/// What `takt change release` is told.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The change file
    #[arg(value_name = "FILE.yaml")]
    file: PathBuf,
    /// The day of the release [default: that of the file]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(task: ChangeTask, output: Format) -> Outcome<()> {
    match task {
        ChangeTask::Assess(args) => {
            let change = required(&args.file)?;
            let told = match &args.programme {
                Some(programme) => offline(&args, &change, programme).await?,
                None => {
                    let target = args.target.open().await?;
                    let told = assess(&target, &change, as_of(args.as_of, &change)?, (1, 1)).await;
                    target.close_after(told).await?
                }
            };
            tell(output, &told)
        }
        ChangeTask::Release(args) => {
            let change = required(&args.file)?;
            let on = as_of(args.as_of, &change)?;
            let target = args.target.open().await?;
            let request_id = |_: &str| new_id();
            let told = Told {
                spec: spec_pb(&change, 1, 1),
                change: &change,
                request_id: &request_id,
            };
            let released = told.released(&target.peers, on).await;
            let released = target.close_after(released).await?;
            tell(output, &Listed::of(vec![released]))
        }
        ChangeTask::List { target } => {
            let target = target.open().await?;
            let changes = changes(&target).await;
            tell(output, &Listed::of(target.close_after(changes).await?))
        }
        ChangeTask::Show { change_id, target } => {
            let target = target.open().await?;
            let message = pb::GetBreakPointRequest { change_id };
            let found = ask!(
                &target.peers.production,
                "look for the break point",
                EngineeringChangeServiceClient.get_break_point,
                message
            );
            tell(output, &Shown::of(target.close_after(found).await?))
        }
    }
}

fn required(path: &Path) -> Outcome<ChangeFile> {
    let change = read_change(Some(path))?;
    change.ok_or_else(|| Failure::usage("name a change file"))
}

fn as_of(asked: Option<Date>, change: &ChangeFile) -> Outcome<Date> {
    asked.or(change.released_on).ok_or_else(|| {
        Failure::usage("as of which day? give --as-of DATE, or released_on in the file")
    })
}

/// Creates the change where it is not there and asks what it does, leaving it as it is. Part approvals of the file are told first.
async fn assess(
    target: &Target,
    change: &ChangeFile,
    as_of: Date,
    (vehicles, full): (i64, i64),
) -> Outcome<Assessed> {
    let request_id = |_: &str| new_id();
    let told = Told {
        spec: spec_pb(change, vehicles, full),
        change,
        request_id: &request_id,
    };
    told.approvals(&target.peers.procurement).await?;
    told.created(&target.peers.production).await?;
    let answer = told.assessed(&target.peers.production, as_of, true).await?;
    Ok(Assessed::of(
        &change.change_id,
        &answer.impact.unwrap_or_default(),
    ))
}

/// The same over a programme that is imported into databases of its own.
async fn offline(args: &AssessArgs, change: &ChangeFile, programme: &str) -> Outcome<Assessed> {
    let folder = Folder::open(programme)?;
    let full = with_change(read_programme(&folder, false)?, Some(change))?;
    let options = Options {
        vehicles: args.vehicles.unwrap_or(full.vehicles),
        change: Some(change.hash.clone()),
        ..Options::default()
    };
    let scaled = sized(&full, &options)?;
    let day = args.as_of.or(change.released_on).unwrap_or(full.order_from);
    let place = std::env::temp_dir().join(format!("takt-change-{}", Uuid::new_v4()));
    let aside = TargetArgs {
        data: Some(place.clone()),
        ..TargetArgs::default()
    };
    let told = async {
        let target = aside.open_or_make().await?;
        let told = async {
            let import_id = options.import_id(&folder.programme_hash());
            import(&target.peers, &full, &scaled, &import_id).await?;
            assess(&target, change, day, (scaled.vehicles, full.vehicles)).await
        };
        let told = told.await;
        target.close_after(told).await
    };
    let told = told.await;
    // What is left there is of no use to anybody; a folder that cannot be removed is no reason to fail.
    let _ = std::fs::remove_dir_all(&place);
    told
}

async fn changes(target: &Target) -> Outcome<Vec<pb::EngineeringChange>> {
    pages!(
        &target.peers.production,
        "list the changes",
        EngineeringChangeServiceClient.list_changes,
        pb::ListChangesRequest::default(),
        |page| page.changes
    )
}

fn amount(quantity: Option<&common::Quantity>) -> f64 {
    units(Quantity(
        quantity.map_or(0, |quantity| quantity.thousandths),
    ))
}

fn money(money: Option<&common::Money>) -> Option<String> {
    let money = money?;
    let (whole, part) = (money.minor_units / 100, money.minor_units % 100);
    Some(format!("{whole}.{part:02} {}", money.currency_code))
}

/// What a change does.
#[derive(Debug, Serialize)]
struct Assessed {
    change_id: String,
    as_of: Option<String>,
    old_vehicles: i64,
    new_vehicles: i64,
    expected_break_on: Option<String>,
    expected_build_number: i64,
    first_possible_on: Option<String>,
    possible: bool,
    complete: bool,
    leftovers: Vec<Leftover>,
    reasons: Vec<Why>,
}

#[derive(Debug, Serialize)]
struct Leftover {
    item: String,
    need: f64,
    on_hand: f64,
    open: f64,
    obsolete: f64,
    obsolete_cost: Option<String>,
    liability: f64,
    liability_cost: Option<String>,
}

#[derive(Debug, Serialize)]
struct Why {
    code: String,
    subject: String,
    from: Option<String>,
    until: Option<String>,
    quantity: f64,
}

impl Assessed {
    fn of(change_id: &str, impact: &pb::ChangeImpact) -> Self {
        let leftovers = impact.leftovers.iter().map(|line| Leftover {
            item: line.item_id.clone(),
            need: amount(line.need.as_ref()),
            on_hand: amount(line.on_hand.as_ref()),
            open: amount(line.open.as_ref()),
            obsolete: amount(line.obsolete.as_ref()),
            obsolete_cost: money(line.obsolete_cost.as_ref()),
            liability: amount(line.liability.as_ref()),
            liability_cost: money(line.liability_cost.as_ref()),
        });
        let reasons = impact.reasons.iter().map(|reason| Why {
            code: reason
                .code()
                .as_str_name()
                .trim_start_matches("REASON_CODE_")
                .to_owned(),
            subject: reason.subject.clone(),
            from: day(reason.from_date.as_ref()),
            until: day(reason.until_date.as_ref()),
            quantity: amount(reason.quantity.as_ref()),
        });
        Self {
            change_id: change_id.to_owned(),
            as_of: day(impact.as_of.as_ref()),
            old_vehicles: impact.old_vehicle_count,
            new_vehicles: impact.new_vehicle_count,
            expected_break_on: day(impact.expected_break_on.as_ref()),
            expected_build_number: impact.expected_build_number,
            first_possible_on: day(impact.first_possible_on.as_ref()),
            possible: impact.possible,
            complete: impact.result_status() == common::ResultStatus::Complete,
            leftovers: leftovers.collect(),
            reasons: reasons.collect(),
        }
    }
}

impl Answer for Assessed {
    fn text(&self) -> String {
        let or_none = |date: &Option<String>| date.clone().unwrap_or_else(|| "no date".to_owned());
        let mut left = table(&[
            "item",
            ">need",
            ">on hand",
            ">on order",
            ">obsolete",
            ">liability",
        ]);
        for line in &self.leftovers {
            left.add_row([
                line.item.clone(),
                line.need.to_string(),
                line.on_hand.to_string(),
                line.open.to_string(),
                format!(
                    "{} {}",
                    line.obsolete,
                    line.obsolete_cost.clone().unwrap_or_default()
                ),
                format!(
                    "{} {}",
                    line.liability,
                    line.liability_cost.clone().unwrap_or_default()
                ),
            ]);
        }
        let mut why = table(&["reason", "subject", "until", ">quantity"]);
        for reason in &self.reasons {
            let until = reason.until.clone().unwrap_or_default();
            why.add_row([
                reason.code.clone(),
                reason.subject.clone(),
                until,
                reason.quantity.to_string(),
            ]);
        }
        format!(
            "change {} as of {}: {}\n\nvehicles with the old items {}, with the new ones {}\nbegins on {} with build number {}, possible from {}\n\n{}\n{}",
            self.change_id,
            or_none(&self.as_of),
            if self.possible {
                "it can be done"
            } else {
                "it cannot be done as it stands"
            },
            grouped(self.old_vehicles),
            grouped(self.new_vehicles),
            or_none(&self.expected_break_on),
            self.expected_build_number,
            or_none(&self.first_possible_on),
            table_text(&left),
            table_text(&why)
        )
    }
}

/// Changes as a list.
#[derive(Debug, Serialize)]
struct Listed {
    changes: Vec<Head>,
}

#[derive(Debug, Serialize)]
struct Head {
    change_id: String,
    title: String,
    state: String,
    first_build_number: i64,
}

impl Head {
    fn of(change: &pb::EngineeringChange) -> Self {
        let title = change.spec.as_ref().map(|spec| spec.title.clone());
        Self {
            change_id: change.change_id.clone(),
            title: title.unwrap_or_default(),
            state: state_name(change.state()),
            first_build_number: change.first_build_number,
        }
    }
}

fn state_name(state: ChangeState) -> String {
    state
        .as_str_name()
        .trim_start_matches("CHANGE_STATE_")
        .to_owned()
}

impl Listed {
    fn of(changes: Vec<pb::EngineeringChange>) -> Self {
        Self {
            changes: changes.iter().map(Head::of).collect(),
        }
    }
}

impl Answer for Listed {
    fn text(&self) -> String {
        let mut lines = table(&["change", "title", "state", ">first build number"]);
        for change in &self.changes {
            let first = change.first_build_number.to_string();
            lines.add_row([&change.change_id, &change.title, &change.state, &first]);
        }
        table_text(&lines)
    }
}

/// Where a change began.
#[derive(Debug, Serialize)]
struct Shown {
    change: Head,
    last_old: Option<AtBreak>,
    first_new: Option<AtBreak>,
    old_vehicles: i64,
    new_vehicles: i64,
    new_may_replace_old: bool,
    old_may_replace_new: bool,
}

#[derive(Debug, Serialize)]
struct AtBreak {
    vin: String,
    build_number: i64,
    built_on: Option<String>,
    lots: Vec<String>,
}

impl Shown {
    fn of(found: pb::GetBreakPointResponse) -> Self {
        let vehicle = |vehicle: pb::BreakPointVehicle| AtBreak {
            vin: vehicle.vin,
            build_number: vehicle.build_number,
            built_on: day(vehicle.built_on.as_ref()),
            lots: vehicle.lots.into_iter().map(|lot| lot.lot_id).collect(),
        };
        Self {
            change: Head::of(&found.change.unwrap_or_default()),
            last_old: found.last_old.map(vehicle),
            first_new: found.first_new.map(vehicle),
            old_vehicles: found.old_vehicle_count,
            new_vehicles: found.new_vehicle_count,
            new_may_replace_old: found.new_may_replace_old,
            old_may_replace_new: found.old_may_replace_new,
        }
    }
}

impl Answer for Shown {
    fn text(&self) -> String {
        let mut lines = table(&["", "vehicle", ">build number", "built on", "lots"]);
        let rows = [
            ("last without", &self.last_old),
            ("first with", &self.first_new),
        ];
        for (name, vehicle) in rows {
            let Some(vehicle) = vehicle else { continue };
            lines.add_row([
                name.to_owned(),
                vehicle.vin.clone(),
                vehicle.build_number.to_string(),
                vehicle.built_on.clone().unwrap_or_default(),
                vehicle.lots.join(" "),
            ]);
        }
        format!(
            "change {} is {}: {} vehicles without it, {} with it\n\n{}",
            self.change.change_id,
            self.change.state,
            grouped(self.old_vehicles),
            grouped(self.new_vehicles),
            table_text(&lines)
        )
    }
}
