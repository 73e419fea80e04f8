//! A programme's tier network with what is known of it: its sites, the plant's bought items behind which they stand, and the links.
//! It must not know how chains are added up. Invariants: sites are the programme's nodes in their order, then the bought items; a
//! figure that the folder does not give stays unknown; of direct suppliers the lane says the way, further up only the places do,
//! as the great circle between them.
use std::collections::{BTreeMap, HashMap};

use takt_kernel::{Date, half_even_div};
use takt_planning::risk::Product;
use takt_planning::tier::{Graph, Link, LinkFacts, SiteFacts, great_circle};

use super::network::{Stocks, chain_of};
use super::{Offline, partner, unusable};
use crate::failure::Outcome;
use crate::programme::{Direction, Lane, Place, Programme, SupplyLink};

/// Thousandths of an hour in a thousandth of a day, and in a day.
const HOURS: i64 = 24;
const DAY: i64 = 24_000;

/// A site, or a bought item at the plant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Who makes it; the plant where it is bought.
    pub supplier: String,
    /// What is made.
    pub item: String,
    /// Its name.
    pub name: String,
}

impl Site {
    /// Supplier and item, as answers name it.
    pub fn id(&self) -> String {
        format!("{}/{}", self.supplier, self.item)
    }
}

/// The tier network of a programme.
#[derive(Debug)]
pub struct Tiers {
    /// The sites.
    pub sites: Vec<Site>,
    /// The bought items at the plant: the site, and the place of the item in the programme.
    pub roots: Vec<(usize, usize)>,
    /// Who stands behind whom.
    pub graph: Graph,
    /// What is known of each site.
    pub facts: Vec<SiteFacts>,
    /// What is known of each link.
    pub links: Vec<LinkFacts>,
}

impl Tiers {
    /// The network of a programme on a day.
    ///
    /// # Errors
    /// A link that ends nowhere, or a cycle, with its sites.
    pub fn new(programme: &Programme, on: Date) -> Outcome<Self> {
        // What makes no chain is refused there, by name.
        chain_of(programme, on, Stocks::All)?;
        let plant = programme.plant.supplier.as_str();
        let mut sites: Vec<Site> = (programme.nodes.iter())
            .map(|node| Site {
                supplier: node.supplier.to_string(),
                item: node.item.to_string(),
                name: node.name.clone(),
            })
            .collect();
        let mut facts: Vec<SiteFacts> = (programme.nodes.iter())
            .map(|node| SiteFacts {
                process: node.process_millihours,
                wait: node.wait_millihours,
                stock: node.stock_millidays.map(|days| days * HOURS),
                yield_share: node.yield_share.map(|share| share.millionths()),
                carbon: node.co2e_mg_per_unit,
            })
            .collect();
        let mut roots = Vec::new();
        for (at, item) in programme.items.iter().enumerate().filter(|(_, i)| !i.make) {
            roots.push((sites.len(), at));
            sites.push(Site {
                supplier: plant.to_owned(),
                item: item.id.to_string(),
                name: item.name.clone(),
            });
            facts.push(SiteFacts::default());
        }
        let places: HashMap<(&str, &str), usize> = (sites.iter().enumerate())
            .map(|(at, site)| ((site.supplier.as_str(), site.item.as_str()), at))
            .collect();
        let mut materials: HashMap<&str, usize> = HashMap::new();
        let ways = Ways::new(programme);
        let (mut graph, mut links) = (Vec::new(), Vec::new());
        for row in programme.links.iter().filter(|link| valid(link, on)) {
            let item = row.item.as_str();
            let next = materials.len();
            let material = *materials.entry(item).or_insert(next);
            let Some(from) = places.get(&(row.from.as_str(), item)).copied() else {
                continue;
            };
            let direct = row.to.as_str() == plant;
            let into: Vec<&str> = match direct {
                true => vec![item],
                false => row.into.iter().map(|item| item.as_str()).collect(),
            };
            for item in into {
                let Some(to) = places.get(&(row.to.as_str(), item)).copied() else {
                    continue;
                };
                graph.push(Link {
                    from,
                    to,
                    material,
                    share: row.share.millionths(),
                });
                links.push(match direct {
                    true => ways.direct(row, from),
                    false => ways.behind(row, from, to),
                });
            }
        }
        Ok(Self {
            graph: Graph::new(sites.len(), graph).map_err(unusable)?,
            sites,
            roots,
            facts,
            links,
        })
    }

    /// The sites of the bought items.
    pub fn root_sites(&self) -> Vec<usize> {
        self.roots.iter().map(|(site, _)| *site).collect()
    }

    /// The suppliers, and the place of each site's in them.
    pub fn suppliers(&self) -> (Vec<&str>, Vec<usize>) {
        let mut names: Vec<&str> = (self.sites.iter())
            .map(|site| site.supplier.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let place = |site: &Site| names.binary_search(&site.supplier.as_str()).unwrap_or(0);
        let of = self.sites.iter().map(place).collect();
        (names, of)
    }
}

/// Whether a link stands on a day.
fn valid(link: &SupplyLink, on: Date) -> bool {
    link.valid_from.is_none_or(|from| from <= on) && link.valid_to.is_none_or(|to| on <= to)
}

/// The ways of a programme, and what moving costs.
struct Ways<'a> {
    programme: &'a Programme,
    lanes: BTreeMap<&'a str, &'a Lane>,
    leads: HashMap<(&'a str, &'a str), i64>,
    mass: HashMap<&'a str, i64>,
}

impl<'a> Ways<'a> {
    fn new(programme: &'a Programme) -> Self {
        let mut lanes: BTreeMap<&str, &Lane> = BTreeMap::new();
        for lane in programme.inbound() {
            if let Direction::Inbound { supplier, .. } = &lane.direction {
                let kept = lanes.entry(supplier.as_str()).or_insert(lane);
                if lane.transit_millidays < kept.transit_millidays {
                    *kept = lane;
                }
            }
        }
        let (mut leads, mut mass) = (HashMap::new(), HashMap::new());
        for item in &programme.items {
            mass.insert(item.id.as_str(), item.mass_mg);
            for agreement in &item.agreements {
                let pair = (agreement.supplier.as_str(), item.id.as_str());
                leads.insert(pair, agreement.lead_time_days * DAY);
            }
        }
        Self {
            programme,
            lanes,
            leads,
            mass,
        }
    }

    /// A link to the plant: the agreement says the lead time, the lane the way.
    fn direct(&self, row: &SupplyLink, from: usize) -> LinkFacts {
        let lane = self.lanes.get(row.from.as_str());
        let pair = (row.from.as_str(), row.item.as_str());
        let plant = (self.programme.suppliers.iter())
            .find(|supplier| supplier.id == row.to)
            .and_then(|plant| plant.place);
        LinkFacts {
            lead: (self.leads.get(&pair).copied())
                .or_else(|| row.lead_time_days.map(|days| days * DAY)),
            transit: lane.map(|lane| lane.transit_millidays * HOURS),
            distance: match lane {
                Some(lane) => Some(lane.distance_m),
                None => between(self.place(from), plant),
            },
            stock: row.customer_stock_millidays.map(|days| days * HOURS),
            quantity: 1000,
            carbon: lane.and_then(|lane| {
                let mass = self.mass.get(row.item.as_str())?;
                moved(self.programme, *mass, lane)
            }),
        }
    }

    /// A link between suppliers: nobody says how it travels, so time and carbon of the way are unknown.
    fn behind(&self, row: &SupplyLink, from: usize, to: usize) -> LinkFacts {
        LinkFacts {
            lead: row.lead_time_days.map(|days| days * DAY),
            transit: None,
            distance: between(self.place(from), self.place(to)),
            stock: row.customer_stock_millidays.map(|days| days * HOURS),
            quantity: row.qty_per.map_or(1000, |quantity| quantity.milli()),
            carbon: None,
        }
    }

    fn place(&self, node: usize) -> Option<Place> {
        self.programme.nodes.get(node)?.place
    }
}

/// The carbon of moving so many milligrams along a lane, in milligrams of CO2e: mass x distance x the factor of the mode. None where the
/// mass or the factor is not known.
pub fn moved(programme: &Programme, mass_mg: i64, lane: &Lane) -> Option<i64> {
    let factor = (programme.co2_factors.iter())
        .find(|factor| factor.kind == "transport" && factor.key == lane.mode)?;
    // Milligrams are billionths of a tonne, metres thousandths of a kilometre.
    let whole = i128::from(mass_mg) * i128::from(lane.distance_m) * i128::from(factor.co2e_mg);
    half_even_div(whole, 1_000_000_000_000).filter(|_| mass_mg > 0)
}

fn between(from: Option<Place>, to: Option<Place>) -> Option<i64> {
    let degrees = |place: Place| (place.lat_micro, place.lon_micro);
    Some(great_circle(degrees(from?), degrees(to?)))
}

impl Offline {
    /// What is spent on each item a vehicle, in millionths of the parts' currency, and how many thousandths of a unit go into one, by the
    /// place of the item; the mean of these products.
    pub fn uses(&self, products: &[Product]) -> Vec<(i64, i64)> {
        let each = products.iter().flat_map(|product| &product.daily);
        let vehicles: i128 = each.map(|count| i128::from(*count)).sum();
        let mut uses = vec![(0, 0); self.full.items.len()];
        for (at, need) in partner::needs(products) {
            let (Some(item), Some(own)) = (self.full.items.get(at), uses.get_mut(at)) else {
                continue;
            };
            let worth = need * i128::from(item.unit_cost.micros);
            *own = (
                half_even_div(worth, vehicles * 1000).unwrap_or(0),
                half_even_div(need, vehicles).unwrap_or(0),
            );
        }
        uses
    }
}
