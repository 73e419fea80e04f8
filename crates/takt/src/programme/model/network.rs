//! Suppliers on all tiers, their links, sites, materials, lanes and owners. It must not know a date of the
//! replay. Invariant: links run from the same or a deeper tier and form no cycle.
use super::world::LooseDate;
use takt_kernel::{Date, ItemId, LaneId, Price, Quantity, Share, SupplierId, Unit};

/// A place on earth in millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Latitude, north is positive.
    pub lat_micro: i64,
    /// Longitude, east is positive.
    pub lon_micro: i64,
}

/// A supplier, or the plant itself (tier 0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplier {
    /// Its code.
    pub id: SupplierId,
    /// Its name.
    pub name: String,
    /// ISO 3166 code of the country.
    pub country: String,
    /// Its city.
    pub city: String,
    /// Where the city is.
    pub place: Option<Place>,
    /// Its shallowest role: 0 the plant, 1 direct, 2 and deeper behind others.
    pub tier: i64,
    /// What it supplies, in words.
    pub what: String,
    /// The kind of evidence.
    pub source_kind: String,
    /// The evidence.
    pub source: String,
}

/// One link of the supply network, from a supplier to its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplyLink {
    /// Who supplies.
    pub from: SupplierId,
    /// Who is supplied; the plant for direct links.
    pub to: SupplierId,
    /// The bought item, or a deeper material (`M-...`).
    pub item: ItemId,
    /// The name of what is supplied.
    pub name: String,
    /// The customer's items or materials that it goes into; empty for links to the plant.
    pub into: Vec<ItemId>,
    /// The part of the customer's need that this link covers.
    pub share: Share,
    /// How much of it one unit of the item above needs.
    pub qty_per: Option<Quantity>,
    /// What `qty_per` counts.
    pub unit: Option<Unit>,
    /// Order to receipt at the customer, calendar days.
    pub lead_time_days: Option<i64>,
    /// The customer's stock in thousandths of a day of need.
    pub customer_stock_millidays: Option<i64>,
    /// The first day of the link.
    pub valid_from: Option<Date>,
    /// The last day of the link.
    pub valid_to: Option<Date>,
    /// The kind of evidence.
    pub source_kind: String,
}

/// One supplier's making of one item. A figure that is None is unknown and answers TIER_UNKNOWN (RULES 18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Who makes it.
    pub supplier: SupplierId,
    /// What is made.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Where.
    pub place: Option<Place>,
    /// What the quantities count.
    pub unit: Unit,
    /// What the site can make in a week.
    pub capacity_per_week: Option<Quantity>,
    /// Finished stock in thousandths of a day of need.
    pub stock_millidays: Option<i64>,
    /// Time to recover after a loss of the site, thousandths of a day.
    pub ttr_millidays: Option<i64>,
    /// Processing time in thousandths of an hour.
    pub process_millihours: Option<i64>,
    /// Waiting time in thousandths of an hour.
    pub wait_millihours: Option<i64>,
    /// The good share of what is started.
    pub yield_share: Option<Share>,
    /// Emissions of one unit in milligrams of CO2 equivalent.
    pub co2e_mg_per_unit: Option<i64>,
    /// The stock lies elsewhere and survives the loss of the site.
    pub stock_survives_site_loss: Option<bool>,
    /// The kind of evidence.
    pub source_kind: String,
}

/// A material inside a bought item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// The bought item.
    pub item: ItemId,
    /// The material.
    pub name: String,
    /// What the quantity counts.
    pub unit: MaterialUnit,
    /// Millionths of the unit per unit of the basis (per kWh).
    pub intensity_micro: Option<i64>,
    /// Millionths of the unit in one item.
    pub per_item_micro: i64,
    /// What the intensity refers to, in words.
    pub basis: String,
    /// Who supplies the material.
    pub suppliers: Vec<SupplierId>,
    /// The kind of evidence.
    pub source_kind: String,
    /// The evidence.
    pub source: String,
}

/// The unit of a material: it also comes in areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MaterialUnit {
    /// Pieces.
    Piece,
    /// Kilograms.
    Kilogram,
    /// Square metres.
    SquareMetre,
}

impl MaterialUnit {
    /// The code of UN/ECE Recommendation 20.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Piece => "H87",
            Self::Kilogram => "KGM",
            Self::SquareMetre => "MTK",
        }
    }
}

/// A way of transport from one city to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its id.
    pub id: LaneId,
    /// To the plant, or to customers.
    pub direction: Direction,
    /// The city it starts in.
    pub from: String,
    /// The city it ends in.
    pub to: String,
    /// Where the end that is not the plant lies.
    pub place: Option<Place>,
    /// Truck, rail, ro-ro, in words.
    pub mode: String,
    /// Length in metres.
    pub distance_m: i64,
    /// Transit in thousandths of a day; see `transit_days`.
    pub transit_millidays: i64,
    /// Cost per `cost_unit`; it lies inside the conversion cost, never add it (RULES 2).
    pub cost: Price,
    /// What the cost is for.
    pub cost_unit: CostUnit,
    /// The kind of evidence.
    pub source_kind: String,
}

impl Lane {
    /// Whole days of transit: fractions round up (RULES 4).
    pub const fn transit_days(&self) -> i64 {
        (self.transit_millidays + 999) / 1000
    }
}

/// Which way a lane goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Direction {
    /// From a direct supplier to the plant.
    Inbound {
        /// Whose goods it carries.
        supplier: SupplierId,
        /// Departures in words: `8 per day`.
        frequency: String,
    },
    /// From the plant to a city.
    Outbound {
        /// The share of vehicles; the shares of all lanes are normalised (RULES 12).
        share: Share,
    },
}

/// What a lane's cost is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CostUnit {
    /// One vehicle.
    Vehicle,
    /// One tonne.
    Tonne,
}

/// A holding of an investor in a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stake {
    /// Who holds.
    pub investor: String,
    /// The company where it is in suppliers.csv.
    pub supplier: Option<SupplierId>,
    /// The company's name.
    pub company: String,
    /// How much, where it is public.
    pub share: Option<Share>,
    /// Remarks.
    pub notes: String,
    /// When, as exactly as it is known.
    pub on: Option<LooseDate>,
    /// The kind of evidence.
    pub source_kind: String,
    /// The evidence.
    pub source: String,
}
