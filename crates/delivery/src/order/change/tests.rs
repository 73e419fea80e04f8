//! What an order becomes, and when it may.

use takt_kernel::Violations;
use takt_service::Refusal;

use super::{
    super::{Order, Queueing, tests::order},
    Change, ChangeState, Side, Wanted, changeable, target,
};
use crate::programme::sample::{catalogue, date, options};

fn of(edition: &str) -> Order {
    let options = options(&[("COLOR", "BLUE"), ("WHEEL", "W21"), ("EDITION", edition)]);
    Order {
        options,
        ..order(Queueing::Open)
    }
}

fn wanted(variant_id: &str, pairs: &[(&str, &str)], city: &str) -> Wanted {
    Wanted {
        on: date("2024-04-01"),
        variant_id: variant_id.into(),
        options: options(pairs),
        city: city.into(),
    }
}

fn fields(order: &Order, wanted: &Wanted) -> Vec<String> {
    let mut violations = Violations::new();
    target(order, wanted, &catalogue(), &mut violations);
    let found = violations.finish().err().unwrap_or_default();
    found.into_iter().map(|found| found.field).collect()
}

#[test]
fn what_is_not_named_stays() {
    let mut violations = Violations::new();
    let grey = wanted("", &[("COLOR", "GREY")], "");
    let target_of = |wanted: &Wanted, violations: &mut Violations| {
        target(&of("FOUNDERS"), wanted, &catalogue(), violations).unwrap()
    };
    let becomes = target_of(&grey, &mut violations);
    assert_eq!(
        becomes.configuration.text,
        "COLOR=GREY;EDITION=FOUNDERS;WHEEL=W21"
    );
    assert_eq!((becomes.variant_id.as_str(), becomes.city), ("MAX", None));
    assert!(becomes.configuration.priority);
    // An STD has no W21, so it has to be named with the variant.
    let other = wanted("STD", &[("WHEEL", "W19"), ("EDITION", "FOUNDERS")], "Xi'an");
    let becomes = target_of(&other, &mut violations);
    assert_eq!(
        (becomes.configuration.variant_no, becomes.city.as_deref()),
        (1, Some("Xi'an"))
    );
    assert!(violations.is_empty());
}

#[test]
fn every_mistake_is_told_at_once() {
    assert_eq!(
        fields(&of("NORMAL"), &wanted("STD", &[], "")),
        ["options[WHEEL]"]
    );
    let all = wanted(
        "MAX",
        &[("COLOR", "PINK"), ("EDITION", "FOUNDERS"), ("ROOF", "X")],
        "Atlantis",
    );
    assert_eq!(
        fields(&of("NORMAL"), &all),
        [
            "options[EDITION]",
            "city",
            "options[COLOR]",
            "options[ROOF]"
        ]
    );
    assert_eq!(
        fields(&of("FOUNDERS"), &wanted("", &[("EDITION", "NORMAL")], "")),
        ["options[EDITION]"]
    );
    let same = wanted("MAX", &[("COLOR", "BLUE")], "Shanghai");
    assert_eq!(fields(&of("NORMAL"), &same), ["variant_id"]);
    assert_eq!(
        fields(&of("NORMAL"), &wanted("ULTRA", &[], "")),
        ["variant_id"]
    );
}

#[test]
fn only_an_open_order_is_changed_and_not_before_what_it_follows() {
    let (day, later) = (date("2024-03-28"), date("2024-04-02"));
    let open = order(Queueing::Open);
    assert_eq!(changeable(&open, day, None), Ok(()));
    let reason = |order: &Order, on, last| changeable(order, on, last).unwrap_err().reason();
    assert_eq!(reason(&open, day.minus(1), None), "CHANGED_TOO_EARLY");
    assert_eq!(reason(&open, day, Some(later)), "CHANGED_TOO_EARLY");
    assert_eq!(changeable(&open, later, Some(later)), Ok(()));
    let built = order(Queueing::Allocated);
    assert_eq!(reason(&built, later, None), "ORDER_ALREADY_BUILT");
    let gone = order(Queueing::Cancelled);
    assert_eq!(reason(&gone, later, None), "ORDER_ALREADY_CANCELLED");
}

#[test]
fn a_change_is_told_by_what_differs() {
    let side = |config_no, variant_no, wheel, lane_no| Side {
        config_no,
        variant_no,
        options: options(&[("COLOR", "BLUE"), ("WHEEL", wheel)]),
        lane_no,
    };
    let mut change = Change {
        order_no: 7,
        number: 1,
        on: date("2024-04-01"),
        state: ChangeState::Done,
        before: side(1, 2, "W21", 80),
        after: side(2, 1, "W19", 90),
    };
    let all = "MAX to STD, WHEEL W21 to W19, Shanghai to Xi'an";
    assert_eq!(change.told(&catalogue()), all);
    assert!(change.is_of_plant());
    // The other lane to the same city is no difference that a customer sees.
    change.after = side(1, 2, "W21", 81);
    assert_eq!(
        (change.told(&catalogue()).as_str(), change.is_of_plant()),
        ("", false)
    );
    assert_eq!(ChangeState::of(3), Some(ChangeState::Refused));
    assert_eq!(ChangeState::of(4), None);
}
