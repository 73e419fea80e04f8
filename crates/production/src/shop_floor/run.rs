//! Running a day: written down, decided, its parts kept by procurement, built; whoever finds it broken off goes on.
//!
//! It must not decide what is built (`choose` does). Invariants: what was decided is kept before parts are reserved, so
//! that a retry reserves the same; the reservation's request id derives from the day's; a day is built in one
//! transaction with its facts and its recorded answer.

use std::{collections::BTreeSet, sync::Arc};

use prost::Message;
use takt_contract::{
    date_pb,
    events::v1::{self as events, fact_body::Kind},
    production::v1 as pb,
};
use takt_kernel::{Date, RequestId, Share};
use takt_planning::feature::Config;
use takt_service::{Call, Error, Intent, IntentHandler, NewFact, Once, Tx};

use super::{
    Choice, DayRefusal, Floor, Orders,
    built::{self, NewVehicle},
    changes_begun, chosen,
    issue::{ShopOrder, issue, shop_orders, vin, with_own_lots},
    store::{self, DayRow},
    wanted,
};
use crate::{
    Production,
    change::store::changes_began,
    order_book::store::book_revision,
    peers::{Reserve, Reserved, reserve, stock_on},
    plan::{rpc::variants_pb, store::built_fetch},
    product::Product,
    promise::bound::slots_consume,
    quality::{hold::builds_catch, store::gate_pass},
    sequence::store::sequence_built,
};

/// The method, as request ids are recorded for it.
const METHOD: &str = "takt.production.v1.ShopFloorService/RunDay";
/// The kind of intent that finishes days.
pub const KIND: &str = "run_day";
/// Orders that are read beyond those wanted, so that some may be passed over for a missing option.
const SPARE: i64 = 64;
/// How often a day is decided anew in one call when its parts are taken by others.
const ATTEMPTS: i64 = 5;
/// Why a vehicle is kept back that the day's request names.
const HELD: &str = "kept back at the end of the line";

/// A day as it was asked for.
#[derive(Debug, Clone)]
pub struct DayRequest {
    /// The request.
    pub id: RequestId,
    /// Its message.
    pub message: pb::RunDayRequest,
    /// The day.
    pub on: Date,
    /// What the world says about it.
    pub orders: Orders,
}

impl DayRequest {
    /// The day of a message that was checked.
    pub fn new(id: RequestId, message: pb::RunDayRequest, on: Date) -> Self {
        let places = |places: &[i32]| {
            places
                .iter()
                .filter_map(|place| usize::try_from(*place).ok())
                .collect()
        };
        let orders = Orders {
            pulled: places(&message.pulled_places),
            held: places(&message.held_places),
        };
        Self {
            id,
            message,
            on,
            orders,
        }
    }

    fn once(&self) -> Once {
        Once::of(METHOD, *self.id.as_bytes(), &self.message)
    }

    fn shifts(&self) -> Option<i64> {
        self.message.shifts.map(i64::from)
    }
}

/// Runs a day for a caller.
///
/// # Errors
/// `Refused` when the day is not to be run, `Down` when procurement does not answer; the day then stays begun.
pub async fn run_day(
    production: &Production,
    call: &Call,
    request: DayRequest,
) -> Result<pb::RunDayResponse, Error> {
    // One day at a time in this process: the reconciler waits here while a caller's own call does the work.
    let _line = production.line.lock().await;
    let request = Arc::new(request);
    let asked = Arc::clone(&request);
    let answered = production.deps.store.write(call, "day_begin", move |tx| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let answer = tx.once_answer::<pb::RunDayResponse>(&asked.once()).await?;
            if answer.is_none() {
                store::day_begin(
                    tx,
                    asked.on,
                    &asked.id.to_string(),
                    &asked.message.encode_to_vec(),
                )
                .await?;
                tx.intent_add(KIND, &asked.on.to_string(), Vec::new())
                    .await?;
            }
            Ok(answer)
        })
    });
    match answered.await? {
        Some(answer) => Ok(answer),
        None => finish(production, call, &request).await,
    }
}

/// Finishes days that were begun and broken off.
pub struct DayIntents(pub Production);

#[tonic::async_trait]
impl IntentHandler for DayIntents {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let on = Date::parse(&intent.key)
            .map_err(|error| Error::broken(format!("intent {KIND}: {error}")))?;
        let _line = self.0.line.lock().await;
        let begun = self.0.deps.store.read(call, "day_get", move |tx| {
            Box::pin(store::day_fetch(tx, on))
        });
        if let Some(row) = begun.await?.filter(|row| !row.done) {
            let message = pb::RunDayRequest::decode(row.request.as_slice());
            let message = message
                .map_err(|error| Error::broken(format!("the request of day {on}: {error}")))?;
            let id = RequestId::parse(&row.request_id)
                .map_err(|error| Error::broken(format!("day {on}: {error}")))?;
            finish(&self.0, call, &Arc::new(DayRequest::new(id, message, on))).await?;
        }
        let done = intent.clone();
        let ended = self.0.deps.store.write(call, "day_intent", move |tx| {
            let done = done.clone();
            Box::pin(async move { tx.intent_finish(&done).await })
        });
        ended.await.map(|_| ())
    }
}

/// Takes a day that was begun to its end, from wherever it stands.
async fn finish(
    production: &Production,
    call: &Call,
    request: &Arc<DayRequest>,
) -> Result<pb::RunDayResponse, Error> {
    let product = production.products.get(call).await?;
    let on = request.on;
    for _ in 0..ATTEMPTS {
        let standing = production
            .deps
            .store
            .read(call, "day_get", move |tx| {
                Box::pin(store::day_fetch(tx, on))
            })
            .await?;
        let Some(row) = standing.filter(|row| !row.done) else {
            break;
        };
        let choice = match decided(production, call, request, &product, &row).await? {
            Some(choice) => Arc::new(choice),
            // Somebody else decided meanwhile; what they kept is what counts.
            None => continue,
        };
        let reserved = match reserved(production, call, request, &product, &row, &choice).await {
            Ok(reserved) => reserved,
            Err(Error::Refused {
                reason, message, ..
            }) => {
                tracing::warn!(%on, %reason, message, "the day is decided anew");
                let attempt = row.attempt;
                let store = &production.deps.store;
                let forgotten = store.write(call, "day_unchosen", move |tx| {
                    Box::pin(async move { store::day_unchosen(tx, on, attempt).await })
                });
                forgotten.await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let built = Arc::new(Build {
            request: Arc::clone(request),
            product: Arc::clone(&product),
            choice,
            reserved,
            attempt: row.attempt,
        });
        let began = !changes_begun(&product, &built.choice, 0).is_empty();
        let work = production.deps.store.write(call, "day_build", move |tx| {
            let built = Arc::clone(&built);
            Box::pin(async move { built.write(tx).await })
        });
        if let Some(answer) = work.await? {
            if began {
                production.products.forget();
            }
            return Ok(answer);
        }
    }
    let asked = Arc::clone(request);
    let answered = production.deps.store.read(call, "day_answer", move |tx| {
        let asked = Arc::clone(&asked);
        Box::pin(async move { tx.once_answer::<pb::RunDayResponse>(&asked.once()).await })
    });
    answered
        .await?
        .ok_or_else(|| DayRefusal::Contended(on).into())
}

/// What the day builds: as it was kept, or decided now and kept.
async fn decided(
    production: &Production,
    call: &Call,
    request: &Arc<DayRequest>,
    product: &Arc<Product>,
    row: &DayRow,
) -> Result<Option<Choice>, Error> {
    if let Some(choice) = &row.chosen {
        return Ok(Some(choice.clone()));
    }
    let on = request.on;
    let lost = Share(request.message.lost_millionths);
    let limits = product.limits(on, request.shifts()).without(lost);
    let stock = stock_on(production, call, product, on).await?;
    let mut spare = SPARE;
    let (choice, book) = loop {
        let (reading, room) = (Arc::clone(product), limits.total());
        let read = production.deps.store.read(call, "day_floor", move |tx| {
            let product = Arc::clone(&reading);
            Box::pin(async move {
                let built = built_fetch(tx, product.variants.len()).await?;
                let most: Vec<i64> = wanted(&product, on, &built)
                    .iter()
                    .map(|due| due.min(&room) + spare)
                    .collect();
                let floor = store::floor_fetch(tx, &product, on, &most).await?;
                Ok((floor, book_revision(tx).await?))
            })
        });
        let (mut floor, book): (Floor, i64) = read.await?;
        floor.stock.clone_from(&stock);
        match chosen(product, on, limits.clone(), floor, &request.orders).await? {
            Some(choice) => break (choice, book),
            None => spare = spare.saturating_mul(8),
        }
    };
    let (attempt, kept) = (row.attempt, Arc::new(choice.clone()));
    let first = production.deps.store.write(call, "day_chosen", move |tx| {
        let kept = Arc::clone(&kept);
        Box::pin(async move { store::day_chosen(tx, on, (attempt, book), &kept).await })
    });
    Ok(first.await?.then_some(choice))
}

/// The lots of the day's parts; nothing is asked where nothing is built.
async fn reserved(
    production: &Production,
    call: &Call,
    request: &DayRequest,
    product: &Product,
    row: &DayRow,
    choice: &Choice,
) -> Result<Reserved, Error> {
    let vehicles = i64::try_from(choice.built().count()).unwrap_or(i64::MAX);
    if vehicles == 0 {
        return Ok(Reserved::default());
    }
    let wanted = Reserve {
        request_id: request
            .id
            .derive(&format!("reserve/{}", row.attempt))
            .to_string(),
        reservation_id: reservation_id(request.on),
        build_on: request.on,
        vehicles,
        lines: choice.needs(product),
    };
    reserve(production, call, product, &wanted).await
}

fn reservation_id(on: Date) -> String {
    format!("build-{on}")
}

/// A day whose parts are kept, ready to be written.
pub(super) struct Build {
    pub(super) request: Arc<DayRequest>,
    pub(super) product: Arc<Product>,
    pub(super) choice: Arc<Choice>,
    pub(super) reserved: Reserved,
    pub(super) attempt: i64,
}

impl Build {
    /// Writes the day and records its answer; None when somebody else has written it.
    pub(super) async fn write(&self, tx: &Tx) -> Result<Option<pb::RunDayResponse>, Error> {
        let (on, product, message) = (self.request.on, &self.product, &self.request.message);
        let shifts = self.request.shifts().unwrap_or_else(|| product.shifts(on));
        if !store::day_finish(
            tx,
            on,
            self.attempt,
            shifts,
            message.lost_millionths,
            &self.choice,
        )
        .await?
        {
            return Ok(None);
        }
        // A hold that is placed meanwhile waits, and then finds these vehicles.
        gate_pass(tx).await?;
        let (serial, first_build) = built::counters_fetch(tx).await?;
        let mut vehicles = self.vehicles(serial, first_build)?;
        built::vehicles_save(tx, on, &vehicles).await?;
        let began = changes_begun(product, &self.choice, first_build);
        if !began.is_empty() {
            changes_began(tx, &began).await?;
        }
        let built = vehicles.iter().filter(|one| one.build_number.is_some());
        slots_consume(tx, &built.map(|one| one.order_number).collect::<Vec<_>>()).await?;
        let configs: Vec<Config> = self.choice.built().map(|place| place.config()).collect();
        let last_build = first_build + i64::try_from(configs.len()).unwrap_or(0) - 1;
        let orders = shop_orders(product, &configs);
        if !configs.is_empty() {
            self.issue(tx, first_build, last_build, &configs, &orders)
                .await?;
            let kept = builds_catch(tx, product, (first_build, last_build)).await?;
            vehicles.iter_mut().for_each(|one| one.keep_back(&kept));
        }
        built::shop_orders_save(tx, on, &orders).await?;
        built::stops_save(tx, product, on, &self.choice.stops).await?;
        sequence_built(tx, self.choice.sequence(on)).await?;
        tx.emit_many(self.facts(tx, &vehicles).await?).await?;
        tx.intent_finish_key(KIND, &on.to_string()).await?;
        let answer = self.answer(&configs, first_build);
        tx.once_record(&self.request.once(), &answer).await?;
        Ok(Some(answer))
    }

    /// The vehicles in sequence; the serial is taken on entering the line, the build number when parts are issued.
    fn vehicles(&self, mut serial: i64, mut build: i64) -> Result<Vec<NewVehicle>, Error> {
        let mut vehicles = Vec::with_capacity(self.choice.places.len());
        for place in &self.choice.places {
            let config = place.config();
            let taken = place.serial.unwrap_or(serial);
            let vin = vin(&self.product, config.variant(), taken);
            vehicles.push(NewVehicle {
                serial: taken,
                vin: vin
                    .map_err(|error| Error::refused("VIN_SCHEME", error))?
                    .to_string(),
                build_number: (!place.pulled).then_some(build),
                order_number: place.order,
                config,
                known: place.serial.is_some(),
                hold_reason: if place.held && !place.pulled {
                    HELD.to_owned()
                } else {
                    String::new()
                },
            });
            serial += i64::from(place.serial.is_none());
            build += i64::from(!place.pulled);
        }
        Ok(vehicles)
    }

    async fn issue(
        &self,
        tx: &Tx,
        first: i64,
        last: i64,
        configs: &[Config],
        orders: &[ShopOrder],
    ) -> Result<(), Error> {
        let serialised = |item: &usize| {
            self.product
                .items
                .get(*item)
                .is_some_and(|item| item.serialised)
        };
        let lots = self
            .reserved
            .layers
            .iter()
            .filter(|(item, _)| serialised(item))
            .flat_map(|(_, layers)| layers);
        let lots: BTreeSet<_> = lots.map(|layer| layer.lot).collect();
        let used = built::serials_used_fetch(tx, &lots).await?;
        let issue_no = built::issue_next(tx).await?;
        let lots = with_own_lots(&self.product, &self.reserved, orders, issue_no);
        let record = issue(&self.product, first, configs, &lots, &used).map_err(|error| {
            Error::broken(format!(
                "reservation {}: {error}",
                reservation_id(self.request.on)
            ))
        })?;
        built::issue_save(
            tx,
            issue_no,
            self.request.on,
            &reservation_id(self.request.on),
            (first, last),
            &record,
            &lots.sources,
        )
        .await
    }

    async fn facts(&self, tx: &Tx, vehicles: &[NewVehicle]) -> Result<Vec<NewFact>, Error> {
        let numbers: Vec<i64> = vehicles
            .iter()
            .map(|vehicle| vehicle.order_number)
            .collect();
        let orders = store::orders_fetch(tx, &numbers).await?;
        let count = i32::try_from(self.choice.built().count()).unwrap_or(i32::MAX);
        let mut facts = Vec::with_capacity(vehicles.len());
        for vehicle in vehicles {
            let Some(build_number) = vehicle.build_number else {
                continue;
            };
            let order = orders
                .get(&vehicle.order_number)
                .cloned()
                .unwrap_or_default();
            let body = events::VehicleBuilt {
                vin: vehicle.vin.clone(),
                build_number,
                order_id: order.order_id,
                variant_id: self.product.variant_id(vehicle.config.variant()).to_owned(),
                built_on: Some(date_pb(self.request.on)),
                reservation_id: reservation_id(self.request.on),
                reservation_vehicle_count: count,
                released: vehicle.hold_reason.is_empty(),
            };
            facts.push(NewFact {
                subject: vehicle.vin.clone(),
                on: self.request.on,
                // The vehicle belongs to the trace of its order, not to that of the day.
                traceparent: Some(order.traceparent).filter(|trace| !trace.is_empty()),
                body: Kind::VehicleBuilt(body),
            });
        }
        Ok(facts)
    }

    fn answer(&self, configs: &[Config], first_build: i64) -> pb::RunDayResponse {
        let mut built = vec![0i64; self.product.variants.len()];
        for config in configs {
            if let Some(count) = built.get_mut(config.variant()) {
                *count += 1;
            }
        }
        let total: i64 = built.iter().sum();
        let last = first_build + total - 1;
        pb::RunDayResponse {
            wanted_count: self.choice.wanted,
            capacity: self.choice.capacity,
            built: variants_pb(&self.product, &built),
            first_build_number: if total > 0 { first_build } else { 0 },
            last_build_number: if total > 0 { last } else { 0 },
            reservation_id: if total > 0 {
                reservation_id(self.request.on)
            } else {
                String::new()
            },
            stops: self
                .choice
                .stops
                .iter()
                .map(|stop| super::rpc::stop_pb(&self.product, self.request.on, stop))
                .collect(),
            cumulative_built_count: last,
        }
    }
}
