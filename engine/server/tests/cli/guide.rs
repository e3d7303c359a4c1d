//! The guide for HIS vendors, `engine/gateway/INTEGRATION.md`: its shell lines are run as they are printed, against the example town, and
//! every answer they get says that it was done. They need `bash` and `curl`, and are passed over, saying so, where these are not.

use std::process::{Command, Stdio};

use super::serve::Served;

const GUIDE: &str = include_str!("../../../gateway/INTEGRATION.md");

/// Where the guide says that hospitals call.
const PRINTED: &str = "127.0.0.1:8086";

/// What the guide shows from its beginning to its end.
const SHOWN: [&str; 24] = [
    "1101", "2001", "2101", "2102", "2201", "2202", "2203", "2204", "2205", "2206", "2207", "2208",
    "2301", "2302", "2303", "2304", "2305", "2401", "2402", "2404", "2405", "2601", "5203", "5206",
];

/// The blocks of the guide that are marked as shell, in their order.
fn blocks() -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = GUIDE.lines();
    while lines.any(|line| line == "```sh") {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n"));
    }
    blocks
}

/// The transactions that a block calls, in their order.
fn called(block: &str) -> Vec<&str> {
    let calls = block.lines().filter_map(|line| line.strip_prefix("call "));
    calls.filter_map(|call| call.split(' ').next()).collect()
}

#[test]
#[expect(clippy::print_stderr, reason = "that nothing was tried must be seen")]
fn every_shell_line_of_the_guide_does_what_it_says() {
    let there = |program: &str| {
        let asked = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    if let Some(missing) = ["bash", "curl"].into_iter().find(|program| !there(program)) {
        eprintln!("the shell lines of the guide were not run: {missing} is not installed");
        return;
    }
    let served = Served::town();
    let folder = tempfile::tempdir().expect("a folder");
    let blocks = blocks();
    for block in &blocks {
        let ran = Command::new("bash")
            .args(["-eu", "-c", &block.replace(PRINTED, &served.calls)])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("bash is there");
        let (said, wrong) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{block}\n{said}\n{wrong}");
        let answers: Vec<&str> = said.lines().collect();
        let called = called(block);
        assert_eq!(answers.len(), called.len(), "{said}");
        for (infno, answer) in called.iter().zip(answers) {
            assert!(answer.contains("\"infcode\":0,"), "{infno}: {answer}");
            // The splits that the guide sends are those that are found.
            assert!(answer.contains("\"warn_msg\":null"), "{infno}: {answer}");
        }
    }
    let all: Vec<&str> = blocks.iter().flat_map(|block| called(block)).collect();
    for infno in SHOWN {
        assert!(all.contains(&infno), "{infno} is not shown");
    }
}

#[test]
fn the_people_of_the_guide_are_those_of_the_example_town() {
    let served = Served::town();
    assert!(!served.people.is_empty());
    for person in &served.people {
        let (psn_no, certno, name) = (&person.psn_no, &person.certno, &person.name);
        let line =
            format!("psn_no {psn_no}  certno {certno}  {name}  insutype {}", person.insutype);
        assert!(GUIDE.contains(&line), "{line}");
    }
}
