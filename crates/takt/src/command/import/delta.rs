//! How the differences of `takt import --delta` are told. It must not know how they are found.
use crate::import::delta::{Difference, Revised};
use crate::output::{Answer, grouped, table, table_text};

/// The differences that are told to a person; a program hears of all.
const TOLD: usize = 200;

impl Answer for Revised {
    fn text(&self) -> String {
        let mut lines = table(&[
            "service",
            "rows of",
            ">added",
            ">changed",
            ">unchanged",
            ">only in the service, kept",
        ]);
        for service in &self.services {
            for count in &service.tables {
                lines.add_row([
                    service.service,
                    &count.table,
                    &grouped(count.added),
                    &grouped(count.changed),
                    &grouped(count.unchanged),
                    &grouped(count.kept),
                ]);
            }
        }
        let all: Vec<(&str, &Difference)> = (self.services.iter())
            .flat_map(|service| service.differences.iter().map(|one| (service.service, one)))
            .collect();
        let mut text = String::new();
        for (service, difference) in all.iter().take(TOLD) {
            text.push_str(&line(service, difference));
        }
        if all.len() > TOLD {
            let more = all.len() - TOLD;
            text.push_str(&format!("and {more} more; --output json tells all\n"));
        }
        let end = match (all.is_empty(), self.dry_run) {
            (true, _) => "no difference",
            (false, true) => "nothing was sent: a dry run",
            (false, false) => "taken over; nothing was deleted",
        };
        let between = if text.is_empty() { "" } else { "\n" };
        format!(
            "programme {}\n\n{}\n{text}{between}{end}\n",
            self.programme_id,
            table_text(&lines)
        )
    }
}

fn line(service: &str, difference: &Difference) -> String {
    let name = format!("{service}: {} {}", difference.table, difference.key);
    if difference.is == "added" {
        return format!("{name}: new\n");
    }
    let fields: Vec<String> = (difference.fields.iter())
        .map(|field| format!("{} {:?} -> {:?}", field.field, field.old, field.new))
        .collect();
    format!("{name}: {}\n", fields.join(", "))
}
