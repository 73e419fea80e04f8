//! The worked examples of the documentation, run as they stand there: what the page says is what the command tells.
//!
//! It must not know how anything is computed.

use std::{env, fs, path::Path};

use takt_tests::{Failure, Result, ensure, place, process::run, replay::clean};

use super::SHORT;

/// A page, the lines of it that are run in one folder, and the figures that both it and the last answer must name.
const EXAMPLES: [(&str, &[&str], &[&str]); 4] = [
    (
        "docs/performance.md",
        &["    printf 'work_unit", "    takt oee events.csv"],
        &["88.8 %", "86.1 %", "97.8 %", "74.8 %"],
    ),
    (
        "docs/ramp-and-money.md",
        &["    takt ramp su7\n"],
        &["31,756", "23,457", "5,999", "23,005", "9,102", "9,163"],
    ),
    (
        "docs/ramp-and-money.md",
        &["    takt ramp su7 --volume 20000 --learning 85%"],
        &["23,005", "-6,863", "16,630", "72,886"],
    ),
    (
        "docs/safety-stock.md",
        &["    takt stock su7\n"],
        &["14,573,110", "14,528,430", "15,176,667", "11,684,029"],
    ),
];

#[test]
fn the_pages_say_what_the_commands_tell() -> Result {
    let takt = place::binary("takt")?;
    let bin = takt.parent().unwrap_or(&takt).to_path_buf();
    for (page, lines, figures) in EXAMPLES {
        let text = fs::read_to_string(place::root().join(page))?;
        let folder = tempfile::tempdir()?;
        let mut told = String::new();
        for begin in lines {
            let at = text
                .find(begin)
                .ok_or_else(|| Failure::new(format!("{page} has no line {begin:?}")))?;
            let line = text[at..].lines().next().unwrap_or_default().trim();
            let mut shell = clean(Path::new("sh"));
            let paths = env::join_paths(
                std::iter::once(bin.clone())
                    .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
            )
            .map_err(|error| Failure::new(error.to_string()))?;
            shell
                .args(["-c", line])
                .current_dir(folder.path())
                .env("PATH", paths);
            told = run(&mut shell, SHORT)?.ok()?.stdout;
        }
        // Pages group thousands with commas; sentences of an answer need not.
        let bare = |text: &str| text.replace(',', "");
        for figure in figures {
            let figure = bare(figure);
            ensure(bare(&told).contains(&figure), || {
                format!("{page}: the command does not tell {figure}:\n{told}")
            })?;
            ensure(bare(&text).contains(&figure), || {
                format!("{page} does not say {figure}")
            })?;
        }
    }
    Ok(())
}
