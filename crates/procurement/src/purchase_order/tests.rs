//! Lines: what may be shipped of them and what suppliers may say; names of orders.

use takt_kernel::{Date, Quantity};

use super::{
    Line, ShipFlaw, Word,
    change::{Proposal, Wanted},
    order_id, order_key,
    refusal::LineRefusal,
};
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
        withdrawn: 0,
        version: 1,
        asked_lots: 3,
        asked_on: day,
        accepted_lots: 0,
        answered_on: None,
        proposal: None,
        invoiced: Quantity::ZERO,
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
    let day = Some(one.released_on);
    assert_eq!(one.answer(Word::Accepted, day), Ok(true));
    assert_eq!((one.accepted_lots, one.answered_on), (3, day));
    assert_eq!(one.answer(Word::Accepted, None), Ok(false));
    assert_eq!(
        (one.answer(Word::Rejected, None), one.is_closed()),
        (Ok(true), true)
    );
    assert_eq!((one.withdrawn, one.open()), (3, Quantity::ZERO));
    assert_eq!(
        one.answer(Word::Accepted, None),
        Err(LineRefusal::Rejected { line: 7 })
    );
    assert_eq!(one.ship(11, &[10_000]), Err(ShipFlaw::Rejected { line: 7 }));
    let mut other = line();
    other.ship(11, &[10_000]).unwrap();
    let refused = LineRefusal::Shipped {
        line: 7,
        lots: 1,
        verb: "rejected",
    };
    assert_eq!(other.answer(Word::Rejected, None), Err(refused));
    assert_eq!(other.withdrawn, 0);
}

/// What a buyer wants on the day of the line's order, where goods are under way for two days.
fn wanted(lots: Option<i64>, receipt_in: Option<i32>) -> Wanted {
    let on = line().released_on;
    Wanted {
        lots,
        receipt_on: receipt_in.map(|days| on.plus(days)),
        on,
        transit_days: 2,
        is_last: false,
    }
}

#[test]
fn a_line_is_lowered_to_what_has_left_and_raised_to_what_was_ordered() {
    let mut one = line();
    one.ship(11, &[10_000, 10_000]).unwrap();
    one.received = 1;
    let units = Quantity::from_units;
    let refused = one.change(wanted(Some(1), None)).unwrap_err();
    assert_eq!(
        refused,
        LineRefusal::BelowShipped {
            line: 7,
            wanted: units(10),
            shipped: units(20),
            received: units(10)
        }
    );
    let said = refused.to_string();
    assert!(said.contains("20") && said.contains("10"), "{said}");
    assert_eq!(one.change(wanted(Some(2), None)), Ok(true));
    assert_eq!(
        (one.withdrawn, one.asked_lots, one.word),
        (1, 2, Word::Pending)
    );
    assert!(matches!(
        one.ship(13, &[10_000]),
        Err(ShipFlaw::TooMany { lots: 2, .. })
    ));
    assert_eq!(one.change(wanted(Some(3), None)), Ok(true));
    assert_eq!(one.withdrawn, 0);
    assert!(matches!(
        one.change(wanted(Some(4), None)),
        Err(LineRefusal::AboveOrdered { .. })
    ));
    let last = Wanted {
        is_last: true,
        ..wanted(Some(4), None)
    };
    assert_eq!(
        (one.change(last), one.lots, one.to_ship()),
        (Ok(true), 4, 2)
    );
    assert_eq!(one.change(last), Ok(false));
}

#[test]
fn what_has_not_left_is_moved_to_a_day_on_which_it_can_be_there() {
    let mut one = line();
    let soonest = one.released_on.plus(2);
    assert_eq!(
        one.change(wanted(None, Some(1))),
        Err(LineRefusal::TooEarly {
            line: 7,
            wanted: one.released_on.plus(1),
            soonest
        })
    );
    assert_eq!(one.change(wanted(None, Some(5))), Ok(true));
    assert_eq!(
        (one.receipt_on, one.ship_on, one.asked_on),
        (soonest.plus(3), soonest.plus(1), soonest.plus(3))
    );
    one.ship(11, &[10_000; 3]).unwrap();
    let moved = one.change(wanted(None, Some(9)));
    assert!(matches!(moved, Err(LineRefusal::Shipped { lots: 3, .. })));
    assert!(matches!(one.cancel(), Err(LineRefusal::Shipped { .. })));
}

#[test]
fn a_proposal_changes_nothing_until_it_is_taken() {
    let mut one = line();
    let day = one.receipt_on;
    let proposal = Proposal {
        lots: 2,
        receipt_on: day.plus(4),
        reason: "furnace relined".into(),
    };
    assert_eq!(
        one.decide(true, 2),
        Err(LineRefusal::NothingProposed { line: 7 })
    );
    assert_eq!(one.propose(proposal.clone(), Some(day)), Ok(true));
    assert_eq!(one.propose(proposal.clone(), Some(day)), Ok(false));
    assert_eq!(
        (one.to_ship(), one.receipt_on, one.word),
        (3, day, Word::Proposed)
    );
    one.decide(false, 2).unwrap();
    assert_eq!(
        (one.to_ship(), one.word, &one.proposal),
        (3, Word::Pending, &None)
    );
    one.propose(proposal.clone(), None).unwrap();
    one.decide(true, 2).unwrap();
    assert_eq!((one.to_ship(), one.receipt_on), (2, day.plus(4)));
    // Scorecards go on counting by what was asked for.
    assert_eq!(
        (one.asked_lots, one.asked_on, one.accepted_lots),
        (3, day, 2)
    );
    let more = Proposal {
        lots: 3,
        ..proposal.clone()
    };
    assert!(matches!(
        one.propose(more, None),
        Err(LineRefusal::AboveOrdered { .. })
    ));
    // What left after a proposal was made cannot be given up by taking it.
    let less = Proposal {
        lots: 1,
        ..proposal
    };
    one.propose(less, None).unwrap();
    one.ship(11, &[10_000, 10_000]).unwrap();
    assert!(matches!(
        one.decide(true, 2),
        Err(LineRefusal::BelowShipped { .. })
    ));
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
