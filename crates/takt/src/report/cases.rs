//! What customers complained of, and the groups of vehicles in which an item fails too often. It must not know how a group is judged.
use serde::Serialize;
use takt_contract::delivery::v1::service_case_service_client::ServiceCaseServiceClient;
use takt_contract::delivery::v1::{
    GetCaseSummaryRequest, GetCaseSummaryResponse, ListFailureClustersRequest,
};

use super::sheet::escape;
use super::text::title;
use crate::command::by_name;
use crate::connection::{Peer, WHOLE, ask};
use crate::failure::Outcome;
use crate::output::{grouped, percent, table, table_text};

/// So many clusters are shown.
const SHOWN: i32 = 10;

/// The cases of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Cases {
    /// The cases by category, the most frequent first.
    pub categories: Vec<Category>,
    /// All cases.
    pub total: i64,
    /// The cases for each hundred vehicles handed over, in thousandths: 210,000 are 2.1 a vehicle.
    pub per_hundred_vehicles_milli: i64,
    /// What the repairs cost in minor units.
    pub cost_minor: i64,
    /// The groups that were tested.
    pub tested: i64,
    /// Those that fail more often than chance explains, the surest first.
    pub clusters: Vec<Cluster>,
    /// How many there are.
    pub significant: i64,
}

/// The cases of a category.
#[derive(Debug, Clone, Serialize)]
pub struct Category {
    /// The category.
    pub category: String,
    /// The cases.
    pub cases: i64,
    /// Those in which a part failed.
    pub part_failed: i64,
    /// Thousandths of hours.
    pub labour_millihours: i64,
    /// Minor units.
    pub cost_minor: i64,
}

/// A group that fails too often.
#[derive(Debug, Clone, Serialize)]
pub struct Cluster {
    /// The item.
    pub item: String,
    /// By what the vehicles are grouped.
    pub by: &'static str,
    /// The group.
    pub key: String,
    /// Its vehicles.
    pub vehicles: i64,
    /// Those that failed.
    pub failed: i64,
    /// The failures that were to be expected, in thousandths.
    pub expected_milli: i64,
    /// The corrected probability in millionths, rounded up.
    pub adjusted_p_millionths: i64,
}

/// The cases of a run; none where nothing was recorded.
pub(super) async fn cases(peer: &Peer) -> Outcome<Option<Cases>> {
    let told: GetCaseSummaryResponse = ask!(
        peer,
        "count the service cases",
        ServiceCaseServiceClient.get_case_summary,
        GetCaseSummaryRequest::default(),
        WHOLE
    )?;
    if told.categories.is_empty() {
        return Ok(None);
    }
    let message = ListFailureClustersRequest {
        page_size: SHOWN,
        ..ListFailureClustersRequest::default()
    };
    let found = ask!(
        peer,
        "rank the failure clusters",
        ServiceCaseServiceClient.list_failure_clusters,
        message,
        WHOLE
    )?;
    let categories: Vec<Category> = told
        .categories
        .into_iter()
        .map(|one| Category {
            cases: one.case_count,
            part_failed: one.part_failed_count,
            labour_millihours: one.labour_millihours,
            // A programme counts in one currency.
            cost_minor: one.costs.iter().map(|cost| cost.minor_units).sum(),
            category: one.category,
        })
        .collect();
    let total = categories.iter().map(|one| one.cases).sum();
    let clusters = found.clusters.into_iter().map(|one| Cluster {
        by: by_name(one.dimension()),
        item: one.item_id,
        key: one.key,
        vehicles: one.vehicle_count,
        failed: one.failed_count,
        expected_milli: one.expected_failures_milli,
        adjusted_p_millionths: one.adjusted_p_value_millionths,
    });
    Ok(Some(Cases {
        total,
        per_hundred_vehicles_milli: total * 100_000 / told.handed_over_count.max(1),
        cost_minor: categories.iter().map(|one| one.cost_minor).sum(),
        tested: found.tested_count,
        significant: found.significant_count,
        clusters: clusters.collect(),
        categories,
    }))
}

impl Cases {
    fn line(&self) -> String {
        format!(
            "{} service cases, {:.2} a vehicle; {} of {} groups of vehicles fail more often than chance explains (at most 1 % to name any wrongly)",
            grouped(self.total),
            self.per_hundred_vehicles_milli as f64 / 1e5,
            grouped(self.significant),
            grouped(self.tested)
        )
    }

    /// The section for a terminal.
    pub(super) fn text(&self, text: &mut String) {
        title(text, "After the handover");
        let mut rows = table(&[
            "category",
            ">cases",
            ">share",
            ">part failed",
            ">labour h",
            ">cost",
        ]);
        for one in &self.categories {
            rows.add_row(self.row(one));
        }
        text.push_str(&table_text(&rows));
        text.push_str(&format!("{}\n", self.line()));
        for one in &self.clusters {
            text.push_str(&format!("  {}\n", one.line()));
        }
    }

    /// The section of the page.
    pub(super) fn page(&self, body: &mut String) {
        body.push_str("<h2>After the handover</h2>\n");
        body.push_str(&format!("<p>{}</p>\n", escape(&self.line())));
        if !self.clusters.is_empty() {
            let lines = self.clusters.iter().map(|one| escape(&one.line()));
            let lines: Vec<String> = lines.collect();
            body.push_str(&format!("<ul><li>{}</li></ul>\n", lines.join("</li><li>")));
        }
        body.push_str("<table>\n<tr><th>Category</th><th>Cases</th><th>Share</th><th>Part failed</th><th>Labour h</th><th>Cost</th></tr>\n");
        for one in &self.categories {
            let cells = self.row(one).map(|cell| escape(&cell));
            body.push_str(&format!("<tr><td>{}</td></tr>\n", cells.join("</td><td>")));
        }
        body.push_str("</table>\n");
    }

    fn row(&self, one: &Category) -> [String; 6] {
        [
            one.category.clone(),
            grouped(one.cases),
            percent(one.cases, self.total),
            grouped(one.part_failed),
            grouped(one.labour_millihours / 1000),
            crate::output::whole_money(one.cost_minor),
        ]
    }
}

impl Cluster {
    fn line(&self) -> String {
        format!(
            "{} by {}: {} failed in {} of {} vehicles, {:.1} expected, corrected p at most {:.6}",
            self.item,
            self.by,
            self.key,
            grouped(self.failed),
            grouped(self.vehicles),
            self.expected_milli as f64 / 1000.0,
            self.adjusted_p_millionths as f64 / 1e6
        )
    }
}
