//! Histograms as they are kept in a result: quantiles for people, the whole as HdrHistogram's V2 + DEFLATE in base64.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{
    DeserializeError, Deserializer, Serializer as _, V2DeflateSerializer,
};

use crate::result::Latency;

/// The quantiles that are kept beside the histogram.
const QUANTILES: [f64; 22] = [
    0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975,
    0.999, 0.9995, 0.9999, 0.999_95, 0.999_99, 1.0,
];

/// Why the histogram of a result cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The text is not base64.
    #[error("the histogram is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The bytes are no histogram.
    #[error("the bytes are no histogram: {0}")]
    Histogram(#[from] DeserializeError),
}

/// What a histogram of nanoseconds says, and the histogram itself.
pub fn latency(histogram: &Histogram<u64>) -> Latency {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .expect("a histogram is written to memory");
    let quantiles = QUANTILES.into_iter().map(|q| (q, histogram.value_at_quantile(q)));
    Latency {
        count: histogram.len(),
        mean_ns: histogram.mean().round() as u64,
        max_ns: histogram.max(),
        quantiles: quantiles.collect(),
        histogram: STANDARD.encode(bytes),
    }
}

/// The histogram back. One that was never filled is empty.
///
/// # Errors
/// When the text is not what [`latency`] writes.
pub fn histogram(latency: &Latency) -> Result<Histogram<u64>, Unreadable> {
    if latency.histogram.is_empty() {
        return Ok(Histogram::new(3).expect("three digits are allowed"));
    }
    let bytes = STANDARD.decode(&latency.histogram)?;
    Ok(Deserializer::new().deserialize(&mut bytes.as_slice())?)
}

/// Nanoseconds at a quantile: the kept one that is nearest from above, so that nothing looks faster than it was.
pub(super) fn quantile(latency: &Latency, wanted: f64) -> u64 {
    let kept = latency.quantiles.iter().find(|(q, _)| *q >= wanted - 1e-9);
    kept.map_or(latency.max_ns, |(_, ns)| *ns).min(latency.max_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_the_same() {
        let mut written = Histogram::new(3).expect("three digits are allowed");
        for ns in (1..10_000_u64).map(|n| n * 7_919) {
            written.record(ns).expect("it resizes itself");
        }
        let kept = latency(&written);
        let read = histogram(&kept).expect("it was just written");
        assert_eq!(read, written);
        assert_eq!(kept.count, 9_999);
        for (q, ns) in &kept.quantiles {
            assert_eq!(read.value_at_quantile(*q), *ns);
        }
        assert_eq!(quantile(&kept, 0.999), written.value_at_quantile(0.999));
    }

    #[test]
    fn one_never_filled_is_empty_and_a_broken_one_is_refused() {
        assert!(histogram(&Latency::default()).expect("empty is allowed").is_empty());
        let broken = |text: &str| Latency { histogram: text.into(), ..Latency::default() };
        assert!(matches!(histogram(&broken("?")), Err(Unreadable::Base64(_))));
        assert!(matches!(histogram(&broken("AAAAAAAA")), Err(Unreadable::Histogram(_))));
    }
}
