//! What a holder owns of companies through whom they own: the effective interest under cross-holdings. It must not know names, money or
//! votes. Units: shares in millionths. Source: Brioschi, Buzzacchi and Colombo, Risk capital financing and the separation of ownership
//! and control in business groups, Journal of Banking & Finance 13, 1989, whose integrated ownership is `Y = (I - A)^-1 A`; for large
//! networks Vitali, Glattfelder and Battiston, The Network of Global Corporate Control, PLoS ONE 6(10), 2011. Invariants: of a company
//! no more than the whole is held; holders who own each other wholly own nothing that could be told, and are refused by name; the
//! interests of all outside holders in a company are what they hold of it, directly and through others, and add up to no more than one.
//!
//! Exactness: sums are solved ring by ring, by elimination in binary fixed point of 48 places. The error of an answer is below a
//! millionth as long as outsiders hold at least a ten-thousandth of every ring.
mod ring;
mod solve;
#[cfg(test)]
mod tests;

pub use solve::{Group, StakeError, WHOLE};

/// A share of a company that somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Who holds it.
    pub holder: usize,
    /// What it is a share of.
    pub company: usize,
    /// How much, in millionths.
    pub share: i64,
}
