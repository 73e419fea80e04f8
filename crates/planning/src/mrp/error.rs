//! Why a planning problem cannot be planned. It must not know files on disk or the wire. Invariant: every
//! message names the thing, its state and the way out.

/// What is wrong with a planning problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MrpError {
    /// A row of one of the texts cannot be read.
    #[error("{file}:{line}: {message}")]
    Row {
        /// The text, `bom.csv`.
        file: &'static str,
        /// The line, counted from 1; the header is line 1.
        line: usize,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// A figure is outside of what the mathematics can carry.
    #[error("{subject}: {figure} is {value}; {rule}")]
    OutOfRange {
        /// The item, order, shop or receipt.
        subject: String,
        /// Which figure.
        figure: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// Something points at what is not there.
    #[error("{subject} names {kind} {index}, and there are {count}; name one of them")]
    Unknown {
        /// Who points.
        subject: String,
        /// At what: `item`, `shop`, `calendar`, `demand`.
        kind: &'static str,
        /// The index it gives.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A part contains itself.
    #[error("the bill of material has a cycle: {}; take one of its lines out", path.join(" > "))]
    Cycle {
        /// The items around the cycle; the first stands again at the end.
        path: Vec<String>,
    },
    /// A sum does not fit.
    #[error(
        "the requirement of {item} exceeds nine quadrillion units; check the quantities above it"
    )]
    TooLarge {
        /// The item.
        item: String,
    },
    /// Lines have option conditions and the demands have not been configured.
    #[error(
        "{item} has lines with option conditions; call `configured` before planning, it makes one item of each configuration"
    )]
    Unconfigured {
        /// The parent of the conditional line.
        item: String,
    },
    /// A demand lacks the configuration that the options below it need, or stock of it cannot be told apart.
    #[error("{subject}: {rule}")]
    Configuration {
        /// The demand or item.
        subject: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A change cannot be replanned in place.
    #[error("{subject} cannot be changed in this plan; {rule}")]
    Change {
        /// What the change names.
        subject: String,
        /// The way out.
        rule: &'static str,
    },
}

impl MrpError {
    /// A figure out of its range.
    pub(super) fn range(
        subject: &str,
        figure: &'static str,
        value: impl ToString,
        rule: &'static str,
    ) -> Self {
        Self::OutOfRange {
            subject: subject.to_owned(),
            figure,
            value: value.to_string(),
            rule,
        }
    }
}
