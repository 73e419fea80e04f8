//! The rows of a programme that delivery owns.
//!
//! It must not know the wire. Invariant: rows are written by an import alone.

use takt_service::{Error, MasterTable, Tx, Value};

use super::{
    Catalogue, Lane, Milestone, OptionOffer, Programme, Variant,
    configuration::{options_of, options_text},
};
use crate::rows::{date, day, get};

/// The tables that an import fills.
const TABLES: [&str; 5] = ["lane", "milestone", "option_value", "programme", "variant"];

/// The programme; a second one is a conflict of its key.
pub(crate) const PROGRAMME: MasterTable = MasterTable {
    name: "programme",
    columns: &[
        "programme_no",
        "programme_id",
        "name",
        "plant_id",
        "time_zone",
        "launch_on",
        "first_handover_on",
        "vehicle_count",
        "priority_option",
        "priority_value",
    ],
    key: &["programme_no"],
    number: None,
    refers: None,
    fixed: &["programme_id", "plant_id", "time_zone"],
    computed: &[],
};
/// Variants; orders bear their number.
pub(crate) const VARIANT: MasterTable = MasterTable {
    name: "variant",
    columns: &["variant_no", "variant_id", "name", "reference"],
    key: &["variant_id"],
    number: Some(("variant_no", &[])),
    ..LIKE
};
/// Values of options.
pub(crate) const OPTION_VALUE: MasterTable = MasterTable {
    name: "option_value",
    columns: &["option_key", "variant_id", "value_id", "value_no", "share"],
    key: &["option_key", "variant_id", "value_id"],
    ..LIKE
};
/// Lanes; shipments bear their number.
pub(crate) const LANE: MasterTable = MasterTable {
    name: "lane",
    columns: &[
        "lane_no",
        "lane_id",
        "city",
        "mode",
        "distance_km",
        "transit_millidays",
        "share",
        "cost_micros",
        "cost_currency",
    ],
    key: &["lane_id"],
    number: Some(("lane_no", &[])),
    ..LIKE
};
/// Milestones.
pub(crate) const MILESTONE: MasterTable = MasterTable {
    name: "milestone",
    columns: &[
        "milestone_no",
        "published_on",
        "event",
        "cumulative_produced",
        "cumulative_delivered",
        "locked_orders",
        "source_kind",
    ],
    key: &["published_on", "event"],
    number: Some(("milestone_no", &[])),
    ..LIKE
};
/// What most tables have in common.
const LIKE: MasterTable = MasterTable {
    fixed: &[],
    ..PROGRAMME
};

/// The values of the programme.
pub(crate) fn programme_row(programme: &Programme) -> Vec<Value> {
    vec![
        1i64.into(),
        programme.id.as_str().into(),
        programme.name.as_str().into(),
        programme.plant_id.as_str().into(),
        programme.time_zone.as_str().into(),
        day(programme.launch_on),
        day(programme.first_handover_on),
        programme.vehicle_count.into(),
        programme.priority_option.as_str().into(),
        programme.priority_value.as_str().into(),
    ]
}

/// The values of a variant.
pub(crate) fn variant_row(variant: &Variant) -> Vec<Value> {
    vec![
        variant.number.into(),
        variant.id.as_str().into(),
        variant.name.as_str().into(),
        options_text(&variant.reference).into(),
    ]
}

/// The values of a value of an option.
pub(crate) fn offer_row(offer: &OptionOffer) -> Vec<Value> {
    vec![
        offer.key.as_str().into(),
        offer.variant_id.as_str().into(),
        offer.value.as_str().into(),
        offer.number.into(),
        offer.share.into(),
    ]
}

/// The values of a lane.
pub(crate) fn lane_row(lane: &Lane) -> Vec<Value> {
    vec![
        lane.number.into(),
        lane.id.as_str().into(),
        lane.city.as_str().into(),
        lane.mode.as_str().into(),
        lane.distance_km.into(),
        lane.transit_millidays.into(),
        lane.share.into(),
        lane.cost_micros.into(),
        lane.cost_currency.as_str().into(),
    ]
}

/// The values of a milestone.
pub(crate) fn milestone_row(milestone: &Milestone) -> Vec<Value> {
    vec![
        milestone.number.into(),
        day(milestone.published_on),
        milestone.event.as_str().into(),
        milestone.cumulative_produced.into(),
        milestone.cumulative_delivered.into(),
        milestone.locked_orders.into(),
        milestone.source_kind.as_str().into(),
    ]
}

/// Removes every row of a programme.
pub(crate) async fn programme_clear(tx: &Tx) -> Result<(), Error> {
    for table in TABLES {
        tx.exec(&format!("DELETE FROM {table}"), vec![]).await?;
    }
    Ok(())
}

/// The catalogue as stored.
pub(crate) async fn catalogue_fetch(tx: &Tx) -> Result<Catalogue, Error> {
    Ok(Catalogue::new(
        programme_fetch(tx).await?,
        variants_fetch(tx).await?,
        offers_fetch(tx).await?,
        lanes_fetch(tx).await?,
    ))
}

async fn programme_fetch(tx: &Tx) -> Result<Programme, Error> {
    let sql = "SELECT programme_id, name, plant_id, time_zone, launch_on, first_handover_on, vehicle_count, priority_option, priority_value \
               FROM programme";
    let none = || Error::refused("NO_PROGRAMME", "no programme is imported; import one first");
    let row = tx.one(sql, vec![]).await?.ok_or_else(none)?;
    Ok(Programme {
        id: get(&row, 0)?,
        name: get(&row, 1)?,
        plant_id: get(&row, 2)?,
        time_zone: get(&row, 3)?,
        launch_on: date(&row, 4)?,
        first_handover_on: date(&row, 5)?,
        vehicle_count: get(&row, 6)?,
        priority_option: get(&row, 7)?,
        priority_value: get(&row, 8)?,
    })
}

async fn variants_fetch(tx: &Tx) -> Result<Vec<Variant>, Error> {
    let rows = tx
        .rows(
            "SELECT variant_no, variant_id, name, reference FROM variant ORDER BY variant_no",
            vec![],
        )
        .await?;
    let read = |row| {
        let reference: String = get(row, 3)?;
        Ok(Variant {
            number: get(row, 0)?,
            id: get(row, 1)?,
            name: get(row, 2)?,
            reference: options_of(&reference),
        })
    };
    rows.iter().map(read).collect()
}

async fn offers_fetch(tx: &Tx) -> Result<Vec<OptionOffer>, Error> {
    let sql = "SELECT option_key, variant_id, value_id, value_no, share FROM option_value ORDER BY option_key, variant_id, value_no";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| {
        Ok(OptionOffer {
            key: get(row, 0)?,
            variant_id: get(row, 1)?,
            value: get(row, 2)?,
            number: get(row, 3)?,
            share: get(row, 4)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn lanes_fetch(tx: &Tx) -> Result<Vec<Lane>, Error> {
    let sql = "SELECT lane_no, lane_id, city, mode, distance_km, transit_millidays, share, cost_micros, cost_currency FROM lane ORDER BY lane_no";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| {
        Ok(Lane {
            number: get(row, 0)?,
            id: get(row, 1)?,
            city: get(row, 2)?,
            mode: get(row, 3)?,
            distance_km: get(row, 4)?,
            transit_millidays: get(row, 5)?,
            share: get(row, 6)?,
            cost_micros: get(row, 7)?,
            cost_currency: get(row, 8)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The milestones in the order of the programme.
pub(crate) async fn milestones_fetch(tx: &Tx) -> Result<Vec<Milestone>, Error> {
    let sql = "SELECT milestone_no, published_on, event, cumulative_produced, cumulative_delivered, locked_orders, source_kind \
               FROM milestone ORDER BY milestone_no";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| {
        Ok(Milestone {
            number: get(row, 0)?,
            published_on: date(row, 1)?,
            event: get(row, 2)?,
            cumulative_produced: get(row, 3)?,
            cumulative_delivered: get(row, 4)?,
            locked_orders: get(row, 5)?,
            source_kind: get(row, 6)?,
        })
    };
    rows.iter().map(read).collect()
}
