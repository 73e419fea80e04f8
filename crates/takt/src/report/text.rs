//! The report for a terminal: calm tables, the most important first. It must not ask anybody. Invariant: what stands
//! here stands in the JSON answer too.
use super::figures::{Cost, DisruptionFigures, Life, Report, Shortfall, Supply, Wip};
use super::recalls;
use super::sequence;
use crate::output::{Answer, bytes, duration, grouped, percent, table, table_text};

/// So many suppliers, the worst first, are shown in the terminal; the page has all.
const SUPPLIERS: usize = 12;
/// So many items that stopped the line are shown.
const STOPS: usize = 10;

impl Answer for Report {
    fn text(&self) -> String {
        let mut text = String::new();
        head(self, &mut text);
        milestones(self, &mut text);
        months(self, &mut text);
        orders(self, &mut text);
        self.kpis.section(&mut text);
        if let Some(material) = &self.material {
            material.text(&mut text);
        }
        cost(&self.cost, &mut text);
        self.ramp.text(&mut text);
        stock(self, &mut text);
        suppliers(self, &mut text);
        binding(self, &mut text);
        title(&mut text, "Effectiveness by shop, ISO 22400-2");
        self.performance.text(&mut text);
        if let Some(told) = &self.sequencing {
            sequence::text(told, &mut text);
        }
        work_in_progress(&self.work_in_progress, &mut text);
        if let Some(disruption) = &self.disruption {
            disrupted(disruption, &mut text);
        }
        if let Some(life) = &self.life {
            one_life(life, &mut text);
        }
        if let Some(cases) = &self.cases {
            cases.text(&mut text);
        }
        if let Some(genealogy) = &self.genealogy {
            text.push_str(&format!("{}\n", genealogy.line()));
        }
        recalls::text(&self.recalls, &mut text);
        foot(self, &mut text);
        text
    }
}

pub(super) fn title(text: &mut String, words: &str) {
    text.push('\n');
    text.push_str(words);
    text.push('\n');
}

fn head(report: &Report, text: &mut String) {
    let run = &report.run;
    text.push_str(&format!("{} ({})\n", run.programme_name, run.programme_id));
    let state = match (&run.last_closed_day, run.finished) {
        (Some(day), true) => format!("played to its last arrival on {day}"),
        (Some(day), false) => format!("played to {day}; the same command goes on"),
        (None, _) => "not played yet".to_owned(),
    };
    let variants: Vec<String> = report
        .produced
        .by_variant
        .iter()
        .map(|(variant, count)| format!("{} {variant}", grouped(*count)))
        .collect();
    text.push_str(&format!("{state}\n\n"));
    text.push_str(&format!(
        "{:>9} vehicles built: {}\n",
        grouped(report.produced.total),
        variants.join(", ")
    ));
    text.push_str(&format!(
        "{:>9} handed over\n",
        grouped(report.delivered.total)
    ));
    text.push_str(&format!(
        "{:>9} orders locked\n\n{}\n",
        grouped(report.orders.locked),
        report.punctuality.line()
    ));
}

fn milestones(report: &Report, text: &mut String) {
    title(text, "Milestones");
    let mut lines = table(&[
        "date",
        "event",
        ">published",
        ">planned",
        ">replayed",
        "reached",
    ]);
    let count = |count: Option<i64>| count.map(grouped).unwrap_or_default();
    for milestone in report
        .milestones
        .iter()
        .filter(|milestone| milestone.published.is_some())
    {
        let event: String = milestone.event.chars().take(58).collect();
        lines.add_row([
            milestone.date.clone(),
            format!("{event} ({})", milestone.measure.unwrap_or_default()),
            count(milestone.published),
            count(milestone.planned),
            count(milestone.replayed),
            milestone
                .replayed_on
                .clone()
                .unwrap_or_else(|| "not yet".to_owned()),
        ]);
    }
    text.push_str(&table_text(&lines));
}

fn months(report: &Report, text: &mut String) {
    title(text, "By month");
    let mut lines = table(&[
        "month",
        ">orders",
        ">planned",
        ">built",
        ">handed over",
        ">published",
    ]);
    for month in &report.months {
        lines.add_row([
            month.month.clone(),
            grouped(month.locked),
            grouped(month.planned),
            grouped(month.produced),
            grouped(month.delivered),
            grouped(month.published_delivered),
        ]);
    }
    text.push_str(&table_text(&lines));
}

fn orders(report: &Report, text: &mut String) {
    let orders = &report.orders;
    title(text, "Order to delivery");
    let mut lines = table(&["figure", ">value"]);
    lines.add_row([
        "median days".to_owned(),
        orders.order_to_delivery_median_days.to_string(),
    ]);
    lines.add_row([
        "days for nine of ten".to_owned(),
        orders.order_to_delivery_p90_days.to_string(),
    ]);
    lines.add_row([
        "first promise kept".to_owned(),
        percent(orders.kept_first_promise, orders.promised),
    ]);
    lines.add_row([
        "promised later by more than 7 days".to_owned(),
        grouped(orders.slipped),
    ]);
    lines.add_row([
        "open orders with an estimate".to_owned(),
        grouped(orders.open_with_estimate),
    ]);
    text.push_str(&table_text(&lines));
}

fn dollars(amount: Option<f64>) -> String {
    amount.map_or_else(
        || "not known".to_owned(),
        |amount| grouped(amount.round() as i64),
    )
}

fn cost(cost: &Cost, text: &mut String) {
    title(text, &format!("A vehicle's money, {}", cost.currency));
    let mut lines = table(&[
        "",
        "quarter",
        ">vehicles",
        ">price",
        ">material",
        ">conversion",
        ">fixed",
        ">operating",
        ">result",
    ]);
    let named = cost
        .programme_formula
        .iter()
        .map(|unit| ("programme formula", unit));
    for (name, unit) in named.chain(cost.as_built.iter().map(|unit| ("as built", unit))) {
        lines.add_row([
            name.to_owned(),
            unit.quarter.clone(),
            grouped(unit.vehicles),
            dollars(unit.average_price),
            dollars(unit.material),
            dollars(unit.variable_conversion),
            dollars(unit.fixed_manufacturing),
            dollars(unit.operating_cost),
            dollars(unit.result),
        ]);
    }
    text.push_str(&table_text(&lines));
}

fn stock(report: &Report, text: &mut String) {
    title(text, "Bought stock at the end of the month, millions");
    let mut lines = table(&["month", ">received", ">used", ">on hand"]);
    let millions = |amount: f64| format!("{:.1}", amount / 1e6);
    for month in months_of_stock(report) {
        lines.add_row([
            month.month,
            millions(month.received),
            millions(month.issued),
            millions(month.stock),
        ]);
    }
    text.push_str(&table_text(&lines));
    if let Some(last) = report.days_of_supply.last() {
        title(text, "Days of supply by group at the end of the month");
        text.push_str(&table_text(&supply_table(&report.days_of_supply, last)));
    }
}

fn supply_table(samples: &[Supply], last: &Supply) -> comfy_table::Table {
    let header: Vec<String> = std::iter::once("group".to_owned())
        .chain(
            samples
                .iter()
                .map(|sample| format!(">{}", sample.date.get(..7).unwrap_or_default())),
        )
        .collect();
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut lines = table(&names);
    for group in last.groups.keys() {
        let days = samples.iter().map(|sample| {
            sample
                .groups
                .get(group)
                .map_or_else(|| "-".to_owned(), |days| format!("{days:.1}"))
        });
        lines.add_row(std::iter::once(group.clone()).chain(days));
    }
    lines
}

/// What a month received, used and left.
pub(super) struct StockMonth {
    pub month: String,
    pub received: f64,
    pub issued: f64,
    pub stock: f64,
}

pub(super) fn months_of_stock(report: &Report) -> Vec<StockMonth> {
    let mut months: Vec<StockMonth> = Vec::new();
    for day in &report.stock {
        let key = day.date.get(..7).unwrap_or_default();
        if months.last().is_none_or(|last| last.month != key) {
            months.push(StockMonth {
                month: key.to_owned(),
                received: 0.0,
                issued: 0.0,
                stock: 0.0,
            });
        }
        if let Some(month) = months.last_mut() {
            month.received += day.received;
            month.issued += day.issued;
            month.stock = day.stock;
        }
    }
    months
}

fn suppliers(report: &Report, text: &mut String) {
    let mut worst: Vec<_> = report
        .suppliers
        .iter()
        .filter(|supplier| supplier.lots > 0)
        .collect();
    worst.sort_by(|a, b| {
        a.otif
            .unwrap_or(1.0)
            .total_cmp(&b.otif.unwrap_or(1.0))
            .then(b.lots.cmp(&a.lots))
    });
    title(
        text,
        &format!(
            "Direct suppliers on time in full, the lowest {SUPPLIERS} of {}",
            worst.len()
        ),
    );
    let mut lines = table(&[
        "supplier",
        ">lots",
        ">in full, on time",
        ">kept back",
        ">lead time, days",
        ">received, m",
    ]);
    for supplier in worst.into_iter().take(SUPPLIERS) {
        lines.add_row([
            supplier.supplier.clone(),
            grouped(supplier.lots),
            percent(supplier.on_time_in_full, supplier.lots),
            grouped(supplier.blocked_lots),
            format!("{:.1}", supplier.mean_lead_time_days),
            format!("{:.1}", supplier.received_value / 1e6),
        ]);
    }
    text.push_str(&table_text(&lines));
}

fn binding(report: &Report, text: &mut String) {
    let binding = &report.binding;
    if !binding.stopped.is_empty() {
        title(text, "What stopped vehicles");
        let mut lines = table(&[
            "item",
            "shop",
            "variants",
            "first",
            "last",
            ">days",
            ">vehicle-days",
        ]);
        for stopped in binding.stopped.iter().take(STOPS) {
            let item = if stopped.item.is_empty() {
                "no order"
            } else {
                &stopped.item
            };
            lines.add_row([
                item.to_owned(),
                stopped.shop.clone(),
                stopped.variants.join(" "),
                stopped.first.clone(),
                stopped.last.clone(),
                stopped.days.to_string(),
                grouped(stopped.vehicle_days),
            ]);
        }
        text.push_str(&table_text(&lines));
    }
    title(text, "Items with the least room before their first order");
    let mut lines = table(&[
        "item",
        "group",
        ">lead time, days",
        "first order",
        ">room, days",
    ]);
    for tight in &binding.tightest {
        lines.add_row([
            tight.item.clone(),
            tight.group.clone(),
            tight.lead_time_days.to_string(),
            tight.first_release.clone(),
            tight.slack_days.to_string(),
        ]);
    }
    text.push_str(&table_text(&lines));
    let days = report.produced.capacity_bound_days;
    if days > 0 {
        text.push_str(&format!("the line itself was the limit on {days} days\n"));
    }
}

fn work_in_progress(days: &[Wip], text: &mut String) {
    let Some(first) = days.first() else { return };
    title(
        text,
        "Vehicles in the shops at noon of the month's last building day",
    );
    let header: Vec<String> = std::iter::once("date".to_owned())
        .chain(first.shops.iter().map(|(shop, _)| format!(">{shop}")))
        .collect();
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut lines = table(&names);
    for day in days {
        let counts = day.shops.iter().map(|(_, count)| grouped(*count));
        lines.add_row(std::iter::once(day.date.clone()).chain(counts));
    }
    text.push_str(&table_text(&lines));
}

fn disrupted(disruption: &DisruptionFigures, text: &mut String) {
    title(
        text,
        &format!("What the outage cost: {}", disruption.outages.join(", ")),
    );
    match &disruption.first_stop {
        Some(stop) => text.push_str(&format!(
            "first to stop: shop {} for {} on {}, which missed {}\n",
            stop.shop, stop.variant, stop.date, stop.item
        )),
        None => text.push_str("nothing stopped: stock and goods on the way were enough\n"),
    }
    let mut lines = table(&[
        "variant",
        ">late, at most",
        "on",
        "recovered",
        ">lost at the plan's end",
        ">vehicle-days late",
    ]);
    let mut row = |name: &str, cost: &Shortfall| {
        lines.add_row([
            name.to_owned(),
            grouped(cost.late),
            cost.late_on.clone().unwrap_or_default(),
            match (&cost.recovered_on, cost.late) {
                (Some(date), _) => date.clone(),
                (None, 0) => String::new(),
                (None, _) => "not yet".to_owned(),
            },
            grouped(cost.lost),
            grouped(cost.vehicle_days_late),
        ]);
    };
    row("all", &disruption.all);
    for (variant, cost) in &disruption.by_variant {
        row(variant, cost);
    }
    text.push_str(&table_text(&lines));
    let [late, anew] = [disruption.slipped_orders, disruption.repromised_orders].map(grouped);
    text.push_str(&format!(
        "{late} orders were promised later by more than 7 days; {anew} were promised anew when the outage was told\n"
    ));
}

fn one_life(life: &Life, text: &mut String) {
    let options: Vec<String> = life
        .configuration
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    title(text, &format!("One vehicle's life: {}", life.vin));
    text.push_str(&format!(
        "{} for {}, order {}, build {}\n",
        options.join(" "),
        life.city,
        life.order,
        life.build_number
    ));
    let mut lines = table(&["date", "event", "known from", "subject"]);
    for event in &life.timeline {
        let subject: String = event.subject.chars().take(60).collect();
        lines.add_row([&event.date, &event.event, &event.source, &subject]);
    }
    text.push_str(&table_text(&lines));
    text.push('\n');
    let mut lines = table(&["shop", "from", "to", ">hours"]);
    for shop in &life.shops {
        lines.add_row([
            shop.shop.clone(),
            shop.start.clone(),
            shop.end.clone(),
            format!("{:.1}", shop.seconds as f64 / 3600.0),
        ]);
    }
    text.push_str(&table_text(&lines));
    text.push('\n');
    let mut lines = table(&["item", "serial", "lot", "supplier", "received"]);
    for part in &life.serials {
        lines.add_row([
            part.item.clone(),
            part.serial.clone(),
            part.lot.clone(),
            part.supplier.clone(),
            part.received_on.clone().unwrap_or_default(),
        ]);
    }
    text.push_str(&table_text(&lines));
    text.push_str(&format!(
        "and {} bought parts more, each known by its lot\n",
        life.part_count - life.serials.len()
    ));
}

fn foot(report: &Report, text: &mut String) {
    let millis = (report.elapsed_seconds * 1000.0) as u64;
    let rss = i64::try_from(report.peak_rss_bytes).unwrap_or(i64::MAX);
    text.push_str(&format!(
        "\nran {}, held {} at most, databases {}\ndigest {}\n\n{}\n",
        duration(millis),
        bytes(rss),
        bytes(report.database_bytes),
        report.digest,
        report.note
    ));
}
