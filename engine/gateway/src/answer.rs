//! The envelope of answers: every field of it present, amounts as numbers, `infcode` as the institution's profile has it.

use std::fmt::{self, Write};

use yidan_settlement::date::{Civil, Moment};
use yidan_settlement::facts::Text;
use yidan_settlement::id::Admdvs;

use crate::json::{self, Writer, write_text};
use crate::tolerance::{InfcodeForm, Profile};
use crate::wire::Answer;

/// An answer.
#[derive(Copy, Clone, Debug)]
pub struct Reply<'a> {
    /// Whether it was done.
    pub outcome: Outcome<'a>,
    /// `inf_refmsgid`; absent where the call was refused before it had one. See [`inf_refmsgid`].
    pub inf_refmsgid: Option<&'a str>,
    /// When the call came.
    pub refmsg_time: Stamp,
    /// When it was answered.
    pub respond_time: Stamp,
    /// `warn_msg`: a difference to what the HIS computed, or what a person should look at.
    pub warn_msg: Option<&'a str>,
    /// `cainfo`
    pub cainfo: Option<&'a str>,
    /// `signtype`
    pub signtype: Option<&'a str>,
    /// `enctype`
    pub enctype: Option<&'a str>,
}

/// What came of a call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Outcome<'a> {
    /// Done: the JSON of `output`, as [`output`] writes it, or a text of JSON where it is encrypted.
    Done(&'a str),
    /// Refused: `err_msg`.
    Failed(&'a str),
}

/// A millisecond of local civil time.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Stamp {
    /// The second.
    pub moment: Moment,
    /// 0 ..= 999.
    pub millisecond: u16,
}

/// `yyyyMMddHHmmssSSS`: 17 digits.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits())
    }
}

impl Stamp {
    /// As it is shown, in a text that lies in place: every answer has two.
    fn digits(self) -> Text {
        let thousandth = u32::from(self.millisecond.min(999));
        let mut digits = second_digits(self.moment);
        digits.push_str(&two_digits(thousandth / 100)[1..]);
        digits.push_str(two_digits(thousandth % 100));
        digits
    }
}

/// `yyyyMMddHHmmss`: 14 digits.
fn second_digits(moment: Moment) -> Text {
    pairs(moment).map(two_digits).into_iter().collect()
}

/// `yyyyMMddHHmmss`, two digits each.
fn pairs(moment: Moment) -> [u32; 7] {
    let Civil { year, month, day } = moment.day().civil();
    let [year, month, day] = [year, month, day].map(i32::unsigned_abs);
    let second = moment.second();
    [year / 100, year % 100, month, day, second / 3_600, second / 60 % 60, second % 60]
}

/// 00 ..= 99, of a larger number the last two: every answer has some dozens.
pub(crate) fn two_digits(number: u32) -> &'static str {
    const ALL: &str = "00010203040506070809101112131415161718192021222324252627282930313233343536373839\
                       40414243444546474849505152535455565758596061626364656667686970717273747576777879\
                       8081828384858687888990919293949596979899";
    let at = usize::try_from(number % 100).unwrap_or(0) * 2;
    &ALL[at..at + 2]
}

/// The receiver's message id: division (6), second (14), serial (10, of a larger number the last ten digits).
pub fn inf_refmsgid(division: Admdvs, at: Moment, serial: u64) -> String {
    let mut id = String::with_capacity(30);
    write!(id, "{division}{}{:010}", second_digits(at), serial % 10_000_000_000).expect("memory");
    id
}

/// The JSON of an output. The same answer gives the same bytes.
pub fn output(answer: &Answer<'_>) -> String {
    let bare = answer.transaction().entry().output.is_bare();
    let mut to = Vec::with_capacity(1_024);
    Writer::wrap(&mut to, bare, |writer| answer.visit(writer));
    String::from_utf8(to).expect("names and values are written as UTF-8")
}

/// The JSON of an input, as a client sends it.
pub fn input(request: &crate::wire::Request<'_>) -> String {
    let mut to = Vec::with_capacity(1_024);
    Writer::wrap(&mut to, false, |writer| request.visit(writer));
    String::from_utf8(to).expect("names and values are written as UTF-8")
}

/// The JSON of an envelope of a request, as a client sends it.
pub fn envelope(envelope: &crate::envelope::Envelope<'_>) -> String {
    let mut to = Vec::with_capacity(1_024);
    json::write(envelope, &mut to);
    String::from_utf8(to).expect("names and values are written as UTF-8")
}

impl Reply<'_> {
    /// Appends the body of the answer.
    pub fn write(&self, profile: &Profile, to: &mut Vec<u8>) {
        let (done, err_msg, output) = match self.outcome {
            Outcome::Done(output) => (true, None, output),
            Outcome::Failed(err_msg) => (false, Some(err_msg), "null"),
        };
        to.extend_from_slice(b"{\"infcode\":");
        to.extend_from_slice(infcode(done, profile.infcode).as_bytes());
        text("inf_refmsgid", self.inf_refmsgid, to);
        text("refmsg_time", Some(&self.refmsg_time.digits()), to);
        text("respond_time", Some(&self.respond_time.digits()), to);
        text("err_msg", err_msg, to);
        to.extend_from_slice(b",\"output\":");
        to.extend_from_slice(output.as_bytes());
        text("warn_msg", self.warn_msg, to);
        text("cainfo", self.cainfo, to);
        text("signtype", self.signtype, to);
        text("enctype", self.enctype, to);
        to.push(b'}');
    }
}

/// `infcode` as JSON: 0 where it was done, else -1.
pub(crate) fn infcode(done: bool, form: InfcodeForm) -> &'static str {
    match (done, form) {
        (true, InfcodeForm::Number) => "0",
        (true, InfcodeForm::Text) => "\"0\"",
        (false, InfcodeForm::Number) => "-1",
        (false, InfcodeForm::Text) => "\"-1\"",
    }
}

/// Appends a field of the envelope after others.
fn text(name: &str, value: Option<&str>, to: &mut Vec<u8>) {
    to.extend_from_slice(b",\"");
    to.extend_from_slice(name.as_bytes());
    to.extend_from_slice(b"\":");
    match value {
        Some(value) => write_text(value, to),
        None => to.extend_from_slice(b"null"),
    }
}
