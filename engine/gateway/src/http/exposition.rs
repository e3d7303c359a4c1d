//! The text format that Prometheus reads (0.0.4), written line by line. *Turned down*: `prometheus-client`, whose counters are registered
//! and whose histograms have fixed buckets that every record walks through; ours are plain numbers and one histogram each, and
//! the format is three kinds of lines.

use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;

/// What answers are told to be.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Nanoseconds up to which a bucket of a histogram of times counts.
const BUCKETS_NS: [u64; 16] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    15_000_000_000,
    60_000_000_000,
];

/// What a family of samples is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Kind {
    /// Only grows while the program runs; by custom its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// Writes samples behind what a text holds already.
#[derive(Debug)]
pub struct Exposition<'t> {
    to: &'t mut String,
}

impl<'t> Exposition<'t> {
    /// A writer to the end of a text.
    pub fn new(to: &'t mut String) -> Exposition<'t> {
        Exposition { to }
    }

    /// The head of a family; its samples follow. `help` is one line in words.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.head(name, kind, help);
    }

    /// One sample of the family begun last.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.to.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.to.push(if at == 0 { '{' } else { ',' });
            self.to.push_str(label);
            self.to.push_str("=\"");
            self.escaped(text, true);
            self.to.push('"');
        }
        if !labels.is_empty() {
            self.to.push('}');
        }
        self.line(format_args!(" {value}"));
    }

    /// A family that has one sample without labels.
    pub fn single(&mut self, name: &str, kind: Kind, help: &str, value: u64) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// A family of times: buckets of seconds, their sum and their count. `times` are nanoseconds, `sum` the sum of them all; a time
    /// counts in the bucket in whose precision it lies.
    pub fn times(&mut self, name: &str, help: &str, times: &Histogram<u64>, sum: Duration) {
        self.head(name, "histogram", help);
        for bound in BUCKETS_NS {
            let (within, bound) = (times.count_between(0, bound), Duration::from_nanos(bound));
            self.line(format_args!("{name}_bucket{{le=\"{}\"}} {within}", seconds(bound)));
        }
        self.line(format_args!("{name}_bucket{{le=\"+Inf\"}} {}", times.len()));
        self.line(format_args!("{name}_sum {}", seconds(sum)));
        self.line(format_args!("{name}_count {}", times.len()));
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.to.push_str("# HELP ");
        self.to.push_str(name);
        self.to.push(' ');
        self.escaped(help, false);
        self.line(format_args!("\n# TYPE {name} {kind}"));
    }

    fn line(&mut self, words: std::fmt::Arguments<'_>) {
        writeln!(self.to, "{words}").expect("a text takes all that is written");
    }

    fn escaped(&mut self, text: &str, quoted: bool) {
        for letter in text.chars() {
            match letter {
                '\\' => self.to.push_str("\\\\"),
                '\n' => self.to.push_str("\\n"),
                '"' if quoted => self.to.push_str("\\\""),
                letter => self.to.push(letter),
            }
        }
    }
}

/// Seconds with as many decimals as it takes, without a float on the way.
fn seconds(time: Duration) -> String {
    let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_the_format_has_them() {
        let mut text = String::from("before 1\n");
        let mut to = Exposition::new(&mut text);
        to.single("a_total", Kind::Counter, "What\\is\nit \"now\".", 7);
        to.family("b", Kind::Gauge, "Two.");
        to.sample("b", &[("why", "a\"b\\c\nd"), ("x", "")], u64::MAX);
        let expected = r#"before 1
# HELP a_total What\\is\nit "now".
# TYPE a_total counter
a_total 7
# HELP b Two.
# TYPE b gauge
b{why="a\"b\\c\nd",x=""} 18446744073709551615
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn buckets_hold_each_all_of_those_before() {
        let mut times = Histogram::<u64>::new_with_bounds(1, 600_000_000_000, 2).expect("bounds");
        for ns in [1, 90_000, 300_000, 7_000_000, 100_000_000_000] {
            times.record(ns).expect("within bounds");
        }
        let mut text = String::new();
        Exposition::new(&mut text).times("t", "T.", &times, Duration::from_millis(100_500));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "# TYPE t histogram");
        assert_eq!(lines[2], "t_bucket{le=\"0.0001\"} 2");
        assert_eq!(lines[4], "t_bucket{le=\"0.0005\"} 3");
        assert_eq!(lines[17], "t_bucket{le=\"60\"} 4");
        assert_eq!(lines[18..], ["t_bucket{le=\"+Inf\"} 5", "t_sum 100.5", "t_count 5"]);
    }

    #[test]
    fn seconds_have_no_needless_noughts() {
        let cases = [(0, "0"), (100_000, "0.0001"), (2_500_000_000, "2.5"), (10_000_000_000, "10")];
        for (ns, text) in cases {
            assert_eq!(seconds(Duration::from_nanos(ns)), text);
        }
    }
}
