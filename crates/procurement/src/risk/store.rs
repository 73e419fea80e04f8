//! The rows of the supply network, as an import brought them.
//!
//! It must not know rules. Invariant: what a row does not say stays unsaid.

use takt_planning::risk::Node;
use takt_service::{Error, Row, Tx};

use super::network::{Network, Site, Way};
use crate::{
    partnership::store::all_reservations_fetch,
    rows::{date_opt, get},
};

/// Thousandths of a day.
const DAY: i64 = 1000;

/// The network: sites by supplier and item, ways in the order of the file, and what is reserved.
pub(crate) async fn network_fetch(tx: &Tx) -> Result<Network, Error> {
    let sql = "SELECT supplier_id, item_id, name, stock_days, recover_days, capacity_per_week, stock_survives FROM node ORDER BY supplier_id, item_id";
    let rows = tx.rows(sql, vec![]).await?;
    let sites = rows.iter().map(site).collect::<Result<_, Error>>()?;
    let sql = "SELECT from_supplier_id, to_supplier_id, item_id, into_item_ids, share, quantity, customer_stock_days, valid_from, valid_until, lead_days \
               FROM link ORDER BY link_no";
    let rows = tx.rows(sql, vec![]).await?;
    let ways = rows.iter().map(way).collect::<Result<_, Error>>()?;
    Ok(Network {
        sites,
        ways,
        reserved: all_reservations_fetch(tx).await?,
    })
}

fn site(row: &Row) -> Result<Site, Error> {
    let days = |days: Option<i64>| days.map(|days| days * DAY);
    let weekly: Option<i64> = get(row, 5)?;
    Ok(Site {
        supplier: get(row, 0)?,
        item: get(row, 1)?,
        name: get(row, 2)?,
        node: Node {
            stock: days(get(row, 3)?).unwrap_or(0),
            time_to_recover: days(get(row, 4)?),
            capacity: weekly.map(|week| week / 7),
            stock_survives: get::<Option<i64>>(row, 6)? == Some(1),
        },
        weekly,
    })
}

fn way(row: &Row) -> Result<Way, Error> {
    let into: String = get(row, 3)?;
    let items = into.split(';').filter(|item| !item.is_empty());
    // A quantity that is not known counts as one of the customer's item.
    let quantity = match get(row, 5)? {
        0 => 1000,
        known => known,
    };
    Ok(Way {
        from: get(row, 0)?,
        to: get(row, 1)?,
        item: get(row, 2)?,
        into: items.map(str::to_owned).collect(),
        share: get(row, 4)?,
        quantity,
        customer_stock: get::<i64>(row, 6)? * DAY,
        valid_from: date_opt(row, 7)?,
        valid_until: date_opt(row, 8)?,
        lead: get::<i64>(row, 9)? * DAY,
    })
}
