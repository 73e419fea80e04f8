//! The suite as outsiders meet it: a collector that sees traces, people with grpcurl, a client in another language, and
//! a cluster that is given the manifests.
//!
//! It must not know how the services work inside.

#[path = "e2e/as_built.rs"]
mod as_built;
#[path = "e2e/buying.rs"]
mod buying;
#[path = "e2e/call_offs.rs"]
mod call_offs;
#[path = "e2e/capacity.rs"]
mod capacity;
#[path = "e2e/centres.rs"]
mod centres;
#[path = "e2e/chain.rs"]
mod chain;
#[path = "e2e/changes.rs"]
mod changes;
#[path = "e2e/client.rs"]
mod client;
#[path = "e2e/cutover.rs"]
mod cutover;
#[path = "e2e/deploy.rs"]
mod deploy;
#[path = "e2e/disruptions.rs"]
mod disruptions;
#[path = "e2e/floor.rs"]
mod floor;
#[path = "e2e/grpcurl.rs"]
mod grpcurl;
#[path = "e2e/partners.rs"]
mod partners;
#[path = "e2e/personal_data.rs"]
mod personal_data;
#[path = "e2e/plan.rs"]
mod plan;
#[path = "e2e/promises.rs"]
mod promises;
#[path = "e2e/recalls.rs"]
mod recalls;
#[path = "e2e/risk.rs"]
mod risk;
#[path = "e2e/slots.rs"]
mod slots;
#[path = "e2e/stock.rs"]
mod stock;
#[path = "e2e/trace.rs"]
mod trace;
#[path = "e2e/transport.rs"]
mod transport;
#[path = "e2e/worked.rs"]
mod worked;
#[path = "e2e/yard.rs"]
mod yard;

use std::{path::Path, time::Duration};

use takt_tests::{
    Result,
    process::{Finished, run},
    replay::takt,
    suite::{Setup, Suite},
};

/// Nothing here takes longer.
const SHORT: Duration = Duration::from_secs(120);

/// The three services as processes with the built-in programme in them.
fn suite_with_su7(folder: &Path, setup: Setup) -> Result<Suite> {
    let suite = Suite::prepare(folder)?.up(setup)?;
    import(&suite)?;
    Ok(suite)
}

/// Imports the built-in programme at a hundredth of its size.
fn import(suite: &Suite) -> Result<Finished> {
    let mut command = takt(&["import", "su7", "--vehicles", "1000", "--endpoints"])?;
    run(command.arg(suite.endpoints()), SHORT)?.ok()
}
