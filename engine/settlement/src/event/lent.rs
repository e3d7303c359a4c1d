//! Records lent from their bytes: who asked, and of a settlement as much as the books need, which stands first in it. The bill
//! behind that is for statement and audit.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{
    CANCELLED, CORRECTED, LAST, Labels, REFUSED, REVERSED, Record, Refused, Request, SETTLED,
    Settled, VERSION,
};
use crate::bill::{Posting, SlotChange};
use crate::facts::SettleFacts;
use crate::id::VisitId;
use crate::stored::{self, Bytes, Stored};

/// Who asked for what, lent. What only tells one request from another are bytes: no one reads them.
#[derive(Copy, Clone, Debug)]
pub struct Asked<'a> {
    /// The number given at admission.
    pub seq: u64,
    /// When it was admitted, milliseconds since 1970.
    pub time_ms: u64,
    /// `fixmedins_code` of the sender.
    pub asker: &'a str,
    /// `infno`
    pub infno: u16,
    /// `msgid`
    pub msgid: &'a [u8],
    /// `psn_no`
    pub psn_no: &'a [u8],
    /// Digest of the decoded input.
    pub digest: [u8; 16],
}

/// A settlement as the books take it in: what it changes, and nothing of how that was found.
#[derive(Copy, Clone, Debug)]
pub struct Posted<'a> {
    /// The visit.
    pub visit: VisitId,
    /// `mid_setl_flag`: the visit stays open.
    pub mid_stay: bool,
    /// The batch of a registered visit, for whose next batch it stays open; `None` for all lines.
    pub batch: Option<&'a str>,
    /// The pack, by the number of the command that loaded it.
    pub policy: u64,
    /// The texts behind the slots.
    pub labels: Labels<'a>,
    /// Slots, in order.
    pub changes: &'a [SlotChange],
    /// Double entry.
    pub postings: &'a [Posting],
}

/// A record as a fold takes it from its bytes.
#[derive(Debug)]
pub enum Lent<'a> {
    /// A settlement, whose bill is read when it is posted.
    Settled(Asked<'a>, LentBill<'a>),
    /// Any other, whole.
    Whole(Box<Record>),
}

/// The bill of a settlement as it stands in its record.
#[derive(Clone, Debug)]
pub struct LentBill<'a>(Bytes<'a>);

/// Room for a settlement that is lent.
#[derive(Debug, Default)]
pub struct LentRoom {
    changes: Vec<SlotChange>,
    postings: Vec<Posting>,
}

impl<'a> Lent<'a> {
    /// Reads a record as far as a fold needs it; `None` where the bytes are none.
    pub fn read(bytes: &'a [u8]) -> Option<Lent<'a>> {
        let (asked, kind, from) = head(bytes)?;
        if kind != SETTLED {
            return stored::whole(bytes).map(|record| Lent::Whole(Box::new(record)));
        }
        Some(Lent::Settled(asked, LentBill(from)))
    }
}

/// Who asked, the byte that stands for what happened, and the rest.
fn head(bytes: &[u8]) -> Option<(Asked<'_>, u8, Bytes<'_>)> {
    let mut from = Bytes::new(bytes);
    if u8::read(&mut from)? != VERSION {
        return None;
    }
    let asked = Asked {
        seq: Stored::read(&mut from)?,
        time_ms: Stored::read(&mut from)?,
        asker: from.text()?,
        infno: Stored::read(&mut from)?,
        msgid: from.text_bytes()?,
        psn_no: from.text_bytes()?,
        digest: Stored::read(&mut from)?,
    };
    let kind = u8::read(&mut from)?;
    Some((asked, kind, from))
}

/// Who asked, and why it was refused where it was; `None` where that cannot be read. What else happened is not looked at.
pub fn told(bytes: &[u8]) -> Option<(Asked<'_>, Option<Refused>)> {
    let (asked, kind, mut from) = head(bytes)?;
    let refused = if kind == REFUSED { Some(Refused::read(&mut from)?) } else { None };
    Some((asked, refused))
}

/// Whether a record is of a settlement that was made, cancelled, reversed or corrected: what changes a facility's account. Only who
/// asked and what happened is looked at; `None` where that cannot be read, or is nothing that this program knows.
pub fn is_of_settlements(bytes: &[u8]) -> Option<bool> {
    match head(bytes)? {
        (_, SETTLED | CANCELLED | REVERSED | CORRECTED, _) => Some(true),
        (_, 1..SETTLED | REFUSED..CORRECTED | 16..=LAST, _) => Some(false),
        _ => None,
    }
}

impl<'a> LentBill<'a> {
    /// Reads what the books need, which stands first; what is behind it is for statement and audit. `None` where the bytes are
    /// no bill.
    pub fn posted(self, room: &'a mut LentRoom) -> Option<Posted<'a>> {
        let LentBill(mut from) = self;
        let visit = Stored::read(&mut from)?;
        let mid_stay = SettleFacts::read(&mut from)?.mid_stay;
        let batch = if bool::read(&mut from)? { Some(from.text()?) } else { None };
        let policy = Stored::read(&mut from)?;
        let labels = Labels {
            insutype: Stored::read(&mut from)?,
            disease: if bool::read(&mut from)? { Some(from.text()?) } else { None },
            filing: from.text()?,
        };
        from.list_into(&mut room.changes)?;
        from.list_into(&mut room.postings)?;
        let LentRoom { changes, postings } = room;
        Some(Posted { visit, mid_stay, batch, policy, labels, changes, postings })
    }
}

impl Settled {
    /// As the books take it in.
    pub fn posted(&self) -> Posted<'_> {
        Posted {
            visit: self.visit,
            mid_stay: self.how.mid_stay,
            batch: self.batch.as_deref(),
            policy: self.policy,
            labels: self.labels.lent(),
            changes: &self.decision.changes,
            postings: &self.decision.postings,
        }
    }
}

impl Record {
    /// Who asked for it.
    pub fn asked(&self) -> Asked<'_> {
        let Record { seq, time_ms, request, .. } = self;
        let Request { asker, infno, msgid, psn_no, digest } = request;
        let (seq, time_ms, infno, digest) = (*seq, *time_ms, *infno, *digest);
        let (msgid, psn_no) = (msgid.as_bytes(), psn_no.as_bytes());
        Asked { seq, time_ms, asker, infno, msgid, psn_no, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::Day;
    use crate::event::Event;

    #[test]
    fn of_a_record_it_is_told_who_asked_and_why_it_was_refused() {
        let refused = Refused { reason: 301, line: Some(2), figures: None, detail: 7 };
        let request = Request { msgid: "m".into(), psn_no: "P".into(), ..Request::default() };
        for (event, expected) in
            [(Event::Refused(refused), Some(refused)), (Event::DayClosed(Day::MIN), None)]
        {
            let record = Record { seq: 5, time_ms: 6, request: request.clone(), event };
            let mut bytes = Vec::new();
            record.put(&mut bytes);
            let (asked, why) = told(&bytes).expect("a record");
            assert_eq!((asked.seq, asked.time_ms, asked.psn_no, why), (5, 6, &b"P"[..], expected));
            if expected.is_some() {
                assert!((0..bytes.len()).all(|end| told(&bytes[..end]).is_none()));
            }
        }
    }

    #[test]
    fn what_a_later_program_wrote_is_not_passed_over() {
        let event = Event::DayClosed(Day::MIN);
        let record = Record { seq: 1, time_ms: 0, request: Request::default(), event };
        let (mut bytes, closed) = (Vec::new(), record.event.kind());
        record.put(&mut bytes);
        assert_eq!(is_of_settlements(&bytes), Some(false));
        // All before it is nought, or one.
        let place = bytes.iter().position(|byte| *byte == closed).expect("the byte of its kind");
        for (unknown, known) in [(0, false), (LAST, true), (LAST + 1, false), (u8::MAX, false)] {
            bytes[place] = unknown;
            assert_eq!(is_of_settlements(&bytes).is_some(), known, "{unknown}");
        }
    }
}
