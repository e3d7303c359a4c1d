//! `yidan import`: members and facilities from CSV, through the journal, and persons beside it, in bounded memory; what is wrong goes to
//! a file, line by line, and everything else is taken in. Importing the same file again changes nothing: members stay, and keep their
//! accounts.

mod errors;
mod persons;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use clap::{Args, ValueEnum};
use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};
use yidan_pipeline::engine::Engine;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::{Stopped, Tagged};
use yidan_settlement::command::What;
use yidan_settlement::event::Request;

use super::folder::Folder;
use super::output::{Ended, Exit, Failure, note, said};
use super::progress::Progress;
use super::stopping::{Signal, Stop};
use crate::facts::field;
use crate::table::{Commands, Reads, Rows, Says, Table, TableError, TableRow};
use crate::told;

use errors::Errors;

/// Rows that may be on their way at once.
const IN_FLIGHT: usize = 8_192;

/// Rows that may be read before they are wanted.
const ROWS_AHEAD: usize = 256;

const TABLES: &str = "Columns, in any order, the first line naming them; dates yyyy-MM-dd, amounts in yuan:
  members     psn_no admdvs insutype psn_type [gend brdy cvlserv_flag contribution_class paid_years
              from to waiting_to identities filings approvals mulaid balc]
  facilities  fixmedins_code admdvs kind hosp_lv [dedc_hosp_lv lmtpric_hosp_lv agreements]
  persons     psn_no psn_cert_type certno psn_name [naty]
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

persons says who is behind a psn_no, for `yidan serve` (1101): it goes to a table of its own beside the journal, persons.redb, which only
its owner reads, and settles nothing: the options beside --errors have no effect on it. A certno of type 01 (居民身份证) has 18 digits with
a right check digit, or 15. One certno has one person; what was known of a psn_no is replaced. No name or certno is told in errors.

A row that is wrong is left out and told in the file of errors, by file,line,field,value,expected; all other rows are taken in.
Mend it and import the table again, or a table of the mended rows alone: rows that are there already change nothing.";

/// Import members, facilities or persons from CSV into the folder of a journal
#[derive(Debug, Args)]
#[command(after_help = super::WRITING_EXIT_CODES)]
#[command(after_long_help = format!("{TABLES}\n\n{}", super::WRITING_EXIT_CODES))]
pub(super) struct Import {
    /// What the file has
    #[arg(value_enum)]
    what: Kind,
    #[command(flatten)]
    folder: Folder,
    /// The CSV file in UTF-8, or `-`
    file: PathBuf,
    /// Where rows that are wrong are told [default: FILE with `.errors`]
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
}

/// What a file has.
#[derive(Debug, Clone, Copy, Eq, PartialEq, ValueEnum)]
enum Kind {
    /// Members
    Members,
    /// Facilities
    Facilities,
    /// Who is behind a psn_no: names and certificates
    Persons,
}

type Back = Tagged<u64, Answer>;
type Came = (u64, Result<Answer, Stopped>);

/// A row, and how many bytes were read by then; the last may be why no more can be read.
type Next<A> = Result<(TableRow<A>, u64), TableError>;

/// What a row of members or facilities asks for.
type Asked = (Request, Box<What>);

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

impl Import {
    pub(super) fn run(&self) -> Ended {
        let name = self.file.display().to_string();
        let (reader, length) = crate::input::open(&self.file)
            .map_err(|error| said(format!("{name}: cannot be read: {error}")))?;
        let errors = Errors::of(&name, self.errors_path())?;
        let progress = Progress::of(length, "rows");
        match self.what {
            Kind::Members => self.through_the_journal(Table::Members, reader, errors, &progress),
            Kind::Facilities => {
                self.through_the_journal(Table::Facilities, reader, errors, &progress)
            }
            Kind::Persons => persons::import(&self.folder.folder, reader, errors, &progress),
        }
    }

    fn through_the_journal(
        &self,
        table: Table,
        reader: Box<dyn Read + Send>,
        errors: Errors,
        progress: &Progress,
    ) -> Ended {
        let engine: Engine<Back> = self.folder.open()?;
        let stop = Stop::watch()?;
        let (to, came) = unbounded();
        let counts = Counts::default();
        let mut flow = Flow { engine: &engine, to, came, on_their_way: 0, counts, errors };
        let begun = Instant::now();
        let rows = rows(Commands { table, world: engine.world() }, reader);
        let ended = flow.all(&rows, &stop, progress);
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
        Ok(ended_with(signal, wrong, &path))
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

/// How an import ends that read on until there was no more, or a signal came.
fn ended_with(signal: Option<Signal>, wrong: u64, errors: &Path) -> Exit {
    if wrong > 0 {
        note(&format!("what is wrong is in {}", errors.display()));
    }
    match (signal, wrong) {
        (Some(signal), _) => {
            note("asked to stop before the end of the table: import it again, which goes on");
            signal.exit()
        }
        (None, 0) => Exit::Done,
        (None, _) => Exit::Refused,
    }
}

/// Reads rows on a thread of its own: who waits for the next one hears a signal meanwhile.
fn rows<T>(reads: T, from: Box<dyn Read + Send>) -> Receiver<Next<T::As>>
where
    T: Reads + Send + 'static,
    T::As: Send,
{
    let (to, rows) = bounded(ROWS_AHEAD);
    thread::spawn(move || {
        // The other side has ended: nobody wants more.
        let failed = |error: TableError| drop(to.send(Err(error)));
        let mut rows = match Rows::new(reads, from) {
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
        rows: &Receiver<Next<Asked>>,
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

    fn row(&mut self, row: TableRow<Asked>) -> Result<(), Failure> {
        let TableRow { line, says } = row;
        match says {
            Ok(Says::New((request, what))) => self.submit(line, request, *what),
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
            Answer::Done(_, _) | Answer::Again(_) | Answer::PreSettled(_) | Answer::Nothing => {
                self.counts.taken += 1;
            }
        }
        Ok(())
    }
}
