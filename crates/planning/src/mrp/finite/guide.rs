//! When orders of made items should start at the latest so that the shops can follow: level by level from the demands
//! down, each shop filled backwards from its last bucket, what can start latest at the earliest first (the mirror image
//! of the earliest due date rule, which is right for one machine with release dates; Baker and Trietsch). It must not
//! know lots in rooms, stock of bought items or what is booked: it guides, and the forward pass plans. Invariant: the
//! needs of an item add up to what unlimited netting orders of it.
use super::super::error::MrpError;
use super::super::net::{NONE, Supply};
use super::super::plan::{ItemPlan, Plan};
use super::super::problem::Day;
use super::Delivered;
use super::forward::Need;
use super::state::State;
use std::collections::{BTreeMap, BinaryHeap};

/// A part of an order that waits for room; the one that can start latest at the earliest is the greatest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    /// It cannot start before this day.
    release: Day,
    latest: Day,
    item: usize,
    /// Index of the supply within the item.
    at: usize,
    quantity: i64,
}

/// A part of an order with its day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    item: usize,
    at: usize,
    start: Day,
    quantity: i64,
}

impl Plan {
    /// The needs of all made items if demands are given what `given` says; orders that are built ahead start `early`
    /// days before the end of their bucket. The plan is overwritten.
    pub(super) fn needs(
        &mut self,
        state: &State<'_>,
        given: &[Delivered],
        early: Day,
    ) -> Result<Vec<Vec<Need>>, MrpError> {
        for plan in &mut self.items {
            *plan = ItemPlan::default();
        }
        for (item, delivery) in given {
            self.items[*item].deliveries.push(*delivery);
        }
        self.sort_deliveries();
        let mut sums = self.sums()?;
        let mut left: Vec<Vec<i64>> = state.rooms.iter().map(|r| r.whole.clone()).collect();
        let mut needs = vec![Vec::new(); self.items.len()];
        let mut level: Vec<usize> = Vec::new();
        for place in 0..=self.network.order.len() {
            let next = self.network.order.get(place).map(|at| *at as usize);
            let code = |item: usize| self.network.level[item];
            let done = level.first().map(|item| code(*item));
            if done.is_some() && done != next.map(code) {
                self.level_out(&level, state, early, &mut left);
                for item in level.drain(..) {
                    needs[item] = self.needs_of_item(item);
                }
            }
            if let Some(item) = next.filter(|item| self.network.rules[*item].make) {
                self.gather(item, &mut sums)?;
                self.net(item)?;
                level.push(item);
            }
        }
        Ok(needs)
    }

    /// Gives the orders of the items of a level the latest days for which their shops have room.
    fn level_out(&mut self, level: &[usize], state: &State<'_>, early: Day, left: &mut [Vec<i64>]) {
        let mut by_shop: BTreeMap<usize, Vec<Piece>> = BTreeMap::new();
        for item in level {
            let named = &self.problem.items[*item];
            if let Some(shop) = named.shop.filter(|_| named.micro_hours > 0) {
                let pieces = by_shop.entry(shop).or_default();
                for (at, supply, quantity) in self.orders_of(*item) {
                    pieces.push(Piece {
                        release: state.earliest[*item],
                        latest: supply.start,
                        item: *item,
                        at,
                        quantity,
                    });
                }
            }
        }
        let mut placed = Vec::new();
        for (shop, mut pieces) in by_shop {
            pieces.sort_by_key(|piece| piece.latest);
            self.fill(shop, pieces, state, early, &mut left[shop], &mut placed);
        }
        placed.sort_unstable();
        for parts in placed.chunk_by(|a, b| a.item == b.item) {
            self.split(parts[0].item, parts);
        }
    }

    fn fill(
        &self,
        shop: usize,
        mut pieces: Vec<Piece>,
        state: &State<'_>,
        early: Day,
        left: &mut [i64],
        placed: &mut Vec<Placed>,
    ) {
        let mut put = |piece: &Piece, start: Day, quantity: i64| {
            placed.push(Placed {
                item: piece.item,
                at: piece.at,
                start,
                quantity,
            });
        };
        let (room, mut open) = (&state.rooms[shop], BinaryHeap::new());
        for (bucket, left) in left.iter_mut().enumerate().rev() {
            let (first, last) = (room.first_day(bucket), room.last_day(bucket));
            while let Some(piece) = pieces.pop_if(|piece| piece.latest >= first) {
                open.push(piece);
            }
            while let Some(mut piece) = open.pop() {
                if piece.release > last {
                    // It will be late, and comes first when it can start.
                    put(&piece, piece.release.min(piece.latest), piece.quantity);
                    continue;
                }
                let micro = self.problem.items[piece.item].micro_hours;
                let fits = (*left / micro).clamp(0, piece.quantity);
                *left -= fits * micro;
                if fits > 0 {
                    let ahead = last.saturating_sub(early).max(first);
                    let start = match piece.latest <= last {
                        true => piece.latest,
                        false => ahead,
                    };
                    put(&piece, start, fits);
                }
                if fits < piece.quantity {
                    piece.quantity -= fits;
                    open.push(piece);
                    break;
                }
            }
        }
        for piece in open.iter().chain(&pieces) {
            put(piece, piece.release.min(piece.latest), piece.quantity);
        }
    }

    /// Replaces the orders of an item by their parts.
    fn split(&mut self, item: usize, parts: &[Placed]) {
        let mut end = self.network.rules[item].on_hand;
        let (mut before, mut rest, mut split) = (end, parts, Vec::new());
        for (at, supply) in self.items[item].supplies.iter().enumerate() {
            let mine = rest.partition_point(|part| part.at <= at);
            for part in &rest[..mine] {
                end += part.quantity;
                let start = part.start;
                split.push(Supply {
                    end,
                    start,
                    ..*supply
                });
            }
            if mine == 0 {
                end += supply.end - before;
                split.push(Supply { end, ..*supply });
            }
            before = supply.end;
            rest = &rest[mine..];
        }
        self.items[item].supplies = split;
    }

    /// Planned orders of an item that take room: index, supply, good quantity.
    fn orders_of(&self, item: usize) -> impl Iterator<Item = (usize, &Supply, i64)> {
        let mut before = self.network.rules[item].on_hand;
        let supplies = self.items[item].supplies.iter().enumerate();
        let orders = supplies.map(move |(at, supply)| {
            let quantity = supply.end - before;
            before = supply.end;
            (at, supply, quantity)
        });
        orders.filter(move |(_, s, _)| s.receipt == NONE && !self.blows_through(item, s.due))
    }

    fn needs_of_item(&self, item: usize) -> Vec<Need> {
        let orders = self.orders_of(item);
        let mut all: Vec<_> = orders.map(|(_, s, good)| (s.start, s.due, good)).collect();
        all.sort_unstable();
        let mut end = 0;
        (all.into_iter())
            .map(|(start, due, quantity)| {
                end += quantity;
                let key = (start, due);
                Need { key, end }
            })
            .collect()
    }
}
