//! The variants and options of programme.yaml. It must not know the bill of material. Invariants: shares
//! of variants and of each option add up to 1; a configuration names every feature with a known value.
use super::sheet::vin_part;
use crate::programme::document::Field;
use crate::programme::model::{
    Condition, Feature, FeatureRule, FeatureValue, Term, VARIANT_KEY, Variant, VinScheme,
};
use crate::programme::problem::{Log, list, quote};
use takt_kernel::{
    Amount, Currency, OptionKey, OptionValue, ParseError, Price, Share, VariantId, Vin,
};

/// What is sold.
pub(in crate::programme) struct Offer {
    /// The variants with a share above 0.
    pub variants: Vec<Variant>,
    /// All variants that the file names: a condition may name one that is not built.
    pub known_variants: Vec<String>,
    /// The options.
    pub features: Vec<Feature>,
    /// Nothing was wrong with variants and options; where it was, nothing else is checked against them.
    pub sound: bool,
}

pub(super) fn read(root: &Field<'_>, vin: &VinScheme, log: &mut Log) -> Offer {
    let field = root.key("variants");
    if !field.is_there() {
        field.missing(log, "a list of variants: id, name, share, price_cny");
    }
    let before = log.count();
    let mut offer = Offer {
        variants: Vec::new(),
        known_variants: Vec::new(),
        features: Vec::new(),
        sound: true,
    };
    let mut sum = 0;
    for member in field.members(log) {
        let id_field = member.key("id");
        let Some(id) = id_field.must(log, "the variant's id", VariantId::parse) else {
            continue;
        };
        if offer
            .known_variants
            .iter()
            .any(|known| known == id.as_str())
        {
            id_field.error(log, format_args!("variant {id} stands there twice"));
            continue;
        }
        offer.known_variants.push(id.as_str().to_owned());
        let share = member
            .key("share")
            .must_share(log, "the share of orders, 0 where it is not built");
        sum += share.millionths();
        if share > Share(0) {
            offer
                .variants
                .push(variant(&member, id, share, root, vin, log));
        }
    }
    offer.sound = log.count() == before;
    if offer.sound && (sum - 1_000_000).abs() > 1 {
        field.error(
            log,
            format_args!(
                "the shares of the variants add up to {} instead of 1",
                Share(sum)
            ),
        );
    }
    for (key, option) in root.key("options").entries(log) {
        match OptionKey::parse(key) {
            Ok(_) if key == VARIANT_KEY => {
                option.error(log, "VAR is the key of the variants; choose another")
            }
            Ok(_) if !offer.sound => {}
            Ok(key) => offer.features.extend(feature(&option, key, &offer, log)),
            Err(error) => option.error(log, error),
        }
    }
    offer.sound = log.count() == before;
    if offer.sound {
        references(root, &mut offer, log);
    }
    offer
}

fn variant(
    member: &Field<'_>,
    id: VariantId,
    share: Share,
    root: &Field<'_>,
    vin: &VinScheme,
    log: &mut Log,
) -> Variant {
    let price = money(member, "price_", log);
    if price.is_none() {
        member
            .key("price_cny")
            .missing(log, "the list price with tax; the key ends in its currency");
    }
    let vds_field = root.key("vin").key("vds_by_variant").key(id.as_str());
    let vds = vds_field
        .must(log, "positions 4 to 8 of the VIN of the variant", |text| {
            vin_part(text, 5)
        })
        .unwrap_or_else(|| "XXXXX".into());
    // The parts are legal one by one; this is the proof that they make a VIN together.
    if let Err(error) = Vin::assemble(
        &vin.wmi,
        &vds,
        vin.model_year,
        vin.plant_code,
        1,
        vin.serial_digits,
    ) {
        vds_field.error(log, error);
    }
    let economics = root.key("economics").key("per_variant").key(id.as_str());
    let read = |key: &str| {
        matches!(key, "id" | "name" | "share" | "curb_mass_kg") || key.starts_with("price_")
    };
    Variant {
        name: member
            .key("name")
            .scalar()
            .unwrap_or(id.as_str())
            .to_owned(),
        share,
        list_price: price.unwrap_or(Amount::zero(Currency::USD)),
        net_price: in_currency(&economics, "net_of_vat_", log).and_then(|(currency, field)| {
            Some(Price::new(field.maybe_number(log, 6, 0)?, currency))
        }),
        curb_mass_mg: member.key("curb_mass_kg").maybe_number(log, 6, 0),
        vds,
        reference: Vec::new(),
        attributes: member
            .entries(log)
            .into_iter()
            .filter(|(key, _)| !read(key))
            .map(|(key, field)| (key.to_owned(), field.scalars().join(", ")))
            .collect(),
        id,
    }
}

fn feature(field: &Field<'_>, key: OptionKey, offer: &Offer, log: &mut Log) -> Option<Feature> {
    let (values, by_variant, rule) = (
        field.key("values"),
        field.key("by_variant"),
        field.key("rule"),
    );
    let mut names: Vec<String> = Vec::new();
    let rule = if values.is_there() {
        let shares = values.shares(log);
        names.extend(shares.iter().map(|(name, _)| (*name).to_owned()));
        FeatureRule::Shares(shares.into_iter().map(|(_, share)| share).collect())
    } else if by_variant.is_there() {
        FeatureRule::SharesByVariant(shares_by_variant(&by_variant, &mut names, offer, log))
    } else if rule.is_there() {
        let first = rule.maybe(log, |text| first_rule(text, &mut names, offer));
        first?
    } else {
        field.error(
            log,
            "needs values (a share each), by_variant (shares for each variant) or a rule",
        );
        return None;
    };
    let surcharges = in_currency(field, "surcharge_", log);
    let extras = surcharges
        .as_ref()
        .map(|(_, map)| map.entries(log))
        .unwrap_or_default();
    for (name, extra) in extras {
        if !names.iter().any(|known| known == name) {
            extra.error(
                log,
                format_args!(
                    "{} is not a value of {key}; values are {}",
                    quote(name),
                    list(&names)
                ),
            );
        }
    }
    let mut read = Vec::new();
    for name in &names {
        let surcharge = surcharges.as_ref().and_then(|(currency, map)| {
            let minor = map
                .key(name)
                .maybe_number(log, currency.minor_digits(), 0)?;
            Some(Amount::new(minor, *currency))
        });
        match OptionValue::parse(name) {
            Ok(id) => read.push(FeatureValue { id, surcharge }),
            Err(error) => {
                field.error(log, error);
                return None;
            }
        }
    }
    Some(Feature {
        key,
        values: read,
        rule,
    })
}

fn shares_by_variant(
    field: &Field<'_>,
    names: &mut Vec<String>,
    offer: &Offer,
    log: &mut Log,
) -> Vec<Vec<Share>> {
    for (variant, shares) in field.entries(log) {
        if !offer.known_variants.iter().any(|known| known == variant) {
            shares.error(log, format_args!("{} is not a variant", quote(variant)));
        }
        for (name, _) in shares.entries(log) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    let by_variant = offer.variants.iter().map(|variant| {
        let shares = field.key(variant.id.as_str());
        if !shares.is_there() {
            shares.missing(log, "the shares of the values for this variant");
        }
        let shares = shares.shares(log);
        let of = |name: &String| {
            shares
                .iter()
                .find(|(n, _)| n == name)
                .map_or(Share(0), |(_, s)| *s)
        };
        names.iter().map(of).collect()
    });
    by_variant.collect()
}

/// Reads the sentence `the first 5,000 STD/MAX vehicles are FOUNDERS, all others NORMAL`.
fn first_rule(
    text: &str,
    names: &mut Vec<String>,
    offer: &Offer,
) -> Result<FeatureRule, ParseError> {
    let refuse = |rule| ParseError::new("rule", text, rule);
    let sentence = "write: the first 5,000 A/B vehicles are X, all others Y";
    let parts = || {
        let (count, rest) = text.trim().strip_prefix("the first ")?.split_once(' ')?;
        let (variants, rest) = rest.split_once(" vehicles are ")?;
        let (value, others) = rest.split_once(", all others ")?;
        Some((
            count.replace(',', ""),
            variants,
            value.trim(),
            others.trim(),
        ))
    };
    let (count, variants, value, others) = parts().ok_or_else(|| refuse(sentence))?;
    let vehicles = crate::programme::table::number(&count, 0, 0).map_err(|_| refuse(sentence))?;
    let mut ids = Vec::new();
    for name in variants.split('/') {
        match offer
            .variants
            .iter()
            .find(|variant| variant.id.as_str() == name)
        {
            Some(variant) => ids.push(variant.id.clone()),
            None => return Err(refuse("it names a variant that is not built")),
        }
    }
    names.extend([value.to_owned(), others.to_owned()]);
    Ok(FeatureRule::First {
        vehicles,
        variants: ids,
        value: 0,
        others: 1,
    })
}

/// The reference configuration of every variant (RULES 3).
fn references(root: &Field<'_>, offer: &mut Offer, log: &mut Log) {
    let field = root.key("bom_rules").key("reference_configs");
    for place in 0..offer.variants.len() {
        let Some(id) = offer.variants.get(place).map(|variant| variant.id.clone()) else {
            continue;
        };
        let config = field.key(id.as_str());
        let mut chosen = Vec::new();
        for key in std::iter::once(VARIANT_KEY).chain(offer.features.iter().map(|f| f.key.as_str()))
        {
            let value = config.key(key);
            let Some(text) = value.must(
                log,
                "a value: a reference configuration names every feature",
                OptionValue::parse,
            ) else {
                continue;
            };
            let wrong = if key == VARIANT_KEY {
                text.as_str() != id.as_str()
            } else {
                !offer.knows(key, text.as_str())
            };
            match OptionKey::parse(key) {
                Ok(_) if wrong => value.error(
                    log,
                    format_args!("{} is not a value of {key} here", quote(text.as_str())),
                ),
                Ok(key) => chosen.push((key, text)),
                Err(error) => value.error(log, error),
            }
        }
        for (key, value) in config.entries(log) {
            if key != VARIANT_KEY
                && !offer
                    .features
                    .iter()
                    .any(|feature| feature.key.as_str() == key)
            {
                value.error(
                    log,
                    format_args!(
                        "{} is not a feature; features are {}",
                        quote(key),
                        offer.feature_names()
                    ),
                );
            }
        }
        if let Some(variant) = offer.variants.get_mut(place) {
            variant.reference = chosen;
        }
    }
}

impl Offer {
    /// The keys that a condition may name.
    pub fn feature_names(&self) -> String {
        list(
            std::iter::once(VARIANT_KEY)
                .chain(self.features.iter().map(|feature| feature.key.as_str())),
        )
    }

    fn values_of(&self, key: &str) -> Option<Vec<&str>> {
        if key == VARIANT_KEY {
            return Some(self.known_variants.iter().map(String::as_str).collect());
        }
        let feature = self
            .features
            .iter()
            .find(|feature| feature.key.as_str() == key)?;
        Some(
            feature
                .values
                .iter()
                .map(|value| value.id.as_str())
                .collect(),
        )
    }

    fn knows(&self, key: &str, value: &str) -> bool {
        self.values_of(key)
            .is_some_and(|values| values.contains(&value))
    }

    /// Checks one feature and value, with a message that names what is known.
    pub fn check(&self, key: &str, value: &str) -> Result<(), String> {
        if !self.sound {
            return Ok(());
        }
        match self.values_of(key) {
            None => Err(format!(
                "{} is not a feature of programme.yaml; features are {}",
                quote(key),
                self.feature_names()
            )),
            Some(values) if values.contains(&value) => Ok(()),
            Some(values) => Err(format!(
                "{} is not a value of {key}; values are {}",
                quote(value),
                list(values)
            )),
        }
    }

    /// Reads `WHEEL=W20,W21;VAR=MAX`; every error is told.
    pub fn condition(&self, text: &str) -> Result<Condition, Vec<String>> {
        let mut condition = Condition::default();
        let mut errors = Vec::new();
        for part in text.split(';').map(str::trim) {
            let Some((key, values)) = part.split_once('=') else {
                errors.push(format!("{} is not KEY=VALUE,VALUE", quote(part)));
                continue;
            };
            let (key, mut read) = (key.trim(), Vec::new());
            for value in values.split(',').map(str::trim) {
                match (self.check(key, value), OptionValue::parse(value)) {
                    (Ok(()), Ok(value)) => read.push(value),
                    (Ok(()), Err(error)) => errors.push(error.to_string()),
                    (Err(error), _) => errors.push(error),
                }
            }
            match OptionKey::parse(key) {
                Ok(key) if condition.terms.iter().any(|term| term.key == key) => {
                    errors.push(format!(
                        "{key} stands there twice; write its values in one term"
                    ));
                }
                Ok(key) => condition.terms.push(Term { key, values: read }),
                // `check` has told that the key is no feature.
                Err(_) => {}
            }
        }
        if errors.is_empty() {
            Ok(condition)
        } else {
            Err(errors)
        }
    }
}

/// The amount under the key that begins with `prefix` and ends in a currency: `price_cny`.
fn money(field: &Field<'_>, prefix: &str, log: &mut Log) -> Option<Amount> {
    let (currency, value) = in_currency(field, prefix, log)?;
    Some(Amount::new(
        value.maybe_number(log, currency.minor_digits(), 0)?,
        currency,
    ))
}

/// The value under the first key that is `prefix` and a currency in small letters.
pub(super) fn in_currency<'d>(
    field: &Field<'d>,
    prefix: &str,
    log: &mut Log,
) -> Option<(Currency, Field<'d>)> {
    field.entries(log).into_iter().find_map(|(key, value)| {
        let code = key
            .strip_prefix(prefix)
            .filter(|code| code.bytes().all(|b| b.is_ascii_lowercase()))?;
        Some((Currency::parse(&code.to_ascii_uppercase()).ok()?, value))
    })
}
