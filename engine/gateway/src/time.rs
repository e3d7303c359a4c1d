//! Days and seconds as clients write them, and as the text has them.

use std::borrow::Cow;

use yidan_settlement::date::{Day, Moment};

use crate::tolerance::Tolerance;

/// A date as it was read: what it says, and which oddities it has.
pub(crate) struct Read<T> {
    pub(crate) value: T,
    pub(crate) oddities: [Option<Tolerance>; 3],
}

/// A second: `yyyy-MM-dd HH:mm:ss`, or what clients send for it.
pub(crate) fn moment(text: &str) -> Option<Read<Moment>> {
    let (moment, day_only, blank, form) = any(text)?;
    let day = day_only.then_some(Tolerance::DayForMoment);
    Some(Read { value: moment, oddities: [blank, form, day] })
}

/// A day: `yyyy-MM-dd`, or what clients send for it.
pub(crate) fn day(text: &str) -> Option<Read<Day>> {
    let (moment, day_only, blank, form) = any(text)?;
    let second = (!day_only).then_some(Tolerance::MomentForDay);
    Some(Read { value: moment.day(), oddities: [blank, form, second] })
}

type Any = (Moment, bool, Option<Tolerance>, Option<Tolerance>);

/// Any date: the moment, whether it is only a day, and what is odd about how it is written.
fn any(text: &str) -> Option<Any> {
    // As the text has them: nearly all.
    let dashed = text.len() == 10 || text.len() == 19 && text.as_bytes().get(10) == Some(&b' ');
    if dashed && let Some(moment) = Moment::parse(text) {
        return Some((moment, text.len() == 10, None, None));
    }
    if !text.is_ascii() || text.len() > 40 {
        return None;
    }
    let (bare, blank) = without_blanks(text);
    let bare = match bare.split_once('.') {
        Some((before, fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => {
            if before.len() < 14 {
                return None;
            }
            before
        }
        Some(_) => return None,
        None => &*bare,
    };
    let other = Some(Tolerance::OtherDateForm);
    let whole = |text: &str| Moment::parse(text);
    let (moment, day_only, regular) = match bare.len() {
        8 => (whole(bare)?, true, false),
        10 => (whole(bare)?, true, true),
        14 => (whole(bare)?, false, false),
        15 => (whole(&format!("{} {}:00", &bare[..10], &bare[10..]))?, false, false),
        16 if bare.as_bytes()[10] == b'T' => {
            (whole(&format!("{} {}:00", &bare[..10], &bare[11..]))?, false, false)
        }
        18 => (whole(&format!("{} {}", &bare[..10], &bare[10..]))?, false, true),
        19 => (whole(bare)?, false, false),
        _ => return None,
    };
    let fraction = text.contains('.');
    Some((moment, day_only, blank, if regular && !fraction { None } else { other }))
}

/// The text without blanks, and whether they were stray: the one between day and clock is not.
fn without_blanks(text: &str) -> (Cow<'_, str>, Option<Tolerance>) {
    let blanks = text.bytes().filter(u8::is_ascii_whitespace).count();
    if blanks == 0 {
        return (Cow::Borrowed(text), None);
    }
    let bare: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let in_place = blanks == 1 && text.as_bytes().get(10) == Some(&b' ');
    let stray = !in_place || bare.len() <= 10;
    (Cow::Owned(bare), stray.then_some(Tolerance::StrayBlank))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_clients_write_them() {
        use Tolerance::{DayForMoment, MomentForDay, OtherDateForm, StrayBlank};
        let seen = |text: &str| {
            let read = moment(text)?;
            let odd: Vec<Tolerance> = read.oddities.into_iter().flatten().collect();
            Some((read.value.to_string(), odd))
        };
        let at =
            |clock: &str, odd: &[Tolerance]| Some((format!("2022-01-21 {clock}"), odd.to_vec()));
        assert_eq!(seen("2022-01-21 10:00:00"), at("10:00:00", &[]));
        assert_eq!(seen("2022-01-21"), at("00:00:00", &[DayForMoment]));
        assert_eq!(seen("2022-01-21 10 :00:00"), at("10:00:00", &[StrayBlank]));
        assert_eq!(seen(" 2022-01-21"), at("00:00:00", &[StrayBlank, DayForMoment]));
        assert_eq!(seen("20220121"), at("00:00:00", &[OtherDateForm, DayForMoment]));
        assert_eq!(seen("20220121100000"), at("10:00:00", &[OtherDateForm]));
        assert_eq!(seen("2022-01-21T10:00:00"), at("10:00:00", &[OtherDateForm]));
        assert_eq!(seen("2022-01-21 10:00"), at("10:00:00", &[OtherDateForm]));
        assert_eq!(seen("2022-01-21T10:00"), at("10:00:00", &[OtherDateForm]));
        assert_eq!(seen("2022-01-21 10:00:00.0"), at("10:00:00", &[OtherDateForm]));
        for wrong in [
            "",
            "2022",
            "2022-02-30",
            "2022-01-21 25:00:00",
            "2022-01-21.5",
            "二〇二二年一月",
            ".....",
        ] {
            assert_eq!(seen(wrong), None, "{wrong}");
        }
        let read = day("2022-01-21 10:00:00").expect("a day");
        assert_eq!(read.value.to_string(), "2022-01-21");
        assert_eq!(read.oddities, [None, None, Some(MomentForDay)]);
        assert!(day("2022-01-21").is_some_and(|read| read.oddities == [None, None, None]));
    }
}
