//! What is wrong with the sources: every place at once, each with what stands there and what should.

use std::fmt;

/// One fault of one source file.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Problem {
    /// The file inside the folder of sources.
    pub file: String,
    /// The line, from 1; nought when the whole file is meant.
    pub line: u64,
    /// The column's name; empty when the whole line is meant.
    pub column: String,
    /// What stands there.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": found {}; expected {}", self.found, self.expected)
    }
}

/// Collects problems while reading goes on.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(
        &mut self,
        (file, line): (&str, u64),
        column: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.0.push(Problem {
            file: file.to_owned(),
            line,
            column: column.to_owned(),
            found: found.into(),
            expected: expected.into(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// By file and line, each once.
    pub(crate) fn sorted(mut self) -> Vec<Problem> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
