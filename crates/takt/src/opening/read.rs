//! Reads the optional files of a folder. It must not know what a service makes of them. Invariant: everything that is wrong with all files
//! is told at once, each with its file and line.
use std::collections::BTreeMap;
use std::path::Path;

use takt_contract::common::v1::{StandingKind, StandingRow};
use takt_contract::procurement::v1::{ControlTotal, OpeningLot, OpeningOrder};
use takt_kernel::{Date, RequestId, sha256_hex};

use super::sheet::{Sheet, Wrong};
use super::{CONTROL, ORDERS, STOCK, standing, stock};
use crate::failure::{Failure, Outcome};

/// The kinds of rows that each service knows.
pub type Files = BTreeMap<&'static str, Vec<StandingKind>>;

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// The id of the opening: it follows from the day and the bytes of the files.
    pub id: String,
    /// The rows of sheets by service.
    pub standing: BTreeMap<&'static str, Vec<StandingRow>>,
    /// The lots.
    pub lots: Vec<OpeningLot>,
    /// What is on order.
    pub orders: Vec<OpeningOrder>,
    /// The control totals.
    pub totals: Vec<ControlTotal>,
    /// The newest plan with its day.
    pub plan: Option<(String, Date)>,
    /// The lines of lots and of orders, to say where a refused row stands.
    lines: [Vec<u64>; 2],
}

impl Read {
    /// Whether there is stock or an order.
    pub fn has_stock(&self) -> bool {
        !(self.lots.is_empty() && self.orders.is_empty())
    }

    /// A failure that names rows by their places, with files and lines instead.
    pub(super) fn with_lines(&self, failure: Failure) -> Failure {
        let mut message = failure.message.clone();
        let [lots, orders] = &self.lines;
        for (list, file, lines) in [("lots[", STOCK, lots), ("orders[", ORDERS, orders)] {
            let mut told = String::new();
            let mut rest = message.as_str();
            while let Some((before, after)) = rest.split_once(list) {
                told.push_str(before);
                let (place, behind) = after.split_once(']').unwrap_or((after, ""));
                let line = place
                    .parse::<usize>()
                    .ok()
                    .and_then(|place| lines.get(place));
                match line {
                    Some(line) => told.push_str(&format!("{file}:{line} ")),
                    None => told.push_str(&format!("{list}{place}]")),
                }
                rest = behind.strip_prefix('.').unwrap_or(behind);
            }
            told.push_str(rest);
            message = told;
        }
        Failure { message, ..failure }
    }
}

/// Reads the files of a directory that services or this command know.
pub fn read(directory: &Path, kinds: &Files, as_of: Date) -> Outcome<Read> {
    let (mut wrong, mut bytes) = (Wrong::default(), format!("opening {as_of}\n"));
    let mut seen = |file: &str, content: &[u8]| {
        bytes.push_str(&format!("{file} {}\n", sha256_hex(content)));
    };
    let mut all = Read::default();
    if let Some((sheet, content)) = Sheet::read(directory, STOCK, stock::STOCK, &mut wrong)? {
        seen(STOCK, &content);
        all.lines[0] = sheet.lines();
        all.lots = sheet.each(&mut wrong, stock::lot_of);
    }
    if let Some((sheet, content)) = Sheet::read(directory, ORDERS, stock::ORDERS, &mut wrong)? {
        seen(ORDERS, &content);
        all.lines[1] = sheet.lines();
        all.orders = sheet.each(&mut wrong, stock::order_of);
    }
    match Sheet::read(directory, CONTROL, stock::CONTROL, &mut wrong)? {
        Some((sheet, content)) => {
            seen(CONTROL, &content);
            all.totals = sheet.each(&mut wrong, stock::total_of);
        }
        None if all.has_stock() => wrong.push(
            CONTROL,
            1,
            "it is missing; stock and orders are booked against a control total of every item",
        ),
        None => {}
    }
    for (service, kinds) in kinds {
        for (file, kinds) in standing::by_file(kinds) {
            let file: &'static str = known(file);
            let header = standing::header(&kinds);
            let optional: Vec<&str> = header.iter().skip(1).map(String::as_str).collect();
            let columns: (&[&str], &[&str]) = (&[standing::KIND], &optional);
            let Some((sheet, content)) = Sheet::read(directory, file, columns, &mut wrong)? else {
                continue;
            };
            seen(file, &content);
            let rows = sheet.each(&mut wrong, |row| standing::row_of(&kinds, row));
            let rows: Vec<StandingRow> = rows.into_iter().flatten().collect();
            if let Some(plan) = kinds.iter().find(|kind| kind.kind == "plan") {
                all.plan = newest(plan, &rows);
            }
            all.standing.entry(service).or_default().extend(rows);
        }
    }
    wrong.finish()?;
    if !all.has_stock() && all.standing.values().all(Vec::is_empty) {
        return Err(Failure::bad_input(format!(
            "{} holds nothing to begin with",
            directory.display()
        ))
        .with_way_out("give stock.csv and control.csv at least; docs/cut-over.md has the files"));
    }
    all.id = RequestId::named(&bytes).to_string();
    Ok(all)
}

/// The plan with the highest number.
fn newest(kind: &StandingKind, rows: &[StandingRow]) -> Option<(String, Date)> {
    let plans = rows.iter().filter(|row| row.kind == kind.kind);
    let plan = plans.max_by_key(|row| standing::number(kind, row, "plan_no"))?;
    let day = standing::number(kind, plan, "as_of")?;
    let id = standing::text(kind, plan, "plan_id")?.to_owned();
    Some((id, Date::from_epoch_day(i32::try_from(day).ok()?)))
}

/// The name of a file that lives as long as the command; there are few.
fn known(file: &str) -> &'static str {
    const FILES: [&str; 9] = [
        "agreements.csv",
        "cases.csv",
        "claims.csv",
        "asbuilt.csv",
        "customer_orders.csv",
        "deliveries.csv",
        "performance.csv",
        "plan.csv",
        "wip.csv",
    ];
    FILES
        .into_iter()
        .find(|known| *known == file)
        .unwrap_or("sheet.csv")
}
