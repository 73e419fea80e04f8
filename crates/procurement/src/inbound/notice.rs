//! Records a chunk of notices: which may be, what they ship, and what was shipped short.
//!
//! It must not know messages. Invariant: a chunk is a constant number of statements, and what is refused of it leaves
//! no trace.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::LotNumber;
use takt_service::{Error, Tx};

use super::{Flaw, Notice, store, unit::Packing, unit_store};
use crate::{
    material::store::{BalanceChange, balance_add, change},
    programme::{Catalogue, SourceNo},
    purchase_order::{self, Shipped},
    supply::{Cells, store::changes_record},
};

/// A notice with what it ships.
pub(super) struct Accepted<'n> {
    /// The notice.
    pub(super) notice: &'n Notice,
    /// What it ships, line by line.
    pub(super) shipped: Vec<Shipped>,
    /// How it travels.
    pub(super) packing: Packing,
}

/// Takes the serial numbers of a notice; one that another part of its item has is a flaw.
fn unused(
    notice: &Notice,
    packing: &Packing,
    serials: &mut BTreeMap<(u32, String), LotNumber>,
) -> Result<(), Flaw> {
    for (lot, serial) in &packing.serials {
        if let Some(other) = serials.get(&(lot.item_no(), serial.clone())) {
            let reason = format!(
                "serial number {serial} is that of a part of lot {}",
                other.value()
            );
            return Err(Flaw::new(&notice.asn_id, "lines.serial_numbers", reason));
        }
    }
    let own = packing.serials.iter();
    serials.extend(own.map(|(lot, serial)| ((lot.item_no(), serial.clone()), *lot)));
    Ok(())
}

/// Records notices and answers with how many and with what is wrong with the others.
pub(super) async fn notices_record(
    tx: &Tx,
    catalogue: &Catalogue,
    notices: &[Notice],
) -> Result<(usize, Vec<Flaw>), Error> {
    let ids: BTreeSet<&str> = notices
        .iter()
        .map(|notice| notice.asn_id.as_str())
        .collect();
    let mut known = store::asn_ids_known(tx, &ids).await?;
    let wanted: BTreeSet<i64> = notices
        .iter()
        .flat_map(|notice| &notice.lines)
        .map(|line| line.line)
        .collect();
    let mut lines = purchase_order::store::lines_fetch(tx, wanted).await?;
    let parts = notices.iter().flat_map(|notice| &notice.lines);
    let parts: Vec<(u32, &str)> = parts
        .filter_map(|line| Some((lines.get(&line.line)?.source.item_no(), &line.serials)))
        .flat_map(|(item_no, serials)| serials.iter().map(move |serial| (item_no, serial.as_str())))
        .collect();
    let mut serials = unit_store::serials_fetch(tx, parts.into_iter()).await?;
    let (mut accepted, mut flaws) = (Vec::new(), Vec::new());
    for notice in notices {
        if !known.insert(notice.asn_id.clone()) {
            flaws.push(Flaw::new(
                &notice.asn_id,
                "asn_id",
                "a notice with this name is recorded already",
            ));
            continue;
        }
        let supplier_of = |source| {
            catalogue
                .source(source)
                .map(|(_, _, supplier)| supplier.number)
        };
        let unit_of = |lot| {
            let known = catalogue.source(SourceNo::of_lot(lot));
            known.map(|(bought, _, _)| bought.item.unit)
        };
        let taken = notice
            .ship(&lines, supplier_of)
            .and_then(|(shipped, after)| {
                let packing = notice.packing(&shipped, unit_of)?;
                unused(notice, &packing, &mut serials)?;
                Ok((shipped, after, packing))
            });
        match taken {
            Ok((shipped, after, packing)) => {
                lines.extend(after);
                accepted.push(Accepted {
                    notice,
                    shipped,
                    packing,
                });
            }
            Err(flaw) => {
                known.remove(&notice.asn_id);
                flaws.push(flaw);
            }
        }
    }
    store::asns_add(tx, &accepted).await?;
    let mut lots: BTreeMap<i64, i64> = BTreeMap::new();
    let mut lost: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    for shipped in accepted.iter().flat_map(|accepted| &accepted.shipped) {
        *lots.entry(shipped.line).or_default() += shipped.lots;
        change(&mut lost, shipped.first_lot.item_no()).lost += shipped.short.milli();
    }
    let mut supply = Cells::default();
    for accepted in &accepted {
        for shipped in &accepted.shipped {
            if let Some(line) = lines.get(&shipped.line) {
                let left = shipped.quantity.milli() + shipped.short.milli();
                supply.add(line.ordered(), -left);
                supply.add(
                    line.shipped(accepted.notice.expected_on),
                    shipped.quantity.milli(),
                );
            }
        }
    }
    purchase_order::store::shipped_add(tx, &lots).await?;
    balance_add(tx, &lost).await?;
    changes_record(tx, &supply).await?;
    Ok((accepted.len(), flaws))
}
