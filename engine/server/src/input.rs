//! Cases out of a file or a pipe, one after another: one case, a JSON array of them, or one a line, of any length and in
//! bounded memory. Only where a case begins and ends is decided here; what stands in it is `case`'s business.

mod bytes;
mod locate;
mod scan;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use scan::{Scan, Step};

pub use bytes::Place;
pub use locate::{locate, place_of};

/// The most bytes that one case may have: fifty times a bill of 1,500 lines.
pub const CASE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Cases of an input in their order.
#[derive(Debug)]
pub struct Cases<R> {
    from: Bytes<R>,
    layout: Layout,
    text: Vec<u8>,
    number: u64,
}

/// The text of one case, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct CaseText<'a> {
    /// Number of the case in its input, from 1.
    pub number: u64,
    /// The object.
    pub text: &'a str,
    /// Where its first byte stands.
    pub first: Place,
}

/// Why a case, or what is left of an input, could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The system could not read on.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// What stands there is no case.
    #[error("{at}: {what}")]
    Text {
        /// Number of the case; none between cases.
        number: Option<u64>,
        /// Where.
        at: Place,
        /// What is found and what was expected.
        what: String,
    },
}

/// How cases are laid out.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
enum Layout {
    /// Nothing was read yet; `true` when the caller says that every line is a case.
    Start(bool),
    /// Objects with white space between, each over as many lines as it likes.
    Spread,
    /// One object a line.
    Lines,
    /// In an array, before its first element.
    ArrayFirst,
    /// In an array, after an element.
    ArrayNext,
    /// In an array, at an element that was found where a comma should be.
    ArrayHere,
    /// Nothing more can be read.
    End,
}

/// How reading an object ended.
enum Taken {
    Whole,
    Wrong(Place, String),
    Oversized,
}

/// Opens an input: a path, or `-` for what is piped in. The second part is its length, where it is known.
///
/// # Errors
/// The file cannot be opened.
pub fn open(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let length = about.is_file().then_some(about.len());
    Ok((Box::new(file), length))
}

impl<R: Read> Cases<R> {
    /// Cases of a reader. With `lines`, every line is a case; otherwise the layout is seen from the beginning.
    pub fn new(from: R, lines: bool) -> Cases<R> {
        Cases { from: Bytes::new(from), layout: Layout::Start(lines), text: Vec::new(), number: 0 }
    }

    /// How many bytes were read.
    pub fn bytes_read(&self) -> u64 {
        self.from.place().offset
    }

    /// The next case, or why it cannot be read; `None` at the end. After an error the next call goes on with the next
    /// case where it is certain where that begins, and otherwise ends.
    pub fn next_case(&mut self) -> Option<Result<CaseText<'_>, InputError>> {
        match self.advance() {
            Ok(None) => None,
            Ok(Some(first)) => Some(self.read_object(first)),
            Err(error) => {
                if !matches!(error, InputError::Text { .. }) {
                    self.layout = Layout::End;
                }
                Some(Err(error))
            }
        }
    }

    /// Goes to the first byte of the next object.
    fn advance(&mut self) -> Result<Option<Place>, InputError> {
        if let Layout::Start(lines) = self.layout
            && !self.begin(lines)?
        {
            return Ok(None);
        }
        match self.layout {
            Layout::End | Layout::Start(_) => Ok(None),
            Layout::Spread | Layout::Lines => {
                self.from.skip_blanks()?;
                match self.from.peek()? {
                    None => Ok(None),
                    Some(b'{') => Ok(Some(self.from.place())),
                    Some(_) => {
                        let at = self.from.place();
                        let found = self.from.word()?;
                        let what = format!("expected a case, which begins with {{, found {found}");
                        if self.layout == Layout::Lines {
                            self.number += 1;
                            self.from.skip_line()?;
                            return Err(self.wrong(at, what));
                        }
                        self.layout = Layout::End;
                        Err(between(at, what))
                    }
                }
            }
            Layout::ArrayHere => Ok(Some(self.from.place())),
            Layout::ArrayFirst | Layout::ArrayNext => self.advance_in_array(),
        }
    }

    /// Sees from its first bytes how the input is laid out; `false` when there is nothing.
    fn begin(&mut self, lines: bool) -> Result<bool, InputError> {
        if let Some(other) = self.from.skip_byte_order_mark()? {
            self.layout = Layout::End;
            let what =
                format!("expected UTF-8, found the byte order mark of {other}: save it as UTF-8");
            return Err(between(Place::FIRST, what));
        }
        self.from.skip_blanks()?;
        let at = self.from.place();
        self.layout = match self.from.peek()? {
            _ if lines => Layout::Lines,
            Some(b'[') => {
                self.from.take();
                Layout::ArrayFirst
            }
            Some(b'{') => Layout::Spread,
            None => {
                self.layout = Layout::End;
                return Err(between(at, "expected a case, found nothing".to_owned()));
            }
            Some(_) => {
                self.layout = Layout::End;
                let found = self.from.word()?;
                let what = format!(
                    "expected a case, which begins with {{, or an array of cases, found {found}"
                );
                return Err(between(at, what));
            }
        };
        Ok(true)
    }

    fn advance_in_array(&mut self) -> Result<Option<Place>, InputError> {
        self.from.skip_blanks()?;
        let at = self.from.place();
        let first = self.layout == Layout::ArrayFirst;
        match self.from.peek()? {
            Some(b']') => self.close_array(),
            Some(b'{') if first => Ok(Some(at)),
            Some(b'{') => {
                self.layout = Layout::ArrayHere;
                Err(between(
                    at,
                    "expected a comma between two cases, found the next case".to_owned(),
                ))
            }
            Some(b',') if !first => {
                self.from.take();
                self.from.skip_blanks()?;
                match self.from.peek()? {
                    Some(b'{') => Ok(Some(self.from.place())),
                    Some(b']') => {
                        // The cases before were whole: the comma alone is too many.
                        self.layout = Layout::ArrayNext;
                        Err(between(
                            at,
                            "expected a case after this comma, found the end of the array"
                                .to_owned(),
                        ))
                    }
                    Some(_) | None => Err(self.lost_in_array("a case after the comma")?),
                }
            }
            Some(_) | None if first => Err(self.lost_in_array("a case, or `]`")?),
            Some(_) | None => Err(self.lost_in_array("a comma, or `]` at the end of the array")?),
        }
    }

    fn close_array(&mut self) -> Result<Option<Place>, InputError> {
        self.from.take();
        self.layout = Layout::End;
        self.from.skip_blanks()?;
        if self.from.peek()?.is_none() {
            return Ok(None);
        }
        let at = self.from.place();
        let found = self.from.word()?;
        Err(between(at, format!("expected nothing after the array, found {found}")))
    }

    fn lost_in_array(&mut self, expected: &str) -> Result<InputError, InputError> {
        self.layout = Layout::End;
        let at = self.from.place();
        let found = self.from.word()?;
        Ok(between(at, format!("expected {expected}, found {found}")))
    }

    fn read_object(&mut self, first: Place) -> Result<CaseText<'_>, InputError> {
        self.number += 1;
        let number = self.number;
        let taken = match self.take_object() {
            Ok(taken) => taken,
            Err(error) => {
                self.layout = Layout::End;
                return Err(error.into());
            }
        };
        let last = self.from.place();
        let after = self.after_object(&taken, first, last)?;
        match taken {
            Taken::Oversized => {
                let bytes = last.offset - first.offset;
                let what = format!(
                    "the case is {bytes} bytes long; a case has at most {CASE_BYTES_MAX} (16 MB)"
                );
                Err(self.wrong(first, what))
            }
            Taken::Wrong(at, what) => Err(self.wrong(at, what)),
            Taken::Whole => match (after, str::from_utf8(&self.text)) {
                (Some(error), _) => Err(error),
                (None, Ok(text)) => Ok(CaseText { number, text, first }),
                (None, Err(error)) => {
                    let at = first.after(self.text.get(..error.valid_up_to()).unwrap_or_default());
                    let byte = self.text.get(error.valid_up_to()).copied().unwrap_or_default();
                    let what = format!(
                        "expected UTF-8, found the byte {byte:#04x}: convert a GBK or GB18030 file first"
                    );
                    Err(self.wrong(at, what))
                }
            },
        }
    }

    /// Settles where the next case can begin; an error when something stands right behind this one.
    fn after_object(
        &mut self,
        taken: &Taken,
        first: Place,
        last: Place,
    ) -> Result<Option<InputError>, InputError> {
        if matches!(self.layout, Layout::ArrayFirst | Layout::ArrayNext | Layout::ArrayHere) {
            let lost = matches!(taken, Taken::Wrong(..));
            self.layout = if lost { Layout::End } else { Layout::ArrayNext };
            return Ok(None);
        }
        if matches!(taken, Taken::Wrong(..)) {
            self.lose_line()?;
            return Ok(None);
        }
        self.from.skip_spaces()?;
        match self.from.peek()? {
            None => Ok(None),
            Some(b'\n') => {
                if self.layout == Layout::Spread && self.number == 1 && first.line == last.line {
                    self.layout = Layout::Lines;
                }
                Ok(None)
            }
            Some(_) => {
                let at = self.from.place();
                let found = self.from.word()?;
                self.lose_line()?;
                let what = format!("expected the end of the line after the case, found {found}");
                Ok(Some(self.wrong(at, what)))
            }
        }
    }

    /// After what is no case: with one case a line the next line may be one, else nothing is certain any more.
    fn lose_line(&mut self) -> io::Result<()> {
        if self.layout == Layout::Lines {
            return self.from.skip_line();
        }
        self.layout = Layout::End;
        Ok(())
    }

    /// Takes in one object, from its brace to its brace.
    fn take_object(&mut self) -> io::Result<Taken> {
        self.text.clear();
        let lines = self.layout == Layout::Lines;
        let mut scan = Scan::new(lines);
        let mut oversized = false;
        loop {
            let bytes = self.from.rest()?;
            if bytes.is_empty() {
                let what = match lines {
                    true => "the case is cut off: the line ends before its last brace".to_owned(),
                    false => format!(
                        "the case is cut off: the input ends inside {}; if every line is a case, say --jsonl",
                        scan.inside()
                    ),
                };
                return Ok(Taken::Wrong(self.from.place(), what));
            }
            let (taken, step) = scan.run(bytes);
            let part = bytes.get(..taken).unwrap_or_default();
            oversized = oversized || self.text.len() + part.len() > CASE_BYTES_MAX;
            if oversized {
                self.text = Vec::new();
            } else {
                self.text.extend_from_slice(part);
            }
            self.from.pass(taken);
            match step {
                Step::On => {}
                Step::End if oversized => return Ok(Taken::Oversized),
                Step::End => return Ok(Taken::Whole),
                Step::Wrong(what) => return Ok(Taken::Wrong(self.from.place(), what)),
            }
        }
    }

    /// What is wrong with the case that was begun last.
    fn wrong(&self, at: Place, what: String) -> InputError {
        InputError::Text { number: Some(self.number), at, what }
    }
}

/// What is wrong between cases.
fn between(at: Place, what: String) -> InputError {
    InputError::Text { number: None, at, what }
}
