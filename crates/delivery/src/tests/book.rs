//! Production's book of orders as delivery meets it: it knows the orders that it was told, changes them, builds them, and tells of both in one
//! order. Its answers can get lost, and then what was asked is done all the same.

use std::collections::BTreeMap;

use takt_contract::{
    common::v1::Money,
    date_pb,
    events::v1::{
        DeliverRequest, Fact, FactBody, OrderChanged, OrderLocked, VehicleBuilt, fact_body::Kind,
        inbox_service_client::InboxServiceClient,
    },
    production::v1::{self as pb, order_book_service_server::OrderBookService},
};
use takt_kernel::Date;
use tonic::{Request, Response, Status, transport::Channel};

use super::{production::Production, service::vin};

/// An order in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) number: i64,
    pub(crate) variant_id: String,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) built: bool,
}

/// The book.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) orders: BTreeMap<String, Entry>,
    /// The reason for which it says no to everything; empty while it does not.
    pub(crate) refusing: String,
    /// So many of the next answers get lost.
    pub(crate) lost: i32,
    answers: BTreeMap<String, pb::ReviseOrderResponse>,
    log: Vec<Fact>,
    told: usize,
    serial: u32,
}

impl Book {
    /// Takes an order that delivery told of.
    pub(crate) fn locked(&mut self, order: &OrderLocked) {
        let entry = Entry {
            number: order.order_number,
            variant_id: order.variant_id.clone(),
            options: order.options.clone(),
            built: false,
        };
        self.orders.insert(order.order_id.clone(), entry);
    }

    /// Builds an order as it stands in the book.
    pub(crate) fn build(&mut self, order_id: &str, on: Date) {
        let Some(entry) = self.orders.get_mut(order_id).filter(|entry| !entry.built) else {
            return;
        };
        entry.built = true;
        self.serial += 1;
        let body = VehicleBuilt {
            vin: vin(self.serial),
            build_number: self.serial.into(),
            order_id: order_id.to_owned(),
            built_on: Some(date_pb(on)),
            released: true,
            ..VehicleBuilt::default()
        };
        self.log(vin(self.serial), on, Kind::VehicleBuilt(body));
    }

    fn log(&mut self, subject: String, on: Date, kind: Kind) {
        let before = self.log.iter().filter(|fact| fact.subject == subject);
        let sequence = i64::try_from(before.count()).unwrap() + 1;
        self.log.push(Fact {
            source: "production".into(),
            subject,
            sequence,
            position: i64::try_from(self.log.len()).unwrap() + 1,
            business_date: Some(date_pb(on)),
            body: Some(FactBody { kind: Some(kind) }),
            ..Fact::default()
        });
    }

    fn revise(
        &mut self,
        request: &pb::ReviseOrderRequest,
    ) -> Result<pb::ReviseOrderResponse, Status> {
        if let Some(answer) = self.answers.get(&request.request_id) {
            return Ok(answer.clone());
        }
        let Some(entry) = self.orders.get_mut(&request.order_id) else {
            return Err(Status::not_found("the order is not known here"));
        };
        let price = |variant: &str| Money {
            currency_code: "CNY".into(),
            minor_units: if variant == "STD" {
                21_590_000
            } else {
                29_990_000
            },
        };
        let mut answer = pb::ReviseOrderResponse {
            list_price_before: Some(price(&entry.variant_id)),
            ..pb::ReviseOrderResponse::default()
        };
        let reason = if entry.built {
            "ORDER_ALREADY_BUILT"
        } else {
            self.refusing.as_str()
        };
        if !reason.is_empty() {
            answer.refusal = Some(pb::RevisionRefusal {
                reason: reason.to_owned(),
                message: format!("order {} stays; cancel it", request.order_id),
            });
        } else {
            answer.list_price_after = Some(price(&request.variant_id));
            answer.order = Some(pb::BookedOrder::default());
        }
        if request.validate_only {
            return Ok(answer);
        }
        self.answers
            .insert(request.request_id.clone(), answer.clone());
        if answer.refusal.is_some() {
            return Ok(answer);
        }
        entry.variant_id.clone_from(&request.variant_id);
        entry.options.clone_from(&request.options);
        let told = OrderChanged {
            order_id: request.order_id.clone(),
            order_number: entry.number,
            change_number: request.change_number,
            variant_id: request.variant_id.clone(),
            options: request.options.clone(),
            changed_on: request.changed_on,
        };
        self.log(
            request.order_id.clone(),
            Date::from_epoch_day(19_800),
            Kind::OrderChanged(told),
        );
        Ok(answer)
    }
}

impl Production {
    /// Tells delivery what was not told yet, as one batch.
    pub(crate) async fn tell(&self, channel: &Channel) {
        let facts = {
            let mut book = self.book.lock().unwrap();
            let facts = book.log.get(book.told..).unwrap_or_default().to_vec();
            book.told = book.log.len();
            facts
        };
        if facts.is_empty() {
            return;
        }
        let mut inbox = InboxServiceClient::new(channel.clone());
        let answer = inbox.deliver(DeliverRequest { facts }).await.unwrap();
        let results = answer.into_inner().results;
        assert!(
            results.iter().all(|result| result.outcome == 1),
            "{results:?}"
        );
    }
}

#[tonic::async_trait]
impl OrderBookService for Production {
    async fn revise_order(
        &self,
        request: Request<pb::ReviseOrderRequest>,
    ) -> Result<Response<pb::ReviseOrderResponse>, Status> {
        self.answers()?;
        let mut book = self.book.lock().unwrap();
        let answer = book.revise(request.get_ref())?;
        if book.lost > 0 && !request.get_ref().validate_only {
            book.lost -= 1;
            return Err(Status::internal("the answer got lost"));
        }
        Ok(Response::new(answer))
    }

    async fn list_booked_orders(
        &self,
        _: Request<pb::ListBookedOrdersRequest>,
    ) -> Result<Response<pb::ListBookedOrdersResponse>, Status> {
        Err(Status::unimplemented("not asked by delivery"))
    }
}
