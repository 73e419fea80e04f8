//! Rings of holders: the strongly connected parts of a graph, each after those that hold it. It must not know shares. Source: Tarjan,
//! SIAM Journal on Computing 1(2), 1972, without recursion, so that a long chain ends.

/// The parts of the graph `next[from] = [to, ..]`, holders before what they hold; within a part in the order of the indices.
pub(super) fn rings(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let count = next.len();
    let (mut number, mut low) = (vec![NEW; count], vec![0usize; count]);
    let (mut on_stack, mut stack, mut found) = (vec![false; count], Vec::new(), Vec::new());
    let mut counter = 0;
    for start in 0..count {
        if number[start] != NEW {
            continue;
        }
        // Whom to look at, and how many of its neighbours were looked at.
        let mut work = vec![(start, 0usize)];
        while let Some((at, seen)) = work.pop() {
            if seen == 0 {
                (number[at], low[at]) = (counter, counter);
                counter += 1;
                stack.push(at);
                on_stack[at] = true;
            } else if let Some(child) = next[at].get(seen - 1)
                && on_stack[*child]
            {
                low[at] = low[at].min(low[*child]);
            }
            match next[at].get(seen).copied() {
                Some(child) => {
                    work.push((at, seen + 1));
                    if number[child] == NEW {
                        work.push((child, 0));
                    } else if on_stack[child] {
                        low[at] = low[at].min(number[child]);
                    }
                }
                None if low[at] == number[at] => {
                    let from = stack.iter().rposition(|on| *on == at).unwrap_or(0);
                    let mut ring = stack.split_off(from);
                    for member in &ring {
                        on_stack[*member] = false;
                    }
                    ring.sort_unstable();
                    found.push(ring);
                }
                None => {}
            }
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::rings;

    #[test]
    fn holders_come_before_what_they_hold() {
        // 0 holds 1, which stands in a ring with 2; that holds 3. 4 holds itself.
        let next = vec![vec![1], vec![2], vec![1, 3], vec![], vec![4]];
        let found = rings(&next);
        assert_eq!(found, [vec![4], vec![0], vec![1, 2], vec![3]]);
        let chain: Vec<Vec<usize>> = (1..=100_000).map(|at| vec![at % 100_000]).collect();
        assert_eq!(rings(&chain).len(), 1, "one ring of a hundred thousand");
        assert_eq!(rings(&[]), Vec::<Vec<usize>>::new());
    }
}
