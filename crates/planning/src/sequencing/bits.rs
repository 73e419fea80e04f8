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
    row.get(at >> 6)
        .is_some_and(|word| word >> (at & 63) & 1 == 1)
}

/// Writes the lowest `len` bits of `value` from bit `start` on; `len` is at most 64.
#[inline]
fn write(row: &mut [u64], start: usize, len: usize, value: u64) {
    let (at, shift) = (start >> 6, (start & 63) as u32);
    let Some([head, tail]) = row.get_mut(at..at + 2) else {
        return;
    };
    let (kept, value) = (low(len), value & low(len));
    *head = (*head & !(kept << shift)) | (value << shift);
    *tail = (*tail & !((kept >> 1) >> (63 - shift))) | ((value >> 1) >> (63 - shift));
}

/// The bits from `start + 1` to `start + len` move down by one place.
pub(super) fn slide_down(row: &mut [u64], start: usize, len: usize) {
    for done in (0..len).step_by(64) {
        let value = word(row, start + done + 1);
        write(row, start + done, (len - done).min(64), value);
    }
}

/// The bits from `start` to `start + len - 1` move up by one place.
pub(super) fn slide_up(row: &mut [u64], start: usize, len: usize) {
    let mut left = len;
    while left > 0 {
        let chunk = left.min(64);
        left -= chunk;
        let value = word(row, start + left);
        write(row, start + left + 1, chunk, value);
    }
}

/// `len` bits from `start` on turn around.
pub(super) fn turn(row: &mut [u64], start: usize, len: usize) {
    let (mut front, mut back) = (start, start + len);
    while back > front + 1 {
        // Both ends at once, never past the middle.
        let chunk = ((back - front) / 2).min(64);
        let a = word(row, front) & low(chunk);
        let b = word(row, back - chunk) & low(chunk);
        let turned = |value: u64| value.reverse_bits() >> (64 - chunk);
        write(row, front, chunk, turned(b));
        write(row, back - chunk, chunk, turned(a));
        front += chunk;
        back -= chunk;
    }
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

        #[test]
        fn ranges_move_and_turn(bits in proptest::collection::vec(any::<bool>(), 2..400), a in 0usize..400, n in 0usize..400) {
            let mut row = vec![0u64; bits.len() / 64 + 3];
            for (at, one) in bits.iter().enumerate() {
                set(&mut row, at, *one);
            }
            let a = a % (bits.len() - 1);
            let n = n.min(bits.len() - 1 - a);
            let read = |row: &[u64]| (0..bits.len()).map(|at| get(row, at)).collect::<Vec<bool>>();
            let (mut down, mut up, mut turned) = (row.clone(), row.clone(), row.clone());
            slide_down(&mut down, a, n);
            slide_up(&mut up, a, n);
            turn(&mut turned, a, n);
            let mut want = bits.clone();
            want.copy_within(a + 1..a + 1 + n, a);
            prop_assert_eq!(read(&down), want);
            let mut want = bits.clone();
            want.copy_within(a..a + n, a + 1);
            prop_assert_eq!(read(&up), want);
            let mut want = bits.clone();
            want[a..a + n].reverse();
            prop_assert_eq!(read(&turned), want);
        }
    }
}
