//! Reads the files of a folder into rows, each with its line, and checks on the way that what a row refers
//! to exists. It must not look at rows together: that is `check`. Invariant: where a file is unusable,
//! references into it are not checked, so that one broken file is not reported from all others.
mod around;
mod items;
mod lanes;
mod line;
mod network;
mod offer;
mod published;
mod sheet;

use super::folder::Folder;
use super::model::{
    BomLine, Co2Factor, Day, Item, Lane, LooseDate, Material, Node, Operation, OrderDay, Recall,
    SequenceRule, ServiceCase, Stake, Supplier, SupplyLink, WorldFigure,
};
use super::problem::{Log, list, quote};
use super::table::Row;
use sheet::Sheet;
use std::collections::{HashMap, HashSet};
use takt_kernel::{Date, ItemId, ParseError, SupplierId, decimal};

/// A row and the line it stands on.
pub(super) struct Numbered<T> {
    pub line: u32,
    pub row: T,
}

/// Everything that was read; a vector is empty where its file is absent.
pub(super) struct Draft {
    pub sheet: Option<Sheet>,
    pub suppliers: Vec<Numbered<Supplier>>,
    pub items: Vec<Numbered<Item>>,
    pub bom: Vec<Numbered<BomLine>>,
    pub links: Vec<Numbered<SupplyLink>>,
    pub nodes: Vec<Node>,
    pub materials: Vec<Material>,
    pub lanes: Vec<Numbered<Lane>>,
    pub operations: Vec<Numbered<Operation>>,
    pub days: Vec<Numbered<Day>>,
    pub orders: Vec<Numbered<OrderDay>>,
    pub sequence_rules: Vec<SequenceRule>,
    pub service_cases: Vec<ServiceCase>,
    pub recalls: Vec<Recall>,
    pub stakes: Vec<Stake>,
    pub co2_factors: Vec<Co2Factor>,
    pub world: Vec<WorldFigure>,
}

/// The files without which there is no programme.
pub(super) const REQUIRED: [&str; 8] = [
    sheet::FILE,
    network::SUPPLIERS,
    items::ITEMS,
    items::BOM,
    lanes::FILE,
    line::ROUTING,
    line::DAILY,
    line::ORDERS,
];

pub(super) fn read(folder: &Folder, log: &mut Log) -> Draft {
    for file in REQUIRED
        .into_iter()
        .filter(|file| folder.file(file).is_none())
    {
        log.error(
            file,
            None,
            format_args!("is missing; a programme needs {}", list(REQUIRED)),
        );
    }
    for name in folder.strangers() {
        log.warning(
            sheet::FILE,
            None,
            format_args!("the folder holds {}, which is not read", quote(name)),
        );
    }
    let sheet = sheet::read(folder, log);
    let mut known = Known::default();
    let suppliers = network::suppliers(folder, &mut known, log);
    let items = items::items(folder, sheet.as_ref(), &mut known, log);
    let bom = items::bom(folder, sheet.as_ref(), &known, log);
    let links = network::links(folder, &mut known, log);
    Draft {
        nodes: network::nodes(folder, &known, log),
        materials: network::materials(folder, &known, log),
        lanes: lanes::read(folder, sheet.as_ref(), &known, log),
        operations: line::operations(folder, sheet.as_ref(), log),
        days: line::days(folder, sheet.as_ref(), log),
        orders: line::orders(folder, log),
        sequence_rules: around::sequence_rules(folder, sheet.as_ref(), log),
        service_cases: around::service_cases(folder, &known, log),
        recalls: around::recalls(folder, &known, log),
        stakes: network::stakes(folder, &known, log),
        co2_factors: around::co2_factors(folder, log),
        world: around::world(folder, sheet.as_ref(), &known, log),
        sheet,
        suppliers,
        items,
        bom,
        links,
    }
}

/// The ids that rows may refer to. None: the file is unusable and references into it are not checked.
#[derive(Default)]
struct Known {
    /// Suppliers with their tier.
    suppliers: Option<HashMap<SupplierId, i64>>,
    /// The one supplier of tier 0, the plant.
    plant: Option<SupplierId>,
    /// Items, and whether they are made.
    items: Option<HashMap<ItemId, bool>>,
    /// What the links carry: items and deeper materials.
    carried: Option<HashSet<ItemId>>,
}

impl Known {
    /// Reports a supplier that does not exist.
    fn check_supplier(&self, row: &mut Row<'_>, what: &str, id: &SupplierId) {
        if self
            .suppliers
            .as_ref()
            .is_some_and(|known| !known.contains_key(id))
        {
            row.error(format_args!(
                "{what} {} is not in suppliers.csv",
                quote(id.as_str())
            ));
        }
    }

    /// Reports an item that does not exist.
    fn check_item(&self, row: &mut Row<'_>, what: &str, id: &ItemId) {
        if self
            .items
            .as_ref()
            .is_some_and(|known| !known.contains_key(id))
        {
            row.error(format_args!(
                "{what} {} is not in items.csv",
                quote(id.as_str())
            ));
        }
    }

    /// Reports what is neither an item nor carried by a link.
    fn check_carried(&self, row: &mut Row<'_>, what: &str, id: &ItemId) {
        let item = self
            .items
            .as_ref()
            .is_none_or(|known| known.contains_key(id));
        if !item
            && self
                .carried
                .as_ref()
                .is_some_and(|carried| !carried.contains(id))
        {
            row.error(format_args!(
                "{what} {} is neither in items.csv nor an item_id of supply_edges.csv",
                quote(id.as_str())
            ));
        }
    }
}

/// Reads degrees as millionths, at most `most` either way.
fn degrees(text: &str, most: i64) -> Result<i64, ParseError> {
    let micro = decimal(text, 6, "angle")?;
    if (-most * 1_000_000..=most * 1_000_000).contains(&micro) {
        Ok(micro)
    } else {
        Err(ParseError::new(
            "angle",
            text,
            "latitude is -90 to 90 and longitude -180 to 180 degrees",
        ))
    }
}

/// The place of a row with columns lat and lon; both or none.
fn place(row: &mut Row<'_>) -> Option<super::model::Place> {
    if row.cell("lat").is_some() != row.cell("lon").is_some() {
        row.error("has one of lat and lon; give both or none");
    }
    let lat_micro = row.maybe("lat", |text| degrees(text, 90))?;
    let lon_micro = row.maybe("lon", |text| degrees(text, 180))?;
    Some(super::model::Place {
        lat_micro,
        lon_micro,
    })
}

/// Reads a date that may lack its day or its month.
fn loose_date(text: &str) -> Result<LooseDate, ParseError> {
    let refuse = || {
        ParseError::new(
            "date",
            text,
            "it is written YYYY, YYYY-MM or YYYY-MM-DD and must exist",
        )
    };
    let (first, last) = match text.len() {
        4 => (
            Date::parse(&format!("{text}-01-01")),
            Date::parse(&format!("{text}-12-31")),
        ),
        7 => {
            let first = Date::parse(&format!("{text}-01"));
            // 31 days after the first lie in the next month; its day says how far to go back to the last.
            let next = first.clone().map(|first| first.plus(31));
            (
                first,
                next.map(|next| next.minus(i32::try_from(next.ymd().2).unwrap_or(1))),
            )
        }
        _ => (Date::parse(text), Date::parse(text)),
    };
    match (first, last) {
        (Ok(first), Ok(last)) => Ok(LooseDate {
            text: text.to_owned(),
            first,
            last,
        }),
        _ => Err(refuse()),
    }
}

/// Reports the second row with a key that must be unique.
fn once<K: std::hash::Hash + Eq>(
    seen: &mut HashMap<K, u32>,
    key: K,
    row: &mut Row<'_>,
    what: &str,
) -> bool {
    match seen.entry(key) {
        std::collections::hash_map::Entry::Occupied(first) => {
            let first = *first.get();
            row.error(format_args!("{what} stands already on line {first}"));
            false
        }
        std::collections::hash_map::Entry::Vacant(place) => {
            place.insert(row.line);
            true
        }
    }
}
