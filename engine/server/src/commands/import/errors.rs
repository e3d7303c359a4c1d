//! The file of what is wrong with a table: a line for each row that is not taken in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::super::output::{Failure, said};
use crate::facts::FieldError;

/// The first line of a file of what is wrong.
const ERROR_COLUMNS: [&str; 5] = ["file", "line", "field", "value", "expected"];

/// The file of what is wrong, made with its first row.
pub(super) struct Errors {
    pub(super) of: String,
    pub(super) path: PathBuf,
    file: Option<csv::Writer<File>>,
    pub(super) count: u64,
}

impl Errors {
    /// What is wrong with a table. What an earlier import of it told there goes: it may be mended by now.
    pub(super) fn of(name: &str, path: PathBuf) -> Result<Errors, Failure> {
        let errors = Errors { of: name.to_owned(), path, file: None, count: 0 };
        if let Ok(file) = File::open(&errors.path) {
            let mut first = String::new();
            let ours = ERROR_COLUMNS.join(",");
            let read = BufReader::new(file).take(1_024).read_line(&mut first);
            if read.is_ok() && first.trim_end() == ours {
                fs::remove_file(&errors.path).map_err(|error| errors.cannot(&error))?;
            }
        }
        Ok(errors)
    }

    pub(super) fn tell(&mut self, line: u64, wrong: &FieldError) -> Result<(), Failure> {
        let written = self.write(line, wrong).map_err(io::Error::from);
        written.map_err(|error| self.cannot(&error))?;
        self.count += 1;
        Ok(())
    }

    fn write(&mut self, line: u64, wrong: &FieldError) -> csv::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                // What stands in a row is of persons: who imports it may read it, nobody else.
                options.write(true).create(true).truncate(true).mode(0o600);
                let file = csv::Writer::from_writer(options.open(&self.path)?);
                let file = self.file.insert(file);
                file.write_record(ERROR_COLUMNS)?;
                file
            }
        };
        let FieldError { field, found, expected } = wrong;
        file.write_record([&self.of, &line.to_string(), field, found, expected])
    }

    fn cannot(&self, error: &io::Error) -> Failure {
        said(format!("{}: cannot be written: {error}", self.path.display()))
    }

    pub(super) fn end(mut self) -> Result<(), Failure> {
        let ended = self.file.as_mut().map_or(Ok(()), csv::Writer::flush);
        ended.map_err(|error| self.cannot(&error))
    }
}
