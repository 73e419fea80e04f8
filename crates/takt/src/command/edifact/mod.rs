//! `takt edifact`: call-offs out and notices in, as files for suppliers who have no gRPC. It must not know the syntax, nor what may
//! be booked: the service says it. Invariants: a file is read whole before anything is booked; what is written is read back
//! before it leaves.
mod told;
mod write;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use takt_contract::date_pb;
use takt_contract::procurement::v1::{self as pb, inbound_service_client::InboundServiceClient};

use self::told::Told;
use super::target::TargetArgs;
use crate::bulk::{cut, send};
use crate::connection::{Peer, new_id};
use crate::edifact::{Delfor, Deljit, Desadv, DesadvLine, Flaw, Interchange, MOST_BYTES};
use crate::failure::{Failure, Outcome};
use crate::output::{Format, tell};

const EXAMPLES: &str = "\
Examples:
  takt edifact write delfor BAICMOSU --file release.edi
  takt edifact write deljit BAICMOSU --item EX-01
  takt edifact write desadv ASN-7 --file notice.edi
  takt edifact read notice.edi                      a DESADV is booked as a notice
  takt edifact read notice.edi --check              only looked at; no service is needed
  takt edifact read release.edi                     a DELFOR or DELJIT is shown

docs/edifact.md says which field goes where.";

/// The name under which the plant stands in files, unless said otherwise.
const BUYER: &str = "PLANT";

/// What can be done with EDIFACT files.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum EdifactTask {
    /// Write a message: the releases of a supplier (delfor), their firm zone (deljit), or a notice (desadv)
    #[command(after_help = EXAMPLES)]
    Write(WriteArgs),
    /// Read a file: a DESADV is booked, a DELFOR or DELJIT is shown
    #[command(after_help = EXAMPLES)]
    Read(ReadArgs),
}

/// The messages that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Delivery schedule
    Delfor,
    /// Delivery just in time
    Deljit,
    /// Despatch advice
    Desadv,
}

/// What to write.
#[derive(Debug, Args)]
pub(in crate::command) struct WriteArgs {
    /// The message
    #[arg(value_enum, value_name = "MESSAGE")]
    kind: Kind,
    /// The supplier, or for desadv the notice
    #[arg(value_name = "SUPPLIER|ASN")]
    about: String,
    /// Only this item
    #[arg(long, value_name = "ITEM", default_value = "")]
    item: String,
    /// The name of the plant in the file
    #[arg(long, value_name = "ID", default_value = BUYER)]
    buyer: String,
    /// The file [default: stdout]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
}

/// What to read.
#[derive(Debug, Args)]
pub(in crate::command) struct ReadArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only read it; nothing is booked and no service is asked
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(task: EdifactTask, output: Format) -> Outcome<()> {
    match task {
        EdifactTask::Write(args) => write::run(&args, output).await,
        EdifactTask::Read(args) => {
            let messages = messages(&args.file)?;
            if args.check || !messages.iter().any(|one| matches!(one, Read::Notice(_))) {
                return tell(output, &Told::of(&messages, None));
            }
            let target = args.target.open().await?;
            let booked = book(&target.peers.procurement, &messages).await;
            let booked = target.close_after(booked).await?;
            let told = Told::of(&messages, Some(&booked));
            tell(output, &told)?;
            told.refused()
        }
    }
}

/// A message that was read.
enum Read {
    Schedule(Delfor),
    Call(Deljit),
    Notice(Desadv),
}

/// The messages of a file.
fn messages(file: &Path) -> Outcome<Vec<Read>> {
    let name = file.display();
    let too_long = || {
        Failure::bad_input(format!(
            "{name} has more than {MOST_BYTES} bytes; cut it into interchanges"
        ))
    };
    let length = std::fs::metadata(file).map(|about| about.len());
    if length.is_ok_and(|length| length > MOST_BYTES as u64) {
        return Err(too_long());
    }
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::bad_input(format!("{name} cannot be read: {error}")))?;
    let told = |flaw: Flaw| Failure::bad_input(format!("{name}: {flaw}"));
    let interchange = Interchange::read(&bytes).map_err(told)?;
    let mut all = Vec::with_capacity(interchange.messages.len());
    for message in &interchange.messages {
        all.push(match message.kind.as_str() {
            "DELFOR" => Read::Schedule(Delfor::read(message).map_err(told)?),
            "DELJIT" => Read::Call(Deljit::read(message).map_err(told)?),
            "DESADV" => Read::Notice(Desadv::read(message).map_err(told)?),
            kind => {
                let what = format!(
                    "{kind:?} is not a message that is read; DELFOR, DELJIT and DESADV are"
                );
                return Err(told(message.header.flaw(2, 1, what)));
            }
        });
    }
    if all.is_empty() {
        return Err(Failure::bad_input(format!("{name} holds no message")));
    }
    Ok(all)
}

/// Books the notices of a file; answers with what was refused, by notice.
async fn book(peer: &Peer, messages: &[Read]) -> Outcome<Vec<pb::RefusedAsn>> {
    let notices = messages.iter().filter_map(|message| match message {
        Read::Notice(notice) => Some(asn(notice)),
        _ => None,
    });
    let chunks: Vec<_> = cut(notices.collect())
        .into_iter()
        .map(|asns| pb::RecordAsnsRequest {
            request_id: new_id(),
            asns,
        })
        .collect();
    let answers = send(
        peer,
        "book notices",
        &chunks,
        |channel, stream| async move {
            let answer = InboundServiceClient::new(channel)
                .record_asns(stream)
                .await?;
            Ok(answer.into_inner())
        },
    );
    let refused = answers.await?.into_iter().flat_map(|answer| answer.refused);
    Ok(refused.collect())
}

/// A notice as the service takes it.
fn asn(notice: &Desadv) -> pb::Asn {
    let line = |line: &DesadvLine| pb::AsnLine {
        line_number: line.order_line,
        first_lot_sequence: line.first_lot.n,
        lot_thousandths: (0..line.lots)
            .map(|_| line.lot_size().unwrap_or_default())
            .collect(),
        maker_lot: line.maker_lot.clone(),
        serial_numbers: line.serials.clone(),
    };
    pb::Asn {
        asn_id: notice.number.clone(),
        supplier_id: notice.supplier.clone(),
        shipped_on: Some(date_pb(notice.shipped_on)),
        expected_on: Some(date_pb(notice.expected_on)),
        lines: notice.lines.iter().map(line).collect(),
        handling_units: Vec::new(),
    }
}
