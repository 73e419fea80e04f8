//! `takt sequence --on DATE`: the sequence of a day as running services have it. It must not change anything. Invariant: what is
//! only previewed says so.
use std::time::Instant;

use takt_contract::date_pb;
use takt_contract::production::v1::sequence_service_client::SequenceServiceClient;
use takt_contract::production::v1::{
    GetSequenceRequest, ListSequenceDaysRequest, SequenceDay, SequenceDayRequest, SequencePlace,
    SequenceState,
};
use takt_kernel::{Date, RequestId};

use super::SequenceArgs;
use super::told::{Broken, Objectives, Sequenced, Standing};
use crate::connection::{Peer, ask, read};
use crate::failure::{Failure, Outcome};
use crate::output::{Format, tell};

pub(super) async fn run(on: Date, args: &SequenceArgs, output: Format) -> Outcome<()> {
    let begun = Instant::now();
    let target = args.target.open().await?;
    let done = asked(&target.peers.production, on, args).await;
    let (day, places, kept) = target.close_after(done).await?;
    tell(output, &sequenced(on, &day, &places, kept, begun))
}

/// The day's sequence, or a preview of it, and whether it is kept.
async fn asked(
    peer: &Peer,
    on: Date,
    args: &SequenceArgs,
) -> Outcome<(SequenceDay, Vec<SequencePlace>, bool)> {
    let date = Some(date_pb(on));
    let list = ListSequenceDaysRequest {
        from_date: date,
        page_size: 1,
        page_token: String::new(),
    };
    let listed = ask!(
        peer,
        "list the sequences",
        SequenceServiceClient.list_sequence_days,
        list
    )?;
    if listed.days.first().is_some_and(|day| day.date == date) {
        let message = GetSequenceRequest { date };
        let found = ask!(
            peer,
            "read the sequence",
            SequenceServiceClient.get_sequence,
            message
        )?;
        return Ok((found.day.unwrap_or_default(), found.places, true));
    }
    let message = SequenceDayRequest {
        // Nothing is kept of a preview, so that its name may be the same each time.
        request_id: RequestId::named(&format!("preview/{on}")).to_string(),
        date,
        moves: i64::try_from(args.moves.unwrap_or(0)).unwrap_or(i64::MAX),
        validate_only: true,
        etag: String::new(),
    };
    let told = read!(
        peer,
        "preview the sequence",
        SequenceServiceClient.sequence_day,
        message,
        |stage| vec![stage]
    )?;
    let day = told.iter().find_map(|stage| stage.day.clone());
    let day = day.ok_or_else(|| Failure::broken("the preview ended without a sequence"))?;
    let places = told.into_iter().flat_map(|stage| stage.places).collect();
    Ok((day, places, false))
}

fn sequenced(
    on: Date,
    day: &SequenceDay,
    places: &[SequencePlace],
    kept: bool,
    begun: Instant,
) -> Sequenced {
    let (cost, even) = (
        day.cost.unwrap_or_default(),
        day.even_cost.unwrap_or_default(),
    );
    let broken = day.rules.iter().filter(|rule| rule.excess > 0);
    Sequenced {
        instance: on.to_string(),
        feasible: cost.long_batches == 0,
        score: Some(cost.score),
        objectives: Some(Objectives {
            ep: cost.high_excess,
            enp: cost.low_excess,
            raf: cost.purges,
        }),
        violations: None,
        broken: broken
            .map(|rule| Broken {
                rule: rule.rule.clone(),
                excess: rule.excess,
                windows: None,
            })
            .collect(),
        plan_score: even.score,
        standing: Some(Standing {
            state: match (kept, day.state()) {
                (false, _) => "PREVIEW",
                (true, SequenceState::Built) => "BUILT",
                (true, SequenceState::Frozen) => "FROZEN",
                (true, _) => "SEQUENCED",
            },
            frozen_count: day.frozen_count,
            etag: day.etag.clone(),
        }),
        moves: u64::try_from(day.moves).unwrap_or(0),
        elapsed_seconds: begun.elapsed().as_secs_f64(),
        sequence: places.iter().map(|place| place.order_id.clone()).collect(),
    }
}
