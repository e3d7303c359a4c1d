//! A proxy between hospitals and a server that does one thing wrong, once: what a load generator must notice. The server knows
//! nothing of it.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// What goes wrong, once, after some settlements went well.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// All answers are held back for so long.
    Stall(Duration),
    /// The answer of a settlement has a fen more in `hifp_pay`, in its total of funds, and a fen less in cash: every sum is right.
    WrongFen,
    /// The answer of a settlement is lost, and its connection with it.
    LostAnswer,
    /// A sale is made twice, the second time under a number of its own.
    Doubled,
}

/// The fault, and when it comes.
struct Plan {
    fault: Fault,
    /// Settlements that still go well before it.
    before: Mutex<u32>,
    done: AtomicBool,
    /// Messages that came.
    seen: Mutex<HashSet<String>>,
    /// Answers wait until then.
    held_until: Mutex<Option<Instant>>,
}

/// A proxy in front of a server; it serves as long as the process lives.
pub struct Proxy {
    /// Where hospitals call.
    pub address: SocketAddr,
    plan: Arc<Plan>,
}

/// A message of HTTP: its head as it came, and its body.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Proxy {
    /// In front of a server, with a fault after so many settlements.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(server: SocketAddr, fault: Fault, after: u32) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let plan = Arc::new(Plan {
            fault,
            before: Mutex::new(after),
            done: AtomicBool::new(false),
            seen: Mutex::default(),
            held_until: Mutex::new(None),
        });
        let shared = Arc::clone(&plan);
        drop(std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let plan = Arc::clone(&shared);
                // A connection that breaks ends its thread, as it should.
                drop(std::thread::spawn(move || drop(carry(&client, server, &plan))));
            }
        }));
        Ok(Proxy { address, plan })
    }

    /// Whether the fault has come.
    pub fn happened(&self) -> bool {
        self.plan.done.load(Ordering::Relaxed)
    }
}

impl Plan {
    /// Whether no request had this `msgid` before.
    fn is_first(&self, request: &Message) -> bool {
        self.seen.lock().insert(request.msgid())
    }

    /// Whether the fault comes now, with this message.
    fn strikes(&self, fits: bool) -> bool {
        if !fits || self.fault == Fault::None || self.done.load(Ordering::Relaxed) {
            return false;
        }
        let mut before = self.before.lock();
        *before = before.saturating_sub(1);
        *before == 0 && !self.done.swap(true, Ordering::Relaxed)
    }
}

/// Carries one connection, a request and its answer at a time.
fn carry(client: &TcpStream, server: SocketAddr, plan: &Plan) -> io::Result<()> {
    let upstream = TcpStream::connect(server)?;
    let (mut from_client, mut from_server) = (BufReader::new(client), BufReader::new(&upstream));
    while let Some(request) = Message::read(&mut from_client)? {
        let sale = request.is("2102");
        let settles = sale || request.is("2207") || request.is("2304");
        let first = settles && plan.is_first(&request);
        if plan.fault == Fault::Doubled && plan.strikes(first && sale) {
            request.under_another_number().write(&upstream)?;
            drop(Message::read(&mut from_server)?);
        }
        request.write(&upstream)?;
        let Some(mut answer) = Message::read(&mut from_server)? else { return Ok(()) };
        match plan.fault {
            Fault::Stall(time) if plan.strikes(first) => {
                *plan.held_until.lock() = Some(Instant::now() + time);
            }
            Fault::WrongFen => {
                // Only where there is cash to take it from.
                let off = if first { a_fen_off(&answer.body) } else { None };
                if plan.strikes(off.is_some()) {
                    answer.body = off.expect("it strikes where there is one");
                }
            }
            Fault::LostAnswer if plan.strikes(first) => return Ok(()),
            Fault::None | Fault::Stall(_) | Fault::LostAnswer | Fault::Doubled => {}
        }
        if let Some(until) = *plan.held_until.lock() {
            // A moment that is past is no wait.
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
        answer.write(client)?;
    }
    Ok(())
}

impl Message {
    fn read(from: &mut impl BufRead) -> io::Result<Option<Message>> {
        let mut head = String::new();
        loop {
            let begin = head.len();
            if from.read_line(&mut head)? == 0 {
                return Ok(None);
            }
            if &head[begin..] == "\r\n" {
                break;
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        from.read_exact(&mut body)?;
        Ok(Some(Message { head, body }))
    }

    /// With the length that the body has by now.
    fn write(&self, mut to: &TcpStream) -> io::Result<()> {
        let is_length = |line: &str| line.to_ascii_lowercase().starts_with("content-length");
        let lines = self.head.lines().filter(|line| !line.is_empty() && !is_length(line));
        let mut head: String = lines.flat_map(|line| [line, "\r\n"]).collect();
        head += &format!("content-length: {}\r\n\r\n", self.body.len());
        to.write_all(&[head.as_bytes(), &self.body].concat())
    }

    fn is(&self, infno: &str) -> bool {
        let named = format!("\"infno\":\"{infno}\"");
        self.body.windows(named.len()).any(|text| text == named.as_bytes())
    }

    fn msgid(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let (_, rest) = text.split_once("\"msgid\":\"").expect("a call has one");
        rest.split_once('"').expect("it ends").0.to_owned()
    }

    /// The same, but for the last digits of its `msgid`.
    fn under_another_number(&self) -> Message {
        let (text, msgid) = (String::from_utf8_lossy(&self.body), self.msgid());
        let other = format!("{}99999999", &msgid[..msgid.len() - 8]);
        let body = text.replacen(&msgid, &other, 1);
        Message { head: self.head.clone(), body: body.into_bytes() }
    }
}

/// A settlement with a fen moved from the person's cash to the pooling fund, where there is cash: every sum stays right.
fn a_fen_off(body: &[u8]) -> Option<Vec<u8>> {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for (field, by) in
        [("psn_cash_pay", -1), ("psn_part_amt", -1), ("hifp_pay", 1), ("fund_pay_sumamt", 1)]
    {
        let named = format!("\"{field}\":");
        let begin = text.find(&named)? + named.len();
        let end = begin + text[begin..].find([',', '}'])?;
        let (yuan, decimals) = text[begin..end].split_once('.').unwrap_or((&text[begin..end], ""));
        let fen: i64 = format!("{yuan}{decimals:0<2}").parse().ok()?;
        let moved = fen + by;
        if moved < 0 {
            return None;
        }
        text.replace_range(begin..end, &format!("{}.{:02}", moved / 100, moved % 100));
    }
    Some(text.into_bytes())
}
