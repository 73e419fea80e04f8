//! The picture of a tier network as SVG: tiers as columns from raw material to customer, exposure as colour. It must not know how exposure is
//! computed. Invariants: no two boxes overlap; what does not fit into a column is named in a box of its own, the least exposed first;
//! every text is escaped; the same network gives the same bytes.
mod ink;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use ink::{CLASSES, bar, curve, drawn, head, header, legend, line};

/// From one row to the next.
const PITCH: f64 = 21.0;
const BOX: (f64, f64) = (124.0, 16.0);
/// Between the columns of a tier, and between tiers.
const GAP: f64 = 16.0;
const TIER_GAP: f64 = 92.0;
const BAR: f64 = 112.0;
const MARGIN: f64 = 30.0;
const TOP: f64 = 112.0;
const FOOT: f64 = 96.0;
/// The most rows of a column and columns of a tier.
const ROWS: usize = 44;
const COLUMNS: usize = 2;

/// A supplier.
#[derive(Debug, Clone, Default)]
pub(super) struct Box {
    pub id: String,
    pub name: String,
    pub place: String,
    pub tier: u32,
    pub recover_days: Option<f64>,
    pub survive_days: Option<f64>,
    /// None where nobody knows when it is back.
    pub lost_vehicles: Option<f64>,
    pub lost_margin: Option<f64>,
    pub items: Vec<String>,
    /// How many direct suppliers it stands behind; below 2 it is not shown.
    pub behind: usize,
}

/// What is drawn.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    title: String,
    as_of: String,
    currency: String,
    pub boxes: Vec<Box>,
    /// From a supplier to its customer, by their places; those to the plant are not among them.
    pub links: Vec<(usize, usize)>,
    pub parts: usize,
    /// Lanes to customers and the mean days on them.
    pub delivery: Option<(usize, f64)>,
}

impl Picture {
    pub(super) fn new(title: &str, as_of: &str, currency: &str) -> Self {
        Self {
            title: title.to_owned(),
            as_of: as_of.to_owned(),
            currency: currency.to_owned(),
            boxes: Vec::new(),
            links: Vec::new(),
            parts: 0,
            delivery: None,
        }
    }
}

impl Box {
    fn loss(&self) -> Option<f64> {
        self.lost_margin.or(self.lost_vehicles)
    }

    fn class(&self, most: f64) -> Option<usize> {
        let share = self.loss()? / most.max(f64::MIN_POSITIVE);
        CLASSES.iter().position(|class| share <= class.0)
    }

    fn rank(&self) -> f64 {
        self.loss().unwrap_or(-1.0)
    }
}

/// A box where it stands: its centre, and whom it stands for.
struct Cell {
    x: f64,
    y: f64,
    /// The left edge of its tier, where curves end.
    edge: f64,
    members: Vec<usize>,
}

/// The picture as a document.
pub(super) fn svg(picture: &Picture) -> String {
    let most = picture
        .boxes
        .iter()
        .filter_map(Box::loss)
        .fold(0.0, f64::max);
    let mut tiers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, one) in picture.boxes.iter().enumerate() {
        tiers.entry(one.tier.max(1)).or_default().push(at);
    }
    // Columns from the left: the deepest tier first.
    let mut left = MARGIN;
    let mut edges: BTreeMap<u32, (f64, usize)> = BTreeMap::new();
    let mut rows = 12;
    for (tier, all) in tiers.iter().rev() {
        let columns = all.len().div_ceil(ROWS).clamp(1, COLUMNS);
        edges.insert(*tier, (left, columns));
        rows = rows.max(all.len().div_ceil(columns).min(ROWS));
        left += columns as f64 * (BOX.0 + GAP) - GAP + TIER_GAP;
    }
    let (plant, customers) = (left, left + BAR + TIER_GAP * 0.6);
    let height = rows as f64 * PITCH + PITCH / 2.0;
    let size = (customers + BAR + MARGIN, TOP + height + FOOT);
    let (cells, cell_of) = placed(picture, &tiers, &edges, height);
    let mut links: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (from, to) in &picture.links {
        if let (Some(from), Some(to)) = (cell_of.get(from), cell_of.get(to))
            && from != to
        {
            links.insert((*from, *to));
        }
    }
    let mut out = String::new();
    head(&mut out, picture, size, cells.len());
    for (tier, (left, columns)) in &edges {
        let width = *columns as f64 * (BOX.0 + GAP) - GAP;
        let count = tiers.get(tier).map_or(0, Vec::len);
        let under = match count {
            1 => "1 supplier".to_owned(),
            count => format!("{count} suppliers"),
        };
        header(
            &mut out,
            left + width / 2.0,
            &format!("Tier {tier}"),
            &under,
        );
    }
    // The weightier ones last, so that they lie above.
    let weight = |link: &(usize, usize)| worst(picture, cells.get(link.0), most);
    let mut ordered: Vec<(usize, usize)> = links.into_iter().collect();
    ordered.sort_by_key(weight);
    for (from, to) in ordered {
        let (Some(a), Some(b)) = (cells.get(from), cells.get(to)) else {
            continue;
        };
        let title = format!("{} to {}", label(picture, a), label(picture, b));
        curve(
            &mut out,
            a,
            b,
            worst(picture, Some(a), most),
            (from, to),
            &title,
        );
    }
    for (at, cell) in cells.iter().enumerate() {
        if cell
            .members
            .iter()
            .any(|one| picture.boxes.get(*one).is_some_and(|one| one.tier <= 1))
        {
            let class = worst(picture, Some(cell), most);
            let _ = writeln!(
                out,
                "<path class=\"l s{at}\" d=\"M{:.1} {:.1}H{plant:.1}\" {}/>",
                cell.x + BOX.0 / 2.0,
                cell.y,
                line(class)
            );
        }
    }
    bar(
        &mut out,
        plant,
        height,
        "#1F3A5F",
        "Plant",
        &format!("{} bought items", picture.parts),
    );
    if let Some((lanes, days)) = picture.delivery {
        let _ = writeln!(
            out,
            "<path d=\"M{:.1} {:.1}H{:.1}\" stroke=\"#1F3A5F\" stroke-width=\"3\" marker-end=\"url(#tip)\"/>",
            plant + BAR,
            TOP + height / 2.0,
            customers - 8.0,
        );
        bar(
            &mut out,
            customers,
            height,
            "#2F6F5E",
            "Customers",
            &format!("{lanes} lanes, {days:.1} days"),
        );
    }
    for (at, cell) in cells.iter().enumerate() {
        drawn(&mut out, picture, cell, at, most);
    }
    legend(&mut out, picture, most, TOP + height + 30.0);
    out.push_str("</svg>\n");
    out
}

/// Where every supplier stands: on tier 1 the most exposed on top, deeper ones level with whom they supply.
fn placed(
    picture: &Picture,
    tiers: &BTreeMap<u32, Vec<usize>>,
    edges: &BTreeMap<u32, (f64, usize)>,
    height: f64,
) -> (Vec<Cell>, BTreeMap<usize, usize>) {
    let mut cells: Vec<Cell> = Vec::new();
    let mut cell_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (tier, all) in tiers {
        let (edge, columns) = edges.get(tier).copied().unwrap_or((MARGIN, 1));
        let mut ranked = all.clone();
        let rank = |at: &usize| picture.boxes.get(*at).map_or(-1.0, Box::rank);
        let id = |at: &usize| picture.boxes.get(*at).map(|one| one.id.as_str());
        ranked.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(id(a).cmp(&id(b))));
        let room = ROWS * columns;
        let mut groups: Vec<Vec<usize>> = Vec::new();
        if ranked.len() > room {
            let rest = ranked.split_off(room - 1);
            groups.extend(ranked.into_iter().map(|one| vec![one]));
            groups.push(rest);
        } else {
            groups.extend(ranked.into_iter().map(|one| vec![one]));
        }
        // A deeper tier stands level with its customers; the means are taken before anything of it is placed.
        let mut wanted: Vec<(f64, Vec<usize>)> = (groups.into_iter().enumerate())
            .map(|(place, members)| {
                let level = match tier {
                    0 | 1 => None,
                    _ => mean_level(picture, &members, &cells, &cell_of),
                };
                (level.unwrap_or(TOP + place as f64 * PITCH), members)
            })
            .collect();
        if *tier > 1 {
            wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let first = TOP + PITCH / 2.0;
        let last = TOP + height - PITCH / 2.0;
        let used = wanted.len().div_ceil(columns);
        let mut ys: Vec<f64> = Vec::new();
        if *tier > 1 && columns == 1 {
            for (level, _) in &wanted {
                let least = ys.last().map_or(first, |above| above + PITCH);
                ys.push(level.max(least));
            }
            let mut below = last + PITCH;
            for y in ys.iter_mut().rev() {
                *y = y.min(below - PITCH);
                below = *y;
            }
        }
        for (place, (_, members)) in wanted.into_iter().enumerate() {
            // Of two columns the one beside the customers is filled first.
            let (row, column) = (place / columns, columns - 1 - place % columns);
            // Of two columns deeper than tier 1 the middle stands level with the plant.
            let spare = match tier {
                0 | 1 => 0.0,
                _ => (height - used as f64 * PITCH - PITCH / 2.0).max(0.0) / 2.0,
            };
            // Rows of one column lie between those of the other, so that lines pass between boxes.
            let shift = if column + 1 == columns {
                0.0
            } else {
                PITCH / 2.0
            };
            let y = ys
                .get(place)
                .copied()
                .unwrap_or(first + spare + row as f64 * PITCH + shift);
            let x = edge + BOX.0 / 2.0 + column as f64 * (BOX.0 + GAP);
            for one in &members {
                cell_of.insert(*one, cells.len());
            }
            cells.push(Cell {
                x,
                y,
                edge,
                members,
            });
        }
    }
    (cells, cell_of)
}

/// The mean height of the customers of some suppliers.
fn mean_level(
    picture: &Picture,
    members: &[usize],
    cells: &[Cell],
    cell_of: &BTreeMap<usize, usize>,
) -> Option<f64> {
    let customers = picture
        .links
        .iter()
        .filter(|(from, _)| members.contains(from));
    let levels: Vec<f64> = customers
        .filter_map(|(_, to)| Some(cells.get(*cell_of.get(to)?)?.y))
        .collect();
    (!levels.is_empty()).then(|| levels.iter().sum::<f64>() / levels.len() as f64)
}

/// The class of the most exposed member; 0 where none is known.
fn worst(picture: &Picture, cell: Option<&Cell>, most: f64) -> usize {
    let members = cell.into_iter().flat_map(|cell| &cell.members);
    let classes = members.filter_map(|one| picture.boxes.get(*one)?.class(most));
    classes.max().unwrap_or(0)
}

fn label(picture: &Picture, cell: &Cell) -> String {
    match cell.members.as_slice() {
        [one] => picture
            .boxes
            .get(*one)
            .map_or_else(String::new, |one| one.id.clone()),
        several => format!("+ {} more", several.len()),
    }
}
