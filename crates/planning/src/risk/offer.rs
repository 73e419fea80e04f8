//! The vehicles of a plan gathered by what they are built of: a missing wheel stops the vehicles that have it and no others. It must
//! not know who supplies. Units: vehicles in millionths. Invariant: the products of a variant add up to its plan, but for a rounding
//! that is less than a vehicle in all.
use super::FULL;
use super::assess::Product;
use crate::bom::Bom;
use crate::feature::Config;
use crate::orders::{Attribute, Founders};
use std::collections::BTreeMap;
use takt_kernel::{Share, half_even_div};

/// The shares of all options, the edition that is built first among them at its mean over `vehicles`.
pub fn with_edition(
    attributes: &[Attribute],
    founders: Option<Founders>,
    variants: &[Share],
    vehicles: i64,
) -> Vec<Attribute> {
    let mut all = attributes.to_vec();
    let Some(founders) = founders else {
        return all;
    };
    let admitted = |variant: usize| founders.variants >> variant & 1 == 1;
    let shares = variants.iter().enumerate();
    let of_them: i64 = (shares.clone().filter(|(at, _)| admitted(*at)))
        .map(|(_, share)| share.millionths())
        .sum();
    let of = i128::from(vehicles) * i128::from(of_them);
    let limited = i128::from(founders.limit) * i128::from(FULL) * i128::from(FULL);
    let share = half_even_div(limited, of).unwrap_or(0).clamp(0, FULL);
    let values = founders.founder.max(founders.normal) + 1;
    let row = |at: usize| {
        let mut row = vec![Share(0); values];
        let founder = if admitted(at) { share } else { 0 };
        if let Some(value) = row.get_mut(founders.normal) {
            *value = Share(FULL - founder);
        }
        if let Some(value) = row.get_mut(founders.founder) {
            *value = Share(founder);
        }
        row
    };
    all.push(Attribute {
        key: founders.key,
        shares: shares.map(|(at, _)| row(at)).collect(),
    });
    all
}

/// The products of a plan: `daily[day][variant]` vehicles, options by their shares, each independent of the others. Answers with
/// the variant of each product beside it; parts are the items of the bill by their index. Cost: one explosion a combination of the
/// options that decide about parts.
pub fn offer(bom: &Bom, attributes: &[Attribute], daily: &[Vec<i64>]) -> Vec<(usize, Product)> {
    let variants = daily.iter().map(Vec::len).max().unwrap_or(0);
    let deciding: Vec<&Attribute> = attributes
        .iter()
        .filter(|attribute| decides(bom, attribute.key))
        .collect();
    let mut products = Vec::new();
    for variant in 0..variants {
        let mut shares: BTreeMap<Vec<(usize, i64)>, i128> = BTreeMap::new();
        let start = Config::default().with(0, variant);
        combine(
            &deciding,
            variant,
            start,
            i128::from(FULL),
            &mut |config, share| {
                let mut parts: Vec<(usize, i64)> = bom
                    .requirement(config)
                    .bought()
                    .map(|(item, quantity)| (item, quantity.milli()))
                    .collect();
                parts.sort_unstable();
                *shares.entry(parts).or_default() += share;
            },
        );
        for (parts, share) in shares.into_iter().filter(|(_, share)| *share > 0) {
            let count = |day: &Vec<i64>| {
                let planned = day.get(variant).copied().unwrap_or(0);
                i64::try_from(i128::from(planned) * share).unwrap_or(i64::MAX)
            };
            let daily = daily.iter().map(count).collect();
            products.push((variant, Product { daily, parts }));
        }
    }
    products
}

/// Whether a feature stands in a condition of the bill.
fn decides(bom: &Bom, key: usize) -> bool {
    (0..bom.items().len())
        .flat_map(|item| bom.lines_of(item))
        .any(|line| line.condition.keys().any(|named| named == key))
}

fn combine(
    attributes: &[&Attribute],
    variant: usize,
    config: Config,
    share: i128,
    found: &mut impl FnMut(Config, i128),
) {
    let Some((attribute, rest)) = attributes.split_first() else {
        return found(config, share);
    };
    for (value, of) in attribute.of(variant).iter().enumerate() {
        let part = share * i128::from(of.millionths()) / i128::from(FULL);
        if part > 0 {
            combine(
                rest,
                variant,
                config.with(attribute.key, value),
                part,
                found,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::{Item, Line};
    use crate::feature::tests::features;
    use takt_kernel::Quantity;

    #[test]
    fn wheels_split_a_variant_and_colours_that_decide_nothing_do_not()
    -> Result<(), Box<dyn std::error::Error>> {
        let item = |id: &str, made| Item {
            id: id.to_owned(),
            made,
            order_yield: Share::ONE,
        };
        let items = vec![
            item("CAR", true),
            item("W19", false),
            item("W21", false),
            item("SEAT", false),
        ];
        let features = features();
        let line = |child, qty, condition: &str| -> Result<Line, takt_kernel::ParseError> {
            Ok(Line {
                parent: 0,
                child,
                qty: Quantity::from_units(qty),
                condition: features.condition(condition)?,
                component_scrap: Share(0),
            })
        };
        let lines = vec![
            line(1, 4, "WHEEL=W19A,W19S,W20")?,
            line(2, 4, "WHEEL=W21")?,
            line(3, 5, "")?,
        ];
        let bom = Bom::build(items, lines, 0)?;
        let half = Share(500_000);
        let attributes = [
            Attribute {
                key: 1,
                shares: vec![vec![half, half]],
            },
            Attribute {
                key: 2,
                shares: vec![vec![half, Share(0), Share(250_000), Share(250_000)]],
            },
        ];
        let found = offer(&bom, &attributes, &[vec![100, 0], vec![40, 8]]);
        let seen: Vec<_> = found
            .iter()
            .map(|(variant, product)| (*variant, product.daily.clone(), product.parts.clone()))
            .collect();
        let w19 = vec![(1, 4000), (3, 5000)];
        let w21 = vec![(2, 4000), (3, 5000)];
        assert_eq!(
            seen,
            [
                (0, vec![75 * FULL, 30 * FULL], w19.clone()),
                (0, vec![25 * FULL, 10 * FULL], w21.clone()),
                (1, vec![0, 6 * FULL], w19),
                (1, vec![0, 2 * FULL], w21),
            ]
        );
        Ok(())
    }
}
