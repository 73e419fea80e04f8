//! `takt partners` of running services, and a folder's stakes sent to them. It must not know how a loss is assessed or interests are
//! solved. Invariant: the answer has the shape of that of a folder, so that the two can be laid side by side.
use std::time::Instant;

use serde::Serialize;
use takt_contract::common::v1::Money;
use takt_contract::procurement::v1::partnership_service_client::PartnershipServiceClient;
use takt_contract::procurement::v1::{self as pb};
use takt_contract::{date_of, date_pb};
use takt_kernel::{Currency, RequestId};

use super::{Measure, OtherStake, PartnersArgs, Stake, Supplier, Told, days, millionths, tenth};
use crate::command::risk::live::units;
use crate::connection::{Peer, ask, read};
use crate::failure::{Failure, Outcome};
use crate::offline::Offline;
use crate::output::Answer;

/// The most stakes of a message.
const STAKES: usize = 1_000;

pub(super) async fn told(peer: &Peer, args: &PartnersArgs) -> Outcome<Told> {
    let begun = Instant::now();
    if args.capacity {
        return Err(
            Failure::bad_input("--capacity needs a programme").with_way_out(
                "reserve capacity with PartnershipService.ReserveCapacity; services count with it",
            ),
        );
    }
    let cost = args.second_source.map(i64::from);
    let wished = |currency: String| pb::ComparePartnersRequest {
        as_of: args.as_of.map(date_pb),
        supplier_id: args.supplier.clone().unwrap_or_default(),
        second_source_millionths: args.second_share,
        second_source_cost: cost.map(|cost| Money {
            minor_units: minor(cost, &currency),
            currency_code: currency,
        }),
    };
    // The currency is that of the parts, which the first answer tells.
    let first = pb::ComparePartnersRequest {
        second_source_cost: None,
        ..wished(String::new())
    };
    let mut pages = compared(peer, first).await?;
    let currency = |pages: &[pb::ComparePartnersResponse]| {
        let basis = pages.first().and_then(|page| page.basis.clone());
        basis.unwrap_or_default().currency_code
    };
    if cost.is_some() {
        pages = compared(peer, wished(currency(&pages))).await?;
    }
    let interests = ask!(
        peer,
        "read the interests",
        PartnershipServiceClient.get_interests,
        pb::GetInterestsRequest {
            holder_id: String::new(),
            as_of: args.as_of.map(date_pb),
        }
    )?;
    let basis = pages.first().and_then(|page| page.basis.clone());
    let basis = basis.unwrap_or_default();
    let partners: Vec<&pb::Partner> = pages.iter().flat_map(|page| &page.partners).collect();
    let mut measures: Vec<Measure> = (partners.iter())
        .flat_map(|one| one.measures.iter().map(|own| measure(one, own)))
        .collect();
    measures.sort_by(|a, b| {
        let worth = |own: &Measure| own.spared_per_money.unwrap_or(-1.0);
        let by_worth = worth(b).total_cmp(&worth(a));
        by_worth.then(b.spared_margin.total_cmp(&a.spared_margin))
    });
    let elsewhere = |one: &&pb::Interest| {
        args.supplier.is_none()
            && !partners
                .iter()
                .any(|partner| partner.supplier_id == one.company_id)
    };
    Ok(Told {
        programme: "the services' programme".to_owned(),
        as_of: date_of(basis.as_of.as_ref()).map_or_else(String::new, |on| on.to_string()),
        currency: basis.currency_code,
        suppliers: partners
            .iter()
            .map(|one| supplier(one, args.supplier.is_none()))
            .collect(),
        measures,
        other_stakes: (interests.interests.iter())
            .filter(elsewhere)
            .map(|one| OtherStake {
                company: one.company_id.clone(),
                stake: stake(one),
            })
            .collect(),
        elapsed_seconds: begun.elapsed().as_secs_f64(),
        top: args.top,
    })
}

async fn compared(
    peer: &Peer,
    message: pb::ComparePartnersRequest,
) -> Outcome<Vec<pb::ComparePartnersResponse>> {
    read!(
        peer,
        "compare the suppliers",
        PartnershipServiceClient.compare_partners,
        message,
        |page| vec![page]
    )
}

fn supplier(one: &pb::Partner, all: bool) -> Supplier {
    let known = one.lost_vehicles_millionths;
    Supplier {
        supplier: one.supplier_id.clone(),
        name: one.name.clone(),
        tier: i64::from(one.tier),
        sites: usize::try_from(one.site_count).unwrap_or(0),
        ttr_days: one.time_to_recover_millidays.map(days),
        tts_days: one.time_to_survive_millidays.map(days),
        lost_vehicles: known.map(tenth),
        lost_margin: one.lost_margin.as_ref().map(whole),
        exposure: known
            .filter(|_| all)
            .map(|_| millionths(one.exposure_index_millionths)),
        binding: Some(one.binding_item_id.clone()).filter(|item| !item.is_empty()),
        spend: one.spend.as_ref().map(whole),
        stake: one.interest.as_ref().map(stake),
        needs: usize::try_from(one.need_count).unwrap_or(0),
        needs_alone: usize::try_from(one.need_alone_count).unwrap_or(0),
        alternatives: one.alternative_supplier_ids.clone(),
        reason: (one.time_to_recover_millidays.is_none()).then_some("TIER_UNKNOWN"),
    }
}

fn measure(one: &pb::Partner, own: &pb::PartnerMeasure) -> Measure {
    Measure {
        supplier: one.supplier_id.clone(),
        measure: match own.kind() {
            pb::PartnerMeasureKind::SecondSource => "SECOND_SOURCE",
            pb::PartnerMeasureKind::ReservedCapacity => "RESERVED_CAPACITY",
            _ => "STOCK",
        },
        spared_vehicles: tenth(own.spared_vehicles_millionths),
        spared_margin: own.spared_margin.as_ref().map_or(0.0, whole),
        cost: own.cost.as_ref().map(whole),
        spared_per_money: own.margin_per_cost_millionths.map(millionths),
    }
}

fn stake(one: &pb::Interest) -> Stake {
    Stake {
        effective_share: millionths(one.effective_millionths),
        more_not_public: one.more_not_public,
    }
}

/// An amount in whole units of its currency.
fn whole(money: &Money) -> f64 {
    units(money).round()
}

/// Units of a currency in its smallest ones.
fn minor(units: i64, currency: &str) -> i64 {
    let digits = Currency::parse(currency).map_or(2, |own| own.minor_digits());
    units.saturating_mul(10i64.saturating_pow(digits))
}

/// What was recorded.
#[derive(Debug, Serialize)]
pub(super) struct Recorded {
    programme: String,
    stakes: i64,
}

/// Sends a folder's stakes; the same stakes again change nothing.
pub(super) async fn record(peer: &Peer, offline: &Offline) -> Outcome<Recorded> {
    let stakes: Vec<pb::Stake> = offline.stake_records();
    let mut recorded = 0;
    for stakes in stakes.chunks(STAKES) {
        let named: Vec<String> = stakes.iter().map(|one| format!("{one:?}")).collect();
        let message = pb::RecordStakesRequest {
            request_id: RequestId::named(&named.join("\n")).to_string(),
            stakes: stakes.to_vec(),
        };
        let answer = ask!(
            peer,
            "record the stakes",
            PartnershipServiceClient.record_stakes,
            message
        )?;
        recorded += answer.recorded_count;
    }
    Ok(Recorded {
        programme: offline.full.id.to_string(),
        stakes: recorded,
    })
}

impl Answer for Recorded {
    fn text(&self) -> String {
        format!(
            "{} stakes of {} are recorded; `takt partners` shows the interests\n",
            self.stakes, self.programme
        )
    }
}
