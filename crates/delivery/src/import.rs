//! The rows of a programme that delivery owns: its header, variants, option values, outbound lanes and milestones.
//!
//! It must not know sessions: the chassis does. Invariants: a row is read whole or refused with its field; what
//! delivery does not own is passed over.

use takt_contract::{
    common::v1::{self as pb, programme_row::Row},
    date_req, id_req,
};
use takt_kernel::{LaneId, PlantId, ProgrammeId, VariantId, Violations, Zone};
use takt_service::{BoxFuture, Error, ImportSink, MasterRows, Revision, Tx, Value};

use crate::programme::{Lane, Milestone, OptionOffer, Programme, Variant, option_words, store};
use crate::shipment::LANES;

/// Takes the rows of a programme.
pub(crate) struct ProgrammeSink;

/// The rows of a chunk that delivery owns.
#[derive(Default)]
struct Staged {
    programmes: Vec<Vec<Value>>,
    variants: Vec<Vec<Value>>,
    offers: Vec<Vec<Value>>,
    lanes: Vec<Vec<Value>>,
    milestones: Vec<Vec<Value>>,
}

impl ImportSink for ProgrammeSink {
    fn stage<'t>(&'t self, tx: &'t Tx, rows: &'t [Row]) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            for MasterRows { table, rows } in self.tables(rows)? {
                tx.insert_many(table.name, table.columns, rows, "").await?;
            }
            Ok(())
        })
    }

    fn prepare<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            let mut violations = Violations::new();
            store::catalogue_fetch(tx).await?.check(&mut violations);
            Ok(violations.finish()?)
        })
    }

    fn tables(&self, rows: &[Row]) -> Result<Vec<MasterRows>, Error> {
        let mut staged = Staged::default();
        let mut violations = Violations::new();
        for (place, row) in rows.iter().enumerate() {
            violations.scope(format!("rows[{place}]"), |violations| {
                staged.take(row, violations)
            });
        }
        violations.finish()?;
        let tables = [
            (store::PROGRAMME, staged.programmes),
            (store::VARIANT, staged.variants),
            (store::OPTION_VALUE, staged.offers),
            (store::LANE, staged.lanes),
            (store::MILESTONE, staged.milestones),
        ];
        Ok(tables
            .map(|(table, rows)| MasterRows { table, rows })
            .into())
    }

    fn revised<'t>(&'t self, tx: &'t Tx, _: &'t Revision) -> BoxFuture<'t, Result<(), Error>> {
        self.prepare(tx)
    }

    fn clear<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(store::programme_clear(tx))
    }
}

impl Staged {
    fn take(&mut self, row: &Row, violations: &mut Violations) {
        match row {
            Row::Header(row) => {
                let programme = programme_of(row, violations);
                self.programmes.push(store::programme_row(&programme));
            }
            Row::Variant(row) => {
                let variant = variant_of(row, violations);
                self.variants.push(store::variant_row(&variant));
            }
            Row::OptionValue(row) => {
                let offer = offer_of(row, violations);
                self.offers.push(store::offer_row(&offer));
            }
            Row::Lane(row) if row.outbound => {
                let lane = lane_of(row, violations);
                self.lanes.push(store::lane_row(&lane));
            }
            Row::Milestone(row) => {
                let milestone = milestone_of(row, violations);
                self.milestones.push(store::milestone_row(&milestone));
            }
            _ => {}
        }
    }
}

fn programme_of(row: &pb::ProgrammeHeader, violations: &mut Violations) -> Programme {
    id_req::<ProgrammeId>(&row.programme_id, "header.programme_id", violations);
    id_req::<PlantId>(&row.plant_id, "header.plant_id", violations);
    violations.check("header.time_zone", Zone::named(&row.time_zone));
    violations.require(
        row.priority_option.is_empty() == row.priority_value.is_empty(),
        "header.priority_value",
        "give both, the option and the value that is built first, or none",
    );
    Programme {
        id: row.programme_id.clone(),
        name: row.name.clone(),
        plant_id: row.plant_id.clone(),
        time_zone: row.time_zone.clone(),
        launch_on: date_req(row.launch_date.as_ref(), "header.launch_date", violations),
        first_handover_on: date_req(
            row.first_handover_date.as_ref(),
            "header.first_handover_date",
            violations,
        ),
        vehicle_count: row.vehicle_count,
        priority_option: row.priority_option.clone(),
        priority_value: row.priority_value.clone(),
    }
}

fn variant_of(row: &pb::VariantRow, violations: &mut Violations) -> Variant {
    id_req::<VariantId>(&row.variant_id, "variant.variant_id", violations);
    violations.require(
        row.variant_number > 0,
        "variant.variant_number",
        "it counts from 1",
    );
    Variant {
        number: row.variant_number.into(),
        id: row.variant_id.clone(),
        name: row.name.clone(),
        reference: row.reference_options.clone(),
    }
}

fn offer_of(row: &pb::OptionValueRow, violations: &mut Violations) -> OptionOffer {
    let offer = OptionOffer {
        key: row.option_key.clone(),
        value: row.value.clone(),
        variant_id: row.variant_id.clone(),
        number: row.value_number.into(),
        share: row.share_millionths,
    };
    violations.scope("option_value", |violations| {
        option_words(&offer, violations)
    });
    offer
}

fn lane_of(row: &pb::LaneRow, violations: &mut Violations) -> Lane {
    id_req::<LaneId>(&row.lane_id, "lane.lane_id", violations);
    let numbered = (1..LANES).contains(&i64::from(row.lane_number));
    violations.require(
        numbered,
        "lane.lane_number",
        format!("it counts from 1 and is below {LANES}"),
    );
    violations.require(
        !row.to_place.is_empty(),
        "lane.to_place",
        "the city is missing",
    );
    violations.require(
        row.transit_millidays >= 0,
        "lane.transit_millidays",
        "it is negative",
    );
    violations.require(
        row.share_millionths >= 0,
        "lane.share_millionths",
        "it is negative",
    );
    // A cost for a tonne is not one for a vehicle, and nothing is made of it.
    let cost = row.cost.as_ref().filter(|_| row.cost_unit == "vehicle");
    violations.require(
        cost.is_none_or(|cost| cost.micros >= 0),
        "lane.cost",
        "it is negative",
    );
    Lane {
        cost_micros: cost.map_or(0, |cost| cost.micros),
        cost_currency: cost.map_or_else(String::new, |cost| cost.currency_code.clone()),
        number: row.lane_number.into(),
        id: row.lane_id.clone(),
        city: row.to_place.clone(),
        mode: row.mode.clone(),
        distance_km: row.distance_km,
        transit_millidays: row.transit_millidays,
        share: row.share_millionths,
    }
}

fn milestone_of(row: &pb::MilestoneRow, violations: &mut Violations) -> Milestone {
    violations.require(
        row.milestone_number > 0,
        "milestone.milestone_number",
        "it counts from 1",
    );
    Milestone {
        number: row.milestone_number.into(),
        published_on: date_req(row.date.as_ref(), "milestone.date", violations),
        event: row.event.clone(),
        cumulative_produced: row.cumulative_produced,
        cumulative_delivered: row.cumulative_delivered,
        locked_orders: row.locked_orders,
        source_kind: row.source_kind.clone(),
    }
}
