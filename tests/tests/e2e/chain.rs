//! The tier network as people meet it: the command over a folder and over Catena-X files, its picture, and the service that answers alike
//! and takes hostile links.
//!
//! It must not know how chains are added up.

use serde_json::Value;
use takt_contract::{
    date_pb,
    procurement::v1::{self as pb, supply_network_service_client::SupplyNetworkServiceClient},
};
use takt_kernel::{Date, RequestId};
use takt_tests::{
    Failure, Result, ensure, place,
    process::{run, write},
    replay::takt,
    suite::{Service, Setup},
};
use tempfile::tempdir;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::{SHORT, suite_with_su7};

const AS_OF: &str = "2024-03-29";
/// Rays of the star and links of the chain that the service is given.
const RAYS: usize = 10_000;
const DEEP: usize = 3_000;

type Network = SupplyNetworkServiceClient<Channel>;

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

fn hostile(from: (&str, &str), to: (&str, &str)) -> pb::NetworkLink {
    pb::NetworkLink {
        from_supplier_id: from.0.to_owned(),
        from_item_id: from.1.to_owned(),
        to_supplier_id: to.0.to_owned(),
        to_item_id: to.1.to_owned(),
        quantity_thousandths: 1_000,
        share_millionths: 100,
        lead_time_days: Some(1),
        evidence: pb::LinkEvidence::Inferred.into(),
        confidence_millionths: Some(500_000),
        ..pb::NetworkLink::default()
    }
}

async fn declare(
    network: &mut Network,
    name: &str,
    links: &[pb::NetworkLink],
) -> Result<pb::DeclareLinksResponse> {
    let messages: Vec<_> = (links.chunks(2_000).enumerate())
        .map(|(at, some)| pb::DeclareLinksRequest {
            request_id: RequestId::named(&format!("{name} {at}")).to_string(),
            links: some.to_vec(),
        })
        .collect();
    Ok(network
        .declare_links(tokio_stream::iter(messages))
        .await?
        .into_inner())
}

/// The sites and the status of a walk.
async fn walked(
    network: &mut Network,
    start: (&str, &str),
    budget: i32,
) -> Result<(usize, pb::ResultStatus)> {
    let asked = pb::TraverseRequest {
        supplier_id: start.0.to_owned(),
        item_id: start.1.to_owned(),
        max_depth: 1_000_000,
        node_budget: budget,
        as_of: Some(date_pb(Date::parse(AS_OF)?)),
        ..pb::TraverseRequest::default()
    };
    let mut stream = network.traverse(asked).await?.into_inner();
    let (mut sites, mut status) = (0, pb::ResultStatus::Unspecified);
    while let Some(message) = stream.message().await? {
        sites += message.nodes.len();
        status = message.result_status();
    }
    Ok((sites, status))
}

#[test]
fn the_service_answers_as_the_command_does_and_ends_within_its_budget() -> Result {
    let folder = tempdir()?;
    let suite = suite_with_su7(folder.path(), Setup::default())?;
    let command = told(&["chain", "su7", "--item", "BM-01"])?;
    let address = format!("http://{}", suite.address(Service::Procurement));
    Runtime::new()?.block_on(async {
        let mut network = SupplyNetworkServiceClient::connect(address).await?;
        let asked = pb::GetChainEfficiencyRequest {
            item_id: "BM-01".to_owned(),
            as_of: Some(date_pb(Date::parse(AS_OF)?)),
        };
        let answer = network
            .get_chain_efficiency(asked.clone())
            .await?
            .into_inner();
        for (leg, name) in [(&answer.direct, "direct"), (&answer.indirect, "indirect")] {
            let leg = leg.as_ref().ok_or_else(|| Failure::new("no leg"))?;
            let told = &command[name];
            let number = |key: &str| told[key].as_f64().unwrap_or(-1.0);
            same(
                name,
                leg.lead_time_millihours as f64 / 24_000.0,
                number("lead_days"),
            )?;
            same(
                name,
                leg.process_millihours as f64 / 1000.0,
                number("process_hours"),
            )?;
            same(
                name,
                leg.wait_millihours as f64 / 1000.0,
                number("wait_hours"),
            )?;
            same(name, leg.yield_millionths as f64 / 1e6, number("yield"))?;
            same(name, leg.concentration_index, told["hhi"].as_i64())?;
        }
        same(
            "path",
            answer
                .path
                .iter()
                .map(|link| format!("{}/{}", link.from_supplier_id, link.from_item_id))
                .collect(),
            (command["path"].as_array().into_iter().flatten())
                .filter_map(|site| site.as_str().map(str::to_owned))
                .collect::<Vec<_>>(),
        )?;

        // A star of one hub behind many makers of one item, and a chain.
        let names: Vec<String> = (0..RAYS).map(|ray| format!("RAY{ray}")).collect();
        let star: Vec<_> = (names.iter())
            .flat_map(|ray| {
                [
                    hostile(("HUB", "ORE"), (ray, "BAR")),
                    hostile((ray, "BAR"), ("FORGE", "ROD")),
                ]
            })
            .collect();
        let answer = declare(&mut network, "star", &star).await?;
        same(
            "star",
            (answer.declared_count, answer.refused_count),
            (2 * RAYS as i64, 0),
        )?;
        let names: Vec<String> = (0..DEEP).map(|link| format!("DEEP{link}")).collect();
        let chain: Vec<_> = (names.iter().zip(names.iter().skip(1)))
            .map(|(to, from)| hostile((from, "PART"), (to, "PART")))
            .collect();
        let answer = declare(&mut network, "chain", &chain).await?;
        same("chain", answer.refused_count, 0)?;
        same(
            "star",
            walked(&mut network, ("FORGE", "ROD"), 500).await?,
            (500, pb::ResultStatus::Partial),
        )?;
        same(
            "star",
            walked(&mut network, ("FORGE", "ROD"), 0).await?,
            (10_000, pb::ResultStatus::Partial),
        )?;
        same(
            "star",
            walked(&mut network, ("FORGE", "ROD"), 100_000).await?,
            (RAYS + 2, pb::ResultStatus::Complete),
        )?;
        same(
            "chain",
            walked(&mut network, ("DEEP0", "PART"), 0).await?,
            (DEEP, pb::ResultStatus::Complete),
        )?;
        // Bent to a ring it is refused with its name, and nothing of it stays.
        let ring = hostile(("DEEP0", "PART"), (&format!("DEEP{}", DEEP - 1), "PART"));
        let answer = declare(&mut network, "ring", &[ring]).await?;
        let reason = answer
            .refused
            .first()
            .map_or("", |flaw| flaw.reason.as_str());
        ensure(
            reason.contains("closes the cycle DEEP") && reason.contains("more) > DEEP"),
            || reason.to_owned(),
        )?;
        let again = network.get_chain_efficiency(asked).await?.into_inner();
        same(
            "path",
            again.path.len(),
            command["path"].as_array().map_or(0, Vec::len),
        )
    })
}
