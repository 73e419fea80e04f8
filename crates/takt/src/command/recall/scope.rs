//! The flags that say what is defective. It must not know what they name. Invariant: each flag is one scope, and a vehicle counts when
//! one of them names it.
use clap::Args;
use takt_contract::date_pb;
use takt_contract::production::v1::{self as pb, exposure_scope::What};
use takt_kernel::{Date, LotId};

use crate::failure::{Failure, Outcome};

/// What is defective.
#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    /// A lot of ours, or a supplier's batch of an item
    #[arg(long, value_name = "[ITEM/]LOT")]
    lot: Vec<String>,
    /// Pieces of an item, both ends included
    #[arg(long, value_name = "ITEM/FIRST..LAST")]
    serials: Vec<String>,
    /// Vehicles completed on these days
    #[arg(long, value_name = "DATE..DATE")]
    built: Option<String>,
    /// Of those only these variants
    #[arg(long, value_name = "ID", requires = "built")]
    variant: Vec<String>,
    /// Of those only with this value of an option
    #[arg(long, value_name = "OPTION=VALUE", requires = "built")]
    option: Vec<String>,
    /// Vehicles that were in a shop between two seconds of the plant's clock, since the beginning of 1970
    #[arg(long, value_name = "SHOP/FIRST..LAST")]
    process: Vec<String>,
    /// Vehicles that run this software of an item
    #[arg(long, value_name = "ITEM=VERSION")]
    running: Vec<String>,
}

/// The two sides of `A=B`.
pub(super) fn pair(text: &str, flag: &str) -> Outcome<(String, String)> {
    let sides = text.split_once('=');
    let sides = sides.filter(|(a, b)| !a.is_empty() && !b.is_empty());
    let (a, b) = sides.ok_or_else(|| Failure::usage(format!("{flag} {text:?} is not A=B")))?;
    Ok((a.to_owned(), b.to_owned()))
}

/// The two ends of `A..B`.
fn ends<'t>(text: &'t str, flag: &str) -> Outcome<(&'t str, &'t str)> {
    text.split_once("..")
        .ok_or_else(|| Failure::usage(format!("{flag} {text:?} is not FIRST..LAST")))
}

fn date(text: &str) -> Outcome<Date> {
    Date::parse(text).map_err(|error| Failure::usage(error.to_string()))
}

fn second(text: &str) -> Outcome<i64> {
    text.parse()
        .map_err(|_| Failure::usage(format!("{text:?} is not a whole number of seconds")))
}

impl ScopeArgs {
    /// The scopes.
    pub(super) fn scopes(&self) -> Outcome<Vec<pb::ExposureScope>> {
        let mut all = Vec::new();
        for lot in &self.lot {
            let (item, lot) = match (lot.split_once('/'), LotId::parse(lot)) {
                (Some((item, lot)), _) => (item.to_owned(), lot),
                (None, Ok(id)) => (id.item.to_string(), lot.as_str()),
                (None, Err(_)) => {
                    return Err(Failure::usage(format!("--lot {lot:?} is no lot of ours"))
                        .with_way_out("name the item of a supplier's batch: ITEM/BATCH"));
                }
            };
            all.push(What::Lots(pb::LotScope {
                item_id: item,
                lot_ids: vec![lot.to_owned()],
            }));
        }
        for text in &self.serials {
            let (item, range) = text
                .split_once('/')
                .ok_or_else(|| Failure::usage("--serials is ITEM/FIRST..LAST"))?;
            let (first, last) = ends(range, "--serials")?;
            all.push(What::Serials(pb::SerialScope {
                item_id: item.to_owned(),
                first_serial_number: first.to_owned(),
                last_serial_number: last.to_owned(),
            }));
        }
        if let Some(built) = &self.built {
            let (from, through) = ends(built, "--built")?;
            let options: Outcome<_> = self
                .option
                .iter()
                .map(|text| pair(text, "--option"))
                .collect();
            all.push(What::Builds(pb::BuildScope {
                from_date: Some(date_pb(date(from)?)),
                through_date: Some(date_pb(date(through)?)),
                variant_ids: self.variant.clone(),
                options: options?,
            }));
        }
        for text in &self.process {
            let (shop, range) = text
                .split_once('/')
                .ok_or_else(|| Failure::usage("--process is SHOP/FIRST..LAST"))?;
            let (from, through) = ends(range, "--process")?;
            all.push(What::Process(pb::ProcessScope {
                shop_id: shop.to_owned(),
                from_second: second(from)?,
                through_second: second(through)?,
            }));
        }
        for text in &self.running {
            let (item_id, version) = pair(text, "--running")?;
            all.push(What::Software(pb::SoftwareScope {
                item_id,
                versions: vec![version],
            }));
        }
        Ok(all
            .into_iter()
            .map(|what| pb::ExposureScope { what: Some(what) })
            .collect())
    }
}
