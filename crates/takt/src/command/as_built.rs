//! `takt import-asbuilt` and `takt export epcis`: as-built trees of suppliers in, events out. It must not know formats.
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::production::v1::vehicle_service_client::VehicleServiceClient;
use takt_contract::production::v1::{
    AsBuiltRow, ImportAsBuiltRequest, ImportAsBuiltResponse, StreamEpcisEventsRequest,
};
use takt_kernel::{Clock, Date, RequestId, Vin};
use tonic::Status;

use super::target::TargetArgs;
use crate::as_built::{catena, epcis};
use crate::bulk::{cut, send};
use crate::connection::{Peer, WHOLE, within};
use crate::failure::{Failure, Outcome};
use crate::opening;
use crate::output::{Answer, Format, grouped, table, table_text, tell, write_out};

const IMPORT_EXAMPLES: &str = "\
Examples:
  takt import-asbuilt twins.json             units of suppliers with what is in them, in the form of Catena-X
  takt import-asbuilt twins.json --data takt-data/su7 --output json";

const EXPORT_EXAMPLES: &str = "\
Examples:
  takt export epcis --vin LXMSU7A10RB000001 --data takt-data/su7
  takt export epcis --from 2024-04-01 --to 2024-04-30 --file april.json";

const OPENING_EXAMPLES: &str = "\
Examples:
  takt export opening ./cut                  the books of the services of takt up
  takt export opening ./cut --data takt-data/su7
  takt import su7 --as-of 2024-07-27 --opening ./cut --data takt-data/new";

/// What `takt import-asbuilt` is told.
#[derive(Debug, Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(super) struct ImportArgs {
    /// A list of Catena-X twins with their aspects, or an object with a TestDataContainer
    #[arg(value_name = "FILE.json")]
    file: PathBuf,

    #[command(flatten)]
    target: TargetArgs,
}

/// What became of an import.
#[derive(Debug, Default, Serialize)]
struct Imported {
    twins_added: i32,
    twins_ours: i32,
    links_added: i32,
    unchanged: i32,
    /// Twins of the file that only plan.
    planned: usize,
    refused: Vec<Refused>,
}

/// A row that was not taken.
#[derive(Debug, Serialize)]
struct Refused {
    row: i64,
    field: String,
    reason: String,
    detail: String,
}

pub(super) async fn import(args: ImportArgs, output: Format) -> Outcome<()> {
    let wrong = |what: String| Failure::bad_input(format!("{}: {what}", args.file.display()));
    let text = std::fs::read_to_string(&args.file).map_err(|error| wrong(error.to_string()))?;
    let told = catena::read(&text).map_err(wrong)?;
    let mut imported = Imported {
        planned: told.planned,
        ..Imported::default()
    };
    let target = args.target.open().await?;
    let sent = sent(&target.peers.production, told, &mut imported).await;
    target.close_after(sent).await?;
    imported.refused.sort_by_key(|refused| refused.row);
    tell(output, &imported)
}

async fn sent(peer: &Peer, told: catena::Twins, imported: &mut Imported) -> Outcome<()> {
    // Links name twins, so those go first.
    for rows in [told.twins, told.links] {
        let chunk = |rows: Vec<AsBuiltRow>| ImportAsBuiltRequest {
            request_id: RequestId::random().to_string(),
            rows,
        };
        let chunks: Vec<_> = cut(rows).into_iter().map(chunk).collect();
        let answers: Vec<ImportAsBuiltResponse> = send(
            peer,
            "import as-built units",
            &chunks,
            |channel, stream| async move {
                let mut request = tonic::Request::new(stream);
                request.set_timeout(WHOLE);
                let answer = VehicleServiceClient::new(channel)
                    .import_as_built(request)
                    .await?;
                Ok::<_, Status>(answer.into_inner())
            },
        )
        .await?;
        for answer in answers {
            imported.twins_added += answer.twins_added;
            imported.twins_ours += answer.twins_ours;
            imported.links_added += answer.links_added;
            imported.unchanged += answer.unchanged;
            let refused = answer.refused.into_iter().map(|row| Refused {
                row: row.row_number,
                field: row.field,
                reason: row.reason,
                detail: row.detail,
            });
            imported.refused.extend(refused);
        }
    }
    Ok(())
}

impl Answer for Imported {
    fn text(&self) -> String {
        let mut text = format!(
            "{} units are new, {} are ours; {} parts in units are new; {} rows were known; {} twins only plan\n",
            self.twins_added, self.twins_ours, self.links_added, self.unchanged, self.planned
        );
        if !self.refused.is_empty() {
            let mut rows = table(&[">twin", "field", "reason", "why"]);
            for refused in &self.refused {
                rows.add_row([
                    refused.row.to_string(),
                    refused.field.clone(),
                    refused.reason.clone(),
                    refused.detail.clone(),
                ]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
        }
        text
    }
}

/// What can be exported.
#[derive(Debug, Subcommand)]
pub(super) enum ExportTask {
    /// The life of vehicles and packs as an EPCIS 2.0 document (JSON-LD)
    #[command(after_help = EXPORT_EXAMPLES)]
    Epcis(EpcisArgs),
    /// The books of the three services as the files of an opening: stock, open orders, plan, vehicles, what is built in
    #[command(after_help = OPENING_EXAMPLES)]
    Opening(OpeningArgs),
}

/// Where the files go.
#[derive(Debug, Args)]
pub(super) struct OpeningArgs {
    /// The directory; it is made where it is missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    target: TargetArgs,
}

/// Whose events.
#[derive(Debug, Args)]
pub(super) struct EpcisArgs {
    /// Only this vehicle
    #[arg(long, value_name = "VIN", value_parser = Vin::parse, conflicts_with_all = ["from", "to"], required_unless_present = "from")]
    vin: Option<Vin>,

    /// Vehicles completed from this day on
    #[arg(long, value_name = "DATE", value_parser = Date::parse, requires = "to")]
    from: Option<Date>,

    /// Vehicles completed through this day
    #[arg(long, value_name = "DATE", value_parser = Date::parse, requires = "from")]
    to: Option<Date>,

    /// Write the document here and tell the counts [default: write it to stdout]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    target: TargetArgs,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Exported {
    file: PathBuf,
    events: i64,
}

impl Answer for Exported {
    fn text(&self) -> String {
        format!(
            "{} events in {}\n",
            grouped(self.events),
            self.file.display()
        )
    }
}

pub(super) async fn export(task: ExportTask, output: Format) -> Outcome<()> {
    let args = match task {
        ExportTask::Epcis(args) => args,
        ExportTask::Opening(args) => {
            let target = args.target.open().await?;
            let exported = opening::export(&target.peers, &args.directory).await;
            return tell(output, &target.close_after(exported).await?);
        }
    };
    let message = StreamEpcisEventsRequest {
        vin: args.vin.map(|vin| vin.to_string()).unwrap_or_default(),
        from: args.from.map(date_pb),
        to: args.to.map(date_pb),
    };
    let target = args.target.open().await?;
    let peer = target.peers.production.clone();
    let written = match &args.file {
        Some(file) => to_file(&peer, message, file).await,
        None => events(&peer, message, write_out).await,
    };
    let events = target.close_after(written).await?;
    match args.file {
        Some(file) => tell(output, &Exported { file, events }),
        None => Ok(()),
    }
}

async fn to_file(peer: &Peer, message: StreamEpcisEventsRequest, file: &Path) -> Outcome<i64> {
    let failed = |error: std::io::Error| Failure::bad_input(format!("{}: {error}", file.display()));
    let mut out = BufWriter::new(File::create(file).map_err(failed)?);
    let written = events(peer, message, |text| {
        out.write_all(text.as_bytes()).map_err(failed)
    })
    .await?;
    out.flush().map_err(failed)?;
    Ok(written)
}

/// Writes the document event by event; answers with their number.
async fn events(
    peer: &Peer,
    message: StreamEpcisEventsRequest,
    mut write: impl FnMut(&str) -> Outcome<()>,
) -> Outcome<i64> {
    let what = "export EPCIS events";
    let told = |status: Status| Failure::of_status(peer.name, what, &status);
    // The first answer shows whether the service is there; what follows is one stream, because a document has one head.
    let mut stream = peer
        .ask(what, |channel| {
            let request = within(message.clone(), WHOLE);
            async move {
                let answer = VehicleServiceClient::new(channel)
                    .stream_epcis_events(request)
                    .await?;
                Ok(answer.into_inner())
            }
        })
        .await?;
    write(&epcis::head(Clock::System.now_micros()))?;
    let mut count = 0;
    while let Some(page) = stream.message().await.map_err(told)? {
        for event in &page.events {
            let comma = if count == 0 { "\n" } else { ",\n" };
            write(&format!("{comma}{}", epcis::event(event)))?;
            count += 1;
        }
    }
    write(epcis::TAIL)?;
    Ok(count)
}
