//! The as-built record in both directions: a held car, a pulled car, a variant-only part, two suppliers of one item.

use super::*;

type Row = (String, String, String, String);

impl Service {
    /// Every part of a vehicle: item, lot, serial.
    async fn backward(&self, vin: &str, item: &str) -> Vec<pb::AsBuiltPart> {
        let mut client = VehicleServiceClient::new(self.channel.clone());
        let request = pb::TraceBackwardRequest {
            vin: vin.to_owned(),
            item_id: item.to_owned(),
            ..Default::default()
        };
        let stream = client.trace_backward(request).await.unwrap().into_inner();
        read(stream)
            .await
            .unwrap()
            .into_iter()
            .flat_map(|page| page.parts)
            .collect()
    }

    async fn forward(&self, lot: &str) -> Result<Vec<String>, Status> {
        let mut client = VehicleServiceClient::new(self.channel.clone());
        let stream = client
            .trace_forward(pb::TraceForwardRequest {
                lot_id: lot.to_owned(),
                ..Default::default()
            })
            .await?
            .into_inner();
        Ok(read(stream)
            .await?
            .into_iter()
            .flat_map(|page| page.vehicles)
            .map(|vehicle| vehicle.vin)
            .collect())
    }
}

#[tokio::test]
async fn both_directions_say_what_one_row_a_position_would() {
    let mut service = Service::imported().await;
    let mut orders: Vec<(i64, &str, &str, bool)> = Vec::new();
    for number in 1..=40 {
        let variant = if number % 2 == 0 { "MAX" } else { "STD" };
        orders.push((
            number,
            variant,
            if number % 3 == 0 { "W20" } else { "W19" },
            false,
        ));
    }
    service.lock(&orders).await;
    service.stock();
    service
        .run_day(pb::RunDayRequest {
            pulled_places: vec![1],
            held_places: vec![2],
            ..a_day(1)
        })
        .await
        .unwrap();
    // The second number stands on the line and has no build number yet; the third car is held and has its parts.
    let cars = service.vehicles().await;
    let seen: Vec<(i64, i32, &str)> = cars
        .iter()
        .map(|car| (car.build_number, car.state, &car.vin[11..]))
        .collect();
    assert_eq!(
        seen,
        [
            (1, 3, "000001"),
            (2, 2, "000003"),
            (3, 3, "000004"),
            (0, 1, "000002")
        ]
    );
    assert!(service.backward(&cars[3].vin, "").await.is_empty());
    for n in 2..=6 {
        service.run_day(a_day(n)).await.unwrap();
    }
    let cars = service.vehicles().await;
    let out_of_order = cars.iter().find(|car| car.vin.ends_with("000002")).unwrap();
    assert_eq!(
        out_of_order.build_number, 4,
        "the pulled car is built first on the next day"
    );
    assert_eq!(cars.len(), 24);

    // One row a position: parts are used in build order, lots in the order in which they lay on the shelf.
    let shelf: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::from([
        (
            "BODY",
            vec![("BODY.STEEL.000001", 3), ("BODY.ALU.000001", 60)],
        ),
        (
            "PACK",
            vec![("PACK.CELL.000001", 3), ("PACK.OTHER.000001", 60)],
        ),
        ("W19", vec![("W19.RIM.000001", 6), ("W19.RIM.000002", 300)]),
        ("W20", vec![("W20.RIM.000001", 300)]),
        ("AWD", vec![("AWD.DRIVE.000001", 60)]),
    ]);
    let mut pieces: BTreeMap<&str, std::vec::IntoIter<(String, usize)>> = shelf
        .iter()
        .map(|(item, lots)| {
            let all: Vec<_> = lots
                .iter()
                .flat_map(|(lot, units)| (1..=*units).map(|unit| ((*lot).to_owned(), unit)))
                .collect();
            (*item, all.into_iter())
        })
        .collect();
    let mut expected: BTreeSet<Row> = BTreeSet::new();
    // The shop's own pieces are numbered within its order of the day, and its orders by day.
    let (mut on, mut order, mut piece) = (None, 0, 0);
    for car in &cars {
        if on != car.built_on {
            (on, order, piece) = (car.built_on, order + 1, 0);
        }
        piece += 1;
        let lot = format!("PAINTED.OWN.{order:06}");
        let serial = format!("{lot}-{piece:05}");
        expected.insert((car.vin.clone(), "PAINTED".to_owned(), lot, serial));
        let wheel = car.options["WHEEL"].as_str();
        let mut needs = vec![("BODY", 1), ("PACK", 1), (wheel, 4)];
        if car.variant_id == "MAX" {
            needs.push(("AWD", 1));
        }
        for (item, units) in needs {
            for _ in 0..units {
                let (lot, unit) = pieces.get_mut(item).unwrap().next().unwrap();
                let serial = if item == "PACK" {
                    format!("{lot}-{unit:05}")
                } else {
                    String::new()
                };
                expected.insert((car.vin.clone(), item.to_owned(), lot, serial));
            }
        }
    }
    let mut found = BTreeSet::new();
    for car in &cars {
        for part in service.backward(&car.vin, "").await {
            assert!(part.reservation_id.starts_with("build-2024-"));
            assert_eq!(part.made, part.item_id == "PAINTED");
            found.insert((
                car.vin.clone(),
                part.item_id,
                part.lot_id,
                part.serial_number,
            ));
        }
    }
    assert_eq!(found, expected);
    let mut inverse = BTreeSet::new();
    let lots: BTreeSet<&str> = expected.iter().map(|(_, _, lot, _)| lot.as_str()).collect();
    for lot in lots {
        inverse.extend(
            service
                .forward(lot)
                .await
                .unwrap()
                .into_iter()
                .map(|vin| (vin, lot.to_owned())),
        );
    }
    let pairs: BTreeSet<(String, String)> = expected
        .iter()
        .map(|(vin, _, lot, _)| (vin.clone(), lot.clone()))
        .collect();
    assert_eq!(inverse, pairs);

    let packs = service.backward(&cars[0].vin, "PACK").await;
    assert_eq!(
        (packs.len(), packs[0].serial_number.as_str()),
        (1, "PACK.CELL.000001-00001")
    );
    assert_eq!(
        service
            .forward("BODY.NOBODY.000001")
            .await
            .unwrap_err()
            .code(),
        tonic::Code::NotFound
    );
    assert_eq!(
        service
            .forward("BODY.STEEL.000009")
            .await
            .unwrap_err()
            .code(),
        tonic::Code::NotFound
    );
    assert_eq!(
        service.forward("BODY").await.unwrap_err().code(),
        tonic::Code::NotFound
    );
    // A lot that procurement has and nobody used is in no vehicle.
    service
        .procurement
        .receive("BODY.ALU.000002", 2_020_000_002, 9);
    assert!(service.forward("BODY.ALU.000002").await.unwrap().is_empty());
    assert_eq!(service.broken().await, []);
    service.stop().await;
}
