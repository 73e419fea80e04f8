//! Units of suppliers with what is in them, as a supplier tells: twins and the links between them.
//!
//! It must not know where they come from. Invariants: a chunk is one transaction and one record; a twin that bears a name
//! of ours is ours; a row that says what is known is unchanged, so that an import can be sent again; a row that
//! contradicts the record is refused alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::TryStreamExt;
use takt_contract::{date_opt, production::v1 as pb, request_id};
use takt_kernel::{Date, Quantity, Vin, Violations};
use takt_planning::genealogy::{Edge, EditRefusal, Holdings, Node, Origin, Period, Way};
use takt_service::{Call, Error, Once, Tx, stream::Answers};
use tonic::{Request, Status, Streaming};

use super::{
    RecordKind, Site,
    base::Base,
    edges::{edges_add, edges_fetch},
    ours::{Ours, Twin, known_fetch},
    ranges::item_of,
    records::{NewRecord, clock_hold, record_take},
    refs::{Foreign, foreign_add},
};
use crate::{
    Production,
    product::{
        Product,
        store::{date_of, day_of, number_of},
    },
};

/// The most rows of a chunk.
const ROWS: usize = 500;
/// The most bytes of a text.
const TEXT: usize = 200;

/// Takes chunks and answers each.
pub fn import(
    production: &Production,
    request: Request<Streaming<pb::ImportAsBuiltRequest>>,
) -> Answers<pb::ImportAsBuiltResponse> {
    let (call, production) = (Call::of(&request), production.clone());
    Box::pin(request.into_inner().and_then(move |message| {
        let (call, production) = (call.clone(), production.clone());
        async move {
            chunk(&production, &call, message)
                .await
                .map_err(Status::from)
        }
    }))
}

async fn chunk(
    production: &Production,
    call: &Call,
    message: pb::ImportAsBuiltRequest,
) -> Result<pb::ImportAsBuiltResponse, Error> {
    let mut violations = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut violations);
    violations.require(
        (1..=ROWS).contains(&message.rows.len()),
        "rows",
        format!("a chunk has 1 to {ROWS} rows"),
    );
    let id = violations.finish_with(id)?;
    let once = Once::of(
        "takt.production.v1.VehicleService/ImportAsBuilt",
        id,
        &message,
    );
    let product = production.products.get(call).await?;
    let message = Arc::new(message);
    let store = &production.deps.store;
    store
        .write_once(call, "as_built_import", once, move |tx| {
            let (product, message) = (Arc::clone(&product), Arc::clone(&message));
            Box::pin(async move {
                clock_hold(tx).await?;
                let mut chunk = Chunk::default();
                chunk.answer.request_id = message.request_id.clone();
                chunk.read(&message.rows);
                chunk.twins_take(tx, &product).await?;
                chunk.links_take(tx, &product).await?;
                chunk.answer.refused.sort_by_key(|row| row.row_number);
                Ok(chunk.answer)
            })
        })
        .await
}

/// A link with the number of its row.
struct Link {
    row: i64,
    parent: String,
    child: String,
    quantity: Quantity,
    from: Date,
}

#[derive(Default)]
struct Chunk {
    twins: Vec<Twin>,
    links: Vec<Link>,
    nodes: HashMap<String, (Node, i64)>,
    record: Option<i64>,
    answer: pb::ImportAsBuiltResponse,
}

fn row_refused(reason: &str, row: i64, field: &str, detail: String) -> pb::AsBuiltRowRefused {
    pb::AsBuiltRowRefused {
        row_number: row,
        field: field.to_owned(),
        reason: reason.to_owned(),
        detail,
    }
}

impl Chunk {
    fn read(&mut self, rows: &[pb::AsBuiltRow]) {
        for row in rows {
            let mut violations = Violations::new();
            match &row.row {
                Some(pb::as_built_row::Row::Twin(twin)) => {
                    let read = twin_of(row.row_number, twin, &mut violations);
                    if violations.is_empty() {
                        self.twins.push(read);
                    }
                }
                Some(pb::as_built_row::Row::Link(link)) => {
                    let read = link_of(row.row_number, link, &mut violations);
                    if violations.is_empty() {
                        self.links.push(read);
                    }
                }
                None => violations.push("row", "it is missing; give a twin or a link"),
            }
            if let Err(wrong) = violations.finish() {
                self.answer.refused.extend(wrong.into_iter().map(|one| {
                    row_refused("ROW_INVALID", row.row_number, &one.field, one.description)
                }));
            }
        }
    }

    /// The record of the chunk, taken when there is something to record.
    async fn record(&mut self, tx: &Tx, on: Date) -> Result<i64, Error> {
        if let Some(record) = self.record {
            return Ok(record);
        }
        let new = NewRecord {
            kind: RecordKind::Import,
            on,
            unit: None,
            site: Site::None,
            reason: "",
            issue: None,
        };
        let record = record_take(tx, &new).await?.number;
        self.record = Some(record);
        self.answer.record_number = record;
        Ok(record)
    }

    async fn twins_take(&mut self, tx: &Tx, product: &Product) -> Result<(), Error> {
        let links = self.links.iter();
        let named: BTreeSet<String> = self
            .twins
            .iter()
            .map(|twin| twin.unit.external_id.clone())
            .chain(links.flat_map(|link| [link.parent.clone(), link.child.clone()]))
            .collect();
        let known = known_fetch(tx, &named).await?;
        let ours = Ours::fetch(tx, product, &self.twins).await?;
        let mut fresh: BTreeMap<String, Foreign> = BTreeMap::new();
        for twin in std::mem::take(&mut self.twins) {
            let (id, number) = (&twin.unit.external_id, &twin.unit.number);
            let told = fresh.get(id).map(|unit| (unit.kind, &unit.number));
            let before = known.get(id).map(|unit| (unit.kind, &unit.number));
            match before.or(told) {
                Some(same) if same == (twin.unit.kind, number) => self.answer.unchanged += 1,
                Some((_, other)) => self.answer.refused.push(row_refused(
                    "TWIN_DIFFERS",
                    twin.row,
                    "external_id",
                    format!(
                        "{id} is known as another kind or number ({other}); give the same, or another id"
                    ),
                )),
                None => {
                    let node = ours.node(product, &twin);
                    match node {
                        Some(_) => self.answer.twins_ours += 1,
                        None => self.answer.twins_added += 1,
                    }
                    let unit = Foreign {
                        ours: node,
                        item_no: item_no(product, node, &twin.customer_part_id),
                        ..twin.unit
                    };
                    fresh.insert(unit.external_id.clone(), unit);
                }
            }
        }
        for (id, known) in known {
            self.nodes.insert(id, (known.node, known.item_no));
        }
        if let Some(on) = fresh.values().map(|unit| unit.made_on).max() {
            let units: Vec<Foreign> = fresh.into_values().collect();
            self.record(tx, on.unwrap_or_default()).await?;
            let nodes = foreign_add(tx, &units).await?;
            for (unit, node) in units.into_iter().zip(nodes) {
                self.nodes.insert(unit.external_id, (node, unit.item_no));
            }
        }
        Ok(())
    }

    async fn links_take(&mut self, tx: &Tx, product: &Product) -> Result<(), Error> {
        let mut wanted = Vec::new();
        for link in std::mem::take(&mut self.links) {
            let node = |id: &String| self.nodes.get(id).copied();
            match (node(&link.parent), node(&link.child)) {
                (Some(parent), Some(child)) if parent.0 == child.0 => {
                    let detail = format!("{} cannot hold itself", link.parent);
                    self.answer.refused.push(row_refused(
                        "UNIT_INSIDE_ITSELF",
                        link.row,
                        "child_external_id",
                        detail,
                    ));
                }
                (Some(parent), Some(child)) => wanted.push((link, parent, child)),
                (None, _) => {
                    self.answer
                        .refused
                        .push(unknown(&link, "parent_external_id", &link.parent))
                }
                (_, None) => {
                    let refused = unknown(&link, "child_external_id", &link.child);
                    self.answer.refused.push(refused);
                }
            }
        }
        let children: BTreeSet<Node> = wanted.iter().map(|(_, _, child)| child.0).collect();
        let children: Vec<Node> = children.into_iter().collect();
        let mut known = edges_fetch(tx, Way::Up, &children).await?;
        let singles: Vec<Node> = children.iter().filter(|n| n.is_single()).copied().collect();
        known.extend(Base::default().up(tx, product, &singles).await?);
        known.retain(|edge| edge.recorded.is_open());
        let mut by_child: HashMap<Node, Holdings> = HashMap::new();
        for edge in known {
            by_child.entry(edge.child).or_default().0.push(edge);
        }
        let mut opened = Vec::new();
        for (link, (parent, _), (child, item)) in wanted {
            let held = by_child.entry(child).or_default();
            let from = day_of(link.from);
            let same = |edge: &Edge| edge.parent == parent && edge.valid.from == from;
            if held.0.iter().any(same) {
                self.answer.unchanged += 1;
                continue;
            }
            let edge = Edge {
                parent,
                child,
                item,
                quantity: link.quantity,
                valid: Period::since(from),
                recorded: Period::since(0),
                origin: Origin::New,
            };
            match held.fit(edge) {
                Ok(()) => {
                    self.answer.links_added += 1;
                    opened.push(edge);
                }
                Err(why) => {
                    let reason = super::AsBuiltRefusal::Edit {
                        unit: link.parent.clone(),
                        part: link.child.clone(),
                        why,
                        there: elsewhere(&self.nodes, why),
                    };
                    let word = takt_service::Refusal::reason(&reason);
                    self.answer.refused.push(row_refused(
                        word,
                        link.row,
                        "child_external_id",
                        reason.to_string(),
                    ));
                }
            }
        }
        if let Some(on) = opened.iter().map(|edge| edge.valid.from).max() {
            let record = self.record(tx, date_of(on)).await?;
            edges_add(tx, record, &opened).await?;
        }
        Ok(())
    }
}

/// The unit that holds a part, as the import names it.
fn elsewhere(nodes: &HashMap<String, (Node, i64)>, why: EditRefusal) -> String {
    let EditRefusal::Elsewhere(there) = why else {
        return String::new();
    };
    let named = nodes.iter().filter(|(_, (node, _))| *node == there);
    let name = named.map(|(id, _)| id.clone()).min();
    name.unwrap_or_else(|| "another unit".to_owned())
}

fn unknown(link: &Link, field: &str, id: &str) -> pb::AsBuiltRowRefused {
    let detail = format!("{id} is not known; send its twin before or with the link");
    row_refused("UNIT_UNKNOWN", link.row, field, detail)
}

fn item_no(product: &Product, node: Option<Node>, part_id: &str) -> i64 {
    match node {
        Some(Node::Lot(lot) | Node::Piece(lot, _)) => number_of(item_of(lot)),
        _ => product.item(part_id).map_or(0, number_of),
    }
}

fn twin_of(row: i64, twin: &pb::AsBuiltTwin, violations: &mut Violations) -> Twin {
    for (text, field, least) in [
        (&twin.external_id, "external_id", 1),
        (&twin.number, "number", 1),
        (&twin.manufacturer_id, "manufacturer_id", 0),
        (&twin.manufacturer_part_id, "manufacturer_part_id", 0),
        (&twin.customer_part_id, "customer_part_id", 0),
        (&twin.name, "name", 0),
    ] {
        let fits = (least..=TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
        violations.require(
            fits,
            field,
            format!("it has {least} to {TEXT} bytes and no control characters"),
        );
    }
    if !twin.vin.is_empty() {
        violations.check("vin", Vin::parse(&twin.vin));
    }
    let kind = pb::AsBuiltTwinKind::try_from(twin.kind);
    let known = kind.is_ok_and(|kind| kind != pb::AsBuiltTwinKind::Unspecified);
    violations.require(
        known,
        "kind",
        "it is a serial part, a batch or a just-in-sequence part",
    );
    let made_on = date_opt(twin.made_on.as_ref(), "made_on", violations);
    let unit = Foreign {
        external_id: twin.external_id.clone(),
        kind: i64::from(twin.kind),
        item_no: 0,
        maker_id: twin.manufacturer_id.clone(),
        maker_part_id: twin.manufacturer_part_id.clone(),
        number: twin.number.clone(),
        name: twin.name.clone(),
        made_on,
        ours: None,
    };
    Twin {
        row,
        unit,
        vin: twin.vin.clone(),
        customer_part_id: twin.customer_part_id.clone(),
    }
}

fn link_of(row: i64, link: &pb::AsBuiltLink, violations: &mut Violations) -> Link {
    violations.require(
        link.quantity_thousandths >= 0,
        "quantity_thousandths",
        "it is negative",
    );
    Link {
        row,
        parent: link.parent_external_id.clone(),
        child: link.child_external_id.clone(),
        quantity: Quantity(link.quantity_thousandths),
        from: takt_contract::date_req(link.valid_from.as_ref(), "valid_from", violations),
    }
}
