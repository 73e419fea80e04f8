//! The answer of `takt partners` as tables for a person. It must not compute anything.
use super::{Stake, Told};
use crate::output::{Answer, grouped, table, table_text};

impl Stake {
    fn text(self) -> String {
        let share = format!("{:.2} %", self.effective_share * 100.0);
        match (self.effective_share > 0.0, self.more_not_public) {
            (true, true) => format!("{share} and more"),
            (true, false) => share,
            _ => "not public".to_owned(),
        }
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let whole = |value: f64| grouped(value.round() as i64);
        let dash = || "-".to_owned();
        let mut rows = table(&[
            "supplier",
            ">tier",
            ">sites",
            ">back after",
            ">survives",
            ">vehicles lost",
            ">margin lost",
            ">exposure",
            ">spend",
            ">stake",
            ">alone in",
            "others",
        ]);
        for supplier in self.suppliers.iter().take(self.top) {
            let others = &supplier.alternatives;
            let named = others
                .iter()
                .take(3)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            let more = others.len().saturating_sub(3);
            rows.add_row([
                supplier.supplier.clone(),
                supplier.tier.to_string(),
                supplier.sites.to_string(),
                supplier
                    .ttr_days
                    .map_or_else(|| "unknown".to_owned(), |days| format!("{days:.0} d")),
                supplier
                    .tts_days
                    .map_or_else(|| "always".to_owned(), |days| format!("{days:.1} d")),
                supplier.lost_vehicles.map_or_else(dash, whole),
                supplier.lost_margin.map_or_else(dash, whole),
                supplier
                    .exposure
                    .map_or_else(dash, |index| format!("{index:.3}")),
                supplier.spend.map_or_else(dash, whole),
                supplier.stake.map_or_else(dash, Stake::text),
                format!("{} of {}", supplier.needs_alone, supplier.needs),
                if more > 0 {
                    format!("{named}, {more} more")
                } else {
                    named
                },
            ]);
        }
        let held = self
            .suppliers
            .iter()
            .filter(|supplier| supplier.stake.is_some())
            .count();
        let mut text = format!(
            "{}, a supplier lost with all of its sites on {}; suppliers: {}, stakes in {held} of them; money in {}\n\n{}",
            self.programme,
            self.as_of,
            self.suppliers.len(),
            self.currency,
            table_text(&rows)
        );
        let hidden = self.suppliers.len().saturating_sub(self.top);
        if hidden > 0 {
            text.push_str(&format!(
                "and {hidden} more; --top N shows more, --output json all\n"
            ));
        }
        let mut rows = table(&[
            "supplier",
            "measure",
            ">vehicles spared",
            ">margin spared",
            ">cost",
            ">spared for one",
        ]);
        for measure in self.measures.iter().take(self.top) {
            rows.add_row([
                measure.supplier.clone(),
                match measure.measure {
                    "STOCK" => "stock at the plant".to_owned(),
                    "SECOND_SOURCE" => "second source".to_owned(),
                    _ => "capacity of others".to_owned(),
                },
                whole(measure.spared_vehicles),
                whole(measure.spared_margin),
                measure.cost.map_or_else(|| "unknown".to_owned(), whole),
                measure
                    .spared_per_money
                    .map_or_else(dash, |each| format!("{each:.2}")),
            ]);
        }
        text.push_str(&format!(
            "\nwhere money spares most, in one outage:\n{}",
            table_text(&rows)
        ));
        let hidden = self.measures.len().saturating_sub(self.top);
        if hidden > 0 {
            text.push_str(&format!("and {hidden} more measures\n"));
        }
        if !self.other_stakes.is_empty() {
            let told: Vec<String> = (self.other_stakes.iter())
                .map(|other| format!("{} ({})", other.company, other.stake.text()))
                .collect();
            text.push_str(&format!(
                "\nstakes in companies that supply nothing here: {}\n",
                told.join(", ")
            ));
        }
        text.push_str(&format!("computed in {:.2} s\n", self.elapsed_seconds));
        text
    }
}
