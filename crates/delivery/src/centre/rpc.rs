//! Centres on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::{collections::BTreeSet, sync::Arc};

use takt_contract::{
    date_opt, date_pb, date_req,
    delivery::v1::{self as pb, centre_service_server::CentreService},
    id_req,
};
use takt_kernel::{CentreId, RequestId, Violations};
use takt_service::{Call, Error, Once, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{
    Book, Centre, Hours, NewCentre,
    plan::{Coming, Week, week},
    store::{
        book_fetch, book_save, centre_fetch, centre_next, centre_save, centres_fetch, centres_page,
    },
};
use crate::{
    appointment::store::{APPOINTMENT, coming_fetch},
    desk::Desk,
    programme::Catalogue,
    rows::counter_lock,
};

/// The longest name of a centre.
const NAME: usize = 100;
/// The most handovers of a day; more is a slip of the pen.
const MOST: i32 = 10_000;
/// The most closed days of a message.
const CLOSED: usize = 1_000;

/// Centres on the wire.
pub(crate) struct CentreRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl CentreService for CentreRpc {
    async fn set_centre(
        &self,
        request: Request<pb::SetCentreRequest>,
    ) -> Result<Response<pb::SetCentreResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let new = centre_of(&message, &catalogue, &mut violations);
        let (request_id, new) = violations
            .finish_with(request_id.zip(new))
            .map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.CentreService/SetCentre",
            *request_id.as_bytes(),
            &message,
        );
        let (new, etag) = (Arc::new(new), Arc::<str>::from(message.etag));
        let written = (self.desk.store).write_once(&call, "centre_set", once, move |tx| {
            let (new, etag) = (Arc::clone(&new), Arc::clone(&etag));
            Box::pin(async move {
                counter_lock(tx, APPOINTMENT).await?;
                let from = new.hours.from;
                let centre = match centre_fetch(tx, &new.id).await? {
                    None if !etag.is_empty() => return Err(Error::stale("centre", &new.id)),
                    None => Centre::opened(centre_next(tx).await?, &new),
                    Some(centre) if !etag.is_empty() && centre.etag() != *etag => {
                        return Err(Error::stale("centre", &new.id));
                    }
                    Some(mut centre) => {
                        let mut book = book_fetch(tx, vec![centre.clone()], from).await?;
                        centre.set(&new)?;
                        book.replace(centre.clone(), from)?;
                        book_save(tx, &book).await?;
                        centre
                    }
                };
                centre_save(tx, &centre, from).await?;
                Ok(pb::SetCentreResponse {
                    centre: Some(centre_pb(&centre)),
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn get_centre(
        &self,
        request: Request<pb::GetCentreRequest>,
    ) -> Result<Response<pb::GetCentreResponse>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let id = &request.get_ref().centre_id;
        let id = id_req::<CentreId>(id, "centre_id", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let read = self.desk.store.read(&call, "centre_get", move |tx| {
            let id = id.clone();
            Box::pin(async move { centre_known(tx, id.as_str()).await })
        });
        let centre = read.await?;
        Ok(Response::new(pb::GetCentreResponse {
            centre: Some(centre_pb(&centre)),
        }))
    }

    async fn list_centres(
        &self,
        request: Request<pb::ListCentresRequest>,
    ) -> Result<Response<pb::ListCentresResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let (list, city) = ("ListCentres", Arc::<str>::from(message.city.as_str()));
        let after = PageToken::open(list, &city, &message.page_token)?;
        let after = Arc::<str>::from(after.unwrap_or_default());
        let of = Arc::clone(&city);
        let read = self.desk.store.read(&call, "centres_list", move |tx| {
            let (city, after) = (Arc::clone(&of), Arc::clone(&after));
            Box::pin(async move { centres_page(tx, &city, &after, size + 1).await })
        });
        let mut centres = read.await?;
        let key = |centre: &Centre| centre.id.clone();
        Ok(Response::new(pb::ListCentresResponse {
            next_page_token: PageToken::cut(&mut centres, size, list, &city, key),
            centres: centres.iter().map(centre_pb).collect(),
        }))
    }

    async fn get_centre_plan(
        &self,
        request: Request<pb::GetCentrePlanRequest>,
    ) -> Result<Response<pb::GetCentrePlanResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = id_req::<CentreId>(&message.centre_id, "centre_id", &mut violations);
        let day = date_req(message.week.as_ref(), "week", &mut violations);
        let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let monday = day.monday();
        let as_of = as_of.unwrap_or(monday);
        let read = self.desk.store.read(&call, "centre_plan", move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let centre = centre_known(tx, id.as_str()).await?;
                let centres = centres_fetch(tx, Some(&centre.city)).await?;
                let book = book_fetch(tx, centres, monday).await?;
                let coming = coming_fetch(tx, &centre.city).await?;
                Ok((centre, book, coming))
            })
        });
        let (centre, book, coming): (Centre, Book, Vec<Coming>) = read.await?;
        let catalogue = self.desk.catalogue(&call).await?;
        let first = catalogue.programme.first_handover_on;
        let planned = week(&book, centre.number, monday, as_of, first, &coming);
        Ok(Response::new(week_pb(&centre, &planned, &coming)))
    }
}

/// A centre that has to be known.
pub(crate) async fn centre_known(tx: &takt_service::Tx, id: &str) -> Result<Centre, Error> {
    let centre = centre_fetch(tx, id).await?;
    centre.ok_or_else(|| Error::missing("centre", id))
}

fn centre_of(
    message: &pb::SetCentreRequest,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<NewCentre> {
    let pb::SetCentreRequest {
        request_id: _,
        centre_id,
        name,
        city,
        handovers_by_weekday: given,
        valid_from,
        closed_days,
        inspection_required,
        etag: _,
    } = message;
    let id = id_req::<CentreId>(centre_id, "centre_id", violations);
    violations.require(
        (1..=NAME).contains(&name.len()),
        "name",
        format!("give 1 to {NAME} bytes"),
    );
    violations.require(
        !catalogue.lanes_to(city).is_empty(),
        "city",
        format!("no lane leads to {city:?}; give a city of the programme's outbound lanes"),
    );
    let from = date_req(valid_from.as_ref(), "valid_from", violations);
    let field = "handovers_by_weekday";
    let mut week = [0i64; 7];
    for (at, count) in week.iter_mut().enumerate() {
        let one = given.get(if given.len() == 1 { 0 } else { at });
        *count = i64::from(one.copied().unwrap_or(0));
    }
    violations.require(
        given.len() == 1 || given.len() == week.len(),
        field,
        format!(
            "{} numbers are given; give one for every day, or seven from Monday to Sunday",
            given.len()
        ),
    );
    violations.require(
        given.iter().all(|count| (0..=MOST).contains(count)),
        field,
        format!("a day has 0 to {MOST} handovers"),
    );
    violations.require(
        closed_days.len() <= CLOSED,
        "closed_days",
        format!("give at most {CLOSED} days"),
    );
    let mut closed = BTreeSet::new();
    for (at, day) in closed_days.iter().enumerate() {
        let field = format!("closed_days[{at}]");
        let on = date_req(Some(day), &field, violations);
        violations.require(
            on >= from,
            &field,
            format!("{on} lies before valid_from; days before it stay as they are"),
        );
        closed.insert(on);
    }
    Some(NewCentre {
        id: id?.into(),
        name: name.clone(),
        city: city.clone(),
        inspection: *inspection_required,
        hours: Hours { from, week },
        closed,
    })
}

fn count(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn centre_pb(centre: &Centre) -> pb::Centre {
    let last = centre.hours.last();
    pb::Centre {
        centre_id: centre.id.clone(),
        name: centre.name.clone(),
        city: centre.city.clone(),
        handovers_by_weekday: last
            .map(|hours| hours.week.map(count).to_vec())
            .unwrap_or_default(),
        valid_from: last.map(|hours| date_pb(hours.from)),
        closed_days: centre.closed.iter().copied().map(date_pb).collect(),
        inspection_required: centre.inspection,
        etag: centre.etag(),
    }
}

fn week_pb(centre: &Centre, week: &Week, coming: &[Coming]) -> pb::GetCentrePlanResponse {
    let days = week.days.iter().map(|day| pb::CentreDay {
        date: Some(date_pb(day.on)),
        capacity: count(day.capacity),
        booked: count(day.booked),
        arriving_count: day.arriving,
        proposed_count: count(day.proposed),
        backlog_count: day.backlog,
    });
    let proposals = week.proposals.iter().filter_map(|(given, at)| {
        let one = coming.get(*at)?;
        Some(pb::ProposedHandover {
            order_id: one.order_id.clone(),
            vin: one.vin.clone(),
            ready_on: Some(date_pb(one.ready_on)),
            promised_on: one.promised_on.map(date_pb),
            proposed_on: Some(date_pb(given.on)),
            late: given.late,
        })
    });
    pb::GetCentrePlanResponse {
        centre_id: centre.id.clone(),
        city: centre.city.clone(),
        days: days.collect(),
        waiting_count: week.waiting,
        waiting_without_appointment_count: week.without,
        proposals: proposals.collect(),
        unplaced_count: week.unplaced,
        late_count: week.late,
    }
}
