//! Capacity as it stands on the wire.
//!
//! It must not decide anything. Invariant: everything that is wrong with a message is told at once.

use std::collections::BTreeSet;

use takt_contract::{date_opt, date_pb, date_req, id_req, procurement::v1 as pb};
use takt_kernel::{Date, ItemId, SupplierId, Violations};
use takt_planning::demand_capacity::{Matched, ONE, Rating, Week};

use super::{CapacityGroup, Row, Wish};
use crate::rows::{count, short};

/// The most groups of a request.
const GROUPS: usize = 200;
/// The most items, and the most groups, that a group names.
const LINKS: usize = 1_000;
/// The most weeks of a group; the standard looks 24 months ahead.
const WEEKS: usize = 520;
/// The most bytes of an id and of a name.
const ID: usize = 64;
const NAME: usize = 255;

/// Reads groups that are recorded.
pub(super) fn groups_read(
    message: &pb::RecordCapacityGroupsRequest,
    violations: &mut Violations,
) -> Vec<CapacityGroup> {
    let fits = (1..=GROUPS).contains(&message.capacity_groups.len());
    violations.require(
        fits,
        "capacity_groups",
        format!("record 1 to {GROUPS} groups at a time"),
    );
    let mut names = BTreeSet::new();
    let mut groups = Vec::new();
    for (place, given) in message.capacity_groups.iter().take(GROUPS).enumerate() {
        violations.scope(format!("capacity_groups[{place}]"), |found| {
            let once = names.insert(given.capacity_group_id.as_str());
            found.require(once, "capacity_group_id", "it is given twice");
            groups.push(group_read(given, found));
        });
    }
    groups
}

fn group_read(given: &pb::CapacityGroup, found: &mut Violations) -> CapacityGroup {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
    let id = &given.capacity_group_id;
    found.require(
        (1..=ID).contains(&id.len()) && id.bytes().all(plain),
        "capacity_group_id",
        format!("it is 1 to {ID} letters, digits, points, hyphens, underscores and slashes"),
    );
    id_req::<SupplierId>(&given.supplier_id, "supplier_id", found);
    found.require(
        given.name.len() <= NAME,
        "name",
        format!("it has at most {NAME} bytes"),
    );
    for (field, length) in [
        ("linked_items", given.linked_items.len()),
        (
            "linked_capacity_group_ids",
            given.linked_capacity_group_ids.len(),
        ),
    ] {
        found.require(
            length <= LINKS,
            field,
            format!("a group names at most {LINKS}"),
        );
    }
    found.require(
        given.weeks.len() <= WEEKS,
        "weeks",
        format!("a group has at most {WEEKS} weeks"),
    );
    let mut items = Vec::new();
    let mut named = BTreeSet::new();
    for (place, link) in given.linked_items.iter().take(LINKS).enumerate() {
        found.scope(format!("linked_items[{place}]"), |found| {
            id_req::<ItemId>(&link.item_id, "item_id", found);
            found.require(named.insert(&link.item_id), "item_id", "it is linked twice");
            found.require(
                (1..=1_000_000 * ONE).contains(&link.load_factor_millionths),
                "load_factor_millionths",
                "it is more than nothing and at most a million; 1,000,000 is one for one",
            );
            items.push((link.item_id.clone(), link.load_factor_millionths));
        });
    }
    let mut below: Vec<String> = given
        .linked_capacity_group_ids
        .iter()
        .take(LINKS)
        .cloned()
        .collect();
    below.sort_unstable();
    let twice = below.windows(2).any(|two| two[0] == two[1]);
    found.require(!twice, "linked_capacity_group_ids", "one is linked twice");
    found.require(
        !below.contains(id),
        "linked_capacity_group_ids",
        "a group does not carry itself",
    );
    let mut weeks: Vec<(Date, Week)> = Vec::new();
    for (place, week) in given.weeks.iter().take(WEEKS).enumerate() {
        found.scope(format!("weeks[{place}]"), |found| {
            let on = date_req(week.week.as_ref(), "week", found);
            found.require(
                on == on.monday(),
                "week",
                format!("{on} is no Monday; a week is named by its Monday"),
            );
            let rises = weeks.last().is_none_or(|(before, _)| *before < on);
            found.require(rises, "week", "weeks are given in their order, each once");
            let (actual, maximum) = (week.actual_thousandths, week.maximum_thousandths);
            found.require(actual >= 0, "actual_thousandths", "it is not negative");
            found.require(
                maximum >= actual,
                "maximum_thousandths",
                "it is not below the actual capacity",
            );
            let agreed = week.agreed_thousandths;
            found.require(
                agreed.is_none_or(|agreed| agreed >= 0),
                "agreed_thousandths",
                "it is not negative",
            );
            let own = Week {
                actual,
                maximum,
                agreed,
                delta: week.delta_thousandths,
            };
            weeks.push((on, own));
        });
    }
    items.sort_unstable();
    CapacityGroup {
        id: id.clone(),
        supplier: given.supplier_id.clone(),
        name: given.name.clone(),
        inactive: given.inactive,
        items,
        below,
        weeks,
    }
}

/// A group.
pub(super) fn group_pb(group: &CapacityGroup) -> pb::CapacityGroup {
    let item = |(item_id, factor): &(String, i64)| pb::LinkedItem {
        item_id: item_id.clone(),
        load_factor_millionths: *factor,
    };
    let week = |(on, week): &(Date, Week)| pb::CapacityWeek {
        week: Some(date_pb(*on)),
        actual_thousandths: week.actual,
        maximum_thousandths: week.maximum,
        agreed_thousandths: week.agreed,
        delta_thousandths: week.delta,
    };
    pb::CapacityGroup {
        capacity_group_id: group.id.clone(),
        supplier_id: group.supplier.clone(),
        name: group.name.clone(),
        inactive: group.inactive,
        linked_items: group.items.iter().map(item).collect(),
        linked_capacity_group_ids: group.below.clone(),
        weeks: group.weeks.iter().map(week).collect(),
    }
}

/// Reads what to match, and from which day on.
pub(super) fn wish_read(
    message: &pb::MatchCapacityRequest,
    violations: &mut Violations,
) -> (Wish, Option<Date>) {
    let as_of = date_opt(message.as_of.as_ref(), "as_of", violations);
    violations.require(
        (0..=104).contains(&message.ahead_weeks),
        "ahead_weeks",
        "it is 0 to 104 weeks",
    );
    violations.require(
        (0..=100 * ONE).contains(&message.flexibility_millionths),
        "flexibility_millionths",
        "it is 0 to a hundredfold",
    );
    violations.require(
        message.sites || message.flexibility_millionths == 0,
        "flexibility_millionths",
        "groups say themselves how far they can go; give it with sites",
    );
    let wish = Wish {
        supplier: message.supplier_id.clone(),
        sites: message.sites.then_some(message.flexibility_millionths),
        ahead: usize::try_from(message.ahead_weeks).unwrap_or(0),
    };
    (wish, as_of)
}

/// A group or site that was matched.
pub(super) fn row_pb(row: &Row, first: Date, with_weeks: bool) -> pb::MatchedCapacity {
    let monday = |at: usize| {
        let days = i32::try_from(at * 7).unwrap_or(i32::MAX);
        Some(date_pb(first.plus(days)))
    };
    let week = |(at, (week, delta)): (usize, (&Matched, &i64))| pb::MatchedWeek {
        week: monday(at),
        demand_thousandths: week.demand,
        actual_thousandths: week.week.map(|week| week.actual),
        maximum_thousandths: week.week.map(|week| week.maximum),
        rating: i32::from(match week.rating {
            Rating::Unknown => pb::CapacityRating::Unspecified,
            Rating::Enough => pb::CapacityRating::Enough,
            Rating::Flexible => pb::CapacityRating::Flexible,
            Rating::Bottleneck => pb::CapacityRating::Bottleneck,
        }),
        missing_thousandths: week.missing(),
        delta_thousandths: *delta,
    };
    let sum = &row.summary;
    let weeks = row.weeks.iter().zip(&sum.ahead.delta).enumerate();
    let whole = |weeks: usize| short(count(weeks));
    pb::MatchedCapacity {
        capacity_group_id: row.group.clone(),
        supplier_id: row.supplier.clone(),
        item_id: row.item.clone(),
        name: row.name.clone(),
        peak_load_millionths: sum.peak.map(|(load, _)| load),
        peak_week: sum.peak.and_then(|(_, at)| monday(at)),
        flexible_weeks: whole(sum.flexible),
        bottleneck_weeks: whole(sum.bottleneck),
        unknown_weeks: whole(sum.unknown),
        missing_thousandths: sum.missing,
        missing_after_building_ahead_thousandths: sum.missing_after_building_ahead(),
        weeks: weeks.filter(|_| with_weeks).map(week).collect(),
        not_demanded_item_ids: row.not_demanded.clone(),
    }
}
