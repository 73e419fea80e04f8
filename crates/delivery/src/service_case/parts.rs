//! What a case asks production: which parts a vehicle holds, which vehicles hold a lot, and that a part be replaced.
//!
//! It must not know the database. Invariant: an answer is read as a whole or refused; nothing of it is guessed.

use takt_contract::{
    date_pb,
    production::v1::{self as pb, part_ref::Name, vehicle_service_client::VehicleServiceClient},
};
use takt_kernel::{Date, LotId, RequestId, stable_hash};
use takt_service::{Call, Error, client, peer::Retry};

use super::{Case, Part, Replacement};
use crate::peers::Production;

/// The questions of one message.
const QUESTIONS: usize = 2_000;

/// One question: the vehicle, the item and the day.
pub(crate) type Question = (String, String, Date);

/// The vehicles that left the plant with a lot.
pub(crate) struct Holders {
    /// The lot.
    pub(crate) lot: String,
    /// Who supplied it; empty for the plant itself.
    pub(crate) supplier: String,
    /// The first and last build number of each run.
    pub(crate) runs: Vec<(i64, i64)>,
}

impl Production {
    /// The parts of an item in each vehicle.
    pub(crate) async fn parts(
        &self,
        call: &Call,
        questions: &[Question],
    ) -> Result<Vec<Vec<Part>>, Error> {
        let mut all = Vec::with_capacity(questions.len());
        for chunk in questions.chunks(QUESTIONS) {
            let asked = chunk.iter().map(|(vin, item, on)| pb::PartQuestion {
                vin: vin.clone(),
                item_id: item.clone(),
                on: Some(date_pb(*on)),
            });
            let message = pb::TracePartsRequest {
                questions: asked.collect(),
            };
            let retry = Retry::idempotent(stable_hash(
                chunk.first().map_or("", |(vin, ..)| vin).as_bytes(),
            ));
            let asked = retry.run(call, |_| {
                let mut client = client!(VehicleServiceClient, self.peer);
                let request = self.peer.request(call, message.clone());
                async move { client.trace_parts(request).await }
            });
            let answer = asked.await.map_err(|status| self.peer.error(&status))?;
            let answers = answer.into_inner().answers;
            if answers.len() != chunk.len() {
                let detail = format!(
                    "production answered {} questions of {}",
                    answers.len(),
                    chunk.len()
                );
                return Err(Error::broken(detail));
            }
            let parts = answers
                .into_iter()
                .zip(chunk)
                .map(|(answer, (_, item, _))| {
                    let part = |part: pb::TracedPart| Part {
                        item: item.clone(),
                        lot: part.lot_id,
                        serial: part.serial_number,
                        supplier: part.supplier_id,
                    };
                    answer.parts.into_iter().map(part).collect()
                });
            all.extend(parts);
        }
        Ok(all)
    }

    /// The lots of an item with the vehicles that left the plant with them.
    pub(crate) async fn lots(&self, call: &Call, item: &str) -> Result<Vec<Holders>, Error> {
        let mut client = client!(VehicleServiceClient, self.peer);
        let message = pb::TraceLotsRequest {
            item_ids: vec![item.to_owned()],
        };
        let request = self.peer.request(call, message);
        let told = client.trace_lots(request).await;
        let mut stream = told
            .map_err(|status| self.peer.error(&status))?
            .into_inner();
        let mut lots = Vec::new();
        while let Some(page) = stream
            .message()
            .await
            .map_err(|status| self.peer.error(&status))?
        {
            for lot in page.lots {
                if lot.first_builds.len() != lot.last_builds.len() {
                    let detail = format!("production told half a run of lot {}", lot.lot_id);
                    return Err(Error::broken(detail));
                }
                lots.push(Holders {
                    lot: lot.lot_id,
                    supplier: lot.supplier_id,
                    runs: lot.first_builds.into_iter().zip(lot.last_builds).collect(),
                });
            }
        }
        Ok(lots)
    }

    /// Takes the failed part of a case out of its vehicle and puts another one in.
    pub(crate) async fn replace(
        &self,
        call: &Call,
        request_id: RequestId,
        case: &Case,
        part: &Part,
        replacement: &Replacement,
        on: Date,
    ) -> Result<(), Error> {
        let named = |lot: &str, serial: &str| {
            let name = if serial.is_empty() {
                Name::LotId(lot.to_owned())
            } else {
                Name::SerialNumber(serial.to_owned())
            };
            Some(pb::PartRef { name: Some(name) })
        };
        let unit = self.unit_of(call, &case.opening.vin, part, on).await?;
        // A part that the plant made has the plant in the name of its lot.
        let maker =
            LotId::parse(&part.lot).map_or_else(|_| String::new(), |lot| lot.supplier.into());
        let known = [&replacement.supplier, &part.supplier, &maker];
        let supplier = known.into_iter().find(|name| !name.is_empty());
        let message = pb::ReplacePartRequest {
            request_id: request_id.to_string(),
            unit: Some(pb::PartRef { name: Some(unit) }),
            item_id: part.item.clone(),
            removed: named(&part.lot, &part.serial),
            installed: named(&replacement.lot, &replacement.serial),
            supplier_id: supplier.cloned().unwrap_or_default(),
            quantity_thousandths: 0,
            replaced_on: Some(date_pb(on)),
            site: pb::ReplacementSite::Field.into(),
            removed_to: Some(pb::replace_part_request::RemovedTo::Place(
                pb::PartPlace::Scrap.into(),
            )),
            reason: format!("service case {}", case.opening.id),
            etag: String::new(),
        };
        let retry = Retry::idempotent(stable_hash(message.request_id.as_bytes()));
        let asked = retry.run(call, |_| {
            let mut client = client!(VehicleServiceClient, self.peer);
            let request = self.peer.request(call, message.clone());
            async move { client.replace_part(request).await }
        });
        let answer = asked.await.map_err(|status| self.peer.error(&status));
        answer.map(|_| ())
    }

    /// The unit that a part is directly in: the vehicle, or a piece in it. Parts that have left it since count too, so that the same
    /// replacement names the same unit when it is asked for again.
    async fn unit_of(&self, call: &Call, vin: &str, part: &Part, on: Date) -> Result<Name, Error> {
        let mut client = client!(VehicleServiceClient, self.peer);
        let message = pb::TraceBackwardRequest {
            vin: vin.to_owned(),
            item_id: part.item.clone(),
            unit: None,
            scope: Some(pb::TraceScope {
                as_of: Some(date_pb(on)),
                mode: pb::TraceMode::Ever.into(),
                ..pb::TraceScope::default()
            }),
        };
        let request = self.peer.request(call, message);
        let told = client.trace_backward(request).await;
        let mut stream = told
            .map_err(|status| self.peer.error(&status))?
            .into_inner();
        while let Some(page) = stream
            .message()
            .await
            .map_err(|status| self.peer.error(&status))?
        {
            let is_it = |known: &&pb::AsBuiltPart| {
                known.lot_id == part.lot && known.serial_number == part.serial
            };
            if let Some(known) = page.parts.iter().find(is_it)
                && !known.in_serial_number.is_empty()
            {
                return Ok(Name::SerialNumber(known.in_serial_number.clone()));
            }
        }
        Ok(Name::Vin(vin.to_owned()))
    }
}
