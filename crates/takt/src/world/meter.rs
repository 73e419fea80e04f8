//! What the plant's energy meters read: one a shop, over a whole day. It must not know services. Invariant: a meter reads
//! what the routing says of the vehicles that were completed; no figure of the world says what an idle shop takes, so
//! nothing is read for it.
use crate::programme::Programme;

/// The meters of the shops.
pub(super) struct Meters {
    /// A shop and, by variant, the watt-hours that one vehicle takes in it.
    shops: Vec<(String, Vec<i64>)>,
    variants: Vec<String>,
}

impl Meters {
    pub(super) fn new(programme: &Programme) -> Self {
        let variants = || programme.variants.iter().map(|variant| &variant.id);
        let shops = programme.plant.shops.iter().map(|shop| {
            let of_variant = |variant| {
                (programme.operations.iter())
                    .filter(|one| one.shop == shop.id && one.applies_to.contains(variant))
                    .map(|one| one.energy_wh)
                    .sum()
            };
            (shop.id.to_string(), variants().map(of_variant).collect())
        });
        Self {
            shops: shops.collect(),
            variants: variants().map(ToString::to_string).collect(),
        }
    }

    /// The watt-hours by shop of a day that built these vehicles; shops that took none are left out.
    pub(super) fn read(&self, built: &[(&str, i64)]) -> Vec<(String, i64)> {
        let units = |variant: &String| -> i64 {
            let of_it = built.iter().filter(|(id, _)| id == variant);
            of_it.map(|(_, units)| units).sum()
        };
        let units: Vec<i64> = self.variants.iter().map(units).collect();
        let read = |(shop, one): &(String, Vec<i64>)| {
            let sum = one.iter().zip(&units).map(|(one, units)| one * units).sum();
            (shop.clone(), sum)
        };
        self.shops
            .iter()
            .map(read)
            .filter(|(_, sum)| *sum > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    #[test]
    fn a_day_of_the_paint_shop() -> Result<(), String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        let programme = parse(&folder).map_err(|problems| problems.to_string())?;
        let read = Meters::new(&programme).read(&[("STD", 2), ("MAX", 1)]);
        let of = |shop: &str| read.iter().find(|(id, _)| id == shop).map(|(_, sum)| *sum);
        // The shop total of paint is 280 kWh a body; battery makes packs for STD only: 37 kWh against 20.
        assert_eq!((of("PT"), of("BT")), (Some(840_000), Some(94_000)));
        assert!(Meters::new(&programme).read(&[]).is_empty());
        Ok(())
    }
}
