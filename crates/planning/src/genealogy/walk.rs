//! Following the record: from a unit down to its parts, or from a part up to the units it is in. It must not know where
//! edges are kept: whoever reads them hands them over level by level, so that reading may wait and this does not.
//!
//! Invariants: a path holds only where all its edges hold on one day; a node stands once on a path; the walk is
//! bounded by depth and by visits, and says when it was cut.
use std::collections::{HashMap, HashSet};

use super::{Edge, Node, Period, Question};
use takt_kernel::Quantity;

/// Which way a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From parts to units.
    Up,
    /// From units to parts.
    Down,
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most edges of a path.
    pub depth: usize,
    /// The most visits.
    pub visits: usize,
}

/// A node on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The node.
    pub node: Node,
    /// The visit from which it was reached; none for the first.
    pub from: Option<usize>,
    /// The edge over which it was reached; none for the first.
    pub edge: Option<Edge>,
    /// The days on which the whole path holds.
    pub stay: Period,
    /// The edges from the first.
    pub depth: usize,
}

impl Visit {
    /// How much of the part is in the unit at the last edge.
    pub fn quantity(&self) -> Quantity {
        self.edge.map_or(Quantity::ZERO, |edge| edge.quantity)
    }
}

/// A walk under way.
#[derive(Debug)]
pub struct Walk {
    way: Way,
    question: Question,
    limits: Limits,
    visits: Vec<Visit>,
    /// The visits before this one were gone on from.
    next: usize,
    edges: HashMap<Node, Vec<Edge>>,
    cut: bool,
}

impl Walk {
    /// A walk from some nodes.
    pub fn new(way: Way, question: Question, limits: Limits, first: &[Node]) -> Self {
        let visit = |node: &Node| Visit {
            node: *node,
            from: None,
            edge: None,
            stay: Period {
                from: i64::MIN,
                to: super::OPEN,
            },
            depth: 0,
        };
        Self {
            way,
            question,
            limits,
            visits: first.iter().map(visit).collect(),
            next: 0,
            edges: HashMap::new(),
            cut: false,
        }
    }

    /// The nodes whose edges are needed to go on; none when the walk is done.
    pub fn wanted(&self) -> Vec<Node> {
        let ahead = self.visits.get(self.next..).unwrap_or_default();
        let mut seen = HashSet::new();
        let wanted = ahead.iter().map(|visit| visit.node);
        wanted.filter(|node| seen.insert(*node)).collect()
    }

    /// The edges of all nodes that were wanted, and perhaps others; goes one level on.
    pub fn step(&mut self, edges: Vec<Edge>) {
        let wanted: HashSet<Node> = self.wanted().into_iter().collect();
        for node in &wanted {
            self.edges.insert(*node, Vec::new());
        }
        for edge in edges {
            let near = match self.way {
                Way::Up => edge.child,
                Way::Down => edge.parent,
            };
            if wanted.contains(&near) {
                self.edges.entry(near).or_default().push(edge);
            }
        }
        let level = self.visits.len();
        for at in self.next..level {
            let Some(visit) = self.visits.get(at).copied() else {
                break;
            };
            let edges = self.edges.get(&visit.node).cloned().unwrap_or_default();
            for edge in edges {
                self.follow(at, &visit, edge);
            }
        }
        self.next = level;
    }

    fn follow(&mut self, at: usize, visit: &Visit, edge: Edge) {
        let far = match self.way {
            Way::Up => edge.parent,
            Way::Down => edge.child,
        };
        let stay = self
            .question
            .sees(&edge)
            .and_then(|valid| valid.meet(visit.stay));
        let Some(stay) = stay else { return };
        if self.is_on_path(at, far) {
            return;
        }
        if visit.depth >= self.limits.depth || self.visits.len() >= self.limits.visits {
            self.cut = true;
            return;
        }
        self.visits.push(Visit {
            node: far,
            from: Some(at),
            edge: Some(edge),
            stay,
            depth: visit.depth + 1,
        });
    }

    fn is_on_path(&self, at: usize, node: Node) -> bool {
        let mut place = Some(at);
        while let Some(visit) = place.and_then(|at| self.visits.get(at)) {
            if visit.node == node {
                return true;
            }
            place = visit.from;
        }
        false
    }

    /// Every visit, level by level.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// Whether there was more than the limits allow.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}
