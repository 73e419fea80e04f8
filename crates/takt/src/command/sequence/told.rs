//! A sequence as it is told: one shape for instances, programmes and running services. It must not know how it was found.
use serde::Serialize;
use takt_planning::sequencing::{Problem, Report, Violation};

use crate::output::{Answer, grouped, table, table_text};
use crate::problem::Day;

/// A sequence as it is told.
#[derive(Debug, Serialize)]
pub(super) struct Sequenced {
    pub instance: String,
    pub feasible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objectives: Option<Objectives>,
    /// Vehicles too many, summed over the windows, of plain car sequencing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violations: Option<i64>,
    /// What is broken, rule by rule.
    pub broken: Vec<Broken>,
    /// What the order it began with costs: that of the plan, or the even order of the variants.
    pub plan_score: i64,
    /// What running services say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    pub moves: u64,
    pub elapsed_seconds: f64,
    pub sequence: Vec<String>,
}

/// High priority rules, low priority rules, colour changes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) struct Objectives {
    pub ep: i64,
    pub enp: i64,
    pub raf: i64,
}

/// A rule or a batch limit that is broken.
#[derive(Debug, Serialize)]
pub(super) struct Broken {
    pub rule: String,
    pub excess: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<u32>,
}

/// How a sequence stands in running services.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    /// `SEQUENCED`, `FROZEN`, `BUILT`, or `PREVIEW` when nothing is kept of it.
    pub state: &'static str,
    /// The places from the first that do not change any more.
    pub frozen_count: i64,
    /// The version.
    pub etag: String,
}

/// A day of the problem in an order, what that costs, what the order before it cost, and the moves and seconds spent.
pub(super) fn told(
    day: &Day,
    order: &[u32],
    result: &Report,
    plan: &Report,
    spent: (u64, f64),
) -> Sequenced {
    let ident = |vehicle: &u32| {
        let vehicle = day.problem.day.get(usize::try_from(*vehicle).ok()?)?;
        Some(vehicle.ident.clone())
    };
    let objectives = &result.objectives;
    Sequenced {
        instance: day.name.clone(),
        feasible: result.feasible(),
        score: (!day.is_plain).then_some(result.score),
        objectives: (!day.is_plain).then_some(Objectives {
            ep: objectives.high,
            enp: objectives.low,
            raf: objectives.paint,
        }),
        violations: day.is_plain.then_some(objectives.high),
        broken: broken(&day.problem, result),
        plan_score: plan.score,
        standing: None,
        moves: spent.0,
        elapsed_seconds: spent.1,
        sequence: order.iter().filter_map(ident).collect(),
    }
}

/// What an order breaks, rule by rule and then batch by batch.
fn broken(problem: &Problem, result: &Report) -> Vec<Broken> {
    let broken = result.violations.iter().map(|violation| match violation {
        Violation::Ratio {
            ratio,
            excess,
            windows,
            ..
        } => Broken {
            rule: problem.ratios.get(*ratio).map_or_else(
                || format!("rule {ratio}"),
                |rule| named(&rule.name, rule.most, rule.span),
            ),
            excess: *excess,
            windows: Some(*windows),
        },
        Violation::Batch { begins, length, .. } => Broken {
            rule: format!("a batch of {length} vehicles begins at {begins}"),
            excess: i64::from(*length) - i64::from(problem.batch_limit),
            windows: Some(1),
        },
    });
    broken.collect()
}

/// A rule by its name and its window; a name that says its window says it once.
fn named(name: &str, most: u32, span: u32) -> String {
    let window = format!("{most} of {span}");
    match name.ends_with(&window) {
        true => name.to_owned(),
        false => format!("{name}: {window}"),
    }
}

impl Answer for Sequenced {
    fn text(&self) -> String {
        let mut rows = table(&["figure", ">value"]);
        let mut row = |name: &str, value: String| {
            rows.add_row([name.to_owned(), value]);
        };
        row("instance", self.instance.clone());
        row(
            "feasible",
            if self.feasible { "yes" } else { "no" }.to_owned(),
        );
        if let (Some(score), Some(objectives)) = (self.score, &self.objectives) {
            row("score", grouped(score));
            row("EP, high priority rules", grouped(objectives.ep));
            row("ENP, low priority rules", grouped(objectives.enp));
            row("RAF, colour changes", grouped(objectives.raf));
        }
        if let Some(violations) = self.violations {
            row("violations", grouped(violations));
        }
        row("the order it began with", grouped(self.plan_score));
        if let Some(standing) = &self.standing {
            row("state", standing.state.to_owned());
            row("frozen places", grouped(standing.frozen_count));
            row("etag", standing.etag.clone());
        }
        row(
            "moves",
            grouped(i64::try_from(self.moves).unwrap_or(i64::MAX)),
        );
        row("seconds", format!("{:.2}", self.elapsed_seconds));
        let mut text = table_text(&rows);
        if !self.broken.is_empty() {
            let mut rows = table(&["rule", ">too many", ">windows"]);
            for broken in &self.broken {
                rows.add_row([
                    broken.rule.clone(),
                    grouped(broken.excess),
                    broken
                        .windows
                        .map_or_else(String::new, |windows| windows.to_string()),
                ]);
            }
            text.push('\n');
            text.push_str(&table_text(&rows));
        }
        text.push_str(&format!("\n{}\n", self.sequence.join(" ")));
        text
    }
}
