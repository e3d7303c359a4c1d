//! Large bills, long streams in bounded memory, and readers that go away.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::thread;

use serde_json::json;

use crate::program::{Folder, by_lines, by_totals, catalogue, line, program, run, set};

#[test]
fn a_bill_of_1500_lines_is_settled() {
    let folder = Folder::new();
    let image = catalogue(&folder);
    let rows: Vec<_> = (1..=1500)
        .map(|n| match n % 2 {
            0 => line(&n.to_string(), "QS1", "1", "30", "30.00"),
            _ => line(&n.to_string(), "QD1", "2.5", "12.345", "30.86"),
        })
        .collect();
    let file = folder.write("icu.json", set(&by_lines(), "/lines", json!(rows)).to_string());
    let ran = run(&["settle", &file, "--catalog", &image, "--lines", "--explain=full"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("45,645.00"), "750 × 30.86 + 750 × 30: {}", &ran.out[..2000]);
    assert!(ran.out.matches("片剂").count() >= 750);
}

/// Peak of the memory of a process that still runs, in KiB.
fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|peak| peak.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("Linux tells the peak")
}

#[test]
fn a_stream_of_100_000_cases_takes_bounded_memory() {
    const CASES: usize = 100_000;
    let case = by_totals().to_string();
    let mut child = program(&["settle", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut to = child.stdin.take().expect("it was piped");
    let from = BufReader::new(child.stdout.take().expect("it was piped"));
    let process = child.id();
    let (few, many) = thread::scope(|scope| {
        let answers = scope.spawn(|| from.lines().map_while(Result::ok).count());
        to.write_all(b"[").expect("the program reads");
        let mut few = 0;
        for number in 1..=CASES {
            let end = if number == CASES { "]\n" } else { "," };
            to.write_all(format!("{case}{end}").as_bytes()).expect("the program reads");
            if number == 5_000 {
                few = peak_kib(process);
            }
        }
        // The array is closed and the pipe still open: the program waits, all but done.
        let many = peak_kib(process);
        drop(to);
        assert_eq!(answers.join().expect("the answers are read"), CASES);
        (few, many)
    });
    let mut told = String::new();
    child.stderr.take().expect("it was piped").read_to_string(&mut told).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{told}");
    assert!(told.contains("100000 cases: 100000 settled"), "{told}");
    // Of which the large pages of the allocator are the most: they are there from the first case on.
    assert!(many < 96 * 1024, "{many} KiB at the end");
    assert!(many < few + 2 * 1024, "{few} KiB after 5,000 cases, {many} KiB after all");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    let text: String = (0..5_000).map(|_| format!("{}\n", by_totals())).collect();
    let file = folder.write("cases.jsonl", text);
    for args in [&["settle", &file, "--json"][..], &["settle", &file], &["demo"], &["reasons"]] {
        let mut child = program(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut some = [0; 100];
        let mut out = child.stdout.take().expect("it was piped");
        out.read_exact(&mut some).expect("it prints something");
        drop(out);
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{args:?}");
    }
}
