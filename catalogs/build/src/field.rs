//! The values of single fields, each read exactly or not at all.

use yidan_image::{CodeStatus, PriceMark, Purposes};
use yidan_settlement::catalogue::{Class, Level, List, Scope};
use yidan_settlement::date::Day;
use yidan_settlement::limits::CODE_BYTES_MAX;
use yidan_settlement::money::{self, Price, Quantity, Rate};

pub(crate) const CODE: &str = "1 to 40 letters, digits and signs without blanks";

pub(crate) fn code(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= CODE_BYTES_MAX;
    (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

pub(crate) const STATUS: &str = "real or shape";

pub(crate) fn status(text: &str) -> Option<CodeStatus> {
    match text {
        "real" => Some(CodeStatus::Real),
        "shape" => Some(CodeStatus::Shape),
        _ => None,
    }
}

pub(crate) const LIST: &str = "western, patent, herbal, inhouse, service or consumable (西药, 中成药, 中药饮片, 院内制剂, \
     医疗服务项目, 医用耗材)";

pub(crate) fn list(text: &str) -> Option<List> {
    match text {
        "western" | "西药" => Some(List::WesternDrug),
        "patent" | "中成药" => Some(List::PatentMedicine),
        "herbal" | "中药饮片" => Some(List::HerbalPiece),
        "inhouse" | "院内制剂" => Some(List::InHousePreparation),
        "service" | "医疗服务项目" => Some(List::Service),
        "consumable" | "医用耗材" => Some(List::Consumable),
        _ => None,
    }
}

/// The name by which sources call a list.
pub fn list_name(list: List) -> &'static str {
    match list {
        List::WesternDrug => "western",
        List::PatentMedicine => "patent",
        List::HerbalPiece => "herbal",
        List::InHousePreparation => "inhouse",
        List::Service => "service",
        List::Consumable => "consumable",
    }
}

pub(crate) const CLASS: &str = "甲, 乙 or 丙 (01, 02, 03; A, B, C)";

pub(crate) fn class(text: &str) -> Option<Class> {
    match text {
        "甲" | "甲类" | "01" | "1" | "A" => Some(Class::A),
        "乙" | "乙类" | "02" | "2" | "B" => Some(Class::B),
        "丙" | "丙类" | "03" | "3" | "C" => Some(Class::C),
        _ => None,
    }
}

/// The name by which sources call a class.
pub fn class_name(class: Class) -> &'static str {
    match class {
        Class::A => "甲",
        Class::B => "乙",
        Class::C => "丙",
    }
}

pub(crate) const CHARGE_TYPE: &str = "med_chrgitm_type, 01 to 14";

pub(crate) fn charge_type(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| (1..=14).contains(number))
}

pub(crate) const SHARE: &str = "a fraction from 0 to 1 with at most four decimals, or nothing";

pub(crate) fn share(text: &str) -> Option<Option<Rate>> {
    optional(text, |text| money::decimal(text).and_then(Rate::from_fraction).ok())
}

pub(crate) const CEILING: &str =
    "a price in yuan from 0 to 10000000 with at most six decimals, or nothing for no ceiling";

pub(crate) fn ceiling(text: &str) -> Option<Option<Price>> {
    optional(text, |text| money::decimal(text).and_then(Price::from_yuan).ok())
}

pub(crate) const SCOPE: &str =
    "some of employee|resident|maternity, none, or nothing for the usual";

pub(crate) fn scope(text: &str) -> Option<Option<Scope>> {
    optional(text, |text| {
        let mut scope = Scope::default();
        if text != "none" {
            for part in text.split('|') {
                match part {
                    "employee" => scope.employee = true,
                    "resident" => scope.resident = true,
                    "maternity" => scope.maternity = true,
                    _ => return None,
                }
            }
        }
        Some(scope)
    })
}

pub(crate) const TAG: &str = "a name of small letters, digits and -, or nothing";

pub(crate) fn tag(text: &str) -> Option<Option<&str>> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    optional(text, |text| text.bytes().all(plain).then_some(text))
}

pub(crate) const PRICE_MARK: &str = "plausible, published, or nothing";

pub(crate) fn price_mark(text: &str) -> Option<PriceMark> {
    match text {
        "" => Some(PriceMark::None),
        "published" => Some(PriceMark::Published),
        "plausible" => Some(PriceMark::Plausible),
        _ => None,
    }
}

pub(crate) const DAY: &str = "a day as 2024-01-31 or 20240131";

pub(crate) fn day(text: &str) -> Option<Day> {
    Day::parse(text)
}

pub(crate) const DAY_TO: &str =
    "the first day after, as 2024-01-31 or 20240131, or nothing for an open period";

pub(crate) fn day_to(text: &str) -> Option<Day> {
    if text.is_empty() { Some(Day::MAX) } else { Day::parse(text) }
}

pub(crate) const LEVEL: &str = "1, 2 or 3, or nothing where hosp_lv implies it";

pub(crate) fn level(text: &str) -> Option<Level> {
    match text {
        "1" | "01" => Some(Level::First),
        "2" | "02" => Some(Level::Second),
        "3" | "03" => Some(Level::Third),
        _ => None,
    }
}

pub(crate) const PURPOSES: &str = "some of inpatient|outpatient|chronic|pharmacy";

pub(crate) fn purposes(text: &str) -> Option<Purposes> {
    let mut purposes = Purposes::default();
    for part in text.split('|') {
        match part {
            "inpatient" => purposes.inpatient = true,
            "outpatient" => purposes.outpatient = true,
            "chronic" => purposes.chronic = true,
            "pharmacy" => purposes.pharmacy = true,
            _ => return None,
        }
    }
    Some(purposes)
}

pub(crate) fn quantity(text: &str) -> Option<Quantity> {
    let quantity = money::decimal(text).and_then(Quantity::from_units).ok()?;
    (quantity > Quantity::ZERO).then_some(quantity)
}

/// Nothing, or a value that must parse.
pub(crate) fn optional<'a, T>(
    text: &'a str,
    parse: impl FnOnce(&'a str) -> Option<T>,
) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { parse(text).map(Some) }
}

/// Whether a code has the shape of the national code set, so that it could be a real one. Letters
/// that no real code has at their place, Q first among them, make a stand-in.
pub(crate) fn could_be_real(list: List, code: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let letters = |first: &str, second: &str, length: usize| {
        let mut marks = code.chars();
        let starts = marks.next().is_some_and(|mark| first.contains(mark))
            && marks.next().is_some_and(|mark| second.contains(mark));
        starts && code.len() == length && plain(code)
    };
    match list {
        List::WesternDrug => letters("X", "ABCDGHJLMNPRSV", 23),
        List::PatentMedicine => letters("Z", "ABCDEFGHI", 20),
        List::HerbalPiece | List::InHousePreparation => {
            letters("T", "0123456789ABCDEFGHIJKLMNOP", 20)
        }
        List::Service => {
            let national = code.split('-').next().unwrap_or_default();
            national.len() == 15 && digits(national)
        }
        List::Consumable => {
            let rest = code.strip_prefix('C').unwrap_or_default();
            (rest.len() == 19 || rest.len() == 26) && digits(rest)
        }
    }
}

/// The same of a diagnosis: a letter, two digits, and then digits, points, `x` and `+` only. Codes
/// of 门慢门特 diseases, `M` and five digits, have it too.
pub(crate) fn could_be_real_diagnosis(code: &str) -> bool {
    let Some((head, tail)) = code.split_at_checked(3) else { return false };
    let mut head = head.bytes();
    head.next().is_some_and(|byte| byte.is_ascii_uppercase())
        && head.all(|byte| byte.is_ascii_digit())
        && tail.bytes().all(|byte| byte.is_ascii_digit() || b".x+".contains(&byte))
}
