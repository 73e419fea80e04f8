//! The recalls of a run: what of them was built here, beside what the regulator's notice names. It must not know how vehicles are found.
//! Invariant: a number that differs from the published one stands with the reason.
use serde::Serialize;
use takt_contract::delivery::v1 as pb;
use takt_contract::delivery::v1::recall_service_client::RecallServiceClient;
use takt_contract::production::v1::exposure_scope::What;

use super::figures::Produced;
use super::sheet::escape;
use crate::connection::{Peer, ask};
use crate::failure::Outcome;
use crate::output::{day, grouped, table, table_text};

/// A recall of the run.
#[derive(Debug, Clone, Serialize)]
pub struct RecallFigures {
    /// Its id.
    pub recall: String,
    /// What it is about.
    pub title: String,
    /// What is wrong.
    pub defect: String,
    /// The day of opening.
    pub opened_on: String,
    /// The vehicles of this run that are in it.
    pub recalled: i64,
    /// Those remedied.
    pub remedied: i64,
    /// Those that the regulator's notice names; 0 when it names none.
    pub published: i64,
    /// Why the numbers differ; empty when they do not.
    pub difference: String,
}

/// The recalls of a run.
pub(super) async fn ask_recalls(peer: &Peer) -> Outcome<Vec<pb::Recall>> {
    let message = pb::ListRecallsRequest {
        page_size: 1000,
        ..pb::ListRecallsRequest::default()
    };
    let answer = ask!(
        peer,
        "list recalls",
        RecallServiceClient.list_recalls,
        message
    )?;
    Ok(answer.recalls)
}

/// The figures, beside what was built.
pub(super) fn figures(recalls: &[pb::Recall], produced: &Produced) -> Vec<RecallFigures> {
    recalls.iter().map(|recall| one(recall, produced)).collect()
}

fn one(recall: &pb::Recall, produced: &Produced) -> RecallFigures {
    let remedied = recall
        .states
        .iter()
        .filter(|count| count.state() == pb::RecallVehicleState::Remedied);
    RecallFigures {
        recall: recall.recall_id.clone(),
        title: recall.title.clone(),
        defect: recall.defect.clone(),
        opened_on: day(recall.opened_on.as_ref()).unwrap_or_default(),
        recalled: recall.recalled_count,
        remedied: remedied.map(|count| count.vehicle_count).sum(),
        published: recall.published_count,
        difference: difference(recall, produced),
    }
}

fn difference(recall: &pb::Recall, produced: &Produced) -> String {
    if recall.published_count == recall.recalled_count || recall.published_count == 0 {
        return String::new();
    }
    let windows = recall.scopes.iter().filter_map(|scope| match &scope.what {
        Some(What::Builds(scope)) => Some((
            day(scope.from_date.as_ref())?,
            day(scope.through_date.as_ref())?,
            scope.variant_ids.join(", "),
        )),
        _ => None,
    });
    let Some((from, through, variants)) = windows.into_iter().next() else {
        return String::new();
    };
    let (first, last) = (
        produced.by_date.keys().next(),
        produced.by_date.keys().next_back(),
    );
    let Some((first, last)) = first.zip(last) else {
        return "nothing was built in this run".to_owned();
    };
    format!(
        "the notice names all {variants} that the maker built from {from} to {through}; this run built {} vehicles in all, from {first} to {last}, \
         and {} of them are {variants} of that window",
        grouped(produced.total),
        grouped(recall.recalled_count)
    )
}

/// The recalls for a terminal.
pub(super) fn text(recalls: &[RecallFigures], text: &mut String) {
    if recalls.is_empty() {
        return;
    }
    super::text::title(text, "Recalls, opened after the run at their dates");
    let mut told = table(&[
        "recall",
        "opened",
        "defect",
        ">built here",
        ">published",
        ">remedied",
    ]);
    for one in recalls {
        told.add_row([
            one.recall.clone(),
            one.opened_on.clone(),
            one.defect.chars().take(58).collect(),
            grouped(one.recalled),
            grouped(one.published),
            grouped(one.remedied),
        ]);
    }
    text.push_str(&table_text(&told));
    for one in recalls.iter().filter(|one| !one.difference.is_empty()) {
        text.push_str(&format!("{}: {}\n", one.recall, one.difference));
    }
}

/// The recalls for the page.
pub(super) fn page(recalls: &[RecallFigures], body: &mut String) {
    if recalls.is_empty() {
        return;
    }
    body.push_str("<h2>Recalls</h2>\n<table>\n<tr><th>recall</th><th>opened</th><th>defect</th><th>built here</th><th>published</th><th>remedied</th><th>why they differ</th></tr>\n");
    for one in recalls {
        let cells = [
            one.recall.clone(),
            one.opened_on.clone(),
            one.defect.clone(),
            grouped(one.recalled),
            grouped(one.published),
            grouped(one.remedied),
            one.difference.clone(),
        ];
        let cells = cells.map(|cell| format!("<td>{}</td>", escape(&cell)));
        body.push_str(&format!("<tr>{}</tr>\n", cells.concat()));
    }
    body.push_str("</table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_contract::date_pb;
    use takt_contract::production::v1::{BuildScope, ExposureScope};
    use takt_kernel::Date;

    fn recall(published: i64, recalled: i64) -> pb::Recall {
        let on = |text| Date::parse(text).ok().map(date_pb);
        pb::Recall {
            recall_id: "RC-01".to_owned(),
            published_count: published,
            recalled_count: recalled,
            scopes: vec![ExposureScope {
                what: Some(What::Builds(BuildScope {
                    from_date: on("2024-02-06"),
                    through_date: on("2024-11-26"),
                    variant_ids: vec!["STD".to_owned()],
                    ..BuildScope::default()
                })),
            }],
            ..pb::Recall::default()
        }
    }

    #[test]
    fn a_number_that_differs_stands_with_its_reason() {
        let mut produced = Produced {
            total: 1000,
            ..Produced::default()
        };
        assert_eq!(
            difference(&recall(9, 5), &produced),
            "nothing was built in this run"
        );
        produced.by_date.insert("2024-03-29".to_owned(), 400);
        produced.by_date.insert("2024-11-13".to_owned(), 600);
        let told = difference(&recall(30_931, 280), &produced);
        assert_eq!(
            told,
            "the notice names all STD that the maker built from 2024-02-06 to 2024-11-26; this run built 1,000 vehicles in all, \
             from 2024-03-29 to 2024-11-13, and 280 of them are STD of that window"
        );
        assert_eq!(difference(&recall(280, 280), &produced), "");
        let figures = figures(&[recall(30_931, 280)], &produced);
        let (mut page_text, mut terminal) = (String::new(), String::new());
        page(&figures, &mut page_text);
        text(&figures, &mut terminal);
        for told in [page_text, terminal] {
            assert!(told.contains("30,931") && told.contains("280"), "{told}");
        }
    }
}
