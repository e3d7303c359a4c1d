//! Who waits for an answer, and that he gets one: an answer is owed from submission on, and whatever happens to the command
//! on its way, its submitter is told.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use crossbeam_channel::Sender;

use crate::sync::atomic::{AtomicBool, Ordering};

/// Takes one answer to whoever waits for it.
pub trait Reply<A> {
    /// Hands the answer over. It is called on a thread of the pipeline, for one command after the other: it must neither
    /// wait nor panic. [`Stopped`] says that the outcome is not known: the command may or may not be in the journal.
    fn send(self, answer: Result<A, Stopped>);
}

/// The pipeline has stopped, and why.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("the engine has stopped: {why}")]
pub struct Stopped {
    why: Arc<str>,
}

/// Whether the pipeline has ended, and why: the first reason stays.
#[derive(Debug, Default)]
pub struct Ending {
    closed: AtomicBool,
    failed: OnceLock<Stopped>,
}

/// Sends answers into a channel, each with the tag of its command.
#[derive(Debug)]
pub struct Tagged<T, A> {
    tag: T,
    to: Sender<(T, Result<A, Stopped>)>,
}

/// Calls a function with the answer.
#[derive(Copy, Clone, Debug)]
pub struct Call<F>(pub F);

/// An answer that someone waits for. Dropped without one, it tells him that the pipeline has stopped.
#[derive(Debug)]
pub(crate) struct Owed<A, R: Reply<A>> {
    reply: Option<R>,
    ending: Arc<Ending>,
    answer: PhantomData<fn(A)>,
}

impl Stopped {
    pub(crate) fn new(why: &str) -> Stopped {
        Stopped { why: why.into() }
    }

    /// What happened.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl Ending {
    /// A pipeline that goes on.
    pub fn new() -> Ending {
        Ending::default()
    }

    /// Nothing more is taken in.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Everything stops; said twice, the first reason stays.
    pub(crate) fn fail(&self, why: &str) {
        self.failed.get_or_init(|| Stopped::new(why));
    }

    /// Why everything stops; `None` where it goes on, or was asked to end.
    pub(crate) fn failed(&self) -> Option<Stopped> {
        self.failed.get().cloned()
    }

    /// Why nothing is taken in any more; `None` as long as something is.
    pub fn stopped(&self) -> Option<Stopped> {
        let goes_on = self.failed.get().is_none() && !self.closed.load(Ordering::Acquire);
        if goes_on { None } else { Some(self.why()) }
    }

    /// Why what is still waited for is not answered.
    pub(crate) fn why(&self) -> Stopped {
        match self.failed.get() {
            Some(stopped) => stopped.clone(),
            None if self.closed.load(Ordering::Acquire) => Stopped::new("it was asked to"),
            None => Stopped::new("one of its threads panicked"),
        }
    }
}

impl<T, A> Tagged<T, A> {
    /// A reply by this tag into this channel.
    ///
    /// # Panics
    /// If the channel is bounded: the journal's thread would wait in it for a reader that is slow.
    pub fn new(tag: T, to: Sender<(T, Result<A, Stopped>)>) -> Tagged<T, A> {
        assert!(to.capacity().is_none(), "answers go into an unbounded channel");
        Tagged { tag, to }
    }
}

impl<T, A> Reply<A> for Tagged<T, A> {
    fn send(self, answer: Result<A, Stopped>) {
        // Whoever has gone away is not told.
        let _ = self.to.send((self.tag, answer));
    }
}

impl<A, F: FnOnce(Result<A, Stopped>)> Reply<A> for Call<F> {
    fn send(self, answer: Result<A, Stopped>) {
        (self.0)(answer);
    }
}

impl<A, R: Reply<A>> Owed<A, R> {
    pub(crate) fn new(reply: R, ending: &Arc<Ending>) -> Owed<A, R> {
        Owed { reply: Some(reply), ending: Arc::clone(ending), answer: PhantomData }
    }

    /// Answers.
    pub(crate) fn answer(mut self, answer: A) {
        if let Some(reply) = self.reply.take() {
            reply.send(Ok(answer));
        }
    }

    /// Gives the reply back: nothing is owed any more.
    pub(crate) fn forgive(mut self) -> R {
        self.reply.take().expect("it is there until it is answered, forgiven or dropped")
    }
}

impl<A, R: Reply<A>> Drop for Owed<A, R> {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply.send(Err(self.ending.why()));
        }
    }
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "no text"
    }
}
