//! The history of an order: the plant's word, procurement's word on the parts, and what is told while procurement is away.

use takt_contract::production::v1::history_service_client::HistoryServiceClient;

use super::*;

impl Service {
    async fn history(
        &self,
        number: i64,
        order: &str,
    ) -> Result<pb::GetOrderHistoryResponse, Status> {
        let mut client = HistoryServiceClient::new(self.channel.clone());
        let request = pb::GetOrderHistoryRequest {
            order_number: number,
            order_id: order.to_owned(),
            vin: String::new(),
        };
        Ok(client.get_order_history(request).await?.into_inner())
    }
}

fn words(answer: &pb::GetOrderHistoryResponse) -> Vec<(&str, &str, &str)> {
    (answer.happenings.iter())
        .map(|one| {
            (
                one.event.as_str(),
                one.source.as_str(),
                one.subject.as_str(),
            )
        })
        .collect()
}

#[tokio::test]
async fn an_order_is_followed_from_its_parts_to_its_release() {
    let mut service = Service::imported().await;
    service
        .lock(&[(1, "STD", "W19", false), (2, "STD", "W19", false)])
        .await;
    service.stock();
    assert!(
        service
            .history(1, "SO-1")
            .await
            .unwrap()
            .happenings
            .is_empty()
    );
    for n in 1..=2 {
        service.run_day(a_day(n)).await.unwrap();
    }
    let answer = service.history(1, "SO-1").await.unwrap();
    assert_eq!(answer.result_status(), common::ResultStatus::Complete);
    let vin = service.vehicles().await[0].vin.clone();
    let told = words(&answer);
    let of = |event: &str| told.iter().filter(|(word, ..)| *word == event).count();
    // Every shop of the line is left once, and the record of parts is procurement's word.
    assert_eq!(
        (of("VIN_ALLOCATED"), of("BUILT"), of("RELEASED")),
        (1, 1, 1)
    );
    assert_eq!(of("PARTS_COMPLETE"), 1);
    assert!(
        told.contains(&("BUILT", "production", vin.as_str())),
        "{told:?}"
    );
    assert!(of("SHOP_LEFT") >= 1, "{told:?}");
    let parts = answer
        .happenings
        .iter()
        .filter(|one| one.source == "procurement");
    assert!(
        parts.clone().count() >= 1 && parts.clone().all(|one| one.date == Some(date_pb(day(-1))))
    );
    // The completion is told in the trace of the order.
    let built = answer
        .happenings
        .iter()
        .find(|one| one.event == "BUILT")
        .unwrap();
    assert_eq!(built.trace_id, "0af7651916cd43dd8448eb211c80319c");

    // A step of quality is told with who decided.
    let mut days = answer
        .happenings
        .iter()
        .map(|one| date_opt(one.date.as_ref(), "", &mut takt_kernel::Violations::new()));
    assert!(days.by_ref().is_sorted());

    // Procurement's silence takes its word away and nothing else.
    service.procurement.with(|state| state.away = true);
    let without = service.history(1, "SO-1").await.unwrap();
    assert_eq!(without.result_status(), common::ResultStatus::Partial);
    assert_eq!(without.tombstones[0].node, "procurement");
    let ours: Vec<_> = told
        .iter()
        .filter(|(_, source, _)| *source == "production")
        .copied()
        .collect();
    assert_eq!(words(&without), ours);

    // Another order's number is no order.
    for (number, order) in [(1, "SO-2"), (9, "SO-9")] {
        let refused = service.history(number, order).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound, "{order}");
    }
    let refused = service.history(0, "").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}
