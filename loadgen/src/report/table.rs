//! A table that can be drawn for the terminal and for the page.

use unicode_width::UnicodeWidthStr;

use super::html::escaped;

/// Rows under headings. The first column stands left, numbers stand right.
#[derive(Default)]
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    left: usize,
}

impl Table {
    /// A table whose first `left` columns are words; all others are numbers.
    pub(super) fn new(left: usize, head: &[&str]) -> Table {
        Table { head: head.iter().map(|cell| (*cell).into()).collect(), rows: Vec::new(), left }
    }

    /// Adds a row; it has as many cells as there are headings.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.head.len(), "a row has a cell under every heading");
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// For the terminal: two blanks before every line, columns as wide as they need to be.
    pub(super) fn text(&self) -> String {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| lines().map(|cells| cells[column].width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut out = String::new();
        for cells in lines() {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let blanks = " ".repeat(widths[column] - cell.width());
                line.push_str("  ");
                if column < self.left {
                    line.push_str(cell);
                    line.push_str(&blanks);
                } else {
                    line.push_str(&blanks);
                    line.push_str(cell);
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// For the page, with a caption.
    pub(super) fn html(&self, caption: &str) -> String {
        let class = |column: usize| if column < self.left { "" } else { " class=\"n\"" };
        let mut out = format!(
            "<div class=\"table\"><table><caption>{}</caption><thead><tr>",
            escaped(caption)
        );
        for (column, cell) in self.head.iter().enumerate() {
            out += &format!("<th scope=\"col\"{}>{}</th>", class(column), escaped(cell));
        }
        out += "</tr></thead><tbody>";
        for cells in &self.rows {
            out += "<tr>";
            for (column, cell) in cells.iter().enumerate() {
                out += &match column {
                    0 => format!("<th scope=\"row\">{}</th>", escaped(cell)),
                    _ => format!("<td{}>{}</td>", class(column), escaped(cell)),
                };
            }
            out += "</tr>";
        }
        out + "</tbody></table></div>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        let mut table = Table::new(1, &["what", "n"]);
        table.row(["结算".into(), "1".into()]);
        table.row(["bill".into(), "1,000".into()]);
        assert_eq!(table.text(), "  what      n\n  结算      1\n  bill  1,000\n");
        assert!(table.html("a < b").contains("<caption>a &lt; b</caption>"));
    }
}
