//! How an opening is read and told. It must not know rows.
use std::path::Path;

use takt_kernel::Date;

use crate::connection::Peers;
use crate::failure::Outcome;
use crate::opening::{Booked, Exported, Files, Read, read, sheets};
use crate::output::{Answer, grouped, table, table_text};

/// Reads the opening files of a directory, those among them that the services know.
pub(super) async fn files(peers: &Peers, directory: &Path, as_of: Date) -> Outcome<Read> {
    let mut kinds = Files::new();
    for peer in peers.all() {
        kinds.insert(peer.name, sheets(peer).await?.kinds);
    }
    read(directory, &kinds, as_of)
}

impl Answer for Booked {
    fn text(&self) -> String {
        let mut lines = table(&["service", "what", ">rows", "before"]);
        for service in &self.services {
            let before = if service.was_booked {
                "was booked"
            } else {
                "was not booked"
            };
            lines.add_row([
                service.service,
                service.what,
                &grouped(service.rows),
                before,
            ]);
        }
        let end = if self.dry_run {
            "everything is right; nothing was booked: a dry run"
        } else {
            "every control total agrees and every rule holds"
        };
        format!("as of {}\n\n{}\n{end}\n", self.as_of, table_text(&lines))
    }
}

impl Answer for Exported {
    fn text(&self) -> String {
        let mut lines = table(&["file", ">rows"]);
        for file in &self.files {
            let rows = i64::try_from(file.rows).unwrap_or(i64::MAX);
            lines.add_row([file.file.clone(), grouped(rows)]);
        }
        let mut text = format!("{}\n\n{}", self.directory.display(), table_text(&lines));
        for left in &self.left {
            let rows = grouped(left.rows);
            text.push_str(&format!(
                "\nleft behind: {rows} rows of {} in {}",
                left.table, left.service
            ));
        }
        if !self.left.is_empty() {
            text.push('\n');
        }
        text
    }
}
