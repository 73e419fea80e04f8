//! Writing: releases of a supplier as DELFOR or DELJIT, a notice that is under way as DESADV. It must not know the syntax.
//! Invariant: what is written is read back before it leaves.
use std::collections::{BTreeMap, BTreeSet};

use takt_contract::date_of;
use takt_contract::procurement::v1::{
    self as pb, inbound_service_client::InboundServiceClient,
    material_service_client::MaterialServiceClient,
    purchase_order_service_client::PurchaseOrderServiceClient,
};
use takt_kernel::{LotId, Quantity, Unit};

use super::told::Written;
use super::{Kind, WriteArgs};
use crate::command::calloff::newest;
use crate::connection::{Peer, ask, read};
use crate::edifact::{
    Commitment, Delfor, DelforItem, DelforLine, Delivery, Deljit, Desadv, DesadvLine, Envelope,
    Interchange, Separators, Unfit, eight,
};
use crate::failure::{Failure, Outcome};
use crate::output::{Format, tell, write_out};

pub(super) async fn run(args: &WriteArgs, output: Format) -> Outcome<()> {
    let target = args.target.open().await?;
    let written = written(&target.peers.procurement, args).await;
    let file = target.close_after(written).await?;
    Interchange::read(&file)
        .map_err(|flaw| Failure::broken(format!("what was written cannot be read: {flaw}")))?;
    match (&args.file, output) {
        (Some(path), _) => {
            std::fs::write(path, &file).map_err(|error| {
                Failure::bad_input(format!("{} cannot be written: {error}", path.display()))
            })?;
            let bytes = file.len();
            let file = Some(path.display().to_string());
            tell(
                output,
                &Written {
                    file,
                    bytes,
                    edifact: None,
                },
            )
        }
        // ISO 8859-1 beyond ASCII would not be text here; ids have none, and a maker's batch is told as it is.
        (None, Format::Table) => write_out(&latin(&file)),
        (None, Format::Json) => {
            let edifact = Some(latin(&file));
            tell(
                output,
                &Written {
                    file: None,
                    bytes: file.len(),
                    edifact,
                },
            )
        }
    }
}

fn latin(file: &[u8]) -> String {
    file.iter().copied().map(char::from).collect()
}

async fn written(peer: &Peer, args: &WriteArgs) -> Outcome<Vec<u8>> {
    if args.kind == Kind::Desadv {
        return notice(peer, args).await;
    }
    let releases = newest(peer, &args.item, &args.about).await?;
    let as_of = releases
        .iter()
        .filter_map(|one| date_of(one.as_of.as_ref()))
        .max();
    let Some(as_of) = as_of else {
        let message = format!("there is no release of {} to write", args.about);
        return Err(Failure::refused(message)
            .with_way_out("publish one first: takt calloff publish --as-of DATE"));
    };
    let number = releases
        .iter()
        .map(|one| one.release_number)
        .max()
        .unwrap_or(0);
    let day = eight(as_of);
    let envelope = Envelope {
        sender: args.buyer.clone(),
        recipient: args.about.clone(),
        prepared_on: as_of,
        reference: format!("{}{number:06}", day.get(2..).unwrap_or_default()),
    };
    let number = format!("CO-{}-{day}", args.about);
    let (buyer, supplier) = (args.buyer.clone(), args.about.clone());
    let items: Vec<DelforItem> = releases.iter().map(item).collect::<Outcome<_>>()?;
    let file = match args.kind {
        Kind::Delfor => Delfor {
            number,
            issued_on: as_of,
            buyer,
            supplier,
            items,
        }
        .write(Separators::default(), &envelope),
        _ => Deljit {
            number,
            issued_on: as_of,
            buyer,
            supplier,
            deliveries: items.iter().flat_map(deliveries).collect(),
        }
        .write(Separators::default(), &envelope),
    };
    file.map_err(unfit)
}

fn unfit(unfit: Unfit) -> Failure {
    Failure::bad_input(format!("the file cannot be written: {unfit}"))
}

fn unit(code: &str) -> Outcome<Unit> {
    Unit::from_code(code).map_err(|error| Failure::broken(error.to_string()))
}

/// A release as an item of a schedule.
fn item(release: &pb::CallOff) -> Outcome<DelforItem> {
    let line = |line: &pb::CallOffLine| {
        let commitment = match line.zone() {
            pb::CallOffZone::Firm => Commitment::Firm,
            pb::CallOffZone::Fabrication => Commitment::Fabrication,
            pb::CallOffZone::Material => Commitment::Material,
            _ => Commitment::Forecast,
        };
        Some(DelforLine {
            due_on: date_of(line.due_on.as_ref())?,
            commitment,
            quantity: Quantity(line.thousandths),
        })
    };
    Ok(DelforItem {
        item: release.item_id.clone(),
        release: release.release_number.to_string(),
        unit: unit(&release.unit_code)?,
        reset_on: date_of(release.reset_on.as_ref()),
        received: Quantity(release.received_thousandths),
        backlog: Quantity(release.backlog_thousandths),
        fabrication: Some(Quantity(release.fabrication_thousandths)),
        material: Some(Quantity(release.material_thousandths)),
        lines: release.lines.iter().filter_map(line).collect(),
    })
}

/// The firm zone of an item.
fn deliveries(item: &DelforItem) -> impl Iterator<Item = Delivery> + '_ {
    let firm = (item.lines.iter()).filter(|line| line.commitment == Commitment::Firm);
    firm.map(|line| Delivery {
        item: item.item.clone(),
        due_on: line.due_on,
        unit: item.unit,
        quantity: line.quantity,
    })
}

/// A notice that is under way as a file.
async fn notice(peer: &Peer, args: &WriteArgs) -> Outcome<Vec<u8>> {
    let message = pb::StreamAsnsRequest {
        in_transit_only: true,
        with_lots: true,
    };
    let asns = read!(
        peer,
        "read the notices",
        InboundServiceClient.stream_asns,
        message,
        |page| page.asns
    )?;
    let Some(asn) = asns.into_iter().find(|asn| asn.asn_id == args.about) else {
        let message = format!("no notice {} is under way", args.about);
        return Err(Failure::refused(message));
    };
    let wanted: BTreeSet<i64> = asn.lots.iter().map(|lots| lots.line_number).collect();
    let message = pb::StreamOrderLinesRequest::default();
    let lines = read!(
        peer,
        "read the order lines",
        PurchaseOrderServiceClient.stream_order_lines,
        message,
        |page| page.lines
    )?;
    let lines: BTreeMap<i64, pb::OrderLine> = lines
        .into_iter()
        .filter(|line| wanted.contains(&line.line_number))
        .map(|line| (line.line_number, line))
        .collect();
    let totals = read!(
        peer,
        "read the items",
        MaterialServiceClient.stream_item_totals,
        pb::StreamItemTotalsRequest {},
        |page| page.totals
    )?;
    let units: BTreeMap<String, String> = (totals.into_iter())
        .map(|total| (total.item_id, total.unit_code))
        .collect();
    let broken = |what: &str| Failure::broken(format!("notice {}: {what}", args.about));
    let mut goods = Vec::with_capacity(asn.lots.len());
    for lots in &asn.lots {
        let line =
            (lines.get(&lots.line_number)).ok_or_else(|| broken("its order line is not there"))?;
        let first = lots.first_lot_number - line.first_lot_number + line.first_lot_sequence;
        let name = format!("{}.{}.{first:06}", line.item_id, line.supplier_id);
        let first_lot = LotId::parse(&name).map_err(|error| broken(&error.to_string()))?;
        // The maker's batch is the same for all lots of a line, and stands with each of them.
        let message = pb::GetLotRequest { lot_id: name };
        let lot = ask!(peer, "read a lot", InboundServiceClient.get_lot, message)?;
        let code = units.get(&line.item_id).map_or("", String::as_str);
        let read = DesadvLine {
            item: line.item_id.clone(),
            order_line: lots.line_number,
            unit: unit(code)?,
            quantity: Quantity(lots.thousandths),
            first_lot,
            lots: lots.lot_count.into(),
            maker_lot: lot.lot.unwrap_or_default().maker_lot,
            // The services find a part by its number and do not list the numbers of a notice.
            serials: Vec::new(),
        };
        if read.lot_size().is_none() {
            let message = format!(
                "the lots of order line {} in notice {} are of different sizes, and what is known of them together does not say which",
                lots.line_number, args.about
            );
            return Err(Failure::refused(message));
        }
        goods.push(read);
    }
    let shipped_on = date_of(asn.shipped_on.as_ref()).ok_or_else(|| broken("it has no day"))?;
    let desadv = Desadv {
        number: asn.asn_id.clone(),
        shipped_on,
        expected_on: date_of(asn.expected_on.as_ref()).unwrap_or(shipped_on),
        buyer: args.buyer.clone(),
        supplier: asn.supplier_id.clone(),
        lines: goods,
    };
    let envelope = Envelope {
        sender: asn.supplier_id.clone(),
        recipient: args.buyer.clone(),
        prepared_on: shipped_on,
        reference: eight(shipped_on),
    };
    desadv
        .write(Separators::default(), &envelope)
        .map_err(unfit)
}
