//! What is needed of a part a day, and how far days stray from it. It must not know who supplies. Units: millionths of a unit, and
//! their squares. Invariant: by the law of total variance, what the plan's days differ by and what customers choose add up.
use crate::risk::Product;
use std::collections::BTreeMap;

/// The need of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// A day's mean, in millionths of a unit.
    pub mean: i64,
    /// A day's variance, in squared millionths.
    pub variance: u128,
}

/// The need of `part` over the first `days` of products, each with the index of its variant. Two things make days differ: the plan
/// itself, and, of a variant's vehicles, how many have the part, because each customer chooses alone. Cost: O(products x days).
pub fn demand(products: &[(usize, Product)], part: usize, days: usize) -> Demand {
    const THOUSAND: i128 = 1000;
    let need = |product: &Product| {
        let at = product.parts.binary_search_by_key(&part, |(part, _)| *part);
        let found = at.ok().and_then(|at| product.parts.get(at));
        found.map_or(0, |(_, need)| i128::from(*need))
    };
    let longest = products
        .iter()
        .map(|(_, product)| product.daily.len())
        .max();
    let days = days.min(longest.unwrap_or(0));
    let (mut sum, mut squares, mut chosen) = (0i128, 0i128, 0i128);
    for day in 0..days {
        let mut of_day = 0i128;
        // By variant: vehicles, what they need, and the squares of what each needs.
        let mut variants: BTreeMap<usize, (i128, i128, i128)> = BTreeMap::new();
        for (variant, product) in products {
            let vehicles = i128::from(product.daily.get(day).copied().unwrap_or(0));
            let each = need(product);
            let all = variants.entry(*variant).or_default();
            all.0 += vehicles;
            all.1 += vehicles * each;
            all.2 += vehicles * each * each;
            of_day += vehicles * each;
        }
        // Millionths of a vehicle times squared thousandths of a unit are squared millionths of a unit.
        for (vehicles, needed, squared) in variants.into_values().filter(|(all, ..)| *all > 0) {
            chosen += squared - needed * needed / vehicles;
        }
        // Millionths of a vehicle times thousandths of a unit.
        let of_day = of_day / THOUSAND;
        sum += of_day;
        squares += of_day * of_day;
    }
    let Ok(count) = i128::try_from(days.max(1)) else {
        return Demand::default();
    };
    let between = squares - sum * sum / count;
    Demand {
        mean: i64::try_from(sum / count).unwrap_or(i64::MAX),
        variance: u128::try_from((between + chosen) / count).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::FULL;

    fn product(variant: usize, daily: &[i64], need: i64) -> (usize, Product) {
        let daily = daily.iter().map(|count| count * FULL).collect();
        let parts = if need > 0 {
            vec![(7, need * 1000)]
        } else {
            vec![]
        };
        (variant, Product { daily, parts })
    }

    #[test]
    fn days_that_differ_and_customers_who_choose_add_up() {
        const ONE: u128 = 1_000_000_000_000;
        // Days of 80 and 120 vehicles with 4 of it each: mean 400, deviation 80.
        let plan = [product(0, &[80, 120], 4)];
        let found = demand(&plan, 7, 28);
        assert_eq!(
            found,
            Demand {
                mean: 400_000_000,
                variance: 6400 * ONE
            }
        );
        // Half of a hundred vehicles have it: 100 x 1/4, times 4 x 4.
        let mix = [product(0, &[50, 50], 4), product(0, &[50, 50], 0)];
        let found = demand(&mix, 7, 2);
        assert_eq!(
            found,
            Demand {
                mean: 200_000_000,
                variance: 400 * ONE
            }
        );
        // Two variants do not choose between each other.
        let apart = [product(0, &[50, 50], 4), product(1, &[50, 50], 0)];
        assert_eq!(demand(&apart, 7, 2).variance, 0);
        assert_eq!(demand(&[], 7, 28), Demand::default());
        assert_eq!(demand(&plan, 8, 28), Demand::default());
    }
}
