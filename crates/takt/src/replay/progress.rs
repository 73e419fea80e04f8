//! What a person sees while a replay runs: a bar on a terminal, a line every ten seconds elsewhere. It must not know
//! steps. Invariant: everything goes to stderr; the run does not depend on it.
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use takt_kernel::Date;

use crate::output::{grouped, is_watched, say};

const EVERY: Duration = Duration::from_secs(10);

/// Shows how far a run is.
pub struct Progress {
    bar: Option<ProgressBar>,
    total: i64,
    days: i64,
    begun: Instant,
    built_before: i64,
    days_before: i64,
    told: Instant,
    quiet: bool,
}

impl Progress {
    /// For a run of `days` that builds `total` vehicles, of which some were built before this process.
    pub fn new(total: i64, days: i64, built_before: i64, days_before: i64, quiet: bool) -> Self {
        let bar = (is_watched() && !quiet).then(|| {
            let bar = ProgressBar::new(days.unsigned_abs());
            // The template is a constant; a mistake in it leaves the plain bar.
            if let Ok(style) =
                ProgressStyle::with_template("{prefix} {bar:32.cyan/dim} {percent:>3}%  {msg}")
            {
                bar.set_style(style.progress_chars("━╸─"));
            }
            bar.set_position(days_before.unsigned_abs());
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            total,
            days,
            begun: now,
            built_before,
            days_before,
            told: now,
            quiet,
        }
    }

    /// A day is closed: `built` vehicles and `days` days since the beginning.
    pub fn day(&mut self, day: Date, built: i64, days: i64) {
        if self.quiet {
            return;
        }
        let message = self.message(built, days);
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(day.to_string());
                bar.set_message(message);
                bar.set_position(days.unsigned_abs());
            }
            None if self.told.elapsed() >= EVERY => {
                self.told = Instant::now();
                say(&format!("{day}  {message}"));
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn message(&self, built: i64, days: i64) -> String {
        let millis = i64::try_from(self.begun.elapsed().as_millis())
            .unwrap_or(i64::MAX)
            .max(1);
        let rate = (built - self.built_before) * 1000 / millis;
        let mut message = format!(
            "{} of {} vehicles, {}/s",
            grouped(built),
            grouped(self.total),
            grouped(rate)
        );
        if let Some(left) = self.left(millis, built, days) {
            message.push_str(&format!(", about {left} s left"));
        }
        message
    }

    /// The seconds left by days and by vehicles, whichever is longer: the days before the launch build nothing, and
    /// those at the end build most.
    fn left(&self, millis: i64, built: i64, days: i64) -> Option<i64> {
        let pace = |done: i64, open: i64| {
            (done > 0).then(|| i128::from(millis) * i128::from(open.max(0)) / i128::from(done))
        };
        let by_days = pace(days - self.days_before, self.days - days)?;
        let by_vehicles = pace(built - self.built_before, self.total - built).unwrap_or(0);
        i64::try_from(by_days.max(by_vehicles) / 1000 + 1).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_the_longer_of_both() {
        let progress = Progress::new(1000, 100, 0, 0, true);
        assert_eq!(progress.left(1000, 0, 50), Some(2));
        assert_eq!(progress.left(1000, 100, 50), Some(10));
        assert_eq!(progress.left(1000, 0, 0), None);
    }
}
