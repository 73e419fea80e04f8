//! The command and its parts. The binaries are thin: everything they do is here, so that tests can do it too.
//!
//! The command is a client: it knows the services by the contract alone, except where `host` starts them.
pub mod admin;
pub mod as_built;
pub mod as_planned;
pub mod bulk;
pub mod change;
pub mod command;
pub mod connection;
pub mod edifact;
pub mod failure;
pub mod health;
pub mod host;
pub mod import;
pub mod offline;
pub mod opening;
pub mod output;
pub mod problem;
pub mod programme;
pub mod replay;
pub mod report;
pub mod service_binary;
pub mod world;
