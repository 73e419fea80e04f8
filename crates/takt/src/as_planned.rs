//! Catena-X twins as planned, read as a tier network: the parts of companies, and which part goes into which (`PartAsPlanned`,
//! `SingleLevelBomAsPlanned`, `SingleLevelUsageAsPlanned`, `PartSiteInformationAsPlanned`; Eclipse Tractus-X, sldt-semantic-models).
//! It must not know how a network is walked or told. Invariants: names and companies are those of the file; a link that several
//! payloads list is one link and is counted as often as it stands there; what nobody tells stays empty.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::as_built::catena::{other_end, payloads, quantity_of, text_of, twins_of};

/// The aspects that say how something is planned.
const PLANNED: [&str; 4] = [
    "PartAsPlanned",
    "SingleLevelBomAsPlanned",
    "SingleLevelUsageAsPlanned",
    "PartSiteInformationAsPlanned",
];

/// A part of a company.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Its id, a URN.
    pub id: String,
    /// The company that makes it, a BPNL; empty where nobody tells.
    pub company: String,
    /// The sites that make it, BPNS.
    pub sites: Vec<String>,
    /// The maker's name of it.
    pub name: String,
    /// The maker's number of it.
    pub number: String,
    /// Whether the file holds its twin; another one is only named by those that need it.
    pub has_twin: bool,
    /// Whether it has a `PartAsPlanned`.
    pub is_named: bool,
}

/// A part in another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goes {
    /// The part, by its place.
    pub child: usize,
    /// What it goes into.
    pub parent: usize,
    /// Millionths of the unit; None where nobody tells.
    pub quantity: Option<i64>,
    /// What the quantity counts.
    pub unit: String,
    /// The companies that bills say it comes from, each once.
    pub companies: Vec<String>,
    /// How often bills list it; 0 for one that only the supplier's usage tells.
    pub listed: usize,
}

impl Goes {
    /// Keeps the company that a bill names.
    fn told(&mut self, company: &str, is_bill: bool) {
        if is_bill && !company.is_empty() && self.companies.iter().all(|known| known != company) {
            self.companies.push(company.to_owned());
        }
    }
}

/// What a file tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Planned {
    /// All twins, planned or not.
    pub twins: usize,
    /// The parts, in the order of the file; those that are only named follow.
    pub parts: Vec<Part>,
    /// The links, each once, in the order of the file.
    pub links: Vec<Goes>,
}

/// Reads a file.
///
/// # Errors
/// What is wrong, with the place of the twin.
pub fn read(text: &str) -> Result<Planned, String> {
    let document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let list = twins_of(&document)
        .ok_or("it holds no list of twins; it is a list, or an object with a TestDataContainer")?;
    let mut planned = Planned {
        twins: list.len(),
        ..Planned::default()
    };
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (place, twin) in (1..).zip(list) {
        let id = text_of(twin, "catenaXId")
            .ok_or_else(|| format!("twin {place}: it has no catenaXId"))?;
        if PLANNED
            .iter()
            .all(|name| payloads(twin, name).next().is_none())
        {
            continue;
        }
        if places.insert(id.to_owned(), planned.parts.len()).is_some() {
            return Err(format!("twin {place}: {id} is there twice"));
        }
        planned.parts.push(part_of(id, twin));
    }
    let mut links: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (number, twin) in (1..).zip(list) {
        let id = text_of(twin, "catenaXId").unwrap_or_default();
        let Some(own) = places.get(id).copied() else {
            continue;
        };
        let wrong = |what: String| format!("twin {number}: {what}");
        let told = below(twin).map(|item| (item, true));
        for (item, is_bill) in told.chain(above(twin).map(|item| (item, false))) {
            let other = other_end(item)
                .ok_or_else(|| wrong("a child or parent has no catenaXId".to_owned()))?;
            let company = text_of(item, "businessPartner").unwrap_or_default();
            let other = match places.get(other).copied() {
                Some(place) => place,
                None => {
                    places.insert(other.to_owned(), planned.parts.len());
                    planned.parts.push(Part {
                        id: other.to_owned(),
                        company: company.to_owned(),
                        ..Part::default()
                    });
                    planned.parts.len() - 1
                }
            };
            let (child, parent) = if is_bill { (other, own) } else { (own, other) };
            if let Some(known) = links.get(&(child, parent)) {
                if let Some(link) = planned.links.get_mut(*known) {
                    link.listed += usize::from(is_bill);
                    link.told(company, is_bill);
                }
                continue;
            }
            links.insert((child, parent), planned.links.len());
            let mut link = Goes {
                child,
                parent,
                quantity: quantity_of(item, 6).map_err(wrong)?,
                unit: unit_of(item).to_owned(),
                companies: Vec::new(),
                listed: usize::from(is_bill),
            };
            link.told(company, is_bill);
            planned.links.push(link);
        }
    }
    Ok(planned)
}

fn part_of(id: &str, twin: &Value) -> Part {
    let named = payloads(twin, "PartAsPlanned").next();
    let kind = named.and_then(|payload| payload.get("partTypeInformation"));
    let text = |key: &str| kind.and_then(|kind| text_of(kind, key)).unwrap_or_default();
    let sites = payloads(twin, "PartSiteInformationAsPlanned")
        .filter_map(|payload| payload.get("sites")?.as_array())
        .flatten();
    // Versions differ in one letter of the key.
    let keys = ["catenaXsiteId", "catenaXSiteId"];
    let site = |one: &Value| {
        keys.iter()
            .find_map(|key| text_of(one, key))
            .map(str::to_owned)
    };
    let mut sites: Vec<String> = sites.filter_map(site).collect();
    sites.sort_unstable();
    sites.dedup();
    Part {
        id: id.to_owned(),
        company: text_of(twin, "bpnl").unwrap_or_default().to_owned(),
        sites,
        name: text("nameAtManufacturer").to_owned(),
        number: text("manufacturerPartId").to_owned(),
        has_twin: true,
        is_named: named.is_some(),
    }
}

/// What the bills of a twin list; version 1 calls them parts, later ones items.
fn below(twin: &Value) -> impl Iterator<Item = &Value> {
    payloads(twin, "SingleLevelBomAsPlanned")
        .filter_map(|payload| {
            let keys = ["childItems", "childParts"];
            keys.iter().find_map(|key| payload.get(*key)?.as_array())
        })
        .flatten()
}

/// What a twin says it goes into.
fn above(twin: &Value) -> impl Iterator<Item = &Value> {
    payloads(twin, "SingleLevelUsageAsPlanned")
        .filter_map(|payload| {
            let keys = ["parentParts", "parentItems"];
            keys.iter().find_map(|key| payload.get(*key)?.as_array())
        })
        .flatten()
}

fn unit_of(item: &Value) -> &str {
    let quantity = item.get("quantity").unwrap_or(&Value::Null);
    let keys = ["measurementUnit", "unit"];
    keys.iter()
        .find_map(|key| text_of(quantity, key))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A car with a battery of another company and an engine whose twin nobody gave; the battery's bill stands twice, and the maker of
    /// a seat tells by itself that it goes into the car.
    pub(crate) const CAR: &str = r##"{"policies": {}, "https://catenax.io/schema/TestDataContainer/1.0.0": [
        {"catenaXId": "urn:uuid:car", "bpnl": "BPNLOEM",
         "urn:samm:io.catenax.part_as_planned:2.0.0#PartAsPlanned": [{"catenaXId": "urn:uuid:car",
            "partTypeInformation": {"manufacturerPartId": "ZX-55", "nameAtManufacturer": "Vehicle Model A"}}],
         "urn:samm:io.catenax.part_site_information_as_planned:1.0.0#PartSiteInformationAsPlanned": [{
            "sites": [{"catenaXsiteId": "BPNS1", "function": "production"}]}],
         "urn:samm:io.catenax.single_level_bom_as_planned:3.0.0#SingleLevelBomAsPlanned": [
            {"childItems": [{"catenaXId": "urn:uuid:battery", "businessPartner": "BPNLTIER1",
                "quantity": {"unit": "unit:piece", "value": 1}},
               {"catenaXId": "urn:uuid:engine", "businessPartner": "BPNLTIER2",
                "quantity": {"measurementUnit": "unit:piece", "quantityNumber": 2.5}}]},
            {"childItems": [{"catenaXId": "urn:uuid:battery", "businessPartner": "BPNLTIER1",
                "quantity": {"unit": "unit:piece", "value": 1}}]}]},
        {"catenaXId": "urn:uuid:battery", "bpnl": "BPNLTIER9",
         "urn:samm:io.catenax.part_as_planned:2.0.0#PartAsPlanned": [{
            "partTypeInformation": {"manufacturerPartId": "B-1", "nameAtManufacturer": "Battery"}}]},
        {"catenaXId": "urn:uuid:seat", "bpnl": "BPNLTIER1",
         "urn:samm:io.catenax.single_level_usage_as_planned:1.1.0#SingleLevelUsageAsPlanned": [{
            "parentParts": [{"parentCatenaXId": "urn:uuid:car", "quantity": {"quantityNumber": 5}}]}]},
        {"catenaXId": "urn:uuid:wheel", "bpnl": "BPNLTIER1", "urn:x#SerialPart": [{}]}]}"##;

    #[test]
    fn parts_and_links_are_read_with_their_names() -> Result<(), String> {
        let told = read(CAR)?;
        assert_eq!((told.twins, told.parts.len(), told.links.len()), (4, 4, 3));
        let car = &told.parts[0];
        assert_eq!(
            (
                car.name.as_str(),
                car.company.as_str(),
                car.sites.as_slice()
            ),
            ("Vehicle Model A", "BPNLOEM", &["BPNS1".to_owned()][..])
        );
        let links: Vec<_> = (told.links.iter())
            .map(|link| (link.child, link.parent, link.quantity, link.listed))
            .collect();
        // The battery is listed twice, the engine once, the seat by its maker alone.
        assert_eq!(
            links,
            [
                (1, 0, Some(1_000_000), 2),
                (3, 0, Some(2_500_000), 1),
                (2, 0, Some(5_000_000), 0)
            ]
        );
        let engine = &told.parts[3];
        assert_eq!(
            (engine.has_twin, engine.company.as_str()),
            (false, "BPNLTIER2")
        );
        assert!(!told.parts[2].is_named && told.parts[2].has_twin);
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, word) in [
            ("{", "EOF"),
            ("{}", "no list of twins"),
            ("[{}]", "twin 1: it has no catenaXId"),
            (
                r#"[{"catenaXId": "x", "a#PartAsPlanned": [{}]}, {"catenaXId": "x", "a#PartAsPlanned": [{}]}]"#,
                "twin 2: x is there twice",
            ),
            (
                r#"[{"catenaXId": "x", "a#SingleLevelBomAsPlanned": [{"childItems": [{}]}]}]"#,
                "twin 1: a child or parent has no catenaXId",
            ),
            (
                r#"[{"catenaXId": "x", "a#SingleLevelBomAsPlanned": [{"childItems": [{"catenaXId": "y", "quantity": {"value": 0.0000001}}]}]}]"#,
                "twin 1: \"1e-7\" is not a valid quantity",
            ),
        ] {
            let told = read(text).expect_err(text);
            assert!(told.contains(word), "{told}");
        }
    }
}
