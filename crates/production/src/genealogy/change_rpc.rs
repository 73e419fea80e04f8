//! Changes of the as-built memory as rpcs of the vehicle service, which hands them over.
//!
//! It must not decide anything. Invariant: procurement is asked outside of transactions, and only for lots that were never
//! used here.

use std::sync::Arc;

use takt_contract::{
    date_pb,
    events::v1::{self as events, fact_body::Kind},
    production::v1 as pb,
    request_id,
};
use takt_kernel::{LotId, Violations};
use takt_service::{Call, Error, NewFact, Once};
use tonic::{Request, Response, Status};

use super::{
    Site,
    change::{Changed, KnownLot, NewPart, Replace, correct, replace},
    refs::{Ref, lot_is_used, lot_number},
    wire,
};
use crate::{Production, peers::lot_known, product::Product};

/// The number of a lot that procurement has, though nothing of it was used here.
///
/// # Errors
/// `Missing` when it has none; what procurement answered.
pub async fn known_elsewhere(
    production: &Production,
    call: &Call,
    product: &Product,
    text: &str,
) -> Result<KnownLot, Error> {
    let missing = || Error::missing("lot", text);
    let id = LotId::parse(text).map_err(|_| missing())?;
    let item = product.item(id.item.as_str()).ok_or_else(missing)?;
    let number = lot_known(production, call, item, &id).await?;
    let number = number.ok_or_else(missing)?;
    Ok(KnownLot { id, number })
}

/// A new part that is a lot of ours which was never used is one that procurement must have.
async fn looked_up(
    production: &Production,
    call: &Call,
    product: &Arc<Product>,
    part: &mut Option<NewPart>,
) -> Result<(), Error> {
    let Some(new) = part else { return Ok(()) };
    let Ref::Lot(text) = &new.name else {
        return Ok(());
    };
    let Ok(id) = LotId::parse(text) else {
        return Ok(());
    };
    if product.item(id.item.as_str()).is_none() {
        return Ok(());
    }
    let (reading, lot) = (Arc::clone(product), id.clone());
    let used = production.deps.store.read(call, "lot_used", move |tx| {
        let (product, lot) = (Arc::clone(&reading), lot.clone());
        Box::pin(async move {
            match lot_number(tx, &product, &lot).await? {
                Some(number) => lot_is_used(tx, number).await,
                None => Ok(false),
            }
        })
    });
    if !used.await? {
        match known_elsewhere(production, call, product, text).await {
            Ok(lot) => new.lot = Some(lot),
            // With a supplier it is a batch that was bought past procurement.
            Err(Error::Missing { .. }) if !new.supplier.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Replaces a part.
pub async fn replace_part(
    production: &Production,
    request: Request<pb::ReplacePartRequest>,
) -> Result<Response<pb::ReplacePartResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let product = production.products.get(&call).await?;
    let mut violations = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut violations);
    let change = wire::replace_of(&product, &message, &mut violations);
    let (id, mut change) = violations
        .finish_with(id.zip(change))
        .map_err(Error::from)?;
    let once = Once::of(
        "takt.production.v1.VehicleService/ReplacePart",
        id,
        &message,
    );
    looked_up(production, &call, &product, &mut change.installed).await?;
    let change = Arc::new(change);
    let written = production
        .deps
        .store
        .write_once(&call, "part_replace", once, move |tx| {
            let (product, change) = (Arc::clone(&product), Arc::clone(&change));
            Box::pin(async move {
                let changed = replace(tx, &product, &change).await?;
                tx.emit_many(vec![replaced_fact(&product, &change, &changed)])
                    .await?;
                let (record, etag) = wire::changed_pb(&changed);
                Ok(pb::ReplacePartResponse { record, etag })
            })
        });
    Ok(Response::new(written.await?))
}

fn replaced_fact(product: &Product, change: &Replace, changed: &Changed) -> NewFact {
    let item = product.items.get(change.item);
    let lot = change
        .installed
        .as_ref()
        .and_then(|part| match (&part.name, &part.supplier) {
            (Ref::Lot(lot), supplier) if supplier.is_empty() => Some(lot.clone()),
            _ => None,
        });
    let body = events::PartReplaced {
        unit: changed.unit.clone(),
        item_id: item.map_or_else(String::new, |item| item.item_id.clone()),
        removed: changed.removed.clone(),
        installed: changed.installed.clone(),
        installed_lot_id: lot.unwrap_or_default(),
        thousandths: changed.quantity.milli(),
        replaced_on: Some(date_pb(change.on)),
        in_plant: change.site == Site::Plant,
        record_number: changed.record.number,
    };
    NewFact {
        subject: changed.unit.clone(),
        on: change.on,
        traceparent: None,
        body: Kind::PartReplaced(body),
    }
}

/// Corrects the record.
pub async fn correct_part(
    production: &Production,
    request: Request<pb::CorrectPartRequest>,
) -> Result<Response<pb::CorrectPartResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let product = production.products.get(&call).await?;
    let mut violations = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut violations);
    let change = wire::correct_of(&product, &message, &mut violations);
    let (id, mut change) = violations
        .finish_with(id.zip(change))
        .map_err(Error::from)?;
    let once = Once::of(
        "takt.production.v1.VehicleService/CorrectPart",
        id,
        &message,
    );
    looked_up(production, &call, &product, &mut change.actual).await?;
    let change = Arc::new(change);
    let written = production
        .deps
        .store
        .write_once(&call, "part_correct", once, move |tx| {
            let (product, change) = (Arc::clone(&product), Arc::clone(&change));
            Box::pin(async move {
                let changed = correct(tx, &product, &change).await?;
                let (record, etag) = wire::changed_pb(&changed);
                Ok(pb::CorrectPartResponse { record, etag })
            })
        });
    Ok(Response::new(written.await?))
}
