//! What customers are expected to order: the shares of options, and the edition that is built first.
//!
//! It must not know where the parts were kept. Invariant: options stand in the order of the features.

use takt_kernel::{Share, half_even_div};
use takt_planning::{
    feature::Features,
    orders::{Attribute, Founders},
};

use super::{
    Programme,
    master::{OptionPart, Parts},
};

impl Parts {
    /// The shares of orders by option, and the edition. The share of the edition's value is that of all vehicles of
    /// the programme, and its rows name the variants that have it (RULES 10).
    pub(super) fn shares(
        &self,
        programme: &Programme,
        features: &Features,
    ) -> (Vec<Attribute>, Option<Founders>) {
        let mut attributes = Vec::new();
        let mut founders = None;
        for (key, feature) in features.all().iter().enumerate().skip(1) {
            let mine: Vec<&OptionPart> = self
                .options
                .iter()
                .filter(|option| option.key == feature.key)
                .collect();
            if feature.key == programme.priority_option {
                founders = self.founders(programme, features, key, &mine);
                continue;
            }
            let row = |variant: &str| -> Vec<Share> {
                let share = |value: &String| {
                    let of = |wanted: &str| {
                        mine.iter()
                            .find(|o| o.value == *value && o.variant_id == wanted)
                    };
                    Share(
                        of(variant)
                            .or_else(|| of(""))
                            .map_or(0, |option| option.share),
                    )
                };
                feature.values.iter().map(share).collect()
            };
            let by_variant = mine.iter().any(|option| !option.variant_id.is_empty());
            let shares = match by_variant {
                true => self
                    .variants
                    .iter()
                    .map(|variant| row(&variant.variant_id))
                    .collect(),
                false => vec![row("")],
            };
            attributes.push(Attribute { key, shares });
        }
        (attributes, founders)
    }

    fn founders(
        &self,
        programme: &Programme,
        features: &Features,
        key: usize,
        mine: &[&OptionPart],
    ) -> Option<Founders> {
        let founder = features.value(key, &programme.priority_value)?;
        let normal = features
            .all()
            .get(key)
            .and_then(|f| (0..f.values.len()).find(|value| *value != founder))?;
        let rows: Vec<&&OptionPart> = mine
            .iter()
            .filter(|o| o.value == programme.priority_value && o.share > 0)
            .collect();
        let everywhere = rows.iter().any(|row| row.variant_id.is_empty());
        let admitted = |id: &str| everywhere || rows.iter().any(|row| row.variant_id == id);
        let bits = self
            .variants
            .iter()
            .enumerate()
            .filter(|(_, variant)| admitted(&variant.variant_id));
        let variants = bits.fold(0, |mask, (at, _)| mask | 1u64 << at);
        let share = rows.iter().map(|row| row.share).max().unwrap_or(0);
        // The share was rounded to millionths; the count behind it is the nearest whole one.
        let limit = half_even_div(
            i128::from(share) * i128::from(programme.vehicle_count),
            i128::from(Share::ONE.0),
        )?;
        Some(Founders {
            key,
            founder,
            normal,
            variants,
            limit,
        })
    }
}
