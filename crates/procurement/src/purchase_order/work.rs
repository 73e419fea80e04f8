//! What happens to orders inside a transaction: lines are released, answered, changed and cancelled, and stock records, expected
//! supply and what is owed follow in the same transaction.
//!
//! It must not know messages but those it answers with. Invariants: what is withdrawn of a line is lost to netting once, leaves the
//! expected supply at once, and is written down with what is owed for it; the log of supply is written last.

use std::collections::BTreeMap;

use takt_kernel::{Amount, Date, Quantity, ReasonCode};
use takt_planning::liability::{Settled, Standing, under_agreement, under_terms};
use takt_service::{Error, Tx};

use super::{
    Line, Word,
    change::{Event, EventKind, Proposal, Wanted},
    event,
    release::{Ordered, lines_due},
    store,
};
use crate::{
    call_off,
    desk::Desk,
    material::{
        store::{BalanceChange, balance_add, change as balance_change},
        value::amount_of,
    },
    programme::{Catalogue, SourceNo},
    requirement::store::{needs_fetch, plan_lock},
    rows::count,
    safety::store::safety_fetch,
    sourcing::{
        price::Prices,
        store::{gates_fetch, prices_fetch},
    },
    supply::{Cells, store::changes_record},
};

/// What was ordered on a day.
#[derive(Debug, Default)]
pub(super) struct Released {
    /// The orders.
    pub(super) orders: usize,
    /// Their lines.
    pub(super) lines: Vec<Line>,
    /// The lots that may not be ordered, with the reason.
    pub(super) held: BTreeMap<(SourceNo, ReasonCode), i64>,
}

pub(super) fn no_plan() -> Error {
    Error::refused(
        "NO_PLAN",
        "there is no plan yet; run one with PlanningService.RunPlan",
    )
}

/// Orders what is due on a day.
pub(super) async fn release(
    tx: &Tx,
    desk: &Desk,
    catalogue: &Catalogue,
    on: Date,
) -> Result<Released, Error> {
    let from = catalogue.programme().order_from;
    if on < from {
        let message = format!("orders are released from {from} on; {on} is before it");
        return Err(Error::refused("ORDERING_NOT_OPEN", message));
    }
    let (through, next_line) = store::book_lock(tx).await?;
    if on < through {
        let message =
            format!("orders were released up to {through}; release for that day or a later one");
        return Err(Error::refused("RELEASE_DATE_PASSED", message));
    }
    let (plan, revision) = plan_lock(tx).await?.ok_or_else(no_plan)?;
    let needs = needs_fetch(tx, desk, &plan, revision).await?;
    let (past, lots) = (store::past_fetch(tx).await?, store::quota_fetch(tx).await?);
    let gates = gates_fetch(tx, catalogue).await?;
    let safety = safety_fetch(tx).await?;
    let ordered = Ordered {
        past: &past,
        lots: &lots,
        gates: &gates,
        safety: &safety,
    };
    let due = lines_due(on, catalogue, &needs, ordered, next_line);
    for line in &due.lines {
        numbers_need(line)?;
    }
    let orders = store::lines_add(tx, catalogue, &due.lines).await?;
    store::book_set(tx, on, next_line + count(due.lines.len())).await?;
    let mut supply = Cells::default();
    for line in &due.lines {
        supply.add(line.ordered(), line.open().milli());
    }
    changes_record(tx, &supply).await?;
    let mut held = BTreeMap::new();
    for (line, reason) in &due.held {
        *held.entry((line.source, *reason)).or_default() += line.lots;
    }
    Ok(Released {
        orders,
        lines: due.lines,
        held,
    })
}

/// Every lot of a line has a number.
fn numbers_need(line: &Line) -> Result<(), Error> {
    match line.source.lot(line.first_lot + line.lots - 1) {
        Some(_) => Ok(()),
        None => Err(Error::broken(format!(
            "source {} has more lots than can be numbered",
            line.source.0
        ))),
    }
}

/// What a supplier says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The word.
    pub(super) word: Word,
    /// The lots proposed; None means those in force.
    pub(super) lots: Option<i64>,
    /// The day proposed; None means that of the line.
    pub(super) receipt_on: Option<Date>,
    /// Why.
    pub(super) reason: String,
}

/// A line that changed.
struct Changed {
    before: Line,
    after: Line,
    event: Option<Event>,
}

/// Takes the suppliers' word on lines; what is refused is lost to the plan and ordered anew.
pub(super) async fn acknowledge(
    tx: &Tx,
    catalogue: &Catalogue,
    on: Option<Date>,
    words: &BTreeMap<i64, Said>,
) -> Result<i64, Error> {
    let mut lines = store::lines_fetch(tx, words.keys().copied()).await?;
    let mut changed = Vec::new();
    for (number, said) in words {
        let before = lines
            .remove(number)
            .ok_or_else(|| Error::missing("order line", number))?;
        let mut after = before.clone();
        let (is_new, kind) = match said.word {
            Word::Proposed => {
                let proposal = proposal_of(&before, said)?;
                let is_new = after.propose(proposal, on)?;
                (is_new, Some(EventKind::Proposed))
            }
            word => {
                let kind = (word == Word::Rejected).then_some(EventKind::Rejected);
                (after.answer(word, on)?, kind)
            }
        };
        if !is_new {
            continue;
        }
        let event = kind.map(|kind| {
            let mut event = Event::of(kind, on, &said.reason, &before, &after);
            if let Some(proposal) = &after.proposal {
                (event.lots, event.receipt_on) = (proposal.lots, proposal.receipt_on);
            }
            event
        });
        changed.push(Changed {
            before,
            after,
            event,
        });
    }
    apply(tx, catalogue, &changed).await?;
    Ok(count(changed.len()))
}

fn proposal_of(line: &Line, said: &Said) -> Result<Proposal, Error> {
    let proposal = Proposal {
        lots: said.lots.unwrap_or_else(|| line.in_force()),
        receipt_on: said.receipt_on.unwrap_or(line.receipt_on),
        reason: said.reason.clone(),
    };
    let field = format!("acknowledgements[line {}]", line.number);
    if (proposal.lots, proposal.receipt_on) == (line.in_force(), line.receipt_on) {
        let rule =
            "what is proposed is what was ordered; accept the line, or propose other lots or a day";
        return Err(Error::invalid(field, rule));
    }
    if proposal.receipt_on < line.released_on {
        let rule = format!(
            "the line was issued on {}; nothing of it can be there before",
            line.released_on
        );
        return Err(Error::invalid(field, rule));
    }
    Ok(proposal)
}

/// Answers proposals: line and whether it is taken.
pub(super) async fn proposals_answer(
    tx: &Tx,
    catalogue: &Catalogue,
    on: Date,
    answers: &BTreeMap<i64, bool>,
) -> Result<BTreeMap<i64, Line>, Error> {
    let mut lines = store::lines_fetch(tx, answers.keys().copied()).await?;
    let mut changed = Vec::new();
    for (number, accept) in answers {
        let before = lines
            .remove(number)
            .ok_or_else(|| Error::missing("order line", number))?;
        let reason = before.proposal.as_ref().map(|known| known.reason.clone());
        let mut after = before.clone();
        after.decide(*accept, transit_days(catalogue, &before))?;
        let kind = match accept {
            true => EventKind::ProposalAccepted,
            false => EventKind::ProposalDeclined,
        };
        let reason = reason.unwrap_or_default();
        let event = Event::of(kind, Some(on), &reason, &before, &after);
        changed.push(Changed {
            before,
            after,
            event: Some(event),
        });
    }
    apply(tx, catalogue, &changed).await?;
    store::lines_fetch(tx, answers.keys().copied()).await
}

/// What is owed for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineOwed {
    /// The line after it.
    pub(super) line: Line,
    /// The lots taken back.
    pub(super) withdrawn: i64,
    /// What of the line is under way.
    pub(super) in_transit: Quantity,
    /// What is owed.
    pub(super) owed: Settled,
    /// The price of what is owed finished.
    pub(super) value: Amount,
    /// Whether an agreement says what is owed.
    pub(super) by_agreement: bool,
}

/// What a buyer wants of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The line.
    pub(super) line: i64,
    /// The lots; None leaves them.
    pub(super) lots: Option<i64>,
    /// The day; None leaves it.
    pub(super) receipt_on: Option<Date>,
    /// The day of the change.
    pub(super) on: Date,
    /// Why.
    pub(super) reason: String,
    /// The version that the caller has seen.
    pub(super) etag: String,
}

/// Changes a line, and says what is owed for what was taken back.
pub(super) async fn line_change(
    tx: &Tx,
    catalogue: &Catalogue,
    wanted: &Change,
) -> Result<(Line, Option<LineOwed>), Error> {
    // Whoever orders holds the book, so the newest line of a source stays the newest.
    store::book_lock(tx).await?;
    let mut lines = store::lines_fetch(tx, [wanted.line]).await?;
    let before = lines
        .remove(&wanted.line)
        .ok_or_else(|| Error::missing("order line", wanted.line))?;
    if !wanted.etag.is_empty() && wanted.etag != before.etag() {
        return Err(Error::stale("order line", wanted.line));
    }
    let lots = store::quota_fetch(tx).await?;
    let counted = lots.get(&before.source).copied().unwrap_or_default();
    let mut after = before.clone();
    let is_new = after.change(Wanted {
        lots: wanted.lots,
        receipt_on: wanted.receipt_on,
        on: wanted.on,
        transit_days: transit_days(catalogue, &before),
        is_last: before.first_lot + before.lots - 1 == counted,
    })?;
    if !is_new {
        return Ok((before, None));
    }
    if after.lots > before.lots {
        numbers_need(&after)?;
        store::quota_add(tx, after.source, after.lots - before.lots).await?;
    }
    let mut judge = Judge::fetch(tx, catalogue, [wanted.line]).await?;
    let owed = judge.owed(catalogue, &before, &after, wanted.on)?;
    let event = Event::of(
        EventKind::Changed,
        Some(wanted.on),
        &wanted.reason,
        &before,
        &after,
    );
    let changed = Changed {
        event: Some(owed.of(event)),
        before,
        after,
    };
    apply(tx, catalogue, std::slice::from_ref(&changed)).await?;
    let mut lines = store::lines_fetch(tx, [wanted.line]).await?;
    let line = lines.remove(&wanted.line).unwrap_or(changed.after);
    Ok((line, (owed.withdrawn > 0).then_some(owed)))
}

/// Takes back what has not left of some lines; with `is_trial` only what would be owed is told.
pub(super) async fn lines_cancel(
    tx: &Tx,
    catalogue: &Catalogue,
    numbers: &[i64],
    on: Date,
    reason: &str,
    is_trial: bool,
) -> Result<Vec<LineOwed>, Error> {
    let mut lines = store::lines_fetch(tx, numbers.iter().copied()).await?;
    let mut judge = Judge::fetch(tx, catalogue, numbers.iter().copied()).await?;
    let (mut changed, mut all) = (Vec::new(), Vec::new());
    for number in numbers {
        let before = lines
            .remove(number)
            .ok_or_else(|| Error::missing("order line", number))?;
        let mut after = before.clone();
        after.cancel()?;
        let owed = judge.owed(catalogue, &before, &after, on)?;
        let event = Event::of(EventKind::Cancelled, Some(on), reason, &before, &after);
        changed.push(Changed {
            event: Some(owed.of(event)),
            before,
            after,
        });
        all.push(owed);
    }
    if !is_trial {
        apply(tx, catalogue, &changed).await?;
    }
    Ok(all)
}

impl LineOwed {
    /// The event with what is owed.
    fn of(&self, event: Event) -> Event {
        Event {
            owed: self.owed,
            finished_minor: self.value.minor,
            ..event
        }
    }
}

/// What is needed to say what is owed.
struct Judge {
    /// Where each agreement stands; None where it has ended and said at its end what is owed.
    agreements: BTreeMap<SourceNo, Option<Standing>>,
    in_transit: BTreeMap<i64, Quantity>,
    prices: Prices,
}

impl Judge {
    async fn fetch(
        tx: &Tx,
        catalogue: &Catalogue,
        lines: impl IntoIterator<Item = i64>,
    ) -> Result<Self, Error> {
        let progress = call_off::store::progress_fetch(tx).await?;
        let settled = event::settled_fetch(tx).await?;
        let open = event::open_fetch(tx).await?;
        let agreements = call_off::store::agreements_fetch(tx, 0, i64::MAX).await?;
        let agreements = agreements.into_iter().map(|agreement| {
            let of = agreement.source;
            let standing = Standing {
                authorised: agreement.authorised,
                progress: progress.get(&of).copied().unwrap_or_default(),
                settled: settled.get(&of).copied().unwrap_or_default(),
                open: open.get(&of).copied().unwrap_or_default(),
            };
            (of, agreement.cancelled_on.is_none().then_some(standing))
        });
        Ok(Self {
            agreements: agreements.collect(),
            in_transit: event::in_transit_fetch(tx, lines).await?,
            prices: prices_fetch(tx, catalogue).await?,
        })
    }

    /// What is owed for what was taken back of a line, with what was judged before.
    fn owed(
        &mut self,
        catalogue: &Catalogue,
        before: &Line,
        after: &Line,
        on: Date,
    ) -> Result<LineOwed, Error> {
        let (_, source, _) = catalogue
            .source(before.source)
            .ok_or_else(|| Error::broken(format!("source {} is not known", before.source.0)))?;
        let withdrawn = (after.withdrawn - before.withdrawn).max(0);
        let quantity = before.of_lots(withdrawn);
        let agreement = self.agreements.get_mut(&before.source);
        let by_agreement = agreement.is_some();
        let owed = match agreement {
            Some(Some(standing)) => {
                let open = standing.open.milli() - quantity.milli();
                standing.open = Quantity(open);
                let owed = under_agreement(*standing, quantity);
                let add = |all: Quantity, part: Quantity| Quantity(all.milli() + part.milli());
                standing.settled.finished = add(standing.settled.finished, owed.finished);
                standing.settled.raw = add(standing.settled.raw, owed.raw);
                owed
            }
            Some(None) => Settled::default(),
            None => {
                // What was accepted and is not in force any more; the supplier makes what it accepted first.
                let accepted = (before.accepted_lots - after.in_force()).clamp(0, withdrawn);
                let lead = source.terms.lead_days;
                under_terms(
                    lead,
                    accepted > 0,
                    before.of_lots(accepted),
                    before.receipt_on,
                    on,
                )
            }
        };
        let ordered = before.of_lots(before.lots - before.withdrawn);
        let price = self.prices.of(source, ordered, before.released_on);
        let exact = i128::from(price.micros) * i128::from(owed.finished.milli());
        Ok(LineOwed {
            withdrawn,
            in_transit: self
                .in_transit
                .get(&before.number)
                .copied()
                .unwrap_or_default(),
            owed,
            value: amount_of(exact, price.currency)?,
            by_agreement,
            line: after.clone(),
        })
    }
}

fn transit_days(catalogue: &Catalogue, line: &Line) -> i32 {
    (catalogue.source(line.source)).map_or(0, |(_, source, _)| source.transit_days)
}

/// Writes lines that changed, and everything that follows from it.
async fn apply(tx: &Tx, catalogue: &Catalogue, changed: &[Changed]) -> Result<(), Error> {
    // Most answers only say yes: they are written in a narrow statement.
    let (plain, deep): (Vec<&Changed>, Vec<&Changed>) = changed
        .iter()
        .partition(|one| one.event.is_none() && one.before.proposal.is_none());
    let after = |all: &[&Changed]| all.iter().map(|one| one.after.clone()).collect::<Vec<_>>();
    store::words_save(tx, &after(&plain)).await?;
    store::lines_change(tx, &after(&deep)).await?;
    let events: Vec<Event> = (changed.iter())
        .filter_map(|one| one.event.clone())
        .collect();
    event::events_add(tx, &events).await?;
    let mut lost: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    let mut supply = Cells::default();
    for Changed { before, after, .. } in changed {
        let lots = after.withdrawn - before.withdrawn;
        if lots != 0 {
            balance_change(&mut lost, after.source.item_no()).lost += after.of_lots(lots).milli();
        }
        supply.add(before.ordered(), -before.open().milli());
        supply.add(after.ordered(), after.open().milli());
    }
    balance_add(tx, &lost).await?;
    let closed = (changed.iter())
        .filter(|one| one.after.is_closed() && !one.before.is_closed())
        .map(|one| &one.after);
    store::closed_add(tx, catalogue, closed).await?;
    changes_record(tx, &supply).await
}
