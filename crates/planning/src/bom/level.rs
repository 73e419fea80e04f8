//! Low-level codes by Kahn's order; what cannot be ordered is a cycle, and its path is named. It must not
//! know quantities. Invariant: parents come before children in the order returned.
use super::{BomError, Item, Line};

/// Level of every item (longest path from an item without parents) and the items in ascending level,
/// file order within a level.
pub(super) fn levels(
    items: &[Item],
    lines: &[Line],
    first_line: &[usize],
) -> Result<(Vec<u32>, Vec<usize>), BomError> {
    let mut open_parents = vec![0usize; items.len()];
    for line in lines {
        open_parents[line.child] += 1;
    }
    let mut level = vec![0u32; items.len()];
    let mut ready: Vec<usize> = (0..items.len())
        .filter(|at| open_parents[*at] == 0)
        .collect();
    let mut done = 0;
    while let Some(parent) = ready.get(done).copied() {
        done += 1;
        for line in &lines[first_line[parent]..first_line[parent + 1]] {
            level[line.child] = level[line.child].max(level[parent] + 1);
            open_parents[line.child] -= 1;
            if open_parents[line.child] == 0 {
                ready.push(line.child);
            }
        }
    }
    if done < items.len() {
        return Err(BomError::Cycle {
            path: cycle(items, lines, &open_parents),
        });
    }
    ready.sort_by_key(|at| (level[*at], *at));
    Ok((level, ready))
}

/// Walks from an item that is left over to one of its parents that is left over, until one comes again.
fn cycle(items: &[Item], lines: &[Line], open_parents: &[usize]) -> Vec<String> {
    let mut at = open_parents.iter().position(|open| *open > 0).unwrap_or(0);
    let mut path = Vec::new();
    while !path.contains(&at) {
        path.push(at);
        let up = lines
            .iter()
            .find(|line| line.child == at && open_parents[line.parent] > 0);
        at = up.map_or(at, |line| line.parent);
    }
    let from = path.iter().position(|step| *step == at).unwrap_or(0);
    let mut around = path.split_off(from);
    around.push(at);
    around.reverse();
    around
        .into_iter()
        .map(|step| items[step].id.clone())
        .collect()
}
