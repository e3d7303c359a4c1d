//! Writes the structs, the static table and the two enums of requests and answers as Rust.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::table::{Codes, Field, Table, Transaction};

/// Everything, as one text.
pub(crate) fn wire(table: &Table) -> String {
    let mut out = String::new();
    for codes in &table.codes {
        emit_codes(&mut out, codes);
    }
    out.push_str("/// All tables of codes.\npub static ALL_CODES: &[&Codes] = &[\n");
    for codes in &table.codes {
        let _ = writeln!(out, "    &{},", codes_name(&codes.name));
    }
    out.push_str("];\n\n");
    emit_transactions(&mut out, table);
    for (enumeration, direction) in [("Request", "in"), ("Answer", "out")] {
        emit_union(&mut out, table, enumeration, direction);
    }
    let mut modules: BTreeMap<&str, String> = BTreeMap::new();
    for one in table.transactions.iter().filter(|one| one.like.is_empty()) {
        modules.insert(&one.infno, format!("{} {}.", one.zh, one.en));
    }
    modules.insert("envelope", "The envelope of requests and of answers.".to_owned());
    for (infno, words) in modules {
        emit_module(&mut out, table, infno, &words);
    }
    out
}

fn emit_codes(out: &mut String, codes: &Codes) {
    let Codes { name, zh, closed, note, source, codes } = codes;
    let _ = write!(
        out,
        "/// {zh}.\npub static {}: Codes = Codes {{\n    name: {name:?},\n    zh: {zh:?},\n    \
         closed: {closed},\n    note: {note:?},\n    source: {source:?},\n    codes: &[\n",
        codes_name(name),
    );
    for (code, label) in codes {
        let _ = writeln!(out, "        ({code:?}, {label:?}),");
    }
    out.push_str("    ],\n};\n\n");
}

fn emit_transactions(out: &mut String, table: &Table) {
    let all = &table.transactions;
    out.push_str("/// A transaction that is served.\n");
    out.push_str("#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]\n");
    out.push_str("pub enum Transaction {\n");
    for one in all {
        let _ = writeln!(out, "    /// {} {}.\n    T{},", one.zh, one.en, one.infno);
    }
    out.push_str("}\n\nimpl Transaction {\n    /// All of them.\n");
    out.push_str("    pub const ALL: &'static [Transaction] = &[\n");
    for one in all {
        let _ = writeln!(out, "        Transaction::T{},", one.infno);
    }
    out.push_str("    ];\n\n    /// What it is.\n");
    out.push_str("    pub fn entry(self) -> &'static Entry {\n        match self {\n");
    for one in all {
        let _ = writeln!(out, "            Transaction::T{} => &E{},", one.infno, one.infno);
    }
    out.push_str("        }\n    }\n}\n\n");
    for one in all {
        emit_entry(out, one);
    }
}

fn emit_entry(out: &mut String, one: &Transaction) {
    let Transaction { infno, zh, en, effect, paths, source, .. } = one;
    let module = module_of(one);
    let number = infno.trim_end_matches(char::is_alphabetic);
    let effect = camel(effect);
    let _ = writeln!(
        out,
        "static E{infno}: Entry = Entry {{\n    infno: {infno:?},\n    number: {number},\n    \
         zh: {zh:?},\n    en: {en:?},\n    effect: Effect::{effect},\n    paths: &{paths:?},\n    \
         input: {module}::input::Input::NODE,\n    output: {module}::output::Output::NODE,\n    \
         source: {source:?},\n}};\n",
    );
}

/// The enum of all requests, or of all answers.
fn emit_union(out: &mut String, table: &Table, name: &str, direction: &str) {
    let (side, root, words) = match direction {
        "in" => ("input", "Input", "The decoded input of a transaction."),
        _ => ("output", "Output", "The output of a transaction."),
    };
    let _ = writeln!(out, "/// {words}\n#[derive(Clone, Eq, PartialEq, Debug)]");
    let _ = writeln!(out, "pub enum {name}<'a> {{");
    for one in &table.transactions {
        let of = format!("{}::{side}::{root}{}", module_of(one), life(table, one, direction));
        let _ = writeln!(out, "    /// {}.\n    T{}(Box<{of}>),", one.zh, one.infno);
    }
    let _ = writeln!(out, "}}\n\nimpl<'a> {name}<'a> {{");
    out.push_str(
        "    pub(crate) fn read(one: Transaction, row: Row<'_, '_, 'a>) -> Option<Self> {\n",
    );
    out.push_str("        Some(match one {\n");
    for one in &table.transactions {
        let _ = writeln!(
            out,
            "            Transaction::T{0} => {name}::T{0}(Box::new(Record::read(row)?)),",
            one.infno
        );
    }
    out.push_str("        })\n    }\n\n    /// Shows its fields to a visitor.\n");
    out.push_str("    pub fn visit<V: Visit>(&self, to: &mut V) {\n        match self {\n");
    for one in &table.transactions {
        let _ = writeln!(out, "            {name}::T{}(it) => it.visit(to),", one.infno);
    }
    out.push_str("        }\n    }\n\n    /// Which transaction it is of.\n");
    out.push_str("    pub fn transaction(&self) -> Transaction {\n        match self {\n");
    for one in &table.transactions {
        let _ = writeln!(out, "            {name}::T{0}(_) => Transaction::T{0},", one.infno);
    }
    out.push_str("        }\n    }\n");
    if direction == "in" {
        emit_person(out, table);
    }
    out.push_str("}\n\n");
}

/// The person a request is about, as its key has it.
fn emit_person(out: &mut String, table: &Table) {
    out.push_str("\n    /// The `psn_no` of the input, of its first row where it has rows.\n");
    out.push_str("    pub fn psn_no(&self) -> Option<&str> {\n        match self {\n");
    for one in &table.transactions {
        let infno = if one.like.is_empty() { &one.infno } else { &one.like };
        let person = table.node(infno, "in", "").into_iter().find_map(|node| {
            let fields = table.node(infno, "in", &node.name);
            let has = fields.into_iter().find(|field| field.name == "psn_no")?;
            let name = rust_name(&node.name);
            Some(match (node.kind.as_str(), is_option(has)) {
                ("one", false) => format!("Some(&it.{name}.psn_no)"),
                ("one", true) => format!("it.{name}.psn_no.as_deref()"),
                (_, false) => format!("it.{name}.first().map(|row| &*row.psn_no)"),
                (_, true) => format!("it.{name}.first().and_then(|row| row.psn_no.as_deref())"),
            })
        });
        let _ = match person {
            Some(person) => writeln!(out, "            Request::T{}(it) => {person},", one.infno),
            None => writeln!(out, "            Request::T{}(_) => None,", one.infno),
        };
    }
    out.push_str("        }\n    }\n");
}

fn emit_module(out: &mut String, table: &Table, infno: &str, words: &str) {
    let module = if infno == "envelope" { infno.to_owned() } else { module(infno) };
    let _ = writeln!(out, "/// {words}\npub mod {module} {{");
    for (side, direction, root) in [("input", "in", "Input"), ("output", "out", "Output")] {
        let words = if side == "input" { "What is asked." } else { "What is answered." };
        let _ =
            writeln!(out, "    /// {words}\n    pub mod {side} {{\n        use crate::made::*;\n");
        let mut paths = vec![(String::new(), root.to_owned(), format!("The {side}."))];
        for field in &table.fields {
            if field.infno == infno && field.direction == direction && field.is_node() {
                let words = format!("{}: {}.", field.zh, prose(&field.en));
                paths.push((field.own_path(), struct_name(&field.name), words));
            }
        }
        for (path, name, words) in paths {
            let node = NodeOut { table, infno, direction, path: &path, name: &name, words: &words };
            node.emit(out);
        }
        out.push_str("    }\n\n");
    }
    out.push_str("}\n\n");
}

/// A node as a struct and its row of the table.
struct NodeOut<'t> {
    table: &'t Table,
    infno: &'t str,
    direction: &'t str,
    path: &'t str,
    name: &'t str,
    words: &'t str,
}

impl NodeOut<'_> {
    fn fields(&self) -> Vec<&Field> {
        self.table.node(self.infno, self.direction, self.path)
    }

    fn emit(&self, out: &mut String) {
        let mut text = String::new();
        self.emit_struct(&mut text);
        self.emit_static(&mut text);
        self.emit_record(&mut text);
        for line in text.lines() {
            let indent = if line.is_empty() { "" } else { "        " };
            let _ = writeln!(out, "{indent}{line}");
        }
    }

    fn emit_struct(&self, out: &mut String) {
        let life =
            if lives(self.table, self.infno, self.direction, self.path) { "<'a>" } else { "" };
        let _ = writeln!(out, "/// {}", self.words);
        let _ = writeln!(out, "#[derive(Clone, Eq, PartialEq, Debug)]");
        let _ = writeln!(out, "pub struct {}{life} {{", self.name);
        for field in self.fields() {
            let _ = writeln!(out, "    /// {}", describe(field));
            let of = self.rust_type(field);
            let _ = writeln!(out, "    pub {}: {of},", rust_name(&field.name));
        }
        out.push_str("}\n\n");
    }

    fn rust_type(&self, field: &Field) -> String {
        if field.is_node() {
            let path = field.own_path();
            let lives = lives(self.table, self.infno, self.direction, &path);
            let name = struct_name(&field.name) + if lives { "<'a>" } else { "" };
            return match (field.kind.as_str(), field.required) {
                ("many", _) => format!("Vec<{name}>"),
                (_, true) => name,
                (_, false) => format!("Option<{name}>"),
            };
        }
        let of = match field.kind.as_str() {
            "text" | "serial" => "Text<'a>".to_owned(),
            "amount" => "Fen".to_owned(),
            "quantity" => "Quantity".to_owned(),
            "price" => "Price".to_owned(),
            "decimal" => format!("Scaled<{}>", field.decimals.unwrap_or(0)),
            "integer" => "i64".to_owned(),
            "flag" => "bool".to_owned(),
            "date" => "Day".to_owned(),
            "datetime" => "Moment".to_owned(),
            "bytes" => "FileBytes".to_owned(),
            "raw" => "Raw<'a>".to_owned(),
            other => panic!("{} {}: no type {other}", self.infno, field.name),
        };
        if is_option(field) { format!("Option<{of}>") } else { of }
    }

    fn emit_static(&self, out: &mut String) {
        let fields = self.fields();
        let _ = writeln!(out, "static {}: Node = Node {{", self.static_name());
        let _ = writeln!(out, "    path: {:?},\n    fields: &[", self.path.replace(".-", ""));
        for field in &fields {
            self.emit_field(out, field, &fields);
        }
        let _ = writeln!(out, "    ],\n    find: find_{},", self.static_name().to_lowercase());
        let _ = writeln!(out, "    near: &{:?},\n}};\n", near(&fields));
        let mut by_length: BTreeMap<usize, Vec<(usize, &str)>> = BTreeMap::new();
        for (place, field) in fields.iter().enumerate() {
            by_length.entry(field.name.len()).or_default().push((place, &field.name));
        }
        let argument = if fields.is_empty() { "_" } else { "name" };
        let _ = writeln!(
            out,
            "fn find_{}({argument}: &str) -> Option<usize> {{",
            self.static_name().to_lowercase()
        );
        if fields.is_empty() {
            out.push_str("    None\n}\n\n");
            return;
        }
        out.push_str("    match name.len() {\n");
        for (length, names) in by_length {
            let _ = writeln!(out, "        {length} => match name {{");
            for (place, name) in names {
                let _ = writeln!(out, "            {name:?} => Some({place}),");
            }
            out.push_str("            _ => None,\n        },\n");
        }
        out.push_str("        _ => None,\n    }\n}\n\n");
    }

    fn emit_field(&self, out: &mut String, field: &Field, among: &[&Field]) {
        let codes = match field.codes.as_str() {
            "" => "None".to_owned(),
            name => format!("Some(&crate::wire::{})", codes_name(name)),
        };
        let also = match field.also.as_str() {
            "" => "None".to_owned(),
            name => format!("Some({name:?})"),
        };
        let _ = writeln!(
            out,
            "        Field {{\n            no: {}, name: {:?}, zh: {:?}, en: {:?},\n            \
             kind: {}, codes: {codes}, dictionary: {},\n            \
             required: {}, may_be_absent: {}, longest_borne: {:?}, when: {},\n            \
             private: {}, also: {also}, note: {:?}, source: {:?},\n        }},",
            field.no,
            field.name,
            field.zh,
            field.en,
            self.kind(field),
            field.dictionary,
            field.required,
            field.may_be_absent(),
            field.longest_borne(),
            when(field, among),
            field.private,
            field.note,
            field.source,
        );
    }

    fn kind(&self, field: &Field) -> String {
        let digits = field.digits.unwrap_or(0);
        let child = || struct_name(&field.name) + "::NODE";
        match field.kind.as_str() {
            "text" => format!("Kind::Text({digits})"),
            "serial" => format!("Kind::Serial({digits})"),
            "decimal" => format!("Kind::Decimal({digits}, {})", field.decimals.unwrap_or(0)),
            "integer" => format!("Kind::Integer({digits})"),
            "one" => format!("Kind::One({})", child()),
            "many" => format!("Kind::Many({})", child()),
            other => format!("Kind::{}", camel(other)),
        }
    }

    fn static_name(&self) -> String {
        self.name.chars().enumerate().fold(String::new(), |mut name, (at, letter)| {
            if letter.is_uppercase() && at > 0 {
                name.push('_');
            }
            name.extend(letter.to_uppercase());
            name
        })
    }

    fn emit_record(&self, out: &mut String) {
        let fields = self.fields();
        let life =
            if lives(self.table, self.infno, self.direction, self.path) { "<'a>" } else { "" };
        let (row, to) = if fields.is_empty() { ("_", "_") } else { ("mut row", "to") };
        let _ = writeln!(out, "impl<'a> Record<'a> for {}{life} {{", self.name);
        let _ = writeln!(out, "    const NODE: &'static Node = &{};\n", self.static_name());
        let _ = writeln!(out, "    fn read({row}: Row<'_, '_, 'a>) -> Option<Self> {{");
        for (place, field) in fields.iter().enumerate() {
            let how = match (field.kind.as_str(), is_option(field)) {
                ("many", _) => "many",
                ("one", false) => "one",
                ("one", true) => "maybe_one",
                (_, false) => "required",
                (_, true) => "optional",
            };
            let _ = writeln!(out, "        let {} = row.{how}({place});", local(&field.name));
        }
        let _ = writeln!(out, "        Some(Self {{");
        for field in &fields {
            let _ =
                writeln!(out, "            {}: {}?,", rust_name(&field.name), local(&field.name));
        }
        out.push_str("        })\n    }\n\n");
        let _ = writeln!(out, "    fn visit<V: Visit>(&self, {to}: &mut V) {{");
        for (place, field) in fields.iter().enumerate() {
            let how = match (field.kind.as_str(), is_option(field)) {
                ("many", _) => "many",
                ("one", false) => "one",
                ("one", true) => "maybe_one",
                (_, false) => "value",
                (_, true) => "optional",
            };
            let name = rust_name(&field.name);
            let _ = writeln!(out, "        to.{how}(&Self::NODE.fields[{place}], &self.{name});");
        }
        out.push_str("    }\n}\n\n");
    }
}

fn is_option(field: &Field) -> bool {
    match field.kind.as_str() {
        "many" => false,
        "one" => !field.required,
        _ => !field.required || field.may_be_absent(),
    }
}

/// Whether a node holds anything borrowed.
fn lives(table: &Table, infno: &str, direction: &str, path: &str) -> bool {
    table.node(infno, direction, path).into_iter().any(|field| {
        matches!(field.kind.as_str(), "text" | "serial" | "raw")
            || field.is_node() && lives(table, infno, direction, &field.own_path())
    })
}

fn life(table: &Table, one: &Transaction, direction: &str) -> &'static str {
    let infno = if one.like.is_empty() { &one.infno } else { &one.like };
    if lives(table, infno, direction, "") { "<'a>" } else { "" }
}

fn when(field: &Field, among: &[&Field]) -> String {
    let place = |name: &str| {
        let place = among.iter().position(|other| other.name == name);
        place.unwrap_or_else(|| panic!("{}: no field {name}", field.name))
    };
    match (field.when.split_once('='), field.when.strip_prefix('!')) {
        (Some((name, code)), _) => format!("When::Equals({}, {code:?})", place(name)),
        (None, Some(name)) => format!("When::Absent({})", place(name)),
        (None, None) if field.when.is_empty() => "When::Never".to_owned(),
        (None, None) => format!("When::Present({})", place(&field.when)),
    }
}

/// One line that says all of a field.
fn describe(field: &Field) -> String {
    let size = match field.kind.as_str() {
        "text" => format!("at most {} characters", field.digits.unwrap_or(0)),
        "serial" => format!("a number or a text, at most {}", field.digits.unwrap_or(0)),
        "amount" => "yuan on the wire".to_owned(),
        "quantity" => "four decimals".to_owned(),
        "price" => "yuan, six decimals".to_owned(),
        "decimal" => format!("{} decimals", field.decimals.unwrap_or(0)),
        "integer" => format!("at most {} digits", field.digits.unwrap_or(0)),
        "flag" => "true or false".to_owned(),
        "date" => "yyyy-MM-dd".to_owned(),
        "datetime" => "yyyy-MM-dd HH:mm:ss".to_owned(),
        "bytes" => "an array of bytes, or Base64".to_owned(),
        "raw" => "any JSON".to_owned(),
        "one" => "one object".to_owned(),
        _ => "rows".to_owned(),
    };
    let required = if field.required { "; required" } else { "" };
    let note = if field.note.is_empty() { String::new() } else { format!("; {}", field.note) };
    prose(&format!("{}: {}, {size}{required}{note}.", field.zh, field.en))
}

/// A text in which nothing is a link or a mark-up of rustdoc.
fn prose(text: &str) -> String {
    text.replace('[', "(").replace(']', ")").replace('<', "(").replace('>', ")")
}

fn module(infno: &str) -> String {
    format!("t{}", infno.to_lowercase())
}

fn module_of(one: &Transaction) -> String {
    module(if one.like.is_empty() { &one.infno } else { &one.like })
}

fn codes_name(name: &str) -> String {
    format!("CODES_{}", name.to_uppercase())
}

fn camel(name: &str) -> String {
    let mut camel = String::new();
    for part in name.split('_') {
        let mut letters = part.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}

fn struct_name(name: &str) -> String {
    match name {
        "-" => "Line".to_owned(),
        "result" => "ResultNode".to_owned(),
        name => camel(name),
    }
}

/// The name of a field in Rust: as on the wire, in small letters.
fn rust_name(name: &str) -> String {
    let mut small = String::new();
    for letter in name.chars() {
        let before = small.chars().last();
        if letter.is_uppercase() && before.is_some_and(|before| before.is_lowercase()) {
            small.push('_');
        }
        small.extend(letter.to_lowercase());
    }
    match small.as_str() {
        "-" => "lines".to_owned(),
        "type" | "in" => format!("r#{small}"),
        _ => small,
    }
}

/// The name of a field as a variable of its own.
fn local(name: &str) -> String {
    format!("its_{}", rust_name(name).trim_start_matches("r#"))
}

/// The places of fields by their names without capitals and underscores; of two that are spelt alike, the first.
fn near(fields: &[&Field]) -> Vec<(String, usize)> {
    let mut places = BTreeMap::new();
    for (place, field) in fields.iter().enumerate() {
        for name in [&field.name, &field.also].into_iter().filter(|name| !name.is_empty()) {
            let letters = name.chars().filter(|letter| *letter != '_');
            places.entry(letters.collect::<String>().to_ascii_lowercase()).or_insert(place);
        }
    }
    places.into_iter().collect()
}
