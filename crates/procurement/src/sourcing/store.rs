//! The rows of approvals and agreed prices, and what an outlook reads.
//!
//! It must not know rules. Invariant: the number of statements does not depend on the items asked for.

use std::collections::BTreeMap;

use takt_kernel::{Currency, Date, Price, Quantity};
use takt_service::{Error, Row, Tx};

use super::{
    Gate, PartApproval, Word,
    price::{PriceList, Prices},
};
use crate::{
    programme::{Catalogue, SourceNo},
    rows::{date, date_opt, day, get, list},
};

/// Keeps the newest word on a part at a supplier.
pub(crate) async fn approval_save(
    tx: &Tx,
    item: &str,
    supplier: &str,
    approval: PartApproval,
) -> Result<(), Error> {
    let columns = [
        "item_id",
        "supplier_id",
        "ppap_level",
        "status",
        "valid_from",
    ];
    let row = vec![
        item.into(),
        supplier.into(),
        i64::from(approval.level).into(),
        (approval.word as i64).into(),
        day(approval.valid_from),
    ];
    let newest = "ON CONFLICT (item_id, supplier_id) DO UPDATE SET ppap_level = excluded.ppap_level, status = excluded.status, \
                  valid_from = excluded.valid_from";
    tx.insert_many("part_approval", &columns, vec![row], newest)
        .await
        .map(|_| ())
}

/// The approvals of some items by item and supplier.
pub(crate) async fn approvals_fetch(
    tx: &Tx,
    items: &[String],
) -> Result<BTreeMap<(String, String), PartApproval>, Error> {
    let query = "SELECT a.item_id, a.supplier_id, a.ppap_level, a.status, a.valid_from FROM v JOIN part_approval AS a ON a.item_id = v.item_id";
    let rows = tx
        .rows_for(&["item_id"], list(items.iter().cloned()), query)
        .await?;
    rows.iter().map(approval_read).collect()
}

fn approval_read(row: &Row) -> Result<((String, String), PartApproval), Error> {
    let word = match get::<i64>(row, 3)? {
        1 => Word::Approved,
        _ => Word::Rejected,
    };
    let approval = PartApproval {
        level: i32::try_from(get::<i64>(row, 2)?).unwrap_or_default(),
        word,
        valid_from: date(row, 4)?,
    };
    Ok(((get(row, 0)?, get(row, 1)?), approval))
}

/// The gates of the sources of which something was said.
pub(crate) async fn gates_fetch(
    tx: &Tx,
    catalogue: &Catalogue,
) -> Result<BTreeMap<SourceNo, Gate>, Error> {
    let mut gates: BTreeMap<SourceNo, Gate> = BTreeMap::new();
    let sql = "SELECT item_id, supplier_id, ppap_level, status, valid_from FROM part_approval";
    for row in tx.rows(sql, vec![]).await? {
        let ((item, supplier), approval) = approval_read(&row)?;
        if let Some(source) = catalogue.source_of(&item, &supplier) {
            gates.entry(source.number).or_default().approval = Some(approval);
        }
    }
    let sql =
        "SELECT source_no, cancelled_on FROM schedule_agreement WHERE cancelled_on IS NOT NULL";
    for row in tx.rows(sql, vec![]).await? {
        gates.entry(SourceNo(get(&row, 0)?)).or_default().ended_on = Some(date(&row, 1)?);
    }
    Ok(gates)
}

/// What the sites can make of some items in a week, by item and supplier, where somebody knows.
pub(crate) async fn capacities_fetch(
    tx: &Tx,
    items: &[String],
) -> Result<BTreeMap<(String, String), Quantity>, Error> {
    let query = "SELECT n.item_id, n.supplier_id, n.capacity_per_week FROM v JOIN node AS n ON n.item_id = v.item_id \
                 WHERE n.capacity_per_week IS NOT NULL";
    let rows = tx
        .rows_for(&["item_id"], list(items.iter().cloned()), query)
        .await?;
    rows.iter()
        .map(|row| Ok(((get(row, 0)?, get(row, 1)?), Quantity(get(row, 2)?))))
        .collect()
}

/// The columns of an agreed price.
pub(crate) const PRICE: [&str; 6] = [
    "item_id",
    "supplier_id",
    "valid_from",
    "from_quantity",
    "price_micros",
    "currency",
];

/// Writes the prices of a day in the place of those that had it.
pub(super) async fn prices_save(
    tx: &Tx,
    item: &str,
    supplier: &str,
    list: &PriceList,
) -> Result<(), Error> {
    let sql =
        "DELETE FROM agreed_price WHERE item_id = $1 AND supplier_id = $2 AND valid_from = $3";
    tx.exec(
        sql,
        vec![item.into(), supplier.into(), day(list.valid_from)],
    )
    .await?;
    let rows = list.breaks.iter().map(|(from, price)| {
        vec![
            item.into(),
            supplier.into(),
            day(list.valid_from),
            from.milli().into(),
            price.micros.into(),
            price.currency.as_str().into(),
        ]
    });
    tx.insert_many("agreed_price", &PRICE, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Agreed prices of an item and a supplier, where they are given, by item, supplier and day.
pub(super) async fn prices_list(
    tx: &Tx,
    item: &str,
    supplier: &str,
) -> Result<Vec<(String, String, PriceList)>, Error> {
    let sql = format!(
        "SELECT {} FROM agreed_price WHERE ($1 = '' OR item_id = $1) AND ($2 = '' OR supplier_id = $2)",
        PRICE.join(", ")
    );
    let mut all = Vec::new();
    for row in tx.rows(&sql, vec![item.into(), supplier.into()]).await? {
        let key: (String, String, Date) = (get(&row, 0)?, get(&row, 1)?, date(&row, 2)?);
        let currency: String = get(&row, 5)?;
        let currency = Currency::parse(&currency)
            .map_err(|error| Error::broken(format!("the currency of a price: {error}")))?;
        let price = Price {
            micros: get(&row, 4)?,
            currency,
        };
        all.push((key, (Quantity(get(&row, 3)?), price)));
    }
    // Databases order text by rules of their own.
    all.sort_by(|a, b| (&a.0, a.1.0).cmp(&(&b.0, b.1.0)));
    let lists = all.chunk_by(|a, b| a.0 == b.0).filter_map(|same| {
        let ((item, supplier, valid_from), _) = same.first()?;
        let list = PriceList {
            valid_from: *valid_from,
            breaks: same.iter().map(|(_, own)| *own).collect(),
        };
        Some((item.clone(), supplier.clone(), list))
    });
    Ok(lists.collect())
}

/// All agreed prices by source.
pub(crate) async fn prices_fetch(tx: &Tx, catalogue: &Catalogue) -> Result<Prices, Error> {
    let mut prices = Prices::default();
    for (item, supplier, list) in prices_list(tx, "", "").await? {
        if let Some(source) = catalogue.source_of(&item, &supplier) {
            prices.add(source.number, list);
        }
    }
    Ok(prices)
}

/// The day of a source's newest order.
pub(super) async fn last_ordered(tx: &Tx, source: SourceNo) -> Result<Option<Date>, Error> {
    let sql = "SELECT CAST(MAX(released_on) AS BIGINT) FROM order_line WHERE source_no = $1";
    match tx.one(sql, vec![source.0.into()]).await? {
        Some(row) => date_opt(&row, 0),
        None => Ok(None),
    }
}
