//! The whole chain of a programme as one answer: items, car, tiers, the next day, concentration, single points of failure. It must not
//! know how it is told. Invariant: all of it is of one day, one network and one plan.
use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Date, half_even_div};
use takt_planning::risk::Product;
use takt_planning::tier::{Budget, Chains, Kind, Part, hhi, shared, singles, whole, won};

use super::WORK;
use super::leg::{Known, LegTold, days, hours, kilograms, millionths};
use super::told::{
    Car, DayRow, Delivery, ItemRow, ItemTold, SharedRow, SingleRow, Source, Step, TierRow, Told,
};
use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::offline::tier::Tiers;
use crate::programme::{Direction, Item};

/// The most links of a path; no chain of goods is as long.
const PATH: usize = 10_000;

/// What everything is computed from.
pub(super) struct View<'a> {
    pub(super) offline: &'a Offline,
    pub(super) tiers: Tiers,
    pub(super) as_of: Date,
    pub(super) products: Vec<Product>,
    pub(super) margins: (Vec<i64>, bool),
    /// By root what is spent a vehicle, and the thousandths of a unit that go into one.
    uses: Vec<(i64, i64)>,
}

impl<'a> View<'a> {
    pub(super) fn new(offline: &'a Offline, as_of: Option<Date>) -> Outcome<Self> {
        let as_of = as_of.unwrap_or(offline.first());
        let planned = offline.still_to_build(as_of)?;
        let margins = offline.margins_of(&planned)?;
        let products: Vec<Product> = planned.into_iter().map(|(_, product)| product).collect();
        let tiers = Tiers::new(&offline.full, as_of)?;
        let by_item = offline.uses(&products);
        let uses = (tiers.roots.iter())
            .map(|(_, item)| by_item.get(*item).copied().unwrap_or_default())
            .collect();
        Ok(Self {
            offline,
            tiers,
            as_of,
            products,
            margins,
            uses,
        })
    }

    fn chains(&self) -> Outcome<Chains<'_>> {
        Chains::new(&self.tiers.graph, &self.tiers.facts, &self.tiers.links).map_err(|cycle| {
            let around: Vec<String> = cycle.0.iter().map(|site| self.site(*site)).collect();
            Failure::bad_input(format!("a cycle: {} supply each other", around.join(" > ")))
        })
    }

    fn site(&self, at: usize) -> String {
        let site = self.tiers.sites.get(at);
        site.map_or_else(String::new, crate::offline::tier::Site::id)
    }

    fn programme_item(&self, root: usize) -> Option<&Item> {
        let (_, item) = self.tiers.roots.get(root)?;
        self.offline.full.items.get(*item)
    }

    /// The whole answer.
    pub(super) fn told(&self, top: usize) -> Outcome<Told> {
        let chains = self.chains()?;
        let parts: Vec<Part> = (self.tiers.roots.iter())
            .map(|(site, _)| chains.part(*site, PATH))
            .collect();
        let mut items: Vec<ItemRow> = (parts.iter().enumerate())
            .map(|(root, part)| self.item_row(&chains, root, part))
            .collect();
        let car = self.car(&chains, &parts, &items)?;
        items.sort_by(|a, b| {
            let whole = |row: &ItemRow| row.direct.lead_days + row.indirect.lead_days;
            let (a, b) = ((whole(a), a.spend), (whole(b), b.spend));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        let spend: Vec<i64> = self.uses.iter().map(|(spend, _)| *spend).collect();
        let ranked = won(&chains, &parts, &spend, WORK);
        let (names, groups) = self.tiers.suppliers();
        let roots = self.tiers.root_sites();
        let behind = shared(&self.tiers.graph, &roots, &groups, WORK)
            .map_err(|_| Failure::broken("a network with an order has a cycle"))?;
        let alone = singles(&self.tiers.graph, &roots, &groups, WORK);
        let name = |group: usize| names.get(group).copied().unwrap_or_default().to_owned();
        let tier = self.supplier_tiers();
        let tier_of = |supplier: &str| tier.get(supplier).copied();
        let spend_of = |root: &usize| {
            let place = roots.binary_search(root).ok();
            let own = place.and_then(|at| self.uses.get(at));
            own.map_or(0, |(spend, _)| *spend)
        };
        let mut single_points: Vec<SingleRow> = (alone.groups.iter())
            .map(|one| SingleRow {
                supplier: name(one.group),
                tier: tier_of(&name(one.group)),
                spend_stopped: millionths(one.stops.iter().map(spend_of).sum()),
                stops: one
                    .stops
                    .iter()
                    .filter_map(|site| Some(self.tiers.sites.get(*site)?.item.clone()))
                    .collect(),
            })
            .collect();
        single_points.sort_by(|a, b| {
            let deep = |row: &SingleRow| row.stops.len();
            b.spend_stopped
                .total_cmp(&a.spend_stopped)
                .then(deep(b).cmp(&deep(a)))
        });
        Ok(Told {
            programme: self.offline.full.id.to_string(),
            as_of: self.as_of.to_string(),
            currency: self.offline.currency(),
            car,
            tiers: self.tier_rows(&chains),
            items,
            next_days: ranked.days.iter().map(|day| self.day(day)).collect(),
            shared: (behind.groups.iter())
                .map(|one| SharedRow {
                    supplier: name(one.group),
                    tier: tier_of(&name(one.group)),
                    behind: one.behind.iter().map(|group| name(*group)).collect(),
                })
                .collect(),
            single_points,
            complete: ranked.complete && behind.complete && alone.complete,
            top,
        })
    }

    fn day(&self, day: &takt_planning::tier::Day) -> DayRow {
        let link = self.tiers.graph.link(day.link);
        DayRow {
            from: self.site(link.from),
            to: self.site(link.to),
            most_days: days(day.most),
            spend: millionths(day.spend),
            parts: day.parts,
            kind: match day.kind {
                Kind::Process => "PROCESS",
                Kind::Wait => "WAIT",
                Kind::Transport => "TRANSPORT",
                Kind::Stock => "STOCK",
            },
            kind_days: days(day.time),
        }
    }

    fn item_row(&self, chains: &Chains<'_>, root: usize, part: &Part) -> ItemRow {
        let item = self.programme_item(root);
        let (spend, quantity) = self.uses.get(root).copied().unwrap_or_default();
        let (near, far, all) = chains.carbon_gaps(&[part.root], budget());
        let (first, rest) = part.path.split_at(part.path.len().min(1));
        ItemRow {
            item: item.map_or_else(String::new, |item| item.id.to_string()),
            name: item.map_or_else(String::new, |item| item.name.clone()),
            suppliers: item.map_or_else(Vec::new, |item| {
                let each = item.agreements.iter();
                each.map(|one| one.supplier.to_string()).collect()
            }),
            spend: millionths(spend),
            per_vehicle: quantity as f64 / 1000.0,
            direct: LegTold::new(&part.direct, Known::of(chains, first), near),
            indirect: LegTold::new(&part.indirect, Known::of(chains, rest), far),
            lead_days: days(chains.lead(part.root)),
            value_added: part
                .direct
                .and(&part.indirect)
                .value_added()
                .map(millionths),
            rolled_yield: millionths(part.rolled_yield),
            path: part
                .path
                .iter()
                .map(|link| self.site(self.tiers.graph.link(*link).from))
                .collect(),
            complete: part.complete && all,
        }
    }

    fn car(&self, chains: &Chains<'_>, parts: &[Part], rows: &[ItemRow]) -> Outcome<Car> {
        let all = whole(parts, &self.uses);
        let (near, far, _) = chains.carbon_gaps(&self.tiers.root_sites(), budget());
        let mut known = [Known::default(); 2];
        for part in parts {
            let (first, rest) = part.path.split_at(part.path.len().min(1));
            for (own, path) in known.iter_mut().zip([first, rest]) {
                *own = own.or(Known::of(chains, path));
            }
        }
        let by_supplier = self.offline.spend(&self.products);
        let each = parts.iter().zip(&self.uses);
        let good =
            each.map(|(part, (spend, _))| i128::from(part.rolled_yield) * i128::from(*spend));
        let longest = all.longest.and_then(|at| rows.get(at));
        Ok(Car {
            direct: LegTold::new(&all.direct, known[0], near),
            indirect: LegTold::new(&all.indirect, known[1], far),
            value_added: all.direct.and(&all.indirect).value_added().map(millionths),
            rolled_yield: half_even_div(good.sum(), i128::from(all.spend)).map(millionths),
            spend: millionths(all.spend),
            spend_hhi: hhi(by_supplier.values().copied()),
            longest: longest.map_or_else(String::new, |row| row.item.clone()),
            longest_lead_days: longest.map_or(0.0, |row| row.lead_days),
            sites: near.sites + far.sites,
            sites_without_co2e: near.silent_sites + far.silent_sites,
            delivery: self.delivery(),
        })
    }

    /// The way to customers, the mean by the shares of the lanes.
    pub(super) fn delivery(&self) -> Option<Delivery> {
        let programme = &self.offline.full;
        let mass = programme.item(&programme.final_item)?.mass_mg;
        let (mut shares, mut transit, mut distance) = (0i128, 0i128, 0i128);
        let (mut carbon, mut missing, mut lanes) = (0.0, BTreeSet::new(), 0);
        for lane in programme.outbound() {
            let Direction::Outbound { share } = &lane.direction else {
                continue;
            };
            let part = i128::from(share.millionths());
            lanes += 1;
            shares += part;
            transit += part * i128::from(lane.transit_millidays);
            distance += part * i128::from(lane.distance_m);
            match crate::offline::tier::moved(programme, mass, lane) {
                Some(milligrams) => carbon += kilograms(milligrams) * part as f64,
                None => {
                    missing.insert(lane.mode.clone());
                }
            }
        }
        let mean = |sum: i128| half_even_div(sum, shares);
        Some(Delivery {
            lanes,
            transit_days: mean(transit)? as f64 / 1000.0,
            distance_km: (mean(distance)? as f64 / 1000.0).round(),
            co2e_kg: (missing.is_empty() && mass > 0)
                .then(|| (carbon / shares as f64 * 10.0).round() / 10.0),
            modes_without_co2e: missing.into_iter().collect(),
        })
    }

    /// The shallowest tier of each supplier that stands in the network.
    pub(super) fn supplier_tiers(&self) -> BTreeMap<&str, u32> {
        let mut found: BTreeMap<&str, u32> = BTreeMap::new();
        let tiers = self.tiers.graph.tiers(&self.tiers.root_sites());
        for (site, tier) in self.tiers.sites.iter().zip(tiers) {
            if let Some(tier) = tier.filter(|tier| *tier > 0) {
                let own = found.entry(site.supplier.as_str()).or_insert(tier);
                *own = tier.min(*own);
            }
        }
        found
    }

    fn tier_rows(&self, chains: &Chains<'_>) -> Vec<TierRow> {
        let tiers = self.tiers.graph.tiers(&self.tiers.root_sites());
        let deepest = tiers.iter().flatten().copied().max().unwrap_or(0);
        let rows = (1..=deepest).rev().map(|tier| {
            let here: Vec<usize> = (0..tiers.len())
                .filter(|site| tiers.get(*site) == Some(&Some(tier)))
                .collect();
            let names = here.iter().filter_map(|site| self.tiers.sites.get(*site));
            let mut suppliers: Vec<&str> = names.map(|site| site.supplier.as_str()).collect();
            suppliers.sort_unstable();
            suppliers.dedup();
            let country = |id: &&str| {
                let all = self.offline.full.suppliers.iter();
                let mut found = all.filter(|supplier| *supplier.id.as_str() == **id);
                found.next().map(|supplier| supplier.country.as_str())
            };
            let mut countries: Vec<&str> = suppliers.iter().filter_map(country).collect();
            countries.sort_unstable();
            countries.dedup();
            let out = here.iter().flat_map(|site| {
                self.tiers
                    .graph
                    .of(*site, takt_planning::tier::Direction::Down)
            });
            let leads: Vec<i64> = out
                .filter_map(|link| chains.links.get(link)?.lead)
                .collect();
            let mean = |all: &[i64]| {
                let sum = all.iter().map(|one| i128::from(*one)).sum();
                half_even_div(sum, i128::try_from(all.len()).ok()?)
            };
            let of = |figure: &dyn Fn(&takt_planning::tier::SiteFacts) -> Option<i64>| {
                let known: Vec<i64> = (here.iter())
                    .filter_map(|site| figure(chains.site(*site)))
                    .collect();
                mean(&known)
            };
            TierRow {
                tier,
                suppliers: suppliers.len(),
                sites: here.len(),
                countries: countries.into_iter().map(str::to_owned).collect(),
                lead_days: mean(&leads).map(days),
                process_hours: of(&|site| site.process).map(hours),
                wait_hours: of(&|site| site.wait).map(hours),
                stock_days: of(&|site| site.stock).map(days),
                good: of(&|site| site.yield_share).map(millionths),
                without_co2e: here
                    .iter()
                    .filter(|site| chains.site(**site).carbon.is_none())
                    .count(),
            }
        });
        rows.collect()
    }

    /// One item with each step of its longest path.
    pub(super) fn item(&self, id: &str) -> Outcome<ItemTold> {
        let root = (0..self.tiers.roots.len())
            .find(|root| (self.programme_item(*root)).is_some_and(|item| item.id.as_str() == id));
        let Some(root) = root else {
            let made = self.offline.item(id).is_some();
            let told = match made {
                true => format!("{id} is made in the plant and has no chain of its own"),
                false => format!("{id} is no item of {}", self.offline.full.id),
            };
            let way_out = "name a bought item; items.csv lists them with make_buy = buy";
            return Err(Failure::bad_input(told).with_way_out(way_out));
        };
        let chains = self.chains()?;
        let part = chains.part(
            self.tiers.root_sites().get(root).copied().unwrap_or(0),
            PATH,
        );
        let graph = &self.tiers.graph;
        let up = takt_planning::tier::Direction::Up;
        let source = |link: usize| {
            let own = graph.link(link);
            Source {
                site: self.site(own.from),
                share: millionths(own.share),
            }
        };
        let step = |link: &usize| {
            let own = graph.link(*link);
            let (facts, site) = (self.tiers.links.get(*link)?, chains.site(own.from));
            let stock = [site.stock, facts.stock].into_iter().flatten();
            let stock: Vec<i64> = stock.collect();
            let others = graph
                .of(own.to, up)
                .filter(|other| graph.link(*other).material == own.material && other != link);
            Some(Step {
                site: self.site(own.from),
                name: self.tiers.sites.get(own.from)?.name.clone(),
                to: self.site(own.to),
                lead_days: facts.lead.map(days),
                process_hours: site.process.map(hours),
                wait_hours: site.wait.map(hours),
                transport_hours: facts.transit.map(hours),
                stock_days: (!stock.is_empty()).then(|| days(stock.iter().sum())),
                distance_km: facts
                    .distance
                    .map(|metres| (metres as f64 / 1000.0).round()),
                good: site.yield_share.map(millionths),
                co2e_kg: site.carbon.map(kilograms),
                others: others.map(source).collect(),
            })
        };
        Ok(ItemTold {
            programme: self.offline.full.id.to_string(),
            as_of: self.as_of.to_string(),
            currency: self.offline.currency(),
            row: self.item_row(&chains, root, &part),
            sources: graph.of(part.root, up).map(source).collect(),
            steps: part.path.iter().filter_map(step).collect(),
        })
    }
}

/// Enough for any car, and an end for a hostile folder.
fn budget() -> Budget {
    Budget {
        links: WORK,
        ..Budget::NONE
    }
}
