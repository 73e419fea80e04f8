//! Files as they are told. It must not ask anything.
use serde::Serialize;
use takt_contract::procurement::v1 as pb;
use takt_kernel::Quantity;

use super::Read;
use crate::edifact::{Delfor, DelforItem, Deljit, Desadv};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, table, table_text};
use crate::problem::{in_units, units};

/// A file that was written.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    pub(super) file: Option<String>,
    pub(super) bytes: usize,
    /// The file itself, where it went nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edifact: Option<String>,
}

impl Answer for Written {
    fn text(&self) -> String {
        let file = self.file.as_deref().unwrap_or("-");
        format!("{} bytes are in {file}\n", self.bytes)
    }
}

/// The messages of a file, and what became of its notices.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    messages: Vec<Message>,
    /// Whether anything was booked.
    booked: bool,
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Message {
    message: &'static str,
    number: String,
    date: String,
    supplier: String,
    /// The day on which goods of a notice are expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_on: Option<String>,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    item: String,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cumulatives: Option<Cumulatives>,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Cumulatives {
    release: String,
    reset_on: Option<String>,
    received: f64,
    backlog: f64,
    fabrication: Option<f64>,
    material: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    due_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_line: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_lot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lots: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maker_lot: Option<String>,
    #[serde(serialize_with = "in_units")]
    quantity: Quantity,
}

#[derive(Debug, Serialize)]
struct Refused {
    asn: String,
    field: String,
    reason: String,
}

fn line(quantity: Quantity) -> Line {
    Line {
        due_on: None,
        zone: None,
        order_line: None,
        first_lot: None,
        lots: None,
        maker_lot: None,
        quantity,
    }
}

fn schedule(read: &Delfor) -> Message {
    let item = |item: &DelforItem| Item {
        item: item.item.clone(),
        unit: item.unit.code(),
        cumulatives: Some(Cumulatives {
            release: item.release.clone(),
            reset_on: item.reset_on.map(|on| on.to_string()),
            received: units(item.received),
            backlog: units(item.backlog),
            fabrication: item.fabrication.map(units),
            material: item.material.map(units),
        }),
        lines: (item.lines.iter())
            .map(|one| Line {
                due_on: Some(one.due_on.to_string()),
                zone: Some(format!("{:?}", one.commitment).to_lowercase()),
                ..line(one.quantity)
            })
            .collect(),
    };
    Message {
        message: "DELFOR",
        number: read.number.clone(),
        date: read.issued_on.to_string(),
        supplier: read.supplier.clone(),
        expected_on: None,
        items: read.items.iter().map(item).collect(),
    }
}

fn call(read: &Deljit) -> Message {
    let items = read.deliveries.iter().map(|one| Item {
        item: one.item.clone(),
        unit: one.unit.code(),
        cumulatives: None,
        lines: vec![Line {
            due_on: Some(one.due_on.to_string()),
            ..line(one.quantity)
        }],
    });
    Message {
        message: "DELJIT",
        number: read.number.clone(),
        date: read.issued_on.to_string(),
        supplier: read.supplier.clone(),
        expected_on: None,
        items: items.collect(),
    }
}

fn notice(read: &Desadv) -> Message {
    let items = read.lines.iter().map(|one| Item {
        item: one.item.clone(),
        unit: one.unit.code(),
        cumulatives: None,
        lines: vec![Line {
            order_line: Some(one.order_line),
            first_lot: Some(one.first_lot.to_string()),
            lots: Some(one.lots),
            maker_lot: Some(one.maker_lot.clone()),
            ..line(one.quantity)
        }],
    });
    Message {
        message: "DESADV",
        number: read.number.clone(),
        date: read.shipped_on.to_string(),
        supplier: read.supplier.clone(),
        expected_on: Some(read.expected_on.to_string()),
        items: items.collect(),
    }
}

impl Told {
    /// What a file says; `booked` is what was refused of it, where it was booked.
    pub(super) fn of(messages: &[Read], booked: Option<&[pb::RefusedAsn]>) -> Self {
        let message = |read: &Read| match read {
            Read::Schedule(read) => schedule(read),
            Read::Call(read) => call(read),
            Read::Notice(read) => notice(read),
        };
        let refused = booked.unwrap_or_default().iter().map(|one| Refused {
            asn: one.asn_id.clone(),
            field: one.field.clone(),
            reason: one.reason.clone(),
        });
        Self {
            messages: messages.iter().map(message).collect(),
            booked: booked.is_some(),
            refused: refused.collect(),
        }
    }

    /// A notice that was refused ends the command like any refusal.
    pub(super) fn refused(&self) -> Outcome<()> {
        let Some(first) = self.refused.first() else {
            return Ok(());
        };
        let more = match self.refused.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!(
            "notice {} is refused: {}: {}{more}",
            first.asn, first.field, first.reason
        );
        Err(Failure::refused(message))
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut text = String::new();
        for message in &self.messages {
            let expected = (message.expected_on.iter())
                .map(|on| format!(", expected on {on}"))
                .collect::<String>();
            text.push_str(&format!(
                "{} {} of {}, {}{expected}\n\n",
                message.message, message.number, message.date, message.supplier
            ));
            for item in &message.items {
                if let Some(sums) = &item.cumulatives {
                    let since = sums.reset_on.as_deref().unwrap_or("-");
                    let or = |sum: Option<f64>| {
                        sum.map_or_else(|| "-".to_owned(), |sum| sum.to_string())
                    };
                    text.push_str(&format!(
                        "{}, release {}: received {} since {since}, overdue {}, may be made up to {}, material up to {}\n",
                        item.item, sums.release, sums.received, sums.backlog, or(sums.fabrication), or(sums.material)
                    ));
                }
            }
            let mut rows = table(&[
                "item",
                "due on",
                "zone",
                ">order line",
                "first lot",
                ">lots",
                ">quantity",
                "unit",
            ]);
            let dash = |text: Option<&String>| text.cloned().unwrap_or_else(|| "-".to_owned());
            let count = |count: Option<i64>| {
                count.map_or_else(|| "-".to_owned(), |count| count.to_string())
            };
            for item in &message.items {
                for line in &item.lines {
                    rows.add_row([
                        item.item.clone(),
                        dash(line.due_on.as_ref()),
                        dash(line.zone.as_ref()),
                        count(line.order_line),
                        dash(line.first_lot.as_ref()),
                        count(line.lots),
                        line.quantity.to_string(),
                        item.unit.to_owned(),
                    ]);
                }
            }
            text.push_str(&table_text(&rows));
            text.push('\n');
        }
        if self.booked {
            let notices = self
                .messages
                .iter()
                .filter(|one| one.message == "DESADV")
                .count();
            text.push_str(&format!(
                "{} of {notices} notices are booked\n",
                notices.saturating_sub(self.refused.len())
            ));
        }
        text
    }
}
