//! logistics.csv: the lanes to and from the plant. It must not plan a transport. Invariants: each direct
//! supplier has exactly one inbound lane, which ends at the plant; outbound lanes start there.
use super::sheet::Sheet;
use super::{Known, Numbered, once, place};
use crate::programme::folder::Folder;
use crate::programme::model::{CostUnit, Direction, Lane};
use crate::programme::problem::{Log, quote};
use crate::programme::table::{Row, columns, each_row, share};
use std::collections::HashMap;
use takt_kernel::{LaneId, ParseError, Share, SupplierId};

pub(super) const FILE: &str = "logistics.csv";

pub(super) fn read(
    folder: &Folder,
    sheet: Option<&Sheet>,
    known: &Known,
    log: &mut Log,
) -> Vec<Numbered<Lane>> {
    let columns = columns(
        &[
            "lane_id",
            "kind",
            "from",
            "to",
            "mode",
            "transit_days",
            "supplier_id",
            "share",
        ],
        &[
            "lat",
            "lon",
            "distance_km",
            "cost_usd",
            "cost_unit",
            "frequency",
            "source_kind",
        ],
    );
    let (mut lanes, mut seen, mut served) = (Vec::new(), HashMap::new(), HashMap::new());
    each_row(folder, FILE, &columns, log, |row| {
        let id = row.must("lane_id", LaneId::parse);
        let direction = direction(row, known);
        let lane = (|| {
            Some(Lane {
                from: row.must_text("from"),
                to: row.must_text("to"),
                place: place(row),
                mode: row.must_text("mode"),
                distance_m: row.maybe_number("distance_km", 3, 0).unwrap_or(0),
                transit_millidays: row.must_number("transit_days", 3, 0),
                cost: takt_kernel::Price::new(
                    row.maybe_number("cost_usd", 6, 0).unwrap_or(0),
                    takt_kernel::Currency::USD,
                ),
                cost_unit: row
                    .maybe("cost_unit", cost_unit)
                    .unwrap_or(CostUnit::Vehicle),
                source_kind: row.text("source_kind"),
                id: id?,
                direction: direction?,
            })
        })();
        let Some(lane) = lane else { return };
        if lane.transit_millidays > 366_000 {
            row.error("transit_days is more than a year");
        }
        let (end, place) = match &lane.direction {
            Direction::Inbound { .. } => ("to", &lane.to),
            Direction::Outbound { .. } => ("from", &lane.from),
        };
        if let Some(sheet) = sheet.filter(|sheet| !sheet.city.is_empty() && sheet.city != *place) {
            let city = &sheet.city;
            row.error(format_args!(
                "{end} is {}, but the plant's city in programme.yaml is {city}",
                quote(place)
            ));
        }
        if let Direction::Inbound { supplier, .. } = &lane.direction {
            once(
                &mut served,
                supplier.clone(),
                row,
                "an inbound lane of this supplier",
            );
        }
        once(&mut seen, lane.id.clone(), row, "this lane_id");
        lanes.push(Numbered {
            line: row.line,
            row: lane,
        });
    });
    lanes
}

fn direction(row: &mut Row<'_>, known: &Known) -> Option<Direction> {
    let inbound = row.must("kind", |text| match text {
        "inbound" => Ok(true),
        "outbound" => Ok(false),
        _ => Err(ParseError::new("kind", text, "it is inbound or outbound")),
    })?;
    if !inbound {
        // Also where the share is wrong the lane is kept, so that it does not seem to be missing.
        let share = row
            .must("share", |text| share(text, 1, 1_000_000))
            .unwrap_or(Share::ONE);
        return Some(Direction::Outbound { share });
    }
    let supplier = row.must("supplier_id", SupplierId::parse)?;
    known.check_supplier(row, "supplier", &supplier);
    Some(Direction::Inbound {
        supplier,
        frequency: row.text("frequency"),
    })
}

fn cost_unit(text: &str) -> Result<CostUnit, ParseError> {
    match text {
        "vehicle" => Ok(CostUnit::Vehicle),
        "tonne" => Ok(CostUnit::Tonne),
        _ => Err(ParseError::new("cost unit", text, "it is vehicle or tonne")),
    }
}
