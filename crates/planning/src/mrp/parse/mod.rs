//! Reads a planning problem from comma-separated texts: items, bill of material, resources, demands and, where
//! there are any, receipts, calendars, shifts, maintenance and second lines. It must not know files on disk. Format: days
//! are whole numbers from the first day, quantities have at most three decimals, hours at most three, hours per unit
//! at most six. Low-level codes are computed, so the column is not read. Invariant: a refusal names text, line, field
//! and the way out.
mod items;
mod shops;

use super::csv::{Row, Table};
use super::error::MrpError;
use super::problem::{Demand, Line, Problem, Receipt, Standing};
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
    /// calendars.csv: `calendar,day,works`; a day is mon to sun or a number, and what is not said works.
    pub calendars: Option<&'a str>,
    /// shifts.csv: `shop,from_day,shifts,shift_hours`, for shops with stations.
    pub shifts: Option<&'a str>,
    /// maintenance.csv: `shop,from_day,until_day,stations`; the last day is the one before `until_day`.
    pub maintenance: Option<&'a str>,
    /// alternates.csv: `item,shop,hours_per_unit`, in order of preference.
    pub alternates: Option<&'a str>,
}

/// Reads the texts of a problem whose day 0 is `first`; it is planned as of day 0.
pub fn parse(texts: Texts<'_>, first: Date) -> Result<Problem, MrpError> {
    let mut problem = Problem::new(first);
    let calendars = shops::calendars(texts.calendars, first, &mut problem)?;
    let shops = shops::resources(&texts, &calendars, &mut problem)?;
    let names = items::items(texts.items, &shops, &calendars, &mut problem)?;
    if let Some(text) = texts.alternates {
        items::alternates(text, &names, &shops, &mut problem)?;
    }
    lines(texts.bom, &names, &mut problem)?;
    demands(texts.demands, &names, &mut problem)?;
    if let Some(text) = texts.receipts {
        receipts(text, &names, &mut problem)?;
    }
    Ok(problem)
}

type Names = HashMap<String, usize>;

fn once(names: &mut Names, row: &Row<'_>, text: &str, what: &str) -> Result<(), MrpError> {
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

fn item_of(row: &Row<'_>, names: &Names, column: usize, what: &str) -> Result<usize, MrpError> {
    let name = row.text(column);
    let found = names.get(name).copied();
    found.ok_or_else(|| row.error(format!("{what} {name:?} is not in items.csv")))
}

fn lines(text: &str, names: &Names, problem: &mut Problem) -> Result<(), MrpError> {
    let table = Table::new("bom.csv", text)?;
    let (parent, child) = (table.column("parent")?, table.column("child")?);
    let quantity = table.column("qty_per")?;
    let (from, until) = (table.optional("from_day"), table.optional("until_day"));
    let scrap = table.optional("scrap");
    for row in table {
        let row = row?;
        let mut line = Line::new(
            item_of(&row, names, parent, "parent")?,
            item_of(&row, names, child, "child")?,
            Quantity(row.number(quantity, "qty_per", 3)?),
        );
        if let Some(at) = row.given(from) {
            line.from = row.whole(at, "from_day")?;
        }
        if let Some(at) = row.given(until) {
            line.until = row.whole(at, "until_day")?;
        }
        if let Some(at) = row.given(scrap) {
            line.scrap = Share(row.number(at, "scrap", 6)?);
        }
        problem.lines.push(line);
    }
    Ok(())
}

fn demands(text: &str, names: &Names, problem: &mut Problem) -> Result<(), MrpError> {
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

fn receipts(text: &str, names: &Names, problem: &mut Problem) -> Result<(), MrpError> {
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

    use crate::mrp::{Capacity, Day, LotCost, LotRule};

    fn read(items: &str, bom: &str, resources: &str, demands: &str) -> Result<Problem, String> {
        let texts = Texts {
            items,
            bom,
            resources,
            demands,
            receipts: Some("receipt,item,qty,due_day,standing\nPO1,BOLT,10,3,released\n"),
            ..Texts::default()
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

    #[test]
    fn shops_have_calendars_shifts_maintenance_and_second_lines() -> Result<(), MrpError> {
        let texts = Texts {
            items: "item,kind,shop,lead_days,lot_min,lot_multiple,safety_stock,on_hand,hours_per_unit,changeover_hours,lot_rule,order_cost,holding_cost\n\
                DOOR,make,PRESS,2,0,1,0,0,0.05,1.5,,,\nCOIL,buy,,5,0,0,0,0,0,,wagner_whitin,5400,1.315068\n",
            bom: "parent,child,qty_per,scrap\nDOOR,COIL,1.5,0.02\n",
            resources: "shop,week_capacity_hours,calendar,stations,efficiency\nPRESS,,PLANT,4,0.9\nHAND,80,,,\n",
            demands: "demand,item,qty,due_day\nSO1,DOOR,10,30\n",
            calendars: Some(
                "calendar,day,works\nPLANT,sat,false\nPLANT,sun,false\nPLANT,12,true\n",
            ),
            shifts: Some("shop,from_day,shifts,shift_hours\nPRESS,0,2,7.5\nPRESS,21,3,7.5\n"),
            maintenance: Some("shop,from_day,until_day,stations\nPRESS,8,10,1\n"),
            alternates: Some("item,shop,hours_per_unit\nDOOR,HAND,0.2\n"),
            ..Texts::default()
        };
        // Day 0 is a Monday, so the first Saturday is day 5.
        let problem = parse(texts, Date::from_epoch_day(4))?;
        let works = |day: Day| problem.calendars[0].works(day);
        assert_eq!(
            [4, 5, 6, 7, 12].map(works),
            [true, false, false, true, true]
        );
        assert_eq!(problem.shops[0].capacity, Capacity::Day(54_000));
        assert_eq!(
            problem.shops[0].exceptions[..3],
            [(8, 40_500), (9, 40_500), (21, 81_000)]
        );
        assert_eq!(problem.shops[0].calendar, Some(0));
        let door = &problem.items[0];
        assert_eq!(
            (door.changeover_micro_hours, door.alternates[0].shop),
            (1_500_000, 1)
        );
        let cost = LotCost {
            order_cost: 5400,
            holding_micro_cost: 1_315_068,
        };
        assert_eq!(problem.items[1].lot.rule, LotRule::WagnerWhitin(cost));
        assert_eq!(problem.lines[0].scrap, Share(20_000));
        Ok(())
    }
}
