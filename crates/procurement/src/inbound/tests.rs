//! Lots of notices, and what quality may say of a lot.

use takt_kernel::{LotNumber, Quantity};

use super::{
    AsnLine,
    lot::{Lot, LotRefusal, LotState},
};

#[test]
fn the_lots_of_a_notice_are_alike_unless_it_says_otherwise() {
    let alike = AsnLine {
        asn_no: 1,
        line: 1,
        first_lot: LotNumber(2_010_000_004),
        lots: 2,
        quantity: 20_000,
        sizes: vec![],
    };
    assert_eq!(
        alike.each().collect::<Vec<_>>(),
        [
            (LotNumber(2_010_000_004), 10_000),
            (LotNumber(2_010_000_005), 10_000)
        ]
    );
    let short = AsnLine {
        quantity: 17_000,
        sizes: vec![10_000, 7_000],
        ..alike
    };
    assert_eq!(
        short.each().map(|(_, size)| size).collect::<Vec<_>>(),
        [10_000, 7_000]
    );
    assert!(short.has(LotNumber(2_010_000_005)) && !short.has(LotNumber(2_010_000_006)));
}

#[test]
fn only_what_is_in_the_house_can_be_kept_back_or_given_free() {
    let lot = |state| Lot {
        number: LotNumber(2_010_000_001),
        line: 1,
        asn_id: "A".into(),
        maker_lot: String::new(),
        quantity: Quantity(10),
        on_hand: Quantity(10),
        reserved: Quantity(4),
        state,
        received_on: None,
        block_reason: String::new(),
    };
    let mut one = lot(LotState::Quarantine);
    assert_eq!(
        (
            one.block("L", "cracks"),
            one.block("L", "cracks"),
            one.block("L", "rust")
        ),
        (Ok(true), Ok(false), Ok(true))
    );
    assert_eq!(
        (
            one.release("L"),
            one.release("L"),
            one.block_reason.as_str()
        ),
        (Ok(true), Ok(false), "")
    );
    assert_eq!(one.free(), 6);
    let refused = LotRefusal::NotReceived { lot: "L".into() };
    assert_eq!(lot(LotState::Expected).block("L", "x"), Err(refused));
    assert!(
        lot(LotState::Consumed).release("L").is_err()
            && lot(LotState::Discrepant).release("L").is_err()
    );
}
