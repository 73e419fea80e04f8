//! What becomes of the parts of a day: the lots and serials of each vehicle, and the orders of the feeder shops.
//!
//! It must not know rows or messages. Invariants: lots are used in the order given; every vehicle's every bought item
//! is covered; what a shop made of an item on a day is what the next one used.

use std::collections::BTreeMap;

use takt_kernel::{LotNumber, ParseError, Quantity, Vin};
use takt_planning::{
    bom::release_quantity,
    feature::Config,
    genealogy::{Layer, Range, Serial, Uncovered, User, ranges, serials},
};

use crate::{peers::Reserved, product::Product};

/// The as-built record of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AsBuilt {
    /// Which lot went into which build numbers.
    pub ranges: Vec<Range>,
    /// The pieces with serials.
    pub serials: Vec<Serial>,
    /// How many pieces of a lot with serials are used now.
    pub used: BTreeMap<LotNumber, i64>,
}

/// The order of a shop for one item on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopOrder {
    /// The made item.
    pub item: usize,
    /// What was begun: what came out good over the yield.
    pub released: Quantity,
    /// What came out good, and was used the same day.
    pub made: Quantity,
}

/// What procurement reserved and, beside it, a lot of our own for each order of a shop whose pieces have serials: the
/// shop's order is its lot, numbered by the issue that uses it.
pub fn with_own_lots(
    product: &Product,
    reserved: &Reserved,
    orders: &[ShopOrder],
    issue_no: i64,
) -> Reserved {
    let mut all = reserved.clone();
    for order in orders {
        let known = product.items.get(order.item);
        let number = u32::try_from(order.item + 1).ok();
        // Suppliers have ranks from 1; rank 0 is the plant itself.
        let lot = number.and_then(|number| LotNumber::new(number, 0, issue_no));
        if let Some(lot) = lot.filter(|_| known.is_some_and(|item| item.serialised)) {
            let quantity = order.made;
            all.layers
                .entry(order.item)
                .or_default()
                .push(Layer { lot, quantity });
            let plant = product.programme.plant_supplier_id.clone();
            all.sources.insert((order.item, 0), plant);
        }
    }
    all
}

/// Issues lots to vehicles in build order, the first one being `first_build`. `used` says how many pieces of
/// lots with serials were used before.
///
/// # Errors
/// `Uncovered` when the lots do not cover the vehicles.
pub fn issue(
    product: &Product,
    first_build: i64,
    configs: &[Config],
    reserved: &Reserved,
    used: &BTreeMap<LotNumber, i64>,
) -> Result<AsBuilt, Uncovered> {
    let mut users: Vec<Vec<User>> = vec![Vec::new(); product.items.len()];
    for (seq, config) in (first_build..).zip(configs) {
        for (item, need) in product.recorded(*config) {
            if let Some(users) = users.get_mut(item) {
                users.push(User { seq, need });
            }
        }
    }
    let mut record = AsBuilt::default();
    for (item, users) in users
        .iter()
        .enumerate()
        .filter(|(_, users)| !users.is_empty())
    {
        let mut layers = reserved.layers.get(&item).cloned().unwrap_or_default();
        if product
            .items
            .get(item)
            .is_some_and(|known| known.serialised)
        {
            let before = |lot: &LotNumber| used.get(lot).copied().unwrap_or(0);
            // A lot counted from its first piece is as large as what was used and what is left of it.
            let size = |layer: &Layer| Quantity(layer.quantity.milli() + before(&layer.lot) * 1000);
            let sizes: Vec<Quantity> = layers.iter().map(size).collect();
            let pieces = serials(&mut layers.clone(), &sizes, users)?;
            for piece in &pieces {
                let used = record.used.entry(piece.lot).or_insert(0);
                *used = piece.unit_no.max(*used);
            }
            record.serials.extend(pieces);
        }
        record.ranges.extend(ranges(&mut layers, users)?);
    }
    Ok(record)
}

/// What the shops made for the vehicles of a day.
pub fn shop_orders(product: &Product, configs: &[Config]) -> Vec<ShopOrder> {
    let mut sums = vec![0i64; product.items.len()];
    let mut cache = product.needs();
    for config in configs {
        for (item, need) in &cache.get(&product.bom, *config).made {
            if let Some(sum) = sums.get_mut(*item) {
                *sum += need.milli();
            }
        }
    }
    drop(cache);
    let order = |(item, sum): (usize, i64)| {
        let made = Quantity(sum);
        let order_yield = product.items.get(item)?.order_yield;
        (sum > 0).then_some(ShopOrder {
            item,
            released: release_quantity(made, order_yield)?,
            made,
        })
    };
    sums.into_iter().enumerate().filter_map(order).collect()
}

/// The number of the vehicle with a serial.
///
/// # Errors
/// `ParseError` when the scheme's parts make no number, or the serials are used up.
pub fn vin(product: &Product, variant: usize, serial: i64) -> Result<Vin, ParseError> {
    let programme = &product.programme;
    let one = |text: &str| {
        text.chars()
            .next()
            .filter(|_| text.len() == 1)
            .ok_or_else(|| ParseError::new("VIN scheme", text, "it is one character"))
    };
    let vds = product
        .variants
        .get(variant)
        .map_or("", |variant| variant.vin_vds.as_str());
    let serial = u32::try_from(serial)
        .map_err(|_| ParseError::new("VIN serial", &serial.to_string(), "it has six digits"))?;
    // Programmes that share the plant share its serials, and have their own rules for the rest.
    let (wmi, year, plant) = match product.part_of(variant) {
        Some(part) => (&part.vin_wmi, &part.vin_model_year, &part.vin_plant_code),
        None => (
            &programme.vin_wmi,
            &programme.vin_model_year,
            &programme.vin_plant_code,
        ),
    };
    Vin::assemble(wmi, vds, one(year)?, one(plant)?, serial, 6)
}
