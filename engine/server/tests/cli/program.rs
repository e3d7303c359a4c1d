//! Runs the program, and writes the cases that the tests hand to it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

/// What a run printed, and how it ended.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program, not yet run.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yidan"));
    command.args(args);
    command
}

/// Runs the program with something piped in.
pub(crate) fn piped(args: &[&str], input: &[u8]) -> Ran {
    let mut child = program(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut to = child.stdin.take().expect("it was piped");
    let output = thread::scope(|scope| {
        // A program that ends before it has read everything closes the pipe; that is its right.
        scope.spawn(move || to.write_all(input).unwrap_or(()));
        child.wait_with_output().expect("the program ends")
    });
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("the answer is text"),
        err: String::from_utf8(output.stderr).expect("what is said is text"),
    }
}

/// Runs the program with nothing piped in.
pub(crate) fn run(args: &[&str]) -> Ran {
    piped(args, b"")
}

/// Settles a text as a file of this name, and gives the answer of each case.
pub(crate) fn settled(name: &str, text: impl AsRef<[u8]>, args: &[&str]) -> (Ran, Vec<Value>) {
    let folder = Folder::new();
    let file = folder.write(name, text);
    let ran = run(&[&["settle", &file, "--json"], args].concat());
    let answers = ran.out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    (Ran { err: ran.err.replace(&file, name), out: ran.out.clone(), ..ran }, answers.collect())
}

/// A folder that goes away.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder can be made"))
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        let parent = Path::new(&path).parent().map_or_else(PathBuf::new, Path::to_owned);
        fs::create_dir_all(parent).expect("the folder can be made");
        fs::write(&path, text).expect("the file can be written");
        path
    }
}

/// A stay in Xining whose bill is given by its totals.
pub(crate) fn by_totals() -> Value {
    json!({
        "admdvs": "630100",
        "member": {
            "psn_no": "P1", "insutype": "390", "psn_type": "15", "gend": "1", "brdy": "1960-05-01"
        },
        "facility": {
            "fixmedins_code": "H1", "admdvs": "630103", "kind": "hospital", "hosp_lv": "三级甲等"
        },
        "visit": {
            "med_type": "21", "mdtrt_id": "V1",
            "begntime": "2025-03-01 08:00:00", "endtime": "2025-03-10 10:00:00"
        },
        "totals": {
            "medfee_sumamt": "10000.00", "fulamt_ownpay_amt": "500.00",
            "preselfpay_amt": "500.00", "inscp_scp_amt": "9000.00"
        }
    })
}

/// A fee line.
pub(crate) fn line(serial: &str, code: &str, cnt: &str, pric: &str, amount: &str) -> Value {
    json!({
        "feedetl_sn": serial, "med_list_codg": code, "fee_ocur_time": "2025-03-02",
        "cnt": cnt, "pric": pric, "det_item_fee_sumamt": amount
    })
}

/// The same stay with two fee lines.
pub(crate) fn by_lines() -> Value {
    let mut case = by_totals();
    case.as_object_mut().expect("an object").remove("totals");
    let lines = [line("1", "QD1", "3", "12.5", "37.50"), line("2", "QS1", "1", "30", "30.00")];
    set(&case, "/lines", json!(lines))
}

/// A case with one value put in place of another, or added.
pub(crate) fn set(case: &Value, pointer: &str, value: Value) -> Value {
    let mut case = case.clone();
    let (above, name) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    let place = case.pointer_mut(above).expect("what is above is there");
    match (place.is_array(), name) {
        (true, "-") => place.as_array_mut().expect("an array").push(value),
        (true, _) | (false, _) => place[name] = value,
    }
    case
}

/// A catalogue of two codes, built by the program.
pub(crate) fn catalogue(folder: &Folder) -> String {
    write_sources(folder, "甲");
    let image = folder.path("small.img");
    let ran = run(&["catalog", "build", &folder.path("sources"), "-o", &image]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    image
}

/// Sources of that catalogue, the drug in this class.
pub(crate) fn write_sources(folder: &Folder, class: &str) {
    let heading =
        "code,code_status,name,list,charge_type,class,share_employee,share_resident,from,source\n";
    let drug = format!("QD1,shape,片剂,western,09,{class},0,0,2020-01-01,test\n");
    let service = "QS1,shape,诊查费,service,02,甲,0,0,2020-01-01,test\n";
    folder.write("sources/national/drugs.csv", format!("{heading}{drug}"));
    folder.write("sources/national/services.csv", format!("{heading}{service}"));
}
