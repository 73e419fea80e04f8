//! items.csv and bom.csv. It must not explode the bill. Invariants: an item has one set of attributes,
//! however many suppliers it has; a bought item has suppliers, a made one only the plant.
use super::sheet::Sheet;
use super::{Known, Numbered, once};
use crate::programme::folder::Folder;
use crate::programme::model::{Agreement, BomLine, Condition, Item};
use crate::programme::problem::{Log, list, quote};
use crate::programme::table::{Row, columns, each_row, flag};
use std::collections::{HashMap, HashSet};
use takt_kernel::{Currency, ItemId, ParseError, Price, Share, ShopId, SupplierId, Unit};

pub(super) const ITEMS: &str = "items.csv";
pub(super) const BOM: &str = "bom.csv";

/// A lot number has two digits for the supplier's rank.
const MOST_SUPPLIERS: usize = 99;

pub(super) fn items(
    folder: &Folder,
    sheet: Option<&Sheet>,
    known: &mut Known,
    log: &mut Log,
) -> Vec<Numbered<Item>> {
    let columns = columns(
        &[
            "item_id",
            "name",
            "group",
            "uom",
            "make_buy",
            "shop",
            "mass_kg",
            "unit_cost_usd",
            "lead_time_days",
            "lot_size",
            "supplier_id",
            "share",
        ],
        &[
            "unit_cost_low_usd",
            "unit_cost_high_usd",
            "source_kind",
            "serial",
            "order_yield",
        ],
    );
    let mut items: Vec<Numbered<Item>> = Vec::new();
    let mut places: HashMap<ItemId, usize> = HashMap::new();
    let mut pairs = HashMap::new();
    let mut unsound = HashSet::new();
    let usable = each_row(folder, ITEMS, &columns, log, |row| {
        let before = row.log.count();
        let Some((item, lead_days)) = item(row, sheet, known) else {
            return;
        };
        let place = *places.entry(item.id.clone()).or_insert_with(|| {
            items.push(Numbered {
                line: row.line,
                row: item.clone(),
            });
            items.len() - 1
        });
        let Some(first) = items.get_mut(place) else {
            return;
        };
        if first.line != row.line {
            same_attributes(row, first, &item);
        }
        let agreement = agreement(row, &item, lead_days, known);
        let id = item.id.clone();
        if let Some(agreement) = agreement.filter(|_| !first.row.make) {
            if once(
                &mut pairs,
                (item.id, agreement.supplier.clone()),
                row,
                "this item with this supplier",
            ) {
                first.row.agreements.push(agreement);
            }
        } else if first.row.make && first.line != row.line {
            row.error(format_args!(
                "{} is made and has a second row; a made item has one",
                first.row.id
            ));
        }
        if row.log.count() > before {
            unsound.insert(id);
        }
    });
    for Numbered { line, row: item } in &items {
        let sum: i64 = item
            .agreements
            .iter()
            .map(|agreement| agreement.share.millionths())
            .sum();
        // Where a row of the item could not be read, its share may be what is missing.
        let countable = !item.agreements.is_empty() && !unsound.contains(&item.id);
        if countable && (sum - 1_000_000).abs() > 1 {
            let suppliers = list(item.agreements.iter().map(|agreement| &agreement.supplier));
            let (id, sum) = (&item.id, Share(sum));
            log.error(
                ITEMS,
                Some(*line),
                format_args!("the shares of {id} over {suppliers} add up to {sum} instead of 1"),
            );
        }
        if item.agreements.len() > MOST_SUPPLIERS {
            let (id, count) = (&item.id, item.agreements.len());
            log.error(
                ITEMS,
                Some(*line),
                format_args!("{id} has {count} suppliers; at most 99 can be told apart"),
            );
        }
    }
    if usable {
        known.items = Some(
            items
                .iter()
                .map(|item| (item.row.id.clone(), item.row.make))
                .collect(),
        );
    }
    items
}

/// The attributes and the lead time of a row; None where it has no id to go by.
fn item(row: &mut Row<'_>, sheet: Option<&Sheet>, known: &Known) -> Option<(Item, i64)> {
    let id = row.must("item_id", ItemId::parse);
    let make = row.must("make_buy", |text| match text {
        "make" => Ok(true),
        "buy" => Ok(false),
        _ => Err(ParseError::new("make_buy", text, "it is make or buy")),
    });
    let shop = row.must("shop", ShopId::parse);
    if let (Some(shop), Some(sheet)) = (&shop, sheet) {
        check_shop(row, shop, sheet);
    }
    let unit = row.must("uom", Unit::parse).unwrap_or(Unit::Piece);
    let lot_size = row.must_quantity("lot_size");
    if unit != Unit::Kilogram && lot_size.milli() % 1000 != 0 {
        row.error(format_args!(
            "lot_size {lot_size} is not whole, but {unit} cannot be split"
        ));
    }
    let serial = row.maybe("serial", flag).unwrap_or(false);
    if serial && unit == Unit::Kilogram {
        row.error("serial is 1, but kilograms have no serials");
    }
    let lead = row.must_number("lead_time_days", 0, 0);
    if lead > 3_650 {
        row.error("lead_time_days is more than ten years");
    }
    // Where the word cannot be read, the supplier tells what was meant: no second error follows.
    let plant = known.plant.as_ref().map(SupplierId::as_str);
    let make = make.unwrap_or_else(|| row.cell("supplier_id") == plant);
    let item = Item {
        name: row.must_text("name"),
        group: row.must_text("group"),
        unit,
        make,
        shop: shop.or_else(|| ShopId::parse("-").ok())?,
        mass_mg: row.must_number("mass_kg", 6, 0),
        unit_cost: row.must_usd("unit_cost_usd"),
        lot_size,
        serial,
        order_yield: row.share_within("order_yield", Share::ONE, 1, 1_000_000),
        make_lead_days: if make { lead } else { 0 },
        agreements: Vec::new(),
        id: id?,
    };
    Some((item, lead))
}

/// Reports a shop that programme.yaml does not have.
pub(super) fn check_shop(row: &mut Row<'_>, shop: &ShopId, sheet: &Sheet) {
    if !sheet.shops.is_empty() && !sheet.shops.iter().any(|known| known.id == *shop) {
        let shops = list(sheet.shops.iter().map(|shop| &shop.id));
        row.error(format_args!(
            "shop {} is not in programme.yaml; shops are {shops}",
            quote(shop.as_str())
        ));
    }
}

/// Rows of one item differ in supplier, share, lead time, cost range and evidence only.
fn same_attributes(row: &mut Row<'_>, first: &Numbered<Item>, item: &Item) {
    let (a, b, line) = (&first.row, item, first.line);
    let different = [
        ("name", a.name != b.name),
        ("group", a.group != b.group),
        ("uom", a.unit != b.unit),
        ("make_buy", a.make != b.make),
        ("shop", a.shop != b.shop),
        ("mass_kg", a.mass_mg != b.mass_mg),
        ("unit_cost_usd", a.unit_cost != b.unit_cost),
        ("lot_size", a.lot_size != b.lot_size),
        ("serial", a.serial != b.serial),
        ("order_yield", a.order_yield != b.order_yield),
    ];
    for (name, _) in different.into_iter().filter(|(_, differs)| *differs) {
        let value = quote(row.cell(name).unwrap_or_default());
        row.error(format_args!(
            "{name} {value} of {} is another than on line {line}; rows of one item differ in supplier, share, \
             lead time, cost range and source_kind only",
            b.id
        ));
    }
}

fn agreement(
    row: &mut Row<'_>,
    item: &Item,
    lead_time_days: i64,
    known: &Known,
) -> Option<Agreement> {
    let supplier = row.must("supplier_id", SupplierId::parse);
    let share = row.must("share", |text| {
        crate::programme::table::share(text, 1, 1_000_000)
    });
    let usd = |micros| Price::new(micros, Currency::USD);
    let cost_low = row
        .maybe_number("unit_cost_low_usd", 6, 0)
        .map_or(item.unit_cost, usd);
    let cost_high = row
        .maybe_number("unit_cost_high_usd", 6, 0)
        .map_or(item.unit_cost, usd);
    if cost_low.micros > item.unit_cost.micros || cost_high.micros < item.unit_cost.micros {
        row.error("unit_cost_usd lies outside unit_cost_low_usd to unit_cost_high_usd");
    }
    let supplier = supplier?;
    known.check_supplier(row, "supplier", &supplier);
    if let Some(plant) = &known.plant {
        let id = &item.id;
        if item.make && supplier != *plant {
            row.error(format_args!(
                "{id} is made, so its supplier is the plant, {plant}; or write buy"
            ));
        } else if !item.make && supplier == *plant {
            row.error(format_args!(
                "{id} is bought from the plant itself; name its supplier, or write make"
            ));
        }
    }
    if item.make && share.is_some_and(|share| share != Share::ONE) {
        row.error(format_args!("share of the made item {} must be 1", item.id));
    }
    Some(Agreement {
        supplier,
        share: share.unwrap_or(Share::ONE),
        lead_time_days,
        cost_low,
        cost_high,
        source_kind: row.text("source_kind"),
    })
}

pub(super) fn bom(
    folder: &Folder,
    sheet: Option<&Sheet>,
    known: &Known,
    log: &mut Log,
) -> Vec<Numbered<BomLine>> {
    let columns = columns(
        &["parent", "child", "qty"],
        &["variant_condition", "mass_yield", "component_scrap"],
    );
    let mut lines = Vec::new();
    let mut seen = HashMap::new();
    each_row(folder, BOM, &columns, log, |row| {
        let parent = row.must("parent", ItemId::parse);
        let child = row.must("child", ItemId::parse);
        for (what, id) in [("parent", &parent), ("child", &child)] {
            if let Some(id) = id {
                known.check_item(row, what, id);
            }
        }
        let line = (|| {
            Some(BomLine {
                qty: row.must_quantity("qty"),
                condition: condition(row, sheet),
                mass_yield: row.share_within("mass_yield", Share::ONE, 0, 1_000_000),
                component_scrap: row.share_within("component_scrap", Share(0), 0, 999_999),
                parent: parent?,
                child: child?,
            })
        })();
        let Some(line) = line else { return };
        let made = known
            .items
            .as_ref()
            .and_then(|items| items.get(&line.parent));
        if made == Some(&false) {
            row.error(format_args!(
                "parent {} is bought and has no parts; write make in items.csv",
                line.parent
            ));
        }
        let key = (
            line.parent.clone(),
            line.child.clone(),
            line.condition.clone(),
        );
        once(
            &mut seen,
            key,
            row,
            "this parent with this child and condition",
        );
        lines.push(Numbered {
            line: row.line,
            row: line,
        });
    });
    lines
}

fn condition(row: &mut Row<'_>, sheet: Option<&Sheet>) -> Condition {
    let (Some(text), Some(sheet)) = (row.cell("variant_condition"), sheet) else {
        return Condition::default();
    };
    match sheet.offer.condition(text) {
        Ok(condition) => condition,
        Err(errors) => {
            for error in errors {
                row.error(format_args!("variant_condition: {error}"));
            }
            Condition::default()
        }
    }
}
