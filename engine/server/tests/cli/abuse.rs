//! The program under abuse: two hospitals go on with their visits while clients do all that a socket lets them. Guaranteed: every
//! answer to a hospital is right and its day's statement agrees; nobody is told, or does, anything about another's visits,
//! settlements and people; nothing breaks down; memory and file descriptors are given back; and a stop drains as ever.
//!
//! Twenty seconds of it, and twenty through TLS, run with the other tests. The long runs, side by side, are asked for:
//! `YIDAN_ABUSE_SECONDS=900 cargo test --release -p yidan --test cli -- --ignored --nocapture abuse`.

#![expect(clippy::print_stdout, reason = "a run from a seed says which, and what was seen")]

mod bad;
mod bodies;
mod dice;
mod good;
mod known;
mod town;
mod wire;

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::program::run;
use crate::serve::Served;
use bad::{Client, packed};
use dice::Dice;
use good::{Books, Window};
use known::Known;
use town::{GOOD, Town};
use wire::Way;

/// Windows of each hospital.
const WINDOWS: usize = 2;

/// Bad clients; every two share an address, so that all of them together never take all places of the server.
const CLIENTS: u8 = 6;

/// What memory may grow by between two rests, when bad clients hold their breath, besides what was settled: the allocator keeps pages of
/// bodies that were read at once (six clients with a packed 8 MiB each), and threads that read files keep their stacks.
const GROWTH_BYTES_MAX: u64 = 96 << 20;

/// And for each record that the journal got: a visit with its lines and its request keys, which stay for 35 days.
const RECORD_BYTES_MAX: u64 = 2 << 10;

/// Until everything that bad clients held is given back: longer than the time of a head and of a body that does not go on.
const REST: Duration = Duration::from_secs(45);

/// The process as the system sees it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    resident_bytes: u64,
    files: usize,
    records: u64,
}

#[test]
fn twenty_seconds_of_abuse_change_nothing() {
    abuse(Duration::from_secs(20), false);
}

#[test]
fn twenty_seconds_of_abuse_through_tls_change_nothing() {
    abuse(Duration::from_secs(20), true);
}

#[test]
#[ignore = "takes half an hour, or as many seconds as YIDAN_ABUSE_SECONDS says"]
fn half_an_hour_of_abuse_changes_nothing() {
    abuse(long(), false);
}

#[test]
#[ignore = "takes half an hour, or as many seconds as YIDAN_ABUSE_SECONDS says"]
fn half_an_hour_of_abuse_through_tls_changes_nothing() {
    abuse(long(), true);
}

fn long() -> Duration {
    let seconds = env::var("YIDAN_ABUSE_SECONDS").ok().map(|text| text.parse().expect("seconds"));
    Duration::from_secs(seconds.unwrap_or(1_800))
}

fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    env::var("YIDAN_ABUSE_SEED").map_or_else(|_| now(), |text| text.parse().expect("a number"))
}

fn abuse(length: Duration, tls: bool) {
    let seed = seed();
    let through = if tls { ", through TLS" } else { "" };
    println!("YIDAN_ABUSE_SEED={seed}, {} s{through}", length.as_secs());
    let town = Town::new();
    let mut served = town.serve(tls);
    let client = town.client();
    let to: SocketAddr = served.calls.parse().expect("an address");
    let way = Way { to, tls: tls.then(|| Arc::clone(&client)) };
    let operators: SocketAddr = served.operators.parse().expect("an address");
    let known = Known::default();
    let mut dice = Dice::new(seed);
    let others = [town.people_of(0), town.people_of(1)].concat();
    let bomb = packed(&vec![0; 64 << 20]);
    let (warm, end) = thread::scope(|scope| {
        // Whatever breaks here ends all, so that the scope does not wait for ever.
        let _over = Over(&known);
        let mut windows = Vec::new();
        for which in 0..GOOD.len() {
            let people = town.people_of(which).chunks(town.people_of(which).len() / WINDOWS);
            for people in people {
                let of = (which, town.secret_of(which));
                let window = Window::open(of, people, &known, (&way, dice.next()));
                windows.push((which, scope.spawn(move || window.work())));
            }
        }
        for one in 0..CLIENTS {
            let client = Client {
                dice: Dice::new(dice.next()),
                known: &known,
                own: town.people_of(2),
                others: &others,
                way: way.clone(),
                other_tls: Arc::clone(&client),
                operators,
                from: Ipv4Addr::new(127, 0, 2, 1 + one / 2),
                own_ids: Vec::new(),
                hanging: VecDeque::new(),
                serial: u64::from(one) << 40,
                bomb: bomb.clone(),
            };
            scope.spawn(move || client.rage());
        }
        let begun = Instant::now();
        let goes_on = |until: Duration| {
            while begun.elapsed() < until && known.all_wrong().is_empty() {
                assert!(windows.iter().all(|(_, window)| !window.is_finished()), "a window closed");
                thread::sleep(Duration::from_millis(100));
            }
        };
        goes_on(length / 4);
        let warm = rest(&served, &known);
        goes_on(length);
        let end = rest(&served, &known);
        known.bad_over.store(true, Ordering::Relaxed);
        known.over.store(true, Ordering::Relaxed);
        let mut books: Vec<Books> = GOOD.iter().map(|_| Books::default()).collect();
        for (which, window) in windows {
            books[which].add(window.join().expect("every answer was right"));
        }
        for (which, books) in books.iter().enumerate() {
            let of = (which, town.secret_of(which));
            Window::open(of, town.people_of(which), &known, (&way, seed)).agrees(books);
        }
        (warm, end)
    });
    tell(&known, warm, end);
    let (_, metrics) = served.get("/metrics");
    let counted = ["yidan_http_calls_total", "yidan_http_refused", "yidan_http_lost"];
    let is_counted = |line: &&str| counted.iter().any(|name| line.starts_with(name));
    metrics.lines().filter(is_counted).for_each(|line| println!("{line}"));
    assert_eq!(known.all_wrong(), Vec::<String>::new(), "seed {seed}");
    let records = end.records - warm.records;
    let bound = warm.resident_bytes + GROWTH_BYTES_MAX + records * RECORD_BYTES_MAX;
    assert!(end.resident_bytes <= bound, "{warm:?}, then {end:?}: more than {bound}");
    assert!(end.files <= warm.files + 8, "{warm:?}, then {end:?}");
    assert_eq!(served.troubles(), Vec::<String>::new());
    drains(&mut served, &town);
}

/// Ends everybody when it goes.
struct Over<'k>(&'k Known);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.bad_over.store(true, Ordering::Relaxed);
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// Bad clients let go of everything, and the process is looked at when it has none of theirs any more.
fn rest(served: &Served, known: &Known) -> Seen {
    known.quiet.store(true, Ordering::Relaxed);
    let until = Instant::now() + REST;
    loop {
        let (status, metrics) = served.get("/metrics");
        assert_eq!(status, 200);
        let of = |name: &str| -> u64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name}")).trim().parse().expect("a number")
        };
        // Those of the windows stay.
        let open = of("yidan_http_connections");
        let at_rest = open <= 4 && of("yidan_http_held_bytes") < 1 << 20;
        if at_rest {
            thread::sleep(Duration::from_secs(2));
            let seen = seen(served.child.id(), of("yidan_journal_records_total"));
            known.quiet.store(false, Ordering::Relaxed);
            return seen;
        }
        assert!(Instant::now() < until, "{open} connections are held, {metrics}");
        thread::sleep(Duration::from_millis(200));
    }
}

fn seen(process: u32, records: u64) -> Seen {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it is alive");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("told");
    let kilobytes: u64 = line.trim_end_matches("kB").trim().parse().expect("a number");
    let files = fs::read_dir(format!("/proc/{process}/fd")).expect("it is alive").count();
    Seen { resident_bytes: kilobytes << 10, files, records }
}

fn tell(known: &Known, warm: Seen, end: Seen) {
    let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{} visits in {} good calls, the slowest {:?}; {} bad acts, {} calls of the bad hospital about its own were done",
        of(&known.visits),
        of(&known.good_calls),
        known.slowest(),
        of(&known.bad_acts),
        of(&known.bad_done),
    );
    println!("warm: {warm:?}\nend:  {end:?}");
}

/// It is asked to stop, does so, and what it left can be read back whole.
fn drains(served: &mut Served, town: &Town) {
    let asked = Instant::now();
    let sent = Command::new("kill").args(["-TERM", &served.child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    assert_eq!(served.child.wait().expect("it ends").code(), Some(0));
    println!("it stopped in {:?}", asked.elapsed());
    let verified = run(&["journal", "verify", &town.journal()]);
    assert_eq!(verified.code, Some(0), "{}", verified.err);
    assert!(verified.out.contains("with the seal of a clean stop"), "{}", verified.out);
}
