//! What a run did, step by step: a digest of all of it, and the last steps as text for whoever looks for a fault.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};

/// Steps that are kept as text.
const KEPT: usize = 60;

/// The steps of a run.
#[derive(Debug)]
pub struct Trace {
    hasher: DefaultHasher,
    last: VecDeque<String>,
    steps: u64,
}

impl Default for Trace {
    fn default() -> Trace {
        Trace { hasher: DefaultHasher::new(), last: VecDeque::new(), steps: 0 }
    }
}

impl Trace {
    /// Notes a step.
    pub fn step(&mut self, what: String) {
        self.hasher.write(what.as_bytes());
        self.hasher.write_u8(0);
        self.steps += 1;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(what);
    }

    /// How many steps there were.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A number that all steps have a part in.
    pub fn digest(&self) -> u64 {
        self.hasher.finish()
    }

    /// The last steps, in order.
    pub fn last(&self) -> String {
        let first = self.steps - u64::try_from(self.last.len()).expect("few");
        let lines = (first..).zip(&self.last).map(|(number, what)| format!("{number:>6} {what}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}
