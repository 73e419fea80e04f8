//! The part of a report that says in which order the line built: colour changes, batches and ratio rules, beside the even
//! order of the variants. It must not know how a sequence is found. Invariant: nothing is told of a programme without
//! sequence rules.
use serde::Serialize;
use takt_contract::production::v1::sequence_service_client::SequenceServiceClient;
use takt_contract::production::v1::{ListSequenceDaysRequest, SequenceDay};

use super::sheet::Sheet;
use super::text::title;
use crate::connection::{Peer, pages};
use crate::failure::Outcome;
use crate::output::{grouped, table, table_text};

/// In which order the line built.
#[derive(Debug, Clone, Serialize)]
pub struct Sequencing {
    /// The days that were sequenced.
    pub days: usize,
    /// The vehicles of those days.
    pub vehicles: i64,
    /// What their sequences cost.
    pub sequence: SequencingCost,
    /// What the even order of the variants would have cost behind the same vehicles.
    pub even_order: SequencingCost,
    /// The ratio rules.
    pub rules: Vec<RuleFigures>,
}

/// What orders of vehicles cost, summed over the days.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SequencingCost {
    /// RAF: changes of colour, each a purge.
    pub colour_changes: i64,
    /// Vehicles between two changes, on average.
    pub mean_batch: f64,
    /// Batches longer than the paint shop allows.
    pub long_batches: i64,
    /// EP: vehicles too many in the windows of rules of high priority.
    pub high_violations: i64,
    /// ENP: the same of low priority.
    pub low_violations: i64,
}

/// A ratio rule.
#[derive(Debug, Clone, Serialize)]
pub struct RuleFigures {
    /// The rule, `VAR=MAX 1 of 2`.
    pub rule: String,
    /// high or low.
    pub priority: &'static str,
    /// Vehicles too many in the windows of the sequences.
    pub violations: i64,
    /// Vehicles too many in the windows of the even order.
    pub even_violations: i64,
}

/// Every day that was sequenced.
pub(super) async fn ask_days(peer: &Peer) -> Outcome<Vec<SequenceDay>> {
    let message = ListSequenceDaysRequest {
        from_date: None,
        page_size: 1_000,
        page_token: String::new(),
    };
    pages!(
        peer,
        "read the sequences",
        SequenceServiceClient.list_sequence_days,
        message,
        |page| page.days
    )
}

/// The sums over all days; None where no day has a sequence.
pub(super) fn sequencing(days: &[SequenceDay]) -> Option<Sequencing> {
    let first = days.first()?;
    let vehicles: i64 = days.iter().map(|day| day.vehicle_count).sum();
    let cost = |even: bool| {
        let costs = days.iter().filter_map(|day| match even {
            true => day.even_cost,
            false => day.cost,
        });
        let mut sum = SequencingCost::default();
        for cost in costs {
            sum.high_violations += cost.high_excess;
            sum.low_violations += cost.low_excess;
            sum.colour_changes += cost.purges;
            sum.long_batches += cost.long_batches;
        }
        // A run of one colour that goes on over midnight is one batch, because no change is counted there.
        sum.mean_batch = vehicles as f64 / (sum.colour_changes + 1) as f64;
        sum
    };
    let rules = first.rules.iter().enumerate().map(|(at, rule)| {
        let sum = |even: bool| -> i64 {
            let rules = days.iter().filter_map(|day| day.rules.get(at));
            rules
                .map(|rule| if even { rule.even_excess } else { rule.excess })
                .sum()
        };
        RuleFigures {
            rule: rule.rule.clone(),
            priority: if rule.high { "high" } else { "low" },
            violations: sum(false),
            even_violations: sum(true),
        }
    });
    Some(Sequencing {
        days: days.len(),
        vehicles,
        sequence: cost(false),
        even_order: cost(true),
        rules: rules.collect(),
    })
}

/// Figure, sequence, even order.
fn lines(told: &Sequencing) -> Vec<[String; 3]> {
    let (sequence, even) = (&told.sequence, &told.even_order);
    let line = |name: &str, of: fn(&SequencingCost) -> i64| {
        [name.to_owned(), grouped(of(sequence)), grouped(of(even))]
    };
    let mut lines = vec![
        line("colour changes", |cost| cost.colour_changes),
        [
            "mean batch, vehicles".to_owned(),
            format!("{:.1}", sequence.mean_batch),
            format!("{:.1}", even.mean_batch),
        ],
        line("batches beyond the limit", |cost| cost.long_batches),
        line("violations of high priority", |cost| cost.high_violations),
        line("violations of low priority", |cost| cost.low_violations),
    ];
    for rule in &told.rules {
        lines.push([
            format!("  {} ({})", rule.rule, rule.priority),
            grouped(rule.violations),
            grouped(rule.even_violations),
        ]);
    }
    lines
}

/// For a terminal.
pub(super) fn text(told: &Sequencing, text: &mut String) {
    title(text, "The sequence of the line");
    let mut rows = table(&["figure", ">sequenced", ">even order"]);
    for line in lines(told) {
        rows.add_row(line);
    }
    text.push_str(&table_text(&rows));
}

/// For the page.
pub(super) fn page(told: &Sequencing, body: &mut String) {
    body.push_str(
        "<h2>The sequence of the line</h2>\n<p>Each day's vehicles in the order of paint and final assembly, beside the even \
         order of the variants, which knows neither colours nor rules.</p>\n",
    );
    let mut rows = Sheet::new(&["Figure", "#Sequenced", "#Even order"]);
    for line in lines(told) {
        rows.row(&line);
    }
    rows.write(body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_contract::production::v1::{SequenceCost, SequenceRuleExcess};

    #[test]
    fn days_add_up_and_no_days_say_nothing() {
        let day = |vehicles: i64, purges: i64, even: i64| SequenceDay {
            vehicle_count: vehicles,
            cost: Some(SequenceCost {
                purges,
                ..SequenceCost::default()
            }),
            even_cost: Some(SequenceCost {
                purges: even,
                high_excess: 3,
                ..SequenceCost::default()
            }),
            rules: vec![SequenceRuleExcess {
                rule: "VAR=MAX 1 of 2".to_owned(),
                high: true,
                excess: 0,
                even_excess: 3,
            }],
            ..SequenceDay::default()
        };
        let told = sequencing(&[day(40, 3, 30), day(60, 6, 50)]).map(|told| {
            let rule = told.rules.first().map(|rule| rule.even_violations);
            let change = (told.sequence.colour_changes, told.even_order.colour_changes);
            (told.vehicles, change, told.sequence.mean_batch, rule)
        });
        assert_eq!(told, Some((100, (9, 80), 10.0, Some(6))));
        assert!(sequencing(&[]).is_none());
    }
}
