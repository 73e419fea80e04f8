//! The tables of the page. It must not ask anybody. Invariant: every cell is escaped; a table that is wider than the
//! page scrolls by itself.
use super::figures::Report;
use crate::output::{grouped, percent};

/// A table of the page. A column named with a leading `#` holds numbers, with a leading `@` dates.
pub(super) struct Sheet {
    classes: Vec<&'static str>,
    html: String,
    rows: usize,
}

impl Sheet {
    /// A table with its header.
    pub(super) fn new(header: &[&str]) -> Self {
        let classes: Vec<&'static str> = header
            .iter()
            .map(|name| match name.chars().next() {
                Some('#') => " class=\"n\"",
                Some('@') => " class=\"d\"",
                _ => "",
            })
            .collect();
        let mut html = String::from("<thead><tr>");
        for (name, class) in header.iter().zip(&classes) {
            html.push_str(&format!(
                "<th{class}>{}</th>",
                escape(name.trim_start_matches(['#', '@']))
            ));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        Self {
            classes,
            html,
            rows: 0,
        }
    }

    /// A row.
    pub(super) fn row(&mut self, cells: &[String]) {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        self.raw_row(&cells);
    }

    /// A row whose cells are markup of our own.
    fn raw_row(&mut self, cells: &[String]) {
        self.html.push_str("<tr>");
        for (cell, class) in cells.iter().zip(&self.classes) {
            self.html.push_str(&format!("<td{class}>{cell}</td>"));
        }
        self.html.push_str("</tr>\n");
        self.rows += 1;
    }

    /// Writes the table.
    pub(super) fn write(self, body: &mut String) {
        if self.rows > 0 {
            body.push_str(&format!(
                "<div class=\"scroll\"><table>{}</tbody></table></div>\n",
                self.html
            ));
        }
    }

    /// Writes the table behind a word that opens it.
    pub(super) fn fold(self, body: &mut String, summary: &str) {
        body.push_str(&format!(
            "<details><summary>{}</summary>\n",
            escape(summary)
        ));
        self.write(body);
        body.push_str("</details>\n");
    }
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Days of supply by group and month.
pub(super) fn supply(report: &Report, body: &mut String) {
    let Some(last) = report.days_of_supply.last() else {
        return;
    };
    body.push_str("<h3>Days of supply by group, at the end of the month</h3>\n");
    let months = report
        .days_of_supply
        .iter()
        .map(|sample| format!("#{}", sample.date.get(..7).unwrap_or_default()));
    let header: Vec<String> = std::iter::once("group".to_owned()).chain(months).collect();
    let mut sheet = Sheet::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    for group in last.groups.keys() {
        let mut cells = vec![group.clone()];
        cells.extend(report.days_of_supply.iter().map(|sample| {
            sample
                .groups
                .get(group)
                .map_or_else(|| "-".to_owned(), |days| format!("{days:.1}"))
        }));
        sheet.row(&cells);
    }
    sheet.write(body);
}

/// What kept the plan from being faster.
pub(super) fn binding(report: &Report, body: &mut String) {
    let binding = &report.binding;
    body.push_str("<h2>What binds</h2>\n<p>The parts and the capacity that kept the plan from being faster.</p>\n");
    if report.produced.capacity_bound_days > 0 {
        let days = report.produced.capacity_bound_days;
        body.push_str(&format!(
            "<p class=\"soft\">The line itself was the limit on {days} days.</p>\n"
        ));
    }
    if !binding.stopped.is_empty() {
        body.push_str("<h3>What stopped vehicles</h3>\n");
    }
    let mut sheet = Sheet::new(&[
        "item",
        "shop",
        "variants",
        "@first",
        "@last",
        "#days",
        "#vehicle-days",
    ]);
    for stopped in &binding.stopped {
        sheet.row(&[
            if stopped.item.is_empty() {
                "no order".to_owned()
            } else {
                stopped.item.clone()
            },
            stopped.shop.clone(),
            stopped.variants.join(" "),
            stopped.first.clone(),
            stopped.last.clone(),
            stopped.days.to_string(),
            grouped(stopped.vehicle_days),
        ]);
    }
    sheet.write(body);
    body.push_str("<h3>Items with the least room before their first order</h3>\n");
    let mut sheet = Sheet::new(&[
        "item",
        "group",
        "#lead time, days",
        "@first order",
        "#room, days",
    ]);
    for tight in &binding.tightest {
        sheet.row(&[
            tight.item.clone(),
            tight.group.clone(),
            tight.lead_time_days.to_string(),
            tight.first_release.clone(),
            tight.slack_days.to_string(),
        ]);
    }
    sheet.write(body);
}

/// Every direct supplier.
pub(super) fn suppliers(report: &Report, body: &mut String) {
    body.push_str(
        "<h2>Direct suppliers</h2>\n<p>Lots received on their day and in full, from what was received and not from what was typed.</p>\n",
    );
    let mut sheet = Sheet::new(&[
        "supplier",
        "name",
        "#lots",
        "#on time in full",
        "#kept back",
        "#lead time, days",
        "#received, m",
    ]);
    for supplier in report.suppliers.iter().filter(|supplier| supplier.lots > 0) {
        let width = (supplier.otif.unwrap_or(0.0) * 100.0).round();
        sheet.raw_row(&[
            escape(&supplier.supplier),
            escape(&supplier.name),
            grouped(supplier.lots),
            format!(
                "{}<span class=\"share\"><i style=\"width:{width}%\"></i></span>",
                percent(supplier.on_time_in_full, supplier.lots)
            ),
            grouped(supplier.blocked_lots),
            format!("{:.1}", supplier.mean_lead_time_days),
            format!("{:.1}", supplier.received_value / 1e6),
        ]);
    }
    sheet.write(body);
}

/// Every bought item.
pub(super) fn items(report: &Report, body: &mut String) {
    body.push_str("<h2>Bought items</h2>\n<p>Received = used + on hand, always.</p>\n");
    let mut sheet = Sheet::new(&[
        "item",
        "group",
        "unit",
        "#received",
        "#used",
        "#on hand",
        "#lots",
        "@first order",
    ]);
    let quantity = |thousandths: i64| {
        let rest = thousandths.unsigned_abs() % 1000;
        if rest == 0 {
            grouped(thousandths / 1000)
        } else {
            format!("{}.{rest:03}", grouped(thousandths / 1000))
        }
    };
    for item in &report.items {
        sheet.row(&[
            item.item.clone(),
            item.group.clone(),
            item.unit.clone(),
            quantity(item.thousandths.received),
            quantity(item.thousandths.issued),
            quantity(item.thousandths.stock),
            grouped(item.lots),
            item.first_release.clone().unwrap_or_default(),
        ]);
    }
    sheet.fold(body, &format!("all {} items", report.items.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_escaped_and_empty_tables_left_out() {
        let mut sheet = Sheet::new(&["name", "#count"]);
        sheet.row(&["<b>&\"".to_owned(), "3".to_owned()]);
        let mut body = String::new();
        sheet.write(&mut body);
        assert!(
            body.contains("<td>&lt;b&gt;&amp;&quot;</td><td class=\"n\">3</td>"),
            "{body}"
        );
        let mut none = String::new();
        Sheet::new(&["name"]).write(&mut none);
        assert!(none.is_empty());
    }
}
