//! Inspections on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::{collections::BTreeSet, sync::Arc};

use takt_contract::{
    date_pb, date_req,
    delivery::v1::{self as pb, inspection_service_server::InspectionService},
    id_req,
};
use takt_kernel::{CentreId, RequestId, Vin, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    Findings, Severity, inspect,
    store::{INSPECTION, Listed, inspected_fetch, inspection_add, inspections_page},
};
use crate::{
    appointment::store::APPOINTMENT,
    centre::rpc::centre_known,
    desk::Desk,
    rows::{counter_lock, counter_set},
};

/// The most defects of an inspection.
const MOST: usize = 100;
/// The longest code of a defect.
const CODE: usize = 40;

/// Inspections on the wire.
pub(crate) struct InspectionRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl InspectionService for InspectionRpc {
    async fn record_inspection(
        &self,
        request: Request<pb::RecordInspectionRequest>,
    ) -> Result<Response<pb::RecordInspectionResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let vin = id_req::<Vin>(&message.vin, "vin", &mut violations);
        let centre = id_req::<CentreId>(&message.centre_id, "centre_id", &mut violations);
        let findings = findings_of(&message, &mut violations);
        let read = request_id.zip(vin).zip(centre);
        let ((request_id, vin), centre) = violations.finish_with(read).map_err(Error::from)?;
        let method = "takt.delivery.v1.InspectionService/RecordInspection";
        let once = Once::of(method, *request_id.as_bytes(), &message);
        let catalogue = self.desk.catalogue(&call).await?;
        let findings = Arc::new(findings);
        let (vin, centre) = (Arc::<str>::from(vin.to_string()), centre);
        let written = (self.desk.store).write_once(&call, "inspection_record", once, move |tx| {
            let (catalogue, findings) = (Arc::clone(&catalogue), Arc::clone(&findings));
            let (vin, centre) = (Arc::clone(&vin), centre.clone());
            Box::pin(async move {
                counter_lock(tx, APPOINTMENT).await?;
                let number = counter_lock(tx, INSPECTION).await? + 1;
                let centre = centre_known(tx, centre.as_str()).await?;
                let vehicle = inspected_fetch(tx, &catalogue, &vin).await?;
                let open_codes = inspect(&vehicle, &centre.id, &centre.city, &findings)?;
                let passed = open_codes.is_empty();
                inspection_add(tx, number, &vin, centre.number, &findings, passed).await?;
                counter_set(tx, INSPECTION, number).await?;
                let found = findings.found.iter();
                let listed = Listed {
                    number,
                    vin: vin.to_string(),
                    centre_id: centre.id,
                    on: findings.on,
                    passed,
                    defects: found
                        .map(|(code, bad)| (code.clone(), *bad, None))
                        .collect(),
                };
                Ok(pb::RecordInspectionResponse {
                    inspection: Some(inspection_pb(&listed)),
                    open_codes,
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn list_inspections(
        &self,
        request: Request<pb::ListInspectionsRequest>,
    ) -> Result<Response<pb::ListInspectionsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let list = "ListInspections";
        let arguments = format!("{}|{}", message.vin, message.centre_id);
        let after = PageToken::open(list, &arguments, &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or_default();
        let wanted = Arc::new((message.vin, message.centre_id));
        let read = self.desk.store.read(&call, "inspections_list", move |tx| {
            let wanted = Arc::clone(&wanted);
            Box::pin(
                async move { inspections_page(tx, &wanted.0, &wanted.1, after, size + 1).await },
            )
        });
        let mut page = read.await?;
        let key = |one: &Listed| one.number.to_string();
        Ok(Response::new(pb::ListInspectionsResponse {
            next_page_token: PageToken::cut(&mut page, size, list, &arguments, key),
            inspections: page.iter().map(inspection_pb).collect(),
        }))
    }
}

fn findings_of(message: &pb::RecordInspectionRequest, violations: &mut Violations) -> Findings {
    let on = date_req(message.inspected_on.as_ref(), "inspected_on", violations);
    let (defects, mended) = (&message.defects, &message.mended_codes);
    for (field, count) in [("defects", defects.len()), ("mended_codes", mended.len())] {
        violations.require(count <= MOST, field, format!("give at most {MOST}"));
    }
    let mut found = Vec::with_capacity(defects.len());
    let mut codes = BTreeSet::new();
    for (at, defect) in defects.iter().enumerate() {
        violations.scope(format!("defects[{at}]"), |violations| {
            let code = &defect.code;
            violations.require(
                is_code(code),
                "code",
                format!("give 1 to {CODE} capitals, digits and hyphens"),
            );
            violations.require(codes.insert(code), "code", "it stands twice in the message");
            violations.require(
                defect.mended_on.is_none(),
                "mended_on",
                "what is mended is looked at again: record another inspection with its code in mended_codes",
            );
            match Severity::of_code(defect.severity.into()) {
                Some(severity) => found.push((code.clone(), severity)),
                None => violations.push("severity", "give minor, major or critical"),
            }
        });
    }
    let mut seen = BTreeSet::new();
    for (at, code) in mended.iter().enumerate() {
        let field = format!("mended_codes[{at}]");
        violations.require(is_code(code), &field, "it is not the code of a defect");
        violations.require(seen.insert(code), &field, "it stands twice in the message");
    }
    Findings {
        on,
        found,
        mended: mended.clone(),
    }
}

fn is_code(code: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    (1..=CODE).contains(&code.len()) && code.chars().all(fits)
}

fn inspection_pb(listed: &Listed) -> pb::Inspection {
    let defects = listed.defects.iter();
    pb::Inspection {
        inspection_number: listed.number,
        vin: listed.vin.clone(),
        centre_id: listed.centre_id.clone(),
        inspected_on: Some(date_pb(listed.on)),
        passed: listed.passed,
        defects: defects
            .map(|(code, severity, mended_on)| pb::InspectionDefect {
                code: code.clone(),
                severity: i32::try_from(severity.code()).unwrap_or_default(),
                mended_on: mended_on.map(date_pb),
            })
            .collect(),
    }
}
