//! suppliers.csv, supply_edges.csv, nodes.csv, materials.csv and stakes.csv. It must not walk the network.
//! Invariants: exactly one supplier has tier 0, the plant; links run from the same or a deeper tier.
use super::{Known, Numbered, loose_date, once, place};
use crate::programme::folder::Folder;
use crate::programme::model::{Material, MaterialUnit, Node, Stake, Supplier, SupplyLink};
use crate::programme::problem::{Log, list, quote};
use crate::programme::table::{columns, each_row, flag, share};
use std::collections::{HashMap, HashSet};
use takt_kernel::{Date, ItemId, ParseError, Quantity, Share, SupplierId, Unit};

pub(super) const SUPPLIERS: &str = "suppliers.csv";
const LINKS: &str = "supply_edges.csv";

/// No real network is known as deep; a larger number is a typing error.
const DEEPEST_TIER: i64 = 99;

pub(super) fn suppliers(
    folder: &Folder,
    known: &mut Known,
    log: &mut Log,
) -> Vec<Numbered<Supplier>> {
    let columns = columns(
        &["id", "name", "country", "city", "tier"],
        &["lat", "lon", "what", "source_kind", "source"],
    );
    let (mut suppliers, mut seen) = (Vec::new(), HashMap::new());
    let usable = each_row(folder, SUPPLIERS, &columns, log, |row| {
        let id = row.must("id", SupplierId::parse);
        let tier = row.must_number("tier", 0, 0);
        if tier > DEEPEST_TIER {
            row.error(format_args!("tier {tier} is deeper than {DEEPEST_TIER}"));
        }
        let country = row.must("country", |text| match text.as_bytes() {
            [b'A'..=b'Z', b'A'..=b'Z'] => Ok(text.to_owned()),
            _ => Err(ParseError::new(
                "country",
                text,
                "it is two capitals of ISO 3166",
            )),
        });
        let supplier = (|| {
            Some(Supplier {
                name: row.must_text("name"),
                country: country.unwrap_or_default(),
                city: row.must_text("city"),
                place: place(row),
                tier,
                what: row.text("what"),
                source_kind: row.text("source_kind"),
                source: row.text("source"),
                id: id?,
            })
        })();
        let Some(supplier) = supplier else { return };
        if once(&mut seen, supplier.id.clone(), row, "this id") {
            suppliers.push(Numbered {
                line: row.line,
                row: supplier,
            });
        }
    });
    if usable {
        let plants: Vec<&SupplierId> = suppliers
            .iter()
            .filter(|s| s.row.tier == 0)
            .map(|s| &s.row.id)
            .collect();
        match plants.as_slice() {
            [plant] => known.plant = Some((*plant).clone()),
            [] => log.error(
                SUPPLIERS,
                None,
                "has no row with tier 0; that row is the plant",
            ),
            many => log.error(
                SUPPLIERS,
                None,
                format_args!(
                    "has {} rows with tier 0: {}; one is the plant",
                    many.len(),
                    list(many)
                ),
            ),
        }
        known.suppliers = Some(
            suppliers
                .iter()
                .map(|s| (s.row.id.clone(), s.row.tier))
                .collect(),
        );
    }
    suppliers
}

pub(super) fn links(
    folder: &Folder,
    known: &mut Known,
    log: &mut Log,
) -> Vec<Numbered<SupplyLink>> {
    let columns = columns(
        &["from_supplier", "to_supplier", "item_id", "share"],
        &[
            "name",
            "into",
            "qty_per",
            "uom",
            "lead_time_days",
            "customer_stock_days",
            "valid_from",
            "valid_to",
            "source_kind",
        ],
    );
    // What a link may go into can be carried by a later line: a first pass over the column finds all.
    let mut carried = HashSet::new();
    let usable = each_row(folder, LINKS, &columns, &mut Log::default(), |row| {
        carried.extend(
            row.cell("item_id")
                .and_then(|text| ItemId::parse(text).ok()),
        );
    });
    known.carried = usable.then_some(carried);
    let (mut links, mut seen) = (Vec::new(), HashMap::new());
    each_row(folder, LINKS, &columns, log, |row| {
        let from = row.must("from_supplier", SupplierId::parse);
        let to = row.must("to_supplier", SupplierId::parse);
        for (what, id) in [("from_supplier", &from), ("to_supplier", &to)] {
            if let Some(id) = id {
                known.check_supplier(row, what, id);
            }
        }
        let item = row.must("item_id", ItemId::parse);
        let link = (|| {
            Some(SupplyLink {
                name: row.text("name"),
                into: row.many("into", ItemId::parse),
                share: row
                    .must("share", |text| share(text, 1, 1_000_000))
                    .unwrap_or(Share::ONE),
                qty_per: row.maybe_number("qty_per", 3, 1).map(Quantity::from_milli),
                unit: row.maybe("uom", Unit::parse),
                lead_time_days: row.maybe_number("lead_time_days", 0, 0),
                customer_stock_millidays: row.maybe_number("customer_stock_days", 3, 0),
                valid_from: row.maybe("valid_from", Date::parse),
                valid_to: row.maybe("valid_to", Date::parse),
                source_kind: row.text("source_kind"),
                from: from?,
                to: to?,
                item: item?,
            })
        })();
        let Some(link) = link else { return };
        if let (Some(first), Some(last)) = (link.valid_from, link.valid_to)
            && last < first
        {
            row.error(format_args!("valid_to {last} is before valid_from {first}"));
        }
        for id in &link.into {
            known.check_carried(row, "into", id);
        }
        let tier = |id| known.suppliers.as_ref().and_then(|known| known.get(id));
        if let (Some(a), Some(b)) = (tier(&link.from), tier(&link.to))
            && a < b
        {
            row.error(format_args!("runs from {} of tier {a} to {} of tier {b}; links run from the same or a deeper tier", link.from, link.to));
        }
        if known.plant.as_ref() == Some(&link.to) {
            known.check_item(row, "item", &link.item);
        } else if known.plant.is_some() && link.into.is_empty() {
            row.error(format_args!(
                "into is empty; say which items of {} it goes into",
                link.to
            ));
        }
        let key = (
            link.from.clone(),
            link.to.clone(),
            link.item.clone(),
            link.into.clone(),
            link.valid_from,
        );
        once(&mut seen, key, row, "this link");
        links.push(Numbered {
            line: row.line,
            row: link,
        });
    });
    links
}

pub(super) fn nodes(folder: &Folder, known: &Known, log: &mut Log) -> Vec<Node> {
    let columns = columns(
        &["supplier_id", "item_id"],
        &[
            "name",
            "lat",
            "lon",
            "uom",
            "capacity_per_week",
            "stock_days",
            "ttr_days",
            "process_hours",
            "wait_hours",
            "yield",
            "kgco2e_per_unit",
            "stock_survives_site_loss",
            "source_kind",
        ],
    );
    let (mut nodes, mut seen) = (Vec::new(), HashMap::new());
    each_row(folder, "nodes.csv", &columns, log, |row| {
        let supplier = row.must("supplier_id", SupplierId::parse);
        let item = row.must("item_id", ItemId::parse);
        let node = (|| {
            Some(Node {
                name: row.text("name"),
                place: place(row),
                unit: row.maybe("uom", Unit::parse).unwrap_or(Unit::Piece),
                capacity_per_week: row
                    .maybe_number("capacity_per_week", 3, 0)
                    .map(Quantity::from_milli),
                stock_millidays: row.maybe_number("stock_days", 3, 0),
                ttr_millidays: row.maybe_number("ttr_days", 3, 0),
                process_millihours: row.maybe_number("process_hours", 3, 0),
                wait_millihours: row.maybe_number("wait_hours", 3, 0),
                yield_share: row.maybe("yield", |text| share(text, 1, 1_000_000)),
                co2e_mg_per_unit: row.maybe_number("kgco2e_per_unit", 6, 0),
                stock_survives_site_loss: row.maybe("stock_survives_site_loss", flag),
                source_kind: row.text("source_kind"),
                supplier: supplier?,
                item: item?,
            })
        })();
        let Some(node) = node else { return };
        known.check_supplier(row, "supplier", &node.supplier);
        known.check_carried(row, "item", &node.item);
        once(
            &mut seen,
            (node.supplier.clone(), node.item.clone()),
            row,
            "this supplier with this item",
        );
        nodes.push(node);
    });
    nodes
}

pub(super) fn materials(folder: &Folder, known: &Known, log: &mut Log) -> Vec<Material> {
    let columns = columns(
        &["item_id", "material", "uom", "qty_per_item"],
        &["intensity", "basis", "suppliers", "source_kind", "source"],
    );
    let (mut materials, mut seen) = (Vec::new(), HashMap::new());
    each_row(folder, "materials.csv", &columns, log, |row| {
        let item = row.must("item_id", ItemId::parse);
        let unit = row.must("uom", |text| match text {
            "pc" => Ok(MaterialUnit::Piece),
            "kg" => Ok(MaterialUnit::Kilogram),
            "m2" => Ok(MaterialUnit::SquareMetre),
            _ => Err(ParseError::new("unit", text, "it is one of pc, kg, m2")),
        });
        let material = (|| {
            Some(Material {
                name: row.must_text("material"),
                unit: unit.unwrap_or(MaterialUnit::Kilogram),
                intensity_micro: row.maybe_number("intensity", 6, 0),
                per_item_micro: row.must_number("qty_per_item", 6, 0),
                basis: row.text("basis"),
                suppliers: row.many("suppliers", SupplierId::parse),
                source_kind: row.text("source_kind"),
                source: row.text("source"),
                item: item?,
            })
        })();
        let Some(material) = material else { return };
        known.check_item(row, "item", &material.item);
        for supplier in &material.suppliers {
            known.check_supplier(row, "supplier", supplier);
        }
        once(
            &mut seen,
            (material.item.clone(), material.name.clone()),
            row,
            "this item with this material",
        );
        materials.push(material);
    });
    materials
}

pub(super) fn stakes(folder: &Folder, known: &Known, log: &mut Log) -> Vec<Stake> {
    let columns = columns(
        &["investor", "company"],
        &[
            "company_id",
            "stake_pct",
            "notes",
            "date",
            "source_kind",
            "source",
        ],
    );
    let mut stakes = Vec::new();
    each_row(folder, "stakes.csv", &columns, log, |row| {
        let supplier = row.maybe("company_id", SupplierId::parse);
        if let Some(id) = &supplier {
            known.check_supplier(row, "company_id", id);
        }
        // Ten-thousandths of a percent are millionths of the whole.
        let held = row.maybe_number("stake_pct", 4, 0).map(Share);
        if held.is_some_and(|share| share > Share::ONE) {
            let value = quote(row.cell("stake_pct").unwrap_or_default());
            row.error(format_args!("stake_pct {value} is more than 100"));
        }
        let stake = Stake {
            investor: row.must_text("investor"),
            supplier,
            company: row.must_text("company"),
            share: held,
            notes: row.text("notes"),
            on: row.maybe("date", loose_date),
            source_kind: row.text("source_kind"),
            source: row.text("source"),
        };
        // A claim that its own source row calls not credible is not loaded (RULES 15).
        if stake.source_kind != "rejected" {
            stakes.push(stake);
        }
    });
    stakes
}
