//! Delivery as a program of its own. Everything it does is in the library.
use std::process::ExitCode;

fn main() -> ExitCode {
    takt::service_binary::main(
        takt_delivery::definition(),
        "takt-delivery",
        "Takt's delivery: customers' orders and promises, shipments, handovers",
        &[("procurement", 7001), ("production", 7002)],
    )
}
