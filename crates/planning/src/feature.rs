//! Features and configurations: what a vehicle can be, and what one vehicle is. It must not know parts.
//! Format: `KEY=V1,V2` joined by `;`, keys as in programme.yaml (`bom_rules`). Invariants: key 0 is the
//! variant, `VAR`; a configuration has exactly one value of every key.
use std::fmt;
use takt_kernel::ParseError;

/// At most so many keys, so that a configuration is one positive 64-bit integer.
pub const MAX_KEYS: usize = 7;
/// At most so many values of a key, so that a condition is one mask.
pub const MAX_VALUES: usize = 64;
/// The byte behind the last key: the engineering changes that a vehicle has, one bit each (see `change`). It is no option: nobody
/// orders it, and no text of a configuration names it.
pub const CHANGE_KEY: usize = MAX_KEYS;

/// One feature: its key and its values in file order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feature {
    /// The key, `WHEEL`.
    pub key: String,
    /// The values, `W19A` and so on.
    pub values: Vec<String>,
}

/// All features of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features(Vec<Feature>);

impl Features {
    /// The features in file order; the first must be `VAR`, no key or value twice.
    pub fn new(features: Vec<Feature>) -> Result<Self, ParseError> {
        let refuse = |text: &str, rule| Err(ParseError::new("feature", text, rule));
        if features.first().is_none_or(|f| f.key != "VAR") || features.len() > MAX_KEYS {
            return refuse("VAR", "it comes first, and there are at most 7 keys");
        }
        for (at, feature) in features.iter().enumerate() {
            let distinct =
                |all: &[String]| all.iter().enumerate().all(|(n, v)| !all[..n].contains(v));
            if feature.values.is_empty()
                || feature.values.len() > MAX_VALUES
                || !distinct(&feature.values)
            {
                return refuse(&feature.key, "it has 1 to 64 different values");
            }
            if features[..at].iter().any(|f| f.key == feature.key) {
                return refuse(&feature.key, "it is given once");
            }
        }
        Ok(Self(features))
    }

    /// The features in file order.
    pub fn all(&self) -> &[Feature] {
        &self.0
    }

    /// How many variants there are.
    pub fn variants(&self) -> usize {
        self.0.first().map_or(0, |f| f.values.len())
    }

    /// The index of a key.
    pub fn key(&self, key: &str) -> Option<usize> {
        self.0.iter().position(|f| f.key == key)
    }

    /// The index of a value of a key.
    pub fn value(&self, key: usize, value: &str) -> Option<usize> {
        self.0.get(key)?.values.iter().position(|v| v == value)
    }

    /// Reads `VAR=STD;COLOR=AQUA_BLUE;..`: every key once.
    pub fn config(&self, text: &str) -> Result<Config, ParseError> {
        let refuse = |rule| ParseError::new("configuration", text, rule);
        let mut config = Config::default();
        let mut seen = 0u32;
        for part in text.split(';') {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| refuse("each part is KEY=VALUE"))?;
            let at = self.key(key).ok_or_else(|| refuse("a key is not known"))?;
            config = config.with(
                at,
                self.value(at, value)
                    .ok_or_else(|| refuse("a value is not known"))?,
            );
            seen |= 1 << at;
        }
        if seen.count_ones() as usize != self.0.len() || text.split(';').count() != self.0.len() {
            return Err(refuse("every key has exactly one value"));
        }
        Ok(config)
    }

    /// Writes a configuration as `config` reads it.
    pub fn text(&self, config: Config) -> String {
        let part = |(at, f): (usize, &Feature)| {
            format!(
                "{}={}",
                f.key,
                f.values.get(config.value(at)).map_or("?", String::as_str)
            )
        };
        self.0
            .iter()
            .enumerate()
            .map(part)
            .collect::<Vec<_>>()
            .join(";")
    }

    /// Reads `VAR=STD,PRO;WHEEL=W21`; an empty text always holds.
    pub fn condition(&self, text: &str) -> Result<Condition, ParseError> {
        let refuse = |rule| ParseError::new("condition", text, rule);
        let mut terms = Vec::new();
        for part in text.split(';').filter(|_| !text.is_empty()) {
            let (key, values) = part
                .split_once('=')
                .ok_or_else(|| refuse("each part is KEY=V1,V2"))?;
            let at = self.key(key).ok_or_else(|| refuse("a key is not known"))?;
            let mut mask = 0u64;
            for value in values.split(',') {
                mask |= 1
                    << self
                        .value(at, value)
                        .ok_or_else(|| refuse("a value is not known"))?;
            }
            terms.push((at as u8, mask));
        }
        Ok(Condition(terms))
    }
}

/// One vehicle's choice, packed: byte `k` is the value of key `k`, byte 0 the variant. As an integer it is
/// positive and fits a database column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Config(pub i64);

impl Config {
    /// The same configuration with another value of one key.
    #[must_use]
    pub const fn with(self, key: usize, value: usize) -> Self {
        let shift = 8 * key as u32;
        Self((self.0 & !(0xff << shift)) | ((value as i64 & 0x7f) << shift))
    }

    /// The index of the value of a key.
    pub const fn value(self, key: usize) -> usize {
        ((self.0 >> (8 * key as u32)) & 0xff) as usize
    }

    /// The index of the variant.
    pub const fn variant(self) -> usize {
        self.value(0)
    }

    /// The engineering changes that the vehicle has, one bit each.
    pub const fn changes(self) -> usize {
        self.value(CHANGE_KEY)
    }

    /// The configuration as it was ordered, without any change.
    #[must_use]
    pub const fn ordered(self) -> Self {
        self.with(CHANGE_KEY, 0)
    }
}

impl fmt::Display for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}", self.0)
    }
}

/// When a line of the bill of material applies: for each key named, the mask of values that do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Condition(Vec<(u8, u64)>);

impl Condition {
    /// A condition that always holds.
    pub const ALWAYS: Self = Self(Vec::new());

    /// True where no key is named.
    pub fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that decide, in the order in which they are named.
    pub fn keys(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().map(|(key, _)| usize::from(*key))
    }

    /// True where every key named has one of its values.
    pub fn holds(&self, config: Config) -> bool {
        self.0
            .iter()
            .all(|(key, mask)| mask >> config.value(usize::from(*key)) & 1 == 1)
    }

    /// True where an option decides: a key other than the variant and the changes.
    pub fn is_optional(&self) -> bool {
        self.keys().any(|key| key != 0 && key != CHANGE_KEY)
    }

    /// True where an engineering change decides.
    pub fn is_changed(&self) -> bool {
        self.keys().any(|key| key == CHANGE_KEY)
    }

    /// The same condition for vehicles that have the change of a bit, or that do not have it.
    #[must_use]
    pub fn with_change(&self, bit: u8, has: bool) -> Self {
        let holds = |value: &u32| (value >> bit & 1 == 1) == has;
        let mask = (0..MAX_VALUES as u32)
            .filter(holds)
            .fold(0u64, |mask, value| mask | 1 << value);
        self.and(CHANGE_KEY as u8, mask)
    }

    /// Both conditions.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let terms = other.0.iter();
        terms.fold(self.clone(), |all, (key, mask)| all.and(*key, *mask))
    }

    /// What this condition leaves of all configurations: conditions that exclude each other, none where it always holds.
    pub fn complement(&self) -> Vec<Self> {
        let mut before = Self::ALWAYS;
        let mut rest = Vec::new();
        for (key, mask) in &self.0 {
            rest.push(before.and(*key, !mask));
            before = before.and(*key, *mask);
        }
        rest
    }

    /// True where no configuration can satisfy it.
    pub fn is_never(&self) -> bool {
        self.0.iter().any(|(_, mask)| *mask == 0)
    }

    fn and(&self, key: u8, mask: u64) -> Self {
        let mut terms = self.0.clone();
        match terms.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known &= mask,
            None => terms.push((key, mask)),
        }
        Self(terms)
    }

    /// The mask of variants it admits.
    pub fn variants(&self) -> u64 {
        self.0
            .iter()
            .filter(|(key, _)| *key == 0)
            .fold(u64::MAX, |all, (_, mask)| all & mask)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn features() -> Features {
        let feature = |key: &str, values: &[&str]| Feature {
            key: key.into(),
            values: values.iter().map(|v| (*v).into()).collect(),
        };
        Features(vec![
            feature("VAR", &["STD", "PRO", "MAX"]),
            feature("COLOR", &["BLUE", "GREY"]),
            feature("WHEEL", &["W19A", "W19S", "W20", "W21"]),
            feature("EDITION", &["NORMAL", "FOUNDERS"]),
        ])
    }

    #[test]
    fn configurations_and_conditions_read_and_hold() -> Result<(), ParseError> {
        let all = features();
        let config = all.config("VAR=MAX;COLOR=GREY;WHEEL=W21;EDITION=NORMAL")?;
        assert_eq!(config.variant(), 2);
        assert_eq!(
            all.text(config),
            "VAR=MAX;COLOR=GREY;WHEEL=W21;EDITION=NORMAL"
        );
        assert!(all.condition("VAR=PRO,MAX;WHEEL=W21")?.holds(config));
        assert!(!all.condition("VAR=STD")?.holds(config));
        assert!(all.condition("")?.holds(config));
        assert!(
            all.condition("WHEEL=W21")?.is_optional() && !all.condition("VAR=STD")?.is_optional()
        );
        assert_eq!(all.condition("VAR=PRO,MAX")?.variants(), 0b110);
        for bad in ["VAR", "VAR=XXL", "ROOF=GLASS", "VAR=STD;;", "VAR="] {
            assert!(all.condition(bad).is_err(), "{bad}");
        }
        assert!(all.config("VAR=MAX;COLOR=GREY").is_err());
        assert!(Features::new(all.0[1..].to_vec()).is_err());
        Ok(())
    }
}
