//! Stock as it stands on the wire.
//!
//! It must not decide anything.

use std::collections::BTreeMap;

use takt_contract::{date_pb, money_pb, procurement::v1 as pb};
use takt_kernel::{LotNumber, Quantity, Violations};

use super::{
    MaterialRefusal, Missing, Need, Reservation, ReservationState, Run,
    ledger::{Entry, EntryKind},
    store::{Reconciled, Total},
    value::ValueDay,
};
use crate::{
    programme::{Bought, Catalogue},
    rows::short,
};

/// What a message needs, in item order, each item once.
pub(super) fn needs_of(
    lines: &[pb::ItemQuantity],
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Vec<Need> {
    let mut needs = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        violations.scope(format!("lines[{place}]"), |violations| {
            violations.require(
                line.thousandths > 0,
                "thousandths",
                "a need is more than nothing",
            );
            if let Some(bought) = catalogue.item_named(&line.item_id, "item_id", violations) {
                let item_no = bought.item.number;
                let need = Need {
                    item_no,
                    quantity: Quantity(line.thousandths),
                };
                violations.require(
                    needs.insert(item_no, need).is_none(),
                    "item_id",
                    format!("{} is there twice", line.item_id),
                );
            }
        });
    }
    needs.into_values().collect()
}

/// What is missing, by the names of items.
pub(super) fn shortage(catalogue: &Catalogue, missing: &[Missing]) -> MaterialRefusal {
    let named = missing.iter().map(|one| {
        let item = catalogue.item_no(one.item_no).map_or_else(
            || one.item_no.to_string(),
            |bought| bought.item.id.to_string(),
        );
        (item, one.needed, one.free)
    });
    MaterialRefusal::Shortage(named.collect())
}

/// Lots of a reservation on the wire, item by item.
pub(super) fn reserved_pb(catalogue: &Catalogue, runs: &[Run]) -> Vec<pb::ReservedItem> {
    let mut items: Vec<(u32, pb::ReservedItem)> = Vec::new();
    for run in runs {
        let item_no = run.first.item_no();
        if items.last().is_none_or(|(last, _)| *last != item_no) {
            let item_id = catalogue
                .item_no(item_no)
                .map(|bought| bought.item.id.to_string())
                .unwrap_or_default();
            items.push((
                item_no,
                pb::ReservedItem {
                    item_id,
                    lots: Vec::new(),
                },
            ));
        }
        if let Some((_, item)) = items.last_mut() {
            item.lots.extend(run.each().map(|lot| pb::ReservedLot {
                lot_id: catalogue.lot_text(lot),
                lot_number: lot.value(),
                thousandths: run.each.milli(),
            }));
        }
    }
    items.into_iter().map(|(_, item)| item).collect()
}

/// A reservation on the wire.
pub(super) fn reservation_pb(reservation: &Reservation) -> pb::Reservation {
    let state = match reservation.state {
        ReservationState::Confirmed => pb::ReservationState::Confirmed,
        ReservationState::Consumed => pb::ReservationState::Consumed,
        ReservationState::Released => pb::ReservationState::Released,
    };
    pb::Reservation {
        reservation_id: reservation.id.clone(),
        build_on: Some(date_pb(reservation.build_on)),
        state: state.into(),
        vehicle_count: short(reservation.vehicles),
        consumed_vehicle_count: short(reservation.consumed),
    }
}

/// The totals of an item on the wire.
pub(super) fn total_pb(bought: &Bought, total: &Total) -> pb::ItemTotal {
    pb::ItemTotal {
        item_id: bought.item.id.to_string(),
        received_thousandths: total.received.milli(),
        issued_thousandths: total.issued.milli(),
        stock_thousandths: total.on_hand.milli(),
        lot_count: total.lots,
        ordered_lot_count: total.ordered_lots,
        first_released_on: total.first_released_on.map(date_pb),
        unit_code: bought.item.unit.code().to_owned(),
        group: bought.item.group.clone(),
        lost_thousandths: total.lost.milli(),
        sources: (bought.sources.iter())
            .map(|source| pb::SourceTotal {
                supplier_id: source.terms.supplier.to_string(),
                ordered_lot_count: (total.by_source.iter())
                    .find(|(number, _)| *number == source.number)
                    .map_or(0, |(_, lots)| *lots),
            })
            .collect(),
    }
}

/// A day's values on the wire.
pub(super) fn value_pb(day: &ValueDay) -> pb::StockValueDay {
    pb::StockValueDay {
        date: Some(date_pb(day.date)),
        received: Some(money_pb(day.received)),
        issued: Some(money_pb(day.issued)),
        stock: Some(money_pb(day.stock)),
    }
}

/// Numbers the entries of each lot through, as they stand on the wire.
#[derive(Debug, Default)]
pub(super) struct EntryNumbers(BTreeMap<LotNumber, i64>);

impl EntryNumbers {
    /// The next entries on the wire: one for each lot of a run.
    pub(super) fn entries_pb(
        &mut self,
        catalogue: &Catalogue,
        entry: &Entry,
    ) -> Vec<pb::LedgerEntry> {
        let kind = match entry.kind {
            EntryKind::Receipt => pb::LedgerKind::Receipt,
            EntryKind::Issue => pb::LedgerKind::Issue,
        };
        let entries = entry.run.each().map(|lot| {
            let number = self.0.entry(lot).or_default();
            *number += 1;
            pb::LedgerEntry {
                entry_number: *number,
                lot_id: catalogue.lot_text(lot),
                kind: kind.into(),
                thousandths: entry.run.each.milli(),
                on: Some(date_pb(entry.on)),
                reservation_id: entry.reservation_id.clone(),
            }
        });
        entries.collect()
    }
}

/// What a comparison found, on the wire.
pub(super) fn reconciled_pb(
    catalogue: &Catalogue,
    found: &Reconciled,
) -> pb::ReconcileStockResponse {
    let item = |number: u32| {
        catalogue
            .item_no(number)
            .map_or_else(|| number.to_string(), |bought| bought.item.id.to_string())
    };
    let items = found
        .item_differences
        .iter()
        .map(|(number, balance, entries)| {
            format!(
                "item {}: the balance is {balance} and its entries say {entries}",
                item(*number)
            )
        });
    let lots = found.lot_differences.iter().map(|(lot, balance, entries)| {
        format!(
            "lot {}: {balance} is on hand and its entries say {entries}",
            catalogue.lot_text(*lot)
        )
    });
    let uncovered = found.uncovered.iter().map(|(build, reservation, reason)| {
        format!("build {build}: its use of reservation {reservation} is not covered, {reason}")
    });
    pb::ReconcileStockResponse {
        item_count: found.items,
        lot_count: found.lots,
        differences: items.chain(lots).chain(uncovered).take(100).collect(),
    }
}
