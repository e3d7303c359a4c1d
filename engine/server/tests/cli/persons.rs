//! `import persons` as a clerk meets it: who is behind a `psn_no`, in a table that only its owner reads, and found over HTTP after it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::program::{Folder, Ran, run};
use crate::serve::Served;

const HEADER: &str = "psn_no,psn_cert_type,certno,psn_name,naty\n";

/// Numbers with right check digits.
const FIRST: &str = "63999919800501005X";
const SECOND: &str = "639999198005010025";

/// Imports persons, and gives what was told of the rows that are wrong: line, field, value, expected.
fn persons(folder: &Folder, text: &str) -> (Ran, Vec<Vec<String>>) {
    let file = folder.write("persons.csv", text);
    let ran = run(&["import", "persons", &folder.path("journal"), &file]);
    let Ok(text) = fs::read_to_string(format!("{file}.errors")) else { return (ran, Vec::new()) };
    let mut errors = csv::Reader::from_reader(text.as_bytes());
    let row = |row: csv::Result<csv::StringRecord>| {
        row.expect("whole").iter().skip(1).map(str::to_owned).collect()
    };
    (ran, errors.records().map(row).collect())
}

fn mode(path: &str) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn rows_that_are_wrong_are_told_without_names_or_numbers_and_all_others_are_taken_in() {
    let folder = Folder::new();
    let rows = format!(
        "{HEADER}P1,01,{FIRST},张三,01\nP2,01,639999198005010028,李四,\nP3,01,6399991980050100,李四,\n\
         P4,01,639999800501002,王五,\nP5,8,E12345678,JOHN,\nP6,08,E12345678,JOHN SMITH,\n\
         P7,01,,李四,\nP8,01,{SECOND},,\nP9,01,{SECOND},李四,汉\nP10,01,{SECOND}\n,01,{SECOND},李四,\n"
    );
    let (ran, errors) = persons(&folder, &rows);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let told = "3 taken in (3 new, 0 changed), 0 repeated, 8 wrong";
    assert!(ran.err.contains(told), "{}", ran.err);
    for (row, line, field, value) in [
        (0, "3", "certno", "18 characters"),
        (1, "4", "certno", "16 characters"),
        (2, "6", "psn_cert_type", "8"),
        (3, "8", "certno", "nothing"),
        (4, "9", "psn_name", "nothing"),
        (5, "10", "naty", "汉"),
        (6, "11", "psn_name", "3 columns"),
        (7, "12", "psn_no", "nothing"),
    ] {
        assert_eq!(errors[row][..3], [line, field, value], "{errors:?}");
    }
    assert_eq!(errors.len(), 8, "{errors:?}");
    let all = errors.concat().concat();
    assert!(!all.contains("李四") && !all.contains("6399991980050100"), "{all}");
    assert_eq!(mode(&folder.path("persons.csv.errors")), 0o600);
    assert_eq!(mode(&folder.path("journal/persons.redb")), 0o600);
}

#[test]
fn one_number_has_one_person_and_the_same_again_changes_nothing() {
    let folder = Folder::new();
    let rows = format!(
        "{HEADER}P1,01,{FIRST},张三,\nP1,01,{FIRST},张三,\nP1,01,{SECOND},张三,\nP2,01,{},李四,\nP2,01,{SECOND},李四,\n",
        FIRST.to_lowercase()
    );
    for told in ["2 taken in (2 new, 0 changed), 1", "2 taken in (0 new, 0 changed), 1"] {
        let (ran, errors) = persons(&folder, &rows);
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert!(ran.err.contains(told), "{}", ran.err);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert_eq!(errors[0][..3], ["4", "psn_no", "P1"]);
        assert_eq!(errors[1][..3], ["5", "certno", "18 characters"]);
        for error in &errors {
            assert!(error[3].contains("line 2 has it with other values"), "{errors:?}");
        }
    }
    // Of an earlier import, in another file: told who has it.
    let (ran, errors) = persons(&folder, &format!("{HEADER}P3,01,{FIRST},王五,\n"));
    assert_eq!((ran.code, errors.len()), (Some(1), 1), "{}", ran.err);
    assert_eq!(errors[0][..3], ["2", "certno", "18 characters"]);
    assert!(errors[0][3].contains("P1 has it"), "{errors:?}");
    let (ran, errors) = persons(&folder, &format!("{HEADER}P1,01,{FIRST},张三丰,\n"));
    assert_eq!((ran.code, errors.len()), (Some(0), 0), "{}", ran.err);
    assert!(ran.err.contains("1 taken in (0 new, 1 changed)"), "{}", ran.err);
}

#[test]
fn a_table_of_more_rows_than_a_transaction_takes_is_taken_in_whole() {
    let folder = Folder::new();
    let row = |number: u32| format!("P{number},08,E{number:08},某人,\n");
    let rows: String = (0..20_001).map(row).collect();
    let (ran, errors) = persons(&folder, &format!("{HEADER}{rows}"));
    assert_eq!((ran.code, errors.len()), (Some(0), 0), "{}", ran.err);
    assert!(ran.err.contains("20001 taken in (20001 new, 0 changed)"), "{}", ran.err);
}

#[test]
fn who_is_imported_is_found_over_http_and_nobody_is_while_a_server_has_the_folder() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let (ran, _) = persons(&folder, &format!("{HEADER}P1,01,{FIRST},张三,01\n"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for (what, text) in [
        ("facilities", "fixmedins_code,admdvs,kind,hosp_lv\nH630103Q0001,630103,hospital,三级\n"),
        ("members", "psn_no,admdvs,insutype,psn_type,brdy\nP1,630100,310,11,1980-05-01\n"),
    ] {
        let file = folder.write(what, text);
        let ran = run(&["import", what, &journal, &file]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }
    let served = Served::start(&[&journal]);
    let his = served.at("H630103Q0001");
    let asked = |certno: &str, name: &str| {
        json!({ "data": {
            "mdtrt_cert_type": "02", "mdtrt_cert_no": certno, "card_sn": "", "begntime": "",
            "psn_cert_type": "01", "certno": certno, "psn_name": name,
        } })
    };
    let known = his.done("1101", asked(&FIRST.to_lowercase(), "张三"));
    for (name, value) in [("psn_no", "P1"), ("certno", FIRST), ("psn_name", "张三"), ("naty", "01")]
    {
        assert_eq!(known["baseinfo"][name], value, "{known}");
    }
    his.refused("1101", asked(SECOND, "张三"), 461);
    let (ran, _) = persons(&folder, &format!("{HEADER}P1,01,{SECOND},张三,\n"));
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("another engine (process "), "{}", ran.err);
    drop(served);
    let (ran, _) = persons(&folder, &format!("{HEADER}P1,01,{SECOND},张三,\n"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}
