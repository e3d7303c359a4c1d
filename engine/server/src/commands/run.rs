//! `yidan run`: commands in, answers out in their order, each after it is durable. What was answered survives whatever happens
//! to the process; what was not answered may be sent again.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use clap::Args;
use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};
use hdrhistogram::Histogram;
use yidan_journal::snapshot::name_of;
use yidan_pipeline::admission::{Admission, now_ms};
use yidan_pipeline::engine::{Engine, EngineError};
use yidan_pipeline::shard::Answer;
use yidan_pipeline::snapshot::Making;
use yidan_pipeline::{Stopped, Tagged};
use yidan_settlement::command::What;
use yidan_settlement::date::Day;
use yidan_settlement::event::Request;

use super::folder::Folder;
use super::output::{Ended, Exit, Failure, Output, error, note, said};
use super::progress::Progress;
use super::stopping::{Signal, Stop};
use crate::asked::{Asked, Names};
use crate::case;
use crate::input::{self, CaseText, Cases, InputError, Place};
use crate::told::{self, Told};

/// Commands that may be on their way at once.
const IN_FLIGHT: usize = 8_192;

/// Lines that may be read before they are wanted.
const LINES_AHEAD: usize = 256;

/// Every command with an example, and every field.
const A_RUN: &str = include_str!("run/help.txt");

/// Run commands through the durable engine: one line of JSON each, one line of answer each
///
/// FILE has one command a line; `-` reads what is piped in. An answer is printed when it is durable.
#[derive(Debug, Args)]
#[command(after_help = super::WRITING_EXIT_CODES)]
#[command(after_long_help = format!("{A_RUN}\n{}", super::WRITING_EXIT_CODES))]
pub(super) struct Run {
    #[command(flatten)]
    folder: Folder,
    /// The commands, or `-`
    file: PathBuf,
    /// Make a snapshot after every so many records, beside what is settled [default: none is made]
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    snapshot_every: Option<u64>,
}

/// The day it is in China.
fn today() -> Day {
    let hours = now_ms() / 3_600_000 + 8;
    Day::new(i32::try_from(hours / 24).unwrap_or(i32::MAX))
}

/// An answer on its way back, by the number of its line.
type Back = Tagged<u64, Answer>;
type Came = (u64, Result<Answer, Stopped>);

/// A line that waits to be printed.
struct Waiting {
    line: u64,
    name: Option<String>,
    submitted: Instant,
    /// What to print, once it is known.
    told: Option<Told>,
}

/// Why nothing more is taken in before the end of the input.
enum Early {
    Asked(Signal),
    /// The input cannot be read on.
    Unread(Failure),
    /// Answers cannot be written any more.
    Unheard(Failure),
}

struct Flow<'e> {
    engine: &'e Engine<Back>,
    to: Sender<Came>,
    came: Receiver<Came>,
    /// Lines in their order, from the first that is not printed.
    waiting: VecDeque<Waiting>,
    /// What each name stands for.
    named: HashMap<String, Named>,
    /// Why what a name stands for was waited for in vain.
    failed: Option<Failure>,
    out: Output,
    times_us: Histogram<u64>,
    counts: [u64; 3],
    name: String,
    early: Option<Early>,
}

/// The last line of its name: what an earlier one made is not meant any more, however late that is answered.
struct Named {
    line: u64,
    made: Made,
}

#[derive(Clone, Copy)]
enum Made {
    OnItsWay,
    /// Refused, unreadable, or of a kind that makes nothing.
    Nothing,
    Number(u64),
}

/// The longest time from submission to answer that is told apart: a minute in microseconds.
const LONGEST_US: u64 = 60_000_000;

impl<'e> Flow<'e> {
    fn new(engine: &'e Engine<Back>, name: &str) -> Flow<'e> {
        let (to, came) = unbounded();
        let times_us = Histogram::new_with_bounds(1, LONGEST_US, 3);
        Flow {
            engine,
            to,
            came,
            waiting: VecDeque::new(),
            named: HashMap::new(),
            failed: None,
            out: Output::open(),
            times_us: times_us.expect("the bounds are constants, and in order"),
            counts: [0; 3],
            name: name.to_owned(),
            early: None,
        }
    }
}

impl Run {
    pub(super) fn run(&self) -> Ended {
        let name =
            if self.file == Path::new("-") { "stdin".into() } else { self.file.to_string_lossy() };
        let (reader, length) = input::open(&self.file)
            .map_err(|error| said(format!("{name}: cannot be read: {error}")))?;
        let mut engine: Engine<Back> = self.folder.open()?;
        let snapshots = Snapshots::default();
        if let Some(every) = self.snapshot_every {
            engine.keep_snapshots(every, snapshots.teller()).map_err(said)?;
        }
        let stop = Stop::watch()?;
        let mut flow = Flow::new(&engine, &name);
        let begun = Instant::now();
        let ended = flow.all(&lines(reader), &stop, &Progress::of(length, "commands"));
        let Flow { times_us: times, counts, early, .. } = flow;
        ended?;
        let (hash, measures) = engine.stop().map_err(said)?;
        let [done, refused, unreadable] = counts;
        let secs = begun.elapsed();
        note(&format!(
            "{done} done, {refused} refused, {unreadable} unreadable in {secs:.1?}; {} batches; answered after \
             p50 {} µs, p99 {} µs, p99.9 {} µs; state {hash}",
            measures.journal.commit_ns.len(),
            times.value_at_quantile(0.5),
            times.value_at_quantile(0.99),
            times.value_at_quantile(0.999),
        ));
        if let Some(every) = self.snapshot_every {
            snapshots.tell_none(every);
        }
        match (early, unreadable, refused) {
            (Some(early), _, _) => early.end(&name),
            (None, 0, 0) => Ok(Exit::Done),
            (None, 0, _) => Ok(Exit::Refused),
            (None, _, _) => Ok(Exit::Unreadable),
        }
    }
}

impl Early {
    /// How the run ends, when all that was taken in is done and the journal is sealed.
    fn end(self, name: &str) -> Ended {
        let rest = format!("before the end of {name}: what was not answered may be sent again");
        match self {
            Early::Asked(signal) => {
                note(&format!("asked to stop {rest}"));
                Ok(signal.exit())
            }
            Early::Unheard(Failure::ReaderGone) | Early::Unread(Failure::ReaderGone) => {
                note(&format!("the standard output was closed {rest}"));
                Ok(Exit::Unheard)
            }
            Early::Unheard(Failure::Said(what)) | Early::Unread(Failure::Said(what)) => {
                Err(said(format!("{what}. It ended {rest}")))
            }
        }
    }
}

/// Tells how the making of snapshots went, and at the end that none was made.
#[derive(Default)]
struct Snapshots {
    told: Arc<AtomicBool>,
}

impl Snapshots {
    fn teller(&self) -> impl Fn(Result<Making, EngineError>) + Send + 'static {
        let told = Arc::clone(&self.told);
        move |making| {
            told.store(true, Ordering::Relaxed);
            tell_snapshot(making);
        }
    }

    fn tell_none(&self, every: u64) {
        if !self.told.load(Ordering::Relaxed) {
            note(&format!(
                "no snapshot was made: none was due ({every} records since the last), or the run had ended when one was. \
                 `yidan journal snapshot` makes one at any time"
            ));
        }
    }
}

/// Tells how the making of a snapshot ended. What goes wrong with one stops nothing.
fn tell_snapshot(making: Result<Making, EngineError>) {
    match making {
        Ok(Making::Made(made, passed_over)) => {
            passed_over.iter().for_each(|one| note(&format!("warning: {one}")));
            let (name, members) = (name_of(made.next_record), made.counts.members);
            note(&format!("{name} made: {members} members, {} bytes", made.bytes));
        }
        Ok(Making::NothingNew(next_record)) => {
            note(&format!(
                "no snapshot was made: {} has all that is known durable",
                name_of(next_record)
            ));
        }
        Ok(Making::Ended) => {
            note(
                "a snapshot was being made when the run ended, and was left. `yidan journal snapshot` makes it",
            );
        }
        Err(error) => {
            note(&format!("warning: no snapshot was made, and all else goes on: {error}"))
        }
    }
}

/// A line as its reader took it from the input.
enum Line {
    /// The text of a command.
    Text { number: u64, text: String, first: Place },
    /// Not even the text of one.
    Wrong(InputError),
}

/// Reads lines on a thread of its own, so that an answer is printed when it comes and not when the next line does. The second
/// part is how many bytes were read by then.
fn lines(from: Box<dyn Read + Send>) -> Receiver<(Line, u64)> {
    let (to, lines) = bounded(LINES_AHEAD);
    thread::spawn(move || {
        let mut cases = Cases::new(from, true);
        while let Some(next) = cases.next_case() {
            let line = match next {
                Ok(CaseText { number, text, first }) => {
                    Line::Text { number, text: text.to_owned(), first }
                }
                Err(wrong) => Line::Wrong(wrong),
            };
            // The other side has ended: nobody wants more.
            if to.send((line, cases.bytes_read())).is_err() {
                return;
            }
        }
    });
    lines
}

impl Flow<'_> {
    /// Takes lines in until there is none, or it is to end early; then all that is on its way is finished and printed.
    fn all(
        &mut self,
        lines: &Receiver<(Line, u64)>,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut more = true;
        while self.open(more) || !self.waiting.is_empty() {
            let open = self.open(more);
            let room = open && self.waiting.len() < IN_FLIGHT;
            let came = self.came.clone();
            select! {
                recv(came) -> came => self.take(came.map_err(said)?)?,
                recv(if open { stop.came().clone() } else { never() }) -> signal => {
                    self.early = signal.ok().map(Early::Asked);
                }
                recv(if room { lines.clone() } else { never() }) -> line => match line {
                    Ok((line, bytes)) => {
                        self.line(line)?;
                        progress.at(bytes, self.counts.iter().sum());
                    }
                    Err(_) => more = false,
                },
            }
            let quiet = self.came.is_empty() && (lines.is_empty() || !room);
            if let Err(failure) = self.print(quiet) {
                // Nobody hears more: nothing more is taken in, and what is on its way is finished unheard.
                self.early = Some(Early::Unheard(failure));
            }
        }
        Ok(())
    }

    /// Whether more may be taken in.
    fn open(&self, more: bool) -> bool {
        more && self.early.is_none()
    }

    fn line(&mut self, line: Line) -> Result<(), Failure> {
        match line {
            Line::Text { number, text, first } => return self.command(number, &text, first),
            Line::Wrong(InputError::Read(source)) => {
                let what = format!("{}: cannot be read: {source}", self.name);
                self.early = Some(Early::Unread(said(what)));
            }
            Line::Wrong(InputError::Text { number, at, what }) => {
                self.unreadable(number, at, &what);
            }
        }
        Ok(())
    }

    fn command(&mut self, number: u64, text: &str, first: Place) -> Result<(), Failure> {
        let asked = match case::parse::<Asked>(text, first.line) {
            Ok(asked) => asked,
            Err(wrong) => {
                let what = format!("field `{}`: {}", wrong.field, wrong.what);
                self.unreadable(Some(number), input::place_of(text, first, &wrong), &what);
                return Ok(());
            }
        };
        let name = asked.r#as.clone();
        // Read before it takes its name: "@name" in it is what a line before it made.
        let meant = self.meant(asked);
        if let Some(failure) = self.failed.take() {
            return Err(failure);
        }
        let made = if meant.is_ok() { Made::OnItsWay } else { Made::Nothing };
        if let Some(name) = &name {
            self.named.insert(name.clone(), Named { line: number, made });
        }
        let (request, what) = match meant {
            Ok(meant) => meant,
            Err(wrong) => {
                self.unreadable(Some(number), first, &wrong);
                return Ok(());
            }
        };
        let submitted = Instant::now();
        self.waiting.push_back(Waiting { line: number, name, submitted, told: None });
        self.submit(number, request, what)
    }

    fn meant(&mut self, asked: Asked) -> Result<(Request, What), String> {
        let (request, what) = asked.command(self).map_err(|wrong| wrong.to_string())?;
        if let What::CloseDay(day) = what
            && day > today()
        {
            let today = today();
            return Err(format!(
                "field `day`: {day} has not begun; expected {today} or a day before"
            ));
        }
        Ok((request, what))
    }

    fn submit(&mut self, line: u64, request: Request, what: What) -> Result<(), Failure> {
        let admission: &Admission<Back> = self.engine.admission();
        if let What::RegisterFacility(_, _) | What::CloseDay(_) = what {
            admission.tell_all(what).map_err(said)?;
            return self.take((line, Ok(Answer::Nothing)));
        }
        let reply = Tagged::new(line, self.to.clone());
        admission.submit_until_taken(request, what, reply, |retry_after| {
            thread::sleep(retry_after);
            Ok::<(), Failure>(())
        })?;
        Ok(())
    }

    /// Waits for the next answer.
    fn wait(&mut self) -> Result<(), Failure> {
        // This holds a sender itself, so the channel never ends; an engine that stops answers all that wait.
        let came = self.came.recv().map_err(|_| said("no answer can come any more"))?;
        self.take(came)
    }

    fn take(&mut self, (line, answer): Came) -> Result<(), Failure> {
        let answer = answer.map_err(said)?;
        let told = told::tell(line, answer, self.engine)?;
        self.counts[usize::from(told.is_refused())] += 1;
        // Lines that could not be read stand among them, so a line's number says where it waits.
        let first = self.waiting.front().map_or(0, |first| first.line);
        let place = line.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        let waiting = place.and_then(|place| self.waiting.get_mut(place));
        let waiting = waiting.expect("a line is answered once");
        self.times_us.saturating_record(
            u64::try_from(waiting.submitted.elapsed().as_micros()).unwrap_or(u64::MAX),
        );
        let named = waiting.name.as_ref().and_then(|name| self.named.get_mut(name));
        if let Some(named) = named.filter(|named| named.line == line) {
            named.made = told.made().map_or(Made::Nothing, Made::Number);
        }
        waiting.told = Some(told);
        Ok(())
    }

    /// Prints the lines that are answered, up to the first that is not, as long as they can be written.
    fn print(&mut self, quiet: bool) -> Result<(), Failure> {
        let mut ended = Ok(());
        while let Some(told) = self.waiting.front_mut().and_then(|first| first.told.take()) {
            if ended.is_ok() && !self.unheard() {
                ended = self.out.json(&told);
            }
            self.waiting.pop_front();
        }
        if ended.is_ok() && quiet && !self.unheard() {
            ended = self.out.flush();
        }
        Ok(ended?)
    }

    /// Whether answers can no longer be written.
    fn unheard(&self) -> bool {
        matches!(self.early, Some(Early::Unheard(_)))
    }

    fn unreadable(&mut self, number: Option<u64>, at: Place, what: &str) {
        self.counts[2] += 1;
        error(&format!("{}:{at}: {what}", self.name));
        if let Some(line) = number {
            let told = Some(Told::unreadable(line, what));
            let submitted = Instant::now();
            self.waiting.push_back(Waiting { line, name: None, submitted, told });
        }
    }
}

impl Names for Flow<'_> {
    fn number(&mut self, name: &str) -> Option<u64> {
        loop {
            match self.named.get(name)?.made {
                Made::Number(number) => return Some(number),
                Made::Nothing => return None,
                Made::OnItsWay => {
                    // The line that asks is not to blame, and no answer comes any more: the run ends with this.
                    if let Err(failure) = self.wait() {
                        self.failed = Some(failure);
                        return None;
                    }
                }
            }
        }
    }
}
