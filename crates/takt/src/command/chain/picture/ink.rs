//! The strokes of the picture of a tier network: boxes, curves, bars and the legend as SVG. It must not know where anything stands.
//! Invariant: every text is escaped.
use std::fmt::Write;

use super::{BAR, BOX, Box, Cell, MARGIN, Picture, TOP, label, worst};
use crate::output::grouped;
use crate::report::escape;

/// How much a loss weighs: fill, border, ink, and what the legend says.
pub(super) const CLASSES: [(f64, &str, &str, &str, &str); 5] = [
    (0.0, "#EEF2F6", "#C3CDD7", "#3A4653", "none lost"),
    (0.05, "#FFF0C4", "#E3C46A", "#4A3B0A", "to 5 %"),
    (0.25, "#FDC98A", "#DE9440", "#4A2A06", "5 to 25 %"),
    (0.5, "#EF8354", "#C65A2C", "#FFFFFF", "25 to 50 %"),
    (f64::MAX, "#B3261E", "#8C1912", "#FFFFFF", "over 50 %"),
];

pub(super) fn line(class: usize) -> String {
    match CLASSES.get(class) {
        Some((_, _, border, ..)) if class > 0 => {
            format!("stroke=\"{border}\" stroke-opacity=\"0.6\" stroke-width=\"1.3\"")
        }
        _ => "stroke=\"#C9D2DB\" stroke-opacity=\"0.75\" stroke-width=\"1\"".to_owned(),
    }
}

pub(super) fn curve(
    out: &mut String,
    a: &Cell,
    b: &Cell,
    class: usize,
    ends: (usize, usize),
    title: &str,
) {
    let from = a.x + BOX.0 / 2.0;
    let path = if b.x > a.x && b.edge > a.edge {
        // It goes straight through the columns of its own tier and of its customer's.
        let own_end = a.edge + (from - a.edge).max(BOX.0);
        let bend = (b.edge - 8.0 - own_end) / 2.0;
        format!(
            "M{from:.1} {:.1}H{own_end:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}H{:.1}",
            a.y,
            own_end + bend,
            a.y,
            b.edge - 8.0 - bend,
            b.y,
            b.edge - 8.0,
            b.y,
            b.x - BOX.0 / 2.0,
        )
    } else {
        // A customer on the same tier: out to the right and back.
        let out = from.max(b.x + BOX.0 / 2.0) + 34.0;
        format!(
            "M{from:.1} {:.1}C{out:.1} {:.1} {out:.1} {:.1} {:.1} {:.1}",
            a.y,
            a.y,
            b.y,
            b.x + BOX.0 / 2.0,
            b.y
        )
    };
    let _ = writeln!(
        out,
        "<path class=\"l s{} s{}\" d=\"{path}\" {}><title>{}</title></path>",
        ends.0,
        ends.1,
        line(class),
        escape(title)
    );
}

pub(super) fn head(out: &mut String, picture: &Picture, size: (f64, f64), cells: usize) {
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" width=\"{:.0}\" height=\"{:.0}\" role=\"img\" \
         font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\">",
        size.0, size.1, size.0, size.1
    );
    let title = format!("{}: who stands behind whom", picture.title);
    let _ = writeln!(out, "<title>{}</title>", escape(&title));
    out.push_str("<style>.l{fill:none}.b:hover rect{stroke:#111827;stroke-width:1.8}");
    for at in 0..cells {
        let _ = write!(out, "svg:has(#b{at}:hover) .s{at}");
        out.push_str(if at + 1 < cells { "," } else { "" });
    }
    if cells > 0 {
        out.push_str("{stroke:#1D4ED8;stroke-opacity:1;stroke-width:2}");
    }
    out.push_str("</style>\n");
    out.push_str(
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"5\" markerHeight=\"5\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\" fill=\"#1F3A5F\"/></marker>\
         <pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <rect width=\"5\" height=\"5\" fill=\"#FFFFFF\"/><path d=\"M0 0V5\" stroke=\"#B8C2CC\" stroke-width=\"1.6\"/></pattern></defs>\n",
    );
    let _ = writeln!(
        out,
        "<rect width=\"{:.0}\" height=\"{:.0}\" fill=\"#FFFFFF\"/>",
        size.0, size.1
    );
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"36\" font-size=\"21\" font-weight=\"600\" fill=\"#111827\">{}</text>",
        escape(&title)
    );
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"57\" font-size=\"12.5\" fill=\"#515D6B\">{} suppliers from raw material to customer; colour is what is \
         lost when a supplier loses all its sites on {}; the number is vehicles lost</text>",
        picture.boxes.len(),
        escape(&picture.as_of)
    );
}

pub(super) fn header(out: &mut String, x: f64, name: &str, under: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"13\" font-weight=\"600\" text-anchor=\"middle\" fill=\"#1F2933\">{}</text>\
         <text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"middle\" fill=\"#6B7785\">{}</text>",
        TOP - 25.0,
        escape(name),
        TOP - 10.0,
        escape(under)
    );
}

pub(super) fn bar(out: &mut String, left: f64, height: f64, fill: &str, name: &str, under: &str) {
    let (x, y) = (left + BAR / 2.0, TOP + height / 2.0);
    let _ = writeln!(
        out,
        "<rect x=\"{left:.1}\" y=\"{TOP:.1}\" width=\"{BAR}\" height=\"{height:.1}\" rx=\"8\" fill=\"{fill}\"/>\
         <text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"16\" font-weight=\"600\" text-anchor=\"middle\" fill=\"#FFFFFF\">{}</text>\
         <text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"middle\" fill=\"#E5EBF1\">{}</text>",
        y - 4.0,
        escape(name),
        y + 14.0,
        escape(under)
    );
}

/// Thousands in short, so that it fits into a box.
fn short(vehicles: f64) -> String {
    match vehicles.round() as i64 {
        0 => String::new(),
        count @ ..=999 => count.to_string(),
        count @ ..=9999 => format!("{:.1}k", count as f64 / 1000.0),
        count => format!("{:.0}k", count as f64 / 1000.0),
    }
}

pub(super) fn drawn(out: &mut String, picture: &Picture, cell: &Cell, at: usize, most: f64) {
    let first = cell.members.first().and_then(|one| picture.boxes.get(*one));
    let Some(first) = first else { return };
    let alone = cell.members.len() == 1;
    let class = if alone {
        first.class(most)
    } else {
        Some(worst(picture, Some(cell), most))
    };
    let (fill, border, ink) = match class.and_then(|class| CLASSES.get(class)) {
        Some((_, fill, border, ink, _)) => (*fill, *border, *ink),
        None => ("url(#hatch)", "#B8C2CC", "#3A4653"),
    };
    let hover = if alone {
        told(picture, first)
    } else {
        let names: Vec<&str> = (cell.members.iter())
            .filter_map(|one| Some(picture.boxes.get(*one)?.id.as_str()))
            .collect();
        format!(
            "{} suppliers, the least exposed of their tier:\n{}",
            names.len(),
            names.join(", ")
        )
    };
    let (x, y) = (cell.x - BOX.0 / 2.0, cell.y - BOX.1 / 2.0);
    let name: String = label(picture, cell).chars().take(14).collect();
    let _ = write!(
        out,
        "<g class=\"b\" id=\"b{at}\"><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{}\" height=\"{}\" rx=\"3.5\" fill=\"{fill}\" \
         stroke=\"{border}\"/><text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10.5\" fill=\"{ink}\">{}</text>",
        escape(&hover),
        BOX.0,
        BOX.1,
        x + 9.0,
        cell.y + 3.7,
        escape(&name)
    );
    if let (true, Some(lost)) = (alone, first.lost_vehicles) {
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"9.5\" text-anchor=\"end\" fill=\"{ink}\" fill-opacity=\"0.85\">{}</text>",
            x + BOX.0 - 6.0,
            cell.y + 3.4,
            short(lost)
        );
    }
    if alone && first.behind > 1 {
        let _ = write!(out, "{}", badge(x - 2.0, cell.y, first.behind));
    }
    out.push_str("</g>\n");
}

/// How many direct suppliers stand before it.
pub(super) fn badge(x: f64, y: f64, behind: usize) -> String {
    format!(
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7.5\" fill=\"#1F3A5F\" stroke=\"#FFFFFF\" stroke-width=\"1.2\"/>\
         <text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"8.5\" font-weight=\"600\" text-anchor=\"middle\" fill=\"#FFFFFF\">{behind}</text>",
        y + 3.0
    )
}

fn told(picture: &Picture, one: &Box) -> String {
    let days = |days: Option<f64>, none: &str| {
        days.map_or_else(|| none.to_owned(), |days| format!("{days:.1} days"))
    };
    let mut text = format!(
        "{} {}\n{}, tier {}\n",
        one.id, one.name, one.place, one.tier
    );
    let first: Vec<&str> = one.items.iter().take(8).map(String::as_str).collect();
    let more = one.items.len().saturating_sub(8);
    let _ = write!(text, "makes {}", first.join(", "));
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    let _ = write!(
        text,
        "\nback after {}, the plant survives {}",
        days(one.recover_days, "nobody knows when"),
        days(one.survive_days, "always")
    );
    if let Some(lost) = one.lost_vehicles {
        let _ = write!(text, "\nloses {} vehicles", grouped(lost.round() as i64));
    }
    if let Some(margin) = one.lost_margin {
        let _ = write!(
            text,
            ", {} {} of margin",
            grouped(margin.round() as i64),
            picture.currency
        );
    }
    if one.behind > 1 {
        let _ = write!(text, "\nstands behind {} direct suppliers", one.behind);
    }
    text
}

pub(super) fn legend(out: &mut String, picture: &Picture, most: f64, y: f64) {
    let largest = picture.boxes.iter().find(|one| one.loss() == Some(most));
    let what = if picture.boxes.iter().any(|one| one.lost_margin.is_some()) {
        "margin"
    } else {
        "vehicles"
    };
    let of = largest.map_or_else(String::new, |one| format!(", that of {}", one.id));
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"{y:.1}\" font-size=\"11.5\" font-weight=\"600\" fill=\"#1F2933\">Loss of {what}, relative to the largest{}</text>",
        escape(&of)
    );
    let (mut x, y) = (MARGIN, y + 14.0);
    let unknown = ("url(#hatch)", "#B8C2CC", "nobody knows when it is back");
    let known = CLASSES
        .iter()
        .map(|(_, fill, border, _, name)| (*fill, *border, *name));
    for (fill, border, name) in known.chain([unknown]) {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"26\" height=\"15\" rx=\"3.5\" fill=\"{fill}\" stroke=\"{border}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" fill=\"#3A4653\">{name}</text>",
            x + 33.0,
            y + 11.5
        );
        x += 48.0 + 6.2 * name.len() as f64;
    }
    let _ = writeln!(
        out,
        "{}<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" fill=\"#3A4653\">stands behind so many direct suppliers</text>",
        badge(x + 8.0, y + 7.5, 3),
        x + 22.0,
        y + 11.5
    );
}
