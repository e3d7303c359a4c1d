//! A progress bar on the standard error, where a person watches and the input is long enough to wait for.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter inputs are done before anybody wonders.
const WORTH_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// A bar, or nothing; and what it counts.
pub(super) struct Progress(Option<ProgressBar>, &'static str);

impl Progress {
    /// A bar for an input of so many bytes, if that is known, which counts `units` beside.
    pub(super) fn of(bytes: Option<u64>, units: &'static str) -> Progress {
        let watched = io::stderr().is_terminal() && !io::stdout().is_terminal();
        if !watched || bytes.is_some_and(|bytes| bytes < WORTH_BYTES_MIN) {
            return Progress(None, units);
        }
        let target = ProgressDrawTarget::stderr_with_hz(5);
        let bar = ProgressBar::with_draw_target(bytes, target);
        let template = match bytes {
            Some(_) => "{bar:40} {bytes}/{total_bytes}  {msg}  {eta} left",
            None => "{spinner} {bytes}  {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress(Some(bar), units)
    }

    /// Shows how far reading has come.
    pub(super) fn at(&self, bytes: u64, count: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
            bar.set_message(format!("{count} {}", self.1));
        }
    }

    /// Writes a line without tearing the bar.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub(super) fn done(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}
