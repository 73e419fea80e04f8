//! What the vehicles cost, what lies in stock, where the line stands, and one vehicle's whole life. It must not ask
//! anybody.
use super::super::chart::{self, Columns, Ink, Line, month_name};
use super::super::date;
use super::super::figures::{Cost, Life, Report};
use super::super::sheet::{Sheet, escape};
use super::{figure, section, thousands};
use crate::failure::Outcome;
use crate::output::grouped;

pub(super) fn money(cost: &Cost, body: &mut String) {
    section(
        body,
        "A vehicle's money",
        "The programme formula takes the year's mix, the reference configurations and the reported deliveries; as built takes the cars of the quarter. Quarters without a known operating cost have no result.",
    );
    let amount = |amount: Option<f64>| {
        amount.map_or_else(|| "not known".to_owned(), |a| grouped(a.round() as i64))
    };
    let mut sheet = Sheet::new(&[
        "",
        "quarter",
        "#vehicles",
        "#price",
        "#material",
        "#conversion",
        "#fixed",
        "#operating",
        "#result",
    ]);
    let named = cost
        .programme_formula
        .iter()
        .map(|unit| ("programme formula", unit));
    for (name, unit) in named.chain(cost.as_built.iter().map(|unit| ("as built", unit))) {
        sheet.row(&[
            name.to_owned(),
            unit.quarter.clone(),
            grouped(unit.vehicles),
            amount(unit.average_price),
            amount(unit.material),
            amount(unit.variable_conversion),
            amount(unit.fixed_manufacturing),
            amount(unit.operating_cost),
            amount(unit.result),
        ]);
    }
    sheet.write(body);
    body.push_str(&format!(
        "<p class=\"soft\">All amounts in {} per vehicle.</p>\n",
        escape(&cost.currency)
    ));
}

pub(super) fn stock(report: &Report, body: &mut String) -> Outcome<()> {
    section(
        body,
        "Bought stock",
        "The value on hand at the end of each day, in millions, from procurement's ledger.",
    );
    let points = report
        .stock
        .iter()
        .filter_map(|day| Some((date(&day.date)?, day.stock / 1e6)))
        .collect();
    let line = Line {
        ink: Ink::Stock,
        points,
        filled: true,
    };
    let svg = chart::lines(&[line], 260, |value| format!("{value:.0}"))?;
    figure(body, &[(Ink::Stock, "value on hand, millions")], &svg);
    Ok(())
}

pub(super) fn shops(report: &Report, body: &mut String) -> Outcome<()> {
    let Some(first) = report.work_in_progress.first() else {
        return Ok(());
    };
    section(
        body,
        "Work in progress",
        "Vehicles in each shop at noon of the last building day of each month.",
    );
    let names: Vec<String> = report
        .work_in_progress
        .iter()
        .map(|day| date(&day.date).map_or_else(String::new, month_name))
        .collect();
    let inks = [
        Ink::Plan,
        Ink::Published,
        Ink::Stock,
        Ink::Missing,
        Ink::Delivered,
        Ink::Built,
    ];
    let shops: Vec<(Ink, &str)> = first
        .shops
        .iter()
        .zip(inks)
        .map(|((shop, _), ink)| (ink, shop.as_str()))
        .collect();
    let column = |(place, (ink, _)): (usize, &(Ink, &str))| Columns {
        ink: *ink,
        values: report
            .work_in_progress
            .iter()
            .map(|day| day.shops.get(place).map_or(0.0, |(_, count)| *count as f64))
            .collect(),
    };
    let columns: Vec<Columns> = shops.iter().enumerate().map(column).collect();
    let svg = chart::columns(&names, &columns, 260, thousands)?;
    figure(body, &shops, &svg);
    Ok(())
}

pub(super) fn one_life(life: &Life, body: &mut String) {
    let options: Vec<String> = life
        .configuration
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let words = format!(
        "{}, order {} for {}, build {}.",
        options.join(" "),
        life.order,
        life.city,
        life.build_number
    );
    section(body, &format!("One vehicle's life: {}", life.vin), &words);
    let mut sheet = Sheet::new(&["@date", "event", "known from", "subject"]);
    for event in &life.timeline {
        sheet.row(&[
            event.date.clone(),
            event.event.clone(),
            event.source.clone(),
            event.subject.clone(),
        ]);
    }
    sheet.write(body);
    body.push_str("<h3>In the shops</h3>\n");
    let mut sheet = Sheet::new(&["shop", "@from", "@to", "#hours"]);
    for shop in &life.shops {
        let hours = format!("{:.1}", shop.seconds as f64 / 3600.0);
        sheet.row(&[
            shop.shop.clone(),
            shop.start.clone(),
            shop.end.clone(),
            hours,
        ]);
    }
    sheet.write(body);
    let more = life.part_count - life.serials.len();
    body.push_str(&format!(
        "<h3>Parts with a serial number, of {} bought parts</h3>\n",
        more + life.serials.len()
    ));
    let mut sheet = Sheet::new(&["item", "serial", "lot", "supplier", "@received"]);
    for part in &life.serials {
        let received = part.received_on.clone().unwrap_or_default();
        sheet.row(&[
            part.item.clone(),
            part.serial.clone(),
            part.lot.clone(),
            part.supplier.clone(),
            received,
        ]);
    }
    sheet.write(body);
}
