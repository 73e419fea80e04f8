//! sequence_rules.csv, service_cases.csv, recalls.csv, co2_factors.csv and world.csv. It must not draw
//! from the world. Invariant: every item, shop, feature and value that a row names exists.
use super::items::check_shop;
use super::sheet::Sheet;
use super::{Known, loose_date, once};
use crate::programme::folder::Folder;
use crate::programme::model::{
    Co2Factor, Recall, SequenceRule, ServiceCase, WorldFigure, WorldKind, WorldValue,
};
use crate::programme::problem::{Log, list, quote};
use crate::programme::table::{Row, columns, each_row, share};
use std::collections::HashMap;
use takt_kernel::{
    Currency, ItemId, OptionKey, OptionValue, ParseError, Price, ShopId, SupplierId, decimal,
};

pub(super) fn sequence_rules(
    folder: &Folder,
    sheet: Option<&Sheet>,
    log: &mut Log,
) -> Vec<SequenceRule> {
    let columns = columns(&["rule", "feature"], &["p", "q", "priority", "note"]);
    let mut rules = Vec::new();
    each_row(folder, "sequence_rules.csv", &columns, log, |row| {
        let feature = row.must_text("feature");
        match row.must_text("rule").as_str() {
            "ratio" => rules.extend(ratio(row, &feature, sheet)),
            "paint_batch_max" => {
                let most = row.must_number("p", 0, 1);
                if let Some(sheet) = sheet.filter(|sheet| sheet.offer.sound)
                    && !sheet
                        .offer
                        .features
                        .iter()
                        .any(|known| known.key.as_str() == feature)
                {
                    let known = sheet.offer.feature_names();
                    row.error(format_args!(
                        "{} is not a feature; features are {known}",
                        quote(&feature)
                    ));
                }
                rules.extend(
                    OptionKey::parse(&feature)
                        .ok()
                        .map(|key| SequenceRule::PaintBatch { key, most }),
                );
            }
            "objectives" => {
                let names = feature.split(';').map(|name| name.trim().to_owned());
                rules.push(SequenceRule::Objectives(names.collect()));
            }
            "" => {}
            other => row.error(format_args!(
                "rule {} is not known; rules are ratio, paint_batch_max, objectives",
                quote(other)
            )),
        }
    });
    rules
}

fn ratio(row: &mut Row<'_>, feature: &str, sheet: Option<&Sheet>) -> Option<SequenceRule> {
    let (p, q) = (row.must_number("p", 0, 1), row.must_number("q", 0, 1));
    if p > q {
        row.error(format_args!("allows {p} of {q}; p is at most q"));
    }
    let high = row.must("priority", |text| match text {
        "high" => Ok(true),
        "low" => Ok(false),
        _ => Err(ParseError::new("priority", text, "it is high or low")),
    });
    let Some((key, value)) = feature.split_once('=') else {
        row.error(format_args!(
            "feature {} of a ratio is KEY=VALUE",
            quote(feature)
        ));
        return None;
    };
    if let Some(Err(error)) = sheet.map(|sheet| sheet.offer.check(key, value)) {
        row.error(error);
    }
    let (key, value) = (OptionKey::parse(key).ok()?, OptionValue::parse(value).ok()?);
    Some(SequenceRule::Ratio {
        key,
        value,
        p,
        q,
        high: high?,
    })
}

pub(super) fn service_cases(folder: &Folder, known: &Known, log: &mut Log) -> Vec<ServiceCase> {
    let columns = columns(
        &["category", "share", "items"],
        &["remedy", "labour_h", "cost_usd", "source_kind", "source"],
    );
    let (mut cases, mut seen) = (Vec::new(), HashMap::new());
    each_row(folder, "service_cases.csv", &columns, log, |row| {
        let items = row.many("items", ItemId::parse);
        for item in &items {
            known.check_item(row, "item", item);
        }
        let case = ServiceCase {
            category: row.must_text("category"),
            share: row
                .must("share", |text| share(text, 1, 1_000_000))
                .unwrap_or_default(),
            items,
            remedy: row.text("remedy"),
            labour_millihours: row.maybe_number("labour_h", 3, 0).unwrap_or(0),
            cost: Price::new(
                row.maybe_number("cost_usd", 6, 0).unwrap_or(0),
                Currency::USD,
            ),
            source_kind: row.text("source_kind"),
            source: row.text("source"),
        };
        once(&mut seen, case.category.clone(), row, "this category");
        cases.push(case);
    });
    cases
}

pub(super) fn recalls(folder: &Folder, known: &Known, log: &mut Log) -> Vec<Recall> {
    let columns = columns(
        &["recall_id", "maker", "date", "units"],
        &[
            "model",
            "regulator",
            "built_from",
            "built_to",
            "item_hint",
            "defect",
            "remedy",
            "detail",
            "source_kind",
            "source",
        ],
    );
    let (mut recalls, mut seen) = (Vec::new(), HashMap::new());
    each_row(folder, "recalls.csv", &columns, log, |row| {
        let item = row.maybe("item_hint", ItemId::parse);
        if let Some(item) = &item {
            known.check_item(row, "item_hint", item);
        }
        let on = row.must("date", loose_date);
        let (built_from, built_to) = (
            row.maybe("built_from", loose_date),
            row.maybe("built_to", loose_date),
        );
        if let (Some(from), Some(to)) = (&built_from, &built_to)
            && to.last < from.first
        {
            row.error(format_args!(
                "built_to {} is before built_from {}",
                to.text, from.text
            ));
        }
        let id = row.must_text("recall_id");
        once(&mut seen, id.clone(), row, "this recall_id");
        let units = row.must_number("units", 0, 0);
        let maker = row.must_text("maker");
        let Some(on) = on else { return };
        recalls.push(Recall {
            id,
            maker,
            model: row.text("model"),
            regulator: row.text("regulator"),
            on,
            units,
            built_from,
            built_to,
            item,
            defect: row.text("defect"),
            remedy: row.text("remedy"),
            detail: row.text("detail"),
            source_kind: row.text("source_kind"),
            source: row.text("source"),
        });
    });
    recalls
}

pub(super) fn co2_factors(folder: &Folder, log: &mut Log) -> Vec<Co2Factor> {
    let columns = columns(&["kind", "key", "kgco2e", "per"], &["source_kind"]);
    let (mut factors, mut seen) = (Vec::new(), HashMap::new());
    each_row(folder, "co2_factors.csv", &columns, log, |row| {
        let kind = row.must_text("kind");
        let per = match kind.as_str() {
            "transport" => "tonne-km",
            "energy" => "kWh",
            "" => "",
            other => {
                row.error(format_args!(
                    "kind {} is not known; kinds are transport, energy",
                    quote(other)
                ));
                ""
            }
        };
        let factor = Co2Factor {
            key: row.must_text("key"),
            co2e_mg: row.must_number("kgco2e", 6, 0),
            per: row.must_text("per"),
            source_kind: row.text("source_kind"),
            kind,
        };
        if !per.is_empty() && !factor.per.is_empty() && factor.per != per {
            row.error(format_args!(
                "per {} of {} must be {per}",
                quote(&factor.per),
                factor.kind
            ));
        }
        once(
            &mut seen,
            (factor.kind.clone(), factor.key.clone()),
            row,
            "this kind with this key",
        );
        factors.push(factor);
    });
    factors
}

pub(super) fn world(
    folder: &Folder,
    sheet: Option<&Sheet>,
    known: &Known,
    log: &mut Log,
) -> Vec<WorldFigure> {
    let columns = columns(&["kind", "key", "parameter", "value"], &[]);
    let (mut figures, mut seen) = (Vec::new(), HashMap::new());
    each_row(folder, "world.csv", &columns, log, |row| {
        let name = row.must_text("kind");
        let kind = WorldKind::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind);
        if kind.is_none() && !name.is_empty() {
            let kinds = list(WorldKind::ALL.iter().map(|(name, _)| name));
            row.error(format_args!(
                "kind {} is not known; kinds are {kinds}",
                quote(&name)
            ));
        }
        let (key, parameter) = (row.must_text("key"), row.must_text("parameter"));
        let value = row.must_text("value");
        let number = decimal(&value, 6, "number");
        let fraction = parameter.contains("probability") || parameter.contains("fraction");
        match &number {
            Ok(number) if *number < 0 => {
                row.error(format_args!("value {} is negative", quote(&value)))
            }
            Ok(number) if fraction && *number > 1_000_000 => {
                row.error(format_args!(
                    "value {} of {parameter} is more than 1",
                    quote(&value)
                ));
            }
            Err(_) if fraction => row.error(format_args!(
                "value {} of {parameter} is not a number",
                quote(&value)
            )),
            _ => {}
        }
        if kind == Some(WorldKind::BadLot) && parameter == "supplier" {
            match SupplierId::parse(&value) {
                Ok(supplier) => known.check_supplier(row, "value", &supplier),
                Err(error) => row.error(error),
            }
        }
        match (kind, sheet) {
            (Some(WorldKind::BadLot), _) => match ItemId::parse(&key) {
                Ok(item) => known.check_item(row, "key", &item),
                Err(error) => row.error(error),
            },
            (Some(WorldKind::Station | WorldKind::Changeover), Some(sheet)) => {
                match ShopId::parse(&key) {
                    Ok(shop) => check_shop(row, &shop, sheet),
                    Err(error) => row.error(error),
                }
            }
            _ => {}
        }
        once(
            &mut seen,
            (name, key.clone(), parameter.clone()),
            row,
            "this kind, key and parameter",
        );
        let value = number.map_or(WorldValue::Text(value), WorldValue::Number);
        figures.extend(kind.map(|kind| WorldFigure {
            kind,
            key,
            parameter,
            value,
        }));
    });
    figures
}
