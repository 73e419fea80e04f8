//! What production does when delivery tells what happened: orders join the queue, vehicles leave and arrive.
//!
//! It must not ask anybody. Invariants: a batch takes a constant number of statements; an order that names what the
//! programme does not know is refused whole and never guessed.

use std::collections::BTreeMap;

use takt_contract::{
    common::v1 as common,
    date_req,
    events::v1::{self as events, fact_body::Kind},
    id_req,
};
use takt_kernel::{Date, OrderId, Vin, Violations};
use takt_service::{BoxFuture, Error, Reactions, Tx, Value};

use crate::{
    Production,
    product::{
        Product,
        store::{day_of, number_of},
    },
    promise::bound::{Binding, orders_bind},
    vehicle::store::{Step, vehicles_moved},
};

/// Applies facts.
pub struct Facts(pub Production);

impl Reactions for Facts {
    fn apply<'t>(
        &'t self,
        tx: &'t Tx,
        source: &'t str,
        facts: &'t [events::Fact],
    ) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            if source != "delivery" {
                return Ok(());
            }
            let product = self.0.products.get_in(tx).await?;
            let sorted = Sorted::of(&product, facts)?;
            if !sorted.orders.is_empty() {
                sorted.save_orders(tx, &product).await?;
            }
            // Within a subject departure comes before arrival, so one after the other keeps their order.
            for (step, moves) in [
                (Step::Dispatched, &sorted.dispatched),
                (Step::HandedOver, &sorted.handed_over),
            ] {
                if !moves.is_empty() {
                    vehicles_moved(tx, step, moves).await?;
                }
            }
            Ok(())
        })
    }
}

/// An order as it joins the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NewOrder {
    number: i64,
    order_id: String,
    config: i64,
    variant: usize,
    priority: bool,
    locked_on: Date,
    traceparent: String,
    hold_id: String,
}

/// The facts of a batch by what they do.
#[derive(Debug, Default)]
struct Sorted {
    orders: Vec<NewOrder>,
    dispatched: Vec<(Vin, Date)>,
    handed_over: Vec<(Vin, Date)>,
}

impl Sorted {
    fn of(product: &Product, facts: &[events::Fact]) -> Result<Self, Error> {
        let mut sorted = Self::default();
        let mut violations = Violations::new();
        for (at, fact) in facts.iter().enumerate() {
            let Some(kind) = fact.body.as_ref().and_then(|body| body.kind.as_ref()) else {
                continue;
            };
            violations.scope(format!("facts[{at}]"), |found| match kind {
                Kind::OrderLocked(body) => {
                    sorted
                        .orders
                        .extend(order(product, body, &fact.traceparent, found))
                }
                Kind::VehicleDispatched(body) => {
                    sorted
                        .dispatched
                        .extend(moved(&body.vin, body.dispatched_on.as_ref(), found))
                }
                Kind::VehicleHandedOver(body) => {
                    sorted
                        .handed_over
                        .extend(moved(&body.vin, body.handed_over_on.as_ref(), found))
                }
                // What production tells itself, and what procurement tells outsiders.
                Kind::DisruptionDeclared(_)
                | Kind::DisruptionResolved(_)
                | Kind::MasterPlanReleased(_)
                | Kind::VehicleBuilt(_)
                | Kind::VehicleReleased(_)
                | Kind::VehicleHeld(_)
                | Kind::PartReplaced(_)
                | Kind::PartFailed(_)
                | Kind::SoftwareInstalled(_)
                | Kind::OrderChanged(_)
                | Kind::StopShipIssued(_)
                | Kind::StopShipLifted(_) => {}
            });
        }
        violations.finish()?;
        Ok(sorted)
    }

    async fn save_orders(&self, tx: &Tx, product: &Product) -> Result<(), Error> {
        let configs: BTreeMap<i64, usize> = self
            .orders
            .iter()
            .map(|order| (order.config, order.variant))
            .collect();
        let rows: Vec<Vec<Value>> = configs
            .iter()
            .map(|(config, variant)| {
                let text = product
                    .features
                    .text(takt_planning::feature::Config(*config));
                vec![(*config).into(), number_of(*variant).into(), text.into()]
            })
            .collect();
        tx.insert_many(
            "configuration",
            &["config", "variant_no", "options"],
            rows,
            "ON CONFLICT (config) DO NOTHING",
        )
        .await?;
        let rows = self.orders.iter().map(|order| {
            vec![
                order.number.into(),
                order.order_id.clone().into(),
                number_of(order.variant).into(),
                order.config.into(),
                i64::from(!order.priority).into(),
                0i64.into(),
                day_of(order.locked_on).into(),
                order.traceparent.clone().into(),
            ]
        });
        let columns = [
            "order_number",
            "order_id",
            "variant_no",
            "config",
            "queue_rank",
            "state",
            "locked_on",
            "traceparent",
        ];
        tx.insert_many("demand_order", &columns, rows.collect(), "")
            .await?;
        let named = self.orders.iter().filter(|order| !order.hold_id.is_empty());
        let bindings = named.map(|order| Binding {
            order: order.number,
            config: takt_planning::feature::Config(order.config),
            hold: order.hold_id.clone(),
        });
        orders_bind(tx, &bindings.collect::<Vec<_>>()).await
    }
}

fn order(
    product: &Product,
    body: &events::OrderLocked,
    traceparent: &str,
    found: &mut Violations,
) -> Option<NewOrder> {
    id_req::<OrderId>(&body.order_id, "order_id", found);
    found.require(body.order_number > 0, "order_number", "it counts from 1");
    let locked_on = date_req(body.locked_on.as_ref(), "locked_on", found);
    let config = product.configuration(&body.variant_id, &body.options, found)?;
    Some(NewOrder {
        number: body.order_number,
        order_id: body.order_id.clone(),
        config: config.0,
        variant: config.variant(),
        priority: body.priority,
        locked_on,
        traceparent: traceparent.to_owned(),
        hold_id: body.hold_id.clone(),
    })
}

fn moved(vin: &str, on: Option<&common::Date>, found: &mut Violations) -> Option<(Vin, Date)> {
    let on = date_req(on, "date", found);
    found.check("vin", Vin::parse(vin)).map(|vin| (vin, on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::small;
    use takt_contract::date_pb;

    fn locked(variant: &str, wheel: &str, vin: &str) -> Vec<events::Fact> {
        let date = Some(date_pb(Date::from_epoch_day(100)));
        let fact = |kind| events::Fact {
            body: Some(events::FactBody { kind: Some(kind) }),
            traceparent: "tp".to_owned(),
            ..Default::default()
        };
        vec![
            fact(Kind::OrderLocked(events::OrderLocked {
                order_id: "SO-1".to_owned(),
                order_number: 7,
                variant_id: variant.to_owned(),
                options: BTreeMap::from([("WHEEL".to_owned(), wheel.to_owned())]),
                priority: true,
                locked_on: date,
                hold_id: String::new(),
            })),
            fact(Kind::VehicleDispatched(events::VehicleDispatched {
                vin: vin.to_owned(),
                dispatched_on: date,
                shipment_id: "S".to_owned(),
            })),
            fact(Kind::VehicleBuilt(events::VehicleBuilt::default())),
        ]
    }

    #[test]
    fn facts_are_sorted_by_what_they_do() {
        let product = small();
        let sorted = Sorted::of(&product, &locked("MAX", "W20", "1M8GDM9AXKP042788")).unwrap();
        assert_eq!(
            (
                sorted.orders[0].number,
                sorted.orders[0].variant,
                sorted.orders[0].priority
            ),
            (7, 1, true)
        );
        assert_eq!((sorted.dispatched.len(), sorted.handed_over.len()), (1, 0));
        let Err(Error::Invalid { violations, .. }) =
            Sorted::of(&product, &locked("MAX", "W99", "X"))
        else {
            panic!("it must be refused")
        };
        let fields: Vec<_> = violations
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();
        assert_eq!(fields, ["facts[0].options[WHEEL]", "facts[1].vin"]);
    }
}
