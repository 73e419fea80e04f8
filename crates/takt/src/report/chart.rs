//! The charts of the page as inline SVG. It must not know what is charted. Invariants: colours are those of `Ink`, so
//! that the page's style can turn them for the dark; texts are escaped by the backend; an empty chart is an empty
//! text, never an error.
use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use takt_kernel::Date;

use crate::failure::{Failure, Outcome};

/// The colours that charts may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// What was planned.
    Plan,
    /// What was built.
    Built,
    /// What was handed over.
    Delivered,
    /// What was published.
    Published,
    /// Value of stock.
    Stock,
    /// What is missing.
    Missing,
}

impl Ink {
    /// Every colour, in the order of the page's style.
    pub(super) const ALL: [Self; 6] = [
        Self::Plan,
        Self::Built,
        Self::Delivered,
        Self::Published,
        Self::Stock,
        Self::Missing,
    ];

    /// The colour by day.
    pub(super) const fn light(self) -> RGBColor {
        match self {
            Self::Plan => RGBColor(0x9A, 0xA7, 0xB4),
            Self::Built => RGBColor(0x0B, 0x6E, 0x99),
            Self::Delivered => RGBColor(0xD9, 0x7B, 0x29),
            Self::Published => RGBColor(0x7B, 0x5E, 0xA7),
            Self::Stock => RGBColor(0x2F, 0x8F, 0x6B),
            Self::Missing => RGBColor(0xC0, 0x39, 0x4B),
        }
    }

    /// The colour by night, as the style writes it.
    pub(super) const fn dark(self) -> &'static str {
        match self {
            Self::Plan => "#7d8b99",
            Self::Built => "#4fb3dc",
            Self::Delivered => "#f0a35e",
            Self::Published => "#b39be0",
            Self::Stock => "#62c9a0",
            Self::Missing => "#ef7d8c",
        }
    }
}

/// Words on the chart.
pub(super) const WORDS: RGBColor = RGBColor(0x51, 0x5D, 0x6B);
/// Lines behind the chart.
pub(super) const GRID: RGBColor = RGBColor(0xE4, 0xE8, 0xED);
const WIDTH: u32 = 860;

/// A colour as SVG and style write it.
pub(super) fn hex(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

/// A line by day.
pub(super) struct Line {
    pub ink: Ink,
    pub points: Vec<(Date, f64)>,
    /// Whether the room under it is filled.
    pub filled: bool,
}

/// Columns side by side, one value for each name.
pub(super) struct Columns {
    pub ink: Ink,
    pub values: Vec<f64>,
}

/// Lines over days.
pub(super) fn lines(lines: &[Line], height: u32, label: fn(f64) -> String) -> Outcome<String> {
    let days = lines
        .iter()
        .flat_map(|line| line.points.iter().map(|(date, _)| date.epoch_day()));
    let (Some(from), Some(to)) = (days.clone().min(), days.max()) else {
        return Ok(String::new());
    };
    let top = lines
        .iter()
        .flat_map(|line| line.points.iter().map(|(_, value)| *value))
        .fold(0.0, f64::max);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let axis = Months {
            from,
            to: to.max(from + 1),
        };
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(18)
            .x_label_area_size(26)
            .y_label_area_size(62)
            .build_cartesian_2d(axis, 0.0..ceiling(top))
            .map_err(broken)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .y_labels(5)
            .label_style(("sans-serif", 13).into_font().color(&WORDS))
            .y_label_formatter(&|value: &f64| label(*value))
            .draw()
            .map_err(broken)?;
        for line in lines {
            let colour = line.ink.light();
            let points = || {
                line.points
                    .iter()
                    .map(|(date, value)| (date.epoch_day(), *value))
            };
            if line.filled {
                let fill = AreaSeries::new(points(), 0.0, colour.mix(0.18))
                    .border_style(colour.stroke_width(2));
                chart.draw_series(fill).map_err(broken)?;
            } else {
                chart
                    .draw_series(LineSeries::new(points(), colour.stroke_width(2)))
                    .map_err(broken)?;
            }
        }
        area.present().map_err(broken)?;
    }
    Ok(scalable(svg))
}

/// Groups of columns, a group for each name.
pub(super) fn columns(
    names: &[String],
    columns: &[Columns],
    height: u32,
    label: fn(f64) -> String,
) -> Outcome<String> {
    if names.is_empty() || columns.is_empty() {
        return Ok(String::new());
    }
    let top = columns
        .iter()
        .flat_map(|column| column.values.iter().copied())
        .fold(0.0, f64::max);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(18)
            .x_label_area_size(26)
            .y_label_area_size(62)
            .build_cartesian_2d(
                Slots {
                    names: names.to_vec(),
                },
                0.0..ceiling(top),
            )
            .map_err(broken)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .x_labels(names.len())
            .y_labels(5)
            .label_style(("sans-serif", 13).into_font().color(&WORDS))
            .y_label_formatter(&|value: &f64| label(*value))
            .draw()
            .map_err(broken)?;
        let width = 0.72 / columns.len() as f64;
        for (place, column) in columns.iter().enumerate() {
            let style = column.ink.light().filled();
            let bars = column.values.iter().enumerate().map(|(slot, value)| {
                let left = slot as f64 + 0.14 + place as f64 * width;
                Rectangle::new([(left, 0.0), (left + width * 0.92, *value)], style)
            });
            chart.draw_series(bars).map_err(broken)?;
        }
        area.present().map_err(broken)?;
    }
    Ok(scalable(svg))
}

/// A little above the largest value, so that the topmost line is not the frame.
fn ceiling(top: f64) -> f64 {
    if top > 0.0 { top * 1.06 } else { 1.0 }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::broken(format!("a chart cannot be drawn: {error}"))
}

/// The picture without a size of its own, so that the page gives it one, and without an XML head.
fn scalable(svg: String) -> String {
    let svg = svg
        .find("<svg")
        .map_or_else(String::new, |at| svg[at..].to_owned());
    match svg.find('>') {
        Some(end) => {
            let height = svg
                .split("height=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap_or("0");
            format!(
                "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">{}",
                &svg[end + 1..]
            )
        }
        None => svg,
    }
}

/// Days with a mark at the first of each month.
struct Months {
    from: i32,
    to: i32,
}

impl Ranged for Months {
    type FormatOption = NoDefaultFormatting;
    type ValueType = i32;

    fn map(&self, value: &i32, limit: (i32, i32)) -> i32 {
        let width = i64::from(limit.1 - limit.0);
        let at = i64::from(value - self.from) * width / i64::from(self.to - self.from).max(1);
        limit.0 + i32::try_from(at).unwrap_or(0)
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<i32> {
        let firsts: Vec<i32> = (self.from..=self.to)
            .filter(|day| Date::from_epoch_day(*day).ymd().2 == 1)
            .collect();
        // Ten marks fit.
        let step = firsts.len().div_ceil(10).max(1);
        firsts.into_iter().step_by(step).collect()
    }

    fn range(&self) -> Range<i32> {
        self.from..self.to
    }
}

impl ValueFormatter<i32> for Months {
    fn format(day: &i32) -> String {
        month_name(Date::from_epoch_day(*day))
    }
}

/// A month as an axis names it: `Apr`, and the year with January.
pub(super) fn month_name(date: Date) -> String {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (year, month, _) = date.ymd();
    let name = NAMES.get(month as usize - 1).copied().unwrap_or("?");
    if month == 1 {
        format!("{name} {year}")
    } else {
        name.to_owned()
    }
}

/// Names in a row.
struct Slots {
    names: Vec<String>,
}

impl Ranged for Slots {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let width = f64::from(limit.1 - limit.0);
        limit.0 + (value / self.names.len() as f64 * width).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        (0..self.names.len())
            .map(|slot| slot as f64 + 0.5)
            .collect()
    }

    fn range(&self) -> Range<f64> {
        0.0..self.names.len() as f64
    }
}

impl ValueFormatter<f64> for Slots {
    fn format(value: &f64) -> String {
        value.to_string()
    }

    fn format_ext(&self, value: &f64) -> String {
        self.names.get(*value as usize).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_one_scalable_picture_with_months() -> Outcome<()> {
        let points = (0..100)
            .map(|n| (Date::from_epoch_day(19_810 + n), f64::from(n)))
            .collect();
        let line = Line {
            ink: Ink::Built,
            points,
            filled: false,
        };
        let svg = lines(&[line], 240, |value| format!("{value:.0}"))?;
        assert!(svg.starts_with("<svg viewBox=\"0 0 860 240\""), "{svg}");
        assert!(svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("May") && svg.contains(&hex(Ink::Built.light())));
        assert!(lines(&[], 240, |value| value.to_string())?.is_empty());
        Ok(())
    }

    #[test]
    fn columns_are_named() -> Outcome<()> {
        let names = ["Apr".to_owned(), "<May>".to_owned()];
        let svg = columns(
            &names,
            &[Columns {
                ink: Ink::Plan,
                values: vec![3.0, 4.0],
            }],
            200,
            |v| v.to_string(),
        )?;
        assert!(
            svg.contains("&lt;May&gt;") && !svg.contains("<May>"),
            "{svg}"
        );
        Ok(())
    }
}
