//! Worked examples of others as tables, hand-checked overlaps, and the laws that every set of reports keeps.
use super::capacity::{constraint, shop_loads, takt};
use super::shop::{
    Operation, expected_output, planned_run_ms, plant_yield, rework_share, rolled_yield,
};
use super::*;
use proptest::prelude::*;

/// The factors in ten-thousandths, as books print percents with two decimals.
fn printed(share: Option<Share>) -> Option<i64> {
    half_even_div(i128::from(share?.0), 100)
}

/// Name, POT, planned stops, unplanned stops, PRI, PQ, GQ (times in one unit) and the printed A, E, Q and OEE.
type Example = (&'static str, [i64; 6], [i64; 4]);

const EXAMPLES: [Example; 4] = [
    // The example usually given after Nakajima, Introduction to TPM (1988; checked in a course of euromotor.org), in tenths of minutes: loading 460 min, stops 60 min, 0.5 min a piece, 400
    // pieces, 98 % good: 87 %, 50 %, 98 %, 42.6 %.
    (
        "Nakajima",
        [4_600, 0, 600, 5, 400, 392],
        [8_696, 5_000, 9_800, 4_261],
    ),
    // Vorne, Calculating OEE Worksheet (2002), in seconds: shift 480 min, breaks 60 min, stops 47 min, 1.0 s a piece, 19,271
    // pieces, 423 rejects: 88.81 %, 86.11 %, 97.80 %, 74.79 %.
    (
        "Vorne",
        [28_800, 3_600, 2_820, 1, 19_271, 18_848],
        [8_881, 8_611, 9_780, 7_479],
    ),
    // Willmott and McCarthy, TPM: A Route to World-Class Performance (2001), p. 127, in minutes: 910 min, 115 min
    // stoppages and 12 min changeovers, 203 cycles of 3 min: 86.0 % and 77.7 % (cut, not rounded); quality is not in it, here all are good.
    (
        "Willmott",
        [910, 0, 127, 3, 203, 203],
        [8_604, 7_778, 10_000, 6_692],
    ),
    // The calculator at waycalculator.com: 480 min planned, 420 run, 1 min, 400 pieces, 380 good: 87.5 %, 95.2 %, 95 %,
    // 79.1 % (of rounded factors; exactly 79.17 %).
    (
        "calculator",
        [480, 0, 60, 1, 400, 380],
        [8_750, 9_524, 9_500, 7_917],
    ),
];

#[test]
fn worked_examples_of_others() {
    for (name, [operation, planned, stops, pri, produced, good], expected) in EXAMPLES {
        let time = TimeElements {
            planned_operation: operation,
            planned_down: planned,
            down: stops,
            ..TimeElements::default()
        };
        let output = Output::counted(produced, good, pri * produced);
        let got = indices(&time, &output);
        let factors = [got.availability, got.effectiveness, got.quality, got.oee];
        assert_eq!(factors.map(printed), expected.map(Some), "{name}");
        assert_eq!(got.nee, got.oee, "{name}: nothing was set up");
    }
}

fn report(state: State, start: i64, end: i64) -> StateInterval {
    StateInterval {
        interval: Interval::new(start, end),
        state,
    }
}

#[test]
fn overlapping_and_nested_stops_count_once() {
    use State::{Delay, Down, PlannedDown, Setup};
    // A shift of 480 minutes. Reports of one stop from three sources: 60-120, 90-150 and, inside, 100-110; a second stop
    // touches the first and a third begins before the shift. Union 0-10, 60-160: 110 minutes, though 230 were reported.
    let shift = [Interval::new(0, 480)];
    let stops = [
        report(Down, 60, 120),
        report(Down, 90, 150),
        report(Down, 100, 110),
        report(Down, 150, 160),
        report(Down, -90, 10),
    ];
    let time = time_elements(&shift, &stops);
    assert_eq!((time.planned_operation, time.down), (480, 110));
    assert_eq!(time.production(), 370);
    let intervals: Vec<Interval> = stops.iter().map(|stop| stop.interval).collect();
    assert_eq!(covered(&intervals), 200);
    // Maintenance covers a part of a stop, a changeover runs into a stop, and a wait lies inside the changeover: the
    // stronger state takes the instant.
    let mixed = [
        report(Down, 100, 200),
        report(PlannedDown, 150, 250),
        report(Setup, 80, 120),
        report(Delay, 90, 300),
    ];
    let time = time_elements(&shift, &mixed);
    assert_eq!(
        (time.planned_down, time.down, time.setup, time.delay),
        (100, 50, 20, 50)
    );
    assert_eq!((time.planned_busy(), time.unit_busy()), (380, 330));
    assert_eq!((time.processing(), time.production()), (280, 260));
    let got = indices(&time, &Output::counted(100, 90, 200));
    let shares = [
        got.availability,
        got.allocation,
        got.utilisation,
        got.technical,
        got.setup,
    ];
    assert_eq!(
        shares.map(|share| share.map_or(0, |share| share.0)),
        [684_211, 868_421, 787_879, 838_710, 71_429]
    );
    assert_eq!(
        (got.oee, got.nee),
        (Some(Share(473_684)), Some(Share(510_121)))
    ); // 260, 280 / 380 x 200 / 260 x 0.9
}

#[test]
fn an_empty_window_has_no_indices_and_a_standing_unit_has_none_either() {
    let nothing = indices(&TimeElements::default(), &Output::default());
    assert_eq!((nothing.availability, nothing.oee), (None, None));
    let standing = TimeElements {
        planned_operation: 480,
        down: 480,
        ..TimeElements::default()
    };
    let got = indices(&standing, &Output::default());
    assert_eq!(
        (got.availability, got.oee, got.effectiveness),
        (Some(Share(0)), Some(Share(0)), None)
    );
}

#[test]
fn rolled_yields() {
    // Keller, Six Sigma Demystified (2011): six steps roll to 0.728. The second is worked by hand.
    let rolled = |yields: &[i64]| rolled_yield(yields.iter().map(|one| Share(*one))).0;
    assert_eq!(
        rolled(&[997_000, 995_000, 950_000, 890_000, 923_000, 940_000]),
        727_715
    );
    assert_eq!(rolled(&[987_000, 958_000, 996_000]), 941_764);
    assert_eq!(rolled(&[]), 1_000_000);
}

fn operation(shop: usize, cycle_ms: i64, stations: i64, first_pass: i64) -> Operation {
    Operation {
        shop,
        variants: 0b11,
        cycle_ms,
        stations,
        first_pass_yield: Share(first_pass),
        watt_hours: 100,
    }
}

#[test]
fn the_constraint_is_the_shop_without_room_and_not_the_one_with_the_worst_oee() {
    // Shop 0 loses half its pieces at the first pass but has time to spare; shop 1 is nearly perfect and full.
    let operations = [
        operation(0, 40_000, 1, 500_000),
        operation(1, 150_000, 2, 990_000),
        Operation {
            variants: 0b10,
            ..operation(1, 70_000, 1, 1_000_000)
        },
    ];
    assert_eq!(planned_run_ms(&operations, 1, 0), 75_000);
    let (worked, units) = (7_600_000, [60, 40]);
    let busy = TimeElements {
        planned_operation: worked,
        ..TimeElements::default()
    };
    let oee = |shop| indices(&busy, &expected_output(&operations, shop, &units)).oee;
    assert!(oee(0) < oee(1), "{:?} {:?}", oee(0), oee(1));
    let loads = shop_loads(&operations, &units, &[worked, worked]);
    let tight = constraint(&loads);
    // 100 x 75 s x 1.01 = 7,575 s of 7,600 s; 100 x 40 s x 1.5 = 6,000 s.
    let told = tight.map(|load| (load.shop, load.operation, load.needed_ms, load.capacity));
    assert_eq!(told, Some((1, 1, 7_575_000, 100)));
    assert_eq!(plant_yield(&operations, &units), Some(Share(495_000)));
    // 100 x (40 x 0.5 + 150 x 0.01) = 2,150 again, of that and 100 x 190 + 40 x 70 = 21,800 at the first pass.
    assert_eq!(rework_share(&operations, &units), Some(Share(89_770)));
    let kept = takt(worked, 100, 95);
    assert_eq!((kept.takt_ms, kept.cycle_ms), (Some(76_000), Some(80_000)));
    assert_eq!(kept.attainment, Some(Share(950_000)));
}

proptest! {
    #[test]
    fn elements_add_up_and_order_does_not_matter(
        reports in proptest::collection::vec((0i64..500, 0i64..200, 0usize..4), 0..40),
        cut in 0i64..480,
    ) {
        let states = [State::PlannedDown, State::Down, State::Setup, State::Delay];
        let mut all: Vec<StateInterval> = reports
            .iter()
            .map(|(start, length, state)| report(states[*state], *start - 20, start - 20 + length))
            .collect();
        let whole = time_elements(&[Interval::new(0, 480)], &all);
        let left = time_elements(&[Interval::new(0, cut)], &all);
        let right = time_elements(&[Interval::new(cut, 480)], &all);
        prop_assert_eq!(left.plus(right), whole);
        let lost: Vec<Interval> = all.iter().map(|one| one.interval.within(&Interval::new(0, 480))).collect();
        prop_assert_eq!(whole.production(), 480 - covered(&lost));
        prop_assert!(whole.down >= 0 && whole.production() >= 0);
        all.reverse();
        all.extend_from_within(..);
        prop_assert_eq!(time_elements(&[Interval::new(0, 480)], &all), whole);
    }
}
