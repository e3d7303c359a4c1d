//! `yidan run`: commands in, answers out in their order, each after it is durable. What was answered survives whatever happens
//! to the process; what was not answered may be sent again.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use clap::Args;
use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};
use hdrhistogram::Histogram;
use yidan_journal::snapshot::name_of;
use yidan_pipeline::engine::{Admission, Engine, EngineError, now_ms};
use yidan_pipeline::shard::Answer;
use yidan_pipeline::snapshot::Making;
use yidan_pipeline::{Stopped, Tagged};
use yidan_settlement::command::What;
use yidan_settlement::date::Day;
use yidan_settlement::event::Request;

use super::folder::Folder;
use super::output::{Ended, Exit, Failure, Output, error, note, said};
use super::progress::Progress;
use crate::asked::{Asked, Names};
use crate::case;
use crate::input::{self, CaseText, Cases, InputError, Place};
use crate::told::{self, Told};

/// Commands that may be on their way at once.
const IN_FLIGHT: usize = 8_192;

/// Lines that may be read before they are wanted.
const LINES_AHEAD: usize = 256;

const A_RUN: &str = r#"Lines, one command each:
  {"op": "member", "admdvs": "630100", "member": {"psn_no": "P1", "insutype": "390", "psn_type": "15"}}
  {"op": "facility", "facility": {"fixmedins_code": "H1", "admdvs": "630103", "kind": "hospital", "hosp_lv": "三级"}}
  {"op": "settle", "as": "first", "fixmedins_code": "H1", "msgid": "H1-1", "psn_no": "P1", "insutype": "390",
   "visit": {"med_type": "21", "begntime": "2025-03-01", "endtime": "2025-03-10"},
   "totals": {"medfee_sumamt": "10000.00", "fulamt_ownpay_amt": "1000.00", "inscp_scp_amt": "9000.00"}}
  {"op": "cancel", "fixmedins_code": "H1", "msgid": "H1-2", "psn_no": "P1", "setl_id": "@first"}
(each on one line of the file). Others: deposit (amount), open (insutype, visit), upload (mdtrt_id, lines),
withdraw (mdtrt_id, feedetl_sn), pre-settle and settle (mdtrt_id, endtime), close (mdtrt_id),
reverse (oinfno, omsgid), close-day (day), and of the bureau's operators cancel-for-operator and settle-anew (operator, setl_id, day):
the one cancels a settlement that later ones stand upon, the other decides one and all later ones anew by what is known now; what comes
out otherwise is adjusted, and the difference posted to that day.
A member whose line names others, "mulaid": [{"psn_no": "P2"}], is paid for by their own accounts where acct_used_flag asks for
the family's; one that waits for other members' accounts may be decided after lines behind it.
What moves money needs msgid. The key of a request is fixmedins_code, infno, msgid and psn_no; infno, where a line names none, is 2201 for
open, 2202 close, 2204 upload, 2205 withdraw, 2206 pre-settle, 2207 settle, 2208 cancel, 2601 reverse, 0 for the rest: oinfno is that of
the line to be reversed. A day is closed for good, and only one that has begun."#;

/// Run commands through the durable engine: one line of JSON each, one line of answer each
///
/// FILE has one command a line; `-` reads what is piped in. An answer is printed when it is durable.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
#[command(after_long_help = format!("{A_RUN}\n\n{}", super::EXIT_CODES))]
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
    begun: Instant,
    /// What to print, once it is known.
    told: Option<Told>,
}

struct Flow<'e> {
    engine: &'e Engine<Back>,
    to: Sender<Came>,
    came: Receiver<Came>,
    /// Lines in their order, from the first that is not printed.
    waiting: VecDeque<Waiting>,
    /// What named lines made; `None` for a line that made nothing.
    made: HashMap<String, Option<u64>>,
    out: Output,
    times_us: Histogram<u64>,
    counts: [u64; 3],
    name: String,
}

impl Run {
    pub(super) fn run(&self) -> Ended {
        let name =
            if self.file == Path::new("-") { "stdin".into() } else { self.file.to_string_lossy() };
        let (reader, length) = input::open(&self.file)
            .map_err(|error| said(format!("{name}: cannot be read: {error}")))?;
        let mut engine: Engine<Back> = self.folder.open()?;
        if let Some(every) = self.snapshot_every {
            engine.keep_snapshots(every, tell_snapshot).map_err(said)?;
        }
        let (to, came) = unbounded();
        let mut flow = Flow {
            engine: &engine,
            to,
            came,
            waiting: VecDeque::new(),
            made: HashMap::new(),
            out: Output::open(),
            times_us: Histogram::new(3).expect("three digits are a sound precision"),
            counts: [0; 3],
            name: name.into_owned(),
        };
        let begun = Instant::now();
        let ended = flow.all(&lines(reader), &Progress::of(length, "commands"));
        let (times, counts) = (flow.times_us, flow.counts);
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
        Ok(match (unreadable, refused) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Refused,
            (_, _) => Exit::Unreadable,
        })
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
        Ok(Making::NothingNew(_) | Making::Ended) => {}
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
    fn all(&mut self, lines: &Receiver<(Line, u64)>, progress: &Progress) -> Result<(), Failure> {
        let mut open = true;
        while open || !self.waiting.is_empty() {
            let room = open && self.waiting.len() < IN_FLIGHT;
            let came = self.came.clone();
            select! {
                recv(came) -> came => self.take(came.map_err(said)?)?,
                recv(if room { lines.clone() } else { never() }) -> line => match line {
                    Ok((line, bytes)) => {
                        self.line(line)?;
                        progress.at(bytes, self.counts.iter().sum());
                    }
                    Err(_) => open = false,
                },
            }
            self.print()?;
            if self.came.is_empty() && (lines.is_empty() || !room) {
                self.out.flush()?;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: Line) -> Result<(), Failure> {
        match line {
            Line::Text { number, text, first } => self.command(number, &text, first),
            Line::Wrong(InputError::Read(source)) => {
                Err(said(format!("{}: cannot be read: {source}", self.name)))
            }
            Line::Wrong(InputError::Text { number, at, what }) => {
                self.unreadable(number, at, &what);
                Ok(())
            }
        }
    }

    fn command(&mut self, number: u64, text: &str, first: Place) -> Result<(), Failure> {
        let begun = Instant::now();
        let asked = match case::parse::<Asked>(text, first.line) {
            Ok(asked) => asked,
            Err(wrong) => {
                let what = format!("field `{}`: {}", wrong.field, wrong.what);
                self.unreadable(Some(number), first, &what);
                return Ok(());
            }
        };
        let name = asked.r#as.clone();
        let (request, what) = match asked.command(self) {
            Ok(command) => command,
            Err(wrong) => {
                self.unreadable(Some(number), first, &wrong.to_string());
                return Ok(());
            }
        };
        if let What::CloseDay(day) = what
            && day > today()
        {
            let what =
                format!("field `day`: {day} has not begun; expected {} or a day before", today());
            self.unreadable(Some(number), first, &what);
            return Ok(());
        }
        self.waiting.push_back(Waiting { line: number, name, begun, told: None });
        self.submit(number, request, what)
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
            u64::try_from(waiting.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        );
        if let Some(name) = &waiting.name {
            self.made.insert(name.clone(), told.made());
        }
        waiting.told = Some(told);
        Ok(())
    }

    /// Prints the lines that are answered, up to the first that is not.
    fn print(&mut self) -> Result<(), Failure> {
        while let Some(told) = self.waiting.front_mut().and_then(|first| first.told.take()) {
            self.out.json(&told)?;
            self.waiting.pop_front();
        }
        Ok(())
    }

    fn unreadable(&mut self, number: Option<u64>, at: Place, what: &str) {
        self.counts[2] += 1;
        error(&format!("{}:{at}: {what}", self.name));
        if let Some(line) = number {
            let told = Some(Told::unreadable(line, what));
            self.waiting.push_back(Waiting { line, name: None, begun: Instant::now(), told });
        }
    }
}

impl Names for Flow<'_> {
    fn number(&mut self, name: &str) -> Option<u64> {
        loop {
            if let Some(made) = self.made.get(name) {
                return *made;
            }
            let on_its_way = self
                .waiting
                .iter()
                .any(|waiting| waiting.told.is_none() && waiting.name.as_deref() == Some(name));
            // An engine that has stopped is told by the next that is submitted.
            if !on_its_way || self.wait().is_err() {
                return None;
            }
        }
    }
}
