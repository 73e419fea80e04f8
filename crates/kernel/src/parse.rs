//! How text becomes a value: the one parse error and the one reader of decimal numbers. It must not
//! know what the number means. Invariant: a decimal is read exactly or refused, never rounded.

/// A text that is not the value it should be: names the kind, the text and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
#[error("{text:?} is not a valid {kind}: {rule}")]
pub struct ParseError {
    /// What was expected, for example `date`.
    pub kind: &'static str,
    /// The text as it came, shortened to 80 characters.
    pub text: String,
    /// The rule that the text breaks.
    pub rule: &'static str,
}

impl ParseError {
    /// Makes the error; long texts are cut so that a bad file cannot fill the log.
    pub fn new(kind: &'static str, text: &str, rule: &'static str) -> Self {
        Self {
            kind,
            text: text.chars().take(80).collect(),
            rule,
        }
    }
}

/// Reads `-12.345` as an integer of 10^-`places`; more decimals than `places` are refused unless zero.
pub fn decimal(text: &str, places: u32, kind: &'static str) -> Result<i64, ParseError> {
    let refuse = |rule| ParseError::new(kind, text, rule);
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return Err(refuse("write digits with at most one decimal point"));
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > places as usize {
        return Err(refuse("it has more decimals than can be kept"));
    }
    let padding = std::iter::repeat_n(b'0', places as usize - fraction.len());
    let mut value: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i64::from(digit - b'0')))
            .ok_or_else(|| refuse("it is too large"))?;
    }
    Ok(if negative { -value } else { value })
}

/// Writes an integer of 10^-`places` as a decimal without trailing zeros.
pub(crate) fn write_decimal(
    out: &mut std::fmt::Formatter<'_>,
    value: i64,
    places: u32,
) -> std::fmt::Result {
    let scale = 10u64.pow(places);
    let sign = if value < 0 { "-" } else { "" };
    let (whole, fraction) = (value.unsigned_abs() / scale, value.unsigned_abs() % scale);
    if fraction == 0 {
        return out.pad(&format!("{sign}{whole}"));
    }
    let fraction = format!("{fraction:0width$}", width = places as usize);
    out.pad(&format!("{sign}{whole}.{}", fraction.trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(decimal("3.2", 3, "quantity"), Ok(3200));
        assert_eq!(decimal("-.5", 3, "quantity"), Ok(-500));
        assert_eq!(decimal("1.5000000", 3, "quantity"), Ok(1500));
        for bad in ["", "-", ".", "1e3", "1,5", "0.0001", "99999999999999999999"] {
            assert!(decimal(bad, 3, "quantity").is_err(), "{bad}");
        }
    }
}
