//! Where commands write, and how they end: the answer on the standard output, all else on the standard error.

use std::io::{self, BufWriter, IsTerminal, Stdout, StdoutLock, Write};
use std::process::ExitCode;

use yidan_pipeline::Stopped;

/// How a run ended, from best to worst.
#[derive(Debug, Clone, Copy, Default, Eq, PartialEq, Ord, PartialOrd)]
pub(super) enum Exit {
    /// All was done.
    #[default]
    Done,
    /// Some case was refused, or two things differ.
    Refused,
    /// Something could not be read.
    Unreadable,
    /// SIGINT asked to end before the end of the input; all that was taken in is done.
    Interrupted,
    /// Whoever read the answers has gone before the end of the input; all that was taken in is done.
    Unheard,
    /// SIGTERM asked to end before the end of the input; all that was taken in is done.
    Terminated,
}

/// Why a run ended before its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// Whoever read our output has gone: there is nothing to say, and nobody to say it to.
    ReaderGone,
    /// What to tell the user.
    Said(String),
}

/// How a command ended.
pub(super) type Ended = Result<Exit, Failure>;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        match exit {
            Exit::Done => ExitCode::SUCCESS,
            Exit::Refused => ExitCode::from(1),
            Exit::Unreadable => ExitCode::from(2),
            // As shells have it: 128 and the number of the signal.
            Exit::Interrupted => ExitCode::from(130),
            Exit::Unheard => ExitCode::from(141),
            Exit::Terminated => ExitCode::from(143),
        }
    }
}

/// Only writing to the standard output fails with a bare system error; all else names its file.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::ReaderGone;
        }
        Failure::Said(format!("the standard output cannot be written: {error}"))
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Failure {
        Failure::Said(stopped.to_string())
    }
}

impl From<crate::told::TellError> for Failure {
    fn from(error: crate::told::TellError) -> Failure {
        Failure::Said(error.to_string())
    }
}

/// A failure in words.
pub(super) fn said(what: impl std::fmt::Display) -> Failure {
    Failure::Said(what.to_string())
}

/// Bytes written at once.
const OUTPUT_BYTES: usize = 128 * 1024;

/// The standard output, locked and buffered; a person at a terminal sees every case at once.
pub(super) struct Output {
    to: BufWriter<StdoutLock<'static>>,
    line: Vec<u8>,
    at_once: bool,
}

impl Output {
    pub(super) fn open() -> Output {
        let out: Stdout = io::stdout();
        let at_once = out.is_terminal();
        Output { to: BufWriter::with_capacity(OUTPUT_BYTES, out.lock()), line: Vec::new(), at_once }
    }

    /// Writes a value as one line of JSON, made in memory first: it is of many small pieces.
    pub(super) fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        self.to.write_all(&self.line)
    }

    /// Shows what was written, where somebody watches.
    pub(super) fn pause(&mut self) -> io::Result<()> {
        if self.at_once { self.to.flush() } else { Ok(()) }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Tells the user something beside the answer.
pub(super) fn note(what: &str) {
    // There is nobody to tell when the standard error cannot be written.
    let _ = writeln!(io::stderr().lock(), "{what}");
}

/// Tells the user what is wrong.
pub(super) fn error(what: &str) {
    note(&format!("error: {what}"));
}
