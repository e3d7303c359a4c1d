//! Bodies in every form they come in, and those that do not.

use std::io::{Read, Write};
use std::net::Shutdown;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use yidan_gateway::http::{Limits, Spoilt};
use yidan_gateway::limits::BODY_BYTES_MAX;

use crate::rig::{Rig, patient, post};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

const GZIP: &str = "content-encoding: gzip\r\n";
const CHUNKED: &[u8] = b"POST /echo HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn chunks_are_put_together() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    for chunks in [&b"2\r\n{\"\r\n5;x=1\r\na\":1}\r\n0\r\n\r\n"[..], b"0\r\n\r\n"] {
        client.send(CHUNKED);
        let answer = client.ask(chunks);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), if chunks.len() > 5 { "{\"a\":1}" } else { "" });
    }
    // With trailers, byte by byte.
    client.send(CHUNKED);
    for byte in b"3\r\nabc\r\n1\r\nd\r\n0\r\nx: y\r\n\r\n" {
        client.send(&[*byte]);
    }
    assert_eq!(client.answer().text(), "abcd");
    assert_eq!(rig.measures().connections, 1);
}

#[test]
fn the_longest_body_is_taken_and_one_byte_more_is_not() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let body = vec![b'a'; BODY_BYTES_MAX + 1];
    let answer = client.ask(&post("/length", "", &body[1..]));
    assert_eq!(answer.text(), BODY_BYTES_MAX.to_string());
    let answer = client.ask(&post("/length", "", &body));
    assert_eq!((answer.status, answer.text()), (200, "TooLong"));
    // Nobody knows before how long it will be.
    client.send(CHUNKED);
    client.send(format!("{:x}\r\n", body.len()).as_bytes());
    client.send(&body);
    let answer = client.ask(b"\r\n0\r\n\r\n");
    assert_eq!((answer.status, answer.text()), (200, "TooLong"));
    client.echoes();
    let measures = rig.measures();
    assert_eq!((measures.connections, measures.refused(Spoilt::TooLong)), (1, 2));
    assert_eq!(measures.bytes_held, 0);
}

#[test]
fn who_asks_before_it_sends_is_told_to_or_refused_at_once() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let head = |length: usize| {
        format!(
            "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    assert_eq!(client.ask(head(2).as_bytes()).status, 100);
    assert_eq!(client.ask(b"{}").text(), "{}");
    let answer = client.ask(head(BODY_BYTES_MAX + 1).as_bytes());
    assert_eq!((answer.status, answer.text()), (200, "TooLong"));
}

#[test]
fn gzip_is_inflated() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let body = b"{\"input\":{}}".repeat(50_000);
    for coding in [GZIP, "Content-Encoding: X-GZIP\r\n"] {
        let answer = client.ask(&post("/echo", coding, &packed(&body)));
        assert_eq!((answer.status, answer.body.len()), (200, body.len()));
        assert_eq!(answer.body, body);
    }
    let answer = client.ask(&post("/length", GZIP, &packed(&vec![0; BODY_BYTES_MAX])));
    assert_eq!(answer.text(), BODY_BYTES_MAX.to_string());
}

#[test]
fn what_is_no_gzip_is_told_and_the_connection_goes_on() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let whole = packed(b"{\"a\":1}");
    let cut = &whole[..whole.len() - 3];
    for wrong in [&b"{\"a\":1}"[..], b"", cut] {
        let answer = client.ask(&post("/echo", GZIP, wrong));
        assert_eq!((answer.status, answer.text()), (200, "NotGzip"));
    }
    for coding in ["br", "deflate", "gzip, gzip"] {
        let answer = client.ask(&post("/echo", &format!("content-encoding: {coding}\r\n"), &whole));
        assert_eq!((answer.status, answer.text()), (200, "Coding"));
    }
    client.echoes();
    assert_eq!(rig.measures().connections, 1);
}

#[test]
fn a_bomb_is_cut_where_it_passes_the_bound() {
    // Ten times the bound inflates within a budget of little more than one body.
    let limits = Limits { held_bytes: BODY_BYTES_MAX + (200 << 10), ..patient() };
    let rig = Rig::new(limits);
    let mut client = rig.client();
    let bomb = packed(&vec![0; 10 * BODY_BYTES_MAX]);
    let answer = client.ask(&post("/length", GZIP, &bomb));
    assert_eq!((answer.status, answer.text()), (200, "TooLong"));
    let answer = client.ask(&post("/length", GZIP, &packed(&vec![0; BODY_BYTES_MAX + 1])));
    assert_eq!((answer.status, answer.text()), (200, "TooLong"));
    client.echoes();
}

#[test]
fn answers_are_packed_for_who_takes_it_if_they_are_long() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let accepts = "accept-encoding: deflate, gzip;q=0.5\r\n";
    for (bytes, is_packed) in [(1_024, false), (1_025, true), (5 << 20, true)] {
        let answer = client.ask(&post(&format!("/many/{bytes}"), accepts, b""));
        assert_eq!(answer.header("content-encoding"), is_packed.then_some("gzip"));
        let mut body = Vec::new();
        if is_packed {
            let read = GzDecoder::new(&answer.body[..]).read_to_end(&mut body);
            read.expect("it is whole");
            assert!(answer.body.len() < bytes / 4);
        } else {
            body = answer.body;
        }
        assert_eq!(body, vec![b'a'; bytes]);
    }
    let answer = client.ask(&post("/many/5000", "accept-encoding: gzip;q=0\r\n", b""));
    assert_eq!((answer.header("content-encoding"), answer.body.len()), (None, 5_000));
}

#[test]
fn a_body_that_ends_before_its_end_is_told_to_who_still_listens() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    client.send(b"POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhalf");
    client.raw().shutdown(Shutdown::Write).expect("it is open");
    assert_eq!(client.answer().text(), "Cut");
    let mut client = rig.client();
    client.send(CHUNKED);
    client.send(b"zz\r\n");
    assert_eq!(client.answer().text(), "Cut");
    assert!(client.is_closed());
    assert_eq!(rig.measures().refused(Spoilt::Cut), 2);
    assert_eq!(rig.measures().bytes_held, 0);
}
