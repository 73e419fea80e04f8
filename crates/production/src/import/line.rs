//! The rows by which the line is put in order: sequence rules, and who supplies an item from how far.
//!
//! It must not know the database, nor whether a rule fits the options; the product checks that as a whole. Invariant: a
//! row that cannot be is refused with its field.

use takt_contract::common::v1::{self as pb, sequence_rule_row::Rule};
use takt_contract::id_req;
use takt_kernel::{ItemId, SupplierId, Violations};

use super::staged::Staged;

/// The kinds of sequence rules in rows.
pub const RATIO: i64 = 1;
/// The paint batch.
pub const PAINT_BATCH: i64 = 2;
/// The objectives, joined by `;` in the place of the option key.
pub const OBJECTIVES: i64 = 3;

impl Staged {
    pub(super) fn sequence_rule(&mut self, row: &pb::SequenceRuleRow, found: &mut Violations) {
        found.require(row.rule_number > 0, "rule_number", "it counts from 1");
        let known = |kind: i64, key: &str, value: &str, most: i64, span: i64, high: bool| {
            vec![
                i64::from(row.rule_number).into(),
                kind.into(),
                key.into(),
                value.into(),
                most.into(),
                span.into(),
                i64::from(high).into(),
            ]
        };
        let rule = match &row.rule {
            Some(Rule::Ratio(rule)) => {
                let (key, value) = (&rule.option_key, &rule.value);
                known(RATIO, key, value, rule.most, rule.span, rule.high)
            }
            Some(Rule::PaintBatch(rule)) => {
                known(PAINT_BATCH, &rule.option_key, "", rule.most, 0, true)
            }
            Some(Rule::Objectives(rule)) => {
                known(OBJECTIVES, &rule.objectives.join(";"), "", 0, 0, true)
            }
            None => {
                found.push(
                    "rule",
                    "it is missing; give ratio, paint_batch or objectives",
                );
                return;
            }
        };
        self.rules.push(rule);
    }

    pub(super) fn source(&mut self, row: &pb::AgreementRow, found: &mut Violations) {
        id_req::<ItemId>(&row.item_id, "item_id", found);
        id_req::<SupplierId>(&row.supplier_id, "supplier_id", found);
        found.require(row.rank > 0, "rank", "it counts from 1");
        self.sources.push(vec![
            row.item_id.clone().into(),
            i64::from(row.rank).into(),
            row.supplier_id.clone().into(),
            row.share_millionths.into(),
        ]);
    }

    /// Lanes to customers are delivery's.
    pub(super) fn lane(&mut self, row: &pb::LaneRow, found: &mut Violations) {
        if row.outbound {
            return;
        }
        found.require(!row.lane_id.is_empty(), "lane_id", "it is missing");
        found.require(
            row.transit_millidays >= 0,
            "transit_millidays",
            "it is not negative",
        );
        self.lanes.push(vec![
            row.lane_id.clone().into(),
            row.supplier_id.clone().into(),
            row.transit_millidays.into(),
        ]);
    }
}
