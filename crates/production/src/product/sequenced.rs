//! Which items suppliers bring in the order of the vehicles (just in sequence).
//!
//! It must not know a day. Rule: a bought item that is counted in pieces or sets, that not every vehicle needs (its
//! variant or an option decides), and whose every supplier is at most half a day of transit away: from farther a
//! supplier cannot answer a sequence that is frozen for a day. Invariant: the items are in the order of the file.

use std::collections::HashMap;

use takt_kernel::Unit;
use takt_planning::bom::Bom;

use super::Item;

/// The transit that a supplier in sequence may have, in thousandths of a day.
pub const NEAR_MILLIDAYS: i64 = 500;

/// A supplier of an item as it was imported, by item and rank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcePart {
    /// The item.
    pub item_id: String,
    /// The supplier.
    pub supplier_id: String,
    /// The share of the item that it gets, in millionths.
    pub share: i64,
    /// The transit of its fastest lane in thousandths of a day; None when it has no lane.
    pub transit_millidays: Option<i64>,
}

/// An item that is called off in sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequencedItem {
    /// The item.
    pub item: usize,
    /// Its suppliers with their shares in millionths, by rank.
    pub suppliers: Vec<(String, i64)>,
}

/// Whether the variant or an option decides over the item; an engineering change alone makes no sequence.
fn is_decided(bom: &Bom, variants: usize, item: usize) -> bool {
    let users = (0..variants).filter(|variant| bom.is_used_by(item, *variant));
    let users = users.count();
    users > 0 && (users < variants || bom.is_optional(item))
}

/// The items that are called off in sequence.
pub fn sequenced_items(
    items: &[Item],
    bom: &Bom,
    variants: usize,
    sources: &[SourcePart],
) -> Vec<SequencedItem> {
    let mut by_item: HashMap<&str, Vec<&SourcePart>> = HashMap::new();
    for source in sources.iter().filter(|source| source.share > 0) {
        by_item.entry(&source.item_id).or_default().push(source);
    }
    let counted = [Unit::Piece, Unit::Set].map(Unit::code);
    let is_near = |source: &&SourcePart| {
        source
            .transit_millidays
            .is_some_and(|transit| transit <= NEAR_MILLIDAYS)
    };
    let chosen = items.iter().enumerate().filter_map(|(at, item)| {
        let sources = by_item.get(item.item_id.as_str())?;
        let fits = !item.made
            && counted.contains(&item.unit_code.as_str())
            && is_decided(bom, variants, at)
            && sources.iter().all(is_near);
        let suppliers = sources
            .iter()
            .map(|source| (source.supplier_id.clone(), source.share));
        fits.then(|| SequencedItem {
            item: at,
            suppliers: suppliers.collect(),
        })
    });
    chosen.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::parts;

    #[test]
    fn an_option_from_nearby_is_called_off_in_sequence() {
        let mut parts = parts();
        let source = |item: &str, supplier: &str, transit: Option<i64>| SourcePart {
            item_id: item.to_owned(),
            supplier_id: supplier.to_owned(),
            share: 1_000_000,
            transit_millidays: transit,
        };
        parts.sources = vec![
            source("AWD", "NEAR", Some(500)),
            source("BODY", "NEAR", Some(500)),
            source("TRIM", "NOWHERE", None),
            source("W19", "FAR", Some(501)),
            source("W20", "NEAR", Some(0)),
            source("W20", "FAR", Some(2_000)),
        ];
        let product = parts.assemble().unwrap();
        let named: Vec<&str> = product
            .sequenced
            .iter()
            .map(|known| product.items[known.item].item_id.as_str())
            .collect();
        assert_eq!(named, ["AWD"]);
        assert_eq!(
            product.sequenced[0].suppliers,
            [("NEAR".to_owned(), 1_000_000)]
        );
    }
}
