//! How far two places lie apart on the earth. It must not know roads. Invariant: integers only, within a thousandth of the
//! distance; the same on every machine. Source: haversine formula (Sinnott 1984); mean radius 6,371,009 m (IUGG).
use crate::fixed::{Fixed, ONE, mul};

/// The mean radius of the earth in metres.
const RADIUS: i128 = 6_371_009;
/// Half of pi.
const RIGHT_ANGLE: Fixed = 442_139_859_501_778;

/// The great circle between two places in metres; places are latitude and longitude in millionths of a degree. Roads are longer.
pub fn great_circle(a: (i64, i64), b: (i64, i64)) -> i64 {
    let half = |from: i64, to: i64| sine(radians(i128::from(to) - i128::from(from)) / 2);
    let (up, along) = (half(a.0, b.0), half(a.1, b.1));
    let cosine = |latitude: i64| sine(RIGHT_ANGLE - radians(i128::from(latitude)).abs());
    let hav = mul(up, up) + mul(mul(cosine(a.0), cosine(b.0)), mul(along, along));
    let metres = (2 * RADIUS * arc_sine(root(hav.clamp(0, ONE))) + ONE / 2) / ONE;
    i64::try_from(metres).unwrap_or(i64::MAX)
}

fn radians(micro_degrees: i128) -> Fixed {
    micro_degrees * RIGHT_ANGLE / 90_000_000
}

/// The sine within two right angles, by Taylor's series.
fn sine(x: Fixed) -> Fixed {
    let x = match x {
        x if x > RIGHT_ANGLE => 2 * RIGHT_ANGLE - x,
        x if x < -RIGHT_ANGLE => -2 * RIGHT_ANGLE - x,
        x => x,
    };
    let square = mul(x, x);
    let (mut term, mut sum) = (x, x);
    for n in 1..12 {
        term = -mul(term, square) / (2 * n * (2 * n + 1));
        sum += term;
    }
    sum
}

fn root(x: Fixed) -> Fixed {
    (x.max(0) * ONE).isqrt()
}

/// The arc of a sine between 0 and 1; its series is short below a half, and above it the half arc of the rest is.
fn arc_sine(s: Fixed) -> Fixed {
    if 2 * s > ONE {
        return RIGHT_ANGLE - 2 * arc_of_small(root((ONE - s) / 2));
    }
    arc_of_small(s)
}

fn arc_of_small(s: Fixed) -> Fixed {
    let square = mul(s, s);
    let (mut term, mut sum) = (s, s);
    for n in 1..24 {
        term = mul(term, square) * (2 * n - 1) / (2 * n);
        sum += term / (2 * n + 1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        let beijing = (39_720_000, 116_550_000);
        let ningde = (26_660_000, 119_550_000);
        // Paris to New York is 5,837 km between these points by the haversine formula with the same radius.
        let (paris, new_york) = ((48_856_667, 2_350_833), (40_712_778, -74_005_833));
        for (from, to, km) in [
            (beijing, ningde, 1479),
            (paris, new_york, 5837),
            ((0, 0), (0, 180_000_000), 20_015),
            ((90_000_000, 0), (-90_000_000, 0), 20_015),
            ((0, -179_000_000), (0, 179_000_000), 222),
            (beijing, beijing, 0),
        ] {
            let found = (great_circle(from, to) + 500) / 1000;
            assert!((found - km).abs() <= 1, "{from:?} {to:?}: {found} not {km}");
            assert_eq!(great_circle(from, to), great_circle(to, from));
        }
    }
}
