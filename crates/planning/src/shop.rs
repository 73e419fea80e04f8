//! When a vehicle is in which shop, from the flow times of the routing (RULES 11). It must not know orders or
//! parts. Units: seconds of working time on one axis that leaves the nights out. Method: backwards from the
//! completion; the line's shops follow each other, a feeder ends when the shop it feeds begins. Flow through a
//! shop is the sum over its operations that apply to the variant. Invariant: windows of the line never overlap.
use takt_kernel::Date;

/// An operation as time in a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShopOperation {
    /// Index of the shop.
    pub shop: usize,
    /// The variants it applies to, bit v for variant v.
    pub variants: u64,
    /// Time from entry to exit in milliseconds.
    pub flow_ms: i64,
}

/// How the shops hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopFlow {
    /// The shops of the line in order: body, paint, final assembly.
    pub line: Vec<usize>,
    /// Feeders and the shop they feed: stamping and die casting feed body, battery feeds final assembly.
    pub feeders: Vec<(usize, usize)>,
    /// The operations.
    pub operations: Vec<ShopOperation>,
}

/// A vehicle's stay in a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    /// Index of the shop.
    pub shop: usize,
    /// Entry, in seconds of working time.
    pub start: i64,
    /// Exit, in seconds of working time.
    pub end: i64,
}

impl ShopFlow {
    /// Seconds a variant needs through a shop, rounded up.
    pub fn flow_seconds(&self, shop: usize, variant: usize) -> i64 {
        let mine = self
            .operations
            .iter()
            .filter(|o| o.shop == shop && o.variants >> variant & 1 == 1);
        (mine.map(|o| o.flow_ms).sum::<i64>() + 999) / 1000
    }

    /// The windows of a vehicle that is complete at `completion`, line first, then feeders.
    pub fn windows(&self, variant: usize, completion: i64) -> Vec<Window> {
        let mut windows = Vec::with_capacity(self.line.len() + self.feeders.len());
        let mut end = completion;
        for shop in self.line.iter().rev() {
            let start = end - self.flow_seconds(*shop, variant);
            windows.push(Window {
                shop: *shop,
                start,
                end,
            });
            end = start;
        }
        windows.reverse();
        for (feeder, fed) in &self.feeders {
            let begin = windows
                .iter()
                .find(|w| w.shop == *fed)
                .map_or(completion, |w| w.start);
            windows.push(Window {
                shop: *feeder,
                start: begin - self.flow_seconds(*feeder, variant),
                end: begin,
            });
        }
        windows
    }
}

/// Vehicles in each of `shops` shops at an instant of working time: in from the start, out at the end.
pub fn work_in_progress<'a>(
    windows: impl Iterator<Item = &'a Window>,
    at: i64,
    shops: usize,
) -> Vec<i64> {
    let mut inside = vec![0i64; shops];
    for window in windows.filter(|w| w.start <= at && at < w.end) {
        if let Some(count) = inside.get_mut(window.shop) {
            *count += 1;
        }
    }
    inside
}

/// The axis of working time: each day's working seconds laid end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkTime {
    first: Date,
    /// Working seconds before each day, and after the last.
    before: Vec<i64>,
}

impl WorkTime {
    /// The axis of days of `seconds` working seconds from `first` on; second 0 is the start of the first day.
    /// Days before and after are as long as the first and the last.
    pub fn new(first: Date, seconds: &[i64]) -> Self {
        let mut sum = 0i64;
        let mut before = vec![0];
        before.extend(seconds.iter().map(|length| {
            sum += length.max(&0);
            sum
        }));
        Self { first, before }
    }

    fn length(&self, day: usize) -> i64 {
        let days = self.before.len() - 1;
        if days == 0 {
            return 1;
        }
        let day = day.min(days - 1);
        (self.before[day + 1] - self.before[day]).max(1)
    }

    /// When the vehicle at `place` (from 0) of `count` is complete on a date: evenly over the day.
    pub fn completion(&self, date: Date, place: i64, count: i64) -> i64 {
        let day = date.days_since(self.first);
        let last = self.before.len() - 1;
        let at = usize::try_from(day).unwrap_or(0);
        let (start, length) = if day < 0 {
            (i64::from(day) * self.length(0), self.length(0))
        } else if at >= last {
            let length = self.length(last);
            (self.before[last] + (at - last) as i64 * length, length)
        } else {
            (self.before[at], self.length(at))
        };
        start + (place + 1) * length / count.max(1)
    }

    /// The date of an instant and the working seconds since that day's start.
    pub fn at(&self, second: i64) -> (Date, i64) {
        let last = self.before.len() - 1;
        if second < 0 {
            let length = self.length(0);
            return (
                self.first.plus(second.div_euclid(length) as i32),
                second.rem_euclid(length),
            );
        }
        if second >= self.before[last] {
            let (beyond, length) = (second - self.before[last], self.length(last));
            return (
                self.first.plus(last as i32 + (beyond / length) as i32),
                beyond % length,
            );
        }
        let day = self.before.partition_point(|start| *start <= second) - 1;
        (self.first.plus(day as i32), second - self.before[day])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_run_backwards_from_completion() {
        let operation = |shop, variants, seconds: i64| ShopOperation {
            shop,
            variants,
            flow_ms: seconds * 1000,
        };
        let operations = vec![
            operation(0, 3, 60),
            operation(1, 3, 100),
            operation(2, 3, 200),
            operation(2, 2, 50),
            operation(3, 1, 30),
        ];
        let flow = ShopFlow {
            line: vec![1, 2],
            feeders: vec![(0, 1), (3, 2)],
            operations,
        };
        let seen: Vec<(usize, i64, i64)> = flow
            .windows(0, 1000)
            .iter()
            .map(|w| (w.shop, w.start, w.end))
            .collect();
        assert_eq!(
            seen,
            [(1, 700, 800), (2, 800, 1000), (0, 640, 700), (3, 770, 800)]
        );
        let all: Vec<Window> = flow
            .windows(0, 1000)
            .into_iter()
            .chain(flow.windows(1, 1010))
            .collect();
        assert_eq!(work_in_progress(all.iter(), 790, 4), [0, 1, 1, 1]);
    }

    #[test]
    fn working_time_leaves_nights_and_closed_days_out() {
        let first = Date::from_epoch_day(10);
        let axis = WorkTime::new(first, &[100, 0, 200]);
        assert_eq!(axis.completion(first.plus(2), 0, 4), 150);
        assert_eq!(axis.at(99), (first, 99));
        assert_eq!(axis.at(100), (first.plus(2), 0));
        assert_eq!(axis.at(-1), (first.minus(1), 99));
        assert_eq!(
            axis.at(axis.completion(first.plus(3), 0, 2)),
            (first.plus(3), 100)
        );
        assert_eq!(axis.completion(first.minus(1), 0, 1), 0);
    }
}
