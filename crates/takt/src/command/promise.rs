//! `takt promise`: when vehicles can be delivered, from a programme folder alone or by asking services that run. It must
//! not know how a date is found. Invariants: both are told in the same shape; nothing is held; what is not known has no date.
use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use takt_contract::date_pb;
use takt_contract::delivery::v1::{self as pb, quote_service_client::QuoteServiceClient};
use takt_kernel::Date;

use super::target::TargetArgs;
use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::offline::promise::{Told, TransportTo, Wanted, promised};
use crate::output::{Answer, Format, grouped, table, table_text, tell};
use crate::programme::{Folder, Programme, VARIANT_KEY};
use crate::replay::read_programme;

const EXAMPLES: &str = "\
Examples:
  takt promise su7 --variant MAX --option COLOR=AQUA_BLUE --quantity 20 --on 2024-07-01 --as-of 2024-06-10
  takt promise su7 --variant STD --quantity 500 --on 2024-06-20 --as-of 2024-06-10 --split --city Shanghai
  takt promise su7 --variant MAX --city Beijing --on 2024-06-20 --as-of 2024-06-10 --endpoints \"$LIST\"

Without --endpoints, --data or --database-url no service is asked: the programme stands as it would on that morning if all
had gone as planned. An option that is left out is that of the variant's reference configuration (docs/promising.md).";

/// How long services may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What `takt promise` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PromiseArgs {
    /// A built-in programme or a programme folder
    #[arg(value_name = "PROGRAMME|DIR")]
    programme: String,

    /// The variant
    #[arg(long, value_name = "ID")]
    variant: String,

    /// The value of an option, several times
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = option)]
    options: Vec<(String, String)>,

    /// The vehicles
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=1_000))]
    quantity: i64,

    /// The day by which they are wanted [default: the first possible one]
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,

    /// The day as of which to ask [default: day 1 of the programme]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// Allow several days
    #[arg(long)]
    split: bool,

    /// The city of delivery, whose transport is added; without it the days are those of completion
    #[arg(long, value_name = "NAME")]
    city: Option<String>,

    /// The size of the run [default: the programme's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    vehicles: Option<u32>,

    #[command(flatten)]
    target: TargetArgs,
}

pub(super) fn option(text: &str) -> Result<(String, String), String> {
    let pair = text
        .split_once('=')
        .filter(|(key, value)| !key.is_empty() && !value.is_empty());
    let (key, value) = pair.ok_or_else(|| format!("{text:?} is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) async fn run(args: PromiseArgs, output: Format) -> Outcome<()> {
    let folder = Folder::open(&args.programme)?;
    let full = read_programme(&folder, true)?;
    let wanted = Wanted {
        options: chosen(&full, &args)?,
        variant: args.variant.clone(),
        quantity: args.quantity,
        wanted_on: args.on,
        as_of: args.as_of.unwrap_or(full.day_zero.plus(1)),
        split: args.split,
    };
    let way = match &args.city {
        Some(city) => Some(TransportTo::city(&full, city)?),
        None => None,
    };
    let target = &args.target;
    let services =
        target.endpoints.is_some() || target.data.is_some() || target.database_url.is_some();
    let told = if services {
        let city = args.city.clone().ok_or_else(|| {
            Failure::usage("services quote deliveries; name where to with --city")
        })?;
        asked(&args, &wanted, city).await?
    } else {
        let vehicles = args.vehicles.or(u32::try_from(full.vehicles).ok());
        let sized = full.scaled(vehicles.unwrap_or(u32::MAX), true);
        let offline = Offline::new(full, sized)?;
        promised(&offline, &wanted, way.as_ref())?
    };
    tell(output, &told)
}

/// The options that were named over those of the variant's reference configuration.
fn chosen(programme: &Programme, args: &PromiseArgs) -> Outcome<BTreeMap<String, String>> {
    let place = programme.variant_place(&args.variant);
    let variant = place.and_then(|place| programme.variants.get(place));
    let variant = variant.ok_or_else(|| {
        let known: Vec<_> = programme
            .variants
            .iter()
            .map(|known| known.id.to_string())
            .collect();
        let known = known.join(", ");
        Failure::bad_input(format!(
            "{:?} is not a variant; they are {known}",
            args.variant
        ))
    })?;
    let reference = variant.reference.iter();
    let mut options: BTreeMap<String, String> = reference
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .filter(|(key, _)| key != VARIANT_KEY)
        .collect();
    for (key, value) in &args.options {
        let feature = programme
            .features
            .iter()
            .find(|feature| feature.key.as_str() == key);
        let known = feature.is_some_and(|feature| {
            feature
                .values
                .iter()
                .any(|known| known.id.as_str() == value)
        });
        if !known {
            return Err(Failure::bad_input(format!(
                "{key}={value} is not a value of an option of the programme"
            )));
        }
        options.insert(key.clone(), value.clone());
    }
    Ok(options)
}

/// Asks delivery, which asks production.
async fn asked(args: &PromiseArgs, wanted: &Wanted, city: String) -> Outcome<Told> {
    let target = args.target.open().await?;
    let message = pb::InquireQuoteRequest {
        as_of: Some(date_pb(wanted.as_of)),
        wish: Some(pb::QuoteWish {
            variant_id: wanted.variant.clone(),
            options: wanted.options.clone(),
            vehicle_count: wanted.quantity,
            city,
            wanted_on: wanted.wanted_on.map(date_pb),
            split_allowed: wanted.split,
        }),
        alternatives_wanted: true,
        at_basis: None,
        newest: true,
    };
    let answer = target
        .peers
        .delivery
        .ask("a quote", |channel| {
            let request = crate::connection::within(message.clone(), PATIENCE);
            async move {
                let mut client = QuoteServiceClient::new(channel);
                client.inquire_quote(request).await
            }
        })
        .await;
    let answer = target.close_after(answer).await?;
    let offer = answer.into_inner().offer.unwrap_or_default();
    Ok(Told::of_offer(&offer, wanted))
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut text = format!(
            "{} of {} with {}, as of {} on {} ({})\n\n",
            grouped(self.quantity),
            self.variant,
            self.options
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(" "),
            self.as_of,
            self.plan_version,
            self.result_status,
        );
        let mut rows = table(&["date", ">vehicles", "complete on"]);
        for one in &self.dates {
            rows.add_row([
                one.date.clone(),
                grouped(one.quantity),
                one.complete_on.clone(),
            ]);
        }
        if self.dates.is_empty() {
            rows.add_row(["no date".to_owned(), String::new(), String::new()]);
        }
        text.push_str(&table_text(&rows));
        if self.short > 0 {
            text.push_str(&format!("\nno slot is left for {}\n", grouped(self.short)));
        }
        if !self.reasons.is_empty() {
            let mut rows = table(&["reason", "what", ">missing", "until"]);
            for reason in &self.reasons {
                rows.add_row([
                    reason.code.clone(),
                    reason.subject.clone(),
                    reason.quantity.clone().unwrap_or_default(),
                    reason.until.clone().unwrap_or_default(),
                ]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
        }
        if !self.alternatives.is_empty() {
            let mut rows = table(&["instead", "earliest"]);
            for other in &self.alternatives {
                let instead = match other.changed.as_str() {
                    "VARIANT" => other.variant.clone(),
                    key => format!(
                        "{key}={}",
                        other.options.get(key).cloned().unwrap_or_default()
                    ),
                };
                rows.add_row([instead, other.earliest.clone()]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
        }
        text
    }
}
