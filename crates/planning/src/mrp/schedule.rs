//! What finite planning decided beside the orders.
/// Placeholder until the finite planning is written.
#[derive(Debug, Clone)]
pub struct Schedule;
