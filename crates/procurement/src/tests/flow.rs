//! The whole chain, day by day.
