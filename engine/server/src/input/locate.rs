//! Where a field stands in the text of a case: from its path to its place.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

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
