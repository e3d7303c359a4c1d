//! A HIS on one keep-alive connection: what it sends, and the check of what it is answered.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::town::{HOSPITAL, Town};

/// Microseconds that calls took.
pub(crate) type Took = Histogram<u64>;

pub(crate) fn no_times() -> Took {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order")
}

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    pub(crate) took: Took,
    /// When its next call is due, and the time between two: without it a call follows its answer at once.
    pub(crate) pace: Option<(Instant, Duration)>,
}

/// A visit that is ready to be settled.
pub(crate) struct Ready {
    psn_no: String,
    mdtrt_id: String,
}

static SERIAL: AtomicU64 = AtomicU64::new(0);

impl Connection {
    pub(crate) async fn to(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("set");
        Connection { stream, buffer: Vec::new(), took: no_times(), pace: None }
    }

    /// Sends one transaction; gives the body of the answer, which says that it was done.
    async fn call(&mut self, infno: &str, input: &str) -> String {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            "{{\"infno\":\"{infno}\",\"msgid\":\"{HOSPITAL}{serial:018}\",\"mdtrtarea_admvs\":\"630103\",\
             \"insuplc_admdvs\":\"630100\",\"recer_sys_code\":\"FSI\",\"infver\":\"V1.0\",\"opter_type\":\"1\",\
             \"opter\":\"1\",\"opter_name\":\"收费员\",\"inf_time\":\"2026-01-02 03:04:05\",\
             \"fixmedins_code\":\"{HOSPITAL}\",\"fixmedins_name\":\"示例\",\"input\":{input}}}"
        );
        let head = format!(
            "POST /fsi/api/rsfComIfsService/callService HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let begun = self.due().await;
        let mut request = head.into_bytes();
        request.extend_from_slice(body.as_bytes());
        self.stream.write_all(&request).await.expect("sent");
        let answer = self.answer().await;
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.took.saturating_record(took);
        assert!(answer.starts_with("{\"infcode\":0,"), "{infno}: {answer}");
        answer
    }

    /// Waits until the next call is due; a late one is late by what it waited for the one before.
    async fn due(&mut self) -> Instant {
        let Some((due, every)) = &mut self.pace else { return Instant::now() };
        let now_due = *due;
        *due += *every;
        tokio::time::sleep_until(now_due.into()).await;
        now_due
    }

    async fn answer(&mut self) -> String {
        loop {
            if let Some((body, end)) = whole(&self.buffer) {
                let answer = String::from_utf8(self.buffer[body..end].to_vec()).expect("UTF-8");
                self.buffer.drain(..end);
                return answer;
            }
            let read = self.stream.read_buf(&mut self.buffer).await.expect("answered");
            assert!(read > 0, "it closed");
        }
    }
}

/// Where the body of an answer begins and ends, when it is there whole.
fn whole(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let lines = std::str::from_utf8(&buffer[..head]).ok()?;
    let length = lines.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    (buffer.len() >= head + length).then_some((head, head + length))
}

/// The number behind a name in an answer.
fn number(answer: &str, name: &str) -> String {
    let behind = answer.split_once(&format!("\"{name}\":\"")).expect("it is there").1;
    behind.split('"').next().expect("it ends").to_owned()
}

async fn register(connection: &mut Connection, psn_no: &str) -> (String, String) {
    let data = format!(
        "{{\"data\":{{\"psn_no\":\"{psn_no}\",\"insutype\":\"310\",\"begntime\":\"2026-01-02 08:00:00\",\
         \"mdtrt_cert_type\":\"02\",\"mdtrt_cert_no\":\"1\",\"psn_cert_type\":\"01\",\"certno\":\"{psn_no}\",\"psn_type\":\"11\",\
         \"psn_name\":\"甲\",\"ipt_otp_no\":\"1\",\"dept_code\":\"A\",\"dept_name\":\"内科\",\"caty\":\"A03\"}}}}"
    );
    let answer = connection.call("2201", &data).await;
    (number(&answer, "mdtrt_id"), answer)
}

async fn describe(connection: &mut Connection, psn_no: &str, mdtrt_id: &str) -> String {
    let data = format!(
        "{{\"mdtrtinfo\":{{\"mdtrt_id\":\"{mdtrt_id}\",\"psn_no\":\"{psn_no}\",\"med_type\":\"11\",\
         \"begntime\":\"2026-01-02 08:00:00\",\"dise_codg\":\"\",\"dise_name\":\"\"}},\"diseinfo\":[{{\"diag_type\":\"1\",\
         \"diag_srt_no\":1,\"diag_code\":\"J06.900\",\"diag_name\":\"上感\",\"diag_dept\":\"A03\",\"dise_dor_no\":\"D1\",\
         \"dise_dor_name\":\"医师\",\"diag_time\":\"2026-01-02 08:10:00\",\"vali_flag\":\"1\"}}]}}"
    );
    connection.call("2203", &data).await
}

async fn upload(
    connection: &mut Connection,
    town: &Town,
    psn_no: &str,
    mdtrt_id: &str,
    count: usize,
) -> String {
    let line = |serial: usize| {
        let code = town.code(serial);
        format!(
            "{{\"feedetl_sn\":\"{serial}\",\"mdtrt_id\":\"{mdtrt_id}\",\"psn_no\":\"{psn_no}\",\"chrg_bchno\":\"B1\",\
             \"rx_circ_flag\":\"0\",\"fee_ocur_time\":\"2026-01-02 08:30:00\",\"med_list_codg\":\"{code}\",\
             \"medins_list_codg\":\"L1\",\"det_item_fee_sumamt\":10,\"cnt\":1,\"pric\":10,\"bilg_dept_codg\":\"A\",\
             \"bilg_dept_name\":\"内科\",\"bilg_dr_codg\":\"D1\",\"bilg_dr_name\":\"医师\",\"hosp_appr_flag\":\"1\"}}"
        )
    };
    let lines: Vec<String> = (1..=count).map(line).collect();
    connection.call("2204", &format!("{{\"feedetail\":[{}]}}", lines.join(","))).await
}

/// Settles a visit that is ready.
pub(crate) async fn settle(connection: &mut Connection, ready: &Ready) -> String {
    let Ready { psn_no, mdtrt_id } = ready;
    let data = format!(
        "{{\"data\":{{\"psn_no\":\"{psn_no}\",\"mdtrt_cert_type\":\"02\",\"mdtrt_cert_no\":\"1\",\"psn_cert_type\":\"01\",\
         \"certno\":\"{psn_no}\",\"psn_type\":\"11\",\"psn_name\":\"甲\",\"med_type\":\"11\",\"medfee_sumamt\":80,\
         \"psn_setlway\":\"01\",\"mdtrt_id\":\"{mdtrt_id}\",\"chrg_bchno\":\"B1\",\"acct_used_flag\":\"0\",\
         \"insutype\":\"310\",\"fulamt_ownpay_amt\":0,\"overlmt_selfpay\":0,\"preselfpay_amt\":0,\
         \"inscp_scp_amt\":80}}}}"
    );
    let answer = connection.call("2207", &data).await;
    assert!(answer.contains("\"medfee_sumamt\":80"), "{answer}");
    answer
}

/// A visit from registration to lines.
pub(crate) async fn ready(connection: &mut Connection, town: &Town) -> Ready {
    let psn_no = town.anyone();
    let (mdtrt_id, _) = register(connection, &psn_no).await;
    describe(connection, &psn_no, &mdtrt_id).await;
    upload(connection, town, &psn_no, &mdtrt_id, 8).await;
    Ready { psn_no, mdtrt_id }
}

/// A whole visit.
pub(crate) async fn chain(connection: &mut Connection, town: &Town) {
    let ready = ready(connection, town).await;
    settle(connection, &ready).await;
}

/// A whole visit, and what it was answered.
pub(crate) async fn one_visit(connection: &mut Connection, town: &Town) -> HashMap<String, String> {
    let psn_no = town.anyone();
    let (mdtrt_id, registered) = register(connection, &psn_no).await;
    let described = describe(connection, &psn_no, &mdtrt_id).await;
    let uploaded = upload(connection, town, &psn_no, &mdtrt_id, 8).await;
    let settled = settle(connection, &Ready { psn_no, mdtrt_id }).await;
    let all = [("2201", registered), ("2203", described), ("2204", uploaded), ("2207", settled)];
    all.into_iter().map(|(infno, answer)| (infno.to_owned(), answer)).collect()
}

/// A visit of which a hundred lines are uploaded; the registration is not counted.
pub(crate) async fn hundred_lines(connection: &mut Connection, town: &Town) {
    let psn_no = town.anyone();
    let took = std::mem::replace(&mut connection.took, no_times());
    let (mdtrt_id, _) = register(connection, &psn_no).await;
    connection.took = took;
    upload(connection, town, &psn_no, &mdtrt_id, 100).await;
}
