//! The one door to a running ledger: commands get their number and time here, and nowhere else, and go to the shard of their
//! member.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};
use yidan_journal::storage::files::Files;
use yidan_settlement::command::{Command, What};
use yidan_settlement::event::Request;
use yidan_settlement::facts::Text;
use yidan_settlement::ledger::{Ledger, shard_of};

use crate::family::run::Door;
use crate::family::{Asking, Tag};
use crate::limits::RETRY;
use crate::measure::Measures;
use crate::reply::{Reply, Stopped};
use crate::shard::{Answer, Ask, Glance, LedgerShard, Outcome, Sight};
use crate::{Handle, Refused, Why};

/// Gives commands their number and time, and submits them. Clones admit to the same engine.
pub struct Admission<R: Reply<Answer>> {
    handle: Handle<LedgerShard<Files>, Who<R>>,
    next_seq: Arc<AtomicU64>,
    /// Held by who submits, and alone by who tells all shards something that no other command may come between, until that is
    /// durable: so who submits tries it, and never waits for it. It says whether clients are let in.
    gate: Arc<RwLock<bool>>,
    /// Where commands go that need other members' accounts.
    door: Arc<Door<R>>,
}

/// A command that was not taken in.
pub struct NotTaken<R> {
    /// Who asked.
    pub request: Request,
    /// For what.
    pub what: What,
    /// Who was to be answered.
    pub reply: R,
    /// Why it was not taken in.
    pub why: Why,
}

/// What was seen right before a command was decided. Whoever has the command's answer finds it here; it is durable with it.
pub struct Seen<T>(Arc<Mutex<Option<T>>>);

impl<T> Seen<T> {
    /// Takes it: `None` before the command is decided, and after it was taken.
    pub fn take(&self) -> Option<T> {
        self.0.lock().take()
    }
}

/// Who waits: a client, or the engine itself.
pub(crate) enum Who<R: Reply<Answer>> {
    /// A client.
    Client(R),
    /// A client, whose command may need other members' accounts.
    Family(R, Arc<Door<R>>),
    /// A client that looks at a member's shard.
    Look(Box<dyn FnOnce(Result<(), Stopped>) + Send>),
    /// An errand to other members' accounts.
    Errand(Tag, Arc<Door<R>>),
    /// The engine.
    Own(crossbeam_channel::Sender<Result<Outcome, Stopped>>),
}

impl<R: Reply<Answer>> Reply<Outcome> for Who<R> {
    fn send(self, outcome: Result<Outcome, Stopped>) {
        match (self, outcome) {
            (Who::Family(reply, door), Ok(Outcome::Needs(command, needs))) => {
                door.needed(command, needs, reply);
            }
            (Who::Client(reply) | Who::Family(reply, _), outcome) => {
                reply.send(outcome.map(Outcome::into_answer));
            }
            (Who::Look(tell), outcome) => tell(outcome.map(drop)),
            (Who::Errand(tag, door), outcome) => door.answered(tag, outcome),
            // Whoever has gone away is not told.
            (Who::Own(to), outcome) => drop(to.send(outcome)),
        }
    }
}

impl<R: Reply<Answer>> Clone for Admission<R> {
    fn clone(&self) -> Admission<R> {
        Admission {
            handle: self.handle.clone(),
            next_seq: Arc::clone(&self.next_seq),
            gate: Arc::clone(&self.gate),
            door: Arc::clone(&self.door),
        }
    }
}

impl<R: Reply<Answer>> Admission<R> {
    /// To these shards; the next command gets this number.
    pub(crate) fn new(
        handle: Handle<LedgerShard<Files>, Who<R>>,
        next_seq: u64,
        door: &Arc<Door<R>>,
    ) -> Admission<R> {
        Admission {
            handle,
            next_seq: Arc::new(AtomicU64::new(next_seq)),
            gate: Arc::new(RwLock::new(true)),
            door: Arc::clone(door),
        }
    }

    /// Admits a command of one member: stamps it, and puts it into the queue of the member's shard, with what its content comes
    /// to as the digest of the request. It never waits. Returns the command's number.
    ///
    /// # Errors
    /// A full queue, something that is told to all just now, or an engine that has stopped: nothing was taken in, and `reply`
    /// comes back with what was asked.
    ///
    /// # Panics
    /// For what concerns all members; see [`Admission::tell_all`].
    pub fn submit(&self, request: Request, what: What, reply: R) -> Result<u64, Box<NotTaken<R>>> {
        self.submit_as(with_digest(request, &what), what, reply)
    }

    /// Admits a command as [`Admission::submit`] does, with the digest that stands in the request: what makes two requests one
    /// is then for the caller to say, who may have put more into the command than was asked, such as the time.
    ///
    /// # Errors
    /// As [`Admission::submit`].
    ///
    /// # Panics
    /// As [`Admission::submit`].
    pub fn submit_as(
        &self,
        request: Request,
        what: What,
        reply: R,
    ) -> Result<u64, Box<NotTaken<R>>> {
        self.submit_ask(request, what, reply, Ask::of)
    }

    /// The same, and looks at the member's shard as the command finds it: `look` runs on the thread of the shard, which decides nothing
    /// meanwhile, so it may neither wait nor panic. It looks once, also where the command then waits for family accounts.
    ///
    /// # Errors
    /// As [`Admission::submit`]; nothing is looked at.
    ///
    /// # Panics
    /// As [`Admission::submit`].
    pub fn submit_seeing<T: Send + 'static>(
        &self,
        request: Request,
        what: What,
        look: impl FnOnce(&mut dyn Sight) -> T + Send + 'static,
        reply: R,
    ) -> Result<Seen<T>, Box<NotTaken<R>>> {
        let seen = Arc::new(Mutex::new(None));
        let to = Arc::clone(&seen);
        let glance: Glance = Box::new(move |sight| *to.lock() = Some(look(sight)));
        self.submit_ask(request, what, reply, |command| Ask::seeing(command, glance))?;
        Ok(Seen(seen))
    }

    fn submit_ask(
        &self,
        request: Request,
        what: What,
        reply: R,
        ask: impl FnOnce(Command) -> Ask,
    ) -> Result<u64, Box<NotTaken<R>>> {
        let refused =
            |request, what, reply, why| Err(Box::new(NotTaken { request, what, reply, why }));
        let busy = Why::Full { retry_after: RETRY.0 };
        let Some(open) = self.gate.try_read() else {
            return refused(request, what, reply, busy);
        };
        if !*open {
            let why = Why::Stopped(Stopped::new("it was asked to"));
            return refused(request, what, reply, why);
        }
        let command = self.stamp(request, what);
        assert!(!command.concerns_all(), "what concerns all is told to all");
        let who = match command.may_need_family() {
            true if self.door.is_full() => {
                return refused(command.request, command.what, reply, busy);
            }
            true => Who::Family(reply, Arc::clone(&self.door)),
            false => Who::Client(reply),
        };
        let shard = shard_of(&command.request.psn_no, self.handle.shards());
        let seq = command.seq;
        match self.handle.submit(shard, ask(command), who) {
            Ok(()) => Ok(seq),
            Err(Refused {
                command: Ask::Command(command, _) | Ask::Seeing(command, _, _),
                reply: Who::Client(reply) | Who::Family(reply, _),
                why,
            }) => refused(command.request, command.what, reply, why),
            Err(_) => unreachable!("what comes back is what was sent"),
        }
    }

    /// Looks at the shard of a member behind all that was submitted for him before, but for what waits for family accounts, and
    /// never waits. `look` runs on the thread of the shard, which decides nothing meanwhile; `tell` is told what it saw when
    /// all of that is durable, on a thread of the pipeline: neither may wait or panic.
    ///
    /// # Errors
    /// A full queue, or an engine that has stopped: neither is called.
    pub fn look<T: Send + 'static>(
        &self,
        psn_no: &str,
        look: impl FnOnce(&Ledger) -> T + Send + 'static,
        tell: impl FnOnce(Result<T, Stopped>) + Send + 'static,
    ) -> Result<(), Why> {
        // It leaves no record, so it may come between what is told to all, and the gate is nothing to it.
        let seen = Arc::new(Mutex::new(None));
        let to = Arc::clone(&seen);
        let look = Ask::Look(Box::new(move |ledger| *to.lock() = Some(look(ledger))));
        let tell = Who::Look(Box::new(move |looked| {
            let seen = |()| seen.lock().take().expect("what was looked at was seen");
            tell(looked.map(seen));
        }));
        let shard = shard_of(psn_no, self.handle.shards());
        self.handle.submit(shard, look, tell).map_err(|refused| refused.why)
    }

    /// Why all has stopped without being asked to.
    pub(crate) fn failed(&self) -> Option<Stopped> {
        self.handle.ending().failed()
    }

    /// Why nothing is taken in any more; `None` as long as something is.
    pub fn stopped(&self) -> Option<Stopped> {
        self.handle.stopped()
    }

    /// Admits a command as [`Admission::submit`] does, as often as there is no room for it: `full` is told how long to wait, and
    /// may wait for something better than time, as long as that is sure to come. Returns the command's number.
    ///
    /// # Errors
    /// What `full` gives; an engine that has stopped.
    ///
    /// # Panics
    /// As [`Admission::submit`].
    pub fn submit_until_taken<E: From<Stopped>>(
        &self,
        request: Request,
        mut what: What,
        mut reply: R,
        mut full: impl FnMut(Duration) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut request = with_digest(request, &what);
        loop {
            let not_taken = match self.submit_as(request, what, reply) {
                Ok(seq) => return Ok(seq),
                Err(not_taken) => *not_taken,
            };
            match not_taken.why {
                Why::Stopped(stopped) => return Err(stopped.into()),
                Why::Full { retry_after } => full(retry_after)?,
            }
            NotTaken { request, what, reply, .. } = not_taken;
        }
    }

    /// What all stages did since the start.
    pub fn measures(&self) -> Measures {
        self.handle.measures()
    }

    /// Tells every shard something, with no other command in between, and waits until it is durable.
    ///
    /// # Errors
    /// The engine has stopped.
    pub fn tell_all(&self, what: What) -> Result<(), Stopped> {
        let _alone = self.gate.write();
        let command = self.stamp(with_digest(Request::default(), &what), what);
        self.ask_all(|_| Ask::Look(Box::new(|_| {})))?;
        self.ask_all(|_| Ask::of(command.clone()))
    }

    /// Looks at every shard, at a moment when all it has journaled is durable.
    ///
    /// # Errors
    /// The engine has stopped.
    pub fn look_at_all<T: Send + 'static>(
        &self,
        look: impl Fn(&Ledger) -> T + Clone + Send + 'static,
    ) -> Result<Vec<T>, Stopped> {
        let _alone = self.gate.write();
        let (to, seen) = crossbeam_channel::unbounded();
        self.ask_all(|shard| {
            let (look, to) = (look.clone(), to.clone());
            Ask::Look(Box::new(move |ledger| drop(to.send((shard, look(ledger))))))
        })?;
        let mut all: Vec<(usize, T)> = seen.try_iter().collect();
        all.sort_by_key(|(shard, _)| *shard);
        Ok(all.into_iter().map(|(_, one)| one).collect())
    }

    /// Lets no more clients in, and waits until every shard has decided what they asked for.
    pub(crate) fn close(&self) -> Result<(), Stopped> {
        *self.gate.write() = false;
        self.ask_all(|_| Ask::Look(Box::new(|_| {})))
    }

    /// Ends what is held of family accounts, before anything else is asked, and waits until it is durable.
    pub(crate) fn end_holds(&self, ends: Vec<(Text, What)>) -> Result<(), Stopped> {
        let shards = self.handle.shards();
        let asked = ends.into_iter().map(|(owner, what)| {
            let shard = shard_of(&owner, shards);
            let request = Request { psn_no: owner, ..Request::default() };
            (shard, Ask::of(self.stamp(with_digest(request, &what), what)))
        });
        let ended = self.ask_and_wait(asked)?;
        let done = |outcome: &Outcome| matches!(outcome, Outcome::Answer(Answer::Done(_, _)));
        assert!(ended.iter().all(done), "what is held is ended");
        Ok(())
    }

    fn ask_all(&self, ask: impl Fn(usize) -> Ask) -> Result<(), Stopped> {
        self.ask_and_wait((0..self.handle.shards()).map(|shard| (shard, ask(shard)))).map(drop)
    }

    fn ask_and_wait(
        &self,
        all: impl Iterator<Item = (usize, Ask)>,
    ) -> Result<Vec<Outcome>, Stopped> {
        let (to, answers) = crossbeam_channel::unbounded();
        let mut count = 0;
        for (shard, mut asked) in all {
            count += 1;
            loop {
                match self.handle.submit(shard, asked, Who::Own(to.clone())) {
                    Ok(()) => break,
                    Err(Refused { why: Why::Stopped(stopped), .. }) => return Err(stopped),
                    Err(Refused { command, why: Why::Full { retry_after }, .. }) => {
                        std::thread::sleep(retry_after);
                        asked = command;
                    }
                }
            }
        }
        let next = |_| match answers.recv() {
            Ok(outcome) => outcome,
            Err(_) => Err(self.handle.stopped().expect("a reply is dropped by an end alone")),
        };
        (0..count).map(next).collect()
    }

    /// What an errand asks of a shard, stamped, and the shard.
    pub(crate) fn errand(&self, asking: Asking) -> (usize, Ask) {
        let shard = asking.shard(self.handle.shards());
        (shard, asking.ask(|request, what| self.stamp(with_digest(request, &what), what)))
    }

    /// Asks it. A full queue gives it back.
    pub(crate) fn ask_errand(
        &self,
        shard: usize,
        ask: Ask,
        tag: Tag,
    ) -> Result<(), Result<Ask, Stopped>> {
        let _open = self.gate.read();
        let who = Who::Errand(tag, Arc::clone(&self.door));
        self.handle.submit(shard, ask, who).map_err(|refused| match refused.why {
            Why::Full { .. } => Ok(refused.command),
            Why::Stopped(stopped) => Err(stopped),
        })
    }

    fn stamp(&self, request: Request, what: What) -> Command {
        let seq = self.next_seq.fetch_add(what.numbers(), Ordering::Relaxed);
        Command { seq, time_ms: now_ms(), request, what, shares: None }
    }
}

/// A request, with what its content comes to.
fn with_digest(request: Request, what: &What) -> Request {
    Request { digest: what.digest(), ..request }
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
