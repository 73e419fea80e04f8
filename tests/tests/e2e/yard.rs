//! The yard of the tests of recalls, centres and transport: a plant that was played through a day, and what a carrier, a dealer and a recall desk say to the services, one call each.
//!
//! It must not judge answers. Invariant: a call that is made twice under one name is one request.

use std::path::Path;

use serde_json::Value;
use takt_contract::{
    date_pb,
    delivery::v1::{
        self as pb, handover_service_client::HandoverServiceClient,
        recall_service_client::RecallServiceClient, shipment_service_client::ShipmentServiceClient,
    },
    events::v1::{
        AwaitAppliedRequest, ListFactsRequest, event_service_client::EventServiceClient,
        fact_body::Kind,
    },
    production::v1::{self as production, exposure_scope::What},
};
use takt_kernel::{Date, RequestId};
use takt_tests::{
    Failure, Result, ensure,
    process::run,
    replay::{LONG, takt},
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;
use tokio::runtime::Runtime;
use tonic::{Status, Streaming, transport::Channel};

use crate::SHORT;

/// The id of a named request.
pub(crate) fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

/// The messages of a stream.
pub(crate) async fn all<T>(mut stream: Streaming<T>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    while let Some(message) = stream.message().await? {
        all.push(message);
    }
    Ok(all)
}

/// The plant under test, in the morning after the last day that was played.
#[derive(Clone)]
pub(crate) struct Yard {
    pub(crate) delivery: Channel,
    pub(crate) production: Channel,
    pub(crate) today: Date,
}

/// A plant that was played through a day, and its yard on the morning after.
pub(crate) struct Played {
    pub(crate) suite: Suite,
    pub(crate) runtime: Runtime,
    pub(crate) yard: Yard,
}

impl Played {
    /// Plays the SU7 at a size through a day, on three processes over databases.
    pub(crate) fn through(
        databases: &Path,
        setup: Setup,
        vehicles: u32,
        last: &str,
    ) -> Result<Self> {
        let suite = Suite::prepare(databases)?.up(setup)?;
        let (folder, vehicles) = (tempdir()?, vehicles.to_string());
        let mut command = takt(&["replay", "su7", "--vehicles", &vehicles])?;
        command.args(["--until", last, "--endpoints", &suite.endpoints()]);
        run(command.arg("--data").arg(folder.path()), LONG)?.ok()?;
        let runtime = Runtime::new()?;
        let channel = |service| {
            let _inside = runtime.enter();
            let uri = format!("http://{}", suite.address(service));
            Ok::<_, Failure>(Channel::from_shared(uri)?.connect_lazy())
        };
        let yard = Yard {
            delivery: channel(Service::Delivery)?,
            production: channel(Service::Production)?,
            today: Date::parse(last)?.plus(1),
        };
        Ok(Self {
            suite,
            runtime,
            yard,
        })
    }
}

/// What a command answers about a suite, as JSON.
pub(crate) fn told(suite: &Suite, words: &[&str]) -> Result<Value> {
    let mut command = takt(words)?;
    command.args(["--output", "json", "--endpoints", &suite.endpoints()]);
    run(&mut command, SHORT)?.ok()?.json()
}

impl Yard {
    pub(crate) fn recalls(&self) -> RecallServiceClient<Channel> {
        RecallServiceClient::new(self.delivery.clone())
    }

    /// Waits until what was built is known here and nothing is owed.
    pub(crate) async fn settle(&self) -> Result {
        for channel in [
            &self.production,
            &self.delivery,
            &self.production,
            &self.delivery,
        ] {
            let mut client = EventServiceClient::new(channel.clone());
            client
                .await_applied(AwaitAppliedRequest { position: 0 })
                .await?;
        }
        Ok(())
    }

    pub(crate) fn built(&self, variants: &[&str]) -> What {
        What::Builds(production::BuildScope {
            from_date: Some(date_pb(self.today)),
            through_date: Some(date_pb(self.today.plus(9))),
            variant_ids: variants.iter().map(|id| (*id).to_owned()).collect(),
            ..Default::default()
        })
    }

    pub(crate) fn asked(
        &self,
        recall: &str,
        what: What,
        stop: pb::StopShip,
    ) -> pb::OpenRecallRequest {
        pb::OpenRecallRequest {
            request_id: id(recall),
            recall_id: recall.to_owned(),
            title: "a test".to_owned(),
            defect: "a defect".to_owned(),
            remedy: pb::RemedyKind::Workshop.into(),
            opened_on: Some(date_pb(self.today)),
            scopes: vec![production::ExposureScope { what: Some(what) }],
            stop_ship: stop.into(),
            ..Default::default()
        }
    }

    pub(crate) async fn recall(&self, recall: &str) -> Result<pb::Recall> {
        let recall_id = recall.to_owned();
        let mut recalls = self.recalls();
        let answer = recalls.get_recall(pb::GetRecallRequest { recall_id });
        Ok(answer.await?.into_inner().recall.unwrap_or_default())
    }

    pub(crate) async fn vehicles(&self, recall: &str) -> Result<Vec<pb::RecallVehicle>> {
        let message = pb::StreamRecallVehiclesRequest {
            recall_id: recall.to_owned(),
            state: 0,
        };
        let stream = self.recalls().stream_recall_vehicles(message).await?;
        let pages = all(stream.into_inner()).await?;
        Ok(pages.into_iter().flat_map(|page| page.vehicles).collect())
    }

    pub(crate) async fn report(
        &self,
        name: &str,
        shipment: &str,
        kind: pb::TransportEventKind,
        on: Date,
    ) -> Result<pb::RecordTransportEventsResponse> {
        let message = pb::RecordTransportEventsRequest {
            request_id: id(&format!("{name} {shipment} {on}")),
            events: vec![pb::TransportEvent {
                shipment_id: shipment.to_owned(),
                kind: kind.into(),
                date: Some(date_pb(on)),
                ..pb::TransportEvent::default()
            }],
        };
        let mut client = ShipmentServiceClient::new(self.delivery.clone());
        let stream = client
            .record_transport_events(tokio_stream::once(message))
            .await?;
        let answer = all(stream.into_inner()).await?.pop();
        answer.ok_or_else(|| Failure::new("no answer".to_owned()))
    }

    pub(crate) async fn depart(
        &self,
        shipment: &str,
        on: Date,
    ) -> Result<pb::RecordTransportEventsResponse> {
        let departed = pb::TransportEventKind::Departed;
        self.report("depart", shipment, departed, on).await
    }

    pub(crate) async fn planned(&self) -> Result<Vec<pb::Shipment>> {
        let message = pb::StreamShipmentsRequest {
            state: pb::ShipmentState::Planned.into(),
            ..Default::default()
        };
        let mut client = ShipmentServiceClient::new(self.delivery.clone());
        let pages = all(client.stream_shipments(message).await?.into_inner()).await?;
        Ok(pages.into_iter().flat_map(|page| page.shipments).collect())
    }

    pub(crate) async fn step(
        &self,
        name: &str,
        recall: &str,
        steps: Vec<(&str, pb::RecallVehicleState, Date)>,
    ) -> Result<pb::RecordRecallStepsResponse> {
        let steps = steps.into_iter().map(|(vin, state, on)| pb::RecallStep {
            vin: vin.to_owned(),
            state: state.into(),
            on: Some(date_pb(on)),
            note: "bay 7".to_owned(),
        });
        let message = pb::RecordRecallStepsRequest {
            request_id: id(name),
            recall_id: recall.to_owned(),
            steps: steps.collect(),
        };
        // The same chunk twice is done once and answered twice alike.
        let twice = tokio_stream::iter([message.clone(), message]);
        let stream = self.recalls().record_recall_steps(twice).await?;
        let mut answers = all(stream.into_inner()).await?;
        let last = answers.pop();
        ensure(answers.pop() == last, || {
            "a repeat answers otherwise".to_owned()
        })?;
        last.ok_or_else(|| Failure::new("no answer".to_owned()))
    }

    pub(crate) async fn hand_over(
        &self,
        name: &str,
        vin: &str,
        on: Date,
    ) -> Result<pb::RecordHandoversResponse> {
        let message = pb::RecordHandoversRequest {
            request_id: id(name),
            handovers: vec![pb::Handover {
                vin: vin.to_owned(),
                handed_over_on: Some(date_pb(on)),
            }],
        };
        let mut client = HandoverServiceClient::new(self.delivery.clone());
        let stream = client.record_handovers(tokio_stream::once(message)).await?;
        let answer = all(stream.into_inner()).await?.pop();
        answer.ok_or_else(|| Failure::new("no answer".to_owned()))
    }

    /// What left and what was stopped, in the order in which delivery wrote it down: by position. A log is read by transaction on
    /// PostgreSQL, and a transaction has its number before it waits at the gate.
    pub(crate) async fn log(&self) -> Result<Vec<Kind>> {
        let (mut told, mut after) = (Vec::new(), 0);
        loop {
            let message = ListFactsRequest {
                after_position: after,
                page_size: 1_000,
                ..Default::default()
            };
            let mut client = EventServiceClient::new(self.delivery.clone());
            let facts = client.list_facts(message).await?.into_inner().facts;
            let Some(last) = facts.last() else {
                told.sort_by_key(|(position, _)| *position);
                return Ok(told.into_iter().map(|(_, kind)| kind).collect());
            };
            after = last.position;
            let kinds = facts
                .into_iter()
                .filter_map(|fact| Some((fact.position, fact.body?.kind?)));
            told.extend(kinds);
        }
    }
}

impl Yard {
    pub(crate) async fn step_raw(
        &self,
        recall: &str,
        steps: Vec<(&str, pb::RecallVehicleState, Date)>,
    ) -> std::result::Result<Vec<pb::RecordRecallStepsResponse>, Status> {
        let steps = steps.into_iter().map(|(vin, state, on)| pb::RecallStep {
            vin: vin.to_owned(),
            state: state.into(),
            on: Some(date_pb(on)),
            note: String::new(),
        });
        let message = pb::RecordRecallStepsRequest {
            request_id: id("raw"),
            recall_id: recall.to_owned(),
            steps: steps.collect(),
        };
        let mut stream = self
            .recalls()
            .record_recall_steps(tokio_stream::once(message))
            .await?
            .into_inner();
        let mut answers = Vec::new();
        while let Some(answer) = stream.message().await? {
            answers.push(answer);
        }
        Ok(answers)
    }
}
