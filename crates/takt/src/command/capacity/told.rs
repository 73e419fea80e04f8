//! The answer of `takt capacity` as tables for a person. It must not compute anything.
use super::{Row, Told};
use crate::output::{Answer, grouped, table, table_text};

fn whole(value: f64) -> String {
    grouped(value.round() as i64)
}

fn load(value: Option<f64>) -> String {
    value.map_or_else(
        || "unknown".to_owned(),
        |load| format!("{:.0} %", load * 100.0),
    )
}

impl Row {
    fn by_week(&self) -> String {
        let mut rows = table(&[
            "week of",
            ">demand",
            ">actual",
            ">maximum",
            ">load",
            "rating",
            ">missing",
            ">built earlier or later",
        ]);
        let dash = || "-".to_owned();
        for week in &self.weeks {
            rows.add_row([
                week.week.clone(),
                whole(week.demand),
                week.actual.map_or_else(dash, whole),
                week.maximum.map_or_else(dash, whole),
                load(week.load),
                week.rating.to_lowercase(),
                whole(week.missing),
                match week.delta.round() as i64 {
                    0 => dash(),
                    delta if delta > 0 => format!("+{}", grouped(delta)),
                    delta => grouped(delta),
                },
            ]);
        }
        format!("{} {}\n\n{}", self.id, self.name, table_text(&rows))
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} weeks from {}, {} sites or groups; up to {} weeks may be built ahead\n\n",
            self.of,
            self.weeks,
            self.first_week,
            self.groups.len(),
            self.ahead_weeks
        );
        if self.whole {
            for row in &self.groups {
                text.push_str(&row.by_week());
            }
            return text;
        }
        let mut rows = table(&[
            "site",
            "name",
            ">tier",
            ">peak load",
            "in the week of",
            ">flexible",
            ">bottleneck",
            ">missing",
            ">after building ahead",
        ]);
        for row in self.groups.iter().take(self.top) {
            let weeks = |count: usize| match count {
                0 => "-".to_owned(),
                count => format!("{count} wk"),
            };
            rows.add_row([
                row.id.clone(),
                row.name.clone(),
                row.tier
                    .map_or_else(|| "-".to_owned(), |tier| tier.to_string()),
                load(row.peak_load),
                row.peak_week.clone().unwrap_or_default(),
                weeks(row.flexible_weeks),
                weeks(row.bottleneck_weeks),
                whole(row.missing),
                whole(row.missing_after_building_ahead),
            ]);
        }
        text.push_str(&table_text(&rows));
        let hidden = self.groups.len().saturating_sub(self.top);
        if hidden > 0 {
            text.push_str(&format!(
                "and {hidden} more; --top N shows more, --output json all, --site ID one week by week\n"
            ));
        }
        let unknown = self
            .groups
            .iter()
            .filter(|row| row.unknown_weeks > 0)
            .count();
        if unknown > 0 {
            text.push_str(&format!(
                "of {unknown} nobody told the capacity of some week\n"
            ));
        }
        for (what, list) in [
            (
                "named by a group and demanded by nobody",
                &self.not_demanded,
            ),
            ("demanded, but of no group", &self.no_group),
        ] {
            if !list.is_empty() {
                text.push_str(&format!("{what}: {}\n", list.join("; ")));
            }
        }
        text.push_str(&format!("computed in {:.2} s\n", self.elapsed_seconds));
        text
    }
}
