//! The rows of the network: what the programme says of links and sites, what was declared, and grants.
//!
//! It must not know rules. Invariant: the number of statements does not depend on the number of links.

use takt_planning::tier::SiteFacts;
use takt_service::{Error, Row, Tx};

use super::{Evidence, Flow, Key, Maker, Sources, Way, grant::Grant};
use crate::{
    programme::Catalogue,
    rows::{date, date_opt, day, day_opt, get},
};

/// The columns of a declared link, all of them business.
pub(crate) const DECLARED: [&str; 11] = [
    "from_supplier_id",
    "from_item_id",
    "to_supplier_id",
    "to_item_id",
    "quantity",
    "share",
    "lead_days",
    "evidence",
    "confidence",
    "valid_from",
    "valid_until",
];

/// The columns of a grant, all of them business.
pub(crate) const GRANT: [&str; 6] = [
    "grant_id",
    "supplier_id",
    "item_ids",
    "valid_from",
    "valid_until",
    "revoked",
];

/// Everything that makes a network: agreements say who supplies the plant, links who supplies whom before that.
pub(crate) async fn sources_fetch(tx: &Tx, catalogue: &Catalogue) -> Result<Sources, Error> {
    let plant = catalogue.programme().plant_supplier_id.clone();
    let mut sources = Sources {
        flows: flows_fetch(tx, catalogue).await?,
        bought: (catalogue.bought().iter())
            .map(|bought| (bought.item.id.to_string(), bought.item.name.clone()))
            .collect(),
        plant,
        ..Sources::default()
    };
    for supplier in catalogue.suppliers() {
        // The import writes 0, 0 where nobody knows the place.
        if supplier.place_micro != (0, 0) {
            sources
                .places
                .insert(supplier.id.to_string(), supplier.place_micro);
        }
    }
    let sql = "SELECT supplier_id, item_id, name, process_hours, wait_hours, stock_days, yield_share, co2e_grams FROM node";
    for row in tx.rows(sql, vec![]).await? {
        let of = |column: usize, times: i64| -> Result<Option<i64>, Error> {
            Ok(get::<Option<i64>>(&row, column)?.map(|value| value.saturating_mul(times)))
        };
        let facts = SiteFacts {
            process: of(3, 1000)?,
            wait: of(4, 1000)?,
            stock: of(5, super::DAY)?,
            yield_share: of(6, 1)?,
            carbon: of(7, 1000)?,
        };
        let maker = Maker {
            name: get(&row, 2)?,
            facts,
        };
        sources.makers.insert((get(&row, 0)?, get(&row, 1)?), maker);
    }
    let sql = "SELECT supplier_id, transit_millidays, distance_km FROM lane ORDER BY lane_no";
    for row in tx.rows(sql, vec![]).await? {
        let kilometres: i64 = get(&row, 2)?;
        let way = Way {
            transit_millidays: get(&row, 1)?,
            metres: (kilometres > 0).then_some(kilometres.saturating_mul(1000)),
        };
        let kept = sources.ways.entry(get(&row, 0)?).or_insert(way);
        if way.transit_millidays < kept.transit_millidays {
            *kept = way;
        }
    }
    Ok(sources)
}

/// All links: of agreements, of the programme, and declared ones, which come last because they take the place of others.
pub(crate) async fn flows_fetch(tx: &Tx, catalogue: &Catalogue) -> Result<Vec<Flow>, Error> {
    let plant = &catalogue.programme().plant_supplier_id;
    let mut flows = Vec::new();
    for bought in catalogue.bought() {
        let item = bought.item.id.to_string();
        flows.extend(bought.sources.iter().map(|source| Flow {
            from: (source.terms.supplier.to_string(), item.clone()),
            to: (plant.clone(), item.clone()),
            share: source.terms.share.millionths(),
            quantity: 1000,
            lead_days: Some(i64::from(source.terms.lead_days)),
            stock_days: None,
            evidence: Evidence::Declared,
            confidence: None,
            valid: (None, None),
        }));
    }
    let sql = "SELECT from_supplier_id, item_id, to_supplier_id, into_item_ids, share, quantity, lead_days, customer_stock_days, \
               evidence, valid_from, valid_until FROM link ORDER BY link_no";
    for row in tx.rows(sql, vec![]).await? {
        let to: String = get(&row, 2)?;
        if to == *plant {
            continue;
        }
        let from: Key = (get(&row, 0)?, get(&row, 1)?);
        // The import writes 0 where nobody knows.
        let known = |column: usize| -> Result<Option<i64>, Error> {
            Ok(Some(get::<i64>(&row, column)?).filter(|value| *value > 0))
        };
        let (lead_days, stock_days) = (known(6)?, known(7)?);
        let quantity = known(5)?.unwrap_or(1000);
        let evidence = match get::<String>(&row, 8)?.as_str() {
            "estimated" | "recalled" => Evidence::Inferred,
            _ => Evidence::Declared,
        };
        let (share, valid) = (get(&row, 4)?, (date_opt(&row, 9)?, date_opt(&row, 10)?));
        let into: String = get(&row, 3)?;
        flows.extend(
            into.split(';')
                .filter(|item| !item.is_empty())
                .map(|item| Flow {
                    from: from.clone(),
                    to: (to.clone(), item.to_owned()),
                    share,
                    quantity,
                    lead_days,
                    stock_days,
                    evidence,
                    confidence: None,
                    valid,
                }),
        );
    }
    let sql = format!(
        "SELECT {} FROM declared_link ORDER BY to_supplier_id, to_item_id, from_supplier_id, from_item_id",
        DECLARED.join(", ")
    );
    for row in tx.rows(&sql, vec![]).await? {
        flows.push(Flow {
            from: (get(&row, 0)?, get(&row, 1)?),
            to: (get(&row, 2)?, get(&row, 3)?),
            quantity: get(&row, 4)?,
            share: get(&row, 5)?,
            lead_days: get(&row, 6)?,
            stock_days: None,
            evidence: Evidence::of(get(&row, 7)?),
            confidence: Some(get(&row, 8)?),
            valid: (date_opt(&row, 9)?, date_opt(&row, 10)?),
        });
    }
    Ok(flows)
}

/// Keeps links; each takes the place of the one with the same ends. No two of them may have the same ends.
pub(crate) async fn flows_save(tx: &Tx, flows: &[Flow]) -> Result<(), Error> {
    let rows = flows.iter().map(|flow| {
        vec![
            flow.from.0.as_str().into(),
            flow.from.1.as_str().into(),
            flow.to.0.as_str().into(),
            flow.to.1.as_str().into(),
            flow.quantity.into(),
            flow.share.into(),
            flow.lead_days.into(),
            (flow.evidence as i64).into(),
            flow.confidence.unwrap_or_default().into(),
            day_opt(flow.valid.0),
            day_opt(flow.valid.1),
        ]
    });
    let newest = "ON CONFLICT (from_supplier_id, from_item_id, to_supplier_id, to_item_id) DO UPDATE SET quantity = excluded.quantity, \
                  share = excluded.share, lead_days = excluded.lead_days, evidence = excluded.evidence, confidence = excluded.confidence, \
                  valid_from = excluded.valid_from, valid_until = excluded.valid_until";
    tx.insert_many("declared_link", &DECLARED, rows.collect(), newest)
        .await
        .map(|_| ())
}

/// Stores a grant that is new.
pub(crate) async fn grant_add(tx: &Tx, grant: &Grant) -> Result<(), Error> {
    let row = vec![
        grant.id.as_str().into(),
        grant.supplier.as_str().into(),
        grant.items.join(";").into(),
        day(grant.valid.0),
        day(grant.valid.1),
        i64::from(grant.revoked).into(),
    ];
    tx.insert_many("visibility_grant", &GRANT, vec![row], "")
        .await
        .map(|_| ())
}

/// Ends a grant.
pub(crate) async fn grant_revoke(tx: &Tx, id: &str) -> Result<(), Error> {
    let sql = "UPDATE visibility_grant SET revoked = 1 WHERE grant_id = $1";
    tx.exec(sql, vec![id.into()]).await.map(|_| ())
}

/// A grant.
pub(crate) async fn grant_fetch(tx: &Tx, id: &str) -> Result<Option<Grant>, Error> {
    let sql = format!(
        "SELECT {} FROM visibility_grant WHERE grant_id = $1",
        GRANT.join(", ")
    );
    let row = tx.one(&sql, vec![id.into()]).await?;
    row.as_ref().map(grant_read).transpose()
}

/// Grants behind an id in the order of ids, of one supplier or of all.
pub(crate) async fn grants_fetch(
    tx: &Tx,
    supplier: &str,
    after: &str,
    most: i64,
) -> Result<Vec<Grant>, Error> {
    let sql = format!(
        "SELECT {} FROM visibility_grant WHERE grant_id > $1 AND ($2 = '' OR supplier_id = $2) ORDER BY grant_id LIMIT $3",
        GRANT.join(", ")
    );
    let rows = tx
        .rows(&sql, vec![after.into(), supplier.into(), most.into()])
        .await?;
    rows.iter().map(grant_read).collect()
}

fn grant_read(row: &Row) -> Result<Grant, Error> {
    let items: String = get(row, 2)?;
    Ok(Grant {
        id: get(row, 0)?,
        supplier: get(row, 1)?,
        items: items
            .split(';')
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect(),
        valid: (date(row, 3)?, date(row, 4)?),
        revoked: get::<i64>(row, 5)? != 0,
    })
}
