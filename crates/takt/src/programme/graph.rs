//! A directed graph of names: its cycles with their path, and what is reachable. It must not know whether
//! it is a bill of material or a supply network. Invariant: no recursion, so depth is bounded by memory.
use std::collections::HashMap;

/// Stop looking after so many cycles: each edge can close one.
const MOST_CYCLES: usize = 200;

/// Names of a path that are written out.
const WRITTEN: usize = 24;

/// A graph over borrowed names, in the order in which they were first seen.
#[derive(Default)]
pub(super) struct Graph<'n> {
    names: Vec<&'n str>,
    places: HashMap<&'n str, usize>,
    next: Vec<Vec<usize>>,
}

impl<'n> Graph<'n> {
    pub fn edge(&mut self, from: &'n str, to: &'n str) {
        let (from, to) = (self.place(from), self.place(to));
        if let Some(next) = self.next.get_mut(from) {
            next.push(to);
        }
    }

    fn place(&mut self, name: &'n str) -> usize {
        *self.places.entry(name).or_insert_with(|| {
            self.names.push(name);
            self.next.push(Vec::new());
            self.names.len() - 1
        })
    }

    fn name(&self, place: usize) -> &'n str {
        self.names.get(place).copied().unwrap_or_default()
    }

    fn step(&self, place: usize, at: usize) -> Option<usize> {
        self.next.get(place)?.get(at).copied()
    }

    /// One path `A > B > A` for each edge that closes a cycle, from a depth-first walk.
    pub fn cycles(&self) -> Vec<String> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut state = vec![State::New; self.names.len()];
        let mut found: Vec<String> = Vec::new();
        for root in 0..self.names.len() {
            if state.get(root) != Some(&State::New) {
                continue;
            }
            // The walk's path: a place, and which of its edges is next.
            let mut path = vec![(root, 0usize)];
            state[root] = State::Open;
            while let Some((place, at)) = path.last_mut() {
                let (here, edge) = (*place, *at);
                *at += 1;
                let Some(to) = self.step(here, edge) else {
                    state[here] = State::Done;
                    path.pop();
                    continue;
                };
                match state[to] {
                    State::New => {
                        state[to] = State::Open;
                        path.push((to, 0));
                    }
                    State::Open if found.len() < MOST_CYCLES => {
                        let start = path.iter().position(|(place, _)| *place == to).unwrap_or(0);
                        let text =
                            self.path(path[start..].iter().map(|(place, _)| *place).collect());
                        // Two lines with the same ends close the same cycle.
                        if !found.contains(&text) {
                            found.push(text);
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Writes a cycle from its first member in file order, so that the same cycle reads the same.
    fn path(&self, mut places: Vec<usize>) -> String {
        let first = places
            .iter()
            .enumerate()
            .min_by_key(|(_, place)| **place)
            .map_or(0, |(at, _)| at);
        places.rotate_left(first);
        let names: Vec<&str> = places
            .iter()
            .take(WRITTEN)
            .map(|place| self.name(*place))
            .collect();
        let start = names.first().copied().unwrap_or_default();
        let gap = match places.len().saturating_sub(WRITTEN) {
            0 => String::new(),
            more => format!(" > ({more} more)"),
        };
        format!("{}{gap} > {start}", names.join(" > "))
    }

    /// Which names can be reached from `root`, itself included; asked by name.
    pub fn reachable(&self, root: &str) -> impl Fn(&str) -> bool {
        let mut reached = vec![false; self.names.len()];
        let mut open: Vec<usize> = self.places.get(root).copied().into_iter().collect();
        while let Some(place) = open.pop() {
            if let Some(mark) = reached.get_mut(place).filter(|mark| !**mark) {
                *mark = true;
                open.extend(self.next.get(place).into_iter().flatten());
            }
        }
        move |name| name == root || self.places.get(name).is_some_and(|place| reached[*place])
    }
}
