//! The rules for the order of a day's vehicles as rows of an import session. It must not know how they are kept. Invariant:
//! a programme without such rules has no such row.
use takt_contract::common::v1::programme_row::Row;
use takt_contract::common::v1::sequence_rule_row::Rule;
use takt_contract::common::v1::{self as pb};

use crate::programme::{Programme, SequenceRule};

pub(super) fn rules(programme: &Programme) -> impl Iterator<Item = Row> + '_ {
    programme
        .sequence_rules
        .iter()
        .zip(1..)
        .map(|(rule, rule_number)| {
            let rule = match rule {
                SequenceRule::Ratio {
                    key,
                    value,
                    p,
                    q,
                    high,
                } => Rule::Ratio(pb::RatioRule {
                    option_key: key.to_string(),
                    value: value.to_string(),
                    most: *p,
                    span: *q,
                    high: *high,
                }),
                SequenceRule::PaintBatch { key, most } => Rule::PaintBatch(pb::PaintBatchRule {
                    option_key: key.to_string(),
                    most: *most,
                }),
                SequenceRule::Objectives(names) => Rule::Objectives(pb::ObjectivesRule {
                    objectives: names.clone(),
                }),
            };
            Row::SequenceRule(pb::SequenceRuleRow {
                rule_number,
                rule: Some(rule),
            })
        })
}
