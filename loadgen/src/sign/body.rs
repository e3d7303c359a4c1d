//! The body of a call, written in one pass, and what of it is signed in `cainfo`.

/// The whole envelope: its fields as they come, `cainfo`, and the input as it is.
pub(super) fn written(envelope: &[(&str, &str)], cainfo: &str, input: &str) -> Vec<u8> {
    // Quotes, colon and comma of each field; most values need no escapes.
    let fields: usize = envelope.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
    let mut to = Vec::with_capacity(fields + cainfo.len() + input.len() + 32);
    to.push(b'{');
    for (name, value) in envelope {
        text(name, &mut to);
        to.push(b':');
        text(value, &mut to);
        to.push(b',');
    }
    to.extend_from_slice(b"\"cainfo\":");
    text(cainfo, &mut to);
    to.extend_from_slice(b",\"input\":");
    to.extend_from_slice(input.as_bytes());
    to.push(b'}');
    to
}

fn text(value: &str, to: &mut Vec<u8>) {
    serde_json::to_writer(to, value).expect("a vector takes every text");
}

/// The transaction that an envelope names; empty where it names none.
pub(super) fn infno<'e>(envelope: &[(&str, &'e str)]) -> &'e str {
    envelope.iter().find(|(name, _)| *name == "infno").map_or("", |(_, value)| value)
}

/// `k=v` of all fields in the order of their names, `&` between.
pub(super) fn signed_in_cainfo(envelope: &[(&str, &str)]) -> String {
    let mut fields: Vec<&(&str, &str)> = envelope.iter().collect();
    fields.sort_unstable();
    let length = fields.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut to = String::with_capacity(length);
    for (name, value) in fields {
        if !to.is_empty() {
            to.push('&');
        }
        to.push_str(name);
        to.push('=');
        to.push_str(value);
    }
    to
}
