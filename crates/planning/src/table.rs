//! Two-way apportionment: counts by variant and by value that are both given, the cells between them close to
//! their shares (controlled rounding, Cox 1987, here by largest remainder with carry). It must not know what is
//! counted. Invariants: rows and columns add up exactly; what a cell is owed is carried to the next day.
use takt_kernel::Share;

/// The cells of variant x value, day after day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    weights: Vec<i64>,
    sum: i64,
    /// What each cell is owed, in units of 1 / sum.
    owed: Vec<Vec<i64>>,
}

impl Table {
    /// A table of `rows` variants by the values that have these shares.
    pub fn new(rows: usize, shares: &[Share]) -> Self {
        let weights: Vec<i64> = shares.iter().map(|share| share.0.max(0)).collect();
        Self {
            sum: weights.iter().sum::<i64>().max(1),
            owed: vec![vec![0; weights.len()]; rows],
            weights,
        }
    }

    /// Cells whose rows add up to `rows` and whose columns add up to `columns`; both have the same total.
    pub fn take(&mut self, rows: &[i64], columns: &[i64]) -> Vec<Vec<i64>> {
        for (owed, row) in self.owed.iter_mut().zip(rows) {
            owed.iter_mut()
                .zip(&self.weights)
                .for_each(|(owed, weight)| *owed += weight * row);
        }
        let (mut row_left, mut column_left) = (rows.to_vec(), columns.to_vec());
        let mut cells = vec![vec![0i64; columns.len()]; rows.len()];
        // First what is safely owed, then unit by unit to the cell that is owed most and still may have it.
        for (r, row) in self.owed.iter().enumerate() {
            for (c, owed) in row.iter().enumerate() {
                let units = (owed.div_euclid(self.sum) - 1)
                    .min(row_left[r])
                    .min(column_left[c])
                    .max(0);
                cells[r][c] = units;
                row_left[r] -= units;
                column_left[c] -= units;
            }
        }
        let places = || (0..rows.len()).flat_map(|r| (0..columns.len()).map(move |c| (r, c)));
        loop {
            let open = places().filter(|(r, c)| row_left[*r] > 0 && column_left[*c] > 0);
            let remainder = |r: usize, c: usize| self.owed[r][c] - cells[r][c] * self.sum;
            let most = open.max_by_key(|(r, c)| (remainder(*r, *c), std::cmp::Reverse((*r, *c))));
            let Some((r, c)) = most else { break };
            cells[r][c] += 1;
            row_left[r] -= 1;
            column_left[c] -= 1;
        }
        for (owed, row) in self.owed.iter_mut().zip(&cells) {
            owed.iter_mut()
                .zip(row)
                .for_each(|(owed, units)| *owed -= units * self.sum);
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apportion::Apportion;
    use proptest::prelude::*;

    #[test]
    fn both_margins_hold_by_hand() {
        let mut table = Table::new(2, &[Share(500_000), Share(500_000)]);
        assert_eq!(table.take(&[3, 1], &[2, 2]), [[2, 1], [0, 1]]); // owed 1.5 1.5 / 0.5 0.5
        assert_eq!(table.take(&[3, 1], &[2, 2]), [[1, 2], [1, 0]]); // the carry turns it round
    }

    proptest! {
        #[test]
        fn margins_are_exact_and_cells_stay_close(
            days in proptest::collection::vec(0i64..900, 1..60),
            weights in proptest::collection::vec(1i64..100, 2..12),
        ) {
            let shares: Vec<Share> = weights.iter().map(|w| Share(*w)).collect();
            let (mut rows, mut columns) = (Apportion::new(&[Share(28), Share(29), Share(43)]), Apportion::new(&shares));
            let mut table = Table::new(3, &shares);
            for day in days {
                let (row, column) = (rows.take(day), columns.take(day));
                let cells = table.take(&row, &column);
                for (r, sum) in row.iter().enumerate() {
                    prop_assert_eq!(cells[r].iter().sum::<i64>(), *sum);
                }
                for (c, sum) in column.iter().enumerate() {
                    prop_assert_eq!(cells.iter().map(|row| row[c]).sum::<i64>(), *sum);
                }
            }
            prop_assert!(table.owed.iter().flatten().all(|owed| owed.abs() < 4 * table.sum));
        }
    }
}
