//! `takt disruption`: declare that sites are out, resolve it, and tell what it does to parts, shops, vehicles, orders and customers. It
//! must not know how anything is found. Invariant: each flag becomes one field of one message.
mod told;

use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use takt_contract::date_pb;
use takt_contract::delivery::v1 as delivery;
use takt_contract::delivery::v1::impact_service_client::ImpactServiceClient;
use takt_contract::procurement::v1::disruption_service_client::DisruptionServiceClient;
use takt_contract::procurement::v1::{self as pb, disruption_scope::Kind};
use takt_kernel::{Date, decimal};

use super::stock::percent;
use super::target::{TargetArgs, told_by};
use crate::connection::{Peer, ask, new_id, pages};
use crate::failure::{Failure, Outcome};
use crate::output::Format;
use told::{Impact, List, One};

const EXAMPLES: &str = "\
Examples:
  takt disruption declare FIRE-1 --supplier CATL --cause production-incident --begins 2024-06-10 --until 2024-06-24
  takt disruption declare QUAKE-1 --around 30.67,104.07 --km 150 --cause natural-disaster --begins 2024-06-10
  takt disruption declare PORT-1 --country CN --city Ningde --cause logistics-disruption --begins 2024-06-10
  takt disruption impact --as-of 2024-06-10          of all that are open, together
  takt disruption resolve FIRE-1 --on 2024-06-20 --measure 'second line started'
  takt disruption list --state open

docs/risk.md says what is computed; causes and states are those of Catena-X CX-0146.";

/// The rows of a page.
const PAGE: i32 = 1000;

/// What can be done about disruptions.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum DisruptionTask {
    /// Declare that sites are out
    #[command(after_help = EXAMPLES)]
    Declare(Box<DeclareArgs>),
    /// Say that the sites of a disruption work again
    #[command(after_help = EXAMPLES)]
    Resolve(ResolveArgs),
    /// Show a disruption with its sites
    #[command(after_help = EXAMPLES)]
    Show(ShowArgs),
    /// List disruptions
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Tell what disruptions do: parts and days, shops and vehicles, orders, customers and what to promise them
    #[command(after_help = EXAMPLES)]
    Impact(ImpactArgs),
}

/// The causes of CX-0146.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Cause {
    Strike,
    NaturalDisaster,
    ProductionIncident,
    PandemicOrEpidemic,
    LogisticsDisruption,
    War,
    Other,
}

impl From<Cause> for pb::DisruptionCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Strike => Self::Strike,
            Cause::NaturalDisaster => Self::NaturalDisaster,
            Cause::ProductionIncident => Self::ProductionIncident,
            Cause::PandemicOrEpidemic => Self::PandemicOrEpidemic,
            Cause::LogisticsDisruption => Self::LogisticsDisruption,
            Cause::War => Self::War,
            Cause::Other => Self::Other,
        }
    }
}

/// The states of CX-0146.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Open,
    Resolved,
}

/// A point on the earth in millionths of a degree.
#[derive(Debug, Clone, Copy)]
struct Point(i64, i64);

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let degrees =
            |text: &str| decimal(text.trim(), 6, "angle").map_err(|error| error.to_string());
        let (latitude, longitude) = text
            .split_once(',')
            .ok_or_else(|| format!("{text:?} is not LATITUDE,LONGITUDE in degrees"))?;
        Ok(Self(degrees(latitude)?, degrees(longitude)?))
    }
}

/// Which sites are out.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ScopeArgs {
    /// All sites of a supplier
    #[arg(long, value_name = "ID")]
    supplier: Option<String>,
    /// One site: a supplier's making of an item
    #[arg(long, value_name = "SUPPLIER/ITEM")]
    site: Option<String>,
    /// All sites of the suppliers in a country
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// All sites of the suppliers around a point, in degrees
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    around: Option<Point>,
    /// All sites that make parts of a group, or an item
    #[arg(long, value_name = "GROUP")]
    family: Option<String>,
}

/// A disruption to declare.
#[derive(Debug, Args)]
pub(in crate::command) struct DeclareArgs {
    /// The disruption's name
    #[arg(value_name = "DISRUPTION")]
    disruption: String,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Only this city of the country
    #[arg(long, value_name = "NAME", requires = "country")]
    city: Option<String>,
    /// The radius around the point
    #[arg(long, value_name = "KILOMETRES", requires = "around")]
    km: Option<i32>,
    /// What caused it
    #[arg(long, value_enum)]
    cause: Cause,
    /// The first day on which the sites are out
    #[arg(long, value_name = "DATE")]
    begins: Date,
    /// The first day on which they are expected to work again [default: after each site's time to recover]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// How much of what they make the sites go on making
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = percent)]
    remaining: i64,
    /// What happened
    #[arg(long, value_name = "TEXT", default_value = "")]
    text: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which disruption to resolve.
#[derive(Debug, Args)]
pub(in crate::command) struct ResolveArgs {
    /// The disruption
    #[arg(value_name = "DISRUPTION")]
    disruption: String,
    /// The first day on which the sites work again
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// What was done
    #[arg(long, value_name = "TEXT", default_value = "")]
    measure: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which disruption to show.
#[derive(Debug, Args)]
pub(in crate::command) struct ShowArgs {
    /// The disruption
    #[arg(value_name = "DISRUPTION")]
    disruption: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which disruptions to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ListArgs {
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which disruptions to look at.
#[derive(Debug, Args)]
pub(in crate::command) struct ImpactArgs {
    /// The disruptions [default: all that are open]
    #[arg(value_name = "DISRUPTION")]
    disruptions: Vec<String>,
    /// The day from whose morning on to look ahead
    #[arg(long, value_name = "DATE")]
    as_of: Date,
    /// How many orders a person is shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(task: DisruptionTask, output: Format) -> Outcome<()> {
    match task {
        DisruptionTask::Declare(args) => {
            told_by!(args.target, output, procurement, |peer| declare(
                peer, &args
            ))
        }
        DisruptionTask::Resolve(args) => {
            told_by!(args.target, output, procurement, |peer| resolve(
                peer, &args
            ))
        }
        DisruptionTask::Show(args) => {
            told_by!(args.target, output, procurement, |peer| show(peer, &args))
        }
        DisruptionTask::List(args) => {
            told_by!(args.target, output, procurement, |peer| list(peer, &args))
        }
        DisruptionTask::Impact(args) => {
            told_by!(args.target, output, delivery, |peer| impact(peer, &args))
        }
    }
}

impl DeclareArgs {
    fn scope(&self) -> Outcome<Kind> {
        let scope = &self.scope;
        if let Some(supplier) = &scope.supplier {
            return Ok(Kind::Supplier(pb::SupplierScope {
                supplier_id: supplier.clone(),
            }));
        }
        if let Some(site) = &scope.site {
            let (supplier, item) = site.split_once('/').ok_or_else(|| {
                Failure::usage(format!("--site {site:?} is not SUPPLIER/ITEM"))
                    .with_way_out("`takt risk` lists the sites that there are")
            })?;
            return Ok(Kind::Site(pb::SiteScope {
                supplier_id: supplier.to_owned(),
                item_id: item.to_owned(),
            }));
        }
        if let Some(country) = &scope.country {
            return Ok(Kind::Region(pb::RegionScope {
                country_code: country.clone(),
                city: self.city.clone().unwrap_or_default(),
            }));
        }
        if let Some(Point(latitude, longitude)) = scope.around {
            let radius_km = self.km.ok_or_else(|| {
                Failure::usage("--around needs --km, the radius in kilometres".to_owned())
            })?;
            return Ok(Kind::Radius(pb::RadiusScope {
                latitude_micro_degrees: latitude,
                longitude_micro_degrees: longitude,
                radius_km,
            }));
        }
        Ok(Kind::Family(pb::FamilyScope {
            group: scope.family.clone().unwrap_or_default(),
        }))
    }
}

async fn declare(peer: &Peer, args: &DeclareArgs) -> Outcome<One> {
    let message = pb::DeclareDisruptionRequest {
        request_id: new_id(),
        disruption_id: args.disruption.clone(),
        scope: Some(pb::DisruptionScope {
            kind: Some(args.scope()?),
        }),
        cause: pb::DisruptionCause::from(args.cause).into(),
        begins_on: Some(date_pb(args.begins)),
        expected_end_on: args.until.map(date_pb),
        text: args.text.clone(),
        remaining_millionths: args.remaining,
    };
    let answer = ask!(
        peer,
        "declare a disruption",
        DisruptionServiceClient.declare_disruption,
        message
    )?;
    Ok(One::of(
        &answer.disruption.unwrap_or_default(),
        &answer.sites,
    ))
}

async fn resolve(peer: &Peer, args: &ResolveArgs) -> Outcome<One> {
    let message = pb::ResolveDisruptionRequest {
        request_id: new_id(),
        disruption_id: args.disruption.clone(),
        resolved_on: Some(date_pb(args.on)),
        measure: args.measure.clone(),
    };
    let answer = ask!(
        peer,
        "resolve a disruption",
        DisruptionServiceClient.resolve_disruption,
        message
    )?;
    Ok(One::of(&answer.disruption.unwrap_or_default(), &[]))
}

async fn show(peer: &Peer, args: &ShowArgs) -> Outcome<One> {
    let message = pb::GetDisruptionRequest {
        disruption_id: args.disruption.clone(),
    };
    let answer = ask!(
        peer,
        "read a disruption",
        DisruptionServiceClient.get_disruption,
        message
    )?;
    Ok(One::of(
        &answer.disruption.unwrap_or_default(),
        &answer.sites,
    ))
}

async fn list(peer: &Peer, args: &ListArgs) -> Outcome<List> {
    let state = match args.state {
        None => pb::DisruptionState::Unspecified,
        Some(State::Open) => pb::DisruptionState::Open,
        Some(State::Resolved) => pb::DisruptionState::Resolved,
    };
    let message = pb::ListDisruptionsRequest {
        page_size: PAGE,
        page_token: String::new(),
        state: state.into(),
    };
    let all = pages!(
        peer,
        "list disruptions",
        DisruptionServiceClient.list_disruptions,
        message,
        |page| page.disruptions
    )?;
    Ok(List::of(&all))
}

async fn impact(peer: &Peer, args: &ImpactArgs) -> Outcome<Impact> {
    let message = delivery::GetImpactRequest {
        disruption_ids: args.disruptions.clone(),
        as_of: Some(date_pb(args.as_of)),
        page_size: PAGE,
        page_token: String::new(),
    };
    let all = pages!(
        peer,
        "ask what disruptions do",
        ImpactServiceClient.get_impact,
        message,
        |page| vec![page]
    )?;
    Ok(Impact::of(args.as_of, &all, args.top))
}
