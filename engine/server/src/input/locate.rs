//! Where a field stands in the text of a case: from its path to its place.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Place;
use crate::case::CaseError;

/// Where a case or a command is wrong: at the field that it names, else where its reader stood. A field said twice and what is
/// wrong with the whole stand there too; what the whole lacks stands nowhere, and is told at its begin.
pub fn place_of(text: &str, first: Place, wrong: &CaseError) -> Place {
    let lacks = wrong.what.starts_with("missing field");
    let by_reader = wrong.what.starts_with("duplicate field") || (wrong.field == "." && !lacks);
    let field = if by_reader { None } else { locate(text, &wrong.field) };
    let at = field.unwrap_or_else(|| {
        let lines = wrong.line.saturating_sub(first.line);
        let start = text.split_inclusive('\n').take(lines).map(str::len).sum::<usize>();
        start + wrong.column.saturating_sub(1)
    });
    let bytes = text.as_bytes();
    first.after(bytes.get(..at).unwrap_or(bytes))
}

/// The byte at which the value of a path (`lines[3].cnt`, `member.psn_no`, `.`) begins in a JSON text; of a field that is
/// not there, the byte of the nearest value around it. `None` when the text is not JSON.
pub fn locate(text: &str, path: &str) -> Option<usize> {
    let mut rest = serde_json::from_str::<&RawValue>(text).ok()?.get();
    for step in path.split('.').flat_map(|part| part.split('[')).filter(|step| !step.is_empty()) {
        let below = match step.strip_suffix(']') {
            Some(index) => {
                let rows: Vec<&RawValue> = serde_json::from_str(rest).ok()?;
                index.parse().ok().and_then(|index: usize| rows.get(index).copied())
            }
            None => {
                let fields: BTreeMap<String, &RawValue> =
                    serde_json::from_str(rest).unwrap_or_default();
                fields.get(step).copied()
            }
        };
        match below {
            Some(below) => rest = below.get(),
            None => break,
        }
    }
    // What was borrowed lies inside the text.
    rest.as_ptr().addr().checked_sub(text.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_path() {
        let text = r#" {"a": {"b": [1, {"c": "x"}]}} "#;
        let at = |path| locate(text, path).map(|at| &text[at..at + 3]);
        assert_eq!(at("a.b[1].c"), Some("\"x\""));
        assert_eq!(at("a.b[0]"), Some("1, "));
        assert_eq!(at("a.z"), Some("{\"b"));
        assert_eq!(at("."), Some("{\"a"));
        assert_eq!(locate("{", "a"), None);
    }
}
