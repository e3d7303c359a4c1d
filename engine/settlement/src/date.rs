//! Days, moments and half-open spans of days on the civil calendar. No clock and no time zone: all is local civil time.

use core::fmt;

/// A day, counted from 1970-01-01.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Day(i32);

/// A second on a day, counted from 1970-01-01 00:00:00 local civil time.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Moment(i64);

/// The days from `from` up to, and not including, `to`.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Span {
    /// The first day inside.
    pub from: Day,
    /// The first day after; [`Day::MAX`] when open.
    pub to: Day,
}

/// A day as year, month and day of the month.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Civil {
    /// 1900 ..= 2199.
    pub year: i32,
    /// 1 ..= 12.
    pub month: i32,
    /// 1 ..= 31.
    pub day: i32,
}

pub(crate) const SECONDS_OF_DAY: i64 = 86_400;

impl Day {
    /// Before every day that can be written.
    pub const MIN: Day = Day(-25_567);
    /// After every day that can be written.
    pub const MAX: Day = Day(84_006);

    /// The day `n` days after 1970-01-01, kept between [`Day::MIN`] and [`Day::MAX`].
    pub fn new(n: i32) -> Day {
        Day(n.clamp(Day::MIN.0, Day::MAX.0))
    }

    /// Days since 1970-01-01.
    pub const fn get(self) -> i32 {
        self.0
    }

    /// The day of the civil calendar, or `None` when there is no such day between 1900 and 2199.
    pub fn from_civil(year: i32, month: i32, day: i32) -> Option<Day> {
        if !(1900..2200).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        if day < 1 || day > days_of_month(year, month) {
            return None;
        }
        Some(Day(days_before_year(year)?
            .checked_add(days_before_month(year, month)?)?
            .checked_add(day.checked_sub(1)?)?))
    }

    /// 31 December of a year, kept between [`Day::MIN`] and [`Day::MAX`].
    pub fn last_of_year(year: i32) -> Day {
        let next = days_before_year(year.clamp(1900, 2199).saturating_add(1));
        Day::new(next.map_or(Day::MAX.0, |first| first.saturating_sub(1)))
    }

    /// `yyyy-MM-dd` or `yyyyMMdd`.
    pub fn parse(text: &str) -> Option<Day> {
        let digits = |part: &str| -> Option<i32> {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            part.parse().ok()
        };
        match text.len() {
            8 => Day::from_civil(
                digits(text.get(0..4)?)?,
                digits(text.get(4..6)?)?,
                digits(text.get(6..8)?)?,
            ),
            10 => {
                let mut parts = text.split('-');
                let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
                if year.len() != 4 || month.len() != 2 {
                    return None;
                }
                Day::from_civil(digits(year)?, digits(month)?, digits(day)?)
            }
            _ => None,
        }
    }

    /// Year, month and day, by the 400-year cycle that begins in March (Hinnant, days_from_civil).
    pub fn civil(self) -> Civil {
        // Every number below stays within a few million and above nought: the day lies between 1900 and 2200.
        let shifted = self.0.wrapping_add(719_468).unsigned_abs();
        let era = shifted.wrapping_div(146_097);
        let day_of_era = shifted.wrapping_rem(146_097);
        let leaps = day_of_era
            .wrapping_sub(day_of_era.wrapping_div(1_460))
            .wrapping_add(day_of_era.wrapping_div(36_524))
            .wrapping_sub(day_of_era.wrapping_div(146_096));
        let year_of_era = leaps.wrapping_div(365);
        let before = year_of_era
            .wrapping_mul(365)
            .wrapping_add(year_of_era.wrapping_div(4))
            .wrapping_sub(year_of_era.wrapping_div(100));
        let day_of_year = day_of_era.wrapping_sub(before);
        let march_month = day_of_year.wrapping_mul(5).wrapping_add(2).wrapping_div(153);
        let month_begin = march_month.wrapping_mul(153).wrapping_add(2).wrapping_div(5);
        let month = if march_month < 10 {
            march_month.wrapping_add(3)
        } else {
            march_month.wrapping_sub(9)
        };
        let year =
            era.wrapping_mul(400).wrapping_add(year_of_era).wrapping_add(u32::from(month <= 2));
        let day = day_of_year.wrapping_sub(month_begin).wrapping_add(1);
        Civil { year: year.cast_signed(), month: month.cast_signed(), day: day.cast_signed() }
    }

    /// The civil year.
    pub fn year(self) -> i32 {
        self.civil().year
    }

    /// The day after.
    pub fn next(self) -> Day {
        Day::new(self.0.saturating_add(1))
    }

    /// The day before.
    pub fn previous(self) -> Day {
        Day::new(self.0.saturating_sub(1))
    }

    /// Full years from a birthday to this day: the age reached on it.
    pub fn years_since(self, birth: Day) -> u16 {
        self.civil().years_since(birth)
    }

    /// Days from an earlier day to this one.
    pub fn days_since(self, earlier: Day) -> i32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Civil {
    /// Full years from a birthday to this day: the age reached on it.
    pub fn years_since(self, birth: Day) -> u16 {
        let (now, then) = (self, birth.civil());
        let before_birthday = (now.month, now.day) < (then.month, then.day);
        let years = now.year.saturating_sub(then.year).saturating_sub(i32::from(before_birthday));
        u16::try_from(years).unwrap_or(0)
    }
}

impl Moment {
    /// The moment `second` seconds into `day`.
    pub fn new(day: Day, second: i64) -> Moment {
        Moment(
            i64::from(day.0)
                .saturating_mul(SECONDS_OF_DAY)
                .saturating_add(second.clamp(0, SECONDS_OF_DAY.saturating_sub(1))),
        )
    }

    /// `yyyy-MM-dd`, `yyyy-MM-dd HH:mm:ss` (also with `T`), or `yyyyMMddHHmmss`.
    pub fn parse(text: &str) -> Option<Moment> {
        if let Some(day) = Day::parse(text) {
            return Some(Moment::new(day, 0));
        }
        let (day, clock) = match text.len() {
            19 => (Day::parse(text.get(0..10)?)?, text.get(11..19)?),
            14 => (Day::parse(text.get(0..8)?)?, text.get(8..14)?),
            _ => return None,
        };
        if text.len() == 19 && !matches!(text.as_bytes().get(10), Some(b' ' | b'T')) {
            return None;
        }
        let two = |at: usize, below: i64| -> Option<i64> {
            let part = clock.get(at..at.checked_add(2)?)?;
            if !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            part.parse::<i64>().ok().filter(|n| *n < below)
        };
        let (hour, minute, second) = if clock.len() == 8 {
            if clock.as_bytes().get(2) != Some(&b':') || clock.as_bytes().get(5) != Some(&b':') {
                return None;
            }
            (two(0, 24)?, two(3, 60)?, two(6, 60)?)
        } else {
            (two(0, 24)?, two(2, 60)?, two(4, 60)?)
        };
        let of_day =
            hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
        Some(Moment::new(day, of_day))
    }

    /// So many seconds later.
    pub fn later(self, seconds: i64) -> Moment {
        Moment(self.0.saturating_add(seconds))
    }

    /// Whether it comes after another. A moment that is only a day, as midnight stands for one, is not after any other of
    /// that day, nor is any other after it.
    pub fn is_after(self, other: Moment) -> bool {
        if self <= other {
            return false;
        }
        let only_a_day = |moment: Moment| moment.0.rem_euclid(SECONDS_OF_DAY) == 0;
        self.day() > other.day() || !(only_a_day(self) || only_a_day(other))
    }

    /// The second of its day.
    pub fn second(self) -> u32 {
        u32::try_from(self.0.rem_euclid(SECONDS_OF_DAY)).unwrap_or(0)
    }

    /// The day this moment lies in.
    pub fn day(self) -> Day {
        Day::new(i32::try_from(self.0.div_euclid(SECONDS_OF_DAY)).unwrap_or(i32::MAX))
    }
}

impl Span {
    /// All days.
    pub const ALWAYS: Span = Span { from: Day::MIN, to: Day::MAX };

    /// Whether the day lies inside.
    #[inline]
    pub fn contains(self, day: Day) -> bool {
        self.from <= day && day < self.to
    }

    /// Whether both spans share a day.
    pub fn overlaps(self, other: Span) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day } = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0.rem_euclid(SECONDS_OF_DAY);
        let (hour, rest) = (of_day.wrapping_div(3600), of_day.wrapping_rem(3600));
        write!(
            f,
            "{} {hour:02}:{:02}:{:02}",
            self.day(),
            rest.wrapping_div(60),
            rest.wrapping_rem(60)
        )
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn leap(year: i32) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

fn days_of_month(year: i32, month: i32) -> i32 {
    match month {
        2 => 28_i32.saturating_add(i32::from(leap(year))),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_month(year: i32, month: i32) -> Option<i32> {
    const BEFORE: [i32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let before = BEFORE.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    before.checked_add(i32::from(month > 2 && leap(year)))
}

/// Days from 1970-01-01 to the first of January of a year.
fn days_before_year(year: i32) -> Option<i32> {
    let before = year.checked_sub(1)?;
    let leaps = |y: i32| -> Option<i32> {
        y.div_euclid(4).checked_sub(y.div_euclid(100))?.checked_add(y.div_euclid(400))
    };
    year.checked_sub(1970)?.checked_mul(365)?.checked_add(leaps(before)?.checked_sub(leaps(1969)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_comes_back_from_its_civil_form() {
        let mut day = Day::MIN;
        while day < Day::MAX {
            let Civil { year, month, day: of_month } = day.civil();
            assert_eq!(Day::from_civil(year, month, of_month), Some(day));
            day = day.next();
        }
        for year in 1900..2200 {
            assert_eq!(Some(Day::last_of_year(year)), Day::from_civil(year, 12, 31));
        }
        assert_eq!(Day::MIN.civil(), Civil { year: 1900, month: 1, day: 1 });
        assert_eq!(Day::MAX.civil(), Civil { year: 2200, month: 1, day: 1 });
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in
            ["2023-02-29", "2023-13-01", "2023-00-01", "2023-1-01", "20230230", "", "2023-01-0a"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(Day::parse("2024-02-29").map(Day::get), Some(19_782));
        assert!(Moment::parse("2024-02-29 23:59:59").is_some());
        assert!(Moment::parse("2024-02-29T23:59:59").is_some());
        assert!(Moment::parse("20240229235959").is_some());
        for text in [
            "2024-02-29 24:00:00",
            "2024-02-29 23-59-59",
            "2024-02-29 23:59",
            "2024-02-29x23:59:59",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_age_is_reached_on_the_birthday() {
        let day = |t| Day::parse(t).expect("a day");
        assert_eq!(day("2024-05-01").years_since(day("1954-05-02")), 69);
        assert_eq!(day("2024-05-02").years_since(day("1954-05-02")), 70);
        assert_eq!(day("2024-05-02").years_since(day("2025-01-01")), 0);
    }
}
