//! x
pub mod dice;
