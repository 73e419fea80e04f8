//! The conversions between the values on the wire and the kernel's words.
//!
//! It must not decide anything: what a message may hold is checked here, what it means is checked in the domain.
//! Every reader takes `Violations` and the field's name, so that a caller hears of all mistakes in one answer.

use takt_kernel::{Amount, Currency, Date, Price, Quantity, Unit, Violations};

use crate::common::v1 as pb;

/// A date as it stands on the wire.
pub fn date_pb(date: Date) -> pb::Date {
    let (year, month, day) = date.ymd();
    pb::Date {
        year,
        month: month.cast_signed(),
        day: day.cast_signed(),
    }
}

/// An instant in microseconds since 1970 as it stands on the wire.
pub fn instant_pb(micros: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default(),
    }
}

/// A date that must be there.
pub fn date_req(date: Option<&pb::Date>, field: &str, violations: &mut Violations) -> Date {
    match date {
        Some(_) => date_opt(date, field, violations).unwrap_or_default(),
        None => {
            violations.push(field, "a date is missing; give year, month and day");
            Date::default()
        }
    }
}

/// A date of an answer, where nobody is to be told that it is none: left out, or not a day of the calendar.
pub fn date_of(date: Option<&pb::Date>) -> Option<Date> {
    let date = date?;
    Date::from_ymd(
        date.year,
        date.month.cast_unsigned(),
        date.day.cast_unsigned(),
    )
}

/// A date that may be left out.
pub fn date_opt(date: Option<&pb::Date>, field: &str, violations: &mut Violations) -> Option<Date> {
    let parsed = date_of(date);
    let date = date?;
    if parsed.is_none() {
        violations.push(
            field,
            format!(
                "{:04}-{:02}-{:02} is not a day of the calendar",
                date.year, date.month, date.day
            ),
        );
    }
    parsed
}

/// A quantity with its unit as it stands on the wire.
pub fn quantity_pb(quantity: Quantity, unit: Unit) -> pb::Quantity {
    pb::Quantity {
        thousandths: quantity.milli(),
        unit_code: unit.code().to_owned(),
    }
}

/// An amount of money as it stands on the wire.
pub fn money_pb(amount: Amount) -> pb::Money {
    pb::Money {
        currency_code: amount.currency.as_str().to_owned(),
        minor_units: amount.minor,
    }
}

/// A price as it stands on the wire.
pub fn price_pb(price: Price) -> pb::Price {
    pb::Price {
        currency_code: price.currency.as_str().to_owned(),
        micros: price.micros,
    }
}

/// A price that must be there and may not be negative.
pub fn price_req(price: Option<&pb::Price>, field: &str, violations: &mut Violations) -> Price {
    let none = Price {
        micros: 0,
        currency: Currency::USD,
    };
    let Some(price) = price else {
        violations.push(field, "a price is missing; give currency_code and micros");
        return none;
    };
    if price.micros < 0 {
        violations.push(field, format!("the price {} is negative", price.micros));
    }
    match violations.check(field, Currency::parse(&price.currency_code)) {
        Some(currency) => Price {
            micros: price.micros,
            currency,
        },
        None => none,
    }
}

/// Consecutive days of quantities as they stand on the wire.
pub fn day_series(first: Date, thousandths: Vec<i64>) -> pb::DailySeries {
    pb::DailySeries {
        first_date: Some(date_pb(first)),
        thousandths,
    }
}

/// An id of the kernel that must be there and well formed.
pub fn id_req<T: std::str::FromStr>(
    text: &str,
    field: &str,
    violations: &mut Violations,
) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    if text.is_empty() {
        violations.push(field, "an id is missing");
        return None;
    }
    violations.check(field, text.parse::<T>())
}

/// A request id: a UUID made by the caller. What it is for is in the documentation of every mutation.
pub fn request_id(text: &str, field: &str, violations: &mut Violations) -> Option<[u8; 16]> {
    let hex: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let shaped = text.len() == 36
        && [8, 13, 18, 23]
            .iter()
            .all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    let mut id = [0u8; 16];
    let read = hex.len() == 32
        && hex.chunks(2).zip(id.iter_mut()).all(|(pair, byte)| {
            std::str::from_utf8(pair)
                .ok()
                .and_then(|text| u8::from_str_radix(text, 16).ok())
                .map(|value| *byte = value)
                .is_some()
        });
    if !shaped || !read {
        violations.push(field, "give a UUID such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8, made anew for each intent and kept for its retries");
        return None;
    }
    Some(id)
}
