//! Suppliers on the wire.
//!
//! It must not decide anything.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_opt, money_pb, price_pb,
    procurement::v1::{self as pb, supplier_service_server::SupplierService},
    quantity_pb,
};
use takt_kernel::{Date, SupplierId, Violations};
use takt_planning::{scorecard::millionths, statistics::share_interval};
use takt_service::{Call, Error, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{Score, SourceScore, store};
use crate::{
    desk::{Answers, Desk, chunks},
    material::value::amount_of,
    programme::{Bought, Catalogue, Source, SourceNo, Supplier},
    rows::short,
    warranty::store::failures_fetch,
};

/// The scorecards of a message: less than four hundred bytes each.
const CHUNK: usize = 150;
/// The quantiles of the lead time that are told, in percent.
const QUANTILES: [i32; 3] = [50, 80, 95];
/// The confidence of intervals where nobody says another one, in millionths.
const CONFIDENCE: i64 = 950_000;

/// Suppliers on the wire.
pub(crate) struct SupplierRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl SupplierService for SupplierRpc {
    async fn get_supplier(
        &self,
        request: Request<pb::GetSupplierRequest>,
    ) -> Result<Response<pb::GetSupplierResponse>, Status> {
        let call = Call::of(&request);
        let id = request.into_inner().supplier_id;
        let catalogue = self.0.catalogue(&call).await?;
        let supplier = catalogue
            .supplier(&id)
            .ok_or_else(|| Error::missing("supplier", &id))?;
        let terms = sources_of(&catalogue, supplier).map(|(bought, source)| pb::Agreement {
            item_id: bought.item.id.to_string(),
            share_millionths: source.terms.share.millionths(),
            lot: Some(quantity_pb(source.terms.lot, bought.item.unit)),
            lead_time_days: source.terms.lead_days,
            price: Some(price_pb(source.terms.price)),
        });
        let agreements = terms.collect();
        Ok(Response::new(pb::GetSupplierResponse {
            supplier: Some(supplier_pb(supplier)),
            agreements,
        }))
    }

    async fn list_suppliers(
        &self,
        request: Request<pb::ListSuppliersRequest>,
    ) -> Result<Response<pb::ListSuppliersResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let after = PageToken::open("ListSuppliers", "", &message.page_token)?;
        let catalogue = self.0.catalogue(&call).await?;
        let by_id: BTreeMap<&SupplierId, &Supplier> = catalogue
            .suppliers()
            .iter()
            .map(|supplier| (&supplier.id, supplier))
            .collect();
        let behind = |supplier: &&&Supplier| {
            after
                .as_deref()
                .is_none_or(|after| supplier.id.as_str() > after)
        };
        let mut suppliers: Vec<pb::Supplier> = by_id
            .values()
            .filter(behind)
            .map(|supplier| supplier_pb(supplier))
            .collect();
        let key = |supplier: &pb::Supplier| supplier.supplier_id.clone();
        let next_page_token = PageToken::cut(&mut suppliers, size, "ListSuppliers", "", key);
        Ok(Response::new(pb::ListSuppliersResponse {
            suppliers,
            next_page_token,
        }))
    }

    async fn get_scorecard(
        &self,
        request: Request<pb::GetScorecardRequest>,
    ) -> Result<Response<pb::GetScorecardResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (from, until) = window_of(message.from_date.as_ref(), message.until_date.as_ref())?;
        let confidence = confidence_of(message.confidence_millionths)?;
        let catalogue = self.0.catalogue(&call).await?;
        let supplier = catalogue
            .supplier(&message.supplier_id)
            .ok_or_else(|| Error::missing("supplier", &message.supplier_id))?;
        let scores = self.scores(&call, from, until).await?;
        let mut all = Score::default();
        let mut items = Vec::new();
        for (bought, source) in sources_of(&catalogue, supplier) {
            let Some(score) = scores.get(&source.number) else {
                continue;
            };
            all.add(score, source.terms.price);
            let score = Score::of(score, source.terms.price);
            let card = scorecard_pb(&catalogue, &supplier.id, &score, confidence)?;
            items.push(pb::Scorecard {
                item_id: bought.item.id.to_string(),
                ..card
            });
        }
        items.sort_by(|one: &pb::Scorecard, other| one.item_id.cmp(&other.item_id));
        Ok(Response::new(pb::GetScorecardResponse {
            scorecard: Some(scorecard_pb(&catalogue, &supplier.id, &all, confidence)?),
            items,
        }))
    }

    type StreamScorecardsStream = Answers<pb::StreamScorecardsResponse>;

    async fn stream_scorecards(
        &self,
        request: Request<pb::StreamScorecardsRequest>,
    ) -> Result<Response<Self::StreamScorecardsStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (from, until) = window_of(message.from_date.as_ref(), message.until_date.as_ref())?;
        let confidence = confidence_of(message.confidence_millionths)?;
        let catalogue = self.0.catalogue(&call).await?;
        let scores = self.scores(&call, from, until).await?;
        let mut suppliers: BTreeMap<&SupplierId, Score> = BTreeMap::new();
        for source in catalogue.bought().iter().flat_map(|bought| &bought.sources) {
            let score = suppliers.entry(&source.terms.supplier).or_default();
            if let Some(of) = scores.get(&source.number) {
                score.add(of, source.terms.price);
            }
        }
        let cards = suppliers
            .iter()
            .map(|(supplier, score)| scorecard_pb(&catalogue, supplier, score, confidence));
        let scorecards = cards.collect::<Result<Vec<_>, Error>>()?;
        Ok(Response::new(chunks(scorecards, CHUNK, |scorecards| {
            pb::StreamScorecardsResponse { scorecards }
        })))
    }
}

impl SupplierRpc {
    async fn scores(
        &self,
        call: &Call,
        from: Option<Date>,
        until: Option<Date>,
    ) -> Result<BTreeMap<SourceNo, SourceScore>, Error> {
        let read = self.0.store.read(call, "scorecards", move |tx| {
            Box::pin(async move {
                let scores = store::scores_fetch(tx, from, until).await?;
                Ok((scores, failures_fetch(tx, from, until).await?))
            })
        });
        let (mut scores, failures) = read.await?;
        let catalogue = self.0.catalogue(call).await?;
        for bought in catalogue.bought() {
            for source in &bought.sources {
                let key = (
                    bought.item.id.to_string(),
                    source.terms.supplier.to_string(),
                );
                if let Some(count) = failures.get(&key) {
                    scores.entry(source.number).or_default().failures = *count;
                }
            }
        }
        Ok(scores)
    }
}

/// The window of scorecards, open where a day is missing.
fn window_of(
    from: Option<&takt_contract::common::v1::Date>,
    until: Option<&takt_contract::common::v1::Date>,
) -> Result<(Option<Date>, Option<Date>), Error> {
    let mut violations = Violations::new();
    let from = date_opt(from, "from_date", &mut violations);
    let until = date_opt(until, "until_date", &mut violations);
    let ordered = from.zip(until).is_none_or(|(from, until)| from <= until);
    violations.require(ordered, "until_date", "the window ends before it begins");
    violations.finish()?;
    Ok((from, until))
}

/// The confidence of intervals in millionths.
fn confidence_of(millionths: i64) -> Result<i64, Error> {
    match millionths {
        0 => Ok(CONFIDENCE),
        500_000..1_000_000 => Ok(millionths),
        _ => Err(Error::invalid(
            "confidence_millionths",
            "a confidence is from 500,000 to 999,999 millionths; 0 means 950,000",
        )),
    }
}

/// A share that was counted, with its interval.
fn share_pb(count: i64, of: i64, confidence: i64) -> Option<pb::ShareEstimate> {
    let (low, high) = share_interval(count, of, confidence);
    Some(pb::ShareEstimate {
        count,
        of_count: of,
        millionths: millionths(count.into(), of.into()),
        low_millionths: low,
        high_millionths: high,
    })
}

fn scorecard_pb(
    catalogue: &Catalogue,
    supplier: &SupplierId,
    score: &Score,
    confidence: i64,
) -> Result<pb::Scorecard, Error> {
    let sum = &score.sum;
    let deliveries = &sum.deliveries;
    let quantiles = QUANTILES.iter().filter_map(|percent| {
        let share = i64::from(*percent) * 10_000;
        let found = deliveries.lead.estimate(share, confidence)?;
        Some(pb::LeadTimeQuantile {
            percent: *percent,
            days: short(found.days),
            low_days: found.low.map(short),
            high_days: found.high.map(short),
        })
    });
    let (delivered, received) = (deliveries.late.count(), sum.lead.count);
    Ok(pb::Scorecard {
        supplier_id: supplier.to_string(),
        lot_count: sum.due,
        on_time_in_full_count: sum.on_time_in_full,
        blocked_lot_count: sum.blocked,
        mean_lead_time_millidays: sum.lead.mean_milli(),
        received_value: Some(money_pb(amount_of(score.value, catalogue.currency())?)),
        received_lot_count: sum.lead.count,
        short_lot_count: sum.short,
        otif_millionths: score.otif_millionths(),
        rejected_ppm: score.rejected_ppm(),
        lead_time_spread_millidays: sum.lead.spread_milli(),
        answered_line_count: sum.response.count,
        mean_response_millidays: sum.response.mean_milli(),
        response_spread_millidays: sum.response.spread_milli(),
        invoiced_value: Some(money_pb(amount_of(sum.invoiced, catalogue.currency())?)),
        price_drift_ppm: score.drift_ppm(),
        item_id: String::new(),
        delivery_count: delivered,
        overdue_count: deliveries.overdue,
        lead_time_quantiles: quantiles.collect(),
        late_deliveries: share_pb(deliveries.late.above(0), delivered, confidence),
        rejected_lots: share_pb(sum.blocked, received, confidence),
        short_lots: share_pb(sum.short, received, confidence),
        field_failure_count: sum.failures,
        field_failure_ppm: score.failed_ppm(),
    })
}

/// What a supplier delivers, in the order of items.
fn sources_of<'c>(
    catalogue: &'c Catalogue,
    supplier: &'c Supplier,
) -> impl Iterator<Item = (&'c Bought, &'c Source)> {
    let own = |source: &&Source| source.terms.supplier == supplier.id;
    catalogue.bought().iter().flat_map(move |bought| {
        bought
            .sources
            .iter()
            .filter(own)
            .map(move |source| (bought, source))
    })
}

fn supplier_pb(supplier: &Supplier) -> pb::Supplier {
    pb::Supplier {
        supplier_id: supplier.id.to_string(),
        name: supplier.name.clone(),
        country_code: supplier.country_code.clone(),
        city: supplier.city.clone(),
        tier: short(supplier.tier),
        description: supplier.description.clone(),
    }
}
