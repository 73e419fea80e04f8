//! The rows of a programme that delivery owns.
//!
//! It must not know the wire. Invariant: rows are written by an import alone.

use takt_service::{Error, Tx};

use super::{
    Catalogue, Lane, Milestone, OptionOffer, Programme, Variant,
    configuration::{options_of, options_text},
};
use crate::rows::{date, day, get};

/// The tables that an import fills.
const TABLES: [&str; 5] = ["lane", "milestone", "option_value", "programme", "variant"];

/// Stores the programme; a second one is a conflict that `programme_count` finds.
pub(crate) async fn programme_add(tx: &Tx, programme: &Programme) -> Result<(), Error> {
    let columns = [
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
    ];
    let row = vec![
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
    ];
    tx.insert_many("programme", &columns, vec![row], "").await?;
    Ok(())
}

/// Stores variants.
pub(crate) async fn variants_add(tx: &Tx, variants: &[Variant]) -> Result<(), Error> {
    let rows = variants.iter().map(|variant| {
        vec![
            variant.number.into(),
            variant.id.as_str().into(),
            variant.name.as_str().into(),
            options_text(&variant.reference).into(),
        ]
    });
    tx.insert_many(
        "variant",
        &["variant_no", "variant_id", "name", "reference"],
        rows.collect(),
        "",
    )
    .await?;
    Ok(())
}

/// Stores values of options.
pub(crate) async fn offers_add(tx: &Tx, offers: &[OptionOffer]) -> Result<(), Error> {
    let rows = offers.iter().map(|offer| {
        vec![
            offer.key.as_str().into(),
            offer.variant_id.as_str().into(),
            offer.value.as_str().into(),
            offer.number.into(),
            offer.share.into(),
        ]
    });
    let columns = ["option_key", "variant_id", "value_id", "value_no", "share"];
    tx.insert_many("option_value", &columns, rows.collect(), "")
        .await?;
    Ok(())
}

/// Stores lanes.
pub(crate) async fn lanes_add(tx: &Tx, lanes: &[Lane]) -> Result<(), Error> {
    let rows = lanes.iter().map(|lane| {
        vec![
            lane.number.into(),
            lane.id.as_str().into(),
            lane.city.as_str().into(),
            lane.mode.as_str().into(),
            lane.distance_km.into(),
            lane.transit_millidays.into(),
            lane.share.into(),
        ]
    });
    let columns = [
        "lane_no",
        "lane_id",
        "city",
        "mode",
        "distance_km",
        "transit_millidays",
        "share",
    ];
    tx.insert_many("lane", &columns, rows.collect(), "").await?;
    Ok(())
}

/// Stores milestones.
pub(crate) async fn milestones_add(tx: &Tx, milestones: &[Milestone]) -> Result<(), Error> {
    let rows = milestones.iter().map(|milestone| {
        vec![
            milestone.number.into(),
            day(milestone.published_on),
            milestone.event.as_str().into(),
            milestone.cumulative_produced.into(),
            milestone.cumulative_delivered.into(),
            milestone.locked_orders.into(),
            milestone.source_kind.as_str().into(),
        ]
    });
    let columns = [
        "milestone_no",
        "published_on",
        "event",
        "cumulative_produced",
        "cumulative_delivered",
        "locked_orders",
        "source_kind",
    ];
    tx.insert_many("milestone", &columns, rows.collect(), "")
        .await?;
    Ok(())
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
    let sql = "SELECT lane_no, lane_id, city, mode, distance_km, transit_millidays, share FROM lane ORDER BY lane_no";
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
