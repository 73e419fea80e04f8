//! Several suppliers of one bought item: each whole lot goes to the supplier that is furthest below its share (a quota
//! arrangement), with the lead time of its own. It must not know days or requirements. Invariant: the lots dealt out
//! add up to those asked for, and a supplier that is ahead of the sequence gets nothing until the sequence has come to
//! it again.
use super::error::MrpError;
use super::limits::{QUANTITY, SPAN};
use super::lot::{Lot, LotRule};
use crate::quota::Quota;
use takt_kernel::Share;

/// A supplier of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// Its name, for reasons.
    pub supplier: String,
    /// Its share of the lots; those of an item add up to one.
    pub share: Share,
    /// Days from release to receipt, on the item's calendar.
    pub lead_days: i32,
    /// Lots that it was given before this plan, with which the sequence goes on.
    pub ordered_lots: i64,
}

/// The suppliers of an item, made ready for the netting loop.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    quota: Quota,
    /// The size of a lot.
    lot: i64,
    pub(super) lead_days: Vec<i32>,
    ordered: Vec<i64>,
}

impl Sources {
    /// None where the item has no suppliers of its own, or where they have not been looked at by `check`.
    pub(super) fn new(lot: &Lot, sources: &[Sourced]) -> Option<Self> {
        let shares: Vec<Share> = sources.iter().map(|source| source.share).collect();
        let LotRule::Fixed(size) = lot.rule else {
            return None;
        };
        Some(Self {
            quota: Quota::new(&shares).ok()?,
            lot: size.milli(),
            lead_days: sources.iter().map(|source| source.lead_days).collect(),
            ordered: sources.iter().map(|source| source.ordered_lots).collect(),
        })
    }

    /// The lots that each supplier has before the first planned order.
    pub(super) fn ordered(&self) -> Vec<i64> {
        self.ordered.clone()
    }

    /// The shortest lead time of a supplier with a share.
    pub(super) fn fastest(&self) -> i32 {
        let shared = (self.lead_days.iter().enumerate())
            .filter(|(at, _)| self.quota.place(*at, 0).is_some())
            .map(|(_, lead)| *lead);
        shared.min().unwrap_or(0)
    }

    /// Deals a quantity of whole lots out and adds them to what each supplier has: supplier and quantity.
    pub(super) fn deal(&self, quantity: i64, given: &mut [i64]) -> Vec<(usize, i64)> {
        let lots = quantity / self.lot;
        let missing = |through: i64, given: &[i64]| -> i64 {
            let of = |(at, given): (usize, &i64)| (self.quota.count(at, through) - given).max(0);
            given.iter().enumerate().map(of).sum()
        };
        // The shortest beginning of the sequence in which so many lots are missing; each place adds one at most.
        let (mut low, mut high) = (0, given.iter().sum::<i64>() + lots);
        while low < high {
            let middle = low + (high - low) / 2;
            match missing(middle, given) >= lots {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        let mut dealt = Vec::with_capacity(given.len());
        for (at, given) in given.iter_mut().enumerate() {
            let mine = (self.quota.count(at, low) - *given).max(0);
            if mine > 0 {
                *given += mine;
                dealt.push((at, mine * self.lot));
            }
        }
        dealt
    }
}

/// Refuses suppliers that lots cannot be dealt to.
pub(super) fn check(
    id: &str,
    bought: bool,
    lot: &Lot,
    sources: &[Sourced],
) -> Result<(), MrpError> {
    if sources.is_empty() {
        return Ok(());
    }
    let refuse = |figure, value: String, rule| Err(MrpError::range(id, figure, value, rule));
    if !bought || !matches!(lot.rule, LotRule::Fixed(_)) || lot.minimum.milli() > 0 {
        let rule = "give suppliers to a bought item with a fixed lot and no other minimum";
        return refuse("suppliers", sources.len().to_string(), rule);
    }
    for source in sources {
        if !(0..=SPAN).contains(&source.lead_days) {
            let rule = "give 0 to 3653 days";
            return refuse(
                "lead time of a supplier",
                source.lead_days.to_string(),
                rule,
            );
        }
        if !(0..=QUANTITY).contains(&source.ordered_lots) {
            let rule = "give 0 or more";
            return refuse("lots of a supplier", source.ordered_lots.to_string(), rule);
        }
    }
    let shares: Vec<Share> = sources.iter().map(|source| source.share).collect();
    match Quota::new(&shares) {
        Ok(_) => Ok(()),
        Err(error) => refuse("shares", error.to_string(), "give shares that add up to 1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_kernel::Quantity;

    #[test]
    fn who_is_ahead_of_the_sequence_waits_for_it() {
        let source = |share, lead_days, ordered_lots| Sourced {
            supplier: String::new(),
            share: Share(share),
            lead_days,
            ordered_lots,
        };
        let lot = Lot {
            rule: LotRule::Fixed(Quantity(10)),
            ..Lot::default()
        };
        // The sequence of 60 to 40 is 0 1 0 1 0; the second has one lot more than its turn.
        let sources = [source(600_000, 2, 1), source(400_000, 4, 2)];
        assert!(check("I", true, &lot, &sources).is_ok());
        assert!(check("I", false, &lot, &sources).is_err());
        assert!(check("I", true, &Lot::default(), &sources).is_err());
        let ready = Sources::new(&lot, &sources);
        assert!(ready.is_some());
        if let Some(ready) = ready {
            let mut given = ready.ordered();
            assert_eq!(ready.fastest(), 2);
            assert_eq!(ready.deal(10, &mut given), [(0, 10)]);
            assert_eq!(ready.deal(20, &mut given), [(0, 20)]);
            assert_eq!(ready.deal(50, &mut given), [(0, 30), (1, 20)]);
            assert_eq!(given, [7, 4]);
        }
    }
}
