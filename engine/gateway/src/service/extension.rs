//! What clients say in `exp_content`: a text that holds an object of JSON, with names in any capitals.

use serde_json::Value;

use crate::value::Text;

/// What of it is understood.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(super) struct Extension {
    /// `TRUM_FLAG` 外伤标志
    pub(super) accident: Option<bool>,
    /// `REL_TTP_FLAG` 涉及第三方标志
    pub(super) third_party: Option<bool>,
}

impl Extension {
    /// What is not JSON, or says nothing that is understood, says nothing.
    pub(super) fn of(text: Option<&Text<'_>>) -> Extension {
        let read = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let Some(Value::Object(object)) = read else { return Extension::default() };
        let flag = |name: &str| {
            let (_, value) = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            match value {
                Value::String(text) => Some(text.trim() == "1"),
                Value::Number(number) => Some(number.as_u64() == Some(1)),
                Value::Bool(said) => Some(*said),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            }
        };
        Extension { accident: flag("TRUM_FLAG"), third_party: flag("REL_TTP_FLAG") }
    }
}

#[cfg(test)]
mod tests {
    use super::Extension;

    #[test]
    fn flags_are_read_whatever_their_capitals_and_kind() {
        let of = |text: &'static str| Extension::of(Some(&text.into()));
        let both = Extension { accident: Some(true), third_party: Some(false) };
        assert_eq!(of(r#"{"TRUM_FLAG":"1","rel_ttp_flag":0}"#), both);
        assert_eq!(of("not JSON"), Extension::default());
        assert_eq!(of("[1]"), Extension::default());
        assert_eq!(Extension::of(None), Extension::default());
    }
}
