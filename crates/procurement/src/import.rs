//! The rows of a programme that procurement owns: header, suppliers, items, agreements, inbound lanes, and the network
//! of links and nodes.
//!
//! It must not know sessions: the chassis does. Invariants: a row is read whole or refused with its field; what
//! procurement does not own is passed over; a programme with which nothing could be ordered is refused as a whole.

use takt_contract::{
    common::v1::{self as pb, programme_row::Row},
    date_opt, date_req, id_req, price_req,
};
use takt_kernel::{
    ItemId, LaneId, PlantId, ProgrammeId, Quantity, Share, SupplierId, Unit, Violations,
};
use takt_service::{BoxFuture, Error, ImportSink, MasterRows, Revision, Tx, Value};

use crate::{
    programme::{Agreement, Item, Programme, Supplier, store},
    rows::day_opt,
};

/// Takes the rows of a programme.
pub(crate) struct ProgrammeSink;

/// The rows of a chunk that procurement owns.
#[derive(Default)]
struct Staged {
    programmes: Vec<Vec<Value>>,
    suppliers: Vec<Vec<Value>>,
    items: Vec<Vec<Value>>,
    agreements: Vec<Vec<Value>>,
    lanes: Vec<Vec<Value>>,
    links: Vec<Vec<Value>>,
    nodes: Vec<Vec<Value>>,
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
        Box::pin(async move { store::catalogue_fetch(tx).await.map(|_| ()) })
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
            (store::SUPPLIER, staged.suppliers),
            (store::ITEM, staged.items),
            (store::AGREEMENT, staged.agreements),
            (store::LANES, staged.lanes),
            (store::LINKS, staged.links),
            (store::NODES, staged.nodes),
        ];
        Ok(tables
            .map(|(table, rows)| MasterRows { table, rows })
            .into())
    }

    fn revised<'t>(
        &'t self,
        tx: &'t Tx,
        revision: &'t Revision,
    ) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            store::catalogue_fetch(tx).await?;
            let mut violations = Violations::new();
            if revision.touches(store::AGREEMENT.name) {
                for (item, size) in store::lots_of_another_size(tx).await? {
                    let field = format!("agreement {item}.lot_size");
                    let size = Quantity(size);
                    violations.push(&field, format!("orders were made in lots of {size}, and they count as such; keep the size"));
                }
            }
            Ok(violations.finish()?)
        })
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
            Row::Supplier(row) => {
                let supplier = supplier_of(row, violations);
                self.suppliers
                    .extend(supplier.as_ref().map(store::supplier_row));
            }
            Row::Item(row) => {
                let item = item_of(row, violations);
                self.items.extend(item.as_ref().map(store::item_row));
            }
            Row::Agreement(row) => {
                let agreement = agreement_of(row, violations);
                self.agreements
                    .extend(agreement.as_ref().map(store::agreement_row));
            }
            Row::Lane(row) if !row.outbound => self.lanes.push(lane_of(row, violations)),
            Row::Link(row) => self.links.push(link_of(row, violations)),
            Row::Node(row) => self.nodes.push(node_of(row, violations)),
            _ => {}
        }
    }
}

fn programme_of(row: &pb::ProgrammeHeader, violations: &mut Violations) -> Programme {
    id_req::<ProgrammeId>(&row.programme_id, "header.programme_id", violations);
    id_req::<PlantId>(&row.plant_id, "header.plant_id", violations);
    id_req::<SupplierId>(
        &row.plant_supplier_id,
        "header.plant_supplier_id",
        violations,
    );
    Programme {
        id: row.programme_id.clone(),
        name: row.name.clone(),
        plant_id: row.plant_id.clone(),
        plant_supplier_id: row.plant_supplier_id.clone(),
        order_from: date_req(row.order_from.as_ref(), "header.order_from", violations),
        last_plan_on: date_req(
            row.last_plan_date.as_ref(),
            "header.last_plan_date",
            violations,
        ),
    }
}

fn supplier_of(row: &pb::SupplierRow, violations: &mut Violations) -> Option<Supplier> {
    violations.require(
        row.supplier_number > 0,
        "supplier.supplier_number",
        "it counts from 1",
    );
    violations.require(row.tier >= 0, "supplier.tier", "it is negative");
    Some(Supplier {
        number: row.supplier_number.into(),
        id: id_req(&row.supplier_id, "supplier.supplier_id", violations)?,
        name: row.name.clone(),
        country_code: row.country_code.clone(),
        city: row.city.clone(),
        place_micro: (row.latitude_micro_degrees, row.longitude_micro_degrees),
        tier: row.tier.into(),
        description: row.description.clone(),
    })
}

fn item_of(row: &pb::ItemRow, violations: &mut Violations) -> Option<Item> {
    let number = u32::try_from(row.item_number)
        .ok()
        .filter(|number| *number > 0);
    violations.require(number.is_some(), "item.item_number", "it counts from 1");
    let unit = violations.check("item.unit_code", Unit::from_code(&row.unit_code));
    let id = id_req(&row.item_id, "item.item_id", violations);
    Some(Item {
        number: number?,
        id: id?,
        name: row.name.clone(),
        group: row.group.clone(),
        unit: unit?,
        made: row.made,
    })
}

fn agreement_of(row: &pb::AgreementRow, violations: &mut Violations) -> Option<Agreement> {
    let rank = u32::try_from(row.rank)
        .ok()
        .filter(|rank| (1..100).contains(rank));
    violations.require(rank.is_some(), "agreement.rank", "it counts from 1 to 99");
    let share = (0..=Share::ONE.millionths()).contains(&row.share_millionths);
    violations.require(
        share,
        "agreement.share_millionths",
        "it lies between 0 and 1,000,000",
    );
    violations.require(
        row.lot_thousandths > 0,
        "agreement.lot_thousandths",
        "a lot is more than nothing",
    );
    violations.require(
        row.lead_time_days >= 0,
        "agreement.lead_time_days",
        "it is negative",
    );
    let item = id_req(&row.item_id, "agreement.item_id", violations);
    let supplier = id_req(&row.supplier_id, "agreement.supplier_id", violations);
    Some(Agreement {
        price: price_req(row.price.as_ref(), "agreement.price", violations),
        item: item?,
        supplier: supplier?,
        rank: rank?,
        share: Share(row.share_millionths),
        lot: Quantity(row.lot_thousandths),
        lead_days: row.lead_time_days,
    })
}

fn lane_of(row: &pb::LaneRow, violations: &mut Violations) -> Vec<Value> {
    id_req::<LaneId>(&row.lane_id, "lane.lane_id", violations);
    id_req::<SupplierId>(&row.supplier_id, "lane.supplier_id", violations);
    violations.require(row.lane_number > 0, "lane.lane_number", "it counts from 1");
    violations.require(
        row.transit_millidays >= 0,
        "lane.transit_millidays",
        "it is negative",
    );
    violations.require(row.distance_km >= 0, "lane.distance_km", "it is negative");
    vec![
        i64::from(row.lane_number).into(),
        row.lane_id.as_str().into(),
        row.supplier_id.as_str().into(),
        row.from_place.as_str().into(),
        row.to_place.as_str().into(),
        row.mode.as_str().into(),
        row.distance_km.into(),
        row.transit_millidays.into(),
        row.cost.as_ref().map(|cost| cost.micros).into(),
        row.cost
            .as_ref()
            .map(|cost| cost.currency_code.clone())
            .into(),
        row.cost_unit.as_str().into(),
    ]
}

fn link_of(row: &pb::LinkRow, violations: &mut Violations) -> Vec<Value> {
    id_req::<SupplierId>(&row.from_supplier_id, "link.from_supplier_id", violations);
    id_req::<SupplierId>(&row.to_supplier_id, "link.to_supplier_id", violations);
    id_req::<ItemId>(&row.item_id, "link.item_id", violations);
    let share = (0..=Share::ONE.millionths()).contains(&row.share_millionths);
    violations.require(
        share,
        "link.share_millionths",
        "it lies between 0 and 1,000,000",
    );
    violations.require(
        row.quantity_thousandths >= 0,
        "link.quantity_thousandths",
        "it is negative",
    );
    violations.require(
        row.lead_time_days >= 0,
        "link.lead_time_days",
        "it is negative",
    );
    violations.require(
        row.customer_stock_days >= 0,
        "link.customer_stock_days",
        "it is negative",
    );
    let from = date_opt(row.valid_from.as_ref(), "link.valid_from", violations);
    let until = date_opt(row.valid_until.as_ref(), "link.valid_until", violations);
    vec![
        row.from_supplier_id.as_str().into(),
        row.to_supplier_id.as_str().into(),
        row.item_id.as_str().into(),
        row.name.as_str().into(),
        row.into_item_ids.join(";").into(),
        row.share_millionths.into(),
        row.quantity_thousandths.into(),
        i64::from(row.lead_time_days).into(),
        i64::from(row.customer_stock_days).into(),
        day_opt(from),
        day_opt(until),
        row.evidence.as_str().into(),
    ]
}

/// A node; what is not known of it stays unknown, because no code holds a default (RULES 18).
fn node_of(row: &pb::NodeRow, violations: &mut Violations) -> Vec<Value> {
    id_req::<SupplierId>(&row.supplier_id, "node.supplier_id", violations);
    id_req::<ItemId>(&row.item_id, "node.item_id", violations);
    vec![
        row.supplier_id.as_str().into(),
        row.item_id.as_str().into(),
        row.name.as_str().into(),
        row.capacity_per_week_thousandths.into(),
        row.stock_days.map(i64::from).into(),
        row.time_to_recover_days.map(i64::from).into(),
        row.process_hours.into(),
        row.wait_hours.into(),
        row.yield_millionths.into(),
        row.co2e_grams_per_unit.into(),
        row.stock_survives_site_loss.map(i64::from).into(),
    ]
}
