//! Whether a licence expression in the words of SPDX is satisfied by licences that are allowed.

/// Whether `expression` (`MIT OR Apache-2.0`, `(A OR B) AND C`, the old `A/B`) can be satisfied.
pub fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either<'w>(words: &mut &'w [&'w str], allowed: &[String]) -> bool {
    let mut holds = both(words, allowed);
    while let Some(rest) = after(words, "OR") {
        *words = rest;
        holds |= both(words, allowed);
    }
    holds
}

fn both<'w>(words: &mut &'w [&'w str], allowed: &[String]) -> bool {
    let mut holds = one(words, allowed);
    while let Some(rest) = after(words, "AND") {
        *words = rest;
        holds &= one(words, allowed);
    }
    holds
}

fn one<'w>(words: &mut &'w [&'w str], allowed: &[String]) -> bool {
    if let Some(rest) = after(words, "(") {
        *words = rest;
        let holds = either(words, allowed);
        *words = after(words, ")").unwrap_or_default();
        return holds;
    }
    match **words {
        [name, "WITH", exception, ref rest @ ..] => {
            *words = rest;
            let whole = format!("{name} WITH {exception}");
            allowed.contains(&whole)
        }
        [name, ref rest @ ..] => {
            *words = rest;
            allowed.iter().any(|licence| licence == name)
        }
        [] => false,
    }
}

fn after<'w>(words: &&'w [&'w str], word: &str) -> Option<&'w [&'w str]> {
    match words.split_first() {
        Some((first, rest)) if *first == word => Some(rest),
        _ => None,
    }
}

#[test]
fn expressions_are_read() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for good in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-2.0",
        "(GPL-3.0 OR MIT) AND Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(GPL-3.0 OR LGPL-2.1) AND MIT",
        "GPL-3.0 WITH LLVM-exception",
    ] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
