//! An outage as the command line names it: `SUPPLIER@DATE:DAYS`. It must not know orders. Invariant: shipments due
//! in `[from, from + days)` leave on the first day after it (RULES 13).
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use takt_kernel::{Date, SupplierId};

/// An outage of a direct supplier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Disruption {
    /// Who does not ship.
    pub supplier: SupplierId,
    /// The first day without shipments.
    pub from: Date,
    /// How many days.
    pub days: i32,
}

impl Disruption {
    /// The first day on which the supplier ships again.
    pub fn until(&self) -> Date {
        self.from.plus(self.days)
    }

    /// Whether a shipment due on a day has to wait.
    pub fn holds(&self, supplier: &str, on: Date) -> bool {
        self.supplier.as_str() == supplier && self.from <= on && on < self.until()
    }
}

impl FromStr for Disruption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape =
            || format!("{text:?} is not SUPPLIER@DATE:DAYS, for example CATL@2024-06-10:14");
        let (supplier, when) = text.split_once('@').ok_or_else(shape)?;
        let (from, days) = when.split_once(':').ok_or_else(shape)?;
        let supplier = SupplierId::parse(supplier).map_err(|error| error.to_string())?;
        let from = Date::parse(from).map_err(|error| error.to_string())?;
        let days = days.parse::<i32>().map_err(|_| shape())?;
        if !(1..=365).contains(&days) {
            return Err(format!("{text:?}: an outage lasts 1 to 365 days"));
        }
        Ok(Self {
            supplier,
            from,
            days,
        })
    }
}

impl fmt::Display for Disruption {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}:{}", self.supplier, self.from, self.days)
    }
}

impl TryFrom<String> for Disruption {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Disruption> for String {
    fn from(disruption: Disruption) -> Self {
        disruption.to_string()
    }
}

/// The day on which a shipment leaves that is due on `due`, with every outage of its supplier.
pub fn leaves_on(disruptions: &[Disruption], supplier: &str, due: Date) -> Date {
    let mut on = due;
    // An outage may end inside the next one; each turn moves the day forward.
    while let Some(outage) = disruptions.iter().find(|outage| outage.holds(supplier, on)) {
        on = outage.until();
    }
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_read_and_told_back() -> Result<(), String> {
        let outage: Disruption = "CATL@2024-06-10:14".parse()?;
        assert_eq!(outage.to_string(), "CATL@2024-06-10:14");
        assert_eq!(outage.until().to_string(), "2024-06-24");
        for bad in [
            "CATL",
            "CATL@2024-06-10",
            "CATL@2024-06-31:3",
            "@2024-06-10:3",
            "CATL@2024-06-10:0",
            "CATL@2024-06-10:x",
        ] {
            assert!(bad.parse::<Disruption>().is_err(), "{bad}");
        }
        Ok(())
    }

    #[test]
    fn shipments_of_an_outage_leave_together_on_the_day_after_it() -> Result<(), String> {
        let outages = ["CATL@2024-06-10:14".parse()?, "CATL@2024-06-24:2".parse()?];
        let day = |text: &str| Date::parse(text).map_err(|error| error.to_string());
        assert_eq!(
            leaves_on(&outages, "CATL", day("2024-06-09")?),
            day("2024-06-09")?
        );
        assert_eq!(
            leaves_on(&outages, "CATL", day("2024-06-10")?),
            day("2024-06-26")?
        );
        assert_eq!(
            leaves_on(&outages, "CATL", day("2024-06-25")?),
            day("2024-06-26")?
        );
        assert_eq!(
            leaves_on(&outages, "FDB", day("2024-06-12")?),
            day("2024-06-12")?
        );
        Ok(())
    }
}
