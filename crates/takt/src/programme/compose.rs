//! Several programmes on one plant as one book: items shared by part number, variants of all, one calendar of the line. It must not
//! know services. Invariants: what two programmes say of one item, supplier, operation or day is the same, or the field is named and
//! nothing is composed; a line of the bill of material holds for the same vehicles as before; the variants of an earlier programme come
//! first, in rows and on the line.
use super::model::{
    BomLine, Condition, Day, Feature, FeatureRule, FeatureValue, Item, Operation, OrderDay,
    Programme, Term, VARIANT_KEY,
};
use super::problem::{Log, Problems};
use std::collections::{BTreeMap, BTreeSet};
use takt_kernel::{ItemId, OptionKey, OptionValue, ProgrammeId, Quantity, Share, half_even_div};

const FILE: &str = "programmes";

/// The book of several programmes, the first one leading.
pub(super) fn compose(parts: Vec<Programme>) -> Result<Programme, Problems> {
    let mut log = Log::default();
    let Some(first) = parts.first() else {
        return Err(Problems::of(FILE, "there is no programme"));
    };
    let mut book = first.clone();
    let joined = |text: &dyn Fn(&Programme) -> String, with: &str| {
        parts.iter().map(text).collect::<Vec<_>>().join(with)
    };
    let id = joined(&|part| part.id.to_string(), "-");
    match ProgrammeId::parse(&id) {
        Ok(id) => book.id = id,
        Err(error) => log.error(FILE, None, error),
    }
    book.title = joined(&|part| part.title.clone(), " + ");
    for part in parts.iter().skip(1) {
        same_plant(first, part, &mut log);
        shared(
            &mut book.items,
            &part.items,
            |item| &item.id,
            differs,
            "item",
            &mut log,
        );
        shared(
            &mut book.suppliers,
            &part.suppliers,
            |supplier| &supplier.id,
            |a, b| named(&[("name", a.name == b.name), ("tier", a.tier == b.tier)]),
            "supplier",
            &mut log,
        );
        shared(
            &mut book.lanes,
            &part.lanes,
            |lane| &lane.id,
            |a, b| {
                named(&[
                    ("transit_days", a.transit_millidays == b.transit_millidays),
                    ("direction", a.direction == b.direction),
                ])
            },
            "lane",
            &mut log,
        );
        for node in &part.nodes {
            if !book
                .nodes
                .iter()
                .any(|known| known.supplier == node.supplier && known.item == node.item)
            {
                book.nodes.push(node.clone());
            }
        }
        for link in &part.links {
            let known = book.links.iter_mut().find(|known| {
                (&known.from, &known.to, &known.item) == (&link.from, &link.to, &link.item)
            });
            match known {
                Some(known) => known.into.extend(
                    link.into
                        .iter()
                        .filter(|into| !known.into.contains(into))
                        .cloned()
                        .collect::<Vec<_>>(),
                ),
                None => book.links.push(link.clone()),
            }
        }
        for material in &part.materials {
            if !book
                .materials
                .iter()
                .any(|known| known.item == material.item && known.name == material.name)
            {
                book.materials.push(material.clone());
            }
        }
        operations(&mut book.operations, &part.operations, &mut log);
        book.order_from = book.order_from.min(part.order_from);
        book.day_zero = book.day_zero.min(part.day_zero);
        book.plan_last = book.plan_last.max(part.plan_last);
        book.first_handover = book.first_handover.min(part.first_handover);
    }
    book.vehicles = parts.iter().map(|part| part.vehicles).sum();
    variants(&mut book, &parts, &mut log);
    book.features = features(&parts);
    days(&mut book, &parts, &mut log);
    let mut orders: BTreeMap<_, i64> = BTreeMap::new();
    for order in parts.iter().flat_map(|part| &part.orders) {
        *orders.entry(order.on).or_default() += order.locked;
    }
    book.orders = orders
        .into_iter()
        .map(|(on, locked)| OrderDay { on, locked })
        .collect();
    bill(&mut book, &parts, &mut log);
    log.finish(&[FILE])?;
    book.parts = parts;
    Ok(book)
}

fn same_plant(first: &Programme, part: &Programme, log: &mut Log) {
    let fields = named(&[
        ("plant", first.plant.id == part.plant.id),
        ("takt_s", first.plant.takt_ms == part.plant.takt_ms),
        ("shops", first.plant.shops == part.plant.shops),
        ("time_zone", first.plant.time_zone == part.plant.time_zone),
    ]);
    for field in fields {
        log.error(
            FILE,
            None,
            format_args!(
                "{} and {} have another {field}; they are not on one plant",
                first.id, part.id
            ),
        );
    }
}

fn named(fields: &[(&'static str, bool)]) -> Vec<&'static str> {
    fields
        .iter()
        .filter(|(_, same)| !same)
        .map(|(name, _)| *name)
        .collect()
}

fn differs(a: &Item, b: &Item) -> Vec<&'static str> {
    named(&[
        ("name", a.name == b.name),
        ("uom", a.unit == b.unit),
        ("make_buy", a.make == b.make),
        ("shop", a.shop == b.shop),
        ("mass_kg", a.mass_mg == b.mass_mg),
        ("unit_cost_usd", a.unit_cost == b.unit_cost),
        ("lot_size", a.lot_size == b.lot_size),
        ("serial", a.serial == b.serial),
        ("order_yield", a.order_yield == b.order_yield),
        ("supplier", a.agreements == b.agreements),
    ])
}

/// The union of rows by their key; rows of one key must be the same.
fn shared<T: Clone, K: PartialEq + std::fmt::Display>(
    book: &mut Vec<T>,
    part: &[T],
    key: impl Fn(&T) -> &K,
    differs: impl Fn(&T, &T) -> Vec<&'static str>,
    what: &str,
    log: &mut Log,
) {
    for row in part {
        match book.iter().find(|known| key(known) == key(row)) {
            None => book.push(row.clone()),
            Some(known) => {
                for field in differs(known, row) {
                    log.error(
                        FILE,
                        None,
                        format_args!(
                            "{what} {}: {field} differs between the programmes",
                            key(row)
                        ),
                    );
                }
            }
        }
    }
}

fn operations(book: &mut Vec<Operation>, part: &[Operation], log: &mut Log) {
    for operation in part {
        let Some(known) = book.iter_mut().find(|known| known.id == operation.id) else {
            book.push(operation.clone());
            continue;
        };
        let fields = named(&[
            ("cycle_time_s", known.cycle_ms == operation.cycle_ms),
            ("flow_time_s", known.flow_ms == operation.flow_ms),
            ("parallel_stations", known.stations == operation.stations),
        ]);
        for field in fields {
            log.error(
                FILE,
                None,
                format_args!(
                    "operation {}: {field} differs between the programmes",
                    known.id
                ),
            );
        }
        known
            .applies_to
            .extend(operation.applies_to.iter().cloned());
    }
}

/// All variants; a variant's share of all orders is its share of its programme's vehicles.
fn variants(book: &mut Programme, parts: &[Programme], log: &mut Log) {
    let mut seen = BTreeSet::new();
    let total = i128::from(book.vehicles.max(1));
    book.variants.clear();
    for part in parts {
        for variant in &part.variants {
            if !seen.insert(variant.id.clone()) {
                log.error(
                    FILE,
                    None,
                    format_args!("variant {} is there twice; give it another id", variant.id),
                );
            }
            let share = i128::from(variant.share.millionths()) * i128::from(part.vehicles);
            let mut variant = variant.clone();
            variant.share = Share(half_even_div(share, total).unwrap_or(0));
            book.variants.push(variant);
        }
    }
    // What rounding leaves goes to the first one, so that the shares add up to one.
    let sum: i64 = book
        .variants
        .iter()
        .map(|variant| variant.share.millionths())
        .sum();
    if let Some(first) = book.variants.first_mut() {
        first.share = Share(first.share.millionths() + Share::ONE.millionths() - sum);
    }
}

/// All options, each with a row of shares for every variant; a programme that does not have an option takes its first value.
fn features(parts: &[Programme]) -> Vec<Feature> {
    let mut keys: Vec<OptionKey> = Vec::new();
    for feature in parts.iter().flat_map(|part| &part.features) {
        if !keys.contains(&feature.key) {
            keys.push(feature.key.clone());
        }
    }
    keys.into_iter().map(|key| feature(parts, key)).collect()
}

fn feature(parts: &[Programme], key: OptionKey) -> Feature {
    let of = |part: &'_ Programme| part.features.iter().position(|feature| feature.key == key);
    let mut values: Vec<FeatureValue> = Vec::new();
    for part in parts {
        for value in of(part)
            .and_then(|at| part.features.get(at))
            .into_iter()
            .flat_map(|feature| &feature.values)
        {
            if !values.iter().any(|known| known.id == value.id) {
                values.push(value.clone());
            }
        }
    }
    // An edition stays one: its first orders are of its own variants.
    let edition = parts.iter().find_map(|part| {
        let feature = part.features.get(of(part)?)?;
        match &feature.rule {
            rule @ FeatureRule::First { .. } => Some(rule.clone()),
            _ => None,
        }
    });
    let rows = || {
        let mut rows = Vec::new();
        for part in parts {
            let feature = of(part).and_then(|at| part.features.get(at));
            for place in 0..part.variants.len() {
                let share = |value: &FeatureValue| share_of(feature, place, value, &values);
                rows.push(values.iter().map(share).collect());
            }
        }
        rows
    };
    Feature {
        rule: edition.unwrap_or_else(|| FeatureRule::SharesByVariant(rows())),
        key,
        values,
    }
}

fn share_of(
    feature: Option<&Feature>,
    variant: usize,
    value: &FeatureValue,
    all: &[FeatureValue],
) -> Share {
    let first = all.first().is_some_and(|first| first.id == value.id);
    let Some(feature) = feature else {
        return if first { Share::ONE } else { Share(0) };
    };
    let Some(at) = feature.values.iter().position(|known| known.id == value.id) else {
        return Share(0);
    };
    let row = match &feature.rule {
        FeatureRule::Shares(shares) => Some(shares),
        FeatureRule::SharesByVariant(rows) => rows.get(variant),
        FeatureRule::First { .. } => None,
    };
    row.and_then(|row| row.get(at)).copied().unwrap_or(Share(0))
}

/// One calendar: a day that two programmes know is the same day of the same line.
fn days(book: &mut Programme, parts: &[Programme], log: &mut Log) {
    let mut days: BTreeMap<_, Day> = BTreeMap::new();
    let width = book.variants.len();
    let mut from = 0;
    for part in parts {
        for day in &part.days {
            let known = days.entry(day.on).or_insert_with(|| Day {
                planned: vec![0; width],
                ..day.clone()
            });
            let fields = named(&[
                ("shifts", known.shifts == day.shifts),
                ("capacity", known.capacity == day.capacity),
            ]);
            for field in fields {
                log.error(
                    FILE,
                    None,
                    format_args!(
                        "day {}: {field} differs between the programmes; the line has one calendar",
                        day.on
                    ),
                );
            }
            known.published_delivered = known.published_delivered.or(day.published_delivered);
            for (cell, count) in known.planned.iter_mut().skip(from).zip(&day.planned) {
                *cell = *count;
            }
        }
        from += part.variants.len();
    }
    book.days = days.into_values().collect();
    for (day, number) in book.days.iter_mut().zip(1..) {
        day.day = number;
    }
}

/// The bill of all: under the plant's vehicle each programme's own one, and lines that several programmes share once.
fn bill(book: &mut Programme, parts: &[Programme], log: &mut Log) {
    let Ok(root) = ItemId::parse("VEHICLE") else {
        return;
    };
    let Some(like) = book.item(&book.final_item).cloned() else {
        return;
    };
    if book.item(&root).is_some() {
        log.error(
            FILE,
            None,
            "an item is named VEHICLE, which stands for the vehicles of all programmes",
        );
    }
    book.items.push(Item {
        id: root.clone(),
        name: "Vehicle of any programme".to_owned(),
        ..like
    });
    book.final_item = root.clone();
    // By everything but the variants: the variants for which a line holds.
    type Key = (ItemId, ItemId, Quantity, Share, Share, Condition);
    let mut order: Vec<Key> = Vec::new();
    let mut holds: BTreeMap<usize, Vec<OptionValue>> = BTreeMap::new();
    let mut add = |key: Key, variants: Vec<OptionValue>| {
        let at = order
            .iter()
            .position(|known| *known == key)
            .unwrap_or_else(|| {
                order.push(key);
                order.len() - 1
            });
        holds.entry(at).or_default().extend(variants);
    };
    for part in parts {
        let own: Vec<OptionValue> = part
            .variants
            .iter()
            .filter_map(|variant| OptionValue::parse(variant.id.as_str()).ok())
            .collect();
        let vehicle = (
            root.clone(),
            part.final_item.clone(),
            Quantity::from_units(1),
            Share::ONE,
            Share(0),
            Condition::default(),
        );
        add(vehicle, own.clone());
        for line in &part.bom {
            let (mut condition, mut variants) = (line.condition.clone(), own.clone());
            condition.terms.retain(|term| {
                let names = term.key.as_str() == VARIANT_KEY;
                if names {
                    variants.retain(|variant| term.values.contains(variant));
                }
                !names
            });
            let key = (
                line.parent.clone(),
                line.child.clone(),
                line.qty,
                line.mass_yield,
                line.component_scrap,
                condition,
            );
            add(key, variants);
        }
    }
    let all = book.variants.len();
    let Ok(variant_key) = OptionKey::parse(VARIANT_KEY) else {
        return;
    };
    let line = |(at, key): (usize, Key)| {
        let (parent, child, qty, mass_yield, component_scrap, mut condition) = key;
        let values = holds.get(&at).cloned().unwrap_or_default();
        if values.len() < all {
            let key = variant_key.clone();
            condition.terms.insert(0, Term { key, values });
        }
        BomLine {
            parent,
            child,
            qty,
            condition,
            mass_yield,
            component_scrap,
        }
    };
    book.bom = order.into_iter().enumerate().map(line).collect();
}
