//! What breaks next: the loss of a site anywhere in the supply network, how long the plant goes on building (time to survive),
//! and what is lost until the site is back (time to recover). It must not know services, files or names. Source: Simchi-Levi,
//! Schmidt, Wei, Zhang, Combs, Ge, Gusikhin, Sanders and Zhang, Interfaces 45(5), 2015.
mod assess;
mod chain;
mod exposure;
mod flow;
mod impact;
mod network;
mod offer;
mod outage;
mod paper;
mod partner;
mod predict;
mod reserve;
mod stock;
mod synthetic;
#[cfg(test)]
mod tests;

pub use assess::{Assessor, Binding, Loss, Product};
pub use chain::{Chain, ChainError, FlowRow, SiteRow, chain};
pub use exposure::{Bridge, Exposure, Lost, Money, earned, exposures, rank};
pub use flow::{FULL, Flow};
pub use impact::{Impact, impact};
pub(crate) use network::grouped;
pub use network::{Customer, Link, Network, NetworkError, Node};
pub use offer::{offer, with_edition};
pub use outage::{Outage, departures, still_made};
pub use paper::{Paper, PaperError, Sourcing};
pub use partner::{Partner, Spared, partner};
pub use predict::{Bought, FirstStop, Plant, Prediction, Sourced, predict};
pub use reserve::{Cover, Reserved, covers};
pub use stock::{days_covered, needs};
pub use synthetic::{Size, synthetic};
