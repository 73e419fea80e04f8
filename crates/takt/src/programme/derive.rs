//! A programme that is another one with differences: a second model of the same plant, told by what it has of its own. It must not
//! know services. Invariants: what the file does not name is the base's; a line of the bill of material that holds for a variant of the
//! base holds for the variants that are like it.
use super::document::{Field, document};
use super::model::{
    BomLine, Day, FeatureRule, Item, Milestone, OrderDay, Programme, VARIANT_KEY, Variant,
};
use super::problem::Log;
use std::collections::BTreeSet;
use takt_kernel::{
    Amount, Currency, Date, ItemId, OptionKey, OptionValue, ProgrammeId, Share, VariantId,
};

/// The name under which problems of the file are told.
const FILE: &str = "programme.yaml";

/// The base that a programme.yaml names, if it names one.
pub(super) fn base_of(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("base:"))?;
    Some(line.split('#').next().unwrap_or_default().trim())
}

/// A variant of the derived programme and the one that it is like.
struct Mapped {
    id: VariantId,
    like: usize,
}

/// The programme that a file derives from its base; problems go to the log.
pub(super) fn derive(base: &Programme, text: &str, log: &mut Log) -> Option<Programme> {
    let node = document(text, FILE, log)?;
    let root = Field::root(&node, FILE);
    let mut derived = base.clone();
    derived.id = root
        .key("id")
        .must(log, "the programme's id", ProgrammeId::parse)?;
    derived.title = root
        .key("programme")
        .must_text(log, "the name of the programme");
    if let Some(year) = root.key("vin").key("model_year").scalar() {
        derived.vin.model_year = year.chars().next().unwrap_or(base.vin.model_year);
    }
    let mapped = variants(base, &mut derived, &root.key("variants"), log)?;
    features(&mut derived, &mapped);
    let own = own_items(&mut derived, &root.key("own_items"), log);
    let last = root.key("final_item");
    let id = last
        .key("id")
        .must(log, "the id of the vehicle", ItemId::parse)?;
    let name = last.key("name").must_text(log, "the name of the vehicle");
    let vehicle = derived
        .items
        .iter_mut()
        .find(|item| item.id == base.final_item)?;
    (vehicle.id, vehicle.name, derived.final_item) = (id.clone(), name, id);
    let also = also(&root.key("also"), log);
    bill(base, &mut derived, &mapped, &own, &also);
    for operation in &mut derived.operations {
        let old = operation.applies_to.clone();
        let applies = |mapped: &&Mapped| {
            base.variants
                .get(mapped.like)
                .is_some_and(|like| old.contains(&like.id))
        };
        operation.applies_to = mapped
            .iter()
            .filter(applies)
            .map(|mapped| mapped.id.clone())
            .collect();
    }
    ramp(&mut derived, &mapped, &root.key("ramp"), log)?;
    orders(&mut derived, &root.key("orders"), log);
    derived.published_months.clear();
    derived.published_quarters.clear();
    derived.peers.clear();
    derived.recalls.clear();
    derived.economics = None;
    derived.milestones = root
        .key("launched")
        .maybe(log, Date::parse)
        .map(|on| Milestone {
            on,
            event: format!("{} was launched", derived.title),
            figures: Vec::new(),
            source_kind: "published".to_owned(),
            sources: Vec::new(),
        })
        .into_iter()
        .collect();
    prune(&mut derived);
    Some(derived)
}

fn variants(
    base: &Programme,
    derived: &mut Programme,
    list: &Field<'_>,
    log: &mut Log,
) -> Option<Vec<Mapped>> {
    let normal = |key: &OptionKey, value: &OptionValue| {
        let feature = base.features.iter().find(|feature| feature.key == *key);
        match feature.map(|feature| (&feature.rule, &feature.values)) {
            // An edition of the base is not one of the derived programme.
            Some((FeatureRule::First { others, .. }, values)) => values
                .get(*others)
                .map_or_else(|| value.clone(), |value| value.id.clone()),
            _ => value.clone(),
        }
    };
    let mut mapped = Vec::new();
    derived.variants.clear();
    for field in list.members(log) {
        let id = field
            .key("id")
            .must(log, "the id of the variant", VariantId::parse)?;
        let like = field
            .key("like")
            .must_text(log, "the variant of the base that it is like");
        let Some(place) = base.variant_place(&like) else {
            field.error(log, format_args!("{like} is not a variant of {}", base.id));
            continue;
        };
        let known = base.variants.get(place)?;
        let price = field
            .key("price_cny")
            .must_number(log, "the price with tax", 2, 0);
        let own = OptionValue::parse(id.as_str()).ok()?;
        derived.variants.push(Variant {
            name: field.key("name").must_text(log, "its name"),
            share: field
                .key("share")
                .must_share(log, "its share of the orders"),
            list_price: Amount::new(price, Currency::CNY),
            net_price: None,
            vds: field
                .key("vds")
                .must_text(log, "positions 4 to 8 of its VINs"),
            reference: known
                .reference
                .iter()
                .map(|(key, value)| match key.as_str() {
                    VARIANT_KEY => (key.clone(), own.clone()),
                    _ => (key.clone(), normal(key, value)),
                })
                .collect(),
            attributes: Vec::new(),
            curb_mass_mg: None,
            id: id.clone(),
        });
        mapped.push(Mapped { id, like: place });
    }
    let sum: i64 = derived
        .variants
        .iter()
        .map(|variant| variant.share.millionths())
        .sum();
    if sum != Share::ONE.millionths() {
        list.error(
            log,
            format_args!("the shares add up to {} instead of 1", Share(sum)),
        );
    }
    Some(mapped)
}

/// Options are chosen as by those who buy the variant of the base; an edition has its ordinary value alone.
fn features(derived: &mut Programme, mapped: &[Mapped]) {
    for feature in &mut derived.features {
        feature.rule = match &feature.rule {
            FeatureRule::Shares(shares) => FeatureRule::Shares(shares.clone()),
            FeatureRule::SharesByVariant(rows) => FeatureRule::SharesByVariant(
                mapped
                    .iter()
                    .filter_map(|mapped| rows.get(mapped.like).cloned())
                    .collect(),
            ),
            FeatureRule::First { others, .. } => {
                let share = |place| {
                    if place == *others {
                        Share::ONE
                    } else {
                        Share(0)
                    }
                };
                FeatureRule::Shares((0..feature.values.len()).map(share).collect())
            }
        };
    }
}

/// Items that the derived programme has instead of others: what comes in, what it replaces.
fn own_items(derived: &mut Programme, list: &Field<'_>, log: &mut Log) -> Vec<(ItemId, ItemId)> {
    let mut own = Vec::new();
    for field in list.members(log) {
        let id = field.key("id").must(log, "its part number", ItemId::parse);
        let like = field
            .key("like")
            .must(log, "the item that it stands for", ItemId::parse);
        let (Some(id), Some(like)) = (id, like) else {
            continue;
        };
        let Some(known) = derived.item(&like).cloned() else {
            field.error(log, format_args!("{like} is not an item of the base"));
            continue;
        };
        let name = field
            .key("name")
            .scalar()
            .map_or(known.name.clone(), str::to_owned);
        derived.items.push(Item {
            id: id.clone(),
            name,
            ..known
        });
        derived.network_like(&like, &id);
        own.push((id, like));
    }
    own
}

/// `{EDF-B: [YPRO]}`: lines of an item that hold for further variants.
fn also(field: &Field<'_>, log: &mut Log) -> Vec<(String, Vec<String>)> {
    field
        .entries(log)
        .into_iter()
        .map(|(item, variants)| (item.to_owned(), variants.scalars()))
        .collect()
}

fn bill(
    base: &Programme,
    derived: &mut Programme,
    mapped: &[Mapped],
    own: &[(ItemId, ItemId)],
    also: &[(String, Vec<String>)],
) {
    let mut lines = Vec::with_capacity(base.bom.len());
    for line in &base.bom {
        let mut line: BomLine = line.clone();
        if line.parent == base.final_item {
            line.parent = derived.final_item.clone();
        }
        let further = also.iter().find(|(item, _)| item == line.child.as_str());
        for term in line
            .condition
            .terms
            .iter_mut()
            .filter(|term| term.key.as_str() == VARIANT_KEY)
        {
            let holds = |mapped: &&Mapped| {
                let like = base.variants.get(mapped.like);
                like.is_some_and(|like| {
                    term.values
                        .iter()
                        .any(|value| value.as_str() == like.id.as_str())
                }) || further.is_some_and(|(_, ids)| ids.iter().any(|id| id == mapped.id.as_str()))
            };
            let values = mapped.iter().filter(holds);
            term.values = values
                .filter_map(|mapped| OptionValue::parse(mapped.id.as_str()).ok())
                .collect();
        }
        if line
            .condition
            .terms
            .iter()
            .any(|term| term.values.is_empty())
        {
            continue;
        }
        if let Some((id, _)) = own.iter().find(|(_, like)| *like == line.child) {
            line.child = id.clone();
        }
        lines.push(line);
    }
    derived.bom = lines;
}

/// `- {from: 2024-07-01, per_day: {YSTD: 28}}`: each step holds until the next; a step without vehicles ends the plan.
fn ramp(derived: &mut Programme, mapped: &[Mapped], list: &Field<'_>, log: &mut Log) -> Option<()> {
    let mut steps: Vec<(Date, Vec<i64>)> = Vec::new();
    for field in list.members(log) {
        let from = field.key("from").must(log, "its first day", Date::parse)?;
        let per_day = field.key("per_day");
        let counts = mapped.iter().map(|mapped| {
            per_day
                .key(mapped.id.as_str())
                .maybe_number(log, 0, 0)
                .unwrap_or(0)
        });
        steps.push((from, counts.collect()));
    }
    let none = vec![0; mapped.len()];
    let planned = |day: &Day| {
        let step = steps.iter().rev().find(|(from, _)| *from <= day.on);
        step.map_or_else(|| none.clone(), |(_, counts)| counts.clone())
    };
    for day in &mut derived.days {
        day.planned = planned(day);
        day.published_delivered = None;
    }
    let building = || derived.days.iter().filter(|day| day.planned_total() > 0);
    let (Some(first), Some(last)) = (building().next(), building().next_back()) else {
        list.error(log, "no day of the base's calendar builds anything");
        return None;
    };
    (derived.first_handover, derived.plan_last) = (first.on, last.on);
    derived.vehicles = derived.days.iter().map(Day::planned_total).sum();
    Some(())
}

/// `{from: 2024-06-26, until: 2024-11-10, per_day: 80}`.
fn orders(derived: &mut Programme, list: &Field<'_>, log: &mut Log) {
    derived.orders.clear();
    for field in list.members(log) {
        let from = field.key("from").must(log, "its first day", Date::parse);
        let until = field.key("until").must(log, "its last day", Date::parse);
        let locked = field
            .key("per_day")
            .must_number(log, "the orders of a day", 0, 1);
        let (Some(mut on), Some(until)) = (from, until) else {
            continue;
        };
        while on <= until {
            derived.orders.push(OrderDay { on, locked });
            on = on.plus(1);
        }
    }
}

/// Leaves out what no vehicle of the derived programme has.
fn prune(derived: &mut Programme) {
    let mut used: BTreeSet<ItemId> = BTreeSet::from([derived.final_item.clone()]);
    let mut open = vec![derived.final_item.clone()];
    while let Some(parent) = open.pop() {
        for line in derived.bom.iter().filter(|line| line.parent == parent) {
            if used.insert(line.child.clone()) {
                open.push(line.child.clone());
            }
        }
    }
    derived.items.retain(|item| used.contains(&item.id));
    derived.bom.retain(|line| used.contains(&line.parent));
    derived
        .nodes
        .retain(|node| used.contains(&node.item) || !node.supplier.as_str().is_empty());
    derived.direct_links();
}
