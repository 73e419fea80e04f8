//! A lot and what quality says of it.
//!
//! It must not know messages. Invariant: what is free of a lot that is kept back counts as lost, and comes back when
//! the lot is given free.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Refusal, Tx};

use super::store;
use crate::{
    material::store::{BalanceChange, balance_add, change},
    programme::Catalogue,
    supply::{Cells, store::changes_record},
};

/// The states of a lot; the numbers are those of the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LotState {
    /// Under way; such a lot has no row of its own yet.
    Expected = 1,
    /// On hand and not inspected.
    Quarantine = 2,
    /// May be used.
    Released = 3,
    /// Kept back.
    Blocked = 4,
    /// Used up.
    Consumed = 5,
    /// More was used than the books cover.
    Discrepant = 6,
    /// Lost on its way; such a lot never has a row of its own.
    Lost = 7,
}

impl LotState {
    /// The state of a column.
    pub(crate) fn of(column: i64) -> Option<Self> {
        [
            Self::Expected,
            Self::Quarantine,
            Self::Released,
            Self::Blocked,
            Self::Consumed,
            Self::Discrepant,
            Self::Lost,
        ]
        .into_iter()
        .find(|state| *state as i64 == column)
    }
}

/// A lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lot {
    /// The number.
    pub(crate) number: LotNumber,
    /// The order line.
    pub(crate) line: i64,
    /// The notice with which it came.
    pub(crate) asn_id: String,
    /// The maker's own number of the batch.
    pub(crate) maker_lot: String,
    /// What was shipped.
    pub(crate) quantity: Quantity,
    /// What is on hand.
    pub(crate) on_hand: Quantity,
    /// What is kept for builds.
    pub(crate) reserved: Quantity,
    /// The state.
    pub(crate) state: LotState,
    /// The day of receipt.
    pub(crate) received_on: Option<Date>,
    /// Why it is kept back; empty when it is not.
    pub(crate) block_reason: String,
}

impl Lot {
    /// What is on hand and not kept for a build.
    pub(crate) fn free(&self) -> i64 {
        self.on_hand.milli() - self.reserved.milli()
    }

    /// Keeps the lot back; false when it was kept back for the same reason before.
    pub(crate) fn block(&mut self, name: &str, reason: &str) -> Result<bool, LotRefusal> {
        self.in_the_house(name)?;
        let new = self.state != LotState::Blocked || self.block_reason != reason;
        self.state = LotState::Blocked;
        self.block_reason = reason.to_owned();
        Ok(new)
    }

    /// Gives the lot free; false when it was free before.
    pub(crate) fn release(&mut self, name: &str) -> Result<bool, LotRefusal> {
        self.in_the_house(name)?;
        let new = self.state != LotState::Released;
        self.state = LotState::Released;
        self.block_reason.clear();
        Ok(new)
    }

    fn in_the_house(&self, name: &str) -> Result<(), LotRefusal> {
        let lot = name.to_owned();
        match self.state {
            LotState::Expected => Err(LotRefusal::NotReceived { lot }),
            LotState::Consumed => Err(LotRefusal::Consumed { lot }),
            LotState::Discrepant => Err(LotRefusal::Discrepant { lot }),
            LotState::Lost => Err(LotRefusal::Lost { lot }),
            LotState::Quarantine | LotState::Released | LotState::Blocked => Ok(()),
        }
    }
}

/// Why a lot could not be kept back or given free.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the sentences say what the fields are")]
pub(crate) enum LotRefusal {
    NotReceived { lot: String },
    Consumed { lot: String },
    Discrepant { lot: String },
    Lost { lot: String },
}

impl fmt::Display for LotRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReceived { lot } => write!(
                out,
                "lot {lot} is under way; name it in its receipt instead"
            ),
            Self::Consumed { lot } => {
                write!(out, "lot {lot} is used up; look for its vehicles instead")
            }
            Self::Discrepant { lot } => write!(
                out,
                "more of lot {lot} was used than the books cover; count it first"
            ),
            Self::Lost { lot } => write!(
                out,
                "lot {lot} was lost on its way and is ordered anew; there is nothing to judge"
            ),
        }
    }
}

impl Refusal for LotRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotReceived { .. } => "LOT_NOT_RECEIVED",
            Self::Consumed { .. } => "LOT_CONSUMED",
            Self::Discrepant { .. } => "LOT_DISCREPANT",
            Self::Lost { .. } => "LOT_LOST",
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let (Self::NotReceived { lot }
        | Self::Consumed { lot }
        | Self::Discrepant { lot }
        | Self::Lost { lot }) = self;
        vec![("lot_id", lot.clone())]
    }
}

/// What quality says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Keep it back, for a reason.
    Block(String),
    /// Give it free.
    Release,
}

/// Applies a verdict to lots, all or none of them, and answers with them in the order of their numbers.
pub(super) async fn lots_judge(
    tx: &Tx,
    catalogue: &Catalogue,
    lots: &BTreeSet<LotNumber>,
    verdict: &Verdict,
) -> Result<Vec<Lot>, Error> {
    let mut found = store::lots_fetch(tx, lots).await?;
    let mut lost: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    let mut changed = Vec::new();
    let mut supply = Cells::default();
    for number in lots {
        let name = catalogue.lot_text(*number);
        let lot = found
            .get_mut(number)
            .ok_or_else(|| Error::missing("lot", &name))?;
        let before = lot.state;
        let is_new = match verdict {
            Verdict::Block(reason) => lot.block(&name, reason)?,
            Verdict::Release => lot.release(&name)?,
        };
        let free = match (before == LotState::Blocked, lot.state == LotState::Blocked) {
            (false, true) => lot.free(),
            (true, false) => -lot.free(),
            _ => 0,
        };
        change(&mut lost, number.item_no()).lost += free;
        if is_new {
            let usable = |state| i64::from(state == LotState::Released);
            let free = lot.free() * (usable(lot.state) - usable(before));
            supply.free(number.item_no(), lot.received_on.unwrap_or_default(), free);
            changed.push((lot.clone(), before));
        }
    }
    store::verdicts_save(tx, &changed).await?;
    balance_add(tx, &lost).await?;
    changes_record(tx, &supply).await?;
    Ok(found.into_values().collect())
}
