//! The queue of open orders in memory, brought up to date from the database by what was added since.
//!
//! It must not know plans or peers. Invariants: it is never trusted blindly: counters in the database, which whoever
//! adds orders, vehicles, cancellations or promises counts on, tell what it has not seen; when somebody else has made
//! promises, or when it is not known whether a write was done, it is read anew as a whole.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use takt_service::{Call, Error, Intent, Store, Tx};

use super::{
    LastPromise, Promise, PromiseKind,
    queue::{Place, Queue},
    store::promises_add,
};
use crate::{
    outlook::store::{NewOutlook, outlook_write},
    rows::{date, get},
};

/// Orders are read in ranges of so many numbers, so that no answer is large.
const RANGE: i64 = 10_000;

/// Promises are written so many in a transaction, so that others get a turn.
const BATCH: usize = 8_192;

/// How far the counters had come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Marks {
    orders: i64,
    vehicles: i64,
    cancellations: i64,
    changes: i64,
    promises: i64,
}

/// The queue with the marks up to which it is known.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    queue: Queue,
    seen: Option<Marks>,
}

/// What was added since the marks.
struct News {
    marks: Marks,
    orders: Vec<(i64, bool, Place)>,
    changed: Vec<(i64, bool, Place)>,
    closed: BTreeSet<i64>,
}

impl Mirror {
    /// The queue as it was when last read.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Brings the queue up to date.
    pub(crate) async fn refresh(&mut self, store: &Store, call: &Call) -> Result<(), Error> {
        let seen = self.seen;
        let news = store
            .read(call, "queue_refresh", move |tx| Box::pin(news(tx, seen)))
            .await?;
        if seen.is_none_or(|seen| seen.promises != news.marks.promises) {
            self.queue = Queue::default();
        }
        for (variant_no, priority, place) in news.orders {
            self.queue.push(variant_no, priority, place);
        }
        for (variant_no, priority, place) in news.changed {
            self.queue.moved(variant_no, priority, place);
        }
        self.queue.close(&news.closed);
        self.seen = Some(news.marks);
        Ok(())
    }

    /// Writes promises on orders of the queue and, with the last of them, finishes the intent they were made for.
    pub(crate) async fn promises_write(
        &mut self,
        store: &Store,
        call: &Call,
        promises: Vec<(i64, Promise)>,
        intent: &Intent,
    ) -> Result<(), Error> {
        self.replanned_write(store, call, promises, intent, None)
            .await
    }

    /// The same, with the outlook that the promises go with.
    pub(crate) async fn replanned_write(
        &mut self,
        store: &Store,
        call: &Call,
        promises: Vec<(i64, Promise)>,
        intent: &Intent,
        outlook: Option<NewOutlook>,
    ) -> Result<(), Error> {
        let mut batches: Vec<Vec<(i64, Promise)>> = Vec::new();
        let mut rest = promises;
        while rest.len() > BATCH {
            let after = rest.split_off(BATCH);
            batches.push(std::mem::replace(&mut rest, after));
        }
        for batch in batches {
            self.batch_write(store, call, batch, None, None).await?;
        }
        self.batch_write(store, call, rest, Some(intent.clone()), outlook)
            .await
    }

    async fn batch_write(
        &mut self,
        store: &Store,
        call: &Call,
        batch: Vec<(i64, Promise)>,
        intent: Option<Intent>,
        outlook: Option<NewOutlook>,
    ) -> Result<(), Error> {
        let seen = self.promises_seen();
        let (batch, outlook) = (Arc::new(batch), Arc::new(outlook));
        let told = Arc::clone(&batch);
        let written = store.write(call, "promises_make", move |tx| {
            let (batch, intent, outlook) =
                (Arc::clone(&batch), intent.clone(), Arc::clone(&outlook));
            Box::pin(async move {
                if !batch.is_empty() {
                    promises_add(tx, seen, &batch).await?;
                }
                if let Some(outlook) = outlook.as_ref() {
                    outlook_write(tx, outlook).await?;
                }
                if let Some(intent) = intent {
                    tx.intent_finish(&intent).await?;
                }
                Ok(())
            })
        });
        let written = written.await;
        match &written {
            Ok(()) => self.promised(&told),
            // Whether it was done may not be known: the database knows.
            Err(_) => self.forget(),
        }
        written
    }

    /// The counter of promises as it was seen; who writes promises beside this mirror gives it to `promises_add`.
    pub(crate) fn promises_seen(&self) -> i64 {
        self.seen.unwrap_or_default().promises
    }

    /// Notes promises that were written with `promises_seen`.
    pub(crate) fn promised(&mut self, promises: &[(i64, Promise)]) {
        if promises.is_empty() {
            return;
        }
        for (order_no, promise) in promises {
            self.queue.promised(*order_no, LastPromise::from(promise));
        }
        if let Some(seen) = &mut self.seen {
            seen.promises += 1;
        }
    }

    /// Gives the queue up; the next refresh reads it anew.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
    }
}

async fn news(tx: &Tx, seen: Option<Marks>) -> Result<News, Error> {
    let marks = marks_fetch(tx).await?;
    let seen = seen.filter(|seen| seen.promises == marks.promises);
    let mut news = News {
        marks,
        orders: Vec::new(),
        changed: Vec::new(),
        closed: BTreeSet::new(),
    };
    let Some(seen) = seen else {
        let mut from = 0;
        while from < marks.orders {
            let to = from + RANGE;
            let last = last_promises_fetch(tx, from, to).await?;
            orders_fetch(tx, from, to, &last, &mut news.orders).await?;
            from = to;
        }
        return Ok(news);
    };
    let mut from = seen.orders;
    while from < marks.orders {
        orders_fetch(tx, from, from + RANGE, &HashMap::new(), &mut news.orders).await?;
        from += RANGE;
    }
    if seen.changes < marks.changes {
        changed_fetch(tx, seen.changes, &mut news.changed).await?;
    }
    if seen.vehicles < marks.vehicles {
        let sql = "SELECT order_no FROM vehicle WHERE vehicle_no > $1 AND order_no IS NOT NULL";
        closed_fetch(tx, sql, seen.vehicles, &mut news.closed).await?;
    }
    if seen.cancellations < marks.cancellations {
        let sql = "SELECT order_no FROM cancellation WHERE cancellation_no > $1";
        closed_fetch(tx, sql, seen.cancellations, &mut news.closed).await?;
    }
    Ok(news)
}

async fn marks_fetch(tx: &Tx) -> Result<Marks, Error> {
    let mut marks = Marks::default();
    for row in tx.rows("SELECT name, value FROM counter", vec![]).await? {
        let value = get(&row, 1)?;
        match get::<String>(&row, 0)?.as_str() {
            "order" => marks.orders = value,
            "vehicle" => marks.vehicles = value,
            "cancellation" => marks.cancellations = value,
            "change" => marks.changes = value,
            "promise" => marks.promises = value,
            _ => {}
        }
    }
    Ok(marks)
}

async fn orders_fetch(
    tx: &Tx,
    after: i64,
    until: i64,
    last: &HashMap<i64, LastPromise>,
    into: &mut Vec<(i64, bool, Place)>,
) -> Result<(), Error> {
    let sql = "SELECT o.order_no, c.variant_no, c.priority, o.lane_no, o.locked_on FROM sales_order o \
               JOIN configuration c ON c.config_no = o.config_no \
               WHERE o.order_no > $1 AND o.order_no <= $2 AND o.state = 0 \
               AND NOT EXISTS (SELECT 1 FROM quote_order q WHERE q.order_no = o.order_no) ORDER BY o.order_no";
    for row in tx.rows(sql, vec![after.into(), until.into()]).await? {
        let order_no: i64 = get(&row, 0)?;
        let place = Place {
            order_no,
            lane_no: get(&row, 3)?,
            locked_on: date(&row, 4)?,
            last: last.get(&order_no).copied(),
        };
        into.push((get(&row, 1)?, get::<i64>(&row, 2)? != 0, place));
    }
    Ok(())
}

/// The open orders of the queue that became others after a number of changes.
async fn changed_fetch(
    tx: &Tx,
    after: i64,
    into: &mut Vec<(i64, bool, Place)>,
) -> Result<(), Error> {
    let sql = "SELECT DISTINCT o.order_no, c.variant_no, c.priority, o.lane_no, o.locked_on FROM order_change h \
               JOIN sales_order o ON o.order_no = h.order_no JOIN configuration c ON c.config_no = o.config_no \
               WHERE h.done_no > $1 AND o.state = 0 \
               AND NOT EXISTS (SELECT 1 FROM quote_order q WHERE q.order_no = o.order_no) ORDER BY o.order_no";
    for row in tx.rows(sql, vec![after.into()]).await? {
        let place = Place {
            order_no: get(&row, 0)?,
            lane_no: get(&row, 3)?,
            locked_on: date(&row, 4)?,
            last: None,
        };
        into.push((get(&row, 1)?, get::<i64>(&row, 2)? != 0, place));
    }
    Ok(())
}

async fn last_promises_fetch(
    tx: &Tx,
    after: i64,
    until: i64,
) -> Result<HashMap<i64, LastPromise>, Error> {
    let sql = "SELECT p.order_no, p.promise_no, p.kind, p.deliver_on, p.made_on FROM promise p JOIN sales_order o ON o.order_no = p.order_no \
               WHERE p.order_no > $1 AND p.order_no <= $2 AND o.state = 0 ORDER BY p.order_no, p.promise_no";
    let mut last = HashMap::new();
    for row in tx.rows(sql, vec![after.into(), until.into()]).await? {
        let kind = PromiseKind::of_code(get(&row, 2)?).unwrap_or(PromiseKind::Estimate);
        last.insert(
            get(&row, 0)?,
            LastPromise {
                number: get(&row, 1)?,
                kind,
                deliver_on: date(&row, 3)?,
                made_on: date(&row, 4)?,
            },
        );
    }
    Ok(last)
}

async fn closed_fetch(
    tx: &Tx,
    sql: &str,
    after: i64,
    into: &mut BTreeSet<i64>,
) -> Result<(), Error> {
    for row in tx.rows(sql, vec![after.into()]).await? {
        into.insert(get(&row, 0)?);
    }
    Ok(())
}
