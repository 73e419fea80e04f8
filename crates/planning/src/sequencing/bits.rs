//! Rows of bits read in words: how many windows of a run are full, how many break their rule. One look answers
//! for 64 positions, which is what makes a move cost nanoseconds.
//!
//! It must not know what a bit means. Invariant: a row ends with two spare words, so a read never leaves it.

/// The lowest `len` bits; `len` is at most 64.
#[inline]
fn low(len: usize) -> u64 {
    match len {
        0 => 0,
        len => u64::MAX >> (64 - len.min(64)),
    }
}

/// 64 bits of `row` from bit `start`.
#[inline]
pub(super) fn word(row: &[u64], start: usize) -> u64 {
    let (at, shift) = (start >> 6, (start & 63) as u32);
    match row.get(at..at + 2) {
        // Two shifts, because a shift by 64 is not one.
        Some(pair) => (pair[0] >> shift) | ((pair[1] << 1) << (63 - shift)),
        None => 0,
    }
}

/// The ones among `len` bits of `row` from `start`.
#[inline]
pub(super) fn ones(row: &[u64], start: usize, len: usize) -> i64 {
    if len <= 64 {
        return i64::from((word(row, start) & low(len)).count_ones());
    }
    let mut sum = 0;
    let mut done = 0;
    while done < len {
        sum += (word(row, start + done) & low(len - done)).count_ones();
        done += 64;
    }
    i64::from(sum)
}

/// The ones of `row` from `start` where `other` from `from` has a one as well, or a zero when `flip` is all
/// ones; `len` bits.
#[inline]
pub(super) fn ones_where(
    (row, start): (&[u64], usize),
    (other, from): (&[u64], usize),
    flip: u64,
    len: usize,
) -> i64 {
    let mut sum = 0;
    let mut done = 0;
    while done < len {
        let kept = word(row, start + done) & (word(other, from + done) ^ flip);
        sum += (kept & low(len - done)).count_ones();
        done += 64;
    }
    i64::from(sum)
}

/// Whether `len` bits of `row` from `start` are all alike.
#[inline]
pub(super) fn uniform(row: &[u64], start: usize, len: usize) -> bool {
    let first = 0u64.wrapping_sub(word(row, start) & 1);
    let mut done = 0;
    while done < len {
        if (word(row, start + done) ^ first) & low(len - done) != 0 {
            return false;
        }
        done += 64;
    }
    true
}

/// Writes one bit.
#[inline]
pub(super) fn set(row: &mut [u64], at: usize, one: bool) {
    if let Some(word) = row.get_mut(at >> 6) {
        let bit = 1u64 << (at & 63);
        match one {
            true => *word |= bit,
            false => *word &= !bit,
        }
    }
}

/// Reads one bit.
#[inline]
pub(super) fn get(row: &[u64], at: usize) -> bool {
    word(row, at) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_agree_with_bits(bits in proptest::collection::vec(any::<bool>(), 1..300), a in 0usize..300, n in 0usize..300) {
            let mut row = vec![0u64; bits.len() / 64 + 3];
            for (at, one) in bits.iter().enumerate() {
                set(&mut row, at, *one);
            }
            let a = a % bits.len();
            let n = n.min(bits.len() - a);
            let held = bits[a..a + n].iter().filter(|b| **b).count();
            prop_assert_eq!(ones(&row, a, n), held as i64);
            prop_assert_eq!(ones_where((&row, a), (&row, a), 0, n), held as i64);
            prop_assert_eq!(ones_where((&row, a), (&row, a), u64::MAX, n), 0);
            prop_assert_eq!(uniform(&row, a, n), held == 0 || held == n);
            prop_assert_eq!(get(&row, a), bits[a]);
        }
    }
}
