//! Which vehicles left the plant with each lot of an item, as runs of build numbers.
//!
//! It must not decide anything. Invariants: what the field replaced does not change what was delivered; the ranges alone answer for the
//! vehicles that nothing was changed in, and the walk of `rpc.rs` for the others.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use takt_contract::production::v1 as pb;
use takt_kernel::{LotNumber, Quantity, Violations};
use takt_planning::{
    feature::Config,
    genealogy::{Node, OPEN},
};
use takt_service::{
    Call, Error, Tx,
    stream::{Answers, answers},
};
use tonic::{Request, Response, Status};

use super::{
    base::need_of,
    look_up::{PER_ITEM, Stays},
    names::Names,
};
use crate::{
    Production,
    product::{Product, store::number_of},
};

/// The items of one message.
const ITEMS: usize = 200;
/// The lots of one answer.
const LOTS: usize = 200;
/// A change that the field made: what left the plant was another thing.
const IN_FIELD: &str = "(k.kind = 2 AND k.site = 2)";

/// Streams the vehicles that left the plant with each lot of some items.
///
/// # Errors
/// Every mistake in the message, and what the database said.
pub async fn trace_lots(
    production: &Production,
    request: Request<pb::TraceLotsRequest>,
) -> Result<Response<Answers<pb::TraceLotsResponse>>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let product = production.products.get(&call).await?;
    let mut violations = Violations::new();
    let few = message.item_ids.len() <= ITEMS;
    violations.require(few, "item_ids", format!("at most {ITEMS} at a time"));
    violations.finish().map_err(Error::from)?;
    let mut items = Vec::with_capacity(message.item_ids.len());
    for item_id in &message.item_ids {
        let item = product.item(item_id);
        items.push(item.ok_or_else(|| Error::missing("item", item_id.as_str()))?);
    }
    let (store, read) = (production.deps.store.clone(), Arc::clone(&product));
    let fleet = store.read(&call, "fleet_read", move |tx| {
        let product = Arc::clone(&read);
        Box::pin(async move { Fleet::fetch(tx, &product).await })
    });
    let fleet = Arc::new(fleet.await?);
    Ok(Response::new(answers(move |outlet| async move {
        for item in items {
            let (product, fleet) = (Arc::clone(&product), Arc::clone(&fleet));
            let read = store.read(&call, "lots_look_up", move |tx| {
                let (product, fleet) = (Arc::clone(&product), Arc::clone(&fleet));
                Box::pin(async move { lots_of(tx, &product, &fleet, item).await })
            });
            let (item_id, lots) = read.await?;
            for lots in lots.chunks(LOTS) {
                let told = pb::TraceLotsResponse {
                    item_id: item_id.clone(),
                    lots: lots.to_vec(),
                };
                outlet.send(told).await?;
            }
        }
        Ok(())
    })))
}

/// The vehicles that are built: what they are, and what was changed of them in the plant.
struct Fleet {
    configs: HashMap<i64, Config>,
    kinds: BTreeSet<i64>,
    /// The vehicles that something was changed in before they left, or about which the record was wrong.
    changed: BTreeSet<i64>,
    stays: Stays,
    /// The day on which each of those left; none while it has not.
    left: HashMap<i64, Option<i64>>,
}

impl Fleet {
    async fn fetch(tx: &Tx, product: &Product) -> Result<Self, Error> {
        let mut changed = BTreeSet::new();
        for sql in [
            format!(
                "SELECT DISTINCT m.build_number FROM asbuilt_mask AS m JOIN asbuilt_record AS k ON k.record_no = m.recorded_from WHERE NOT {IN_FIELD}"
            ),
            format!(
                "SELECT DISTINCT -e.parent_key FROM asbuilt_edge AS e JOIN asbuilt_record AS k ON k.record_no = e.recorded_from \
                 WHERE e.parent_key < 0 AND NOT {IN_FIELD}"
            ),
            format!(
                "SELECT DISTINCT s.build_number FROM asbuilt_edge AS e JOIN asbuilt_record AS k ON k.record_no = e.recorded_from \
                 JOIN asbuilt_serial AS s ON s.lot_number = e.parent_key AND s.unit_no = e.parent_piece WHERE e.parent_key > 0 AND NOT {IN_FIELD}"
            ),
        ] {
            for row in tx.rows(&sql, vec![]).await? {
                changed.insert(row.try_get_by_index(0)?);
            }
        }
        let (mut configs, mut left) = (HashMap::new(), HashMap::new());
        let sql = "SELECT build_number, config, dispatched_on FROM vehicle WHERE build_number > 0";
        for row in tx.rows(sql, vec![]).await? {
            let build = row.try_get_by_index(0)?;
            configs.insert(build, Config(row.try_get_by_index(1)?));
            if changed.contains(&build) {
                left.insert(build, row.try_get_by_index(2)?);
            }
        }
        let kinds = configs.values().map(|config| config.0).collect();
        let stays = Stays::fetch(tx, product, &changed).await?;
        Ok(Self {
            configs,
            kinds,
            changed,
            stays,
            left,
        })
    }
}

async fn lots_of(
    tx: &Tx,
    product: &Product,
    fleet: &Fleet,
    item: usize,
) -> Result<(String, Vec<pb::LotHolders>), Error> {
    let first = number_of(item) * PER_ITEM;
    let sql = "SELECT lot_number, first_build, last_build FROM asbuilt_range WHERE lot_number BETWEEN $1 AND $2 ORDER BY lot_number, first_build";
    let rows = tx
        .rows(sql, vec![first.into(), (first + PER_ITEM - 1).into()])
        .await?;
    let users: BTreeSet<i64> = fleet
        .kinds
        .iter()
        .copied()
        .filter(|kind| need_of(product, Config(*kind), item) > Quantity::ZERO)
        .collect();
    let holds = |build: i64| {
        !fleet.changed.contains(&build)
            && fleet
                .configs
                .get(&build)
                .is_some_and(|config| users.contains(&config.0))
    };
    let mut holders: BTreeMap<Node, BTreeSet<i64>> = BTreeMap::new();
    for row in rows {
        let (from, to): (i64, i64) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let all = holders
            .entry(Node::Lot(LotNumber(row.try_get_by_index(0)?)))
            .or_default();
        all.extend((from..=to).filter(|build| holds(*build)));
    }
    for build in &fleet.changed {
        let left = fleet.left.get(build).copied().flatten().unwrap_or(OPEN - 1);
        for node in fleet
            .stays
            .among(*build, item, |from, to| from <= left && left < to)
        {
            let lot = match node {
                Node::Piece(lot, _) => Node::Lot(lot),
                node => node,
            };
            holders.entry(lot).or_default().insert(*build);
        }
    }
    holders.retain(|_, builds| !builds.is_empty());
    let names = Names::fetch(tx, holders.keys().copied()).await?;
    let known = product.items.get(item);
    let made = known.is_some_and(|item| item.made);
    let told = holders.into_iter().map(|(lot, builds)| {
        let name = names.of(product, lot);
        let (first_builds, last_builds) = runs_of(&builds);
        pb::LotHolders {
            lot_id: name.lot_id,
            supplier_id: if made { String::new() } else { name.supplier },
            first_builds,
            last_builds,
        }
    });
    let item_id = known.map_or_else(String::new, |item| item.item_id.clone());
    Ok((item_id, told.collect()))
}

/// Rising numbers as runs.
fn runs_of(builds: &BTreeSet<i64>) -> (Vec<i64>, Vec<i64>) {
    let (mut first, mut last): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for build in builds {
        match last.last_mut() {
            Some(end) if *end + 1 == *build => *end = *build,
            _ => {
                first.push(*build);
                last.push(*build);
            }
        }
    }
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_hold_what_was_put_in() {
        let runs = runs_of(&[1, 2, 3, 5, 8, 9].into());
        assert_eq!(runs, (vec![1, 5, 8], vec![3, 5, 9]));
        assert_eq!(runs_of(&BTreeSet::new()), (vec![], vec![]));
    }
}
