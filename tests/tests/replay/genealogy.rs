//! Which lot went into which vehicle, asked of the services and computed a second time one position at a time: every
//! vehicle in the order of its build takes the quantity of its own bill of material from the lots of its day.
//!
//! It must not use the mathematics of the services: the bill of material is exploded here anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use takt_contract::{
    common::v1::Date,
    procurement::v1::{
        BlockLotsRequest, GetLotRequest, GetReservationRequest, LedgerKind, LotState,
        StreamLedgerRequest, inbound_service_client::InboundServiceClient,
        material_service_client::MaterialServiceClient,
    },
    production::v1::{
        ListVehiclesRequest, TraceBackwardRequest, TraceForwardRequest, TraceMode, TraceScope,
        Vehicle, vehicle_service_client::VehicleServiceClient,
    },
};
use takt_tests::{
    Failure, Result, ensure,
    folder::{Row, rows},
    place,
    replay::Replay,
    seed::Dice,
    suite::{Service, Suite},
};
use tempfile::tempdir;
use tonic::transport::{Channel, Endpoint};

use crate::VEHICLES;

/// A part that two suppliers share, one that STD and PRO alone carry, one with a serial, one of several a vehicle,
/// one by weight.
const ITEMS: [&str; 5] = ["BS-01", "CF-07", "AD-02", "WH-01", "PT-C1"];
/// The item of which a lot is kept back in the middle of the run.
const BLOCKED: &str = "CF-07";

/// One line of the bill of material.
struct Line {
    child: String,
    /// Millionths.
    quantity: i128,
    condition: Vec<(String, Vec<String>)>,
}

/// The bill of material by parent, and the items that are bought.
struct Bill {
    children: BTreeMap<String, Vec<Line>>,
    bought: BTreeSet<String>,
    root: String,
}

impl Bill {
    fn read() -> Result<Self> {
        let lines = rows(&place::programme(), "bom.csv")?;
        let items = rows(&place::programme(), "items.csv")?;
        let below: BTreeSet<&str> = lines.iter().map(|line| line.get("child")).collect();
        let root = items
            .iter()
            .map(|item| item.get("item_id"))
            .find(|item| !below.contains(item));
        let bought = items.iter().filter(|item| item.get("make_buy") == "buy");
        let mut bill = Self {
            children: BTreeMap::new(),
            bought: bought.map(|item| item.get("item_id").to_owned()).collect(),
            root: root.unwrap_or_default().to_owned(),
        };
        for line in &lines {
            bill.children
                .entry(line.get("parent").to_owned())
                .or_default()
                .push(Line {
                    child: line.get("child").to_owned(),
                    quantity: millionths(line.get("qty"))?,
                    condition: condition(line),
                });
        }
        Ok(bill)
    }

    /// The thousandths of every bought item in a vehicle.
    fn explode(&self, vehicle: &Vehicle) -> BTreeMap<String, i64> {
        let mut fine = BTreeMap::new();
        self.walk(&self.root, 1_000_000_000_000, vehicle, &mut fine);
        let whole = |quantity: i128| {
            i64::try_from((quantity + 999_999_000) / 1_000_000_000).unwrap_or(i64::MAX)
        };
        fine.into_iter()
            .map(|(item, quantity)| (item, whole(quantity)))
            .collect()
    }

    fn walk(
        &self,
        parent: &str,
        quantity: i128,
        vehicle: &Vehicle,
        fine: &mut BTreeMap<String, i128>,
    ) {
        if self.bought.contains(parent) {
            *fine.entry(parent.to_owned()).or_default() += quantity;
        }
        for line in self.children.get(parent).into_iter().flatten() {
            let chosen = |key: &str| {
                let option = vehicle.options.get(key).map(String::as_str);
                if key == "VAR" {
                    Some(vehicle.variant_id.as_str())
                } else {
                    option
                }
            };
            let holds = |(key, values): &(String, Vec<String>)| {
                chosen(key).is_some_and(|chosen| values.iter().any(|value| value == chosen))
            };
            if line.condition.iter().all(holds) {
                self.walk(
                    &line.child,
                    quantity * line.quantity / 1_000_000,
                    vehicle,
                    fine,
                );
            }
        }
    }
}

fn condition(line: &Row) -> Vec<(String, Vec<String>)> {
    let parts = line
        .get("variant_condition")
        .split(';')
        .filter_map(|part| part.split_once('='));
    parts
        .map(|(key, values)| {
            (
                key.to_owned(),
                values.split(',').map(str::to_owned).collect(),
            )
        })
        .collect()
}

fn millionths(text: &str) -> Result<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    ensure(part.len() <= 6, || format!("{text} has too many decimals"))?;
    Ok(whole.parse::<i128>()? * 1_000_000 + format!("{part:0<6}").parse::<i128>()?)
}

/// The services, spoken to.
struct Clients {
    inbound: InboundServiceClient<Channel>,
    material: MaterialServiceClient<Channel>,
    vehicle: VehicleServiceClient<Channel>,
}

impl Clients {
    fn of(suite: &Suite) -> Result<Self> {
        let channel = |service| -> Result<Channel> {
            let endpoint = Endpoint::from_shared(format!("http://{}", suite.address(service)))?;
            Ok(endpoint.timeout(Duration::from_secs(60)).connect_lazy())
        };
        let procurement = channel(Service::Procurement)?;
        Ok(Self {
            inbound: InboundServiceClient::new(procurement.clone()),
            material: MaterialServiceClient::new(procurement),
            vehicle: VehicleServiceClient::new(channel(Service::Production)?),
        })
    }

    async fn vehicles(&mut self) -> Result<Vec<Vehicle>> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let page = self
                .vehicle
                .list_vehicles(ListVehiclesRequest {
                    page_size: 1000,
                    page_token,
                })
                .await?
                .into_inner();
            all.extend(page.vehicles);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// The lots of an item in the order in which they moved.
    async fn lots(&mut self, item: &str) -> Result<Vec<String>> {
        let request = StreamLedgerRequest {
            item_id: item.to_owned(),
            ..StreamLedgerRequest::default()
        };
        let mut stream = self.material.stream_ledger(request).await?.into_inner();
        let mut lots = Vec::new();
        while let Some(page) = stream.message().await? {
            let received = page
                .entries
                .into_iter()
                .filter(|entry| entry.kind() == LedgerKind::Receipt);
            lots.extend(received.map(|entry| entry.lot_id));
        }
        Ok(lots)
    }

    /// The vehicles that a lot ever went into, as the services tell: workshops take parts out later.
    async fn forward(&mut self, lot_id: &str) -> Result<BTreeSet<String>> {
        let scope = TraceScope {
            mode: TraceMode::Ever.into(),
            ..TraceScope::default()
        };
        let request = TraceForwardRequest {
            lot_id: lot_id.to_owned(),
            scope: Some(scope),
            ..TraceForwardRequest::default()
        };
        let mut vins = BTreeSet::new();
        let mut stream = self.vehicle.trace_forward(request).await?.into_inner();
        while let Some(page) = stream.message().await? {
            vins.extend(page.vehicles.into_iter().map(|vehicle| vehicle.vin));
        }
        Ok(vins)
    }

    /// The item, lot and serial of every part of a vehicle as it was built, as the services tell.
    async fn backward(&mut self, vehicle: &Vehicle) -> Result<Vec<(String, String, String)>> {
        let scope = TraceScope {
            as_of: vehicle.built_on,
            ..TraceScope::default()
        };
        let request = TraceBackwardRequest {
            vin: vehicle.vin.clone(),
            scope: Some(scope),
            ..TraceBackwardRequest::default()
        };
        let mut stream = self.vehicle.trace_backward(request).await?.into_inner();
        let mut parts = Vec::new();
        while let Some(page) = stream.message().await? {
            parts.extend(
                page.parts
                    .into_iter()
                    .map(|part| (part.item_id, part.lot_id, part.serial_number)),
            );
        }
        Ok(parts)
    }

    /// Keeps back a lot of which some is left, and answers with it.
    async fn block_a_lot(&mut self, item: &str) -> Result<String> {
        for lot_id in self.lots(item).await?.into_iter().rev() {
            let lot = self
                .inbound
                .get_lot(GetLotRequest {
                    lot_id: lot_id.clone(),
                })
                .await?
                .into_inner()
                .lot;
            let lot = lot.unwrap_or_default();
            if lot.state() == LotState::Released && lot.on_hand_thousandths > 0 {
                let request = BlockLotsRequest {
                    request_id: "7d444840-9dc0-41d1-b245-5ffdce74fad2".to_owned(),
                    lot_ids: vec![lot_id.clone()],
                    reason: "a test keeps it back".to_owned(),
                };
                self.inbound.block_lots(request).await?;
                return Ok(lot_id);
            }
        }
        Err(Failure::new(format!("no lot of {item} has anything left")))
    }
}

/// One row a position: the vehicle, the item, the lot.
type Position = (String, String, String);

/// Hands the lots of each day to its vehicles, one position after the other.
async fn by_hand(
    clients: &mut Clients,
    bill: &Bill,
    vehicles: &[Vehicle],
) -> Result<BTreeSet<Position>> {
    let mut days: BTreeMap<Date3, Vec<&Vehicle>> = BTreeMap::new();
    for vehicle in vehicles.iter().filter(|vehicle| vehicle.build_number > 0) {
        days.entry(date(vehicle.built_on.as_ref()))
            .or_default()
            .push(vehicle);
    }
    let mut positions = BTreeSet::new();
    for ((year, month, day), mut vehicles) in days {
        vehicles.sort_by_key(|vehicle| vehicle.build_number);
        let reservation_id = format!("build-{year:04}-{month:02}-{day:02}");
        let answer = clients
            .material
            .get_reservation(GetReservationRequest { reservation_id })
            .await?
            .into_inner();
        let mut lots: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
        for item in answer.items {
            let queue = item
                .lots
                .into_iter()
                .rev()
                .map(|lot| (lot.lot_id, lot.thousandths));
            lots.insert(item.item_id, queue.collect());
        }
        for vehicle in vehicles {
            for (item, mut need) in bill.explode(vehicle) {
                let queue = lots.entry(item.clone()).or_default();
                while need > 0 {
                    let Some((lot, left)) = queue.last_mut() else {
                        return Err(Failure::new(format!(
                            "{}: {need} of {item} come from nowhere",
                            vehicle.vin
                        )));
                    };
                    let taken = need.min(*left);
                    (need, *left) = (need - taken, *left - taken);
                    positions.insert((vehicle.vin.clone(), item.clone(), lot.clone()));
                    if *left == 0 {
                        queue.pop();
                    }
                }
            }
        }
        for (item, rest) in lots {
            ensure(rest.is_empty(), || {
                format!("{item}: {rest:?} were issued for no vehicle on {year}-{month}-{day}")
            })?;
        }
    }
    Ok(positions)
}

type Date3 = (i32, i32, i32);

fn date(date: Option<&Date>) -> Date3 {
    date.map(|date| (date.year, date.month, date.day))
        .unwrap_or_default()
}

#[test]
fn the_inverse_of_every_trace_equals_brute_force() -> Result {
    let (databases, run) = (tempdir()?, tempdir()?);
    let suite = Suite::start(databases.path())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // A car that the line pulls out, so that its number is older than its parts, and one that quality keeps back.
    let replay = Replay::su7(run.path()).vehicles(VEHICLES).with(&[
        "--endpoints",
        &suite.endpoints(),
        "--pull",
        "2024-05-20:0",
        "--hold",
        "2024-05-21:0",
    ]);
    replay
        .clone()
        .with(&["--until", "2024-06-10"])
        .run()?
        .ok()?;
    let mut clients = runtime.block_on(async { Clients::of(&suite) })?;
    let blocked = runtime.block_on(clients.block_a_lot(BLOCKED))?;
    let before = runtime.block_on(clients.forward(&blocked))?;
    replay.run()?.ok()?;
    // Nobody answered the servers' probes while the replay ran, so the connections from before it may be closed.
    let mut clients = runtime.block_on(async { Clients::of(&suite) })?;
    runtime.block_on(compared(&mut clients, &blocked, &before))
}

async fn compared(clients: &mut Clients, blocked: &str, before: &BTreeSet<String>) -> Result {
    let bill = Bill::read()?;
    let vehicles = clients.vehicles().await?;
    ensure(vehicles.len() >= 990, || {
        format!("only {} vehicles were built", vehicles.len())
    })?;
    let positions = by_hand(clients, &bill, &vehicles).await?;

    // What went into a vehicle.
    let mut told = BTreeSet::new();
    let mut serials = BTreeSet::new();
    for vehicle in &vehicles {
        for (item, lot, serial) in clients.backward(vehicle).await? {
            if !serial.is_empty() {
                let fresh = serials.insert((item.clone(), serial.clone()));
                ensure(fresh, || format!("{item} {serial} is there twice"))?;
            }
            // A pack that is made here has its serial and the lot of the plant; by hand there are bought parts alone.
            if bill.bought.contains(&item) {
                told.insert((vehicle.vin.clone(), item, lot));
            } else {
                ensure(
                    !serial.is_empty() && lot.starts_with(&format!("{item}.")),
                    || format!("{}: {item} of lot {lot} has no serial", vehicle.vin),
                )?;
            }
        }
    }
    let differ: Vec<_> = positions.symmetric_difference(&told).take(10).collect();
    ensure(differ.is_empty(), || {
        format!(
            "{} positions by hand, {} told: {differ:?}",
            positions.len(),
            told.len()
        )
    })?;

    // Which vehicles a lot went into: every lot of some items, and some lots of all.
    let mut inverse: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (vin, _, lot) in &positions {
        inverse.entry(lot).or_default().insert(vin.clone());
    }
    let mut dice = Dice::new(1, "lots");
    let is_of = |lot: &str| {
        ITEMS
            .iter()
            .any(|item| lot.starts_with(&format!("{item}.")))
    };
    let asked: Vec<&str> = inverse
        .keys()
        .copied()
        .filter(|lot| is_of(lot) || dice.below(100) == 0)
        .collect();
    for lot in asked {
        let (told, by_hand) = (
            clients.forward(lot).await?,
            inverse.get(lot).cloned().unwrap_or_default(),
        );
        ensure(told == by_hand, || {
            format!("{lot}: {told:?} told, {by_hand:?} by hand")
        })?;
    }

    // The cases that this test is about are really in it.
    let of = |item: &str| -> BTreeSet<&str> {
        let lots = inverse
            .keys()
            .filter(|lot| lot.starts_with(&format!("{item}.")));
        lots.filter_map(|lot| lot.split('.').nth(1)).collect()
    };
    ensure(of("BS-01").len() == 2, || {
        format!("BS-01 comes from {:?}", of("BS-01"))
    })?;
    let in_max = positions.iter().filter(|(_, item, _)| item == BLOCKED);
    let variants: BTreeMap<&str, &str> = vehicles
        .iter()
        .map(|vehicle| (vehicle.vin.as_str(), vehicle.variant_id.as_str()))
        .collect();
    ensure(
        in_max
            .clone()
            .all(|(vin, _, _)| variants.get(vin.as_str()) != Some(&"MAX")),
        || format!("{BLOCKED} is in a MAX"),
    )?;
    ensure(clients.forward(blocked).await? == *before, || {
        format!("{blocked} was kept back and used all the same")
    })?;
    let in_line: Vec<_> = vehicles
        .iter()
        .map(|vehicle| vehicle.vin.get(11..).unwrap_or_default())
        .collect();
    ensure(!in_line.is_sorted(), || {
        "no car was built out of the order of its number".to_owned()
    })?;
    let is_held = |vehicle: &Vehicle| {
        date(vehicle.built_on.as_ref()) == (2024, 5, 21)
            && date(vehicle.released_on.as_ref()) != (2024, 5, 21)
    };
    ensure(vehicles.iter().any(is_held), || {
        "no car was kept back".to_owned()
    })
}
