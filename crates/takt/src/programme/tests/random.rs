//! Random damage: a folder may be refused, it must never panic, and a refusal is never empty.
use super::{built_in, text};
use crate::programme::{FILES, Folder, parse};
use proptest::prelude::*;

/// What damaged files are made of: separators, quotes, signs and large numbers break more than letters do.
const SHARDS: [&str; 24] = [
    "",
    ",",
    "\"",
    "\n",
    "\r\n",
    ";",
    "=",
    "-",
    ".",
    ":",
    "[",
    "]",
    "{",
    "}",
    "&a",
    "*a",
    "\t",
    "\u{feff}",
    "0",
    "99999999999999999999",
    "-1",
    "1e9",
    "2024-02-30",
    "\u{0}",
];

fn damaged(file: &str, cuts: &[(usize, usize, usize)]) -> Folder {
    let mut bytes = text(file).into_bytes();
    for (at, length, shard) in cuts {
        let at = at % (bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, SHARDS[shard % SHARDS.len()].bytes());
    }
    built_in().with(file, bytes).expect("the file counts")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics(
        file in 0..FILES.len(),
        cuts in prop::collection::vec((any::<usize>(), 0usize..40, any::<usize>()), 1..6),
    ) {
        if let Err(problems) = parse(&damaged(FILES[file], &cuts)) {
            prop_assert!(problems.total() > 0);
            prop_assert!(!problems.to_string().is_empty());
        }
    }

    #[test]
    fn one_flipped_byte_never_panics(file in 0..FILES.len(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = text(FILES[file]).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = parse(&built_in().with(FILES[file], bytes).expect("the file counts"));
    }

    #[test]
    fn any_bytes_never_panic(file in 0..FILES.len(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&built_in().with(FILES[file], bytes).expect("the file counts"));
    }

    #[test]
    fn lines_in_any_order_never_panic(file in 0..FILES.len(), seed in any::<u64>()) {
        let whole = text(FILES[file]);
        let mut lines: Vec<&str> = whole.lines().collect();
        lines.sort_by_key(|line| takt_kernel::seeded_hash(seed, line));
        let _ = parse(&built_in().with(FILES[file], lines.join("\n")).expect("the file counts"));
    }
}
