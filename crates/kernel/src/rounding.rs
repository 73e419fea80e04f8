//! The one home of rounding: half to even for money, floor and ceiling for counts. It must not know
//! what is divided. Invariant: a result that does not fit i64 is None, and so is a division by zero.

/// `numerator / denominator` to the nearest integer, halves to the even neighbour.
pub fn half_even_div(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (n, d) = if denominator < 0 {
        (-numerator, -denominator)
    } else {
        (numerator, denominator)
    };
    let (quotient, rest) = (n.div_euclid(d), n.rem_euclid(d));
    let up = match (rest * 2).cmp(&d) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Greater => 1,
        std::cmp::Ordering::Equal => quotient.rem_euclid(2),
    };
    i64::try_from(quotient + up).ok()
}

/// The least integer not below `numerator / denominator`.
pub fn ceil_div(numerator: i128, denominator: i128) -> Option<i64> {
    floor_div(-numerator, denominator).map(|v| -v)
}

/// The greatest integer not above `numerator / denominator`.
pub fn floor_div(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (n, d) = if denominator < 0 {
        (-numerator, -denominator)
    } else {
        (numerator, denominator)
    };
    i64::try_from(n.div_euclid(d)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let cases = [
            (5, 2, 2),
            (7, 2, 4),
            (-5, 2, -2),
            (-7, 2, -4),
            (10, 4, 2),
            (11, 4, 3),
            (-11, 4, -3),
        ];
        for (n, d, want) in cases {
            assert_eq!(half_even_div(n, d), Some(want), "{n}/{d}");
        }
        assert_eq!(half_even_div(1, 0), None);
        assert_eq!(half_even_div(i128::from(i64::MAX) * 2, 1), None);
    }

    #[test]
    fn floor_and_ceiling_agree_below_zero() {
        assert_eq!((floor_div(-7, 2), ceil_div(-7, 2)), (Some(-4), Some(-3)));
        assert_eq!((floor_div(7, 2), ceil_div(7, 2)), (Some(3), Some(4)));
        assert_eq!((floor_div(7, 0), ceil_div(7, 0)), (None, None));
    }
}
