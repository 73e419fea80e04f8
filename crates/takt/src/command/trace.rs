//! `takt trace`: what is in a vehicle or another unit, or where a lot or piece is; on any day, as known at any time. It
//! must not know how the record is kept. Invariant: the question is one call, so its answer is one snapshot.
use clap::Args;
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::production::v1::part_ref::Name;
use takt_contract::production::v1::trace_scope::AsKnown;
use takt_contract::production::v1::vehicle_service_client::VehicleServiceClient;
use takt_contract::production::v1::{
    AsBuiltTree, GetAsBuiltTreeRequest, PartPlace, PartRef, PartUse, TraceForwardRequest,
    TraceForwardResponse, TraceMode, TraceScope, Vehicle,
};
use takt_kernel::{Date, Vin};

use super::target::TargetArgs;
use crate::connection::{Peer, ask, read};
use crate::failure::Outcome;
use crate::output::{Answer, Format, day, grouped, table, table_text, tell};

const EXAMPLES: &str = "\
Examples:
  takt trace LXMSU7A10RB000001 --data takt-data/su7      what is in a vehicle
  takt trace BS-01.FDB.000012 --data takt-data/su7       the vehicles with cells of a lot
  takt trace BAT-S.XIAOMI.000003-00001 --forward         where a pack is
  takt trace BAT-S.XIAOMI.000003-00001 --backward        what is in it
  takt trace LXMSU7A10RB000001 --as-of 2024-06-30        what was in it on a day, by what is known now
  takt trace LXMSU7A10RB000001 --as-of 2024-06-30 --as-known 230
  takt trace NO-341449 --ever                            wherever a supplier's batch ever was";

/// What `takt trace` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TraceArgs {
    /// A VIN, a lot, a serial number, a supplier's number or the id of an imported unit
    #[arg(value_name = "NAME")]
    name: String,

    /// Where it is: the vehicles and places that hold it [default for lots and pieces]
    #[arg(long, conflicts_with = "backward")]
    forward: bool,

    /// What is in it, as a tree [default for vehicles]
    #[arg(long)]
    backward: bool,

    /// At the end of this day [default: now]
    #[arg(long, value_name = "DATE", value_parser = Date::parse)]
    as_of: Option<Date>,

    /// As it was known: the number of a record, or an instant such as 2024-06-30T12:00:00Z [default: all that is known]
    #[arg(long, value_name = "RECORD|INSTANT", value_parser = known)]
    as_known: Option<Known>,

    /// Whatever ever was there until that day, not only what is there
    #[arg(long)]
    ever: bool,

    #[command(flatten)]
    target: TargetArgs,
}

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Record(i64),
    Instant(i64),
}

fn known(text: &str) -> Result<Known, String> {
    if let Ok(record) = text.parse::<i64>() {
        return Ok(Known::Record(record));
    }
    let wrong =
        || format!("{text:?} is neither a record nor an instant such as 2024-06-30T12:00:00Z");
    let (day, time) = text
        .strip_suffix('Z')
        .and_then(|text| text.split_once('T'))
        .ok_or_else(wrong)?;
    let day = Date::parse(day).map_err(|error| error.to_string())?;
    let parts: Vec<i64> = time
        .split(':')
        .map(|part| part.parse().map_err(|_| wrong()))
        .collect::<Result<_, _>>()?;
    let [hour @ 0..24, minute @ 0..60, second @ 0..60] = parts.as_slice() else {
        return Err(wrong());
    };
    let days = i64::from(day.epoch_day());
    Ok(Known::Instant(
        days * 86_400 + hour * 3600 + minute * 60 + second,
    ))
}

pub(super) async fn run(args: TraceArgs, output: Format) -> Outcome<()> {
    let scope = TraceScope {
        as_of: args.as_of.map(date_pb),
        mode: i32::from(if args.ever {
            TraceMode::Ever
        } else {
            TraceMode::Current
        }),
        as_known: args.as_known.map(|known| match known {
            Known::Record(number) => AsKnown::RecordNumber(number),
            Known::Instant(seconds) => {
                AsKnown::Instant(prost_types::Timestamp { seconds, nanos: 0 })
            }
        }),
        ..TraceScope::default()
    };
    let target = args.target.open().await?;
    let traced = traced(&target.peers.production, &args, &scope).await;
    match target.close_after(traced).await? {
        Traced::Down(tree) => tell(output, &*tree),
        Traced::Up(uses) => tell(output, &uses),
    }
}

enum Traced {
    Down(Box<Inside>),
    Up(Whereabouts),
}

async fn traced(peer: &Peer, args: &TraceArgs, scope: &TraceScope) -> Outcome<Traced> {
    let down = args.backward || (Vin::parse(&args.name).is_ok() && !args.forward);
    let part = PartRef {
        name: Some(Name::Any(args.name.clone())),
    };
    if down {
        let tree = inside(peer, part, scope).await?;
        return Ok(Traced::Down(Box::new(tree)));
    }
    let uses = whereabouts(peer, &args.name, part, scope).await?;
    Ok(Traced::Up(uses))
}

/// What is in a unit.
#[derive(Debug, Serialize)]
struct Inside {
    unit: Part,
    partial: bool,
    etag: String,
    record: i64,
}

/// A part with what is in it.
#[derive(Debug, Default, Serialize)]
struct Part {
    #[serde(skip_serializing_if = "String::is_empty")]
    vin: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    item: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    lot: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    serial: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    supplier: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    external_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    thousandths: i64,
    #[serde(skip_serializing_if = "is_zero")]
    record: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

async fn inside(peer: &Peer, unit: PartRef, scope: &TraceScope) -> Outcome<Inside> {
    let message = GetAsBuiltTreeRequest {
        unit: Some(unit),
        scope: Some(TraceScope {
            max_nodes: 10_000,
            ..*scope
        }),
    };
    let answer = ask!(
        peer,
        "read an as-built tree",
        VehicleServiceClient.get_as_built_tree,
        message
    )?;
    Ok(Inside {
        unit: part(&answer.tree.unwrap_or_default()),
        partial: answer.partial,
        etag: answer.etag,
        record: answer.record_number,
    })
}

fn part(tree: &AsBuiltTree) -> Part {
    let told = tree.part.clone().unwrap_or_default();
    Part {
        vin: tree.vin.clone(),
        item: told.item_id,
        name: told.name,
        // A serial number holds its lot.
        lot: if told.serial_number.is_empty() {
            told.lot_id
        } else {
            String::new()
        },
        serial: told.serial_number,
        supplier: told.supplier_id,
        external_id: told.external_id,
        from: day(told.valid_from.as_ref()),
        to: day(told.valid_to.as_ref()),
        thousandths: told.quantity_thousandths,
        record: told.record_number,
        parts: tree.parts.iter().map(part).collect(),
    }
}

impl Part {
    fn title(&self) -> &str {
        let names = [&self.vin, &self.serial, &self.lot, &self.external_id];
        names
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("", String::as_str)
    }

    fn line(&self, bars: &str, text: &mut String) {
        let item = if self.item.is_empty() {
            String::new()
        } else {
            format!("{}  ", self.item)
        };
        let span = match (&self.from, &self.to) {
            (None, _) => String::new(),
            (Some(from), None) => format!("  since {from}"),
            (Some(from), Some(to)) => format!("  {from} to {to}"),
        };
        let name = if self.name.is_empty() {
            String::new()
        } else {
            format!("  {}", self.name)
        };
        text.push_str(&format!("{bars}{item}{}{name}{span}\n", self.title()));
    }

    fn tree(&self, bars: &str, text: &mut String) {
        for (place, part) in (1..).zip(&self.parts) {
            let last = place == self.parts.len();
            let (bar, below) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            part.line(&format!("{bars}{bar}"), text);
            part.tree(&format!("{bars}{below}"), text);
        }
    }

    fn count(&self) -> i64 {
        self.parts.iter().map(|part| 1 + part.count()).sum()
    }
}

impl Answer for Inside {
    fn text(&self) -> String {
        let mut text = String::new();
        self.unit.line("", &mut text);
        self.unit.tree("", &mut text);
        let partial = if self.partial { ", and more" } else { "" };
        text.push_str(&format!(
            "\n{} parts{partial}, as known with record {}\n",
            grouped(self.unit.count()),
            self.record
        ));
        text
    }
}

/// Where a part is.
#[derive(Debug, Serialize)]
struct Whereabouts {
    part: String,
    vehicles: Vec<InVehicle>,
    elsewhere: Vec<Elsewhere>,
    partial: bool,
}

/// A vehicle that holds it.
#[derive(Debug, Serialize)]
struct InVehicle {
    vin: String,
    build_number: i64,
    variant: String,
    built_on: Option<String>,
    uses: Vec<Use>,
}

/// How it is in a unit.
#[derive(Debug, Serialize)]
struct Use {
    via: Vec<String>,
    from: Option<String>,
    to: Option<String>,
    thousandths: i64,
}

/// A place or unit that holds it and is in no vehicle.
#[derive(Debug, Serialize)]
struct Elsewhere {
    place: String,
    #[serde(flatten)]
    used: Use,
}

async fn whereabouts(
    peer: &Peer,
    name: &str,
    part: PartRef,
    scope: &TraceScope,
) -> Outcome<Whereabouts> {
    let message = TraceForwardRequest {
        part: Some(part),
        scope: Some(*scope),
        ..TraceForwardRequest::default()
    };
    let pages: Vec<TraceForwardResponse> = read!(
        peer,
        "trace forward",
        VehicleServiceClient.trace_forward,
        message,
        |page| vec![page]
    )?;
    let mut told = Whereabouts {
        part: name.to_owned(),
        vehicles: Vec::new(),
        elsewhere: Vec::new(),
        partial: pages.iter().any(|page| page.partial),
    };
    for page in pages {
        let mut uses: std::collections::BTreeMap<String, Vec<Use>> = Default::default();
        for one in page.uses {
            if one.vin.is_empty() {
                told.elsewhere.push(elsewhere(&one));
            } else {
                uses.entry(one.vin.clone()).or_default().push(used(&one));
            }
        }
        let in_vehicle = |vehicle: &Vehicle| InVehicle {
            vin: vehicle.vin.clone(),
            build_number: vehicle.build_number,
            variant: vehicle.variant_id.clone(),
            built_on: day(vehicle.built_on.as_ref()),
            uses: uses.remove(&vehicle.vin).unwrap_or_default(),
        };
        told.vehicles.extend(page.vehicles.iter().map(in_vehicle));
    }
    Ok(told)
}

fn used(one: &PartUse) -> Use {
    Use {
        via: one.via.clone(),
        from: day(one.valid_from.as_ref()),
        to: day(one.valid_to.as_ref()),
        thousandths: one.quantity_thousandths,
    }
}

fn elsewhere(one: &PartUse) -> Elsewhere {
    Elsewhere {
        place: match one.place() {
            PartPlace::Scrap => "scrap".to_owned(),
            PartPlace::Stock => "stock".to_owned(),
            PartPlace::Unspecified => one.serial_number.clone(),
        },
        used: used(one),
    }
}

impl Answer for Whereabouts {
    fn text(&self) -> String {
        let mut rows = table(&[
            "vehicle or place",
            ">build",
            "variant",
            "built",
            "from",
            "to",
            "via",
        ]);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        for car in &self.vehicles {
            for used in &car.uses {
                rows.add_row([
                    car.vin.clone(),
                    car.build_number.to_string(),
                    car.variant.clone(),
                    text(&car.built_on),
                    text(&used.from),
                    text(&used.to),
                    used.via.join(" in "),
                ]);
            }
        }
        for other in &self.elsewhere {
            rows.add_row([
                other.place.clone(),
                String::new(),
                String::new(),
                String::new(),
                text(&other.used.from),
                text(&other.used.to),
                other.used.via.join(" in "),
            ]);
        }
        let count = i64::try_from(self.vehicles.len()).unwrap_or(i64::MAX);
        let partial = if self.partial { ", and more" } else { "" };
        let said = format!("{} vehicles with {}{partial}\n", grouped(count), self.part);
        match (self.vehicles.is_empty(), self.elsewhere.is_empty()) {
            (true, true) => said,
            _ => format!("{}\n{said}", table_text(&rows)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_instants_are_read() {
        assert_eq!(known("17"), Ok(Known::Record(17)));
        assert_eq!(
            known("1970-01-02T01:00:05Z"),
            Ok(Known::Instant(86_400 + 3_605))
        );
        for bad in ["tomorrow", "2024-06-30", "2024-06-30T25:00:00Z"] {
            assert!(known(bad).is_err(), "{bad}");
        }
    }
}
