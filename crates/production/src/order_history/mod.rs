//! The history of an order in the plant: what happened to its vehicle and to the parts in it, on whose word.
//!
//! It must not know rows or messages, and keeps nothing of its own. Invariant: happenings are in the order of their days,
//! and on one day in the order in which such things happen.

pub mod rpc;
mod store;

use takt_kernel::Date;

/// What happened, in the order in which such things happen on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A piece with a serial number, or the lot that came last, was received.
    PartReceived,
    /// With this lot the last of the vehicle's parts was there.
    PartsComplete,
    /// The vehicle got its number and went on the line.
    VinAllocated,
    /// It left a shop.
    ShopLeft,
    /// It was complete.
    Built,
    /// Quality keeps it back.
    QualityHold,
    /// Quality has decided.
    Disposed,
    /// It may be delivered.
    Released,
    /// A part was replaced.
    PartReplaced,
    /// The record was wrong.
    RecordCorrected,
    /// Its software was changed.
    SoftwareInstalled,
}

impl Event {
    /// Its name on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PartReceived => "PART_RECEIVED",
            Self::PartsComplete => "PARTS_COMPLETE",
            Self::VinAllocated => "VIN_ALLOCATED",
            Self::ShopLeft => "SHOP_LEFT",
            Self::Built => "BUILT",
            Self::QualityHold => "QUALITY_HOLD",
            Self::Disposed => "DISPOSED",
            Self::Released => "RELEASED",
            Self::PartReplaced => "PART_REPLACED",
            Self::RecordCorrected => "RECORD_CORRECTED",
            Self::SoftwareInstalled => "SOFTWARE_INSTALLED",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// The day.
    pub on: Date,
    /// What.
    pub event: Event,
    /// What it was about.
    pub subject: String,
    /// What else is to be said.
    pub detail: String,
}

impl Happening {
    /// Something that happened to a subject.
    pub fn new(on: Date, event: Event, subject: impl Into<String>) -> Self {
        Self {
            on,
            event,
            subject: subject.into(),
            detail: String::new(),
        }
    }

    /// The same with what else is to be said.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Puts happenings into order; what stands first of one day and kind stays first.
pub fn ordered(mut happenings: Vec<Happening>) -> Vec<Happening> {
    happenings.sort_by_key(|one| (one.on, one.event));
    happenings
}

/// A bought lot in a vehicle, as the plant and procurement know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The lot.
    pub lot_id: String,
    /// The item.
    pub item_id: String,
    /// The piece, where the item has serial numbers.
    pub serial_number: String,
    /// The supplier.
    pub supplier_id: String,
    /// The day of receipt; None while procurement does not tell.
    pub received_on: Option<Date>,
}

/// What is told of the parts of a vehicle: every piece with a serial number, and the lot with which the last part was
/// there. Of lots of one day the first by name is told, so that the answer does not depend on the order of rows.
pub fn parts_told(parts: &[Fitted]) -> Vec<Happening> {
    let received = |part: &Fitted, on: Date, event| {
        let told = format!("{} of {}", part.item_id, part.supplier_id);
        if part.serial_number.is_empty() || event == Event::PartsComplete {
            Happening::new(on, event, part.lot_id.as_str()).with(told)
        } else {
            Happening::new(on, event, part.serial_number.as_str()).with(told)
        }
    };
    let known = |part: &&Fitted| part.received_on.is_some();
    let mut told: Vec<Happening> = (parts.iter())
        .filter(|part| !part.serial_number.is_empty())
        .filter_map(|part| Some(received(part, part.received_on?, Event::PartReceived)))
        .collect();
    let last = (parts.iter().filter(known))
        .max_by(|a, b| (a.received_on, &b.lot_id).cmp(&(b.received_on, &a.lot_id)));
    // A lot that is missing might have come later, so that nothing is said of the last one then.
    if parts.iter().all(|part| part.received_on.is_some())
        && let Some((part, on)) = last.and_then(|part| Some((part, part.received_on?)))
    {
        told.push(received(part, on, Event::PartsComplete));
    }
    told
}

/// A second of the plant's clock as people read it: `2024-06-01 07:12:30`.
pub fn clock(second: i64) -> String {
    let day = i32::try_from(second.div_euclid(86_400)).unwrap_or(i32::MAX);
    let within = second.rem_euclid(86_400);
    let (hour, minute, second) = (within / 3_600, within / 60 % 60, within % 60);
    format!(
        "{} {hour:02}:{minute:02}:{second:02}",
        Date::from_epoch_day(day)
    )
}

/// The day of a second of the plant's clock.
pub fn day_of_clock(second: i64) -> Date {
    Date::from_epoch_day(i32::try_from(second.div_euclid(86_400)).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(19_810 + n)
    }

    fn part(lot: &str, serial: &str, received: Option<i32>) -> Fitted {
        Fitted {
            lot_id: lot.into(),
            item_id: "CELL".into(),
            serial_number: serial.into(),
            supplier_id: "CATL".into(),
            received_on: received.map(day),
        }
    }

    fn told(parts: &[Fitted]) -> Vec<(i32, &'static str, String)> {
        ordered(parts_told(parts))
            .into_iter()
            .map(|one| (one.on.days_since(day(0)), one.event.word(), one.subject))
            .collect()
    }

    #[test]
    fn pieces_are_told_and_the_lot_that_came_last() {
        let parts = [
            part("B.2", "", Some(4)),
            part("A.1", "A.1-00007", Some(2)),
            part("A.9", "", Some(4)),
            part("C.1", "", Some(1)),
        ];
        let expected = [
            (2, "PART_RECEIVED", "A.1-00007".to_owned()),
            (4, "PARTS_COMPLETE", "A.9".to_owned()),
        ];
        assert_eq!(told(&parts), expected);
    }

    #[test]
    fn while_a_lot_is_unknown_nobody_says_which_came_last() {
        let parts = [part("A.1", "A.1-00007", Some(2)), part("B.1", "", None)];
        assert_eq!(told(&parts), [(2, "PART_RECEIVED", "A.1-00007".to_owned())]);
        assert_eq!(told(&[]), []);
    }

    #[test]
    fn what_happens_on_one_day_is_told_as_it_happens() {
        let all = [
            Event::Released,
            Event::ShopLeft,
            Event::VinAllocated,
            Event::Built,
        ];
        let mut happenings: Vec<_> = all.map(|event| Happening::new(day(3), event, "V")).into();
        happenings.push(Happening::new(day(1), Event::SoftwareInstalled, "V"));
        let words: Vec<_> = (ordered(happenings).iter())
            .map(|one| one.event.word())
            .collect();
        let expected = [
            "SOFTWARE_INSTALLED",
            "VIN_ALLOCATED",
            "SHOP_LEFT",
            "BUILT",
            "RELEASED",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn the_clock_of_the_plant_is_read_as_people_do() {
        assert_eq!(
            clock(19_810 * 86_400 + 7 * 3_600 + 754),
            "2024-03-28 07:12:34"
        );
        assert_eq!(day_of_clock(19_811 * 86_400 - 1), day(0));
    }
}
