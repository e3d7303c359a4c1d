//! The table of fields as the program sees it: transactions, nodes, fields and codes. `build/` makes the values from `fields/`.

use crate::wire::Transaction;

/// What a transaction is.
#[derive(Debug)]
pub struct Entry {
    /// `infno`, with its letter where it has one.
    pub infno: &'static str,
    /// `infno` without its letter, as keys of requests have it.
    pub number: u16,
    /// 交易名称.
    pub zh: &'static str,
    /// What it is for.
    pub en: &'static str,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The last two segments of its own URLs.
    pub paths: &'static [&'static str],
    /// Its input.
    pub input: &'static Node,
    /// Its output.
    pub output: &'static Node,
    /// The document and its section.
    pub source: &'static str,
}

/// Whether a transaction changes anything.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Effect {
    /// It asks: it has no key and may be repeated.
    Query,
    /// It computes as the change would, and keeps nothing: no key.
    Trial,
    /// It changes what is kept: the first answer under its key is the answer.
    Change,
}

/// An object of fields: an input, an output, a node or a row.
#[derive(Debug)]
pub struct Node {
    /// Its path inside `input` or `output`, dots between; empty for these themselves.
    pub path: &'static str,
    /// Its fields, in the order of the text.
    pub fields: &'static [Field],
    /// The place of a field by its exact name.
    pub find: fn(&str) -> Option<usize>,
    /// The places of all names without capitals and underscores, other names that clients use too, in the order of these.
    pub near: &'static [(&'static str, usize)],
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Its number in the node, which digests keep: never given to another field.
    pub no: u16,
    /// Its name on the wire.
    pub name: &'static str,
    /// 名称.
    pub zh: &'static str,
    /// Its meaning.
    pub en: &'static str,
    /// Its type and size.
    pub kind: Kind,
    /// The table its codes are checked against.
    pub codes: Option<&'static Codes>,
    /// Whether the text says that it is coded (字典), checked or not.
    pub dictionary: bool,
    /// Whether the text requires it.
    pub required: bool,
    /// Whether working clients leave it out although it is required; see [`crate::Tolerance::MissingField`].
    pub may_be_absent: bool,
    /// How many characters or digits working clients send where that is more than the text has.
    pub longest_borne: Option<u32>,
    /// What else requires it.
    pub when: When,
    /// Whether messages show no part of its value: names, certificates, telephones, addresses.
    pub private: bool,
    /// Another name that clients give it.
    pub also: Option<&'static str>,
    /// What the text or practice adds.
    pub note: &'static str,
    /// The document and its table.
    pub source: &'static str,
}

/// The type of a field. Lengths are characters, sizes of numbers decimal digits.
#[derive(Copy, Clone, Debug)]
pub enum Kind {
    /// A text of at most so many characters.
    Text(u32),
    /// A text of at most so many characters that may come as a number as well.
    Serial(u32),
    /// Yuan with two decimals, 16 digits.
    Amount,
    /// A quantity with four decimals, 16 digits.
    Quantity,
    /// A unit price in yuan with six decimals, 16 digits.
    Price,
    /// A number of so many digits, so many of them decimals.
    Decimal(u32, u32),
    /// A whole number of at most so many digits.
    Integer(u32),
    /// `true` or `false`.
    Flag,
    /// A day, `yyyy-MM-dd`.
    Date,
    /// A second, `yyyy-MM-dd HH:mm:ss`.
    Datetime,
    /// Bytes of a file.
    Bytes,
    /// Any JSON, as it came.
    Raw,
    /// An object.
    One(&'static Node),
    /// An array of objects.
    Many(&'static Node),
}

/// What requires a field that is not always required.
#[derive(Copy, Clone, Debug)]
pub enum When {
    /// Nothing.
    Never,
    /// The field at this place has this code.
    Equals(usize, &'static str),
    /// The field at this place is there.
    Present(usize),
    /// The field at this place is not there.
    Absent(usize),
}

/// A table of codes (字典).
#[derive(Debug)]
pub struct Codes {
    /// Its name, that of the field it belongs to.
    pub name: &'static str,
    /// 名称.
    pub zh: &'static str,
    /// Whether there are no others: provinces extend those that are open.
    pub closed: bool,
    /// Code and label, in the order of the text.
    pub codes: &'static [(&'static str, &'static str)],
    /// Where editions differ.
    pub note: &'static str,
    /// The documents.
    pub source: &'static str,
}

/// What a type holds, in characters or digits.
#[derive(Copy, Clone, Debug)]
struct Size {
    characters: u32,
    digits: u32,
    decimals: Option<u32>,
}

impl Size {
    /// Neither text nor number.
    const OTHER: Size = Size { characters: u32::MAX, digits: u32::MAX, decimals: None };

    const fn text(characters: u32) -> Size {
        Size { characters, ..Size::OTHER }
    }

    const fn number(digits: u32, decimals: u32) -> Size {
        Size { digits, decimals: Some(decimals), ..Size::OTHER }
    }
}

impl Kind {
    const fn size(self) -> Size {
        match self {
            Kind::Text(most) | Kind::Serial(most) => Size::text(most),
            Kind::Amount => Size::number(16, 2),
            Kind::Quantity => Size::number(16, 4),
            Kind::Price => Size::number(16, 6),
            Kind::Decimal(digits, decimals) => Size::number(digits, decimals),
            Kind::Integer(digits) => Size::number(digits, 0),
            Kind::Flag
            | Kind::Date
            | Kind::Datetime
            | Kind::Bytes
            | Kind::Raw
            | Kind::One(_)
            | Kind::Many(_) => Size::OTHER,
        }
    }

    /// The most characters of a text.
    pub const fn characters(self) -> u32 {
        self.size().characters
    }

    /// The most digits of a number, decimals among them.
    pub const fn digits(self) -> u32 {
        self.size().digits
    }

    /// The decimals of a number; `None` for what is no number.
    pub const fn decimals(self) -> Option<u32> {
        self.size().decimals
    }
}

impl Node {
    /// Whether it is the array itself that stands for `output`, without a node around it (5204, 5303).
    pub fn is_bare(&self) -> bool {
        self.fields.first().is_some_and(|field| field.name == BARE)
    }
}

impl Codes {
    /// The table of a name, whatever its capitals.
    pub fn named(name: &str) -> Option<&'static Codes> {
        let all = crate::wire::ALL_CODES.iter().copied();
        all.into_iter().find(|codes| codes.name.eq_ignore_ascii_case(name.trim()))
    }

    /// The label of a code.
    pub fn label(&self, code: &str) -> Option<&'static str> {
        self.codes.iter().find(|(known, _)| *known == code).map(|(_, label)| *label)
    }

    /// The code that is the same number, as `1` is `01`.
    pub fn same_number(&self, code: &str) -> Option<&'static str> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(code) {
            return None;
        }
        let bare = |text| str::trim_start_matches(text, '0');
        let known = self.codes.iter().map(|(known, _)| *known).filter(|known| digits(known));
        known.into_iter().find(|known| bare(known) == bare(code))
    }
}

impl Transaction {
    /// The transaction of an `infno`.
    pub fn of(infno: &str) -> Option<Transaction> {
        let all = Transaction::ALL.iter().copied();
        all.into_iter().find(|one| one.entry().infno.eq_ignore_ascii_case(infno.trim()))
    }

    /// Its `infno`.
    pub fn infno(self) -> &'static str {
        self.entry().infno
    }
}

/// The name of the field that is the output itself.
pub(crate) const BARE: &str = "-";

/// A field is one row of the table: the same row is the same field.
impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Field {}

impl Entry {
    /// The fields of the envelope of requests.
    pub fn envelope() -> &'static Node {
        <crate::wire::envelope::input::Input<'static> as crate::record::Record>::NODE
    }

    /// The fields of the envelope of answers.
    pub fn answer_envelope() -> &'static Node {
        <crate::wire::envelope::output::Output<'static> as crate::record::Record>::NODE
    }
}
