//! Pegging both ways: which supplies a demand lives on, down to what is bought, and which demands a supply is for.
//! It must not know why something is late. Nothing is stored for it: supply and requirement are cumulative curves, what
//! stands at the same height belongs together, and a peg is a range of heights. Within a day deliveries come first,
//! then parents in file order of their lines, then their orders as they are used. Invariants: the ranges of an
//! item never overlap after `merge`; a supply is consumed, kept as safety stock or left over, and nothing is lost.
use super::net::{NONE, Supply};
use super::network::Edge;
use super::plan::Plan;
use super::problem::Day;
use takt_kernel::Quantity;

/// Heights from, to.
pub(super) type Span = (i64, i64);

/// What supplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Supplier {
    /// Stock on hand.
    OnHand,
    /// The receipt of that index.
    Receipt(usize),
    /// The planned order: index of the supply within its item.
    Order(usize),
}

/// Who consumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Consumer {
    /// The demand of that index.
    Demand(usize),
    /// An order of an item above.
    Order {
        /// Index of the item.
        item: usize,
        /// Index of the supply within it.
        supply: usize,
    },
    /// It is kept as safety stock.
    SafetyStock,
    /// Nobody: it is left at the end.
    Left,
}

/// A part of a supply that belongs to what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peg {
    /// Index of the item.
    pub item: usize,
    /// What supplies it.
    pub supplier: Supplier,
    /// How much of it.
    pub quantity: Quantity,
    /// When it starts, for orders and receipts.
    pub start: Day,
    /// When it is received.
    pub due: Day,
}

/// Everything below a demand or above a supply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pegging {
    /// Supplies below, items in low-level order.
    pub supplies: Vec<Peg>,
    /// Demands above with their quantities, in file order.
    pub demands: Vec<(usize, Quantity)>,
    /// How many items were visited.
    pub visited: usize,
}

impl Plan {
    /// Who consumes a supply directly; the quantities add up to the supply.
    pub fn consumers(&self, item: usize, supplier: Supplier) -> Vec<(Consumer, Quantity)> {
        let mut all = Vec::new();
        let Some(span) = self.span_of(item, supplier) else {
            return all;
        };
        let mut reached = span.0;
        self.above_span(item, span, &mut |consumer, part, _| {
            all.push((consumer, Quantity(part.1 - part.0)));
            reached += part.1 - part.0;
        });
        if reached < span.1 {
            all.push((Consumer::Left, Quantity(span.1 - reached)));
        }
        all
    }

    /// The supplies of a demand down to what is bought; all supplies of bought items, or of made ones too.
    pub fn peg_down(&self, demand: usize, with_made: bool) -> Pegging {
        let mut pegging = Pegging::default();
        let Some(item) = self.problem.demands.get(demand).map(|d| d.item) else {
            return pegging;
        };
        let mut spans: Vec<Vec<Span>> = vec![Vec::new(); self.items.len()];
        spans[item] = self.spans_of_demand(demand);
        for place in self.network.place[item] as usize..self.network.order.len() {
            let item = self.network.order[place] as usize;
            let mut mine = std::mem::take(&mut spans[item]);
            if mine.is_empty() {
                continue;
            }
            pegging.visited += 1;
            merge(&mut mine);
            let listed = with_made || !self.network.rules[item].make;
            for span in mine {
                self.below_span(item, span, &mut |at, part| {
                    if listed {
                        pegging.supplies.push(self.peg(item, at, part));
                    }
                    if let Some(at) = at {
                        self.needs_of(item, at, part, |_| true, &mut |child, need| {
                            spans[child].push(need);
                        });
                    }
                });
            }
        }
        pegging
    }

    /// The demands that a supply is for, over all levels.
    pub fn peg_up(&self, item: usize, supplier: Supplier) -> Pegging {
        let mut pegging = Pegging::default();
        let Some(span) = self.span_of(item, supplier) else {
            return pegging;
        };
        let mut spans: Vec<Vec<Span>> = vec![Vec::new(); self.items.len()];
        let mut demands: Vec<(usize, Span)> = Vec::new();
        spans[item].push(span);
        for place in (0..=self.network.place[item] as usize).rev() {
            let item = self.network.order[place] as usize;
            let mut mine = std::mem::take(&mut spans[item]);
            if mine.is_empty() {
                continue;
            }
            pegging.visited += 1;
            merge(&mut mine);
            for span in mine {
                self.above_span(item, span, &mut |consumer, part, need| match consumer {
                    Consumer::Demand(demand) => demands.push((demand, part)),
                    Consumer::Order { item, supply } => {
                        spans[item].push(self.part_above(item, supply, part, need));
                    }
                    Consumer::SafetyStock | Consumer::Left => {}
                });
            }
        }
        demands.sort_unstable();
        for (demand, part) in demands {
            let quantity = part.1 - part.0;
            match pegging.demands.last_mut() {
                Some((last, sum)) if *last == demand => sum.0 += quantity,
                _ => pegging.demands.push((demand, Quantity(quantity))),
            }
        }
        pegging
    }

    /// The demand whose need comes first above a height of an item: who causes an order. Cost: one path.
    pub fn cause(&self, item: usize, supplier: Supplier) -> Option<usize> {
        let mut at = (item, self.span_of(item, supplier)?);
        loop {
            let span = (at.1.0, at.1.1.min(at.1.0 + 1));
            let (mut found, mut next) = (None, None);
            self.above_span(at.0, span, &mut |consumer, part, need| match consumer {
                Consumer::Demand(demand) => found = Some(demand),
                Consumer::Order { item, supply } => {
                    next = Some((item, self.part_above(item, supply, part, need)));
                }
                Consumer::SafetyStock | Consumer::Left => {}
            });
            match (found, next) {
                (Some(demand), _) => return Some(demand),
                (None, Some(next)) => at = next,
                (None, None) => return None,
            }
        }
    }

    /// The heights of a supply.
    pub(super) fn span_of(&self, item: usize, supplier: Supplier) -> Option<Span> {
        let plan = self.items.get(item)?;
        let at = match supplier {
            Supplier::OnHand => return Some((0, self.network.rules[item].on_hand)),
            Supplier::Receipt(receipt) => {
                let found = |supply: &Supply| supply.receipt as usize == receipt;
                plan.supplies.iter().position(found)?
            }
            Supplier::Order(at) => at,
        };
        Some((self.begin(item, at), plan.supplies.get(at)?.end))
    }

    /// The height before a supply.
    pub(super) fn begin(&self, item: usize, at: usize) -> i64 {
        match at.checked_sub(1) {
            Some(last) => self.items[item].supplies[last].end,
            None => self.network.rules[item].on_hand,
        }
    }

    /// The heights of what a demand is given.
    pub(super) fn spans_of_demand(&self, demand: usize) -> Vec<Span> {
        let item = self.problem.demands[demand].item;
        let bucket = self.problem.bucket;
        let (mut spans, mut day, mut height) = (Vec::new(), None, 0);
        for delivery in &self.items[item].deliveries {
            let start = bucket.start(delivery.day);
            if day != Some(start) {
                (day, height) = (Some(start), self.height_before(item, start));
            }
            if delivery.demand as usize == demand {
                spans.push((height, height + delivery.quantity));
            }
            height += delivery.quantity;
        }
        spans
    }

    /// The height of the requirements before a day.
    fn height_before(&self, item: usize, day: Day) -> i64 {
        let requirements = &self.items[item].requirements;
        match requirements.partition_point(|r| r.day < day).checked_sub(1) {
            Some(last) => requirements[last].end,
            None => self.network.rules[item].safety,
        }
    }

    /// Calls with each supply below a span (none for stock on hand) and the part of the span it supplies.
    pub(super) fn below_span(
        &self,
        item: usize,
        span: Span,
        call: &mut impl FnMut(Option<usize>, Span),
    ) {
        let on_hand = self.network.rules[item].on_hand;
        if span.0 < on_hand {
            call(None, (span.0, span.1.min(on_hand)));
        }
        let supplies = &self.items[item].supplies;
        let first = supplies.partition_point(|supply| supply.end <= span.0);
        let mut from = span.0.max(on_hand);
        for (at, supply) in supplies.iter().enumerate().skip(first) {
            if from >= span.1 {
                break;
            }
            let to = supply.end.min(span.1);
            call(Some(at), (from, to));
            from = to;
        }
    }

    /// Calls with each child that is asked for and the heights there that a part of an order needs.
    pub(super) fn needs_of(
        &self,
        item: usize,
        at: usize,
        part: Span,
        asked: impl Fn(usize) -> bool,
        call: &mut impl FnMut(usize, Span),
    ) {
        let supply = self.items[item].supplies[at];
        let begin = self.begin(item, at);
        let quantity = supply.end - begin;
        if !supply.explodes || quantity <= 0 {
            return;
        }
        let below = self.network.below(item).iter();
        for edge in below.filter(|edge| asked(edge.child as usize)) {
            let need = self.need(item, edge, quantity, supply.start);
            if need > 0 {
                let height = self.height_of(edge, at);
                let from = scale(part.0 - begin, need, quantity, false);
                let to = scale(part.1 - begin, need, quantity, true);
                call(edge.child as usize, (height + from, height + to));
            }
        }
    }

    fn need(&self, parent: usize, edge: &Edge, quantity: i64, start: Day) -> i64 {
        // What did not fit was refused when the plan was made.
        let release = self.network.rules[parent].release(quantity).unwrap_or(0);
        edge.need(release, start).unwrap_or(0)
    }

    /// The height at which the need of a parent's order begins on the child's curve.
    fn height_of(&self, edge: &Edge, at: usize) -> i64 {
        let (child, parent) = (edge.child as usize, edge.parent as usize);
        let day = (self.problem.bucket).start(self.items[parent].supplies[at].start);
        let mut height = self.height_before(child, day);
        height += self.delivered_on(child, day);
        for other in self.network.above(child) {
            let mine = other.line == edge.line;
            for (order, _, need) in self.orders_on(other, day) {
                if mine && order == at {
                    return height;
                }
                height += need;
            }
        }
        height
    }

    fn delivered_on(&self, item: usize, day: Day) -> i64 {
        let on = self.deliveries_on(item, day);
        on.iter().map(|delivery| delivery.quantity).sum()
    }

    fn deliveries_on(&self, item: usize, day: Day) -> &[super::plan::Delivery] {
        let (all, bucket) = (&self.items[item].deliveries, self.problem.bucket);
        let from = all.partition_point(|d| bucket.start(d.day) < day);
        let to = all.partition_point(|d| bucket.start(d.day) <= day);
        &all[from..to]
    }

    /// The orders of a line's parent that start in the bucket of `day`: index, good quantity, need.
    fn orders_on(&self, edge: &Edge, day: Day) -> impl Iterator<Item = (usize, i64, i64)> + '_ {
        let (parent, edge) = (edge.parent as usize, *edge);
        let (supplies, bucket) = (&self.items[parent].supplies, self.problem.bucket);
        let (mut from, mut to) = (0, supplies.len());
        // Receipts stand where they are used, which is not always in order of their start.
        if self.network.incoming[parent].is_empty() {
            from = supplies.partition_point(|s| bucket.start(s.start) < day);
            to = from + supplies[from..].partition_point(|s| bucket.start(s.start) <= day);
        }
        (from..to).filter_map(move |at| {
            let supply = supplies[at];
            if !supply.explodes || bucket.start(supply.start) != day {
                return None;
            }
            let quantity = supply.end - self.begin(parent, at);
            Some((
                at,
                quantity,
                self.need(parent, &edge, quantity, supply.start),
            ))
        })
    }

    /// Calls with each consumer above a span, its part within the consumer's own need, and that need.
    fn above_span(&self, item: usize, span: Span, call: &mut impl FnMut(Consumer, Span, i64)) {
        let safety = self.network.rules[item].safety;
        if span.0 < safety {
            call(Consumer::SafetyStock, (span.0, span.1.min(safety)), safety);
        }
        let requirements = &self.items[item].requirements;
        let first = requirements.partition_point(|r| r.end <= span.0.max(safety));
        let mut height = match first.checked_sub(1) {
            Some(last) => requirements[last].end,
            None => safety,
        };
        for requirement in &requirements[first.min(requirements.len())..] {
            if height >= span.1 {
                return;
            }
            let mut give = |consumer: Consumer, need: i64| {
                let (from, to) = (span.0.max(height) - height, span.1 - height);
                if from < to.min(need) {
                    call(consumer, (from, to.min(need)), need);
                }
                height += need;
            };
            for delivery in self.deliveries_on(item, requirement.day) {
                give(
                    Consumer::Demand(delivery.demand as usize),
                    delivery.quantity,
                );
            }
            for edge in self.network.above(item) {
                for (supply, _, need) in self.orders_on(edge, requirement.day) {
                    let item = edge.parent as usize;
                    give(Consumer::Order { item, supply }, need);
                }
            }
        }
    }

    /// The heights of an order's own supply that stand behind a part of its need.
    fn part_above(&self, item: usize, supply: usize, part: Span, need: i64) -> Span {
        let begin = self.begin(item, supply);
        let quantity = self.items[item].supplies[supply].end - begin;
        let from = scale(part.0, quantity, need, false);
        (begin + from, begin + scale(part.1, quantity, need, true))
    }

    fn peg(&self, item: usize, at: Option<usize>, part: Span) -> Peg {
        let supply = at.map(|at| self.items[item].supplies[at]);
        let (start, due) = supply.map_or((self.problem.today, self.problem.today), |s| {
            (s.start, s.due)
        });
        Peg {
            item,
            supplier: match (at, supply) {
                (Some(at), Some(supply)) if supply.receipt == NONE => Supplier::Order(at),
                (_, Some(supply)) => Supplier::Receipt(supply.receipt as usize),
                _ => Supplier::OnHand,
            },
            quantity: Quantity(part.1 - part.0),
            start,
            due,
        }
    }
}

/// `part` of `whole` as a part of `other`, rounded outwards.
fn scale(part: i64, other: i64, whole: i64, up: bool) -> i64 {
    if other == whole {
        return part;
    }
    let product = i128::from(part) * i128::from(other);
    let rounded = match up {
        true => takt_kernel::ceil_div(product, i128::from(whole)),
        false => takt_kernel::floor_div(product, i128::from(whole)),
    };
    rounded.unwrap_or(0)
}

/// Sorts spans and joins those that touch or overlap.
fn merge(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    let mut kept = 0;
    for at in 1..spans.len() {
        if spans[at].0 <= spans[kept].1 {
            spans[kept].1 = spans[kept].1.max(spans[at].1);
        } else {
            kept += 1;
            spans[kept] = spans[at];
        }
    }
    spans.truncate(kept + 1);
}
