//! The inspection of a vehicle before its handover.
//!
//! It must not know the database or the wire. Invariant: PI-1 an inspection is passed when no major or critical defect of the vehicle is open at its
//! end, and never because somebody says so: what was found by one inspection is seen mended by a later one.

pub(crate) mod rpc;
pub(crate) mod store;

use std::fmt;

use takt_kernel::Date;
use takt_service::error::Refusal;

/// How bad a defect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It keeps nothing back.
    Minor,
    /// It is mended before the handover.
    Major,
    /// The vehicle is not safe.
    Critical,
}

impl Severity {
    /// The number in the database and on the wire.
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Minor => 1,
            Self::Major => 2,
            Self::Critical => 3,
        }
    }

    /// Reads the number.
    pub(crate) const fn of_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Minor),
            2 => Some(Self::Major),
            3 => Some(Self::Critical),
            _ => None,
        }
    }
}

/// A vehicle as an inspection sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// The vehicle.
    pub(crate) vin: String,
    /// The city in which it has arrived, and when.
    pub(crate) arrived: Option<(String, Date)>,
    /// The day of the handover.
    pub(crate) handed_over_on: Option<Date>,
    /// The day of the last inspection.
    pub(crate) last_on: Option<Date>,
    /// The defects that are open, by code.
    pub(crate) open: Vec<(String, Severity)>,
}

/// What an inspection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    /// The day.
    pub(crate) on: Date,
    /// The defects.
    pub(crate) found: Vec<(String, Severity)>,
    /// The codes of those that were found before and are mended.
    pub(crate) mended: Vec<String>,
}

/// The codes of the major and critical defects that are open after an inspection; it is passed when there are none.
pub(crate) fn inspect(
    vehicle: &Inspected,
    centre_id: &str,
    city: &str,
    findings: &Findings,
) -> Result<Vec<String>, InspectionRefusal> {
    let vin = || vehicle.vin.clone();
    let on = findings.on;
    if let Some(handed_over_on) = vehicle.handed_over_on {
        return Err(InspectionRefusal::HandedOver {
            vin: vin(),
            on: handed_over_on,
        });
    }
    let arrived_on = match &vehicle.arrived {
        Some((there, arrived_on)) if there == city => *arrived_on,
        other => {
            return Err(InspectionRefusal::NotThere {
                vin: vin(),
                centre_id: centre_id.to_owned(),
                city: city.to_owned(),
                elsewhere: other.as_ref().map(|(there, _)| there.clone()),
            });
        }
    };
    let before = vehicle
        .last_on
        .map_or(arrived_on, |last| last.max(arrived_on));
    if on < before {
        return Err(InspectionRefusal::Backwards {
            vin: vin(),
            on,
            before,
        });
    }
    for code in &findings.mended {
        if !vehicle.open.iter().any(|(open, _)| open == code) {
            return Err(InspectionRefusal::NotOpen {
                vin: vin(),
                code: code.clone(),
            });
        }
    }
    let is_mended = |code: &String| findings.mended.contains(code);
    let left = vehicle.open.iter().filter(|(code, _)| !is_mended(code));
    let left: Vec<_> = left.collect();
    for (code, _) in &findings.found {
        if left.iter().any(|(open, _)| open == code) {
            return Err(InspectionRefusal::OpenAlready {
                vin: vin(),
                code: code.clone(),
            });
        }
    }
    let open = left.into_iter().chain(&findings.found);
    let mut codes: Vec<String> = open
        .filter(|(_, severity)| *severity > Severity::Minor)
        .map(|(code, _)| code.clone())
        .collect();
    codes.sort_unstable();
    Ok(codes)
}

/// Why an inspection is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InspectionRefusal {
    /// The customer has the vehicle.
    HandedOver {
        /// The vehicle.
        vin: String,
        /// Since when.
        on: Date,
    },
    /// It is not in the centre's city.
    NotThere {
        /// The vehicle.
        vin: String,
        /// The centre.
        centre_id: String,
        /// Its city.
        city: String,
        /// Where the vehicle is, if it has arrived.
        elsewhere: Option<String>,
    },
    /// It lies before the arrival or the last inspection.
    Backwards {
        /// The vehicle.
        vin: String,
        /// The day.
        on: Date,
        /// The day before which it lies.
        before: Date,
    },
    /// No such defect is open.
    NotOpen {
        /// The vehicle.
        vin: String,
        /// The code.
        code: String,
    },
    /// The defect is open already.
    OpenAlready {
        /// The vehicle.
        vin: String,
        /// The code.
        code: String,
    },
}

impl fmt::Display for InspectionRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HandedOver { vin, on } => write!(
                out,
                "vehicle {vin} was handed over on {on}; open a case of service instead"
            ),
            Self::NotThere {
                vin,
                centre_id,
                city,
                elsewhere: Some(elsewhere),
            } => write!(
                out,
                "vehicle {vin} is in {elsewhere} and centre {centre_id} in {city}; give a centre in {elsewhere}"
            ),
            Self::NotThere { vin, .. } => write!(
                out,
                "vehicle {vin} has not arrived; report the arrival of its shipment first"
            ),
            Self::Backwards { vin, on, before } => write!(
                out,
                "vehicle {vin} arrived or was inspected on {before} and {on} lies before; give that day or a later one"
            ),
            Self::NotOpen { vin, code } => write!(
                out,
                "vehicle {vin} has no open defect {code} that could be mended; list its inspections"
            ),
            Self::OpenAlready { vin, code } => write!(
                out,
                "defect {code} of vehicle {vin} is open since an earlier inspection; leave it out, or say that it was mended"
            ),
        }
    }
}

impl Refusal for InspectionRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::HandedOver { .. } => "INSPECTION_AFTER_HANDOVER",
            Self::NotThere { .. } => "VEHICLE_NOT_AT_CENTRE",
            Self::Backwards { .. } => "INSPECTION_BACKWARDS",
            Self::NotOpen { .. } => "DEFECT_NOT_OPEN",
            Self::OpenAlready { .. } => "DEFECT_OPEN_ALREADY",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    fn vehicle() -> Inspected {
        Inspected {
            vin: "VIN".into(),
            arrived: Some(("Xi'an".into(), date("2024-04-08"))),
            handed_over_on: None,
            last_on: Some(date("2024-04-09")),
            open: vec![
                ("PAINT-03".into(), Severity::Major),
                ("TRIM-01".into(), Severity::Minor),
            ],
        }
    }

    fn findings(on: &str, found: &[(&str, Severity)], mended: &[&str]) -> Findings {
        Findings {
            on: date(on),
            found: found
                .iter()
                .map(|(code, bad)| ((*code).to_owned(), *bad))
                .collect(),
            mended: mended.iter().map(|code| (*code).to_owned()).collect(),
        }
    }

    #[test]
    fn a_vehicle_passes_when_nothing_bad_is_open() {
        let told = |findings| inspect(&vehicle(), "XIAN-1", "Xi'an", &findings);
        let open = |codes: &[&str]| Ok(codes.iter().map(|code| (*code).to_owned()).collect());
        assert_eq!(told(findings("2024-04-09", &[], &[])), open(&["PAINT-03"]));
        assert_eq!(told(findings("2024-04-09", &[], &["PAINT-03"])), open(&[]));
        let again = findings(
            "2024-04-09",
            &[("PAINT-03", Severity::Critical)],
            &["PAINT-03"],
        );
        assert_eq!(told(again), open(&["PAINT-03"]));
        let more = findings(
            "2024-04-09",
            &[("BRAKE-01", Severity::Critical)],
            &["TRIM-01"],
        );
        assert_eq!(told(more), open(&["BRAKE-01", "PAINT-03"]));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let told = |vehicle: &Inspected, city, findings| {
            inspect(vehicle, "XIAN-1", city, &findings).map_err(|refusal| refusal.reason())
        };
        let clean = |on| findings(on, &[], &[]);
        let xian = "Xi'an";
        assert_eq!(
            told(&vehicle(), xian, clean("2024-04-08")),
            Err("INSPECTION_BACKWARDS")
        );
        let there = Err("VEHICLE_NOT_AT_CENTRE");
        assert_eq!(told(&vehicle(), "Shanghai", clean("2024-04-09")), there);
        let mut other = vehicle();
        other.arrived = None;
        assert_eq!(told(&other, xian, clean("2024-04-09")), there);
        let mended = findings("2024-04-09", &[], &["BRAKE-01"]);
        assert_eq!(told(&vehicle(), xian, mended), Err("DEFECT_NOT_OPEN"));
        let twice = findings("2024-04-09", &[("TRIM-01", Severity::Minor)], &[]);
        assert_eq!(told(&vehicle(), xian, twice), Err("DEFECT_OPEN_ALREADY"));
        other.handed_over_on = Some(date("2024-04-10"));
        assert_eq!(
            told(&other, xian, clean("2024-04-11")),
            Err("INSPECTION_AFTER_HANDOVER")
        );
    }
}
