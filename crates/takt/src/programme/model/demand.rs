//! What is sold: variants, options, orders, and the published figures and costs beside them. It must not
//! know how orders are made of shares. Invariant: published figures are shown, never forced on a result.
use takt_kernel::{Amount, Currency, Date, OptionKey, OptionValue, Price, Share, VariantId};

/// A variant that the programme builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its id, the value of `VAR`: `STD`.
    pub id: VariantId,
    /// Its name.
    pub name: String,
    /// Its share of the orders; the shares of all variants add up to 1.
    pub share: Share,
    /// The price with tax, in the currency of the key `price_...`.
    pub list_price: Amount,
    /// The price without tax, where `economics.per_variant` gives it.
    pub net_price: Option<Price>,
    /// The published mass in milligrams.
    pub curb_mass_mg: Option<i64>,
    /// Positions 4 to 8 of its VINs.
    pub vds: String,
    /// The configuration that the programme formula prices, `VAR` included.
    pub reference: Vec<(OptionKey, OptionValue)>,
    /// Everything else that programme.yaml says about it, as written.
    pub attributes: Vec<(String, String)>,
}

/// An option of the vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Its key: `COLOR`.
    pub key: OptionKey,
    /// Its values in the order of the file.
    pub values: Vec<FeatureValue>,
    /// How orders choose among the values.
    pub rule: FeatureRule,
}

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureValue {
    /// The value: `W21`.
    pub id: OptionValue,
    /// What it costs on top, with tax.
    pub surcharge: Option<Amount>,
}

/// How orders choose among the values of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureRule {
    /// One share per value.
    Shares(Vec<Share>),
    /// One share per value for each variant, in the order of `variants`.
    SharesByVariant(Vec<Vec<Share>>),
    /// The first orders of some variants get one value, all others another.
    First {
        /// How many orders.
        vehicles: i64,
        /// Of which variants.
        variants: Vec<VariantId>,
        /// The place of their value in `values`.
        value: usize,
        /// The place of the value of all others.
        others: usize,
    },
}

/// The orders locked on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderDay {
    /// The date.
    pub on: Date,
    /// How many.
    pub locked: i64,
}

/// A date of the programme's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// When.
    pub on: Date,
    /// What.
    pub event: String,
    /// What was published for it.
    pub figures: Vec<Figure>,
    /// The kind of evidence.
    pub source_kind: String,
    /// The evidence.
    pub sources: Vec<String>,
}

/// One published figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Its key in the file: `cum_produced`.
    pub name: String,
    /// What the replay can be compared with, if anything.
    pub measure: Option<Measure>,
    /// The figure.
    pub value: i64,
}

/// What a published figure counts, where the replay counts the same. All are cumulative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Orders locked.
    OrdersLocked,
    /// Vehicles built.
    Produced,
    /// Vehicles handed over.
    Delivered,
}

/// The published volume of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFigure {
    /// `2024-04`.
    pub month: String,
    /// Vehicles.
    pub vehicles: i64,
    /// The kind of evidence.
    pub source_kind: String,
}

/// What the maker reported for a quarter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedQuarter {
    /// `2024Q2`.
    pub quarter: String,
    /// Vehicles handed over.
    pub deliveries: i64,
    /// The average price without tax.
    pub average_price: Option<Amount>,
    /// The gross margin in millionths of the revenue.
    pub gross_margin: Option<Share>,
}

/// How long another maker took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Who.
    pub maker: String,
    /// How long.
    pub span: PeerSpan,
    /// The evidence.
    pub source: String,
}

/// A time to as many vehicles, counted as its source counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerSpan {
    /// Days from launch.
    Days(i64),
    /// Thousandths of a year from launch.
    MilliYears(i64),
    /// Thousandths of a year from the company's founding.
    MilliYearsSinceFounding(i64),
}

/// The figures of the programme formula (RULES 3): result per vehicle = average price - material -
/// conversion - (fixed manufacturing + operating cost) x 3 months / reported deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Economics {
    /// The currency of all figures here.
    pub currency: Currency,
    /// Variable conversion cost of one vehicle; lane costs are inside it.
    pub variable_conversion: Price,
    /// Fixed manufacturing cost of a month.
    pub fixed_per_month: Amount,
    /// The quarters whose operating cost is known; for others there is no result.
    pub quarters: Vec<QuarterEconomics>,
}

/// One quarter of the programme formula. `scaled` leaves it as it is: it is what was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarterEconomics {
    /// `2024Q2`.
    pub quarter: String,
    /// The reported average price without tax.
    pub average_price: Price,
    /// Research, sales and administration of a month.
    pub operating_per_month: Amount,
    /// Reported deliveries of the quarter.
    pub deliveries: i64,
    /// What was reported as the result of one vehicle.
    pub reported_result: Option<Price>,
}
