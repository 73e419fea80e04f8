//! routing.csv, daily.csv and orders.csv: what the line can do, what it wants built and what is ordered.
//! It must not compute a capacity. Invariants: days and orders are without a gap; the variants of a day
//! add up; cumulative columns are for people, they are compared once and never used.
use super::Numbered;
use super::items::check_shop;
use super::once;
use super::sheet::Sheet;
use crate::programme::folder::Folder;
use crate::programme::model::{Day, Operation, OrderDay};
use crate::programme::problem::{Log, list, quote};
use crate::programme::table::{Row, columns, each_row};
use std::collections::HashMap;
use takt_kernel::{Date, OperationId, Share, ShopId, VariantId};

pub(super) const ROUTING: &str = "routing.csv";
pub(super) const DAILY: &str = "daily.csv";
pub(super) const ORDERS: &str = "orders.csv";

pub(super) fn operations(
    folder: &Folder,
    sheet: Option<&Sheet>,
    log: &mut Log,
) -> Vec<Numbered<Operation>> {
    let columns = columns(
        &[
            "op_id",
            "shop",
            "seq",
            "operation",
            "applies_to",
            "cycle_time_s",
        ],
        &[
            "flow_time_s",
            "parallel_stations",
            "capacity_per_hour",
            "first_pass_yield",
            "energy_kwh_per_vehicle",
            "automation_rate",
            "operators_per_shift",
            "source_kind",
            "source",
        ],
    );
    let (mut operations, mut ids, mut places) = (Vec::new(), HashMap::new(), HashMap::new());
    each_row(folder, ROUTING, &columns, log, |row| {
        let id = row.must("op_id", OperationId::parse);
        let shop = row.must("shop", ShopId::parse);
        if let (Some(shop), Some(sheet)) = (&shop, sheet) {
            check_shop(row, shop, sheet);
        }
        let cycle_ms = row.must_number("cycle_time_s", 3, 1);
        let operation = (|| {
            Some(Operation {
                seq: row.must_number("seq", 0, 0),
                name: row.must_text("operation"),
                applies_to: applies_to(row, sheet),
                cycle_ms,
                flow_ms: row.maybe_number("flow_time_s", 3, 0).unwrap_or(cycle_ms),
                stations: row.maybe_number("parallel_stations", 0, 1).unwrap_or(1),
                first_pass_yield: row.share_within("first_pass_yield", Share::ONE, 1, 1_000_000),
                energy_wh: row
                    .maybe_number("energy_kwh_per_vehicle", 3, 0)
                    .unwrap_or(0),
                automation: row.share_within("automation_rate", Share(0), 0, 1_000_000),
                operators: row.maybe_number("operators_per_shift", 0, 0).unwrap_or(0),
                source_kind: row.text("source_kind"),
                source: row.text("source"),
                id: id?,
                shop: shop?,
            })
        })();
        let Some(operation) = operation else { return };
        once(&mut ids, operation.id.clone(), row, "this op_id");
        once(
            &mut places,
            (operation.shop.clone(), operation.seq),
            row,
            "this shop with this seq",
        );
        operations.push(Numbered {
            line: row.line,
            row: operation,
        });
    });
    operations
}

/// ALL, or variants with commas; a variant that is known and not built is left out.
fn applies_to(row: &mut Row<'_>, sheet: Option<&Sheet>) -> Vec<VariantId> {
    let text = row.must_text("applies_to");
    let Some(offer) = sheet.map(|sheet| &sheet.offer).filter(|offer| offer.sound) else {
        return Vec::new();
    };
    let built = offer.variants.iter().map(|variant| &variant.id);
    if text == "ALL" || text.is_empty() {
        return built.cloned().collect();
    }
    let named: Vec<&str> = text.split(',').map(str::trim).collect();
    for name in named
        .iter()
        .filter(|name| !offer.known_variants.iter().any(|known| known == *name))
    {
        let variants = list(&offer.known_variants);
        row.error(format_args!(
            "applies_to {} is not a variant; write ALL or some of {variants}",
            quote(name)
        ));
    }
    built
        .filter(|id| named.contains(&id.as_str()))
        .cloned()
        .collect()
}

/// Reports the first row whose date does not follow the one before.
#[derive(Default)]
struct Calendar {
    before: Option<Date>,
    told: bool,
}

impl Calendar {
    fn check(&mut self, row: &mut Row<'_>, on: Date) {
        if let Some(due) = self
            .before
            .map(|before| before.plus(1))
            .filter(|due| *due != on && !self.told)
        {
            self.told = true;
            row.error(format_args!(
                "date {on} does not follow; the next day is {due}, one row a day"
            ));
        }
        self.before = Some(on);
    }
}

/// Compares a cumulative column with the sum it repeats and warns once: it is not used, so an edited copy
/// of a folder may leave it as it was.
struct Cumulative {
    column: &'static str,
    of: &'static str,
    sum: i64,
    told: bool,
}

impl Cumulative {
    const fn new(column: &'static str, of: &'static str) -> Self {
        Self {
            column,
            of,
            sum: 0,
            told: false,
        }
    }

    fn check(&mut self, row: &mut Row<'_>, value: i64) {
        self.sum += value;
        let (column, of, sum) = (self.column, self.of, self.sum);
        if let Some(says) = row
            .maybe_number(column, 0, 0)
            .filter(|says| *says != sum && !self.told)
        {
            self.told = true;
            let message =
                format!("{column} is {says} but {of} adds up to {sum}; {column} is not used");
            row.log.warning(row.file, Some(row.line), message);
        }
    }
}

pub(super) fn days(folder: &Folder, sheet: Option<&Sheet>, log: &mut Log) -> Vec<Numbered<Day>> {
    let variants = sheet
        .map(|sheet| sheet.offer.variants.as_slice())
        .unwrap_or_default();
    let planned: Vec<String> = variants
        .iter()
        .map(|variant| format!("produced_{}", variant.id.as_str().to_ascii_lowercase()))
        .collect();
    let mut required = vec!["day", "date", "shifts", "capacity", "produced"];
    required.extend(planned.iter().map(String::as_str));
    let columns = columns(&required, &["cum_produced", "delivered", "cum_delivered"]);
    if !sheet.is_some_and(|sheet| sheet.offer.sound) {
        // Without the variants the columns of this file are not known.
        return Vec::new();
    }
    let mut days: Vec<Numbered<Day>> = Vec::new();
    let mut calendar = Calendar::default();
    let mut produced = Cumulative::new("cum_produced", "produced");
    let mut delivered = Cumulative::new("cum_delivered", "delivered");
    let (mut shifts_told, mut gap_told) = (false, false);
    each_row(folder, DAILY, &columns, log, |row| {
        let before = row.log.count();
        let number = row.must_number("day", 0, 1);
        let on = row.must_date("date");
        let shifts = row.must_number("shifts", 0, 0);
        let total = row.must_number("produced", 0, 0);
        let day = Day {
            day: i32::try_from(number).unwrap_or(i32::MAX),
            on: on.unwrap_or_default(),
            shifts,
            shift_ms: on.map_or(0, |on| shift_ms(row, sheet, on, shifts, &mut shifts_told)),
            capacity: row.must_number("capacity", 0, 0),
            planned: planned
                .iter()
                .map(|name| row.must_number(name, 0, 0))
                .collect(),
            published_delivered: row.maybe_number("delivered", 0, 0),
        };
        if row.log.count() == before && day.planned_total() != total {
            let sum = day.planned_total();
            row.error(format_args!(
                "produced is {total}, but {} add up to {sum}",
                list(&planned)
            ));
        }
        let due = days.last().map_or(1, |day| i64::from(day.row.day) + 1);
        if number != due && !std::mem::replace(&mut gap_told, true) {
            row.error(format_args!(
                "day {number} does not follow; this is day {due}, one row a day"
            ));
        }
        if let Some(on) = on {
            calendar.check(row, on);
        }
        produced.check(row, total);
        delivered.check(row, day.published_delivered.unwrap_or(0));
        days.push(Numbered {
            line: row.line,
            row: day,
        });
    });
    days
}

/// The length of a shift on a day; daily.csv says how many work.
fn shift_ms(
    row: &mut Row<'_>,
    sheet: Option<&Sheet>,
    on: Date,
    shifts: i64,
    told: &mut bool,
) -> i64 {
    let Some(sheet) = sheet.filter(|sheet| shifts > 0 && !sheet.shifts.is_empty()) else {
        return 0;
    };
    let Some(period) = sheet.shifts.iter().find(|p| p.first <= on && on <= p.last) else {
        row.error(format_args!(
            "works on {on}, but no period of shifts in programme.yaml covers that day"
        ));
        return 0;
    };
    if period.shifts != shifts && !std::mem::replace(told, true) {
        let message = format!(
            "shifts is {shifts}, programme.yaml says {}; daily.csv counts",
            period.shifts
        );
        row.log.warning(row.file, Some(row.line), message);
    }
    period.shift_ms
}

pub(super) fn orders(folder: &Folder, log: &mut Log) -> Vec<Numbered<OrderDay>> {
    let columns = columns(
        &["date", "new_locked_orders"],
        &[
            "cum_locked_orders",
            "cum_delivered",
            "backlog",
            "source_kind",
        ],
    );
    let mut orders = Vec::new();
    let mut calendar = Calendar::default();
    let mut locked = Cumulative::new("cum_locked_orders", "new_locked_orders");
    each_row(folder, ORDERS, &columns, log, |row| {
        let on = row.must_date("date");
        let new = row.must_number("new_locked_orders", 0, 0);
        locked.check(row, new);
        let Some(on) = on else { return };
        calendar.check(row, on);
        orders.push(Numbered {
            line: row.line,
            row: OrderDay { on, locked: new },
        });
    });
    orders
}
