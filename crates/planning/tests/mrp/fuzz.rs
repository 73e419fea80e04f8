//! A hundred thousand random plans, and folder texts that were damaged at random: nothing crashes, plans hold, and what is
//! refused names its file and line. It must not be random itself: the same seed gives the same run.
use crate::checker::{flows, wrong};
use crate::random::{Kind, problem};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use takt_kernel::Date;
use takt_planning::mrp::{Bucket, MrpError, Plan, Texts, parse};

const PLANS: u32 = 100_000;
/// One plan in so many is made within capacity too.
const FINITE: u32 = 500;

fn runner(seed: u8) -> TestRunner {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(Config::default(), rng)
}

fn plans(seed: u8, count: u32) -> Result<(), String> {
    let mut runner = runner(seed);
    let (wild, finite) = (problem(Kind::Wild), problem(Kind::Finite));
    for at in 0..count {
        let tree = wild
            .new_tree(&mut runner)
            .map_err(|error| error.to_string())?;
        let mut problem = tree.current();
        if at % 3 == 0 {
            problem.bucket = Bucket::Week;
        }
        let plan = Plan::unlimited(problem).map_err(|error| error.to_string())?;
        let flows = flows(&plan);
        for (at, item) in plan.problem().items.iter().enumerate() {
            let comes: i64 = flows.comes[at].values().sum();
            let goes: i64 = flows.goes[at].values().sum();
            let left = item.on_hand.milli() + comes - goes;
            if left < item.safety_stock.milli() {
                return Err(format!(
                    "{} has {left} left in {:?}",
                    item.id,
                    plan.problem()
                ));
            }
        }
        if at % FINITE == 0 {
            plan.late();
            plan.messages(30);
            let tree = finite
                .new_tree(&mut runner)
                .map_err(|error| error.to_string())?;
            let plan = Plan::finite(tree.current()).map_err(|error| error.to_string())?;
            let wrong = wrong(&plan);
            if !wrong.is_empty() {
                return Err(format!("{wrong:?} in {:?}", plan.problem()));
            }
            plan.late();
        }
    }
    Ok(())
}

#[test]
fn a_hundred_thousand_random_plans_hold() -> Result<(), String> {
    // Two halves, for two cores.
    std::thread::scope(|scope| {
        let other = scope.spawn(|| plans(1, PLANS / 2));
        plans(2, PLANS / 2)?;
        other.join().map_err(|_| "it crashed".to_owned())?
    })
}

/// Texts of a small folder with every file and most columns.
const FOLDER: [&str; 9] = [
    "item,kind,shop,lead_days,lot_min,lot_multiple,safety_stock,on_hand,hours_per_unit,supplier,order_yield,phantom,fence_days,changeover_hours,lot_rule,lot_size,period_days\n\
     CAR,vehicle,FA,2,1,1,0,0,0.9,,0.95,,,0.5,,,\nKIT,make,,0,0,0,0,3,0,,,true,,,,,\nDOOR,make,PR,2,40,20,5,12,0.05,,,,3,1.5,fixed,60,\n\
     \"COIL, 2 mm\",buy,,7,0,100,50,75,0,ACME,,,,,period,,5\n",
    "parent,child,qty_per,from_day,until_day,scrap\nCAR,KIT,1,,,\nKIT,DOOR,4,,30,0.02\nDOOR,\"COIL, 2 mm\",1.5,,,\n",
    "shop,week_capacity_hours,calendar,stations,efficiency\nFA,400.5,,,\nPR,,WEEK,2,0.9\nP2,40,,,\n",
    "demand,item,qty,due_day,priority\nSO1,CAR,25,12,1\nSO2,CAR,10,20,2\nSO3,DOOR,7,9,1\n",
    "receipt,item,qty,due_day,standing\nPO1,DOOR,10,3,released\nFO1,CAR,2,6,firm\n",
    "calendar,day,works\nWEEK,sat,false\nWEEK,sun,false\nWEEK,5,true\n",
    "shop,from_day,shifts,shift_hours\nPR,0,2,7.5\nPR,20,3,7.5\n",
    "shop,from_day,until_day,stations\nPR,8,10,1\n",
    "item,shop,hours_per_unit\nDOOR,P2,0.07\n",
];
const FILES: [&str; 9] = [
    "items.csv",
    "bom.csv",
    "resources.csv",
    "demands.csv",
    "receipts.csv",
    "calendars.csv",
    "shifts.csv",
    "maintenance.csv",
    "alternates.csv",
];
/// Pieces that are put into texts, beside single bytes.
const PIECES: [&str; 16] = [
    ",",
    "\n",
    "\"",
    "-1",
    "0",
    "99999999999999999999",
    "2147483647",
    "-2147483648",
    "1e9",
    "0.0000001",
    "\u{feff}",
    "\u{e4}\u{f6}",
    "CAR",
    "true",
    "wagner_whitin",
    "\0",
];

/// Damages a text: bytes are changed, taken out or put in, pieces put in, lines doubled or taken out.
fn damage(text: &str, random: &mut impl FnMut(usize) -> usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random(3) {
        let at = random(bytes.len().max(1)).min(bytes.len());
        let to = (at + random(6)).min(bytes.len());
        match random(6) {
            0 if at < bytes.len() => bytes[at] = random(256) as u8,
            1 => drop(bytes.drain(at..to)),
            2 => bytes.insert(at, random(256) as u8),
            3 => bytes.extend_from_within(at..to),
            4 => bytes.truncate(to),
            _ => drop(bytes.splice(at..to, PIECES[random(PIECES.len())].bytes())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read(texts: &[String; 9]) -> Result<takt_planning::mrp::Problem, MrpError> {
    let texts = Texts {
        items: &texts[0],
        bom: &texts[1],
        resources: &texts[2],
        demands: &texts[3],
        receipts: Some(&texts[4]),
        calendars: Some(&texts[5]),
        shifts: Some(&texts[6]),
        maintenance: Some(&texts[7]),
        alternates: Some(&texts[8]),
    };
    parse(texts, Date::from_epoch_day(20_000))
}

#[test]
fn the_whole_folder_is_planned() -> Result<(), MrpError> {
    let problem = read(&FOLDER.map(str::to_owned))?;
    assert_eq!(
        (
            problem.items.len(),
            problem.shops.len(),
            problem.calendars.len()
        ),
        (4, 3, 1)
    );
    Plan::unlimited(problem.clone())?;
    Plan::finite(problem)?;
    Ok(())
}

#[test]
fn damaged_texts_are_planned_or_refused_with_their_place() {
    let mut state = 3u64;
    let mut random = |below: usize| {
        // SplitMix64 (Steele, Lea and Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    };
    let (mut planned, mut refused) = (0, 0);
    for at in 0..40_000 {
        let mut texts = FOLDER.map(str::to_owned);
        for _ in 0..=random(2) {
            let file = random(texts.len());
            texts[file] = match random(20) {
                // Now and then bytes of any kind.
                0 => {
                    let bytes: Vec<u8> = (0..random(60)).map(|_| random(256) as u8).collect();
                    String::from_utf8_lossy(&bytes).into_owned()
                }
                _ => damage(&texts[file], &mut random),
            };
        }
        match read(&texts) {
            Err(error) => {
                // file:line: what is wrong; and what would be right.
                let said = error.to_string();
                let place = said.split(": ").next().unwrap_or_default();
                let (file, line) = place.split_once(':').unwrap_or_default();
                assert!(
                    FILES.contains(&file) && line.parse::<usize>().is_ok(),
                    "{said}"
                );
                assert!(said.contains(';') || said.contains(" is not in "), "{said}");
                refused += 1;
            }
            Ok(problem) => {
                planned += 1;
                let far = problem
                    .demands
                    .iter()
                    .any(|demand| !(-400..400).contains(&demand.due));
                let plan = match at % 8 == 0 && !far {
                    true => Plan::finite(problem),
                    false => Plan::unlimited(problem),
                };
                match plan {
                    Ok(plan) => drop((plan.late(), plan.messages(30))),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
        }
    }
    assert!(
        planned > 1_000 && refused > 1_000,
        "{planned} planned, {refused} refused"
    );
}
