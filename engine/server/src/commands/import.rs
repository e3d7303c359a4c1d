//! `yidan import`: members and facilities from CSV, through the journal, in bounded memory; what is wrong goes to a file, line by
//! line, and everything else is taken in. Importing the same file again changes nothing: members stay, and keep their accounts.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use crossbeam_channel::{Receiver, Sender, unbounded};
use yidan_pipeline::engine::Engine;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::{Stopped, Tagged};
use yidan_settlement::command::What;
use yidan_settlement::event::Request;

use super::folder::Folder;
use super::output::{Ended, Exit, Failure, note, said};
use super::progress::Progress;
use crate::facts::FieldError;
use crate::table::{self, Row};
use crate::told;

/// Rows that may be on their way at once.
const IN_FLIGHT: usize = 8_192;

const TABLES: &str = "Columns, in any order, the first line naming them; dates yyyy-MM-dd, amounts in yuan:
  members     psn_no admdvs insutype psn_type [gend brdy cvlserv_flag contribution_class paid_years
              from to waiting_to identities filings approvals mulaid balc]
  facilities  fixmedins_code admdvs kind hosp_lv [dedc_hosp_lv lmtpric_hosp_lv agreements]
Lists are separated by `;`, each with an optional span: 低保@2025-01-01..2026-01-01;特困
  identities  identity types          approvals   dise_codg
  filings     residence, referral, emergency, each with an optional place: referral:310000@2025-01-01..
  mulaid      psn_no of those whose accounts pay for this member, in order, without spans
  agreements  inpatient, outpatient, chronic, pharmacy; an empty column is an agreement for all";

/// Import members or facilities from CSV into a journal
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
#[command(after_long_help = format!("{TABLES}\n\n{}", super::EXIT_CODES))]
pub(super) struct Import {
    /// What the file has
    #[arg(value_enum)]
    what: Table,
    #[command(flatten)]
    folder: Folder,
    /// The CSV file in UTF-8, or `-`
    file: PathBuf,
    /// Where rows that are wrong are told [default: FILE with `.errors`]
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Eq, PartialEq, ValueEnum)]
enum Table {
    /// Members
    Members,
    /// Facilities
    Facilities,
}

type Back = Tagged<u64, Answer>;

/// One import on its way.
struct Rows<'e> {
    engine: &'e Engine<Back>,
    to: Sender<(u64, Result<Answer, Stopped>)>,
    came: Receiver<(u64, Result<Answer, Stopped>)>,
    on_their_way: usize,
    taken: u64,
    errors: Errors,
}

/// The file of what is wrong, made with its first row.
struct Errors {
    path: PathBuf,
    file: Option<csv::Writer<File>>,
    count: u64,
}

impl Import {
    pub(super) fn run(&self) -> Ended {
        let name = self.file.display().to_string();
        let (reader, length) = crate::input::open(&self.file)
            .map_err(|error| said(format!("{name}: cannot be read: {error}")))?;
        let engine: Engine<Back> = self.folder.open()?;
        let (to, came) = unbounded();
        let errors = Errors { path: self.errors_path(), file: None, count: 0 };
        let mut rows = Rows { engine: &engine, to, came, on_their_way: 0, taken: 0, errors };
        let begun = std::time::Instant::now();
        rows.all(self.what, &name, reader, &Progress::of(length, "rows"))?;
        let (taken, wrong, path) = (rows.taken, rows.errors.count, rows.errors.path.clone());
        rows.errors.end()?;
        let (hash, _) = engine.stop().map_err(said)?;
        note(&format!("{taken} taken in, {wrong} wrong in {:.1?}; state {hash}", begun.elapsed()));
        if wrong == 0 {
            return Ok(Exit::Done);
        }
        note(&format!("what is wrong is in {}", path.display()));
        Ok(Exit::Refused)
    }

    fn errors_path(&self) -> PathBuf {
        match &self.errors {
            Some(path) => path.clone(),
            None if self.file == Path::new("-") => PathBuf::from("import.errors"),
            None => {
                let mut name = self.file.clone().into_os_string();
                name.push(".errors");
                PathBuf::from(name)
            }
        }
    }
}

impl Rows<'_> {
    fn all(
        &mut self,
        what: Table,
        name: &str,
        reader: Box<dyn Read>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
        let headers = csv.headers().map_err(|error| said(format!("{name}: {error}")))?.clone();
        let known = match what {
            Table::Members => table::MEMBER_COLUMNS,
            Table::Facilities => table::FACILITY_COLUMNS,
        };
        table::check_headers(&headers, known)
            .map_err(|wrong| said(format!("{name}:1: {wrong}")))?;
        let mut record = csv::StringRecord::new();
        loop {
            match csv.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(wrong) if matches!(wrong.kind(), csv::ErrorKind::Io(_)) => {
                    return Err(said(format!("{name}: {wrong}")));
                }
                Err(wrong) => {
                    let line = wrong.position().map_or(0, csv::Position::line);
                    self.errors.tell(line, "", "", &wrong.to_string())?;
                    continue;
                }
            }
            let position = record.position();
            let (line, at) = position.map_or((0, 0), |at| (at.line(), at.byte()));
            let row = Row::new(&headers, &record);
            let asked = match what {
                Table::Members => table::member(&row),
                Table::Facilities => table::facility(&row),
            };
            match asked {
                Ok((request, what)) => self.submit(line, request, what)?,
                Err(FieldError { field, found, expected }) => {
                    self.errors.tell(line, &field, &found, &expected)?;
                }
            }
            progress.at(at, self.taken);
        }
        while self.on_their_way > 0 {
            self.wait()?;
        }
        Ok(())
    }

    fn submit(&mut self, line: u64, request: Request, what: What) -> Result<(), Failure> {
        let admission = self.engine.admission();
        if let What::RegisterFacility(_, _) = what {
            self.taken += 1;
            return admission.tell_all(what).map_err(said);
        }
        let reply = Tagged::new(line, self.to.clone());
        admission.submit_until_taken(request, what, reply, |_| self.wait())?;
        self.on_their_way += 1;
        while self.on_their_way > IN_FLIGHT {
            self.wait()?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), Failure> {
        let (line, answer) = self.came.recv().map_err(said)?;
        self.on_their_way -= 1;
        match answer.map_err(said)? {
            Answer::Refused(refused) => {
                self.errors.tell(line, "", "", &told::message(refused.reason))
            }
            Answer::Done(_, _)
            | Answer::Again(_)
            | Answer::PreSettled(_)
            | Answer::Nothing
            | Answer::Looked
            | Answer::Balance(_)
            | Answer::Needs(_, _) => {
                self.taken += 1;
                Ok(())
            }
        }
    }
}

impl Errors {
    fn tell(&mut self, line: u64, field: &str, found: &str, expected: &str) -> Result<(), Failure> {
        let path = self.path.display().to_string();
        let cannot = |error: io::Error| said(format!("{path}: cannot be written: {error}"));
        if self.file.is_none() {
            let mut file = csv::Writer::from_path(&self.path).map_err(|e| cannot(e.into()))?;
            file.write_record(["line", "column", "found", "expected"])
                .map_err(|e| cannot(e.into()))?;
            self.file = Some(file);
        }
        self.count += 1;
        let row = [&line.to_string(), field, found, expected];
        let file = self.file.as_mut().expect("it was made above");
        file.write_record(row).map_err(|error| cannot(error.into()))
    }

    fn end(self) -> Result<(), Failure> {
        let Some(mut file) = self.file else { return Ok(()) };
        let path = self.path.display().to_string();
        file.flush().map_err(|error| said(format!("{path}: cannot be written: {error}")))?;
        let mut file = file.into_inner().map_err(said)?;
        file.flush().map_err(said)
    }
}
