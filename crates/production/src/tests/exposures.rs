//! Exposure against brute force: random worlds of swapped packs and bodies, shops and software, and for each scope a walk over the
//! as-built record of every vehicle.

use super::{
    as_built::{named, swap},
    *,
};
use takt_contract::production::v1::{
    exposure_scope::What, exposure_service_client::ExposureServiceClient,
    replace_part_request::RemovedTo, software_service_client::SoftwareServiceClient,
};

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

/// Whether each vehicle that is named is affected now.
type Told = BTreeMap<String, bool>;

impl Service {
    async fn exposed(&self, scopes: Vec<What>, from_build_number: i64) -> Result<Told, Status> {
        let scopes = scopes
            .into_iter()
            .map(|what| pb::ExposureScope { what: Some(what) })
            .collect();
        let request = pb::StreamExposuresRequest {
            scopes,
            from_build_number,
        };
        let mut client = ExposureServiceClient::new(self.channel.clone());
        let pages = read(client.stream_exposures(request).await?.into_inner()).await?;
        assert!(pages.iter().all(|page| page.last_build_number == 24));
        let all: Vec<_> = pages.into_iter().flat_map(|page| page.exposures).collect();
        let told: Told = all
            .iter()
            .map(|one| (one.vin.clone(), one.affected))
            .collect();
        assert_eq!(told.len(), all.len(), "each vehicle once");
        for one in &all {
            assert_eq!(one.affected, one.exposed_to.is_none(), "{one:?}");
        }
        Ok(told)
    }

    /// The parts of a vehicle now, or that it ever had.
    async fn parts(&self, vin: &str, ever: bool) -> Vec<pb::AsBuiltPart> {
        let scope = pb::TraceScope {
            mode: if ever { 2 } else { 1 },
            ..Default::default()
        };
        let below = self.below(vin, Some(scope)).await;
        below.into_values().collect()
    }

    async fn install(
        &self,
        n: i32,
        vins: &[&str],
        version: &str,
        on: i32,
    ) -> pb::RecordSoftwareResponse {
        let message = pb::RecordSoftwareRequest {
            request_id: id(&format!("software/{n}")),
            item_id: "PACK".into(),
            version: version.into(),
            installed_on: Some(date_pb(day(on))),
            vins: vins.iter().map(|vin| (*vin).to_owned()).collect(),
            reason: "a test".into(),
        };
        let mut client = SoftwareServiceClient::new(self.channel.clone());
        let stream = client.record_software(tokio_stream::once(message)).await;
        let mut answers = read(stream.unwrap().into_inner()).await.unwrap();
        answers.remove(0)
    }

    async fn declare(&self, n: i32, version: &str, on: i32) -> Result<i64, Status> {
        let message = pb::DeclareSoftwareReleaseRequest {
            request_id: id(&format!("release/{n}")),
            item_id: "PACK".into(),
            version: version.into(),
            effective_on: Some(date_pb(day(on))),
        };
        let mut client = SoftwareServiceClient::new(self.channel.clone());
        let answer = client.declare_software_release(message).await?;
        Ok(answer.into_inner().vehicle_count)
    }
}

/// Swaps packs and bodies at random days, back and forth.
async fn shaken(service: &Service, cars: &[String], dice: &mut Dice) -> usize {
    let (mut done, mut last) = (0, 7);
    for n in 0..90i32 {
        last += i32::from(n % 9 == 0);
        let vin = &cars[dice.below(cars.len())];
        let request = match dice.below(5) {
            0 => {
                let shell = service.parts(vin, false).await.into_iter();
                let mut shell = shell.filter(|part| part.item_id == "PAINTED");
                let shell = shell.next().unwrap();
                let name = match shell.serial_number.as_str() {
                    "" => vin.clone(),
                    serial => serial.to_owned(),
                };
                let lot = ["BODY.ALU.000001", "BODY.STEEL.000001"][dice.below(2)];
                pb::ReplacePartRequest {
                    item_id: "BODY".into(),
                    installed: named(lot),
                    supplier_id: String::new(),
                    removed_to: Some(RemovedTo::Place(1)),
                    ..swap(n, &name, "", last)
                }
            }
            1 => {
                // A pack that is or was in another car: refused, or back from stock.
                let other = service.parts(&cars[dice.below(cars.len())], true).await;
                let pack = other.into_iter().find(|part| part.item_id == "PACK");
                swap(n, vin, &pack.unwrap().serial_number, last)
            }
            _ => swap(n, vin, &format!("SP-{:03}", dice.below(40)), last),
        };
        done += usize::from(service.replace(request).await.is_ok());
    }
    done
}

#[tokio::test]
async fn a_scope_names_what_a_walk_over_every_vehicle_names() {
    for seed in [3, 11] {
        let mut dice = Dice(seed);
        let service = Service::built().await;
        let cars = service.vehicles().await;
        let cars: Vec<pb::Vehicle> = cars
            .into_iter()
            .filter(|car| car.build_number > 0)
            .collect();
        let vins: Vec<String> = cars.iter().map(|car| car.vin.clone()).collect();
        let done = shaken(&service, &vins, &mut dice).await;
        assert!(done > 30, "only {done} swaps were taken");
        let (mut now, mut ever) = (BTreeMap::new(), BTreeMap::new());
        for vin in &vins {
            now.insert(vin.as_str(), service.parts(vin, false).await);
            ever.insert(vin.as_str(), service.parts(vin, true).await);
        }
        let brute = |is: &dyn Fn(&pb::AsBuiltPart) -> bool| -> Told {
            let touched = ever.iter().filter(|(_, parts)| parts.iter().any(is));
            touched
                .map(|(vin, _)| ((*vin).to_owned(), now[vin].iter().any(is)))
                .collect()
        };
        let lots: BTreeSet<(String, String)> = ever
            .values()
            .flatten()
            .filter(|part| !part.lot_id.is_empty() && !part.made)
            .map(|part| (part.item_id.clone(), part.lot_id.clone()))
            .collect();
        let (mut healed, mut affected) = (0, 0);
        for (item, lot) in &lots {
            let scope = What::Lots(pb::LotScope {
                item_id: item.clone(),
                lot_ids: vec![lot.clone()],
            });
            let told = service.exposed(vec![scope], 0).await.unwrap();
            assert_eq!(told, brute(&|part| part.lot_id == *lot), "{lot} of {seed}");
            healed += told.values().filter(|now| !**now).count();
            affected += told.values().filter(|now| **now).count();
        }
        assert!(healed > 5 && affected > 50, "{healed} {affected}");
        for _ in 0..20 {
            let ends = [dice.below(40), dice.below(40)];
            let (least, most) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            let (first, last) = match dice.below(2) {
                0 => (format!("SP-{least:03}"), format!("SP-{most:03}")),
                _ => (
                    format!("PACK.OTHER.000001-{:05}", least + 1),
                    format!("PACK.OTHER.000001-{:05}", most + 1),
                ),
            };
            let scope = What::Serials(pb::SerialScope {
                item_id: "PACK".into(),
                first_serial_number: first.clone(),
                last_serial_number: last.clone(),
            });
            let told = service.exposed(vec![scope], 0).await.unwrap();
            let inside = |part: &pb::AsBuiltPart| {
                let serial = &part.serial_number;
                part.item_id == "PACK"
                    && serial.len() == first.len()
                    && (&first..=&last).contains(&serial)
            };
            assert_eq!(told, brute(&inside), "{first} to {last} of {seed}");
        }
        // Two scopes together, and only later vehicles.
        let both: Vec<What> = lots
            .iter()
            .take(2)
            .map(|(item, lot)| {
                What::Lots(pb::LotScope {
                    item_id: item.clone(),
                    lot_ids: vec![lot.clone()],
                })
            })
            .collect();
        let two: Vec<&String> = lots.iter().take(2).map(|(_, lot)| lot).collect();
        let mut wanted = brute(&|part| two.contains(&&part.lot_id));
        wanted.retain(|vin, _| {
            cars.iter()
                .any(|car| car.vin == *vin && car.build_number >= 10)
        });
        assert_eq!(service.exposed(both, 10).await.unwrap(), wanted);
    }
}

#[tokio::test]
async fn days_shops_and_software_name_what_a_look_at_every_vehicle_names() {
    let mut dice = Dice(5);
    let service = Service::built().await;
    let cars = service.vehicles().await;
    let cars: Vec<pb::Vehicle> = cars
        .into_iter()
        .filter(|car| car.build_number > 0)
        .collect();
    let on = |car: &pb::Vehicle| {
        takt_contract::date_of(car.built_on.as_ref())
            .unwrap()
            .days_since(day(0))
    };
    for _ in 0..20 {
        let ends = [dice.below(8), dice.below(8)].map(|end| i32::try_from(end).unwrap());
        let (from, through) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let variants: Vec<String> = [&[][..], &["STD"], &["MAX"]][dice.below(3)]
            .iter()
            .map(|id: &&str| (*id).to_owned())
            .collect();
        let scope = What::Builds(pb::BuildScope {
            from_date: Some(date_pb(day(from))),
            through_date: Some(date_pb(day(through))),
            variant_ids: variants.clone(),
            options: [("WHEEL".to_owned(), "W19".to_owned())].into(),
        });
        let told = service.exposed(vec![scope], 0).await.unwrap();
        let wanted = cars.iter().filter(|car| {
            (from..=through).contains(&on(car))
                && (variants.is_empty() || variants.contains(&car.variant_id))
                && car.options["WHEEL"] == "W19"
        });
        let wanted: Told = wanted.map(|car| (car.vin.clone(), true)).collect();
        assert_eq!(told, wanted);
    }
    // Shops: by the stays that the service tells of each vehicle.
    let mut stays = Vec::new();
    for car in &cars {
        let request = pb::GetVehicleRequest {
            vin: car.vin.clone(),
        };
        let shops = service
            .cars()
            .get_vehicle(request)
            .await
            .unwrap()
            .into_inner()
            .shops;
        stays.extend(shops.into_iter().map(|stay| (car.vin.clone(), stay)));
    }
    let begin = stays
        .iter()
        .map(|(_, stay)| stay.start_second)
        .min()
        .unwrap();
    let end = stays.iter().map(|(_, stay)| stay.end_second).max().unwrap();
    let mut named = 0;
    for round in 0..40 {
        let shop_id = stays[dice.below(stays.len())].1.shop_id.clone();
        let span = usize::try_from(end - begin).unwrap();
        let from = begin + i64::try_from(dice.below(span)).unwrap();
        let through = from + [0, 60, 7_200, 90_000][round % 4];
        let scope = What::Process(pb::ProcessScope {
            shop_id: shop_id.clone(),
            from_second: from,
            through_second: through,
        });
        let told = service.exposed(vec![scope], 0).await.unwrap();
        let wanted = stays.iter().filter(|(_, stay)| {
            stay.shop_id == shop_id && stay.start_second <= through && stay.end_second > from
        });
        let wanted: Told = wanted.map(|(vin, _)| (vin.clone(), true)).collect();
        named += wanted.len();
        assert_eq!(told, wanted, "{shop_id} {from} {through}");
    }
    assert!(named > 20, "only {named} vehicles were in a shop");
    // Software: a list of versions for every vehicle.
    let mut list: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    assert!(service.declare(1, "1.0", 2).await.unwrap() > 0);
    for car in &cars {
        let first = (on(car) >= 2).then(|| "1.0".to_owned());
        list.insert(car.vin.as_str(), first.into_iter().collect());
    }
    for n in 0..12 {
        let version = format!("1.{}", dice.below(4));
        let some: BTreeSet<&str> = (0..9).map(|_| cars[dice.below(24)].vin.as_str()).collect();
        let some: Vec<&str> = some.into_iter().collect();
        let answer = service.install(n, &some, &version, 10 + n).await;
        assert!(answer.refused.is_empty(), "{answer:?}");
        let mut changed = 0;
        for vin in some {
            let versions = list.get_mut(vin).unwrap();
            if versions.last() != Some(&version) {
                versions.push(version.clone());
                changed += 1;
            }
        }
        assert_eq!(answer.changed_count, changed);
    }
    for version in ["1.0", "1.1", "1.2", "1.3", "9"] {
        let scope = What::Software(pb::SoftwareScope {
            item_id: "PACK".into(),
            versions: vec![version.into()],
        });
        let told = service.exposed(vec![scope], 0).await.unwrap();
        let wanted = list
            .iter()
            .filter(|(_, all)| all.iter().any(|one| one == version));
        let wanted: Told = wanted
            .map(|(vin, all)| {
                (
                    (*vin).to_owned(),
                    all.last().is_some_and(|last| last == version),
                )
            })
            .collect();
        assert_eq!(told, wanted, "{version}");
    }
    let vin = list.iter().max_by_key(|(_, all)| all.len()).unwrap().0;
    let mut client = SoftwareServiceClient::new(service.channel.clone());
    let request = pb::GetVehicleSoftwareRequest {
        vin: (*vin).to_owned(),
    };
    let told = client
        .get_vehicle_software(request)
        .await
        .unwrap()
        .into_inner()
        .software;
    let versions: Vec<String> = told.iter().map(|one| one.version.clone()).collect();
    assert_eq!(versions, list[vin]);
    assert!(told.last().is_some_and(|last| last.replaced_on.is_none()));
    let refused = service.declare(2, "2.0", 4).await.unwrap_err();
    assert!(
        refused.message().contains("give a later day"),
        "{refused:?}"
    );
    let early = service.install(99, &[vin], "3.0", 1).await.refused;
    assert_eq!(early[0].reason_code, "SOFTWARE_BEFORE_BUILD");
    assert_eq!(service.broken().await, []);
}

#[tokio::test]
async fn mistakes_of_scopes_are_told_by_their_fields() {
    use tonic_types::StatusExt;
    let service = Service::built().await;
    let scopes = vec![
        What::Lots(pb::LotScope {
            item_id: "NONE".into(),
            lot_ids: vec!["PACK.CELL.000001".into(), String::new()],
        }),
        What::Serials(pb::SerialScope {
            item_id: "PACK".into(),
            first_serial_number: "PACK.CELL.000001-00003".into(),
            last_serial_number: "PACK.CELL.000001-00002".into(),
        }),
        What::Builds(pb::BuildScope {
            from_date: Some(date_pb(day(3))),
            through_date: Some(date_pb(day(2))),
            variant_ids: vec!["PRO".into()],
            options: [("WHEEL".to_owned(), "W99".to_owned())].into(),
        }),
        What::Process(pb::ProcessScope {
            shop_id: "MOON".into(),
            from_second: 2,
            through_second: 1,
        }),
        What::Software(pb::SoftwareScope {
            item_id: "PACK".into(),
            versions: vec![],
        }),
    ];
    let status = service.exposed(scopes, -1).await.unwrap_err();
    let found = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<String> = found.into_iter().map(|one| one.field).collect();
    assert_eq!(
        fields,
        [
            "scopes[0].lots.item_id",
            "scopes[0].lots.lot_ids[0]",
            "scopes[0].lots.lot_ids[1]",
            "scopes[1].serials.last_serial_number",
            "scopes[2].builds.through_date",
            "scopes[2].builds.variant_ids[0]",
            "scopes[2].builds.options[WHEEL]",
            "scopes[3].process.shop_id",
            "scopes[3].process.through_second",
            "scopes[4].software.versions",
            "from_build_number",
        ]
    );
    let unknown = What::Lots(pb::LotScope {
        item_id: "PACK".into(),
        lot_ids: vec!["PACK.CELL.000099".into()],
    });
    let status = service.exposed(vec![unknown], 0).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
}
