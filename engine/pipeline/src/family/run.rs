//! The thread around the errands: shards give commands back through a door, which never waits, and what is asked of a full queue
//! is asked again.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use yidan_settlement::command::Command;
use yidan_settlement::ledger::Needs;

use super::{Families, Next, Tag};
use crate::admission::Admission;
use crate::limits::{ERRANDS, RETRY};
use crate::reply::{Ending, Owed, Reply, Stopped, panic_text};
use crate::shard::{Answer, Ask, Outcome};

/// Where shards' answers come in.
pub(crate) struct Door<R: Reply<Answer>> {
    to: Sender<Message<R>>,
    ending: Arc<Ending>,
    /// How many clients waited when it was last noted.
    waiting: AtomicUsize,
}

/// What comes in.
enum Message<R: Reply<Answer>> {
    Needed(Box<Command>, Needs, Owed<Answer, R>),
    Answered(Tag, Result<Outcome, Stopped>),
    /// Say when none is on its way.
    Rest(Sender<()>),
    End,
}

/// The thread. Dropped, it ends: whoever waits then is told.
pub(crate) struct Thread<R: Reply<Answer>> {
    door: Arc<Door<R>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread holds.
struct Work<R: Reply<Answer>> {
    families: Families<Owed<Answer, R>>,
    inbox: Receiver<Message<R>>,
    admission: Admission<R>,
    door: Arc<Door<R>>,
    next: Vec<Next<Owed<Answer, R>>>,
    /// What is to be asked, in order.
    asked: VecDeque<(Tag, usize, Ask)>,
    resting: Vec<Sender<()>>,
}

impl<R: Reply<Answer>> Door<R> {
    /// A door, and its other side.
    pub(crate) fn new(ending: Arc<Ending>) -> (Arc<Door<R>>, Inbox<R>) {
        let (to, inbox) = unbounded();
        let waiting = AtomicUsize::new(0);
        (Arc::new(Door { to, ending, waiting }), Inbox(inbox))
    }

    /// Whether as many wait as may. What is on its way through shards' queues, which are bounded too, is not counted.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= ERRANDS
    }

    /// A shard needs other members' accounts for a command.
    pub(crate) fn needed(&self, command: Box<Command>, needs: Needs, reply: R) {
        // Where the thread has ended the message is dropped, and so whoever waits is told.
        let owed = Owed::new(reply, &self.ending);
        drop(self.to.send(Message::Needed(command, needs, owed)));
    }

    /// A shard has answered.
    pub(crate) fn answered(&self, tag: Tag, outcome: Result<Outcome, Stopped>) {
        drop(self.to.send(Message::Answered(tag, outcome)));
    }
}

/// What has come in through a door.
pub(crate) struct Inbox<R: Reply<Answer>>(Receiver<Message<R>>);

impl<R: Reply<Answer> + Send + 'static> Thread<R> {
    /// Starts it, behind the door of this admission.
    pub(crate) fn start(
        door: &Arc<Door<R>>,
        inbox: Inbox<R>,
        admission: Admission<R>,
    ) -> io::Result<Thread<R>> {
        let ending = Arc::clone(&door.ending);
        let mut work = Work {
            families: Families::default(),
            inbox: inbox.0,
            admission,
            door: Arc::clone(door),
            next: Vec::new(),
            asked: VecDeque::new(),
            resting: Vec::new(),
        };
        let run = move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work.all())) {
                let text = panic_text(&*panic);
                ending.fail(&format!("the thread of family accounts panicked: {text}"));
            }
        };
        let thread = Builder::new().name("families".to_owned()).spawn(run)?;
        Ok(Thread { door: Arc::clone(door), thread: Some(thread) })
    }

    /// Waits until none is on its way.
    pub(crate) fn rest(&self) {
        let (to, rested) = bounded(1);
        drop(self.door.to.send(Message::Rest(to)));
        // A thread that has ended has none on its way either.
        let _ = rested.recv();
    }
}

impl<R: Reply<Answer>> Drop for Thread<R> {
    fn drop(&mut self) {
        drop(self.door.to.send(Message::End));
        // Its panic has been told.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl<R: Reply<Answer>> Work<R> {
    fn all(&mut self) {
        loop {
            let message = if self.asked.is_empty() {
                self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.inbox.recv_timeout(RETRY.0)
            };
            match message {
                Ok(Message::Needed(command, needs, owed)) => {
                    self.families.needed(command, needs, owed, &mut self.next);
                }
                Ok(Message::Answered(tag, outcome)) => {
                    self.families.answered(tag, outcome, &mut self.next);
                }
                Ok(Message::Rest(to)) => self.resting.push(to),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.go_on();
            self.door.waiting.store(self.families.clients(), Ordering::Relaxed);
            if self.families.is_idle() && self.inbox.is_empty() {
                self.resting.drain(..).for_each(|to| _ = to.send(()));
            }
        }
    }

    /// Answers and asks until nothing more can be.
    fn go_on(&mut self) {
        loop {
            // One after the other, as who is told may panic: the others are dropped, and so told, when the reason is known.
            self.next.reverse();
            while let Some(next) = self.next.pop() {
                match next {
                    Next::Answer(owed, answer) => owed.answer(answer),
                    Next::Ask(tag, asking) => {
                        let (shard, ask) = self.admission.errand(asking);
                        self.asked.push_back((tag, shard, ask));
                    }
                }
            }
            self.ask();
            if self.next.is_empty() {
                return;
            }
        }
    }

    /// Asks what it can; a shard whose queue is full is asked later, and in order.
    fn ask(&mut self) {
        let mut full = BTreeSet::new();
        for _ in 0..self.asked.len() {
            let Some((tag, shard, ask)) = self.asked.pop_front() else { return };
            if full.contains(&shard) {
                self.asked.push_back((tag, shard, ask));
                continue;
            }
            match self.admission.ask_errand(shard, ask, tag.clone()) {
                Ok(()) => {}
                Err(Ok(ask)) => {
                    full.insert(shard);
                    self.asked.push_back((tag, shard, ask));
                }
                Err(Err(stopped)) => self.families.answered(tag, Err(stopped), &mut self.next),
            }
        }
    }
}
