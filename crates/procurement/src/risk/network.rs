//! The supply network of the programme as the planning sees it: sites, who supplies whom, and what is under way from whom.
//!
//! It must not know rows or messages. Invariants: a figure that nobody knows stays unknown; a source with an agreement stands in the
//! network even where no row names it; goods under way last as long as the plan's need of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use takt_kernel::Date;
use takt_planning::risk::{
    Chain, ChainError, Cover, FULL, FlowRow, Node, Product, Reserved, SiteRow, chain, covers,
    days_covered, needs,
};
use takt_service::{Error, Refusal};

use crate::{
    partnership::Reservation,
    programme::Catalogue,
    supply::{Kind, Supply},
};

/// A supplier's making of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// Who makes it.
    pub(crate) supplier: String,
    /// What is made.
    pub(crate) item: String,
    /// What people call it.
    pub(crate) name: String,
    /// What is known of it.
    pub(crate) node: Node,
    /// What it can make in a week, in thousandths; None where nobody told.
    pub(crate) weekly: Option<i64>,
}

/// Goods from a supplier to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// Who supplies.
    pub(crate) from: String,
    /// Who is supplied.
    pub(crate) to: String,
    /// What is supplied.
    pub(crate) item: String,
    /// The customer's items that it goes into.
    pub(crate) into: Vec<String>,
    /// The part of the need, in millionths.
    pub(crate) share: i64,
    /// Thousandths of it for one unit of the customer's item.
    pub(crate) quantity: i64,
    /// Thousandths of a day of need in the customer's stock.
    pub(crate) customer_stock: i64,
    /// The first day of it; None is from ever.
    pub(crate) valid_from: Option<Date>,
    /// The last day of it; None is for ever.
    pub(crate) valid_until: Option<Date>,
    /// Thousandths of a day from order to receipt; 0 where nobody told.
    pub(crate) lead: i64,
}

/// The network as it was imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Network {
    /// The sites, by supplier and item.
    pub(crate) sites: Vec<Site>,
    /// Who supplies whom.
    pub(crate) ways: Vec<Way>,
    /// Capacity that is reserved at sites.
    pub(crate) reserved: Vec<Reservation>,
}

/// Whether finished stock of a lost site counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SiteStock {
    /// As the network has it.
    #[default]
    Declared,
    /// Always.
    Survives,
    /// Never.
    Lost,
}

/// Why the imported rows make no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable(ChainError);

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(why) = self;
        write!(
            out,
            "the supply network cannot be used: {why}; correct the folder and import it again"
        )
    }
}

impl Refusal for Unusable {
    fn reason(&self) -> &'static str {
        "NETWORK_INVALID"
    }
}

impl Network {
    /// The network with the sources that agreements name and rows do not: nobody knows when they are back.
    pub(crate) fn complete(mut self, catalogue: &Catalogue) -> Self {
        let plant = &catalogue.programme().plant_supplier_id;
        let known: BTreeSet<(String, String)> = (self.sites.iter())
            .map(|site| (site.supplier.clone(), site.item.clone()))
            .collect();
        let led: BTreeSet<(String, String)> = (self.ways.iter())
            .filter(|way| way.to == *plant)
            .map(|way| (way.from.clone(), way.item.clone()))
            .collect();
        for bought in catalogue.bought() {
            for source in &bought.sources {
                let supplier = source.terms.supplier.to_string();
                let key = (supplier.clone(), bought.item.id.to_string());
                if !known.contains(&key) {
                    self.sites.push(Site {
                        supplier: supplier.clone(),
                        item: key.1.clone(),
                        name: bought.item.name.clone(),
                        node: Node::default(),
                        weekly: None,
                    });
                }
                if !led.contains(&key) {
                    self.ways.push(Way {
                        from: supplier,
                        to: plant.clone(),
                        item: key.1,
                        into: Vec::new(),
                        share: source.terms.share.millionths(),
                        quantity: 1000,
                        customer_stock: 0,
                        valid_from: None,
                        valid_until: None,
                        lead: 0,
                    });
                }
            }
        }
        self
    }

    /// What the capacity that is reserved on a day gives in the place of each node, by node of the chain; sites of one supplier are lost
    /// together.
    pub(crate) fn covers(&self, chain: &Chain, products: &[Product], on: Date) -> Vec<Cover> {
        let supplier = |node: usize| self.sites.get(node).map(|site| &site.supplier);
        self.covers_of(chain, products, on, |a, b| supplier(a) == supplier(b))
    }

    /// The same when nodes are lost `together`.
    pub(crate) fn covers_of(
        &self,
        chain: &Chain,
        products: &[Product],
        on: Date,
        together: impl Fn(usize, usize) -> bool,
    ) -> Vec<Cover> {
        let holds = |own: &&Reservation| own.valid.0 <= on && on <= own.valid.1;
        let reserved = |own: &Reservation| {
            let mut sites = self.sites.iter();
            let is = |site: &Site| site.supplier == own.supplier && site.item == own.item;
            Some(Reserved {
                node: sites.position(is)?,
                daily: own.weekly.milli() / 7,
                after: own.lead_days * 1000,
            })
        };
        let reserved: Vec<Reserved> = (self.reserved.iter())
            .filter(holds)
            .filter_map(reserved)
            .collect();
        covers(&chain.network, products, &reserved, together)
    }

    /// The network on a day; its nodes are the sites in their order, its parts the bought items. `under_way` says how long what was
    /// shipped lasts, by supplier and item.
    pub(crate) fn chain(
        &self,
        catalogue: &Catalogue,
        on: Date,
        site_stock: SiteStock,
        under_way: &BTreeMap<(&str, &str), i64>,
    ) -> Result<Chain, Error> {
        let plant = catalogue.programme().plant_supplier_id.as_str();
        self.chain_of(catalogue, on, site_stock, |way| {
            let shipped = under_way.get(&(way.from.as_str(), way.item.as_str()));
            shipped.copied().filter(|_| way.to == plant).unwrap_or(0)
        })
    }

    /// The same with the days from order to receipt in the place of goods under way.
    pub(crate) fn chain_of_leads(&self, catalogue: &Catalogue, on: Date) -> Result<Chain, Error> {
        let plant = catalogue.programme().plant_supplier_id.as_str();
        let agreed: BTreeMap<(&str, &str), i64> = (catalogue.bought().iter())
            .flat_map(|bought| {
                let sources = bought.sources.iter();
                sources.map(|source| {
                    let key = (source.terms.supplier.as_str(), bought.item.id.as_str());
                    (key, i64::from(source.terms.lead_days) * 1000)
                })
            })
            .collect();
        self.chain_of(catalogue, on, SiteStock::Declared, |way| {
            match way.to == plant {
                true => {
                    let key = (way.from.as_str(), way.item.as_str());
                    agreed.get(&key).copied().unwrap_or(0)
                }
                false => way.lead,
            }
        })
    }

    fn chain_of(
        &self,
        catalogue: &Catalogue,
        on: Date,
        site_stock: SiteStock,
        transit: impl Fn(&Way) -> i64,
    ) -> Result<Chain, Error> {
        let site = |site: &'_ Site| Node {
            stock_survives: match site_stock {
                SiteStock::Declared => site.node.stock_survives,
                SiteStock::Survives => true,
                SiteStock::Lost => false,
            },
            ..site.node
        };
        let sites: Vec<SiteRow<'_>> = (self.sites.iter())
            .map(|row| SiteRow {
                supplier: &row.supplier,
                item: &row.item,
                node: site(row),
            })
            .collect();
        let plant = catalogue.programme().plant_supplier_id.as_str();
        let valid = |way: &&Way| {
            way.valid_from.is_none_or(|from| from <= on)
                && way.valid_until.is_none_or(|until| on <= until)
        };
        let flows: Vec<FlowRow<'_>> = (self.ways.iter())
            .filter(valid)
            .map(|way| FlowRow {
                from: &way.from,
                to: &way.to,
                item: &way.item,
                into: way.into.iter().map(String::as_str).collect(),
                share: way.share,
                quantity: way.quantity,
                transit: transit(way),
                customer_stock: way.customer_stock,
            })
            .collect();
        let parts: Vec<&str> = (catalogue.bought().iter())
            .map(|bought| bought.item.id.as_str())
            .collect();
        chain(plant, &parts, &sites, &flows).map_err(|error| Unusable(error).into())
    }
}

/// What the plant has of each bought item, reserved or not, in thousandths.
pub(crate) fn on_hand(catalogue: &Catalogue, supply: &Supply) -> Vec<i64> {
    let of = |bought: &crate::programme::Bought| {
        let there = supply.of_item(bought.item.number);
        let held = there.filter(|(cell, _)| matches!(cell.kind, Kind::Free | Kind::Reserved));
        held.map(|(_, thousandths)| thousandths).sum()
    };
    catalogue.bought().iter().map(of).collect()
}

/// How long what each source has shipped and the plant has not received lasts, in thousandths of a day of its share of the need.
pub(crate) fn under_way<'c>(
    catalogue: &'c Catalogue,
    supply: &Supply,
    products: &[Product],
) -> BTreeMap<(&'c str, &'c str), i64> {
    let needs = needs(products, catalogue.bought().len());
    let mut all = BTreeMap::new();
    for (bought, need) in catalogue.bought().iter().zip(&needs) {
        let mut shipped: BTreeMap<_, i64> = BTreeMap::new();
        for (cell, thousandths) in supply.of_item(bought.item.number) {
            if cell.kind == Kind::Shipped {
                *shipped.entry(cell.source).or_default() += thousandths;
            }
        }
        for source in &bought.sources {
            let Some(quantity) = shipped.get(&source.number) else {
                continue;
            };
            let share = source.terms.share.millionths().clamp(1, FULL);
            let key = (source.terms.supplier.as_str(), bought.item.id.as_str());
            all.insert(key, days_covered(*quantity, share, need));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        programme::SourceNo,
        supply::{Cell, Cells},
        tests::sample,
    };

    #[tokio::test]
    async fn sources_without_rows_stand_by_their_agreements_and_goods_last_by_their_share() {
        let world = crate::tests::World::new().await;
        let catalogue = world.desk.catalogue(&crate::tests::call()).await.unwrap();
        let whole = Network::default().complete(&catalogue);
        let names: Vec<_> = (whole.sites.iter())
            .map(|site| (site.supplier.as_str(), site.item.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("BETA", "BOLT"),
                ("ALFA", "BOLT"),
                ("GAMA", "COIL"),
                ("GAMA", "LAMP")
            ]
        );
        let mut cells = Cells::default();
        cells.free(2, sample::day(1), 5_000);
        cells.reserved(2, 1_000);
        for (rank, quantity) in [(1, 18_000), (2, 12_000)] {
            let cell = Cell {
                source: SourceNo::new(2, rank),
                kind: Kind::Shipped,
                on: sample::day(4),
                line: 1,
            };
            cells.add(cell, quantity);
        }
        let supply = Supply::whole(1, cells);
        assert_eq!(on_hand(&catalogue, &supply), [6_000, 0, 0]);
        // Ten bolts a day, six of them from BETA.
        let products = [Product {
            daily: vec![FULL; 10],
            parts: vec![(0, 10_000)],
        }];
        let found = under_way(&catalogue, &supply, &products);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [(("ALFA", "BOLT"), 3_000), (("BETA", "BOLT"), 3_000)]
        );
        let chain = whole
            .chain(
                &catalogue,
                sample::day(1),
                SiteStock::Lost,
                &BTreeMap::new(),
            )
            .unwrap();
        assert_eq!(chain.tiers, [1, 1, 1, 1]);
    }
}
