//! What is wrong with a message: every field that is, at once and bounded, in the words of the platform.

use std::fmt;
use std::fmt::Write as _;

use crate::limits::{ERR_MSG_CHARS_MAX, FAULTS_MAX, SHOWN_CHARS_MAX};
use crate::table::{Field, Kind};
use crate::tolerance::{Place, Tolerance};

/// One thing that is wrong.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub wrong: Wrong,
}

/// What is wrong with a field, a node or the message.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Wrong {
    /// It is required and not there.
    Missing,
    /// It is of another kind.
    OtherKind(Came),
    /// It is longer than so many characters, or has more digits than the field.
    TooLong(u32),
    /// It is no number.
    NotANumber(Came),
    /// It has more decimals than so many.
    TooManyDecimals(u32),
    /// It is beyond what is accepted.
    OutOfRange(Came),
    /// It is no date, or none between 1900 and 2199.
    NotADate(Came),
    /// It is in no row of its closed dictionary.
    UnknownCode(Came),
    /// It is an oddity that the profile refuses.
    Refused(Tolerance),
    /// There are more rows than so many.
    TooManyRows(usize),
    /// `input` is encrypted, and must be opened first.
    Encrypted,
    /// The message is longer than so many bytes.
    TooManyBytes(usize),
    /// The message is no JSON: line and column where reading ended.
    NotJson(usize, usize),
    /// The message is not UTF-8.
    NotUtf8,
}

/// What came instead, as far as it may be shown.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Came {
    /// A value, shortened.
    Shown(Box<str>),
    /// A value of a person: its length alone.
    Hidden(usize),
    /// An object.
    Object,
    /// An array.
    Array,
    /// `true` or `false`.
    Boolean,
    /// A number that is not shown.
    Number,
}

impl Wrong {
    /// Its number, in brackets at the end of `err_msg`. Reasons of the ledger stay below 400; these never become others.
    pub const fn number(&self) -> u16 {
        match self {
            Wrong::Missing => 401,
            Wrong::OtherKind(_) => 402,
            Wrong::TooLong(_) => 403,
            Wrong::NotANumber(_) => 404,
            Wrong::TooManyDecimals(_) => 405,
            Wrong::OutOfRange(_) => 406,
            Wrong::NotADate(_) => 407,
            Wrong::UnknownCode(_) => 408,
            Wrong::Refused(_) => 409,
            Wrong::TooManyRows(_) => 410,
            Wrong::Encrypted => 411,
            Wrong::TooManyBytes(_) => 412,
            Wrong::NotJson(_, _) => 413,
            Wrong::NotUtf8 => 414,
        }
    }
}

/// What a message can have wrong with it, by number; an `err_msg` says besides where, and what came.
pub const KINDS: [(u16, &str); 14] = [
    (401, "字段不能为空"),
    (402, "字段应为另一种类型"),
    (403, "长度超过规定位数"),
    (404, "应为数值"),
    (405, "小数超过规定位数"),
    (406, "超出可接受范围"),
    (407, "应为日期"),
    (408, "代码不在字典范围内"),
    (409, "不符合接口规范，机构档案为严格模式"),
    (410, "行数超过上限"),
    (411, "交易输入为密文，未解密"),
    (412, "报文长度超过上限"),
    (413, "报文不是合法的JSON"),
    (414, "报文不是UTF-8编码"),
];

impl Came {
    /// A text or a number that came for a field.
    pub(crate) fn of(text: &str, field: &Field) -> Came {
        if field.private {
            return Came::Hidden(text.chars().count());
        }
        let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
        shown = shown.replace(|c: char| c.is_control(), " ");
        if shown.len() < text.len() && text.chars().nth(SHOWN_CHARS_MAX).is_some() {
            shown.push('…');
        }
        Came::Shown(shown.into())
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Came::Shown(text) => write!(f, "“{text}”"),
            Came::Hidden(length) => write!(f, "***（{length}位）"),
            Came::Object => write!(f, "对象"),
            Came::Array => write!(f, "数组"),
            Came::Boolean => write!(f, "布尔值"),
            Came::Number => write!(f, "数值"),
        }
    }
}

/// `feedetail第3行cnt（数量）应为数值，实际为“abc”`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { node, row, field } = self.place;
        write!(f, "{node}")?;
        if let Some(row) = row {
            write!(f, "第{row}行")?;
        }
        if let Some(field) = field {
            let gap = if node.is_empty() || row.is_some() { "" } else { "." };
            write!(f, "{gap}{}（{}）", field.name, field.zh)?;
        }
        match &self.wrong {
            Wrong::Missing => write!(f, "不能为空"),
            Wrong::OtherKind(came) | Wrong::NotANumber(came) | Wrong::NotADate(came) => {
                write!(f, "应为{}，实际为{came}", expected(field))
            }
            Wrong::TooLong(most) => write!(f, "长度超过{most}位"),
            Wrong::TooManyDecimals(most) => write!(f, "小数超过{most}位"),
            Wrong::OutOfRange(came) => write!(f, "超出可接受范围，实际为{came}"),
            Wrong::UnknownCode(came) => write!(f, "不在字典范围内，实际为{came}"),
            Wrong::Refused(oddity) => write!(f, "不符合接口规范：{}", oddity.chinese()),
            Wrong::TooManyRows(most) => write!(f, "行数超过{most}"),
            Wrong::Encrypted => write!(f, "交易输入为密文，未解密"),
            Wrong::TooManyBytes(most) => write!(f, "报文长度超过{most}字节"),
            Wrong::NotJson(line, column) => {
                write!(f, "报文不是合法的JSON：第{line}行第{column}列")
            }
            Wrong::NotUtf8 => write!(f, "报文不是UTF-8编码"),
        }
    }
}

/// What a field is, in words.
fn expected(field: Option<&Field>) -> String {
    let Some(field) = field else { return "对象".to_owned() };
    match field.kind {
        Kind::Text(most) | Kind::Serial(most) => format!("字符（最长{most}位）"),
        Kind::Amount => "数值（16,2）".to_owned(),
        Kind::Quantity => "数值（16,4）".to_owned(),
        Kind::Price => "数值（16,6）".to_owned(),
        Kind::Decimal(digits, decimals) => format!("数值（{digits},{decimals}）"),
        Kind::Integer(digits) => format!("整数（最长{digits}位）"),
        Kind::Flag => "true或false".to_owned(),
        Kind::Date => "日期（yyyy-MM-dd）".to_owned(),
        Kind::Datetime => "日期时间（yyyy-MM-dd HH:mm:ss）".to_owned(),
        Kind::Bytes => "文件数据（字节数组）".to_owned(),
        Kind::Raw | Kind::One(_) => "对象".to_owned(),
        Kind::Many(_) => "数组".to_owned(),
    }
}

/// All that is wrong with a message.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Faults {
    told: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// One alone.
    pub(crate) fn one(wrong: Wrong) -> Faults {
        let place = Place { node: "", row: None, field: None };
        Faults { told: vec![Fault { place, wrong }], more: 0 }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        if self.told.len() < FAULTS_MAX {
            self.told.push(fault);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// The first of them, in the order of the message's nodes.
    pub fn told(&self) -> &[Fault] {
        &self.told
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.told.len().saturating_add(self.more)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// The number of the first.
    pub fn number(&self) -> u16 {
        self.told.first().map_or(0, |fault| fault.wrong.number())
    }

    /// The text of `err_msg`: as many as its length holds, how many there are, and the number of the first.
    pub fn err_msg(&self) -> String {
        let mut text = String::from("FSI-输入参数校验不通过：");
        let end = format!("…等{}处[{}]", self.count(), self.number());
        let room = ERR_MSG_CHARS_MAX.saturating_sub(end.chars().count());
        let mut written = 0;
        for fault in &self.told {
            let next = format!("{}{fault}", if written == 0 { "" } else { "；" });
            if written > 0 && text.chars().count() + next.chars().count() > room {
                break;
            }
            text.push_str(&next);
            written += 1;
        }
        let _ = if written < self.count() {
            write!(text, "{end}")
        } else {
            write!(text, "[{}]", self.number())
        };
        text
    }
}

/// As `err_msg` has it.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.err_msg())
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed() {
        let all = [
            Wrong::Missing,
            Wrong::OtherKind(Came::Object),
            Wrong::TooLong(1),
            Wrong::NotANumber(Came::Object),
            Wrong::TooManyDecimals(1),
            Wrong::OutOfRange(Came::Object),
            Wrong::NotADate(Came::Object),
            Wrong::UnknownCode(Came::Object),
            Wrong::Refused(Tolerance::NullWord),
            Wrong::TooManyRows(1),
            Wrong::Encrypted,
            Wrong::TooManyBytes(1),
            Wrong::NotJson(1, 1),
            Wrong::NotUtf8,
        ];
        assert_eq!(all.map(|wrong| wrong.number()), KINDS.map(|(number, _)| number));
    }
}
