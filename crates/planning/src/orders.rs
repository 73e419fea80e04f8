//! The orders that the world locks day by day (RULES 9, 10). It belongs to the replay driver; services must not
//! use it. Invariants: counts of each attribute are exact by largest remainder with carry (variant, options,
//! city over all orders; options by variant within it); the first `limit` orders of the editions' variants
//! are FOUNDERS; the same days give the same orders.
use crate::apportion::{Apportion, deal};
use crate::feature::Config;
use crate::scale::Scale;
use crate::sequence::spread;
use crate::table::Table;
use takt_kernel::Share;

/// How customers choose one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The key's index in the features; not 0, which is the variant.
    pub key: usize,
    /// Shares of the values: one row for all variants, or one row a variant.
    pub shares: Vec<Vec<Share>>,
}

impl Attribute {
    /// The shares that hold for a variant.
    pub fn of(&self, variant: usize) -> &[Share] {
        let row = self.shares.get(variant).or(self.shares.first());
        row.map_or(&[], Vec::as_slice)
    }
}

/// The limited edition: the first orders of some variants (RULES 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Founders {
    /// The edition's key.
    pub key: usize,
    /// The value of a founder's car.
    pub founder: usize,
    /// The value of every other car.
    pub normal: usize,
    /// The variants that have the edition, bit v for variant v.
    pub variants: u64,
    /// How many there are: 0.05 N.
    pub limit: i64,
}

/// What the world is asked to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// Shares of the variants.
    pub variants: Vec<Share>,
    /// The options without the edition.
    pub attributes: Vec<Attribute>,
    /// Shares of the places of delivery (outbound lanes), normalised.
    pub places: Vec<Share>,
    /// The limited edition, at the size of the run.
    pub founders: Option<Founders>,
    /// The size of the run.
    pub scale: Scale,
}

/// One order as the world locks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderDraft {
    /// What is ordered.
    pub config: Config,
    /// Index of the place of delivery.
    pub place: usize,
    /// True for one of the limited edition.
    pub founder: bool,
}

/// How one attribute is counted out: over all orders with the cells by variant close to the shares, or within
/// each variant.
#[derive(Debug, Clone)]
enum Split {
    Common(Apportion, Table),
    ByVariant(Vec<Apportion>),
}

impl Split {
    fn new(shares: &[Vec<Share>], variants: usize) -> Self {
        match shares {
            [all] => Self::Common(Apportion::new(all), Table::new(variants, all)),
            rows => Self::ByVariant(rows.iter().map(|row| Apportion::new(row)).collect()),
        }
    }

    /// The day's counts, `[variant][value]`.
    fn take(&mut self, by_variant: &[i64]) -> Vec<Vec<i64>> {
        match self {
            Self::Common(columns, table) => {
                table.take(by_variant, &columns.take(by_variant.iter().sum()))
            }
            Self::ByVariant(rows) => rows
                .iter_mut()
                .zip(by_variant)
                .map(|(row, count)| row.take(*count))
                .collect(),
        }
    }
}

/// The world's orders; call `day` for each day in turn, from day 0.
#[derive(Debug, Clone)]
pub struct OrderWorld {
    market: Market,
    variants: Apportion,
    /// The attributes in order, then the places.
    splits: Vec<Split>,
    /// Full-size orders so far, by variant.
    full: Vec<i64>,
    /// Orders so far at the size of the run, by variant.
    locked: Vec<i64>,
    founders_left: i64,
}

impl OrderWorld {
    /// A world before its first day.
    pub fn new(market: Market) -> Self {
        let variants = market.variants.len();
        let places = [market.places.clone()];
        let shares = market
            .attributes
            .iter()
            .map(|a| a.shares.as_slice())
            .chain([&places[..]]);
        Self {
            variants: Apportion::new(&market.variants),
            splits: shares.map(|shares| Split::new(shares, variants)).collect(),
            full: vec![0; variants],
            locked: vec![0; variants],
            founders_left: market.founders.map_or(0, |f| f.limit),
            market,
        }
    }

    /// The orders of the next day in the order they are locked; `full` is the day's count in orders.csv, scaled
    /// here, cumulative and floored by variant.
    pub fn day(&mut self, full: i64) -> Vec<OrderDraft> {
        let scale = self.market.scale;
        let mut counts = self.variants.take(full.max(0));
        for (count, so_far) in counts.iter_mut().zip(&mut self.full) {
            let before = scale.count(*so_far);
            *so_far += *count;
            *count = scale.count(*so_far) - before;
        }
        let blank = |variant: &usize| OrderDraft {
            config: Config(0).with(0, *variant),
            place: 0,
            founder: false,
        };
        let variants = spread(&counts);
        let mut orders: Vec<OrderDraft> = variants.iter().map(blank).collect();
        let keys = self
            .market
            .attributes
            .iter()
            .map(|attribute| Some(attribute.key))
            .chain([None]);
        for (dimension, (key, split)) in keys.zip(&mut self.splits).enumerate() {
            for (variant, values) in split.take(&counts).iter().enumerate() {
                let members = (0..orders.len()).filter(|place| variants[*place] == variant);
                let first = self.locked[variant] as u64;
                let numbers: Vec<u64> = (first..first + counts[variant] as u64).collect();
                for (place, value) in members.zip(deal(values, &numbers, dimension)) {
                    match key {
                        Some(key) => orders[place].config = orders[place].config.with(key, value),
                        None => orders[place].place = value,
                    }
                }
            }
        }
        self.locked
            .iter_mut()
            .zip(&counts)
            .for_each(|(locked, count)| *locked += count);
        self.crown(&mut orders);
        orders
    }

    fn crown(&mut self, orders: &mut [OrderDraft]) {
        let Some(founders) = self.market.founders else {
            return;
        };
        for order in orders {
            order.founder =
                self.founders_left > 0 && founders.variants >> order.config.variant() & 1 == 1;
            self.founders_left -= i64::from(order.founder);
            let value = if order.founder {
                founders.founder
            } else {
                founders.normal
            };
            order.config = order.config.with(founders.key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(scale: Scale) -> Market {
        let shares = |list: &[i64]| list.iter().map(|s| Share(s * 10_000)).collect::<Vec<_>>();
        Market {
            variants: shares(&[28, 29, 43]),
            attributes: vec![
                Attribute {
                    key: 1,
                    shares: vec![shares(&[24, 13, 11, 9, 7, 10, 3, 14, 9])],
                },
                Attribute {
                    key: 2,
                    shares: vec![
                        shares(&[62, 26, 12, 0]),
                        shares(&[56, 26, 18, 0]),
                        shares(&[18, 32, 36, 14]),
                    ],
                },
                Attribute {
                    key: 3,
                    shares: vec![shares(&[44, 34, 22])],
                },
            ],
            places: shares(&[50, 30, 15]),
            founders: Some(Founders {
                key: 4,
                founder: 1,
                normal: 0,
                variants: 0b101,
                limit: scale.count(5000),
            }),
            scale,
        }
    }

    #[test]
    fn shares_hold_overall_and_within_each_variant() {
        let mut world = OrderWorld::new(market(Scale::FULL));
        let orders: Vec<OrderDraft> = [8572, 12_857, 5714, 4286]
            .into_iter()
            .flat_map(|n| world.day(n))
            .collect();
        let all = orders.len() as i64;
        assert_eq!(all, 31_429);
        let count = |test: &dyn Fn(&OrderDraft) -> bool| {
            orders.iter().filter(|order| test(order)).count() as i64
        };
        for (variant, share) in [28, 29, 43].into_iter().enumerate() {
            let mine = count(&|o| o.config.variant() == variant);
            assert!((mine * 100 - all * share).abs() <= 100);
            for (color, share) in [24, 13, 11, 9, 7, 10, 3, 14, 9].into_iter().enumerate() {
                let have = count(&|o| o.config.variant() == variant && o.config.value(1) == color);
                assert!(
                    (have * 100 - mine * share).abs() <= 2500,
                    "{variant} {color}: {have} of {mine}"
                );
                assert!((count(&|o| o.config.value(1) == color) * 100 - all * share).abs() <= 100);
            }
        }
        let wheels = count(&|o| o.config.variant() == 2 && o.config.value(2) == 3);
        assert!((wheels * 100 - count(&|o| o.config.variant() == 2) * 14).abs() <= 100);
        assert_eq!(
            count(&|o| o.config.variant() != 2 && o.config.value(2) == 3),
            0
        );
        let joint = count(&|o| o.config.value(1) == 0 && o.config.value(3) == 2);
        assert!((joint * 10_000 - all * 24 * 22).abs() <= 300_000, "{joint}");
        assert!((count(&|o| o.place == 2) * 95 - all * 15).abs() <= 95);
    }

    #[test]
    fn the_first_founders_are_the_first_of_their_variants() {
        let mut world = OrderWorld::new(market(Scale(1000)));
        let orders: Vec<OrderDraft> = (0..10).flat_map(|_| world.day(1000)).collect();
        assert_eq!(orders.len(), 100);
        let eligible: Vec<&OrderDraft> =
            orders.iter().filter(|o| o.config.variant() != 1).collect();
        assert!(
            eligible
                .iter()
                .enumerate()
                .all(|(n, o)| o.founder == (n < 50))
        );
        assert!(
            orders
                .iter()
                .all(|o| o.config.value(4) == usize::from(o.founder))
        );
    }
}
