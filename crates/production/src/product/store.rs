//! The rows of a programme: read as the parts of a product, remembered until another programme is activated.
//!
//! It must not know what the parts mean. Invariant: one product is in use at a time, that of the active import.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use takt_kernel::{Currency, Date, Price, Share};
use takt_planning::sequencing::Rule;
use takt_service::{Call, Deps, Error, Row, Tx};

use super::PartOfPlant;
use super::{
    BomLine, DayEntry, Item, Product, Programme, Shop,
    master::{OperationPart, OptionPart, Parts, VariantPart},
    sequenced::SourcePart,
};
use crate::change::{Change, store::live_fetch};
use crate::import::line::{PAINT_BATCH, RATIO};

/// The tables that an import fills, in the order in which they are emptied.
pub const TABLES: [&str; 19] = [
    "programme",
    "programme_part",
    "shop",
    "item",
    "bom_line",
    "variant",
    "variant_price",
    "reference_option",
    "option_value",
    "operation",
    "calendar_day",
    "ramp_plan_day",
    "milestone",
    "economics",
    "economics_quarter",
    "economics_mix",
    "sequence_rule",
    "item_source",
    "inbound_lane",
];

/// What a product was loaded at: the version of the programme, and how often its changes were changed here.
pub type Version = (i64, u64);

/// A product and what it was loaded at.
type Held = (Version, Arc<Product>);

/// The product in use, loaded when it is first asked for and again after each activation and each engineering change.
#[derive(Clone)]
pub struct ProductCache {
    deps: Deps,
    held: Arc<Mutex<Option<Held>>>,
    changed: Arc<AtomicU64>,
}

impl ProductCache {
    /// A cache that holds nothing yet.
    pub fn new(deps: Deps) -> Self {
        Self {
            deps,
            held: Arc::default(),
            changed: Arc::default(),
        }
    }

    /// Forgets the product, because its engineering changes are others now; what is being loaded meanwhile is not kept.
    pub fn forget(&self) {
        self.changed.fetch_add(1, Ordering::SeqCst);
    }

    /// What the product in use is loaded at.
    pub fn version(&self) -> Version {
        (
            self.deps.programme_version(),
            self.changed.load(Ordering::SeqCst),
        )
    }

    /// The product in use.
    ///
    /// # Errors
    /// `Refused` when the programme cannot be used; what the database said.
    pub async fn get(&self, call: &Call) -> Result<Arc<Product>, Error> {
        if let Some(product) = self.known() {
            return Ok(product);
        }
        let version = self.version();
        let product = self
            .deps
            .store
            .read(call, "product_load", |tx| Box::pin(product_load(tx)))
            .await?;
        Ok(self.keep(version, product))
    }

    /// The product in use, for work that is inside a transaction already.
    ///
    /// # Errors
    /// As [`ProductCache::get`].
    pub async fn get_in(&self, tx: &Tx) -> Result<Arc<Product>, Error> {
        if let Some(product) = self.known() {
            return Ok(product);
        }
        let version = self.version();
        Ok(self.keep(version, product_load(tx).await?))
    }

    fn known(&self) -> Option<Arc<Product>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, product) = held.as_ref()?;
        (*version == self.version()).then(|| Arc::clone(product))
    }

    fn keep(&self, version: Version, product: Product) -> Arc<Product> {
        let product = Arc::new(product);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((version, Arc::clone(&product)));
        product
    }
}

/// Reads all parts and puts them together.
///
/// # Errors
/// `Refused` when they contradict each other; what the database said.
pub async fn product_load(tx: &Tx) -> Result<Product, Error> {
    product_with(tx, None).await
}

/// The product as it would be with one more engineering change.
///
/// # Errors
/// As [`product_load`].
pub async fn product_with(tx: &Tx, change: Option<Change>) -> Result<Product, Error> {
    let mut changes = live_fetch(tx).await?;
    changes.extend(change);
    let parts = Parts {
        programme: programme_fetch(tx).await?,
        shops: shops_fetch(tx).await?,
        items: items_fetch(tx).await?,
        lines: lines_fetch(tx).await?,
        variants: variants_fetch(tx).await?,
        options: options_fetch(tx).await?,
        operations: operations_fetch(tx).await?,
        days: days_fetch(tx).await?,
        ramp: ramp_fetch(tx).await?,
        changes,
        rules: rules_fetch(tx).await?,
        sources: sources_fetch(tx).await?,
        together: parts_fetch(tx).await?,
    };
    Ok(parts.assemble()?)
}

/// Keeps which items every vehicle needs, so that SQL can check that each has its lots.
///
/// # Errors
/// What the database said.
pub async fn universal_items_save(tx: &Tx, product: &Product) -> Result<(), Error> {
    let rows = (0..product.items.len())
        .filter(|item| {
            product.items.get(*item).is_some_and(|known| !known.made) && product.is_universal(*item)
        })
        .map(|item| vec![number_of(item).into()])
        .collect();
    tx.exec("UPDATE item SET universal = 0", vec![]).await?;
    tx.exec_for(
        &["item_no"],
        rows,
        "UPDATE item SET universal = 1 WHERE item_no IN (SELECT item_no FROM v)",
    )
    .await?;
    Ok(())
}

/// The number of an item or variant in rows: its index and one.
pub fn number_of(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX - 1) + 1
}

/// The index of an item or variant in vectors: its number less one.
pub fn index_of(number: i64) -> usize {
    usize::try_from(number - 1).unwrap_or(usize::MAX)
}

/// A date as its column.
pub fn day_of(date: Date) -> i64 {
    i64::from(date.epoch_day())
}

/// A date from its column.
pub fn date_of(day: i64) -> Date {
    let bound = if day < 0 { i32::MIN } else { i32::MAX };
    Date::from_epoch_day(i32::try_from(day).unwrap_or(bound))
}

fn number(row: &Row, at: usize) -> Result<i64, Error> {
    Ok(row.try_get_by_index(at)?)
}

fn text(row: &Row, at: usize) -> Result<String, Error> {
    Ok(row.try_get_by_index(at)?)
}

async fn programme_fetch(tx: &Tx) -> Result<Option<Programme>, Error> {
    let sql = "SELECT programme_id, name, plant_id, plant_supplier_id, time_zone, launch_on, order_from, first_handover_on, last_plan_on, vehicle_item_id, \
               vehicle_count, scale_vehicles, takt_millis, shift_seconds, vin_wmi, vin_model_year, vin_plant_code, priority_option, \
               priority_value FROM programme WHERE programme_no = 1";
    let Some(row) = tx.one(sql, vec![]).await? else {
        return Ok(None);
    };
    Ok(Some(Programme {
        programme_id: text(&row, 0)?,
        name: text(&row, 1)?,
        plant_id: text(&row, 2)?,
        plant_supplier_id: text(&row, 3)?,
        time_zone: text(&row, 4)?,
        launch_on: date_of(number(&row, 5)?),
        order_from: date_of(number(&row, 6)?),
        first_handover_on: date_of(number(&row, 7)?),
        last_plan_on: date_of(number(&row, 8)?),
        vehicle_item_id: text(&row, 9)?,
        vehicle_count: number(&row, 10)?,
        scale_vehicles: number(&row, 11)?,
        takt_millis: number(&row, 12)?,
        shift_seconds: number(&row, 13)?,
        vin_wmi: text(&row, 14)?,
        vin_model_year: text(&row, 15)?,
        vin_plant_code: text(&row, 16)?,
        priority_option: text(&row, 17)?,
        priority_value: text(&row, 18)?,
    }))
}

async fn parts_fetch(tx: &Tx) -> Result<Vec<PartOfPlant>, Error> {
    let sql = "SELECT programme_id, name, launch_on, last_plan_on, variant_ids, vin_wmi, vin_model_year, vin_plant_code FROM programme_part \
               ORDER BY part_no";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(PartOfPlant {
                programme_id: text(row, 0)?,
                name: text(row, 1)?,
                launch_on: date_of(number(row, 2)?),
                last_plan_on: date_of(number(row, 3)?),
                variant_ids: text(row, 4)?.split(',').map(str::to_owned).collect(),
                vin_wmi: text(row, 5)?,
                vin_model_year: text(row, 6)?,
                vin_plant_code: text(row, 7)?,
            })
        })
        .collect()
}

async fn shops_fetch(tx: &Tx) -> Result<Vec<Shop>, Error> {
    let rows = tx
        .rows("SELECT shop_id, is_line FROM shop ORDER BY shop_no", vec![])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Shop {
                shop_id: text(row, 0)?,
                is_line: number(row, 1)? == 1,
            })
        })
        .collect()
}

async fn items_fetch(tx: &Tx) -> Result<Vec<(i64, Item)>, Error> {
    let sql = "SELECT item_no, item_id, name, item_group, unit_code, made, shop_id, unit_cost_micros, currency, serialised, order_yield \
               FROM item ORDER BY item_no";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let currency = Currency::parse(&text(row, 8)?)
                .map_err(|error| Error::broken(format!("item row: {error}")))?;
            let item = Item {
                item_id: text(row, 1)?,
                name: text(row, 2)?,
                group: text(row, 3)?,
                unit_code: text(row, 4)?,
                made: number(row, 5)? == 1,
                shop_id: text(row, 6)?,
                unit_cost: Price::new(number(row, 7)?, currency),
                serialised: number(row, 9)? == 1,
                order_yield: Share(number(row, 10)?),
            };
            Ok((number(row, 0)?, item))
        })
        .collect()
}

async fn lines_fetch(tx: &Tx) -> Result<Vec<BomLine>, Error> {
    let sql = "SELECT parent_item_id, child_item_id, quantity, option_condition, component_scrap FROM bom_line ORDER BY line_no";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(BomLine {
                parent: text(row, 0)?,
                child: text(row, 1)?,
                quantity: number(row, 2)?,
                condition: text(row, 3)?,
                component_scrap: number(row, 4)?,
            })
        })
        .collect()
}

async fn variants_fetch(tx: &Tx) -> Result<Vec<VariantPart>, Error> {
    let mut reference: BTreeMap<i64, BTreeMap<String, String>> = BTreeMap::new();
    for row in tx
        .rows(
            "SELECT variant_no, option_key, option_value FROM reference_option",
            vec![],
        )
        .await?
    {
        reference
            .entry(number(&row, 0)?)
            .or_default()
            .insert(text(&row, 1)?, text(&row, 2)?);
    }
    let rows = tx
        .rows(
            "SELECT variant_no, variant_id, vin_vds, share FROM variant ORDER BY variant_no",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let number_of_variant = number(row, 0)?;
            Ok(VariantPart {
                number: number_of_variant,
                variant_id: text(row, 1)?,
                vin_vds: text(row, 2)?,
                share: number(row, 3)?,
                reference: reference.remove(&number_of_variant).unwrap_or_default(),
            })
        })
        .collect()
}

async fn options_fetch(tx: &Tx) -> Result<Vec<OptionPart>, Error> {
    let sql = "SELECT option_key, value_no, option_value, variant_id, share FROM option_value ORDER BY option_key, value_no, variant_id";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(OptionPart {
                key: text(row, 0)?,
                number: number(row, 1)?,
                value: text(row, 2)?,
                variant_id: text(row, 3)?,
                share: number(row, 4)?,
            })
        })
        .collect()
}

async fn operations_fetch(tx: &Tx) -> Result<Vec<OperationPart>, Error> {
    let sql = "SELECT operation_id, shop_id, variant_ids, cycle_millis, flow_millis, stations FROM operation ORDER BY shop_id, sequence, operation_id";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let variants = text(row, 2)?;
            Ok(OperationPart {
                operation_id: text(row, 0)?,
                shop_id: text(row, 1)?,
                variant_ids: variants
                    .split(',')
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect(),
                cycle_millis: number(row, 3)?,
                flow_millis: number(row, 4)?,
                stations: number(row, 5)?,
            })
        })
        .collect()
}

async fn days_fetch(tx: &Tx) -> Result<Vec<DayEntry>, Error> {
    let sql = "SELECT calendar_on, shifts, capacity, published_delivered FROM calendar_day ORDER BY calendar_on";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(DayEntry {
                on: date_of(number(row, 0)?),
                shifts: number(row, 1)?,
                capacity: number(row, 2)?,
                published_delivered: number(row, 3)?,
            })
        })
        .collect()
}

async fn ramp_fetch(tx: &Tx) -> Result<Vec<(Date, String, i64)>, Error> {
    let rows = tx
        .rows(
            "SELECT calendar_on, variant_id, vehicle_count FROM ramp_plan_day",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((date_of(number(row, 0)?), text(row, 1)?, number(row, 2)?)))
        .collect()
}

async fn rules_fetch(tx: &Tx) -> Result<Vec<Rule>, Error> {
    let sql = "SELECT kind, option_key, option_value, most, span, high FROM sequence_rule ORDER BY rule_no";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let (key, most) = (text(row, 1)?, number(row, 3)?);
            Ok(match number(row, 0)? {
                RATIO => Rule::Ratio {
                    key,
                    value: text(row, 2)?,
                    most,
                    span: number(row, 4)?,
                    high: number(row, 5)? == 1,
                },
                PAINT_BATCH => Rule::PaintBatch { key, most },
                _ => Rule::Objectives(key.split(';').map(str::to_owned).collect()),
            })
        })
        .collect()
}

/// A supplier without an inbound lane is as far as can be.
async fn sources_fetch(tx: &Tx) -> Result<Vec<SourcePart>, Error> {
    let sql = "SELECT s.item_id, s.supplier_id, s.share, MIN(l.transit_millidays) FROM item_source AS s \
               LEFT JOIN inbound_lane AS l ON l.supplier_id = s.supplier_id \
               GROUP BY s.item_id, s.supplier_rank, s.supplier_id, s.share ORDER BY s.item_id, s.supplier_rank";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(SourcePart {
                item_id: text(row, 0)?,
                supplier_id: text(row, 1)?,
                share: number(row, 2)?,
                transit_millidays: row.try_get_by_index(3)?,
            })
        })
        .collect()
}
