//! What a delivery centre has to say of a handover: a place of its day, and an inspection where it demands one.
//!
//! It must not know the wire. Invariants: in a city without a centre nothing is asked; elsewhere a handover takes a place of the day, its
//! appointment's or another; AP-1 no appointment stands behind a handover; AP-2 one that was kept lies on the day of the handover.

use std::{collections::BTreeMap, fmt};

use takt_kernel::Date;
use takt_service::{Error, Tx, error::Refusal};

use crate::{
    appointment::{
        Appointment, State,
        store::{APPOINTMENT, appointments_save, standing_fetch},
    },
    centre::{
        Book, CentreRefusal,
        store::{book_fetch, book_save, centres_fetch},
    },
    inspection::store::last_fetch,
    rows::{counter_lock, get, list},
};

/// The centres on the days of some handovers.
pub(crate) struct Reception {
    book: Book,
    number: i64,
    orders: BTreeMap<String, i64>,
    standing: BTreeMap<i64, Appointment>,
    inspected: BTreeMap<String, (Date, bool)>,
    ended: Vec<Appointment>,
    new: Vec<Appointment>,
}

impl Reception {
    /// What is known of vehicles that are to be handed over from a day on; None while there is no centre. Everything that it looks at stays as it is until
    /// the transaction ends.
    pub(crate) async fn fetch(
        tx: &Tx,
        vins: &[&str],
        from: Option<Date>,
    ) -> Result<Option<Self>, Error> {
        let Some(from) = from else { return Ok(None) };
        if tx.number("SELECT COUNT(*) FROM centre", vec![]).await? == 0 {
            return Ok(None);
        }
        let number = counter_lock(tx, APPOINTMENT).await?;
        let query = "SELECT w.vin, w.order_no FROM v JOIN vehicle w ON w.vin = v.vin WHERE w.order_no IS NOT NULL";
        let mut orders = BTreeMap::new();
        for row in tx
            .rows_for(&["vin"], list(vins.iter().copied()), query)
            .await?
        {
            orders.insert(get(&row, 0)?, get(&row, 1)?);
        }
        let standing = standing_fetch(tx, orders.values().copied()).await?;
        let first = standing.values().map(|one| one.on).min();
        let centres = centres_fetch(tx, None).await?;
        Ok(Some(Self {
            book: book_fetch(tx, centres, first.map_or(from, |first| first.min(from))).await?,
            number,
            inspected: last_fetch(tx, vins.iter().copied()).await?,
            orders,
            standing,
            ended: Vec::new(),
            new: Vec::new(),
        }))
    }

    /// Takes a handover in a city on a day. The centre of the appointment comes first, then the others in the order of opening.
    pub(crate) fn receive(
        &mut self,
        vin: &str,
        city: &str,
        on: Date,
    ) -> Result<(), ReceptionRefusal> {
        let Some(order_no) = self.orders.get(vin).copied() else {
            return Ok(());
        };
        let appointed = self.standing.get(&order_no).cloned();
        let prefers = appointed.as_ref().map(|one| one.centre_no);
        let mut open: Vec<_> = (self.book.centres())
            .filter(|centre| centre.city == city && centre.capacity(on).is_some())
            .collect();
        open.sort_by_key(|centre| (Some(centre.number) != prefers, centre.number));
        // Where no centre works yet, the handover ends an appointment of a later day without another one.
        let ended = if open.is_empty() {
            State::Cancelled
        } else {
            State::Moved
        };
        if let Some(first) = open.first() {
            let passed = self.inspected.get(vin).filter(|(day, _)| *day <= on);
            let looked_at = passed.is_some();
            let passed = passed.is_some_and(|(_, passed)| *passed);
            let refused = ReceptionRefusal::Inspection {
                centre_id: first.id.clone(),
                looked_at,
            };
            open.retain(|centre| passed || !centre.inspection);
            let Some(first) = open.first() else {
                return Err(refused);
            };
            let in_time = |one: &Appointment| one.on == on && one.centre_no == first.number;
            if let Some(mut kept) = appointed.clone().filter(in_time) {
                kept.end(State::Kept, on);
                self.standing.remove(&order_no);
                self.ended.push(kept);
                return Ok(());
            }
            let (first, numbers) = (first.number, open.iter().map(|centre| centre.number));
            let numbers: Vec<i64> = numbers.collect();
            let free = numbers
                .into_iter()
                .find(|number| self.book.free(*number, on) > 0);
            let centre_no = free.unwrap_or(first);
            self.book
                .take(centre_no, on)
                .map_err(ReceptionRefusal::Centre)?;
            self.number += 1;
            self.new.push(Appointment {
                number: self.number,
                order_no,
                centre_no,
                on,
                state: State::Kept,
                made_on: on,
                ended_on: Some(on),
            });
        }
        if let Some(mut other) = self.standing.remove(&order_no) {
            self.book.give_back(other.centre_no, other.on);
            other.end(ended, on);
            self.ended.push(other);
        }
        Ok(())
    }

    /// Saves what the handovers took.
    pub(crate) async fn save(self, tx: &Tx) -> Result<(), Error> {
        book_save(tx, &self.book).await?;
        appointments_save(tx, &self.ended, &self.new).await
    }
}

/// Why a centre does not hand a vehicle over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReceptionRefusal {
    /// Its day has no place.
    Centre(CentreRefusal),
    /// The vehicle has not passed.
    Inspection {
        /// The centre.
        centre_id: String,
        /// Whether it was inspected at all.
        looked_at: bool,
    },
}

impl fmt::Display for ReceptionRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Centre(refusal) => refusal.fmt(out),
            Self::Inspection {
                centre_id,
                looked_at: true,
            } => write!(
                out,
                "the vehicle did not pass its inspection, and centre {centre_id} demands that; mend the defects and inspect it again"
            ),
            Self::Inspection { centre_id, .. } => write!(
                out,
                "the vehicle was not inspected by that day, and centre {centre_id} demands it; record an inspection first"
            ),
        }
    }
}

impl Refusal for ReceptionRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Centre(refusal) => refusal.reason(),
            Self::Inspection {
                looked_at: true, ..
            } => "INSPECTION_NOT_PASSED",
            Self::Inspection { .. } => "INSPECTION_MISSING",
        }
    }
}
