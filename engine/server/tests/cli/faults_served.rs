//! What is wrong with a message is told over the port by the name of its field, for every field of every transaction that can be
//! missing, of another kind, too long or no code; and nothing is written for any of it.

use std::collections::BTreeMap;
use std::fs;

use yidan_gateway::table::{Field, Kind, Node};
use yidan_gateway::wire::Transaction;

use crate::answered::refusal;
use crate::made::{Fields, Json, Step, leaves, message, quoted};
use crate::program::{Folder, run};
use crate::serve::{HOSPITAL, His, OTHER_HOSPITAL, Served, made_town};

/// The hospital whose messages are read by the text; the other bears what clients do.
const STRICT: &str = OTHER_HOSPITAL;
const LENIENT: &str = HOSPITAL;

/// A message with one thing wrong.
struct Spoilt {
    input: Json,
    field: &'static Field,
    hospital: &'static str,
    /// What it may be answered.
    numbers: &'static [u16],
}

const MISSING: &[u16] = &[401];
const OTHER_KIND: &[u16] = &[402, 403, 404, 405, 406, 407, 408];
const TOO_LONG: &[u16] = &[403, 406];
const NO_CODE: &[u16] = &[408];

/// All that can be wrong with a message of a transaction, one thing at a time.
fn spoilt(one: Transaction) -> Vec<Spoilt> {
    let node = one.entry().input;
    let whole = || message(node, Fields::All);
    let mut all = Vec::new();
    let mut put = |input, field, hospital, numbers| {
        all.push(Spoilt { input, field, hospital, numbers });
    };
    let fields = leaves(node).into_iter().map(|(way, _, field)| (way, field));
    for (way, field) in fields.chain(nodes(node)) {
        if field.required {
            put(whole().without(&way), field, STRICT, MISSING);
            if !field.may_be_absent {
                put(whole().without(&way), field, LENIENT, MISSING);
            }
        }
        let is_node = matches!(field.kind, Kind::One(_) | Kind::Many(_));
        let other = if is_node { quoted("!") } else { Json::Object(Vec::new()) };
        put(whole().with(&way, other), field, LENIENT, OTHER_KIND);
        if let Some(long) = too_long(field) {
            put(whole().with(&way, long), field, LENIENT, TOO_LONG);
        }
        if field.codes.is_some_and(|codes| codes.closed) {
            for hospital in [STRICT, LENIENT] {
                put(whole().with(&way, quoted("X")), field, hospital, NO_CODE);
            }
        }
    }
    all
}

/// A value longer than any that is borne.
fn too_long(field: &Field) -> Option<Json> {
    if let Kind::Text(most) | Kind::Serial(most) = field.kind {
        let most = field.longest_borne.unwrap_or(most) as usize;
        return Some(quoted(&"长".repeat(most + 1)));
    }
    let whole = field.kind.digits() - field.kind.decimals()?;
    let digits = field.longest_borne.unwrap_or(whole) as usize;
    Some(Json::Raw(format!("1{}", "0".repeat(digits))))
}

/// The nodes of an input, with their places.
fn nodes(node: &'static Node) -> Vec<(Vec<Step>, &'static Field)> {
    let mut found = Vec::new();
    for field in node.fields {
        let mut steps = vec![Step::Key(field.name)];
        let child = if let Kind::One(child) = field.kind {
            child
        } else if let Kind::Many(child) = field.kind {
            steps.push(Step::Row);
            child
        } else {
            continue;
        };
        found.push((vec![Step::Key(field.name)], field));
        let below = nodes(child).into_iter();
        found.extend(below.map(|(way, field)| ([steps.clone(), way].concat(), field)));
    }
    found
}

/// Sends a message as it is written, and gives the answer's text and number.
fn send(his: His<'_>, one: Transaction, input: &Json) -> (String, Option<u16>) {
    let envelope = his.envelope(one.infno(), &his.msgid(), serde_json::Value::Null);
    let body = envelope.to_string().replacen("\"input\":null", &format!("\"input\":{input}"), 1);
    let answer = his.post("/fsi/api/rsfComIfsService/callService", &body);
    let number = refusal(&answer);
    assert!(number.is_none() || answer["inf_refmsgid"].is_null(), "{answer}");
    (answer["err_msg"].as_str().unwrap_or_default().to_owned(), number)
}

/// Every file of a folder, but what is said of calls, and the books that follow the journal at times of their own.
fn written(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut left = vec![folder.path("journal").into()];
    while let Some(path) = left.pop() {
        for entry in fs::read_dir::<std::path::PathBuf>(path).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path
                .file_name()
                .is_some_and(|name| name != "audit.log" && name != "statements.redb")
            {
                let bytes = fs::read(&path).expect("a file");
                files.insert(path.to_string_lossy().into_owned(), bytes);
            }
        }
    }
    files
}

#[test]
fn every_fault_of_every_field_is_told_by_its_name_and_nothing_is_written() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let people = made_town(journal.as_ref());
    let second = format!("fixmedins_code,admdvs,kind,hosp_lv\n{STRICT},630103,hospital,三级甲等\n");
    let second = folder.write("facilities.csv", second);
    assert_eq!(run(&["import", "facilities", &journal, &second]).code, Some(0));
    let room = "per_second = 100000\nburst = 100000\n";
    let config = format!(
        "[credential.by-the-text]\nfamily = \"none\"\ninstitutions = [{STRICT:?}]\nprofile = \"strict\"\n\
         [institution.{STRICT}]\n{room}[institution.{LENIENT}]\n{room}"
    );
    let served = Served::start(&[&journal, "--config", &folder.write("serve.toml", config)]);
    served.at(LENIENT).outpatient(&people[0], "B1");
    let before = written(&folder);
    assert!(before.len() > 5, "{:?}", before.keys());
    let mut sent = 0;
    for one in Transaction::ALL.iter().copied() {
        for Spoilt { input, field, hospital, numbers } in spoilt(one) {
            let (said, number) = send(served.at(hospital), one, &input);
            let is_told = number.is_some_and(|number| numbers.contains(&number))
                && said.contains(&format!("{}（{}）", field.name, field.zh));
            assert!(is_told, "{one:?} {}, not {numbers:?}: {said}\n{input}", field.name);
            sent += 1;
        }
    }
    assert!(sent > 3_000, "only {sent} messages");
    let after = written(&folder);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    for (name, bytes) in &before {
        assert!(after[name] == *bytes, "{name} was written to");
    }
}
