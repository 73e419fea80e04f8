//! A plan told in the programme's own items: requirements and releases, messages, pegs and reasons. It must not know how
//! a plan is made. Invariants: what options multiplied is added up again under the item's own name; a release in the
//! past stays there and says by how many days.
use super::problem::Translated;
use super::source::{Release, Stock};
use crate::mrp::{
    Action, Change, Day, Demand, LateOrder, Message, MrpError, Peg, Plan, Replanned, Source,
    Supplier,
};
use std::collections::{BTreeMap, HashMap};
use takt_kernel::{Date, Quantity, Reason};

/// The plan of a programme.
#[derive(Debug, Clone)]
pub struct MaterialPlan {
    plan: Plan,
    base: Vec<Option<usize>>,
    /// By item of the programme the items of the problem that stand for it.
    copies: Vec<Vec<usize>>,
    stocks: Vec<Stock>,
    /// Who delivers a receipt.
    suppliers: HashMap<String, String>,
    as_of: Date,
}

/// What the plan does about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPlan {
    /// Index of the item.
    pub item: usize,
    /// All that is required of it from the first day on.
    pub gross: Quantity,
    /// What stock and receipts leave open.
    pub net: Quantity,
    /// What is planned to be received.
    pub planned_quantity: Quantity,
    /// The planned orders, by day of use, then supplier.
    pub releases: Vec<Release>,
}

/// An action on an order or receipt, pegged to the demand that causes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What should be done.
    pub action: Action,
    /// Index of the item.
    pub item: usize,
    /// The receipt that it is about; none for a planned order.
    pub receipt: Option<String>,
    /// When a planned order is to be released.
    pub release_on: Option<Date>,
    /// The day of receipt as it stands.
    pub due: Date,
    /// The day of receipt as it should be.
    pub wanted: Option<Date>,
    /// How much it is about.
    pub quantity: Quantity,
    /// How many days ago a planned order should have been released; 0 where there is still time.
    pub past_due_days: i32,
    /// The demand that causes it; none where nobody needs it or the safety stock does.
    pub demand: Option<usize>,
}

/// A part of a supply that belongs to what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplied {
    /// Index of the item.
    pub item: usize,
    /// The receipt; none for stock and planned orders.
    pub receipt: Option<String>,
    /// When it is released and used; none for stock on hand.
    pub order: Option<(Date, Date)>,
    /// How much of it.
    pub quantity: Quantity,
}

impl MaterialPlan {
    /// Plans what was translated; `stocks` are those it was translated with.
    pub fn run(translated: Translated, stocks: &[Stock], as_of: Date) -> Result<Self, MrpError> {
        let (plan, base) = translated.plan()?;
        let items = base.iter().flatten().max().map_or(0, |last| last + 1);
        let mut copies = vec![Vec::new(); items];
        for (at, item) in base.iter().enumerate() {
            if let Some(item) = item {
                copies[*item].push(at);
            }
        }
        Ok(Self {
            plan,
            base,
            copies,
            suppliers: (stocks.iter().flat_map(|stock| &stock.expected))
                .map(|coming| (coming.receipt_id.clone(), coming.supplier_id.clone()))
                .collect(),
            stocks: stocks.to_vec(),
            as_of,
        })
    }

    /// The plan in the items of its problem.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The day as of which it was made.
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// How many items the programme has.
    pub fn items(&self) -> usize {
        self.copies.len()
    }

    fn is_made(&self, at: usize) -> bool {
        let named = self.plan.problem().items.get(at);
        named.is_some_and(|named| named.source == Source::Make)
    }

    /// What a day of receipt in the problem is in the programme: bought parts come on the evening before.
    fn received(&self, at: usize, day: Date) -> Date {
        match self.is_made(at) {
            true => day,
            false => day.minus(1),
        }
    }

    /// The name of a supplier of an item.
    pub fn supplier(&self, item: usize, source: usize) -> Option<&str> {
        let sources = &self.stocks.get(item)?.sources;
        sources
            .get(source)
            .map(|source| source.supplier_id.as_str())
    }

    /// What the plan does about an item of the programme; none where there is no such item.
    pub fn item(&self, item: usize) -> Option<ItemPlan> {
        let copies = self.copies.get(item)?;
        let mut told = ItemPlan {
            item,
            gross: Quantity::ZERO,
            net: Quantity::ZERO,
            planned_quantity: Quantity::ZERO,
            releases: Vec::new(),
        };
        let mut made: BTreeMap<(Date, Date), i64> = BTreeMap::new();
        for at in copies {
            let report = self.plan.item(*at)?;
            told.gross.0 += report.gross.milli();
            told.net.0 += report.net.milli();
            told.planned_quantity.0 += report.planned_quantity.milli();
            if self.is_made(*at) {
                for release in &report.releases {
                    *made.entry((release.due, release.date)).or_default() +=
                        release.quantity.milli();
                }
                continue;
            }
            let dealt = self.stocks.get(item).is_some_and(Stock::is_dealt);
            let known = self.stocks.get(item).and_then(Stock::fastest_place);
            for (release, source) in report.releases.iter().zip(self.sources_of(*at)) {
                told.releases.push(Release {
                    on: release.date,
                    due: release.due.minus(1),
                    quantity: release.quantity,
                    past_due_days: release.past_due_days,
                    source: if dealt { source } else { known },
                });
            }
        }
        told.releases
            .extend(made.into_iter().map(|((due, on), milli)| Release {
                on,
                due,
                quantity: Quantity(milli),
                past_due_days: self.as_of.days_since(on).max(0),
                source: None,
            }));
        Some(told)
    }

    /// The supplier of each planned order of a bought item, where it has several.
    fn sources_of(&self, at: usize) -> impl Iterator<Item = Option<usize>> {
        let planned = self.plan.supplies(at).into_iter();
        planned
            .filter(|supply| matches!(supply.supplier, Supplier::Order(_)))
            .map(|supply| supply.source)
    }

    /// The demand of an id: an order, or a forecast.
    pub fn demand(&self, id: &str) -> Option<usize> {
        let demands = &self.plan.problem().demands;
        demands.iter().position(|demand| demand.id == id)
    }

    /// A demand by its index.
    pub fn demand_at(&self, at: usize) -> Option<&Demand> {
        self.plan.problem().demands.get(at)
    }

    /// All demands that are late, in the order of the demands, with the reasons in the programme's names.
    pub fn late(&self) -> Vec<LateOrder> {
        let mut late = self.plan.late();
        for late in &mut late {
            late.reasons = self.renamed(std::mem::take(&mut late.reasons));
        }
        late
    }

    /// Why a demand is late and when it can be had; none where it is in time.
    pub fn explain(&self, demand: usize) -> Option<LateOrder> {
        let mut late = self.plan.explain_late(demand)?;
        late.reasons = self.renamed(late.reasons);
        Some(late)
    }

    /// Reasons in the programme's names; the kit of common parts is none of its items and is passed over.
    fn renamed(&self, reasons: Vec<Reason>) -> Vec<Reason> {
        let mut told = Vec::with_capacity(reasons.len());
        for mut reason in reasons {
            reason.upstream = self.renamed(reason.upstream);
            // What is under way waits for its own supplier, not for the one that would be asked next.
            if let Some(supplier) = self.suppliers.get(&reason.subject)
                && let Some(transport) = reason.upstream.first_mut()
                && !supplier.is_empty()
            {
                transport.subject.clone_from(supplier);
            }
            if let Some((name, _)) = reason.subject.rsplit_once('#') {
                reason.subject = name.to_owned();
            }
            match self.kit() {
                Some(kit) if *kit == reason.subject => told.append(&mut reason.upstream),
                _ => told.push(reason),
            }
        }
        told
    }

    fn kit(&self) -> Option<&String> {
        let kit = self.base.iter().position(Option::is_none)?;
        self.plan.problem().items.get(kit).map(|item| &item.id)
    }

    /// What should be done about orders; planned orders that are to be released within so many days.
    pub fn messages(&self, horizon: i32) -> Vec<Named> {
        let mut told: Vec<Named> = Vec::new();
        // Where the order of an item and day stands in what is told: what options multiplied is one order.
        let mut orders: BTreeMap<(usize, Date), usize> = BTreeMap::new();
        for message in self.plan.messages(horizon) {
            let Some(item) = self.base.get(message.item).copied().flatten() else {
                continue;
            };
            let known = match (message.action, message.supplier) {
                (Action::Order, Supplier::Order(_)) if self.is_made(message.item) => {
                    let at = orders.entry((item, message.due)).or_insert(told.len());
                    told.get_mut(*at)
                }
                _ => None,
            };
            match known {
                Some(known) => known.quantity.0 += message.quantity.milli(),
                None => told.push(self.named(item, &message)),
            }
        }
        told
    }

    fn named(&self, item: usize, message: &Message) -> Named {
        let problem = self.plan.problem();
        let receipt = match message.supplier {
            Supplier::Receipt(at) => problem.receipts.get(at).map(|receipt| receipt.id.clone()),
            Supplier::OnHand | Supplier::Order(_) => None,
        };
        let release_on = match (message.action, self.release_of(message)) {
            (Action::Order, Some(on)) => Some(on),
            _ => None,
        };
        Named {
            action: message.action,
            item,
            receipt,
            release_on,
            due: self.received(message.item, message.due),
            wanted: message.wanted.map(|day| self.received(message.item, day)),
            quantity: message.quantity,
            past_due_days: message.past_due_days,
            demand: message.demand,
        }
    }

    /// When the planned order of a message is to be released.
    fn release_of(&self, message: &Message) -> Option<Date> {
        let Supplier::Order(at) = message.supplier else {
            return None;
        };
        let start = self.plan.start_of(message.item, at)?;
        Some(self.plan.problem().date(start))
    }

    /// The supplies of a demand down to what is bought; all supplies of bought items, or of made ones too.
    pub fn peg_down(&self, demand: usize, with_made: bool) -> Vec<Supplied> {
        let pegging = self.plan.peg_down(demand, with_made);
        pegging
            .supplies
            .iter()
            .filter_map(|peg| self.supplied(peg))
            .collect()
    }

    fn supplied(&self, peg: &Peg) -> Option<Supplied> {
        let item = self.base.get(peg.item).copied().flatten()?;
        let problem = self.plan.problem();
        let (receipt, order) = match peg.supplier {
            Supplier::OnHand => (None, None),
            Supplier::Receipt(at) => (
                problem.receipts.get(at).map(|receipt| receipt.id.clone()),
                Some((peg.start, peg.due)),
            ),
            Supplier::Order(_) => (None, Some((peg.start, peg.due))),
        };
        let date = |(start, due): (Day, Day)| {
            (
                problem.date(start),
                self.received(peg.item, problem.date(due)),
            )
        };
        Some(Supplied {
            item,
            receipt,
            order: order.map(date),
            quantity: peg.quantity,
        })
    }

    /// The demands that an item's supplies are for, by index with their quantities: those received on a day, or all of
    /// them with the stock on hand.
    pub fn peg_up(&self, item: usize, received_on: Option<Date>) -> Vec<(usize, Quantity)> {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        let mut add = |at: usize, supplier: Supplier| {
            for (demand, quantity) in self.plan.peg_up(at, supplier).demands {
                *sums.entry(demand).or_default() += quantity.milli();
            }
        };
        for at in self.copies.get(item).into_iter().flatten().copied() {
            if received_on.is_none() {
                add(at, Supplier::OnHand);
            }
            for supply in self.plan.supplies(at) {
                let due = self.received(at, self.plan.problem().date(supply.due));
                if received_on.is_none_or(|on| on == due) {
                    add(at, supply.supplier);
                }
            }
        }
        sums.into_iter()
            .map(|(demand, milli)| (demand, Quantity(milli)))
            .collect()
    }

    /// Takes a change in; the indices are those of the problem.
    pub fn replan(&mut self, change: Change) -> Result<Replanned, MrpError> {
        self.plan.replan(change)
    }
}
