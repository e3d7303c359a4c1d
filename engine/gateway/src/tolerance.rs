//! What working clients send besides what the text says: each oddity named, borne or refused by a profile, and counted.

use std::fmt;

use crate::limits::PLACES_MAX;
use crate::table::Field;

macro_rules! tolerances {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $chinese:literal;)*) => {
        /// An oddity that a profile bears or refuses. The numbers are stable: metrics and profiles name them.
        #[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
        pub enum Tolerance { $($(#[$doc])* $name = $number,)* }

        impl Tolerance {
            /// All of them.
            pub const ALL: &'static [Tolerance] = &[$(Tolerance::$name,)*];

            /// Its number, from 0.
            pub const fn number(self) -> u8 {
                match self { $(Tolerance::$name => $number,)* }
            }

            /// What it is, to a person at a hospital.
            pub const fn chinese(self) -> &'static str {
                match self { $(Tolerance::$name => $chinese,)* }
            }
        }
    };
}

tolerances! {
    /// A number written as a text: `"12.50"`.
    NumberAsText = 0, "数值以字符串传输";
    /// A text written as a number: `11` for `"11"`.
    TextAsNumber = 1, "字符以数值传输";
    /// The word `null` or `NULL` for what is absent.
    NullWord = 2, "以文字null表示空值";
    /// Blanks around or inside a code, a number or a date.
    StrayBlank = 3, "含多余空格";
    /// One row as an object where an array is asked.
    RowAsObject = 4, "数组节点以单个对象传输";
    /// An array of one where an object is asked.
    ObjectAsArray = 5, "对象节点以数组传输";
    /// The same key twice in one object: the last one counts.
    RepeatedKey = 6, "同一字段重复出现";
    /// A required field left out that working clients leave out.
    MissingField = 7, "未传必填字段";
    /// A day where a second is asked.
    DayForMoment = 8, "应为日期时间，传为日期";
    /// A second where a day is asked.
    MomentForDay = 9, "应为日期，传为日期时间";
    /// A date written otherwise: without dashes, with `T`, without seconds, with fractions of them.
    OtherDateForm = 10, "日期书写格式不规范";
    /// `input` as a text that holds JSON.
    InputAsText = 11, "交易输入以字符串传输";
    /// The fields of the one node stand in `input` directly.
    NodeLeftOut = 12, "交易输入缺少节点";
    /// A name with other capitals or without underscores, or another name of the same.
    NameSpelling = 13, "节点或字段名拼写不规范";
    /// A field that the table does not have. It is ignored.
    UnknownField = 14, "未定义的字段";
    /// A code with too few or too many noughts before it: `1` for `01`.
    UnpaddedCode = 15, "代码前导零不规范";
    /// A code that a dictionary extended by provinces does not list, nor a root of it.
    UnknownCode = 16, "字典中未列出的代码";
    /// A text or number longer than the text says, as long as clients send it.
    LongText = 17, "超过规范长度";
    /// A number with an exponent: `1.2E1`.
    Exponent = 18, "数值使用指数形式";
    /// A URL that belongs to another transaction than the message.
    OtherPath = 19, "请求地址与交易编号不符";
}

/// How strictly an institution is read, and how it is answered.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Profile {
    /// A bit for each oddity that is borne.
    borne: u32,
    /// How `infcode` is written.
    pub infcode: InfcodeForm,
}

/// How `infcode` is written: clients exist that take only one of them.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum InfcodeForm {
    /// `0`, as Hebei, Shanghai and Zhejiang.
    #[default]
    Number,
    /// `"0"`, as Chongqing, Jilin and vendors' middleware.
    Text,
}

impl Profile {
    /// By the text: what it leaves open is borne (numbers as texts, fields and open codes it does not list), no more.
    pub const STRICT: Profile = Profile { borne: 0, infcode: InfcodeForm::Number }
        .bearing(Tolerance::NumberAsText)
        .bearing(Tolerance::UnknownField)
        .bearing(Tolerance::UnknownCode);

    /// Everything that working clients are known to do.
    pub const LENIENT: Profile = Profile { borne: u32::MAX, infcode: InfcodeForm::Number };

    /// The same, and this oddity is borne.
    pub const fn bearing(self, oddity: Tolerance) -> Profile {
        Profile { borne: self.borne | 1 << oddity.number(), infcode: self.infcode }
    }

    /// The same, and this oddity is refused.
    pub const fn refusing(self, oddity: Tolerance) -> Profile {
        Profile { borne: self.borne & !(1 << oddity.number()), infcode: self.infcode }
    }

    /// The same, and `infcode` is written so.
    pub const fn answering(self, infcode: InfcodeForm) -> Profile {
        Profile { borne: self.borne, infcode }
    }

    /// Whether an oddity is borne.
    pub const fn bears(&self, oddity: Tolerance) -> bool {
        self.borne & 1 << oddity.number() != 0
    }
}

/// Where something stands in a message.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Place {
    /// The path of the node; empty for `input` and the envelope themselves.
    pub node: &'static str,
    /// The row, from 1, where the node has rows.
    pub row: Option<u32>,
    /// The field; `None` for the node as a whole, or one that the table does not have.
    pub field: Option<&'static Field>,
}

/// `feedetail[3].cnt`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.node)?;
        if let Some(row) = self.row {
            write!(f, "[{row}]")?;
        }
        match (self.field, self.node.is_empty()) {
            (Some(field), true) => write!(f, "{}", field.name),
            (Some(field), false) => write!(f, ".{}", field.name),
            (None, _) => Ok(()),
        }
    }
}

/// What was borne in one message.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Borne {
    counts: [u32; Tolerance::ALL.len()],
    places: Vec<(Tolerance, Place, u32)>,
}

impl Borne {
    /// How often an oddity was met.
    pub fn count(&self, oddity: Tolerance) -> u32 {
        self.counts.get(usize::from(oddity.number())).copied().unwrap_or(0)
    }

    /// Each oddity that was met, with how often.
    pub fn kinds(&self) -> impl Iterator<Item = (Tolerance, u32)> + '_ {
        let met = Tolerance::ALL.iter().map(|oddity| (*oddity, self.count(*oddity)));
        met.filter(|(_, count)| *count > 0)
    }

    /// Where: each field once, at its first row, with how often; at most [`PLACES_MAX`].
    pub fn places(&self) -> &[(Tolerance, Place, u32)] {
        &self.places
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.kinds().next().is_none()
    }

    /// What was borne of the envelope and of the input, together.
    pub fn with(mut self, other: &Borne) -> Borne {
        for (mine, more) in self.counts.iter_mut().zip(other.counts) {
            *mine = mine.saturating_add(more);
        }
        let room = PLACES_MAX.saturating_sub(self.places.len());
        self.places.extend(other.places.iter().take(room));
        self
    }

    pub(crate) fn add(&mut self, oddity: Tolerance, place: Place) {
        if let Some(count) = self.counts.get_mut(usize::from(oddity.number())) {
            *count = count.saturating_add(1);
        }
        let same = |kept: &&mut (Tolerance, Place, u32)| {
            kept.0 == oddity && kept.1.node == place.node && kept.1.field == place.field
        };
        if let Some((_, _, count)) = self.places.iter_mut().find(same) {
            *count = count.saturating_add(1);
        } else if self.places.len() < PLACES_MAX {
            self.places.push((oddity, place, 1));
        }
    }
}
