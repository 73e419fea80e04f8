//! What a plan was made from, as bytes: position, stock and mode.
//!
//! It must not know where they are kept. Invariant: what was packed is unpacked alike, and other bytes are refused.

use takt_kernel::{Date, Quantity, Share};
use takt_planning::{
    feature::Config,
    material::{Expected, Mode, Position, Source, Stock, Wanted},
};

/// The first number of the bytes; another layout gets another one.
const LAYOUT: i64 = 1;

/// What a plan is made from, besides the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The day as of which to plan.
    pub as_of: Date,
    /// How to plan.
    pub mode: Mode,
    /// How many days ahead messages look.
    pub horizon: i32,
    /// What is built and what waits.
    pub position: Position,
    /// By item what there is.
    pub stocks: Vec<Stock>,
}

impl Input {
    /// The bytes.
    pub fn packed(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        out.number(LAYOUT);
        out.number(self.as_of.epoch_day().into());
        out.number(i64::from(self.mode.finite) + 2 * i64::from(self.mode.weekly));
        out.number(self.horizon.into());
        out.number(self.position.founders_locked);
        out.list(&self.position.built, |out, units| out.number(*units));
        out.list(&self.position.queues, |out, queue| {
            out.list(queue, |out, wanted| {
                out.text(&wanted.order_id);
                out.number(wanted.config.0);
                out.number(wanted.on_line.into());
            });
        });
        out.list(&self.stocks, |out, stock| {
            out.number(stock.on_hand.milli());
            out.number(stock.safety.milli());
            out.number(stock.lot.milli());
            out.list(&stock.sources, |out, source| {
                out.text(&source.supplier_id);
                out.number(source.share.millionths());
                out.number(source.lead_days.into());
                out.number(source.ordered_lots);
            });
            out.list(&stock.expected, |out, coming| {
                out.text(&coming.receipt_id);
                out.text(&coming.supplier_id);
                out.number(coming.on.epoch_day().into());
                out.number(coming.quantity.milli());
            });
        });
        out.0
    }

    /// The input of bytes; none when they are no input.
    pub fn unpacked(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        if from.number()? != LAYOUT {
            return None;
        }
        let as_of = from.date()?;
        let mode = from.number()?;
        let horizon = from.small()?;
        let position = Position {
            founders_locked: from.number()?,
            built: from.list(Reader::number)?,
            queues: from.list(|from| {
                from.list(|from| {
                    Some(Wanted {
                        order_id: from.text()?,
                        config: Config(from.number()?),
                        on_line: from.number()? == 1,
                    })
                })
            })?,
        };
        let stocks = from.list(|from| {
            Some(Stock {
                on_hand: Quantity(from.number()?),
                safety: Quantity(from.number()?),
                lot: Quantity(from.number()?),
                sources: from.list(|from| {
                    Some(Source {
                        supplier_id: from.text()?,
                        share: Share(from.number()?),
                        lead_days: from.small()?,
                        ordered_lots: from.number()?,
                    })
                })?,
                expected: from.list(|from| {
                    Some(Expected {
                        receipt_id: from.text()?,
                        supplier_id: from.text()?,
                        on: from.date()?,
                        quantity: Quantity(from.number()?),
                    })
                })?,
            })
        })?;
        let input = Self {
            as_of,
            mode: Mode {
                finite: mode & 1 == 1,
                weekly: mode & 2 == 2,
            },
            horizon,
            position,
            stocks,
        };
        from.0.is_empty().then_some(input)
    }
}

/// Numbers as variable-length integers of seven bits a byte, the sign in the lowest bit; texts and lists after their length.
struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, value: i64) {
        let mut left = (value.wrapping_shl(1) ^ (value >> 63)).cast_unsigned();
        while left >= 0x80 {
            self.0.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        self.0.push(left as u8);
    }

    fn length(&mut self, length: usize) {
        self.number(i64::try_from(length).unwrap_or(i64::MAX));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn list<T>(&mut self, all: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.length(all.len());
        for one in all {
            write(self, one);
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Option<i64> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                let half = (value >> 1).cast_signed();
                return Some(half ^ -((value & 1).cast_signed()));
            }
            shift += 7;
        }
    }

    fn small(&mut self) -> Option<i32> {
        i32::try_from(self.number()?).ok()
    }

    fn date(&mut self) -> Option<Date> {
        self.small().map(Date::from_epoch_day)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = usize::try_from(self.number()?).ok()?;
        // An entry is a byte at least, so that a wrong length cannot ask for more than there is.
        if length > self.0.len() {
            return None;
        }
        (0..length).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn input(numbers: &[i64], text: &str) -> Input {
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let small = |at: usize| i32::try_from(number(at) % 100_000).unwrap_or(0);
        Input {
            as_of: Date::from_epoch_day(small(0)),
            mode: Mode {
                finite: number(1) % 2 == 0,
                weekly: number(2) % 2 == 0,
            },
            horizon: small(1),
            position: Position {
                built: numbers.to_vec(),
                queues: vec![
                    vec![],
                    vec![Wanted {
                        order_id: text.to_owned(),
                        config: Config(number(3)),
                        on_line: number(4) % 2 == 0,
                    }],
                ],
                founders_locked: number(5),
            },
            stocks: vec![
                Stock::default(),
                Stock {
                    on_hand: Quantity(number(0)),
                    lot: Quantity(number(6)),
                    sources: vec![Source {
                        supplier_id: text.to_owned(),
                        share: Share(number(1)),
                        lead_days: small(2),
                        ordered_lots: number(3),
                    }],
                    expected: vec![Expected {
                        receipt_id: text.to_owned(),
                        supplier_id: text.to_owned(),
                        on: Date::from_epoch_day(small(3)),
                        quantity: Quantity(number(2)),
                    }],
                    ..Stock::default()
                },
            ],
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked_alike(numbers in prop::collection::vec(any::<i64>(), 0..9), text in ".{0,40}") {
            let input = input(&numbers, &text);
            let packed = input.packed();
            prop_assert_eq!(Input::unpacked(&packed), Some(input));
            prop_assert_eq!(Input::unpacked(&packed[..packed.len() - 1]), None);
        }

        #[test]
        fn other_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Input::unpacked(&bytes);
        }
    }
}
