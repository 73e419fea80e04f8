//! Reads a planning problem from comma-separated texts: items, bill of material, resources, demands and, where
//! there are any, receipts. It must not know files on disk. Format: days are whole numbers from the first day,
//! quantities have at most three decimals, hours at most three, hours per unit at most six; items have `kind`
//! vehicle, make or buy. Columns `supplier`, `fence_days`, `order_yield` and `phantom` may be left out. Low-level
//! codes are computed, so the column is not read. Invariant: a refusal names text, line, field and the way out.
use super::csv::{Row, Table};
use super::error::MrpError;
use super::lot::{Lot, LotRule};
use super::problem::{Capacity, Day, Demand, Item, Line, Problem, Receipt, Shop, Source, Standing};
use std::collections::HashMap;
use takt_kernel::{Date, Quantity, Share};

/// The texts of a problem.
#[derive(Debug, Clone, Copy, Default)]
pub struct Texts<'a> {
    /// items.csv
    pub items: &'a str,
    /// bom.csv
    pub bom: &'a str,
    /// resources.csv
    pub resources: &'a str,
    /// demands.csv
    pub demands: &'a str,
    /// receipts.csv: `receipt,item,qty,due_day,standing` with standing released or firm.
    pub receipts: Option<&'a str>,
}

/// Reads the texts of a problem whose day 0 is `first`; it is planned as of day 0.
pub fn parse(texts: Texts<'_>, first: Date) -> Result<Problem, MrpError> {
    let mut problem = Problem::new(first);
    let shops = resources(texts.resources, &mut problem)?;
    let names = items(texts.items, &shops, &mut problem)?;
    lines(texts.bom, &names, &mut problem)?;
    demands(texts.demands, &names, &mut problem)?;
    if let Some(text) = texts.receipts {
        receipts(text, &names, &mut problem)?;
    }
    Ok(problem)
}

type Names<'a> = HashMap<String, usize>;

fn once<'a>(names: &mut Names<'a>, row: &Row<'a>, text: &str, what: &str) -> Result<(), MrpError> {
    if text.is_empty() {
        return Err(row.error(format!("{what} has no name; give one")));
    }
    let next = names.len();
    match names.insert(text.to_owned(), next) {
        None => Ok(()),
        Some(_) => Err(row.error(format!(
            "{what} {text:?} is there twice; give each name once"
        ))),
    }
}

fn resources<'a>(text: &'a str, problem: &mut Problem) -> Result<Names<'a>, MrpError> {
    let table = Table::new("resources.csv", text)?;
    let (shop, hours) = (table.column("shop")?, table.column("week_capacity_hours")?);
    let mut names = Names::new();
    for row in table {
        let row = row?;
        once(&mut names, &row, row.text(shop), "shop")?;
        problem.shops.push(Shop {
            id: row.text(shop).to_owned(),
            calendar: None,
            capacity: Capacity::Week(row.number(hours, "week_capacity_hours", 3)?),
            exceptions: Vec::new(),
        });
    }
    Ok(names)
}

fn items<'a>(
    text: &'a str,
    shops: &Names<'_>,
    problem: &mut Problem,
) -> Result<Names<'a>, MrpError> {
    let table = Table::new("items.csv", text)?;
    let (id, kind, shop) = (
        table.column("item")?,
        table.column("kind")?,
        table.column("shop")?,
    );
    let (lead, minimum, multiple) = (
        table.column("lead_days")?,
        table.column("lot_min")?,
        table.column("lot_multiple")?,
    );
    let (safety, on_hand, hours) = (
        table.column("safety_stock")?,
        table.column("on_hand")?,
        table.column("hours_per_unit")?,
    );
    let (supplier, fence, good, phantom) = (
        table.optional("supplier"),
        table.optional("fence_days"),
        table.optional("order_yield"),
        table.optional("phantom"),
    );
    let mut names = Names::new();
    for row in table {
        let row = row?;
        let name = row.text(id);
        once(&mut names, &row, name, "item")?;
        let source = match row.text(kind) {
            "make" | "vehicle" => Source::Make,
            "buy" => Source::Buy,
            other => {
                let message =
                    format!("item {name:?} has kind {other:?}; give vehicle, make or buy");
                return Err(row.error(message));
            }
        };
        let mut item = Item::new(name, source);
        item.shop = match row.text(shop) {
            "" => None,
            shop => Some(
                *shops
                    .get(shop)
                    .ok_or_else(|| row.error(format!("shop {shop:?} is not in resources.csv")))?,
            ),
        };
        item.lead_days = row.whole(lead, "lead_days")?;
        item.lot = Lot {
            rule: LotRule::LotForLot,
            minimum: Quantity(row.number(minimum, "lot_min", 3)?),
            multiple: Quantity(row.number(multiple, "lot_multiple", 3)?),
        };
        item.safety_stock = Quantity(row.number(safety, "safety_stock", 3)?);
        item.on_hand = Quantity(row.number(on_hand, "on_hand", 3)?);
        item.micro_hours = row.number(hours, "hours_per_unit", 6)?;
        let given = |at: Option<usize>| at.filter(|at| !row.text(*at).is_empty());
        if let Some(at) = supplier {
            item.supplier = row.text(at).to_owned();
        }
        if let Some(at) = given(fence) {
            item.fence_days = row.whole(at, "fence_days")?;
        }
        if let Some(at) = given(good) {
            item.order_yield = Share(row.number(at, "order_yield", 6)?);
        }
        if let Some(at) = given(phantom) {
            item.blow_through_from = match row.text(at) {
                "0" | "false" => None,
                "1" | "true" => Some(Day::MIN),
                other => {
                    let message = format!("phantom is {other:?}; give true or false");
                    return Err(row.error(message));
                }
            };
        }
        problem.items.push(item);
    }
    Ok(names)
}

fn item_of(row: &Row<'_>, names: &Names<'_>, column: usize, what: &str) -> Result<usize, MrpError> {
    let name = row.text(column);
    let found = names.get(name).copied();
    found.ok_or_else(|| row.error(format!("{what} {name:?} is not in items.csv")))
}

fn lines(text: &str, names: &Names<'_>, problem: &mut Problem) -> Result<(), MrpError> {
    let table = Table::new("bom.csv", text)?;
    let (parent, child) = (table.column("parent")?, table.column("child")?);
    let quantity = table.column("qty_per")?;
    let (from, until) = (table.optional("from_day"), table.optional("until_day"));
    for row in table {
        let row = row?;
        let mut line = Line::new(
            item_of(&row, names, parent, "parent")?,
            item_of(&row, names, child, "child")?,
            Quantity(row.number(quantity, "qty_per", 3)?),
        );
        let given = |at: Option<usize>| at.filter(|at| !row.text(*at).is_empty());
        if let Some(at) = given(from) {
            line.from = row.whole(at, "from_day")?;
        }
        if let Some(at) = given(until) {
            line.until = row.whole(at, "until_day")?;
        }
        problem.lines.push(line);
    }
    Ok(())
}

fn demands(text: &str, names: &Names<'_>, problem: &mut Problem) -> Result<(), MrpError> {
    let table = Table::new("demands.csv", text)?;
    let (id, item) = (table.column("demand")?, table.column("item")?);
    let (quantity, due) = (table.column("qty")?, table.column("due_day")?);
    let priority = table.optional("priority");
    let mut seen = Names::new();
    for row in table {
        let row = row?;
        once(&mut seen, &row, row.text(id), "demand")?;
        problem.demands.push(Demand {
            id: row.text(id).to_owned(),
            item: item_of(&row, names, item, "item")?,
            quantity: Quantity(row.number(quantity, "qty", 3)?),
            due: row.whole(due, "due_day")?,
            priority: priority.map_or(Ok(1), |at| row.whole(at, "priority"))?,
            config: None,
        });
    }
    Ok(())
}

fn receipts(text: &str, names: &Names<'_>, problem: &mut Problem) -> Result<(), MrpError> {
    let table = Table::new("receipts.csv", text)?;
    let (id, item) = (table.column("receipt")?, table.column("item")?);
    let (quantity, due) = (table.column("qty")?, table.column("due_day")?);
    let standing = table.column("standing")?;
    let mut seen = Names::new();
    for row in table {
        let row = row?;
        once(&mut seen, &row, row.text(id), "receipt")?;
        problem.receipts.push(Receipt {
            id: row.text(id).to_owned(),
            item: item_of(&row, names, item, "item")?,
            quantity: Quantity(row.number(quantity, "qty", 3)?),
            due: row.whole(due, "due_day")?,
            standing: match row.text(standing) {
                "released" => Standing::Released,
                "firm" => Standing::Firm,
                other => {
                    let message = format!("standing is {other:?}; give released or firm");
                    return Err(row.error(message));
                }
            },
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: &str = "item,kind,shop,low_level_code,lead_days,lot_min,lot_multiple,safety_stock,on_hand,hours_per_unit\r\nCAR,vehicle,fa,0,2,1,1,0,0,0.9\r\nBOLT,buy,,1,7,0,100,50,75,0.0\r\n";
    const BOM: &str = "parent,child,qty_per\nCAR,BOLT,4\n";
    const SHOPS: &str = "shop,week_capacity_hours\nfa,4368.5\n";
    const DEMANDS: &str = "demand,item,qty,due_day,priority\nSO1,CAR,250,112,1\n";

    fn read(items: &str, bom: &str, resources: &str, demands: &str) -> Result<Problem, String> {
        let texts = Texts {
            items,
            bom,
            resources,
            demands,
            receipts: Some("receipt,item,qty,due_day,standing\nPO1,BOLT,10,3,released\n"),
        };
        parse(texts, Date::from_epoch_day(0)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_problem_is_read() -> Result<(), String> {
        let problem = read(ITEMS, BOM, SHOPS, DEMANDS)?;
        assert_eq!(problem.items[0].micro_hours, 900_000);
        assert_eq!(problem.items[1].lot.multiple, Quantity::from_units(100));
        assert_eq!(problem.shops[0].capacity, Capacity::Week(4_368_500));
        assert_eq!(problem.lines[0].child, 1);
        assert_eq!(problem.demands[0].due, 112);
        assert_eq!(problem.receipts[0].quantity, Quantity::from_units(10));
        Ok(())
    }

    #[test]
    fn a_refusal_names_text_line_and_way_out() {
        let bad = |bom: &str| read(ITEMS, bom, SHOPS, DEMANDS).err().unwrap_or_default();
        assert_eq!(
            bad("parent,child,qty_per\n\nCAR,NUT,4\n"),
            "bom.csv:3: child \"NUT\" is not in items.csv"
        );
        assert_eq!(
            bad("parent,child,qty_per\nCAR,BOLT,four\n"),
            "bom.csv:2: qty_per is \"four\"; give a number with at most 3 decimals"
        );
        assert_eq!(
            bad("parent,child\nCAR,BOLT\n"),
            "bom.csv:1: it has no column \"qty_per\"; the header must name it"
        );
        assert_eq!(
            bad("parent,child,qty_per\nCAR,BOLT\n"),
            "bom.csv:2: it has 2 fields and the header has 3; give as many"
        );
        let twice = format!("{ITEMS}BOLT,buy,,1,7,0,100,50,75,0.0\n");
        let error = read(&twice, BOM, SHOPS, DEMANDS).err();
        assert_eq!(
            error.as_deref(),
            Some("items.csv:4: item \"BOLT\" is there twice; give each name once")
        );
        assert!(read("", BOM, SHOPS, DEMANDS).is_err());
    }
}
