//! The step from checked rows to a `Programme`. It must not find errors: they have been found. Invariant:
//! what is derived here (ids, day 0, the last day of the plan) is derived from the folder alone.
use super::check::{final_item, plant};
use super::model::{Plant, Programme};
use super::problem::Problems;
use super::read::{Draft, Numbered};
use takt_kernel::{Date, ItemId, PlantId, ProgrammeId, SupplierId};

/// Makes the programme; None only where rows are missing, which an error has told.
pub(super) fn assemble(draft: Draft, warnings: Problems) -> Option<Programme> {
    let parts = parts(&draft)?;
    let sheet = draft.sheet?;
    let planned: i64 = draft.days.iter().map(|day| day.row.planned_total()).sum();
    Some(Programme {
        id: parts.id,
        title: sheet.title,
        plant: Plant {
            id: parts.plant,
            supplier: parts.supplier,
            name: sheet.plant_name,
            city: sheet.city,
            place: sheet.place,
            time_zone: sheet.time_zone,
            takt_ms: sheet.takt_ms,
            shops: sheet.shops,
        },
        vin: sheet.vin,
        order_from: parts.order_from,
        day_zero: parts.day_zero,
        plan_last: parts.plan_last,
        first_handover: parts.first_handover,
        vehicles: sheet.vehicles.unwrap_or(planned),
        variants: sheet.offer.variants,
        features: sheet.offer.features,
        final_item: parts.final_item,
        items: rows(draft.items),
        bom: rows(draft.bom),
        suppliers: rows(draft.suppliers),
        links: rows(draft.links),
        nodes: draft.nodes,
        materials: draft.materials,
        lanes: rows(draft.lanes),
        operations: rows(draft.operations),
        days: rows(draft.days),
        orders: rows(draft.orders),
        sequence_rules: draft.sequence_rules,
        service_cases: draft.service_cases,
        recalls: draft.recalls,
        stakes: draft.stakes,
        co2_factors: draft.co2_factors,
        world: draft.world,
        milestones: sheet.published.milestones,
        published_months: sheet.published.months,
        published_quarters: sheet.published.quarters,
        peers: sheet.published.peers,
        economics: sheet.published.economics,
        parts: Vec::new(),
        warnings,
    })
}

fn rows<T>(numbered: Vec<Numbered<T>>) -> Vec<T> {
    numbered.into_iter().map(|numbered| numbered.row).collect()
}

/// What is derived from several rows.
struct Parts {
    id: ProgrammeId,
    plant: PlantId,
    supplier: SupplierId,
    final_item: ItemId,
    order_from: Date,
    day_zero: Date,
    plan_last: Date,
    first_handover: Date,
}

fn parts(draft: &Draft) -> Option<Parts> {
    let sheet = draft.sheet.as_ref()?;
    let final_item = final_item(draft)?.row.id.clone();
    let supplier = plant(draft)?.clone();
    let first = draft.days.first()?.row.on;
    let delivered = draft
        .days
        .iter()
        .find(|day| day.row.published_delivered.is_some_and(|n| n > 0));
    Some(Parts {
        id: match &sheet.id {
            Some(id) => id.clone(),
            None => ProgrammeId::parse(&final_item.as_str().to_ascii_lowercase()).ok()?,
        },
        plant: PlantId::parse(supplier.as_str()).ok()?,
        supplier,
        final_item,
        order_from: sheet.order_from?,
        day_zero: first.minus(1),
        plan_last: draft
            .days
            .iter()
            .rev()
            .find(|day| day.row.planned_total() > 0)?
            .row
            .on,
        first_handover: sheet
            .first_handover
            .or_else(|| delivered.map(|day| day.row.on))
            .unwrap_or(first),
    })
}
