//! Scopes between the wire and the domain.
//!
//! It must not decide anything. Invariant: all mistakes of all scopes are told at once, each by its field.

use takt_contract::{
    date_req,
    production::v1::{self as pb, exposure_scope::What},
};
use takt_kernel::{LotId, Violations};

use super::Scope;
use crate::{genealogy::serial_of, product::Product};

/// The most scopes.
const SCOPES: usize = 50;
/// The most lots of a scope.
const LOTS: usize = 200;
/// The most versions of a scope.
const VERSIONS: usize = 50;
/// The most bytes of a name.
const NAME: usize = 200;

/// Reads all scopes.
pub fn scopes_of(
    product: &Product,
    scopes: &[pb::ExposureScope],
    violations: &mut Violations,
) -> Vec<Scope> {
    violations.require(
        (1..=SCOPES).contains(&scopes.len()),
        "scopes",
        format!("give 1 to {SCOPES} scopes"),
    );
    let mut read = Vec::new();
    for (at, scope) in scopes.iter().enumerate() {
        violations.scope(format!("scopes[{at}]"), |violations| {
            read.extend(scope_of(product, scope, violations));
        });
    }
    read
}

fn scope_of(
    product: &Product,
    scope: &pb::ExposureScope,
    violations: &mut Violations,
) -> Option<Scope> {
    match &scope.what {
        None => {
            violations.push(
                "what",
                "it is missing; give lots, serials, builds, process or software",
            );
            None
        }
        Some(What::Lots(scope)) => {
            item(product, &scope.item_id, "lots.item_id", violations);
            counted(scope.lot_ids.len(), LOTS, "lots.lot_ids", violations);
            for (at, lot) in scope.lot_ids.iter().enumerate() {
                let field = format!("lots.lot_ids[{at}]");
                named(lot, &field, violations);
                if let Ok(id) = LotId::parse(lot) {
                    let fits = id.item.as_str() == scope.item_id;
                    violations.require(fits, &field, format!("it is a lot of {}", id.item));
                }
            }
            Some(Scope::Lots {
                item_id: scope.item_id.clone(),
                lots: scope.lot_ids.clone(),
            })
        }
        Some(What::Serials(scope)) => {
            item(product, &scope.item_id, "serials.item_id", violations);
            let (first, last) = (&scope.first_serial_number, &scope.last_serial_number);
            named(first, "serials.first_serial_number", violations);
            named(last, "serials.last_serial_number", violations);
            let field = "serials.last_serial_number";
            match (serial_of(first), serial_of(last)) {
                (Some((a, m)), Some((b, n))) => {
                    let fits = a.item.as_str() == scope.item_id && b.item == a.item;
                    violations.require(fits, field, "both must be pieces of the item");
                    violations.require(
                        a.supplier == b.supplier,
                        field,
                        format!("both must be of {}", a.supplier),
                    );
                    violations.require((a.n, m) <= (b.n, n), field, "it lies before the first one");
                }
                (None, None) => {
                    let fits = first.len() == last.len() && first <= last;
                    let rule = "suppliers' numbers have the same length, and the first is not behind the last";
                    violations.require(fits, field, rule);
                }
                _ => violations.push(
                    field,
                    "a range has two numbers of ours, or two of a supplier",
                ),
            }
            Some(Scope::Serials {
                item_id: scope.item_id.clone(),
                first: first.clone(),
                last: last.clone(),
            })
        }
        Some(What::Builds(scope)) => {
            let from = date_req(scope.from_date.as_ref(), "builds.from_date", violations);
            let through = date_req(
                scope.through_date.as_ref(),
                "builds.through_date",
                violations,
            );
            violations.require(
                from <= through,
                "builds.through_date",
                "it lies before the first day",
            );
            for (at, variant) in scope.variant_ids.iter().enumerate() {
                let known = product
                    .variants
                    .iter()
                    .any(|one| one.variant_id == *variant);
                violations.require(
                    known,
                    &format!("builds.variant_ids[{at}]"),
                    format!("{variant} is not a variant of the programme"),
                );
            }
            for (key, value) in &scope.options {
                let found = product.features.key(key);
                let known = found.and_then(|key| product.features.value(key, value));
                violations.require(
                    known.is_some(),
                    &format!("builds.options[{key}]"),
                    format!("{value:?} is not a value of an option {key} of the programme"),
                );
            }
            Some(Scope::Builds {
                from,
                through,
                variants: scope.variant_ids.iter().cloned().collect(),
                options: scope
                    .options
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            })
        }
        Some(What::Process(scope)) => {
            let known = product
                .shops
                .iter()
                .any(|shop| shop.shop_id == scope.shop_id);
            violations.require(
                known,
                "process.shop_id",
                format!("{} is not a shop of the plant", scope.shop_id),
            );
            violations.require(
                scope.from_second <= scope.through_second,
                "process.through_second",
                "it lies before the first second",
            );
            // Until the year 9999, so that days stay in range.
            let sane = (0..=253_402_300_799).contains(&scope.from_second)
                && (0..=253_402_300_799).contains(&scope.through_second);
            violations.require(
                sane,
                "process.from_second",
                "seconds count from the beginning of 1970",
            );
            Some(Scope::Process {
                shop_id: scope.shop_id.clone(),
                from: scope.from_second,
                through: scope.through_second,
            })
        }
        Some(What::Software(scope)) => {
            item(product, &scope.item_id, "software.item_id", violations);
            counted(
                scope.versions.len(),
                VERSIONS,
                "software.versions",
                violations,
            );
            for (at, version) in scope.versions.iter().enumerate() {
                named(version, &format!("software.versions[{at}]"), violations);
            }
            Some(Scope::Software {
                item_id: scope.item_id.clone(),
                versions: scope.versions.iter().cloned().collect(),
            })
        }
    }
}

fn item(product: &Product, item_id: &str, field: &str, violations: &mut Violations) {
    violations.require(
        product.item(item_id).is_some(),
        field,
        format!("{item_id:?} is not an item of the programme"),
    );
}

fn counted(count: usize, most: usize, field: &str, violations: &mut Violations) {
    violations.require(
        (1..=most).contains(&count),
        field,
        format!("give 1 to {most} of them"),
    );
}

fn named(name: &str, field: &str, violations: &mut Violations) {
    violations.require(
        !name.trim().is_empty() && name.len() <= NAME,
        field,
        format!("it has 1 to {NAME} bytes"),
    );
}
