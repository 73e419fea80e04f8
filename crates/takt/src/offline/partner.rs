//! A programme's suppliers side by side: what the plant depends on, what it spends, what the house owns. It must not know how a loss is
//! walked or interests are solved. Invariants: an amount that nobody knows stays unknown; an investor that is no company of the file is
//! the house or stands for it, because `stakes.csv` lists the house's stakes.
use std::collections::BTreeMap;

use takt_contract::{date_pb, procurement::v1 as pb};
use takt_kernel::{Date, half_even_div};
use takt_planning::risk::{FULL, Product};
use takt_planning::stake::{Group, Holding, StakeError};

use super::{Offline, unusable};
use crate::failure::Outcome;
use crate::programme::Stake;

/// What the house has in a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest {
    /// In millionths, directly and through others, of what is public.
    pub known: i64,
    /// Whether there is a stake whose size is not public.
    pub more: bool,
}

impl Offline {
    /// What is spent on each direct supplier for these products, in millionths of the parts' currency.
    pub fn spend(&self, products: &[Product]) -> BTreeMap<&str, i64> {
        let needs = needs(products);
        let mut spend: BTreeMap<&str, i128> = BTreeMap::new();
        for (at, need) in needs {
            let Some(item) = self.full.items.get(at) else {
                continue;
            };
            // Millionths of a vehicle times thousandths of a unit times millionths of the currency.
            let worth = need * i128::from(item.unit_cost.micros) / (i128::from(FULL) * 1000);
            for agreement in &item.agreements {
                let part = worth * i128::from(agreement.share.millionths()) / i128::from(FULL);
                *spend.entry(agreement.supplier.as_str()).or_default() += part;
            }
        }
        let whole =
            |(supplier, worth): (_, i128)| (supplier, half_even_div(worth, 1).unwrap_or(i64::MAX));
        spend.into_iter().map(whole).collect()
    }

    /// The stakes of `stakes.csv` as procurement records them: a company is its supplier id, or its name where it is none; the house, and
    /// whoever holds for it, has no name. A date that is known loosely is the first day that it may mean, and a stake without one was
    /// always held.
    pub fn stake_records(&self) -> Vec<pb::Stake> {
        let stakes = &self.full.stakes;
        let named: BTreeMap<&str, String> = (stakes.iter())
            .map(|stake| (stake.company.as_str(), company(stake)))
            .collect();
        let mut records: BTreeMap<(String, String, Date), pb::Stake> = BTreeMap::new();
        for stake in stakes {
            let holder = named
                .get(stake.investor.as_str())
                .cloned()
                .unwrap_or_default();
            let on = stake
                .on
                .as_ref()
                .map_or(Date::from_epoch_day(0), |on| on.first);
            let share = stake.share.map(takt_kernel::Share::millionths);
            let key = (holder.clone(), company(stake), on);
            let record = records.entry(key).or_insert_with(|| pb::Stake {
                holder_id: holder,
                company_id: company(stake),
                held_on: Some(date_pb(on)),
                share_millionths: None,
                source: stake.source.clone(),
            });
            // Several funds of the house hold beside each other on the same day.
            if let Some(share) = share {
                *record.share_millionths.get_or_insert(0) += share;
            }
        }
        records.into_values().collect()
    }

    /// The house's effective interest in each company of `stakes.csv`, by supplier id, or by name where it is none.
    pub fn interests(&self) -> Outcome<BTreeMap<&str, Interest>> {
        let stakes = &self.full.stakes;
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut names: Vec<&str> = Vec::new();
        for stake in stakes {
            let name = stake
                .supplier
                .as_ref()
                .map_or(stake.company.as_str(), |supplier| supplier.as_str());
            places.entry(company(stake)).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            });
        }
        let companies = names.len();
        // A company that invests is named as a company is; every other investor holds for the house, whose place is behind them.
        let mut by_name = places.clone();
        for stake in stakes {
            if let Some(at) = places.get(&company(stake)) {
                by_name.entry(stake.company.clone()).or_insert(*at);
            }
        }
        let mut holdings = Vec::new();
        let mut found = vec![Interest::default(); companies];
        for stake in stakes {
            let Some(at) = places.get(&company(stake)).copied() else {
                continue;
            };
            match stake.share.map(takt_kernel::Share::millionths) {
                Some(share) if share > 0 => holdings.push(Holding {
                    holder: by_name.get(&stake.investor).copied().unwrap_or(companies),
                    company: at,
                    share,
                }),
                _ => {
                    if let Some(interest) = found.get_mut(at) {
                        interest.more = true;
                    }
                }
            }
        }
        let group = Group::new(companies + 1, &holdings)
            .map_err(|error| unusable(named(&error, &names)))?;
        for (interest, known) in found.iter_mut().zip(group.interests(companies)) {
            interest.known = known;
        }
        Ok(names.into_iter().zip(found).collect())
    }
}

/// The id of a company that supplies, or the name of one that does not.
fn company(stake: &Stake) -> String {
    match &stake.supplier {
        Some(supplier) => supplier.to_string(),
        None => stake.company.clone(),
    }
}

/// What these products need of each part, in millionths of a vehicle times thousandths of a unit.
pub(super) fn needs(products: &[Product]) -> BTreeMap<usize, i128> {
    let mut needs: BTreeMap<usize, i128> = BTreeMap::new();
    for product in products {
        let vehicles: i128 = product.daily.iter().map(|count| i128::from(*count)).sum();
        for (part, need) in &product.parts {
            *needs.entry(*part).or_default() += vehicles * i128::from(*need);
        }
    }
    needs
}

/// A refusal with names in place of numbers.
fn named(error: &StakeError, names: &[&str]) -> String {
    let name = |at: &usize| names.get(*at).copied().unwrap_or("the house").to_owned();
    match error {
        StakeError::NoOutside { ring } => {
            let ring: Vec<String> = ring.iter().map(name).collect();
            format!(
                "stakes.csv: {} own each other wholly; somebody outside must hold a part",
                ring.join(", ")
            )
        }
        StakeError::TooMuch { company, held } => format!(
            "stakes.csv: {} of {} is held; there are 100 %",
            crate::output::percent(*held, FULL),
            name(company)
        ),
        StakeError::Itself { company } => {
            format!(
                "stakes.csv: {} holds itself; own shares are cancelled, not held",
                name(company)
            )
        }
        other => format!("stakes.csv: {other}"),
    }
}
