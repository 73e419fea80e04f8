//! The world around the programme: sequence rules, service cases, recalls, emission factors, and what the
//! outside world does to a replay. It must not know a service: services never read the world (RULES 19).
use takt_kernel::{Date, ItemId, OptionKey, OptionValue, Price, Share};

/// A date known to the day, the month or the year only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseDate {
    /// As written: `2024-08`.
    pub text: String,
    /// The first day it may mean.
    pub first: Date,
    /// The last day it may mean.
    pub last: Date,
}

/// A rule for the sequence of a day (RULES 20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceRule {
    /// At most `p` of any `q` vehicles in a row have the value.
    Ratio {
        /// `VAR` or a feature.
        key: OptionKey,
        /// The value.
        value: OptionValue,
        /// At most so many.
        p: i64,
        /// Of so many in a row.
        q: i64,
        /// High or low priority.
        high: bool,
    },
    /// At most so many bodies of one value in a row before a purge.
    PaintBatch {
        /// The feature, the colour.
        key: OptionKey,
        /// The most of one value in a row.
        most: i64,
    },
    /// The objectives, the first counts most.
    Objectives(Vec<String>),
}

/// A kind of complaint in the first 90 days after handover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCase {
    /// What it is about.
    pub category: String,
    /// Its share of all cases; the shares are normalised.
    pub share: Share,
    /// The items that may have failed.
    pub items: Vec<ItemId>,
    /// What is done.
    pub remedy: String,
    /// Labour in thousandths of an hour.
    pub labour_millihours: i64,
    /// What one case costs.
    pub cost: Price,
    /// The kind of evidence.
    pub source_kind: String,
    /// The evidence.
    pub source: String,
}

/// A recall, of this programme or of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Its id.
    pub id: String,
    /// The maker.
    pub maker: String,
    /// The model.
    pub model: String,
    /// Who published it.
    pub regulator: String,
    /// When.
    pub on: LooseDate,
    /// How many vehicles.
    pub units: i64,
    /// The first build date, as exactly as it is known.
    pub built_from: Option<LooseDate>,
    /// The last build date.
    pub built_to: Option<LooseDate>,
    /// The item of this programme that it would be about.
    pub item: Option<ItemId>,
    /// What is wrong.
    pub defect: String,
    /// What is done.
    pub remedy: String,
    /// More.
    pub detail: String,
    /// The kind of evidence.
    pub source_kind: String,
    /// The evidence.
    pub source: String,
}

/// Emissions of a transport mode or an energy source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Co2Factor {
    /// `transport` or `energy`.
    pub kind: String,
    /// The mode or source.
    pub key: String,
    /// Milligrams of CO2 equivalent per `per`.
    pub co2e_mg: i64,
    /// `tonne-km` or `kWh`.
    pub per: String,
    /// The kind of evidence.
    pub source_kind: String,
}

/// What kind of disturbance a row of world.csv is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorldKind {
    /// Deliveries that ship late, by class of item.
    Lateness,
    /// Deliveries that bring less than announced.
    ShortShipment,
    /// Lots that fail inspection, by class of item.
    LotReject,
    /// Transports that take longer, by mode.
    LaneDelay,
    /// Stops of stations, by shop.
    Station,
    /// Changeovers, by shop.
    Changeover,
    /// One bad lot, by item.
    BadLot,
}

impl WorldKind {
    /// All kinds with their names in the file.
    pub const ALL: [(&'static str, Self); 7] = [
        ("lateness", Self::Lateness),
        ("short_shipment", Self::ShortShipment),
        ("lot_reject", Self::LotReject),
        ("lane_delay", Self::LaneDelay),
        ("station", Self::Station),
        ("changeover", Self::Changeover),
        ("bad_lot", Self::BadLot),
    ];
}

/// One figure of what the outside world does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldFigure {
    /// What it is about.
    pub kind: WorldKind,
    /// Class, mode, shop or item; `all` for the rest.
    pub key: String,
    /// The name of the figure: `probability`, `gamma_mean_days`.
    pub parameter: String,
    /// The figure.
    pub value: WorldValue,
}

/// A number or a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldValue {
    /// A number in millionths.
    Number(i64),
    /// A word: a supplier, a week.
    Text(String),
}
