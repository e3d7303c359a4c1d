//! The names a policy file declares, and the search for one: an unknown name is answered with the nearest and with all known.

use super::finding::Sink;
use super::read::Value;

/// The ids of one kind of thing, in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// What they name, for messages: "slot".
    pub(super) kind: &'static str,
    names: Vec<(String, u32)>,
    reserved: &'static [&'static str],
}

impl Names {
    pub(super) fn new(kind: &'static str, reserved: &'static [&'static str]) -> Names {
        Names { kind, names: Vec::new(), reserved }
    }

    /// A name that is there without being written, as the line kind `ordinary`.
    pub(super) fn with(mut self, name: &str) -> Names {
        self.names.push((name.to_owned(), 0));
        self
    }

    /// Takes a name in; a second one of the same text is an error that names both lines.
    pub(super) fn declare(&mut self, sink: &Sink<'_>, value: Option<Value<'_>>, at: usize) {
        let text = value.and_then(Value::name).unwrap_or("");
        let at = value.map_or(at, Value::at);
        let kind = self.kind;
        if self.reserved.contains(&text) {
            let message = format!("the {kind} cannot be called \"{text}\"");
            sink.unexpected(at, message, "another name: conditions use this one themselves");
        }
        let other = self.names.iter().find(|(name, _)| !text.is_empty() && name == text);
        match other {
            Some((_, 0)) => {
                sink.error(at, format!("the {kind} \"{text}\" is there without being declared"));
            }
            Some((_, line)) => {
                sink.error(
                    at,
                    format!("the {kind} \"{text}\" is declared twice, first on line {line}"),
                );
            }
            None => {}
        }
        // Kept also when it is wrong, so that indices go on counting rows.
        self.names.push((text.to_owned(), sink.line(at)));
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The index of a name, without a message.
    pub(super) fn position(&self, text: &str) -> Option<u16> {
        let index = self.names.iter().position(|(name, _)| name == text)?;
        u16::try_from(index).ok()
    }

    /// The index of the name a value gives; an unknown one is an error that lists the known.
    pub(super) fn find(&self, sink: &Sink<'_>, value: Value<'_>) -> Option<u16> {
        let text = value.text()?;
        let found = self.position(text);
        if found.is_none() {
            let known: Vec<&str> = self.list().collect();
            unknown(sink, value.at(), self.kind, text, &known);
        }
        found
    }

    /// The names in order.
    pub(super) fn list(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    /// The line on which a name is declared, nought where it is not written.
    pub(super) fn line(&self, index: usize) -> u32 {
        self.names.get(index).map_or(0, |(_, line)| *line)
    }

    pub(super) fn get(&self, index: u16) -> &str {
        self.names.get(usize::from(index)).map_or("", |(name, _)| name.as_str())
    }
}

/// Reports a name that is none of the known.
pub(super) fn unknown(sink: &Sink<'_>, at: usize, kind: &str, text: &str, known: &[&str]) {
    let message = format!("unknown {kind} \"{text}\"");
    let expected = match known {
        [] => format!("the id of a declared {kind}, but there is none"),
        _ => format!("one of {}", quoted(known)),
    };
    match nearest(text, known) {
        Some(near) => sink.mendable(at, message, &expected, format!("did you mean \"{near}\"?")),
        None => sink.unexpected(at, message, &expected),
    }
}

/// The known text that differs least, if it differs little.
pub(super) fn nearest<'k>(text: &str, known: &[&'k str]) -> Option<&'k str> {
    // Two or three characters apart is near only for long texts; of one or two nothing is near.
    let length = text.chars().count();
    let bound = if length < 3 { 0 } else { (length / 3).max(1) };
    let near = known.iter().map(|name| (distance(text, name), *name)).min();
    near.filter(|(steps, _)| *steps <= bound).map(|(_, name)| name)
}

/// Texts in quotes with commas, at most a dozen of them.
pub(super) fn quoted(texts: &[&str]) -> String {
    let shown: Vec<String> = texts.iter().take(12).map(|text| format!("\"{text}\"")).collect();
    let more = texts.len().saturating_sub(12);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    shown.join(", ") + &rest
}

/// Insertions, deletions and replacements of characters from one text to another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, of_a) in a.chars().enumerate() {
        let mut line = vec![row + 1];
        for (column, of_b) in b.iter().enumerate() {
            let replaced = above[column] + usize::from(of_a != *of_b);
            line.push(replaced.min(above[column + 1] + 1).min(line[column] + 1));
        }
        above = line;
    }
    above[b.len()]
}
