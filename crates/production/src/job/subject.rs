//! What a job works on: a vehicle, or the order of a feeder shop for an item on a day.
//!
//! It must not know rows or messages. Invariants: a subject has one name and one number; vehicles are positive, by the
//! serial of their number, orders negative.

use takt_kernel::{Date, Vin};

use crate::{
    product::{
        Product,
        store::{date_of, day_of, index_of, number_of},
    },
    vehicle::serial_of,
};

/// Items are numbered below this.
const ITEMS: i64 = 1_000_000;

/// What a job works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The vehicle with a serial.
    Vehicle(i64),
    /// The order of a feeder shop: the day, and the item's index.
    Order(Date, usize),
}

impl Subject {
    /// The number in the database.
    pub fn number(self) -> i64 {
        match self {
            Self::Vehicle(serial) => serial,
            Self::Order(on, item) => -(day_of(on) * ITEMS + number_of(item)),
        }
    }

    /// The subject of a number in the database.
    pub fn of(number: i64) -> Self {
        if number > 0 {
            Self::Vehicle(number)
        } else {
            let number = -number;
            Self::Order(
                date_of(number.div_euclid(ITEMS)),
                index_of(number.rem_euclid(ITEMS)),
            )
        }
    }

    /// The subject of a name, and the number of the vehicle where it is one; none for what names nothing here.
    pub fn parse(product: &Product, text: &str) -> Option<(Self, Option<Vin>)> {
        if let Ok(vin) = Vin::parse(text) {
            return Some((Self::Vehicle(serial_of(&vin)?), Some(vin)));
        }
        let (on, item) = text.split_once('.')?;
        let on = Date::parse(on).ok()?;
        Some((Self::Order(on, product.item(item)?), None))
    }

    /// Its name; a vehicle's is its number.
    pub fn name(self, product: &Product, vin: &str) -> String {
        match self {
            Self::Vehicle(_) => vin.to_owned(),
            Self::Order(on, item) => {
                let item = product
                    .items
                    .get(item)
                    .map_or("", |item| item.item_id.as_str());
                format!("{on}.{item}")
            }
        }
    }
}
