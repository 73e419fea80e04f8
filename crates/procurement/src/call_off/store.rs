//! The rows of scheduling agreements and releases, and what they count.
//!
//! It must not know rules. Invariants: the number of statements does not depend on the number of agreements; a release is
//! written with the agreement that counts it.

use std::collections::BTreeMap;

use prost::Message;
use takt_kernel::{Date, Quantity};
use takt_planning::call_off::{Authorised, CallOff, Due, Line, Progress, Zone};
use takt_service::{Error, Row, Tx};

use super::{Agreement, Release, ZoneDays};
use crate::{
    programme::SourceNo,
    rows::{date, date_of, date_opt, day, day_opt, get, quantity},
};

/// The columns of an agreement.
const AGREEMENT: &str = "source_no, reset_on, firm_days, fabrication_days, material_days, releases, last_as_of, fabrication, material, cancelled_on";
/// The columns of a release.
const RELEASE: &str = "source_no, release_no, as_of, reset_on, plan_id, shipped, received, backlog, fabrication, material, lines";

/// The lines of a release in a row: day, zone and quantity of each.
#[derive(Clone, PartialEq, Message)]
struct Packed {
    #[prost(sint64, repeated, tag = "1")]
    numbers: Vec<i64>,
}

/// The agreements behind a source, at most `limit`.
pub(crate) async fn agreements_fetch(
    tx: &Tx,
    after: i64,
    limit: i64,
) -> Result<Vec<Agreement>, Error> {
    let sql = format!(
        "SELECT {AGREEMENT} FROM schedule_agreement WHERE source_no > $1 ORDER BY source_no LIMIT $2"
    );
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    rows.iter().map(agreement_read).collect()
}

/// An agreement.
pub(crate) async fn agreement_fetch(tx: &Tx, source: SourceNo) -> Result<Option<Agreement>, Error> {
    let sql = format!("SELECT {AGREEMENT} FROM schedule_agreement WHERE source_no = $1");
    let row = tx.one(&sql, vec![source.0.into()]).await?;
    row.as_ref().map(agreement_read).transpose()
}

/// Writes agreements as they are now.
pub(super) async fn agreements_save(tx: &Tx, agreements: &[Agreement]) -> Result<(), Error> {
    let rows = agreements.iter().map(|agreement| {
        vec![
            agreement.source.0.into(),
            day(agreement.reset_on),
            i64::from(agreement.days.firm).into(),
            i64::from(agreement.days.fabrication).into(),
            i64::from(agreement.days.material).into(),
            agreement.releases.into(),
            day_opt(agreement.last_as_of),
            agreement.authorised.fabrication.milli().into(),
            agreement.authorised.material.milli().into(),
            day_opt(agreement.cancelled_on),
        ]
    });
    let columns: Vec<&str> = AGREEMENT.split(", ").collect();
    let set: Vec<String> = (columns.iter().skip(1))
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let suffix = format!("ON CONFLICT (source_no) DO UPDATE SET {}", set.join(", "));
    tx.insert_many("schedule_agreement", &columns, rows.collect(), &suffix)
        .await
        .map(|_| ())
}

/// Writes releases.
pub(super) async fn releases_add(tx: &Tx, releases: &[Release]) -> Result<(), Error> {
    let rows = releases.iter().map(|release| {
        let call_off = &release.call_off;
        let numbers = call_off.lines.iter().flat_map(|line| {
            [
                i64::from(line.on.epoch_day()),
                zone_number(line.zone),
                line.quantity.milli(),
            ]
        });
        let packed = Packed {
            numbers: numbers.collect(),
        };
        vec![
            release.source.0.into(),
            release.number.into(),
            day(release.as_of),
            day(release.reset_on),
            release.plan_id.as_str().into(),
            call_off.progress.shipped.milli().into(),
            call_off.progress.received.milli().into(),
            call_off.backlog.milli().into(),
            call_off.authorised.fabrication.milli().into(),
            call_off.authorised.material.milli().into(),
            packed.encode_to_vec().into(),
        ]
    });
    let columns: Vec<&str> = RELEASE.split(", ").collect();
    tx.insert_many("call_off", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// A release by number.
pub(super) async fn release_fetch(
    tx: &Tx,
    source: SourceNo,
    number: i64,
) -> Result<Option<Release>, Error> {
    let sql = format!("SELECT {RELEASE} FROM call_off WHERE source_no = $1 AND release_no = $2");
    let row = tx.one(&sql, vec![source.0.into(), number.into()]).await?;
    row.as_ref().map(release_read).transpose()
}

/// A page of releases behind one; `newest` leaves those out that others took the place of. Whether each is the newest stands beside it.
pub(super) async fn releases_page(
    tx: &Tx,
    after: (i64, i64),
    limit: i64,
    newest: bool,
) -> Result<Vec<(Release, bool)>, Error> {
    let columns: Vec<String> = RELEASE
        .split(", ")
        .map(|column| format!("c.{column}"))
        .collect();
    let only = if newest {
        "AND c.release_no = g.releases"
    } else {
        ""
    };
    let sql = format!(
        "SELECT {}, g.releases FROM call_off AS c JOIN schedule_agreement AS g ON g.source_no = c.source_no \
         WHERE (c.source_no, c.release_no) > ($1, $2) {only} ORDER BY c.source_no, c.release_no LIMIT $3",
        columns.join(", ")
    );
    let values = vec![after.0.into(), after.1.into(), limit.into()];
    let rows = tx.rows(&sql, values).await?;
    let read = |row| {
        let (release, newest) = (release_read(row)?, get::<i64>(row, 11)?);
        let is_newest = release.number == newest;
        Ok((release, is_newest))
    };
    rows.iter().map(read).collect()
}

/// What happened to each agreement since its reset date: goods that left on it or later and were not lost.
pub(crate) async fn progress_fetch(tx: &Tx) -> Result<BTreeMap<SourceNo, Progress>, Error> {
    let sql = "SELECT g.source_no, CAST(SUM(a.quantity) AS BIGINT), CAST(SUM(CASE WHEN n.received_on IS NULL THEN 0 ELSE a.quantity END) AS BIGINT) \
               FROM asn_line AS a JOIN asn AS n ON n.asn_no = a.asn_no JOIN schedule_agreement AS g ON g.source_no = a.first_lot / 10000000 \
               WHERE n.shipped_on >= g.reset_on AND n.lost_on IS NULL GROUP BY g.source_no";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| {
        Ok((
            SourceNo(get(row, 0)?),
            Progress {
                shipped: quantity(row, 1)?,
                received: quantity(row, 2)?,
            },
        ))
    };
    rows.iter().map(read).collect()
}

/// What a source shipped, and did not lose, from one day until before another.
pub(super) async fn shipped_between(
    tx: &Tx,
    source: SourceNo,
    from: Date,
    until: Date,
) -> Result<Quantity, Error> {
    let sql = "SELECT CAST(COALESCE(SUM(a.quantity), 0) AS BIGINT) FROM asn_line AS a JOIN asn AS n ON n.asn_no = a.asn_no \
               WHERE a.first_lot / 10000000 = $1 AND n.shipped_on >= $2 AND n.shipped_on < $3 AND n.lost_on IS NULL";
    let values = vec![source.0.into(), day(from), day(until)];
    tx.number(sql, values).await.map(Quantity)
}

/// What is under way and what is ordered of each agreement, with its day.
pub(super) async fn due_fetch(tx: &Tx) -> Result<BTreeMap<SourceNo, Vec<Due>>, Error> {
    let under_way = "SELECT g.source_no, n.expected_on, CAST(SUM(a.quantity) AS BIGINT) FROM asn AS n CROSS JOIN asn_line AS a \
                     JOIN schedule_agreement AS g ON g.source_no = a.first_lot / 10000000 \
                     WHERE a.asn_no = n.asn_no AND n.received_on IS NULL AND n.lost_on IS NULL AND n.shipped_on >= g.reset_on GROUP BY 1, 2";
    let ordered = "SELECT l.source_no, l.receipt_on, CAST(SUM((l.lots - l.withdrawn_lots - l.shipped_lots) * l.lot_size) AS BIGINT) FROM order_line AS l \
                   JOIN schedule_agreement AS g ON g.source_no = l.source_no WHERE l.shipped_lots + l.withdrawn_lots < l.lots GROUP BY 1, 2";
    let mut due: BTreeMap<SourceNo, Vec<Due>> = BTreeMap::new();
    for sql in [under_way, ordered] {
        for row in tx.rows(sql, vec![]).await? {
            due.entry(SourceNo(get(&row, 0)?)).or_default().push(Due {
                on: date(&row, 1)?,
                quantity: quantity(&row, 2)?,
                is_ordered: true,
            });
        }
    }
    Ok(due)
}

fn agreement_read(row: &Row) -> Result<Agreement, Error> {
    let days = |column| {
        let days: i64 = get(row, column)?;
        Ok::<_, Error>(i32::try_from(days).unwrap_or(i32::MAX))
    };
    Ok(Agreement {
        source: SourceNo(get(row, 0)?),
        reset_on: date(row, 1)?,
        days: ZoneDays {
            firm: days(2)?,
            fabrication: days(3)?,
            material: days(4)?,
        },
        releases: get(row, 5)?,
        last_as_of: date_opt(row, 6)?,
        authorised: Authorised {
            fabrication: quantity(row, 7)?,
            material: quantity(row, 8)?,
        },
        cancelled_on: date_opt(row, 9)?,
    })
}

fn release_read(row: &Row) -> Result<Release, Error> {
    let received = quantity(row, 6)?;
    let packed = Packed::decode(get::<Vec<u8>>(row, 10)?.as_slice())
        .map_err(|error| Error::broken(format!("lines of a release: {error}")))?;
    let mut cumulative = received.milli();
    let (threes, _) = packed.numbers.as_chunks::<3>();
    let lines = threes.iter().map(|[on, zone, quantity]| {
        cumulative += quantity;
        Ok(Line {
            on: date_of(*on),
            zone: zone_of(*zone)
                .ok_or_else(|| Error::broken(format!("a line of a release has the zone {zone}")))?,
            quantity: Quantity(*quantity),
            cumulative: Quantity(cumulative),
        })
    });
    let lines: Vec<Line> = lines.collect::<Result<_, Error>>()?;
    Ok(Release {
        source: SourceNo(get(row, 0)?),
        number: get(row, 1)?,
        as_of: date(row, 2)?,
        reset_on: date(row, 3)?,
        plan_id: get(row, 4)?,
        call_off: CallOff {
            progress: Progress {
                shipped: quantity(row, 5)?,
                received,
            },
            backlog: quantity(row, 7)?,
            lines,
            authorised: Authorised {
                fabrication: quantity(row, 8)?,
                material: quantity(row, 9)?,
            },
        },
    })
}

/// The numbers of zones are those of data element 4017.
fn zone_number(zone: Zone) -> i64 {
    match zone {
        Zone::Firm => 1,
        Zone::Fabrication => 2,
        Zone::Material => 3,
        Zone::Forecast => 4,
    }
}

fn zone_of(number: i64) -> Option<Zone> {
    [
        Zone::Firm,
        Zone::Fabrication,
        Zone::Material,
        Zone::Forecast,
    ]
    .into_iter()
    .find(|zone| zone_number(*zone) == number)
}
