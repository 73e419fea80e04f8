//! Civil dates as days since 1970-01-01, and the one function that turns an instant into a date. It must
//! not read a clock. Invariant: a date lies in the years 0001 to 9999 of the Gregorian calendar.
use crate::parse::ParseError;
use std::fmt;

const KIND: &str = "date";

/// A civil date: days since 1970-01-01. Databases keep the same integer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(i32);

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weekday {
    /// The first day of the ISO week, 0.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth: ISO weeks belong to its year.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last, 6.
    Sunday,
}

const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

impl Date {
    /// 0001-01-01.
    pub const MIN: Self = Self(-719_162);
    /// 9999-12-31.
    pub const MAX: Self = Self(2_932_896);

    /// The date of a year, month and day that exist.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let date = Self(days_from_civil(year, month, day));
        (date.ymd() == (year, month, day)).then_some(date)
    }

    /// Reads `2024-03-28`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let refuse = || ParseError::new(KIND, text, "it is written YYYY-MM-DD and must exist");
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(refuse());
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().try_fold(0i32, |sum, b| {
                b.is_ascii_digit().then(|| sum * 10 + i32::from(b - b'0'))
            })
        };
        match (number(0, 4), number(5, 7), number(8, 10)) {
            (Some(y), Some(m), Some(d)) => {
                Self::from_ymd(y, m.unsigned_abs(), d.unsigned_abs()).ok_or_else(refuse)
            }
            _ => Err(refuse()),
        }
    }

    /// The date of a number of days since 1970-01-01, held within the calendar.
    pub const fn from_epoch_day(day: i32) -> Self {
        if day < Self::MIN.0 {
            Self::MIN
        } else if day > Self::MAX.0 {
            Self::MAX
        } else {
            Self(day)
        }
    }

    /// Days since 1970-01-01.
    pub const fn epoch_day(self) -> i32 {
        self.0
    }

    /// The civil date of an instant (microseconds since 1970-01-01T00:00Z) in a site's time zone: the only
    /// place where an instant becomes a date.
    pub fn of_instant(micros: i64, zone: &Zone) -> Self {
        let instant =
            jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let civil = instant.to_zoned(zone.0.clone()).date();
        let (year, month, day) = (civil.year(), civil.month(), civil.day());
        Self::from_epoch_day(days_from_civil(
            i32::from(year),
            u32::from(month.unsigned_abs()),
            u32::from(day.unsigned_abs()),
        ))
    }

    /// When the day begins in a zone, in microseconds since 1970, and how many minutes the zone is ahead of universal time
    /// then. A day without a midnight begins when the clock goes on.
    pub fn begins_at(self, zone: &Zone) -> (i64, i32) {
        let (year, month, day) = self.ymd();
        let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
        let civil = match parts {
            (Ok(year), Ok(month), Ok(day)) => jiff::civil::Date::new(year, month, day).ok(),
            _ => None,
        };
        let zoned = civil.and_then(|civil| civil.to_zoned(zone.0.clone()).ok());
        zoned.map_or((i64::from(self.0) * 86_400_000_000, 0), |zoned| {
            let offset = zoned.offset().seconds() / 60;
            (zoned.timestamp().as_microsecond(), offset)
        })
    }

    /// `days` later, held within the calendar.
    pub const fn plus(self, days: i32) -> Self {
        Self::from_epoch_day(self.0.saturating_add(days))
    }

    /// `days` earlier, held within the calendar.
    pub const fn minus(self, days: i32) -> Self {
        Self::from_epoch_day(self.0.saturating_sub(days))
    }

    /// How many days this date lies after `other`; negative where it lies before.
    pub const fn days_since(self, other: Self) -> i32 {
        self.0 - other.0
    }

    /// Year, month and day.
    pub fn ymd(self) -> (i32, u32, u32) {
        civil_from_days(self.0)
    }

    /// `2024-03`.
    pub fn month_key(self) -> String {
        let (year, month, _) = self.ymd();
        format!("{year:04}-{month:02}")
    }

    /// `2024Q2`.
    pub fn quarter_key(self) -> String {
        let (year, month, _) = self.ymd();
        format!("{year:04}Q{}", month.div_ceil(3))
    }

    /// `2024-W31`, the week of ISO 8601: it belongs to the year of its Thursday.
    pub fn iso_week(self) -> String {
        let thursday = self.plus(3 - self.weekday() as i32);
        let (year, _, _) = thursday.ymd();
        let week = (thursday.0 - days_from_civil(year, 1, 1)) / 7 + 1;
        format!("{year:04}-W{week:02}")
    }

    /// The Monday of the day's week.
    pub fn monday(self) -> Self {
        self.minus(self.weekday() as i32)
    }

    /// The day of the week; day 0 of the epoch was a Thursday.
    pub fn weekday(self) -> Weekday {
        let index = (self.0 + 3).rem_euclid(7).unsigned_abs() as usize;
        DAYS.get(index).copied().unwrap_or(Weekday::Monday)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        out.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

impl std::str::FromStr for Date {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// Howard Hinnant's `days_from_civil` (chrono-compatible low-level date algorithms).
fn days_from_civil(year: i32, month: u32, day: u32) -> i32 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let shifted = (month as i32 + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day as i32 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of `days_from_civil`.
fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month.unsigned_abs(), day.unsigned_abs())
}

/// A site's IANA time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Universal time.
    pub fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }

    /// The zone of an IANA name such as `Asia/Shanghai`.
    pub fn named(name: &str) -> Result<Self, ParseError> {
        jiff::tz::TimeZone::get(name)
            .map(Self)
            .map_err(|_| ParseError::new("time zone", name, "it is a name of the IANA database"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap_or(Date::MIN)
    }

    #[test]
    fn known_dates() {
        assert_eq!(date("2024-03-28").epoch_day(), 19_810);
        assert_eq!(date("1970-01-01").epoch_day(), 0);
        assert_eq!(date("2024-03-28").plus(230), date("2024-11-13"));
        assert_eq!(date("2024-03-28").weekday(), Weekday::Thursday);
        assert_eq!(date("2024-07-29").iso_week(), "2024-W31");
        assert_eq!(date("2024-12-30").iso_week(), "2025-W01");
        assert_eq!(date("2021-01-03").iso_week(), "2020-W53");
        assert_eq!(
            (
                date("2024-06-30").quarter_key().as_str(),
                date("2024-06-30").month_key().as_str()
            ),
            ("2024Q2", "2024-06")
        );
        assert_eq!(
            (Date::MIN.to_string(), Date::MAX.to_string()),
            ("0001-01-01".into(), "9999-12-31".into())
        );
        for bad in [
            "2023-02-29",
            "2024-13-01",
            "2024-1-01",
            "2024-00-10",
            "28.03.2024",
            "",
            "0000-01-01",
        ] {
            assert!(Date::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_belongs_to_the_site_it_happens_at() -> Result<(), ParseError> {
        let evening = 1_711_641_600_000_000; // 2024-03-28T16:00Z, midnight in Beijing.
        assert_eq!(Date::of_instant(evening, &Zone::utc()), date("2024-03-28"));
        assert_eq!(
            Date::of_instant(evening, &Zone::named("Asia/Shanghai")?),
            date("2024-03-29")
        );
        let begins = date("2024-03-29").begins_at(&Zone::named("Asia/Shanghai")?);
        assert_eq!(begins, (1_711_641_600_000_000, 480));
        assert!(Zone::named("Mars/Olympus").is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn text_and_day_are_inverse(day in Date::MIN.0..=Date::MAX.0) {
            let d = Date::from_epoch_day(day);
            prop_assert_eq!(Date::parse(&d.to_string()), Ok(d));
        }
    }
}
