//! The terms of cancelling: whether a customer gets the deposit back.
//!
//! It must not know orders beyond their days. Invariants: terms are set by who owns them and never assumed: while none stand, nothing is
//! said of a deposit; OT-1 at most one set of terms stands.

use takt_contract::{common::v1::Money, date_pb, delivery::v1 as pb};
use takt_kernel::{Currency, Date, Violations};
use takt_service::{Error, Tx};

use crate::rows::get;

/// The longest time for which a deposit comes back: ten years are a slip of the pen already.
const LONGEST: i32 = 3_650;

/// The terms that stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The currency of the deposit.
    pub(crate) currency: String,
    /// The deposit in minor units.
    pub(crate) deposit_minor: i64,
    /// The days after the day of lock for which it comes back.
    pub(crate) refundable_days: i32,
}

impl Terms {
    /// The last day on which a cancellation brings the deposit of an order back.
    pub(crate) fn refundable_until(&self, locked_on: Date) -> Date {
        locked_on.plus(self.refundable_days)
    }

    /// What becomes of the deposit of an order that is cancelled on a day.
    pub(crate) fn outcome(&self, locked_on: Date, cancelled_on: Date) -> pb::DepositOutcome {
        if cancelled_on <= self.refundable_until(locked_on) {
            pb::DepositOutcome::Refunded
        } else {
            pb::DepositOutcome::Kept
        }
    }

    /// The terms as they are answered.
    pub(crate) fn told(&self) -> pb::OrderTerms {
        pb::OrderTerms {
            deposit: Some(Money {
                currency_code: self.currency.clone(),
                minor_units: self.deposit_minor,
            }),
            refundable_days: self.refundable_days,
        }
    }

    /// The answer about a cancelled order by the terms that stand.
    pub(crate) fn cancelled(
        terms: Option<&Self>,
        order: pb::Order,
        locked_on: Date,
        cancelled_on: Date,
    ) -> pb::CancelOrderResponse {
        pb::CancelOrderResponse {
            order: Some(order),
            deposit_outcome: terms
                .map_or(pb::DepositOutcome::Unspecified, |terms| {
                    terms.outcome(locked_on, cancelled_on)
                })
                .into(),
            terms: terms.map(Self::told),
            refundable_until: terms.map(|terms| date_pb(terms.refundable_until(locked_on))),
        }
    }
}

/// Reads the terms that are to stand.
pub(crate) fn terms_req(
    terms: Option<&pb::OrderTerms>,
    violations: &mut Violations,
) -> Option<Terms> {
    let Some(terms) = terms else {
        violations.push(
            "terms",
            "they are missing; give deposit and refundable_days",
        );
        return None;
    };
    let days = terms.refundable_days;
    violations.require(
        (0..=LONGEST).contains(&days),
        "terms.refundable_days",
        format!("{days} is not a number of days from 0 to {LONGEST}"),
    );
    let Some(deposit) = &terms.deposit else {
        violations.push(
            "terms.deposit",
            "it is missing; give currency_code and minor_units, 0 where nothing is paid down",
        );
        return None;
    };
    let field = "terms.deposit.currency_code";
    violations.check(field, Currency::parse(&deposit.currency_code));
    violations.require(
        deposit.minor_units >= 0,
        "terms.deposit.minor_units",
        format!("a deposit of {} is negative", deposit.minor_units),
    );
    Some(Terms {
        currency: deposit.currency_code.clone(),
        deposit_minor: deposit.minor_units,
        refundable_days: days,
    })
}

/// The terms that stand; None while none were set.
pub(crate) async fn terms_fetch(tx: &Tx) -> Result<Option<Terms>, Error> {
    let sql = "SELECT currency, deposit_minor, refundable_days FROM order_terms";
    let row = tx.one(sql, vec![]).await?;
    let read = |row| {
        let days: i64 = get(&row, 2)?;
        Ok(Terms {
            currency: get(&row, 0)?,
            deposit_minor: get(&row, 1)?,
            refundable_days: i32::try_from(days).unwrap_or(i32::MAX),
        })
    };
    row.map(read).transpose()
}

/// Sets the terms.
pub(crate) async fn terms_set(tx: &Tx, terms: &Terms) -> Result<(), Error> {
    let row = vec![
        1i64.into(),
        terms.currency.as_str().into(),
        terms.deposit_minor.into(),
        i64::from(terms.refundable_days).into(),
    ];
    let columns = ["terms_no", "currency", "deposit_minor", "refundable_days"];
    let suffix = "ON CONFLICT (terms_no) DO UPDATE SET currency = excluded.currency, deposit_minor = excluded.deposit_minor, \
                  refundable_days = excluded.refundable_days";
    tx.insert_many("order_terms", &columns, vec![row], suffix)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    fn message(code: &str, minor: i64, days: i32) -> pb::OrderTerms {
        pb::OrderTerms {
            deposit: Some(Money {
                currency_code: code.into(),
                minor_units: minor,
            }),
            refundable_days: days,
        }
    }

    #[test]
    fn a_deposit_comes_back_until_the_last_day_of_the_terms() {
        let mut violations = Violations::new();
        let terms = terms_req(Some(&message("CNY", 500_000, 7)), &mut violations).unwrap();
        assert!(violations.is_empty());
        let locked = date("2024-03-28");
        assert_eq!(terms.refundable_until(locked), date("2024-04-04"));
        for (day, outcome) in [
            ("2024-03-28", pb::DepositOutcome::Refunded),
            ("2024-04-04", pb::DepositOutcome::Refunded),
            ("2024-04-05", pb::DepositOutcome::Kept),
        ] {
            assert_eq!(terms.outcome(locked, date(day)), outcome, "{day}");
        }
        assert_eq!(terms.told(), message("CNY", 500_000, 7));
        let silent = Terms::cancelled(None, pb::Order::default(), locked, locked);
        assert_eq!(
            (
                silent.deposit_outcome(),
                silent.terms,
                silent.refundable_until
            ),
            (pb::DepositOutcome::Unspecified, None, None)
        );
    }

    #[test]
    fn terms_are_refused_by_field() {
        let mut violations = Violations::new();
        assert_eq!(terms_req(None, &mut violations), None);
        terms_req(Some(&pb::OrderTerms::default()), &mut violations);
        terms_req(Some(&message("yuan", -1, -1)), &mut violations);
        let found = violations.finish().unwrap_err();
        let fields: Vec<&str> = found.iter().map(|found| found.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "terms",
                "terms.deposit",
                "terms.refundable_days",
                "terms.deposit.currency_code",
                "terms.deposit.minor_units"
            ]
        );
    }
}
