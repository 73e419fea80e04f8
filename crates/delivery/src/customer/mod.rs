//! Who a customer is: the only personal data of Takt, sealed under the pseudonym that orders carry.
//!
//! It must not know rows, keys or the wire. Invariants: CU-1 a customer is known or erased, never both, and who was erased
//! is never known again; nothing of a person leaves this room but to who asks for that customer.

pub(crate) mod rpc;
mod store;

use std::fmt;

use takt_service::error::Refusal;

/// What is known of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The person, sealed.
    Known {
        /// The sealed person.
        sealed: takt_service::seal::Sealed,
        /// When it was written, in microseconds.
        written_at: i64,
    },
    /// Forgotten for good.
    Erased {
        /// When, in microseconds.
        at: i64,
    },
}

/// Why a customer is not told of or written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CustomerRefusal {
    /// The customer was erased.
    Erased {
        /// The pseudonym.
        id: String,
    },
}

impl fmt::Display for CustomerRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Erased { id } => write!(
                out,
                "customer {id} was erased, and nothing is known or written down under that pseudonym any more; \
                 a person who comes back gets a new one"
            ),
        }
    }
}

impl Refusal for CustomerRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Erased { .. } => "CUSTOMER_ERASED",
        }
    }
}
