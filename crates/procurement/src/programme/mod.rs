//! The catalogue: what the programme says of bought items, their suppliers and terms, ready to compute with.
//!
//! It must not know rows or messages. Invariants: a bought item has suppliers whose shares make one, whose lots are of
//! one size and whose lanes are known; every price is in one currency; positions are those of the file.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{
    Currency, Date, ItemId, LotId, LotNumber, Price, Quantity, Share, SupplierId, Unit, Violations,
    ceil_div,
};
use takt_planning::{netting::Sourcing, quota::Quota};

pub(crate) mod store;
#[cfg(test)]
mod tests;

/// An item and one of its suppliers as one number: the item's number x 100 + the supplier's rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SourceNo(pub(crate) i64);

impl SourceNo {
    /// The number of a source.
    pub(crate) fn new(item_no: u32, rank: u32) -> Self {
        Self(i64::from(item_no) * 100 + i64::from(rank))
    }

    /// The source that a lot is from.
    pub(crate) fn of_lot(lot: LotNumber) -> Self {
        Self::new(lot.item_no(), lot.supplier_rank())
    }

    /// The item's number.
    pub(crate) fn item_no(self) -> u32 {
        u32::try_from(self.0 / 100).unwrap_or_default()
    }

    /// The supplier's rank among those of the item.
    pub(crate) fn rank(self) -> u32 {
        u32::try_from(self.0 % 100).unwrap_or_default()
    }

    /// The n-th lot of the source; None where there cannot be so many.
    pub(crate) fn lot(self, n: i64) -> Option<LotNumber> {
        LotNumber::new(self.item_no(), self.rank(), n)
    }
}

/// The programme as procurement needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programme {
    /// The programme.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// The plant.
    pub(crate) plant_id: String,
    /// The name under which the plant's own shops stand among the suppliers.
    pub(crate) plant_supplier_id: String,
    /// The first day on which anything may be ordered.
    pub(crate) order_from: Date,
    /// The last day of the ramp plan.
    pub(crate) last_plan_on: Date,
}

/// A supplier, direct or indirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Supplier {
    /// The place in the file.
    pub(crate) number: i64,
    /// The supplier.
    pub(crate) id: SupplierId,
    /// What people call it.
    pub(crate) name: String,
    /// The ISO 3166 code of the country.
    pub(crate) country_code: String,
    /// The city.
    pub(crate) city: String,
    /// Where it lies, in millionths of a degree: latitude and longitude.
    pub(crate) place_micro: (i64, i64),
    /// The shallowest tier in which it stands.
    pub(crate) tier: i64,
    /// What it delivers.
    pub(crate) description: String,
}

/// An item as it was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The place in the file.
    pub(crate) number: u32,
    /// The part number.
    pub(crate) id: ItemId,
    /// What people call it.
    pub(crate) name: String,
    /// The group.
    pub(crate) group: String,
    /// The base unit.
    pub(crate) unit: Unit,
    /// Whether the plant makes it itself.
    pub(crate) made: bool,
}

/// The terms under which a supplier delivers an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// The item.
    pub(crate) item: ItemId,
    /// The supplier.
    pub(crate) supplier: SupplierId,
    /// The supplier's place among those of the item.
    pub(crate) rank: u32,
    /// The share of the item's lots.
    pub(crate) share: Share,
    /// The size of a lot, which is also the least that is ordered.
    pub(crate) lot: Quantity,
    /// The calendar days from order to receipt.
    pub(crate) lead_days: i32,
    /// The price of a base unit.
    pub(crate) price: Price,
}

/// How long goods of a supplier are under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transit {
    /// The supplier.
    pub(crate) supplier: SupplierId,
    /// Thousandths of a day.
    pub(crate) millidays: i64,
}

/// Everything that an import brings and that is computed with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    /// The programme; exactly one.
    pub(crate) programmes: Vec<Programme>,
    /// Suppliers by number.
    pub(crate) suppliers: Vec<Supplier>,
    /// Items by number.
    pub(crate) items: Vec<Item>,
    /// Agreements by item and rank.
    pub(crate) agreements: Vec<Agreement>,
    /// Inbound lanes by number.
    pub(crate) transits: Vec<Transit>,
}

/// A supplier of a bought item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The source as a number.
    pub(crate) number: SourceNo,
    /// The place of the supplier in the catalogue.
    pub(crate) supplier: usize,
    /// The days that goods are under way, rounded up (RULES 4).
    pub(crate) transit_days: i32,
    /// The terms.
    pub(crate) terms: Agreement,
}

/// A bought item with its suppliers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bought {
    /// The item.
    pub(crate) item: Item,
    /// Its suppliers by rank.
    pub(crate) sources: Vec<Source>,
    /// The same as netting wants it.
    pub(crate) sourcing: Sourcing,
}

/// What the programme says of bought items.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    programme: Programme,
    suppliers: Vec<Supplier>,
    bought: Vec<Bought>,
    by_item: BTreeMap<ItemId, usize>,
    by_number: BTreeMap<u32, usize>,
    by_supplier: BTreeMap<SupplierId, usize>,
    currency: Currency,
}

impl Catalogue {
    /// The catalogue of an import; what is missing or contradicts itself goes to `violations`, and where the programme
    /// itself is missing there is no catalogue.
    pub(crate) fn new(rows: Rows, violations: &mut Violations) -> Option<Self> {
        violations.require(
            rows.programmes.len() == 1,
            "header",
            format!(
                "an import has one programme, this one has {}",
                rows.programmes.len()
            ),
        );
        let programme = rows.programmes.into_iter().next()?;
        let by_supplier: BTreeMap<_, _> = rows
            .suppliers
            .iter()
            .enumerate()
            .map(|(at, supplier)| (supplier.id.clone(), at))
            .collect();
        let mut transits: BTreeMap<&SupplierId, i64> = BTreeMap::new();
        for transit in &rows.transits {
            // Where there are several lanes the first one of the file counts.
            transits
                .entry(&transit.supplier)
                .or_insert(transit.millidays);
        }
        let mut terms: BTreeMap<&ItemId, Vec<&Agreement>> = BTreeMap::new();
        for agreement in &rows.agreements {
            terms.entry(&agreement.item).or_default().push(agreement);
        }
        let known: BTreeSet<&ItemId> = rows.items.iter().map(|item| &item.id).collect();
        for unknown in terms.keys().filter(|id| !known.contains(*id)) {
            violations.push(
                &format!("agreement {unknown}"),
                "the item is not among the items",
            );
        }
        let currency = rows
            .agreements
            .first()
            .map_or(Currency::USD, |agreement| agreement.price.currency);
        for odd in rows
            .agreements
            .iter()
            .filter(|agreement| agreement.price.currency != currency)
        {
            let field = format!("agreement {}", odd.item);
            violations.push(
                &field,
                format!(
                    "its price is in {} and others are in {currency}",
                    odd.price.currency
                ),
            );
        }
        let mut bought = Vec::new();
        for item in rows.items.iter().filter(|item| !item.made) {
            let terms = terms.get(&item.id).map_or(&[][..], Vec::as_slice);
            let made = violations.scope(format!("item {}", item.id), |violations| {
                bought_of(item, terms, &by_supplier, &transits, violations)
            });
            bought.extend(made);
        }
        Some(Self {
            by_item: bought
                .iter()
                .enumerate()
                .map(|(at, bought)| (bought.item.id.clone(), at))
                .collect(),
            by_number: bought
                .iter()
                .enumerate()
                .map(|(at, bought)| (bought.item.number, at))
                .collect(),
            programme,
            suppliers: rows.suppliers,
            bought,
            by_supplier,
            currency,
        })
    }

    /// The programme.
    pub(crate) fn programme(&self) -> &Programme {
        &self.programme
    }

    /// The suppliers in the order of the file.
    pub(crate) fn suppliers(&self) -> &[Supplier] {
        &self.suppliers
    }

    /// The bought items in the order of the file.
    pub(crate) fn bought(&self) -> &[Bought] {
        &self.bought
    }

    /// The currency of every price.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    /// A bought item by its part number.
    pub(crate) fn item(&self, id: &str) -> Option<&Bought> {
        self.by_item.get(id).and_then(|at| self.bought.get(*at))
    }

    /// A bought item by its number.
    pub(crate) fn item_no(&self, number: u32) -> Option<&Bought> {
        self.by_number
            .get(&number)
            .and_then(|at| self.bought.get(*at))
    }

    /// The numbers of the items that a message names in `item_ids`.
    pub(crate) fn items_named(&self, ids: &[String], violations: &mut Violations) -> BTreeSet<u32> {
        (ids.iter().enumerate())
            .filter_map(|(place, id)| {
                self.item_named(id, &format!("item_ids[{place}]"), violations)
            })
            .map(|bought| bought.item.number)
            .collect()
    }

    /// The bought item that a message names in a field.
    pub(crate) fn item_named(
        &self,
        id: &str,
        field: &str,
        violations: &mut Violations,
    ) -> Option<&Bought> {
        let bought = self.item(id);
        if bought.is_none() {
            violations.push(field, format!("{id:?} is not a bought item"));
        }
        bought
    }

    /// A supplier by its id.
    pub(crate) fn supplier(&self, id: &str) -> Option<&Supplier> {
        self.by_supplier
            .get(id)
            .and_then(|at| self.suppliers.get(*at))
    }

    /// A supplier by its number.
    pub(crate) fn supplier_no(&self, number: i64) -> Option<&Supplier> {
        let at = self
            .suppliers
            .binary_search_by_key(&number, |supplier| supplier.number)
            .ok()?;
        self.suppliers.get(at)
    }

    /// A source with its item and supplier.
    pub(crate) fn source(&self, number: SourceNo) -> Option<(&Bought, &Source, &Supplier)> {
        let bought = self.item_no(number.item_no())?;
        let source = bought
            .sources
            .iter()
            .find(|source| source.number == number)?;
        Some((bought, source, self.suppliers.get(source.supplier)?))
    }

    /// A lot as people name it; the bare number where the catalogue does not know its source.
    pub(crate) fn lot_text(&self, lot: LotNumber) -> String {
        match self.source(SourceNo::of_lot(lot)) {
            Some((bought, _, supplier)) => LotId {
                item: bought.item.id.clone(),
                supplier: supplier.id.clone(),
                n: lot.n(),
            }
            .to_string(),
            None => lot.value().to_string(),
        }
    }

    /// The source of an item at a supplier.
    pub(crate) fn source_of(&self, item: &str, supplier: &str) -> Option<&Source> {
        let mut sources = self.item(item)?.sources.iter();
        sources.find(|source| source.terms.supplier.as_str() == supplier)
    }

    /// The number of a lot that people name.
    pub(crate) fn lot_number(&self, lot: &LotId) -> Option<LotNumber> {
        let source = self.source_of(lot.item.as_str(), lot.supplier.as_str())?;
        source.number.lot(lot.n)
    }
}

/// A bought item with its terms, or None and what is wrong with them.
fn bought_of(
    item: &Item,
    terms: &[&Agreement],
    suppliers: &BTreeMap<SupplierId, usize>,
    transits: &BTreeMap<&SupplierId, i64>,
    violations: &mut Violations,
) -> Option<Bought> {
    let mut sources: Vec<Source> = Vec::with_capacity(terms.len());
    for terms in terms {
        let name = &terms.supplier;
        let Some(supplier) = suppliers.get(name) else {
            violations.push("agreement", format!("{name} is not among the suppliers"));
            continue;
        };
        let transit = transits
            .get(name)
            .and_then(|millidays| ceil_div(i128::from(*millidays), 1000));
        let Some(transit_days) = transit.and_then(|days| i32::try_from(days).ok()) else {
            violations.push(
                "agreement",
                format!("there is no inbound lane from {name}; add one with its transit time"),
            );
            continue;
        };
        let in_time = transit_days <= terms.lead_days;
        let late = format!(
            "the lead time of {name} is {} days, and the goods are under way for {transit_days}",
            terms.lead_days
        );
        violations.require(in_time, "agreement", late);
        let twice = sources
            .iter()
            .any(|source| source.terms.rank == terms.rank || source.terms.supplier == *name);
        violations.require(
            !twice,
            "agreement",
            format!("{name} or its rank {} is there twice", terms.rank),
        );
        let number = SourceNo::new(item.number, terms.rank);
        sources.push(Source {
            number,
            supplier: *supplier,
            transit_days,
            terms: (*terms).clone(),
        });
    }
    sources.sort_by_key(|source| source.terms.rank);
    let Some(lot) = sources.first().map(|source| source.terms.lot) else {
        violations.push("agreement", "nobody delivers it");
        return None;
    };
    violations.require(
        sources.iter().all(|source| source.terms.lot == lot),
        "agreement",
        "its suppliers have lots of different sizes",
    );
    let shares: Vec<Share> = sources.iter().map(|source| source.terms.share).collect();
    let quota = violations.check("agreement", Quota::new(&shares))?;
    let lead_days = sources
        .iter()
        .map(|source| source.terms.lead_days)
        .collect();
    Some(Bought {
        item: item.clone(),
        sources,
        sourcing: Sourcing {
            lot,
            quota,
            lead_days,
        },
    })
}
