//! What strangers send: garbage, heads beyond all measure, and two hundred of them at once while good traffic goes on.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};

use yidan_gateway::http::{Limits, Loss, Spoilt};

use crate::rig::{Client, LONG, Rig, SHORT, patient, post};

#[test]
fn garbage_is_answered_by_400_at_most_and_closed() {
    let rig = Rig::new(patient());
    let mut sent = 0;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"POST /echo\r\n\r\n",
        b"POST /echo HTTP/9.9\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\xff\xfe\xfd\xfc\r\n\r\n",
    ] {
        let mut client = rig.client();
        client.send(garbage);
        client.raw().shutdown(Shutdown::Write).expect("it is open");
        if let Ok(answer) = client.try_answer() {
            assert_eq!(answer.status, 400, "{garbage:?}");
        }
        assert!(client.is_closed());
        sent += 1;
    }
    rig.until(|measures| measures.connections_open == 0);
    let measures = rig.measures();
    assert_eq!(measures.calls, 0);
    assert_eq!(measures.lost(Loss::Garbage) + measures.lost(Loss::Gone), sent);
    rig.client().echoes();
}

#[test]
fn too_many_headers_or_too_long_a_head_are_refused() {
    let rig = Rig::new(patient());
    let many: String = (0..150).map(|at| format!("x-{at}: 1\r\n")).collect();
    let answer = rig.client().ask(&post("/echo", &many, b""));
    assert_eq!(answer.status, 431);
    let enough: String = (0..90).map(|at| format!("x-{at}: 1\r\n")).collect();
    assert_eq!(rig.client().ask(&post("/echo", &enough, b"")).status, 200);
    let long = format!("x: {}\r\n", "a".repeat(100 << 10));
    let mut client = rig.client();
    let sent = client.stream.get_mut().write_all(&post("/echo", &long, b""));
    // What is closed while it is still sent may be reset before the answer is read.
    if sent.is_ok()
        && let Ok(answer) = client.try_answer()
    {
        assert_eq!(answer.status, 431);
    }
    rig.until(|measures| measures.lost(Loss::Garbage) == 2);
    assert_eq!(rig.measures().calls, 1);
}

#[test]
fn no_prefix_of_a_call_does_harm() {
    let rig = Rig::new(patient());
    let call = post("/echo", "content-encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0");
    for end in 0..call.len() {
        let mut client = rig.client();
        client.send(&call[..end]);
        client.raw().shutdown(Shutdown::Both).expect("it is open");
    }
    // The last of them may still stand in the queue of the kernel: what is accepted after them says that they were.
    rig.client().echoes();
    rig.until(|measures| measures.connections_open == 0 && measures.bytes_held == 0);
}

/// Misbehaves in one of eight ways until it is thrown out, again and again.
fn misbehave(way: usize, rig: &Rig, over: &AtomicBool) {
    let head = |length: usize| {
        format!("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: {length}\r\n\r\n")
    };
    while !over.load(Ordering::Relaxed) {
        let Ok(mut stream) = TcpStream::connect(rig.address) else { continue };
        stream.set_read_timeout(Some(LONG)).expect("a time");
        // Whatever comes of it is the server's to bear.
        let _: std::io::Result<()> = match way % 8 {
            0 => Ok(()),
            1 => stream.write_all(b"POST /echo HT"),
            2 => stream.write_all(b"\x16\x03\x01garbage\r\n\r\n"),
            3 => stream.write_all(head(1_000).as_bytes()),
            4 => stream.write_all(&post(
                "/echo",
                "connection: close\r\ncontent-encoding: gzip\r\n",
                b"no",
            )),
            5 => stream.write_all(&post("/unwind", "connection: close\r\n", b"{}")),
            6 => stream.write_all(&post("/many/8000000", "connection: close\r\n", b"")),
            _ => stream.write_all(head(100 << 20).as_bytes()),
        };
        if way.is_multiple_of(3) {
            std::thread::sleep(SHORT / 30);
            continue;
        }
        let mut client = Client { stream: std::io::BufReader::new(stream) };
        client.is_closed();
    }
}

#[test]
fn good_traffic_goes_on_while_two_hundred_misbehave() {
    let limits = Limits { head: SHORT, body: SHORT, taken: SHORT, ..patient() };
    let rig = Rig::new(limits);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for way in 0..200 {
            let (rig, over) = (&rig, &over);
            let small = std::thread::Builder::new().stack_size(256 << 10);
            small.spawn_scoped(scope, move || misbehave(way, rig, over)).expect("a thread");
        }
        rig.until(|measures| measures.connections > 250);
        let mut client = rig.client();
        for call in 0..300 {
            let body = format!("{{\"call\":{call}}}");
            let answer = client.ask(&post("/echo", "", body.as_bytes()));
            assert_eq!((answer.status, answer.text()), (200, body.as_str()));
        }
        over.store(true, Ordering::Relaxed);
    });
    rig.until(|measures| measures.connections_open == 0);
    let measures = rig.measures();
    assert_eq!(measures.bytes_held, 0);
    for what in [Spoilt::NotGzip, Spoilt::Broken, Spoilt::TooSlow] {
        assert!(measures.refused(what) > 0, "{what:?}");
    }
    assert!(measures.lost(Loss::SlowHead) > 0 && measures.lost(Loss::Garbage) > 0);
    rig.client().echoes();
}
