//! The SU7 programme through the pure functions alone: plan, orders, netting, building. `data/` holds the columns
//! of the programme folder that this needs. What the services must reach, this reaches first.
#[path = "su7/material.rs"]
mod material;
mod world;

use takt_kernel::{Amount, Currency, Date, Quantity, Share};
use takt_planning::economics::{Period, material_cost, mix, vehicle_result};
use takt_planning::ramp::feasible_plan;
use takt_planning::scale::Scale;
use world::{Broken, Programme, Run};

fn day(n: i32) -> Date {
    Programme::day(n)
}

#[test]
fn the_plan_as_it_is_fits_the_line() -> Result<(), Broken> {
    let su7 = Programme::load()?;
    let plan = feasible_plan(
        &su7.ramp,
        &[0; 3],
        day(1),
        &su7.schedule(76_000, Scale::FULL),
    );
    assert_eq!([0, 1, 2].map(|v| plan.total(v)), [28_000, 29_000, 43_000]);
    assert_eq!(plan.last_day(), day(230));
    let by_april: i64 = plan.days[..32].iter().flatten().sum();
    assert_eq!(by_april, 10_000); // 2024-04-29 is day 32.
    Ok(())
}

#[test]
fn twice_the_takt_misses_by_what_capacity_says() -> Result<(), Broken> {
    let su7 = Programme::load()?;
    for (scale, by_230) in [(Scale::FULL, 92_785), (Scale(1000), 927)] {
        let ramp = su7.scaled_ramp(scale);
        let plan = feasible_plan(&ramp, &[0; 3], day(1), &su7.schedule(152_000, scale));
        let built: i64 = plan.days[..230].iter().flatten().sum();
        // At a hundredth, plan and capacity are each floored by variant, which loses up to a vehicle each.
        let floors = if scale == Scale::FULL { 0 } else { 3 };
        assert!((by_230 - floors..=by_230).contains(&built), "{built}");
        assert_eq!(plan.last_day(), day(230 + 15)); // 7,215 more at 497 a day.
    }
    Ok(())
}

#[test]
fn the_programme_formula_of_the_second_quarter() -> Result<(), Broken> {
    let su7 = Programme::load()?;
    let usd = Currency::USD;
    let reference = [
        "VAR=STD;WHEEL=W19A",
        "VAR=PRO;WHEEL=W19A",
        "VAR=MAX;WHEEL=W20",
    ];
    let mut parts = Vec::new();
    for (text, (share, cents)) in reference.iter().zip([
        (280_000, 1_928_074),
        (290_000, 2_154_186),
        (430_000, 2_746_802),
    ]) {
        let text = format!("{text};COLOR=AQUA_BLUE;INT=GALAXY_GREY;EDITION=NORMAL");
        let cost = material_cost(
            &su7.bom.requirement(su7.features.config(&text)?),
            &su7.prices,
            usd,
        )?;
        assert!(
            (cost.micros / cost.vehicles / 10_000 - cents).abs() <= 100,
            "{text}: {}",
            cost.micros / cost.vehicles
        );
        parts.push((Share(share), cost));
    }
    let period = Period {
        average_price: Amount::new(22_864_400, Currency::CNY),
        exchange_micros: 7_200_000,
        conversion: Amount::new(230_000, usd),
        fixed_per_month: Amount::new(1_050_000_000, usd),
        operating_per_month: Amount::new(12_750_000_000, usd),
        months: 3,
        vehicles: 27_307,
    };
    let result = vehicle_result(&period, mix(&parts, usd)?)?.result;
    assert!((-916_250..=-916_150).contains(&result.minor), "{result}");
    Ok(())
}

#[test]
fn the_chain_meets_its_dates() -> Result<(), Broken> {
    let su7 = Programme::load()?;
    let mut run = Run::new(&su7, 76_000, Scale::FULL);
    run.through(day(230));
    assert_eq!(run.built, [28_000, 29_000, 43_000]);
    assert_eq!(run.built_by(day(31)), 10_000 - run.built_on(day(32)));
    assert_eq!(run.first_release, Programme::order_from());
    // Nobody waited for a part, so each day built what the ramp plan wanted.
    assert_eq!(run.stops, Vec::new());
    for item in su7.bought() {
        let (received, issued) = (run.received[item], run.issued[item]);
        assert_eq!(
            received.milli(),
            issued.milli() + run.stock[item].milli(),
            "{}",
            su7.bom.items()[item].id
        );
        // Forecast and orders agree, so that no more than a lot and a few option parts are left over.
        let spare =
            run.stock[item].milli() - su7.sourcing[item].as_ref().map_or(0, |s| s.lot.milli());
        assert!(
            spare <= run.per_vehicle_most(item) * 60,
            "{}: {}",
            su7.bom.items()[item].id,
            run.stock[item]
        );
    }
    Ok(())
}

#[test]
fn a_later_computer_holds_pro_and_max_while_standard_goes_on() -> Result<(), Broken> {
    let mut su7 = Programme::load()?;
    su7.set_lead("AD-02", 132)?;
    let mut run = Run::new(&su7, 76_000, Scale::FULL);
    run.through(day(45));
    let first = |run: &Run<'_>, v: usize| {
        run.days
            .iter()
            .find(|(_, built)| built[v] > 0)
            .map(|(date, _)| *date)
    };
    assert_eq!(first(&run, 0), Some(day(1)));
    assert_eq!(first(&run, 2), Some(day(31)));
    // Standard keeps its plan until the parts are there; then the missed vehicles come first.
    let standard: i64 = run
        .days
        .iter()
        .filter(|(date, _)| *date <= day(30))
        .map(|(_, built)| built[0])
        .sum();
    assert_eq!(standard, su7.ramp.wanted(day(30), 0));
    let computer = su7.item("AD-02")?;
    assert!(
        run.stops
            .iter()
            .all(|(_, stop)| stop.variant != 0 && stop.item == Some(computer))
    );
    // Ordered 30 days longer ahead, UBF-01 moves nothing.
    let mut su7 = Programme::load()?;
    su7.set_lead("UBF-01", 61)?;
    let mut run = Run::new(&su7, 76_000, Scale::FULL);
    run.through(day(45));
    assert_eq!(run.stops, Vec::new());
    Ok(())
}

#[test]
fn a_hundredth_of_the_programme_has_the_same_shape() -> Result<(), Broken> {
    let mut su7 = Programme::load()?;
    su7.scale_lots(Scale(1000));
    su7.ramp = su7.scaled_ramp(Scale(1000));
    let mut run = Run::new(&su7, 76_000, Scale(1000));
    run.through(day(230));
    for (d, st) in &run.stops {
        let id = st.item.map(|i| su7.bom.items()[i].id.clone());
        eprintln!("{d} {st:?} {id:?}");
    }
    // With lots of one or two cars an option part is short now and then: a car or two are a few days late.
    assert!(
        (97..=100).contains(&run.built_by(day(32))),
        "{}",
        run.built_by(day(32))
    );
    assert!(run.built.iter().sum::<i64>() >= 997, "{:?}", run.built);
    run.through(day(260));
    assert_eq!(run.built, [280, 290, 430]);
    assert!(run.issued.iter().any(|quantity| *quantity > Quantity::ZERO));
    Ok(())
}
