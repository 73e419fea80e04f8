//! The report of a run, read from the three services and from what the run's folder remembers of itself. It must not
//! know the programme folder: a finished run tells the same when that is gone. Invariant: every figure is asked of
//! the service that owns it.
mod cases;
mod chart;
mod disruption;
pub mod figures;
pub mod genealogy;
pub mod kpis;
mod life;
mod material;
mod page;
pub mod plant;
mod procurement;
mod production;
pub mod profit;
pub mod punctual;
pub mod recalls;
mod sequence;
mod sheet;
mod text;

pub(crate) use sheet::escape;

use std::collections::BTreeMap;

use takt_contract::delivery::v1::milestone_service_client::MilestoneServiceClient;
use takt_contract::delivery::v1::{
    GetDeliveryCurveRequest, GetDeliveryCurveResponse, GetDeliveryFiguresRequest,
    GetDeliveryFiguresResponse,
};
use takt_contract::production::v1::{GetRampResponse, Milestone};
use takt_kernel::Date;

use crate::admin;
use crate::connection::{Peer, Peers, WHOLE, ask};
use crate::failure::Outcome;
use crate::replay::state::State;
use figures::{Binding, Delivered, Month, Orders, Produced, Report, RunFigures, Supply};
use production::day_of;

/// What stands beside the demo wherever it is shown (SOURCES.md).
pub const NOTE: &str = "Costs, supplier shares, lot sizes, lead times and most supplier links are a model, not the \
companies' terms; SOURCES.md of the programme says for each column what is sourced and what is estimated.";

/// Asks the three services for a report of a run.
pub async fn report(peers: &Peers, state: &State) -> Outcome<Report> {
    let (line, sequenced, material, stock, (curve, told), recalled, life, digests, statuses) = tokio::try_join!(
        production::ask_line(&peers.production),
        sequence::ask_days(&peers.production),
        material::ask_material(&peers.production),
        procurement::ask_stock(&peers.procurement),
        ask_deliveries(&peers.delivery),
        recalls::ask_recalls(&peers.delivery),
        life::one_life(peers),
        admin::digests(peers),
        admin::statuses(peers),
    )?;
    let [_, of_production, _] = &statuses;
    let genealogy = genealogy::figures(&peers.production, of_production, life.as_ref()).await?;
    let cases = cases::cases(&peers.delivery).await?;
    let message = takt_contract::delivery::v1::GetDeliveryKpisRequest::default();
    let (kpis, _) = kpis::ask_kpis(&peers.delivery, message).await?;
    let produced = production::produced(&line.ramp)?;
    let delivered = delivered(&line.ramp, &curve)?;
    Ok(Report {
        run: run(state, &line.ramp)?,
        note: NOTE.to_owned(),
        milestones: milestones(&line.milestones, &produced, &delivered)?,
        months: months(&produced, &delivered, &curve)?,
        orders: Orders {
            locked: told.order_count,
            open_with_estimate: told.estimated_open_count,
            order_to_delivery_median_days: told.order_to_delivery_median_days,
            order_to_delivery_p90_days: told.order_to_delivery_p90_days,
            promised: told.promised_count,
            kept_first_promise: told.kept_first_promise_count,
            promises: told.promise_count,
            slipped: told.slipped_order_count,
        },
        punctuality: punctual::punctual(&line.ramp, &stock.days, state.closed())?,
        items: stock.items,
        stock: stock.days,
        days_of_supply: state.samples.iter().map(supply).collect(),
        suppliers: stock.suppliers,
        binding: Binding {
            stopped: production::stopped(&line.stops)?,
            tightest: stock.tightest,
        },
        disruption: disruption::figures(state, &line.ramp, &line.stops, told.slipped_order_count)?,
        sequencing: sequence::sequencing(&sequenced),
        cost: line.cost,
        ramp: line.course,
        performance: line.performance,
        work_in_progress: line.work_in_progress,
        material,
        life,
        genealogy,
        cases,
        kpis,
        recalls: recalls::figures(&recalled, &produced),
        produced,
        delivered,
        digests: digests
            .services
            .into_iter()
            .map(|(name, service)| (name, service.digest))
            .collect(),
        digest: digests.digest,
        elapsed_seconds: seconds(state.elapsed_millis),
        parts_seconds: state
            .parts_millis
            .iter()
            .map(|(part, millis)| (part.clone(), seconds(*millis)))
            .collect(),
        peak_rss_bytes: state.peak_rss_bytes,
        database_bytes: statuses.iter().map(|status| status.database_bytes).sum(),
    })
}

async fn ask_deliveries(
    peer: &Peer,
) -> Outcome<(GetDeliveryCurveResponse, GetDeliveryFiguresResponse)> {
    let curve = ask!(
        peer,
        "read the delivery curve",
        MilestoneServiceClient.get_delivery_curve,
        GetDeliveryCurveRequest {},
        WHOLE
    )?;
    let message = GetDeliveryFiguresRequest {};
    let figures = ask!(
        peer,
        "read the delivery figures",
        MilestoneServiceClient.get_delivery_figures,
        message,
        WHOLE
    )?;
    Ok((curve, figures))
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

fn supply(sample: &crate::replay::state::Sample) -> Supply {
    let days = |(group, millidays): (&String, &i64)| (group.clone(), *millidays as f64 / 1000.0);
    Supply {
        date: sample.date.clone(),
        groups: sample.groups.iter().map(days).collect(),
    }
}

fn run(state: &State, ramp: &GetRampResponse) -> Outcome<RunFigures> {
    let named = state.options.named().into_iter();
    Ok(RunFigures {
        programme_id: ramp.programme_id.clone(),
        programme_name: ramp.programme_name.clone(),
        programme_hash: state.programme_hash.clone(),
        run_id: state.run_id.clone(),
        options: named
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        launch_date: day_of(ramp.launch_date.as_ref(), "the launch")?.to_string(),
        last_plan_date: day_of(ramp.last_plan_date.as_ref(), "the last plan day")?.to_string(),
        last_closed_day: state.last_closed_day.clone(),
        finished: state.finished,
    })
}

fn delivered(ramp: &GetRampResponse, curve: &GetDeliveryCurveResponse) -> Outcome<Delivered> {
    let mut delivered = Delivered::default();
    for day in curve.days.iter().filter(|day| day.handed_over_count > 0) {
        let date = day_of(day.date.as_ref(), "a delivery day")?;
        delivered.total += day.handed_over_count;
        delivered
            .by_date
            .insert(date.to_string(), day.handed_over_count);
    }
    for day in ramp.days.iter().filter(|day| day.published_delivered > 0) {
        let date = day_of(day.date.as_ref(), "a day of the ramp")?;
        delivered
            .published_by_date
            .insert(date.to_string(), day.published_delivered);
    }
    Ok(delivered)
}

/// The running total of a count by day through a date.
fn through(by_date: &BTreeMap<String, i64>, date: &str) -> i64 {
    by_date
        .range(..=date.to_owned())
        .map(|(_, count)| count)
        .sum()
}

/// The first day on which the running total is at least `count`.
fn reached(by_date: &BTreeMap<String, i64>, count: i64) -> Option<String> {
    let mut sum = 0;
    by_date.iter().find_map(|(date, today)| {
        sum += today;
        (sum >= count).then(|| date.clone())
    })
}

fn milestones(
    milestones: &[Milestone],
    produced: &Produced,
    delivered: &Delivered,
) -> Outcome<Vec<figures::Milestone>> {
    let milestone = |milestone: &Milestone| {
        let date = day_of(milestone.published_on.as_ref(), "a milestone")?.to_string();
        let (measure, published, replayed, planned) = match (
            milestone.cumulative_produced,
            milestone.cumulative_delivered,
        ) {
            (0, 0) => (None, None, None, None),
            (0, count) => (
                Some("delivered"),
                Some(count),
                Some(&delivered.by_date),
                None,
            ),
            (count, _) => (
                Some("produced"),
                Some(count),
                Some(&produced.by_date),
                Some(&produced.planned_by_date),
            ),
        };
        Ok(figures::Milestone {
            event: milestone.event.clone(),
            measure,
            published,
            planned: planned.map(|days| through(days, &date)),
            replayed: replayed.map(|days| through(days, &date)),
            planned_on: planned
                .zip(published)
                .and_then(|(days, count)| reached(days, count)),
            replayed_on: replayed
                .zip(published)
                .and_then(|(days, count)| reached(days, count)),
            source_kind: milestone.source_kind.clone(),
            date,
        })
    };
    milestones.iter().map(milestone).collect()
}

fn months(
    produced: &Produced,
    delivered: &Delivered,
    curve: &GetDeliveryCurveResponse,
) -> Outcome<Vec<Month>> {
    let mut months = BTreeMap::<String, Month>::new();
    let mut add = |days: &BTreeMap<String, i64>, field: fn(&mut Month) -> &mut i64| {
        for (date, count) in days {
            let month = date.get(..7).unwrap_or_default();
            *field(months.entry(month.to_owned()).or_default()) += count;
        }
    };
    add(&produced.planned_by_date, |month| &mut month.planned);
    add(&produced.by_date, |month| &mut month.produced);
    add(&delivered.by_date, |month| &mut month.delivered);
    add(&delivered.published_by_date, |month| {
        &mut month.published_delivered
    });
    let mut locked = BTreeMap::new();
    for day in &curve.days {
        locked.insert(
            day_of(day.date.as_ref(), "a delivery day")?.to_string(),
            day.locked_count,
        );
    }
    add(&locked, |month| &mut month.locked);
    let named = months.into_iter().map(|(key, month)| Month {
        month: key,
        ..month
    });
    Ok(named
        .filter(|month| month.planned + month.produced + month.delivered + month.locked > 0)
        .collect())
}

/// A date of the report as a date.
fn date(text: &str) -> Option<Date> {
    Date::parse(text).ok()
}

impl Report {
    /// The report as one self-contained page.
    pub fn page(&self) -> Outcome<String> {
        page::page(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_total_is_reached_on_its_day() {
        let days: BTreeMap<String, i64> = [("2024-04-01", 3), ("2024-04-03", 4)]
            .map(|(date, count)| (date.to_owned(), count))
            .into();
        assert_eq!(
            (
                through(&days, "2024-03-31"),
                through(&days, "2024-04-02"),
                through(&days, "2024-04-03")
            ),
            (0, 3, 7)
        );
        assert_eq!(reached(&days, 4).as_deref(), Some("2024-04-03"));
        assert_eq!(
            (reached(&days, 3).as_deref(), reached(&days, 8)),
            (Some("2024-04-01"), None)
        );
    }

    #[test]
    fn a_milestone_that_counts_nothing_says_nothing() -> Outcome<()> {
        let day = Some(takt_contract::date_pb(Date::from_epoch_day(19_810)));
        let told = [
            Milestone {
                event: "launch".to_owned(),
                published_on: day,
                ..Milestone::default()
            },
            Milestone {
                event: "ten".to_owned(),
                published_on: day,
                cumulative_produced: 10,
                ..Milestone::default()
            },
        ];
        let mut produced = Produced::default();
        produced.by_date.insert("2024-03-29".to_owned(), 12);
        let told = milestones(&told, &produced, &Delivered::default())?;
        assert_eq!(told.first().and_then(|milestone| milestone.published), None);
        let ten = told
            .get(1)
            .map(|milestone| (milestone.replayed, milestone.replayed_on.as_deref()));
        assert_eq!(ten, Some((Some(0), Some("2024-03-29"))));
        Ok(())
    }
}
