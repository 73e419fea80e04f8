//! The windows of every ratio rule over a line of vehicles, kept so that a move is priced without walking the
//! windows: per rule one row of bits says who has the option, one which windows break the rule (`over`), one
//! which are full and would break it with one more (`full`). A vehicle that leaves a window saves one where
//! `over` is set, one that joins costs one where `full` is set; windows between the ends of an insertion only
//! slide, so their costs cancel (Estellon, Gardi, Nouioua 2008 prove the same for their counters).
//!
//! It must not know colours or acceptance. Invariants: window `w` begins at position `w` and is cut at the end
//! of the line; windows before position 0 do not exist; positions are shifted by `pad` bits so that a window
//! left of the line reads as empty.
use super::bits;

/// A rule as the arithmetic wants it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gauge {
    pub(super) most: u32,
    pub(super) span: usize,
    pub(super) weight: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Windows {
    gauges: Vec<Gauge>,
    len: usize,
    pad: usize,
    words: usize,
    taken: Vec<u64>,
    over: Vec<u64>,
    full: Vec<u64>,
    held: Vec<u16>,
}

impl Windows {
    /// The windows of `gauges` over vehicles with the options `masks`; bit `g` belongs to gauge `g`.
    pub(super) fn new(gauges: Vec<Gauge>, masks: &[u64]) -> Self {
        // Room for the longest window and for a whole word on either side.
        let pad = gauges.iter().map(|g| g.span).max().unwrap_or(1) + 64;
        let words = (masks.len() + 2 * pad) / 64 + 3;
        let mut windows = Self {
            len: masks.len(),
            pad,
            words,
            taken: vec![0; gauges.len() * words],
            over: vec![0; gauges.len() * words],
            full: vec![0; gauges.len() * words],
            held: vec![0; gauges.len() * masks.len()],
            gauges,
        };
        windows.fill(masks);
        windows
    }

    /// Counts everything anew over `masks`, as many as before.
    pub(super) fn fill(&mut self, masks: &[u64]) {
        if let Some(last) = masks.len().checked_sub(1) {
            for g in 0..self.gauges.len() {
                self.apply_reorder(g, 0, masks);
                self.recount(g, 0, last);
            }
        }
    }

    pub(super) fn gauge(&self, g: usize) -> Gauge {
        self.gauges[g]
    }

    pub(super) fn gauges(&self) -> usize {
        self.gauges.len()
    }

    #[inline]
    fn rows(&self, g: usize) -> (&[u64], &[u64], &[u64]) {
        let (from, to) = (g * self.words, (g + 1) * self.words);
        (
            &self.taken[from..to],
            &self.over[from..to],
            &self.full[from..to],
        )
    }

    /// How many too many window `w` of gauge `g` holds.
    #[inline]
    fn excess(&self, g: usize, w: usize) -> i64 {
        let held = self.held[g * self.len + w];
        i64::from(u32::from(held).saturating_sub(self.gauges[g].most))
    }

    /// The excess over all windows that reach into positions from `first`.
    pub(super) fn total(&self, g: usize, first: usize) -> i64 {
        let begin = (first + 1).saturating_sub(self.gauges[g].span);
        (begin..self.len).map(|w| self.excess(g, w)).sum()
    }

    /// Where the broken windows of gauge `g` begin, seen from position `from` on: the first one, if any.
    pub(super) fn broken_from(&self, g: usize, from: usize) -> Option<usize> {
        let (_, over, _) = self.rows(g);
        let mut at = from + self.pad;
        let end = self.len + self.pad;
        while at < end {
            let word = bits::word(over, at);
            if word != 0 {
                let found = at + word.trailing_zeros() as usize;
                return (found < end).then(|| found - self.pad);
            }
            at += 64;
        }
        None
    }

    /// Gauge `g` when the option moves from position `out` to position `to`: the change of its excess.
    #[inline]
    pub(super) fn shift(&self, g: usize, out: usize, to: usize) -> i64 {
        let span = self.gauges[g].span;
        let (_, over, full) = self.rows(g);
        let (left, right) = (
            self.pad + 1 + out.min(to) - span,
            self.pad + 1 + out.max(to),
        );
        let run = span.min(out.abs_diff(to));
        // Windows over both positions keep their count; the others are the runs at the outer ends.
        match out < to {
            true => bits::ones(full, right - run, run) - bits::ones(over, left, run),
            false => bits::ones(full, left, run) - bits::ones(over, right - run, run),
        }
    }

    /// Gauge `g` when the vehicle at `from` is taken out and put in at `to`, all between sliding by one.
    #[inline]
    pub(super) fn insert(&self, g: usize, from: usize, to: usize) -> i64 {
        let span = self.gauges[g].span;
        let (taken, over, full) = self.rows(g);
        let (i, j) = (from.min(to), from.max(to));
        let far = j - i;
        if bits::uniform(taken, i + self.pad, far + 1) {
            return 0;
        }
        let moved = bits::get(taken, from + self.pad);
        let forward = from < to;
        // On the left the windows begin at i + 1 - span; a forward move changes one fewer of them.
        let begin = self.pad + i + 1 - span;
        let left = if forward {
            far.min(span - 1)
        } else {
            far.min(span)
        };
        let right = far.min(span);
        let end = self.pad + j + 1 - right;
        // Forward, the window at `w` gains who stood at `w + span`; backward, it loses the one at
        // `w + span - 1`. At the right end it loses its first, or gains the one before it.
        let (edge, first) = if forward {
            (self.pad + i + 1, end)
        } else {
            (self.pad + i, end - 1)
        };
        let (gain, lose) = (u64::MAX, 0);
        let (near, away) = if forward {
            ((begin, edge, left), (end, first, right))
        } else {
            ((end, first, right), (begin, edge, left))
        };
        // `near` loses the moved vehicle and gains a neighbour, `away` gains it and loses a neighbour.
        let mut change = match moved {
            true => {
                bits::ones_where((full, away.0), (taken, away.1), gain, away.2)
                    - bits::ones_where((over, near.0), (taken, near.1), gain, near.2)
            }
            false => {
                bits::ones_where((full, near.0), (taken, near.1), lose, near.2)
                    - bits::ones_where((over, away.0), (taken, away.1), lose, away.2)
            }
        };
        if far >= span {
            change += match forward {
                true => self.excess(g, j + 1 - span) - self.excess(g, i),
                false => self.excess(g, i) - self.excess(g, j - span),
            };
        }
        change
    }

    /// Gauge `g` when the positions `i..=j` are turned around. Windows inside only trade places; one across
    /// an end changes by what the outer `m` vehicles of both ends differ.
    pub(super) fn reflect(&self, g: usize, i: usize, j: usize) -> i64 {
        let span = self.gauges[g].span;
        let (taken, _, _) = self.rows(g);
        let (first, last) = (i + self.pad, j + self.pad);
        if bits::uniform(taken, first, j + 1 - i) {
            return 0;
        }
        // Where the two ends mirror each other nothing differs; the first word tells most cases.
        let outer = span.min(j + 1 - i);
        let mirror = bits::word(taken, last - 63).reverse_bits();
        let unlike = bits::word(taken, first) ^ mirror;
        let begin = 1 + (unlike.trailing_zeros() as usize).min(63);
        let mut change = 0;
        let mut differ = 0i64;
        for m in begin..outer {
            let (a, b) = (last + 1 - m, first + m - 1);
            differ += i64::from(bits::get(taken, a)) - i64::from(bits::get(taken, b));
            if differ != 0 {
                if i + m >= span {
                    change += self.adds(g, i + m - span, differ);
                }
                change += self.adds(g, j + 1 - m, -differ);
            }
        }
        change
    }

    /// Gauge `g` when the vehicles from position `i` on become `new` (masks of the same vehicles, reordered).
    pub(super) fn reorder(&self, g: usize, i: usize, old: &[u64], new: &[u64]) -> i64 {
        let span = self.gauges[g].span;
        let run = old.len();
        // `ahead[m]`: how many more the first `m` hold after than before.
        let mut ahead = [0i64; super::moves::LONGEST_SHUFFLE + 1];
        let mut same = true;
        for (m, (old, new)) in old.iter().zip(new).enumerate() {
            ahead[m + 1] = ahead[m] + (new >> g & 1) as i64 - (old >> g & 1) as i64;
            same &= ahead[m + 1] == 0;
        }
        if same {
            return 0;
        }
        let mut change = 0;
        let mut price = |w: usize| {
            let end = (w + span).saturating_sub(i).min(run);
            let differ = ahead[end] - ahead[w.saturating_sub(i).min(run)];
            if differ != 0 {
                change += self.adds(g, w, differ);
            }
        };
        if span > run {
            ((i + 1).saturating_sub(span)..(i + run).saturating_sub(span)).for_each(&mut price);
            (i + 1..i + run).for_each(&mut price);
        } else {
            ((i + 1).saturating_sub(span)..i + run).for_each(&mut price);
        }
        change
    }

    /// What window `w` costs more when it holds `differ` more.
    #[inline]
    fn adds(&self, g: usize, w: usize, differ: i64) -> i64 {
        let most = i64::from(self.gauges[g].most);
        let held = i64::from(self.held[g * self.len + w]);
        (held + differ - most).max(0) - (held - most).max(0)
    }

    /// Carries out what [`Windows::shift`] priced.
    pub(super) fn apply_shift(&mut self, g: usize, out: usize, to: usize) {
        let span = self.gauges[g].span;
        let row = g * self.words..(g + 1) * self.words;
        bits::set(&mut self.taken[row.clone()], out + self.pad, false);
        bits::set(&mut self.taken[row], to + self.pad, true);
        let run = span.min(out.abs_diff(to));
        let left =
            (out.min(to) + 1).saturating_sub(span)..(out.min(to) + 1 + run).saturating_sub(span);
        let right = out.max(to) + 1 - run..out.max(to) + 1;
        let (fewer, more) = if out < to {
            (left, right)
        } else {
            (right, left)
        };
        fewer.for_each(|w| self.count(g, w, u16::wrapping_sub));
        more.for_each(|w| self.count(g, w, u16::wrapping_add));
    }

    #[inline]
    fn count(&mut self, g: usize, w: usize, step: fn(u16, u16) -> u16) {
        let held = &mut self.held[g * self.len + w];
        *held = step(*held, 1);
        let held = u32::from(*held);
        self.mark(g, w, held);
    }

    #[inline]
    fn mark(&mut self, g: usize, w: usize, held: u32) {
        let most = self.gauges[g].most;
        let row = g * self.words..(g + 1) * self.words;
        bits::set(&mut self.over[row.clone()], w + self.pad, held > most);
        bits::set(&mut self.full[row], w + self.pad, held >= most);
    }

    /// Carries out what [`Windows::insert`] priced: bits and counts slide, the windows at the ends are counted.
    pub(super) fn apply_insert(&mut self, g: usize, from: usize, to: usize) {
        let span = self.gauges[g].span;
        let (i, j, pad) = (from.min(to), from.max(to), self.pad);
        let far = j - i;
        let row = g * self.words..(g + 1) * self.words;
        let taken = &mut self.taken[row.clone()];
        if bits::uniform(taken, i + pad, far + 1) {
            return;
        }
        let moved = bits::get(taken, from + pad);
        let forward = from < to;
        match forward {
            true => bits::slide_down(taken, i + pad, far),
            false => bits::slide_up(taken, i + pad, far),
        }
        bits::set(taken, to + pad, moved);
        if far < span {
            self.recount(g, i.saturating_sub(span - 1), j);
            return;
        }
        let slid = far + 1 - span;
        let base = g * self.len;
        let (over, full) = (&mut self.over[row.clone()], &mut self.full[row]);
        if forward {
            self.held
                .copy_within(base + i + 1..base + i + 1 + slid, base + i);
            bits::slide_down(over, i + pad, slid);
            bits::slide_down(full, i + pad, slid);
            self.recount(g, i.saturating_sub(span - 1), i);
        } else {
            self.held
                .copy_within(base + i..base + i + slid, base + i + 1);
            bits::slide_up(over, i + pad, slid);
            bits::slide_up(full, i + pad, slid);
            self.recount(g, i.saturating_sub(span - 1), i + 1);
        }
        self.recount(g, j + 1 - span, j);
    }

    /// Carries out what [`Windows::reflect`] priced, in the same way.
    pub(super) fn apply_reflect(&mut self, g: usize, i: usize, j: usize) {
        let span = self.gauges[g].span;
        let pad = self.pad;
        let row = g * self.words..(g + 1) * self.words;
        let taken = &mut self.taken[row.clone()];
        if bits::uniform(taken, i + pad, j + 1 - i) {
            return;
        }
        bits::turn(taken, i + pad, j + 1 - i);
        if j + 1 - i < 2 * span {
            self.recount(g, i.saturating_sub(span - 1), j);
            return;
        }
        let inside = j + 2 - i - span;
        bits::turn(&mut self.over[row.clone()], i + pad, inside);
        bits::turn(&mut self.full[row], i + pad, inside);
        let base = g * self.len + i;
        self.held[base..base + inside].reverse();
        if i > 0 && span > 1 {
            self.recount(g, i.saturating_sub(span - 1), i - 1);
        }
        if span > 1 {
            self.recount(g, j + 2 - span, j);
        }
    }

    /// Carries out what [`Windows::reorder`] priced.
    pub(super) fn apply_reorder(&mut self, g: usize, i: usize, new: &[u64]) {
        let row = g * self.words..(g + 1) * self.words;
        let taken = &mut self.taken[row];
        for (position, mask) in (i..).zip(new) {
            bits::set(taken, position + self.pad, mask >> g & 1 == 1);
        }
        let begin = (i + 1).saturating_sub(self.gauges[g].span);
        self.recount(g, begin, i + new.len() - 1);
    }

    /// Counts the windows `from..=to` of gauge `g` from the bits.
    fn recount(&mut self, g: usize, from: usize, to: usize) {
        let Gauge { most, span, .. } = self.gauges[g];
        let row = g * self.words..(g + 1) * self.words;
        let taken = &self.taken[row.clone()];
        let (over, full) = (&mut self.over[row.clone()], &mut self.full[row]);
        let mut held = bits::ones(taken, from + self.pad, span) as u32;
        let counts = &mut self.held[g * self.len..(g + 1) * self.len];
        for (at, count) in (from + self.pad..).zip(&mut counts[from..=to]) {
            *count = held as u16;
            bits::set(over, at, held > most);
            bits::set(full, at, held >= most);
            held = held + u32::from(bits::get(taken, at + span)) - u32::from(bits::get(taken, at));
        }
    }
}
