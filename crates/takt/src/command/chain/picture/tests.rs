//! The picture of small and of large networks.
use super::*;

fn picture(counts: &[usize]) -> Picture {
    let mut made = Picture::new("A <car>", "2024-03-29", "USD");
    for (tier, count) in (1..).zip(counts) {
        let before = made.boxes.len();
        for at in 0..*count {
            made.boxes.push(Box {
                id: format!("T{tier}-{at}"),
                tier,
                lost_vehicles: (at % 7 != 6).then_some((at * 10) as f64),
                behind: at % 5,
                ..Box::default()
            });
            if tier > 1 {
                made.links
                    .push((before + at, before - 1 - at % before.min(20)));
            }
        }
    }
    made.parts = 12;
    made.delivery = Some((3, 2.5));
    made
}

/// Left edge and centre of each box of a supplier.
fn boxes(svg: &str) -> Vec<(f64, f64)> {
    let number = |text: &str, key: &str| -> Option<f64> {
        let (_, rest) = text.split_once(key)?;
        rest.split('"').next()?.parse().ok()
    };
    (svg.split("<g class=\"b\"").skip(1))
        .filter_map(|one| {
            let (_, shape) = one.split_once("<rect")?;
            Some((number(shape, " x=\"")?, number(shape, " y=\"")?))
        })
        .collect()
}

#[test]
fn no_two_boxes_overlap_and_all_lie_inside() {
    for counts in [&[1][..], &[83, 39, 24, 6], &[300, 100, 45, 9, 1], &[2, 60]] {
        let made = picture(counts);
        let drawn = svg(&made);
        let found = boxes(&drawn);
        let room = |count: &usize| (*count).min(ROWS * COLUMNS);
        assert_eq!(found.len(), counts.iter().map(room).sum::<usize>());
        let height: f64 = (drawn.split_once("height=\""))
            .and_then(|(_, rest)| rest.split('"').next()?.parse().ok())
            .unwrap_or(0.0);
        for (at, (x, y)) in found.iter().enumerate() {
            assert!(
                *y >= TOP && y + BOX.1 <= height - FOOT + 1.0,
                "{counts:?}: {x} {y} of {height}"
            );
            for (other, below) in found.iter().skip(at + 1) {
                let apart = (x - other).abs() >= BOX.0 || (y - below).abs() >= BOX.1;
                assert!(apart, "{counts:?}: {x} {y} and {other} {below}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named_and_every_text_is_escaped() {
    let made = picture(&[300]);
    let drawn = svg(&made);
    assert!(drawn.contains("+ 213 more"));
    assert!(drawn.contains("A &lt;car&gt;") && !drawn.contains("A <car>"));
    for one in &made.boxes {
        assert!(drawn.contains(&one.id), "{}", one.id);
    }
    // The most exposed has a box of its own, and the legend names it.
    assert!(drawn.contains("that of T1-299") && drawn.contains("loses 2,990 vehicles"));
    assert!(drawn.contains("url(#hatch)"));
    assert_eq!(svg(&made), drawn);
}
