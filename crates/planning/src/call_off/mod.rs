//! Delivery call-offs under a scheduling agreement: cumulative quantities, zones of commitment, and what a buyer owes who
//! ends it. It must not know suppliers, orders or messages. Units: thousandths of a base unit, calendar days. Invariants:
//! every cumulative counts from the same reset date; a line's cumulative is what was received and all that is still to come
//! through it, so what is under way is in it and a supplier takes off what it has shipped; what was authorised once stays
//! authorised until it is shipped, however little a later release asks for.
//!
//! Sources: VDA 4905 (Lieferabruf: Fortschrittszahlen, Fertigungs- und Materialfreigabe) and VDA 4915; UN/EDIFACT DELFOR, data
//! element 4017 (1 firm, 2 commitment for manufacturing and material, 3 commitment for material, 4 planning).
use takt_kernel::{Date, Quantity};

#[cfg(test)]
mod tests;

/// How far a buyer has bound itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// To be delivered: finished goods are owed.
    Firm,
    /// The supplier may make it: finished goods are owed.
    Fabrication,
    /// The supplier may buy what it is made of: raw material is owed.
    Material,
    /// A forecast, for which nothing is owed.
    Forecast,
}

/// How many days ahead each zone goes; each ends on its last day, and none ends before the one inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zones {
    firm: i32,
    fabrication: i32,
    material: i32,
}

/// The longest zone, ten years of days.
const MOST_DAYS: i32 = 3650;

impl Zones {
    /// Zones of so many days; None where they do not lie inside each other or are no days at all.
    pub fn new(firm: i32, fabrication: i32, material: i32) -> Option<Self> {
        let nested = 0 <= firm && firm <= fabrication && fabrication <= material;
        (nested && material <= MOST_DAYS).then_some(Self {
            firm,
            fabrication,
            material,
        })
    }

    /// The zone of what is due so many days from now; what is overdue is firm.
    fn of(self, days: i32) -> Zone {
        match days {
            days if days <= self.firm => Zone::Firm,
            days if days <= self.fabrication => Zone::Fabrication,
            days if days <= self.material => Zone::Material,
            _ => Zone::Forecast,
        }
    }
}

/// What has happened since the reset date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// What has left the supplier, without what was lost on the way.
    pub shipped: Quantity,
    /// What of it has arrived.
    pub received: Quantity,
}

impl Progress {
    /// What is under way.
    pub fn in_transit(self) -> Quantity {
        Quantity(self.shipped.milli().saturating_sub(self.received.milli()))
    }
}

/// A quantity that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The day on which it is to be there.
    pub on: Date,
    /// How much; nothing and less is left out.
    pub quantity: Quantity,
    /// Whether it is ordered or even under way, and so firm whatever its day.
    pub is_ordered: bool,
}

/// A line of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The day on which the quantity is to be there.
    pub on: Date,
    /// How far the buyer is bound.
    pub zone: Zone,
    /// How much.
    pub quantity: Quantity,
    /// All that is to be there by then since the reset date.
    pub cumulative: Quantity,
}

/// The most that was ever authorised since the reset date, as cumulatives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Authorised {
    /// What may be made: finished goods are owed up to it.
    pub fabrication: Quantity,
    /// What material may be bought for: never less than what may be made.
    pub material: Quantity,
}

impl Authorised {
    /// With what another release authorises: the larger of each, because nothing that was authorised is taken back.
    #[must_use]
    pub fn raised(self, other: Self) -> Self {
        Self {
            fabrication: self.fabrication.max(other.fabrication),
            material: self.material.max(other.material),
        }
    }

    /// The same counted from a later reset date, up to which `passed` was shipped.
    #[must_use]
    pub fn since(self, passed: Quantity) -> Self {
        Self {
            fabrication: rest(self.fabrication, passed),
            material: rest(self.material, passed),
        }
    }

    /// What is owed to a supplier from whom nothing more is wanted.
    pub fn owed(self, progress: Progress) -> Owed {
        Owed {
            in_transit: progress.in_transit(),
            finished: rest(self.fabrication, progress.shipped),
            raw: rest(self.material, self.fabrication.max(progress.shipped)),
        }
    }
}

/// What is left of all when some of it is done; never less than nothing.
fn rest(all: Quantity, done: Quantity) -> Quantity {
    Quantity(all.milli().saturating_sub(done.milli()).max(0))
}

/// What a buyer owes who ends an agreement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owed {
    /// Goods that are under way and are to be taken.
    pub in_transit: Quantity,
    /// Goods that the supplier was told to make and has not shipped.
    pub finished: Quantity,
    /// Goods for which the supplier was told to buy material only.
    pub raw: Quantity,
}

/// A release: all that a supplier is asked for, in place of every release before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOff {
    /// What happened since the reset date.
    pub progress: Progress,
    /// What should have been there by the evening of the release and has not arrived.
    pub backlog: Quantity,
    /// The lines by day, then zone.
    pub lines: Vec<Line>,
    /// What this release authorises.
    pub authorised: Authorised,
}

impl CallOff {
    /// What the supplier has still to ship: all that is asked for less what has left it.
    pub fn to_ship(&self) -> Quantity {
        let asked = (self.lines.last()).map_or(self.progress.received, |line| line.cumulative);
        Quantity(asked.milli().saturating_sub(self.progress.shipped.milli()))
    }
}

/// The release as of an evening: what is due, day by day, with zones and cumulatives.
pub fn call_off(
    as_of: Date,
    zones: Zones,
    progress: Progress,
    due: impl IntoIterator<Item = Due>,
) -> CallOff {
    let mut sorted: Vec<(Date, Zone, i64)> = due
        .into_iter()
        .filter(|due| due.quantity.milli() > 0)
        .map(|due| {
            let zone = if due.is_ordered {
                Zone::Firm
            } else {
                zones.of(due.on.days_since(as_of))
            };
            (due.on, zone, due.quantity.milli())
        })
        .collect();
    sorted.sort_unstable();
    let mut lines: Vec<Line> = Vec::new();
    let mut cumulative = progress.received.milli();
    let (mut fabrication, mut material, mut backlog) = (cumulative, cumulative, 0i64);
    for (on, zone, quantity) in sorted {
        cumulative = cumulative.saturating_add(quantity);
        if on <= as_of {
            backlog = backlog.saturating_add(quantity);
        }
        if zone <= Zone::Fabrication {
            fabrication = fabrication.saturating_add(quantity);
        }
        if zone <= Zone::Material {
            material = material.saturating_add(quantity);
        }
        match lines.last_mut() {
            Some(line) if (line.on, line.zone) == (on, zone) => {
                line.quantity = Quantity(line.quantity.milli().saturating_add(quantity));
                line.cumulative = Quantity(cumulative);
            }
            _ => lines.push(Line {
                on,
                zone,
                quantity: Quantity(quantity),
                cumulative: Quantity(cumulative),
            }),
        }
    }
    CallOff {
        progress,
        backlog: Quantity(backlog),
        lines,
        authorised: Authorised {
            fabrication: Quantity(fabrication),
            material: Quantity(material),
        },
    }
}
