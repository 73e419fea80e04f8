//! Safety times: by how many days goods are asked for earlier than the evening before their use, learnt from what came late.
//!
//! It must not know rows or messages; the rule is computed in planning. Invariants: SF-1; a source from which nothing was learnt
//! has none; what is ordered already stays as it is.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::learnt::{Basis, Days, SafetyTime, safety_time};

use crate::{
    programme::{Catalogue, Source, SourceNo},
    supplier::Deliveries,
};

pub(crate) mod rpc;
pub(crate) mod store;

/// A safety time in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InForce {
    /// What was learnt.
    pub(crate) learnt: SafetyTime,
    /// The day of it.
    pub(crate) on: Date,
}

/// The safety times in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Safety(pub(crate) BTreeMap<SourceNo, InForce>);

impl Safety {
    /// The days of a source.
    pub(crate) fn days(&self, source: SourceNo) -> i32 {
        let days = self.0.get(&source).map_or(0, |known| known.learnt.days);
        i32::try_from(days).unwrap_or(i32::MAX)
    }
}

/// What every source would be given that has a share, from what happened.
pub(crate) fn proposals(
    catalogue: &Catalogue,
    happened: &BTreeMap<SourceNo, Deliveries>,
    share: i64,
) -> BTreeMap<SourceNo, SafetyTime> {
    let nothing = Deliveries::default();
    let of = |source: &Source| happened.get(&source.number).unwrap_or(&nothing);
    let sources = || {
        let sources = catalogue.bought().iter().flat_map(|bought| &bought.sources);
        sources.filter(|source| source.terms.share.millionths() > 0)
    };
    let (mut suppliers, mut everybody) = (BTreeMap::<usize, Days>::new(), Days::default());
    for source in sources() {
        let late = &of(source).late;
        suppliers.entry(source.supplier).or_default().with(late);
        everybody.with(late);
    }
    let proposal = |source: &Source| {
        let supplier = suppliers.get(&source.supplier)?;
        let learnt = safety_time(&of(source).late, supplier, &everybody, share)?;
        Some((source.number, learnt))
    };
    sources().filter_map(proposal).collect()
}

/// The column of a basis.
pub(crate) fn number_of(basis: Basis) -> i64 {
    match basis {
        Basis::Source => 1,
        Basis::Supplier => 2,
        Basis::Everybody => 3,
    }
}

/// The basis of a column.
pub(crate) fn basis_of(number: i64) -> Basis {
    match number {
        1 => Basis::Source,
        2 => Basis::Supplier,
        _ => Basis::Everybody,
    }
}
