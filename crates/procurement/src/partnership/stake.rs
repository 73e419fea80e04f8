//! Stakes over time: which record counts on a day, and what a holder owns by all of them.
//!
//! It must not know rows or messages. Invariant: of no company more than the whole is held on any day.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_planning::stake::{Group, Holding, StakeError};

use super::PartnershipRefusal;

/// A record of a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stake {
    /// Who holds it; empty is the maker.
    pub(crate) holder: String,
    /// The company.
    pub(crate) company: String,
    /// The day from which it counts.
    pub(crate) held_on: Date,
    /// In millionths; None is not public.
    pub(crate) share: Option<i64>,
    /// Where it is published.
    pub(crate) source: String,
}

/// What a holder has in a company.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Interest {
    /// The company.
    pub(crate) company: String,
    /// Directly and through others, in millionths.
    pub(crate) effective: i64,
    /// Directly.
    pub(crate) direct: i64,
    /// Whether a stake more is not public.
    pub(crate) more: bool,
}

/// The records that count on a day: the newest of each holder and company.
fn standing(stakes: &[Stake], on: Option<Date>) -> impl Iterator<Item = &Stake> {
    let mut newest: BTreeMap<(&str, &str), &Stake> = BTreeMap::new();
    for stake in stakes
        .iter()
        .filter(|stake| on.is_none_or(|on| stake.held_on <= on))
    {
        let kept = newest
            .entry((stake.holder.as_str(), stake.company.as_str()))
            .or_insert(stake);
        if stake.held_on > kept.held_on {
            *kept = stake;
        }
    }
    newest.into_values()
}

/// What a holder owns on a day, the largest interest first.
pub(super) fn interests(
    stakes: &[Stake],
    holder: &str,
    on: Option<Date>,
) -> Result<Vec<Interest>, PartnershipRefusal> {
    let current: Vec<&Stake> = standing(stakes, on).collect();
    let names: BTreeSet<&str> = (current.iter())
        .flat_map(|stake| [stake.holder.as_str(), stake.company.as_str()])
        .chain([holder])
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let place = |name: &str| names.binary_search(&name).unwrap_or(0);
    let holdings: Vec<Holding> = (current.iter())
        .filter_map(|stake| {
            let share = stake.share.filter(|share| *share > 0)?;
            Some(Holding {
                holder: place(&stake.holder),
                company: place(&stake.company),
                share,
            })
        })
        .collect();
    let group = Group::new(names.len(), &holdings)
        .map_err(|error| PartnershipRefusal::Stakes(impossible(&error, &names, on)))?;
    let own = place(holder);
    let mut found: Vec<Interest> = (names.iter().zip(group.interests(own)))
        .map(|(company, effective)| Interest {
            company: (*company).to_owned(),
            effective,
            ..Interest::default()
        })
        .collect();
    for stake in current.iter().filter(|stake| stake.holder == holder) {
        if let Some(interest) = found.get_mut(place(&stake.company)) {
            interest.direct = stake.share.unwrap_or(0);
            interest.more = stake.share.is_none();
        }
    }
    found
        .retain(|interest| interest.company != holder && (interest.effective > 0 || interest.more));
    found.sort_by(|a, b| (b.effective, &a.company).cmp(&(a.effective, &b.company)));
    Ok(found)
}

/// Whether what is recorded can be owned on every day on which something changes.
pub(super) fn ownable(stakes: &[Stake]) -> Result<(), PartnershipRefusal> {
    let days: BTreeSet<Date> = stakes.iter().map(|stake| stake.held_on).collect();
    for day in days {
        interests(stakes, "", Some(day))?;
    }
    Ok(())
}

fn impossible(error: &StakeError, names: &[&str], on: Option<Date>) -> String {
    let name = |at: usize| match names.get(at).copied().unwrap_or_default() {
        "" => "the maker".to_owned(),
        name => name.to_owned(),
    };
    let told = match error {
        StakeError::TooMuch { company, held } => format!(
            "{held} millionths of {} are held; there are 1,000,000",
            name(*company)
        ),
        StakeError::Itself { company } => {
            format!("{} holds itself; own shares are cancelled", name(*company))
        }
        StakeError::NoOutside { ring } => {
            let ring: Vec<String> = ring.iter().map(|at| name(*at)).collect();
            format!(
                "{} own each other wholly; somebody outside must hold a part",
                ring.join(", ")
            )
        }
        other => other.to_string(),
    };
    match on {
        Some(on) => format!("on {on} {told}; correct the record of that day"),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(n)
    }

    fn stake(holder: &str, company: &str, on: i32, share: Option<i64>) -> Stake {
        Stake {
            holder: holder.to_owned(),
            company: company.to_owned(),
            held_on: day(on),
            share,
            source: String::new(),
        }
    }

    /// The example of docs/partnerships.md: we hold 60 % of A, which holds 50 % of B, and B holds 20 % of A.
    #[test]
    fn two_companies_that_hold_each_other_over_time() -> Result<(), PartnershipRefusal> {
        let mut stakes = vec![
            stake("", "A", 0, Some(600_000)),
            stake("A", "B", 0, Some(500_000)),
            stake("B", "A", 10, Some(200_000)),
            stake("", "C", 0, None),
        ];
        let told = |stakes: &[Stake], on| {
            let found = interests(stakes, "", on)?;
            let row = |one: Interest| (one.company, one.effective, one.direct, one.more);
            Ok::<_, PartnershipRefusal>(found.into_iter().map(row).collect::<Vec<_>>())
        };
        let row =
            |company: &str, effective, direct, more| (company.to_owned(), effective, direct, more);
        let before = [
            row("A", 600_000, 600_000, false),
            row("B", 300_000, 0, false),
            row("C", 0, 0, true),
        ];
        assert_eq!(told(&stakes, Some(day(9)))?, before);
        let after = [
            row("A", 666_667, 600_000, false),
            row("B", 333_333, 0, false),
            row("C", 0, 0, true),
        ];
        assert_eq!(told(&stakes, None)?, after);
        // Sold: the newest record counts.
        stakes.push(stake("", "A", 20, Some(0)));
        assert_eq!(told(&stakes, Some(day(20)))?, [row("C", 0, 0, true)]);
        ownable(&stakes)?;
        stakes.push(stake("X", "A", 12, Some(300_000)));
        let refused = ownable(&stakes).err().map(|refusal| refusal.to_string());
        assert_eq!(
            refused.as_deref(),
            Some(
                "on 1970-01-13 1100000 millionths of A are held; there are 1,000,000; correct the record of that day"
            )
        );
        Ok(())
    }
}
