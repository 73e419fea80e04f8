//! Exceptions on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

use takt_contract::{
    delivery::v1::{self as pb, exception_service_server::ExceptionService},
    id_req,
};
use takt_kernel::{RequestId, Vin, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    Exception, ExceptionNo,
    store::{
        ExceptionFilter, book_fetch, exception_fetch, exceptions_list, exceptions_save, order_ids,
    },
    wire::{ended, exception_pb, kind_opt},
};
use crate::{
    allocation::gone::vehicles_part, desk::Desk, recall::store::gate_hold, shipment::ShipmentNo,
};

/// Exceptions on the wire.
pub(crate) struct ExceptionRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl ExceptionService for ExceptionRpc {
    async fn list_exceptions(
        &self,
        request: Request<pb::ListExceptionsRequest>,
    ) -> Result<Response<pb::ListExceptionsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut found = Violations::new();
        let kind = kind_opt(message.kind, &mut found);
        let mut shipment = None;
        if !message.shipment_id.is_empty() {
            let read = ShipmentNo::parse(&message.shipment_id, &catalogue);
            shipment = found.check("shipment_id", read);
        }
        if !message.vin.is_empty() {
            id_req::<Vin>(&message.vin, "vin", &mut found);
        }
        found.finish().map_err(Error::from)?;
        let limit = page_size(message.page_size)?;
        let arguments = format!(
            "{} {} {} {}",
            message.kind, message.open_only, message.shipment_id, message.vin
        );
        let after = PageToken::open("ListExceptions", &arguments, &message.page_token)?;
        let after = after.and_then(|key| {
            let (shipment, line) = key.split_once('/')?;
            Some((shipment.parse().ok()?, line.parse().ok()?))
        });
        let after: (i64, i64) = after.unwrap_or((i64::MIN, 0));
        let filter = Arc::new(ExceptionFilter {
            kind,
            open: message.open_only,
            shipment,
            vin: message.vin,
        });
        let read = self.desk.store.read(&call, "exceptions_list", move |tx| {
            let filter = Arc::clone(&filter);
            Box::pin(async move {
                let exceptions = exceptions_list(tx, &filter, after, limit).await?;
                let orders = order_ids(tx, &exceptions).await?;
                Ok((exceptions, orders))
            })
        });
        let (exceptions, orders) = read.await?;
        let full = i64::try_from(exceptions.len()).is_ok_and(|count| count == limit);
        let last = exceptions.last().filter(|_| full);
        let seal = |one: &Exception| {
            let key = format!("{}/{}", one.number.shipment.value(), one.number.line);
            PageToken::seal("ListExceptions", &arguments, &key)
        };
        let told = |one| exception_pb(one, &orders, &catalogue);
        Ok(Response::new(pb::ListExceptionsResponse {
            next_page_token: last.map(seal).unwrap_or_default(),
            exceptions: exceptions.iter().map(told).collect(),
        }))
    }

    async fn resolve_exception(
        &self,
        request: Request<pb::ResolveExceptionRequest>,
    ) -> Result<Response<pb::ResolveExceptionResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let number = ExceptionNo::parse(&message.exception_id, &catalogue);
        let number = found.check("exception_id", number);
        let ended = ended(&message, &mut found);
        let read = found.finish_with(request_id.zip(number));
        let (request_id, number) = read.map_err(Error::from)?;
        let method = "takt.delivery.v1.ExceptionService/ResolveException";
        let once = Once::of(method, *request_id.as_bytes(), &message);
        let id = Arc::<str>::from(message.exception_id);
        let write = (self.desk.store).write_once(&call, "exception_resolve", once, move |tx| {
            let (catalogue, ended, id) = (Arc::clone(&catalogue), ended.clone(), Arc::clone(&id));
            Box::pin(async move {
                // Whoever hands over, exchanges or gives a vehicle up takes turns here.
                gate_hold(tx).await?;
                let missing = || Error::missing("exception", &*id);
                let one = exception_fetch(tx, number).await?.ok_or_else(missing)?;
                let mut book = book_fetch(tx, [number.shipment], [one.vin.as_str()]).await?;
                book.resolve(number, ended)?;
                vehicles_part(tx, &catalogue, &mut book).await?;
                exceptions_save(tx, &book.changed()).await?;
                let one = exception_fetch(tx, number).await?.ok_or_else(missing)?;
                let orders = order_ids(tx, std::slice::from_ref(&one)).await?;
                Ok(pb::ResolveExceptionResponse {
                    exception: Some(exception_pb(&one, &orders, &catalogue)),
                })
            })
        });
        Ok(Response::new(write.await?))
    }
}
