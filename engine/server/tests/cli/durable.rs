//! `run`, `import`, `state` and `journal audit` as a person meets them: what is answered stays, what is asked again is answered
//! again, and what stands in the way is told in one sentence.

use std::fs;

use serde_json::{Value, json};

use crate::program::{Folder, Ran, piped, run};

pub(crate) const FACILITY: &str = "H63010400001";

pub(crate) fn opening() -> Vec<Value> {
    vec![
        json!({"op": "facility", "facility": {"fixmedins_code": FACILITY, "admdvs": "630104",
            "kind": "hospital", "hosp_lv": "三级"}}),
        json!({"op": "member", "admdvs": "630100",
            "member": {"psn_no": "P1", "insutype": "390", "psn_type": "15", "balc": "100.00"}}),
        json!({"op": "member", "admdvs": "630100",
            "member": {"psn_no": "P2", "insutype": "390", "psn_type": "15"}}),
    ]
}

pub(crate) fn settle(msgid: &str, psn_no: &str, total: &str) -> Value {
    json!({"op": "settle", "as": msgid, "fixmedins_code": FACILITY, "msgid": msgid, "psn_no": psn_no,
        "insutype": "390", "visit": {"med_type": "21", "begntime": "2025-03-01", "endtime": "2025-03-10"},
        "totals": {"medfee_sumamt": total, "inscp_scp_amt": total}})
}

/// Runs commands on a journal, and gives the answers.
pub(crate) fn ran(folder: &str, lines: &[Value], args: &[&str]) -> (Ran, Vec<Value>) {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = piped(&[&["run", folder, "-"], args].concat(), input.as_bytes());
    let answers = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (ran, answers)
}

/// What lines are answered behind the opening: as done (`Ok(0)`), refused for this reason, or unreadable for this field.
fn answered_as(journal: &str, table: &[(Value, Result<i32, &str>)]) -> Vec<Value> {
    let mut lines = opening();
    let opened = lines.len();
    lines.extend(table.iter().map(|(line, _)| line.clone()));
    let (_, mut answers) = ran(journal, &lines, &[]);
    let answers = answers.split_off(opened);
    assert_eq!(answers.len(), table.len(), "each line is answered once");
    for (answer, (line, expected)) in answers.iter().zip(table) {
        match expected {
            Ok(0) => assert_eq!(answer["infcode"], 0, "{line}: {answer}"),
            Ok(reason) => assert_eq!(answer["refused"], *reason, "{line}: {answer}"),
            Err(field) => {
                let why = answer["unreadable"].as_str().unwrap_or_default();
                assert!(why.contains(field), "{line}: {answer}");
            }
        }
    }
    answers
}

/// The state's hash and the rest of what `state hash` prints.
pub(crate) fn state(folder: &str, shards: &str) -> String {
    let ran = run(&["state", "hash", folder, "--shards", shards]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran.out
}

#[test]
fn a_visit_from_registration_to_cancellation() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let mut lines = opening();
    let line = |serial: &str, amount: &str| {
        json!({"feedetl_sn": serial, "med_list_codg": "001102000010000", "cnt": 1, "pric": amount,
            "fee_ocur_time": "2025-04-01", "det_item_fee_sumamt": amount})
    };
    let of_p1 = |op: &str, rest: Value| {
        let mut line = json!({"op": op, "fixmedins_code": FACILITY, "psn_no": "P1"});
        let fields = rest.as_object().expect("fields").clone();
        line.as_object_mut().expect("an object").extend(fields);
        line
    };
    lines.extend([
        of_p1(
            "open",
            json!({"as": "v", "msgid": "1", "insutype": "390",
            "visit": {"med_type": "11", "begntime": "2025-04-01"}}),
        ),
        of_p1("upload", json!({"mdtrt_id": "@v", "lines": [line("1", "200"), line("2", "300")]})),
        of_p1("upload", json!({"mdtrt_id": "@v", "lines": [line("2", "300")]})),
        of_p1("upload", json!({"mdtrt_id": "@v", "lines": [line("2", "301")]})),
        of_p1("withdraw", json!({"mdtrt_id": "@v", "msgid": "2", "feedetl_sn": ["1"]})),
        of_p1("pre-settle", json!({"mdtrt_id": "@v", "endtime": "2025-04-01"})),
        of_p1(
            "settle",
            json!({"as": "s", "mdtrt_id": "@v", "endtime": "2025-04-01", "msgid": "3",
            "medfee_sumamt": "300.00"}),
        ),
        of_p1("settle", json!({"mdtrt_id": "@v", "endtime": "2025-04-01", "msgid": "4"})),
        of_p1("cancel", json!({"setl_id": "@s", "msgid": "5"})),
        of_p1("cancel", json!({"setl_id": "@s", "msgid": "6"})),
        of_p1("close", json!({"mdtrt_id": "@v", "msgid": "7"})),
        of_p1("withdraw", json!({"mdtrt_id": "@v", "msgid": "10", "feedetl_sn": ["2"]})),
        of_p1("close", json!({"mdtrt_id": "@v", "msgid": "11"})),
        of_p1("deposit", json!({"amount": "0", "msgid": "8"})),
        of_p1("reverse", json!({"oinfno": "2207", "omsgid": "none", "msgid": "9"})),
    ]);
    let (ran, answers) = ran(&journal, &lines, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let refused: Vec<(u64, u64)> = answers
        .iter()
        .filter_map(|answer| Some((answer["line"].as_u64()?, answer["refused"].as_u64()?)))
        .collect();
    // A line that says something else; a visit settled; a settlement cancelled before; a visit with lines; an amount of nought;
    // nothing to reverse.
    let expected = [(7, 307), (11, 306), (13, 313), (14, 327), (17, 317), (18, 320)];
    assert_eq!(refused, expected);
    assert_eq!(answers[8]["medfee_sumamt"], "300.00");
    assert_eq!(
        answers[8]["psn_part_amt"], answers[9]["psn_part_amt"],
        "as the pre-settlement said"
    );
    assert_eq!(answers[11]["cancels"], answers[9]["setl_id"]);
    let state = state(&journal, "1");
    assert!(
        state.contains("settled    1, of which cancelled 1 and put back 0; refused 4"),
        "{state}"
    );
    assert!(
        state.contains("owed to facilities 0.00, to persons 0.00; in own accounts 100.00"),
        "{state}"
    );
}

#[test]
fn a_visit_is_changed_ended_and_settled_batch_by_batch() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let line = |serial: &str, batch: &str, amount: &str| {
        json!({"feedetl_sn": serial, "chrg_bchno": batch, "med_list_codg": "001102000010000", "cnt": 1,
            "pric": amount, "fee_ocur_time": "2025-04-01", "det_item_fee_sumamt": amount})
    };
    let of_v = |op: &str, fields: Value| {
        let mut line =
            json!({"op": op, "fixmedins_code": FACILITY, "psn_no": "P1", "mdtrt_id": "@v"});
        let fields = fields.as_object().expect("fields").clone();
        line.as_object_mut().expect("an object").extend(fields);
        line
    };
    let settle = |batch: &str, sum: &str, msgid: &str| {
        of_v(
            "settle",
            json!({"as": batch, "chrg_bchno": batch, "endtime": "2025-04-01", "medfee_sumamt": sum,
            "msgid": msgid}),
        )
    };
    // What is asked, and what is answered: a reason's number, nought for done, or a field that is wrong.
    let visit = |endtime: Option<&str>| match endtime {
        Some(end) => json!({"med_type": "11", "begntime": "2025-04-01", "endtime": end}),
        None => json!({"med_type": "11", "begntime": "2025-04-01"}),
    };
    let open = |visit: Value| {
        json!({"op": "open", "as": "v", "fixmedins_code": FACILITY, "psn_no": "P1", "msgid": "1",
            "insutype": "390", "visit": visit})
    };
    let change = |change: Value| of_v("change-visit", json!({"change": change}));
    let end = |end: Value| of_v("change-visit", json!({"change": {"endtime": end}}));
    let upload = |lines: Value| of_v("upload", json!({"lines": lines}));
    let both = json!({"chrg_bchno": "b", "feedetl_sn": ["1"]});
    let at_once = json!({"op": "settle", "fixmedins_code": FACILITY, "psn_no": "P1", "msgid": "9",
        "insutype": "390", "visit": visit(None), "chrg_bchno": "b", "lines": [line("1", "b", "5")]});
    let table = [
        (open(visit(Some("2025-04-02"))), Err("visit.endtime")),
        (open(visit(None)), Ok(0)),
        (change(json!({"med_type": "14", "dise_codg": "M03900", "fetts": 0})), Ok(0)),
        (change(json!({"matn_type": "x"})), Err("change.matn_type")),
        (change(json!({"insutype": "310"})), Err("insutype")),
        (of_v("change-visit", json!({})), Err("change")),
        (change(json!({"med_type": "11", "dise_codg": null})), Ok(0)),
        (end(json!(null)), Ok(329)),
        (end(json!("2025-03-31")), Ok(103)),
        (upload(json!([line("1", "a", "200"), line("2", "b", "300")])), Ok(0)),
        (end(json!("2025-04-03")), Ok(0)),
        (upload(json!([line("3", "b", "5")])), Ok(328)),
        (end(json!(null)), Ok(0)),
        (upload(json!([line("3", "b", "5")])), Ok(0)),
        (settle("a", "505.00", "2"), Ok(310)),
        (settle("", "200.00", "3"), Err("chrg_bchno")),
        (at_once, Err("chrg_bchno")),
        (settle("a", "200.00", "4"), Ok(0)),
        (settle("c", "0.00", "5"), Ok(330)),
        (of_v("withdraw", both), Err("chrg_bchno")),
        (of_v("withdraw", json!({"chrg_bchno": "a"})), Ok(330)),
        (change(json!({"med_type": "14"})), Ok(306)),
        (of_v("withdraw", json!({"chrg_bchno": "b"})), Ok(0)),
        (upload(json!([line("4", "b", "7")])), Ok(0)),
        (settle("b", "7.00", "6"), Ok(0)),
    ];
    answered_as(&journal, &table);
    let state = state(&journal, "1");
    assert!(state.contains("settled    2, of which cancelled 0"), "{state}");
}

#[test]
fn what_is_filed_by_a_command_is_seen_by_the_next_and_withdrawn_by_its_name() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let of = |op: &str, msgid: &str, fields: Value| {
        let mut line =
            json!({"op": op, "fixmedins_code": FACILITY, "psn_no": "P1", "msgid": msgid});
        let fields = fields.as_object().expect("fields").clone();
        line.as_object_mut().expect("an object").extend(fields);
        line
    };
    let chronic = || {
        json!({"op": "pre-settle", "fixmedins_code": FACILITY, "psn_no": "P1", "insutype": "390",
            "visit": {"med_type": "14", "begntime": "2025-04-01", "dise_codg": "M03900"},
            "totals": {"medfee_sumamt": "100.00", "inscp_scp_amt": "100.00"}})
    };
    let approval = json!({"approval": {"dise_codg": "M03900", "from": "2025-01-01"}});
    let named = json!({"as": "f", "approval": approval["approval"]});
    let both = json!({"approval": {"dise_codg": "M03900"}, "filing": {"type": "accident"}});
    let fixed = json!({"fixed":
        {"biz_appy_type": "03", "fix_srt_no": "1", "fixmedins_code": FACILITY}});
    let withdrawn = |of: &str| json!({"trt_dcla_detl_sn": "@f", "of": of});
    let table = [
        (chronic(), Ok(119)),
        (of("file", "1", json!({})), Err("filing")),
        (of("file", "2", both), Err("filing")),
        (of("file", "3", named), Ok(0)),
        (chronic(), Ok(0)),
        (of("file", "4", approval), Ok(334)),
        (of("file", "5", json!({"filing": {"type": "accident", "from": "2025-01-01"}})), Ok(0)),
        (of("file", "6", fixed), Ok(0)),
        (of("unfile", "7", json!({"trt_dcla_detl_sn": "@f"})), Err("of")),
        (of("unfile", "8", withdrawn("filing")), Ok(335)),
        (of("unfile", "9", withdrawn("approval")), Ok(0)),
        (chronic(), Ok(119)),
    ];
    let answers = answered_as(&journal, &table);
    assert!(answers[3]["trt_dcla_detl_sn"].is_string(), "{:?}", answers[3]);
}

#[test]
fn a_name_means_the_last_line_that_has_it_whatever_came_of_that() {
    let folder = Folder::new();
    let named = |mut line: Value, name: &str| {
        line["as"] = json!(name);
        line
    };
    let cancel = |msgid: &str| json!({"op": "cancel", "fixmedins_code": FACILITY, "psn_no": "P1", "setl_id": "@n", "msgid": msgid});
    let mut unreadable = named(settle("d", "P1", "100.00"), "n");
    unreadable["insutype"] = json!("999");
    let not_begun = json!({"op": "close-day", "as": "n", "day": "2199-01-01"});
    let refused = named(cancel("x"), "n");
    let mut lines = opening();
    let opened = lines.len();
    lines.extend([
        named(settle("a", "P1", "5000.00"), "n"),
        named(settle("b", "P1", "7000.00"), "n"),
        cancel("1"),
        refused,
        cancel("2"),
        named(settle("c", "P1", "100.00"), "n"),
        unreadable,
        cancel("3"),
        named(settle("e", "P1", "100.00"), "n"),
        not_begun,
        cancel("4"),
    ]);
    let (_, answers) = ran(&folder.path("journal"), &lines, &[]);
    let answers = &answers[opened..];
    assert_eq!(answers[2]["cancels"], answers[1]["setl_id"], "the later of two: {}", answers[2]);
    // In a line that is named itself, a name is what stood before it.
    assert_eq!(answers[3]["refused"], 313, "{}", answers[3]);
    for (nothing, of) in [(4, "refused"), (7, "unreadable"), (10, "a day that has not begun")] {
        let why = answers[nothing]["unreadable"].as_str().unwrap_or_default();
        assert!(why.contains("setl_id"), "{of}: {}", answers[nothing]);
    }
}

#[test]
fn an_operator_cancels_what_later_settlements_stand_upon() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let mut lines = opening();
    lines.extend([
        settle("a", "P1", "120000.00"),
        settle("b", "P1", "90000.00"),
        settle("c", "P2", "90000.00"),
    ]);
    let by_facility = json!({"op": "cancel", "fixmedins_code": FACILITY, "psn_no": "P1", "setl_id": "@a", "msgid": "x"});
    let by_operator = json!({"op": "cancel-for-operator", "operator": "bureau-7", "psn_no": "P1", "setl_id": "@a",
        "day": "2025-06-01", "msgid": "y"});
    lines.extend([by_facility, by_operator.clone(), by_operator]);
    let again = json!({"op": "settle-anew", "operator": "bureau-7", "psn_no": "P1", "setl_id": "@b", "day": "2025-06-01",
        "msgid": "z"});
    let nameless = json!({"op": "settle-anew", "psn_no": "P1", "setl_id": "@b", "day": "2025-06-01", "msgid": "z"});
    let keyless = json!({"op": "deposit", "psn_no": "P1", "amount": "5.00"});
    let too_early = json!({"op": "close-day", "day": "2199-01-01"});
    lines.extend([again, nameless, keyless, too_early]);
    let (ran, answers) = ran(&journal, &lines, &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert_eq!(answers[6]["refused"], 314, "the later one has used what it counted");
    let adjusted = &answers[7]["adjusted"][0];
    assert_eq!(answers[7]["cancels"], answers[3]["setl_id"]);
    assert_eq!(adjusted["adjusts"], answers[4]["setl_id"]);
    assert_eq!(adjusted["fixmedins_code"], FACILITY);
    // As if the first had never been: what the twin was paid.
    for field in ["fund_pay_sumamt", "psn_part_amt", "funds"] {
        assert_eq!(adjusted["now"][field], answers[5][field], "{field}");
        assert_ne!(adjusted["now"][field], answers[4][field], "{field}");
    }
    assert_eq!(answers[8]["again"], true, "the same again is told the same");
    assert_eq!(answers[8]["adjusted"], answers[7]["adjusted"]);
    assert_eq!(answers[9]["infcode"], 0, "nothing comes out otherwise");
    let unreadable = answers[10]["unreadable"].as_str().expect("a field is missing");
    assert!(unreadable.contains("operator"), "{unreadable}");
    for (answer, field) in [(11, "msgid"), (12, "has not begun")] {
        let unreadable = answers[answer]["unreadable"].as_str().expect("refused as it stands");
        assert!(unreadable.contains(field), "{unreadable}");
    }
    assert_eq!(state(&journal, "1"), state(&journal, "4"));
}

#[test]
fn what_was_answered_is_answered_again_after_a_restart_for_any_number_of_shards() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let bills = [settle("a", "P1", "10000.00"), settle("b", "P2", "70000.00")];
    let (first, told) = ran(&journal, &[opening(), bills.to_vec()].concat(), &["--shards", "2"]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let hash = state(&journal, "1");
    for shards in ["1", "4"] {
        let (again, answers) = ran(&journal, &bills, &["--shards", shards]);
        assert_eq!(again.code, Some(0), "{}", again.err);
        assert!(again.err.contains("read back after a clean stop"), "{}", again.err);
        // A sync takes longer than two microseconds: the least that the summary used to tell.
        let (_, p50) = again.err.split_once("p50 ").expect("a summary");
        let p50 = p50.split(' ').next().and_then(|us| us.parse::<u64>().ok()).expect("a number");
        assert!(p50 > 2, "{}", again.err);
        for (answer, told) in answers.iter().zip(&told[3..]) {
            assert_eq!(answer["again"], true);
            assert_eq!(answer["setl_id"], told["setl_id"]);
            assert_eq!(answer["psn_part_amt"], told["psn_part_amt"]);
        }
        assert_eq!(state(&journal, shards), hash, "asking again changes nothing");
    }
    let member = run(&["state", "member", &journal, "P1"]);
    assert!(member.out.contains("balc       100.00"), "{}", member.out);
    assert!(member.out.contains("settlement ") && member.out.contains("slot "), "{}", member.out);
    let facility = run(&["state", "facility", &journal, FACILITY]);
    assert!(facility.out.contains("owed  "), "{}", facility.out);
    // Amounts in yuan, and what is counted in whole numbers.
    let slots = member.out.lines().filter(|line| line.starts_with("slot "));
    let values: Vec<&str> = slots.filter_map(|line| line.rsplit(' ').next()).collect();
    assert!(values.iter().any(|value| value.contains('.')), "{}", member.out);
    assert!(
        values.iter().all(|value| match value.split_once('.') {
            Some((_, fen)) => fen.len() == 2,
            None => value.len() < 3,
        }),
        "{}",
        member.out
    );
    let nobody = run(&["state", "member", &journal, "P9"]);
    assert_eq!(
        (nobody.code, nobody.err.contains("no member P9")),
        (Some(2), true),
        "{}",
        nobody.err
    );
}

#[test]
fn an_audit_finds_no_difference_and_under_another_pack_just_what_it_changes() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let mut lines = opening();
    // P2 is far above the deductible; the visit of P1 is below it, and no other ratio changes that.
    lines.extend([settle("a", "P1", "100.00"), settle("b", "P2", "70000.00")]);
    let (_, answers) = ran(&journal, &lines, &[]);
    let sound = run(&["journal", "audit", &journal]);
    assert_eq!((sound.code, sound.out.as_str()), (Some(0), ""), "{}", sound.err);
    assert!(sound.err.contains("2 settlements decided anew, 0 differ"), "{}", sound.err);
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/630100/policy.toml");
    let text = fs::read_to_string(pack).expect("the curated pack");
    let text = text.replace("rate = \"70%\"", "rate = \"71%\"");
    let other = folder.write("policy.toml", text);
    let differs = run(&["journal", "audit", &journal, "--policy", &other]);
    assert_eq!(differs.code, Some(1), "{}", differs.err);
    let settlement = answers[4]["setl_id"].as_str().expect("a number");
    assert_eq!(differs.out.lines().count(), 1, "{}", differs.out);
    assert!(
        differs.out.starts_with(&format!("settlement {settlement}: hifp_pay ")),
        "{}",
        differs.out
    );
    let jining = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/370800/policy.toml");
    let foreign = run(&["journal", "audit", &journal, "--policy", jining]);
    assert_eq!(foreign.code, Some(2), "{}", foreign.err);
    assert!(foreign.err.contains("of pool 370800"), "{}", foreign.err);
    assert!(foreign.err.contains("it has 630100. Nothing was compared"), "{}", foreign.err);
    let elsewhere = Folder::new();
    elsewhere.write("x", "");
    fs::create_dir(elsewhere.path("R1")).expect("a folder");
    let r1 = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/R1/policy.toml");
    fs::copy(r1, elsewhere.path("R1/policy.toml")).expect("copied");
    let missing = run(&["journal", "audit", &journal, "--policies", &elsewhere.path("")]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("pack of pool 630100 with digest"), "{}", missing.err);
}

#[test]
fn tables_are_imported_and_what_is_wrong_is_told_by_line() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let facilities = folder.write(
        "facilities.csv",
        "fixmedins_code,admdvs,kind,hosp_lv,agreements\nH63010400001,630104,hospital,三级,inpatient;outpatient@2025-01-01..\n\
         H2,63010,hospital,三级,\n",
    );
    let members = folder.write(
        "members.csv",
        "psn_no,admdvs,insutype,psn_type,brdy,identities,approvals,balc\n\
         P1,630100,390,15,1960-05-01,低保@2025-01-01..2026-01-01;特困,M03900,12.50\n\
         P2,630100,39,15,,,,\nP3,630100,390,15,1960-13-01,,,\nP4,630100,310,11,,,,0.001\nP5,630100,310,11,,,,\n",
    );
    let ran = run(&["import", "facilities", &journal, &facilities]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let ran = run(&["import", "members", &journal, &members]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("2 taken in, 0 repeated, 3 wrong"), "{}", ran.err);
    let errors = fs::read_to_string(format!("{members}.errors")).expect("what is wrong");
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines[0], "file,line,field,value,expected");
    assert!(lines[1].starts_with(&format!("{members},3,insutype,39,")), "{errors}");
    assert!(lines[2].contains(",4,brdy,1960-13-01,"), "{errors}");
    assert!(lines[3].contains(",5,balc,0.001,"), "{errors}");
    let before = state(&journal, "1");
    assert!(before.contains("in own accounts 12.50"), "{before}");
    let again = run(&["import", "members", &journal, &members]);
    assert_eq!(again.code, Some(1));
    assert_eq!(state(&journal, "1"), before, "the same file again changes nothing");
    let wrong = folder.write("wrong.csv", "psn_no,admdvs,insutype,name\n");
    let ran = run(&["import", "members", &journal, &wrong]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("column \"name\""), "{}", ran.err);
}

#[test]
fn what_stands_in_the_way_is_told_in_one_sentence() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let lines = [opening(), vec![settle("a", "P1", "10000.00")]].concat();
    assert_eq!(ran(&journal, &lines, &[]).0.code, Some(0));

    let (file, _) = ran(&folder.write("a-file", "x"), &lines, &[]);
    assert_eq!(file.code, Some(2));
    assert!(file.err.contains("this is a file; expected the folder of a journal"), "{}", file.err);
    let (inside, _) = ran(&folder.path("a-file/journal"), &lines, &[]);
    assert_eq!(inside.code, Some(2));
    assert!(inside.err.contains("Give a folder that this user may make"), "{}", inside.err);
    let empty = folder.path("empty");
    fs::create_dir(&empty).expect("a folder");
    for args in [
        &["state", "hash"][..],
        &["journal", "audit"],
        &["journal", "verify"],
        &["journal", "archive", "--to", "/nowhere"],
    ] {
        for (at, told) in [
            (&empty, "no journal is here"),
            (&folder.path("a-file"), "this is a file; expected the folder of a journal"),
            (&folder.path("nowhere"), "no such folder"),
        ] {
            let none = run(&[args, &[at]].concat());
            assert_eq!((none.code, none.out.as_str()), (Some(2), ""), "{args:?}");
            assert!(none.err.contains(told) && none.err.contains(at), "{args:?}: {}", none.err);
        }
    }

    let lock = yidan_journal::Lock::take(std::path::Path::new(&journal)).expect("nobody has it");
    let (second, _) = ran(&journal, &lines, &[]);
    assert_eq!(second.code, Some(2));
    assert!(second.err.contains("another engine (process"), "{}", second.err);
    drop(lock);

    let segment = format!("{journal}/0000000000000001.seg");
    let mut bytes = fs::read(&segment).expect("the first segment");
    bytes[700] ^= 1;
    fs::write(&segment, bytes).expect("written");
    let (damaged, answers) = ran(&journal, &lines, &[]);
    assert_eq!((damaged.code, answers.len()), (Some(2), 0));
    assert!(damaged.err.contains("0000000000000001.seg, byte 512: "), "{}", damaged.err);
    assert!(damaged.err.contains("from a copy or a standby"), "{}", damaged.err);
    // Whoever only reads does not take the beginning for the whole.
    for args in [["state", "hash", &journal], ["journal", "audit", &journal]] {
        let read = run(&args);
        assert_eq!((read.code, read.out.as_str()), (Some(2), ""), "{}", read.err);
        assert!(read.err.contains("0000000000000001.seg, byte 512: "), "{}", read.err);
    }
}

#[test]
fn a_start_tells_what_it_cut_and_what_loss_was_accepted() {
    let folder = Folder::new();
    let [torn, damaged] = ["torn", "damaged"].map(|name| folder.path(name));
    let lines = [opening(), vec![settle("a", "P1", "10000.00")]].concat();
    let last_begins = |journal: &str| {
        assert_eq!(ran(journal, &lines, &[]).0.code, Some(0));
        let segment = format!("{journal}/0000000000000001.seg");
        let mut bytes = fs::read(&segment).expect("the first segment");
        // As if the process had been killed: its seal, which is the last sector, is not there.
        bytes.truncate(bytes.len() - 512);
        let mut heads =
            (0..bytes.len()).step_by(512).filter(|at| bytes[*at..].starts_with(b"BTCH"));
        (segment, heads.next_back().expect("a batch"), bytes)
    };
    let (segment, at, bytes) = last_begins(&torn);
    fs::write(segment, &bytes[..bytes.len() - 100]).expect("written");
    let (cut, _) = ran(&torn, &lines, &[]);
    assert_eq!(cut.code, Some(0), "{}", cut.err);
    let place =
        format!("warning: 0000000000000001.seg, byte {at}: a batch whose write never ended");
    assert!(cut.err.contains(&place) && cut.err.contains(" bytes were cut\n"), "{}", cut.err);
    let (again, _) = ran(&torn, &lines, &[]);
    assert!(!again.err.contains("were cut"), "{}", again.err);

    let (segment, at, mut bytes) = last_begins(&damaged);
    bytes[at + 140] ^= 1;
    fs::write(segment, bytes).expect("written");
    let (refused, _) = ran(&damaged, &lines, &[]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    let (accepted, _) = ran(&damaged, &lines, &["--accept-loss"]);
    assert_eq!(accepted.code, Some(0), "{}", accepted.err);
    let told = format!("byte {at}: a batch is damaged");
    assert!(accepted.err.contains(&told), "{}", accepted.err);
    assert!(accepted.err.contains("the loss is accepted, and batch "), "{}", accepted.err);
}

#[test]
fn a_line_that_is_wrong_is_told_and_the_others_are_done() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let wrong = [
        (json!({"op": "settle", "fixmedins_code": FACILITY, "psn_no": "P1"}), "insutype"),
        (
            json!({"op": "cancel", "fixmedins_code": FACILITY, "psn_no": "P1", "setl_id": "@x"}),
            "setl_id",
        ),
        (json!({"op": "deposit", "amount": "1"}), "psn_no"),
        (json!({"op": "upload", "psn_no": "P1", "mdtrt_id": "1", "lines": []}), "fixmedins_code"),
        (json!({"op": "deposit", "psn_no": "P1", "amount": "1", "colour": "red"}), "colour"),
        (
            json!({"op": "reverse", "psn_no": "P1", "fixmedins_code": "H", "oinfno": "22", "omsgid": "1"}),
            "oinfno",
        ),
    ];
    let lines: Vec<Value> = wrong.iter().map(|(line, _)| line.clone()).chain(opening()).collect();
    let (ran, answers) = ran(&journal, &lines, &[]);
    assert_eq!(ran.code, Some(2));
    for ((line, field), answer) in wrong.iter().zip(&answers) {
        let said = answer["unreadable"].as_str().unwrap_or_default();
        assert!(said.contains(field), "{line}: {answer}");
    }
    assert!(answers[6..].iter().all(|answer| answer["infcode"] == 0), "{answers:?}");
}
