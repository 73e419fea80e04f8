//! `takt suppliers`: what each direct supplier did, from its orders, notices, receipts and invoices. It must not know how the figures are
//! computed. Invariant: who had nothing due, answered or invoiced in the window is told with no figures, not with good ones.
use clap::Args;
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::procurement::v1::supplier_service_client::SupplierServiceClient;
use takt_contract::procurement::v1::{
    GetScorecardRequest, Scorecard, ShareEstimate, StreamScorecardsRequest,
};
use takt_kernel::{Date, Quantity};

use super::replay::service;
use super::target::{TargetArgs, run_of};
use crate::connection::{Peer, ask, read};
use crate::failure::Outcome;
use crate::output::{Answer, Format, grouped, percent, table, table_text, tell, whole_money};
use crate::problem::in_units;

const EXAMPLES: &str = "\
Examples:
  takt suppliers su7                                    all suppliers of a finished replay, the least punctual on top
  takt suppliers su7 --supplier CATL --output json      one supplier, item by item
  takt suppliers --from 2024-06-01 --until 2024-06-30   June, of the services that run

The figures come from what happened, never from what somebody typed (docs/buying.md).";

/// The rows that a person is shown unless asked otherwise; JSON holds all.
const SHOWN: usize = 40;

/// What `takt suppliers` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SuppliersArgs {
    /// The programme whose replay to look at, under ./takt-data [default: the services of --endpoints, --data or takt up]
    #[arg(value_name = "PROGRAMME", conflicts_with_all = ["endpoints", "data", "database_url"])]
    programme: Option<String>,

    /// Only this supplier, item by item
    #[arg(long, value_name = "ID")]
    supplier: Option<String>,

    /// The first day on which lots were due [default: the beginning]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,

    /// The last day on which lots were due [default: the last receipt]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,

    /// The confidence of intervals, from 50% to below 100%
    #[arg(long, value_name = "PERCENT", default_value = "95%", value_parser = service)]
    confidence: i64,

    /// How many suppliers a person is shown
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    top: usize,

    #[command(flatten)]
    target: TargetArgs,
}

/// The scorecards as they are told.
#[derive(Debug, Serialize)]
struct Told {
    from: Option<String>,
    until: Option<String>,
    /// Of the intervals, in percent.
    confidence: f64,
    suppliers: Vec<Card>,
    /// The items of the one supplier that was asked for.
    items: Vec<Card>,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Card {
    supplier: String,
    /// Null where the card is about all items.
    item: Option<String>,
    lots_due: i64,
    lots_received: i64,
    on_time_in_full: i64,
    short_lots: i64,
    blocked_lots: i64,
    /// Null where nothing was due.
    otif_millionths: Option<i64>,
    /// Null where nothing was received.
    rejected_ppm: Option<i64>,
    #[serde(serialize_with = "in_units")]
    lead_days: Quantity,
    #[serde(serialize_with = "in_units")]
    lead_spread_days: Quantity,
    answers: i64,
    #[serde(serialize_with = "in_units")]
    response_days: Quantity,
    #[serde(serialize_with = "in_units")]
    response_spread_days: Quantity,
    received_value: f64,
    invoiced_value: f64,
    /// Null where nothing was invoiced.
    price_drift_ppm: Option<i64>,
    currency: String,
    /// What came of a line on one day counts once.
    deliveries: i64,
    overdue_deliveries: i64,
    lead_quantiles: Vec<Quantile>,
    late_deliveries: Share,
    rejected_lots: Share,
    incomplete_lots: Share,
    /// Warranty claims for parts that failed with customers, those that were rejected left out.
    field_failures: i64,
    /// Null where nothing was received.
    field_failure_ppm: Option<i64>,
    #[serde(skip)]
    received_minor: i64,
}

/// What a share of deliveries does not exceed, with its interval; an end is null where there are too few to tell it.
#[derive(Debug, Serialize)]
struct Quantile {
    percent: i32,
    days: i32,
    low_days: Option<i32>,
    high_days: Option<i32>,
}

/// A share that was counted, with its interval.
#[derive(Debug, Serialize)]
struct Share {
    count: i64,
    of: i64,
    millionths: i64,
    low_millionths: i64,
    high_millionths: i64,
}

impl Share {
    fn of(told: Option<&ShareEstimate>) -> Self {
        let told = told.copied().unwrap_or_default();
        Self {
            count: told.count,
            of: told.of_count,
            millionths: told.millionths,
            low_millionths: told.low_millionths,
            high_millionths: told.high_millionths,
        }
    }

    /// In percent with its interval: `4.2 % (2.9 - 6.0)`.
    fn text(&self) -> String {
        if self.of == 0 {
            return "-".to_owned();
        }
        let tenth = |millionths: i64| millionths as f64 / 10_000.0;
        format!(
            "{:.1} % ({:.1} - {:.1})",
            tenth(self.millionths),
            tenth(self.low_millionths),
            tenth(self.high_millionths)
        )
    }
}

impl Quantile {
    /// In days with its interval, the end that nobody can tell left open: `12 (12 - 14)`.
    fn text(&self) -> String {
        let end = |days: Option<i32>| days.map_or_else(|| "?".to_owned(), |days| days.to_string());
        format!(
            "{} ({} - {})",
            self.days,
            end(self.low_days),
            end(self.high_days)
        )
    }
}

impl Card {
    fn of(card: &Scorecard) -> Self {
        let money = card.received_value.clone().unwrap_or_default();
        let invoiced = card.invoiced_value.as_ref();
        let invoiced = invoiced.map_or(0, |money| money.minor_units);
        Self {
            supplier: card.supplier_id.clone(),
            item: (!card.item_id.is_empty()).then(|| card.item_id.clone()),
            lots_due: card.lot_count,
            lots_received: card.received_lot_count,
            on_time_in_full: card.on_time_in_full_count,
            short_lots: card.short_lot_count,
            blocked_lots: card.blocked_lot_count,
            otif_millionths: (card.lot_count > 0).then_some(card.otif_millionths),
            rejected_ppm: (card.received_lot_count > 0).then_some(card.rejected_ppm),
            field_failures: card.field_failure_count,
            field_failure_ppm: (card.received_lot_count > 0).then_some(card.field_failure_ppm),
            lead_days: Quantity(card.mean_lead_time_millidays),
            lead_spread_days: Quantity(card.lead_time_spread_millidays),
            answers: card.answered_line_count,
            response_days: Quantity(card.mean_response_millidays),
            response_spread_days: Quantity(card.response_spread_millidays),
            received_value: money.minor_units as f64 / 100.0,
            invoiced_value: invoiced as f64 / 100.0,
            price_drift_ppm: (invoiced != 0).then_some(card.price_drift_ppm),
            currency: money.currency_code,
            deliveries: card.delivery_count,
            overdue_deliveries: card.overdue_count,
            lead_quantiles: (card.lead_time_quantiles.iter())
                .map(|quantile| Quantile {
                    percent: quantile.percent,
                    days: quantile.days,
                    low_days: quantile.low_days,
                    high_days: quantile.high_days,
                })
                .collect(),
            late_deliveries: Share::of(card.late_deliveries.as_ref()),
            rejected_lots: Share::of(card.rejected_lots.as_ref()),
            incomplete_lots: Share::of(card.short_lots.as_ref()),
            received_minor: money.minor_units,
        }
    }

    fn row(&self) -> [String; 12] {
        let figure = |known: bool, text: String| if known { text } else { "-".to_owned() };
        let ppm = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), grouped);
        let received = self.lots_received > 0;
        [
            self.item.clone().unwrap_or_else(|| self.supplier.clone()),
            grouped(self.lots_due),
            percent(self.on_time_in_full, self.lots_due),
            grouped(self.short_lots),
            ppm(self.rejected_ppm),
            figure(received, self.lead_days.to_string()),
            figure(received, self.lead_spread_days.to_string()),
            figure(self.answers > 0, self.response_days.to_string()),
            ppm(self.price_drift_ppm),
            ppm(self.field_failure_ppm),
            whole_money(self.received_minor),
            self.currency.clone(),
        ]
    }
}

impl Card {
    /// What deliveries teach of the days that come.
    fn learnt(&self) -> [String; 7] {
        let quantile = |percent: i32| {
            let found = self
                .lead_quantiles
                .iter()
                .find(|one| one.percent == percent);
            found.map_or_else(|| "-".to_owned(), Quantile::text)
        };
        [
            self.item.clone().unwrap_or_else(|| self.supplier.clone()),
            grouped(self.deliveries),
            quantile(50),
            quantile(80),
            quantile(95),
            self.late_deliveries.text(),
            self.rejected_lots.text(),
        ]
    }
}

pub(super) async fn run(mut args: SuppliersArgs, output: Format) -> Outcome<()> {
    if let Some(programme) = &args.programme {
        args.target.data = Some(run_of(programme)?);
    }
    let target = args.target.open().await?;
    let told = told(&target.peers.procurement, &args).await;
    tell(output, &target.close_after(told).await?)
}

async fn told(peer: &Peer, args: &SuppliersArgs) -> Outcome<Told> {
    let (from, until) = (args.from.map(date_pb), args.until.map(date_pb));
    let (mut suppliers, mut items): (Vec<Card>, Vec<Card>) = (Vec::new(), Vec::new());
    match &args.supplier {
        Some(supplier) => {
            let message = GetScorecardRequest {
                supplier_id: supplier.clone(),
                from_date: from,
                until_date: until,
                confidence_millionths: args.confidence,
            };
            let answer = ask!(
                peer,
                &format!("read the scorecard of {supplier}"),
                SupplierServiceClient.get_scorecard,
                message
            )?;
            suppliers.extend(answer.scorecard.iter().map(Card::of));
            items.extend(answer.items.iter().map(Card::of));
        }
        None => {
            let message = StreamScorecardsRequest {
                from_date: from,
                until_date: until,
                confidence_millionths: args.confidence,
            };
            let all = read!(
                peer,
                "read the scorecards",
                SupplierServiceClient.stream_scorecards,
                message,
                |page| page.scorecards
            )?;
            suppliers.extend(all.iter().map(Card::of));
        }
    }
    Ok(Told {
        from: args.from.map(|day| day.to_string()),
        until: args.until.map(|day| day.to_string()),
        confidence: args.confidence as f64 / 10_000.0,
        suppliers,
        items,
        top: args.top,
    })
}

impl Answer for Told {
    fn text(&self) -> String {
        let header = |first| {
            table(&[
                first,
                ">lots due",
                ">on time in full",
                ">short",
                ">rejected ppm",
                ">lead days",
                ">spread",
                ">answer days",
                ">price drift ppm",
                ">field ppm",
                ">received",
                "",
            ])
        };
        let mut rows = header("supplier");
        let mut cards: Vec<&Card> = self.suppliers.iter().collect();
        // The least punctual stand on top, those of whom nothing is known below.
        cards.sort_by_key(|card| {
            let otif = card.otif_millionths;
            (otif.is_none(), otif, -card.received_minor)
        });
        for card in cards.iter().take(self.top) {
            rows.add_row(card.row());
        }
        let window = match (&self.from, &self.until) {
            (None, None) => "all that happened".to_owned(),
            (from, until) => format!(
                "due from {} until {}",
                from.as_deref().unwrap_or("the beginning"),
                until.as_deref().unwrap_or("the last receipt")
            ),
        };
        let mut text = format!("Scorecards, {window}\n\n{}", table_text(&rows));
        let more = self.suppliers.len().saturating_sub(self.top);
        if more > 0 {
            text.push_str(&format!(
                "{more} more suppliers; --top shows them, --output json holds all\n"
            ));
        }
        if !self.items.is_empty() {
            let mut rows = header("item");
            for card in &self.items {
                rows.add_row(card.row());
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
        }
        text.push_str(&format!(
            "\nLearnt from deliveries: days from order to receipt, shares of deliveries and of lots, with intervals of {} % confidence\n\n",
            self.confidence
        ));
        let mut rows = table(&[
            if self.items.is_empty() {
                "supplier"
            } else {
                "item"
            },
            ">deliveries",
            ">half within",
            ">80 % within",
            ">95 % within",
            ">late",
            ">lots rejected",
        ]);
        let cards = if self.items.is_empty() {
            cards
        } else {
            self.items.iter().collect()
        };
        for card in cards
            .iter()
            .filter(|card| card.deliveries > 0)
            .take(self.top)
        {
            rows.add_row(card.learnt());
        }
        text.push_str(&table_text(&rows));
        text
    }
}
