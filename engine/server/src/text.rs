//! Aligned text for people: widths as a terminal shows them (a Chinese character takes two columns), money, tables, wrapping.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use yidan_settlement::money::Fen;

/// Columns a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// An amount with thousands separators and two decimals: `-1,234.50`.
pub fn money(amount: Fen) -> String {
    let plain = amount.to_string();
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, decimals) = plain.split_once('.').unwrap_or((plain, "00"));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{decimals}")
}

/// Filled with blanks on the right.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Filled with blanks on the left.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Blanks before, so that it stands in the middle.
pub fn centred(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text)) / 2))
}

/// Cut where it does not fit, with `..` at the end.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for character in text.chars() {
        taken += character.width().unwrap_or(0);
        if taken + 2 > columns {
            break;
        }
        kept.push(character);
    }
    kept.push_str("..");
    kept
}

/// Broken into lines of at most so many columns; lines after the first begin with `hang` blanks.
pub fn wrapped(text: &str, columns: usize, hang: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for character in text.chars() {
        let more = character.width().unwrap_or(0);
        // Closing marks may hang over the edge rather than begin a line.
        if taken + more > columns && !"，。；：、）］％%".contains(character) {
            lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
            taken = hang;
        }
        line.push(character);
        taken += more;
    }
    lines.push(line);
    lines
}

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub enum Side {
    /// For words.
    Left,
    /// For figures.
    Right,
}

/// Rows of cells; every row takes the same columns, however long its cells are.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(Side, usize)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table: for each column its side and the columns it takes at least.
    pub fn new(columns: &[(Side, usize)]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.cells(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }

    /// Adds a row of as many cells as it has.
    pub fn cells(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The columns that its rows take.
    pub fn natural(&self) -> usize {
        self.widths().iter().sum()
    }

    /// The rows, the first column as wide as it takes to fill `columns`.
    pub fn lines(&self, columns: usize) -> Vec<String> {
        let mut widths = self.widths();
        let spare = columns.saturating_sub(widths.iter().sum());
        if let Some(first) = widths.first_mut() {
            *first += spare;
        }
        let line = |row: &Vec<String>| {
            let cells = self.columns.iter().zip(&widths).enumerate();
            cells
                .map(|(index, ((side, _), wide))| {
                    let cell = row.get(index).map_or("", String::as_str);
                    match side {
                        Side::Left => left(cell, *wide),
                        Side::Right => right(cell, *wide),
                    }
                })
                .collect::<String>()
        };
        self.rows.iter().map(line).collect()
    }

    /// For each column what it takes at least, or what its longest cell takes with a blank beside it.
    fn widths(&self) -> Vec<usize> {
        let widest = |(index, (_, least)): (usize, &(Side, usize))| {
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            cells.map(|cell| width(cell) + 1).max().unwrap_or(0).max(*least)
        };
        self.columns.iter().enumerate().map(widest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_by_thousands() {
        let text = |fen| money(Fen::new(fen));
        assert_eq!(text(0), "0.00");
        assert_eq!(text(100_000), "1,000.00");
        assert_eq!(text(-123_456_789), "-1,234,567.89");
        assert_eq!(text(-5), "-0.05");
    }

    #[test]
    fn rows_of_words_and_figures_take_the_same_columns() {
        let mut table = Table::new(&[(Side::Left, 10), (Side::Right, 8)]);
        table.row(["基金", "支付"]);
        table.row(["abc", "1,234.00"]);
        table.row(["居民住院统筹基金", "100,000,000,000.00"]);
        table.row(["仅一格"]);
        let lines = table.lines(30);
        let widths: Vec<usize> = lines.iter().map(|line| width(line)).collect();
        assert_eq!(widths, [36; 4], "{lines:#?}");
    }

    #[test]
    fn long_text_is_cut_or_wrapped_within_its_columns() {
        assert_eq!(cut("阿莫西林胶囊", 9), "阿莫西..");
        assert_eq!(cut("阿莫西", 6), "阿莫西");
        let lines = wrapped("一二三四五六七八九十", 8, 2);
        assert_eq!(lines, ["一二三四", "  五六七", "  八九十"]);
    }
}
