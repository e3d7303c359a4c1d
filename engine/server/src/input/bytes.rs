//! A reader with a place: which byte, line and column comes next. Nothing is held but one buffer.

use std::fmt;
use std::io::{self, Read};

/// Bytes read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A place in an input.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub struct Place {
    /// Bytes before it.
    pub offset: u64,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The bytes of an input, one buffer at a time.
pub(super) struct Bytes<R> {
    from: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    place: Place,
}

impl Place {
    /// The beginning.
    pub const FIRST: Place = Place { offset: 0, line: 1, column: 1 };

    /// The place after these bytes.
    #[must_use]
    pub fn after(mut self, bytes: &[u8]) -> Place {
        self.offset += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let tail = match bytes.iter().rposition(|byte| *byte == b'\n') {
            None => bytes,
            Some(last) => {
                self.line += bytes.iter().filter(|byte| **byte == b'\n').count();
                self.column = 1;
                bytes.get(last + 1..).unwrap_or_default()
            }
        };
        // Every byte but those that go on with a character begins one.
        self.column += tail.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl<R: Read> Bytes<R> {
    pub(super) fn new(from: R) -> Bytes<R> {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Bytes { from, buffer, start: 0, end: 0, place: Place::FIRST }
    }

    /// Where the next byte stands.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// What of the input is in the buffer; empty only at the end.
    pub(super) fn rest(&mut self) -> io::Result<&[u8]> {
        while self.start == self.end {
            self.start = 0;
            match self.from.read(&mut self.buffer) {
                Ok(0) => {
                    self.end = 0;
                    return Ok(&[]);
                }
                Ok(read) => self.end = read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => self.end = 0,
                Err(error) => {
                    self.end = 0;
                    return Err(error);
                }
            }
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    /// Goes past bytes of `rest`.
    pub(super) fn pass(&mut self, bytes: usize) {
        let to = (self.start + bytes).min(self.end);
        self.place = self.place.after(self.buffer.get(self.start..to).unwrap_or_default());
        self.start = to;
    }

    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.rest()?.first().copied())
    }

    pub(super) fn take(&mut self) {
        self.pass(1);
    }

    /// Goes past white space and line ends.
    pub(super) fn skip_blanks(&mut self) -> io::Result<()> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    /// Goes past white space within the line.
    pub(super) fn skip_spaces(&mut self) -> io::Result<()> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
    }

    /// Goes to the end of the line.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        self.skip_while(|byte| byte != b'\n')
    }

    fn skip_while(&mut self, skips: impl Fn(u8) -> bool) -> io::Result<()> {
        loop {
            let rest = self.rest()?;
            let length = rest.len();
            let skipped = rest.iter().position(|byte| !skips(*byte)).unwrap_or(length);
            self.pass(skipped);
            if skipped < length || length == 0 {
                return Ok(());
            }
        }
    }

    /// Goes past a UTF-8 byte order mark; the name of the encoding when it is another's.
    pub(super) fn skip_byte_order_mark(&mut self) -> io::Result<Option<&'static str>> {
        let rest = self.rest()?;
        if rest.starts_with(&[0xFF, 0xFE]) || rest.starts_with(&[0xFE, 0xFF]) {
            return Ok(Some("UTF-16"));
        }
        if rest.first() == Some(&0xEF) {
            for expected in [0xEF, 0xBB, 0xBF] {
                if self.peek()? != Some(expected) {
                    return Ok(Some("no known encoding"));
                }
                self.take();
            }
            self.place = Place { column: 1, ..self.place };
        }
        Ok(None)
    }

    /// What stands here, in few words.
    pub(super) fn word(&mut self) -> io::Result<String> {
        let rest = self.rest()?;
        if rest.is_empty() {
            return Ok("the end of the input".to_owned());
        }
        let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let end = rest.iter().skip(1).position(ends).map_or(rest.len(), |place| place + 1);
        let shown = rest.get(..end.min(24)).unwrap_or_default();
        let text: String = String::from_utf8_lossy(shown)
            .chars()
            .filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER)
            .collect();
        Ok(if text.is_empty() { format!("the byte {:#04x}", rest[0]) } else { format!("{text:?}") })
    }
}

impl<R> fmt::Debug for Bytes<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.place)
    }
}
