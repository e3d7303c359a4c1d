//! The harness: golden cases, the naive model, end-to-end runs.
