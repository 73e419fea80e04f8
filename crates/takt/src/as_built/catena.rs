//! Digital twins of Catena-X as they are exchanged: a list of twins, each with aspects such as `SerialPart`, `Batch`,
//! `JustInSequencePart`, `SingleLevelBomAsBuilt` and `SingleLevelUsageAsBuilt` (Eclipse Tractus-X, sldt-semantic-models).
//! It must not know how they are kept. Invariants: an aspect is known by its name whatever its namespace and version; a
//! quantity is read as digits, never as a float; twins that only plan are left out and counted.
use std::collections::BTreeSet;

use serde_json::Value;
use takt_contract::common::v1::Date as DatePb;
use takt_contract::date_pb;
use takt_contract::production::v1::as_built_row::Row;
use takt_contract::production::v1::{AsBuiltLink, AsBuiltRow, AsBuiltTwin, AsBuiltTwinKind};
use takt_kernel::{Date, Vin, decimal};

/// The key under which the test data of Catena-X holds its twins.
const CONTAINER: &str = "TestDataContainer";

/// What a file tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Twins {
    /// The twins, in the order of the file.
    pub twins: Vec<AsBuiltRow>,
    /// The parts in them, each once.
    pub links: Vec<AsBuiltRow>,
    /// The twins that have no as-built aspect.
    pub planned: usize,
}

/// Reads a file.
///
/// # Errors
/// What is wrong, with the place of the twin.
pub fn read(text: &str) -> Result<Twins, String> {
    let document: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let list = twins_of(&document)
        .ok_or("it holds no list of twins; it is a list, or an object with a TestDataContainer")?;
    let mut told = Twins::default();
    let mut seen = BTreeSet::new();
    for (place, twin) in (1..).zip(list) {
        let wrong = |what: &str| format!("twin {place}: {what}");
        let id = text_of(twin, "catenaXId").ok_or_else(|| wrong("it has no catenaXId"))?;
        let part = part_of(id, twin).map_err(|what| wrong(&what))?;
        let made_on = part.as_ref().and_then(|part| part.made_on);
        match part {
            Some(part) => told.twins.push(row(place, Row::Twin(part))),
            None => told.planned += 1,
        }
        let mut links = below(id, twin, made_on).map_err(|what| wrong(&what))?;
        links.extend(above(id, twin, made_on).map_err(|what| wrong(&what))?);
        for link in links {
            let pair = (
                link.parent_external_id.clone(),
                link.child_external_id.clone(),
            );
            // Both ends of a link tell of it.
            if seen.insert(pair) {
                told.links.push(row(place, Row::Link(link)));
            }
        }
    }
    Ok(told)
}

fn row(place: i64, row: Row) -> AsBuiltRow {
    AsBuiltRow {
        row_number: place,
        row: Some(row),
    }
}

/// The twins of a document: a list, or the container of the test data.
pub(crate) fn twins_of(document: &Value) -> Option<&Vec<Value>> {
    if let Some(list) = document.as_array() {
        return Some(list);
    }
    let mut entries = document.as_object()?.iter();
    let (_, list) = entries.find(|(key, _)| key.contains(CONTAINER))?;
    list.as_array()
}

/// A text that is there.
pub(crate) fn text_of<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The payloads of an aspect, by the name behind its namespace.
pub(crate) fn payloads<'v>(twin: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    let named = |key: &str| key.rsplit(['#', ':']).next() == Some(name);
    let entries = twin.as_object().into_iter().flatten();
    let found: Vec<&Value> = entries
        .filter(|(key, _)| named(key))
        .flat_map(|(_, payload)| match payload.as_array() {
            Some(list) => list.iter().collect(),
            None => vec![payload],
        })
        .collect();
    found.into_iter()
}

/// The first payload of an aspect.
fn aspect<'v>(twin: &'v Value, name: &str) -> Option<&'v Value> {
    payloads(twin, name).next()
}

fn part_of(id: &str, twin: &Value) -> Result<Option<AsBuiltTwin>, String> {
    let kinds = [
        ("SerialPart", AsBuiltTwinKind::SerialPart, "partInstanceId"),
        ("Batch", AsBuiltTwinKind::Batch, "batchId"),
        (
            "JustInSequencePart",
            AsBuiltTwinKind::JustInSequencePart,
            "jisNumber",
        ),
    ];
    let found = kinds
        .iter()
        .find_map(|(name, kind, key)| Some((aspect(twin, name)?, *kind, *key)));
    let Some((payload, kind, key)) = found else {
        return Ok(None);
    };
    let local = |key: &str| local_identifier(payload, key);
    let number = local(key).ok_or_else(|| format!("its local identifiers have no {key}"))?;
    let kind_of = payload.get("partTypeInformation").unwrap_or(&Value::Null);
    let text = |key: &str| text_of(kind_of, key).unwrap_or_default().to_owned();
    let made = payload.pointer("/manufacturingInformation/date");
    let is_vin = |text: &&str| Vin::parse(text).is_ok();
    let vin = [local("van"), Some(number)]
        .into_iter()
        .flatten()
        .find(is_vin);
    Ok(Some(AsBuiltTwin {
        external_id: id.to_owned(),
        kind: i32::from(kind),
        manufacturer_id: local("manufacturerId")
            .or(text_of(twin, "bpnl"))
            .unwrap_or_default()
            .to_owned(),
        manufacturer_part_id: text("manufacturerPartId"),
        customer_part_id: text("customerPartId"),
        number: number.to_owned(),
        name: text("nameAtManufacturer"),
        vin: vin.unwrap_or_default().to_owned(),
        made_on: made.and_then(Value::as_str).map(day).transpose()?,
    }))
}

fn local_identifier<'v>(payload: &'v Value, key: &str) -> Option<&'v str> {
    let list = payload.get("localIdentifiers")?.as_array()?;
    let found = list.iter().find(|one| text_of(one, "key") == Some(key))?;
    text_of(found, "value")
}

/// The day of an instant such as `2022-02-03T14:48:54.709Z`.
fn day(text: &str) -> Result<DatePb, String> {
    let head = text.get(..10).unwrap_or(text);
    Date::parse(head)
        .map(date_pb)
        .map_err(|error| error.to_string())
}

fn below(id: &str, twin: &Value, made_on: Option<DatePb>) -> Result<Vec<AsBuiltLink>, String> {
    let Some(payload) = aspect(twin, "SingleLevelBomAsBuilt") else {
        return Ok(Vec::new());
    };
    let children = ["childItems", "childParts"];
    let items = children
        .iter()
        .find_map(|key| payload.get(*key)?.as_array());
    let items = items.ok_or("its SingleLevelBomAsBuilt has no childItems")?;
    let link = |item: &Value| link_of(item, made_on, |other| (id.to_owned(), other));
    items.iter().map(link).collect()
}

fn above(id: &str, twin: &Value, made_on: Option<DatePb>) -> Result<Vec<AsBuiltLink>, String> {
    let Some(payload) = aspect(twin, "SingleLevelUsageAsBuilt") else {
        return Ok(Vec::new());
    };
    let link = |item: &Value| link_of(item, made_on, |other| (other, id.to_owned()));
    // Version 1 lists parents, version 2 lists them by customer.
    let direct = ["parentParts", "parentItems"];
    if let Some(items) = direct.iter().find_map(|key| payload.get(*key)?.as_array()) {
        return items.iter().map(link).collect();
    }
    let customers = payload.get("customers").and_then(Value::as_array);
    let items = customers
        .into_iter()
        .flatten()
        .filter_map(|customer| customer.get("parentItems")?.as_array())
        .flatten();
    items.map(link).collect()
}

fn link_of(
    item: &Value,
    made_on: Option<DatePb>,
    ends: impl Fn(String) -> (String, String),
) -> Result<AsBuiltLink, String> {
    let other = other_end(item).ok_or("a child or parent has no catenaXId")?;
    let (parent, child) = ends(other.to_owned());
    let created = ["createdOn", "assembledOn"];
    let created = created.iter().find_map(|key| text_of(item, key));
    let valid_from = match created {
        Some(text) => Some(day(text)?),
        None => made_on,
    };
    let thousandths = quantity_of(item, 3)?.unwrap_or(0);
    Ok(AsBuiltLink {
        parent_external_id: parent,
        child_external_id: child,
        quantity_thousandths: thousandths,
        valid_from,
    })
}

/// The twin at the other end of a link, which each version of the aspects calls another name.
pub(crate) fn other_end(item: &Value) -> Option<&str> {
    let keys = ["catenaXId", "childCatenaXId", "parentCatenaXId"];
    keys.iter().find_map(|key| text_of(item, key))
}

/// The quantity of a link with so many decimals, where it has one.
pub(crate) fn quantity_of(item: &Value, decimals: u32) -> Result<Option<i64>, String> {
    let quantity = item.get("quantity").unwrap_or(&Value::Null);
    let keys = ["quantityNumber", "value"];
    let number = keys.iter().find_map(|key| quantity.get(*key)?.as_number());
    let read = |number: &serde_json::Number| decimal(&number.to_string(), decimals, "quantity");
    number
        .map(read)
        .transpose()
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pack with a module and a batch of cells, told from both ends.
    const PACK: &str = r##"{"https://catenax.io/schema/TestDataContainer/1.0.0": [
        {"catenaXId": "urn:uuid:1", "bpnl": "BPNL1",
         "urn:bamm:io.catenax.serial_part:1.0.1#SerialPart": [{
            "localIdentifiers": [{"key": "partInstanceId", "value": "BAT-1"}, {"key": "manufacturerId", "value": "BPNL1"}],
            "manufacturingInformation": {"date": "2024-03-01T10:00:00", "country": "CHN"},
            "partTypeInformation": {"manufacturerPartId": "P-1", "customerPartId": "BAT-S", "nameAtManufacturer": "Pack"}}],
         "urn:bamm:io.catenax.single_level_bom_as_built:1.0.0#SingleLevelBomAsBuilt": [{
            "childItems": [{"catenaXId": "urn:uuid:2", "createdOn": "2024-03-02T00:00:00Z",
                "quantity": {"quantityNumber": 2.5, "measurementUnit": "unit:litre"}}]}]},
        {"catenaXId": "urn:uuid:2",
         "urn:samm:io.catenax.batch:2.0.0#Batch": [{
            "localIdentifiers": [{"key": "batchId", "value": "C-9"}],
            "partTypeInformation": {"manufacturerPartId": "C", "nameAtManufacturer": "Cells"}}],
         "urn:bamm:io.catenax.single_level_usage_as_built:2.0.0#SingleLevelUsageAsBuilt": [{
            "customers": [{"businessPartner": "BPNL1", "parentItems": [{"catenaXId": "urn:uuid:1"}]}]}]},
        {"catenaXId": "urn:uuid:3", "urn:bamm:io.catenax.part_as_planned:1.0.1#PartAsPlanned": [{}]}]}"##;

    #[test]
    fn twins_and_links_are_read_from_both_ends_once() -> Result<(), String> {
        let told = read(PACK)?;
        assert_eq!(
            (told.twins.len(), told.links.len(), told.planned),
            (2, 1, 1)
        );
        let Some(Row::Twin(pack)) = told.twins[0].row.clone() else {
            return Err("no twin".to_owned());
        };
        assert_eq!(
            (
                pack.number.as_str(),
                pack.customer_part_id.as_str(),
                pack.vin.as_str()
            ),
            ("BAT-1", "BAT-S", "")
        );
        let Some(Row::Link(link)) = told.links[0].row.clone() else {
            return Err("no link".to_owned());
        };
        assert_eq!(link.quantity_thousandths, 2500);
        assert_eq!(link.valid_from.map(|on| on.day), Some(2));
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, word) in [
            ("{", "EOF"),
            ("{}", "no list of twins"),
            ("[{}]", "twin 1: it has no catenaXId"),
            (r#"[{"catenaXId": "x", "a#Batch": [{}]}]"#, "no batchId"),
            (
                r#"[{"catenaXId": "x", "a#SingleLevelBomAsBuilt": [{}]}]"#,
                "no childItems",
            ),
        ] {
            let told = read(text).expect_err(text);
            assert!(told.contains(word), "{told}");
        }
    }
}
