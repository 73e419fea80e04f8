//! Checks that look at many rows together. It must not read files. Invariants: what only makes an item
//! useless is a warning, what makes the programme impossible is an error; published figures are never
//! compared with data.
use super::graph::Graph;
use super::model::{Direction, Item, VARIANT_KEY};
use super::problem::{Log, quote};
use super::read::{Draft, Numbered, REQUIRED};
use std::collections::{HashMap, HashSet};
use takt_kernel::{Currency, ItemId, SupplierId};

/// The group whose made items may be the vehicle.
const FINAL_GROUP: &str = "final";

pub(super) fn check(draft: &Draft, log: &mut Log) {
    cycles(draft, log);
    bill(draft, log);
    direct_links(draft, log);
    lanes(draft, log);
    calendar(draft, log);
    operations(draft, log);
    empty_files(draft, log);
    let economics = draft
        .sheet
        .as_ref()
        .and_then(|sheet| sheet.published.economics.as_ref());
    if let Some(currency) = economics
        .map(|figures| figures.currency)
        .filter(|c| *c != Currency::USD)
    {
        log.error(
            "programme.yaml",
            None,
            format_args!(
                "economics is in {currency}, items.csv in USD; give the figures of economics in USD"
            ),
        );
    }
}

fn bill_graph(draft: &Draft) -> Graph<'_> {
    let mut graph = Graph::default();
    for Numbered { row: line, .. } in &draft.bom {
        graph.edge(line.parent.as_str(), line.child.as_str());
    }
    graph
}

fn cycles(draft: &Draft, log: &mut Log) {
    for cycle in bill_graph(draft).cycles() {
        log.error("bom.csv", None, format_args!("cycle {cycle}"));
    }
    let mut network = Graph::default();
    for Numbered { row: link, .. } in &draft.links {
        network.edge(link.from.as_str(), link.to.as_str());
    }
    for cycle in network.cycles() {
        log.error("supply_edges.csv", None, format_args!("cycle {cycle}"));
    }
}

/// The vehicle: `final_item`, else the first made item of group `final` that is not itself a part.
pub(super) fn final_item(draft: &Draft) -> Option<&Numbered<Item>> {
    if let Some((_, id)) = draft
        .sheet
        .as_ref()
        .and_then(|sheet| sheet.final_item.as_ref())
    {
        return draft.items.iter().find(|item| item.row.id == *id);
    }
    let parts: HashSet<&ItemId> = draft.bom.iter().map(|line| &line.row.child).collect();
    let candidates = || {
        draft
            .items
            .iter()
            .filter(|item| item.row.make && item.row.group == FINAL_GROUP)
    };
    candidates()
        .find(|item| !parts.contains(&item.row.id))
        .or_else(|| candidates().next())
}

fn bill(draft: &Draft, log: &mut Log) {
    if draft.items.is_empty() || draft.bom.is_empty() {
        return;
    }
    let parents: HashSet<&ItemId> = draft.bom.iter().map(|line| &line.row.parent).collect();
    for Numbered { line, row: item } in draft.items.iter().filter(|item| item.row.make) {
        if !parents.contains(&item.id) {
            let id = &item.id;
            log.error(
                "items.csv",
                Some(*line),
                format_args!(
                    "{id} is made and is no parent in bom.csv; add its parts there, or write buy"
                ),
            );
        }
    }
    let Some(root) = final_item(draft) else {
        match draft.sheet.as_ref().and_then(|sheet| sheet.final_item.as_ref()) {
            Some((line, id)) => log.error("programme.yaml", Some(*line), format_args!(
                "final_item {} is not in items.csv", quote(id.as_str())
            )),
            None => log.error("items.csv", None, format_args!(
                "no made item has group {FINAL_GROUP:?}; give the vehicle that group, or name it as final_item in programme.yaml"
            )),
        }
        return;
    };
    let root = &root.row.id;
    let graph = bill_graph(draft);
    let reachable = graph.reachable(root.as_str());
    for Numbered { line, row: item } in draft
        .items
        .iter()
        .filter(|item| !reachable(item.row.id.as_str()))
    {
        let id = &item.id;
        log.warning("items.csv", Some(*line), format_args!(
            "{id} does not go into {root} by any line of bom.csv; it is neither planned nor bought"
        ));
    }
}

/// Links to the plant repeat items.csv, which counts; where they differ, a person should know.
fn direct_links(draft: &Draft, log: &mut Log) {
    let Some(plant) = plant(draft) else { return };
    let mut shares: HashMap<(&ItemId, &SupplierId), _> = HashMap::new();
    for item in draft
        .items
        .iter()
        .map(|item| &item.row)
        .filter(|item| !item.make)
    {
        for agreement in &item.agreements {
            shares.insert((&item.id, &agreement.supplier), agreement.share);
        }
    }
    for Numbered { line, row: link } in draft.links.iter().filter(|link| link.row.to == *plant) {
        let (item, from, share) = (&link.item, &link.from, link.share);
        match shares.get(&(item, from)) {
            None => log.warning(
                "supply_edges.csv",
                Some(*line),
                format_args!("{from} does not supply {item} in items.csv, which counts"),
            ),
            Some(agreed) if (agreed.millionths() - share.millionths()).abs() > 1 => {
                log.warning("supply_edges.csv", Some(*line), format_args!(
                    "share of {from} for {item} is {share} here and {agreed} in items.csv, which counts"
                ));
            }
            Some(_) => {}
        }
    }
}

pub(super) fn plant(draft: &Draft) -> Option<&SupplierId> {
    draft
        .suppliers
        .iter()
        .find(|supplier| supplier.row.tier == 0)
        .map(|supplier| &supplier.row.id)
}

fn lanes(draft: &Draft, log: &mut Log) {
    if draft.lanes.is_empty() {
        return;
    }
    let served: HashSet<&SupplierId> = draft
        .lanes
        .iter()
        .filter_map(|lane| match &lane.row.direction {
            Direction::Inbound { supplier, .. } => Some(supplier),
            Direction::Outbound { .. } => None,
        })
        .collect();
    // A lane or supplier that could not be read would seem to be missing.
    let known: HashSet<&SupplierId> = match log.is_clean("logistics.csv") {
        true => draft
            .suppliers
            .iter()
            .filter(|s| s.row.tier > 0)
            .map(|s| &s.row.id)
            .collect(),
        false => HashSet::new(),
    };
    let mut told = HashSet::new();
    for Numbered { line, row: item } in &draft.items {
        for supplier in item.agreements.iter().map(|agreement| &agreement.supplier) {
            if known.contains(supplier) && !served.contains(supplier) && told.insert(supplier) {
                let id = &item.id;
                log.error("logistics.csv", None, format_args!(
                    "no inbound lane for supplier {supplier}, which supplies {id} (items.csv:{line}); add one"
                ));
            }
        }
    }
    if !draft
        .lanes
        .iter()
        .any(|lane| matches!(lane.row.direction, Direction::Outbound { .. }))
    {
        log.error(
            "logistics.csv",
            None,
            "no outbound lane; vehicles need a way to customers",
        );
    }
}

fn calendar(draft: &Draft, log: &mut Log) {
    let planned = draft.days.iter().any(|day| day.row.planned_total() > 0);
    if !draft.days.is_empty() && !planned {
        log.error("daily.csv", None, "no vehicle is planned on any day");
    }
    if let (Some(first), Some(day)) = (draft.orders.first(), draft.days.first())
        && first.row.on < day.row.on.minus(1)
    {
        let (on, zero) = (first.row.on, day.row.on.minus(1));
        log.error(
            "orders.csv",
            Some(first.line),
            format_args!(
                "orders begin on {on}, before day 0, {zero}; no order is locked before the launch"
            ),
        );
    }
}

fn operations(draft: &Draft, log: &mut Log) {
    let sheet = draft.sheet.as_ref().filter(|sheet| sheet.offer.sound);
    let Some(sheet) = sheet.filter(|_| !draft.operations.is_empty()) else {
        return;
    };
    for variant in &sheet.offer.variants {
        if !draft
            .operations
            .iter()
            .any(|op| op.row.applies_to.contains(&variant.id))
        {
            let id = &variant.id;
            log.error(
                "routing.csv",
                None,
                format_args!(
                    "no operation applies to {VARIANT_KEY}={id}; it would be built by none"
                ),
            );
        }
    }
}

/// Files that exist but hold no row leave a programme that cannot run.
fn empty_files(draft: &Draft, log: &mut Log) {
    let variants = draft.sheet.as_ref().map(|sheet| sheet.offer.variants.len());
    let counts = [
        draft.suppliers.len(),
        draft.items.len(),
        draft.bom.len(),
        draft.lanes.len(),
        draft.operations.len(),
        draft.days.len(),
        draft.orders.len(),
    ];
    for (file, _) in REQUIRED
        .iter()
        .skip(1)
        .zip(counts)
        .filter(|(_, count)| *count == 0)
    {
        // An unusable file has been told already, and so has a sheet without which this one is not read.
        if log.is_clean(file) && draft.sheet.as_ref().is_some_and(|sheet| sheet.offer.sound) {
            log.error(file, None, "has no row; a programme needs at least one");
        }
    }
    if variants == Some(0) && log.is_clean(REQUIRED[0]) {
        log.error(REQUIRED[0], None, "has no variant with a share above 0");
    }
}
