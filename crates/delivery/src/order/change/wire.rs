//! Changes of orders between the wire and the domain.
//!
//! It must not decide anything. Invariant: every field of a request is read or refused.

use takt_contract::{common::v1::Money, date_pb, date_req, delivery::v1 as pb, id_req};
use takt_kernel::{OrderId, RequestId, Violations};

use super::{Change, ChangeState, Side, Wanted};
use crate::programme::Catalogue;

/// The longest name that is taken.
const NAME: usize = 64;

/// Reads the parts of a request that do not depend on the order.
pub(crate) fn wanted_of(
    message: &pb::ChangeOrderRequest,
    violations: &mut Violations,
) -> Option<(RequestId, Wanted)> {
    let request_id = id_req::<RequestId>(&message.request_id, "request_id", violations);
    id_req::<OrderId>(&message.order_id, "order_id", violations);
    let on = date_req(message.changed_on.as_ref(), "changed_on", violations);
    for (field, name) in [("variant_id", &message.variant_id), ("city", &message.city)] {
        violations.require(
            name.len() <= NAME,
            field,
            format!("give at most {NAME} bytes"),
        );
    }
    let named = !message.variant_id.is_empty() || !message.city.is_empty();
    violations.require(
        named || !message.options.is_empty(),
        "variant_id",
        "nothing is to be different; give another variant, option or city",
    );
    let wanted = Wanted {
        on,
        variant_id: message.variant_id.clone(),
        options: message.options.clone(),
        city: message.city.clone(),
    };
    Some((request_id?, wanted))
}

/// A change as it is answered.
pub(crate) fn change_pb(change: &Change, catalogue: &Catalogue, kept: bool) -> pb::OrderChange {
    let variant = |side: &Side| {
        let variant = catalogue.variant_at(side.variant_no);
        variant
            .map(|variant| variant.id.clone())
            .unwrap_or_default()
    };
    let city = |side: &Side| {
        let lane = catalogue.lane_at(side.lane_no);
        lane.map(|lane| lane.city.clone()).unwrap_or_default()
    };
    let state = match change.state {
        _ if !kept => pb::OrderChangeState::Unspecified,
        ChangeState::UnderWay => pb::OrderChangeState::UnderWay,
        ChangeState::Done => pb::OrderChangeState::Done,
        ChangeState::Refused => pb::OrderChangeState::Refused,
    };
    pb::OrderChange {
        change_number: i32::try_from(change.number).unwrap_or(i32::MAX),
        changed_on: Some(date_pb(change.on)),
        state: state.into(),
        variant_id_before: variant(&change.before),
        variant_id_after: variant(&change.after),
        options_before: change.before.options.clone(),
        options_after: change.after.options.clone(),
        city_before: city(&change.before),
        city_after: city(&change.after),
    }
}

/// What is paid more after than before; None where one is not known or the currencies differ.
pub(crate) fn difference(before: Option<&Money>, after: Option<&Money>) -> Option<Money> {
    let (before, after) = (before?, after?);
    (before.currency_code == after.currency_code).then(|| Money {
        currency_code: after.currency_code.clone(),
        minor_units: after.minor_units.saturating_sub(before.minor_units),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_needs_one_currency() {
        let money = |code: &str, minor_units| Money {
            currency_code: code.into(),
            minor_units,
        };
        let (std, max) = (money("CNY", 21_590_000), money("CNY", 29_990_000));
        assert_eq!(
            difference(Some(&max), Some(&std)),
            Some(money("CNY", -8_400_000))
        );
        assert_eq!(difference(Some(&max), Some(&money("USD", 1))), None);
        assert_eq!(difference(None, Some(&std)), None);
    }

    #[test]
    fn a_request_is_read_whole() {
        let mut violations = Violations::new();
        assert!(wanted_of(&pb::ChangeOrderRequest::default(), &mut violations).is_none());
        let found = violations.finish().unwrap_err();
        let fields: Vec<&str> = found.iter().map(|found| found.field.as_str()).collect();
        assert_eq!(
            fields,
            ["request_id", "order_id", "changed_on", "variant_id"]
        );
    }
}
