//! Lines of a CSV table as records, in bounded memory. A row is one line: a quote that is not closed by its end is an error of that
//! line, and swallows nothing of the next.

use std::io::{self, BufRead, BufReader, Read};

use csv::StringRecord;
use csv_core::{ReadRecordResult, Reader};

use crate::facts::{FieldError, field};

/// The most bytes of a line: a member with a hundred approvals has not a tenth of it.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;

/// Lines of a table in their order; those without anything are passed over.
pub(super) struct Lines<R> {
    from: BufReader<R>,
    reader: Reader,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
    record: StringRecord,
}

/// A line: its number from 1, and its record or why it is none.
pub(super) type Line<'l> = (u64, Result<&'l StringRecord, NoRecord>);

/// A line that is no record.
#[derive(Debug)]
pub(super) enum NoRecord {
    /// A quote is open at its end: that of this column, counted from nought.
    OpenQuote(usize),
    /// Anything else.
    Field(FieldError),
}

impl<R: Read> Lines<R> {
    /// The lines of a reader.
    pub(super) fn new(from: R) -> Lines<R> {
        Lines {
            from: BufReader::new(from),
            reader: Reader::new(),
            line: Vec::new(),
            number: 0,
            bytes: 0,
            text: Vec::new(),
            ends: Vec::new(),
            record: StringRecord::new(),
        }
    }

    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            let whole = self.read_line()?;
            if self.line.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            if !whole {
                let found = format!("a line of more than {LINE_BYTES_MAX} bytes");
                let wrong = field("", &found, "a row of a table, which is shorter");
                return Ok(Some((self.number, Err(NoRecord::Field(wrong)))));
            }
            if self.number == 1 && self.line.starts_with("\u{FEFF}".as_bytes()) {
                self.line.drain(..3);
            }
            let end = self.line.trim_ascii_end().len();
            if end > 0 {
                self.line.truncate(end);
                self.line.push(b'\n');
                let split = self.split();
                return Ok(Some((self.number, split.map(|()| &self.record))));
            }
        }
    }

    /// Reads up to the end of a line; `false` where it was too long and the rest was passed over.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let most = LINE_BYTES_MAX as u64 + 1;
        self.bytes += (&mut self.from).take(most).read_until(b'\n', &mut self.line)? as u64;
        if self.line.ends_with(b"\n") || self.line.len() <= LINE_BYTES_MAX {
            return Ok(true);
        }
        loop {
            let more = self.from.fill_buf()?;
            let end = more.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(more.len(), |end| end + 1);
            let ends = end.is_some() || more.is_empty();
            self.from.consume(taken);
            self.bytes += taken as u64;
            if ends {
                return Ok(false);
            }
        }
    }

    /// Splits the line into its columns.
    fn split(&mut self) -> Result<(), NoRecord> {
        let columns = 1 + self.line.iter().filter(|byte| **byte == b',').count();
        self.text.resize(self.line.len(), 0);
        self.ends.resize(columns + 1, 0);
        self.reader.reset();
        let (read, used, _, count) =
            self.reader.read_record(&self.line, &mut self.text, &mut self.ends);
        // An open quote takes the end of the line for one of its own, and waits for more.
        if read != ReadRecordResult::Record {
            return Err(NoRecord::OpenQuote(count));
        }
        // A carriage return inside a line ends a record for the reader of CSV, and what follows it would be lost.
        let behind = self.line.get(used..).unwrap_or_default();
        if behind.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            let found = String::from_utf8_lossy(behind);
            let expected =
                "nothing behind a carriage return (save the table with line feeds, LF or CR LF)";
            return Err(NoRecord::Field(field("", &found, expected)));
        }
        self.record.clear();
        let mut begin = 0;
        for end in self.ends.iter().take(count) {
            let bytes = self.text.get(begin..*end).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| {
                let found = String::from_utf8_lossy(bytes);
                NoRecord::Field(field("", &found, "text in UTF-8 (save the table as CSV UTF-8)"))
            })?;
            self.record.push_field(text);
            begin = *end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &[u8]) -> Vec<String> {
        let mut lines = Lines::new(text);
        let mut told = Vec::new();
        while let Some((number, record)) = lines.next_line().expect("memory can be read") {
            told.push(match record {
                Ok(record) => format!("{number}: {}", record.iter().collect::<Vec<_>>().join("|")),
                Err(NoRecord::OpenQuote(column)) => format!("{number}: quote in {column}"),
                Err(NoRecord::Field(wrong)) => format!("{number}: {}", wrong.expected),
            });
        }
        assert_eq!(lines.bytes(), text.len() as u64);
        told
    }

    #[test]
    fn a_row_is_a_line_whatever_stands_in_it() {
        let text = "\u{FEFF}a,b\r\n\n\"1,\"\"2\",x\n , \r\n3,\"open\n4,\"\"\n5";
        let lines = ["1: a|b", "3: 1,\"2|x", "4:  |", "5: quote in 1", "6: 4|", "7: 5"];
        assert_eq!(told(text.as_bytes()), lines);
        assert_eq!(told(b""), [""; 0]);
        assert_eq!(told(b"\"open"), ["1: quote in 0"]);
        let macintosh = told(b"a,b\r1,2\r3,4\n5,6\r\n");
        assert!(macintosh[0].contains("line feeds") && macintosh[1] == "2: 5|6", "{macintosh:?}");
        let other = told(&[b"1,".as_slice(), &[0xB5, 0xCD], b"\n2\n"].concat());
        assert!(other[0].contains("UTF-8") && other[1] == "2: 2", "{other:?}");
    }

    #[test]
    fn a_line_without_end_is_passed_over_in_bounded_memory() {
        let mut text = vec![b'x'; 3 * LINE_BYTES_MAX];
        text.extend(b"\nnext\n");
        let mut lines = Lines::new(&*text);
        let (_, first) = lines.next_line().expect("readable").expect("a line");
        assert!(first.is_err());
        assert!(lines.line.capacity() < 2 * LINE_BYTES_MAX + 2);
        assert_eq!(told(&text), ["1: a row of a table, which is shorter", "2: next"]);
    }
}
