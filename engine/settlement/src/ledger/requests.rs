//! Requests that were answered, by key: what makes the same request come to the same answer, and finds what a reversal undoes.

use super::grow::Spread;
use super::{KeyMark, bucket_of};
use crate::command::Command;
use crate::event::{Asked, Event, Record, Request};
use crate::stored::Stored;

/// How long keys are remembered here: 35 days, in milliseconds.
pub const KEPT_MS: u64 = 35 * 86_400_000;

/// The key of a request: 120 bits of the BLAKE3 of facility, `infno`, `msgid` and person, and below them the bucket of the
/// person, by which the key finds its shard.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct RequestKey(u128);

/// An answered request.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Remembered {
    /// Digest of its content.
    pub digest: [u8; 16],
    /// Its record in the journal, which its answer is rebuilt from.
    pub place: u64,
    /// When it was admitted, milliseconds since 1970.
    pub time_ms: u64,
    /// What it did.
    pub effect: Effect,
}

/// What an answered request did, and what can be undone.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Effect {
    /// Nothing that a reversal would undo, as it was refused.
    Refused,
    /// Something that is not reversed.
    Lasting,
    /// Registered this visit.
    Visit(u64),
    /// Made this settlement.
    Settlement(u64),
    /// Filed something, called by this number.
    Filing(u64),
    /// Cancelled this settlement.
    Cancellation(u64),
    /// It was undone; `place` is then the record of the reversal, and the time that of the reversal.
    Undone,
    /// It has not come, and was reversed; the same holds of place and time.
    Mark,
}

/// The requests of a shard.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    known: Spread<(RequestKey, Remembered)>,
}

impl RequestKey {
    /// The key of `infno` and `msgid` of a facility for a person.
    pub fn new(asker: &str, infno: u16, msgid: &str, psn_no: &str) -> RequestKey {
        RequestKey::of_bytes_of(asker.as_bytes(), infno, msgid.as_bytes(), psn_no.as_bytes())
    }

    fn of_bytes_of(asker: &[u8], infno: u16, msgid: &[u8], psn_no: &[u8]) -> RequestKey {
        let mut room = [0; KEY_BYTES];
        let hash = match lay_out(asker, infno, msgid, psn_no, &mut room) {
            Some(bytes) => blake3::hash(bytes),
            None => at_length([asker, msgid, psn_no], infno),
        };
        RequestKey::with_bucket(hash.as_bytes(), psn_no)
    }

    fn with_bucket(hash: &[u8; 32], psn_no: &[u8]) -> RequestKey {
        let mut low: [u8; 16] = hash.first_chunk().copied().unwrap_or_default();
        if let Some(lowest) = low.first_mut() {
            *lowest = bucket_of(psn_no);
        }
        RequestKey(u128::from_le_bytes(low))
    }

    /// The bucket of its person.
    pub fn bucket(self) -> u8 {
        let [lowest, ..] = self.0.to_le_bytes();
        lowest
    }

    /// Where it is found: its upper half, which is a hash already.
    fn place_hash(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.0.to_le_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// The key of a command, where its answer is to be remembered.
    pub fn of_command(command: &Command) -> Option<RequestKey> {
        command.has_key().then(|| RequestKey::of(&command.request))
    }

    /// The same of the record that a command left.
    pub fn of_record(record: &Record) -> Option<RequestKey> {
        // Lines have an identity of their own, and what concerns all may be said again.
        let by_itself = matches!(record.event, Event::LinesUploaded(_, _));
        if by_itself || record.event.concerns_all() {
            return None;
        }
        RequestKey::of_asked(&record.asked())
    }

    /// The same of what asked for a settlement.
    pub fn of_asked(asked: &Asked<'_>) -> Option<RequestKey> {
        let Asked { asker, infno, msgid, psn_no, .. } = *asked;
        let asker = asker.as_bytes();
        (!msgid.is_empty()).then(|| RequestKey::of_bytes_of(asker, infno, msgid, psn_no))
    }

    /// What a settlement keeps of it.
    pub fn mark(self) -> KeyMark {
        // The lowest byte says no more than whose it is, and the next seven have more bits than a mark.
        let [_, bits @ .., _, _, _, _, _, _, _, _] = self.0.to_le_bytes();
        let mut word = [0; 8];
        word.iter_mut().zip(bits).for_each(|(to, from)| *to = from);
        let mark = KeyMark::of(u64::from_le_bytes(word));
        // Nought is that of a settlement whose request has no key.
        if mark == KeyMark::default() { KeyMark::of(1) } else { mark }
    }

    /// As a snapshot has it.
    pub(super) fn bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// From a snapshot.
    pub(super) fn of_bytes(bytes: [u8; 16]) -> RequestKey {
        RequestKey(u128::from_le_bytes(bytes))
    }

    /// The key of a request.
    pub fn of(request: &Request) -> RequestKey {
        RequestKey::new(&request.asker, request.infno, &request.msgid, &request.psn_no)
    }
}

/// Room for what is hashed of a request: two blocks of BLAKE3.
const KEY_BYTES: usize = 128;

/// The lengths of facility, the rest of `msgid`, and person, a byte each; `infno`; and these texts. A `msgid` that begins with
/// the code of its facility, as the interface has them all, is hashed without it, and its length says so by its top bit: what
/// a HIS sends is then one block, which takes half the time of two. `None` where it does not fit.
fn lay_out<'r>(
    asker: &[u8],
    infno: u16,
    msgid: &[u8],
    psn_no: &[u8],
    room: &'r mut [u8; KEY_BYTES],
) -> Option<&'r [u8]> {
    let (begins, rest) = match msgid.strip_prefix(asker) {
        Some(rest) => (BEGINS_WITH_FACILITY, rest),
        None => (0, msgid),
    };
    let texts = [asker, rest, psn_no];
    let [asker_length, rest_length, psn_no_length] = texts.map(short_length);
    let [low, high] = infno.to_le_bytes();
    let mut end = 0_usize;
    let mut put = |bytes: &[u8]| {
        let next = end.checked_add(bytes.len())?;
        room.get_mut(end..next)?.copy_from_slice(bytes);
        end = next;
        Some(())
    };
    put(&[asker_length?, rest_length? | begins, psn_no_length?, low, high])?;
    texts.into_iter().try_for_each(put)?;
    room.get(..end)
}

const BEGINS_WITH_FACILITY: u8 = 0x80;

/// A length of seven bits.
fn short_length(text: &[u8]) -> Option<u8> {
    u8::try_from(text.len()).ok().filter(|length| *length < BEGINS_WITH_FACILITY)
}

/// What is longer: each text after its length, so that what stands in one is never read as part of the next, then `infno`. The
/// first byte is none that [`lay_out`] begins with.
#[cold]
fn at_length(texts: [&[u8]; 3], infno: u16) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[u8::MAX]);
    for text in texts {
        hasher.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(text);
    }
    hasher.update(&infno.to_le_bytes());
    hasher.finalize()
}

impl Requests {
    /// How many.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What is known of a key.
    pub fn get(&self, key: RequestKey) -> Option<&Remembered> {
        self.known
            .find(key.place_hash(), |(known, _)| *known == key)
            .map(|(_, remembered)| remembered)
    }

    pub(super) fn put(&mut self, key: RequestKey, remembered: Remembered) {
        let is = |(known, _): &(RequestKey, _)| *known == key;
        self.known.put(key.place_hash(), (key, remembered), is, |(key, _)| key.place_hash());
    }

    /// Each, in an order of no meaning.
    pub(super) fn try_each<E>(
        &self,
        mut with: impl FnMut(RequestKey, &Remembered) -> Result<(), E>,
    ) -> Result<(), E> {
        self.known.iter().try_for_each(|(key, remembered)| with(*key, remembered))
    }

    /// Forgets what was admitted before a time.
    pub(super) fn forget_before(&mut self, time_ms: u64) {
        self.known.retain(|(_, remembered)| remembered.time_ms >= time_ms);
    }

    /// Each as bytes that do not depend on places in the journal.
    pub(super) fn each_stored(&self, mut with: impl FnMut(&[u8])) {
        let mut bytes = alloc::vec::Vec::new();
        // The sum that is made of these does not depend on their order.
        self.known.iter().for_each(|(key, remembered)| {
            bytes.clear();
            key.0.to_le_bytes().put(&mut bytes);
            remembered.digest.put(&mut bytes);
            remembered.time_ms.put(&mut bytes);
            let (kind, number) = remembered.effect.parts();
            kind.put(&mut bytes);
            number.put(&mut bytes);
            with(&bytes);
        });
    }
}

impl Effect {
    /// What stands for it in a snapshot and in the hash of the state.
    pub(super) fn parts(self) -> (u8, u64) {
        match self {
            Effect::Refused => (0, 0),
            Effect::Lasting => (1, 0),
            Effect::Visit(visit) => (2, visit),
            Effect::Settlement(seq) => (3, seq),
            Effect::Cancellation(seq) => (4, seq),
            Effect::Undone => (5, 0),
            Effect::Mark => (6, 0),
            Effect::Filing(number) => (7, number),
        }
    }

    /// What has these parts.
    pub(super) fn of_parts(kind: u8, number: u64) -> Option<Effect> {
        Some(match (kind, number) {
            (0, 0) => Effect::Refused,
            (1, 0) => Effect::Lasting,
            (2, visit) => Effect::Visit(visit),
            (3, seq) => Effect::Settlement(seq),
            (4, seq) => Effect::Cancellation(seq),
            (5, 0) => Effect::Undone,
            (6, 0) => Effect::Mark,
            (7, number) => Effect::Filing(number),
            (_, _) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_differ_in_anything_have_other_keys() {
        let sevens = alloc::vec![b'7'; KEY_BYTES + 20];
        let mut known = alloc::collections::BTreeMap::new();
        let mut see = |asker: &[u8], infno: u16, msgid: &[u8], psn_no: &[u8]| {
            let key = RequestKey::of_bytes_of(asker, infno, msgid, psn_no);
            let asked = (asker.to_vec(), infno, msgid.to_vec(), psn_no.to_vec());
            assert_eq!(key.bucket(), bucket_of(psn_no));
            let first = known.entry(key.bytes()).or_insert_with(|| asked.clone());
            assert_eq!(*first, asked, "two requests of one key");
        };
        // One text cut in three at every place: only where it is cut tells them apart. Some fit a block, some two, some none.
        for length in [2, 12, 40, 61, 90, KEY_BYTES, KEY_BYTES + 20] {
            let text = sevens.get(..length).expect("as long");
            for (one, rest) in (0..=length).map(|at| text.split_at(at)) {
                for (two, three) in (0..=rest.len()).step_by(3).map(|at| rest.split_at(at)) {
                    see(one, 2_207, two, three);
                    see(one, 2_304, two, three);
                }
            }
        }
        assert!(known.len() > 10_000, "{}", known.len());
    }

    #[test]
    fn a_key_is_pinned_because_snapshots_hold_it() {
        let pinned = |asker, infno, msgid, psn_no| {
            let key = RequestKey::new(asker, infno, msgid, psn_no);
            alloc::format!("{:032x}", u128::from_be_bytes(key.bytes()))
        };
        let msgid = "H63010300001202601020304050001";
        assert_eq!(pinned("H63010300001", 2_207, msgid, "630100200000"), PINNED[0]);
        assert_eq!(pinned("", 0, &"7".repeat(KEY_BYTES), "630100200000"), PINNED[1]);
    }

    const PINNED: [&str; 2] =
        ["438809c3b88bcaddaa00f0ba6cda9c52", "43b381fa6c5cf9dccaffc36ce8e4430a"];
}
