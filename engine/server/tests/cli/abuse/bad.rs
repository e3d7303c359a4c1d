//! A client that means harm, or is broken: it does anything a socket lets it, from a seed. Whatever it is answered is held against what
//! it may be told: nothing of anybody else's, and never that something was done in another's name.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::ClientConfig;
use serde_json::{Value, json};
use yidan_gateway::table::Effect;
use yidan_gateway::wire::Transaction;

use super::bodies::{IDS, Names, any, flipped, nasty};
use super::dice::Dice;
use super::good::envelope;
use super::known::{Known, Stolen};
use super::town::{BAD, FAMILIES, GOOD, QUIET};
use super::wire::{Heard, Line, Way, client_of, connect, post};
use crate::serve::Person;

const PATH: &str = "/fsi/api/rsfComIfsService/callService";

/// What it waits for; whoever answers later has answered nobody.
const WAIT: Duration = Duration::from_secs(8);

/// Between two acts.
const PACE: Duration = Duration::from_millis(8);

/// Connections that are left hanging, each with some of a call on it.
const HANGING_MAX: usize = 60;

/// One of them.
pub(super) struct Client<'k> {
    pub(super) dice: Dice,
    pub(super) known: &'k Known,
    /// Of the bad hospital.
    pub(super) own: &'k [Person],
    /// Of the good ones.
    pub(super) others: &'k [Person],
    pub(super) way: Way,
    /// What it speaks where nothing of the kind is spoken.
    pub(super) other_tls: Arc<ClientConfig>,
    pub(super) operators: SocketAddr,
    pub(super) from: Ipv4Addr,
    pub(super) own_ids: Vec<String>,
    pub(super) hanging: VecDeque<Line>,
    pub(super) serial: u64,
    /// 64 MiB of nothing, packed.
    pub(super) bomb: Vec<u8>,
}

/// Gzip of some bytes.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

impl Client<'_> {
    /// One act after another until it is over.
    pub(super) fn rage(mut self) {
        while !self.known.bad_over.load(Ordering::Relaxed) {
            if self.known.quiet.load(Ordering::Relaxed) {
                self.hanging.clear();
                std::thread::sleep(PACE * 10);
                continue;
            }
            // Connections fail as the server closes them, which is its right.
            let _: std::io::Result<()> = self.act();
            self.known.bad_acts.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(PACE);
        }
    }

    fn act(&mut self) -> std::io::Result<()> {
        match self.dice.below(27) {
            0 => self.garbage(),
            1 => self.cut_off(),
            2 => self.huge_head(),
            3 => self.wrong_length(),
            4 => self.slow(),
            5 => self.half_closed(),
            6 => self.packed_body(),
            7 => self.deep(),
            8 => self.wrong_path(),
            9 => self.opened_and_dropped(),
            10 => self.pipelined(),
            11 => self.other_methods(),
            12 => self.chunks(),
            13 => self.never_read(),
            14 => self.too_long(),
            15 => self.operators(),
            16 => self.form(),
            26 => self.no_handshake(),
            17..19 => self.forged(),
            19 => self.replayed(),
            20..22 => self.byte_flips(),
            _ => self.any_call(),
        }
    }

    fn open(&self) -> std::io::Result<Line> {
        Line::open(&self.way, self.from, WAIT)
    }

    /// A call of the bad hospital: of its own people with their numbers, or with the numbers of others.
    fn body(&mut self) -> Vec<u8> {
        let own = self.dice.one_in(3);
        let mine = &self.own[self.dice.below(self.own.len())];
        let other = &self.others[self.dice.below(self.others.len())];
        let person = if own { mine } else { other };
        let Client { known, own_ids, .. } = self;
        let names = Names { person, certificate: mine, own_ids, own, known };
        let (infno, input) = any(&mut self.dice, &names);
        self.serial += 1;
        let msgid = format!("{BAD}{:02}{:016}", self.from.octets()[3], self.serial);
        let mut body = envelope(BAD, infno, &msgid, &input);
        if self.dice.one_in(20) {
            // A member that is put there or replaced.
            let names = ["infno", "msgid", "input", "infver", "inf_time", "mdtrtarea_admvs", "x"];
            body[self.dice.of(&names)] = nasty(&mut self.dice);
        }
        if self.dice.one_in(20)
            && let Some(stolen) = self.known.some_stolen(self.dice.next())
        {
            // A good hospital's number and input under the bad one's name.
            body = serde_json::from_slice(&stolen.body).expect("it was sent");
            body["fixmedins_code"] = json!(BAD);
        }
        body.to_string().into_bytes()
    }

    /// Looks at an answer to the bad hospital's call.
    fn judge(&mut self, sent: &[u8], heard: &Heard) {
        let shown = || String::from_utf8_lossy(&sent[..sent.len().min(2_000)]).into_owned();
        if !matches!(heard.status, 200 | 400 | 404 | 405 | 431) {
            self.known.wrong(format!("status {} to {}", heard.status, shown()));
        }
        let said = String::from_utf8_lossy(&heard.body);
        for person in self.others {
            let told = said.contains(&person.certno) || said.contains(&person.name);
            if told && !contains(sent, person.certno.as_bytes()) {
                self.known.wrong(format!("told of {}: {said} to {}", person.psn_no, shown()));
            }
        }
        let Ok(answer) = serde_json::from_str::<Value>(&said) else { return };
        if answer["infcode"] != 0 && answer["infcode"] != "0" {
            return;
        }
        let Ok(asked) = serde_json::from_slice::<Value>(sent) else { return };
        let mut named = Vec::new();
        ids(&asked["input"], &mut named);
        let is_other = |id: &&String| {
            self.known.is_of_the_good(id) || self.others.iter().any(|one| one.psn_no == **id)
        };
        // Who asks after a person of his own and another's visit is told that there is none.
        let infno = asked["infno"].as_str().and_then(Transaction::of);
        let asks = infno.is_some_and(|one| matches!(one.entry().effect, Effect::Query));
        let is_told_nothing = asks && is_nothing(&answer["output"]);
        // A reversal is of the bad hospital's own request, also where it had put another's number and person there, which was
        // refused. That nothing of another's was reversed is what the statements say.
        let is_of_own_request = asked["infno"] == "2601";
        if let Some(id) = named.iter().find(is_other)
            && !is_told_nothing
            && !is_of_own_request
        {
            self.known.wrong(format!("done about another's {id}: {said} to {}", shown()));
        }
        self.known.bad_done.fetch_add(1, Ordering::Relaxed);
        for id in ["/output/data/mdtrt_id", "/output/result/mdtrt_id", "/output/setlinfo/setl_id"] {
            if let Some(id) = answer.pointer(id).and_then(Value::as_str) {
                self.own_ids.push(id.to_owned());
            }
        }
        if self.own_ids.len() > 200 {
            self.own_ids.drain(..100);
        }
    }

    fn ask(&mut self, headers: &str, body: &[u8]) -> std::io::Result<()> {
        let heard = self.open()?.ask(&post(PATH, headers, body))?;
        self.judge(body, &heard);
        Ok(())
    }

    fn hang(&mut self, line: Line) {
        self.hanging.push_back(line);
        if self.hanging.len() > HANGING_MAX {
            self.hanging.pop_front();
        }
    }

    fn any_call(&mut self) -> std::io::Result<()> {
        // A few on one connection.
        let mut line = self.open()?;
        for _ in 0..4 {
            let body = self.body();
            let heard = line.ask(&post(PATH, "", &body))?;
            self.judge(&body, &heard);
        }
        Ok(())
    }

    fn byte_flips(&mut self) -> std::io::Result<()> {
        let mut body = self.body();
        flipped(&mut body, &mut self.dice);
        self.ask("", &body)
    }

    fn garbage(&mut self) -> std::io::Result<()> {
        let many = 1 + self.dice.below(5_000);
        let bytes = self.dice.bytes(many);
        let mut line = self.open()?;
        line.send(&bytes)?;
        line.raw().shutdown(Shutdown::Write)?;
        let _: std::io::Result<Heard> = line.hear();
        Ok(())
    }

    /// Below TLS, where there is any: a call in the clear, or the beginning of a handshake, cut or broken.
    fn no_handshake(&mut self) -> std::io::Result<()> {
        let mut bytes = match &self.way.tls {
            Some(_) if self.dice.one_in(3) => post(PATH, "", b"{}"),
            tls => {
                let mut hello = Vec::new();
                client_of(tls.as_ref().unwrap_or(&self.other_tls)).write_tls(&mut hello)?;
                hello
            }
        };
        if self.dice.one_in(2) {
            flipped(&mut bytes, &mut self.dice);
        } else {
            bytes.truncate(self.dice.below(bytes.len()));
        }
        let mut stream = connect(self.from, self.way.to, WAIT)?;
        stream.write_all(&bytes)?;
        stream.shutdown(Shutdown::Write)?;
        let _: usize = stream.read(&mut [0; 200])?;
        Ok(())
    }

    fn cut_off(&mut self) -> std::io::Result<()> {
        let body = self.body();
        let call = post(PATH, "", &body);
        let mut line = self.open()?;
        line.send(&call[..self.dice.below(call.len())])?;
        line.raw().shutdown(if self.dice.one_in(2) { Shutdown::Both } else { Shutdown::Write })
    }

    fn huge_head(&mut self) -> std::io::Result<()> {
        let headers = match self.dice.below(3) {
            0 => (0..5_000).map(|at| format!("x-{at}: 1\r\n")).collect(),
            1 => format!("x: {}\r\n", "a".repeat(1 << 20)),
            _ => format!("{}: 1\r\n", "n".repeat(90 << 10)),
        };
        self.ask(&headers, b"{}")
    }

    fn wrong_length(&mut self) -> std::io::Result<()> {
        let lengths = [
            "-1",
            "5",
            "99999999999999999999",
            "0x10",
            "1, 2",
            "8388609",
            "3\r\nContent-Length: 4",
        ];
        let length = self.dice.of(&lengths);
        let head = format!("POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
        let mut line = self.open()?;
        let body = self.body();
        line.send(&[head.as_bytes(), &body].concat())?;
        self.hang(line);
        Ok(())
    }

    /// Some of a call, and a byte now and then of those that hang already.
    fn slow(&mut self) -> std::io::Result<()> {
        let body = self.body();
        let call = post(PATH, "", &body);
        for line in &mut self.hanging {
            let _: std::io::Result<()> = line.send(b"x");
        }
        let mut line = self.open()?;
        line.send(&call[..self.dice.below(call.len())])?;
        self.hang(line);
        Ok(())
    }

    fn half_closed(&mut self) -> std::io::Result<()> {
        let body = self.body();
        let mut line = self.open()?;
        line.send(&post(PATH, "", &body))?;
        line.raw().shutdown(Shutdown::Write)?;
        let heard = line.hear()?;
        self.judge(&body, &heard);
        Ok(())
    }

    fn packed_body(&mut self) -> std::io::Result<()> {
        let plain = self.body();
        let mut bytes = match self.dice.below(3) {
            0 => self.bomb.clone(),
            _ => packed(&plain),
        };
        if self.dice.one_in(3) {
            flipped(&mut bytes, &mut self.dice);
        }
        let codings = ["gzip", "gzip, gzip", "br", "x-gzip", "identity, gzip"];
        let coding = format!("Content-Encoding: {}\r\n", self.dice.of(&codings));
        let heard = self.open()?.ask(&post(PATH, &coding, &bytes))?;
        self.judge(&plain, &heard);
        Ok(())
    }

    fn deep(&mut self) -> std::io::Result<()> {
        let many = [200, 5_000, 500_000][self.dice.below(3)];
        let (open, close) =
            [("[", "]"), ("{\"a\":", "}"), ("[{\"input\":", "}]")][self.dice.below(3)];
        let nest = format!("{}1{}", open.repeat(many), close.repeat(many));
        let body = match self.dice.below(3) {
            0 => nest,
            1 => format!("{{\"infno\":\"2204\",\"fixmedins_code\":\"{BAD}\",\"input\":{nest}}}"),
            _ => json!({ "infno": "2204", "fixmedins_code": BAD, "input": nest }).to_string(),
        };
        self.ask("", body.as_bytes())
    }

    fn wrong_path(&mut self) -> std::io::Result<()> {
        let paths = [
            "/",
            "//",
            "/../../etc/passwd",
            "/%2e%2e/%00",
            "/2207/..;/9101",
            "/fsi/api/x/y?infno=2207",
            "http://127.0.0.1/2207",
            "/oauth/token",
            "/metrics",
            "/9999",
            "/22\u{7f}07",
            "*",
        ];
        let body = self.body();
        let path = self.dice.of(&paths);
        let secret = self.dice.bytes(12);
        let pair = STANDARD.encode([b"sm-client-000001:", &*secret].concat());
        let basic = format!("Authorization: Basic {pair}\r\n");
        let basics = ["", "Authorization: Basic AAAA\r\n", &basic];
        let heard = self.open()?.ask(&post(path, self.dice.of(&basics), &body))?;
        self.judge(&body, &heard);
        Ok(())
    }

    fn opened_and_dropped(&mut self) -> std::io::Result<()> {
        let all: Vec<TcpStream> =
            (0..60).filter_map(|_| connect(self.from, self.way.to, WAIT).ok()).collect();
        drop(all);
        Ok(())
    }

    fn pipelined(&mut self) -> std::io::Result<()> {
        let bodies: Vec<Vec<u8>> = (0..12).map(|_| self.body()).collect();
        let calls: Vec<u8> = bodies.iter().flat_map(|body| post(PATH, "", body)).collect();
        let mut line = self.open()?;
        line.send(&calls)?;
        for body in &bodies {
            let heard = line.hear()?;
            self.judge(body, &heard);
        }
        Ok(())
    }

    fn other_methods(&mut self) -> std::io::Result<()> {
        let methods =
            ["HEAD", "PUT", "OPTIONS", "TRACE", "CONNECT", "DELETE", "post", "PATCH", "GET"];
        let method = self.dice.of(&methods);
        let body = self.body();
        let call = String::from_utf8(post(PATH, "", &body)).expect("JSON is text");
        let mut line = self.open()?;
        line.send(call.replacen("POST", method, 1).as_bytes())?;
        let some = line.some()?;
        let answer = String::from_utf8_lossy(&some).into_owned();
        let turned_away = ["HTTP/1.1 405", "HTTP/1.1 400", "HTTP/1.1 404"];
        if !some.is_empty() && !turned_away.iter().any(|status| answer.starts_with(status)) {
            self.known.wrong(format!("{method} was answered {answer}"));
        }
        Ok(())
    }

    fn chunks(&mut self) -> std::io::Result<()> {
        let body = self.body();
        let size = format!("{:x}", body.len());
        let sizes = [&*size, "zz", "-1", "ffffffffffffffff", "0", "5;ext=\u{1}", "7fffffff", ""];
        let size = self.dice.of(&sizes);
        let end =
            self.dice.of(&["\r\n0\r\n\r\n", "\r\n0\r\nx-trailer: 1\r\n\r\n", "0", "\n0\n\n", ""]);
        let head = format!("POST {PATH} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut line = self.open()?;
        line.send(&[head.as_bytes(), size.as_bytes(), b"\r\n", &body, end.as_bytes()].concat())?;
        line.raw().shutdown(Shutdown::Write)?;
        let heard = line.hear()?;
        self.judge(&body, &heard);
        Ok(())
    }

    /// Many calls, and nobody who takes their answers.
    fn never_read(&mut self) -> std::io::Result<()> {
        let mut line = self.open()?;
        line.raw().set_write_timeout(Some(Duration::from_millis(200)))?;
        for _ in 0..30 {
            let body = self.body();
            if line.send(&post(PATH, "", &body)).is_err() {
                break;
            }
        }
        self.hang(line);
        Ok(())
    }

    fn too_long(&mut self) -> std::io::Result<()> {
        let filler = "a".repeat((8 << 20) + self.dice.below(2) * 10_000 - 5_000);
        let body = json!({ "infno": "2204", "fixmedins_code": BAD, "input": { "x": filler } });
        self.ask("", body.to_string().as_bytes())
    }

    fn operators(&mut self) -> std::io::Result<()> {
        let many = self.dice.below(3_000);
        let bytes = self.dice.bytes(many);
        let paths = ["/metrics", "/healthz", "/readyz", "/../audit.log", "/"];
        let head = format!("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", self.dice.of(&paths));
        let way = Way { to: self.operators, tls: None };
        let mut line = Line::open(&way, self.from, WAIT)?;
        line.send(if self.dice.one_in(2) { head.as_bytes() } else { &bytes })?;
        let _: std::io::Result<Heard> = line.hear();
        Ok(())
    }

    fn form(&mut self) -> std::io::Result<()> {
        let message = self.body();
        let parts = [
            b"--b\r\nContent-Disposition: form-data; name=\"jsonStr\"\r\n\r\n".to_vec(),
            message.clone(),
            b"\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../x\"\r\n\r\n"
                .to_vec(),
            self.dice.bytes(500),
            b"\r\n--b--\r\n".to_vec(),
        ];
        let mut body = parts.concat();
        if self.dice.one_in(2) {
            flipped(&mut body, &mut self.dice);
        }
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let heard = self.open()?.ask(&[head.as_bytes(), &body].concat())?;
        self.judge(&message, &heard);
        Ok(())
    }

    /// In the name of a good hospital: unsigned, with a made-up signature, or with a stolen one over another body.
    fn forged(&mut self) -> std::io::Result<()> {
        let Some(stolen) = self.known.some_stolen(self.dice.next()) else { return Ok(()) };
        let mut body: Value = serde_json::from_slice(&stolen.body).expect("it was sent");
        let good = GOOD[self.dice.below(2)];
        body["input"]["data"]["medfee_sumamt"] = json!(self.dice.below(10_000));
        let digits: String = self.dice.bytes(32).iter().map(|byte| format!("{byte:02x}")).collect();
        let now_s = stolen.headers.split(": ").nth(2).and_then(|it| it.split(':').next());
        let now_s = now_s.unwrap_or_default();
        let made_up = format!("x-ca-key: {good}\r\nx-ca-signature: {now_s}:{digits}\r\n");
        let headers = [
            String::new(),
            made_up,
            stolen.headers.clone(),
            stolen.headers.replace(GOOD[0], BAD),
            stolen.headers.replace("x-ca-key", "x-tif-paasid"),
            "x-ca-signature: :\r\nx-ca-key: \u{1}\r\n".to_owned(),
            format!("_api_access_key: {good}\r\n_api_signature: x\r\n"),
            of_api(now_s, &digits),
            of_tif(now_s, &digits),
            format!("Authorization: Bearer {digits}\r\n"),
            "Forwarded: for=1.2.3.4\r\n".to_owned(),
        ];
        let headers = &headers[self.dice.below(headers.len())];
        // What SM2 signs and SM4 encrypts says so in the body.
        if self.dice.one_in(4) {
            body["cainfo"] = json!([&*digits, &digits].concat());
            body["signtype"] = json!("SM2");
            body["fixmedins_code"] = json!(self.dice.of(&[GOOD[1], QUIET]));
        }
        if self.dice.one_in(8) {
            let sealed = self.dice.bytes(48);
            body["input"] = json!(STANDARD.encode(sealed));
            body["enc_type"] = json!("SM4");
        }
        let sent = body.to_string();
        let heard = self.open()?.ask(&post(PATH, headers, sent.as_bytes()))?;
        let answer: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
        if answer["infcode"] == 0 {
            self.known.wrong(format!("forged, and done: {answer} to {headers}{sent}"));
        }
        Ok(())
    }

    /// A good hospital's own call, sent again by somebody else as it was: the first answer, or none any more.
    fn replayed(&mut self) -> std::io::Result<()> {
        let Some(stolen) = self.known.some_stolen(self.dice.next()) else { return Ok(()) };
        let Stolen { headers, body, output } = &stolen;
        let heard = self.open()?.ask(&post(PATH, headers, body))?;
        let answer: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
        let first: Value = serde_json::from_str(output).expect("it was answered");
        let said = answer["err_msg"].as_str().unwrap_or_default();
        let undone = ["[313]", "[302]", "[436]"].iter().any(|number| said.contains(number));
        let late = answer["infcode"] == -1 && (undone || said.ends_with("[432]"));
        if !late && answer["output"] != first {
            self.known.wrong(format!("repeated, and otherwise: {answer}; first {output}"));
        }
        Ok(())
    }
}

/// As the gateway of Hunan wants it, with a made-up signature.
fn of_api(now_s: &str, digits: &str) -> String {
    let [(_, key, _), ..] = FAMILIES;
    let signature = STANDARD.encode(&digits[..20]);
    format!(
        "_api_name: api_2207\r\n_api_version: 1.0.0\r\n_api_timestamp: {now_s}000\r\n\
         _api_access_key: {key}\r\n_api_signature: {signature}\r\n"
    )
}

/// As `x-tif-*` wants it, with a made-up signature.
fn of_tif(now_s: &str, digits: &str) -> String {
    let [_, (_, key, _), ..] = FAMILIES;
    format!(
        "x-tif-paasid: {key}\r\nx-tif-timestamp: {now_s}\r\nx-tif-nonce: {}\r\n\
         x-tif-signature: {digits}\r\n",
        &digits[..8]
    )
}

fn contains(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|window| window == piece)
}

/// Lists of no rows, and fields without values.
fn is_nothing(output: &Value) -> bool {
    match output {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Array(rows) => rows.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The numbers of visits, settlements and people that an input names.
fn ids(value: &Value, to: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(id) if IDS.contains(&&**name) => {
                        to.push(id.to_owned());
                    }
                    Some(_) | None => ids(value, to),
                }
            }
        }
        Value::Array(rows) => rows.iter().for_each(|row| ids(row, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
