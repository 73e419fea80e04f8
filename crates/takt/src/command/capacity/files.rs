//! Weekly demands and capacity groups as Catena-X files give them (CX-0128: `WeekBasedMaterialDemand` and `WeekBasedCapacityGroup`
//! 3.0.0). It must not know how they are matched. Invariants: a group's series are found by the customer's material, its location and
//! the category of demand; what is inactive does not count; what a group names and nobody gave is told, not made up.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Number, Value};
use takt_contract::date_pb;
use takt_contract::procurement::v1 as pb;
use takt_kernel::{Date, Quantity, Share};
use takt_planning::demand_capacity::{Group, Week};

use crate::failure::{Failure, Outcome};

/// More weeks than anybody plans; the standard looks 24 months ahead.
const MOST_WEEKS: i32 = 520;

/// What the files hold, ready to be matched.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The Monday of the first week.
    pub(super) first: Option<Date>,
    /// Demands by week, thousandths.
    pub(super) series: Vec<Vec<i64>>,
    /// The groups, and their ids and names.
    pub(super) groups: Vec<Group>,
    pub(super) names: Vec<(String, String)>,
    /// Series that a group names and nobody demands.
    pub(super) not_demanded: Vec<String>,
    /// Series that are demanded and load no group.
    pub(super) no_group: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MaterialDemand {
    material_number_customer: String,
    #[serde(default)]
    material_demand_is_inactive: bool,
    #[serde(default)]
    demand_series: Vec<Series>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[serde(default)]
    customer_location: String,
    demand_category: Category,
    #[serde(default)]
    demands: Vec<Demand>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Category {
    demand_category_code: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Demand {
    point_in_time: String,
    demand: Number,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CapacityGroup {
    capacity_group_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    capacity_group_is_inactive: bool,
    #[serde(default)]
    linked_demand_series: Vec<Linked>,
    #[serde(default)]
    linked_capacity_groups: Vec<String>,
    #[serde(default)]
    capacities: Vec<Capacity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linked {
    material_number_customer: String,
    #[serde(default)]
    customer_location: String,
    demand_category: Category,
    /// One where it is not given.
    load_factor: Option<Number>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capacity {
    point_in_time: String,
    actual_capacity: Number,
    maximum_capacity: Number,
    agreed_capacity: Option<Number>,
    delta_production_result: Option<Number>,
}

/// A series: the customer's material, its location, the category.
type Key = (String, String, String);

/// Reads files: each one object, a list of them, or a message with `content.informationObject`.
pub(super) fn read(files: &[PathBuf]) -> Outcome<Given> {
    let (demands, groups) = told(files)?;
    joined(&demands, &groups)
}

/// The capacity groups of files as services take them, those below before those above; the customer's materials are items.
pub(super) fn recorded(files: &[PathBuf], supplier: &str) -> Outcome<Vec<pb::CapacityGroup>> {
    let (_, mut left) = told(files)?;
    if left.is_empty() {
        return Err(Failure::bad_input(
            "the files hold no capacity group that is active",
        ));
    }
    let mut ordered: Vec<pb::CapacityGroup> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |group: &CapacityGroup, left: &[CapacityGroup]| {
            let mut below = group.linked_capacity_groups.iter();
            below.any(|id| left.iter().any(|other| other.capacity_group_id == *id))
        };
        // Groups that carry each other are sent as they stand; the service names them.
        let next = left.iter().position(|group| !waits(group, &left));
        let group = left.remove(next.unwrap_or(0));
        ordered.push(group_pb(&group, supplier)?);
    }
    Ok(ordered)
}

fn group_pb(group: &CapacityGroup, supplier: &str) -> Outcome<pb::CapacityGroup> {
    let name = format!("capacity group {}", group.capacity_group_id);
    let mut weeks = Vec::with_capacity(group.capacities.len());
    for (on, week) in weeks_of(&name, group)? {
        weeks.push(pb::CapacityWeek {
            week: Some(date_pb(on)),
            actual_thousandths: week.actual,
            maximum_thousandths: week.maximum,
            agreed_thousandths: week.agreed,
            delta_thousandths: week.delta,
        });
    }
    let mut loads: BTreeMap<&str, i64> = BTreeMap::new();
    for linked in &group.linked_demand_series {
        // An item's series of several places and categories are one demand here.
        let factor = factor_of(&name, linked)?.millionths();
        let known = loads.insert(&linked.material_number_customer, factor);
        if known.is_some_and(|known| known != factor) {
            return Err(Failure::bad_input(format!(
                "{name} loads {} by two factors; services know one a group and item",
                linked.material_number_customer
            )));
        }
    }
    let item = |(item, factor): (&str, i64)| pb::LinkedItem {
        item_id: item.to_owned(),
        load_factor_millionths: factor,
    };
    Ok(pb::CapacityGroup {
        capacity_group_id: group.capacity_group_id.clone(),
        supplier_id: supplier.to_owned(),
        name: group.name.clone(),
        inactive: false,
        linked_items: loads.into_iter().map(item).collect(),
        linked_capacity_group_ids: group.linked_capacity_groups.clone(),
        weeks,
    })
}

/// The demands and groups of files that are active.
fn told(files: &[PathBuf]) -> Outcome<(Vec<MaterialDemand>, Vec<CapacityGroup>)> {
    let (mut demands, mut groups) = (Vec::new(), Vec::new());
    for file in files {
        let wrong = |told: String| Failure::bad_input(format!("{}: {told}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        for object in objects(value) {
            if object.get("demandSeries").is_some() {
                demands.push(of::<MaterialDemand>(file, object)?);
            } else if object.get("capacityGroupId").is_some() {
                groups.push(of::<CapacityGroup>(file, object)?);
            } else {
                return Err(wrong(
                    "an object is neither a WeekBasedMaterialDemand (demandSeries) nor a WeekBasedCapacityGroup (capacityGroupId)"
                        .to_owned(),
                ));
            }
        }
    }
    demands.retain(|demand| !demand.material_demand_is_inactive);
    groups.retain(|group| !group.capacity_group_is_inactive);
    Ok((demands, groups))
}

/// The weeks of a group by their Mondays.
fn weeks_of(name: &str, group: &CapacityGroup) -> Outcome<BTreeMap<Date, Week>> {
    let mut weeks = BTreeMap::new();
    for week in &group.capacities {
        let of = |number: &Number| quantity(name, number);
        let on = week_of(name, &week.point_in_time)?;
        let kept = Week {
            actual: of(&week.actual_capacity)?,
            maximum: of(&week.maximum_capacity)?,
            agreed: week.agreed_capacity.as_ref().map(of).transpose()?,
            delta: (week.delta_production_result.as_ref())
                .map_or(Ok(0), |delta| signed(name, delta))?,
        };
        if kept.maximum < kept.actual {
            return Err(Failure::bad_input(format!(
                "{name}: in the week of {on} the maximum capacity is below the actual one"
            )));
        }
        weeks.insert(on, kept);
    }
    Ok(weeks)
}

/// The units of a group that a unit of a series takes.
fn factor_of(name: &str, linked: &Linked) -> Outcome<Share> {
    let factor = match &linked.load_factor {
        None => Share::parse("1"),
        Some(factor) => Share::parse(&factor.to_string()),
    };
    factor.map_err(|error| {
        let key = key_of(linked);
        Failure::bad_input(format!(
            "{name}: the load factor of {}: {error}",
            named(&key)
        ))
    })
}

fn key_of(linked: &Linked) -> Key {
    (
        linked.material_number_customer.clone(),
        linked.customer_location.clone(),
        linked.demand_category.demand_category_code.clone(),
    )
}

fn objects(value: Value) -> Vec<Value> {
    match value {
        Value::Array(objects) => objects,
        Value::Object(mut message) => {
            let content = message.get_mut("content").map(Value::take);
            match content.and_then(|mut content| Some(content.get_mut("informationObject")?.take()))
            {
                Some(Value::Array(objects)) => objects,
                _ => vec![Value::Object(message)],
            }
        }
        other => vec![other],
    }
}

fn of<T: serde::de::DeserializeOwned>(file: &Path, object: Value) -> Outcome<T> {
    serde_json::from_value(object)
        .map_err(|error| Failure::bad_input(format!("{}: {error}", file.display())))
}

fn joined(demands: &[MaterialDemand], groups: &[CapacityGroup]) -> Outcome<Given> {
    let mut by_key: BTreeMap<Key, BTreeMap<Date, i64>> = BTreeMap::new();
    for demand in demands {
        for series in &demand.demand_series {
            let key = (
                demand.material_number_customer.clone(),
                series.customer_location.clone(),
                series.demand_category.demand_category_code.clone(),
            );
            let name = named(&key);
            let weeks = by_key.entry(key).or_default();
            for week in &series.demands {
                let on = week_of(&name, &week.point_in_time)?;
                if weeks.insert(on, quantity(&name, &week.demand)?).is_some() {
                    return Err(Failure::bad_input(format!(
                        "{name}: the week of {on} is demanded twice"
                    )));
                }
            }
        }
    }
    let mut capacities: Vec<BTreeMap<Date, Week>> = Vec::new();
    for group in groups {
        let name = format!("capacity group {}", group.capacity_group_id);
        capacities.push(weeks_of(&name, group)?);
    }
    let days = by_key.values().flat_map(|weeks| weeks.keys().copied());
    let days = days.chain(capacities.iter().flat_map(|weeks| weeks.keys().copied()));
    let days: BTreeSet<Date> = days.collect();
    let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else {
        return Err(Failure::bad_input(
            "the files hold no week: neither demands nor capacities",
        ));
    };
    if last.days_since(first) / 7 > MOST_WEEKS {
        return Err(Failure::bad_input(format!(
            "the files reach from {first} to {last}; at most {MOST_WEEKS} weeks are looked at"
        )));
    }
    let place = |on: Date| usize::try_from(on.days_since(first) / 7).unwrap_or(0);
    let dense = |weeks: &BTreeMap<Date, i64>| {
        let mut dense = vec![0; place(last) + 1];
        for (on, demand) in weeks {
            if let Some(week) = dense.get_mut(place(*on)) {
                *week = *demand;
            }
        }
        dense
    };
    let mut given = Given {
        first: Some(first),
        series: by_key.values().map(dense).collect(),
        ..Given::default()
    };
    let keys: BTreeMap<&Key, usize> = by_key.keys().zip(0..).collect();
    let ids: BTreeMap<&str, usize> = (groups.iter())
        .map(|group| group.capacity_group_id.as_str())
        .zip(0..)
        .collect();
    let mut loads = BTreeSet::new();
    for (group, weeks) in groups.iter().zip(&capacities) {
        let name = format!("capacity group {}", group.capacity_group_id);
        let mut series = Vec::new();
        for linked in &group.linked_demand_series {
            let (key, factor) = (key_of(linked), factor_of(&name, linked)?);
            match keys.get(&key) {
                Some(at) => {
                    loads.insert(*at);
                    series.push((*at, factor.millionths()));
                }
                None => given.not_demanded.push(named(&key)),
            }
        }
        let below = group.linked_capacity_groups.iter().map(|id| {
            ids.get(id.as_str()).copied().ok_or_else(|| {
                Failure::bad_input(format!(
                    "{name} carries capacity group {id}, which no file holds; add it, or unlink it"
                ))
            })
        });
        let groups = below.collect::<Outcome<Vec<usize>>>()?;
        // A week within the group's own that it leaves out has no capacity; what lies beyond nobody told.
        let reach = weeks.keys().next_back().map_or(0, |last| place(*last) + 1);
        let mut dense = vec![Week::default(); reach];
        for (on, week) in weeks {
            if let Some(kept) = dense.get_mut(place(*on)) {
                *kept = *week;
            }
        }
        given.groups.push(Group {
            series,
            groups,
            weeks: dense,
        });
        given
            .names
            .push((group.capacity_group_id.clone(), group.name.clone()));
    }
    given.no_group = (keys.iter())
        .filter(|(_, at)| !loads.contains(*at))
        .map(|(key, _)| named(key))
        .collect();
    Ok(given)
}

fn named(key: &Key) -> String {
    let (material, location, category) = key;
    match location.as_str() {
        "" => format!("{material}, category {category}"),
        location => format!("{material} to {location}, category {category}"),
    }
}

fn week_of(name: &str, text: &str) -> Outcome<Date> {
    let on = Date::parse(text)
        .map_err(|error| Failure::bad_input(format!("{name}: pointInTime: {error}")))?;
    if on.monday() == on {
        Ok(on)
    } else {
        Err(Failure::bad_input(format!(
            "{name}: pointInTime {on} is no Monday; a week is named by its Monday"
        )))
    }
}

fn quantity(name: &str, number: &Number) -> Outcome<i64> {
    match signed(name, number)? {
        below if below < 0 => Err(Failure::bad_input(format!(
            "{name}: {number} is below zero; only a delta production may be"
        ))),
        quantity => Ok(quantity),
    }
}

fn signed(name: &str, number: &Number) -> Outcome<i64> {
    let text = number.to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.as_str()),
    };
    // A whole number may come as 100.0.
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    Quantity::parse(digits)
        .map(|quantity| sign * quantity.milli())
        .map_err(|error| Failure::bad_input(format!("{name}: {error}")))
}
