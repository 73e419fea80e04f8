//! Vehicle identification numbers: ISO 3779, check digit by GB 16735 and 49 CFR 565.15. It must not know
//! counters: the serial is given. Invariant: a `Vin` has 17 legal characters and the right check digit.
use crate::parse::ParseError;
use std::fmt;

const KIND: &str = "VIN";
const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

/// A VIN: positions 1-3 WMI, 4-8 vehicle description, 9 check digit, 10 model year, 11 plant, 12-17 serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Vin([u8; 17]);

impl Vin {
    /// Puts a VIN together: `wmi` three characters, `vds` five (positions 4-8), model year and plant one
    /// each, the serial with `digits` digits (6 for a maker of more than 1,000 vehicles a year).
    pub fn assemble(
        wmi: &str,
        vds: &str,
        model_year: char,
        plant: char,
        serial: u32,
        digits: usize,
    ) -> Result<Self, ParseError> {
        let text = format!("{wmi}{vds}0{model_year}{plant}{serial:0digits$}");
        if wmi.len() != 3 || vds.len() != 5 {
            return Err(ParseError::new(
                KIND,
                &text,
                "the WMI has 3 characters and the description 5",
            ));
        }
        let mut bytes = legal(&text)?;
        bytes[8] = check_digit(&bytes);
        Ok(Self(bytes))
    }

    /// Reads a VIN and verifies its check digit.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bytes = legal(text)?;
        if bytes[8] != check_digit(&bytes) {
            return Err(ParseError::new(
                KIND,
                text,
                "its check digit (position 9) is wrong",
            ));
        }
        Ok(Self(bytes))
    }

    /// The seventeen characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// Positions 1-3: the maker.
    pub fn wmi(&self) -> &str {
        self.as_str().get(..3).unwrap_or("")
    }

    /// Positions 12-17 as a number, where they are digits.
    pub fn serial(&self) -> Option<u32> {
        self.as_str().get(11..)?.parse().ok()
    }
}

impl fmt::Display for Vin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl std::str::FromStr for Vin {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

fn legal(text: &str) -> Result<[u8; 17], ParseError> {
    let bytes = <[u8; 17]>::try_from(text.as_bytes())
        .map_err(|_| ParseError::new(KIND, text, "it has 17 characters"))?;
    if bytes.iter().any(|b| value(*b).is_none()) {
        return Err(ParseError::new(
            KIND,
            text,
            "it has digits and capitals without I, O and Q",
        ));
    }
    Ok(bytes)
}

/// The transliteration of GB 16735 and 49 CFR 565: a character's value from 0 to 9.
const fn value(byte: u8) -> Option<u32> {
    Some(match byte {
        b'0'..=b'9' => (byte - b'0') as u32,
        b'A'..=b'H' => (byte - b'A') as u32 + 1,
        b'J'..=b'N' => (byte - b'J') as u32 + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => (byte - b'S') as u32 + 2,
        _ => return None,
    })
}

/// The weighted sum modulo 11; remainder 10 is written X.
fn check_digit(bytes: &[u8; 17]) -> u8 {
    let sum: u32 = bytes
        .iter()
        .zip(WEIGHTS)
        .map(|(b, weight)| value(*b).unwrap_or(0) * weight)
        .sum();
    match (sum % 11) as u8 {
        10 => b'X',
        digit => b'0' + digit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_examples_are_right() {
        assert!(Vin::parse("1M8GDM9AXKP042788").is_ok());
        assert!(Vin::parse("11111111111111111").is_ok());
        for bad in [
            "1M8GDM9A1KP042788",
            "1M8GDM9AXKP04278",
            "1M8GDM9AXKPO42788",
            "1m8gdm9axkp042788",
        ] {
            assert!(Vin::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn assembled_vins_have_their_parts() -> Result<(), ParseError> {
        let vin = Vin::assemble("LXM", "SU7A1", 'R', 'B', 123, 6)?;
        assert_eq!(
            (vin.wmi(), vin.serial(), &vin.as_str()[9..]),
            ("LXM", Some(123), "RB000123")
        );
        assert!(Vin::assemble("LXM", "SU7A1", 'R', 'B', 1_000_000, 6).is_err());
        assert!(Vin::assemble("LXM", "SU7A", 'R', 'B', 1, 7).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn one_wrong_serial_digit_is_seen(serial in 0u32..1_000_000, place in 11usize..17, shift in 1u8..10) {
            let vin = Vin::assemble("LXM", "SU7C1", 'R', 'B', serial, 6);
            prop_assert!(vin.is_ok());
            if let Ok(vin) = vin {
                prop_assert_eq!(Vin::parse(vin.as_str()), Ok(vin));
                let mut bytes = vin.0;
                bytes[place] = b'0' + (bytes[place] - b'0' + shift) % 10;
                prop_assert!(Vin::parse(std::str::from_utf8(&bytes).unwrap_or("")).is_err());
            }
        }
    }
}
