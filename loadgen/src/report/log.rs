//! The HdrHistogram log of a step: a row for each transaction, which other tools can read and plot.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::histogram::histogram;
use crate::result::{Latency, Plan, Step};

/// What other tools look for above the rows.
const LEGEND: &str =
    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";

/// Maxima are written in milliseconds, as HdrHistogram's own tools do; histograms are in nanoseconds.
const MAX_DIVISOR: f64 = 1_000_000.0;

/// The log of a step. Rows: every transaction, then `settling`, `all` and `visit`.
///
/// # Errors
/// When a histogram of the step cannot be read.
pub(super) fn log(plan: &Plan, step: &Step) -> io::Result<Vec<u8>> {
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut head = IntervalLogWriterBuilder::new();
    head.add_comment("[Logged with yidan-loadgen]");
    head.add_comment(&format!("[Step: {}]", step.name.replace('\n', " ")));
    head.add_comment("[Values: nanoseconds from the intended moment of a call]");
    if let Some(begun) = moment(&plan.begun) {
        head.with_start_time(begun);
    }
    head.with_max_value_divisor(MAX_DIVISOR).begin_log_with(&mut log, &mut serializer)?;
    log.extend_from_slice(LEGEND.as_bytes());

    let begin = step.seconds_of.first().map_or(0.0, |second| second.at);
    let begin = Duration::try_from_secs_f64(begin).unwrap_or_default();
    let length = Duration::try_from_secs_f64(step.seconds + step.drain_seconds).unwrap_or_default();
    let mut builder = IntervalLogWriterBuilder::new();
    let mut rows = Vec::new();
    let mut writer =
        builder.with_max_value_divisor(MAX_DIVISOR).begin_log_with(&mut rows, &mut serializer)?;
    for (name, latency) in named(step) {
        let histogram = histogram(latency).map_err(io::Error::other)?;
        let tag = Tag::new(name).ok_or_else(|| io::Error::other("a transaction with a comma"))?;
        writer.write_histogram(&histogram, begin, length, Some(tag)).map_err(io::Error::other)?;
    }
    log.extend(rows.iter().skip_while(|byte| **byte != b'\n').skip(1));
    Ok(log)
}

/// Every histogram of a step with its tag.
fn named(step: &Step) -> impl Iterator<Item = (&str, &Latency)> {
    let whole = [("settling", &step.settling), ("all", &step.all), ("visit", &step.visit)];
    step.by_infno.iter().map(|(infno, latency)| (infno.as_str(), latency)).chain(whole)
}

/// A moment written as `yyyy-MM-dd HH:mm:ss` in UTC.
fn moment(text: &str) -> Option<SystemTime> {
    let mut numbers = text.split(['-', ' ', ':']).map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(
        days * 86_400 + hour.min(23) * 3_600 + minute.min(59) * 60 + second.min(60),
    ))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::report::sample;

    #[test]
    fn is_read_back_with_the_same_quantiles() {
        let outcome = sample::search();
        let step = &outcome.steps[2];
        let log = log(&outcome.plan, step).expect("the sample's histograms are whole");
        let text = std::str::from_utf8(&log).expect("logs are ASCII");
        assert!(text.starts_with("#[Logged with yidan-loadgen]\n"));
        assert_eq!(text.matches("StartTimestamp").count(), 1);
        assert_eq!(text.matches("MaxValueDivisor").count(), 1);

        let mut rows = 0;
        for entry in IntervalLogIterator::new(&log) {
            match entry.expect("every line is understood") {
                LogEntry::StartTime(at) => assert_eq!(at.as_secs(), 1_773_558_000),
                LogEntry::BaseTime(_) => panic!("times are from the start"),
                LogEntry::Interval(row) => {
                    rows += 1;
                    let bytes = base64::engine::general_purpose::STANDARD
                        .decode(row.encoded_histogram())
                        .expect("rows are base64");
                    let read: Histogram<u64> =
                        Deserializer::new().deserialize(&mut bytes.as_slice()).expect("V2");
                    let tag = row.tag().expect("every row has a tag");
                    let (_, kept) =
                        named(step).find(|(name, _)| *name == tag.as_str()).expect("a known tag");
                    for (q, ns) in &kept.quantiles {
                        assert_eq!(read.value_at_quantile(*q), *ns, "{} {q}", tag.as_str());
                    }
                }
            }
        }
        assert_eq!(rows, step.by_infno.len() + 3);
    }

    #[test]
    fn moments_are_read() {
        let seconds = |text| {
            let at = moment(text)?.duration_since(SystemTime::UNIX_EPOCH);
            Some(at.expect("after 1970").as_secs())
        };
        assert_eq!(seconds("1970-01-01 00:00:00"), Some(0));
        assert_eq!(seconds("2024-02-29 12:00:01"), Some(1_709_208_001));
        assert_eq!(seconds("2026-03-15 07:00:00"), Some(1_773_558_000));
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds("2026-13-15 07:00:00"), None);
    }
}
