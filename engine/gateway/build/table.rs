//! Reads the table of fields, and says which row is wrong before anything is made from it.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

pub(crate) type Fallible<T> = Result<T, Box<dyn Error>>;

/// A row of `fields.csv`.
pub(crate) struct Field {
    pub(crate) infno: String,
    pub(crate) direction: String,
    /// The path of its node; empty for what stands directly in `input` or `output`.
    pub(crate) node: String,
    /// Its number in the node, which digests of requests keep: never given to another field.
    pub(crate) no: u16,
    pub(crate) name: String,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) kind: String,
    pub(crate) digits: Option<u32>,
    pub(crate) decimals: Option<u32>,
    pub(crate) codes: String,
    pub(crate) dictionary: bool,
    pub(crate) required: bool,
    pub(crate) borne: String,
    pub(crate) when: String,
    pub(crate) private: bool,
    pub(crate) also: String,
    pub(crate) note: String,
    pub(crate) source: String,
}

/// A row of `transactions.csv`.
pub(crate) struct Transaction {
    pub(crate) infno: String,
    pub(crate) like: String,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) effect: String,
    pub(crate) paths: Vec<String>,
    pub(crate) source: String,
}

/// A row of `code_tables.csv` with its rows of `codes.csv`.
pub(crate) struct Codes {
    pub(crate) name: String,
    pub(crate) zh: String,
    pub(crate) closed: bool,
    pub(crate) note: String,
    pub(crate) source: String,
    pub(crate) codes: Vec<(String, String)>,
}

/// All of them.
pub(crate) struct Table {
    pub(crate) fields: Vec<Field>,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) codes: Vec<Codes>,
}

impl Field {
    pub(crate) fn is_node(&self) -> bool {
        matches!(self.kind.as_str(), "one" | "many")
    }

    /// The path of the node that it is.
    pub(crate) fn own_path(&self) -> String {
        if self.node.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.node, self.name)
        }
    }

    /// Whether a lenient profile bears that it is absent although it is required.
    pub(crate) fn may_be_absent(&self) -> bool {
        self.borne.split(' ').any(|word| word == "absent")
    }

    /// How long a lenient profile bears it.
    pub(crate) fn longest_borne(&self) -> Option<u32> {
        self.borne.split(' ').find_map(|word| word.strip_prefix("long:")?.parse().ok())
    }
}

impl Table {
    pub(crate) fn read(folder: &Path) -> Fallible<Table> {
        let mut table = Table { fields: Vec::new(), transactions: Vec::new(), codes: Vec::new() };
        for row in rows(&folder.join("transactions.csv"), 7)? {
            let [infno, like, zh, en, effect, paths, source] = array(row)?;
            let paths = paths.split_whitespace().map(str::to_owned).collect();
            table.transactions.push(Transaction { infno, like, zh, en, effect, paths, source });
        }
        for row in rows(&folder.join("code_tables.csv"), 5)? {
            let [name, zh, closed, note, source] = array(row)?;
            let closed = closed == "Y";
            table.codes.push(Codes { name, zh, closed, note, source, codes: Vec::new() });
        }
        for row in rows(&folder.join("codes.csv"), 3)? {
            let [name, code, zh] = array(row)?;
            let of = table.codes.iter_mut().find(|codes| codes.name == name);
            of.ok_or_else(|| format!("codes.csv: no table {name}"))?.codes.push((code, zh));
        }
        for row in rows(&folder.join("fields.csv"), 19)? {
            table.fields.push(field(array(row)?)?);
        }
        Ok(table)
    }

    /// The fields of a node.
    pub(crate) fn node(&self, infno: &str, direction: &str, node: &str) -> Vec<&Field> {
        let of = |field: &&Field| {
            field.infno == infno && field.direction == direction && field.node == node
        };
        self.fields.iter().filter(of).collect()
    }

    /// What must hold of the table.
    pub(crate) fn check(&self) -> Fallible<()> {
        let mut names = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        for field in &self.fields {
            let node = (&field.infno, &field.direction, &field.node);
            let place = format!("{} {} {} {}", node.0, node.1, node.2, field.name);
            let unique = names.insert((node, &field.name)) && numbers.insert((node, field.no));
            wrong(!unique, &place, "its name or number stands twice in its node")?;
            wrong(field.no == 0, &place, "numbers begin with 1")?;
            let known = self.codes.iter().any(|codes| codes.name == field.codes);
            wrong(!field.codes.is_empty() && !known, &place, "its table of codes is not there")?;
            let inside = !self.node(node.0, node.1, &field.own_path()).is_empty();
            wrong(field.is_node() && !inside, &place, "a node without fields")?;
            let of = self.transactions.iter().any(|one| one.infno == field.infno);
            wrong(!of && field.infno != "envelope", &place, "no such transaction")?;
        }
        for one in &self.transactions {
            let of = if one.like.is_empty() { &one.infno } else { &one.like };
            let place = format!("transaction {}", one.infno);
            wrong(self.node(of, "in", "").is_empty(), &place, "it has no input")?;
        }
        Ok(())
    }
}

fn wrong(is: bool, place: &str, why: &str) -> Fallible<()> {
    if is { Err(format!("fields: {place}: {why}").into()) } else { Ok(()) }
}

pub(crate) fn rows(path: &Path, columns: usize) -> Fallible<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for record in csv::Reader::from_path(path)?.records() {
        let row: Vec<String> = record?.iter().map(str::to_owned).collect();
        if row.len() != columns {
            return Err(format!("{}: {row:?}", path.display()).into());
        }
        rows.push(row);
    }
    Ok(rows)
}

pub(crate) fn array<const N: usize>(row: Vec<String>) -> Fallible<[String; N]> {
    row.try_into().map_err(|row| format!("{row:?} has another number of columns").into())
}

fn field(row: [String; 19]) -> Fallible<Field> {
    let [infno, direction, node, no, name, zh, en, kind, digits, decimals, rest @ ..] = row;
    let [codes, dictionary, required, borne, when, private, also, note, source] = rest;
    let number = |text: &str| text.parse().map_err(|_| format!("{infno} {node} {name}: {text}"));
    let maybe = |text: &str| if text.is_empty() { Ok(None) } else { number(text).map(Some) };
    let (digits, decimals) = (maybe(&digits)?, maybe(&decimals)?);
    let no = no.parse()?;
    let (dictionary, required, private) = (dictionary == "Y", required == "Y", private == "Y");
    Ok(Field {
        infno,
        direction,
        node,
        no,
        name,
        zh,
        en,
        kind,
        digits,
        decimals,
        codes,
        dictionary,
        required,
        borne,
        when,
        private,
        also,
        note,
        source,
    })
}
