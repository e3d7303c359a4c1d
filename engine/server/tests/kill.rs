//! `yidan run` is killed with signal 9 at random moments under load, again and again on the same folder, and what it had not
//! synced is really lost (`tests/preload` withholds it). A checker remembers every answer. Guaranteed: what was answered is there
//! and is answered the same again, nothing is settled twice, what was reversed stays undone, also where the reversal came
//! first, and the books are the sum of the bills that stand. Where syncs do nothing, the same checker finds the loss.
//!
//! `YIDAN_KILLS=200` kills so often in place of 12 times.

#![expect(clippy::print_stdout, reason = "it tells how much was tried")]

use std::collections::{HashMap, HashSet};
#[path = "../../../tests/preload/withhold.rs"]
mod withhold;

use std::env;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Numbers that look random, the same for a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }
}

/// A request by its `msgid`, and what is known of it.
#[derive(Debug, Clone)]
struct Asked {
    line: Value,
    /// The first answer.
    answer: Option<Value>,
    /// The `msgid` of the settlement that it undoes.
    undoes: Option<String>,
}

/// What clients know.
#[derive(Debug, Default)]
struct Clients {
    asked: HashMap<String, Asked>,
    /// Settlements in the order they were first sent.
    settles: Vec<String>,
    /// Settlements to be sent that were reversed before.
    ahead: Vec<Value>,
    /// Settlements that somebody asked to cancel.
    cancels: HashSet<String>,
    /// Settlements undone by a request that was answered as done.
    undone: HashSet<String>,
    /// Settlements reversed, also before they came.
    reversed: HashSet<String>,
    messages: usize,
}

const FACILITY: &str = "H63010400001";
const MEMBERS: usize = 40;

impl Clients {
    fn msgid(&mut self) -> String {
        self.messages += 1;
        format!("{FACILITY}{:018}", self.messages)
    }

    fn ask(&mut self, msgid: &str, line: &Value, undoes: Option<String>) -> Value {
        let asked = Asked { line: line.clone(), answer: None, undoes };
        self.asked.insert(msgid.to_owned(), asked);
        line.clone()
    }

    fn settle(&mut self, dice: &mut Dice) -> (String, Value) {
        let msgid = self.msgid();
        let total = format!("{}.{:02}", 100 + dice.below(90_000), dice.below(100));
        let line = json!({
            "op": "settle", "fixmedins_code": FACILITY, "msgid": msgid, "insutype": "390",
            "psn_no": format!("P{}", dice.below(MEMBERS)),
            "visit": {"med_type": "21", "begntime": "2026-03-01"},
            "totals": {"medfee_sumamt": total, "inscp_scp_amt": total},
        });
        (msgid, line)
    }

    /// The next line that some client sends.
    fn next(&mut self, dice: &mut Dice) -> Value {
        match dice.below(20) {
            // Again, whether it was answered or not.
            0..4 if !self.settles.is_empty() => {
                let again = &self.settles[dice.below(self.settles.len())];
                self.asked[again].line.clone()
            }
            4..6 if !self.settles.is_empty() => {
                let at = self.settles.len() - 1 - dice.below(self.settles.len().min(10));
                self.cancel(at, dice)
            }
            6..8 if !self.settles.is_empty() => {
                let at = self.settles.len() - 1 - dice.below(self.settles.len().min(30));
                let original = self.settles[at].clone();
                let line = self.asked[&original].line.clone();
                self.reverse(&original, &line)
            }
            8 => {
                let (original, line) = self.settle(dice);
                self.ahead.push(line.clone());
                self.reverse(&original, &line)
            }
            9 if !self.ahead.is_empty() => {
                let line = self.ahead.swap_remove(0);
                let msgid = line["msgid"].as_str().expect("a text").to_owned();
                self.settles.push(msgid.clone());
                self.ask(&msgid, &line, None)
            }
            _ => {
                let (msgid, line) = self.settle(dice);
                self.settles.push(msgid.clone());
                self.ask(&msgid, &line, None)
            }
        }
    }

    fn cancel(&mut self, at: usize, dice: &mut Dice) -> Value {
        let original = self.settles[at].clone();
        let answer = self.asked[&original].answer.clone();
        let Some(setl_id) = answer.as_ref().and_then(|answer| answer["setl_id"].as_str()) else {
            // Not answered or refused: there is nothing to name.
            let (msgid, line) = self.settle(dice);
            self.settles.push(msgid.clone());
            return self.ask(&msgid, &line, None);
        };
        let msgid = self.msgid();
        let psn_no = self.asked[&original].line["psn_no"].clone();
        let line = json!({"op": "cancel", "fixmedins_code": FACILITY, "msgid": msgid,
            "psn_no": psn_no, "setl_id": setl_id});
        self.cancels.insert(original.clone());
        self.ask(&msgid, &line, Some(original))
    }

    fn reverse(&mut self, original: &str, line: &Value) -> Value {
        let msgid = self.msgid();
        let line = json!({"op": "reverse", "fixmedins_code": FACILITY, "msgid": msgid,
            "psn_no": line["psn_no"], "oinfno": "2207", "omsgid": original});
        self.ask(&msgid, &line, Some(original.to_owned()))
    }

    /// Takes an answer in, and says what is wrong with it.
    fn hear(&mut self, line: &Value, answer: Value) -> Result<(), String> {
        let Some(msgid) = line["msgid"].as_str() else { return Ok(()) };
        let undone = self.reversed.contains(msgid) || self.undone.contains(msgid);
        let cancels = self.cancels.contains(msgid);
        let asked = self.asked.get_mut(msgid).expect("it was asked");
        let done = answer["infcode"] == 0;
        let Some(first) = &asked.answer else {
            if let Some(original) = &asked.undoes {
                let reverses = asked.line["op"] == "reverse";
                if reverses && (done || answer["refused"] == 320) {
                    self.reversed.insert(original.clone());
                }
                if done {
                    self.undone.insert(original.clone());
                }
            }
            asked.answer = Some(answer);
            return Ok(());
        };
        // What was reversed or cancelled is refused from then on; everything else is answered as before.
        let same = first["infcode"] == answer["infcode"] && first["setl_id"] == answer["setl_id"];
        let refused = answer["refused"] == 302 || (cancels && answer["refused"] == 313);
        if (undone && done) || (!undone && !same && !refused) {
            return Err(format!("{msgid}: first {first}, then {answer}"));
        }
        Ok(())
    }
}

/// A running engine, and what it answers.
struct Run {
    child: Child,
    to: Option<BufWriter<std::process::ChildStdin>>,
    answers: Receiver<Value>,
    sent: Vec<Value>,
    heard: usize,
}

impl Run {
    fn start(folder: &Path, skip_from: Option<u64>) -> Run {
        let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/R1/policy.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_yidan"));
        command.arg("run").arg(folder).args(["-", "--policy", pack, "--shards", "2"]);
        command.env("LD_PRELOAD", withhold::library()).env("YIDAN_WITHHOLD_UNDER", folder);
        if skip_from.is_none() {
            // Snapshots are on their way when it is killed, and it goes on from them.
            command.args(["--snapshot-every", "25"]);
        }
        if let Some(number) = skip_from {
            command.env("YIDAN_WITHHOLD_SKIP_FROM", number.to_string());
        }
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("it was piped"));
        let to = child.stdin.take().map(BufWriter::new);
        let (tell, answers) = mpsc::channel();
        thread::spawn(move || {
            // A line that is not whole tells nothing.
            let whole = |line: std::io::Result<String>| serde_json::from_str(&line.ok()?).ok();
            out.lines().map_while(whole).try_for_each(|answer: Value| tell.send(answer))
        });
        Run { child, to, answers, sent: Vec::new(), heard: 0 }
    }

    fn send(&mut self, line: Value) {
        let to = self.to.as_mut().expect("it takes lines");
        writeln!(to, "{line}").and_then(|()| to.flush()).expect("it reads on");
        self.sent.push(line);
    }

    fn hear(&mut self, answer: Value, clients: &mut Clients) -> Result<(), String> {
        let line = self.sent[self.heard].clone();
        self.heard += 1;
        clients.hear(&line, answer)
    }

    /// Hears what has come; waits while more than so many are on their way.
    fn listen(&mut self, on_their_way: usize, clients: &mut Clients) -> Result<(), String> {
        while self.sent.len() - self.heard > on_their_way {
            let answer = self.answers.recv_timeout(Duration::from_secs(60));
            self.hear(answer.map_err(|_| "it answers no more".to_owned())?, clients)?;
        }
        while let Ok(answer) = self.answers.try_recv() {
            self.hear(answer, clients)?;
        }
        Ok(())
    }

    /// Kills it, hears what it had still said, and gives what was never answered.
    fn kill(mut self, clients: &mut Clients) -> Result<Vec<Value>, String> {
        self.child.kill().expect("it is there");
        self.child.wait().expect("it ends");
        while let Ok(answer) = self.answers.recv() {
            self.hear(answer, clients)?;
        }
        Ok(self.sent.split_off(self.heard))
    }

    /// Ends it as a user does, and gives how it ended.
    fn end(mut self, clients: &mut Clients) -> Result<Option<i32>, String> {
        self.to = None;
        self.listen(0, clients)?;
        Ok(self.child.wait().expect("it ends").code())
    }
}

/// Members and the facility; said again they change nothing.
fn opening() -> Vec<Value> {
    let member = |n| {
        json!({"op": "member", "admdvs": "R1",
        "member": {"psn_no": format!("P{n}"), "insutype": "390", "psn_type": "1", "balc": "1000.00"}})
    };
    let facility = json!({"op": "facility", "admdvs": "R1", "facility": {"fixmedins_code": FACILITY,
        "admdvs": "R1", "kind": "hospital", "hosp_lv": "三级"}});
    (0..MEMBERS).map(member).chain([facility]).collect()
}

/// Waits until a file is there whose name ends so, or for so long.
fn wait_for(folder: &Path, end: &str, most: Duration) {
    let until = Instant::now() + most;
    let there = || {
        let mut names = std::fs::read_dir(folder).expect("a folder").flatten();
        names.any(|one| one.file_name().to_string_lossy().ends_with(end))
    };
    while !there() && Instant::now() < until {
        thread::sleep(Duration::from_micros(500));
    }
}

/// Kills it so often, and says what is wrong.
fn kills(count: usize, skip_from: Option<u64>) -> Result<(Clients, tempfile::TempDir), String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (mut clients, mut dice) = (Clients::default(), Dice(7));
    let mut unanswered = Vec::new();
    for kill in 0..count {
        let mut run = Run::start(folder.path(), skip_from);
        opening().into_iter().for_each(|line| run.send(line));
        // A time-out is resolved by asking again.
        unanswered.drain(..).for_each(|line| run.send(line));
        let lines = if kill % 5 == 4 { 0 } else { 20 + dice.below(400) };
        for _ in 0..lines {
            let line = clients.next(&mut dice);
            run.send(line);
            run.listen(100, &mut clients).map_err(|wrong| format!("kill {kill}: {wrong}"))?;
        }
        if kill % 4 == 1 && skip_from.is_none() {
            // It is let live until a snapshot is on its way.
            wait_for(folder.path(), "snapshot.tmp", Duration::from_secs(3));
        }
        thread::sleep(Duration::from_micros(dice.below(5_000) as u64));
        unanswered = run.kill(&mut clients).map_err(|wrong| format!("kill {kill}: {wrong}"))?;
    }
    let mut run = Run::start(folder.path(), None);
    for line in unanswered {
        run.send(line);
    }
    run.listen(0, &mut clients)?;
    // Every request once more.
    let all: Vec<Value> = clients.asked.values().map(|asked| asked.line.clone()).collect();
    for line in all {
        run.send(line);
        run.listen(1_000, &mut clients)?;
    }
    if skip_from.is_none() {
        wait_for(folder.path(), ".snap", Duration::from_secs(60));
    }
    run.end(&mut clients)?;
    Ok((clients, folder))
}

/// The hash command's lines, by their first word.
fn state(folder: &Path) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_yidan"))
        .args(["state", "hash"])
        .arg(folder)
        .output()
        .expect("it runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

fn fen(text: &Value) -> i64 {
    let text = text.as_str().expect("an amount");
    text.replace('.', "").parse().expect("two decimals")
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_answered_and_settles_nothing_twice() {
    let count = env::var("YIDAN_KILLS").map_or(12, |kills| kills.parse().expect("a number"));
    let (clients, folder) = kills(count, None).unwrap_or_else(|wrong| panic!("{wrong}"));
    let (mut settled, mut undone, mut owed) = (0, 0, 0);
    for msgid in &clients.settles {
        let answer = clients.asked[msgid].answer.as_ref().expect("all are answered in the end");
        if answer["infcode"] == 0 {
            settled += 1;
            if clients.undone.contains(msgid) {
                undone += 1;
            } else {
                owed += fen(&answer["fund_pay_sumamt"]) + fen(&answer["acct_pay"]);
            }
        }
    }
    let names = std::fs::read_dir(folder.path()).expect("a folder").flatten();
    let names = names.map(|one| one.file_name().to_string_lossy().into_owned());
    let snapshots = names.filter(|name| name.ends_with(".snap")).count();
    println!("{count} kills, {settled} settled, {undone} undone, {snapshots} snapshots kept");
    assert!((1..=2).contains(&snapshots), "{snapshots} snapshots");
    let state = state(folder.path());
    // A settlement whose answer nobody heard, and which a reversal then undid, is known to the engine alone: what stands counts.
    let counts: Vec<usize> = state
        .lines()
        .find_map(|line| line.strip_prefix("settled "))
        .expect("a line of counts")
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    assert_eq!(counts[0] - counts[1], settled - undone, "{state}");
    let owed = format!("{}.{:02}", owed / 100, owed % 100);
    assert!(state.contains(&format!("owed to facilities {owed},")), "{owed}: {state}");
    assert!(settled > 20 * count / 2 && undone > 0, "it was under load");
}

#[test]
fn where_syncs_do_nothing_the_same_checker_finds_the_loss() {
    // The first syncs count: there is a journal, and then nothing of what is answered reaches it.
    let found = kills(6, Some(12)).err();
    assert!(found.is_some(), "answers were lost, and nobody saw it");
}
