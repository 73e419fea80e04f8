//! The problem made ready for the loops: items in low-level order, lines by parent and by child, what each item's
//! netting needs in one record. It must not know a plan. Invariants: parents come before children in `order`;
//! lists keep file order within a parent, a child or a day.
use super::calendar::{Calendar, WorkDays};
use super::error::MrpError;
use super::limits;
use super::lot::Sizing;
use super::problem::{Day, Line, Problem, Standing};
use super::source::Sources;
use takt_kernel::{Share, ceil_div};

/// A line as the explosion sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) parent: u32,
    pub(super) child: u32,
    /// Index in `Problem::lines`.
    pub(super) line: u32,
    /// need = release x up / down, rounded up to thousandths.
    up: i64,
    down: i64,
    from: Day,
    until: Day,
}

impl Edge {
    fn new(at: usize, line: &Line) -> Self {
        let up = i128::from(line.quantity.milli()) * 1_000_000;
        let down = 1000 * i128::from(Share::ONE.0 - line.scrap.0);
        let divisor = greatest_common_divisor(up, down);
        let part = |of: i128| i64::try_from(of / divisor).unwrap_or(i64::MAX);
        Self {
            parent: line.parent as u32,
            child: line.child as u32,
            line: at as u32,
            up: part(up),
            down: part(down),
            from: line.from,
            until: line.until,
        }
    }

    /// Whole units per unit at all times: the quick way.
    pub(super) fn plain(&self) -> Option<i64> {
        let always = self.from == Day::MIN && self.until == Day::MAX;
        (self.down == 1 && always).then_some(self.up)
    }

    /// True where an order that starts on `day` takes this line.
    pub(super) fn holds(&self, day: Day) -> bool {
        self.from <= day && day < self.until
    }

    /// What an order of `release` that starts on `day` needs of the child; None where it does not fit.
    pub(super) fn need(&self, release: i64, day: Day) -> Option<i64> {
        match self.holds(day) {
            false => Some(0),
            true if self.down == 1 => release.checked_mul(self.up),
            true => {
                let product = i128::from(release) * i128::from(self.up);
                ceil_div(product, i128::from(self.down))
            }
        }
    }
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.max(1), b.max(1));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A receipt as the netting sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming {
    pub(super) due: Day,
    pub(super) quantity: i64,
    /// Index in `Problem::receipts`.
    pub(super) receipt: u32,
    pub(super) firm: bool,
}

/// What the netting of one item needs.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) on_hand: i64,
    pub(super) safety: i64,
    pub(super) sizing: Sizing,
    pub(super) lead: i32,
    /// Several suppliers, where there are any.
    pub(super) sources: Option<Box<Sources>>,
    /// Index in `Network::calendars`.
    pub(super) calendar: Option<u32>,
    pub(super) blow_from: Day,
    /// No new order is received before this day.
    pub(super) fence_end: Day,
    pub(super) good: Share,
    pub(super) make: bool,
}

impl Rules {
    /// What is released so that `good` arrive; None where it does not fit.
    pub(super) fn release(&self, good: i64) -> Option<i64> {
        if self.good == Share::ONE {
            return Some(good);
        }
        let release = crate::bom::release_quantity(takt_kernel::Quantity(good), self.good);
        release.map(takt_kernel::Quantity::milli)
    }
}

/// The problem made ready.
#[derive(Debug, Clone)]
pub(super) struct Network {
    /// Items, parents before children.
    pub(super) order: Vec<u32>,
    /// The place of each item in `order`.
    pub(super) place: Vec<u32>,
    /// The low-level code of each item.
    pub(super) level: Vec<u32>,
    below_first: Vec<u32>,
    below: Vec<Edge>,
    above_first: Vec<u32>,
    above: Vec<Edge>,
    pub(super) rules: Vec<Rules>,
    /// By item, in order of due date.
    pub(super) incoming: Vec<Vec<Incoming>>,
    pub(super) calendars: Vec<WorkDays>,
}

impl Network {
    pub(super) fn new(problem: &Problem) -> Result<Self, MrpError> {
        limits::check(problem)?;
        let items = problem.items.len();
        let edges: Vec<Edge> = (problem.lines.iter().enumerate())
            .map(|(at, line)| Edge::new(at, line))
            .collect();
        let (below_first, below) = by(items, &edges, |edge| edge.parent);
        let (above_first, above) = by(items, &edges, |edge| edge.child);
        let mut network = Self {
            order: Vec::new(),
            place: vec![0; items],
            level: vec![0; items],
            below_first,
            below,
            above_first,
            above,
            rules: Vec::with_capacity(items),
            incoming: vec![Vec::new(); items],
            calendars: Vec::new(),
        };
        network.levels(problem)?;
        network.calendars = problem.calendars.iter().map(work_days).collect();
        network.rules = (problem.items.iter())
            .map(|item| Rules {
                on_hand: item.on_hand.milli(),
                safety: item.safety_stock.milli(),
                sizing: item.lot.sizing(),
                lead: item.lead_days,
                sources: Sources::new(&item.lot, &item.sources).map(Box::new),
                calendar: problem.calendar_of(item).map(|at| at as u32),
                blow_from: item.blow_through_from.unwrap_or(Day::MAX),
                fence_end: match item.fence_days {
                    0 => Day::MIN,
                    days => problem.today + days,
                },
                good: item.order_yield,
                make: item.source == super::problem::Source::Make,
            })
            .collect();
        for receipt in 0..problem.receipts.len() {
            network.book_receipt(problem, receipt);
        }
        Ok(network)
    }

    /// Files a receipt under its item, anew where it stood before.
    pub(super) fn book_receipt(&mut self, problem: &Problem, at: usize) {
        let receipt = &problem.receipts[at];
        let list = &mut self.incoming[receipt.item];
        list.retain(|incoming| incoming.receipt as usize != at);
        if receipt.quantity.milli() > 0 {
            let key = (receipt.due, at as u32);
            let to = list.partition_point(|incoming| (incoming.due, incoming.receipt) < key);
            let incoming = Incoming {
                due: receipt.due,
                quantity: receipt.quantity.milli(),
                receipt: at as u32,
                firm: receipt.standing == Standing::Firm,
            };
            list.insert(to, incoming);
        }
    }

    /// Counts a calendar anew.
    pub(super) fn count_calendar(&mut self, problem: &Problem, at: usize) {
        self.calendars[at] = work_days(&problem.calendars[at]);
    }

    /// The lines of an item, in file order.
    pub(super) fn below(&self, item: usize) -> &[Edge] {
        &self.below[self.below_first[item] as usize..self.below_first[item + 1] as usize]
    }

    /// The lines that use an item, in file order.
    pub(super) fn above(&self, item: usize) -> &[Edge] {
        &self.above[self.above_first[item] as usize..self.above_first[item + 1] as usize]
    }

    /// When an order of the item must start to be received on `due`.
    pub(super) fn start(&self, item: usize, due: Day) -> Day {
        self.start_at(item, self.rules[item].lead, due)
    }

    /// When an order for a supplier must start to be received on `due`.
    pub(super) fn start_at(&self, item: usize, lead: i32, due: Day) -> Day {
        match self.rules[item].calendar {
            None => due - lead,
            Some(at) => self.calendars[at as usize].back(due, lead),
        }
    }

    /// When an order that starts on `start` is received, whichever supplier `line` names.
    pub(super) fn finish_on(&self, item: usize, line: u16, start: Day) -> Day {
        let rules = &self.rules[item];
        let of = |sources: &Sources| {
            let at = usize::from(line).checked_sub(1)?;
            sources.lead_days.get(at).copied()
        };
        let lead = rules.sources.as_deref().and_then(of).unwrap_or(rules.lead);
        match rules.calendar {
            None => start + lead,
            Some(at) => self.calendars[at as usize].forward(start, lead),
        }
    }

    /// The last day on or before `day` on which an order of the item can start.
    pub(super) fn work_day(&self, item: usize, day: Day) -> Day {
        match self.rules[item].calendar {
            None => day,
            Some(at) => self.calendars[at as usize].back(day.saturating_add(1), 1),
        }
    }

    /// When an order of the item that starts on `start` is received.
    pub(super) fn finish(&self, item: usize, start: Day) -> Day {
        self.finish_on(item, 0, start)
    }

    fn levels(&mut self, problem: &Problem) -> Result<(), MrpError> {
        let items = problem.items.len();
        let mut open: Vec<u32> = (0..items).map(|at| self.above(at).len() as u32).collect();
        let mut ready: Vec<u32> = (0..items as u32)
            .filter(|at| open[*at as usize] == 0)
            .collect();
        let mut done = 0;
        while let Some(parent) = ready.get(done).map(|at| *at as usize) {
            done += 1;
            for edge in self.below_first[parent]..self.below_first[parent + 1] {
                let child = self.below[edge as usize].child as usize;
                self.level[child] = self.level[child].max(self.level[parent] + 1);
                open[child] -= 1;
                if open[child] == 0 {
                    ready.push(child as u32);
                }
            }
        }
        if done < items {
            return Err(self.cycle(problem, &open));
        }
        if let Some(deep) = (0..items).find(|at| self.level[*at] >= limits::LEVELS) {
            let rule = "keep the bill of material below 200 levels";
            let (id, level) = (&problem.items[deep].id, self.level[deep]);
            return Err(MrpError::range(id, "low-level code", level, rule));
        }
        ready.sort_unstable_by_key(|at| (self.level[*at as usize], *at));
        for (place, at) in ready.iter().enumerate() {
            self.place[*at as usize] = place as u32;
        }
        self.order = ready;
        Ok(())
    }

    /// Walks from an item that is left over to a parent that is left over, until one comes again.
    fn cycle(&self, problem: &Problem, open: &[u32]) -> MrpError {
        let mut at = open.iter().position(|count| *count > 0).unwrap_or(0);
        let (mut seen, mut path) = (vec![usize::MAX; open.len()], Vec::new());
        while seen[at] == usize::MAX {
            seen[at] = path.len();
            path.push(at);
            let up = (self.above(at).iter()).find(|edge| open[edge.parent as usize] > 0);
            at = up.map_or(at, |edge| edge.parent as usize);
        }
        let mut around = path.split_off(seen[at]);
        around.push(at);
        around.reverse();
        let path = around.into_iter().map(|at| problem.items[at].id.clone());
        MrpError::Cycle {
            path: path.collect(),
        }
    }
}

/// A century around day 0, and what the longest lead time reaches beyond it.
fn work_days(calendar: &Calendar) -> WorkDays {
    let reach = limits::DAY + limits::SPAN;
    WorkDays::new(calendar, -reach, reach)
}

fn by(items: usize, edges: &[Edge], key: impl Fn(&Edge) -> u32) -> (Vec<u32>, Vec<Edge>) {
    let mut first = vec![0u32; items + 1];
    for edge in edges {
        first[key(edge) as usize + 1] += 1;
    }
    for at in 0..items {
        first[at + 1] += first[at];
    }
    let mut sorted = edges.to_vec();
    sorted.sort_by_key(key);
    (first, sorted)
}
