//! A chart as inline SVG: axes, curves, bands and a line for a limit. It knows nothing of load.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

use super::html::escaped;

/// Width of the drawing; heights follow from it.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 310.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 46.0;

/// A chart to draw.
pub(super) struct Chart {
    /// Unique on the page: names the parts for screen readers.
    pub(super) id: &'static str,
    /// What it shows.
    pub(super) title: String,
    /// What to see in it, for those who do not see it.
    pub(super) about: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// Spans of x with a name, drawn behind.
    pub(super) bands: Vec<(f64, f64, String)>,
    /// Spans of x that say something when they are pointed at.
    pub(super) hints: Vec<(f64, f64, String)>,
    /// A limit on y with its name.
    pub(super) limit: Option<(f64, String)>,
}

/// An axis: values map evenly between `low` and `high`, after the logarithm where it is logarithmic.
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) ticks: Vec<(f64, String)>,
}

/// A curve: pieces that are not joined, each of points.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) pieces: Vec<Vec<(f64, f64)>>,
    /// What each point says when it is pointed at; empty: no dots.
    pub(super) notes: Vec<String>,
}

impl Axis {
    /// From nought to a round number not below `high`.
    pub(super) fn linear(label: &str, high: f64) -> Axis {
        let step = round_step(high);
        let count = (high / step).ceil().max(1.0);
        let ticks = (0..=count as u32).map(|n| {
            let at = f64::from(n) * step;
            (at, plain(at))
        });
        Axis {
            label: label.into(),
            low: 0.0,
            high: count * step,
            log: false,
            ticks: ticks.collect(),
        }
    }

    /// From `low` to `high` as they are, with round ticks between.
    pub(super) fn span(label: &str, low: f64, high: f64) -> Axis {
        let high = if high > low { high } else { low + 1.0 };
        let step = round_step((high - low) * 0.8);
        let first = (low / step).ceil();
        let count = ((high / step).floor() - first).max(0.0) as u32;
        let ticks = (0..=count).map(|n| {
            let at = (first + f64::from(n)) * step;
            (at, plain(at))
        });
        Axis { label: label.into(), low, high, log: false, ticks: ticks.collect() }
    }

    /// Over the tens, fives and twos that hold all positive values.
    pub(super) fn log(label: &str, values: impl Iterator<Item = f64>) -> Axis {
        let (least, most) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        let (least, most) = if most > 0.0 { (least, most) } else { (0.1, 10.0) };
        let steps: Vec<f64> =
            (-9..12).flat_map(|ten| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(ten))).collect();
        let low = steps.iter().rev().find(|step| **step <= least).copied().unwrap_or(least);
        let high = steps.iter().find(|step| **step >= most && **step > low).copied();
        let high = high.unwrap_or(most * 2.0);
        let sparse = high / low > 2_000.0;
        let shown = |at: &f64| *at >= low && *at <= high && (!sparse || tens(*at));
        let ticks = steps.into_iter().filter(shown).map(|at| (at, plain(at)));
        Axis { label: label.into(), low, high, log: true, ticks: ticks.collect() }
    }

    /// Where a value lies: 0 at `low`, 1 at `high`; what lies outside is drawn at the edge.
    fn part(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.log { value.max(1e-12).log10() } else { value };
        let (low, high) = (scale(self.low), scale(self.high));
        ((scale(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// Whether a number is a power of ten.
fn tens(value: f64) -> bool {
    (value.log10() - value.log10().round()).abs() < 1e-9
}

/// A step of 1, 2 or 5 that divides a length into four to ten.
fn round_step(length: f64) -> f64 {
    let rough = (length / 5.0).max(1e-6);
    let ten = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|n| n * ten).into_iter().find(|step| *step >= rough).unwrap_or(ten)
}

/// A number without needless digits.
pub(super) fn plain(value: f64) -> String {
    let digits = format!("{value:.6}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    match digits.split_once('.') {
        None if value >= 10_000.0 => super::words::count(value as u64),
        _ => digits.into(),
    }
}

impl Chart {
    /// The figure: heading, drawing and legend.
    pub(super) fn draw(&self) -> String {
        let id = self.id;
        let mut out = format!(
            "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title>\
             <desc id=\"{id}-d\">{about}</desc>",
            title = escaped(&self.title),
            about = escaped(&self.about),
        );
        self.draw_bands(&mut out);
        self.draw_axes(&mut out);
        for (at, series) in self.series.iter().enumerate() {
            self.draw_series(&mut out, at, series);
        }
        self.draw_limit(&mut out);
        self.draw_hints(&mut out);
        out += "</svg>";
        out += &self.legend();
        out + "</figure>\n"
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.part(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.part(value) * (HEIGHT - TOP - BOTTOM)
    }

    fn draw_bands(&self, out: &mut String) {
        for (at, (from, to, name)) in self.bands.iter().enumerate() {
            let (left, right) = (self.x(*from), self.x(*to));
            *out += &format!(
                "<rect class=\"band{}\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{:.1}\" \
                 height=\"{}\"><title>{}</title></rect>",
                at % 2,
                right - left,
                HEIGHT - TOP - BOTTOM,
                escaped(name),
            );
            let fits = (right - left) > name.chars().count() as f64 * 5.6;
            if fits {
                let middle = (left + right) / 2.0;
                *out += &format!(
                    "<text class=\"s\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
                    TOP - 6.0,
                    escaped(name),
                );
            }
        }
    }

    fn draw_axes(&self, out: &mut String) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for (at, label) in &self.y.ticks {
            let y = self.y(*at);
            *out += &format!(
                "<line class=\"g\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"e\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT - 7.0,
                y + 4.0,
                escaped(label),
            );
        }
        for (at, label) in &self.x.ticks {
            let x = self.x(*at);
            *out += &format!(
                "<line class=\"g\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text class=\"m\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 16.0,
                escaped(label),
            );
        }
        let (x_middle, y_middle) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        *out += &format!(
            "<path class=\"a\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\
             <text class=\"m l\" x=\"{x_middle}\" y=\"{}\">{}</text>\
             <text class=\"m l\" x=\"14\" y=\"{y_middle}\" transform=\"rotate(-90 14 {y_middle})\">\
             {}</text>",
            HEIGHT - 8.0,
            escaped(&self.x.label),
            escaped(&self.y.label),
        );
    }

    fn draw_series(&self, out: &mut String, at: usize, series: &Series) {
        let mut path = String::new();
        for piece in &series.pieces {
            for (n, (x, y)) in piece.iter().enumerate() {
                let letter = if n == 0 { 'M' } else { 'L' };
                path += &format!("{letter}{:.1} {:.1}", self.x(*x), self.y(*y));
            }
        }
        *out += &format!("<path class=\"c c{}\" d=\"{path}\"/>", at % 6);
        for ((x, y), note) in series.pieces.iter().flatten().zip(&series.notes) {
            *out += &format!(
                "<circle class=\"d{}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"><title>{}</title></circle>",
                at % 6,
                self.x(*x),
                self.y(*y),
                escaped(note),
            );
        }
    }

    fn draw_limit(&self, out: &mut String) {
        let Some((at, name)) = &self.limit else { return };
        let y = self.y(*at);
        *out += &format!(
            "<line class=\"limit\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"limit-name\" x=\"{}\" y=\"{:.1}\">{}</text>",
            WIDTH - RIGHT,
            LEFT + 6.0,
            y - 5.0,
            escaped(name),
        );
    }

    fn draw_hints(&self, out: &mut String) {
        for (from, to, hint) in &self.hints {
            let (left, right) = (self.x(*from), self.x(*to));
            *out += &format!(
                "<rect class=\"h\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\">\
                 <title>{}</title></rect>",
                right - left,
                HEIGHT - TOP - BOTTOM,
                escaped(hint),
            );
        }
    }

    fn legend(&self) -> String {
        let mut out = String::from("<ul class=\"legend\">");
        for (at, series) in self.series.iter().enumerate() {
            out += &format!(
                "<li><svg viewBox=\"0 0 30 8\" aria-hidden=\"true\"><path class=\"c c{}\" \
                 d=\"M1 4H29\"/></svg>{}</li>",
                at % 6,
                escaped(&series.name),
            );
        }
        out + "</ul>"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_their_values_between_round_ticks() {
        let axis = Axis::linear("n", 1_386.0);
        assert_eq!(axis.ticks.last().expect("some ticks").1, "1500");
        let log = Axis::log("ms", [0.73, 61.0].into_iter());
        assert!(log.low <= 0.73 && log.high >= 61.0, "{} {}", log.low, log.high);
        let labels: Vec<&str> = log.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0.5", "1", "2", "5", "10", "20", "50", "100"]);
        assert!((log.part(log.low)).abs() < 1e-9 && (log.part(1e9) - 1.0).abs() < 1e-9);
        assert!(!Axis::log("ms", std::iter::empty()).ticks.is_empty());
        assert!(Axis::span("s", 0.0, 287.0).ticks.len() > 3);
        assert!(!Axis::linear("n", 0.0).ticks.is_empty());
    }
}
