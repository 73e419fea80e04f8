//! Material plans: what all levels of the product require, which orders cover it, what is late and why.
//!
//! It must not know rows or messages; the mathematics are `takt_planning::material`. Invariants: a plan is a function of
//! the product and of its input, which is kept with it, so that it can be pegged and explained after a restart; where
//! procurement did not answer the plan is partial and says so.

mod answer;
mod input;
mod rebuild;
pub mod rpc;
mod run;
mod store;
mod wire;

use std::{collections::BTreeMap, fmt};

use takt_kernel::{Date, Quantity};
use takt_planning::{
    material::{Basis, Expected, ItemPlan, Make, MaterialPlan, Named, Source, Stock},
    mrp::{Action, LateOrder, MrpError},
};
use takt_service::Refusal;

use crate::{
    peers::supply::{ItemSupply, Receipt, Supply},
    product::{Item, Product},
};

pub use input::Input;
pub use rebuild::KeptPlans;

/// The actions in the order in which they are counted.
pub const ACTIONS: [Action; 6] = [
    Action::Order,
    Action::Expedite,
    Action::Defer,
    Action::Cancel,
    Action::Increase,
    Action::Decrease,
];

/// A plan with everything that is told of it.
#[derive(Debug)]
pub struct Told {
    /// The head.
    pub head: Head,
    /// The plan, to be pegged.
    pub plan: MaterialPlan,
    /// The items with a requirement or an order.
    pub items: Vec<ItemPlan>,
    /// What should be done, in item order.
    pub messages: Vec<Named>,
    /// The demands that are late.
    pub late: Vec<LateOrder>,
}

/// The head of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The number in the order of release; 0 for one that is not kept.
    pub plan_no: i64,
    /// The id, `su7-m-20240401`.
    pub plan_id: String,
    /// The day as of which it was made.
    pub as_of: Option<Date>,
    /// Within the capacity of the shops.
    pub finite: bool,
    /// By week.
    pub weekly: bool,
    /// How many days ahead messages look.
    pub horizon: i32,
    /// Orders and forecasts.
    pub demands: i64,
    /// Items with a requirement.
    pub items: i64,
    /// Planned orders.
    pub orders: i64,
    /// Planned orders with a release in the past.
    pub past_due: i64,
    /// Late demands.
    pub late: i64,
    /// Late units times days.
    pub late_unit_days: i64,
    /// Messages by action.
    pub actions: [i64; 6],
    /// Why procurement did not answer; empty when it did.
    pub unanswered: String,
}

/// What a basis is made of besides the product's own parts.
struct Ground {
    shares: Vec<takt_kernel::Share>,
    calendar: Vec<takt_planning::line::CalendarDay>,
    makes: Vec<Option<Make>>,
}

impl Ground {
    fn of(product: &Product) -> Self {
        let shop = |id: &str| product.shops.iter().position(|shop| shop.shop_id == *id);
        let make = |item: &Item| {
            let shop = item.made.then(|| shop(&item.shop_id)).flatten()?;
            // What is made is made on the day on which it is used.
            Some(Make { shop, lead_days: 0 })
        };
        Self {
            shares: product
                .variants
                .iter()
                .map(|variant| variant.share)
                .collect(),
            calendar: product.calendar(),
            makes: product.items.iter().map(make).collect(),
        }
    }

    fn basis<'a>(&'a self, product: &'a Product) -> Basis<'a> {
        Basis {
            bom: &product.bom,
            features: &product.features,
            attributes: &product.attributes,
            founders: product.founders,
            variant_shares: &self.shares,
            ramp: &product.ramp,
            schedule: &product.schedule,
            first: (product.days.first()).map_or(product.programme.launch_on, |day| day.on),
            calendar: &self.calendar,
            scale: takt_planning::scale::Scale(product.programme.scale_vehicles),
            shops: &product.workshops,
            makes: &self.makes,
        }
    }
}

/// What there is of every item, from procurement's answer; nothing where it did not answer. `ordered` is how many lots of
/// an item each of its suppliers was given so far.
pub fn stocks_of(
    product: &Product,
    supply: Option<&Supply>,
    ordered: &dyn Fn(usize) -> Vec<i64>,
) -> Vec<Stock> {
    let stock = |(place, item): (usize, &Item)| {
        let known = supply.and_then(|supply| supply.items.get(&place));
        known.map_or_else(Stock::default, |known| {
            stock_of(&item.item_id, known, &ordered(place))
        })
    };
    product.items.iter().enumerate().map(stock).collect()
}

fn stock_of(item: &str, known: &ItemSupply, ordered: &[i64]) -> Stock {
    // What is left of a line may come in parts: each has a name of its own, by which a replan can be asked for.
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let mut name = |receipt: &Receipt| {
        let name = match receipt.line {
            0 => format!("{item} received {}", receipt.on),
            line => format!("{} line {line}", receipt.supplier),
        };
        let times = told.entry(name.clone()).or_default();
        *times += 1;
        match *times {
            1 => name,
            times => format!("{name}/{times}"),
        }
    };
    Stock {
        // What is reserved is kept for vehicles that are still demands of the plan.
        on_hand: Quantity(known.free.milli() + known.reserved.milli()),
        safety: Quantity::ZERO,
        expected: (known.receipts.iter())
            .map(|receipt| Expected {
                receipt_id: name(receipt),
                supplier_id: receipt.supplier.clone(),
                on: receipt.on,
                quantity: receipt.quantity,
            })
            .collect(),
        lot: known.lot,
        sources: (known.sources.iter().enumerate())
            .map(|(at, source)| Source {
                supplier_id: source.supplier.clone(),
                share: source.share,
                lead_days: source.lead_days,
                ordered_lots: ordered.get(at).copied().unwrap_or(0),
            })
            .collect(),
    }
}

impl Told {
    /// Everything that is told of a plan that was made of an input.
    pub fn of(plan: MaterialPlan, input: &Input, unanswered: String) -> Self {
        let items: Vec<ItemPlan> = (0..plan.items())
            .filter_map(|item| plan.item(item))
            .filter(|item| !item.gross.is_zero() || !item.releases.is_empty())
            .collect();
        let (messages, late) = (plan.messages(input.horizon), plan.late());
        let releases = || items.iter().flat_map(|item| &item.releases);
        let count = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
        let unit_days = |late: &LateOrder| late.quantity.milli() * i64::from(late.days) / 1000;
        let head = Head {
            plan_no: 0,
            plan_id: String::new(),
            as_of: Some(plan.as_of()),
            finite: input.mode.finite,
            weekly: input.mode.weekly,
            horizon: input.horizon,
            demands: count(plan.plan().problem().demands.len()),
            items: count(items.len()),
            orders: count(releases().count()),
            past_due: count(
                releases()
                    .filter(|release| release.past_due_days > 0)
                    .count(),
            ),
            late: count(late.len()),
            late_unit_days: late.iter().map(unit_days).sum(),
            actions: ACTIONS.map(|action| {
                count(
                    messages
                        .iter()
                        .filter(|message| message.action == action)
                        .count(),
                )
            }),
            unanswered,
        };
        Self {
            head,
            plan,
            items,
            messages,
            late,
        }
    }
}

/// The id of the `nth` plan (from 1) that was made as of a day.
pub fn plan_id(programme_id: &str, as_of: Date, nth: i64) -> String {
    crate::plan::plan_id(&format!("{programme_id}-m"), as_of, nth)
}

/// Why a material plan cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaterialRefusal {
    /// Nothing was planned yet.
    NoPlan,
    /// What the plan was made from is kept no more.
    Pruned(String),
    /// The demand is not in the plan.
    NoDemand(String, String),
    /// Somebody ended the run.
    Cancelled,
    /// The figures cannot be planned.
    Problem(MrpError),
}

impl fmt::Display for MaterialRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlan => write!(
                out,
                "no material was planned yet; call RunMaterialPlan first"
            ),
            Self::Pruned(plan_id) => write!(
                out,
                "material plan {plan_id} is kept no more; ask for one of the last two"
            ),
            Self::NoDemand(demand, plan_id) => write!(
                out,
                "{demand} is not in material plan {plan_id}: it is built, was locked later, or stands behind the ramp plan; run a plan anew or ask for a promise"
            ),
            Self::Cancelled => write!(
                out,
                "the run was cancelled and left nothing behind; run it anew with another request id"
            ),
            Self::Problem(error) => write!(out, "the material cannot be planned: {error}"),
        }
    }
}

impl Refusal for MaterialRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NoPlan => "NO_MATERIAL_PLAN",
            Self::Pruned(_) => "MATERIAL_PLAN_PRUNED",
            Self::NoDemand(..) => "DEMAND_NOT_PLANNED",
            Self::Cancelled => "PLAN_RUN_CANCELLED",
            Self::Problem(_) => "MATERIAL_PLAN_IMPOSSIBLE",
        }
    }
}

#[cfg(test)]
mod tests {
    use takt_kernel::Date;

    use super::*;

    #[test]
    fn each_receipt_has_a_name_of_its_own() {
        let receipt = |line: i64, on: i32| Receipt {
            on: Date::from_epoch_day(on),
            quantity: Quantity(1_000),
            supplier: "MAKER".to_owned(),
            line,
            shipped: true,
            overdue: false,
        };
        let known = ItemSupply {
            receipts: vec![
                receipt(0, 1),
                receipt(0, 1),
                receipt(7, 2),
                receipt(7, 3),
                receipt(8, 3),
            ],
            ..ItemSupply::default()
        };
        let stock = stock_of("TRIM", &known, &[]);
        let names: Vec<&str> = (stock.expected.iter())
            .map(|expected| expected.receipt_id.as_str())
            .collect();
        let on = Date::from_epoch_day(1);
        let received = format!("TRIM received {on}");
        let twice = format!("{received}/2");
        let lines = ["MAKER line 7", "MAKER line 7/2", "MAKER line 8"];
        assert_eq!(names[..2], [received.as_str(), twice.as_str()]);
        assert_eq!(names[2..], lines);
    }
}
