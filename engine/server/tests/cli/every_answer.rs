//! Every transaction is done over the port, and every field of what it answers is one of the table, of its kind and size; what the table
//! requires is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use yidan_gateway::table::{Kind, Node};
use yidan_gateway::wire::Transaction;

use crate::answered::Compared;
use crate::journey::{Call, Witness, go, town};
use crate::program::{Folder, run};
use crate::serve::{HOSPITAL, Person, Served, made_town};

/// What the text requires and an answer has empty, as the system does not know it: neither the catalogue image nor the ledger keeps it.
const EMPTY: [(&str, &str); 14] = [
    ("1201", "medinsinfo.uscc"),
    ("1312", "data.hilist_use_type"),
    ("1318", "data.overlmt_dspo_way"),
    // The dictionaries have no levels.
    ("1901", "list.parentValue"),
    // Of a diagnosis its code alone is kept.
    ("5202", "diseinfo.diag_dept"),
    ("5202", "diseinfo.diag_name"),
    ("5202", "diseinfo.dise_dor_name"),
    ("5202", "diseinfo.dise_dor_no"),
    // Of a line what its settlement goes by.
    ("5204", "-.dosform_name"),
    ("5204", "-.medins_list_codg"),
    ("5204", "-.medins_list_name"),
    ("5205", "feedetail.medins_list_codg"),
    ("5205", "feedetail.medins_list_name"),
    ("5205", "feedetail.spec"),
];

/// Nodes that no journey fills.
const LEFT: [(&str, &str); 2] = [
    // Nobody whom the town tells of has an identity; another test has one.
    ("1101", "idetinfo"),
    // No catalogue says which drugs are ethnic ones.
    ("1304", "data"),
];

#[derive(Default)]
struct Answers {
    seen: BTreeSet<&'static str>,
    amiss: BTreeSet<(&'static str, String)>,
    filled: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

impl Witness for Answers {
    fn after(&mut self, call: &Call<'_>, answer: &str) {
        let infno = call.one.infno();
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        let Compared { amiss, filled } = Compared::of(call.one, &answer["output"]);
        self.seen.insert(infno);
        self.amiss.extend(amiss.into_iter().map(|one| (infno, one)));
        self.filled.entry(infno).or_default().extend(filled);
    }

    fn given(&mut self, call: &Call<'_>) {
        self.seen.insert(call.one.infno());
    }
}

/// The nodes of an output.
fn nodes(node: &'static Node, found: &mut Vec<&'static str>) {
    for field in node.fields {
        if let Kind::One(child) | Kind::Many(child) = field.kind {
            found.push(child.path);
            nodes(child, found);
        }
    }
}

#[test]
fn every_transaction_is_done_and_its_answer_is_the_tables_field_by_field() {
    let mut answers = Answers::default();
    go(&town(), &mut answers);
    let all: BTreeSet<&str> = Transaction::ALL.iter().map(|one| one.infno()).collect();
    assert_eq!(answers.seen, all, "each was done");
    let known = EMPTY.map(|(infno, field)| (infno, format!("{field} is required and empty")));
    assert_eq!(answers.amiss, BTreeSet::from(known));
    let mut left = BTreeSet::new();
    for one in Transaction::ALL {
        let mut all = Vec::new();
        nodes(one.entry().output, &mut all);
        let filled = answers.filled.get(one.infno()).cloned().unwrap_or_default();
        let unfilled = all.into_iter().filter(|path| !filled.contains(path));
        left.extend(unfilled.map(|path| (one.infno(), path)));
    }
    assert_eq!(left, BTreeSet::from(LEFT));
}

#[test]
fn a_person_is_told_with_the_identities_that_the_bureau_knows() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let people = made_town(journal.as_ref());
    let poor = "psn_no,admdvs,insutype,psn_type,gend,brdy,identities\n\
                P1,630100,310,11,1,1980-05-01,低保\n";
    let ran = run(&["import", "members", &journal, &folder.write("members.csv", poor)]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let served = Served::start(&[&journal]);
    let Person { certno, name, .. } = &people[0];
    let known = served.at(HOSPITAL).done(
        "1101",
        json!({ "data": {
        "mdtrt_cert_type": "02", "mdtrt_cert_no": certno, "psn_cert_type": "01",
        "certno": certno, "psn_name": name,
    } }),
    );
    let Compared { amiss, filled } = Compared::of(Transaction::T1101, &known);
    // The text gives it three characters, and codes of four.
    let longer = "idetinfo.psn_idet_type is of another kind or size".to_owned();
    assert_eq!(amiss, BTreeSet::from([longer]), "{known}");
    assert!(filled.contains("idetinfo"), "{known}");
}
