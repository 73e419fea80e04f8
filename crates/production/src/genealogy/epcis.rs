//! The life of vehicles and packs as EPCIS 2.0 events in the words of the Core Business Vocabulary 2.0 (GS1, 2022).
//!
//! It must not know JSON. A vehicle or a pack that the plant makes is a transformation of lots; pieces that keep their
//! identity are associated with it, and so are parts that are swapped; what suppliers tell of their units is an
//! aggregation. A VIN has no GS1 key, and nobody here has a GS1 company prefix, so things are named by URNs of our own:
//! `urn:takt:vin:..`, `urn:takt:piece:..`, `urn:takt:lot:..`, `urn:takt:site:..`, `urn:takt:order:..`. Invariants: an event
//! keeps its id however often it is told; what was found wrong is told with its error declaration.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use takt_contract::production::v1::{self as pb, EpcisEventType};
use takt_kernel::{Date, RequestId, Vin, Violations, Zone};
use takt_planning::genealogy::{Edge, Node, Way};
use takt_service::{
    Call, Error, Tx,
    stream::{Answers, pages},
};
use tonic::{Request, Response, Status};

use super::{
    base::Base,
    history::{Step, Told, steps},
    names::{Name, Names},
    trace::edges_of,
    wire,
};
use crate::{
    Production,
    product::{
        Product,
        store::{date_of, index_of},
    },
    vehicle::{
        Vehicle,
        store::{vehicle_fetch, vehicles_built_page},
    },
};

/// The vehicles that are read at once.
const VEHICLES: i64 = 20;
/// The levels of units in units that are told.
const DEPTH: usize = 16;

/// Streams the events of a vehicle, or of those that were completed between two days.
pub async fn events(
    production: &Production,
    request: Request<pb::StreamEpcisEventsRequest>,
) -> Result<Response<Answers<pb::StreamEpcisEventsResponse>>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let mut violations = Violations::new();
    let asked = if message.vin.is_empty() {
        let (from, to) =
            wire::range_of(message.from.as_ref(), message.to.as_ref(), &mut violations);
        Some(Asked::Built(from, to))
    } else {
        let vin = violations.check("vin", Vin::parse(&message.vin));
        vin.map(Asked::Vin)
    };
    let asked = violations.finish_with(asked).map_err(Error::from)?;
    let product = production.products.get(&call).await?;
    let store = production.deps.store.clone();
    let read = move |after: i64| {
        let (store, call, product) = (store.clone(), call.clone(), Arc::clone(&product));
        async move {
            let read = store.read(&call, "epcis_events", move |tx| {
                let product = Arc::clone(&product);
                Box::pin(async move { page(tx, &product, asked, after).await })
            });
            read.await
        }
    };
    let message = |events| pb::StreamEpcisEventsResponse { events };
    Ok(Response::new(pages(0, read, message)))
}

/// Whose events are asked for.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Vin(Vin),
    Built(Date, Date),
}

async fn page(
    tx: &Tx,
    product: &Product,
    asked: Asked,
    after: i64,
) -> Result<(Vec<pb::EpcisEvent>, Option<i64>), Error> {
    let (vehicles, next) = match asked {
        Asked::Vin(vin) => (vec![vehicle_fetch(tx, &vin).await?], None),
        Asked::Built(from, to) => {
            let vehicles = vehicles_built_page(tx, from, to, after, VEHICLES).await?;
            let full = i64::try_from(vehicles.len()).is_ok_and(|count| count == VEHICLES);
            let last = vehicles.last().map(|vehicle| vehicle.build_number);
            (vehicles, last.filter(|_| full))
        }
    };
    let built: Vec<&Vehicle> = vehicles.iter().filter(|car| car.build_number > 0).collect();
    let below = below(tx, product, &built).await?;
    let nodes = below
        .values()
        .flatten()
        .flat_map(|edge| [edge.parent, edge.child]);
    let names = Names::fetch(tx, nodes).await?;
    let zone = Zone::named(&product.programme.time_zone)
        .map_err(|error| Error::broken(error.to_string()))?;
    let teller = Teller {
        product,
        names,
        recorded: recorded_fetch(tx, &below).await?,
        zone,
    };
    let mut events = Vec::new();
    for vehicle in built {
        teller.vehicle(vehicle, &below, &mut events);
    }
    Ok((events, next))
}

/// Every version of every edge below some vehicles, by unit.
async fn below(
    tx: &Tx,
    product: &Product,
    vehicles: &[&Vehicle],
) -> Result<HashMap<Node, Vec<Edge>>, Error> {
    let mut base = Base::default();
    let mut all: HashMap<Node, Vec<Edge>> = HashMap::new();
    let first = vehicles.iter().map(|car| Node::Vehicle(car.build_number));
    let mut level: BTreeSet<Node> = first.collect();
    for _ in 0..DEPTH {
        if level.is_empty() {
            break;
        }
        let units: Vec<Node> = level.iter().copied().collect();
        let edges = edges_of(tx, product, &mut base, Way::Down, &units).await?;
        for unit in &units {
            all.insert(*unit, Vec::new());
        }
        for edge in edges
            .into_iter()
            .filter(|edge| level.contains(&edge.parent))
        {
            all.entry(edge.parent).or_default().push(edge);
        }
        let inside = units.iter().filter_map(|unit| all.get(unit)).flatten();
        let single = inside
            .map(|edge| edge.child)
            .filter(|node| node.is_single());
        level = single.filter(|node| !all.contains_key(node)).collect();
    }
    Ok(all)
}

/// When the records that edges name were written down.
async fn recorded_fetch(
    tx: &Tx,
    below: &HashMap<Node, Vec<Edge>>,
) -> Result<HashMap<i64, i64>, Error> {
    let edges = below.values().flatten();
    let records: BTreeSet<i64> = edges
        .flat_map(|edge| [edge.recorded.from, edge.recorded.to])
        .collect();
    let list = records
        .iter()
        .map(|number| vec![(*number).into()])
        .collect();
    let query = "SELECT k.record_no, k.recorded_at FROM v JOIN asbuilt_record AS k ON k.record_no = v.record_no";
    let rows = tx.rows_for(&["record_no"], list, query).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// Tells events.
struct Teller<'p> {
    product: &'p Product,
    names: Names,
    recorded: HashMap<i64, i64>,
    zone: Zone,
}

impl Teller<'_> {
    fn vehicle(
        &self,
        vehicle: &Vehicle,
        below: &HashMap<Node, Vec<Edge>>,
        events: &mut Vec<pb::EpcisEvent>,
    ) {
        let root = Node::Vehicle(vehicle.build_number);
        let mut told = Vec::new();
        let mut units = vec![root];
        let mut seen = BTreeSet::from([root]);
        while let Some(unit) = units.pop() {
            let edges = below.get(&unit).map_or(&[][..], Vec::as_slice);
            self.unit(vehicle, unit, edges, &mut told);
            let inside = edges.iter().map(|edge| edge.child);
            units.extend(inside.filter(|node| below.contains_key(node) && seen.insert(*node)));
        }
        for (on, step, disposition) in [
            (vehicle.released_on, "inspecting", "conformant"),
            (vehicle.dispatched_on, "departing", "in_transit"),
            (vehicle.handed_over_on, "retail_selling", "retail_sold"),
        ] {
            let Some(on) = on else { continue };
            let mut event = self.event(EpcisEventType::Object, "OBSERVE", on, root, step);
            event.biz_step = step.to_owned();
            event.disposition = disposition.to_owned();
            event.epcs = vec![self.uri(root)];
            if step == "retail_selling" {
                event.read_point.clear();
            }
            told.push(event);
        }
        // Days run on, and within a day things are made before they are put together.
        told.sort_by_key(|event| {
            (
                event.event_time.map_or(0, |time| time.seconds),
                event.r#type != 2,
                event.r#type,
            )
        });
        events.extend(told);
    }

    /// What happened to a unit: what it was made of, and what came and went.
    fn unit(&self, vehicle: &Vehicle, unit: Node, edges: &[Edge], told: &mut Vec<pb::EpcisEvent>) {
        let steps = steps(edges);
        let (mut made, mut pieces) = (Vec::new(), Vec::new());
        for (step, known) in &steps {
            match (
                known.built && known.wrong_since.is_none(),
                step.part.is_single(),
            ) {
                (false, _) => told.push(self.step(unit, step, known, &steps)),
                (true, false) => made.push((step, known)),
                (true, true) => pieces.push((step, known)),
            }
        }
        let built = made.first().or(pieces.first()).copied();
        let Some((first, known)) = built else { return };
        let on = date_of(first.on);
        if !made.is_empty() {
            let kind = EpcisEventType::Transformation;
            let mut event = self.event(kind, "", on, unit, "commissioning");
            event.biz_step = "commissioning".to_owned();
            event.disposition = "active".to_owned();
            event.output_epcs = vec![self.uri(unit)];
            let inputs = made.iter();
            event.quantities = inputs
                .map(|(step, known)| self.quantity(step, known))
                .collect();
            event.production_order = uri("order", &vehicle.order_id);
            event.recorded_at = self.instant(known.since);
            told.push(event);
        }
        if !pieces.is_empty() {
            let kind = EpcisEventType::Association;
            let mut event = self.event(kind, "ADD", on, unit, "installing");
            event.biz_step = "installing".to_owned();
            event.parent_id = self.uri(unit);
            event.epcs = pieces.iter().map(|(step, _)| self.uri(step.part)).collect();
            event.recorded_at = self.instant(known.since);
            told.push(event);
        }
    }

    /// A part that came or went by itself.
    fn step(
        &self,
        unit: Node,
        step: &Step,
        known: &Told,
        all: &BTreeMap<Step, Told>,
    ) -> pb::EpcisEvent {
        let foreign = matches!(step.part, Node::ForeignLot(_) | Node::ForeignPiece(_));
        let inside = foreign && !matches!(unit, Node::Vehicle(_));
        let (action, biz_step) = match (step.left, inside) {
            (true, _) => ("DELETE", "removing"),
            (false, true) => ("ADD", "assembling"),
            (false, false) => ("ADD", "installing"),
        };
        let kind = if inside {
            EpcisEventType::Aggregation
        } else {
            EpcisEventType::Association
        };
        let mut event = self.event(kind, action, date_of(step.on), unit, "");
        event.event_id = self.id(unit, step);
        event.biz_step = biz_step.to_owned();
        event.parent_id = self.uri(unit);
        if step.part.is_single() {
            event.epcs = vec![self.uri(step.part)];
        } else {
            event.quantities = vec![self.quantity(step, known)];
        }
        event.recorded_at = self.instant(known.since);
        // Where a part was replaced later is not known to the hour or the place.
        event.read_point.clear();
        if let Some(record) = known.wrong_since {
            let right =
                |(_, other): &(&Step, &Told)| other.since == record && other.wrong_since.is_none();
            let right = all
                .iter()
                .filter(right)
                .map(|(step, _)| self.id(unit, step));
            event.corrective_event_ids = right.collect();
            let is_replaced = !event.corrective_event_ids.is_empty();
            event.error_reason = if is_replaced {
                "incorrect_data"
            } else {
                "did_not_occur"
            }
            .to_owned();
            event.error_declared_at = self.instant(record);
        }
        event
    }

    fn event(
        &self,
        kind: EpcisEventType,
        action: &str,
        on: Date,
        unit: Node,
        step: &str,
    ) -> pb::EpcisEvent {
        let (micros, offset) = on.begins_at(&self.zone);
        pb::EpcisEvent {
            r#type: i32::from(kind),
            event_id: id(&format!("{}/{step}", self.uri(unit))),
            event_time: wire::instant_pb(micros),
            zone_offset_minutes: offset,
            action: action.to_owned(),
            read_point: uri("site", &self.product.programme.plant_id),
            ..pb::EpcisEvent::default()
        }
    }

    fn id(&self, unit: Node, step: &Step) -> String {
        let way = if step.left { "left" } else { "came" };
        let (unit, part) = (self.uri(unit), self.uri(step.part));
        id(&format!("{unit}/{}/{part}/{way}/{}", step.item, step.on))
    }

    fn quantity(&self, step: &Step, known: &Told) -> pb::EpcisQuantity {
        let item = self.product.items.get(index_of(step.item));
        // A piece is counted without a unit of measure.
        let unit = item.map(|item| item.unit_code.as_str()).unwrap_or("H87");
        pb::EpcisQuantity {
            epc_class: self.uri(step.part),
            thousandths: known.quantity.milli(),
            unit_code: Some(unit)
                .filter(|code| *code != "H87")
                .unwrap_or("")
                .to_owned(),
        }
    }

    fn instant(&self, record: i64) -> Option<prost_types::Timestamp> {
        wire::instant_pb(self.recorded.get(&record).copied().unwrap_or(0))
    }

    fn uri(&self, node: Node) -> String {
        let Name {
            vin,
            lot_id,
            serial,
            supplier,
            external_id,
            ..
        } = self.names.of(self.product, node);
        match node {
            Node::Vehicle(_) => uri("vin", &vin),
            Node::Lot(_) => uri("lot", &lot_id),
            Node::Piece(..) => uri("piece", &serial),
            Node::Place(_) => uri("site", &self.product.programme.plant_id),
            // An id that is a URI already stays what it is.
            _ if external_id.contains(':') && encoded(&external_id) == external_id => external_id,
            Node::ForeignLot(_) => uri("lot", &format!("{supplier}:{lot_id}")),
            Node::ForeignPiece(_) => uri("piece", &format!("{supplier}:{serial}")),
        }
    }
}

fn uri(kind: &str, key: &str) -> String {
    format!("urn:takt:{kind}:{}", encoded(key))
}

/// A key as it may stand in a URN (RFC 8141); other bytes are percent-encoded.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn id(name: &str) -> String {
    format!("urn:uuid:{}", RequestId::named(&format!("epcis/{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_encoded_where_a_urn_wants_it() {
        assert_eq!(uri("lot", "W19.RIM.000001"), "urn:takt:lot:W19.RIM.000001");
        assert_eq!(uri("piece", "a b#c"), "urn:takt:piece:a%20b%23c");
        assert_eq!(id("x"), id("x"));
    }
}
