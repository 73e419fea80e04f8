//! Which call-offs are wanted, and the call-offs of the frozen days, one day after the other.
//!
//! It must not decide what is called off. Invariant: a day is read once a page, with a constant number of statements.

use std::sync::Arc;

use takt_contract::{date_opt, date_pb, production::v1 as pb, quantity_pb};
use takt_kernel::{Date, Unit, Violations};
use takt_service::{Call, Error};

use super::{
    call_off::{CallOff, FrozenDay, call_offs},
    store::{PlaceRow, places_fetch, sequences_fetch},
};
use crate::{
    Production,
    product::{Product, store::day_of},
    shop_floor::{shift::PlantClock, store::worked_fetch},
};

/// The call-offs that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    from: Option<Date>,
    to: Option<Date>,
    item: Option<usize>,
    supplier_id: String,
}

/// The call-offs of a day on the wire, each with its place and item.
pub(super) type DayCallOffs = (i64, Vec<((usize, usize), pb::CallOff)>);

impl Wanted {
    pub(super) fn new(
        product: &Product,
        (from, to): (
            Option<&takt_contract::common::v1::Date>,
            Option<&takt_contract::common::v1::Date>,
        ),
        item_id: &str,
        supplier_id: &str,
    ) -> Result<Self, Error> {
        let mut violations = Violations::new();
        let from = date_opt(from, "from_date", &mut violations);
        let to = date_opt(to, "to_date", &mut violations);
        violations.finish()?;
        let item = match item_id {
            "" => None,
            known => Some(
                product
                    .item(known)
                    .ok_or_else(|| Error::missing("item", known))?,
            ),
        };
        Ok(Self {
            from,
            to,
            item,
            supplier_id: supplier_id.to_owned(),
        })
    }

    /// All that chooses rows, for the token of a page.
    pub(super) fn arguments(&self) -> String {
        format!("{self:?}")
    }

    /// The day before the first one.
    pub(super) fn before(&self) -> i64 {
        self.from.map_or(i64::MIN, |from| day_of(from) - 1)
    }

    /// The call-offs of the next frozen day after a day; None behind the last one.
    pub(super) async fn next_day(
        &self,
        production: &Production,
        call: &Call,
        product: &Arc<Product>,
        after: i64,
    ) -> Result<Option<DayCallOffs>, Error> {
        let read = production.deps.store.read(call, "call_offs", move |tx| {
            Box::pin(async move {
                let found = sequences_fetch(tx, after, 1).await?;
                let Some(found) = found.into_iter().next() else {
                    return Ok(None);
                };
                let frozen = found.orders.get(..found.frozen).unwrap_or_default();
                let rows = places_fetch(tx, frozen).await?;
                Ok(Some((found, rows, worked_fetch(tx).await?)))
            })
        });
        let Some((found, rows, worked)) = read.await? else {
            return Ok(None);
        };
        if self.to.is_some_and(|to| found.on > to) {
            return Ok(None);
        }
        let day = FrozenDay {
            on: found.on,
            configs: rows.iter().map(|row| row.config).collect(),
            count: found.orders.len(),
        };
        let clock = PlantClock::new(product, &worked);
        let supplier = Some(self.supplier_id.as_str()).filter(|supplier| !supplier.is_empty());
        let all = call_offs(product, &clock, &day, (self.item, supplier));
        let told = all.iter().filter_map(|one| {
            let row = rows.get(one.place)?;
            Some((
                (one.place, one.item),
                call_off_pb(product, found.on, one, row),
            ))
        });
        Ok(Some((day_of(found.on), told.collect())))
    }
}

fn call_off_pb(product: &Product, on: Date, one: &CallOff, row: &PlaceRow) -> pb::CallOff {
    let item = product.items.get(one.item);
    let unit = item.and_then(|item| Unit::from_code(&item.unit_code).ok());
    pb::CallOff {
        date: Some(date_pb(on)),
        sequence_number: i32::try_from(one.place + 1).unwrap_or(i32::MAX),
        item_sequence_number: i32::try_from(one.number).unwrap_or(i32::MAX),
        item_id: item.map_or_else(String::new, |item| item.item_id.clone()),
        supplier_id: one.supplier_id.clone(),
        quantity: Some(quantity_pb(one.quantity, unit.unwrap_or(Unit::Piece))),
        shop_id: item.map_or_else(String::new, |item| item.shop_id.clone()),
        due_second: one.due_second,
        order_id: row.order_id.clone(),
        vin: row.vin.clone(),
    }
}
