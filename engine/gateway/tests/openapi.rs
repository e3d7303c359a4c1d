//! `openapi.json` is what the table says: made anew here and compared. `YIDAN_RECORD=1` writes it.

mod made;

use std::fs;
use std::path::Path;

use made::{Fields, message};
use serde_json::{Map, Value, json};
use yidan_gateway::route::SHARED;
use yidan_gateway::table::{Entry, Field, Kind, Node};
use yidan_gateway::wire::Transaction;

#[test]
fn openapi_is_what_the_table_says() {
    let text = serde_json::to_string_pretty(&document()).expect("JSON") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("YIDAN_RECORD").is_some() {
        fs::write(&path, &text).expect("openapi.json is written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "openapi.json is not what the table says: YIDAN_RECORD=1 writes it");
}

fn document() -> Value {
    let mut schemas = Map::new();
    let mut paths = Map::new();
    schemas.insert("envelope".to_owned(), envelope(Entry::envelope(), "input"));
    schemas.insert("answer".to_owned(), envelope(Entry::answer_envelope(), "output"));
    for one in Transaction::ALL.iter().copied() {
        let entry = one.entry();
        put_node(entry, "in", entry.input, &mut schemas);
        put_node(entry, "out", entry.output, &mut schemas);
        schemas.insert(format!("{}.request", entry.infno), request(entry));
        let operation = json!({ "post": operation(entry) });
        for path in entry.paths {
            paths.insert(format!("/fsi/api/{path}"), operation.clone());
        }
        paths.insert(format!("/{}", entry.infno), operation);
    }
    for path in SHARED {
        paths.insert((*path).to_owned(), json!({ "post": shared(path) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "医疗保障信息平台定点医药机构接口",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Made from engine/gateway/fields by engine/gateway/tests/openapi.rs. Every answer is HTTP 200. \
                A lenient profile takes more than this: numbers as texts, one row as an object, and what else Tolerance names.",
        },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// Where the schema of a node stands. Variants have the nodes of their transaction.
fn name_of(entry: &Entry, side: &str, node: &Node) -> String {
    let of = |other: &&Transaction| {
        std::ptr::eq(other.entry().input, entry.input)
            && std::ptr::eq(other.entry().output, entry.output)
    };
    let first = Transaction::ALL.iter().find(of).expect("the transaction itself");
    let path = if node.path == "-" { "line" } else { node.path };
    let dot = if path.is_empty() { "" } else { "." };
    format!("{}.{side}{dot}{path}", first.infno())
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn put_node(entry: &Entry, side: &str, node: &'static Node, schemas: &mut Map<String, Value>) {
    for field in node.fields {
        if let Kind::One(child) | Kind::Many(child) = field.kind {
            put_node(entry, side, child, schemas);
        }
    }
    if node.is_bare() {
        let line = schema(entry, side, &node.fields[0]);
        schemas.insert(name_of(entry, side, node), line);
        return;
    }
    let fields = node.fields.iter();
    let properties: Map<String, Value> =
        fields.map(|field| (field.name.to_owned(), schema(entry, side, field))).collect();
    schemas.insert(name_of(entry, side, node), object(node, properties));
}

fn object(node: &Node, properties: Map<String, Value>) -> Value {
    let required = node.fields.iter().filter(|field| field.required);
    let required: Vec<&str> = required.map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn envelope(node: &'static Node, body: &str) -> Value {
    let fields = node.fields.iter().filter(|field| field.name != body);
    let one = Transaction::T1101.entry();
    let properties: Map<String, Value> =
        fields.map(|field| (field.name.to_owned(), schema(one, "in", field))).collect();
    object(node, properties)
}

fn schema(entry: &Entry, side: &str, field: &'static Field) -> Value {
    let mut schema = match field.kind {
        Kind::Text(most) => match field.codes.filter(|codes| codes.closed && side == "in") {
            Some(codes) => {
                let codes: Vec<&str> = codes.codes.iter().map(|(code, _)| *code).collect();
                json!({ "type": "string", "enum": codes })
            }
            None => json!({ "type": "string", "maxLength": most }),
        },
        Kind::Serial(most) => json!({ "type": ["string", "integer"], "maxLength": most }),
        Kind::Amount | Kind::Quantity | Kind::Price | Kind::Decimal(_, _) => {
            let (digits, decimals) = (field.kind.digits(), field.kind.decimals().unwrap_or(0));
            json!({ "type": "number", "format": format!("decimal({digits},{decimals})") })
        }
        Kind::Integer(_) => json!({ "type": "integer" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Datetime => {
            json!({ "type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$" })
        }
        Kind::Bytes => json!({
            "type": ["array", "string"],
            "items": { "type": "integer", "minimum": -128, "maximum": 255 },
        }),
        Kind::Raw => json!({}),
        Kind::One(child) => reference(&name_of(entry, side, child)),
        Kind::Many(child) => {
            let least = u32::from(field.required && side == "in");
            let items = reference(&name_of(entry, side, child));
            json!({ "type": "array", "items": items, "minItems": least, "maxItems": 20_000 })
        }
    };
    let said = schema.as_object_mut().expect("a schema is an object");
    said.insert("title".to_owned(), json!(field.zh));
    let mut words = field.en.to_owned();
    if !field.note.is_empty() {
        words = format!("{words}; {}", field.note);
    }
    if let Some(codes) = field.codes {
        let labels = codes.codes.iter().map(|(code, label)| format!("{code} {label}"));
        words = format!("{words}. {}", labels.collect::<Vec<_>>().join("; "));
    }
    said.insert("description".to_owned(), json!(words));
    if !field.required {
        let open = said.get("type").and_then(Value::as_str).map(str::to_owned);
        if let Some(only) = open {
            said.insert("type".to_owned(), json!([only, "null"]));
        }
        if let Some(Value::Array(codes)) = said.get_mut("enum") {
            codes.push(Value::Null);
        }
    }
    schema
}

fn request(entry: &'static Entry) -> Value {
    json!({ "allOf": [reference("envelope"), {
        "type": "object",
        "required": ["infno", "input"],
        "properties": {
            "infno": { "const": entry.infno },
            "input": reference(&name_of(entry, "in", entry.input)),
        },
    }] })
}

/// A right body of a request.
fn example(entry: &'static Entry) -> Value {
    let input = message(entry.input, Fields::Required).to_string();
    let input: Value = serde_json::from_str(&input).expect("a made message is JSON");
    json!({
        "infno": entry.infno, "msgid": "H63010000001202601020304050001",
        "mdtrtarea_admvs": "630100", "insuplc_admdvs": "630100", "recer_sys_code": "99",
        "infver": "V1.0", "opter_type": "1", "opter": "01", "opter_name": "经办人",
        "inf_time": "2026-01-02 03:04:05", "fixmedins_code": "H63010000001",
        "fixmedins_name": "示例医院", "sign_no": "", "input": input,
    })
}

fn answers(output: Value) -> Value {
    let body = json!({ "allOf": [reference("answer"), {
        "type": "object",
        "properties": { "output": { "anyOf": [output, { "type": "null" }] } },
    }] });
    json!({ "200": {
        "description": "infcode 0 with output, or -1 with err_msg",
        "content": { "application/json": { "schema": body } },
    } })
}

fn operation(entry: &'static Entry) -> Value {
    let schema = reference(&format!("{}.request", entry.infno));
    let body = json!({ "schema": schema, "example": example(entry) });
    let output = if entry.infno == "9102" {
        json!({})
    } else {
        reference(&name_of(entry, "out", entry.output))
    };
    let mut responses = answers(output);
    if entry.infno == "9102" {
        responses["200"]["content"]["application/octet-stream"] = json!({});
    }
    json!({
        "summary": format!("{} {}", entry.infno, entry.zh),
        "description": format!("{} ({})", entry.en, entry.source),
        "requestBody": { "required": true, "content": { "application/json": body } },
        "responses": responses,
    })
}

fn shared(path: &str) -> Value {
    let all = Transaction::ALL.iter();
    let requests: Vec<Value> =
        all.map(|one| reference(&format!("{}.request", one.infno()))).collect();
    let example = example(Transaction::T2207.entry());
    let body = json!({ "schema": { "oneOf": requests }, "example": example });
    json!({
        "summary": format!("全部交易 {path}"),
        "requestBody": { "required": true, "content": { "application/json": body } },
        "responses": answers(json!({})),
    })
}
