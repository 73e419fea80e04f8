//! The report as one self-contained page: style, charts and tables inside it, light and dark. It must not ask
//! anybody. Invariants: nothing is loaded from elsewhere; every text that came from outside is escaped.
mod cost;
mod plant;
mod progress;

use super::chart::{GRID, Ink, WORDS, hex};
use super::figures::Report;
use super::recalls;
use super::sequence;
use super::sheet::{self, escape};
use crate::failure::Outcome;
use crate::output::{bytes, duration, grouped};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(super) fn page(report: &Report) -> Outcome<String> {
    let mut body = String::new();
    head(report, &mut body);
    progress::ramp(report, &mut body)?;
    progress::months(report, &mut body)?;
    progress::milestones(report, &mut body);
    progress::orders(report, &mut body);
    if let Some(material) = &report.material {
        material.page(&mut body);
    }
    if let Some(disruption) = &report.disruption {
        progress::disrupted(report, disruption, &mut body)?;
    }
    cost::money(&report.cost, &mut body);
    plant::ramp(&report.ramp, &mut body);
    cost::stock(report, &mut body)?;
    sheet::supply(report, &mut body);
    sheet::binding(report, &mut body);
    plant::effectiveness(&report.performance, &mut body);
    if let Some(told) = &report.sequencing {
        sequence::page(told, &mut body);
    }
    cost::shops(report, &mut body)?;
    if let Some(life) = &report.life {
        cost::one_life(life, &mut body);
    }
    if let Some(genealogy) = &report.genealogy {
        body.push_str(&format!("<p>{}</p>\n", escape(&genealogy.line())));
    }
    report.kpis.page(&mut body);
    if let Some(cases) = &report.cases {
        cases.page(&mut body);
    }
    recalls::page(&report.recalls, &mut body);
    sheet::suppliers(report, &mut body);
    sheet::items(report, &mut body);
    foot(report, &mut body);
    let title = escape(&report.run.programme_name);
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}{}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        night()
    ))
}

/// The charts by night: each colour of the day is turned where it stands as fill or stroke.
fn night() -> String {
    let mut style = String::from("@media (prefers-color-scheme: dark) {\n");
    let mut turn = |light: String, dark: &str| {
        style.push_str(&format!("svg [fill=\"{light}\"] {{ fill: {dark}; }} svg [stroke=\"{light}\"] {{ stroke: {dark}; }}\n"));
    };
    for ink in Ink::ALL {
        turn(hex(ink.light()), ink.dark());
    }
    turn(hex(WORDS), "#9aa8b6");
    turn(hex(GRID), "#2b3641");
    style.push_str("}\n");
    for ink in Ink::ALL {
        style.push_str(&format!(
            ".k{} {{ --key: {}; }}\n",
            ink as usize,
            hex(ink.light())
        ));
    }
    style.push_str("@media (prefers-color-scheme: dark) {\n");
    for ink in Ink::ALL {
        style.push_str(&format!(
            ".k{} {{ --key: {}; }}\n",
            ink as usize,
            ink.dark()
        ));
    }
    style.push_str("}\n");
    style
}

fn section(body: &mut String, title: &str, words: &str) {
    body.push_str(&format!(
        "<h2>{}</h2>\n<p>{}</p>\n",
        escape(title),
        escape(words)
    ));
}

fn figure(body: &mut String, keys: &[(Ink, &str)], svg: &str) {
    if svg.is_empty() {
        return;
    }
    let keys: Vec<String> = keys
        .iter()
        .map(|(ink, name)| format!("<span class=\"k{}\">{}</span>", *ink as usize, escape(name)))
        .collect();
    body.push_str(&format!(
        "<figure>\n<figcaption>{}</figcaption>\n{svg}</figure>\n",
        keys.join("")
    ));
}

fn head(report: &Report, body: &mut String) {
    let run = &report.run;
    let state = match (&run.last_closed_day, run.finished) {
        (Some(day), true) => format!("A replay from the first order to the last arrival on {day}."),
        (Some(day), false) => format!("A replay that has come to {day}."),
        (None, _) => "A replay that has not begun.".to_owned(),
    };
    body.push_str(&format!(
        "<header>\n<h1>{}</h1>\n<p>{}</p>\n",
        escape(&run.programme_name),
        escape(&state)
    ));
    let variants: Vec<String> = report
        .produced
        .by_variant
        .iter()
        .map(|(variant, count)| format!("{} {variant}", grouped(*count)))
        .collect();
    let last_built = report
        .produced
        .by_date
        .keys()
        .next_back()
        .cloned()
        .unwrap_or_default();
    let days = super::date(&last_built)
        .zip(super::date(&run.launch_date))
        .map(|(a, b)| a.days_since(b));
    let money = |amount: Option<f64>| {
        amount.map_or_else(|| "-".to_owned(), |amount| grouped(amount.round() as i64))
    };
    body.push_str("<dl class=\"facts\">\n");
    for (name, value, more) in [
        (
            "Vehicles built",
            grouped(report.produced.total),
            variants.join(", "),
        ),
        (
            "Last one built",
            last_built,
            days.map(|days| format!("day {days} after launch"))
                .unwrap_or_default(),
        ),
        (
            "Handed over",
            grouped(report.delivered.total),
            format!("of {} orders locked", grouped(report.orders.locked)),
        ),
        (
            "Order to delivery",
            format!("{} days", report.orders.order_to_delivery_median_days),
            format!(
                "nine of ten within {}",
                report.orders.order_to_delivery_p90_days
            ),
        ),
        (
            "Result per vehicle",
            format!(
                "{} {}",
                money(report.cost.programme_formula_q2),
                report.cost.currency
            ),
            format!(
                "programme formula; as built {}",
                money(report.cost.as_built_q2)
            ),
        ),
    ] {
        body.push_str(&format!(
            "<div><dt>{name}</dt><dd>{}<small>{}</small></dd></div>\n",
            escape(&value),
            escape(&more)
        ));
    }
    body.push_str(&format!(
        "</dl>\n<p class=\"note\">{}</p>\n</header>\n",
        escape(&report.note)
    ));
}

fn thousands(value: f64) -> String {
    grouped(value.round() as i64)
}

fn foot(report: &Report, body: &mut String) {
    let run = &report.run;
    let options: Vec<String> = run
        .options
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let rss = i64::try_from(report.peak_rss_bytes).unwrap_or(i64::MAX);
    body.push_str(&format!(
        "<footer>\n<p>Ran {}, held {} at most, databases {}. {}.</p>\n<p>Programme <code>{}</code><br>Run <code>{}</code><br>\
         Digest <code>{}</code></p>\n</footer>\n",
        duration((report.elapsed_seconds * 1000.0) as u64),
        bytes(rss),
        bytes(report.database_bytes),
        escape(&options.join(", ")),
        escape(&run.programme_hash),
        escape(&run.run_id),
        escape(&report.digest),
    ));
}
