//! `yidan import`: members and facilities from CSV, through the journal, in bounded memory; what is wrong goes to a file, line by
//! line, and everything else is taken in. Importing the same file again changes nothing: members stay, and keep their accounts.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use clap::Args;
use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};
use yidan_pipeline::engine::Engine;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::world::World;
use yidan_pipeline::{Stopped, Tagged};
use yidan_settlement::command::What;
use yidan_settlement::event::Request;

use super::folder::Folder;
use super::output::{Ended, Exit, Failure, note, said};
use super::progress::Progress;
use super::stopping::{Signal, Stop};
use crate::facts::{FieldError, field};
use crate::table::{Rows, Says, Table, TableError, TableRow};
use crate::told;

/// Rows that may be on their way at once.
const IN_FLIGHT: usize = 8_192;

/// Rows that may be read before they are wanted.
const ROWS_AHEAD: usize = 256;

/// The first line of a file of what is wrong.
const ERROR_COLUMNS: [&str; 5] = ["file", "line", "field", "value", "expected"];

const TABLES: &str = "Columns, in any order, the first line naming them; dates yyyy-MM-dd, amounts in yuan:
  members     psn_no admdvs insutype psn_type [gend brdy cvlserv_flag contribution_class paid_years
              from to waiting_to identities filings approvals mulaid balc]
  facilities  fixmedins_code admdvs kind hosp_lv [dedc_hosp_lv lmtpric_hosp_lv agreements]
Lists are separated by `;`, each with an optional span: 低保@2025-01-01..2026-01-01;特困
  identities  identity types          approvals   dise_codg
  filings     residence, referral, emergency, each with an optional place: referral:310000@2025-01-01..
  mulaid      psn_no of those whose accounts pay for this member, in order, without spans
  agreements  inpatient, outpatient, chronic, pharmacy; an empty column is an agreement for all
For example:
  psn_no,admdvs,insutype,psn_type,brdy,identities,balc
  P1,630100,390,15,1960-05-01,低保@2025-01-01..2026-01-01,12.50

A row is one line and has as many columns as the first line. insutype, psn_type and identities are those of the pack of the
member's pool (`yidan policy show`). Of two rows with one psn_no or fixmedins_code that differ, the second is wrong. balc is the
opening balance: it counts for a member who is new, and is passed over for one who is there.

A row that is wrong is left out and told in the file of errors, by file,line,field,value,expected; all other rows are taken in.
Mend it and import the table again, or a table of the mended rows alone: rows that are there already change nothing.";

/// Import members or facilities from CSV into a journal
#[derive(Debug, Args)]
#[command(after_help = super::WRITING_EXIT_CODES)]
#[command(after_long_help = format!("{TABLES}\n\n{}", super::WRITING_EXIT_CODES))]
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

type Back = Tagged<u64, Answer>;
type Came = (u64, Result<Answer, Stopped>);

/// A row, and how many bytes were read by then; the last may be why no more can be read.
type Next = Result<(TableRow, u64), TableError>;

/// One import on its way.
struct Flow<'e> {
    engine: &'e Engine<Back>,
    to: Sender<Came>,
    came: Receiver<Came>,
    on_their_way: usize,
    counts: Counts,
    errors: Errors,
}

/// What became of the rows.
#[derive(Debug, Default)]
struct Counts {
    /// Taken in, whether they say something new or not.
    taken: u64,
    /// The same as a row before.
    same: u64,
}

/// The file of what is wrong, made with its first row.
struct Errors {
    of: String,
    path: PathBuf,
    file: Option<csv::Writer<File>>,
    count: u64,
}

impl Import {
    pub(super) fn run(&self) -> Ended {
        let name = self.file.display().to_string();
        let (reader, length) = crate::input::open(&self.file)
            .map_err(|error| said(format!("{name}: cannot be read: {error}")))?;
        let errors = Errors::of(&name, self.errors_path())?;
        let engine: Engine<Back> = self.folder.open()?;
        let stop = Stop::watch()?;
        let (to, came) = unbounded();
        let counts = Counts::default();
        let mut flow = Flow { engine: &engine, to, came, on_their_way: 0, counts, errors };
        let begun = Instant::now();
        let rows = rows(self.what, reader, engine.world());
        let ended = flow.all(&rows, &stop, &Progress::of(length, "rows"));
        let Flow { counts: Counts { taken, same }, errors, .. } = flow;
        let (wrong, path) = (errors.count, errors.path.clone());
        let told = errors.end();
        // A table that cannot be read on, or an error that cannot be told: what was taken in is there, and the stop is clean.
        let (hash, _) = engine.stop().map_err(said)?;
        note(&format!(
            "{taken} taken in, {same} repeated, {wrong} wrong in {:.1?}; state {hash}",
            begun.elapsed()
        ));
        let signal = ended?;
        told?;
        if wrong > 0 {
            note(&format!("what is wrong is in {}", path.display()));
        }
        Ok(match (signal, wrong) {
            (Some(signal), _) => {
                note("asked to stop before the end of the table: import it again, which goes on");
                signal.exit()
            }
            (None, 0) => Exit::Done,
            (None, _) => Exit::Refused,
        })
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

/// Reads rows on a thread of its own: who waits for the next one hears a signal meanwhile.
fn rows(table: Table, from: Box<dyn Read + Send>, world: Arc<World>) -> Receiver<Next> {
    let (to, rows) = bounded(ROWS_AHEAD);
    thread::spawn(move || {
        // The other side has ended: nobody wants more.
        let failed = |error: TableError| drop(to.send(Err(error)));
        let mut rows = match Rows::new(table, from, &world) {
            Ok(rows) => rows,
            Err(error) => return failed(error),
        };
        loop {
            match rows.next_row() {
                Ok(Some(row)) => {
                    if to.send(Ok((row, rows.bytes()))).is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => return failed(error.into()),
            }
        }
    });
    rows
}

impl Flow<'_> {
    /// Takes rows in until there is none, or a signal came; then all that is on its way is finished.
    fn all(
        &mut self,
        rows: &Receiver<Next>,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<Option<Signal>, Failure> {
        let (mut open, mut ended) = (true, Ok(None));
        while open || self.on_their_way > 0 {
            let room = open && self.on_their_way < IN_FLIGHT;
            let came = self.came.clone();
            select! {
                recv(came) -> came => self.take(came.map_err(said)?)?,
                recv(if open { stop.came().clone() } else { never() }) -> signal => {
                    (open, ended) = (false, Ok(signal.ok()));
                }
                recv(if room { rows.clone() } else { never() }) -> next => match next {
                    Ok(Ok((row, bytes))) => {
                        self.row(row)?;
                        progress.at(bytes, self.counts.taken + self.counts.same);
                    }
                    Ok(Err(error)) => {
                        (open, ended) = (false, Err(said(format!("{}: {error}", self.errors.of))));
                    }
                    Err(_) => open = false,
                },
            }
        }
        ended
    }

    fn row(&mut self, row: TableRow) -> Result<(), Failure> {
        let TableRow { line, says } = row;
        match says {
            Ok(Says::Ask(request, what)) => self.submit(line, request, *what),
            Ok(Says::Again) => {
                self.counts.same += 1;
                Ok(())
            }
            Err(wrong) => self.errors.tell(line, &wrong),
        }
    }

    fn submit(&mut self, line: u64, request: Request, what: What) -> Result<(), Failure> {
        let admission = self.engine.admission();
        if let What::RegisterFacility(_, _) = what {
            self.counts.taken += 1;
            return admission.tell_all(what).map_err(said);
        }
        let reply = Tagged::new(line, self.to.clone());
        admission.submit_until_taken(request, what, reply, |retry_after| {
            thread::sleep(retry_after);
            Ok::<(), Failure>(())
        })?;
        self.on_their_way += 1;
        Ok(())
    }

    fn take(&mut self, (line, answer): Came) -> Result<(), Failure> {
        self.on_their_way -= 1;
        match answer.map_err(said)? {
            Answer::Refused(refused) => {
                let expected = format!("what the ledger takes: {}", told::message(refused.reason));
                self.errors.tell(line, &field("", "", &expected))?;
            }
            Answer::Done(_, _)
            | Answer::Again(_)
            | Answer::PreSettled(_)
            | Answer::Nothing
            | Answer::Looked
            | Answer::Balance(_)
            | Answer::Needs(_, _) => self.counts.taken += 1,
        }
        Ok(())
    }
}

impl Errors {
    /// What is wrong with a table. What an earlier import of it told there goes: it may be mended by now.
    fn of(name: &str, path: PathBuf) -> Result<Errors, Failure> {
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

    fn tell(&mut self, line: u64, wrong: &FieldError) -> Result<(), Failure> {
        let written = self.write(line, wrong).map_err(io::Error::from);
        written.map_err(|error| self.cannot(&error))?;
        self.count += 1;
        Ok(())
    }

    fn write(&mut self, line: u64, wrong: &FieldError) -> csv::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = self.file.insert(csv::Writer::from_path(&self.path)?);
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

    fn end(mut self) -> Result<(), Failure> {
        let ended = self.file.as_mut().map_or(Ok(()), csv::Writer::flush);
        ended.map_err(|error| self.cannot(&error))
    }
}
