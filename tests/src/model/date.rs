//! Days of the civil calendar for the naive model, counted one by one where a number of days is
//! wanted.

/// A day; the order of days is the order of year, month, day.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub(crate) struct Date {
    pub(crate) year: i32,
    pub(crate) month: i32,
    pub(crate) day: i32,
}

impl Date {
    /// The day at the head of `2024-01-01` or `2024-01-01 10:00:00`.
    pub(crate) fn read(text: &str) -> Option<Date> {
        let date = text.get(0..10)?;
        let mut parts = date.split('-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        let read = Date { year, month, day };
        ((1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day))
            .then_some(read)
    }

    /// The day after.
    pub(crate) fn next(self) -> Date {
        if self.day < days_of_month(self.year, self.month) {
            Date { day: self.day + 1, ..self }
        } else if self.month < 12 {
            Date { month: self.month + 1, day: 1, ..self }
        } else {
            Date { year: self.year + 1, month: 1, day: 1 }
        }
    }

    /// The day before.
    pub(crate) fn previous(self) -> Date {
        if self.day > 1 {
            Date { day: self.day - 1, ..self }
        } else if self.month > 1 {
            let month = self.month - 1;
            Date { month, day: days_of_month(self.year, month), ..self }
        } else {
            Date { year: self.year - 1, month: 12, day: 31 }
        }
    }

    /// The days from this one to a later one.
    pub(crate) fn days_to(self, later: Date) -> i128 {
        let mut day = self;
        let mut count = 0;
        while day < later {
            day = day.next();
            count += 1;
        }
        count
    }

    /// The completed years of somebody born on `birth`.
    pub(crate) fn age_of(self, birth: Date) -> i128 {
        let years = i128::from(self.year - birth.year);
        if (self.month, self.day) < (birth.month, birth.day) { years - 1 } else { years }
    }

    /// `2024-01-01`.
    pub(crate) fn text(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `2024-01`.
    pub(crate) fn month_text(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// `2024-1` … `2024-4`.
    pub(crate) fn quarter_text(self) -> String {
        format!("{:04}-{}", self.year, (self.month + 2) / 3)
    }
}

fn days_of_month(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A half-open span of days; an end that is absent is open.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) from: Option<Date>,
    pub(crate) to: Option<Date>,
}

impl Span {
    pub(crate) fn contains(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }
}
