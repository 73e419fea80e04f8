//! Holds on slots of the line, and the ledger that says what became of each slot.
//!
//! It must not know rows or messages. Invariants: SL-1 what a hold keeps is the sum of its entries; a hold that has
//! expired keeps nothing, whether or not it was swept yet; what is bound to an order is given back by nobody.

use std::{collections::BTreeMap, fmt};

use takt_kernel::Date;
use takt_planning::feature::Config;
use takt_service::Refusal;

/// How long a hold is kept when the caller does not say, in seconds.
pub const TTL_SECONDS: i64 = 900;
/// How long a hold may be kept before it is confirmed, in seconds.
pub const TTL_MOST_SECONDS: i64 = 86_400;

/// The states of a hold; the numbers are those of its column and of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// Its slots are kept until it expires.
    Held = 1,
    /// Its slots are kept until their vehicles are built.
    Confirmed = 2,
    /// All its vehicles are built.
    Consumed = 3,
    /// It was given back.
    Released = 4,
    /// Its time passed.
    Expired = 5,
}

impl HoldState {
    /// The state of a column.
    pub fn of(column: i64) -> Option<Self> {
        [
            Self::Held,
            Self::Confirmed,
            Self::Consumed,
            Self::Released,
            Self::Expired,
        ]
        .into_iter()
        .find(|state| *state as i64 == column)
    }
}

/// Slots of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldDay {
    /// The day.
    pub on: Date,
    /// The vehicles that were held.
    pub held: i64,
    /// Those of them that are bound to orders.
    pub ordered: i64,
    /// Those of them that are built.
    pub built: i64,
    /// The slots that are still kept.
    pub kept: i64,
}

impl HeldDay {
    /// What is kept and bound to no order.
    pub fn unbound(&self) -> i64 {
        self.kept - (self.ordered - self.built)
    }
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The number that stands for it in rows; 0 before it has one.
    pub number: i64,
    /// The name that the caller gave it.
    pub id: String,
    /// What is held.
    pub config: Config,
    /// The state as it was last written.
    pub state: HoldState,
    /// When it expires, in microseconds; nothing once it is confirmed.
    pub expires_at: Option<i64>,
    /// The plan that it was made on.
    pub plan_id: String,
    /// Its slots, by day.
    pub days: Vec<HeldDay>,
}

impl Hold {
    /// The state at a moment.
    pub fn state_at(&self, now: i64) -> HoldState {
        match (self.state, self.expires_at) {
            (HoldState::Held, Some(at)) if at <= now => HoldState::Expired,
            (state, _) => state,
        }
    }

    /// Makes it lasting; false when it was before.
    ///
    /// # Errors
    /// `HoldRefusal` when there is nothing to confirm.
    pub fn confirm(&mut self, now: i64) -> Result<bool, HoldRefusal> {
        let id = self.id.clone();
        match self.state_at(now) {
            HoldState::Held => {
                (self.state, self.expires_at) = (HoldState::Confirmed, None);
                Ok(true)
            }
            HoldState::Confirmed | HoldState::Consumed => Ok(false),
            HoldState::Released => Err(HoldRefusal::Released { id }),
            HoldState::Expired => Err(HoldRefusal::Expired { id }),
        }
    }

    /// Gives back what is bound to no order, and answers with it by day; nothing when it was given back before.
    ///
    /// # Errors
    /// `HoldRefusal` when orders have all of it.
    pub fn release(&mut self, now: i64) -> Result<Vec<(Date, i64)>, HoldRefusal> {
        match self.state_at(now) {
            HoldState::Released | HoldState::Expired => return Ok(Vec::new()),
            HoldState::Held | HoldState::Confirmed | HoldState::Consumed => {}
        }
        let unbound = |day: &HeldDay| (day.unbound() > 0).then(|| (day.on, day.unbound()));
        let back: Vec<_> = self.days.iter().filter_map(unbound).collect();
        if back.is_empty() {
            return Err(HoldRefusal::Ordered {
                id: self.id.clone(),
            });
        }
        for day in &mut self.days {
            day.kept -= day.unbound().max(0);
        }
        if self.days.iter().all(|day| day.kept == 0) {
            self.state = if self.days.iter().any(|day| day.built > 0) {
                HoldState::Consumed
            } else {
                HoldState::Released
            };
        }
        Ok(back)
    }
}

/// What an entry of the ledger says; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// Slots were held.
    Held = 1,
    /// The hold was confirmed.
    Confirmed = 2,
    /// Vehicles were built in their slots.
    Consumed = 3,
    /// Slots were given back.
    Released = 4,
    /// Slots became free because the hold's time passed.
    Expired = 5,
}

impl EntryKind {
    /// The kind of a column.
    pub fn of(column: i64) -> Option<Self> {
        [
            Self::Held,
            Self::Confirmed,
            Self::Consumed,
            Self::Released,
            Self::Expired,
        ]
        .into_iter()
        .find(|kind| *kind as i64 == column)
    }

    /// What a vehicle of such an entry adds to the slots that are kept.
    pub fn sign(self) -> i64 {
        match self {
            Self::Held => 1,
            Self::Consumed | Self::Released | Self::Expired => -1,
            Self::Confirmed => 0,
        }
    }
}

/// An entry of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The version of the ledger.
    pub version: i64,
    /// The hold.
    pub hold: i64,
    /// The day of the slots.
    pub on: Date,
    /// What happened.
    pub kind: EntryKind,
    /// The vehicles.
    pub vehicles: i64,
}

/// A hold as far as others are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What is held.
    pub config: Config,
    /// When it expires.
    pub expires_at: Option<i64>,
    /// The slots that are kept, by day.
    pub days: BTreeMap<Date, i64>,
}

/// The holds that keep something, as the entries of the ledger add up to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    /// The version of the ledger.
    pub version: i64,
    /// By number.
    pub kept: BTreeMap<i64, Kept>,
}

impl Holds {
    /// Takes the next entry in; `config` and `expires_at` are those with which the hold was made.
    pub fn apply(&mut self, entry: Entry, config: Config, expires_at: Option<i64>) {
        self.version = self.version.max(entry.version);
        let kept = self.kept.entry(entry.hold).or_insert_with(|| Kept {
            config,
            expires_at,
            days: BTreeMap::new(),
        });
        match entry.kind {
            EntryKind::Confirmed => kept.expires_at = None,
            EntryKind::Held | EntryKind::Consumed | EntryKind::Released | EntryKind::Expired => {
                let cell = kept.days.entry(entry.on).or_default();
                *cell += entry.kind.sign() * entry.vehicles;
                if *cell == 0 {
                    kept.days.remove(&entry.on);
                }
            }
        }
        if kept.days.is_empty() {
            self.kept.remove(&entry.hold);
        }
    }

    /// The holds that keep something at a moment.
    pub fn at(&self, now: i64) -> impl Iterator<Item = &Kept> {
        let alive = move |kept: &&Kept| kept.expires_at.is_none_or(|at| at > now);
        self.kept.values().filter(alive)
    }
}

/// Why a hold is not made, confirmed or given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldRefusal {
    /// Its time passed.
    Expired {
        /// The hold.
        id: String,
    },
    /// It was given back.
    Released {
        /// The hold.
        id: String,
    },
    /// Orders have all of it.
    Ordered {
        /// The hold.
        id: String,
    },
    /// The plan has not so many slots left.
    Short {
        /// The vehicles that were asked for.
        wanted: i64,
        /// Those without a slot.
        short: i64,
    },
    /// It cannot be complete in time.
    TooLate {
        /// The last day that will do.
        latest: Date,
        /// When it could be complete.
        possible: Date,
    },
}

impl fmt::Display for HoldRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { id } => {
                write!(out, "the time of hold {id} has passed; hold anew")
            }
            Self::Released { id } => write!(out, "hold {id} was given back; hold anew"),
            Self::Ordered { id } => write!(
                out,
                "orders have every slot of hold {id}; cancel the orders instead"
            ),
            Self::Short { wanted, short } => write!(
                out,
                "the plan has no slot for {short} of {wanted} vehicles; ask for fewer, or for another variant"
            ),
            Self::TooLate { latest, possible } => write!(
                out,
                "it can be complete on {possible}, and {latest} is the last day that will do; give a later one or ask for fewer"
            ),
        }
    }
}

impl Refusal for HoldRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "HOLD_EXPIRED",
            Self::Released { .. } => "HOLD_RELEASED",
            Self::Ordered { .. } => "HOLD_ORDERED",
            Self::Short { .. } => "PROMISE_SHORT",
            Self::TooLate { .. } => "PROMISE_TOO_LATE",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Expired { id } | Self::Released { id } | Self::Ordered { id } => {
                vec![("hold_id", id.clone())]
            }
            Self::Short { short, .. } => vec![("short_vehicle_count", short.to_string())],
            Self::TooLate { possible, .. } => vec![("possible_on", possible.to_string())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(n)
    }

    fn hold(ordered: i64) -> Hold {
        Hold {
            number: 1,
            id: "H".into(),
            config: Config(0),
            state: HoldState::Held,
            expires_at: Some(100),
            plan_id: "p".into(),
            days: vec![HeldDay {
                on: day(3),
                held: 4,
                ordered,
                built: 0,
                kept: 4,
            }],
        }
    }

    #[test]
    fn a_hold_ends_by_the_clock_or_lasts() {
        let mut late = hold(0);
        assert_eq!(
            (late.state_at(99), late.state_at(100)),
            (HoldState::Held, HoldState::Expired)
        );
        assert_eq!(late.confirm(100).unwrap_err().reason(), "HOLD_EXPIRED");
        assert_eq!(late.release(100).unwrap(), []);
        let mut lasting = hold(0);
        assert!(lasting.confirm(99).unwrap() && !lasting.confirm(1_000).unwrap());
        assert_eq!(lasting.state_at(1_000), HoldState::Confirmed);
        assert_eq!(lasting.release(1_000).unwrap(), [(day(3), 4)]);
        assert_eq!(lasting.state, HoldState::Released);
        assert_eq!(
            lasting.confirm(1_000).unwrap_err().reason(),
            "HOLD_RELEASED"
        );
    }

    #[test]
    fn what_orders_have_is_not_given_back() {
        let mut some = hold(3);
        some.confirm(0).unwrap();
        assert_eq!(some.release(0).unwrap(), [(day(3), 1)]);
        assert_eq!((some.state, some.days[0].kept), (HoldState::Confirmed, 3));
        assert_eq!(some.release(0).unwrap_err().reason(), "HOLD_ORDERED");
    }

    #[test]
    fn the_ledger_adds_up_to_what_is_kept() {
        let mut holds = Holds::default();
        let mut tell = |version, kind, vehicles| {
            let entry = Entry {
                version,
                hold: 7,
                on: day(3),
                kind,
                vehicles,
            };
            holds.apply(entry, Config(2), Some(50));
            (holds.at(49).count(), holds.at(50).count(), holds.version)
        };
        assert_eq!(tell(1, EntryKind::Held, 4), (1, 0, 1));
        assert_eq!(tell(3, EntryKind::Confirmed, 4), (1, 1, 3));
        assert_eq!(tell(4, EntryKind::Consumed, 3), (1, 1, 4));
        assert_eq!(tell(5, EntryKind::Released, 1), (0, 0, 5));
    }
}
