//! Cases of service: what customers complain of after the handover, what was found, what was done and what it cost.
//!
//! It must not know the database, the wire or who is asked. Invariants: SC-1 a case is about a vehicle that was handed over, and is not
//! opened before that; SC-2 a case has what its state says: a diagnosis, a repair, an end, on days that do not run backwards.

pub(crate) mod bulk;
pub(crate) mod cluster;
pub(crate) mod parse;
pub(crate) mod parts;
mod refusal;
pub(crate) mod rpc;
pub(crate) mod store;
mod trace;
pub(crate) mod wire;

use takt_kernel::{Amount, Date};

pub(crate) use refusal::CaseRefusal;

/// A vehicle as a case sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Vehicle {
    /// Its number in the yard.
    pub(crate) number: i64,
    /// The vehicle identification number.
    pub(crate) vin: String,
    /// Its order; empty where it has none.
    pub(crate) order_id: String,
    /// The trace of the order.
    pub(crate) traceparent: Option<String>,
    /// The city of the order; empty where it has none.
    pub(crate) city: String,
    /// The day of the handover.
    pub(crate) handed_over_on: Option<Date>,
}

/// What opens a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The id of the case.
    pub(crate) id: String,
    /// The vehicle.
    pub(crate) vin: String,
    /// The category.
    pub(crate) category: String,
    /// What the customer says.
    pub(crate) symptom: String,
    /// The kilometres.
    pub(crate) odometer: Option<i64>,
    /// The city of the workshop; empty for the one of the order.
    pub(crate) city: String,
    /// The day.
    pub(crate) on: Date,
}

/// What was found, and which part the caller means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The day.
    pub(crate) on: Date,
    /// What was found, in words.
    pub(crate) text: String,
    /// The item that failed; empty for none.
    pub(crate) item: String,
    /// The lot; empty where the record is to tell it.
    pub(crate) lot: String,
    /// The serial number; empty where the record is to tell it.
    pub(crate) serial: String,
}

/// A part of a vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Part {
    /// The item.
    pub(crate) item: String,
    /// The lot.
    pub(crate) lot: String,
    /// The serial number; empty where the item has none.
    pub(crate) serial: String,
    /// Who supplied it; empty for the plant itself.
    pub(crate) supplier: String,
}

/// What was put in for a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement {
    /// Its lot, or empty.
    pub(crate) lot: String,
    /// Its serial number, or empty.
    pub(crate) serial: String,
    /// Who supplied it; empty for whoever supplied what it replaces.
    pub(crate) supplier: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repair {
    /// The day.
    pub(crate) on: Date,
    /// What was done, in words.
    pub(crate) remedy: String,
    /// Thousandths of an hour.
    pub(crate) labour: i64,
    /// What it cost.
    pub(crate) cost: Amount,
    /// What was put in for the part that failed.
    pub(crate) replacement: Option<Replacement>,
}

/// How a case stands, with its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CaseState {
    /// Nobody has looked yet.
    Open = 1,
    /// It is known what is wrong.
    Diagnosed = 2,
    /// It is repaired.
    Repaired = 3,
    /// Nothing is left to do.
    Closed = 4,
    /// It was none.
    Cancelled = 5,
}

impl CaseState {
    /// The number in the database.
    pub(crate) const fn code(self) -> i64 {
        self as i64
    }

    /// The state of a number.
    pub(crate) const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Open),
            2 => Some(Self::Diagnosed),
            3 => Some(Self::Repaired),
            4 => Some(Self::Closed),
            5 => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// The state as people say it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Diagnosed => "DIAGNOSED",
            Self::Repaired => "REPAIRED",
            Self::Closed => "CLOSED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// Its place among the cases; 0 before it is stored.
    pub(crate) number: i64,
    /// What opened it.
    pub(crate) opening: Opening,
    /// The vehicle.
    pub(crate) vehicle: Vehicle,
    /// How it stands.
    pub(crate) state: CaseState,
    /// The day of the diagnosis and what was found.
    pub(crate) finding: Option<(Date, String)>,
    /// The part that failed.
    pub(crate) part: Option<Part>,
    /// What was done.
    pub(crate) repair: Option<Repair>,
    /// The day on which it was closed or cancelled.
    pub(crate) ended_on: Option<Date>,
    /// Why it was cancelled.
    pub(crate) cancel_reason: String,
}

impl Case {
    /// Opens a case for a vehicle that its customer has.
    pub(crate) fn open(mut opening: Opening, vehicle: Vehicle) -> Result<Self, CaseRefusal> {
        let Some(handed_over_on) = vehicle.handed_over_on else {
            return Err(CaseRefusal::NotHandedOver { vin: opening.vin });
        };
        if opening.on < handed_over_on {
            return Err(CaseRefusal::BeforeHandover {
                vin: opening.vin,
                on: opening.on,
                handed_over_on,
            });
        }
        if opening.city.is_empty() {
            opening.city.clone_from(&vehicle.city);
        }
        Ok(Self {
            number: 0,
            opening,
            vehicle,
            state: CaseState::Open,
            finding: None,
            part: None,
            repair: None,
            ended_on: None,
            cancel_reason: String::new(),
        })
    }

    /// Notes what was found.
    pub(crate) fn diagnose(
        &mut self,
        on: Date,
        text: String,
        part: Option<Part>,
    ) -> Result<(), CaseRefusal> {
        self.takes(&[CaseState::Open])?;
        self.follows("diagnosed_on", on, self.opening.on)?;
        self.finding = Some((on, text));
        self.part = part;
        self.state = CaseState::Diagnosed;
        Ok(())
    }

    /// Notes what was done.
    pub(crate) fn repair(&mut self, repair: Repair) -> Result<(), CaseRefusal> {
        self.takes(&[CaseState::Diagnosed])?;
        let found_on = self.finding.as_ref().map(|(on, _)| *on);
        self.follows(
            "repaired_on",
            repair.on,
            found_on.unwrap_or(self.opening.on),
        )?;
        if repair.replacement.is_some() && self.part.is_none() {
            return Err(CaseRefusal::NothingToReplace {
                id: self.opening.id.clone(),
            });
        }
        self.repair = Some(repair);
        self.state = CaseState::Repaired;
        Ok(())
    }

    /// Closes the case.
    pub(crate) fn close(&mut self, on: Date) -> Result<(), CaseRefusal> {
        self.takes(&[CaseState::Repaired])?;
        let repaired_on = self.repair.as_ref().map(|repair| repair.on);
        self.follows("closed_on", on, repaired_on.unwrap_or(self.opening.on))?;
        self.ended_on = Some(on);
        self.state = CaseState::Closed;
        Ok(())
    }

    /// Cancels the case.
    pub(crate) fn cancel(&mut self, on: Date, reason: String) -> Result<(), CaseRefusal> {
        self.takes(&[CaseState::Open, CaseState::Diagnosed])?;
        let before = self.finding.as_ref().map(|(on, _)| *on);
        self.follows("cancelled_on", on, before.unwrap_or(self.opening.on))?;
        self.ended_on = Some(on);
        self.cancel_reason = reason;
        self.state = CaseState::Cancelled;
        Ok(())
    }

    fn takes(&self, wanted: &'static [CaseState]) -> Result<(), CaseRefusal> {
        if wanted.contains(&self.state) {
            return Ok(());
        }
        Err(CaseRefusal::WrongState {
            id: self.opening.id.clone(),
            state: self.state,
            wanted,
        })
    }

    fn follows(&self, what: &'static str, on: Date, before: Date) -> Result<(), CaseRefusal> {
        if on >= before {
            return Ok(());
        }
        Err(CaseRefusal::Backwards {
            id: self.opening.id.clone(),
            what,
            on,
            before,
        })
    }
}

/// The part that a finding means, of those that the vehicle holds of the item. Where it holds several and none is named, the first is
/// meant if the caller takes any.
pub(crate) fn part_of(
    vin: &str,
    finding: &Finding,
    held: &[Part],
    takes_any: bool,
) -> Result<Option<Part>, CaseRefusal> {
    if finding.item.is_empty() {
        return Ok(None);
    }
    let (vin, item) = (vin.to_owned(), finding.item.clone());
    if held.is_empty() {
        return Err(CaseRefusal::NotInVehicle { vin, item });
    }
    let named = |part: &&Part| {
        (finding.lot.is_empty() || finding.lot == part.lot)
            && (finding.serial.is_empty() || finding.serial == part.serial)
    };
    let mut fitting = held.iter().filter(named);
    match (fitting.next(), fitting.next()) {
        (Some(part), None) => Ok(Some(part.clone())),
        (Some(part), Some(_)) if takes_any => Ok(Some(part.clone())),
        (Some(_), Some(_)) => Err(CaseRefusal::OneOfMany {
            vin,
            item,
            held: names_of(held),
        }),
        (None, _) => Err(CaseRefusal::NotAsBuilt {
            vin,
            item,
            named: if finding.serial.is_empty() {
                finding.lot.clone()
            } else {
                finding.serial.clone()
            },
            held: names_of(held),
        }),
    }
}

/// The names of parts, a few of them.
fn names_of(parts: &[Part]) -> String {
    let name = |part: &Part| match part.serial.as_str() {
        "" => part.lot.clone(),
        serial => serial.to_owned(),
    };
    let names: Vec<String> = parts.iter().take(5).map(name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;
    use takt_kernel::Currency;
    use takt_service::error::Refusal;

    fn opening(on: &str) -> Opening {
        Opening {
            id: "SC-1".into(),
            vin: "LXMSU7A10RB000001".into(),
            category: "brake noise or wear".into(),
            symptom: String::new(),
            odometer: None,
            city: String::new(),
            on: date(on),
        }
    }

    fn vehicle(handed_over_on: Option<&str>) -> Vehicle {
        Vehicle {
            number: 1,
            city: "BEIJING".into(),
            handed_over_on: handed_over_on.map(date),
            ..Vehicle::default()
        }
    }

    fn repair(on: &str, replaced: bool) -> Repair {
        Repair {
            on: date(on),
            remedy: "pads".into(),
            labour: 1_600,
            cost: Amount::new(12_000, Currency::USD),
            replacement: replaced.then(|| Replacement {
                lot: "L".into(),
                serial: String::new(),
                supplier: String::new(),
            }),
        }
    }

    fn part(lot: &str, serial: &str) -> Part {
        Part {
            item: "BR-03".into(),
            lot: lot.into(),
            serial: serial.into(),
            supplier: "BREMBO".into(),
        }
    }

    #[test]
    fn a_case_goes_its_way_and_no_step_is_left_out() {
        let reason = |result: Result<(), CaseRefusal>| result.unwrap_err().reason();
        let open = Case::open(opening("2024-05-01"), vehicle(None));
        assert_eq!(open.unwrap_err().reason(), "VEHICLE_NOT_HANDED_OVER");
        let open = Case::open(opening("2024-05-01"), vehicle(Some("2024-05-02")));
        assert_eq!(open.unwrap_err().reason(), "CASE_BEFORE_HANDOVER");
        let mut case = Case::open(opening("2024-05-01"), vehicle(Some("2024-05-01"))).unwrap();
        assert_eq!(case.opening.city, "BEIJING");
        assert_eq!(reason(case.close(date("2024-05-03"))), "CASE_STATE");
        assert_eq!(
            reason(case.repair(repair("2024-05-03", false))),
            "CASE_STATE"
        );
        let early = case.diagnose(date("2024-04-30"), String::new(), None);
        assert_eq!(reason(early), "CASE_BACKWARDS");
        let mut other = case.clone();
        case.diagnose(date("2024-05-02"), "worn".into(), Some(part("L-1", "")))
            .unwrap();
        other
            .diagnose(date("2024-05-02"), "loose".into(), None)
            .unwrap();
        assert_eq!(
            reason(other.repair(repair("2024-05-02", true))),
            "NOTHING_TO_REPLACE"
        );
        other
            .cancel(date("2024-05-02"), "withdrawn".into())
            .unwrap();
        assert_eq!(
            reason(other.cancel(date("2024-05-03"), String::new())),
            "CASE_STATE"
        );
        assert_eq!(
            reason(case.repair(repair("2024-05-01", true))),
            "CASE_BACKWARDS"
        );
        case.repair(repair("2024-05-04", true)).unwrap();
        assert_eq!(
            reason(case.cancel(date("2024-05-05"), String::new())),
            "CASE_STATE"
        );
        assert_eq!(reason(case.close(date("2024-05-03"))), "CASE_BACKWARDS");
        case.close(date("2024-05-04")).unwrap();
        assert_eq!(
            (case.state, case.ended_on),
            (CaseState::Closed, Some(date("2024-05-04")))
        );
    }

    #[test]
    fn the_failed_part_is_one_that_the_vehicle_holds() {
        let finding = |item: &str, lot: &str, serial: &str| Finding {
            on: date("2024-05-01"),
            text: String::new(),
            item: item.into(),
            lot: lot.into(),
            serial: serial.into(),
        };
        let told = |finding: &Finding, held: &[Part], any| part_of("VIN", finding, held, any);
        let reason =
            |finding: &Finding, held: &[Part]| told(finding, held, false).unwrap_err().reason();
        let two = [part("L-1", "L-1-1"), part("L-1", "L-1-2")];
        assert_eq!(told(&finding("", "", ""), &two, false), Ok(None));
        assert_eq!(
            reason(&finding("BR-03", "", ""), &[]),
            "PART_NOT_IN_VEHICLE"
        );
        assert_eq!(
            reason(&finding("BR-03", "L-2", ""), &two),
            "PART_NOT_AS_BUILT"
        );
        assert_eq!(reason(&finding("BR-03", "L-1", ""), &two), "PART_NOT_NAMED");
        let second = told(&finding("BR-03", "", "L-1-2"), &two, false);
        assert_eq!(second, Ok(Some(two[1].clone())));
        let first = told(&finding("BR-03", "L-1", ""), &two, true);
        assert_eq!(first, Ok(Some(two[0].clone())));
        let only = [part("L-1", "")];
        let whatever = told(&finding("BR-03", "", ""), &only, false);
        assert_eq!(whatever, Ok(Some(only[0].clone())));
    }
}
