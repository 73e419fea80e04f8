//! x
pub mod disruption;
pub mod options;
pub mod request;
