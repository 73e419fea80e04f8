//! How far production is ahead of a plan or behind it, in vehicles and in days (earned schedule: Lipke, Schedule is
//! Different, The Measurable News, 2003). It must not know dates. Units: whole units; thousandths of a day. Invariant: what
//! is built as planned deviates by nothing in both; a day of the plan without units takes no time to earn.

/// Units ahead of the plan; negative behind it.
pub const fn deviation_units(planned: i64, built: i64) -> i64 {
    built - planned
}

/// Earned schedule less actual time: `planned` are running totals at the end of each day of the plan, `built` the running
/// total at the end of day `today`, counted from 1. Between two days of the plan time is earned in proportion. None where
/// the plan is empty; beyond its end nothing more can be earned.
pub fn deviation_millidays(planned: &[i64], built: i64, today: i64) -> Option<i64> {
    let last = *planned.last()?;
    // What the plan has reached by now is on time as soon as it is built, however early the plan would have had it.
    let day = usize::try_from(today).unwrap_or(0).min(planned.len());
    let due = day
        .checked_sub(1)
        .map_or(0, |at| planned.get(at).copied().unwrap_or(last));
    if built == due || (built >= last && due >= last) {
        return Some(0);
    }
    let reached = planned.partition_point(|total| *total <= built);
    let days = i64::try_from(reached).ok()?;
    let before = reached
        .checked_sub(1)
        .map_or(0, |at| planned.get(at).copied().unwrap_or(0));
    let part = match planned.get(reached) {
        Some(next) => (built - before) * 1000 / (next - before).max(1),
        None => 0,
    };
    Some(days * 1000 + part - today.min(i64::try_from(planned.len()).ok()?) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_earned_by_what_is_built() {
        let plan = [10, 20, 40, 40, 60];
        for (built, today, want) in [
            (20, 2, 0),
            (10, 2, -1_000),
            (15, 2, -500),
            (30, 2, 500),
            (0, 2, -2_000),
            // Day 4 wants nothing: 40 at its end is as planned, and at the end of day 3 too.
            (40, 3, 0),
            (40, 4, 0),
            (30, 4, -1_500),
            (60, 5, 0),
            (60, 9, 0),
            (50, 9, -500),
        ] {
            assert_eq!(
                deviation_millidays(&plan, built, today),
                Some(want),
                "{built} on {today}"
            );
        }
        assert_eq!(deviation_millidays(&[], 1, 1), None);
        assert_eq!(deviation_units(20, 15), -5);
    }
}
