//! Lines: what may be shipped of them and what suppliers may say; names of orders.

use takt_kernel::{Date, Quantity};

use super::{Line, LineRefusal, ShipFlaw, Word, order_id, order_key};
use crate::programme::SourceNo;

fn line() -> Line {
    let day = Date::from_epoch_day(19_723);
    Line {
        number: 7,
        source: SourceNo::new(2, 1),
        first_lot: 11,
        lots: 3,
        lot_size: Quantity::from_units(10),
        needed_on: day,
        receipt_on: day,
        ship_on: day,
        released_on: day,
        past_due: false,
        word: Word::Pending,
        shipped: 0,
        received: 0,
        gone: 0,
    }
}

#[test]
fn lots_leave_in_turn_and_not_more_than_were_ordered() {
    let mut line = line();
    assert_eq!(
        line.ship(12, &[10_000]),
        Err(ShipFlaw::OutOfTurn { line: 7, next: 11 })
    );
    assert_eq!(line.ship(11, &[]), Err(ShipFlaw::NoLots { line: 7 }));
    let goods = line.ship(11, &[10_000, 9_500]).unwrap();
    assert_eq!(
        (goods.first_lot.value(), goods.lots, goods.short_lots),
        (2_010_000_011, 2, 1)
    );
    assert_eq!(
        (goods.quantity, goods.short),
        (Quantity(19_500), Quantity(500))
    );
    assert_eq!(
        line.ship(13, &[10_000, 10_000]),
        Err(ShipFlaw::TooMany {
            line: 7,
            lots: 3,
            shipped: 2
        })
    );
    for size in [0, -1, 10_001] {
        assert!(
            matches!(line.ship(13, &[size]), Err(ShipFlaw::Size { .. })),
            "{size}"
        );
    }
    assert_eq!(line.shipped, 2);
    line.ship(13, &[10_000]).unwrap();
    line.received = 3;
    assert!(line.is_closed());
}

#[test]
fn a_supplier_may_change_its_mind_until_it_refuses_or_ships() {
    let mut one = line();
    assert_eq!(one.answer(Word::Accepted), Ok(true));
    assert_eq!(one.answer(Word::Accepted), Ok(false));
    assert_eq!(
        (one.answer(Word::Rejected), one.lost(), one.is_closed()),
        (Ok(true), Quantity::from_units(30), true)
    );
    assert_eq!(
        one.answer(Word::Accepted),
        Err(LineRefusal::Rejected { line: 7 })
    );
    assert_eq!(one.ship(11, &[10_000]), Err(ShipFlaw::Rejected { line: 7 }));
    let mut other = line();
    other.ship(11, &[10_000]).unwrap();
    assert_eq!(
        other.answer(Word::Rejected),
        Err(LineRefusal::Shipped { line: 7, lots: 1 })
    );
    assert_eq!(other.lost(), Quantity::ZERO);
}

#[test]
fn an_order_is_named_by_its_supplier_and_day() {
    let day = Date::from_ymd(2024, 1, 15).unwrap();
    assert_eq!(order_id("SINO-STEEL", day), "PO-SINO-STEEL-20240115");
    assert_eq!(
        order_key("PO-SINO-STEEL-20240115"),
        Some(("SINO-STEEL", day))
    );
    for bad in [
        "PO-X-20240230",
        "PO-X-2024011",
        "PO-X-+0240115",
        "X-20240115",
        "PO-20240115",
        "PO-X-20ß0115",
    ] {
        assert_eq!(order_key(bad), None, "{bad}");
    }
}
