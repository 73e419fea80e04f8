//! A programme made smaller or larger (RULES 10). It must not know why. Invariants: counts are cumulative x
//! n / total, rounded down, so no day's rounding adds to the next; the calendar keeps its days.
use super::model::{FeatureRule, Programme};
use takt_kernel::{Quantity, ceil_div, floor_div};

impl Programme {
    /// The programme for `vehicles` instead of `self.vehicles`: ramp plan by variant, orders, capacity and
    /// published counts scaled; lot sizes too, to whole units and at least one, unless `scale_lots` is
    /// false (`--lots as-is`). Takt, routing, shifts, lead times, costs and the figures of the programme
    /// formula stay as they are.
    #[must_use]
    pub fn scaled(&self, vehicles: u32, scale_lots: bool) -> Self {
        let mut scaled = self.clone();
        let ratio = Ratio {
            of: i128::from(vehicles),
            total: i128::from(self.vehicles.max(1)),
        };
        if ratio.of == ratio.total {
            return scaled;
        }
        scaled.vehicles = i64::from(vehicles);
        ratio.cumulative(scaled.days.iter_mut().map(|day| &mut day.capacity));
        ratio.cumulative(
            scaled
                .days
                .iter_mut()
                .filter_map(|day| day.published_delivered.as_mut()),
        );
        for place in 0..scaled.variants.len() {
            ratio.cumulative(
                scaled
                    .days
                    .iter_mut()
                    .filter_map(|day| day.planned.get_mut(place)),
            );
        }
        ratio.cumulative(scaled.orders.iter_mut().map(|order| &mut order.locked));
        ratio.cumulative(
            scaled
                .published_months
                .iter_mut()
                .map(|month| &mut month.vehicles),
        );
        for figure in scaled
            .milestones
            .iter_mut()
            .flat_map(|milestone| &mut milestone.figures)
        {
            figure.value = ratio.floor(i128::from(figure.value));
        }
        for feature in &mut scaled.features {
            if let FeatureRule::First { vehicles, .. } = &mut feature.rule {
                *vehicles = ratio.floor(i128::from(*vehicles));
            }
        }
        for item in scaled.items.iter_mut().filter(|_| scale_lots) {
            item.lot_size = ratio.lot(item.lot_size);
        }
        scaled
    }
}

struct Ratio {
    of: i128,
    total: i128,
}

impl Ratio {
    fn floor(&self, value: i128) -> i64 {
        floor_div(value * self.of, self.total).unwrap_or(i64::MAX)
    }

    /// Replaces counts by the steps of their scaled running total.
    fn cumulative<'c>(&self, counts: impl Iterator<Item = &'c mut i64>) {
        let (mut sum, mut before) = (0i128, 0i64);
        for count in counts {
            sum += i128::from(*count);
            let now = self.floor(sum);
            *count = now - before;
            before = now;
        }
    }

    /// max(1, ceil(lot x n / total)) in whole units, also of kilograms.
    fn lot(&self, lot: Quantity) -> Quantity {
        let units = ceil_div(i128::from(lot.milli()) * self.of, self.total * 1000).unwrap_or(1);
        Quantity::from_units(units.max(1))
    }
}
