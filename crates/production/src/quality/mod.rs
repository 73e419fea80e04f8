//! Quality: a non-conformance with its 8D steps, what contains it, and what is decided about it.
//!
//! It must not know rows or messages. Invariants: NC-1 the 8D steps are done one after the other, and taken back to be
//! done again; NC-2 a case is closed by its last step, when nothing is held for it any more; QH-1 what a hold keeps back
//! is not released; what is scrapped is never released.

pub mod affected;
pub mod decide;
pub mod figures;
pub mod hold;
pub mod lot;
mod refusal;
pub mod rpc;
pub mod store;
pub mod wire;

use takt_kernel::Date;

pub use refusal::QualityRefusal;

/// The steps D0 to D8 have the numbers 1 to 9; 0 is none.
pub const LAST_STEP: i64 = 9;

/// A non-conformance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonConformance {
    /// Its number.
    pub nc_no: i64,
    /// What is wrong.
    pub title: String,
    /// The code of the defect.
    pub defect_code: String,
    /// The item; empty for none.
    pub item_id: String,
    /// The operation; empty for none.
    pub operation_id: String,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_on: Date,
    /// The last step that is done, D0 being 1; 0 while none is.
    pub step: i64,
    /// How often it was changed.
    pub version: i64,
}

impl NonConformance {
    /// The id.
    pub fn id(&self) -> String {
        nc_id(self.nc_no)
    }

    /// The entity tag.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// Whether a caller that has seen `etag` has seen this state; an empty tag skips the check.
    pub fn matches(&self, etag: &str) -> bool {
        etag.is_empty() || etag == self.etag()
    }

    /// Whether all steps are done.
    pub fn is_closed(&self) -> bool {
        self.step == LAST_STEP
    }

    /// A step is done; `held` says how many vehicles and lots are still held for the case.
    ///
    /// # Errors
    /// `QualityRefusal` when it is not the next one, or would close the case too early.
    pub fn done(&mut self, step: i64, held: i64) -> Result<(), QualityRefusal> {
        if self.is_closed() {
            return Err(QualityRefusal::Closed(self.id()));
        }
        if step != self.step + 1 {
            return Err(QualityRefusal::StepOrder {
                nc: self.id(),
                asked: step,
                next: self.step + 1,
            });
        }
        if step == LAST_STEP && held > 0 {
            return Err(QualityRefusal::StillHeld(self.id(), held));
        }
        self.step = step;
        self.version += 1;
        Ok(())
    }

    /// The case goes back to a step that is to be done again.
    ///
    /// # Errors
    /// `QualityRefusal` when the step is not done.
    pub fn reopen(&mut self, step: i64) -> Result<(), QualityRefusal> {
        if step > self.step {
            return Err(QualityRefusal::StepNotDone {
                nc: self.id(),
                asked: step,
                last: self.step,
            });
        }
        self.step = step - 1;
        self.version += 1;
        Ok(())
    }
}

/// The id of a non-conformance.
pub fn nc_id(number: i64) -> String {
    format!("NC-{number:06}")
}

/// The id of a hold.
pub fn hold_id(number: i64) -> String {
    format!("QH-{number:06}")
}

/// The number of an id with a prefix; none when it is not one.
pub fn number_of_id(prefix: &str, id: &str) -> Option<i64> {
    let digits = id.strip_prefix(prefix)?.strip_prefix('-')?;
    let number = digits.parse().ok().filter(|number| *number > 0)?;
    (format!("{prefix}-{number:06}") == id).then_some(number)
}

/// What a hold keeps back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Vehicles by the serials of their numbers.
    Vehicles(Vec<i64>),
    /// Vehicles by their build numbers.
    Builds(i64, i64),
    /// A lot and the vehicles that have parts of it.
    Lot(String),
    /// Vehicles that use an item, by its index, and were completed on some days.
    Window(usize, Date, Date),
}

/// What becomes of what does not conform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is used under a concession.
    UseAsIs = 1,
    /// It was made to conform.
    Rework = 2,
    /// It was made fit for use.
    Repair = 3,
    /// It is never used.
    Scrap = 4,
    /// It goes back.
    ReturnToSupplier = 5,
}

impl Disposition {
    /// The disposition of a number.
    pub fn of(number: i64) -> Option<Self> {
        [
            Self::UseAsIs,
            Self::Rework,
            Self::Repair,
            Self::Scrap,
            Self::ReturnToSupplier,
        ]
        .into_iter()
        .find(|one| *one as i64 == number)
    }

    /// Its name as the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UseAsIs => "USE_AS_IS",
            Self::Rework => "REWORK",
            Self::Repair => "REPAIR",
            Self::Scrap => "SCRAP",
            Self::ReturnToSupplier => "RETURN_TO_SUPPLIER",
        }
    }

    /// Whether what it is about may be used.
    pub fn lifts(self) -> bool {
        matches!(self, Self::UseAsIs | Self::Rework | Self::Repair)
    }
}

/// What a hold means for a vehicle, with its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept back.
    Held = 1,
    /// It is let go.
    Lifted = 2,
    /// It is never released.
    Scrapped = 3,
    /// It had left before.
    Gone = 4,
}

impl Kept {
    /// What a decision makes of a vehicle that is kept back.
    pub fn decided(disposition: Disposition) -> Self {
        if disposition.lifts() {
            Self::Lifted
        } else {
            Self::Scrapped
        }
    }
}

/// What procurement has done about a held lot, with its number in the database; 0 is a hold on no lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotHold {
    /// It is being asked to keep the lot back.
    Asked = 1,
    /// It keeps the lot back.
    Blocked = 2,
    /// It said no.
    Refused = 3,
    /// It is being asked to give the lot free.
    ReleaseAsked = 4,
    /// The lot is free.
    Released = 5,
    /// The lot stays back for good.
    Withdrawn = 6,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use takt_service::Refusal;

    use super::*;

    pub(super) fn case() -> NonConformance {
        NonConformance {
            nc_no: 7,
            title: "runs in the clear coat".to_owned(),
            defect_code: "PAINT-RUN".to_owned(),
            item_id: String::new(),
            operation_id: String::new(),
            opened_by: "ada".to_owned(),
            opened_on: Date::from_epoch_day(100),
            step: 0,
            version: 1,
        }
    }

    #[test]
    fn steps_are_done_in_order_and_the_last_one_closes() {
        let mut case = case();
        let early = case.done(2, 0).map_err(|refusal| refusal.reason());
        assert_eq!(early, Err("NC_STEP_ORDER"));
        for step in 1..LAST_STEP {
            assert_eq!(case.done(step, 3), Ok(()));
        }
        let held = case.done(LAST_STEP, 3).map_err(|refusal| refusal.reason());
        assert_eq!((held, case.is_closed()), (Err("NC_STILL_HOLDS"), false));
        assert_eq!((case.done(LAST_STEP, 0), case.is_closed()), (Ok(()), true));
        let more = case.done(1, 0).map_err(|refusal| refusal.reason());
        assert_eq!(more, Err("NC_CLOSED"));
        assert_eq!((case.reopen(5), case.step, case.version), (Ok(()), 4, 11));
        let undone = case.reopen(5).map_err(|refusal| refusal.reason());
        assert_eq!(undone, Err("NC_STEP_NOT_DONE"));
    }

    #[test]
    fn ids_are_read_only_as_they_are_written() {
        assert_eq!(
            (nc_id(7).as_str(), number_of_id("NC", "NC-000007")),
            ("NC-000007", Some(7))
        );
        for odd in ["NC-7", "QH-000007", "NC-00000x", "NC-000000", "7"] {
            assert_eq!(number_of_id("NC", odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_the_steps_done_are_the_first_ones(said in proptest::collection::vec((0i64..12, any::<bool>()), 0..60)) {
            let mut case = case();
            let mut done: Vec<i64> = Vec::new();
            for (step, again) in said {
                let before = case.clone();
                let told = if again && step > 0 { case.reopen(step) } else { case.done(step, 0) };
                match (told, again && step > 0) {
                    (Err(_), _) => prop_assert_eq!(&case, &before),
                    (Ok(()), true) => done.retain(|one| *one < step),
                    (Ok(()), false) => done.push(step),
                }
                prop_assert_eq!(&done, &(1..=case.step).collect::<Vec<_>>());
            }
        }
    }
}
