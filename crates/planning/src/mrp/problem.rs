//! A planning problem as plain structs: items, bill of material, shops, demands, receipts. It must not know how a
//! plan is made. Units: thousandths (`Quantity`), days counted from `first`, work in millionths of an hour per
//! unit, capacity in thousandths of an hour. Day 0 is the first day of week 0, and a week has seven days.
//! Invariant: whatever `check` lets through can be planned without overflow of a day or an index.
use super::calendar::Calendar;
use super::lot::Lot;
use super::source::Sourced;
use crate::feature::{Condition, Config};
use takt_kernel::{Date, Quantity, Share};

/// A day, counted from the first day of the problem; it may be negative.
pub type Day = i32;

/// The width of a planning bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Requirements stand on their day.
    #[default]
    Day,
    /// Requirements of a week stand on its first day.
    Week,
}

impl Bucket {
    /// The day on which a requirement of `day` stands.
    pub const fn start(self, day: Day) -> Day {
        match self {
            Self::Day => day,
            Self::Week => day.div_euclid(7) * 7,
        }
    }
}

/// How an item comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// It is made here; its lines say from what.
    Make,
    /// It is bought.
    Buy,
}

/// A second place where an item can be made, in the same lead time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alternate {
    /// Index of the shop.
    pub shop: usize,
    /// Millionths of an hour per unit there.
    pub micro_hours: i64,
}

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub id: String,
    /// Made or bought.
    pub source: Source,
    /// Who delivers it, for reasons; empty where it is made or not known.
    pub supplier: String,
    /// Where it is made; finite planning loads this shop.
    pub shop: Option<usize>,
    /// The calendar on which its lead time runs, where it is not that of the shop; none means every day.
    pub calendar: Option<usize>,
    /// Working days from release to receipt; of a finite plan also where there are several suppliers.
    pub lead_days: i32,
    /// Several suppliers with shares and lead times of their own; needs a fixed lot. A receipt that comes after a
    /// shortage is then had earlier only where none of them could still deliver in time.
    pub sources: Vec<Sourced>,
    /// How much is ordered at once.
    pub lot: Lot,
    /// Kept back for what nobody foresees.
    pub safety_stock: Quantity,
    /// Usable stock at the start of today.
    pub on_hand: Quantity,
    /// Good units per unit released, above 0 and at most 1.
    pub order_yield: Share,
    /// From this day on nothing is ordered: what stock and receipts do not cover goes straight through to the lines
    /// on the same day. A phantom assembly has `Day::MIN`; a part that is used up and then replaced has the day of
    /// the change and a line to its successor.
    pub blow_through_from: Option<Day>,
    /// No new order is planned to be received within so many days from today.
    pub fence_days: i32,
    /// Millionths of an hour per unit released, in `shop`.
    pub micro_hours: i64,
    /// Millionths of an hour that a shop loses when it changes over to the item, once in a bucket of its capacity.
    pub changeover_micro_hours: i64,
    /// Second lines, in order of preference.
    pub alternates: Vec<Alternate>,
}

impl Item {
    /// An item that is made or bought one for one at once, without stock: the neutral start to change from.
    pub fn new(id: impl Into<String>, source: Source) -> Self {
        Self {
            id: id.into(),
            source,
            supplier: String::new(),
            shop: None,
            calendar: None,
            lead_days: 0,
            sources: Vec::new(),
            lot: Lot::default(),
            safety_stock: Quantity::ZERO,
            on_hand: Quantity::ZERO,
            order_yield: Share::ONE,
            blow_through_from: None,
            fence_days: 0,
            micro_hours: 0,
            changeover_micro_hours: 0,
            alternates: Vec::new(),
        }
    }
}

/// A line of the bill of material: `quantity` of `child` for one `parent`, taken when the parent's order starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Index of the parent.
    pub parent: usize,
    /// Index of the child.
    pub child: usize,
    /// How much of the child for one parent released.
    pub quantity: Quantity,
    /// Part of the child that is lost: need = quantity / (1 - scrap); at least 0 and below 1.
    pub scrap: Share,
    /// The line holds for orders that start on this day or later.
    pub from: Day,
    /// The line holds for orders that start before this day.
    pub until: Day,
    /// The configurations for which the line holds.
    pub condition: Condition,
}

impl Line {
    /// A line that always holds and loses nothing.
    pub fn new(parent: usize, child: usize, quantity: Quantity) -> Self {
        Self {
            parent,
            child,
            quantity,
            scrap: Share(0),
            from: Day::MIN,
            until: Day::MAX,
            condition: Condition::default(),
        }
    }
}

/// What a shop can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capacity {
    /// Thousandths of an hour per week; an order loads the week in which it starts.
    Week(i64),
    /// Thousandths of an hour per working day; an order loads the day on which it starts.
    Day(i64),
}

/// A shop with limited capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Its name.
    pub id: String,
    /// Its working days; none means every day.
    pub calendar: Option<usize>,
    /// What it can do in a bucket.
    pub capacity: Capacity,
    /// Buckets (weeks or days, as `capacity` counts) that can do something else, in thousandths of an hour.
    pub exceptions: Vec<(i32, i64)>,
}

/// An independent requirement: a customer order or a forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Its name.
    pub id: String,
    /// Index of the item.
    pub item: usize,
    /// How much; 0 means it was taken back.
    pub quantity: Quantity,
    /// When.
    pub due: Day,
    /// 1 is planned first.
    pub priority: i32,
    /// What exactly, where the lines below have conditions.
    pub config: Option<Config>,
}

/// How far an order that is already there has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Released: its components have been issued.
    Released,
    /// A firm planned order: its quantity and date stand, its components are still to come.
    Firm,
}

/// A scheduled receipt or firm planned order. The plan never moves it; it says what should happen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its name.
    pub id: String,
    /// Index of the item.
    pub item: usize,
    /// Good quantity to be received; 0 means it was cancelled.
    pub quantity: Quantity,
    /// The day of receipt.
    pub due: Day,
    /// Released or firm.
    pub standing: Standing,
}

/// Everything a plan is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The date of day 0.
    pub first: Date,
    /// The day as of which to plan.
    pub today: Day,
    /// The width of the buckets.
    pub bucket: Bucket,
    /// A receipt that comes at most so many days after a shortage covers it, with the message to expedite it; one
    /// that comes later does not, and a new order is planned.
    pub reschedule_days: i32,
    /// Working calendars.
    pub calendars: Vec<Calendar>,
    /// The shops.
    pub shops: Vec<Shop>,
    /// The items, in file order.
    pub items: Vec<Item>,
    /// The bill of material.
    pub lines: Vec<Line>,
    /// Independent requirements, in file order.
    pub demands: Vec<Demand>,
    /// Scheduled receipts and firm planned orders.
    pub receipts: Vec<Receipt>,
}

impl Problem {
    /// An empty problem as of day 0, which is `first`.
    pub fn new(first: Date) -> Self {
        Self {
            first,
            today: 0,
            bucket: Bucket::Day,
            reschedule_days: 14,
            calendars: Vec::new(),
            shops: Vec::new(),
            items: Vec::new(),
            lines: Vec::new(),
            demands: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// The calendar date of a day.
    pub fn date(&self, day: Day) -> Date {
        self.first.plus(day)
    }

    /// Index of the calendar on which an item's lead time runs.
    pub(super) fn calendar_of(&self, item: &Item) -> Option<usize> {
        let of_shop = || item.shop.and_then(|shop| self.shops.get(shop)?.calendar);
        item.calendar.or_else(of_shop)
    }
}
