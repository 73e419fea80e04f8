//! How efficient the chain behind a part is, split into what direct suppliers do and what lies behind them. It must not know
//! names or days. Units: times in thousandths of an hour, distances in metres, carbon in milligrams of CO2e, shares in millionths.
//! Invariants: a figure that nobody knows counts as nothing and is counted; direct and indirect add up to the whole.
use takt_kernel::half_even_div;

use super::graph::{Budget, Cycle, Direction, Graph};

const FULL: i64 = 1_000_000;
/// The whole of a product of many shares: so fine that the order of its factors does not show in a millionth.
const FINE: i128 = 1_000_000_000_000_000_000;

/// What is known of a site and its making.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SiteFacts {
    /// Working on it.
    pub process: Option<i64>,
    /// Waiting between the steps.
    pub wait: Option<i64>,
    /// Finished stock, as the time that it lasts.
    pub stock: Option<i64>,
    /// The good share.
    pub yield_share: Option<i64>,
    /// The carbon of one unit.
    pub carbon: Option<i64>,
}

/// What is known of a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkFacts {
    /// From order to receipt.
    pub lead: Option<i64>,
    /// Under way.
    pub transit: Option<i64>,
    /// How far.
    pub distance: Option<i64>,
    /// The customer's stock, as the time that it lasts.
    pub stock: Option<i64>,
    /// Thousandths of a unit for one unit of the customer.
    pub quantity: i64,
    /// The carbon of moving one unit.
    pub carbon: Option<i64>,
}

/// One side of a chain. Times and distance are those of its longest path, yield and carbon those of all its sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leg {
    /// From order to receipt.
    pub lead: i64,
    /// Working.
    pub process: i64,
    /// Waiting between steps.
    pub wait: i64,
    /// Under way.
    pub transport: i64,
    /// Lying in stocks.
    pub stock: i64,
    /// How far it goes.
    pub distance: i64,
    /// The share that is right at the first time at all steps.
    pub yield_share: i64,
    /// The carbon of one unit.
    pub carbon: i64,
    /// The concentration of sources, 10,000 where there is one; the mean of the materials along the path. None where there is none.
    pub hhi: Option<i64>,
    /// The links of the path.
    pub links: u32,
    /// Figures along the path that nobody knows.
    pub unknown: u32,
}

impl Leg {
    /// The time that matter needs to pass.
    pub fn through(&self) -> i64 {
        self.process + self.wait + self.transport + self.stock
    }

    /// The part of that time in which somebody works on it, in millionths; None where nothing is known.
    pub fn value_added(&self) -> Option<i64> {
        half_even_div(
            i128::from(self.process) * i128::from(FULL),
            i128::from(self.through()),
        )
    }

    /// Both legs in a row.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let product = i128::from(self.yield_share) * i128::from(other.yield_share);
        Self {
            lead: self.lead + other.lead,
            process: self.process + other.process,
            wait: self.wait + other.wait,
            transport: self.transport + other.transport,
            stock: self.stock + other.stock,
            distance: self.distance + other.distance,
            yield_share: half_even_div(product, i128::from(FULL)).unwrap_or(0),
            carbon: self.carbon.saturating_add(other.carbon),
            hhi: None,
            links: self.links + other.links,
            unknown: self.unknown + other.unknown,
        }
    }
}

/// The chain behind one part of the plant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The site of the part at the plant.
    pub root: usize,
    /// The links of the longest path, from the plant upwards.
    pub path: Vec<usize>,
    /// What direct suppliers do.
    pub direct: Leg,
    /// What lies behind them.
    pub indirect: Leg,
    /// The good share of all steps, over all sources.
    pub rolled_yield: i64,
    /// Whether the path was followed to its end.
    pub complete: bool,
}

/// A graph with what is known of it, rolled up once in the order of flow.
#[derive(Debug)]
pub struct Chains<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// What is known of each link.
    pub links: &'a [LinkFacts],
    sites: &'a [SiteFacts],
    pub(super) order: Vec<usize>,
    /// The longest lead time into each site, and the link that it comes by.
    longest: Vec<(i64, Option<usize>)>,
    /// The good share of what goes into each site.
    behind: Vec<i64>,
    /// The carbon of what goes into one unit of each site.
    carbon: Vec<i64>,
}

impl<'a> Chains<'a> {
    /// Rolls up lead times, yields and carbon. Cost: O(sites + links).
    ///
    /// # Errors
    /// A cycle: nothing could be added up along it.
    pub fn new(
        graph: &'a Graph,
        sites: &'a [SiteFacts],
        links: &'a [LinkFacts],
    ) -> Result<Self, Cycle> {
        let mut chains = Self {
            graph,
            links,
            sites,
            order: graph.order()?,
            longest: vec![(0, None); graph.sites()],
            behind: vec![FULL; graph.sites()],
            carbon: vec![0; graph.sites()],
        };
        for at in 0..chains.order.len() {
            let site = chains.order[at];
            chains.longest[site] = chains.longest_into(site, |from| chains.longest[from].0, None);
            chains.behind[site] = chains.yields(site, |from| chains.rolled(from));
            chains.carbon[site] = chains.carbons(site, |link, from| {
                let moved = chains.links[link].carbon.unwrap_or(0);
                let made = chains.sites[from].carbon.unwrap_or(0);
                (moved.saturating_add(made)).saturating_add(chains.carbon[from])
            });
        }
        Ok(chains)
    }

    /// The longest lead time into a site when that into its suppliers is known and one link is left out; the first link wins a tie.
    pub(super) fn longest_into(
        &self,
        site: usize,
        into: impl Fn(usize) -> i64,
        without: Option<usize>,
    ) -> (i64, Option<usize>) {
        let mut best = (0, None);
        for link in self.graph.of(site, Direction::Up) {
            if Some(link) == without {
                continue;
            }
            let lead = self.links[link].lead.unwrap_or(0);
            let whole = lead.saturating_add(into(self.graph.link(link).from));
            if best.1.is_none() || whole > best.0 {
                best = (whole, Some(link));
            }
        }
        best
    }

    fn rolled(&self, site: usize) -> i64 {
        let own = self.sites[site].yield_share.unwrap_or(FULL);
        let product = i128::from(own) * i128::from(self.behind[site]);
        half_even_div(product, i128::from(FULL)).unwrap_or(0)
    }

    /// The product over materials of the mean over sources, rounded once.
    fn yields(&self, site: usize, of: impl Fn(usize) -> i64) -> i64 {
        let mut product = FINE;
        for sources in self.materials(site) {
            let shares = sources.iter().map(|link| self.graph.link(*link));
            let whole: i128 = shares.clone().map(|link| i128::from(link.share)).sum();
            let good = shares.map(|link| i128::from(link.share) * i128::from(of(link.from)));
            let mean = half_even_div(good.sum(), whole).unwrap_or(FULL);
            product = product * i128::from(mean) / i128::from(FULL);
        }
        half_even_div(product, FINE / i128::from(FULL)).unwrap_or(0)
    }

    fn carbons(&self, site: usize, of: impl Fn(usize, usize) -> i64) -> i64 {
        let mut sum = 0i64;
        for link in self.graph.of(site, Direction::Up) {
            let own = self.graph.link(link);
            let part = i128::from(own.share) * i128::from(self.links[link].quantity.max(0));
            let whole = part.saturating_mul(i128::from(of(link, own.from)));
            let each = half_even_div(whole, i128::from(FULL) * 1000).unwrap_or(i64::MAX);
            sum = sum.saturating_add(each);
        }
        sum
    }

    /// The links into a site, those of a material together.
    fn materials(&self, site: usize) -> Vec<Vec<usize>> {
        let links: Vec<usize> = self.graph.of(site, Direction::Up).collect();
        let of = |link: &usize| self.graph.link(*link).material;
        links
            .chunk_by(|a, b| of(a) == of(b))
            .map(<[usize]>::to_vec)
            .collect()
    }

    /// The longest lead time into a site.
    pub fn lead(&self, site: usize) -> i64 {
        self.longest[site].0
    }

    /// The chain behind a part; a path is followed for at most `most` links. Cost: the links into the sites along the path.
    pub fn part(&self, root: usize, most: usize) -> Part {
        let (mut direct, mut indirect) = (Leg::default(), Leg::default());
        let (mut path, mut site) = (Vec::new(), root);
        let mut concentration: [Vec<i64>; 2] = Default::default();
        while let (Some(link), true) = (self.longest[site].1, path.len() < most) {
            let leg = if path.is_empty() {
                &mut direct
            } else {
                &mut indirect
            };
            self.add(leg, link);
            let own = self.graph.link(link);
            let of = self
                .graph
                .of(site, Direction::Up)
                .map(|at| self.graph.link(at));
            let shares = of.filter(|at| at.material == own.material);
            concentration[usize::from(!path.is_empty())].extend(hhi(shares.map(|at| at.share)));
            path.push(link);
            site = own.from;
        }
        let mean = |all: &[i64]| {
            half_even_div(
                all.iter().map(|one| i128::from(*one)).sum(),
                i128::try_from(all.len()).unwrap_or(1),
            )
        };
        direct.hhi = mean(&concentration[0]);
        indirect.hhi = mean(&concentration[1]);
        let own = |from: usize| self.sites[from].yield_share.unwrap_or(FULL);
        direct.yield_share = self.yields(root, own);
        indirect.yield_share = self.yields(root, |from| self.behind[from]);
        indirect.carbon = self.carbons(root, |_, from| self.carbon[from]);
        direct.carbon = self.carbon[root].saturating_sub(indirect.carbon);
        Part {
            root,
            complete: self.longest[site].1.is_none(),
            path,
            direct,
            indirect,
            rolled_yield: self.behind[root],
        }
    }

    fn add(&self, leg: &mut Leg, link: usize) {
        let facts = &self.links[link];
        let site = &self.sites[self.graph.link(link).from];
        leg.links += 1;
        let mut known = |figure: Option<i64>| {
            leg.unknown += u32::from(figure.is_none());
            figure.unwrap_or(0)
        };
        let (lead, process, wait) = (known(facts.lead), known(site.process), known(site.wait));
        let (transit, distance) = (known(facts.transit), known(facts.distance));
        let stock = known(site.stock) + known(facts.stock);
        leg.lead += lead;
        leg.process += process;
        leg.wait += wait;
        leg.transport += transit;
        leg.distance += distance;
        leg.stock += stock;
    }

    /// What is known of a site.
    pub fn site(&self, site: usize) -> &SiteFacts {
        &self.sites[site]
    }
}

/// The figures of carbon that nobody knows, of those that a sum is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Sites.
    pub sites: u32,
    /// Sites without a figure.
    pub silent_sites: u32,
    /// Ways from a site to a customer.
    pub ways: u32,
    /// Ways without a figure.
    pub silent_ways: u32,
}

impl Gaps {
    /// Whether no figure is known at all.
    pub fn nothing_known(&self) -> bool {
        self.silent_sites == self.sites && self.silent_ways == self.ways
    }
}

impl Chains<'_> {
    /// What is missing from the carbon of parts: of their direct suppliers, of what lies behind them, and whether all of it was
    /// looked at. A site that supplies both the plant and another supplier counts as direct.
    pub fn carbon_gaps(&self, roots: &[usize], budget: Budget) -> (Gaps, Gaps, bool) {
        let behind = self.graph.traverse(roots, Direction::Up, budget);
        let mut gaps = [Gaps::default(); 2];
        let mut is_root = vec![false; self.graph.sites()];
        for reached in &behind.reached {
            if reached.depth == 0 {
                is_root[reached.site] = true;
                continue;
            }
            let gap = &mut gaps[usize::from(reached.depth > 1)];
            gap.sites += 1;
            gap.silent_sites += u32::from(self.sites[reached.site].carbon.is_none());
        }
        for link in &behind.links {
            let gap = &mut gaps[usize::from(!is_root[self.graph.link(*link).to])];
            gap.ways += 1;
            gap.silent_ways += u32::from(self.links[*link].carbon.is_none());
        }
        (gaps[0], gaps[1], behind.within_budget())
    }
}

/// The Herfindahl-Hirschman index: 10,000 times the sum of the squares of the parts of the whole. None where there is no whole.
pub fn hhi(parts: impl Iterator<Item = i64>) -> Option<i64> {
    let parts: Vec<i128> = parts.map(|part| i128::from(part.max(0))).collect();
    let whole: i128 = parts.iter().sum();
    let squares = parts.iter().map(|part| part * part).sum::<i128>();
    half_even_div(squares.checked_mul(10_000)?, whole.checked_mul(whole)?)
}

/// The chains of all parts as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whole {
    /// The part with the longest lead time, by its place.
    pub longest: Option<usize>,
    /// Direct suppliers: means of the parts by what is spent on them; carbon of one vehicle.
    pub direct: Leg,
    /// What lies behind them, alike.
    pub indirect: Leg,
    /// What is spent a vehicle.
    pub spend: i64,
}

/// Adds chains up to a vehicle: `uses` says what is spent on each part a vehicle, and how many thousandths of it go in. Times, distances and
/// yields are means by spend, because parts run side by side; carbon is a sum.
pub fn whole(parts: &[Part], uses: &[(i64, i64)]) -> Whole {
    let spend: i64 = uses.iter().map(|(spend, _)| *spend).sum();
    let mean = |of: &dyn Fn(&Part) -> i64| {
        let each = parts.iter().zip(uses);
        let sum = each.map(|(part, (spend, _))| i128::from(of(part)) * i128::from(*spend));
        half_even_div(sum.sum(), i128::from(spend)).unwrap_or(0)
    };
    let leg = |leg: &dyn Fn(&Part) -> Leg| {
        let each = parts.iter().zip(uses);
        let carbon =
            each.map(|(part, (_, quantity))| i128::from(leg(part).carbon) * i128::from(*quantity));
        Leg {
            lead: mean(&|part| leg(part).lead),
            process: mean(&|part| leg(part).process),
            wait: mean(&|part| leg(part).wait),
            transport: mean(&|part| leg(part).transport),
            stock: mean(&|part| leg(part).stock),
            distance: mean(&|part| leg(part).distance),
            yield_share: mean(&|part| leg(part).yield_share),
            carbon: half_even_div(carbon.sum(), 1000).unwrap_or(i64::MAX),
            hhi: None,
            links: parts.iter().map(|part| leg(part).links).max().unwrap_or(0),
            unknown: parts.iter().map(|part| leg(part).unknown).sum(),
        }
    };
    let lead = |at: &usize| parts[*at].direct.lead + parts[*at].indirect.lead;
    Whole {
        longest: (0..parts.len()).max_by_key(|at| (lead(at), std::cmp::Reverse(*at))),
        direct: leg(&|part| part.direct),
        indirect: leg(&|part| part.indirect),
        spend,
    }
}
