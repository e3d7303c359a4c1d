//! Reads the input of a transaction into its struct: all its faults at once, or the struct and what was tolerated.

use serde_json::value::RawValue;

use crate::fault::{Fault, Faults, Wrong};
use crate::limits::BODY_BYTES_MAX;
use crate::row::Row;
use crate::table::{Field, Kind, Node};
use crate::tolerance::{Borne, Place, Profile, Tolerance};
use crate::walk::{Slots, fill};
use crate::wire::{Answer, Request, Transaction};

/// A request that was read.
#[derive(Clone, Debug)]
pub struct Decoded<'a> {
    /// What it says.
    pub request: Request<'a>,
    /// What was tolerated.
    pub borne: Borne,
}

/// Reads the input of a transaction: the JSON of `input`, decrypted where it was encrypted.
pub fn decode<'a>(
    one: Transaction,
    input: &'a str,
    profile: &Profile,
) -> Result<Decoded<'a>, Faults> {
    decode_valid(one, valid(input)?, profile)
}

/// Reads the output of a transaction, as a client does.
pub fn decode_answer<'a>(
    one: Transaction,
    output: &'a str,
    profile: &Profile,
) -> Result<(Answer<'a>, Borne), Faults> {
    let output = valid(output)?;
    let mut reading = Reading::of_answer(profile);
    let node = one.entry().output;
    let mut slots = Slots::new();
    let found = if node.is_bare() {
        slots.push(Some(output));
        true
    } else if output == "null" {
        slots.resize(node.fields.len(), None);
        true
    } else {
        fill(output, node, &mut reading, &mut slots)
    };
    let row = Row { reading: &mut reading, node, slots: &slots };
    let answer = if found { Answer::read(one, row) } else { None };
    reading.ended(answer)
}

/// The same for text that is known to be one JSON value.
pub(crate) fn decode_valid<'a>(
    one: Transaction,
    input: &'a str,
    profile: &Profile,
) -> Result<Decoded<'a>, Faults> {
    let mut reading = Reading::new(profile);
    let node = one.entry().input;
    let mut slots = Slots::new();
    let found = fill(input, node, &mut reading, &mut slots);
    if found
        && slots.iter().all(Option::is_none)
        && let Some(child) = only_child(node)
    {
        reading.stands_for(child, input, &mut slots);
    }
    let row = Row { reading: &mut reading, node, slots: &slots };
    let request = if found { Request::read(one, row) } else { None };
    let (request, borne) = reading.ended(request)?;
    Ok(Decoded { request, borne })
}

/// The one node of an input that has only this.
fn only_child(node: &Node) -> Option<&'static Node> {
    match node.fields {
        [Field { kind: Kind::One(child), .. }] => Some(*child),
        _ => None,
    }
}

/// Text that is one JSON value, without blanks around it.
fn valid(text: &str) -> Result<&str, Faults> {
    if text.len() > BODY_BYTES_MAX {
        return Err(Faults::one(Wrong::TooManyBytes(BODY_BYTES_MAX)));
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => Ok(raw.get()),
        Err(error) => Err(Faults::one(Wrong::NotJson(error.line(), error.column()))),
    }
}

/// A message being read: where reading is, what is wrong so far, what was tolerated.
pub(crate) struct Reading<'p> {
    pub(crate) profile: &'p Profile,
    /// Whether it is an answer: its arrays may be empty, its texts longer.
    pub(crate) of_answer: bool,
    node: &'static str,
    row: Option<u32>,
    faults: Faults,
    borne: Borne,
}

impl<'p> Reading<'p> {
    pub(crate) fn new(profile: &'p Profile) -> Reading<'p> {
        let (faults, borne) = (Faults::default(), Borne::default());
        Reading { profile, of_answer: false, node: "", row: None, faults, borne }
    }

    /// Reading an answer: its texts may be longer, its arrays empty.
    pub(crate) fn of_answer(profile: &'p Profile) -> Reading<'p> {
        Reading { of_answer: true, ..Reading::new(profile) }
    }

    /// What was read, unless anything was wrong.
    pub(crate) fn ended<T>(self, read: Option<T>) -> Result<(T, Borne), Faults> {
        match read {
            Some(read) if self.faults.is_empty() => Ok((read, self.borne)),
            _ => {
                // Else the caller would be told that nothing is wrong.
                assert!(!self.faults.is_empty(), "what cannot be read has a fault");
                Err(self.faults)
            }
        }
    }

    /// Notes that something is wrong with a field, or with the node itself.
    pub(crate) fn fault(&mut self, field: Option<&'static Field>, wrong: Wrong) {
        let place = Place { node: self.node, row: self.row, field };
        self.faults.add(Fault { place, wrong });
    }

    /// Counts an oddity that the profile bears, or notes that it is refused.
    pub(crate) fn bear(&mut self, oddity: Tolerance, field: Option<&'static Field>) -> bool {
        if self.profile.bears(oddity) {
            let place = Place { node: self.node, row: self.row, field };
            self.borne.add(oddity, place);
            return true;
        }
        self.fault(field, Wrong::Refused(oddity));
        false
    }

    /// Does something inside a node, and comes back.
    pub(crate) fn inside<T>(
        &mut self,
        node: &'static Node,
        row: Option<u32>,
        doing: impl FnOnce(&mut Reading<'p>) -> T,
    ) -> T {
        let before = (self.node, self.row);
        (self.node, self.row) = (node.path, row);
        let done = doing(self);
        (self.node, self.row) = before;
        done
    }

    /// Where the fields of the one node stand in the input itself, the input is that node.
    fn stands_for<'a>(&mut self, child: &'static Node, input: &'a str, slots: &mut Slots<'a>) {
        let mut trial = Reading::new(self.profile);
        let mut inner = Slots::new();
        let filled = fill(input, child, &mut trial, &mut inner);
        if !filled || inner.iter().all(Option::is_none) {
            return;
        }
        // What were unknown fields of the input are fields of its node.
        let before = std::mem::take(&mut self.borne);
        if self.bear(Tolerance::NodeLeftOut, None) {
            slots.clear();
            slots.push(Some(input));
        } else {
            self.borne = before;
        }
    }
}
