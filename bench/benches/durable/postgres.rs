//! PostgreSQL 15 of Debian's packages on a folder of its own, reached by its socket: R1 as a stored function, fsync and synchronous
//! commit on. It is started here and stopped when dropped. What the function pays is compared with the function by hand.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use yidan_bench::by_hand;
use yidan_bench::claims::class_of;
use yidan_bench::dice::Dice;

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
const TABLES: &str = include_str!("r1.sql");
const SCRIPT: &str = include_str!("r1.pgbench");
/// Memory for its pages: all members fit several times.
const SHARED_BUFFERS: &str = "512MB";

/// A running server.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    script: PathBuf,
    members: usize,
}

impl Postgres {
    /// Starts one on the same disk; `None` where it is not installed.
    pub(crate) fn start(beside: &Path, members: usize) -> Option<Postgres> {
        if !Path::new(PROGRAMS).join("pgbench").exists() {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in(beside);
        let folder = folder.expect("a folder on the disk to be measured");
        let script = folder.path().join("r1.pgbench");
        fs::write(&script, SCRIPT).expect("a small file");
        // Its user is not the one who measures, where that is root.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("it is ours");
        let server = Postgres { folder, script, members };
        let data = server.data();
        let data = data.to_str().expect("a plain path");
        server.as_owner("initdb", &["-D", data, "-A", "trust", "-U", "yidan", "--no-instructions"]);
        let options = format!(
            "-c listen_addresses= -c shared_buffers={SHARED_BUFFERS} -c unix_socket_directories={}",
            server.folder.path().display()
        );
        let log = server.folder.path().join("log");
        let log = log.to_str().expect("a plain path");
        server.as_owner("pg_ctl", &["-D", data, "-w", "-l", log, "-o", &options, "start"]);
        server.query(TABLES);
        let classes = (0..16).map(|member| class_of(member).to_string());
        server.query(&format!(
            "insert into member (id, class) select id, (array[{}])[1 + id % 16] from generate_series(0, {}) id;",
            classes.collect::<Vec<_>>().join(","),
            members - 1
        ));
        server.query("vacuum analyze member; checkpoint;");
        assert_eq!(server.query("show fsync; show synchronous_commit;"), "on\non\n");
        server.check();
        Some(server)
    }

    /// Its version.
    pub(crate) fn version(&self) -> String {
        self.query("show server_version;").trim().to_owned()
    }

    /// The anchors, and random bills of some members, as by hand.
    fn check(&self) {
        let mut dice = Dice::new(15);
        let mut bills = vec![(15, 4_600_000, 3), (15, 4_600_000, 1), (15, 20_000_000, 3)];
        bills.push((15, 20_000_000, 3));
        for _ in 0..4_000 {
            let magnitude = 1_i64 << (13 + dice.below(10));
            let more = i64::try_from(dice.below(magnitude.unsigned_abs())).expect("small");
            let level = 1 + u8::try_from(dice.below(3)).expect("below 3");
            bills.push((dice.index(100), magnitude + more, level));
        }
        let mut slots = vec![[0; 6]; 100];
        let mut expected = String::new();
        let mut asked = String::new();
        for (number, (member, in_scope, level)) in bills.iter().enumerate() {
            let class = class_of(*member);
            let paid = by_hand::settle(&mut slots[*member], *in_scope, *level, class);
            if number == 3 {
                let after = [120_000, 49_080_000, 15_000_000, 34_200_000, 22_210_000, 5_000_000];
                assert_eq!(slots[15], after, "the anchors of R1");
            }
            let line = format!("{}|{}|{}\n", paid.basic, paid.critical, paid.assistance);
            expected.push_str(&line);
            asked.push_str(&format!("select * from settle({member}, {in_scope}, {level});\n"));
        }
        assert!(self.query(&asked) == expected, "PostgreSQL's function pays what it pays by hand");
        let held = self.query(
            "select deductible, above_deductible, basic_paid, self_pay, critical_paid, assistance_paid \
             from member where id < 100 order by id;",
        );
        let by_hand: String =
            slots.iter().map(|slots| slots.map(|slot| slot.to_string()).join("|") + "\n").collect();
        assert!(held == by_hand, "and leaves the same slots");
    }

    /// Transactions a second of so many clients for a time.
    pub(crate) fn run(&self, clients: usize, time: Duration) -> f64 {
        let socket = self.folder.path();
        let out = Command::new(Path::new(PROGRAMS).join("pgbench"))
            .args(["-h".as_ref(), socket.as_os_str(), "-U".as_ref(), "yidan".as_ref()])
            .args(["-n", "-M", "prepared", "-j", "2", "-c", &clients.to_string()])
            .args(["-T", &time.as_secs().max(1).to_string()])
            .args(["-D", &format!("members={}", self.members), "-f"])
            .args([self.script.as_os_str(), OsStr::new("postgres")])
            .output()
            .expect("pgbench can be run");
        let said = String::from_utf8_lossy(&out.stdout);
        assert!(
            out.status.success() && said.contains("number of failed transactions: 0 "),
            "{said}{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        rate.and_then(|rate| rate.parse().ok()).expect("pgbench tells its rate")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a program as whom the data belongs to: not root, which the server refuses.
    fn as_owner(&self, program: &str, arguments: &[&str]) {
        let program = Path::new(PROGRAMS).join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The server goes on with the outputs it is given.
        let told = fs::File::create(self.folder.path().join("told")).expect("a small file");
        command.args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(told.try_clone().expect("a file")).stderr(told);
        let status = command.status().expect("it can be run");
        let told = fs::read_to_string(self.folder.path().join("told")).unwrap_or_default();
        assert!(status.success(), "{arguments:?}: {told}");
    }

    /// What a text of statements answers, rows as lines.
    pub(crate) fn query(&self, text: &str) -> String {
        let mut psql = Command::new(Path::new(PROGRAMS).join("psql"))
            .args(["-h".as_ref(), self.folder.path().as_os_str(), "-U".as_ref(), "yidan".as_ref()])
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", "postgres"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql can be run");
        let mut to = psql.stdin.take().expect("it was asked for");
        let text = text.to_owned();
        let writing = std::thread::spawn(move || to.write_all(text.as_bytes()));
        let out = psql.wait_with_output().expect("psql ends");
        writing.join().expect("no panic").expect("psql reads all");
        assert!(out.status.success(), "psql says why above");
        String::from_utf8(out.stdout).expect("psql answers in UTF-8")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let data = data.to_str().expect("a plain path");
        self.as_owner("pg_ctl", &["-D", data, "-m", "immediate", "-w", "stop"]);
        // What another user made in an open folder only root or that user can take away.
        if rustix::process::geteuid().is_root() {
            fs::remove_dir_all(data).expect("it has stopped");
        }
    }
}
