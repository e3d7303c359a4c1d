//! Where a JSON object ends: texts and brackets are followed, nothing else is looked at.

/// Brackets within brackets, as many as the JSON reader goes down.
const DEPTH_MAX: u32 = 127;

/// Follows one object from its first brace.
pub(super) struct Scan {
    /// Whether the object must end on its line.
    one_line: bool,
    depth: u32,
    /// For every open bracket, from the innermost bit, whether it is a brace.
    braces: u128,
    inside: Inside,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Inside {
    Value,
    Text,
    Escape,
}

/// What became of the bytes.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// The object goes on.
    On,
    /// The object ends with the last byte taken.
    End,
    /// The next byte cannot stand there.
    Wrong(String),
}

impl Scan {
    pub(super) fn new(one_line: bool) -> Scan {
        Scan { one_line, depth: 0, braces: 0, inside: Inside::Value }
    }

    /// In what the next byte stands.
    pub(super) fn inside(&self) -> &'static str {
        match self.inside {
            Inside::Text | Inside::Escape => "a text",
            Inside::Value if self.braces & 1 == 1 => "an object",
            Inside::Value => "an array",
        }
    }

    /// Follows bytes as far as the object goes, and says how many that were.
    pub(super) fn run(&mut self, bytes: &[u8]) -> (usize, Step) {
        for (place, byte) in bytes.iter().enumerate() {
            match self.step(*byte) {
                Step::On => {}
                Step::End => return (place + 1, Step::End),
                Step::Wrong(what) => return (place, Step::Wrong(what)),
            }
        }
        (bytes.len(), Step::On)
    }

    #[inline]
    fn step(&mut self, byte: u8) -> Step {
        match self.inside {
            Inside::Escape => self.inside = Inside::Text,
            Inside::Text => match byte {
                b'"' => self.inside = Inside::Value,
                b'\\' => self.inside = Inside::Escape,
                b'\n' => return Step::Wrong("a text is not closed on its line".to_owned()),
                _ => {}
            },
            Inside::Value => match byte {
                b'"' => self.inside = Inside::Text,
                b'{' | b'[' => return self.open(byte == b'{'),
                b'}' | b']' => return self.close(byte == b'}'),
                b'\n' if self.one_line => {
                    let what = "the case is cut off: the line ends before its last brace";
                    return Step::Wrong(what.to_owned());
                }
                _ => {}
            },
        }
        Step::On
    }

    fn open(&mut self, brace: bool) -> Step {
        if self.depth == DEPTH_MAX {
            return Step::Wrong(format!("brackets go deeper than {DEPTH_MAX}"));
        }
        self.depth += 1;
        self.braces = self.braces << 1 | u128::from(brace);
        Step::On
    }

    fn close(&mut self, brace: bool) -> Step {
        if (self.braces & 1 == 1) != brace {
            let (expected, found) = if brace { (']', '}') } else { ('}', ']') };
            return Step::Wrong(format!("expected `{expected}`, found `{found}`"));
        }
        self.depth -= 1;
        self.braces >>= 1;
        if self.depth == 0 { Step::End } else { Step::On }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_ends_at_its_own_brace_however_it_is_cut() {
        let text = br#"{"a": "}\"]{", "b": [{}, [1, {"c": "\\"}]]} {"next": 1}"#;
        let whole = text.len() - br#" {"next": 1}"#.len();
        for cut in 0..whole {
            let mut scan = Scan::new(false);
            assert_eq!(scan.run(&text[..cut]), (cut, Step::On));
            assert_eq!(scan.run(&text[cut..]), (whole - cut, Step::End));
        }
    }

    #[test]
    fn brackets_must_match_and_lines_must_hold() {
        let wrong = |text: &str, one_line| match Scan::new(one_line).run(text.as_bytes()) {
            (at, Step::Wrong(what)) => (at, what),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(wrong(r#"{"a": [}"#, false), (7, "expected `]`, found `}`".to_owned()));
        assert_eq!(wrong("{\"a\n", false).0, 3);
        assert_eq!(wrong("{\n", true).0, 1);
        assert_eq!(wrong(&"{".repeat(200), false).0, 127);
    }
}
