//! What is wrong with a policy file, each finding with its place, and the sink that collects all of them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// Whether a finding keeps the pack from being made.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Severity {
    /// The pack cannot be made.
    Error,
    /// The pack can be made, but probably does not say what was meant.
    Warning,
}

/// One thing found in a policy file.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Finding {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What would have been right.
    pub expected: Option<String>,
    /// How it may be mended.
    pub help: Option<String>,
}

/// Why a policy file makes no pack: every error of the file, with its warnings, in order of place.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PolicyErrors {
    /// At least one error among them.
    pub findings: Vec<Finding>,
}

/// Collects findings; knows where each byte of the text stands.
pub(super) struct Sink<'a> {
    file: &'a str,
    text: &'a str,
    found: RefCell<Vec<Finding>>,
    sources_used: RefCell<BTreeSet<u16>>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Finding { file, line, column, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {severity}: {message}")?;
        if let Some(expected) = &self.expected {
            write!(f, "\n  expected {expected}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

impl<'a> Sink<'a> {
    pub(super) fn new(text: &'a str, file: &'a str) -> Sink<'a> {
        Sink { file, text, found: RefCell::default(), sources_used: RefCell::default() }
    }

    /// An error at a byte of the text.
    pub(super) fn error(&self, at: usize, message: String) {
        self.push(Severity::Error, at, message, None, None);
    }

    /// An error that says what would have been right.
    pub(super) fn unexpected(&self, at: usize, message: String, expected: &str) {
        self.push(Severity::Error, at, message, Some(expected.to_owned()), None);
    }

    /// An error that says what would have been right and how to get there.
    pub(super) fn mendable(&self, at: usize, message: String, expected: &str, help: String) {
        let expected = Some(expected.to_owned()).filter(|text| !text.is_empty());
        self.push(Severity::Error, at, message, expected, Some(help));
    }

    /// A warning.
    pub(super) fn warning(&self, at: usize, message: String, help: &str) {
        let help = Some(help.to_owned()).filter(|text| !text.is_empty());
        self.push(Severity::Warning, at, message, None, help);
    }

    /// The line of a byte of the text, from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        let before = self.text.get(..at).unwrap_or(self.text);
        u32::try_from(before.bytes().filter(|b| *b == b'\n').count() + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn source_used(&self, index: u16) {
        self.sources_used.borrow_mut().insert(index);
    }

    pub(super) fn is_source_used(&self, index: u16) -> bool {
        self.sources_used.borrow().contains(&index)
    }

    /// How many errors there are so far.
    pub(super) fn errors(&self) -> usize {
        let found = self.found.borrow();
        found.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// All findings in order of place.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| {
            (a.line, a.column, a.severity, &a.message)
                .cmp(&(b.line, b.column, b.severity, &b.message))
        });
        found.dedup();
        found
    }

    fn push(
        &self,
        severity: Severity,
        at: usize,
        message: String,
        expected: Option<String>,
        help: Option<String>,
    ) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let in_line = before.get(line_start..).unwrap_or("").chars().count();
        let column = u32::try_from(in_line + 1).unwrap_or(u32::MAX);
        let (file, line) = (self.file.to_owned(), self.line(at));
        let finding = Finding { file, line, column, severity, message, expected, help };
        self.found.borrow_mut().push(finding);
    }
}
