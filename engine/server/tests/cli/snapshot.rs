//! `journal snapshot`, `journal archive` and `run --snapshot-every` as a person meets them: what they print, that starts and looks go
//! on from what they leave, and the sentence for each thing that stands in the way.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::durable::{FACILITY, opening, ran, settle, state};
use crate::program::{Folder, program, run};

/// The snapshots of a journal, the oldest first.
fn snapshots(journal: &str) -> Vec<String> {
    let names = fs::read_dir(journal).expect("a folder").flatten();
    let names = names.map(|one| one.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".snap")).collect();
    names.sort_unstable();
    names
}

/// Settles one bill in a run of its own, which begins a segment of its own.
fn more(journal: &str, msgid: &str) -> Value {
    let (ran, answers) = ran(journal, &[settle(msgid, "P1", "1000.00")], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    answers[0].clone()
}

fn rot(file: &str) {
    let mut bytes = fs::read(file).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).expect("written");
}

#[test]
fn a_snapshot_is_made_and_gone_on_from_and_a_damaged_one_is_passed_over() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let lines = [opening(), vec![settle("a", "P1", "10000.00")]].concat();
    assert_eq!(ran(&journal, &lines, &[]).0.code, Some(0));
    let before = state(&journal, "1");
    let made = run(&["journal", "snapshot", &journal]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let hash = before.lines().next().expect("a line").replace("state      ", "");
    for line in ["folded since the beginning", "members   2", "bytes     ", &hash, "took      "] {
        assert!(made.out.contains(line), "{line}: {}", made.out);
    }
    assert_eq!(state(&journal, "4"), before);
    let nothing = run(&["journal", "snapshot", &journal]);
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(0), ""));
    assert!(nothing.err.contains("has all that is known durable"), "{}", nothing.err);
    more(&journal, "b");
    let after = state(&journal, "1");
    let again = run(&["journal", "snapshot", &journal]);
    let [older, newer] = &snapshots(&journal)[..] else { panic!("two: {}", again.err) };
    assert!(again.out.contains(&format!("folded since {older}")), "{}", again.out);
    rot(&format!("{journal}/{newer}"));
    assert_eq!(state(&journal, "1"), after, "from the older one");
    let (warned, answers) = ran(&journal, &[settle("b", "P1", "1000.00")], &[]);
    assert_eq!(answers[0]["again"], true);
    let warning = format!("warning: {newer} is passed over: {newer}, byte ");
    assert!(warned.err.contains(&warning), "{}", warned.err);
    assert!(warned.err.contains(&format!("on from {older}")), "{}", warned.err);
    rot(&format!("{journal}/{older}"));
    assert_eq!(state(&journal, "1"), after, "from the whole journal");
}

#[test]
fn segments_that_two_snapshots_hold_are_archived_and_the_engine_goes_on_without_them() {
    let folder = Folder::new();
    let (journal, old) = (folder.path("journal"), folder.path("old"));
    let lines = [opening(), vec![settle("a", "P1", "10000.00")]].concat();
    let (_, answers) = ran(&journal, &lines, &[]);
    let first = answers[3]["setl_id"].as_str().expect("a number").to_owned();
    let archive =
        |args: &[&str]| run(&[&["journal", "archive", &journal, "--to", &old], args].concat());
    let none = archive(&[]);
    assert_eq!(none.code, Some(2));
    assert!(
        none.err.contains("there is no snapshot") && none.err.contains("Make one"),
        "{}",
        none.err
    );
    assert_eq!(run(&["journal", "snapshot", &journal]).code, Some(0));
    let one = archive(&[]);
    assert!(one.code == Some(2) && one.err.contains("there is one snapshot"), "{}", one.err);
    more(&journal, "b");
    assert_eq!(run(&["journal", "snapshot", &journal]).code, Some(0));
    let young = archive(&[]);
    assert!(young.code == Some(1) && young.err.contains("nothing to archive"), "{}", young.err);
    let before = state(&journal, "1");
    let moved = archive(&["--keep-days", "0"]);
    assert_eq!(moved.code, Some(0), "{}", moved.err);
    assert!(moved.out.contains("archived  1 segments, numbers 1 to 1"), "{}", moved.out);
    assert!(Path::new(&format!("{old}/0000000000000001.seg")).exists());
    assert_eq!(archive(&["--keep-days", "0"]).code, Some(1), "nothing more");
    // All that looks and all that starts goes on.
    assert_eq!(state(&journal, "2"), before);
    assert!(run(&["state", "member", &journal, "P1"]).out.contains("settlement "));
    assert!(run(&["state", "facility", &journal, FACILITY]).out.contains("owed  "));
    let audit = run(&["journal", "audit", &journal]);
    assert_eq!(audit.code, Some(0), "{}", audit.err);
    assert!(audit.err.contains("are not audited: their segments are archived"), "{}", audit.err);
    assert!(audit.err.contains("1 settlements decided anew, 0 differ"), "{}", audit.err);
    // The pack's names, loaded by a record that is archived, are in the snapshots.
    let show = run(&["journal", "show", &journal]);
    assert_eq!((show.code, show.err.as_str()), (Some(0), ""));
    assert!(
        show.out.contains("2025 居民基本支付") && show.out.contains("390100 居民住院统筹"),
        "{}",
        show.out
    );
    let cancel = json!({"op": "cancel", "fixmedins_code": FACILITY, "psn_no": "P1", "msgid": "c",
        "setl_id": first});
    let (_, told) = ran(&journal, &[cancel], &[]);
    assert_eq!(told[0]["refused"], 319, "{told:?}");
    // With both snapshots lost, one sentence says what to do.
    let kept: Vec<(String, Vec<u8>)> = snapshots(&journal)
        .into_iter()
        .map(|name| format!("{journal}/{name}"))
        .map(|file| (file.clone(), fs::read(file).expect("it is there")))
        .collect();
    kept.iter().for_each(|(file, _)| rot(file));
    let lost = run(&["state", "hash", &journal]);
    assert_eq!((lost.code, lost.out.as_str()), (Some(2), ""));
    assert!(lost.err.contains("Put them back from the archive"), "{}", lost.err);
    assert!(lost.err.contains("snapshot-") && lost.err.lines().count() == 1, "{}", lost.err);
    kept.iter().for_each(|(file, bytes)| fs::write(file, bytes).expect("written"));
    // Put back, they are the whole journal again.
    let segment = "0000000000000001.seg";
    fs::copy(format!("{old}/{segment}"), format!("{journal}/{segment}")).expect("copied");
    let audit = run(&["journal", "audit", &journal]);
    assert!(audit.err.contains("2 settlements decided anew, 0 differ"), "{}", audit.err);
    assert!(!audit.err.contains("archived"), "{}", audit.err);
    // The bill after it read what it changed, so that is told now, and no more that its record is away.
    let again = json!({"op": "cancel", "fixmedins_code": FACILITY, "psn_no": "P1", "msgid": "d",
        "setl_id": first});
    let (_, told) = ran(&journal, &[again], &[]);
    assert_ne!(told[0]["refused"], 319, "{told:?}");
}

#[test]
fn a_correction_whose_old_records_are_archived_is_told_of_by_an_audit() {
    let folder = Folder::new();
    let (journal, old) = (folder.path("journal"), folder.path("old"));
    let lines = [opening(), vec![settle("a", "P1", "120000.00")]].concat();
    let (_, answers) = ran(&journal, &lines, &[]);
    assert_eq!(ran(&journal, &[settle("b", "P1", "90000.00")], &[]).0.code, Some(0));
    assert_eq!(run(&["journal", "snapshot", &journal]).code, Some(0));
    let cancel = json!({"op": "cancel-for-operator", "operator": "bureau-7", "psn_no": "P1",
        "setl_id": answers[3]["setl_id"], "day": "2025-06-01", "msgid": "c"});
    let (_, told) = ran(&journal, &[cancel], &[]);
    assert_eq!(told[0]["adjusted"].as_array().map(Vec::len), Some(1), "{told:?}");
    assert_eq!(run(&["journal", "snapshot", &journal]).code, Some(0));
    let whole = run(&["journal", "audit", &journal]);
    assert!(whole.err.contains("3 settlements decided anew, 0 differ"), "{}", whole.err);
    let away = run(&["journal", "archive", &journal, "--to", &old, "--keep-days", "0"]);
    assert_eq!(away.code, Some(0), "{}", away.err);
    let audit = run(&["journal", "audit", &journal]);
    assert!(audit.err.contains("1 corrections are not audited"), "{}", audit.err);
    assert!(audit.err.contains("0 settlements decided anew, 0 differ"), "{}", audit.err);
    assert_eq!(audit.code, Some(0), "{}", audit.err);
}

#[test]
fn what_stands_in_the_way_of_them_is_told_in_one_sentence() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let missing = run(&["journal", "snapshot", &journal]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("no such folder; expected one with a journal"), "{}", missing.err);
    fs::create_dir(&journal).expect("a folder");
    let empty = run(&["journal", "snapshot", &journal]);
    assert_eq!(empty.code, Some(2));
    assert!(empty.err.contains("no journal is here"), "{}", empty.err);
    assert_eq!(ran(&journal, &opening(), &[]).0.code, Some(0));
    let lock = yidan_journal::Lock::of_snapshots(Path::new(&journal)).expect("nobody has it");
    for args in [vec!["snapshot", &journal], vec!["archive", &journal, "--to", "/nowhere"]] {
        let held = run(&[&["journal"], &args[..]].concat());
        assert_eq!(held.code, Some(2));
        assert!(held.err.contains("is at work on the snapshots of this journal"), "{}", held.err);
    }
    // It is no lock of the engine's.
    assert_eq!(ran(&journal, &opening(), &[]).0.code, Some(0));
    drop(lock);
    let engine = yidan_journal::Lock::take(Path::new(&journal)).expect("nobody has it");
    assert_eq!(run(&["journal", "snapshot", &journal]).code, Some(0), "beside an engine");
    drop(engine);
}

#[test]
fn whoever_reads_sees_that_the_journal_is_shorter_than_its_snapshot() {
    let folder = Folder::new();
    let (journal, old) = (folder.path("journal"), folder.path("old"));
    assert_eq!(ran(&journal, &opening(), &[]).0.code, Some(0));
    for bill in ["a", "b", "c"] {
        more(&journal, bill);
        assert_eq!(run(&["journal", "snapshot", &journal]).code, Some(0));
    }
    // The last two runs are lost, and the snapshots know of them.
    let names = fs::read_dir(&journal).expect("a folder").flatten();
    let names = names.map(|one| one.file_name().to_string_lossy().into_owned());
    let mut segments: Vec<String> = names.filter(|name| name.ends_with(".seg")).collect();
    segments.sort_unstable();
    assert_eq!(segments.len(), 4);
    segments[2..].iter().for_each(|name| {
        fs::remove_file(format!("{journal}/{name}")).expect("removed");
    });
    let before: Vec<String> = snapshots(&journal);
    for args in [
        &["state", "hash", &journal][..],
        &["state", "member", &journal, "P1"],
        &["journal", "verify", &journal],
        &["journal", "stats", &journal],
        &["journal", "audit", &journal],
        &["journal", "snapshot", &journal],
        &["journal", "archive", &journal, "--to", &old, "--keep-days", "0"],
        &["run", &journal, "-"],
    ] {
        let short = run(args);
        assert_eq!((short.code, short.out.as_str()), (Some(2), ""), "{args:?}: {}", short.err);
        assert!(short.err.contains("the journal ends with record "), "{args:?}: {}", short.err);
        assert!(short.err.contains("put the segments back"), "{args:?}: {}", short.err);
    }
    assert_eq!(snapshots(&journal), before);
    assert!(!Path::new(&old).exists(), "nothing was moved");
}

#[test]
fn a_run_that_ends_before_one_is_due_says_so() {
    let folder = Folder::new();
    let (ran, _) = ran(&folder.path("journal"), &opening(), &["--snapshot-every", "1000"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("no snapshot was made: none was due (1000 records"), "{}", ran.err);
}

#[test]
fn a_running_engine_makes_them_and_one_that_fails_stops_nothing() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let mut child = program(&["run", &journal, "-", "--snapshot-every", "4"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut to = child.stdin.take().expect("it was piped");
    let mut say =
        |line: &Value| writeln!(to, "{line}").and_then(|()| to.flush()).expect("it reads");
    opening().iter().for_each(&mut say);
    let until = Instant::now() + Duration::from_secs(60);
    let mut number = 0;
    let mut held = None;
    loop {
        number += 1;
        say(&settle(&format!("m{number}"), "P1", "100.00"));
        thread::sleep(Duration::from_millis(30));
        assert!(Instant::now() < until, "no snapshot was made");
        let made = Path::new(&journal).is_dir() && !snapshots(&journal).is_empty();
        if made && held.is_none() {
            // From here on another is at work.
            let lock = yidan_journal::Lock::of_snapshots(Path::new(&journal));
            held = lock.ok().map(|lock| (lock, number));
        }
        if held.as_ref().is_some_and(|(_, since)| number > since + 15) {
            break;
        }
    }
    drop(to);
    let out = child.wait_with_output().expect("it ends");
    let told = String::from_utf8(out.stderr).expect("text");
    assert_eq!(out.status.code(), Some(0), "{told}");
    assert_eq!(String::from_utf8_lossy(&out.stdout).lines().count(), 3 + number);
    assert!(told.contains(".snap made: 2 members, "), "{told}");
    let warning = "warning: no snapshot was made, and all else goes on: ";
    assert!(told.contains(warning) && told.contains("is at work"), "{told}");
    drop(held);
    let (again, answers) = ran(&journal, &[settle("m1", "P1", "100.00")], &[]);
    assert!(again.err.contains("on from snapshot-"), "{}", again.err);
    assert_eq!(answers[0]["again"], true);
}
