//! The as-built memory over the wire: the worked example of `docs/genealogy.md`, and what is refused.

use takt_contract::production::v1::{
    part_ref::Name, replace_part_request::RemovedTo, trace_scope::AsKnown,
};

use super::*;

/// A name of any kind.
pub(super) fn named(name: &str) -> Option<pb::PartRef> {
    let name = match name {
        "scrap" => Name::Place(pb::PartPlace::Scrap.into()),
        "stock" => Name::Place(pb::PartPlace::Stock.into()),
        name => Name::Any(name.to_owned()),
    };
    Some(pb::PartRef { name: Some(name) })
}

/// A piece that nobody knows yet.
pub(super) fn piece(serial: &str) -> Option<pb::PartRef> {
    let name = Some(Name::SerialNumber(serial.to_owned()));
    Some(pb::PartRef { name })
}

pub(super) fn at(on: i32, known: Option<i64>, ever: bool) -> Option<pb::TraceScope> {
    Some(pb::TraceScope {
        as_of: Some(date_pb(day(on))),
        as_known: known.map(AsKnown::RecordNumber),
        mode: if ever { 2 } else { 1 },
        ..Default::default()
    })
}

/// A pack is replaced in the plant by one of a supplier, and goes to stock.
pub(super) fn swap(n: i32, vin: &str, new: &str, on: i32) -> pb::ReplacePartRequest {
    pb::ReplacePartRequest {
        request_id: id(&format!("swap/{n}")),
        unit: named(vin),
        item_id: "PACK".into(),
        installed: piece(new),
        supplier_id: "CELL".into(),
        replaced_on: Some(date_pb(day(on))),
        site: pb::ReplacementSite::Plant.into(),
        removed_to: Some(RemovedTo::Place(pb::PartPlace::Stock.into())),
        reason: "a test".into(),
        ..Default::default()
    }
}

pub(super) fn correction(n: i32, vin: &str, wrong: &str, right: &str) -> pb::CorrectPartRequest {
    pb::CorrectPartRequest {
        request_id: id(&format!("correct/{n}")),
        unit: named(vin),
        item_id: "PACK".into(),
        recorded: named(wrong),
        actual: piece(right),
        supplier_id: "CELL".into(),
        reason: "the label was read wrongly".into(),
        ..Default::default()
    }
}

impl Service {
    /// Six days of four cars each.
    pub(super) async fn built() -> Self {
        let mut service = Self::imported().await;
        let orders: Vec<(i64, &str, &str, bool)> = (1..=40)
            .map(|n| (n, if n % 2 == 0 { "MAX" } else { "STD" }, "W19", false))
            .collect();
        service.lock(&orders).await;
        service.stock();
        for n in 1..=6 {
            service.run_day(a_day(n)).await.unwrap();
        }
        service
    }

    pub(super) fn cars(&self) -> VehicleServiceClient<Channel> {
        VehicleServiceClient::new(self.channel.clone())
    }

    pub(super) async fn replace(
        &self,
        request: pb::ReplacePartRequest,
    ) -> Result<pb::ReplacePartResponse, Status> {
        Ok(self.cars().replace_part(request).await?.into_inner())
    }

    pub(super) async fn correct(
        &self,
        request: pb::CorrectPartRequest,
    ) -> Result<pb::CorrectPartResponse, Status> {
        Ok(self.cars().correct_part(request).await?.into_inner())
    }

    /// Unit, item and part of everything below a unit.
    pub(super) async fn below(
        &self,
        unit: &str,
        scope: Option<pb::TraceScope>,
    ) -> BTreeMap<(String, String, String), pb::AsBuiltPart> {
        let request = pb::TraceBackwardRequest {
            unit: named(unit),
            scope,
            ..Default::default()
        };
        let stream = self
            .cars()
            .trace_backward(request)
            .await
            .unwrap()
            .into_inner();
        let parts = read(stream)
            .await
            .unwrap()
            .into_iter()
            .flat_map(|page| page.parts);
        parts
            .map(|part| {
                let parent = if part.in_serial_number.is_empty() {
                    unit.to_owned()
                } else {
                    part.in_serial_number.clone()
                };
                let name = if part.serial_number.is_empty() {
                    part.lot_id.clone()
                } else {
                    part.serial_number.clone()
                };
                ((parent, part.item_id.clone(), name), part)
            })
            .collect()
    }

    /// The vehicles and places in which a part is.
    pub(super) async fn above(
        &self,
        part: &str,
        scope: Option<pb::TraceScope>,
    ) -> Result<BTreeMap<String, pb::PartUse>, Status> {
        let request = pb::TraceForwardRequest {
            part: named(part),
            scope,
            ..Default::default()
        };
        let stream = self.cars().trace_forward(request).await?.into_inner();
        let uses = read(stream).await?.into_iter().flat_map(|page| page.uses);
        Ok(uses
            .map(|used| {
                let name = match used.place() {
                    pb::PartPlace::Scrap => "scrap".to_owned(),
                    pb::PartPlace::Stock => "stock".to_owned(),
                    pb::PartPlace::Unspecified if used.vin.is_empty() => used.serial_number.clone(),
                    pb::PartPlace::Unspecified => used.vin.clone(),
                };
                (name, used)
            })
            .collect())
    }

    async fn pack(&self, vin: &str, scope: Option<pb::TraceScope>) -> Vec<String> {
        let below = self.below(vin, scope).await;
        let packs = below.into_keys().filter(|(_, item, _)| item == "PACK");
        packs.map(|(_, _, part)| part).collect()
    }
}

fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

/// The example of `docs/genealogy.md`: a swap in the plant, one in the field, a late correction; four questions about
/// one place in one car, and four different answers.
#[tokio::test]
async fn four_questions_have_four_answers() {
    let mut service = Service::built().await;
    let car = service.vehicles().await[0].clone();
    let vin = car.vin.as_str();
    let first = "PACK.CELL.000001-00001";
    assert_eq!(service.pack(vin, None).await, [first]);

    // In the plant, two days after the build.
    let plant = service.replace(swap(1, vin, "SP-7", 3)).await.unwrap();
    let record = plant.record.clone().unwrap();
    assert_eq!(
        (record.record_number, record.kind, record.unit.as_str()),
        (7, 2, vin)
    );
    assert_eq!(
        service.replace(swap(1, vin, "SP-7", 3)).await.unwrap(),
        plant,
        "the same request, the same answer"
    );
    // The car leaves, and its pack is replaced in the field.
    let left = events_left(vin);
    service.tell(vec![left]).await;
    let field = pb::ReplacePartRequest {
        site: pb::ReplacementSite::Field.into(),
        removed_to: Some(RemovedTo::Place(pb::PartPlace::Scrap.into())),
        ..swap(2, vin, "SP-9", 60)
    };
    let wrong_site = service
        .replace(pb::ReplacePartRequest {
            site: 1,
            ..field.clone()
        })
        .await
        .unwrap_err();
    assert_eq!(reason(&wrong_site), "REPLACEMENT_SITE");
    let field = service.replace(field).await.unwrap();
    assert_eq!(
        field.record.unwrap().record_number,
        8,
        "what was refused left no gap"
    );
    // Late it turns out that in the plant SP-1 was fitted, and its label was read as SP-7.
    service
        .correct(correction(1, vin, "SP-7", "SP-1"))
        .await
        .unwrap();

    assert_eq!(service.pack(vin, None).await, ["SP-9"], "now");
    assert_eq!(
        service.pack(vin, at(10, None, false)).await,
        ["SP-1"],
        "on day 10, as we know now"
    );
    assert_eq!(
        service.pack(vin, at(10, Some(8), false)).await,
        ["SP-7"],
        "on day 10, as we knew then"
    );
    assert_eq!(
        service.pack(vin, at(2, None, false)).await,
        [first],
        "before the swap"
    );
    // Whatever ever was in it, by what is known now.
    assert_eq!(
        service.pack(vin, at(90, None, true)).await,
        [first, "SP-1", "SP-9"]
    );

    // The other way round: the first pack lies in stock since day 3, SP-7 never was anywhere.
    let places = service.above(first, None).await.unwrap();
    assert_eq!(places.keys().collect::<Vec<_>>(), ["stock"]);
    assert!(service.above("SP-7", None).await.unwrap().is_empty());
    assert_eq!(
        service
            .above("SP-7", at(10, Some(8), false))
            .await
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        [vin]
    );
    // A lot of pieces is all its pieces, wherever they are.
    let lot = service
        .above("PACK.CELL.000001", at(90, None, false))
        .await
        .unwrap();
    assert!(
        lot.contains_key("stock") && !lot.contains_key(vin) && lot.len() == 3,
        "{lot:?}"
    );

    let mut client = service.cars();
    let page = client.list_as_built_records(pb::ListAsBuiltRecordsRequest {
        unit: named(vin),
        ..Default::default()
    });
    let kinds: Vec<i32> = page
        .await
        .unwrap()
        .into_inner()
        .records
        .iter()
        .map(|record| record.kind)
        .collect();
    assert_eq!(kinds, [2, 2, 3]);
    assert_eq!(service.broken().await, []);
    let digest = service.digest().await;
    service.stop().await;
    service.start().await;
    assert_eq!(service.digest().await, digest);
    service.stop().await;
}

fn events_left(vin: &str) -> (String, Kind) {
    let body = takt_contract::events::v1::VehicleDispatched {
        vin: vin.to_owned(),
        dispatched_on: Some(date_pb(day(5))),
        shipment_id: "S-1".into(),
    };
    (vin.to_owned(), Kind::VehicleDispatched(body))
}

#[tokio::test]
async fn what_contradicts_the_record_is_refused_and_says_why() {
    let mut service = Service::built().await;
    let cars = service.vehicles().await;
    let (one, two) = (cars[0].vin.as_str(), cars[1].vin.as_str());
    let refused = async |request: pb::ReplacePartRequest| {
        reason(&service.replace(request).await.unwrap_err())
    };
    assert_eq!(
        refused(swap(10, one, "PACK.CELL.000001-00002", 4)).await,
        "PART_ELSEWHERE"
    );
    assert_eq!(refused(swap(11, one, "SP-1", 0)).await, "PART_FITTED_LATER");
    let other = pb::ReplacePartRequest {
        removed: named("PACK.CELL.000001-00002"),
        ..swap(12, one, "SP-1", 4)
    };
    assert_eq!(refused(other).await, "PART_NOT_FITTED");
    let nobody = pb::ReplacePartRequest {
        supplier_id: String::new(),
        ..swap(13, one, "SP-1", 4)
    };
    assert_eq!(
        service.replace(nobody).await.unwrap_err().code(),
        tonic::Code::NotFound
    );
    let lot = pb::ReplacePartRequest {
        unit: named("W19.RIM.000001"),
        ..swap(14, one, "SP-1", 4)
    };
    assert_eq!(refused(lot).await, "NOT_A_UNIT");
    let itself = pb::ReplacePartRequest {
        removed_to: Some(RemovedTo::OtherUnit(
            named("PACK.CELL.000001-00001").unwrap(),
        )),
        ..swap(15, one, "SP-1", 4)
    };
    assert_eq!(refused(itself).await, "UNIT_INSIDE_ITSELF");
    let bare = service
        .replace(pb::ReplacePartRequest::default())
        .await
        .unwrap_err();
    use tonic_types::StatusExt;
    let fields: Vec<String> = bare
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|one| one.field)
        .collect();
    assert_eq!(
        fields,
        [
            "request_id",
            "unit",
            "item_id",
            "replaced_on",
            "site",
            "removed_to",
            "reason"
        ]
    );

    // An entity tag that was overtaken.
    let mut client = service.cars();
    let tree = client.get_as_built_tree(pb::GetAsBuiltTreeRequest {
        unit: named(one),
        ..Default::default()
    });
    let tree = tree.await.unwrap().into_inner();
    let seen = pb::ReplacePartRequest {
        etag: tree.etag.clone(),
        ..swap(16, one, "SP-2", 4)
    };
    let done = service.replace(seen).await.unwrap();
    let stale = pb::ReplacePartRequest {
        etag: tree.etag,
        ..swap(17, one, "SP-3", 5)
    };
    assert_eq!(
        service.replace(stale).await.unwrap_err().code(),
        tonic::Code::Aborted
    );
    let fresh = pb::ReplacePartRequest {
        etag: done.etag,
        removed_to: Some(RemovedTo::Place(pb::PartPlace::Scrap.into())),
        ..swap(18, one, "SP-3", 5)
    };
    service.replace(fresh).await.unwrap();
    assert_eq!(refused(swap(19, two, "SP-2", 6)).await, "PART_SCRAPPED");
    assert_eq!(refused(swap(20, one, "SP-4", 4)).await, "PART_FITTED_LATER");
    // What lies in stock may be fitted again, and is there no more.
    service
        .replace(swap(21, two, "PACK.CELL.000001-00001", 6))
        .await
        .unwrap();
    let places = service.above("PACK.CELL.000001-00001", None).await.unwrap();
    assert_eq!(places.keys().collect::<Vec<_>>(), [two]);
    // A wheel of four: three stay, and the new one comes from a lot that procurement has and nobody used.
    service
        .procurement
        .receive("W19.RIM.000003", 4_010_000_003, 9);
    let wheel = pb::ReplacePartRequest {
        item_id: "W19".into(),
        installed: named("W19.RIM.000003"),
        supplier_id: String::new(),
        quantity_thousandths: 1000,
        ..swap(22, one, "", 6)
    };
    service.replace(wheel).await.unwrap();
    let wheels: Vec<(String, i64)> = service
        .below(one, None)
        .await
        .into_iter()
        .filter(|((_, item, _), _)| item == "W19")
        .map(|((_, _, lot), part)| (lot, part.quantity_thousandths))
        .collect();
    assert_eq!(
        wheels,
        [
            ("W19.RIM.000001".to_owned(), 3000),
            ("W19.RIM.000003".to_owned(), 1000)
        ]
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}
