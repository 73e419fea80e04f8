//! Procurement as a program of its own. Everything it does is in the library.
use std::process::ExitCode;

fn main() -> ExitCode {
    takt::service_binary::main(
        takt_procurement::definition(),
        "takt-procurement",
        "Takt's procurement: suppliers, purchase orders, goods on their way, bought stock",
        &[("production", 7002), ("delivery", 7003)],
    )
}
