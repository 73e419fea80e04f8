//! The words of Takt: ids, dates, quantities, money, VINs, lots, reasons, violations and the clock.
//! Every other crate speaks in them. It must not know the network, a database or a runtime (no tokio,
//! tonic, sea-orm). Invariants: no floats; values are valid from birth; arithmetic never wraps silently.
mod clock;
mod date;
mod hash;
mod id;
mod lot;
mod money;
mod parse;
mod quantity;
mod reason;
mod rounding;
mod vin;
mod violation;

pub use clock::Clock;
pub use date::{Date, Weekday, Zone};
pub use hash::{mix, seeded_hash, seeded_share, sha256_hex, stable_hash};
pub use id::*;
pub use lot::{LotId, LotNumber};
pub use money::{Amount, Currency, MoneyError, Price};
pub use parse::{ParseError, decimal};
pub use quantity::{Quantity, Share, Unit};
pub use reason::{Reason, ReasonCode};
pub use rounding::{ceil_div, floor_div, half_even_div};
pub use vin::Vin;
pub use violation::{FieldViolation, Violations};
