//! `import` as a clerk meets it: whatever is wrong with a table, the rows beside it are taken in, and each that is not is told with
//! its line, its column and what was expected.

use std::fs;

use crate::durable::state;
use crate::program::{Folder, Ran, run};

const HEADER: &str = "psn_no,admdvs,insutype,psn_type,brdy,identities,balc\n";

/// Imports members, and gives what was told of the rows that are wrong.
fn members(folder: &Folder, rows: &str) -> (Ran, Vec<Vec<String>>) {
    let file = folder.write("members.csv", format!("{HEADER}{rows}"));
    let ran = run(&["import", "members", &folder.path("journal"), &file]);
    let Ok(text) = fs::read_to_string(format!("{file}.errors")) else { return (ran, Vec::new()) };
    let mut errors = csv::Reader::from_reader(text.as_bytes());
    let header = errors.headers().expect("a first line");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["file", "line", "field", "value", "expected"]);
    let row = |row: csv::Result<csv::StringRecord>| {
        let row: Vec<String> = row.expect("whole").iter().map(str::to_owned).collect();
        assert_eq!(row[0], file, "{row:?}");
        row[1..].to_vec()
    };
    (ran, errors.records().map(row).collect())
}

#[test]
fn a_quote_that_is_not_closed_is_an_error_of_its_line_alone() {
    let folder = Folder::new();
    let (ran, errors) = members(
        &folder,
        "P1,630100,390,15,,,\nP2,630100,\"390,15,,,\nP3,630100,390,15,,\"低保;特困\",\nP4,630100,390,15,,,\n",
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("3 taken in, 0 repeated, 1 wrong"), "{}", ran.err);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0][..2], ["3", "insutype"]);
    assert!(errors[0][2].contains("not closed") && errors[0][3].contains("a row is one line"));
    assert!(state(&folder.path("journal"), "1").contains("members    3"));
}

#[test]
fn codes_that_no_pack_has_and_rows_of_another_length_are_told() {
    let folder = Folder::new();
    let (ran, errors) = members(
        &folder,
        "P1,630100,398,15,,,\nP2,630100,390,99,,,\nP3,630100,390,15,,低饱,\nP4,999999,390,15,,,\n\
         P5,630100,390,15,,\nP6,630100,390,15,,,,\n,630100,390,15,,,\nP8,630100,390,15,,特困,\n",
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    for (row, line, field, value, expected) in [
        (0, "2", "insutype", "398", "an insutype (险种类型) of pool 630100: 310"),
        (1, "3", "psn_type", "99", "a psn_type (人员类别) of pool 630100, beginning with one of 1"),
        (2, "4", "identities", "低饱", "an identity type (医疗救助对象类别) of pool 630100: "),
        (3, "5", "admdvs", "999999", "a pool (统筹区) that a pack is at hand for: "),
        (4, "6", "balc", "6 columns", "7 columns"),
        (5, "7", "", "8 columns", "7 columns"),
        (6, "8", "psn_no", "nothing", "a value"),
    ] {
        assert_eq!(errors[row][..3], [line, field, value], "{errors:?}");
        assert!(errors[row][3].contains(expected), "{errors:?}");
    }
    assert_eq!(errors.len(), 7, "{errors:?}");
    assert!(errors[2][3].contains("低保"), "{errors:?}");
    assert!(ran.err.contains("1 taken in"), "{}", ran.err);
}

#[test]
fn the_second_of_two_rows_that_differ_is_wrong_and_the_same_again_is_not() {
    let folder = Folder::new();
    let (ran, errors) = members(
        &folder,
        "P1,630100,390,15,1960-05-01,,10.00\nP1,630100,390,15,1960-05-01,,20.00\nP1,630100,390,15,1960-05-01,,10.00\n",
    );
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("1 taken in, 1 repeated, 1 wrong"), "{}", ran.err);
    assert_eq!(errors[0][..3], ["3", "psn_no", "P1"]);
    assert!(errors[0][3].contains("line 2 has it with other values"), "{errors:?}");
    assert!(state(&folder.path("journal"), "1").contains("in own accounts 10.00"));
    let facilities = folder.write(
        "facilities.csv",
        "fixmedins_code,admdvs,kind,hosp_lv\nH1,630104,hospital,三级\nH1,630104,hospital,二级\n",
    );
    let ran = run(&["import", "facilities", &folder.path("journal"), &facilities]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let facility = run(&["state", "facility", &folder.path("journal"), "H1"]);
    assert!(facility.out.contains("hosp_lv        三级"), "{}", facility.out);
}

#[test]
fn mended_rows_alone_are_imported_and_the_old_errors_go() {
    let folder = Folder::new();
    let (_, errors) = members(&folder, "P1,630100,390,15,,,\nP2,630100,39,15,,,\n");
    assert_eq!(errors.len(), 1);
    let (ran, errors) = members(&folder, "P2,630100,390,15,,,\n");
    assert_eq!((ran.code, errors.len()), (Some(0), 0), "{}", ran.err);
    let before = state(&folder.path("journal"), "1");
    assert!(before.contains("members    2"), "{before}");
    let (ran, errors) = members(&folder, "P1,630100,390,15,,,\nP2,630100,390,15,,,\n");
    assert_eq!((ran.code, errors.len()), (Some(0), 0), "{}", ran.err);
    assert_eq!(state(&folder.path("journal"), "1"), before);
    let own = folder.write("notes.txt", "mine\n");
    let file = folder.path("members.csv");
    let ran = run(&["import", "members", &folder.path("journal"), &file, "--errors", &own]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(fs::read_to_string(own).expect("no table of errors"), "mine\n");
}

#[test]
fn a_first_line_that_names_no_columns_is_told_and_nothing_is_taken_in() {
    let folder = Folder::new();
    for (text, told) in [
        ("psn_no,admdvs,insutype,psn_type,\"brdy\nP1,630100,390,15,x\n", "the quote of column 5"),
        ("psn_no,admdvs,psn_no,insutype,psn_type\n", "column \"psn_no\" stands there twice"),
        ("psn_no,admdvs,insutype\n", "no column \"psn_type\""),
        ("", "the names of columns"),
    ] {
        let file = folder.write("t.csv", text);
        let ran = run(&["import", "members", &folder.path("journal"), &file]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains(&format!("error: {file}: line 1: ")), "{}", ran.err);
        assert!(ran.err.contains(told), "{}", ran.err);
        assert!(ran.err.contains("0 taken in"), "{}", ran.err);
    }
}
