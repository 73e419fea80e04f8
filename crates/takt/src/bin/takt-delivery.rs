//! The delivery service as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    takt::command::service_main(takt_delivery::definition())
}
