//! Threads, channels and counters of the pipeline: the standard library's, or with the feature `schedules` shuttle's, whose
//! scheduler tries interleavings that a machine seldom shows.

#[cfg(feature = "schedules")]
pub(crate) use shuttle::{sync::atomic, sync::mpsc, thread};
#[cfg(not(feature = "schedules"))]
pub(crate) use std::{sync::atomic, sync::mpsc, thread};
