//! Random swaps and corrections against a list of stays for every record, asked at random days and records.

use super::{
    as_built::{at, correction, named, piece, swap},
    *,
};
use takt_contract::production::v1::replace_part_request::RemovedTo;

/// A stay as a person would list it, by names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stay {
    parent: String,
    item: String,
    part: String,
    from: i32,
    to: Option<i32>,
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// What is below or above a node on a day, or on any day, by trying the days one by one.
fn tried(
    list: &[Stay],
    first: &str,
    up: bool,
    day: i32,
    ever: bool,
) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    let days = if ever { 0..=60 } else { day..=day };
    for on in days {
        let mut front = vec![first.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(node) = front.pop() {
            for stay in list {
                let (near, far) = if up {
                    (&stay.part, &stay.parent)
                } else {
                    (&stay.parent, &stay.part)
                };
                let ends = |to: i32| if ever { on <= to } else { on < to };
                let there =
                    stay.from <= on && stay.to.is_none_or(ends) && (!ever || stay.from <= day);
                if *near == node && there {
                    found.insert((stay.parent.clone(), stay.item.clone(), stay.part.clone()));
                    if seen.insert(far.clone()) {
                        front.push(far.clone());
                    }
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn ranges_and_edges_say_what_a_list_for_every_record_says() {
    let mut service = Service::built().await;
    let cars: Vec<String> = service
        .vehicles()
        .await
        .into_iter()
        .map(|car| car.vin)
        .collect();
    let mut list = Vec::new();
    for vin in &cars {
        for ((parent, item, part), told) in service.below(vin, None).await {
            let from = told.valid_from.unwrap();
            let from = Date::from_ymd(
                from.year,
                from.month.cast_unsigned(),
                from.day.cast_unsigned(),
            )
            .unwrap();
            list.push(Stay {
                parent,
                item,
                part,
                from: from.days_since(day(0)),
                to: None,
            });
        }
    }
    let mut lists: BTreeMap<i64, Vec<Stay>> = BTreeMap::from([(6, list)]);
    let mut dice = Dice(7);
    let (mut done, mut refused) = (0, 0);
    for n in 0..200 {
        let mut list = lists.values().last().unwrap().clone();
        let vin = &cars[dice.below(6)];
        let on = i32::try_from(7 + dice.below(30)).unwrap();
        let now = |list: &[Stay], unit: &str, item: &str| {
            list.iter()
                .find(|stay| stay.parent == unit && stay.item == item && stay.to.is_none())
                .cloned()
        };
        let shell = now(&list, vin, "PAINTED").map(|stay| stay.part);
        let answer = match dice.below(4) {
            // A pack: a new one, one from stock, or one of another car, which is refused.
            0 | 1 => {
                let Some(old) = now(&list, vin, "PACK") else {
                    continue;
                };
                let lying: Vec<&Stay> = list
                    .iter()
                    .filter(|stay| {
                        stay.parent == "stock" && stay.item == "PACK" && stay.to.is_none()
                    })
                    .collect();
                let new = match dice.below(4) {
                    0 if !lying.is_empty() => lying[dice.below(lying.len())].part.clone(),
                    1 => now(&list, &cars[dice.below(6)], "PACK")
                        .map_or_else(String::new, |stay| stay.part),
                    _ => format!("SP-{n}"),
                };
                if new.is_empty() {
                    continue;
                }
                let other = &cars[dice.below(6)];
                let request = match dice.below(3) {
                    0 => pb::ReplacePartRequest {
                        removed_to: Some(RemovedTo::OtherUnit(named(other).unwrap())),
                        ..swap(n, vin, &new, on)
                    },
                    1 => pb::ReplacePartRequest {
                        removed_to: Some(RemovedTo::Place(1)),
                        ..swap(n, vin, &new, on)
                    },
                    _ => swap(n, vin, &new, on),
                };
                let goes = match &request.removed_to {
                    Some(RemovedTo::OtherUnit(_)) => other.clone(),
                    Some(RemovedTo::Place(1)) => "scrap".to_owned(),
                    _ => "stock".to_owned(),
                };
                let request = pb::ReplacePartRequest {
                    removed: named(&old.part),
                    ..request
                };
                service.replace(request).await.map(|answer| {
                    move_in(&mut list, &old, &goes, &new, on);
                    answer.record.unwrap().record_number
                })
            }
            // A body inside of its painted shell: another lot goes in, the old one is scrap.
            2 => {
                let Some(shell) = shell else { continue };
                let Some(old) = now(&list, &shell, "BODY") else {
                    continue;
                };
                let new = if old.part == "BODY.ALU.000001" {
                    "BODY.STEEL.000001"
                } else {
                    "BODY.ALU.000001"
                };
                let request = pb::ReplacePartRequest {
                    item_id: "BODY".into(),
                    installed: named(new),
                    supplier_id: String::new(),
                    removed_to: Some(RemovedTo::Place(1)),
                    ..swap(n, &shell, "", on)
                };
                service.replace(request).await.map(|answer| {
                    move_in(&mut list, &old, "scrap", new, on);
                    answer.record.unwrap().record_number
                })
            }
            // A pack was another one all the time, or never there.
            _ => {
                let packs: Vec<Stay> = list
                    .iter()
                    .filter(|stay| stay.parent == *vin && stay.item == "PACK")
                    .cloned()
                    .collect();
                if packs.is_empty() {
                    continue;
                }
                let wrong = packs[dice.below(packs.len())].clone();
                if packs.iter().filter(|stay| stay.part == wrong.part).count() > 1 {
                    continue;
                }
                let right = format!("SC-{n}");
                let never = dice.below(4) == 0;
                let request = correction(n, vin, &wrong.part, &right);
                let request = if never {
                    pb::CorrectPartRequest {
                        actual: None,
                        ..request
                    }
                } else {
                    pb::CorrectPartRequest {
                        actual: piece(&right),
                        ..request
                    }
                };
                service.correct(request).await.map(|answer| {
                    let at = list.iter().position(|stay| *stay == wrong).unwrap();
                    let stay = list.remove(at);
                    if !never {
                        let next = |stay: &&mut Stay| {
                            ["stock", "scrap"].contains(&stay.parent.as_str())
                                && stay.part == wrong.part
                                && Some(stay.from) == wrong.to
                        };
                        if let Some(stay) = list.iter_mut().find(next) {
                            stay.part.clone_from(&right);
                        }
                        list.push(Stay {
                            part: right,
                            ..stay
                        });
                    }
                    answer.record.unwrap().record_number
                })
            }
        };
        match answer {
            Ok(record) => {
                done += 1;
                lists.insert(record, list);
            }
            Err(status) => {
                assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status}");
                refused += 1;
            }
        }
    }
    assert!(done > 50 && refused > 10, "{done} done, {refused} refused");
    assert_eq!(service.broken().await, []);
    for _ in 0..150 {
        let known = 6 + i64::try_from(dice.below(lists.len())).unwrap();
        let (on, ever) = (i32::try_from(dice.below(40)).unwrap(), dice.below(2) == 0);
        let list = &lists[&known];
        let vin = &cars[dice.below(cars.len())];
        let told: BTreeSet<_> = service
            .below(vin, at(on, Some(known), ever))
            .await
            .into_keys()
            .collect();
        assert_eq!(
            told,
            tried(list, vin, false, on, ever),
            "{vin} on day {on}, known {known}, ever {ever}"
        );
        let part = &list[dice.below(list.len())].part;
        let is_end = |name: &String| cars.contains(name) || name == "scrap" || name == "stock";
        let ends: BTreeSet<String> = tried(list, part, true, on, ever)
            .into_iter()
            .map(|(parent, ..)| parent)
            .filter(is_end)
            .collect();
        let told: BTreeSet<String> = service
            .above(part, at(on, Some(known), ever))
            .await
            .unwrap()
            .into_keys()
            .filter(is_end)
            .collect();
        assert_eq!(told, ends, "{part} on day {on}, known {known}, ever {ever}");
    }
    service.stop().await;
}

/// The list after a swap.
fn move_in(list: &mut Vec<Stay>, old: &Stay, goes: &str, new: &str, on: i32) {
    let is_lot = old.item == "BODY";
    for stay in list.iter_mut().filter(|stay| stay.to.is_none()) {
        let leaves_stock = stay.parent == "stock" && stay.part == new && !is_lot;
        if *stay == *old || leaves_stock {
            stay.to = Some(on);
        }
    }
    for (parent, part) in [(goes, old.part.as_str()), (old.parent.as_str(), new)] {
        list.push(Stay {
            parent: parent.to_owned(),
            item: old.item.clone(),
            part: part.to_owned(),
            from: on,
            to: None,
        });
    }
}
