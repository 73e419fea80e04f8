//! The tier network as people meet it: the command over a folder and over Catena-X files, and its picture.
//!
//! It must not know how chains are added up.

use serde_json::Value;
use takt_tests::{
    Result, ensure, place,
    process::{run, write},
    replay::takt,
};
use tempfile::tempdir;

use crate::SHORT;

fn told(arguments: &[&str]) -> Result<Value> {
    let mut command = takt(arguments)?;
    run(command.args(["--output", "json"]), SHORT)?.ok()?.json()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result {
    ensure(got == wanted, || format!("{what}: {got:?}, not {wanted:?}"))
}

fn length(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

#[test]
fn raw_material_to_customer_in_one_view() -> Result {
    let folder = tempdir()?;
    let picture = folder.path().join("network.svg");
    let mut command = takt(&["chain", "su7", "--output", "json", "--svg"])?;
    let whole = run(command.arg(&picture), SHORT)?.ok()?.json()?;
    let page = std::fs::read_to_string(place::root().join("docs/chain.md"))?;
    let said = format!(
        "{} sites behind {} bought items, {} of them without CO2e; the longest chain is that of {}, {} days",
        whole["car"]["sites"],
        length(&whole["items"]),
        whole["car"]["sites_without_co2e"],
        whole["car"]["longest"].as_str().unwrap_or_default(),
        whole["car"]["longest_lead_days"]
            .as_f64()
            .unwrap_or_default(),
    );
    let plain = page.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure(plain.contains(&said), || {
        format!("docs/chain.md does not say: {said}")
    })?;
    same("complete", whole["complete"].as_bool(), Some(true))?;
    // Nobody says how goods travel between suppliers: null, and not 0.
    ensure(
        whole["car"]["indirect"]["transport_hours"].is_null(),
        || whole["car"].to_string(),
    )?;
    for list in ["tiers", "next_days", "shared", "single_points"] {
        ensure(length(&whole[list]) > 3, || format!("{list} is short"))?;
    }
    let svg = std::fs::read_to_string(&picture)?;
    for supplier in ["CATL", "TSMC", "PILBARA"] {
        ensure(svg.contains(&format!(">{supplier}</text>")), || {
            format!("{supplier} is not drawn")
        })?;
    }

    let walk = told(&["chain", "su7", "--from", "XIAOMI/BP-01", "--depth", "2"])?;
    same("status", walk["result_status"].as_str(), Some("PARTIAL"))?;
    let all = told(&["chain", "su7", "--from", "XIAOMI/BP-01"])?;
    same("status", all["result_status"].as_str(), Some("COMPLETE"))?;
    ensure(length(&all["sites"]) > length(&walk["sites"]), || {
        all.to_string()
    })?;
    ensure(length(&all["tombstones"]) > 0, || all.to_string())?;
    Ok(())
}

#[test]
fn what_cannot_be_answered_says_what_can() -> Result {
    for (arguments, code, said) in [
        (&["chain", "su7", "--item", "BIW"][..], 1, "make_buy = buy"),
        (
            &["chain", "su7", "--from", "NOBODY"][..],
            1,
            "SUPPLIER/ITEM",
        ),
        (&["chain", "su7", "--depth", "3"][..], 2, "--from"),
        (&["chain"][..], 2, "PROGRAMME"),
        (
            &["chain", "su7", "--as-of", "2030-01-01"][..],
            1,
            "the plan is from 2024-03-29",
        ),
        (
            &["chain", "--catena-x", "no-such-file"][..],
            1,
            "cannot be read",
        ),
    ] {
        let refused = run(&mut takt(arguments)?, SHORT)?.expect(code)?;
        ensure(
            refused.stderr.contains(said) && refused.stdout.is_empty(),
            || refused.stderr.clone(),
        )?;
    }
    Ok(())
}

/// A car of four parts: the battery's bill stands twice and names another company, the engine has no twin, the glue and the seat supply
/// each other.
const TWINS: &str = r##"{"https://catenax.io/schema/TestDataContainer/1.0.0": [
 {"catenaXId": "urn:uuid:1", "bpnl": "BPNLOEM",
  "urn:samm:io.catenax.part_as_planned:2.0.0#PartAsPlanned": [{"partTypeInformation": {"manufacturerPartId": "ZX-55", "nameAtManufacturer": "Vehicle Model A"}}],
  "urn:samm:io.catenax.single_level_bom_as_planned:3.0.0#SingleLevelBomAsPlanned": [
   {"childItems": [{"catenaXId": "urn:uuid:2", "businessPartner": "BPNLX", "quantity": {"unit": "unit:piece", "value": 1}},
                   {"catenaXId": "urn:uuid:9", "businessPartner": "BPNLM", "quantity": {"unit": "unit:piece", "value": 0.3301}}]},
   {"childItems": [{"catenaXId": "urn:uuid:2", "businessPartner": "BPNLX"}]}]},
 {"catenaXId": "urn:uuid:2", "bpnl": "BPNLA",
  "urn:samm:io.catenax.part_as_planned:2.0.0#PartAsPlanned": [{"partTypeInformation": {"manufacturerPartId": "B-1", "nameAtManufacturer": "Battery"}}]},
 {"catenaXId": "urn:uuid:3", "bpnl": "BPNLA",
  "urn:samm:io.catenax.single_level_usage_as_planned:1.1.0#SingleLevelUsageAsPlanned": [{"parentParts": [{"parentCatenaXId": "urn:uuid:1"}, {"parentCatenaXId": "urn:uuid:4"}]}]},
 {"catenaXId": "urn:uuid:4", "bpnl": "BPNLG",
  "urn:samm:io.catenax.part_as_planned:2.0.0#PartAsPlanned": [{"partTypeInformation": {"manufacturerPartId": "G-1", "nameAtManufacturer": "Glue"}}],
  "urn:samm:io.catenax.single_level_usage_as_planned:1.1.0#SingleLevelUsageAsPlanned": [{"parentParts": [{"parentCatenaXId": "urn:uuid:3"}]}]}]}"##;

#[test]
fn catena_x_twins_are_a_network_with_the_names_of_the_file() -> Result {
    let folder = tempdir()?;
    let file = write(&folder, "twins.json", TWINS)?;
    let path = file.to_string_lossy();
    let whole = told(&["chain", "--catena-x", &folder.path().to_string_lossy()])?;
    let network = &whole["networks"][0];
    for (key, wanted) in [
        ("twins", 4),
        ("planned_twins", 4),
        ("named_parts", 3),
        ("companies", 4),
        ("links", 5),
        ("listed", 3),
        ("told_by_supplier_only", 3),
    ] {
        same(key, network[key].as_i64(), Some(wanted))?;
    }
    same(
        "tops",
        &network["tops"],
        &serde_json::json!(["BPNLOEM/Vehicle Model A"]),
    )?;
    same(
        "tombstones",
        &network["tombstones"],
        &serde_json::json!(["BPNLM/urn:uuid:9"]),
    )?;
    same(
        "another company",
        network["other_company"][0]["bill_says"].as_str(),
        Some("BPNLX"),
    )?;
    same(
        "cycle",
        &network["cycle"],
        &serde_json::json!(["BPNLA/urn:uuid:3", "BPNLG/Glue"]),
    )?;
    let walk = told(&["chain", "--catena-x", &path, "--from", "Vehicle Model A"])?;
    same("sites", length(&walk["sites"]), 5)?;
    same("status", walk["result_status"].as_str(), Some("COMPLETE"))
}
