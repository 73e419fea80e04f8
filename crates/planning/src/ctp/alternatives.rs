//! Other configurations that can be had earlier: those that differ in the variant or in one option. It must not know
//! names. Invariant: a configuration is proposed only with values that customers of its variant choose.
use takt_kernel::Date;

use super::Promise;
use crate::feature::Config;
use crate::orders::Attribute;

/// The most alternatives that are told.
const ALTERNATIVES: usize = 8;

/// Another configuration with its earliest day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alternative {
    /// The configuration.
    pub config: Config,
    /// The place of the key that differs; 0 is the variant.
    pub key: usize,
    /// The first day on which all of it could be complete.
    pub earliest: Date,
}

/// The alternatives that are earlier than `own`, soonest first; there are none for a promise that meets its wish.
/// `earliest` says when a configuration could be complete, `references` what a variant has where nobody chooses.
pub fn alternatives(
    config: Config,
    own: &Promise,
    attributes: &[Attribute],
    references: &[Config],
    earliest: impl Fn(Config) -> Option<Date>,
) -> Vec<Alternative> {
    if own.causes.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (other, key) in neighbours(config, attributes, references) {
        let earlier = |day: &Date| own.earliest.is_none_or(|own| *day < own);
        found.extend(earliest(other).filter(earlier).map(|earliest| Alternative {
            config: other,
            key,
            earliest,
        }));
    }
    found.sort_by_key(|one| one.earliest);
    found.truncate(ALTERNATIVES);
    found
}

fn neighbours(
    config: Config,
    attributes: &[Attribute],
    references: &[Config],
) -> Vec<(Config, usize)> {
    let mut found = Vec::new();
    for (variant, reference) in references.iter().enumerate() {
        if variant == config.variant() {
            continue;
        }
        let mut other = config.with(0, variant);
        for attribute in attributes {
            let share = attribute.of(variant).get(other.value(attribute.key));
            if share.is_none_or(|share| share.0 <= 0) {
                // The variant has no such value: the one of its reference takes its place.
                other = other.with(attribute.key, reference.value(attribute.key));
            }
        }
        found.push((other, 0));
    }
    for attribute in attributes {
        let shares = attribute.of(config.variant()).iter().enumerate();
        for (value, _) in shares.filter(|(_, share)| share.0 > 0) {
            if value != config.value(attribute.key) {
                found.push((config.with(attribute.key, value), attribute.key));
            }
        }
    }
    found
}
