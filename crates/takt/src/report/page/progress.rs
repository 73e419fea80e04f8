//! What was built and delivered, against what was planned and published: the curves of the page. It must not ask
//! anybody.
use super::super::chart::{self, Columns, Ink, Line, month_name};
use super::super::date;
use super::super::figures::{DisruptionFigures, Month, Report};
use super::super::sheet::Sheet;
use super::{figure, section, thousands};
use crate::failure::Outcome;
use crate::output::{grouped, percent};
use takt_kernel::Date;

/// A running total by day, one point for each day that counts.
fn cumulative(days: &std::collections::BTreeMap<String, i64>) -> Vec<(Date, f64)> {
    let mut sum = 0;
    let point = |(date, count): (&String, &i64)| {
        sum += count;
        Some((super::super::date(date)?, sum as f64))
    };
    days.iter().filter_map(point).collect()
}

pub(super) fn ramp(report: &Report, body: &mut String) -> Outcome<()> {
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

pub(super) fn months(report: &Report, body: &mut String) -> Outcome<()> {
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
    let name =
        |month: &str| date(&format!("{month}-01")).map_or_else(|| month.to_owned(), month_name);
    let names: Vec<String> = shown.iter().map(|month| name(&month.month)).collect();
    let column = |ink, value: fn(&Month) -> i64| Columns {
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

pub(super) fn milestones(report: &Report, body: &mut String) {
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

pub(super) fn orders(report: &Report, body: &mut String) {
    let orders = &report.orders;
    section(
        body,
        "Orders and promises",
        "A promise is never edited; when its date moves by more than a week, a new one follows it.",
    );
    let mut sheet = Sheet::new(&["figure", "#value"]);
    let punctual = &report.punctuality;
    for (name, value) in [
        (
            "vehicles built by their planned day",
            percent(punctual.on_time, punctual.planned),
        ),
        ("vehicle-days late", grouped(punctual.vehicle_days_late)),
        (
            "days for which bought value lay in the house",
            punctual
                .stock_days
                .map_or_else(|| "-".to_owned(), |days| format!("{days:.1}")),
        ),
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

pub(super) fn disrupted(
    report: &Report,
    disruption: &DisruptionFigures,
    body: &mut String,
) -> Outcome<()> {
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
        Some((super::super::date(date)?, open.max(0) as f64))
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
    let anew = grouped(disruption.repromised_orders);
    body.push_str(&format!(
        "<p class=\"soft\">{slipped} orders were promised later by more than 7 days; {anew} were promised anew when the outage was told.</p>\n"
    ));
    Ok(())
}
