//! Changes of the as-built memory inside their transaction: a part is replaced, a record is corrected.
//!
//! It must not know messages, nor decide whether a change contradicts the record: `takt_planning::genealogy` does. Invariant:
//! the clock is held before anything is read, so that what was read is what is changed.

use takt_kernel::{Date, LotId, LotNumber, Quantity};
use takt_planning::genealogy::{
    Correction, Edge, EditRefusal, Fitted, Holdings, Limits, Node, Place, Replacement, Way,
};
use takt_service::{Error, Tx};

use super::{
    AsBuiltRefusal, RecordKind, Site,
    base::Base,
    edges::{edges_fetch, edges_save},
    names::Names,
    records::{NewRecord, Record, clock_hold, etag_of, record_take},
    refs::{Foreign, Ref, foreign_add, lot_is_used, resolve},
    trace::{Known, Scope, edges_of, walk},
};
use crate::{
    product::{
        Product,
        store::{date_of, day_of, number_of},
    },
    vehicle::store::vehicle_fetch,
};

/// A lot that procurement says it has, with the number that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLot {
    /// The lot.
    pub id: LotId,
    /// Its number.
    pub number: LotNumber,
}

/// A part that goes into the record, and who supplied it where it is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPart {
    /// The part.
    pub name: Ref,
    /// Who supplied it; empty where it is known.
    pub supplier: String,
    /// What procurement says of it, where it is a lot that was not used before.
    pub lot: Option<KnownLot>,
}

/// A part is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replace {
    /// The unit.
    pub unit: Ref,
    /// The index of the item.
    pub item: usize,
    /// What is taken out.
    pub removed: Option<Ref>,
    /// What is put in.
    pub installed: Option<NewPart>,
    /// How much; zero for all.
    pub quantity: Quantity,
    /// The day.
    pub on: Date,
    /// Where.
    pub site: Site,
    /// Where the removed part goes.
    pub goes_to: Ref,
    /// Why.
    pub reason: String,
    /// What the caller has seen.
    pub etag: String,
}

/// The record was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correct {
    /// The unit.
    pub unit: Ref,
    /// The index of the item.
    pub item: usize,
    /// What stands in the record.
    pub recorded: Option<Ref>,
    /// A day of the stay that is meant.
    pub at: Option<Date>,
    /// What was there.
    pub actual: Option<NewPart>,
    /// How much; none as it was recorded.
    pub quantity: Option<Quantity>,
    /// The first day.
    pub from: Option<Date>,
    /// The day on which it was taken out.
    pub to: Option<Date>,
    /// Why.
    pub reason: String,
    /// What the caller has seen.
    pub etag: String,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The record.
    pub record: Record,
    /// The unit's entity tag.
    pub etag: String,
    /// The unit by name.
    pub unit: String,
    /// What was taken out, by name; empty for nothing.
    pub removed: String,
    /// What was put in, by name; empty for nothing.
    pub installed: String,
    /// How much, where it is known.
    pub quantity: Quantity,
}

/// How far the units above one are followed.
const ABOVE: Limits = Limits {
    depth: 64,
    visits: 10_000,
};

/// Replaces a part.
///
/// # Errors
/// `Refused` with an `AsBuiltRefusal`, `Stale`, `Missing`; what the database said.
pub async fn replace(tx: &Tx, product: &Product, change: &Replace) -> Result<Changed, Error> {
    let unit = begun(tx, product, &change.unit, &change.etag).await?;
    if let Ref::Vin(vin) = &change.unit {
        let vehicle = vehicle_fetch(tx, vin).await?;
        let left_on = vehicle.dispatched_on;
        let has_left = left_on.is_some_and(|left| left <= change.on);
        if has_left != (change.site == Site::Field) {
            let vin = vehicle.vin;
            let left_on = left_on.filter(|_| has_left);
            return Err(AsBuiltRefusal::WrongSite {
                vin,
                left_on,
                on: change.on,
            }
            .into());
        }
    }
    let removed = match &change.removed {
        Some(name) => Some(found(tx, product, name).await?),
        None => None,
    };
    let goes_to = found(tx, product, &change.goes_to).await?;
    is_unit(goes_to, &change.goes_to)?;
    let installed = match &change.installed {
        Some(part) => Some(entered(tx, product, change.item, part).await?),
        None => None,
    };
    let plan = Replacement {
        unit,
        item: number_of(change.item),
        removed,
        installed,
        quantity: change.quantity,
        goes_to,
        on: day_of(change.on),
    };
    let mut base = Base::default();
    let units = [unit, goes_to];
    let parts: Vec<Node> = removed.into_iter().chain(installed).collect();
    let before = holdings(tx, product, &mut base, &units, &parts).await?;
    let mut after = before.clone();
    let done = after.replace(&plan);
    let old = |edge: &&Edge| {
        (edge.parent, edge.item) == (unit, plan.item)
            && edge.valid.is_open()
            && removed.is_none_or(|part| part == edge.child)
    };
    let gone = before.0.iter().find(old).copied();
    let name = |name: Option<&Ref>| name.map_or_else(|| item_id(product, change.item), Ref::text);
    let removed_name = change.removed.as_ref();
    let installed_name = change.installed.as_ref().map(|part| &part.name);
    let part = match done {
        Err(EditRefusal::Elsewhere(_) | EditRefusal::Scrapped) => name(installed_name),
        _ => name(removed_name),
    };
    said(tx, product, done, &change.unit, part).await?;
    let gone_child = gone.map(|edge| edge.child);
    for (child, parent, part) in [
        (installed, unit, name(installed_name)),
        (gone_child, goes_to, name(removed_name)),
    ] {
        not_inside(tx, product, child, parent, part).await?;
    }
    let new = NewRecord {
        kind: RecordKind::Replacement,
        on: change.on,
        unit: Some(unit),
        site: change.site,
        reason: &change.reason,
        issue: None,
    };
    let parts = (gone_child, installed);
    let changed = written(tx, product, &base, &new, (before, after), parts).await?;
    let all = change.quantity == Quantity::ZERO;
    let quantity = gone.map_or(Quantity::ZERO, |edge| edge.quantity);
    Ok(Changed {
        quantity: if all { quantity } else { change.quantity },
        ..changed
    })
}

/// Corrects the record.
///
/// # Errors
/// `Refused` with an `AsBuiltRefusal`, `Stale`, `Missing`; what the database said.
pub async fn correct(tx: &Tx, product: &Product, change: &Correct) -> Result<Changed, Error> {
    let unit = begun(tx, product, &change.unit, &change.etag).await?;
    let recorded = match &change.recorded {
        Some(name) => Some(found(tx, product, name).await?),
        None => None,
    };
    let actual = match &change.actual {
        Some(part) => Some(entered(tx, product, change.item, part).await?),
        None => None,
    };
    let fitted = actual.map(|part| Fitted {
        part,
        quantity: change.quantity,
        from: change.from.map(day_of),
        to: change.to.map(day_of),
    });
    let plan = Correction {
        unit,
        item: number_of(change.item),
        recorded,
        at: change.at.map(day_of),
        actual: fitted,
    };
    let mut base = Base::default();
    let parts: Vec<Node> = recorded.into_iter().chain(actual).collect();
    let before = holdings(tx, product, &mut base, &[unit], &parts).await?;
    let mut after = before.clone();
    let done = after.correct(&plan);
    let named = match done {
        Err(EditRefusal::Elsewhere(_) | EditRefusal::Scrapped) => {
            change.actual.as_ref().map(|part| part.name.text())
        }
        _ => change.recorded.as_ref().map(Ref::text),
    };
    let part = named.unwrap_or_else(|| item_id(product, change.item));
    said(tx, product, done, &change.unit, part).await?;
    let name = change.actual.as_ref().map(|part| part.name.text());
    not_inside(tx, product, actual, unit, name.unwrap_or_default()).await?;
    // A correction is about the first day that it changes.
    let (closed, opened) = after.clone().against(&before);
    let first = closed.iter().chain(&opened).map(|edge| edge.valid.from);
    let new = NewRecord {
        kind: RecordKind::Correction,
        on: date_of(first.min().unwrap_or_default()),
        unit: Some(unit),
        site: Site::None,
        reason: &change.reason,
        issue: None,
    };
    written(
        tx,
        product,
        &base,
        &new,
        (before, after),
        (recorded, actual),
    )
    .await
}

/// Holds the clock, and finds the unit as the caller has seen it.
async fn begun(tx: &Tx, product: &Product, name: &Ref, etag: &str) -> Result<Node, Error> {
    clock_hold(tx).await?;
    let unit = found(tx, product, name).await?;
    is_unit(unit, name)?;
    if etag.is_empty() || etag == etag_of(tx, unit).await? {
        Ok(unit)
    } else {
        Err(Error::stale("as-built record of", name.text()))
    }
}

fn is_unit(node: Node, name: &Ref) -> Result<(), Error> {
    match node {
        Node::Lot(_) | Node::ForeignLot(_) => Err(AsBuiltRefusal::NoUnit(name.text()).into()),
        _ => Ok(()),
    }
}

async fn found(tx: &Tx, product: &Product, name: &Ref) -> Result<Node, Error> {
    resolve(tx, product, name)
        .await?
        .ok_or_else(|| name.missing())
}

/// The node of a part that goes into the record; one that nobody knows is entered under its supplier.
async fn entered(tx: &Tx, product: &Product, item: usize, part: &NewPart) -> Result<Node, Error> {
    if let Some(lot) = &part.lot {
        let source = vec![
            i64::from(lot.number.item_no()).into(),
            i64::from(lot.number.supplier_rank()).into(),
            lot.id.supplier.as_str().into(),
        ];
        let columns = ["item_no", "supplier_rank", "supplier_id"];
        tx.insert_many(
            "lot_source",
            &columns,
            vec![source],
            "ON CONFLICT DO NOTHING",
        )
        .await?;
        return Ok(Node::Lot(lot.number));
    }
    match resolve(tx, product, &part.name).await? {
        // A lot of ours by its form that was never used, and that procurement does not know, is nobody's.
        Some(Node::Lot(lot)) if !lot_is_used(tx, lot).await? => Err(part.name.missing()),
        Some(node) => Ok(node),
        None if part.supplier.is_empty() => Err(part.name.missing()),
        None => {
            let (number, piece) = match &part.name {
                Ref::Serial(number) => (number, true),
                Ref::Lot(number) => (number, false),
                name => return Err(name.missing()),
            };
            let item_id = item_id(product, item);
            let new = Foreign::fitted(number_of(item), &item_id, &part.supplier, number, piece);
            let nodes = foreign_add(tx, &[new]).await?;
            nodes.first().copied().ok_or_else(|| part.name.missing())
        }
    }
}

fn item_id(product: &Product, item: usize) -> String {
    let item = product.items.get(item);
    item.map_or_else(String::new, |item| item.item_id.clone())
}

/// What is known now of some units and of the whereabouts of some pieces.
async fn holdings(
    tx: &Tx,
    product: &Product,
    base: &mut Base,
    units: &[Node],
    parts: &[Node],
) -> Result<Holdings, Error> {
    // What lies on shelves and in scrap is looked up by part.
    let units: Vec<Node> = units
        .iter()
        .filter(|unit| !matches!(unit, Node::Place(_)))
        .copied()
        .collect();
    let singles: Vec<Node> = parts
        .iter()
        .filter(|part| part.is_single())
        .copied()
        .collect();
    let mut read = edges_of(tx, product, base, Way::Down, &units).await?;
    read.retain(|edge| units.contains(&edge.parent));
    read.extend(edges_fetch(tx, Way::Up, parts).await?);
    let above = base.up(tx, product, &singles).await?;
    read.extend(above.into_iter().filter(|e| singles.contains(&e.child)));
    let mut all: Vec<Edge> = Vec::new();
    for edge in read {
        if !all.contains(&edge) {
            all.push(edge);
        }
    }
    all.retain(|edge| edge.recorded.is_open());
    Ok(Holdings(all))
}

/// Refuses to put a unit into what it holds.
async fn not_inside(
    tx: &Tx,
    product: &Product,
    child: Option<Node>,
    parent: Node,
    part: String,
) -> Result<(), Error> {
    let Some(child) = child.filter(|child| child.is_single()) else {
        return Ok(());
    };
    let scope = Scope {
        as_of: None,
        known: Known::Now,
        ever: false,
        limits: ABOVE,
    };
    let above = walk(
        tx,
        product,
        &mut Base::default(),
        Way::Up,
        &scope,
        &[parent],
    )
    .await?;
    if above.visits().iter().any(|visit| visit.node == child) {
        let names = Names::fetch(tx, [parent]).await?;
        let unit = names.of(product, parent).text().to_owned();
        return Err(AsBuiltRefusal::InsideItself { unit, part }.into());
    }
    Ok(())
}

/// A refusal with the names that a person knows.
async fn said(
    tx: &Tx,
    product: &Product,
    done: Result<(), EditRefusal>,
    unit: &Ref,
    part: String,
) -> Result<(), Error> {
    let Err(why) = done else { return Ok(()) };
    let there = match why {
        EditRefusal::BeforeFitted(on) | EditRefusal::TakenOutLater(on) => date_of(on).to_string(),
        EditRefusal::Elsewhere(Node::Place(Place::Stock)) => "stock".to_owned(),
        EditRefusal::Elsewhere(node) => {
            let names = Names::fetch(tx, [node]).await?;
            names.of(product, node).text().to_owned()
        }
        _ => String::new(),
    };
    let unit = unit.text();
    Err(AsBuiltRefusal::Edit {
        unit,
        part,
        why,
        there,
    }
    .into())
}

async fn written(
    tx: &Tx,
    product: &Product,
    base: &Base,
    new: &NewRecord<'_>,
    (before, after): (Holdings, Holdings),
    (out, into): (Option<Node>, Option<Node>),
) -> Result<Changed, Error> {
    let record = record_take(tx, new).await?;
    let (closed, opened) = after.against(&before);
    edges_save(tx, base, record.number, &closed, &opened).await?;
    let nodes = new.unit.into_iter().chain(out).chain(into);
    let names = Names::fetch(tx, nodes).await?;
    let name = |node: Option<Node>| {
        node.map_or_else(String::new, |node| {
            names.of(product, node).text().to_owned()
        })
    };
    let etag = match new.unit {
        Some(unit) => etag_of(tx, unit).await?,
        None => String::new(),
    };
    Ok(Changed {
        etag,
        unit: name(new.unit),
        removed: name(out),
        installed: name(into),
        quantity: Quantity::ZERO,
        record,
    })
}
