//! Disruptions: which sites are out, since when and until when. Causes and states are those of Catena-X CX-0146.
//!
//! It must not know rows or messages. Invariants: DI-1 a disruption puts at least one site out, and works again not before it began;
//! the sites are those of the day on which it was declared.

pub(crate) mod parts;
pub(crate) mod rpc;
pub(crate) mod store;
mod wire;

use std::fmt;

use takt_kernel::Date;
use takt_planning::tier::great_circle;
use takt_service::Refusal;

use crate::{
    programme::Catalogue,
    risk::network::{Network, Site},
};

/// Which sites are out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of a supplier.
    Supplier(String),
    /// All of the suppliers within a country, or one of its cities where it is named.
    Region {
        /// The ISO 3166 code.
        country: String,
        /// The city; empty is the whole country.
        city: String,
    },
    /// All of the suppliers around a point.
    Radius {
        /// Latitude and longitude in millionths of a degree.
        place: (i64, i64),
        /// The radius in kilometres.
        km: i64,
    },
    /// All that make parts of a group, or an item.
    Family(String),
    /// One.
    Site {
        /// The supplier.
        supplier: String,
        /// What it makes.
        item: String,
    },
}

/// A disruption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disruption {
    /// Its name.
    pub(crate) id: String,
    /// Which sites are out.
    pub(crate) scope: Scope,
    /// The number of the cause.
    pub(crate) cause: i64,
    /// The first day.
    pub(crate) begins_on: Date,
    /// The first day on which the sites are expected to work again.
    pub(crate) expected_end_on: Option<Date>,
    /// The first day on which they do.
    pub(crate) resolved_on: Option<Date>,
    /// What happened.
    pub(crate) note: String,
    /// What was done.
    pub(crate) measure: String,
    /// The part of what they make that the sites go on making, in millionths.
    pub(crate) remaining: i64,
    /// The sites, by supplier and item.
    pub(crate) sites: Vec<(String, String)>,
}

impl Scope {
    /// The sites that are out, by supplier and item.
    pub(crate) fn sites(&self, network: &Network, catalogue: &Catalogue) -> Vec<(String, String)> {
        let mut sites: Vec<(String, String)> = (network.sites.iter())
            .filter(|site| self.holds(site, catalogue))
            .map(|site| (site.supplier.clone(), site.item.clone()))
            .collect();
        sites.sort_unstable();
        sites
    }

    fn holds(&self, site: &Site, catalogue: &Catalogue) -> bool {
        let supplier = || catalogue.supplier(&site.supplier);
        match self {
            Self::Supplier(id) => site.supplier == *id,
            Self::Site { supplier, item } => site.supplier == *supplier && site.item == *item,
            Self::Family(group) => {
                let bought = catalogue.item(&site.item);
                site.item == *group || bought.is_some_and(|bought| bought.item.group == *group)
            }
            Self::Region { country, city } => supplier().is_some_and(|supplier| {
                supplier.country_code == *country && (city.is_empty() || supplier.city == *city)
            }),
            // Nobody who did not say where he is lies anywhere.
            Self::Radius { place, km } => supplier()
                .filter(|supplier| supplier.place_micro != (0, 0))
                .is_some_and(|supplier| great_circle(*place, supplier.place_micro) <= km * 1000),
        }
    }
}

impl Disruption {
    /// Says that the sites work again.
    pub(crate) fn resolve(&mut self, on: Date, measure: &str) -> Result<(), DisruptionRefusal> {
        if let Some(resolved) = self.resolved_on {
            return Err(DisruptionRefusal::Resolved(self.id.clone(), resolved));
        }
        if on < self.begins_on {
            return Err(DisruptionRefusal::NotBegun(self.id.clone(), self.begins_on));
        }
        self.resolved_on = Some(on);
        self.measure = measure.to_owned();
        Ok(())
    }
}

/// Why a disruption is not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DisruptionRefusal {
    /// It is over.
    Resolved(String, Date),
    /// It begins later.
    NotBegun(String, Date),
}

impl fmt::Display for DisruptionRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolved(id, on) => write!(
                out,
                "disruption {id} was resolved on {on}; declare another one if its sites are out again"
            ),
            Self::NotBegun(id, on) => write!(
                out,
                "disruption {id} begins on {on} and cannot be resolved before; resolve it on that day"
            ),
        }
    }
}

impl Refusal for DisruptionRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Resolved(..) => "DISRUPTION_RESOLVED",
            Self::NotBegun(..) => "DISRUPTION_NOT_BEGUN",
        }
    }
}
