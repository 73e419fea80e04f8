//! Plans a problem folder and says how long it took: `plan DIR [--finite] [--check] [--today DAY] [--out FILE]`. It must not know how a plan
//! is made. Invariant: times are of the library alone; reading files is told apart.
#[path = "../tests/mrp/checker.rs"]
mod checker;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use takt_kernel::Date;
use takt_planning::mrp::{self, Change, Plan, Texts};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let (mut folder, mut out, mut finite, mut check) = (None, None, false, false);
    let mut today = 0;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--finite" => finite = true,
            "--today" => today = words.next().map_or(Ok(0), |day| day.parse())?,
            "--check" => check = true,
            "--out" => out = words.next(),
            _ => folder = Some(word),
        }
    }
    let folder = folder.ok_or("usage: plan DIR [--finite] [--check] [--today DAY] [--out FILE]")?;
    run(Path::new(&folder), finite, check, today, out.as_deref())
}

fn run(folder: &Path, finite: bool, check: bool, today: i32, out: Option<&str>) -> Outcome<()> {
    let mut say = std::io::stdout().lock();
    let read = |name: &str| std::fs::read_to_string(folder.join(name));
    let clock = Instant::now();
    let (items, bom) = (read("items.csv")?, read("bom.csv")?);
    let (resources, demands) = (read("resources.csv")?, read("demands.csv")?);
    let receipts = read("receipts.csv").ok();
    let files = clock.elapsed();
    let clock = Instant::now();
    let texts = Texts {
        items: &items,
        bom: &bom,
        resources: &resources,
        demands: &demands,
        receipts: receipts.as_deref(),
    };
    let first = Date::from_ymd(2027, 1, 4).ok_or("day 0")?;
    let mut problem = mrp::parse(texts, first)?;
    problem.today = today;
    let parsed = clock.elapsed();
    let clock = Instant::now();
    let plan = match finite {
        true => Plan::finite(problem)?,
        false => Plan::unlimited(problem)?,
    };
    let planned = clock.elapsed();
    let (orders, days) = plan.size();
    writeln!(say, "files {files:?}  parse {parsed:?}  plan {planned:?}")?;
    writeln!(
        say,
        "orders {orders}  requirement days {days}  memory {}",
        memory()
    )?;
    if finite {
        let (units, unit_days, unplanned) = plan.lateness();
        writeln!(
            say,
            "late {units} units, {unit_days} unit-days, not planned {unplanned}"
        )?;
        let bound = plan.late_unit_days_at_least();
        writeln!(say, "no plan is below {bound} unit-days")?;
    }
    let clock = Instant::now();
    let late = plan.late();
    writeln!(say, "late orders {} in {:?}", late.len(), clock.elapsed())?;
    if let Some(late) = late.last() {
        let clock = Instant::now();
        let why = plan.explain_late(late.demand);
        let took = clock.elapsed();
        writeln!(say, "explain late in {took:?}: {}", chain(why.as_ref()))?;
    }
    let clock = Instant::now();
    let messages = plan.messages(14);
    writeln!(say, "messages {} in {:?}", messages.len(), clock.elapsed())?;
    if check {
        let wrong = checker::wrong(&plan);
        writeln!(
            say,
            "checker: {} wrong {}",
            wrong.len(),
            wrong.first().map_or("", |w| w)
        )?;
    }
    pegs(&plan, &mut say)?;
    if !finite {
        changes(&plan, &mut say)?;
    }
    if let Some(out) = out {
        write_items(&plan, out)?;
    }
    Ok(())
}

/// The first chain of reasons, from the demand down.
fn chain(late: Option<&mrp::LateOrder>) -> String {
    let mut reasons = late.and_then(|late| late.reasons.first());
    let mut text = late.map_or(String::new(), |late| format!("{} days", late.days));
    while let Some(reason) = reasons {
        let until = reason.until.map_or(String::new(), |day| day.to_string());
        text.push_str(&format!(
            " < {} {} until {until}",
            reason.code, reason.subject
        ));
        reasons = reason.upstream.first();
    }
    text
}

/// Full pegging of demands spread over the horizon, and of supplies back to demands.
fn pegs(plan: &Plan, say: &mut impl Write) -> Outcome<()> {
    let count = plan.problem().demands.len();
    let (mut worst, mut visited, mut pegs) = (Duration::ZERO, 0, 0);
    for demand in (0..count).step_by((count / 20).max(1)) {
        let clock = Instant::now();
        let down = plan.peg_down(demand, false);
        worst = worst.max(clock.elapsed());
        visited = visited.max(down.visited);
        pegs = pegs.max(down.supplies.len());
    }
    writeln!(
        say,
        "peg down: worst {worst:?}, {visited} items, {pegs} pegs"
    )?;
    let mut worst = Duration::ZERO;
    for item in 0..plan.problem().items.len().min(400) {
        let clock = Instant::now();
        plan.peg_up(item, mrp::Supplier::Order(0));
        worst = worst.max(clock.elapsed());
    }
    writeln!(say, "peg up: worst {worst:?}")?;
    Ok(())
}

/// One changed demand at a time, each compared with a full plan at the end.
fn changes(plan: &Plan, say: &mut impl Write) -> Outcome<()> {
    let count = plan.problem().demands.len();
    let mut plan = plan.clone();
    let (mut worst, mut total, mut tried, mut visited) = (Duration::ZERO, Duration::ZERO, 0, 0);
    for at in (0..count).step_by((count / 40).max(1)) {
        let mut demand = plan.problem().demands[at].clone();
        demand.quantity.0 += 7000;
        demand.due += 1;
        let clock = Instant::now();
        let replanned = plan.replan(Change::Demand(at, demand))?;
        let took = clock.elapsed();
        (worst, total, tried) = (worst.max(took), total + took, tried + 1);
        visited = visited.max(replanned.visited);
    }
    let full = Plan::unlimited(plan.problem().clone())?;
    let same = plan.is_same_as(&full);
    let mean = total / tried.max(1);
    writeln!(
        say,
        "replan: worst {worst:?}, mean {mean:?}, {visited} items, same {same}"
    )?;
    Ok(())
}

/// The columns of the reference, so that the two can be compared.
fn write_items(plan: &Plan, out: &str) -> Outcome<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(out)?);
    writeln!(file, "item,planned_qty,orders,gross_qty")?;
    for (at, item) in plan.problem().items.iter().enumerate() {
        if let Some(row) = plan.item(at) {
            let (quantity, gross) = (row.planned_quantity, row.gross);
            writeln!(file, "{},{quantity},{},{gross}", item.id, row.orders)?;
        }
    }
    Ok(())
}

/// The most memory that was in use, where the system tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}
