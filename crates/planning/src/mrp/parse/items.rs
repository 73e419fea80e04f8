//! Reads items.csv and alternates.csv. It must not know other texts. Columns that may be left out or empty: `supplier`,
//! `calendar`, `fence_days`, `order_yield`, `phantom`, `changeover_hours`, `lot_rule` with `lot_size`, `period_days`,
//! `yearly`, `order_cost` (minor units) and `holding_cost` (minor units for a unit and day). Invariant: a refusal names
//! text, line, field and the way out.
use super::super::csv::{Row, Table};
use super::super::error::MrpError;
use super::super::lot::{Lot, LotCost, LotRule};
use super::super::problem::{Alternate, Day, Item, Problem, Source};
use super::{Names, item_of, once};
use takt_kernel::{Quantity, Share};

pub(super) fn items(
    text: &str,
    shops: &Names,
    calendars: &Names,
    problem: &mut Problem,
) -> Result<Names, MrpError> {
    let table = Table::new("items.csv", text)?;
    let columns = Columns::of(&table)?;
    let mut names = Names::new();
    for row in table {
        let row = row?;
        once(&mut names, &row, row.text(columns.id), "item")?;
        problem.items.push(columns.item(&row, shops, calendars)?);
    }
    Ok(names)
}

struct Columns {
    id: usize,
    kind: usize,
    shop: usize,
    lead: usize,
    minimum: usize,
    multiple: usize,
    safety: usize,
    on_hand: usize,
    hours: usize,
    supplier: Option<usize>,
    calendar: Option<usize>,
    fence: Option<usize>,
    good: Option<usize>,
    phantom: Option<usize>,
    changeover: Option<usize>,
    rule: Option<usize>,
    size: Option<usize>,
    period: Option<usize>,
    yearly: Option<usize>,
    order_cost: Option<usize>,
    holding_cost: Option<usize>,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, MrpError> {
        Ok(Self {
            id: table.column("item")?,
            kind: table.column("kind")?,
            shop: table.column("shop")?,
            lead: table.column("lead_days")?,
            minimum: table.column("lot_min")?,
            multiple: table.column("lot_multiple")?,
            safety: table.column("safety_stock")?,
            on_hand: table.column("on_hand")?,
            hours: table.column("hours_per_unit")?,
            supplier: table.optional("supplier"),
            calendar: table.optional("calendar"),
            fence: table.optional("fence_days"),
            good: table.optional("order_yield"),
            phantom: table.optional("phantom"),
            changeover: table.optional("changeover_hours"),
            rule: table.optional("lot_rule"),
            size: table.optional("lot_size"),
            period: table.optional("period_days"),
            yearly: table.optional("yearly"),
            order_cost: table.optional("order_cost"),
            holding_cost: table.optional("holding_cost"),
        })
    }

    fn item(&self, row: &Row<'_>, shops: &Names, calendars: &Names) -> Result<Item, MrpError> {
        let name = row.text(self.id);
        let source = match row.text(self.kind) {
            "make" | "vehicle" => Source::Make,
            "buy" => Source::Buy,
            other => {
                let message =
                    format!("item {name:?} has kind {other:?}; give vehicle, make or buy");
                return Err(row.error(message));
            }
        };
        let mut item = Item::new(name, source);
        if let Some(at) = row.given(Some(self.shop)) {
            item.shop = Some(named(row, at, shops, "shop", "resources.csv")?);
        }
        if let Some(at) = row.given(self.calendar) {
            item.calendar = Some(named(row, at, calendars, "calendar", "calendars.csv")?);
        }
        item.lead_days = row.whole(self.lead, "lead_days")?;
        item.lot = Lot {
            rule: self.rule(row)?,
            minimum: Quantity(row.number(self.minimum, "lot_min", 3)?),
            multiple: Quantity(row.number(self.multiple, "lot_multiple", 3)?),
        };
        item.safety_stock = Quantity(row.number(self.safety, "safety_stock", 3)?);
        item.on_hand = Quantity(row.number(self.on_hand, "on_hand", 3)?);
        item.micro_hours = row.number(self.hours, "hours_per_unit", 6)?;
        if let Some(at) = self.supplier {
            item.supplier = row.text(at).to_owned();
        }
        if let Some(at) = row.given(self.fence) {
            item.fence_days = row.whole(at, "fence_days")?;
        }
        if let Some(at) = row.given(self.good) {
            item.order_yield = Share(row.number(at, "order_yield", 6)?);
        }
        if let Some(at) = row.given(self.changeover) {
            item.changeover_micro_hours = row.number(at, "changeover_hours", 6)?;
        }
        if let Some(at) = row.given(self.phantom) {
            item.blow_through_from = match row.text(at) {
                "0" | "false" => None,
                "1" | "true" => Some(Day::MIN),
                other => {
                    let message = format!("phantom is {other:?}; give true or false");
                    return Err(row.error(message));
                }
            };
        }
        Ok(item)
    }

    fn rule(&self, row: &Row<'_>) -> Result<LotRule, MrpError> {
        let quantity = |at, what| Ok(Quantity(self.figure(row, at, what, 3)?));
        let cost = || {
            Ok(LotCost {
                order_cost: self.figure(row, self.order_cost, "order_cost", 0)?,
                holding_micro_cost: self.figure(row, self.holding_cost, "holding_cost", 6)?,
            })
        };
        match row.given(self.rule).map(|at| row.text(at)) {
            None | Some("lot_for_lot") => Ok(LotRule::LotForLot),
            Some("fixed") => Ok(LotRule::Fixed(quantity(self.size, "lot_size")?)),
            Some("period") => {
                let days = self.figure(row, self.period, "period_days", 0)?;
                Ok(LotRule::Period(i32::try_from(days).unwrap_or(i32::MAX)))
            }
            Some("economic") => Ok(LotRule::Economic {
                yearly: quantity(self.yearly, "yearly")?,
                cost: cost()?,
            }),
            Some("wagner_whitin") => Ok(LotRule::WagnerWhitin(cost()?)),
            Some(other) => Err(row.error(format!(
                "lot_rule is {other:?}; give lot_for_lot, fixed, period, economic or wagner_whitin"
            ))),
        }
    }

    /// A figure that the lot rule of a row needs.
    fn figure(
        &self,
        row: &Row<'_>,
        at: Option<usize>,
        what: &str,
        places: usize,
    ) -> Result<i64, MrpError> {
        let Some(at) = row.given(at) else {
            let rule = self.rule.map_or("", |rule| row.text(rule));
            return Err(row.error(format!("lot_rule {rule} needs {what}; give it")));
        };
        row.number(at, what, places)
    }
}

pub(super) fn named(
    row: &Row<'_>,
    at: usize,
    names: &Names,
    what: &str,
    file: &str,
) -> Result<usize, MrpError> {
    let name = row.text(at);
    let found = names.get(name).copied();
    found.ok_or_else(|| row.error(format!("{what} {name:?} is not in {file}")))
}

pub(super) fn alternates(
    text: &str,
    names: &Names,
    shops: &Names,
    problem: &mut Problem,
) -> Result<(), MrpError> {
    let table = Table::new("alternates.csv", text)?;
    let (item, shop) = (table.column("item")?, table.column("shop")?);
    let hours = table.column("hours_per_unit")?;
    for row in table {
        let row = row?;
        let alternate = Alternate {
            shop: named(&row, shop, shops, "shop", "resources.csv")?,
            micro_hours: row.number(hours, "hours_per_unit", 6)?,
        };
        let item = item_of(&row, names, item, "item")?;
        problem.items[item].alternates.push(alternate);
    }
    Ok(())
}
