//! Criterion benches and the summary that holds each beside its bar.
