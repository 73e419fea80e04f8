//! What an opening becomes in the books: lots with their numbers, order lines, notices.
//!
//! It must not know rows or messages. Invariants: PO-2 the lots of a source are numbered without a gap, so a number that nothing
//! stands behind is one that was ordered and taken back; a lot is no larger than the lots in which the item is ordered.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Date, LotNumber, Quantity, Violations};

use super::{Open, Opening, Stock};
use crate::{
    inbound::lot::LotState,
    programme::{Catalogue, SourceNo},
    purchase_order::{Line, Word},
};

/// A lot as it is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lot {
    pub(crate) number: LotNumber,
    pub(crate) line: i64,
    pub(crate) stock: Stock,
}

/// Lots of a line that came or come with a notice; their numbers follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) line: i64,
    pub(crate) first: LotNumber,
    pub(crate) lot_size: Quantity,
    pub(crate) sizes: Vec<i64>,
    pub(crate) maker_lot: String,
}

impl Part {
    /// Whether a lot is the next one of the same batch.
    fn is_followed_by(&self, number: LotNumber, lot: &Stock) -> bool {
        let lots = i64::try_from(self.sizes.len()).unwrap_or(i64::MAX);
        self.first.value() + lots == number.value() && self.maker_lot == lot.maker_lot
    }
}

/// A notice as it is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) supplier_no: i64,
    pub(crate) shipped_on: Date,
    pub(crate) expected_on: Date,
    pub(crate) received_on: Option<Date>,
    pub(crate) parts: Vec<Part>,
}

/// How the carmaker names what is outstanding of a line here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) line: i64,
    pub(crate) order: String,
    pub(crate) order_line: String,
    pub(crate) received: Quantity,
}

/// The books.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Books {
    /// Every line, numbered.
    pub(crate) lines: Vec<Line>,
    /// The names of those that were given.
    pub(crate) names: Vec<Name>,
    /// The notices by name.
    pub(crate) notices: BTreeMap<String, Notice>,
    /// The lots, by day of receipt and number.
    pub(crate) lots: Vec<Lot>,
}

/// Makes an opening into books.
pub(crate) fn books(
    opening: &Opening,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Books {
    let mut books = Books::default();
    let mut sources: BTreeSet<SourceNo> = opening.stock.iter().map(|lot| lot.source).collect();
    sources.extend(opening.open.iter().map(|order| order.source));
    let received = opening.received();
    let mut stock: BTreeMap<SourceNo, Vec<&Stock>> = BTreeMap::new();
    for lot in &opening.stock {
        stock.entry(lot.source).or_default().push(lot);
    }
    let mut open: BTreeMap<SourceNo, Vec<&Open>> = BTreeMap::new();
    for order in &opening.open {
        open.entry(order.source).or_default().push(order);
    }
    for source in sources {
        let Some((bought, _, supplier)) = catalogue.source(source) else {
            continue;
        };
        let mut one = OfSource {
            source,
            name: format!("{} of {}", bought.item.id, supplier.id),
            supplier_id: supplier.id.to_string(),
            supplier_no: supplier.number,
            lot_size: bought.sourcing.lot,
            as_of: opening.as_of,
            used: BTreeSet::new(),
            free: 1,
            lots: BTreeMap::new(),
        };
        let stock = stock.remove(&source).unwrap_or_default();
        let open = open.remove(&source).unwrap_or_default();
        let (by_lots, by_orders) = received.get(&source).copied().unwrap_or_default();
        let firsts = one.numbered(&stock, &open, by_orders - by_lots, violations);
        one.outstanding(&open, &firsts, &mut books, violations);
        one.carried(&mut books);
        one.taken_back(&mut books);
    }
    // Lines are numbered by day, supplier and item, as they would have been ordered.
    books
        .lines
        .sort_by_key(|line| (line.released_on, line.source, line.first_lot));
    let numbers: BTreeMap<(SourceNo, i64), i64> = (1..)
        .zip(&mut books.lines)
        .map(|(number, line)| {
            line.number = number;
            ((line.source, line.first_lot), number)
        })
        .collect();
    // Until here a line was known by its first lot.
    let number = |lot: LotNumber, first: i64| {
        numbers
            .get(&(SourceNo::of_lot(lot), first))
            .copied()
            .unwrap_or_default()
    };
    for lot in &mut books.lots {
        lot.line = number(lot.number, lot.line);
    }
    for part in books
        .notices
        .values_mut()
        .flat_map(|notice| &mut notice.parts)
    {
        part.line = number(part.first, part.line);
    }
    for name in &mut books.names {
        name.line = number(LotNumber(name.line), LotNumber(name.line).n());
    }
    books.names.sort_by_key(|name| name.line);
    books
        .lots
        .sort_by_key(|lot| (lot.stock.received_on, lot.number));
    books
}

/// One source while it is booked.
struct OfSource {
    source: SourceNo,
    name: String,
    supplier_id: String,
    supplier_no: i64,
    lot_size: Quantity,
    as_of: Date,
    /// The numbers that are taken.
    used: BTreeSet<i64>,
    /// No lower number is free.
    free: i64,
    /// The lots that were received, by number.
    lots: BTreeMap<i64, Stock>,
}

impl OfSource {
    /// Gives every lot its number: those that have one keep it, then comes what only orders tell of, then the others in their
    /// order, and last what is outstanding. Answers with the first number of each order.
    fn numbered(
        &mut self,
        stock: &[&Stock],
        open: &[&Open],
        untold: i64,
        violations: &mut Violations,
    ) -> Vec<i64> {
        let mut firsts = vec![0; open.len()];
        for lot in stock.iter().filter(|lot| lot.lot > 0) {
            let fits = lot.received <= self.lot_size;
            let size = self.lot_size;
            violations.require(
                fits,
                &format!("lots {} {}", self.name, lot.lot),
                format!(
                    "{} were received and a lot has at most {size}; leave the number out",
                    lot.received
                ),
            );
            self.take(lot.lot, 1, violations);
            self.lots.insert(lot.lot, (*lot).clone());
        }
        for (first, order) in firsts
            .iter_mut()
            .zip(open)
            .filter(|(_, order)| order.lot > 0)
        {
            *first = order.lot;
            self.take(order.lot, self.lots_of(order), violations);
        }
        let earliest = stock.iter().map(|lot| lot.received_on).min();
        for size in cut(untold.max(0), self.lot_size.milli()) {
            let on = earliest
                .unwrap_or(self.as_of.minus(1))
                .min(self.as_of.minus(1));
            let lot = Stock {
                source: self.source,
                lot: 0,
                received_on: on,
                ordered_on: on,
                received: Quantity(size),
                on_hand: Quantity::ZERO,
                state: LotState::Consumed,
                reason: String::new(),
                maker_lot: String::new(),
                used_since: Quantity::ZERO,
            };
            self.next(lot, violations);
        }
        for lot in stock.iter().filter(|lot| lot.lot == 0) {
            // What was used of a batch was used of its first lots.
            let mut used = lot.received.milli() - lot.on_hand.milli();
            let mut before = used - lot.used_since.milli();
            for size in cut(lot.received.milli(), self.lot_size.milli()) {
                let gone = used.min(size);
                used -= gone;
                let gone_before = before.min(gone);
                before -= gone_before;
                let on_hand = Quantity(size - gone);
                let is_used_up = on_hand.is_zero();
                let piece = Stock {
                    received: Quantity(size),
                    on_hand,
                    used_since: Quantity(gone - gone_before),
                    state: if is_used_up {
                        LotState::Consumed
                    } else {
                        lot.state
                    },
                    ..(*lot).clone()
                };
                self.next(piece, violations);
            }
        }
        let mut rest: Vec<usize> = (0..open.len())
            .filter(|at| open.get(*at).is_some_and(|order| order.lot == 0))
            .collect();
        rest.sort_by_key(|at| {
            open.get(*at)
                .map(|order| (order.expected_on.min(order.due), order.due))
        });
        for at in rest {
            let Some((order, first)) = open.get(at).zip(firsts.get_mut(at)) else {
                continue;
            };
            *first = self.used.last().copied().unwrap_or_default() + 1;
            self.take(*first, self.lots_of(order), violations);
        }
        firsts
    }

    /// Gives a lot the lowest number that is free.
    fn next(&mut self, lot: Stock, violations: &mut Violations) {
        while self.used.contains(&self.free) {
            self.free += 1;
        }
        let number = self.free;
        self.take(number, 1, violations);
        self.lots.insert(number, Stock { lot: number, ..lot });
    }

    fn take(&mut self, first: i64, lots: i64, violations: &mut Violations) {
        let fits = lots == 0 || self.source.lot(first + lots - 1).is_some();
        violations.require(
            fits,
            &format!("lots {}", self.name),
            "there are too many lots",
        );
        if !fits {
            return;
        }
        for number in first..first + lots {
            let is_new = self.used.insert(number);
            violations.require(
                is_new,
                &format!("lots {} {number}", self.name),
                "the number is there twice",
            );
        }
    }

    fn lots_of(&self, order: &Open) -> i64 {
        let lots = |quantity: Quantity| quantity.ceil_div(self.lot_size).unwrap_or_default();
        lots(order.in_transit) + lots(order.open)
    }

    /// Books what is under way and what is open of orders.
    fn outstanding(
        &self,
        open: &[&Open],
        firsts: &[i64],
        books: &mut Books,
        violations: &mut Violations,
    ) {
        for (order, first) in open.iter().zip(firsts) {
            let field = format!("orders {} {}", order.order, order.line);
            let whole = order.open.milli() % self.lot_size.milli().max(1) == 0;
            violations.require(
                whole,
                &format!("{field}.open"),
                format!("{} is not whole lots of {}", order.open, self.lot_size),
            );
            let lots = self.lots_of(order);
            let Some(number) = self.source.lot(*first).filter(|_| lots > 0) else {
                continue;
            };
            let sizes = cut(order.in_transit.milli(), self.lot_size.milli());
            let shipped = i64::try_from(sizes.len()).unwrap_or(i64::MAX);
            books.lines.push(Line {
                needed_on: order.needed_on,
                ship_on: order.ship_on,
                shipped,
                received: 0,
                ..self.line(*first, lots, order.ordered_on, order.due)
            });
            books.names.push(Name {
                line: number.value(),
                order: order.order.clone(),
                order_line: order.line.clone(),
                received: order.received,
            });
            if shipped > 0 {
                let notice = books.notices.entry(order.notice.clone()).or_insert(Notice {
                    supplier_no: self.supplier_no,
                    shipped_on: order.shipped_on,
                    expected_on: order.expected_on,
                    received_on: None,
                    parts: Vec::new(),
                });
                let same = (
                    notice.supplier_no,
                    notice.shipped_on,
                    notice.expected_on,
                    notice.received_on,
                ) == (self.supplier_no, order.shipped_on, order.expected_on, None);
                violations.require(
                    same,
                    &format!("{field}.notice"),
                    format!(
                        "{} has another supplier or another day elsewhere",
                        order.notice
                    ),
                );
                notice.parts.push(Part {
                    line: *first,
                    first: number,
                    lot_size: self.lot_size,
                    sizes,
                    maker_lot: String::new(),
                });
            }
        }
    }

    /// Books the lots that were received, under lines and notices of their own.
    fn carried(&self, books: &mut Books) {
        let mut lots = self.lots.iter().peekable();
        while let Some((first, head)) = lots.next() {
            let mut run = vec![(*first, head)];
            while let Some(next) = lots.next_if(|(number, lot)| {
                let last = run.last().map_or(0, |(last, _)| *last);
                **number == last + 1 && lot.ordered_on == head.ordered_on
            }) {
                run.push((*next.0, next.1));
            }
            let count = i64::try_from(run.len()).unwrap_or(i64::MAX);
            let last_on = run.iter().map(|(_, lot)| lot.received_on).max();
            let on = last_on.unwrap_or(head.received_on);
            books
                .lines
                .push(self.line(*first, count, head.ordered_on, on));
            for (number, lot) in run {
                let Some(of) = self.source.lot(number) else {
                    continue;
                };
                books.lots.push(Lot {
                    number: of,
                    line: *first,
                    stock: lot.clone(),
                });
                let id = notice_id(&self.supplier_id, lot.received_on);
                let notice = books.notices.entry(id).or_insert(Notice {
                    supplier_no: self.supplier_no,
                    shipped_on: lot.received_on,
                    expected_on: lot.received_on,
                    received_on: Some(lot.received_on),
                    parts: Vec::new(),
                });
                let size = lot.received.milli();
                match notice.parts.last_mut() {
                    Some(part) if part.line == *first && part.is_followed_by(of, lot) => {
                        part.sizes.push(size);
                    }
                    _ => notice.parts.push(Part {
                        line: *first,
                        first: of,
                        lot_size: self.lot_size,
                        sizes: vec![size],
                        maker_lot: lot.maker_lot.clone(),
                    }),
                }
            }
        }
    }

    /// Books the numbers between others that nothing stands behind.
    fn taken_back(&self, books: &mut Books) {
        let most = self.used.last().copied().unwrap_or_default();
        let mut gaps: Vec<(i64, i64)> = Vec::new();
        for number in (1..most).filter(|number| !self.used.contains(number)) {
            match gaps.last_mut() {
                Some((first, lots)) if *first + *lots == number => *lots += 1,
                _ => gaps.push((number, 1)),
            }
        }
        let on = self.as_of.minus(1);
        books
            .lines
            .extend(gaps.into_iter().map(|(first, lots)| Line {
                word: Word::Rejected,
                accepted_lots: 0,
                withdrawn: lots,
                shipped: 0,
                received: 0,
                ..self.line(first, lots, on, on)
            }));
    }

    /// A line that was accepted, shipped and received.
    fn line(&self, first_lot: i64, lots: i64, ordered_on: Date, receipt_on: Date) -> Line {
        Line {
            number: 0,
            source: self.source,
            first_lot,
            lots,
            lot_size: self.lot_size,
            needed_on: receipt_on.plus(1),
            receipt_on,
            ship_on: receipt_on,
            released_on: ordered_on,
            past_due: false,
            word: Word::Accepted,
            shipped: lots,
            received: lots,
            gone: 0,
            withdrawn: 0,
            version: 1,
            asked_lots: lots,
            asked_on: receipt_on,
            accepted_lots: lots,
            answered_on: Some(ordered_on),
            proposal: None,
            invoiced: Quantity::ZERO,
        }
    }
}

/// The notice under which lots are booked that a supplier's goods of a day brought.
fn notice_id(supplier_id: &str, on: Date) -> String {
    format!("OPENING-{supplier_id}-{on}")
}

/// A quantity as lots: whole ones, and a rest.
fn cut(quantity: i64, lot: i64) -> Vec<i64> {
    let lot = lot.max(1);
    let mut sizes = vec![lot; usize::try_from(quantity / lot).unwrap_or_default()];
    if quantity % lot > 0 {
        sizes.push(quantity % lot);
    }
    sizes
}
