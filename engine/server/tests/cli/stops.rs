//! `run` and `import` that end early: by a signal, because nobody reads the answers, because the disk is full. Guaranteed: what was
//! answered is there, what is on its way is finished, the journal is sealed where it can be, and one sentence says what happened.

#![expect(clippy::print_stdout, reason = "a test that cannot be made here says so")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::durable::{FACILITY, opening, ran, settle, state};
use crate::program::{Folder, program, run};

fn started(args: &[&str]) -> Child {
    let mut command = program(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("it starts")
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

fn told(mut child: Child) -> (Option<i32>, String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().expect("piped").read_to_string(&mut out).expect("text");
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
    (child.wait().expect("it ends").code(), out, err)
}

#[test]
fn a_signal_ends_a_run_as_the_end_of_its_input_does() {
    for (name, code) in [("-TERM", 143), ("-INT", 130)] {
        let folder = Folder::new();
        let journal = folder.path("journal");
        let mut child = started(&["run", &journal, "-"]);
        let mut to = child.stdin.take().expect("piped");
        for line in [opening(), vec![settle("a", "P1", "10000.00")]].concat() {
            writeln!(to, "{line}").expect("it reads");
        }
        to.flush().expect("it reads");
        let mut from = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("setl_id") {
            line.clear();
            assert!(from.read_line(&mut line).expect("it answers") > 0);
        }
        // It waits for its input, which does not end.
        signal(&child, name);
        let mut err = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{err}");
        assert!(err.contains("asked to stop before the end of stdin"), "{err}");
        assert!(err.contains("4 done, 0 refused"), "{err}");
        drop(to);
        let verified = run(&["journal", "verify", &journal]);
        assert!(verified.out.contains("with the seal of a clean stop"), "{}", verified.out);
        let (_, answers) = ran(&journal, &[settle("a", "P1", "10000.00")], &[]);
        assert_eq!(answers[0]["again"], true);
    }
}

#[test]
fn a_signal_ends_an_import_as_the_end_of_its_table_does() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let mut child = started(&["import", "members", &journal, "-"]);
    let mut to = child.stdin.take().expect("piped");
    to.write_all(b"psn_no,admdvs,insutype,psn_type\nP1,630100,390,15\n").expect("it reads");
    to.flush().expect("it reads");
    let until = Instant::now() + Duration::from_secs(60);
    while !Path::new(&journal).join("0000000000000001.seg").exists() {
        assert!(Instant::now() < until, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(1_000));
    signal(&child, "-TERM");
    let (code, _, err) = told(child);
    assert_eq!(code, Some(143), "{err}");
    assert!(err.contains("1 taken in") && err.contains("import it again, which goes on"), "{err}");
    let verified = run(&["journal", "verify", &journal]);
    assert!(verified.out.contains("with the seal of a clean stop"), "{}", verified.out);
}

#[test]
fn answers_that_nobody_reads_end_a_run_and_what_was_taken_in_is_done() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    assert_eq!(ran(&journal, &opening(), &[]).0.code, Some(0));
    let bills: String =
        (0..20_000).map(|n| settle(&format!("m{n}"), "P1", "100.00").to_string() + "\n").collect();
    let file = folder.write("bills.jsonl", bills);
    let mut child = started(&["run", &journal, &file]);
    let mut from = BufReader::new(child.stdout.take().expect("piped"));
    let mut first = String::new();
    from.read_line(&mut first).expect("it answers");
    drop(from);
    let mut err = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(141), "{err}");
    assert!(err.contains("the standard output was closed before the end of "), "{err}");
    let first: Value = serde_json::from_str(&first).expect("JSON");
    let (again, answers) = ran(&journal, &[settle("m0", "P1", "100.00")], &[]);
    assert!(again.err.contains("after a clean stop"), "{}", again.err);
    assert_eq!(answers[0]["setl_id"], first["setl_id"]);
    let state = state(&journal, "1");
    assert!(!state.contains("settled    20000,"), "it did not go on for nobody: {state}");
}

/// A small disk of its own, which goes away.
struct Disk(Folder);

impl Disk {
    /// `None` where this user may not mount one.
    fn of(size: &str) -> Option<Disk> {
        let folder = Folder::new();
        let at = folder.path("");
        let args = ["-t", "tmpfs", "-o", &format!("size={size}"), "yidan-test", &at];
        let mounted = Command::new("mount").args(args).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Disk(folder))
    }

    fn size(&self, size: &str) {
        let option = format!("remount,size={size}");
        let args = ["-o", &option, &self.0.path("")];
        assert!(Command::new("mount").args(args).status().expect("mount is there").success());
    }

    /// Takes what room is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.0.path("filler")).expect("a name has room");
        while file.write_all(&[1; 4_096]).is_ok() {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", &self.0.path("")]).status();
    }
}

/// So many take more than one segment.
const LARGE: usize = 400;

/// A member whose facts take much room, so that a segment is full soon.
fn large(number: usize) -> Value {
    json!({"op": "member", "admdvs": "630100", "member": {"psn_no": format!("L{number}"),
        "insutype": "390", "psn_type": "15", "contribution_class": "x".repeat(200_000)}})
}

/// A line that waits for what the line before it makes waits in vain where the engine stops: the run ends, by the disk's reason.
#[test]
fn a_full_disk_ends_a_run_that_waits_for_a_name() {
    let Some(disk) = Disk::of("100m") else {
        println!("SKIPPED: no file system can be mounted by this user, so no disk is really full");
        return;
    };
    let mut lines = opening();
    for number in 0..LARGE {
        let of_p1 = |op: &str, more: Value| {
            let mut line = json!({"op": op, "fixmedins_code": FACILITY, "psn_no": "P1"});
            let fields = more.as_object().expect("an object").clone();
            line.as_object_mut().expect("an object").extend(fields);
            line
        };
        let visit = json!({"med_type": "21", "begntime": "2025-03-01"});
        let open =
            json!({"as": "v", "msgid": format!("o{number}"), "insutype": "390", "visit": visit});
        let close = json!({"mdtrt_id": "@v", "msgid": format!("c{number}")});
        lines.extend([large(number), of_p1("open", open), of_p1("close", close)]);
    }
    let (ended, answers) = ran(&disk.0.path("journal"), &lines, &[]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    let errors: Vec<&str> = ended.err.lines().filter(|line| line.contains("error:")).collect();
    assert_eq!(errors.len(), 1, "{}", ended.err);
    assert!(errors[0].contains("The disk is full"), "{}", ended.err);
    assert!(answers.len() > 100 && answers.len() < lines.len(), "{}", answers.len());
}

#[test]
fn a_full_disk_loses_nothing_that_was_answered_and_with_room_it_goes_on() {
    let Some(disk) = Disk::of("100m") else {
        println!("SKIPPED: no file system can be mounted by this user, so no disk is really full");
        return;
    };
    let journal = disk.0.path("journal");
    let mut lines = [opening(), vec![settle("a", "P1", "10000.00")]].concat();
    lines.extend((0..LARGE).map(large));
    let (first, answers) = ran(&journal, &lines, &[]);
    assert_eq!(first.code, Some(2), "{}", first.err);
    let errors: Vec<&str> = first.err.lines().filter(|line| line.contains("error:")).collect();
    assert_eq!(errors.len(), 1, "{}", first.err);
    assert!(errors[0].contains("The disk is full: free space and start again"), "{}", first.err);
    let answered = answers.len();
    assert!((100..LARGE).contains(&answered), "{answered}: {}", first.err);
    let left = |suffix: &str| {
        let names = fs::read_dir(&journal).expect("a folder").flatten();
        names.filter(|one| one.file_name().to_string_lossy().ends_with(suffix)).count()
    };
    assert_eq!(left(".tmp"), 0, "half a segment holds no room");
    disk.fill();
    // Full to its last byte, it is looked into, and its locks are nobody's.
    let members = |told: &str| -> usize {
        let line = told.lines().find(|line| line.starts_with("members")).expect("counted");
        line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number")
    };
    assert!(members(&state(&journal, "1")) + 2 >= answered - 2, "what was answered is there");
    let snapshot = run(&["journal", "snapshot", &journal]);
    assert_eq!(snapshot.code, Some(2));
    assert!(snapshot.err.contains("no snapshot is made: "), "{}", snapshot.err);
    let (full, _) = ran(&journal, &lines[answered..], &[]);
    assert_eq!(full.code, Some(2), "{}", full.err);
    assert!(full.err.contains("The disk is full"), "{}", full.err);
    assert_eq!(left(".tmp"), 0);
    disk.size("1g");
    let (again, all) = ran(&journal, &lines, &[]);
    assert_eq!((again.code, all.len()), (Some(0), lines.len()), "{}", again.err);
    assert_eq!(all[3]["again"], true, "what was settled is not settled twice");
    assert_eq!(all[3]["setl_id"], answers[3]["setl_id"]);
    assert_eq!(members(&state(&journal, "1")), 2 + LARGE);
    assert_eq!(run(&["journal", "snapshot", &journal]).code, Some(0), "{}", again.err);
}
