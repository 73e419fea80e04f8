//! The translation: a programme, a position and a stock become a problem of `mrp`. It must not plan. Invariants: the
//! items of the programme keep their index; items that options multiply are named after the one they are a variant of.
use super::Basis;
use super::demand::{Position, demands};
use super::shop::shops;
use super::source::Stock;
use crate::mrp::{
    Bucket, Calendar, Day, Item, Line, Lot, LotRule, MrpError, Plan, Problem, Receipt,
    Source as Origin, Sourced, Standing,
};
use takt_kernel::{Date, Quantity};

/// How to plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mode {
    /// Within the capacity of the shops.
    pub finite: bool,
    /// By week instead of by day.
    pub weekly: bool,
}

/// What to plan.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The day as of which to plan; it is the first day that can still be planned.
    pub as_of: Date,
    /// How.
    pub mode: Mode,
    /// What is built and what waits.
    pub position: &'a Position,
    /// By item what there is; made items have a row that nobody looks at.
    pub stocks: &'a [Stock],
}

/// A problem that is ready to be planned, with what leads back from it to the programme.
#[derive(Debug, Clone)]
pub struct Translated {
    pub(super) problem: Problem,
    pub(super) mode: Mode,
    /// By item of the problem the item of the programme; none for the kit of common parts.
    pub(super) base: Vec<Option<usize>>,
}

impl Translated {
    /// The problem.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Plans it.
    pub fn plan(self) -> Result<(Plan, Vec<Option<usize>>), MrpError> {
        let plan = match self.mode.finite {
            true => Plan::finite(self.problem)?,
            false => Plan::unlimited(self.problem)?,
        };
        Ok((plan, self.base))
    }
}

/// Translates. Cost: O(orders + lines x configurations + days x items).
pub fn translate(basis: &Basis<'_>, request: &Request<'_>) -> Result<Translated, MrpError> {
    let as_of = request.as_of;
    // Weeks begin on Monday; day 0 of 1970 was a Thursday.
    let first = as_of.minus((as_of.epoch_day() + 3).rem_euclid(7));
    let mut problem = Problem::new(first);
    problem.today = as_of.days_since(first);
    problem.bucket = match request.mode.weekly {
        true => Bucket::Week,
        false => Bucket::Day,
    };
    let (shops, work) = shops(basis, as_of, first);
    problem.shops = shops;
    // A shop works on every day that has hours; a calendar of its own lets a day be taken out.
    problem.calendars = vec![Calendar::every_day(); problem.shops.len()];
    for (at, shop) in problem.shops.iter_mut().enumerate() {
        shop.calendar = Some(at);
    }
    let nothing = Stock::default();
    for (at, named) in basis.bom.items().iter().enumerate() {
        let stock = request.stocks.get(at).unwrap_or(&nothing);
        let mut item = Item::new(named.id.clone(), Origin::Make);
        match basis.makes.get(at).copied().flatten() {
            Some(make) => {
                item.shop = Some(make.shop);
                item.lead_days = make.lead_days;
                item.micro_hours = work.get(at).copied().unwrap_or(0);
                item.order_yield = named.order_yield;
            }
            None => {
                item = bought(named.id.clone(), stock);
                problem
                    .receipts
                    .extend(stock.expected.iter().map(|coming| Receipt {
                        id: coming.receipt_id.clone(),
                        item: at,
                        quantity: coming.quantity,
                        due: coming.on.days_since(first) + 1,
                        standing: Standing::Released,
                    }));
            }
        }
        problem.items.push(item);
    }
    problem.lines = (0..basis.bom.items().len())
        .flat_map(|item| basis.bom.lines_of(item))
        .map(|line| Line {
            scrap: line.component_scrap,
            condition: line.condition.clone(),
            ..Line::new(line.parent, line.child, line.qty)
        })
        .collect();
    problem.demands = demands(basis, request.position, as_of, first);
    let known = problem.items.len();
    let mut base: Vec<Option<usize>> = (0..known).map(Some).collect();
    put_common_parts_together(&mut problem, basis.bom.root());
    base.resize(problem.items.len(), None);
    let configured = base.len();
    let problem = problem.configured()?;
    base.extend(problem.items.iter().skip(configured).map(|item| {
        let (name, _) = item.id.rsplit_once('#')?;
        problem
            .items
            .iter()
            .take(known)
            .position(|of| of.id == name)
    }));
    Ok(Translated {
        problem,
        mode: request.mode,
        base,
    })
}

fn bought(id: String, stock: &Stock) -> Item {
    let mut item = Item::new(id, Origin::Buy);
    // Received on the evening, used on the next day.
    let lead = |days: i32| days.saturating_add(1);
    if let Some(fastest) = stock.fastest() {
        item.supplier.clone_from(&fastest.supplier_id);
        item.lead_days = lead(fastest.lead_days);
    }
    if stock.is_dealt() {
        let sourced = stock.sources.iter().map(|source| Sourced {
            supplier: source.supplier_id.clone(),
            share: source.share,
            lead_days: lead(source.lead_days),
            ordered_lots: source.ordered_lots,
        });
        item.sources = sourced.collect();
    }
    item.on_hand = stock.on_hand;
    item.safety_stock = stock.safety;
    if stock.lot > Quantity::ZERO {
        item.lot = Lot {
            rule: LotRule::Fixed(stock.lot),
            ..Lot::default()
        };
    }
    item
}

/// Puts the parts that every vehicle has, whatever its options, below a pseudo item (a kit of common parts: Orlicky,
/// chapter on bills of material). It is never ordered; a thousand configurations then share one parent of each part.
fn put_common_parts_together(problem: &mut Problem, root: usize) {
    let mut chosen = vec![false; problem.items.len()];
    // An item is chosen by options where a line of it or of anything below has a condition.
    loop {
        let more: Vec<usize> = (problem.lines.iter())
            .filter(|line| !line.condition.is_always() || chosen[line.child])
            .map(|line| line.parent)
            .filter(|parent| !chosen[*parent])
            .collect();
        if more.is_empty() {
            break;
        }
        more.into_iter().for_each(|parent| chosen[parent] = true);
    }
    let is_common =
        |line: &Line| line.parent == root && line.condition.is_always() && !chosen[line.child];
    if !chosen[root] || !problem.lines.iter().any(is_common) {
        return;
    }
    let kit = problem.items.len();
    for line in &mut problem.lines {
        if is_common(line) {
            line.parent = kit;
        }
    }
    problem
        .lines
        .push(Line::new(root, kit, Quantity::from_units(1)));
    let id = format!("{} common parts", problem.items[root].id);
    problem.items.push(Item {
        blow_through_from: Some(Day::MIN),
        ..Item::new(id, Origin::Make)
    });
}
