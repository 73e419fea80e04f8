//! Time-phased netting of one item (Orlicky, Material Requirements Planning): what stock and receipts do not
//! cover is ordered, by the lot rule, at the day it is short. It must not know other items. Supply and requirement
//! are cumulative curves: the safety stock is the first requirement, the stock on hand the first supply, and what
//! stands at the same height belongs together. Invariants: ends never fall; every requirement lies below the last
//! end; a receipt is taken where it stands unless a shortage shortly before it can be covered by expediting it.
use super::calendar::WorkDays;
use super::lot::{Cover, Sizing};
use super::network::{Incoming, Network};
use super::problem::Day;
use super::wagner_whitin::cheapest_lots;

/// No receipt, no shop: the supply is a planned order, or nobody's.
pub(super) const NONE: u32 = u32::MAX;

/// A day's requirement, as the height of the curve after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) day: Day,
    /// Safety stock and all requirements through this day, in thousandths.
    pub(super) end: i64,
}

/// A supply, as the height of the curve after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Supply {
    /// Stock on hand and all supplies through this one, in thousandths.
    pub(super) end: i64,
    /// When it is released and takes its components.
    pub(super) start: Day,
    /// When it is received.
    pub(super) due: Day,
    /// Index of the receipt; `NONE` for a planned order.
    pub(super) receipt: u32,
    /// The shop it loads in a finite plan: 0 the first, 1 and on the alternates; of a bought item with several
    /// suppliers the supplier, from 1 on.
    pub(super) line: u16,
    /// True where its components are still to come: planned and firm orders.
    pub(super) explodes: bool,
}

/// The netting of one item while it runs.
pub(super) struct Netting<'a> {
    pub(super) network: &'a Network,
    pub(super) item: usize,
    pub(super) today: Day,
    pub(super) reschedule_days: i32,
    pub(super) have: i64,
    pub(super) next_incoming: usize,
    /// A new order is not received before this day: the fence, or in a finite plan today and the lead time.
    pub(super) not_before: Day,
    /// Lots by supplier, planned ones included, where there are several.
    given: Vec<i64>,
}

impl<'a> Netting<'a> {
    pub(super) fn new(network: &'a Network, item: usize, today: Day, reschedule_days: i32) -> Self {
        let rules = &network.rules[item];
        Self {
            network,
            item,
            today,
            reschedule_days,
            have: rules.on_hand,
            next_incoming: 0,
            not_before: rules.fence_end,
            given: rules
                .sources
                .as_ref()
                .map_or_else(Vec::new, |s| s.ordered()),
        }
    }

    /// Nets all requirements from `from` on. None where a quantity does not fit.
    pub(super) fn run(
        &mut self,
        requirements: &[Requirement],
        from: usize,
        supplies: &mut Vec<Supply>,
    ) -> Option<()> {
        let safety = self.network.rules[self.item].safety;
        if from == 0 && safety > self.have {
            let first = requirements.first().map_or(self.today, |r| r.day);
            let day = first.min(self.today);
            self.cover(day, safety, (day, safety), supplies)?;
        }
        if self.is_plain() {
            return self.run_plain(&requirements[from.min(requirements.len())..], supplies);
        }
        let lots = match self.network.rules[self.item].sizing.cover {
            Cover::Cheapest(_) => self.cheapest(requirements, from),
            _ => Vec::new(),
        };
        for (at, requirement) in requirements.iter().enumerate().skip(from) {
            let last = match self.network.rules[self.item].sizing.cover {
                Cover::One => at,
                Cover::Days(days) => {
                    let until = requirement.day + days;
                    requirements.partition_point(|r| r.day < until) - 1
                }
                Cover::Cheapest(_) => {
                    let lot = lots.partition_point(|end| *end <= at);
                    lots.get(lot).map_or(at, |end| end - 1)
                }
            };
            let target = (requirements[last].day, requirements[last].end);
            self.cover(requirement.day, requirement.end, target, supplies)?;
        }
        self.receive_until(Day::MAX, supplies)
    }

    /// The same where every order covers one requirement and nothing is received: most items, most of the time.
    fn run_plain(
        &mut self,
        requirements: &[Requirement],
        supplies: &mut Vec<Supply>,
    ) -> Option<()> {
        let mut plain = self.plain();
        for requirement in requirements {
            if requirement.end > plain.have {
                supplies.push(plain.order(requirement, None)?);
            }
        }
        Some(())
    }

    /// Plain netting over supplies that are there, from `kept` on; true where one came out differently.
    pub(super) fn run_over(
        &mut self,
        requirements: &[Requirement],
        kept: usize,
        supplies: &mut Vec<Supply>,
    ) -> Option<bool> {
        let mut plain = self.plain();
        let (mut at, mut changed) = (kept, false);
        for requirement in requirements {
            if requirement.end > plain.have {
                let supply = plain.order(requirement, supplies.get(at))?;
                match supplies.get_mut(at) {
                    Some(old) => {
                        changed |= old.end != supply.end || *old != supply;
                        *old = supply;
                    }
                    None => {
                        changed = true;
                        supplies.push(supply);
                    }
                }
                at += 1;
            }
        }
        changed |= at < supplies.len();
        supplies.truncate(at);
        Some(changed)
    }

    fn plain(&self) -> Plain<'a> {
        let rules = &self.network.rules[self.item];
        let calendars = &self.network.calendars;
        Plain {
            have: self.have,
            sizing: rules.sizing,
            lead: rules.lead,
            not_before: self.not_before,
            calendar: rules.calendar.map(|at| &calendars[at as usize]),
        }
    }

    /// Whether plain netting is enough for the item.
    pub(super) fn is_plain(&self) -> bool {
        let rules = &self.network.rules[self.item];
        let quiet = self.network.incoming[self.item].is_empty();
        let single = rules.sources.is_none();
        rules.sizing.cover == Cover::One && rules.blow_from == Day::MAX && quiet && single
    }

    /// Sees to it that `need` is covered on `day`; a new order reaches to the height `target` on its day.
    fn cover(
        &mut self,
        day: Day,
        need: i64,
        target: (Day, i64),
        supplies: &mut Vec<Supply>,
    ) -> Option<()> {
        self.receive_until(day, supplies)?;
        if need <= self.have {
            return Some(());
        }
        let incoming = self.network.incoming[self.item].as_slice();
        let until = match self.is_in_time(day) {
            true => day,
            false => day.saturating_add(self.reschedule_days),
        };
        while need > self.have {
            match incoming.get(self.next_incoming) {
                Some(next) if next.due <= until => {
                    self.receive(*next, supplies)?;
                }
                _ => break,
            }
        }
        if need <= self.have {
            return Some(());
        }
        let rules = &self.network.rules[self.item];
        let supply = if day >= rules.blow_from {
            self.have = need;
            (day, day)
        } else {
            // What comes by itself until the target day is not ordered as well.
            let coming = (incoming[self.next_incoming..].iter())
                .take_while(|next| next.due <= target.0)
                .fold(0i64, |sum, next| sum.saturating_add(next.quantity));
            let short = target.1.saturating_sub(coming).max(need) - self.have;
            let lot = rules.sizing.lot(short)?;
            let due = day.max(self.not_before);
            if let Some(sources) = &rules.sources {
                for (source, quantity) in sources.deal(lot, &mut self.given) {
                    self.have = self.have.checked_add(quantity)?;
                    supplies.push(Supply {
                        end: self.have,
                        start: self
                            .network
                            .start_at(self.item, sources.lead_days[source], due),
                        due,
                        receipt: NONE,
                        line: source as u16 + 1,
                        explodes: true,
                    });
                }
                return Some(());
            }
            self.have = self.have.checked_add(lot)?;
            (self.network.start(self.item, due), due)
        };
        supplies.push(Supply {
            end: self.have,
            start: supply.0,
            due: supply.1,
            receipt: NONE,
            line: 0,
            explodes: true,
        });
        Some(())
    }

    /// Whether one of several suppliers could still deliver by a day.
    fn is_in_time(&self, day: Day) -> bool {
        let sources = self.network.rules[self.item].sources.as_deref();
        sources.is_some_and(|sources| {
            self.network.start_at(self.item, sources.fastest(), day) >= self.today
        })
    }

    fn receive_until(&mut self, day: Day, supplies: &mut Vec<Supply>) -> Option<()> {
        let incoming = self.network.incoming[self.item].as_slice();
        while let Some(next) = incoming.get(self.next_incoming).filter(|n| n.due <= day) {
            self.receive(*next, supplies)?;
        }
        Some(())
    }

    fn receive(&mut self, incoming: Incoming, supplies: &mut Vec<Supply>) -> Option<()> {
        self.next_incoming += 1;
        self.have = self.have.checked_add(incoming.quantity)?;
        supplies.push(Supply {
            end: self.have,
            start: self.network.start(self.item, incoming.due),
            due: incoming.due,
            receipt: incoming.receipt,
            line: 0,
            explodes: incoming.firm,
        });
        Some(())
    }

    /// The ends of the cheapest lots, as indices of `requirements`, over what stock and receipts leave open.
    fn cheapest(&self, requirements: &[Requirement], from: usize) -> Vec<usize> {
        let Cover::Cheapest(cost) = self.network.rules[self.item].sizing.cover else {
            return Vec::new();
        };
        let later = &self.network.incoming[self.item][self.next_incoming..];
        let supply = later.iter().fold(self.have, |sum, incoming| {
            sum.saturating_add(incoming.quantity)
        });
        let (mut covered, mut open) = (supply, Vec::new());
        for (at, requirement) in requirements.iter().enumerate().skip(from) {
            if requirement.end > covered {
                open.push((at, (requirement.day, requirement.end - covered)));
                covered = requirement.end;
            }
        }
        let series: Vec<(Day, i64)> = open.iter().map(|(_, need)| *need).collect();
        let ends = cheapest_lots(&series, |_| cost.order_cost, cost.holding_micro_cost);
        (ends.into_iter())
            .map(|end| open.get(end).map_or(requirements.len(), |(at, _)| *at))
            .collect()
    }
}

/// Plain netting in a few words of memory, so that the loop keeps them at hand.
struct Plain<'a> {
    have: i64,
    sizing: Sizing,
    lead: i32,
    not_before: Day,
    calendar: Option<&'a WorkDays>,
}

impl Plain<'_> {
    /// The order for a requirement that is not covered; one of the same day that stood there before, by the same rules, says
    /// when it starts, which spares the calendar.
    #[inline]
    fn order(&mut self, requirement: &Requirement, before: Option<&Supply>) -> Option<Supply> {
        let lot = self.sizing.lot(requirement.end - self.have)?;
        self.have = self.have.checked_add(lot)?;
        let due = requirement.day.max(self.not_before);
        Some(Supply {
            end: self.have,
            start: match (before, self.calendar) {
                (Some(before), _) if before.due == due => before.start,
                (_, None) => due - self.lead,
                (_, Some(days)) => days.back(due, self.lead),
            },
            due,
            receipt: NONE,
            line: 0,
            explodes: true,
        })
    }
}
