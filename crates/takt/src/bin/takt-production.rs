//! Production as a program of its own. Everything it does is in the library.
use std::process::ExitCode;

fn main() -> ExitCode {
    takt::service_binary::main(
        takt_production::definition(),
        "takt-production",
        "Takt's production: the plan, the line, vehicles and what they are made of",
        &[("procurement", 7001), ("delivery", 7003)],
    )
}
