//! Customers on the wire.
//!
//! It must not decide anything. Invariants: what a violation says is the field and the rule, never what the person wrote; a
//! request is known by a mark that tells nothing of the person.

use std::sync::Arc;

use prost::Message;
use takt_contract::{
    delivery::v1::{self as pb, customer_service_server::CustomerService},
    id_req, instant_pb,
};
use takt_kernel::{RequestId, Violations};
use takt_service::{Call, Error, Once, page_size};
use tonic::{Request, Response, Status};

use super::{
    CustomerRefusal, Kept,
    store::{
        customer_erase, customer_fetch, customer_write, orders_count, outdated_count,
        outdated_fetch, resealed_write,
    },
};
use crate::desk::Desk;

/// Customers on the wire.
pub(crate) struct CustomerRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

/// Reads a person; what is wrong is named by its field.
fn person_req(person: Option<&pb::Person>, violations: &mut Violations) -> pb::Person {
    let Some(person) = person else {
        violations.push("person", "it is missing");
        return pb::Person::default();
    };
    violations.scope("person", |found| {
        let mut fits = |field: &str, text: &str, (least, most): (usize, usize)| {
            let length = text.chars().count();
            let rule = format!("it has {least} to {most} characters");
            found.require((least..=most).contains(&length), field, rule);
            let plain = !text.chars().any(char::is_control);
            found.require(plain, field, "it has no control characters");
        };
        fits("name", &person.name, (1, 200));
        for (at, line) in person.address_lines.iter().enumerate() {
            fits(&format!("address_lines[{at}]"), line, (1, 200));
        }
        fits("phone", &person.phone, (0, 40));
        fits("email", &person.email, (0, 254));
        let few = person.address_lines.len() <= 6;
        found.require(few, "address_lines", "there are at most 6");
    });
    person.clone()
}

/// Reads a pseudonym, by the rule of orders.
fn pseudonym_req(id: &str, violations: &mut Violations) -> Option<String> {
    let fits = (1..=64).contains(&id.len());
    violations.require(fits, "customer_id", "give 1 to 64 bytes");
    fits.then(|| id.to_owned())
}

fn erased(id: &str) -> Error {
    let id = id.to_owned();
    CustomerRefusal::Erased { id }.into()
}

#[tonic::async_trait]
impl CustomerService for CustomerRpc {
    async fn put_customer(
        &self,
        request: Request<pb::PutCustomerRequest>,
    ) -> Result<Response<pb::PutCustomerResponse>, Status> {
        let call = Call::of(&request);
        let mut message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let id = pseudonym_req(&message.customer_id, &mut violations);
        let person = person_req(message.person.as_ref(), &mut violations);
        let (request_id, id) = violations
            .finish_with(request_id.zip(id))
            .map_err(Error::from)?;
        let plain = person.encode_to_vec();
        let sealed = Arc::new(self.desk.keys.seal(&id, &plain)?);
        // What is kept of a request must not let anybody guess a person, so the mark stands in for it.
        message.person = Some(pb::Person {
            name: self.desk.keys.mark(&plain)?,
            ..pb::Person::default()
        });
        let once = Once::of(
            "takt.delivery.v1.CustomerService/PutCustomer",
            *request_id.as_bytes(),
            &message,
        );
        let written = (self.desk.store).write_once(&call, "customer_put", once, move |tx| {
            let (id, sealed) = (id.clone(), Arc::clone(&sealed));
            Box::pin(async move {
                let known = customer_fetch(tx, &id).await?;
                if matches!(known, Some(Kept::Erased { .. })) {
                    return Err(erased(&id));
                }
                customer_write(tx, &id, &sealed).await?;
                let created = known.is_none();
                Ok(pb::PutCustomerResponse { created })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn get_customer(
        &self,
        request: Request<pb::GetCustomerRequest>,
    ) -> Result<Response<pb::GetCustomerResponse>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let id = pseudonym_req(&request.get_ref().customer_id, &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let reading = id.clone();
        let read = self.desk.store.read(&call, "customer_get", move |tx| {
            let id = reading.clone();
            Box::pin(async move { customer_fetch(tx, &id).await })
        });
        let (sealed, written_at) = match read.await? {
            Some(Kept::Known { sealed, written_at }) => (sealed, written_at),
            Some(Kept::Erased { .. }) => return Err(erased(&id).into()),
            None => return Err(Error::missing("customer", &id).into()),
        };
        let plain = self.desk.keys.open(&id, &sealed)?;
        let person = pb::Person::decode(plain.as_slice())
            .map_err(|_| Error::broken("a customer's person cannot be read"))?;
        Ok(Response::new(pb::GetCustomerResponse {
            customer_id: id,
            person: Some(person),
            written_at: Some(instant_pb(written_at)),
        }))
    }

    async fn erase_customer(
        &self,
        request: Request<pb::EraseCustomerRequest>,
    ) -> Result<Response<pb::EraseCustomerResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let id = pseudonym_req(&message.customer_id, &mut violations);
        let (request_id, id) = violations
            .finish_with(request_id.zip(id))
            .map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.CustomerService/EraseCustomer",
            *request_id.as_bytes(),
            &message,
        );
        let written = (self.desk.store).write_once(&call, "customer_erase", once, move |tx| {
            let id = id.clone();
            Box::pin(async move {
                customer_erase(tx, &id).await?;
                let at = match customer_fetch(tx, &id).await? {
                    Some(Kept::Erased { at }) => at,
                    _ => return Err(Error::broken("a customer that was erased is known")),
                };
                Ok(pb::EraseCustomerResponse {
                    erased_at: Some(instant_pb(at)),
                    order_count: orders_count(tx, &id).await?,
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn reencrypt_customers(
        &self,
        request: Request<pb::ReencryptCustomersRequest>,
    ) -> Result<Response<pb::ReencryptCustomersResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let limit = page_size(message.page_size)?;
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let request_id = violations.finish_with(request_id).map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.CustomerService/ReencryptCustomers",
            *request_id.as_bytes(),
            &message,
        );
        let desk = Arc::clone(&self.desk);
        let written = (self.desk.store).write_once(&call, "customers_reencrypt", once, move |tx| {
            let desk = Arc::clone(&desk);
            Box::pin(async move {
                // A seal of nothing says whether there is a key at all.
                let newest = desk.keys.seal("", &[])?.key;
                let mut resealed = Vec::new();
                for (id, sealed) in outdated_fetch(tx, &newest, limit).await? {
                    let plain = desk.keys.open(&id, &sealed)?;
                    let sealed = desk.keys.seal(&id, &plain)?;
                    resealed.push((id, sealed));
                }
                resealed_write(tx, &newest, &resealed).await?;
                Ok(pb::ReencryptCustomersResponse {
                    reencrypted_count: i32::try_from(resealed.len()).unwrap_or(i32::MAX),
                    left_count: outdated_count(tx, &newest).await?,
                })
            })
        });
        Ok(Response::new(written.await?))
    }
}
