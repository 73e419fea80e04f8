//! What each site of a supply network must deliver on each day for the plan. It must not know stock: a need is what is used, on the day
//! on which it must be with the customer. Invariants: a site's materials must be there as many days before its goods as these take from
//! order to receipt, the longest way counting; shares of a need add up to it, but for roundings of a thousandth a day and link.
use takt_kernel::half_even_div;

use crate::risk::{Customer, FULL, Network, Product};

/// The need of a site.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SiteNeed {
    /// The day of the first figure, relative to the first day of the plan; below zero where materials are needed before it.
    pub first: i64,
    /// Thousandths of the site's item by day.
    pub daily: Vec<i64>,
}

impl SiteNeed {
    fn add(&mut self, from: i64, daily: impl ExactSizeIterator<Item = i64>) {
        let length = i64::try_from(daily.len()).unwrap_or(i64::MAX);
        if length == 0 {
            return;
        }
        if self.daily.is_empty() {
            self.first = from;
        }
        if from < self.first {
            let more = usize::try_from(self.first - from).unwrap_or(0);
            self.daily.splice(0..0, std::iter::repeat_n(0, more));
            self.first = from;
        }
        let at = usize::try_from(from - self.first).unwrap_or(0);
        let end = at + daily.len();
        if self.daily.len() < end {
            self.daily.resize(end, 0);
        }
        for (sum, need) in self.daily[at..end].iter_mut().zip(daily) {
            *sum += need;
        }
    }
}

/// The needs of all sites, in their order, for products that are built by day. A link's `transit` is the time from order to receipt.
/// Cost: O(links x days).
pub fn needs(network: &Network, products: &[Product]) -> Vec<SiteNeed> {
    let days = products
        .iter()
        .map(|product| product.daily.len())
        .max()
        .unwrap_or(0);
    let mut parts = vec![Vec::new(); network.parts()];
    for product in products {
        for (part, quantity) in &product.parts {
            let Some(need) = parts.get_mut(*part) else {
                continue;
            };
            need.resize(days, 0i128);
            for (sum, vehicles) in need.iter_mut().zip(&product.daily) {
                // Millionths of a vehicle by thousandths of the part.
                *sum += i128::from(*vehicles) * i128::from(*quantity);
            }
        }
    }
    let parts: Vec<Vec<i64>> = parts
        .into_iter()
        .map(|need| need.into_iter().map(|sum| whole(sum, FULL)).collect())
        .collect();
    let mut needs = vec![SiteNeed::default(); network.nodes().len()];
    for node in network.customers_first() {
        let mut own = SiteNeed::default();
        for link in network.out_of(node) {
            // Thousandths of the item for one unit of the customer's, by millionths of its need.
            let factor = i128::from(link.quantity) * i128::from(link.share);
            let of = |need: &i64| whole(i128::from(*need) * factor, 1000 * FULL);
            match link.to {
                Customer::Part(part) => own.add(0, parts[part].iter().map(of)),
                Customer::Node(customer) => {
                    let ways = network.out_of(customer).map(|way| way.transit);
                    let lead = ways.max().unwrap_or(0);
                    let lead = (lead + 999) / 1000;
                    let need = &needs[customer];
                    own.add(need.first - lead, need.daily.iter().map(of));
                }
            }
        }
        needs[node] = own;
    }
    needs
}

fn whole(value: i128, unit: i64) -> i64 {
    half_even_div(value, i128::from(unit)).unwrap_or(i64::MAX)
}
