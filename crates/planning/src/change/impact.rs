//! What a change costs and when it can come (VDA 4965: impact analysis before the decision). It must not know who holds
//! the figures. Units: thousandths of base units, calendar days. Invariants: what is left over of an old part is its supply
//! less what vehicles before the break use, and open orders are left over before stock, because stock is used first; a figure
//! that nobody knows is a TIER_UNKNOWN, never a guess.
use takt_kernel::{Date, Quantity, Reason, ReasonCode, Share, ceil_div};

/// What stays of an old part when the change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Leftover {
    /// Stock in the house that no vehicle uses any more.
    pub obsolete: Quantity,
    /// Open orders that no vehicle needs: what the supplier may claim.
    pub liability: Quantity,
}

/// Splits what is left over into stock and open orders; `need` is what vehicles without the change still use.
pub fn leftover(on_hand: Quantity, open: Quantity, need: Quantity) -> Leftover {
    let left = (on_hand.milli() + open.milli() - need.milli()).max(0);
    let liability = left.min(open.milli().max(0));
    Leftover {
        obsolete: Quantity(left - liability),
        liability: Quantity(liability),
    }
}

/// The production part approval (AIAG PPAP, VDA 2 PPF) of a part at a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Approval {
    /// It is approved, from this day on.
    From(Date),
    /// It was refused, or nobody has asked for it.
    Missing,
}

/// A supplier of a new part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSource {
    /// The part and its supplier, for messages: `BS-01-B.CATL`.
    pub subject: String,
    /// The share of the part's lots.
    pub share: Share,
    /// Calendar days from order to receipt.
    pub lead_days: i32,
    /// The approval.
    pub approval: Approval,
    /// What the site can make in a week; None where nobody knows.
    pub weekly_capacity: Option<Quantity>,
}

/// When a new part can be used first, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gate {
    /// The first day on which a vehicle can have it; None while something without a date stands against it.
    pub first_possible: Option<Date>,
    /// What decides or stands against it; the last in time first.
    pub reasons: Vec<Reason>,
    /// Whether every figure was known.
    pub complete: bool,
}

/// The gates of a new part: each supplier with a share must be approved, then deliver within its lead time, by the evening before
/// the first use, and be able to make its share of `weekly`, the most that a week needs.
pub fn gate(today: Date, sources: &[NewSource], weekly: Quantity) -> Gate {
    let mut found = Gate {
        first_possible: Some(today),
        reasons: Vec::new(),
        complete: true,
    };
    let reason = |code, source: &NewSource, from, until, blocked| Reason {
        code,
        subject: source.subject.clone(),
        from,
        until,
        blocked,
        upstream: Vec::new(),
    };
    for source in sources.iter().filter(|source| source.share.0 > 0) {
        let order_on = match source.approval {
            Approval::From(date) => Some(date.max(today)),
            Approval::Missing => None,
        };
        if order_on != Some(today) {
            let code = ReasonCode::PpapNotApproved;
            found
                .reasons
                .push(reason(code, source, Some(today), order_on, Quantity::ZERO));
        }
        let receipt_on = order_on.map(|on| on.plus(source.lead_days));
        if let Some(receipt_on) = receipt_on {
            let code = ReasonCode::AwaitSupply;
            found.reasons.push(reason(
                code,
                source,
                order_on,
                Some(receipt_on),
                Quantity::ZERO,
            ));
        }
        let first = receipt_on.map(|on| on.plus(1));
        found.first_possible = found.first_possible.zip(first).map(|(a, b)| a.max(b));
        let part = i128::from(weekly.milli()) * i128::from(source.share.0);
        let wanted = ceil_div(part, i128::from(Share::ONE.0)).unwrap_or(i64::MAX);
        match source.weekly_capacity {
            None => {
                found.complete = false;
                let code = ReasonCode::TierUnknown;
                found
                    .reasons
                    .push(reason(code, source, None, None, Quantity(wanted)));
            }
            Some(capacity) if capacity.milli() < wanted => {
                found.first_possible = None;
                let short = Quantity(wanted - capacity.milli());
                let code = ReasonCode::CapacityOverload;
                found.reasons.push(reason(code, source, None, None, short));
            }
            Some(_) => {}
        }
    }
    // What has no end comes first, then what ends last: the first reason is the one that decides.
    found
        .reasons
        .sort_by_key(|reason| (reason.until.is_some(), std::cmp::Reverse(reason.until)));
    found
}
