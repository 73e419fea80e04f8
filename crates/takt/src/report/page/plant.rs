//! How well the plant worked, whether the vehicles earn their cost, and how the ramp went. It must not ask anybody.
use super::super::plant::{COLUMNS, Plant, cells, told};
use super::super::profit::Ramp;
use super::super::sheet::{Sheet, escape};
use super::section;
use crate::output::grouped;

pub(super) fn effectiveness(plant: &Plant, body: &mut String) {
    section(
        body,
        "Effectiveness by shop",
        "By ISO 22400-2: availability A is production time over planned busy time with overlapping stops counted once, \
         effectiveness E is planned run time over production time, and the quality ratio Q is the share good at the first pass.",
    );
    let header: Vec<String> = COLUMNS.iter().map(|name| name.replace('>', "#")).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut sheet = Sheet::new(&header);
    for shop in &plant.shops {
        sheet.row(&cells(shop));
    }
    sheet.write(body);
    for sentence in plant.sentences() {
        soft(body, &sentence);
    }
    body.push_str("<h3>Capacity against demand</h3>\n");
    let mut sheet = Sheet::new(&[
        "shop",
        "operation",
        "#demonstrated capacity",
        "#taken by the demand",
    ]);
    for shop in &plant.constraint.shops {
        sheet.row(&[
            shop.shop.clone(),
            shop.operation.clone(),
            grouped(shop.demonstrated_capacity),
            told(shop.utilisation),
        ]);
    }
    sheet.write(body);
}

pub(super) fn ramp(ramp: &Ramp, body: &mut String) {
    if let Some(break_even) = ramp
        .break_even
        .as_ref()
        .filter(|found| !found.answer.is_empty())
    {
        section(body, "Will scale bring profits", &break_even.answer);
        let mut sheet = Sheet::new(&["figure", "#value"]);
        for row in break_even.rows() {
            sheet.row(&row);
        }
        sheet.write(body);
        for assumption in &break_even.assumptions {
            soft(body, &format!("assumed: {assumption}"));
        }
        for missing in &break_even.missing {
            soft(body, &format!("missing: {missing}"));
        }
    }
    let forecast = ramp.forecast.as_ref();
    let words = forecast.map_or_else(String::new, |forecast| forecast.sentence());
    section(body, "Plan against the line", &words);
    soft(body, &ramp.behind());
    if let Some(forecast) = forecast {
        let mut sheet = Sheet::new(&["days counted from", "@on", "#days"]);
        for event in &forecast.days_from {
            sheet.row(&[
                event.event.clone(),
                event.date.clone(),
                event.days.to_string(),
            ]);
        }
        sheet.write(body);
    }
    let mut sheet = Sheet::new(&[
        "@week ends",
        "#wanted",
        "#first plan",
        "#built",
        "#ahead, vehicles",
        "#ahead, days",
    ]);
    for week in &ramp.weeks {
        sheet.row(&[
            week.date.clone(),
            grouped(week.wanted),
            grouped(week.planned),
            grouped(week.built),
            grouped(week.ahead_vehicles),
            format!("{:.1}", week.ahead_days),
        ]);
    }
    sheet.fold(body, "by week");
}

fn soft(body: &mut String, words: &str) {
    body.push_str(&format!("<p class=\"soft\">{}</p>\n", escape(words)));
}
