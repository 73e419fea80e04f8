//! A programme as plain values: what the folder says, checked, with nothing computed from it. It must not
//! know files or services. Invariants: vectors keep the order of the file; ids refer to rows that exist;
//! quantities, money, shares, lengths, masses and times are integers of the unit in the field's name.
mod demand;
mod network;
mod plant;
mod product;
mod world;

pub use demand::{
    Economics, Feature, FeatureRule, FeatureValue, Figure, Measure, Milestone, MonthFigure,
    OrderDay, Peer, PeerSpan, PublishedQuarter, QuarterEconomics, Variant,
};
pub use network::{
    CostUnit, Direction, Lane, Material, MaterialUnit, Node, Place, Stake, Supplier, SupplyLink,
};
pub use plant::{Day, Operation, Plant, Shop, VinScheme};
pub use product::{Agreement, BomLine, Condition, Item, Term};
pub use world::{
    Co2Factor, LooseDate, Recall, SequenceRule, ServiceCase, WorldFigure, WorldKind, WorldValue,
};

use super::problem::Problems;
use takt_kernel::{Date, ItemId, ProgrammeId};

/// The option key under which a condition or configuration names the variant.
pub const VARIANT_KEY: &str = "VAR";

/// A whole programme: the product, who supplies it, the line that builds it, the orders and what the world
/// published about it.
#[derive(Debug, Clone)]
pub struct Programme {
    /// `id` of programme.yaml, or the final item's id in lower case: `su7`.
    pub id: ProgrammeId,
    /// The name for people, `programme` of programme.yaml.
    pub title: String,
    /// The plant and its shops.
    pub plant: Plant,
    /// How VINs are put together; each variant carries its description.
    pub vin: VinScheme,
    /// No purchase order is released before this date.
    pub order_from: Date,
    /// Day 0, the launch: the day before the first row of daily.csv counts as day 1.
    pub day_zero: Date,
    /// The last day on which the ramp plan builds anything (day 230); `scaled` keeps it.
    pub plan_last: Date,
    /// No vehicle is handed over before this date.
    pub first_handover: Date,
    /// What the programme builds in all: the sum of `units_by_variant`, or of the ramp plan without it.
    pub vehicles: i64,
    /// The variants with a share above 0.
    pub variants: Vec<Variant>,
    /// The options besides the variant: colours, wheels, interiors, editions.
    pub features: Vec<Feature>,
    /// The vehicle itself: the one made item of group `final` that no BOM line holds, or `final_item`.
    pub final_item: ItemId,
    /// Every item once, in the order of its first row.
    pub items: Vec<Item>,
    /// The bill of material, all levels and options.
    pub bom: Vec<BomLine>,
    /// The plant and all suppliers.
    pub suppliers: Vec<Supplier>,
    /// The supply network: who supplies whom with what.
    pub links: Vec<SupplyLink>,
    /// Site and item: capacity, stock, times and yield.
    pub nodes: Vec<Node>,
    /// What bought items consist of.
    pub materials: Vec<Material>,
    /// Inbound and outbound lanes.
    pub lanes: Vec<Lane>,
    /// The operations of the shops.
    pub operations: Vec<Operation>,
    /// The calendar and the ramp plan, day 1 on, without a gap.
    pub days: Vec<Day>,
    /// Orders locked by day, without a gap.
    pub orders: Vec<OrderDay>,
    /// Rules for the sequence of a day.
    pub sequence_rules: Vec<SequenceRule>,
    /// What owners complain about.
    pub service_cases: Vec<ServiceCase>,
    /// Recalls, of this programme and of others.
    pub recalls: Vec<Recall>,
    /// Who holds shares of whom; rejected claims are not here (RULES 15).
    pub stakes: Vec<Stake>,
    /// Emission factors.
    pub co2_factors: Vec<Co2Factor>,
    /// What the outside world does; services must not read it (RULES 19).
    pub world: Vec<WorldFigure>,
    /// Dates with published figures, shown beside the result.
    pub milestones: Vec<Milestone>,
    /// Published volumes by month.
    pub published_months: Vec<MonthFigure>,
    /// Published figures by quarter.
    pub published_quarters: Vec<PublishedQuarter>,
    /// How long others took for as many vehicles.
    pub peers: Vec<Peer>,
    /// The figures of the programme formula, where the folder has them.
    pub economics: Option<Economics>,
    /// The programmes that share the plant, each by itself, in the order of their priority; empty for one alone.
    pub parts: Vec<Programme>,
    /// What looks wrong and does not stop an import.
    pub warnings: Problems,
}

impl Programme {
    /// The item of an id.
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == *id)
    }

    /// The place of a variant in `variants`, and so in every row that counts by variant.
    pub fn variant_place(&self, id: &str) -> Option<usize> {
        self.variants
            .iter()
            .position(|variant| variant.id.as_str() == id)
    }

    /// The lanes that bring parts to the plant.
    pub fn inbound(&self) -> impl Iterator<Item = &Lane> {
        self.lanes
            .iter()
            .filter(|lane| matches!(lane.direction, Direction::Inbound { .. }))
    }

    /// The lanes that take vehicles to customers.
    pub fn outbound(&self) -> impl Iterator<Item = &Lane> {
        self.lanes
            .iter()
            .filter(|lane| matches!(lane.direction, Direction::Outbound { .. }))
    }

    /// A number of world.csv in millionths, for example `(WorldKind::Lateness, "chip", "probability")`.
    pub fn world_number(&self, kind: WorldKind, key: &str, parameter: &str) -> Option<i64> {
        self.world
            .iter()
            .find(|row| row.kind == kind && row.key == key && row.parameter == parameter)
            .and_then(|row| match row.value {
                WorldValue::Number(millionths) => Some(millionths),
                WorldValue::Text(_) => None,
            })
    }
}
