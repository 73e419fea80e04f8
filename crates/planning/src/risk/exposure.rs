//! What every site's loss costs in vehicles and money, which part ends first, and what stock would bridge it. It must not know names.
//! Units: thousandths of a day, vehicles in millionths, money in millionths of the currency. Source: Simchi-Levi et al. 2015, whose
//! risk exposure index is the loss of a site relative to the largest. Invariants: an unknown time to recover answers no loss; the
//! bridge is what is missing, never less.
use super::FULL;
use super::assess::{Assessor, Binding, Product};
use super::chain::Chain;
use super::reserve::Cover;
use takt_kernel::half_even_div;

/// The exposure to the loss of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The node.
    pub node: usize,
    /// Its tier.
    pub tier: u32,
    /// When it is back; None where nobody knows.
    pub time_to_recover: Option<i64>,
    /// How long all vehicles are built as planned; None is without end.
    pub time_to_survive: Option<i64>,
    /// The loss; None where nobody knows when the site is back.
    pub lost: Option<Lost>,
    /// What ends first.
    pub binding: Option<Binding>,
}

/// What is lost before a site is back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lost {
    /// Vehicles, in millionths.
    pub vehicles: i64,
    /// Margin, in millionths of the currency.
    pub margin: i64,
    /// The risk exposure index: the margin relative to the largest of all, in millionths; vehicles decide where no margin is lost.
    pub index: i64,
    /// The stock of parts at the plant that bridges it: what is missing of each.
    pub bridge: Vec<Bridge>,
}

/// Stock of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bridge {
    /// The part.
    pub part: usize,
    /// Thousandths of a day of its need.
    pub days: i64,
    /// Thousandths of its unit.
    pub quantity: i64,
    /// What it costs, in millionths of the currency.
    pub cost: i64,
}

/// Money per unit, in millionths of one currency.
#[derive(Debug, Clone, Copy)]
pub struct Money<'a> {
    /// What a vehicle of each product earns.
    pub margins: &'a [i64],
    /// What a unit of each part costs.
    pub prices: &'a [i64],
}

/// The exposure to each node's loss, in the order of the nodes. `stock` is what the plant has of each part, in thousandths; empty where
/// it is not known. `covers` is what reserved capacity gives in the place of each node ([`super::covers`]); empty where there is none.
pub fn exposures(
    chain: &Chain,
    products: &[Product],
    money: Money<'_>,
    stock: &[i64],
    covers: Vec<Cover>,
) -> Vec<Exposure> {
    let assessor = Assessor::new(&chain.network, products)
        .holding(stock)
        .reserving(covers);
    let nodes = chain.network.nodes().iter().zip(&chain.tiers).enumerate();
    let mut all: Vec<Exposure> = nodes
        .map(|(node, (own, tier))| {
            let loss = assessor.site(&[node], own.time_to_recover);
            let lost = own.time_to_recover.map(|until| {
                let vehicles = loss.lost.iter().sum();
                let bridge = if vehicles == 0 {
                    Vec::new()
                } else {
                    bridges(&assessor, products, money.prices, &[node], until)
                };
                Lost {
                    vehicles,
                    margin: earned(&loss.lost, money.margins),
                    index: 0,
                    bridge,
                }
            });
            Exposure {
                node,
                tier: *tier,
                time_to_recover: own.time_to_recover,
                time_to_survive: loss.time_to_survive,
                lost,
                binding: loss.binding,
            }
        })
        .collect();
    rank(&mut all);
    all
}

/// What lost vehicles of each product would have earned, in millionths of the currency.
pub fn earned(lost: &[i64], margins: &[i64]) -> i64 {
    let each = lost.iter().zip(margins);
    let all: i128 = each
        .map(|(lost, margin)| i128::from(*lost) * i128::from(*margin))
        .sum();
    half_even_div(all, i128::from(FULL)).unwrap_or(i64::MAX)
}

/// Gives each loss its risk exposure index.
pub fn rank(all: &mut [Exposure]) {
    let losses = || all.iter().filter_map(|exposure| exposure.lost.as_ref());
    let most_margin = losses().map(|lost| lost.margin).max().unwrap_or(0);
    let most_vehicles = losses().map(|lost| lost.vehicles).max().unwrap_or(0);
    for lost in all.iter_mut().filter_map(|exposure| exposure.lost.as_mut()) {
        let (own, most) = if most_margin > 0 {
            (lost.margin, most_margin)
        } else {
            (lost.vehicles, most_vehicles)
        };
        let scaled = i128::from(own) * i128::from(FULL);
        lost.index = half_even_div(scaled, i128::from(most)).unwrap_or(0);
    }
}

/// The stock of parts at the plant that bridges the loss of these nodes until then.
pub(super) fn bridges(
    assessor: &Assessor<'_>,
    products: &[Product],
    prices: &[i64],
    nodes: &[usize],
    until: i64,
) -> Vec<Bridge> {
    const DAY: i64 = 1000;
    let missing = assessor.parts(nodes, Some(until));
    let bridge = |(part, flow): (usize, super::Flow)| {
        let mut quantity = 0i128;
        for product in products {
            let Ok(at) = product.parts.binary_search_by_key(&part, |(part, _)| *part) else {
                continue;
            };
            let need = product.parts.get(at).map_or(0, |(_, need)| *need);
            let days = (0i64..).zip(&product.daily);
            let lost: i128 = days
                .map(|(day, count)| i128::from(*count) * flow.missing(day * DAY, (day + 1) * DAY))
                .sum();
            quantity += lost / i128::from(FULL) * i128::from(need);
        }
        // Up to a whole thousandth, so that the bridge is never short.
        let whole = i128::from(FULL) * i128::from(DAY);
        let quantity = i64::try_from((quantity + whole - 1) / whole).unwrap_or(i64::MAX);
        let price = prices.get(part).copied().unwrap_or(0);
        let cost = i128::from(quantity) * i128::from(price);
        Bridge {
            part,
            days: i64::try_from(flow.missing(0, i64::MAX) / i128::from(FULL)).unwrap_or(i64::MAX),
            quantity,
            cost: half_even_div(cost, 1000).unwrap_or(i64::MAX),
        }
    };
    let bridges = missing.into_iter().map(bridge);
    bridges.filter(|bridge| bridge.quantity > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::super::chain::{FlowRow, SiteRow, chain};
    use super::super::network::Node;
    use super::*;

    #[test]
    fn vehicles_rank_where_nothing_is_earned() {
        let exposure = |node, vehicles| Exposure {
            node,
            tier: 1,
            time_to_recover: Some(1000),
            time_to_survive: Some(0),
            lost: Some(Lost {
                vehicles,
                ..Lost::default()
            }),
            binding: None,
        };
        let mut all = [exposure(0, 40), exposure(1, 10)];
        rank(&mut all);
        let index = |at: usize| all[at].lost.clone().unwrap_or_default().index;
        assert_eq!((index(0), index(1)), (FULL, FULL / 4));
        // Half a millionth goes to the even one.
        assert_eq!(earned(&[FULL / 2, 1], &[3, 0]), 2);
    }

    /// The example of docs/risk.md.
    #[test]
    fn a_cell_maker_a_lithium_refiner_and_a_seat_maker() -> Result<(), Box<dyn std::error::Error>> {
        let site = |supplier, item, ttr: i64, stock: i64| SiteRow {
            supplier,
            item,
            node: Node {
                time_to_recover: (ttr > 0).then_some(ttr * 1000),
                stock: stock * 1000,
                stock_survives: true,
                capacity: None,
            },
        };
        let flow = |from, to, item, into: Vec<&'static str>, stock: i64| FlowRow {
            from,
            to,
            item,
            into,
            share: FULL,
            quantity: 1000,
            transit: 0,
            customer_stock: stock * 1000,
        };
        let sites = [
            site("CELLS", "CELL", 30, 2),
            site("REFINER", "LITHIUM", 20, 0),
            site("SEATS", "SEAT", 0, 0),
        ];
        let flows = [
            flow("CELLS", "PLANT", "CELL", vec![], 1),
            flow("REFINER", "CELLS", "LITHIUM", vec!["CELL"], 10),
            flow("SEATS", "PLANT", "SEAT", vec![], 0),
        ];
        let chain = chain("PLANT", &["CELL", "SEAT"], &sites, &flows)?;
        let products = [Product {
            daily: vec![100 * FULL; 60],
            parts: vec![(0, 120_000), (1, 5000)],
        }];
        let money = Money {
            margins: &[2000 * FULL],
            prices: &[30 * FULL, 100 * FULL],
        };
        let found = exposures(&chain, &products, money, &[], Vec::new());
        let row = |at: usize| {
            let lost = found[at].lost.clone().unwrap_or_default();
            (
                found[at].tier,
                found[at].time_to_survive,
                lost.vehicles / FULL,
                lost.margin / FULL,
                lost.index,
            )
        };
        assert_eq!(row(0), (1, Some(3000), 2700, 5_400_000, FULL));
        assert_eq!(row(1), (2, Some(13_000), 700, 1_400_000, 259_259));
        assert_eq!(row(2), (1, Some(0), 0, 0, 0));
        assert_eq!(found[2].lost, None, "nobody knows when seats are back");
        let bridge = found[1].lost.clone().unwrap_or_default().bridge;
        let want = Bridge {
            part: 0,
            days: 7000,
            quantity: 7 * 100 * 120 * 1000,
            cost: 7 * 100 * 120 * 30 * FULL,
        };
        assert_eq!(bridge, [want]);
        Ok(())
    }
}
