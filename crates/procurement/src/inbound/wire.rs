//! Notices, receipts and lots as they stand on the wire.
//!
//! It must not decide anything. A notice or receipt that cannot be read is a flaw of its own and leaves the others of
//! its chunk alone.

use std::collections::{BTreeMap, BTreeSet};

use takt_contract::{date_pb, date_req, id_req, procurement::v1 as pb};
use takt_kernel::{AsnId, LotId, LotNumber, Violations};

use super::{
    Asn, AsnLine, Flaw, Notice, NoticeLine, Receipt,
    lot::{Lot, LotState},
    unit::HandlingUnit,
    unit_store::Placed,
};
use crate::{
    programme::{Catalogue, SourceNo},
    rows::short,
};

/// The most characters of a batch's own number.
const MAKER_LOT: usize = 64;
/// The most characters of a serial number.
const SERIAL: usize = 64;

/// A notice in a message.
pub(super) fn notice_of(message: &pb::Asn, catalogue: &Catalogue) -> Result<Notice, Flaw> {
    let mut violations = Violations::new();
    id_req::<AsnId>(&message.asn_id, "asn_id", &mut violations);
    let supplier = catalogue.supplier(&message.supplier_id);
    violations.require(
        supplier.is_some(),
        "supplier_id",
        format!("there is no supplier {:?}", message.supplier_id),
    );
    let shipped_on = date_req(message.shipped_on.as_ref(), "shipped_on", &mut violations);
    let expected_on = date_req(message.expected_on.as_ref(), "expected_on", &mut violations);
    let lines = message.lines.iter().enumerate().map(|(place, line)| {
        let plain =
            line.maker_lot.len() <= MAKER_LOT && !line.maker_lot.chars().any(char::is_control);
        let field = format!("lines[{place}].maker_lot");
        violations.require(
            plain,
            &field,
            format!("it has at most {MAKER_LOT} printable characters"),
        );
        let plain = |serial: &String| {
            (1..=SERIAL).contains(&serial.len()) && !serial.chars().any(char::is_control)
        };
        violations.require(
            line.serial_numbers.iter().all(plain),
            &format!("lines[{place}].serial_numbers"),
            format!("a serial number has 1 to {SERIAL} printable characters"),
        );
        NoticeLine {
            line: line.line_number,
            first_lot: line.first_lot_sequence,
            sizes: line.lot_thousandths.clone(),
            maker_lot: line.maker_lot.clone(),
            serials: line.serial_numbers.clone(),
        }
    });
    let lines = lines.collect();
    let units = units_of(&message.handling_units, &mut violations);
    first_flaw(&message.asn_id, violations)?;
    let supplier_no = supplier.map(|supplier| supplier.number).unwrap_or_default();
    Ok(Notice {
        asn_id: message.asn_id.clone(),
        supplier_no,
        shipped_on,
        expected_on,
        lines,
        units,
    })
}

/// The most characters of a label, and of the name of a packaging.
const LABEL: usize = 35;

fn units_of(units: &[pb::HandlingUnit], violations: &mut Violations) -> Vec<HandlingUnit> {
    let unit = |(place, unit): (usize, &pb::HandlingUnit)| {
        let texts = [
            ("handling_unit_id", &unit.handling_unit_id, 1),
            ("parent_id", &unit.parent_id, 0),
            ("packaging", &unit.packaging, 0),
        ];
        for (name, text, least) in texts {
            let plain =
                (least..=LABEL).contains(&text.len()) && !text.chars().any(char::is_control);
            violations.require(
                plain,
                &format!("handling_units[{place}].{name}"),
                format!("it has {least} to {LABEL} printable characters"),
            );
        }
        let content = |content: &pb::HandlingUnitContent| {
            (
                content.line_number,
                content.lot_sequence,
                content.thousandths,
            )
        };
        HandlingUnit {
            id: unit.handling_unit_id.clone(),
            parent: unit.parent_id.clone(),
            packaging: unit.packaging.clone(),
            contents: unit.contents.iter().map(content).collect(),
        }
    };
    units.iter().enumerate().map(unit).collect()
}

/// A handling unit.
pub(super) fn unit_pb(catalogue: &Catalogue, placed: &Placed) -> pb::HandlingUnitStatus {
    let lot = |(number, _, thousandths): &(LotNumber, i64, i64)| pb::HandlingUnitLot {
        lot_id: catalogue.lot_text(*number),
        thousandths: *thousandths,
    };
    pb::HandlingUnitStatus {
        handling_unit_id: placed.unit.id.clone(),
        parent_id: placed.unit.parent.clone(),
        packaging: placed.unit.packaging.clone(),
        asn_id: placed.asn_id.clone(),
        lots: placed.unit.lots.iter().map(lot).collect(),
    }
}

/// A receipt in a message.
pub(super) fn receipt_of(message: &pb::Receipt) -> Result<Receipt, Flaw> {
    let mut violations = Violations::new();
    id_req::<AsnId>(&message.asn_id, "asn_id", &mut violations);
    let received_on = date_req(message.received_on.as_ref(), "received_on", &mut violations);
    first_flaw(&message.asn_id, violations)?;
    let blocked = message
        .blocked_lot_numbers
        .iter()
        .copied()
        .map(LotNumber)
        .collect();
    Ok(Receipt {
        asn_id: message.asn_id.clone(),
        received_on,
        blocked,
        quarantine: message.quarantine,
        blocked_units: message.blocked_handling_unit_ids.clone(),
    })
}

fn first_flaw(asn_id: &str, violations: Violations) -> Result<(), Flaw> {
    let found = violations.finish().err().unwrap_or_default();
    match found.into_iter().next() {
        Some(first) => Err(Flaw::new(asn_id, first.field, first.description)),
        None => Ok(()),
    }
}

/// What is wrong with a notice, on the wire.
pub(super) fn flaw_pb(flaw: &Flaw) -> pb::RefusedAsn {
    pb::RefusedAsn {
        asn_id: flaw.asn_id.clone(),
        field: flaw.field.clone(),
        reason: flaw.reason.clone(),
    }
}

/// The lots that a message names, each once.
pub(super) fn lots_of(
    names: &[String],
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> BTreeSet<LotNumber> {
    violations.require(
        (1..=1000).contains(&names.len()),
        "lot_ids",
        "name 1 to 1,000 lots",
    );
    let mut lots = BTreeSet::new();
    for (place, name) in names.iter().enumerate() {
        let field = format!("lot_ids[{place}]");
        let Some(id) = violations.check(&field, LotId::parse(name)) else {
            continue;
        };
        match catalogue.lot_number(&id) {
            Some(number) => violations.require(
                lots.insert(number),
                &field,
                format!("{name} is named twice"),
            ),
            None => violations.push(&field, format!("nobody delivers lots such as {name}")),
        }
    }
    lots
}

/// A lot on the wire.
pub(super) fn lot_pb(catalogue: &Catalogue, lot: &Lot) -> pb::Lot {
    let known = catalogue.source(SourceNo::of_lot(lot.number));
    let state = match lot.state {
        LotState::Expected => pb::LotState::Expected,
        LotState::Quarantine => pb::LotState::Quarantine,
        LotState::Released => pb::LotState::Released,
        LotState::Blocked => pb::LotState::Blocked,
        LotState::Consumed => pb::LotState::Consumed,
        LotState::Discrepant => pb::LotState::Discrepant,
        LotState::Lost => pb::LotState::Lost,
    };
    pb::Lot {
        lot_id: catalogue.lot_text(lot.number),
        lot_number: lot.number.value(),
        item_id: known
            .map(|(bought, _, _)| bought.item.id.to_string())
            .unwrap_or_default(),
        supplier_id: known
            .map(|(_, _, supplier)| supplier.id.to_string())
            .unwrap_or_default(),
        line_number: lot.line,
        thousandths: lot.quantity.milli(),
        on_hand_thousandths: lot.on_hand.milli(),
        reserved_thousandths: lot.reserved.milli(),
        state: state.into(),
        received_on: lot.received_on.map(date_pb),
        maker_lot: lot.maker_lot.clone(),
        asn_id: lot.asn_id.clone(),
        block_reason: lot.block_reason.clone(),
    }
}

/// A notice on the wire, with its lots where they are given.
pub(super) fn asn_pb(
    catalogue: &Catalogue,
    asn: &Asn,
    lines: &BTreeMap<i64, Vec<AsnLine>>,
) -> pb::AsnStatus {
    let state = match (asn.received_on, asn.lost_on) {
        (Some(_), _) => pb::AsnState::Received,
        (None, Some(_)) => pb::AsnState::Lost,
        (None, None) => pb::AsnState::InTransit,
    };
    let lots = lines
        .get(&asn.number)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|line| pb::AsnLots {
            line_number: line.line,
            first_lot_number: line.first_lot.value(),
            lot_count: short(line.lots),
            thousandths: line.quantity,
        });
    pb::AsnStatus {
        asn_id: asn.id.clone(),
        supplier_id: catalogue
            .supplier_no(asn.supplier_no)
            .map(|supplier| supplier.id.to_string())
            .unwrap_or_default(),
        shipped_on: Some(date_pb(asn.shipped_on)),
        expected_on: Some(date_pb(asn.expected_on)),
        state: state.into(),
        lot_count: short(asn.lots),
        received_on: asn.received_on.map(date_pb),
        lots: lots.collect(),
        lost_on: asn.lost_on.map(date_pb),
    }
}

/// Goods that were given up, on the wire.
pub(super) fn lost_pb(
    catalogue: &Catalogue,
    asn: &Asn,
    items: &BTreeMap<u32, i64>,
) -> pb::DeclareLostResponse {
    let lost = items.iter().map(|(item_no, thousandths)| pb::LostQuantity {
        item_id: (catalogue.item_no(*item_no))
            .map(|bought| bought.item.id.to_string())
            .unwrap_or_default(),
        thousandths: *thousandths,
    });
    pb::DeclareLostResponse {
        asn: Some(asn_pb(catalogue, asn, &BTreeMap::new())),
        lost: lost.collect(),
    }
}
