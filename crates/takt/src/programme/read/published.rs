//! What was published about the programme, and the figures of the programme formula, from programme.yaml.
//! It must not check them against the data: published figures are shown, never forced on a result (RULES 6).
use super::offer::{Offer, in_currency};
use crate::programme::document::Field;
use crate::programme::model::{
    Economics, Figure, Measure, Milestone, MonthFigure, Peer, PeerSpan, PublishedQuarter,
    QuarterEconomics,
};
use crate::programme::problem::Log;
use takt_kernel::{Amount, Currency, Date, ParseError, Price, Share, decimal};

/// The published part of programme.yaml; all of it is optional.
pub(in crate::programme) struct Published {
    pub milestones: Vec<Milestone>,
    pub months: Vec<MonthFigure>,
    pub quarters: Vec<PublishedQuarter>,
    pub peers: Vec<Peer>,
    pub economics: Option<Economics>,
}

pub(super) fn read(root: &Field<'_>, offer: &Offer, log: &mut Log) -> Published {
    let volumes = root.key("published_volumes");
    let quarters = quarters(&volumes.key("quarters_reported"), log);
    let economics = root.key("economics");
    Published {
        milestones: root
            .key("milestones")
            .members(log)
            .iter()
            .filter_map(|m| milestone(m, log))
            .collect(),
        months: volumes
            .key("months")
            .members(log)
            .iter()
            .filter_map(|m| month(m, log))
            .collect(),
        economics: economics
            .is_there()
            .then(|| formula(&economics, &quarters, offer, log))
            .flatten(),
        quarters,
        peers: root
            .key("first_100000_elsewhere")
            .members(log)
            .iter()
            .filter_map(|m| peer(m, log))
            .collect(),
    }
}

fn milestone(field: &Field<'_>, log: &mut Log) -> Option<Milestone> {
    let on = field
        .key("date")
        .must(log, "the date of the milestone", Date::parse);
    let event = field.key("event").must_text(log, "what happened");
    let mut figures = Vec::new();
    for (name, value) in field.entries(log) {
        let value = value
            .scalar()
            .and_then(|text| decimal(text, 0, "count").ok());
        let measure = match name {
            "locked_orders" => Some(Measure::OrdersLocked),
            "cum_produced" => Some(Measure::Produced),
            "cum_delivered" | "cum_delivered_reported" => Some(Measure::Delivered),
            _ => None,
        };
        if let Some(value) = value.filter(|_| name != "date") {
            figures.push(Figure {
                name: name.to_owned(),
                measure,
                value,
            });
        }
    }
    let (source_kind, sources) = evidence(field);
    Some(Milestone {
        on: on?,
        event,
        figures,
        source_kind,
        sources,
    })
}

fn evidence(field: &Field<'_>) -> (String, Vec<String>) {
    let kind = field
        .key("source_kind")
        .scalar()
        .unwrap_or_default()
        .to_owned();
    (kind, field.key("source").scalars())
}

fn month(field: &Field<'_>, log: &mut Log) -> Option<MonthFigure> {
    let month = field.key("month").must(log, "the month, 2024-04", |text| {
        let first = Date::parse(&format!("{text}-01"));
        first
            .map(Date::month_key)
            .map_err(|_| ParseError::new("month", text, "it is written YYYY-MM"))
    });
    let vehicles = field
        .key("vehicles")
        .must_number(log, "vehicles of the month", 0, 0);
    Some(MonthFigure {
        month: month?,
        vehicles,
        source_kind: evidence(field).0,
    })
}

fn quarters(field: &Field<'_>, log: &mut Log) -> Vec<PublishedQuarter> {
    let mut quarters = Vec::new();
    for member in field.members(log) {
        let quarter = member
            .key("quarter")
            .must(log, "the quarter, 2024Q2", |text| {
                let sound = text.len() == 6
                    && text.bytes().take(4).all(|b| b.is_ascii_digit())
                    && matches!(text.as_bytes().get(4..), Some([b'Q', b'1'..=b'4']));
                let refuse = || ParseError::new("quarter", text, "it is written YYYYQn");
                sound.then(|| text.to_owned()).ok_or_else(refuse)
            });
        let deliveries = member
            .key("deliveries")
            .must_number(log, "vehicles handed over", 0, 1);
        let average_price = in_currency(&member, "asp_", log).and_then(|(currency, price)| {
            Some(Amount::new(
                price.maybe_number(log, currency.minor_digits(), 0)?,
                currency,
            ))
        });
        // A percentage in ten-thousandths of a percent is a share in millionths.
        let gross_margin = member
            .key("gross_margin_pct")
            .maybe(log, |text| decimal(text, 4, "percentage"))
            .map(Share);
        if let Some(quarter) = quarter {
            quarters.push(PublishedQuarter {
                quarter,
                deliveries,
                average_price,
                gross_margin,
            });
        }
    }
    quarters
}

fn peer(field: &Field<'_>, log: &mut Log) -> Option<Peer> {
    let maker = field.key("maker").must_text(log, "the maker");
    let spans = [
        field
            .key("days")
            .maybe_number(log, 0, 1)
            .map(PeerSpan::Days),
        field
            .key("years")
            .maybe_number(log, 3, 1)
            .map(PeerSpan::MilliYears),
        field
            .key("years_since_founding")
            .maybe_number(log, 3, 1)
            .map(PeerSpan::MilliYearsSinceFounding),
    ];
    let span = spans.into_iter().flatten().next();
    if span.is_none() {
        field.error(log, "needs days, years or years_since_founding");
    }
    Some(Peer {
        maker,
        span: span?,
        source: evidence(field).1.join(" "),
    })
}

/// Reads `economics.mix`. The keys name their quarter: `asp_net_q2` and `opex_rd_sga_per_month_usd` are of
/// the quarter that the first one names, `q3_check` holds those of another one.
fn formula(
    field: &Field<'_>,
    reported: &[PublishedQuarter],
    offer: &Offer,
    log: &mut Log,
) -> Option<Economics> {
    for (variant, figures) in field.key("per_variant").entries(log) {
        if offer.sound && !offer.known_variants.iter().any(|known| known == variant) {
            figures.error(log, "is not a variant");
        }
    }
    let mix = field.key("mix");
    if !mix.is_there() {
        mix.missing(log, "the figures of the programme formula");
        return None;
    }
    let Some((currency, fixed)) = in_currency(&mix, "fixed_manufacturing_per_month_", log) else {
        mix.key("fixed_manufacturing_per_month_usd")
            .missing(log, "the fixed cost of a month");
        return None;
    };
    let amount = |field: &Field<'_>, meaning: &str, log: &mut Log| {
        Amount::new(
            field.must_number(log, meaning, currency.minor_digits(), 0),
            currency,
        )
    };
    let mut quarters = Vec::new();
    for (key, value) in mix.entries(log) {
        let own = key.strip_prefix("asp_net_q").filter(|n| n.len() == 1);
        let other = key
            .strip_prefix('q')
            .and_then(|rest| rest.strip_suffix("_check"));
        let Some(number) = own.or(other) else {
            continue;
        };
        let found = reported
            .iter()
            .find(|quarter| quarter.quarter.get(4..) == Some(&format!("Q{number}")));
        let Some(reported) = found else {
            value.error(
                log,
                "names a quarter that is not in published_volumes.quarters_reported",
            );
            continue;
        };
        let code = currency.as_str().to_ascii_lowercase();
        let (price, cost, result) = if own.is_some() {
            let result = mix.key(&format!("reported_result_per_vehicle_q{number}"));
            (
                value,
                mix.key(&format!("opex_rd_sga_per_month_{code}")),
                result,
            )
        } else {
            let cost = value.key(&format!("opex_per_month_{code}"));
            (
                value.key("asp_net"),
                cost,
                value.key("reported_result_per_vehicle"),
            )
        };
        quarters.push(QuarterEconomics {
            quarter: reported.quarter.clone(),
            average_price: Price::new(
                price.must_number(log, "the average price without tax", 6, 0),
                currency,
            ),
            operating_per_month: amount(&cost, "the operating cost of a month", log),
            deliveries: reported.deliveries,
            reported_result: signed_price(&result, currency, log),
        });
    }
    let conversion =
        mix.key("variable_conversion")
            .must_number(log, "the conversion cost of a vehicle", 6, 0);
    Some(Economics {
        currency,
        variable_conversion: Price::new(conversion, currency),
        fixed_per_month: amount(&fixed, "the fixed cost of a month", log),
        quarters,
    })
}

/// A result may be a loss.
fn signed_price(field: &Field<'_>, currency: Currency, log: &mut Log) -> Option<Price> {
    field
        .maybe(log, |text| decimal(text, 6, "price"))
        .map(|micros| Price::new(micros, currency))
}
