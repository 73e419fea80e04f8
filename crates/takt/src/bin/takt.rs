//! The command.

use std::process::ExitCode;

fn main() -> ExitCode {
    takt::command::main()
}
