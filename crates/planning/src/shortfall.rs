//! What a disruption cost (RULES 13): a disturbed series against the undisturbed one. It must not know the cause.
//! Units: vehicles and vehicle-days. Invariant: a series against itself costs nothing.
use takt_kernel::Date;

/// The cost of a disruption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Shortfall {
    /// Late: the largest cumulative shortfall.
    pub late: i64,
    /// The first day of that shortfall; None where there is none.
    pub late_on: Option<Date>,
    /// Recovered: the first day after it without shortfall; None where it lasts.
    pub recovered_on: Option<Date>,
    /// Lost: the shortfall at the end of the last plan day.
    pub lost: i64,
    /// The integral: the sum of each day's shortfall.
    pub vehicle_days: i64,
}

/// Compares vehicles by day. Both series start on `first`; one that ends early stays at its total.
pub fn shortfall(
    first: Date,
    undisturbed: &[i64],
    disturbed: &[i64],
    last_plan_day: Date,
) -> Shortfall {
    let mut result = Shortfall::default();
    let mut open = 0i64;
    for at in 0..undisturbed.len().max(disturbed.len()) {
        let date = first.plus(at as i32);
        let on = |series: &[i64]| series.get(at).copied().unwrap_or(0);
        open += on(undisturbed) - on(disturbed);
        let short = open.max(0);
        result.vehicle_days += short;
        if short > result.late {
            (result.late, result.late_on, result.recovered_on) = (short, Some(date), None);
        }
        if short == 0 && result.late > 0 && result.recovered_on.is_none() {
            result.recovered_on = Some(date);
        }
        if date <= last_plan_day {
            result.lost = short;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_days_out_and_back() {
        let first = Date::from_epoch_day(0);
        let day = |n| Some(Date::from_epoch_day(n));
        let got = shortfall(
            first,
            &[5, 5, 5, 5, 5, 0],
            &[5, 0, 2, 8, 8, 2],
            first.plus(3),
        );
        // Cumulative shortfall 0, 5, 8, 5, 2, 0.
        let want = Shortfall {
            late: 8,
            late_on: day(2),
            recovered_on: day(5),
            lost: 5,
            vehicle_days: 20,
        };
        assert_eq!(got, want);
        assert_eq!(
            shortfall(first, &[5, 5], &[5, 5], first),
            Shortfall::default()
        );
        let never = shortfall(first, &[5, 5], &[5], first.plus(9));
        assert_eq!((never.lost, never.recovered_on), (5, None));
    }
}
