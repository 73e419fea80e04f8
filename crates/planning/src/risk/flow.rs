//! A flow of goods over time as a share of what is needed: 1 is all of it, 0 is none. It must not know whose flow it is.
//! Units: thousandths of a day since the disruption began, levels in millionths. Invariants: starts ascend from 0, neighbours
//! differ, a level lies in 0 ..= 1; everything is integer arithmetic, and only the hour at which a stock ends is rounded (up,
//! by less than a thousandth of a day).

/// All of what is needed, in millionths.
pub const FULL: i64 = 1_000_000;

/// A step function: each level holds from its instant until the next one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow(Vec<(i64, i64)>);

impl Flow {
    /// Nothing is missing, ever.
    pub fn full() -> Self {
        Self(vec![(0, FULL)])
    }

    /// Nothing flows before `until`; None is an outage without end.
    pub fn outage(until: Option<i64>) -> Self {
        let mut flow = Self(Vec::new());
        match until {
            Some(until) if until > 0 => {
                flow.push(0, 0);
                flow.push(until, FULL);
            }
            Some(_) => flow.push(0, FULL),
            None => flow.push(0, 0),
        }
        flow
    }

    /// Nothing flows in `[from, until)`.
    pub fn gap(from: i64, until: i64) -> Self {
        Self::dent(from, until, 0)
    }

    /// Only `level` flows in `[from, until)`.
    pub fn dent(from: i64, until: i64, level: i64) -> Self {
        let mut flow = Self::full();
        if from < until {
            flow.push(from.max(0), level.clamp(0, FULL));
            flow.push(until.max(0), FULL);
        }
        flow
    }

    /// The flow when others give a part of the need, in steps of instants that count from `begin`: what is missing beyond it is missing.
    #[must_use]
    pub fn helped(&self, steps: &[(i64, i64)], begin: i64) -> Self {
        let own = self.0.iter().map(|(at, _)| *at);
        let helps = steps.iter().map(|(after, _)| begin.saturating_add(*after));
        let mut instants: Vec<i64> = own.chain(helps.filter(|at| *at >= 0)).collect();
        instants.sort_unstable();
        let mut flow = Self(Vec::new());
        for at in instants {
            let here = steps
                .iter()
                .take_while(|(after, _)| begin.saturating_add(*after) <= at);
            let given = here.last().map_or(0, |(_, part)| *part);
            flow.push(at, self.level(at).saturating_add(given).min(FULL));
        }
        flow
    }

    pub(super) fn push(&mut self, at: i64, level: i64) {
        match self.0.last_mut() {
            Some((start, last)) if *start == at => *last = level,
            _ => self.0.push((at, level)),
        }
        // Setting a start anew may have made it equal to its neighbour.
        if let [.., (_, before), (_, last)] = self.0.as_slice()
            && before == last
        {
            self.0.pop();
        }
    }

    /// The steps with the end of each; the last one has none.
    pub(super) fn steps(&self) -> impl Iterator<Item = (i64, Option<i64>, i64)> + '_ {
        self.0.iter().enumerate().map(|(at, (start, level))| {
            let end = self.0.get(at + 1).map(|(next, _)| *next);
            (*start, end, *level)
        })
    }

    /// A flow of levels, each from its instant on until the next one's: instants ascend, and before the first one nothing is missing.
    /// None where they do not, or where a level is no share.
    pub fn of_levels(levels: impl IntoIterator<Item = (i64, i64)>) -> Option<Self> {
        let mut flow = Self::full();
        let mut last = -1;
        for (at, level) in levels {
            if at <= last || !(0..=FULL).contains(&level) {
                return None;
            }
            last = at;
            flow.push(at, level);
        }
        Some(flow)
    }

    /// The levels with the instant at which each begins; the first one begins at 0.
    pub fn levels(&self) -> &[(i64, i64)] {
        &self.0
    }

    /// The same flow as seen `at` thousandths of a day later: what was before is left out.
    #[must_use]
    pub fn since(&self, at: i64) -> Self {
        let mut flow = Self(vec![(0, self.level(at))]);
        for (start, level) in self.0.iter().filter(|(start, _)| *start > at) {
            flow.push(start.saturating_sub(at), *level);
        }
        flow
    }

    /// True where nothing is missing at any time.
    pub fn is_full(&self) -> bool {
        self.0 == [(0, FULL)]
    }

    /// The first instant at which something is missing.
    pub fn first_missing(&self) -> Option<i64> {
        self.0
            .iter()
            .find(|(_, level)| *level < FULL)
            .map(|(start, _)| *start)
    }

    /// The flow behind goods that are under way for `lead`: what left before the disruption arrives first.
    #[must_use]
    pub fn delayed(&self, lead: i64) -> Self {
        if lead <= 0 {
            return self.clone();
        }
        let mut flow = Self::full();
        for (start, level) in &self.0 {
            flow.push(start.saturating_add(lead), *level);
        }
        flow
    }

    /// The flow behind a stock of `stock` thousandths of a day: the stock gives what is missing until it is used up. It is not
    /// filled again, because the capacity beyond the need is not known to be free.
    #[must_use]
    pub fn buffered(&self, stock: i64) -> Self {
        let mut flow = Self(Vec::new());
        let mut left = i128::from(stock.max(0)) * i128::from(FULL);
        for (start, end, level) in self.steps() {
            let drain = i128::from(FULL - level);
            if drain == 0 || left == 0 {
                flow.push(start, level);
                continue;
            }
            let lasts = (left + drain - 1) / drain;
            flow.push(start, FULL);
            match end {
                Some(end) if i128::from(end - start) <= lasts => {
                    left = (left - drain * i128::from(end - start)).max(0);
                }
                _ => {
                    flow.push(
                        start.saturating_add(i64::try_from(lasts).unwrap_or(i64::MAX)),
                        level,
                    );
                    left = 0;
                }
            }
        }
        flow
    }

    /// Sources side by side: each gives its share of the need, and the part of no source that is named is not disturbed.
    pub fn shared<'a>(sources: impl IntoIterator<Item = (&'a Self, i64)>) -> Self {
        let sources: Vec<_> = sources.into_iter().collect();
        let missing = |at: i64| -> i64 {
            let lost = |(flow, share): &(&Self, i64)| {
                i128::from(FULL - flow.level(at)) * i128::from(*share)
            };
            let lost: i128 = sources.iter().map(lost).sum();
            i64::try_from(lost / i128::from(FULL)).unwrap_or(FULL)
        };
        Self::over(sources.iter().map(|(flow, _)| *flow), |at| {
            (FULL - missing(at)).clamp(0, FULL)
        })
    }

    /// Parts that are all needed: the scarcest one decides.
    pub fn scarcest<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let parts: Vec<_> = parts.into_iter().collect();
        Self::over(parts.iter().copied(), |at| {
            parts
                .iter()
                .map(|flow| flow.level(at))
                .min()
                .unwrap_or(FULL)
        })
    }

    fn over<'a>(flows: impl Iterator<Item = &'a Self>, level: impl Fn(i64) -> i64) -> Self {
        let mut instants: Vec<i64> = flows
            .flat_map(|flow| flow.0.iter().map(|(at, _)| *at))
            .collect();
        instants.push(0);
        instants.sort_unstable();
        instants.dedup();
        let mut flow = Self(Vec::with_capacity(instants.len()));
        for at in instants {
            flow.push(at, level(at));
        }
        flow
    }

    /// The level at an instant.
    pub fn level(&self, at: i64) -> i64 {
        let next = self.0.partition_point(|(start, _)| *start <= at);
        next.checked_sub(1)
            .and_then(|step| self.0.get(step))
            .map_or(FULL, |(_, level)| *level)
    }

    /// The next instant after `at` at which the level changes.
    pub fn changes_after(&self, at: i64) -> Option<i64> {
        let next = self.0.partition_point(|(start, _)| *start <= at);
        self.0.get(next).map(|(start, _)| *start)
    }

    /// What is missing in `[from, until)`, in millionths of the need times thousandths of a day.
    pub fn missing(&self, from: i64, until: i64) -> i128 {
        self.steps()
            .map(|(start, end, level)| {
                let begin = start.max(from);
                let end = end.unwrap_or(i64::MAX).min(until);
                i128::from(FULL - level) * i128::from((end - begin).max(0))
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn goods_under_way_and_stock_come_before_the_gap() {
        let flow = Flow::outage(Some(10_000)).delayed(2_000).buffered(3_000);
        assert_eq!(flow, Flow(vec![(0, FULL), (5_000, 0), (12_000, FULL)]));
        assert_eq!(flow.first_missing(), Some(5_000));
        assert_eq!(flow.missing(0, 20_000), i128::from(FULL) * 7_000);
        assert!(Flow::outage(Some(3_000)).buffered(3_000).is_full());
        assert_eq!(
            Flow::outage(None).buffered(1).0,
            [(0, FULL), (1, 0)],
            "an outage without end"
        );
    }

    #[test]
    fn half_of_the_need_makes_a_stock_last_twice_as_long() {
        let out = Flow::outage(None);
        let half = Flow::shared([(&out, 500_000), (&Flow::full(), 500_000)]);
        assert_eq!(half.level(0), 500_000);
        assert_eq!(half.buffered(4_000).first_missing(), Some(8_000));
        let third = Flow::shared([(&out, 333_333)]);
        assert_eq!(third.level(7), 666_667);
        assert_eq!(
            Flow::scarcest([&half, &third, &Flow::full()]).level(3),
            500_000
        );
    }

    fn flows() -> impl Strategy<Value = Flow> {
        proptest::collection::vec((0i64..60, 0i64..=4), 0..6).prop_map(|mut steps| {
            steps.sort_unstable();
            let mut flow = Flow::full();
            for (at, quarter) in steps {
                flow.push(at, quarter * 250_000);
            }
            flow
        })
    }

    #[test]
    fn levels_are_read_and_told_and_the_past_is_left_out() {
        let flow = Flow::gap(2_000, 5_000);
        assert_eq!(
            Flow::of_levels(flow.levels().iter().copied()),
            Some(flow.clone())
        );
        assert_eq!(flow.since(3_000), Flow(vec![(0, 0), (2_000, FULL)]));
        assert_eq!(flow.since(1_000), Flow::gap(1_000, 4_000));
        assert!(flow.since(5_000).is_full());
        assert_eq!(
            Flow::of_levels([(3, 0), (3, FULL)]),
            None,
            "one level an instant"
        );
        assert_eq!(Flow::of_levels([(0, FULL + 1)]), None);
    }

    proptest! {
        /// Minute by minute: a stock that is drawn on whenever something is missing.
        #[test]
        fn a_buffer_equals_the_walk_in_small_steps(flow in flows(), stock in 0i64..40) {
            let buffered = flow.buffered(stock);
            let (mut left, mut walked) = (stock * FULL, 0i128);
            for at in 0..200 {
                let need = FULL - flow.level(at);
                let drawn = need.min(left);
                left -= drawn;
                walked += i128::from(need - drawn);
            }
            let found = buffered.missing(0, 200);
            // The instant at which the stock ends is rounded up to a whole step.
            prop_assert!(found <= walked && walked - found < i128::from(FULL));
        }

        #[test]
        fn more_stock_never_makes_it_worse(flow in flows(), stock in 0i64..40, more in 0i64..20) {
            let (less, more) = (flow.buffered(stock), flow.buffered(stock + more));
            for until in [1, 7, 50, 200] {
                prop_assert!(more.missing(0, until) <= less.missing(0, until));
            }
        }

        #[test]
        fn steps_are_in_normal_form(a in flows(), b in flows(), lead in 0i64..9) {
            for flow in [Flow::scarcest([&a, &b]), Flow::shared([(&a, 300_000), (&b, 600_000)]), a.delayed(lead), b.buffered(lead)] {
                prop_assert_eq!(flow.0.first().map(|(at, _)| *at), Some(0));
                prop_assert!(flow.0.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 != two[1].1));
            }
        }
    }
}
