//! An outage as the command line names it: `SUPPLIER@DATE:DAYS`. It must not know orders, nor what an outage does.
//! Invariant: what is read is told back as it was.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use takt_kernel::{Date, SupplierId};

/// An outage of a supplier, on any tier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Disruption {
    /// Who makes and ships nothing.
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
}
