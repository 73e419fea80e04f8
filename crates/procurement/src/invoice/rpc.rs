//! Invoices on the wire.
//!
//! It must not decide anything.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_req, money_pb,
    procurement::v1::{self as pb, invoice_service_server::InvoiceService},
    request_id,
};
use takt_kernel::{Amount, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    parse, store,
    wire::{invoice_pb, tolerances_pb},
    work::{Decision, Named, decide, record, settle_receipts, whole_fetch},
};
use crate::{
    desk::Desk,
    rows::{count, short},
};

/// Invoices on the wire.
pub(crate) struct InvoiceRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl InvoiceService for InvoiceRpc {
    async fn record_invoice(
        &self,
        request: Request<pb::RecordInvoiceRequest>,
    ) -> Result<Response<pb::RecordInvoiceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let read = parse::invoice_of(&catalogue, &message, &mut violations);
        let (invoice, lines) = violations.finish_with(read).map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.InvoiceService/RecordInvoice",
            id,
            &message,
        );
        let work = Arc::new((catalogue, invoice, lines));
        let write = self
            .0
            .store
            .write_once(&call, "invoice_record", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (catalogue, invoice, lines) = work.as_ref();
                    let (invoice, lines, sources) = record(tx, catalogue, invoice, lines).await?;
                    let invoice = Some(invoice_pb(catalogue, &invoice, &lines, &sources));
                    Ok(pb::RecordInvoiceResponse { invoice })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn match_invoice(
        &self,
        request: Request<pb::MatchInvoiceRequest>,
    ) -> Result<Response<pb::MatchInvoiceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let named = (message.supplier_id.clone(), message.invoice_number.clone());
        let asked = Asked {
            once: ("takt.procurement.v1.InvoiceService/MatchInvoice", &message),
            request_id: &message.request_id,
            named,
            etag: &message.etag,
        };
        let answer = |invoice| pb::MatchInvoiceResponse { invoice };
        let violations = Violations::new();
        self.decided(&call, asked, Decision::Match, violations, answer)
            .await
    }

    async fn approve_invoice(
        &self,
        request: Request<pb::ApproveInvoiceRequest>,
    ) -> Result<Response<pb::ApproveInvoiceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        parse::approval_of(&message, &mut violations);
        let decision = Decision::Approve {
            by: message.approved_by.clone(),
            reason: message.reason.clone(),
            on: date_req(message.approved_on.as_ref(), "approved_on", &mut violations),
        };
        let named = (message.supplier_id.clone(), message.invoice_number.clone());
        let asked = Asked {
            once: (
                "takt.procurement.v1.InvoiceService/ApproveInvoice",
                &message,
            ),
            request_id: &message.request_id,
            named,
            etag: &message.etag,
        };
        let answer = |invoice| pb::ApproveInvoiceResponse { invoice };
        self.decided(&call, asked, decision, violations, answer)
            .await
    }

    async fn cancel_invoice(
        &self,
        request: Request<pb::CancelInvoiceRequest>,
    ) -> Result<Response<pb::CancelInvoiceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        parse::cancel_of(&message, &mut violations);
        let decision = Decision::Cancel {
            reason: message.reason.clone(),
            on: date_req(
                message.cancelled_on.as_ref(),
                "cancelled_on",
                &mut violations,
            ),
        };
        let named = (message.supplier_id.clone(), message.invoice_number.clone());
        let asked = Asked {
            once: ("takt.procurement.v1.InvoiceService/CancelInvoice", &message),
            request_id: &message.request_id,
            named,
            etag: &message.etag,
        };
        let answer = |invoice| pb::CancelInvoiceResponse { invoice };
        self.decided(&call, asked, decision, violations, answer)
            .await
    }

    async fn settle_invoice(
        &self,
        request: Request<pb::SettleInvoiceRequest>,
    ) -> Result<Response<pb::SettleInvoiceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let decision = Decision::Settle {
            on: date_req(message.settled_on.as_ref(), "settled_on", &mut violations),
        };
        let named = (message.supplier_id.clone(), message.invoice_number.clone());
        let asked = Asked {
            once: ("takt.procurement.v1.InvoiceService/SettleInvoice", &message),
            request_id: &message.request_id,
            named,
            etag: &message.etag,
        };
        let answer = |invoice| pb::SettleInvoiceResponse { invoice };
        self.decided(&call, asked, decision, violations, answer)
            .await
    }

    async fn settle_receipts(
        &self,
        request: Request<pb::SettleReceiptsRequest>,
    ) -> Result<Response<pb::SettleReceiptsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let through = date_req(
            message.through_date.as_ref(),
            "through_date",
            &mut violations,
        );
        let supplier_no = match message.supplier_id.as_str() {
            "" => None,
            id => parse::supplier_of(&catalogue, id, &mut violations),
        };
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.InvoiceService/SettleReceipts",
            id,
            &message,
        );
        let write = self
            .0
            .store
            .write_once(&call, "receipts_settle", once, move |tx| {
                let catalogue = Arc::clone(&catalogue);
                Box::pin(async move {
                    let made = settle_receipts(tx, &catalogue, supplier_no, through).await?;
                    let lines = made.iter().map(|(_, lines)| lines.len()).sum();
                    let minor = (made.iter())
                        .try_fold(0i64, |all, (one, _)| all.checked_add(one.amount.minor));
                    let minor = minor.ok_or_else(|| {
                        Error::broken("the value of receipts does not fit 64 bits")
                    })?;
                    Ok(pb::SettleReceiptsResponse {
                        invoice_count: short(count(made.len())),
                        line_count: short(count(lines)),
                        amount: Some(money_pb(Amount::new(minor, catalogue.currency()))),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn get_invoice(
        &self,
        request: Request<pb::GetInvoiceRequest>,
    ) -> Result<Response<pb::GetInvoiceResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let supplier = parse::supplier_of(&catalogue, &message.supplier_id, &mut violations);
        let supplier_no = violations.finish_with(supplier).map_err(Error::from)?;
        let currency = catalogue.currency();
        let named = Arc::new(Named {
            supplier_no,
            number: message.invoice_number,
            etag: String::new(),
        });
        let read = self.0.store.read(&call, "invoice_get", move |tx| {
            let named = Arc::clone(&named);
            Box::pin(async move { whole_fetch(tx, currency, &named).await })
        });
        let (invoice, lines, sources) = read.await?;
        Ok(Response::new(pb::GetInvoiceResponse {
            invoice: Some(invoice_pb(&catalogue, &invoice, &lines, &sources)),
        }))
    }

    async fn list_invoices(
        &self,
        request: Request<pb::ListInvoicesRequest>,
    ) -> Result<Response<pb::ListInvoicesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let supplier_no = match message.supplier_id.as_str() {
            "" => None,
            id => parse::supplier_of(&catalogue, id, &mut violations),
        };
        let known = pb::InvoiceState::try_from(message.state);
        violations.require(known.is_ok(), "state", "there is no such state");
        violations.finish().map_err(Error::from)?;
        let state = (message.state != 0).then(|| i64::from(message.state));
        let arguments = format!("{} {}", message.supplier_id, message.state);
        let key = PageToken::open("ListInvoices", &arguments, &message.page_token)?;
        let after = key.and_then(|key| key.parse().ok()).unwrap_or(0);
        let currency = catalogue.currency();
        let read = self.0.store.read(&call, "invoices_list", move |tx| {
            let filter = (supplier_no, state);
            Box::pin(store::invoices_page(tx, currency, filter, after, size))
        });
        let invoices = read.await?;
        let last = invoices.last().filter(|_| count(invoices.len()) == size);
        let next =
            last.map(|last| PageToken::seal("ListInvoices", &arguments, &last.row.to_string()));
        let none = BTreeMap::new();
        Ok(Response::new(pb::ListInvoicesResponse {
            invoices: (invoices.iter())
                .map(|invoice| invoice_pb(&catalogue, invoice, &[], &none))
                .collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn set_tolerances(
        &self,
        request: Request<pb::SetTolerancesRequest>,
    ) -> Result<Response<pb::SetTolerancesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let of = message.tolerances.as_ref();
        let tolerances = parse::tolerances_of(&catalogue, of, &mut violations);
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.InvoiceService/SetTolerances",
            id,
            &message,
        );
        let write = self
            .0
            .store
            .write_once(&call, "tolerances_set", once, move |tx| {
                let catalogue = Arc::clone(&catalogue);
                Box::pin(async move {
                    store::tolerances_save(tx, tolerances.0, tolerances.1).await?;
                    Ok(pb::SetTolerancesResponse {
                        tolerances: Some(tolerances_pb(&catalogue, tolerances)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn get_tolerances(
        &self,
        request: Request<pb::GetTolerancesRequest>,
    ) -> Result<Response<pb::GetTolerancesResponse>, Status> {
        let call = Call::of(&request);
        let catalogue = self.0.catalogue(&call).await?;
        let read = self.0.store.read(&call, "tolerances_get", |tx| {
            Box::pin(store::tolerances_fetch(tx))
        });
        Ok(Response::new(pb::GetTolerancesResponse {
            tolerances: Some(tolerances_pb(&catalogue, read.await?)),
        }))
    }
}

/// A decision that is asked for.
struct Asked<'m, M> {
    once: (&'static str, &'m M),
    request_id: &'m str,
    named: (String, String),
    etag: &'m str,
}

impl InvoiceRpc {
    /// Decides about an invoice and answers with it.
    async fn decided<M, A>(
        &self,
        call: &Call,
        asked: Asked<'_, M>,
        decision: Decision,
        mut violations: Violations,
        answer: impl Fn(Option<pb::Invoice>) -> A + Clone + Send + Sync + 'static,
    ) -> Result<Response<A>, Status>
    where
        M: prost::Message,
        A: prost::Message + Default + 'static,
    {
        let catalogue = self.0.catalogue(call).await?;
        let id = request_id(asked.request_id, "request_id", &mut violations).unwrap_or_default();
        let (supplier_id, number) = asked.named;
        let supplier = parse::supplier_of(&catalogue, &supplier_id, &mut violations);
        let supplier_no = violations.finish_with(supplier).map_err(Error::from)?;
        let once = Once::of(asked.once.0, id, asked.once.1);
        let named = Named {
            supplier_no,
            number,
            etag: asked.etag.to_owned(),
        };
        let work = Arc::new((catalogue, named, decision));
        let write = self
            .0
            .store
            .write_once(call, "invoice_decide", once, move |tx| {
                let (work, answer) = (Arc::clone(&work), answer.clone());
                Box::pin(async move {
                    let (catalogue, named, decision) = work.as_ref();
                    let (invoice, lines, sources) = decide(tx, catalogue, named, decision).await?;
                    Ok(answer(Some(invoice_pb(
                        catalogue, &invoice, &lines, &sources,
                    ))))
                })
            });
        Ok(Response::new(write.await?))
    }
}
