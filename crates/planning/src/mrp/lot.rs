//! How much is ordered at once: lot for lot, fixed, period of supply, economic order quantity (Harris 1913) and the
//! dynamic lot size of Wagner and Whitin, each with a minimum and a multiple. It must not know days of receipt or
//! stock. Units: thousandths; costs in minor units of one currency per order, and in millionths of a minor unit
//! for holding one unit for a day. Invariant: a lot is at least what is short, at least the minimum, and a whole
//! multiple above it.
use super::error::MrpError;
use super::limits::{QUANTITY, SPAN};
use takt_kernel::Quantity;

/// What an order and a day of stock cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LotCost {
    /// Minor units per order.
    pub order_cost: i64,
    /// Millionths of a minor unit for one unit held one day.
    pub holding_micro_cost: i64,
}

/// The rule by which lots are sized.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LotRule {
    /// What is short and no more.
    #[default]
    LotForLot,
    /// Whole lots of one size.
    Fixed(Quantity),
    /// What so many days from the first shortage need (period of supply).
    Period(i32),
    /// At least the economic order quantity of a yearly requirement, rounded to the nearest multiple.
    Economic {
        /// Requirement of 365 days.
        yearly: Quantity,
        /// What ordering and holding cost.
        cost: LotCost,
    },
    /// The series of lots with the least cost over the horizon (Wagner and Whitin 1958).
    WagnerWhitin(LotCost),
}

/// A rule with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lot {
    /// The rule.
    pub rule: LotRule,
    /// No order is smaller.
    pub minimum: Quantity,
    /// Every order above the minimum is a whole multiple; 0 means any quantity.
    pub multiple: Quantity,
}

impl Default for Lot {
    fn default() -> Self {
        Self {
            rule: LotRule::LotForLot,
            minimum: Quantity::ZERO,
            multiple: Quantity::ZERO,
        }
    }
}

/// How far an order looks ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// To the requirement that is short.
    One,
    /// To all requirements within so many days.
    Days(i32),
    /// As far as is cheapest.
    Cheapest(LotCost),
}

/// A lot rule made ready for the netting loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizing {
    minimum: i64,
    multiple: i64,
    /// The most that may be short for the least lot to do.
    least_covers: i64,
    pub(super) cover: Cover,
}

impl Sizing {
    /// The lot for what is short: max(minimum, whole multiples).
    pub(super) fn lot(&self, short: i64) -> Option<i64> {
        if self.multiple <= 1 {
            return Some(short.max(self.minimum));
        }
        if short <= self.least_covers {
            // The least lot will do, which spares most orders the division.
            return Some(self.minimum.max(self.multiple));
        }
        let short = u64::try_from(short).unwrap_or(0);
        let multiple = self.multiple.unsigned_abs();
        let lots = i64::try_from(short.div_ceil(multiple)).ok()?;
        Some(lots.checked_mul(self.multiple)?.max(self.minimum))
    }

    /// The largest permitted lot of at most `room`, or 0.
    pub(super) fn lot_within(&self, room: i64) -> i64 {
        let whole = if self.multiple <= 1 {
            room
        } else {
            room - room.rem_euclid(self.multiple)
        };
        match whole {
            whole if whole >= self.minimum => whole.max(0),
            _ if room >= self.minimum => self.minimum,
            _ => 0,
        }
    }
}

impl Lot {
    pub(super) fn sizing(&self) -> Sizing {
        let plain = Sizing {
            minimum: self.minimum.milli(),
            multiple: self.multiple.milli(),
            least_covers: 0,
            cover: Cover::One,
        };
        let mut sizing = match self.rule {
            LotRule::LotForLot => plain,
            LotRule::Fixed(size) => Sizing {
                multiple: size.milli(),
                ..plain
            },
            LotRule::Period(days) => Sizing {
                cover: Cover::Days(days),
                ..plain
            },
            LotRule::Economic { yearly, cost } => {
                let economic = economic_quantity(yearly, cost).milli();
                // The nearest whole multiple, as textbooks round it: near the optimum the cost hardly changes.
                let multiple = plain.multiple.max(1);
                let lots = economic.saturating_add(multiple / 2) / multiple;
                Sizing {
                    minimum: plain.minimum.max(lots.saturating_mul(multiple)),
                    ..plain
                }
            }
            LotRule::WagnerWhitin(cost) => Sizing {
                cover: Cover::Cheapest(cost),
                ..plain
            },
        };
        if sizing.multiple > 1 {
            let whole = sizing.minimum - sizing.minimum.rem_euclid(sizing.multiple);
            sizing.least_covers = whole.max(sizing.multiple);
        }
        sizing
    }

    pub(super) fn check(&self, id: &str) -> Result<(), MrpError> {
        let fine = |q: Quantity| (0..=QUANTITY).contains(&q.milli());
        let refuse = |figure, value, rule| Err(MrpError::range(id, figure, value, rule));
        if !fine(self.minimum) || !fine(self.multiple) {
            let value = format!("{} / {}", self.minimum, self.multiple);
            return refuse("lot minimum / multiple", value, "give 0 to 10000000000");
        }
        match self.rule {
            LotRule::Fixed(size) if size.milli() <= 0 || !fine(size) => {
                let rule = "give more than 0 and at most 10000000000";
                refuse("fixed lot", size.to_string(), rule)
            }
            LotRule::Period(days) if !(1..=SPAN).contains(&days) => {
                refuse("period of supply", days.to_string(), "give 1 to 3653 days")
            }
            LotRule::Economic { cost, .. } | LotRule::WagnerWhitin(cost)
                if !(0..=QUANTITY).contains(&cost.order_cost)
                    || !(1..=QUANTITY).contains(&cost.holding_micro_cost) =>
            {
                let rule = "give an order cost of 0 or more and a holding cost above 0";
                refuse("lot cost", format!("{cost:?}"), rule)
            }
            LotRule::Economic { yearly, .. } if !fine(yearly) => {
                refuse("yearly", yearly.to_string(), "give 0 to 10000000000")
            }
            _ => Ok(()),
        }
    }
}

/// The economic order quantity: the square root of 2 x yearly requirement x order cost / yearly holding cost of a
/// unit, rounded down to thousandths (Harris 1913).
pub fn economic_quantity(yearly: Quantity, cost: LotCost) -> Quantity {
    let held = u128::from(cost.holding_micro_cost.unsigned_abs()).max(1) * 365;
    let yearly = u128::from(yearly.milli().unsigned_abs());
    let order = u128::from(cost.order_cost.unsigned_abs());
    // Thousandths squared: x 1,000 for the yearly quantity, x 1,000,000 for the micro cost.
    let square = (2 * yearly * order).saturating_mul(1_000_000_000) / held;
    Quantity(i64::try_from(square.isqrt()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot(rule: LotRule, minimum: i64, multiple: i64) -> Sizing {
        Lot {
            rule,
            minimum: Quantity(minimum),
            multiple: Quantity(multiple),
        }
        .sizing()
    }

    #[test]
    fn minimum_and_multiple_shape_a_lot() {
        let plain = lot(LotRule::LotForLot, 0, 0);
        assert_eq!(plain.lot(7), Some(7));
        let both = lot(LotRule::LotForLot, 400, 100);
        assert_eq!(
            [1, 400, 401, 450].map(|q| both.lot(q)),
            [Some(400), Some(400), Some(500), Some(500)]
        );
        // A minimum that is no multiple is ordered as it is.
        let odd = lot(LotRule::LotForLot, 250, 100);
        assert_eq!(
            [1, 200, 201].map(|q| odd.lot(q)),
            [Some(250), Some(250), Some(300)]
        );
        let fixed = lot(LotRule::Fixed(Quantity(60)), 0, 0);
        assert_eq!([1, 61].map(|q| fixed.lot(q)), [Some(60), Some(120)]);
        assert_eq!(lot(LotRule::Fixed(Quantity(60)), 0, 0).lot(i64::MAX), None);
        assert_eq!(
            [0, 399, 400, 499, 950].map(|q| both.lot_within(q)),
            [0, 0, 400, 400, 900]
        );
        assert_eq!([249, 299].map(|q| odd.lot_within(q)), [0, 250]);
    }

    #[test]
    fn the_economic_order_quantity_of_the_textbook() {
        // Heizer and Render, Operations Management, Sharp, Inc.: D = 1,000 a year, S = 10.00 an order, H = 0.50 a year: sqrt(2 x 1,000 x 10 / 0.5) = 200. With a year of
        // 365 days the holding cost of a day is 50 / 365 minor units.
        let cost = LotCost {
            order_cost: 1000,
            holding_micro_cost: 50_000_000 / 365,
        };
        let got = economic_quantity(Quantity::from_units(1000), cost);
        assert_eq!(got.milli() / 100, 2000);
    }
}
