//! Engineering changes (VDA 4965, ISO 10007): what goes out, what comes in, from which vehicle on.
//!
//! It must not know rows or messages. Invariants: a change is decided on what was assessed, so a revision begins anew; what
//! was released is not revised; what a vehicle has is not cancelled; a released change keeps its bit for ever, because vehicles
//! keep it.

pub mod impact;
pub mod rpc;
pub mod store;
pub mod wire;

use std::fmt;

use takt_kernel::{Date, Violations};
use takt_planning::change::{Effectivity, MAX_CHANGES};
use takt_service::Refusal;

use crate::product::Product;

/// Where a change stands; the numbers are those of its column and of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Written.
    Draft = 1,
    /// Its impact is known.
    Assessed = 2,
    /// Somebody decided for it.
    Approved = 3,
    /// Plans and line follow it.
    Released = 4,
    /// A vehicle has it.
    Effective = 5,
    /// Given up.
    Cancelled = 6,
}

impl State {
    /// The state of a column.
    pub fn of(column: i64) -> Option<Self> {
        let all = [
            Self::Draft,
            Self::Assessed,
            Self::Approved,
            Self::Released,
            Self::Effective,
            Self::Cancelled,
        ];
        all.into_iter().find(|state| *state as i64 == column)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Draft => "a draft",
            Self::Assessed => "assessed",
            Self::Approved => "approved",
            Self::Released => "released",
            Self::Effective => "effective",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Whether the parts may stand for each other in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interchange {
    /// Neither may.
    None = 0,
    /// The new one may replace the old one.
    NewForOld = 1,
    /// Each may replace the other.
    BothWays = 2,
}

/// An item that goes out and the one that comes in; empty texts mean none, and any parent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    /// Where it goes into.
    pub parent: String,
    /// What goes out.
    pub old: String,
    /// What comes in.
    pub new: String,
    /// Thousandths of the new one for each unit of the old one, or of the parent.
    pub quantity: i64,
    /// The vehicles that it is for.
    pub condition: String,
}

/// What a person writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The title.
    pub title: String,
    /// Why it is made.
    pub reason: String,
    /// The affected items.
    pub items: Vec<Affected>,
    /// From which vehicle on it counts.
    pub effectivity: Effectivity,
    /// Whether the parts may stand for each other.
    pub interchange: Interchange,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The id.
    pub change_id: String,
    /// What it says.
    pub spec: Spec,
    /// Where it stands.
    pub state: State,
    /// How often it was changed.
    pub version: i64,
    /// The day of the last assessment.
    pub assessed_on: Option<Date>,
    /// The first possible date by it.
    pub first_possible_on: Option<Date>,
    /// Who approved it.
    pub approved_by: String,
    /// The bit that vehicles carry.
    pub bit: Option<u8>,
    /// The first vehicle that has it.
    pub first_build: Option<i64>,
}

impl Change {
    /// A draft.
    pub fn draft(change_id: String, spec: Spec) -> Self {
        Self {
            change_id,
            spec,
            state: State::Draft,
            version: 1,
            assessed_on: None,
            first_possible_on: None,
            approved_by: String::new(),
            bit: None,
            first_build: None,
        }
    }

    /// The entity tag.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// Says something else; it is a draft again.
    pub fn revise(&mut self, spec: Spec) -> Result<(), ChangeRefusal> {
        self.among(&[State::Draft, State::Assessed, State::Approved], "revised")?;
        *self = Self {
            version: self.version + 1,
            ..Self::draft(self.change_id.clone(), spec)
        };
        Ok(())
    }

    /// Keeps what an assessment found.
    pub fn assess(&mut self, on: Date, possible_on: Option<Date>) -> Result<(), ChangeRefusal> {
        self.among(&[State::Draft, State::Assessed], "assessed")?;
        self.state = State::Assessed;
        (self.assessed_on, self.first_possible_on) = (Some(on), possible_on);
        self.version += 1;
        Ok(())
    }

    /// Somebody decides for it.
    pub fn approve(&mut self, by: &str) -> Result<(), ChangeRefusal> {
        self.among(&[State::Assessed], "approved")?;
        self.state = State::Approved;
        by.clone_into(&mut self.approved_by);
        self.version += 1;
        Ok(())
    }

    /// Plans and line follow it from now on, under a bit that no change had before; `gates` are as of the day of the release.
    pub fn release(&mut self, taken: &[u8], gates: &Gates) -> Result<(), ChangeRefusal> {
        self.among(&[State::Approved], "released")?;
        if !gates.possible {
            return Err(ChangeRefusal::GatesOpen {
                change: self.change_id.clone(),
                why: gates.why.clone(),
            });
        }
        let free = (0..MAX_CHANGES as u8).find(|bit| !taken.contains(bit));
        let bit = free.ok_or_else(|| ChangeRefusal::TooMany {
            change: self.change_id.clone(),
        })?;
        (self.state, self.bit) = (State::Released, Some(bit));
        self.version += 1;
        Ok(())
    }

    /// Gives it up.
    pub fn cancel(&mut self) -> Result<(), ChangeRefusal> {
        let open = [
            State::Draft,
            State::Assessed,
            State::Approved,
            State::Released,
        ];
        self.among(&open, "cancelled")?;
        (self.state, self.bit) = (State::Cancelled, None);
        self.version += 1;
        Ok(())
    }

    fn among(&self, states: &[State], what: &'static str) -> Result<(), ChangeRefusal> {
        if states.contains(&self.state) {
            return Ok(());
        }
        Err(ChangeRefusal::State {
            change: self.change_id.clone(),
            state: self.state,
            what,
        })
    }
}

/// Whether the new items can be there in time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    /// Whether they can.
    pub possible: bool,
    /// What stands against it.
    pub why: String,
}

/// Checks what a person wrote against the product.
pub fn check(spec: &Spec, product: &Product, found: &mut Violations) {
    found.require(!spec.title.trim().is_empty(), "title", "it is missing");
    found.require(!spec.items.is_empty(), "items", "a change affects an item");
    found.require(
        spec.items.len() <= 100,
        "items",
        "a change affects at most 100 items",
    );
    if let Effectivity::Build(number) = spec.effectivity {
        found.require(number > 0, "effectivity.build_number", "it counts from 1");
    }
    for (at, item) in spec.items.iter().enumerate() {
        found.scope(format!("items[{at}]"), |found| {
            check_item(item, spec.effectivity, product, found);
        });
    }
}

fn check_item(
    item: &Affected,
    effectivity: Effectivity,
    product: &Product,
    found: &mut Violations,
) {
    let made = |id: &str| {
        let known = product.item(id).and_then(|item| product.items.get(item));
        known.map(|item| item.made)
    };
    let (old, new) = (item.old.as_str(), item.new.as_str());
    found.require(
        !old.is_empty() || !new.is_empty(),
        "old_item_id",
        "something goes out or comes in",
    );
    found.require(
        old.is_empty() || old != new,
        "new_item_id",
        "it is the item that goes out",
    );
    for (field, id) in [("old_item_id", old), ("new_item_id", new)] {
        found.require(
            id.is_empty() || made(id).is_some(),
            field,
            format!("{id:?} is not an item of the programme"),
        );
    }
    let parent = item.parent.as_str();
    found.require(
        parent.is_empty() || made(parent) == Some(true),
        "parent_item_id",
        format!("{parent:?} is not an item that is made here"),
    );
    found.require(
        !old.is_empty() || !parent.is_empty(),
        "parent_item_id",
        "an added item goes into one",
    );
    let used = |line: &crate::product::BomLine| {
        line.child == old && (parent.is_empty() || line.parent == parent)
    };
    // What another change brings stands in no line of the import.
    let brought = product.bom.items().iter().any(|known| known.id == old)
        && product
            .item(old)
            .is_some_and(|item| product.bom.is_changed(item));
    found.require(
        old.is_empty() || brought || product.lines.iter().any(used),
        "old_item_id",
        format!("no line of the bill of material has {old:?} there"),
    );
    found.require(
        new.is_empty() || item.quantity > 0,
        "quantity_thousandths",
        "it is above 0",
    );
    found.check("condition", product.features.condition(&item.condition));
    let runs_out = matches!(effectivity, Effectivity::RunOut(_));
    found.require(
        !runs_out || (!old.is_empty() && !new.is_empty() && made(old) != Some(true)),
        "effectivity.kind",
        "only stock of a bought item that another one replaces can run out",
    );
}

/// Why a change is not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeRefusal {
    /// Its state does not allow it.
    State {
        /// The change.
        change: String,
        /// Its state.
        state: State,
        /// What was wanted.
        what: &'static str,
    },
    /// The new items cannot be there in time.
    GatesOpen {
        /// The change.
        change: String,
        /// What stands against it.
        why: String,
    },
    /// Too many changes have a bit.
    TooMany {
        /// The change.
        change: String,
    },
}

impl fmt::Display for ChangeRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State {
                change,
                state,
                what,
            } => write!(
                out,
                "change {change} is {} and cannot be {what}; see its states",
                state.name()
            ),
            Self::GatesOpen { change, why } => write!(
                out,
                "change {change} cannot be released: {why}; move its effectivity, or close the gates and assess it again"
            ),
            Self::TooMany { change } => write!(
                out,
                "change {change} cannot be released: a programme has room for {MAX_CHANGES} that are released or effective; put several items into one change, or cancel one that no vehicle has"
            ),
        }
    }
}

impl Refusal for ChangeRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::State { .. } => "CHANGE_STATE",
            Self::GatesOpen { .. } => "CHANGE_GATES_OPEN",
            Self::TooMany { .. } => "CHANGE_LIMIT",
        }
    }
}
