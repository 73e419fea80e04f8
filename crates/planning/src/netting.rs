//! Which lots of an item to order on a day (RULES 4, 5, 7, 8; Orlicky, time-phased netting with a fixed lot
//! size). It must not know order papers or stock records. Units: thousandths, lots, days. Invariants: lots
//! ordered for use through a day (and the safety time behind it) are ceil((base + requirement through the day) / lot) and no more; lot k goes to
//! the supplier that the quota names; nothing is ordered twice, because the first lots of a supplier's
//! sequence are those released before.
use crate::quota::Quota;
use takt_kernel::{Date, Quantity};

/// How an item is bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourcing {
    /// Lot size, above 0: the minimum order and the size of every lot.
    pub lot: Quantity,
    /// Which supplier delivers which lot.
    pub quota: Quota,
    /// Order to receipt in days, by supplier.
    pub lead_days: Vec<i32>,
}

/// What has happened to the item.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    /// Issued before the first day of the requirement series: the series takes it from there, so this figure
    /// stays as it was when the plan was made.
    pub issued: Quantity,
    /// Supply that was ordered and will never be usable (rejected, short, scrapped), up to now.
    pub lost: Quantity,
    /// Lots released so far, by supplier.
    pub released: &'a [i64],
    /// The days by which goods are asked for earlier than the evening before their use, by supplier; none where it is not named.
    pub safety: &'a [i32],
}

/// Lots of one supplier for one day of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Release {
    /// Index of the supplier within the item.
    pub supplier: usize,
    /// How many lots.
    pub lots: i64,
    /// The first use.
    pub use_on: Date,
    /// When they should be received: the evening before, less the safety time.
    pub due_on: Date,
    /// When they can be received: the due date, or release date plus lead time where that is later.
    pub receipt_on: Date,
    /// True where they cannot be received on the evening before their use: safety alone may be used up.
    pub past_due: bool,
}

/// The lots to release on `date`, by supplier and day of use. `series` is the requirement by day from `first`
/// on; nothing is ordered for use after its end.
pub fn release_on(
    date: Date,
    first: Date,
    series: &[Quantity],
    sourcing: &Sourcing,
    position: Position<'_>,
) -> Vec<Release> {
    let mut releases = Vec::new();
    for (supplier, lead) in sourcing.lead_days.iter().enumerate() {
        let have = position.released.get(supplier).copied().unwrap_or(0);
        let safety = position.safety.get(supplier).copied().unwrap_or(0);
        // Release date = use - 1 - safety - lead; it has come for every use up to this horizon.
        let horizon = date.plus(lead + safety + 1);
        let days = usize::try_from(horizon.days_since(first) + 1)
            .unwrap_or(0)
            .min(series.len());
        let mut ordered = have;
        let mut required = i128::from(position.issued.milli()) + i128::from(position.lost.milli());
        for (at, need) in series[..days]
            .iter()
            .enumerate()
            .filter(|(_, need)| need.milli() > 0)
        {
            required += i128::from(need.milli());
            let lots =
                takt_kernel::ceil_div(required, i128::from(sourcing.lot.milli())).unwrap_or(0);
            let wanted = sourcing.quota.count(supplier, lots);
            if wanted > ordered {
                let use_on = first.plus(at as i32);
                let (latest, soonest) = (use_on.minus(1), date.plus(*lead));
                let due_on = latest.minus(safety);
                let (receipt_on, past_due) = (due_on.max(soonest), latest < soonest);
                releases.push(Release {
                    supplier,
                    lots: wanted - ordered,
                    use_on,
                    due_on,
                    receipt_on,
                    past_due,
                });
                ordered = wanted;
            }
        }
    }
    releases
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use takt_kernel::{ParseError, Share};

    fn day(n: i32) -> Date {
        Date::from_epoch_day(n)
    }

    fn units(values: &[i64]) -> Vec<Quantity> {
        values.iter().map(|v| Quantity::from_units(*v)).collect()
    }

    fn sourcing(lot: i64, leads: &[i32], shares: &[i64]) -> Result<Sourcing, ParseError> {
        let shares: Vec<Share> = shares.iter().map(|s| Share(s * 10_000)).collect();
        Ok(Sourcing {
            lot: Quantity::from_units(lot),
            quota: Quota::new(&shares)?,
            lead_days: leads.to_vec(),
        })
    }

    const NEW: Position<'static> = Position {
        issued: Quantity::ZERO,
        lost: Quantity::ZERO,
        released: &[0, 0],
        safety: &[],
    };

    #[test]
    fn lots_are_released_a_lead_time_before_the_evening_before_use() -> Result<(), ParseError> {
        let (series, bolts) = (units(&[4, 4, 4, 4]), sourcing(5, &[10], &[100])?); // lots by day 1, 2, 3, 4
        let got = release_on(day(90), day(101), &series, &bolts, NEW);
        assert_eq!(
            got,
            [Release {
                supplier: 0,
                lots: 1,
                use_on: day(101),
                due_on: day(100),
                receipt_on: day(100),
                past_due: false
            }]
        );
        assert!(release_on(day(89), day(101), &series, &bolts, NEW).is_empty());
        let late = release_on(day(92), day(101), &series, &bolts, NEW);
        let dates: Vec<(Date, Date, bool)> = late
            .iter()
            .map(|r| (r.use_on, r.receipt_on, r.past_due))
            .collect();
        assert_eq!(
            dates,
            [
                (day(101), day(102), true),
                (day(102), day(102), true),
                (day(103), day(102), false)
            ]
        );
        let done = Position {
            released: &[3],
            ..NEW
        };
        assert!(release_on(day(92), day(101), &series, &bolts, done).is_empty());
        Ok(())
    }

    #[test]
    fn lost_supply_is_ordered_again_and_the_base_counts() -> Result<(), ParseError> {
        let bolts = sourcing(5, &[1], &[100])?;
        let position = Position {
            issued: Quantity::from_units(8),
            lost: Quantity::from_units(5),
            released: &[3],
            safety: &[],
        };
        let got = release_on(day(10), day(10), &units(&[0, 2, 1]), &bolts, position); // 15 fits 3 lots, 16 needs a fourth
        assert_eq!(
            got.iter().map(|r| (r.lots, r.use_on)).collect::<Vec<_>>(),
            [(1, day(12))]
        );
        Ok(())
    }

    #[test]
    fn safety_asks_for_goods_earlier_and_is_used_up_before_anything_is_late()
    -> Result<(), ParseError> {
        // Lead time 10, use on days 101 to 104, safety of 3 days: due on day 97, so ordered on day 87.
        let (series, bolts) = (units(&[4, 4, 4, 4]), sourcing(5, &[10], &[100])?);
        let safe = Position {
            safety: &[3],
            ..NEW
        };
        assert!(release_on(day(86), day(101), &series, &bolts, safe).is_empty());
        let told = |got: Vec<Release>| -> Vec<(Date, Date, Date, bool)> {
            let told = |r: &Release| (r.use_on, r.due_on, r.receipt_on, r.past_due);
            got.iter().map(told).collect()
        };
        let first = told(release_on(day(87), day(101), &series, &bolts, safe));
        assert_eq!(first, [(day(101), day(97), day(97), false)]);
        // Learnt on day 90: what can be had on day 100 is in time for day 101, without its three days.
        let learnt = told(release_on(day(90), day(101), &series, &bolts, safe));
        assert_eq!(
            learnt,
            [
                (day(101), day(97), day(100), false),
                (day(102), day(98), day(100), false),
                (day(103), day(99), day(100), false),
                (day(104), day(100), day(100), false)
            ]
        );
        // A day later the first use is late, and only that.
        let late = told(release_on(day(91), day(101), &series, &bolts, safe));
        assert_eq!(
            late.iter().map(|(.., late)| *late).collect::<Vec<_>>(),
            [true, false, false, false]
        );
        Ok(())
    }

    #[test]
    fn each_supplier_has_its_own_lead_time() -> Result<(), ParseError> {
        let wheels = sourcing(10, &[2, 4], &[60, 40])?;
        let got = release_on(day(0), day(3), &units(&[30, 30, 30]), &wheels, NEW);
        // Lots 0-8 go to 0 1 0 1 0 | 0 1 0 1; supplier 0 looks to day 3, supplier 1 to day 5.
        let lots: Vec<(usize, i64, Date)> =
            got.iter().map(|r| (r.supplier, r.lots, r.use_on)).collect();
        assert_eq!(
            lots,
            [
                (0, 2, day(3)),
                (1, 1, day(3)),
                (1, 1, day(4)),
                (1, 2, day(5))
            ]
        );
        Ok(())
    }

    proptest! {
        #[test]
        fn day_by_day_every_use_is_covered_and_nothing_is_ordered_twice(
            needs in proptest::collection::vec(0i64..50, 1..40),
            lot in 1i64..60,
            leads in (0i32..9, 0i32..9),
            cut in 0i64..=10,
            safety in (0i32..6, 0i32..6),
        ) {
            let sourcing = sourcing(lot, &[leads.0, leads.1], &[cut * 10, 100 - cut * 10]);
            prop_assert!(sourcing.is_ok());
            if let Ok(sourcing) = sourcing {
                let series = units(&needs);
                let first = day(20);
                let mut released = [0i64; 2];
                let mut received = vec![0i64; needs.len() + 80];
                for today in 0..20 + needs.len() as i32 {
                    let position = Position { released: &released, safety: &[safety.0, safety.1], ..NEW };
                    let now = release_on(day(today), first, &series, &sourcing, position);
                    for release in now {
                        prop_assert!(!release.past_due);
                        released[release.supplier] += release.lots;
                        received[release.receipt_on.days_since(day(0)) as usize] += release.lots * lot;
                    }
                }
                let total: i64 = needs.iter().sum();
                prop_assert_eq!(released.iter().sum::<i64>(), (total + lot - 1) / lot);
                let (mut have, mut used) = (0, 0);
                for today in 0..20 + needs.len() {
                    used += if today >= 20 { needs[today - 20] } else { 0 };
                    prop_assert!(have >= used);
                    have += received[today];
                }
            }
        }
    }
}
