//! The rows of inspections and of the defects that they found.
//!
//! It must not know when a vehicle passes. Invariants: who records one holds the counter of appointments, so that handovers see it or come before
//! it; a number of statements that does not depend on the number of vehicles or defects.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::{Findings, Inspected, Severity};
use crate::{
    programme::Catalogue,
    rows::{date, date_opt, day, get, list},
    shipment::ShipmentNo,
};

/// The counter of inspections.
pub(crate) const INSPECTION: &str = "inspection";

/// A vehicle as an inspection sees it.
pub(crate) async fn inspected_fetch(
    tx: &Tx,
    catalogue: &Catalogue,
    vin: &str,
) -> Result<Inspected, Error> {
    let sql = "SELECT w.shipment_no, s.arrived_on, w.handed_over_on, \
               (SELECT MAX(i.inspected_on) FROM inspection i WHERE i.vin = w.vin) \
               FROM vehicle w LEFT JOIN shipment s ON s.shipment_no = w.shipment_no WHERE w.vin = $1";
    let row = tx.one(sql, vec![vin.into()]).await?;
    let row = row.ok_or_else(|| Error::missing("vehicle", vin))?;
    let load = get::<Option<i64>>(&row, 0)?.map(ShipmentNo::of_value);
    let lane = load.and_then(|load| catalogue.lane_at(load.lane_no()));
    let arrived_on = date_opt(&row, 1)?;
    let sql = "SELECT d.code, d.severity FROM inspection i JOIN inspection_defect d ON d.inspection_no = i.inspection_no \
               WHERE i.vin = $1 AND d.mended_by IS NULL ORDER BY d.code";
    let mut open = Vec::new();
    for defect in tx.rows(sql, vec![vin.into()]).await? {
        open.push((get(&defect, 0)?, severity(get(&defect, 1)?)?));
    }
    Ok(Inspected {
        vin: vin.to_owned(),
        arrived: lane.map(|lane| lane.city.clone()).zip(arrived_on),
        handed_over_on: date_opt(&row, 2)?,
        last_on: date_opt(&row, 3)?,
        open,
    })
}

fn severity(code: i64) -> Result<Severity, Error> {
    Severity::of_code(code).ok_or_else(|| Error::broken(format!("severity {code}")))
}

/// Adds an inspection with what it found, and closes what it saw mended.
pub(crate) async fn inspection_add(
    tx: &Tx,
    number: i64,
    vin: &str,
    centre_no: i64,
    findings: &Findings,
    passed: bool,
) -> Result<(), Error> {
    let sql = "UPDATE inspection_defect SET mended_by = $1, mended_on = $2 WHERE mended_by IS NULL AND code = $3 \
               AND inspection_no IN (SELECT inspection_no FROM inspection WHERE vin = $4)";
    // A vehicle has few open defects, and each code stands open once.
    for code in &findings.mended {
        let values = vec![
            number.into(),
            day(findings.on),
            code.as_str().into(),
            vin.into(),
        ];
        tx.exec(sql, values).await?;
    }
    let row = vec![
        number.into(),
        vin.into(),
        centre_no.into(),
        day(findings.on),
        i64::from(passed).into(),
    ];
    let columns = [
        "inspection_no",
        "vin",
        "centre_no",
        "inspected_on",
        "passed",
    ];
    tx.insert_many("inspection", &columns, vec![row], "")
        .await?;
    let rows = findings
        .found
        .iter()
        .zip(1i64..)
        .map(|((code, severity), line)| {
            vec![
                number.into(),
                line.into(),
                code.as_str().into(),
                severity.code().into(),
            ]
        });
    let columns = ["inspection_no", "line_no", "code", "severity"];
    tx.insert_many("inspection_defect", &columns, rows.collect(), "")
        .await?;
    Ok(())
}

/// An inspection as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its number.
    pub(crate) number: i64,
    /// The vehicle.
    pub(crate) vin: String,
    /// The centre.
    pub(crate) centre_id: String,
    /// The day.
    pub(crate) on: Date,
    /// Whether it was passed.
    pub(crate) passed: bool,
    /// What it found: code, severity and the day of mending.
    pub(crate) defects: Vec<(String, Severity, Option<Date>)>,
}

/// The next inspections behind a number.
pub(crate) async fn inspections_page(
    tx: &Tx,
    vin: &str,
    centre_id: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let sql = "SELECT i.inspection_no, i.vin, c.centre_id, i.inspected_on, i.passed FROM inspection i JOIN centre c ON c.centre_no = i.centre_no \
               WHERE i.inspection_no > $1 AND ($2 = '' OR i.vin = $2) AND ($3 = '' OR c.centre_id = $3) ORDER BY i.inspection_no LIMIT $4";
    let values = vec![after.into(), vin.into(), centre_id.into(), limit.into()];
    let mut page = Vec::new();
    for row in tx.rows(sql, values).await? {
        page.push(Listed {
            number: get(&row, 0)?,
            vin: get(&row, 1)?,
            centre_id: get(&row, 2)?,
            on: date(&row, 3)?,
            passed: get::<i64>(&row, 4)? != 0,
            defects: Vec::new(),
        });
    }
    let query = "SELECT d.inspection_no, d.line_no, d.code, d.severity, d.mended_on FROM v JOIN inspection_defect d ON d.inspection_no = v.inspection_no";
    let numbers = list(page.iter().map(|one| one.number));
    let mut defects = BTreeMap::new();
    for row in tx.rows_for(&["inspection_no"], numbers, query).await? {
        let key: (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        let defect = (get(&row, 2)?, severity(get(&row, 3)?)?, date_opt(&row, 4)?);
        defects.insert(key, defect);
    }
    for one in &mut page {
        let of = defects.range((one.number, 0)..(one.number + 1, 0));
        one.defects = of.map(|(_, defect)| defect.clone()).collect();
    }
    Ok(page)
}

/// The last inspection of each of some vehicles that was inspected: the day, and whether it was passed.
pub(crate) async fn last_fetch(
    tx: &Tx,
    vins: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, (Date, bool)>, Error> {
    let query = "SELECT i.vin, i.inspected_on, i.passed FROM v JOIN inspection i ON i.vin = v.vin \
                 WHERE NOT EXISTS (SELECT 1 FROM inspection j WHERE j.vin = i.vin AND j.inspection_no > i.inspection_no)";
    let rows = tx.rows_for(&["vin"], list(vins), query).await?;
    let read = |row| Ok((get(row, 0)?, (date(row, 1)?, get::<i64>(row, 2)? != 0)));
    rows.iter().map(read).collect()
}
