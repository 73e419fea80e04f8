//! How well the plant worked: effectiveness by shop, the constraint, yields, takt and energy, asked of production. It must
//! not compute any of it. Invariants: shares are of one; a figure that is not defined is absent and shows as a dash.
use serde::Serialize;
use takt_contract::production::v1::performance_service_client::PerformanceServiceClient;
use takt_contract::production::v1::{
    GetConstraintRequest, GetConstraintResponse, GetOeeRequest, GetOeeResponse, Oee,
};
use takt_contract::{common::v1::Date as DatePb, date_pb};
use takt_kernel::Date;

use super::production::day_of;
use crate::connection::{Peer, WHOLE, ask};
use crate::failure::Outcome;
use crate::output::{grouped, table, table_text};

/// The effectiveness of the plant over a window.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plant {
    /// Every shop in the order of flow.
    pub shops: Vec<ShopOee>,
    /// The share of the vehicles that every operation passes the first time.
    pub rolled_yield: Option<f64>,
    /// The days that were run.
    pub days: i64,
    /// How the takt was kept.
    pub takt: Takt,
    /// Which shop is the constraint.
    pub constraint: Constraint,
}

/// The effectiveness of a shop or of another work unit, by ISO 22400-2.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShopOee {
    /// The shop, or the work unit of an event file.
    pub shop: String,
    /// The first day; absent in an event file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// POT.
    pub planned_operation_seconds: f64,
    /// PDOT.
    pub planned_down_seconds: f64,
    /// PBT.
    pub planned_busy_seconds: f64,
    /// ADOT, the union of the stops.
    pub down_seconds: f64,
    /// AUST.
    pub setup_seconds: f64,
    /// ADET.
    pub delay_seconds: f64,
    /// APT.
    pub production_seconds: f64,
    /// PQ.
    pub produced: i64,
    /// GQ.
    pub good: i64,
    /// A.
    pub availability: Option<f64>,
    /// E.
    pub effectiveness: Option<f64>,
    /// The quality ratio.
    pub quality: Option<f64>,
    /// The OEE index.
    pub oee: Option<f64>,
    /// The NEE index.
    pub nee: Option<f64>,
    /// Allocation efficiency.
    pub allocation: Option<f64>,
    /// Utilisation efficiency.
    pub utilisation: Option<f64>,
    /// What meters read for a vehicle.
    pub kwh_per_vehicle: Option<f64>,
}

/// How the takt was kept.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Takt {
    /// Vehicles that the ramp plan wants.
    pub wanted: i64,
    /// Vehicles built.
    pub built: i64,
    /// Planned busy time over the vehicles wanted.
    pub takt_seconds: Option<f64>,
    /// Planned busy time over the vehicles built.
    pub cycle_seconds: Option<f64>,
    /// Built over wanted.
    pub attainment: Option<f64>,
    /// Days that built all that was due.
    pub attained_days: i64,
}

/// The constraint by capacity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Constraint {
    /// The shop; empty where nothing was wanted.
    pub shop: String,
    /// Whether the published pace of the line binds before it.
    pub calendar_binds: bool,
    /// What the calendar allowed.
    pub calendar_capacity: i64,
    /// Every shop.
    pub shops: Vec<ShopCapacity>,
}

/// The capacity of a shop against the demand.
#[derive(Debug, Clone, Serialize)]
pub struct ShopCapacity {
    /// The shop.
    pub shop: String,
    /// Its most loaded operation.
    pub operation: String,
    /// Vehicles that it could have made in the time that it worked.
    pub demonstrated_capacity: i64,
    /// The part of that time that the demand takes.
    pub utilisation: Option<f64>,
}

/// Millionths as a share.
pub fn share(millionths: Option<i64>) -> Option<f64> {
    millionths.map(|millionths| millionths as f64 / 1e6)
}

/// Milliseconds as seconds.
pub fn seconds(millis: i64) -> f64 {
    millis as f64 / 1e3
}

/// A share in percent with one decimal.
pub fn told(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// One decimal, or a dash.
pub fn tenths(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.1}"))
}

/// A row of effectiveness as it came.
pub fn shop_oee(row: &Oee) -> Outcome<ShopOee> {
    let day = |date: Option<&DatePb>| day_of(date, "a window").map(|date| date.to_string());
    Ok(ShopOee {
        shop: row.shop_id.clone(),
        from: Some(day(row.from_date.as_ref())?),
        through: Some(day(row.through_date.as_ref())?),
        planned_operation_seconds: seconds(row.planned_operation_millis),
        planned_down_seconds: seconds(row.planned_down_millis),
        planned_busy_seconds: seconds(row.planned_busy_millis),
        down_seconds: seconds(row.down_millis),
        setup_seconds: seconds(row.setup_millis),
        delay_seconds: seconds(row.delay_millis),
        production_seconds: seconds(row.production_millis),
        produced: row.produced_count,
        good: row.good_count,
        availability: share(row.availability_millionths),
        effectiveness: share(row.effectiveness_millionths),
        quality: share(row.quality_millionths),
        oee: share(row.oee_millionths),
        nee: share(row.nee_millionths),
        allocation: share(row.allocation_millionths),
        utilisation: share(row.utilisation_millionths),
        kwh_per_vehicle: row.watt_hours_per_vehicle.map(seconds),
    })
}

/// Asks production how the plant worked in a window of days; open ends are those of the run.
pub async fn ask_plant(peer: &Peer, from: Option<Date>, through: Option<Date>) -> Outcome<Plant> {
    let (from_date, through_date) = (from.map(date_pb), through.map(date_pb));
    let what = "read the effectiveness of the shops";
    let message = GetOeeRequest {
        from_date,
        through_date,
    };
    let oee = ask!(peer, what, PerformanceServiceClient.get_oee, message, WHOLE)?;
    let message = GetConstraintRequest {
        from_date,
        through_date,
    };
    let tight = ask!(
        peer,
        "read the constraint",
        PerformanceServiceClient.get_constraint,
        message,
        WHOLE
    )?;
    plant(&oee, &tight)
}

fn plant(oee: &GetOeeResponse, tight: &GetConstraintResponse) -> Outcome<Plant> {
    let takt = oee.takt.unwrap_or_default();
    Ok(Plant {
        shops: oee.shops.iter().map(shop_oee).collect::<Outcome<_>>()?,
        rolled_yield: share(oee.rolled_yield_millionths),
        days: oee.day_count,
        takt: Takt {
            wanted: takt.wanted_count,
            built: takt.built_count,
            takt_seconds: takt.takt_millis.map(seconds),
            cycle_seconds: takt.cycle_millis.map(seconds),
            attainment: share(takt.attainment_millionths),
            attained_days: takt.attained_day_count,
        },
        constraint: Constraint {
            shop: tight.constraint_shop_id.clone(),
            calendar_binds: tight.calendar_binds,
            calendar_capacity: tight.calendar_capacity,
            shops: tight.shops.iter().map(capacity).collect(),
        },
    })
}

fn capacity(shop: &takt_contract::production::v1::ShopCapacity) -> ShopCapacity {
    ShopCapacity {
        shop: shop.shop_id.clone(),
        operation: shop.operation_id.clone(),
        demonstrated_capacity: shop.demonstrated_capacity,
        utilisation: share(shop.utilisation_millionths),
    }
}

/// The columns of effectiveness.
pub const COLUMNS: [&str; 10] = [
    "shop",
    ">hours",
    ">A",
    ">E",
    ">Q",
    ">OEE",
    ">NEE",
    ">made",
    ">good first",
    ">kWh each",
];

/// The cells of a shop under them.
pub fn cells(shop: &ShopOee) -> [String; 10] {
    [
        shop.shop.clone(),
        format!("{:.1}", shop.planned_busy_seconds / 3600.0),
        told(shop.availability),
        told(shop.effectiveness),
        told(shop.quality),
        told(shop.oee),
        told(shop.nee),
        grouped(shop.produced),
        grouped(shop.good),
        tenths(shop.kwh_per_vehicle),
    ]
}

impl Plant {
    /// The table and the sentences for a terminal.
    pub fn text(&self, text: &mut String) {
        let mut lines = table(&COLUMNS);
        for shop in &self.shops {
            lines.add_row(cells(shop));
        }
        text.push_str(&table_text(&lines));
        for sentence in self.sentences() {
            text.push_str(&sentence);
            text.push('\n');
        }
    }

    /// What the tables do not say, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let mut all = vec![format!(
            "{} of the vehicles pass every operation the first time",
            told(self.rolled_yield)
        )];
        let takt = &self.takt;
        all.push(format!(
            "takt {} s a vehicle, kept {} s: {} of {} wanted, {}; all that was due on {} of {} days",
            tenths(takt.takt_seconds),
            tenths(takt.cycle_seconds),
            grouped(takt.built),
            grouped(takt.wanted),
            told(takt.attainment),
            takt.attained_days,
            self.days
        ));
        let constraint = &self.constraint;
        let tight = constraint
            .shops
            .iter()
            .find(|shop| shop.shop == constraint.shop);
        if let Some(tight) = tight {
            all.push(format!(
                "the constraint is {} at {}: {} of its time for the demand, capacity {}{}",
                tight.shop,
                tight.operation,
                told(tight.utilisation),
                grouped(tight.demonstrated_capacity),
                if constraint.calendar_binds {
                    format!(
                        "; the published pace of the line, {}, binds before it",
                        grouped(constraint.calendar_capacity)
                    )
                } else {
                    String::new()
                }
            ));
        }
        all
    }
}
