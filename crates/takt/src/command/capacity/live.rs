//! `takt capacity` of running services, and capacity groups of files sent to them. It must not know how demand and capacity are matched.
//! Invariant: the answer has the shape of that of a folder, so that the two can be laid side by side.
use std::time::Instant;

use serde::Serialize;
use takt_contract::procurement::v1::capacity_service_client::CapacityServiceClient;
use takt_contract::procurement::v1::{self as pb};
use takt_contract::{date_of, date_pb};
use takt_kernel::RequestId;

use super::{CapacityArgs, ONE, Row, Told, WeekTold, units};
use crate::connection::{Peer, ask, read};
use crate::failure::{Failure, Outcome};
use crate::output::Answer;

/// The most groups of a message.
const GROUPS: usize = 50;

pub(super) async fn told(peer: &Peer, args: &CapacityArgs) -> Outcome<Told> {
    let begun = Instant::now();
    if args.flexibility > 0 && args.groups {
        return Err(Failure::bad_input(
            "--flexibility is for sites; groups say themselves how far they can go",
        ));
    }
    let message = pb::MatchCapacityRequest {
        as_of: args.from.map(date_pb),
        supplier_id: args.supplier.clone().unwrap_or_default(),
        sites: !args.groups,
        ahead_weeks: args.ahead.into(),
        flexibility_millionths: args.flexibility,
        with_weeks: true,
    };
    let pages = read!(
        peer,
        "match capacity",
        CapacityServiceClient.match_capacity,
        message,
        |page| vec![page]
    )?;
    let first = pages.first().and_then(|page| page.first_week.as_ref());
    let first_week = date_of(first);
    let matched: Vec<&pb::MatchedCapacity> = pages.iter().flat_map(|page| &page.matched).collect();
    if matched.is_empty() {
        return Err(Failure::refused("no capacity group is recorded").with_way_out(
            "takt capacity --catena-x groups.json --record --supplier ID, or takt capacity without --groups for sites",
        ));
    }
    let mut not_demanded: Vec<String> = matched
        .iter()
        .flat_map(|row| {
            let items = row.not_demanded_item_ids.iter();
            items.map(|item| format!("{item} of {}", row.capacity_group_id))
        })
        .collect();
    not_demanded.sort_unstable();
    Ok(Told {
        programme: None,
        of: "the released plan".to_owned(),
        first_week: first_week.unwrap_or_default().to_string(),
        weeks: matched.iter().map(|row| row.weeks.len()).max().unwrap_or(0),
        ahead_weeks: args.ahead,
        groups: matched.into_iter().map(row).collect(),
        not_demanded,
        no_group: Vec::new(),
        elapsed_seconds: begun.elapsed().as_secs_f64(),
        top: args.top,
        whole: args.site.is_some(),
    })
}

fn row(row: &pb::MatchedCapacity) -> Row {
    let day = |day: Option<&takt_contract::common::v1::Date>| {
        let read = date_of(day);
        read.map(|day| day.to_string())
    };
    let share = |load: i64| load as f64 / ONE as f64;
    let count = |weeks: i32| usize::try_from(weeks).unwrap_or(0);
    let week = |week: &pb::MatchedWeek| {
        let actual = week.actual_thousandths.filter(|actual| *actual > 0);
        WeekTold {
            week: day(week.week.as_ref()).unwrap_or_default(),
            demand: units(week.demand_thousandths),
            actual: week.actual_thousandths.map(units),
            maximum: week.maximum_thousandths.map(units),
            agreed: None,
            load: actual.map(|actual| week.demand_thousandths as f64 / actual as f64),
            rating: match week.rating() {
                pb::CapacityRating::Unspecified => "UNKNOWN",
                pb::CapacityRating::Enough => "ENOUGH",
                pb::CapacityRating::Flexible => "FLEXIBLE",
                pb::CapacityRating::Bottleneck => "BOTTLENECK",
            },
            missing: units(week.missing_thousandths),
            delta: units(week.delta_thousandths),
        }
    };
    Row {
        id: match row.capacity_group_id.as_str() {
            "" => format!("{}/{}", row.supplier_id, row.item_id),
            group => group.to_owned(),
        },
        name: row.name.clone(),
        tier: None,
        peak_load: row.peak_load_millionths.map(share),
        peak_week: day(row.peak_week.as_ref()),
        flexible_weeks: count(row.flexible_weeks),
        bottleneck_weeks: count(row.bottleneck_weeks),
        unknown_weeks: count(row.unknown_weeks),
        missing: units(row.missing_thousandths),
        missing_after_building_ahead: units(row.missing_after_building_ahead_thousandths),
        weeks: row.weeks.iter().map(week).collect(),
    }
}

/// What was recorded.
#[derive(Debug, Serialize)]
pub(super) struct Recorded {
    supplier: String,
    created: i32,
    replaced: i32,
}

/// Sends groups, those below before those above where a message does not hold them all.
pub(super) async fn record(
    peer: &Peer,
    supplier: &str,
    groups: &[pb::CapacityGroup],
) -> Outcome<Recorded> {
    let mut recorded = Recorded {
        supplier: supplier.to_owned(),
        created: 0,
        replaced: 0,
    };
    for groups in groups.chunks(GROUPS) {
        let named: Vec<String> = groups.iter().map(|group| format!("{group:?}")).collect();
        let message = pb::RecordCapacityGroupsRequest {
            request_id: RequestId::named(&named.join("\n")).to_string(),
            capacity_groups: groups.to_vec(),
        };
        let answer = ask!(
            peer,
            "record the capacity groups",
            CapacityServiceClient.record_capacity_groups,
            message
        )?;
        recorded.created += answer.created_count;
        recorded.replaced += answer.replaced_count;
    }
    Ok(recorded)
}

impl Answer for Recorded {
    fn text(&self) -> String {
        format!(
            "{} capacity groups of {} are recorded, {} replaced; `takt capacity --groups` sets the plan against them\n",
            self.created, self.supplier, self.replaced
        )
    }
}
