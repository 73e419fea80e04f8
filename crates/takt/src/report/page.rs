//! The report as one self-contained page: style, charts and tables inside it, light and dark. It must not ask
//! anybody. Invariants: nothing is loaded from elsewhere; every text that came from outside is escaped.
use takt_kernel::Date;

use super::chart::{self, Columns, GRID, Ink, Line, WORDS, hex, month_name};
use super::figures::{Cost, DisruptionFigures, Life, Report};
use super::sheet::{self, Sheet, escape};
use crate::failure::Outcome;
use crate::output::{bytes, duration, grouped, percent};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(super) fn page(report: &Report) -> Outcome<String> {
    let mut body = String::new();
    head(report, &mut body);
    ramp(report, &mut body)?;
    months(report, &mut body)?;
    milestones(report, &mut body);
    orders(report, &mut body);
    if let Some(disruption) = &report.disruption {
        disrupted(report, disruption, &mut body)?;
    }
    money(&report.cost, &mut body);
    stock(report, &mut body)?;
    sheet::supply(report, &mut body);
    sheet::binding(report, &mut body);
    shops(report, &mut body)?;
    if let Some(life) = &report.life {
        one_life(life, &mut body);
    }
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

/// A running total by day, one point for each day that counts.
fn cumulative(days: &std::collections::BTreeMap<String, i64>) -> Vec<(Date, f64)> {
    let mut sum = 0;
    let point = |(date, count): (&String, &i64)| {
        sum += count;
        Some((super::date(date)?, sum as f64))
    };
    days.iter().filter_map(point).collect()
}

fn thousands(value: f64) -> String {
    grouped(value.round() as i64)
}

fn ramp(report: &Report, body: &mut String) -> Outcome<()> {
    section(
        body,
        "The ramp",
        "Vehicles since launch: what the first plan made of the ramp plan, what was built, what was handed over, and what was published.",
    );
    let line = |ink, points| Line {
        ink,
        points,
        filled: false,
    };
    let svg = chart::lines(
        &[
            line(Ink::Plan, cumulative(&report.produced.planned_by_date)),
            line(
                Ink::Published,
                cumulative(&report.delivered.published_by_date),
            ),
            line(Ink::Delivered, cumulative(&report.delivered.by_date)),
            line(Ink::Built, cumulative(&report.produced.by_date)),
        ],
        380,
        thousands,
    )?;
    figure(
        body,
        &[
            (Ink::Built, "built"),
            (Ink::Delivered, "handed over"),
            (Ink::Published, "published as delivered"),
            (Ink::Plan, "first plan"),
        ],
        &svg,
    );
    Ok(())
}

fn months(report: &Report, body: &mut String) -> Outcome<()> {
    section(
        body,
        "By month",
        "Built, handed over and published vehicles.",
    );
    let shown: Vec<_> = report
        .months
        .iter()
        .filter(|month| month.produced + month.delivered + month.planned > 0)
        .collect();
    let name = |month: &str| {
        super::date(&format!("{month}-01")).map_or_else(|| month.to_owned(), month_name)
    };
    let names: Vec<String> = shown.iter().map(|month| name(&month.month)).collect();
    let column = |ink, value: fn(&super::figures::Month) -> i64| Columns {
        ink,
        values: shown.iter().map(|month| value(month) as f64).collect(),
    };
    let svg = chart::columns(
        &names,
        &[
            column(Ink::Built, |month| month.produced),
            column(Ink::Delivered, |month| month.delivered),
            column(Ink::Published, |month| month.published_delivered),
        ],
        280,
        thousands,
    )?;
    figure(
        body,
        &[
            (Ink::Built, "built"),
            (Ink::Delivered, "handed over"),
            (Ink::Published, "published"),
        ],
        &svg,
    );
    let mut sheet = Sheet::new(&[
        "month",
        "#orders",
        "#planned",
        "#built",
        "#handed over",
        "#published",
    ]);
    for month in &report.months {
        sheet.row(&[
            month.month.clone(),
            grouped(month.locked),
            grouped(month.planned),
            grouped(month.produced),
            grouped(month.delivered),
            grouped(month.published_delivered),
        ]);
    }
    sheet.fold(body, "the figures");
    Ok(())
}

fn milestones(report: &Report, body: &mut String) {
    section(
        body,
        "Milestones",
        "What was published, what the plan had for that day, and what the replay had; the last column is the day on which the replay reached the published count.",
    );
    let mut sheet = Sheet::new(&[
        "@date",
        "event",
        "#published",
        "#planned",
        "#replayed",
        "@reached",
    ]);
    let count = |count: Option<i64>| count.map(grouped).unwrap_or_default();
    for milestone in report
        .milestones
        .iter()
        .filter(|milestone| milestone.published.is_some())
    {
        sheet.row(&[
            milestone.date.clone(),
            format!(
                "{} ({})",
                milestone.event,
                milestone.measure.unwrap_or_default()
            ),
            count(milestone.published),
            count(milestone.planned),
            count(milestone.replayed),
            milestone
                .replayed_on
                .clone()
                .unwrap_or_else(|| "not yet".to_owned()),
        ]);
    }
    sheet.write(body);
}

fn orders(report: &Report, body: &mut String) {
    let orders = &report.orders;
    section(
        body,
        "Orders and promises",
        "A promise is never edited; when its date moves by more than a week, a new one follows it.",
    );
    let mut sheet = Sheet::new(&["figure", "#value"]);
    for (name, value) in [
        ("orders locked", grouped(orders.locked)),
        (
            "open orders with an estimated date",
            grouped(orders.open_with_estimate),
        ),
        (
            "days from order to handover, median",
            orders.order_to_delivery_median_days.to_string(),
        ),
        (
            "days from order to handover, nine of ten",
            orders.order_to_delivery_p90_days.to_string(),
        ),
        (
            "first promises kept",
            percent(orders.kept_first_promise, orders.promised),
        ),
        ("promises made", grouped(orders.promises)),
        (
            "orders promised later by more than 7 days",
            grouped(orders.slipped),
        ),
    ] {
        sheet.row(&[name.to_owned(), value]);
    }
    sheet.write(body);
}

fn disrupted(report: &Report, disruption: &DisruptionFigures, body: &mut String) -> Outcome<()> {
    let words = match &disruption.first_stop {
        Some(stop) => format!(
            "First to stop: shop {} for {} on {}, which missed {}.",
            stop.shop, stop.variant, stop.date, stop.item
        ),
        None => "Nothing stopped: stock and goods on the way were enough.".to_owned(),
    };
    section(
        body,
        &format!("The outage {}", disruption.outages.join(", ")),
        &words,
    );
    let mut open = 0i64;
    let dates: std::collections::BTreeSet<&String> = report
        .produced
        .planned_by_date
        .keys()
        .chain(report.produced.by_date.keys())
        .collect();
    let missing = dates.into_iter().filter_map(|date| {
        let on =
            |days: &std::collections::BTreeMap<String, i64>| days.get(date).copied().unwrap_or(0);
        open += on(&report.produced.planned_by_date) - on(&report.produced.by_date);
        Some((super::date(date)?, open.max(0) as f64))
    });
    let line = Line {
        ink: Ink::Missing,
        points: missing.collect(),
        filled: true,
    };
    let svg = chart::lines(&[line], 240, thousands)?;
    figure(
        body,
        &[(
            Ink::Missing,
            "vehicles missing against the undisturbed plan",
        )],
        &svg,
    );
    let mut sheet = Sheet::new(&[
        "variant",
        "#late at most",
        "@on",
        "@recovered",
        "#lost at the plan's end",
        "#vehicle-days late",
    ]);
    for (name, cost) in std::iter::once(("all", &disruption.all)).chain(
        disruption
            .by_variant
            .iter()
            .map(|(name, cost)| (name.as_str(), cost)),
    ) {
        sheet.row(&[
            name.to_owned(),
            grouped(cost.late),
            cost.late_on.clone().unwrap_or_default(),
            cost.recovered_on.clone().unwrap_or_default(),
            grouped(cost.lost),
            grouped(cost.vehicle_days_late),
        ]);
    }
    sheet.write(body);
    let slipped = grouped(disruption.slipped_orders);
    body.push_str(&format!(
        "<p class=\"soft\">{slipped} orders were promised later by more than 7 days.</p>\n"
    ));
    Ok(())
}

fn money(cost: &Cost, body: &mut String) {
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

fn stock(report: &Report, body: &mut String) -> Outcome<()> {
    section(
        body,
        "Bought stock",
        "The value on hand at the end of each day, in millions, from procurement's ledger.",
    );
    let points = report
        .stock
        .iter()
        .filter_map(|day| Some((super::date(&day.date)?, day.stock / 1e6)))
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

fn shops(report: &Report, body: &mut String) -> Outcome<()> {
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
        .map(|day| super::date(&day.date).map_or_else(String::new, month_name))
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

fn one_life(life: &Life, body: &mut String) {
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
