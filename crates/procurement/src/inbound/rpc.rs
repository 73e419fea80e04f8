//! Notices, receipts and lots on the wire.
//!
//! It must not decide anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
};

use futures_util::{StreamExt, stream};
use prost::Message;
use takt_contract::{
    date_req, id_req,
    procurement::v1::{self as pb, inbound_service_server::InboundService},
    request_id,
};
use takt_kernel::{AsnId, LotId, LotNumber, Violations};
use takt_service::{Call, Error, Once};
use tonic::{Request, Response, Status, Streaming};

use super::{
    AsnLine, Flaw,
    lost::asn_declare_lost,
    lot::{Lot, Verdict, lots_judge},
    notice::notices_record,
    receipt::receipts_record,
    store, unit_rpc,
    wire::{asn_pb, flaw_pb, lost_pb, lot_pb, lots_of, notice_of, receipt_of},
};
use crate::{
    desk::{Answers, Desk, pages},
    programme::Catalogue,
    rows::{count, short},
};

/// The notices of a message when their lots are asked for; without them a message has ten times as many.
const CHUNK: usize = 50;
/// The most bytes of a chunk.
const BYTES: usize = 64 * 1024;
/// The most lots of one question.
const LOTS: usize = 1_000;

/// Notices, receipts and lots on the wire.
#[derive(Clone)]
pub(crate) struct InboundRpc(pub(crate) Arc<Desk>);

/// Answers the messages of a stream one after the other; the stream ends with the first one that cannot be answered.
fn answered<I, O, F>(incoming: Streaming<I>, answer: impl Fn(I) -> F + Send + 'static) -> Answers<O>
where
    I: Send + 'static,
    O: Send + 'static,
    F: Future<Output = Result<O, Error>> + Send + 'static,
{
    stream::try_unfold((incoming, answer), |(mut incoming, answer)| async move {
        let Some(message) = incoming.message().await? else {
            return Ok::<_, Status>(None);
        };
        let response = answer(message).await?;
        Ok(Some((response, (incoming, answer))))
    })
    .boxed()
}

/// The ordinary readings of a chunk and the flaws of the others.
fn sorted<T>(read: impl Iterator<Item = Result<T, Flaw>>) -> (Vec<T>, Vec<Flaw>) {
    let (mut good, mut flaws) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(one) => good.push(one),
            Err(flaw) => flaws.push(flaw),
        }
    }
    (good, flaws)
}

/// The request id of a chunk that is not too large.
fn chunk_id(id: &str, message: &impl Message) -> Result<[u8; 16], Error> {
    let mut violations = Violations::new();
    let id = request_id(id, "request_id", &mut violations);
    let bytes = message.encoded_len();
    violations.require(
        bytes <= BYTES,
        "",
        format!("the chunk has {bytes} bytes; send at most {BYTES} at a time"),
    );
    violations.finish()?;
    Ok(id.unwrap_or_default())
}

impl InboundRpc {
    /// Records a chunk of notices.
    pub(crate) async fn asns_chunk(
        &self,
        call: &Call,
        message: pb::RecordAsnsRequest,
    ) -> Result<pb::RecordAsnsResponse, Error> {
        let id = chunk_id(&message.request_id, &message)?;
        let once = Once::of(
            "takt.procurement.v1.InboundService/RecordAsns",
            id,
            &message,
        );
        let catalogue = self.0.catalogue(call).await?;
        let chunk = sorted(message.asns.iter().map(|asn| notice_of(asn, &catalogue)));
        let work = Arc::new((message.request_id, chunk, catalogue));
        let write = self
            .0
            .store
            .write_once(call, "asns_record", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (request_id, (notices, unread), catalogue) = work.as_ref();
                    let (recorded, flaws) = notices_record(tx, catalogue, notices).await?;
                    Ok(pb::RecordAsnsResponse {
                        request_id: request_id.clone(),
                        recorded_count: short(count(recorded)),
                        refused: unread.iter().chain(&flaws).map(flaw_pb).collect(),
                    })
                })
            });
        write.await
    }

    /// Records a chunk of receipts.
    pub(crate) async fn receipts_chunk(
        &self,
        call: &Call,
        message: pb::RecordReceiptsRequest,
    ) -> Result<pb::RecordReceiptsResponse, Error> {
        let id = chunk_id(&message.request_id, &message)?;
        let once = Once::of(
            "takt.procurement.v1.InboundService/RecordReceipts",
            id,
            &message,
        );
        let catalogue = self.0.catalogue(call).await?;
        let chunk = sorted(message.receipts.iter().map(receipt_of));
        let work = Arc::new((message.request_id, chunk, catalogue));
        let write = self
            .0
            .store
            .write_once(call, "receipts_record", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (request_id, (receipts, unread), catalogue) = work.as_ref();
                    let recorded = receipts_record(tx, catalogue, receipts).await?;
                    Ok(pb::RecordReceiptsResponse {
                        request_id: request_id.clone(),
                        recorded_count: short(count(recorded.receipts)),
                        lot_count: recorded.lots,
                        refused: unread.iter().chain(&recorded.flaws).map(flaw_pb).collect(),
                    })
                })
            });
        write.await
    }

    /// The lots of a call that judges them, with the id of its request.
    async fn lots_named(
        &self,
        call: &Call,
        id: &str,
        names: &[String],
        reason: Option<&str>,
    ) -> Result<([u8; 16], Arc<Catalogue>, BTreeSet<LotNumber>), Error> {
        let catalogue = self.0.catalogue(call).await?;
        let mut violations = Violations::new();
        let id = request_id(id, "request_id", &mut violations);
        let lots = lots_of(names, &catalogue, &mut violations);
        let said = reason.is_none_or(|reason| (1..=200).contains(&reason.trim().len()));
        violations.require(said, "reason", "say why in 1 to 200 characters");
        violations.finish()?;
        Ok((id.unwrap_or_default(), catalogue, lots))
    }
}

#[tonic::async_trait]
impl InboundService for InboundRpc {
    type RecordAsnsStream = Answers<pb::RecordAsnsResponse>;

    async fn record_asns(
        &self,
        request: Request<Streaming<pb::RecordAsnsRequest>>,
    ) -> Result<Response<Self::RecordAsnsStream>, Status> {
        let (call, rpc) = (Call::of(&request), self.clone());
        Ok(Response::new(answered(
            request.into_inner(),
            move |message| {
                let (call, rpc) = (call.clone(), rpc.clone());
                async move { rpc.asns_chunk(&call, message).await }
            },
        )))
    }

    type RecordReceiptsStream = Answers<pb::RecordReceiptsResponse>;

    async fn record_receipts(
        &self,
        request: Request<Streaming<pb::RecordReceiptsRequest>>,
    ) -> Result<Response<Self::RecordReceiptsStream>, Status> {
        let (call, rpc) = (Call::of(&request), self.clone());
        Ok(Response::new(answered(
            request.into_inner(),
            move |message| {
                let (call, rpc) = (call.clone(), rpc.clone());
                async move { rpc.receipts_chunk(&call, message).await }
            },
        )))
    }

    async fn declare_lost(
        &self,
        request: Request<pb::DeclareLostRequest>,
    ) -> Result<Response<pb::DeclareLostResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        id_req::<AsnId>(&message.asn_id, "asn_id", &mut violations);
        let on = date_req(message.lost_on.as_ref(), "lost_on", &mut violations);
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.InboundService/DeclareLost",
            id,
            &message,
        );
        let catalogue = self.0.catalogue(&call).await?;
        let work = Arc::new((message.asn_id, catalogue));
        let write = self.0.store.write_once(&call, "asn_lose", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (asn_id, catalogue) = work.as_ref();
                let (asn, items) = asn_declare_lost(tx, catalogue, asn_id, on).await?;
                Ok(lost_pb(catalogue, &asn, &items))
            })
        });
        Ok(Response::new(write.await?))
    }

    type StreamAsnsStream = Answers<pb::StreamAsnsResponse>;

    async fn stream_asns(
        &self,
        request: Request<pb::StreamAsnsRequest>,
    ) -> Result<Response<Self::StreamAsnsStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (desk, catalogue) = (Arc::clone(&self.0), self.0.catalogue(&call).await?);
        let size = if message.with_lots { CHUNK } else { CHUNK * 10 };
        Ok(Response::new(pages(0, move |after: i64| {
            let (desk, catalogue, call) = (Arc::clone(&desk), Arc::clone(&catalogue), call.clone());
            async move {
                let read = desk.store.read(&call, "asns_page", move |tx| {
                    Box::pin(async move {
                        let asns =
                            store::asns_page(tx, message.in_transit_only, after, count(size))
                                .await?;
                        let mut lines: BTreeMap<i64, Vec<AsnLine>> = BTreeMap::new();
                        if message.with_lots {
                            let numbers: Vec<i64> = asns.iter().map(|asn| asn.number).collect();
                            for line in store::asn_lines_fetch(tx, &numbers).await? {
                                lines.entry(line.asn_no).or_default().push(line);
                            }
                        }
                        Ok((asns, lines))
                    })
                });
                let (asns, lines) = read.await?;
                let next = asns
                    .last()
                    .filter(|_| asns.len() == size)
                    .map(|asn| asn.number);
                let asns: Vec<_> = asns
                    .iter()
                    .map(|asn| asn_pb(&catalogue, asn, &lines))
                    .collect();
                Ok((
                    (!asns.is_empty()).then_some(pb::StreamAsnsResponse { asns }),
                    next,
                ))
            }
        })))
    }

    async fn get_lot(
        &self,
        request: Request<pb::GetLotRequest>,
    ) -> Result<Response<pb::GetLotResponse>, Status> {
        let call = Call::of(&request);
        let name = request.into_inner().lot_id;
        let catalogue = self.0.catalogue(&call).await?;
        let id = LotId::parse(&name).map_err(|error| Error::invalid("lot_id", error))?;
        let missing = || Error::missing("lot", &name);
        let number = catalogue.lot_number(&id).ok_or_else(missing)?;
        let read = self.0.store.read(&call, "lot_get", move |tx| {
            Box::pin(async move {
                Ok(store::lots_fetch(tx, &BTreeSet::from([number]))
                    .await?
                    .remove(&number))
            })
        });
        let lot = read.await?.ok_or_else(missing)?;
        Ok(Response::new(pb::GetLotResponse {
            lot: Some(lot_pb(&catalogue, &lot)),
        }))
    }

    async fn batch_get_lots(
        &self,
        request: Request<pb::BatchGetLotsRequest>,
    ) -> Result<Response<pb::BatchGetLotsResponse>, Status> {
        let call = Call::of(&request);
        let names = request.into_inner().lot_ids;
        let mut violations = Violations::new();
        let most = format!("at most {LOTS} are answered at a time");
        violations.require(names.len() <= LOTS, "lot_ids", most);
        let ids: Vec<_> = (names.iter().enumerate())
            .filter_map(|(at, name)| {
                violations.check(&format!("lot_ids[{at}]"), LotId::parse(name))
            })
            .collect();
        violations.finish().map_err(Error::from)?;
        let catalogue = self.0.catalogue(&call).await?;
        let numbers: Vec<_> = ids.iter().map(|id| catalogue.lot_number(id)).collect();
        let wanted: Arc<BTreeSet<_>> = Arc::new(numbers.iter().flatten().copied().collect());
        let read = self.0.store.read(&call, "lots_get", move |tx| {
            let wanted = Arc::clone(&wanted);
            Box::pin(async move { store::lots_fetch(tx, &wanted).await })
        });
        let lots = read.await?;
        let known = numbers
            .iter()
            .flatten()
            .filter_map(|number| lots.get(number));
        Ok(Response::new(pb::BatchGetLotsResponse {
            lots: known.map(|lot| lot_pb(&catalogue, lot)).collect(),
        }))
    }

    async fn find_serial(
        &self,
        request: Request<pb::FindSerialRequest>,
    ) -> Result<Response<pb::FindSerialResponse>, Status> {
        unit_rpc::find(&self.0, request).await
    }

    async fn list_handling_units(
        &self,
        request: Request<pb::ListHandlingUnitsRequest>,
    ) -> Result<Response<pb::ListHandlingUnitsResponse>, Status> {
        unit_rpc::list(&self.0, request).await
    }

    async fn block_lots(
        &self,
        request: Request<pb::BlockLotsRequest>,
    ) -> Result<Response<pb::BlockLotsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (id, catalogue, lots) = self
            .lots_named(
                &call,
                &message.request_id,
                &message.lot_ids,
                Some(&message.reason),
            )
            .await?;
        let once = Once::of("takt.procurement.v1.InboundService/BlockLots", id, &message);
        let work = Arc::new((
            lots,
            Verdict::Block(message.reason.trim().to_owned()),
            catalogue,
        ));
        let write = self
            .0
            .store
            .write_once(&call, "lots_block", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (lots, verdict, catalogue) = work.as_ref();
                    let lots = lots_judge(tx, catalogue, lots, verdict).await?;
                    Ok(pb::BlockLotsResponse {
                        lots: lots_pb(catalogue, &lots),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn release_lots(
        &self,
        request: Request<pb::ReleaseLotsRequest>,
    ) -> Result<Response<pb::ReleaseLotsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (id, catalogue, lots) = self
            .lots_named(&call, &message.request_id, &message.lot_ids, None)
            .await?;
        let once = Once::of(
            "takt.procurement.v1.InboundService/ReleaseLots",
            id,
            &message,
        );
        let work = Arc::new((lots, catalogue));
        let write = self
            .0
            .store
            .write_once(&call, "lots_release", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (lots, catalogue) = work.as_ref();
                    let lots = lots_judge(tx, catalogue, lots, &Verdict::Release).await?;
                    Ok(pb::ReleaseLotsResponse {
                        lots: lots_pb(catalogue, &lots),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }
}

fn lots_pb(catalogue: &Catalogue, lots: &[Lot]) -> Vec<pb::Lot> {
    lots.iter().map(|lot| lot_pb(catalogue, lot)).collect()
}
