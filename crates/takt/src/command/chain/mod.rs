//! `takt chain`: raw material to customer in one view, without any service: how efficient the chain of each bought item is, where the
//! next day is to be won, who stands behind whom, and whose loss alone stops a part. It must not know how chains are added up.
//! Invariants: a figure that nobody knows is null and counted, never 0; what a budget left out is said.
mod catena;
mod exposed;
mod leg;
mod picture;
mod told;
mod view;
mod walk;

use std::path::PathBuf;

use clap::Args;
use takt_kernel::Date;

use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::output::{Format, say, tell};
use crate::programme::Folder;
use crate::replay::read_programme;

const EXAMPLES: &str = "\
Examples:
  takt chain su7                             every bought item, the car, the next day to be won, who is behind whom
  takt chain su7 --item BP-01                one item with each step of its longest path
  takt chain su7 --from XIAOMI/BP-01         everything behind an item, tier by tier
  takt chain su7 --from GANFENG --down --depth 3
  takt chain su7 --svg network.svg           a picture: tiers as columns, exposure as colour
  takt chain --catena-x ./testdata           Catena-X files as tier networks, names and counts as they hold them

A tombstone stands where a walk saw nothing more: SILENT, nobody tells who is behind; DEPTH or BUDGET, it was not looked at.";

/// The rows of each table that a person is shown unless asked otherwise; JSON holds all.
const SHOWN: usize = 12;
/// Sites and links that one question may look at; far beyond any car, and seconds of work.
const WORK: usize = 50_000_000;

/// What `takt chain` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ChainArgs {
    /// A built-in programme or a folder
    #[arg(
        value_name = "PROGRAMME",
        required_unless_present = "catena_x",
        conflicts_with = "catena_x"
    )]
    programme: Option<String>,

    /// The day of the network and of the plan that is still to be built [default: the first day of the plan]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// Only this bought item, with each step of its longest path
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "svg", "catena_x"])]
    item: Option<String>,

    /// Walk from a site (SUPPLIER/ITEM, the plant among them) or from all sites of a supplier
    #[arg(long, value_name = "NODE", conflicts_with = "svg")]
    from: Option<String>,

    /// Walk to suppliers, which is what it does unless told otherwise
    #[arg(long, requires = "from", conflicts_with = "down")]
    up: bool,

    /// Walk to customers
    #[arg(long, requires = "from")]
    down: bool,

    /// The most links between the start of a walk and a site
    #[arg(long, value_name = "N", default_value_t = 50, requires = "from")]
    depth: u32,

    /// The most sites of a walk
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "from")]
    budget: usize,

    /// Draw the network to a file: tiers as columns, exposure as colour
    #[arg(long, value_name = "FILE", conflicts_with = "catena_x")]
    svg: Option<PathBuf>,

    /// Read Catena-X twins as planned from a file, or from all of a folder, in place of a programme
    #[arg(long, value_name = "FILE|DIR")]
    catena_x: Option<PathBuf>,

    /// How many rows of each table a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,
}

impl ChainArgs {
    /// How a walk goes, where one is asked for.
    fn walk(&self) -> Option<walk::Asked<'_>> {
        Some(walk::Asked {
            from: self.from.as_deref()?,
            down: self.down,
            depth: self.depth,
            sites: self.budget,
        })
    }
}

pub(super) fn run(args: ChainArgs, output: Format) -> Outcome<()> {
    if let Some(path) = &args.catena_x {
        return catena::run(path, args.walk(), args.top, output);
    }
    let programme = args.programme.as_deref().unwrap_or_default();
    let folder = Folder::open(programme)?;
    let offline = Offline::sized(read_programme(&folder, true)?, None)?;
    let view = view::View::new(&offline, args.as_of)?;
    if let Some(asked) = args.walk() {
        let (names, starts) = walk::starts(&view.tiers, asked.from, programme)?;
        return tell(
            output,
            &walk::told(&view.tiers.graph, &names, &starts, asked),
        );
    }
    if let Some(item) = &args.item {
        return tell(output, &view.item(item)?);
    }
    if let Some(path) = &args.svg {
        let svg = picture::svg(&view.picture()?);
        std::fs::write(path, svg).map_err(|error| {
            Failure::bad_input(format!("{} cannot be written: {error}", path.display()))
        })?;
        say(&format!("drawn to {}", path.display()));
    }
    tell(output, &view.told(args.top)?)
}
