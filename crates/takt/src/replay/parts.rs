//! Where the time of a run goes, by part. It must not decide anything. Invariant: parts that run side by side are
//! each counted in full, so that the sum may be more than the time on the clock.
use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

/// The time by part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    times: BTreeMap<&'static str, Duration>,
}

impl Parts {
    /// Adds to a part.
    pub fn add(&mut self, part: &'static str, time: Duration) {
        *self.times.entry(part).or_default() += time;
    }

    /// Each part with its time.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, Duration)> + '_ {
        self.times.iter().map(|(part, time)| (*part, *time))
    }

    /// Adds these parts to those of a run before an interruption, in milliseconds.
    pub fn add_to(&self, millis: &mut BTreeMap<String, u64>) {
        for (part, time) in &self.times {
            *millis.entry((*part).to_owned()).or_default() +=
                u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        }
    }
}

/// Runs work and says how long it took.
pub async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let result = work.await;
    (result, begun.elapsed())
}

/// The most memory that this process has held, in bytes; 0 where the system does not tell.
pub fn peak_rss_bytes() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or(0) * 1024
}
