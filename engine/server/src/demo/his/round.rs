//! The calls of the hospitals, one after another: each in its envelope, under a message number of its own, over its hospital's open
//! connection; each answer looked at, timed, and kept for the transcript.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use yidan_gateway::wire::Transaction;
use yidan_settlement::date::{Day, Moment};

use super::super::place::Hospital;
use super::told::told;
use super::wire::Wire;
use super::{Called, Scene, Wrong};

/// An answer to be gone on with.
pub(super) struct Answered {
    /// The message number it was asked under.
    pub(super) msgid: String,
    pub(super) output: Value,
    /// The same, byte for byte.
    raw: Box<RawValue>,
    inf_refmsgid: Option<String>,
}

/// The envelope of an answer, as far as a HIS reads it.
#[derive(Deserialize)]
struct Reply {
    infcode: i64,
    inf_refmsgid: Option<String>,
    err_msg: Option<String>,
    warn_msg: Option<String>,
    output: Box<RawValue>,
}

/// The hospitals with their connections, and what was said so far.
pub(super) struct Round {
    address: SocketAddr,
    runtime: Runtime,
    wires: BTreeMap<&'static str, Wire>,
    serial: u32,
    pub(super) scenes: Vec<Scene>,
}

impl Round {
    pub(super) fn new(address: SocketAddr) -> Result<Round, Wrong> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Wrong::NoThread)?;
        Ok(Round { address, runtime, wires: BTreeMap::new(), serial: 0, scenes: Vec::new() })
    }

    /// Another visit begins.
    pub(super) fn scene(&mut self, title: String) {
        self.scenes.push(Scene { title, calls: Vec::new() });
    }

    /// How many connections were opened.
    pub(super) fn connections(&self) -> usize {
        self.wires.len()
    }

    /// Asks under a new message number; it must be done.
    pub(super) fn ask(
        &mut self,
        at: Hospital,
        infno: &'static str,
        input: Value,
    ) -> Result<Answered, Wrong> {
        let msgid = self.msgid(at);
        let (reply, took) = self.send(at, infno, &msgid, &input)?;
        let answered = done(infno, msgid, reply)?;
        let said = told(infno, &answered.output);
        self.keep(at, infno, said, took);
        Ok(answered)
    }

    /// The same call once more, as after an answer that was lost: the answer must be the first one's, byte for byte.
    pub(super) fn repeat(
        &mut self,
        at: Hospital,
        infno: &'static str,
        first: &Answered,
        input: &Value,
    ) -> Result<(), Wrong> {
        let (reply, took) = self.send(at, infno, &first.msgid, input)?;
        let again = done(infno, first.msgid.clone(), reply)?;
        let same = again.raw.get() == first.raw.get() && again.inf_refmsgid == first.inf_refmsgid;
        if !same {
            return Err(Wrong::Otherwise(infno, "a repeated call got another answer".to_owned()));
        }
        self.keep(at, infno, "重发：与第一次的应答逐字节相同".to_owned(), took);
        Ok(())
    }

    /// The same call once more, which must be refused for a reason by now.
    pub(super) fn refused(
        &mut self,
        at: Hospital,
        infno: &'static str,
        first: &Answered,
        (input, number): (&Value, u16),
    ) -> Result<(), Wrong> {
        let (reply, took) = self.send(at, infno, &first.msgid, input)?;
        let said = reply.err_msg.unwrap_or_default();
        if reply.infcode == 0 || !said.ends_with(&format!("[{number}]")) {
            let what = format!("it should be refused as [{number}], and is answered {said:?}");
            return Err(Wrong::Otherwise(infno, what));
        }
        // Without the time of what undid it, which is another in every run.
        let reason = said.split('（').next().unwrap_or_default();
        self.keep(at, infno, format!("重发被拒：{reason}[{number}]"), took);
        Ok(())
    }

    fn send(
        &mut self,
        at: Hospital,
        infno: &'static str,
        msgid: &str,
        input: &Value,
    ) -> Result<(Reply, Duration), Wrong> {
        let body = envelope(at, infno, msgid, input).to_string().into_bytes();
        let lost = |error| Wrong::Unanswered { infno, code: at.code, error };
        let (address, wires) = (self.address, &mut self.wires);
        let answered = self.runtime.block_on(async {
            let wire = match wires.entry(at.code) {
                std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
                std::collections::btree_map::Entry::Vacant(none) => {
                    none.insert(Wire::open(address).await?)
                }
            };
            let from = Instant::now();
            let bytes = wire.post(body).await?;
            Ok((bytes, from.elapsed()))
        });
        let (bytes, took) = answered.map_err(lost)?;
        let reply = serde_json::from_slice(&bytes).map_err(|error| lost(error.into()))?;
        Ok((reply, took))
    }

    fn keep(&mut self, at: Hospital, infno: &'static str, answered: String, took: Duration) {
        let name = Transaction::of(infno).map_or("", |one| one.entry().zh);
        let called = Called { fixmedins_code: at.code, infno, name, answered, took };
        match self.scenes.last_mut() {
            Some(scene) => scene.calls.push(called),
            None => self.scenes.push(Scene { title: String::new(), calls: vec![called] }),
        }
    }

    /// As the text of the interface advises: who, when to the second, and the day's serial.
    fn msgid(&mut self, at: Hospital) -> String {
        self.serial += 1;
        let digits: String = now().chars().filter(char::is_ascii_digit).collect();
        format!("{}{digits}{:04}", at.code, self.serial % 10_000)
    }
}

/// What a transaction that was done is answered.
fn done(infno: &'static str, msgid: String, reply: Reply) -> Result<Answered, Wrong> {
    let Reply { infcode, inf_refmsgid, err_msg, warn_msg, output } = reply;
    if infcode != 0 {
        return Err(Wrong::Refused(infno, err_msg.unwrap_or_default()));
    }
    if let Some(warning) = warn_msg {
        return Err(Wrong::Otherwise(infno, format!("an unexpected warning: {warning}")));
    }
    let read = serde_json::from_str(output.get());
    let value = read.map_err(|error| Wrong::Otherwise(infno, error.to_string()))?;
    Ok(Answered { msgid, output: value, raw: output, inf_refmsgid })
}

fn envelope(at: Hospital, infno: &str, msgid: &str, input: &Value) -> Value {
    json!({
        "infno": infno, "msgid": msgid, "mdtrtarea_admvs": at.admdvs, "insuplc_admdvs": "630100",
        "recer_sys_code": "99", "dev_no": "", "dev_safe_info": "", "cainfo": "", "signtype": "",
        "infver": "V1.0", "opter_type": "1", "opter": "001", "opter_name": "收费员",
        "inf_time": now(), "fixmedins_code": at.code, "fixmedins_name": at.name, "sign_no": "",
        "input": input,
    })
}

/// China has one time, that of 120° east.
fn now() -> String {
    const EAST_S: u64 = 8 * 3_600;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs() + EAST_S).unwrap_or(i64::MAX);
    Moment::new(Day::new(0), 0).later(seconds).to_string()
}
