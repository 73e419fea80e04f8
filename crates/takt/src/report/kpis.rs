//! The key figures of deliveries: order to delivery, how often all went well at once, and where vehicles waited. It must not know how they
//! are counted. Invariant: the joint rate stands beside the single ones, and never is their product.
use serde::Serialize;
use takt_contract::delivery::v1 as pb;
use takt_contract::delivery::v1::kpi_service_client::KpiServiceClient;

use crate::connection::{Peer, WHOLE, ask};
use crate::failure::Outcome;
use crate::output::{grouped, percent, table, table_text};

/// The figures of some handovers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Kpis {
    /// The city, the variant or the month; null for all of them.
    pub key: Option<String>,
    /// The handovers.
    pub handed_over: i64,
    /// The days from lock to handover.
    pub order_to_delivery: Days,
    /// The orders with which everything went well.
    pub perfect: i64,
    /// Those handed over by the day that was promised first.
    pub on_first_promise: i64,
    /// Those with the configuration that was ordered.
    pub right_configuration: i64,
    /// Those whose load took no longer than its lane.
    pub no_exception: i64,
    /// Those without a failed inspection.
    pub no_failed_inspection: i64,
    /// Those without a case of service within 30 days.
    pub no_service_case: i64,
    /// The five shares multiplied, in millionths; it is not the joint rate.
    pub product_of_shares_millionths: i64,
    /// The days in each stage, in the order of the way.
    pub stages: Vec<Stage>,
    /// What the lanes cost a vehicle in the mean; null where that is not known.
    pub transport_cost: Option<String>,
}

/// Days of some vehicles.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Days {
    /// The mean, in thousandths.
    pub mean_millidays: i64,
    /// The days of the middle one.
    pub median: i32,
    /// The days that nine of ten do not exceed.
    pub p90: i32,
}

/// The days in a stage.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// The stage.
    pub stage: &'static str,
    /// The days.
    #[serde(flatten)]
    pub days: Days,
}

/// Asks for figures: all of them, then those of each group.
pub(crate) async fn ask_kpis(
    peer: &Peer,
    message: pb::GetDeliveryKpisRequest,
) -> Outcome<(Kpis, Vec<Kpis>)> {
    let answer = ask!(
        peer,
        "read the key figures",
        KpiServiceClient.get_delivery_kpis,
        message,
        WHOLE
    )?;
    let total = answer.total.unwrap_or_default();
    Ok((
        Kpis::of(&total),
        answer.groups.iter().map(Kpis::of).collect(),
    ))
}

impl Days {
    fn of(figure: Option<&pb::DaysFigure>) -> Self {
        figure.map_or_else(Self::default, |figure| Self {
            mean_millidays: figure.mean_millidays,
            median: figure.median_days,
            p90: figure.p90_days,
        })
    }

    fn cells(&self) -> [String; 3] {
        let tenths = (self.mean_millidays + 50).div_euclid(100);
        [
            format!("{}.{}", tenths / 10, tenths % 10),
            self.median.to_string(),
            self.p90.to_string(),
        ]
    }
}

impl Kpis {
    fn of(told: &pb::DeliveryKpis) -> Self {
        let stage = |dwell: &pb::StageDwell| Stage {
            stage: match dwell.stage() {
                pb::DeliveryStage::Unspecified => "unknown",
                pb::DeliveryStage::BuiltToReleased => "built to released",
                pb::DeliveryStage::ReleasedToDeparted => "released to departed",
                pb::DeliveryStage::InTransit => "in transit",
                pb::DeliveryStage::ArrivedToHandover => "arrived to handover",
            },
            days: Days::of(dwell.days.as_ref()),
        };
        Self {
            key: (!told.key.is_empty()).then(|| told.key.clone()),
            handed_over: told.handed_over_count,
            order_to_delivery: Days::of(told.order_to_delivery.as_ref()),
            perfect: told.perfect_count,
            on_first_promise: told.on_first_promise_count,
            right_configuration: told.right_configuration_count,
            no_exception: told.no_exception_count,
            no_failed_inspection: told.no_failed_inspection_count,
            no_service_case: told.no_service_case_count,
            product_of_shares_millionths: told.product_of_shares_millionths,
            stages: told.stages.iter().map(stage).collect(),
            transport_cost: told.transport_cost_per_vehicle.as_ref().map(|price| {
                let cents = (price.micros + 5_000).div_euclid(10_000);
                format!("{} {}.{:02}", price.currency_code, cents / 100, cents % 100)
            }),
        }
    }

    /// The rates with their names, the joint one first and the product last.
    pub(crate) fn rates(&self) -> [(&'static str, String); 7] {
        let of = |part| percent(part, self.handed_over);
        [
            ("perfect orders, all five at once", of(self.perfect)),
            ("by the first promised day", of(self.on_first_promise)),
            ("the right configuration", of(self.right_configuration)),
            ("nothing wrong on the way", of(self.no_exception)),
            ("no failed inspection", of(self.no_failed_inspection)),
            ("no service case within 30 days", of(self.no_service_case)),
            (
                "the five multiplied, which is not the joint rate",
                match self.handed_over {
                    0 => "-".to_owned(),
                    _ => percent(self.product_of_shares_millionths, 1_000_000),
                },
            ),
        ]
    }

    /// The rows of days: order to delivery, then the stages.
    pub(crate) fn spans(&self) -> Vec<(&'static str, [String; 3])> {
        let whole = ("order to delivery", self.order_to_delivery.cells());
        let stages = self.stages.iter();
        let stages = stages.map(|stage| (stage.stage, stage.days.cells()));
        std::iter::once(whole).chain(stages).collect()
    }

    /// The figures for the report, which tells order to delivery by itself.
    pub(super) fn section(&self, text: &mut String) {
        super::text::title(text, "Key figures of delivery");
        self.tables(text, 1);
    }

    /// The figures for a terminal.
    pub(crate) fn text(&self, text: &mut String) {
        text.push_str(&format!("{} handovers\n\n", grouped(self.handed_over)));
        self.tables(text, 0);
    }

    fn tables(&self, text: &mut String, skipped: usize) {
        let mut rates = table(&["share of handovers", ">"]);
        for (name, share) in self.rates() {
            rates.add_row([name.to_owned(), share]);
        }
        let mut spans = table(&["days", ">mean", ">median", ">nine of ten"]);
        for (name, [mean, median, p90]) in self.spans().into_iter().skip(skipped) {
            spans.add_row([name.to_owned(), mean, median, p90]);
        }
        text.push_str(&format!("{}\n{}", table_text(&rates), table_text(&spans)));
        if let Some(cost) = &self.transport_cost {
            text.push_str(&format!(
                "\nTransport of a vehicle cost {cost} in the mean.\n"
            ));
        }
    }

    /// The figures for the page.
    pub(super) fn page(&self, body: &mut String) {
        body.push_str("<h2>Key figures of delivery</h2>\n<table>\n<tr><th>share of handovers</th><th></th></tr>\n");
        for (name, share) in self.rates() {
            body.push_str(&format!("<tr><td>{name}</td><td>{share}</td></tr>\n"));
        }
        body.push_str("</table>\n<table>\n<tr><th>days</th><th>mean</th><th>median</th><th>nine of ten</th></tr>\n");
        for (name, cells) in self.spans() {
            let cells = cells.map(|cell| format!("<td>{cell}</td>"));
            body.push_str(&format!("<tr><td>{name}</td>{}</tr>\n", cells.concat()));
        }
        body.push_str("</table>\n");
        if let Some(cost) = &self.transport_cost {
            body.push_str(&format!(
                "<p class=\"soft\">Transport of a vehicle cost {cost} in the mean.</p>\n"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_joint_rate_stands_first_and_the_product_is_named_what_it_is() {
        let kpis = Kpis {
            handed_over: 1_000,
            perfect: 700,
            on_first_promise: 800,
            right_configuration: 1_000,
            no_exception: 1_000,
            no_failed_inspection: 900,
            no_service_case: 800,
            product_of_shares_millionths: 576_000,
            order_to_delivery: Days {
                mean_millidays: 26_050,
                median: 20,
                p90: 45,
            },
            ..Kpis::default()
        };
        let (mut text, mut page) = (String::new(), String::new());
        kpis.text(&mut text);
        kpis.page(&mut page);
        for told in [&text, &page] {
            let at = |word| told.find(word);
            assert!(
                at("70.0 %") < at("57.6 %") && at("70.0 %").is_some(),
                "{told}"
            );
            assert!(told.contains("26.1") && told.contains("45"), "{told}");
        }
        assert!(text.starts_with("1,000 handovers\n"));
        let nothing = Kpis::default();
        assert!(nothing.rates().iter().all(|(_, share)| share == "-"));
    }
}
