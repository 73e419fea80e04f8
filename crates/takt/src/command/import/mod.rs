//! `takt import`: a folder is checked whole and then sent, whole or as a difference. It must not know rows.
mod delta;
mod opening;

use std::path::PathBuf;

use clap::Args;

use takt_kernel::Date;

use super::target::TargetArgs;
use crate::failure::Outcome;
use crate::import::{Imported, delta::revise, import};
use crate::opening::book;
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::programme::Folder;
use crate::replay::options::{Lots, Options};
use crate::replay::{read_change, read_programme, sized, with_change};

const EXAMPLES: &str = "\
Examples:
  takt import su7                            the built-in programme into the services of takt up
  takt import ./my-programme --check         only check the folder
  takt import ./my-programme --data takt-data/mine
  takt import ./my-programme --delta --dry-run    what of the folder differs from what the services hold
  takt import ./my-programme --delta              take it over; nothing is deleted
  takt import ./my-programme --as-of 2024-07-27   with the stock and the open orders of that morning
  takt import su7 --as-of 2024-07-27 --opening ./cut --data takt-data/new";

/// What `takt import` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ImportArgs {
    /// The programme: a directory, or the name of a built-in one
    #[arg(value_name = "DIR")]
    programme: String,

    /// Only check the folder, send nothing
    #[arg(long)]
    check: bool,

    /// Compare with the programme that is active by business key: add what is new, change what differs, delete nothing
    #[arg(long, conflicts_with = "check", group = "how")]
    delta: bool,

    /// Only tell what would be done
    #[arg(long, requires = "how")]
    dry_run: bool,

    /// Book the opening files of the folder as the books stood on the morning of this day: stock.csv, open_orders.csv, ..
    #[arg(long, value_name = "DATE", value_parser = Date::parse, conflicts_with_all = ["delta", "check"], group = "how")]
    as_of: Option<Date>,

    /// Where the opening files lie [default: the programme's directory]
    #[arg(long, value_name = "DIR", requires = "as_of")]
    opening: Option<PathBuf>,

    /// Make the programme this large [default: its own size]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=10_000_000))]
    vehicles: Option<i64>,

    /// With the items and sources of this change file
    #[arg(long, value_name = "FILE.yaml")]
    change: Option<PathBuf>,

    /// What becomes of lot sizes then
    #[arg(long, value_enum, default_value_t)]
    lots: Lots,

    #[command(flatten)]
    target: TargetArgs,
}

impl Answer for Imported {
    fn text(&self) -> String {
        let mut lines = table(&["service", ">rows", ">chunks sent", "before"]);
        for into in &self.services {
            let before = if into.was_active {
                "was active"
            } else {
                "was not active"
            };
            lines.add_row([
                into.service,
                &grouped(to_i64(into.rows)),
                &into.sent_chunks.to_string(),
                before,
            ]);
        }
        format!(
            "programme {}, import {}\n\n{}",
            self.programme_id,
            self.import_id,
            table_text(&lines)
        )
    }
}

fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What a check found: nothing wrong.
#[derive(Debug, serde::Serialize)]
struct Right {
    programme_id: String,
    programme_hash: String,
    items: usize,
    bom_lines: usize,
    suppliers: usize,
    vehicles: i64,
    warnings: Vec<String>,
}

impl Answer for Right {
    fn text(&self) -> String {
        format!(
            "programme {} is right: {} items, {} lines of its bill of material, {} suppliers, {} vehicles\n",
            self.programme_id,
            grouped(to_i64(self.items)),
            grouped(to_i64(self.bom_lines)),
            grouped(to_i64(self.suppliers)),
            grouped(self.vehicles)
        )
    }
}

pub(super) async fn run(args: ImportArgs, output: Format) -> Outcome<()> {
    let folder = Folder::open(&args.programme)?;
    let change = read_change(args.change.as_deref())?;
    let full = with_change(read_programme(&folder, false)?, change.as_ref())?;
    if args.check {
        return tell(
            output,
            &Right {
                programme_id: full.id.to_string(),
                programme_hash: folder.programme_hash(),
                items: full.items.len(),
                bom_lines: full.bom.len(),
                suppliers: full.suppliers.len(),
                vehicles: full.vehicles,
                warnings: full.warnings.shown().map(ToString::to_string).collect(),
            },
        );
    }
    let options = Options {
        vehicles: args.vehicles.unwrap_or(full.vehicles),
        lots: args.lots,
        change: change.map(|change| change.hash),
        ..Options::default()
    };
    let scaled = sized(&full, &options)?;
    let import_id = options.import_id(&folder.programme_hash());
    if args.delta {
        let target = args.target.open().await?;
        let revised = revise(&target.peers, &full, &scaled, &import_id, args.dry_run).await;
        return tell(output, &target.close_after(revised).await?);
    }
    let target = args.target.open_or_make().await?;
    let Some(as_of) = args.as_of else {
        let imported = import(&target.peers, &full, &scaled, &import_id).await;
        return tell(output, &target.close_after(imported).await?);
    };
    let directory = args
        .opening
        .unwrap_or_else(|| PathBuf::from(&args.programme));
    let booked = async {
        let files = opening::files(&target.peers, &directory, as_of).await?;
        import(&target.peers, &full, &scaled, &import_id).await?;
        book(&target.peers, &files, as_of, args.dry_run).await
    };
    let booked = booked.await;
    tell(output, &target.close_after(booked).await?)
}
