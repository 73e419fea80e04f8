//! The programme's own recalls, opened after the last arrival at their dates (RULES 22), and recalls of the lots that its service cases name.
//! It must not know how vehicles are found, nor which lot is bad.
//! Invariants: rows of other makers are reference and never opened; a run taken up opens nothing twice.
use takt_contract::date_pb;
use takt_contract::delivery::v1::recall_service_client::RecallServiceClient;
use takt_contract::delivery::v1::service_case_service_client::ServiceCaseServiceClient;
use takt_contract::delivery::v1::{
    ClusterDimension, ListFailureClustersRequest, OpenRecallRequest, RemedyKind,
};
use takt_contract::production::v1::{BuildScope, ExposureScope, LotScope, exposure_scope::What};
use takt_kernel::Date;

use super::request::RequestIds;
use crate::connection::{Peer, WHOLE, ask};
use crate::failure::Outcome;
use crate::programme::{Programme, Recall};

/// The days after its handover for which a vehicle's failures count (RULES 20).
const WINDOW_DAYS: i32 = 90;

/// The recalls of a programme's own vehicles with the variant that each names. The maker stands at the beginning of the programme's
/// title, and the model is a variant's name, or that name with `standard` where a variant bears the model's bare name.
pub(super) fn own(programme: &Programme) -> Vec<(&Recall, String)> {
    let ours = |recall: &&Recall| {
        let maker = format!("{} ", recall.maker);
        programme.title.starts_with(&maker)
    };
    let variant = |model: &str| {
        let bare = model.strip_suffix(" standard");
        let named = |name: &str| name == model || Some(name) == bare;
        programme.variants.iter().find(|one| named(&one.name))
    };
    programme
        .recalls
        .iter()
        .filter(ours)
        .filter_map(|recall| Some((recall, variant(&recall.model)?.id.to_string())))
        .collect()
}

/// Opens them.
pub(super) async fn open(peer: &Peer, ids: &RequestIds, programme: &Programme) -> Outcome<()> {
    let mut recalls = own(programme);
    recalls.sort_by(|(a, _), (b, _)| (a.on.first, &a.id).cmp(&(b.on.first, &b.id)));
    for (recall, variant) in recalls {
        // A window whose ends nobody published is as wide as the programme.
        let from = recall.built_from.as_ref().map(|date| date.first);
        let through = recall.built_to.as_ref().map(|date| date.last);
        let on = recall.on.first;
        let remedy = match recall.remedy.as_str() {
            "OTA" => RemedyKind::Ota,
            _ => RemedyKind::Workshop,
        };
        let scope = BuildScope {
            from_date: Some(date_pb(from.unwrap_or(programme.order_from))),
            through_date: Some(date_pb(through.unwrap_or(on))),
            variant_ids: vec![variant],
            ..BuildScope::default()
        };
        let message = OpenRecallRequest {
            request_id: ids.step(on, &format!("recall/{}", recall.id)),
            recall_id: recall.id.clone(),
            title: cut(&format!("{} {}", recall.maker, recall.model), 200),
            defect: cut(&recall.defect, 1_000),
            remedy: remedy.into(),
            regulator: cut(&recall.regulator, 40),
            published_count: recall.units,
            opened_on: Some(date_pb(on)),
            scopes: vec![ExposureScope {
                what: Some(What::Builds(scope)),
            }],
            ..OpenRecallRequest::default()
        };
        let what = format!("open recall {}", recall.id);
        ask!(peer, &what, RecallServiceClient.open_recall, message, WHOLE)?;
    }
    Ok(())
}

/// Opens a recall for every lot that fails more often than chance explains, on the day by which every vehicle has had its window. The
/// services were told of failures alone: which lot is bad is not known here.
pub(super) async fn open_found(peer: &Peer, ids: &RequestIds, last: Date) -> Outcome<()> {
    let on = last.plus(WINDOW_DAYS);
    let message = ListFailureClustersRequest {
        dimension: ClusterDimension::Lot.into(),
        as_of: Some(date_pb(on)),
        window_days: WINDOW_DAYS,
        page_size: 1_000,
        ..ListFailureClustersRequest::default()
    };
    let answer = ask!(
        peer,
        "list failure clusters",
        ServiceCaseServiceClient.list_failure_clusters,
        message,
        WHOLE
    )?;
    for one in answer.clusters.into_iter().filter(|one| one.significant) {
        let defect = format!(
            "{} of lot {} fails more often than chance explains: {} of {} vehicles within {WINDOW_DAYS} days, {} of {} others",
            one.item_id,
            one.key,
            one.failed_count,
            one.vehicle_count,
            one.other_failed_count,
            one.other_vehicle_count
        );
        let scope = LotScope {
            item_id: one.item_id.clone(),
            lot_ids: vec![one.key.clone()],
        };
        let message = OpenRecallRequest {
            request_id: ids.step(on, &format!("recall/{}", one.key)),
            recall_id: recall_id(&one.key),
            title: cut(&format!("Lot {} of {}", one.key, one.supplier_id), 200),
            defect: cut(&defect, 1_000),
            remedy: RemedyKind::Workshop.into(),
            opened_on: Some(date_pb(on)),
            scopes: vec![ExposureScope {
                what: Some(What::Lots(scope)),
            }],
            ..OpenRecallRequest::default()
        };
        let what = format!("open the recall of lot {}", one.key);
        ask!(peer, &what, RecallServiceClient.open_recall, message, WHOLE)?;
    }
    Ok(())
}

/// The id of a lot's recall: `LOT-TH-09-SANHUA-000015`. Of a long name the end is kept, where the lot's number stands.
fn recall_id(lot: &str) -> String {
    let plain = |letter: char| match letter.to_ascii_uppercase() {
        letter if letter.is_ascii_uppercase() || letter.is_ascii_digit() => letter,
        _ => '-',
    };
    let name: Vec<char> = lot.chars().map(plain).collect();
    let tail = name.get(name.len().saturating_sub(36)..);
    let tail: String = tail.unwrap_or_default().iter().collect();
    format!("LOT-{tail}")
}

/// The beginning of a text that fits into some bytes.
fn cut(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    #[test]
    fn only_the_own_recalls_are_opened_and_each_names_its_variant() {
        let folder = Folder::open("su7").expect("the built-in programme");
        let programme = parse(&folder).expect("a sound programme");
        let told: Vec<(&str, String)> = own(&programme)
            .into_iter()
            .map(|(recall, variant)| (recall.id.as_str(), variant))
            .collect();
        let std = || "STD".to_owned();
        assert_eq!(told, [("RC-01", std()), ("RC-02", std())]);
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(recall_id("TH-09.SANHUA.000015"), "LOT-TH-09-SANHUA-000015");
        let long = recall_id(&format!("{}.é.000015", "i".repeat(40)));
        assert!(long.len() == 40 && long.ends_with("III---000015"), "{long}");
    }
}
