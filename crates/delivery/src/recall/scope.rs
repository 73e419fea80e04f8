//! The scopes of a recall as they are kept.
//!
//! It must not decide what they name: production reads and judges them. Invariant: what is kept is what was asked for, as one
//! line of JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use takt_contract::{
    date_pb,
    production::v1::{self as pb, exposure_scope::What},
};
use takt_kernel::Date;
use takt_service::Error;

/// What is defective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Lots of an item.
    Lots {
        /// The item.
        item: String,
        /// The lots.
        lots: Vec<String>,
    },
    /// Pieces of an item.
    Serials {
        /// The item.
        item: String,
        /// The first.
        first: String,
        /// The last.
        last: String,
    },
    /// Vehicles by days of completion, as epoch days, and configuration.
    Builds {
        /// The first day.
        from: i32,
        /// The last day.
        through: i32,
        /// The variants.
        variants: Vec<String>,
        /// Values of options.
        options: BTreeMap<String, String>,
    },
    /// Vehicles by shop and seconds.
    Process {
        /// The shop.
        shop: String,
        /// The first second.
        from: i64,
        /// The last second.
        through: i64,
    },
    /// Vehicles by software.
    Software {
        /// The item.
        item: String,
        /// The versions.
        versions: Vec<String>,
    },
}

impl Scope {
    /// A scope as it was asked for; none when nothing was said.
    pub fn of(message: &pb::ExposureScope) -> Option<Self> {
        let day = |date: &Option<takt_contract::common::v1::Date>| {
            takt_contract::date_of(date.as_ref()).map(Date::epoch_day)
        };
        Some(match message.what.clone()? {
            What::Lots(scope) => Self::Lots {
                item: scope.item_id,
                lots: scope.lot_ids,
            },
            What::Serials(scope) => Self::Serials {
                item: scope.item_id,
                first: scope.first_serial_number,
                last: scope.last_serial_number,
            },
            What::Builds(scope) => Self::Builds {
                from: day(&scope.from_date)?,
                through: day(&scope.through_date)?,
                variants: scope.variant_ids,
                options: scope.options,
            },
            What::Process(scope) => Self::Process {
                shop: scope.shop_id,
                from: scope.from_second,
                through: scope.through_second,
            },
            What::Software(scope) => Self::Software {
                item: scope.item_id,
                versions: scope.versions,
            },
        })
    }

    /// The scope for production.
    pub fn message(&self) -> pb::ExposureScope {
        let day = |day: i32| Some(date_pb(Date::from_epoch_day(day)));
        let what = match self.clone() {
            Self::Lots { item, lots } => What::Lots(pb::LotScope {
                item_id: item,
                lot_ids: lots,
            }),
            Self::Serials { item, first, last } => What::Serials(pb::SerialScope {
                item_id: item,
                first_serial_number: first,
                last_serial_number: last,
            }),
            Self::Builds {
                from,
                through,
                variants,
                options,
            } => What::Builds(pb::BuildScope {
                from_date: day(from),
                through_date: day(through),
                variant_ids: variants,
                options,
            }),
            Self::Process {
                shop,
                from,
                through,
            } => What::Process(pb::ProcessScope {
                shop_id: shop,
                from_second: from,
                through_second: through,
            }),
            Self::Software { item, versions } => What::Software(pb::SoftwareScope {
                item_id: item,
                versions,
            }),
        };
        pb::ExposureScope { what: Some(what) }
    }

    /// The text that is kept.
    ///
    /// # Errors
    /// `Broken` when it cannot be written, which no scope does.
    pub fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::broken(format!("scope: {error}")))
    }

    /// Reads the text.
    ///
    /// # Errors
    /// `Broken` when it is none of ours.
    pub fn parse(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|error| Error::broken(format!("scope {text}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_asked_for() {
        let day = |on| Some(date_pb(Date::parse(on).unwrap()));
        let all = [
            What::Lots(pb::LotScope {
                item_id: "BS-01".into(),
                lot_ids: vec!["BS-01.FDB.000001".into()],
            }),
            What::Serials(pb::SerialScope {
                item_id: "AD-01".into(),
                first_serial_number: "a".into(),
                last_serial_number: "b".into(),
            }),
            What::Builds(pb::BuildScope {
                from_date: day("2024-02-06"),
                through_date: day("2024-11-26"),
                variant_ids: vec!["STD".into()],
                options: BTreeMap::from([("COLOR".into(), "AQUA".into())]),
            }),
            What::Process(pb::ProcessScope {
                shop_id: "PAINT".into(),
                from_second: 5,
                through_second: 9,
            }),
            What::Software(pb::SoftwareScope {
                item_id: "AD-01".into(),
                versions: vec!["1.0".into()],
            }),
        ];
        for what in all {
            let asked = pb::ExposureScope { what: Some(what) };
            let kept = Scope::of(&asked).unwrap().text().unwrap();
            assert_eq!(Scope::parse(&kept).unwrap().message(), asked, "{kept}");
        }
        assert_eq!(Scope::of(&pb::ExposureScope::default()), None);
        assert!(Scope::parse("{}").is_err());
    }
}
