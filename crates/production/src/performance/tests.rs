//! Shops on days that are checked by hand, and readings that contradict each other.

use takt_planning::oee::indices;

use super::{
    report::{Meters, Reading, Taken, interval},
    *,
};
use crate::product::tests::{day, parts, small};

fn routing(product: &Product) -> Routing {
    let operation = |shop: &str, cycle_ms, first_pass: i64| Operation {
        shop: product
            .shops
            .iter()
            .position(|known| known.shop_id == shop)
            .unwrap(),
        variants: u64::MAX,
        cycle_ms,
        stations: 1,
        first_pass_yield: Share(first_pass),
        watt_hours: 500,
    };
    Routing {
        ids: ["BW-1", "FA-1", "FA-2"].map(str::to_owned).into(),
        operations: vec![
            operation("BW", 900_000, 950_000),
            operation("FA", 900_000, 900_000),
            operation("FA", 600_000, 800_000),
        ],
    }
}

fn a_day(n: i32, shifts: i64, lost: i64) -> RunDay {
    RunDay {
        on: day(n),
        shifts,
        lost: Share(lost),
        due: 10,
        capacity: 8,
        built: 10,
    }
}

fn second(n: i32, second: i64) -> i64 {
    i64::from(day(n).epoch_day()) * DAY_SECONDS + second
}

fn down(from: i64, until: i64) -> StateInterval {
    StateInterval {
        interval: Interval::new(from, until),
        state: State::Down,
    }
}

#[test]
fn a_shop_on_a_day_with_overlapping_stops() {
    let product = small();
    let (bw, fa) = (0, 3);
    let facts = Facts {
        days: vec![a_day(1, 1, 0), a_day(2, 1, 0)],
        built: [(day(1), vec![4, 6]), (day(2), vec![0, 0])].into(),
        // A stop over midnight: the part within the shift of day 2 is 500 seconds, and of day 1 nothing, for its shift of
        // 10,000 seconds was over.
        states: vec![
            (fa, down(second(1, 1_000), second(1, 2_000))),
            (fa, down(second(1, 1_500), second(1, 2_500))),
            (fa, down(second(1, 80_000), second(2, 500))),
        ],
        metered: [((bw, day(1)), 7_000)].into(),
    };
    let days = shop_days(&product, &routing(&product), &facts);
    assert_eq!(days.len(), 2 * product.shops.len());
    let of = |shop: usize, n: i32| {
        days.iter()
            .find(|one| one.shop == shop && one.on == day(n))
            .unwrap()
    };
    let first = of(fa, 1);
    assert_eq!(
        (first.time.planned_busy(), first.time.down),
        (10_000_000, 1_500_000)
    );
    assert_eq!(of(fa, 2).time.down, 500_000);
    // Ten vehicles of 900 s; 0.9 x 0.8 of them are good at the first pass.
    assert_eq!(
        (
            first.output.produced,
            first.output.good_millionths,
            first.output.planned_run
        ),
        (10, 7_200_000, 9_000_000)
    );
    let found = indices(&first.time, &first.output);
    assert_eq!(found.availability, Some(Share(850_000)));
    assert_eq!(found.effectiveness, Some(Share(1_058_824)));
    assert_eq!(
        (of(bw, 1).time.down, of(bw, 1).metered, of(bw, 1).expected),
        (0, 7_000, 5_000)
    );
    let weeks = windows(&days, Date::monday);
    assert_eq!(weeks.len(), product.shops.len());
    let week = weeks.iter().find(|week| week.sums.shop == fa).unwrap();
    assert_eq!(
        (week.from, week.through, week.sums.time.down),
        (day(1), day(2), 2_000_000)
    );
}

#[test]
fn a_lost_share_counts_where_no_shop_of_the_line_reported() {
    let product = small();
    let facts = |states| Facts {
        days: vec![a_day(1, 1, 100_000)],
        states,
        ..Facts::default()
    };
    let downs = |facts: &Facts| -> Vec<i64> {
        let days = shop_days(&product, &Routing::default(), facts);
        days.iter().map(|day| day.time.down).collect()
    };
    // BW, PT, FA are the line; BT feeds it and is not known to have stood.
    assert_eq!(downs(&facts(vec![])), [1_000_000, 1_000_000, 0, 1_000_000]);
    let reported = vec![(0, down(second(1, 0), second(1, 300)))];
    assert_eq!(downs(&facts(reported)), [300_000, 0, 0, 0]);
}

#[test]
fn maintenance_is_what_the_calendar_takes_of_the_published_pace() {
    // Eight a shift are the pace; day 4 does 3 in one shift, day 5 has two shifts for 12.
    let mut parts = parts();
    let mut set = |n: usize, shifts, capacity| {
        parts.days[n - 1].shifts = shifts;
        parts.days[n - 1].capacity = capacity;
    };
    set(4, 1, 3);
    set(5, 2, 12);
    let product = parts.assemble().unwrap();
    let facts = Facts {
        days: vec![
            a_day(1, 1, 0),
            a_day(4, 1, 0),
            a_day(5, 2, 0),
            a_day(30, 1, 0),
        ],
        ..Facts::default()
    };
    let days = shop_days(&product, &Routing::default(), &facts);
    let planned: Vec<i64> = days
        .iter()
        .filter(|day| day.shop == 0)
        .map(|day| day.time.planned_down)
        .collect();
    assert_eq!(planned, [0, 6_250_000, 5_000_000, 0]);
}

#[test]
fn a_smaller_run_has_the_same_effectiveness() {
    assert_eq!(scaled_cycle(76_000, 100_000), 76_000);
    assert_eq!(scaled_cycle(76_000, 1_000), 7_600_000);
    assert_eq!(
        Date::from_ymd(2024, 11, 13).unwrap().monday(),
        Date::from_ymd(2024, 11, 11).unwrap()
    );
}

#[test]
fn readings_follow_each_other() {
    let reading = |start: i64, end: i64, watt_hours: i64| Reading {
        work_unit_id: "FA".into(),
        interval: interval(start, end, DAY_SECONDS).unwrap(),
        watt_hours,
    };
    let mut meters = Meters::default();
    meters.know(reading(100, 200, 5));
    assert_eq!(meters.take(&reading(100, 200, 5)), Taken::Known);
    assert_eq!(meters.take(&reading(200, 300, 7)), Taken::New);
    assert_eq!(meters.take(&reading(0, 100, 7)), Taken::New);
    assert_eq!(
        meters.take(&Reading {
            work_unit_id: "BW".into(),
            ..reading(150, 250, 1)
        }),
        Taken::New
    );
    for wrong in [
        reading(100, 200, 6),
        reading(150, 160, 1),
        reading(250, 400, 1),
        reading(299, 400, 1),
    ] {
        assert!(
            matches!(meters.take(&wrong), Taken::Refused(_)),
            "{wrong:?}"
        );
    }
    for (start, end) in [(-1, 5), (5, 5), (9, 5), (0, DAY_SECONDS + 1)] {
        assert!(interval(start, end, DAY_SECONDS).is_err(), "{start} {end}");
    }
}
