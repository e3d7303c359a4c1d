//! Messages made from the table of fields: whole and right, so that tests can change one thing of them.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::fmt;

use yidan_gateway::table::{Field, Kind, Node, When};

/// JSON whose objects may have a key twice and whose numbers are texts of any form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    /// As it is written.
    Raw(String),
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Raw(text) => f.write_str(text),
            Json::Object(fields) => {
                f.write_str("{")?;
                for (at, (key, value)) in fields.iter().enumerate() {
                    write!(f, "{}{key:?}:{value}", if at > 0 { "," } else { "" })?;
                }
                f.write_str("}")
            }
            Json::Array(rows) => {
                f.write_str("[")?;
                for (at, row) in rows.iter().enumerate() {
                    write!(f, "{}{row}", if at > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// What an object holds.
pub(crate) type Keys = Vec<(String, Json)>;

/// A text of JSON.
pub(crate) fn quoted(text: &str) -> Json {
    Json::Raw(serde_json::to_string(text).expect("a text"))
}

/// Which fields a message has.
#[derive(Copy, Clone, PartialEq, Debug)]
pub(crate) enum Fields {
    All,
    Required,
}

/// A right message of a node, each array with one row.
pub(crate) fn message(node: &'static Node, which: Fields) -> Json {
    if node.is_bare() {
        return value(&node.fields[0], which);
    }
    let needed = |field: &&'static Field| {
        let called = match field.when {
            When::Never | When::Equals(_, _) | When::Present(_) => false,
            When::Absent(at) => !node.fields[at].required,
        };
        which == Fields::All || field.required || called
    };
    let fields = node.fields.iter().filter(needed);
    Json::Object(fields.map(|field| (field.name.to_owned(), value(field, which))).collect())
}

/// A right value of a field. Codes have no nought before them where one such is in the table.
pub(crate) fn value(field: &'static Field, which: Fields) -> Json {
    match field.kind {
        Kind::Text(most) | Kind::Serial(most) => quoted(&text(field, most)),
        Kind::Amount | Kind::Quantity | Kind::Price => Json::Raw("12".to_owned()),
        Kind::Decimal(_, _) | Kind::Integer(_) => Json::Raw("1".to_owned()),
        Kind::Flag => Json::Raw("true".to_owned()),
        Kind::Date => quoted("2026-01-02"),
        Kind::Datetime => quoted("2026-01-02 00:00:00"),
        Kind::Bytes => Json::Raw("[80,75,-1]".to_owned()),
        Kind::Raw => Json::Object(Vec::new()),
        Kind::One(child) => message(child, which),
        Kind::Many(child) => Json::Array(vec![message(child, which)]),
    }
}

fn text(field: &Field, most: u32) -> String {
    match field.codes {
        Some(codes) => {
            let fits = |code: &&str| code.len() <= most as usize;
            let all = || codes.codes.iter().map(|(code, _)| *code);
            let bare = all().find(|code| !code.starts_with('0') && fits(code));
            bare.or_else(|| all().find(fits)).expect("a code that fits").to_owned()
        }
        None => "7".to_owned(),
    }
}

/// Every value of a message with the field it is of: its place as keys and rows, the node's path before it.
pub(crate) fn leaves(node: &'static Node) -> Vec<(Vec<Step>, &'static Node, &'static Field)> {
    let mut found = Vec::new();
    gather(node, &mut Vec::new(), &mut found);
    found
}

/// A step into a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Key(&'static str),
    Row,
}

fn gather(
    node: &'static Node,
    way: &mut Vec<Step>,
    found: &mut Vec<(Vec<Step>, &'static Node, &'static Field)>,
) {
    for field in node.fields {
        if !node.is_bare() {
            way.push(Step::Key(field.name));
        }
        if let Kind::One(child) = field.kind {
            gather(child, way, found);
        } else if let Kind::Many(child) = field.kind {
            way.push(Step::Row);
            gather(child, way, found);
            way.pop();
        } else {
            found.push((way.clone(), node, field));
        }
        if !node.is_bare() {
            way.pop();
        }
    }
}

impl Json {
    /// The value at a place; what is not there is made `null`.
    pub(crate) fn at(&mut self, way: &[Step]) -> &mut Json {
        let Some((first, rest)) = way.split_first() else { return self };
        let inner = match (self, first) {
            (Json::Object(fields), Step::Key(name)) => {
                let at = fields.iter().position(|(key, _)| key == name).unwrap_or_else(|| {
                    fields.push(((*name).to_owned(), Json::Raw("null".to_owned())));
                    fields.len() - 1
                });
                &mut fields[at].1
            }
            (Json::Array(rows), Step::Row) => &mut rows[0],
            (other, step) => panic!("{step:?} into {other}"),
        };
        inner.at(rest)
    }

    /// Without what stands at a place.
    pub(crate) fn without(mut self, way: &[Step]) -> Json {
        let (Some(Step::Key(last)), before) = (way.last(), &way[..way.len() - 1]) else {
            panic!("a field stands under a key")
        };
        if let Json::Object(fields) = self.at(before) {
            fields.retain(|(key, _)| key != last);
        }
        self
    }

    /// With another value at a place.
    pub(crate) fn with(mut self, way: &[Step], value: Json) -> Json {
        *self.at(way) = value;
        self
    }

    /// Every object of it, changed.
    pub(crate) fn each_object(self, change: &dyn Fn(Keys) -> Keys) -> Json {
        match self {
            Json::Raw(text) => Json::Raw(text),
            Json::Array(rows) => {
                Json::Array(rows.into_iter().map(|row| row.each_object(change)).collect())
            }
            Json::Object(fields) => {
                let inner = fields.into_iter().map(|(key, value)| (key, value.each_object(change)));
                Json::Object(change(inner.collect()))
            }
        }
    }
}
