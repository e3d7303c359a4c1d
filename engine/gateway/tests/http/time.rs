//! What takes too long: heads, bodies, silence, and who does not take its answer. Limits that are to be reached are short, all
//! others long.

use std::io::{Read, Write};
use std::time::Duration;

use yidan_gateway::http::{Limits, Loss, Spoilt};

use crate::rig::{MOMENT, Rig, SHORT, patient, post};

#[test]
fn a_head_that_does_not_end_and_a_connection_that_says_nothing_are_closed() {
    let rig = Rig::new(Limits { head: SHORT, ..patient() });
    let mut silent = rig.client();
    let mut slow = rig.client();
    slow.send(b"POST /echo HTTP/1.1\r\nhost:");
    let mut kept = rig.client();
    kept.echoes();
    assert!(silent.is_closed());
    assert!(slow.is_closed());
    rig.until(|measures| measures.lost(Loss::SlowHead) == 2);
    // Between calls there is more time than for a head, but not once it has begun.
    kept.echoes();
    kept.send(b"P");
    assert!(kept.is_closed());
    assert_eq!(rig.measures().lost(Loss::SlowHead), 3);
}

#[test]
fn a_head_byte_by_byte_gets_no_more_time() {
    let rig = Rig::new(Limits { head: SHORT, ..patient() });
    let mut client = rig.client();
    let mut stream = client.raw().try_clone().expect("a stream");
    let dripping = std::thread::spawn(move || {
        let bytes = post("/echo", "", b"").into_iter().cycle();
        // It ends when the server has closed, which the test is about.
        for byte in b"POST / HTTP/1.1\r\nx: ".iter().copied().chain(bytes.filter(|b| *b > 32)) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    assert!(client.is_closed());
    dripping.join().expect("it was cut off");
    rig.until(|measures| measures.lost(Loss::SlowHead) == 1);
}

#[test]
fn a_body_that_does_not_come_is_refused_and_the_connection_closed() {
    let rig = Rig::new(Limits { body: SHORT, ..patient() });
    let mut client = rig.client();
    client.send(b"POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhalf");
    let answer = client.answer();
    assert_eq!((answer.status, answer.text()), (200, "TooSlow"));
    assert!(client.is_closed());
    assert_eq!(rig.measures().refused(Spoilt::TooSlow), 1);
    assert_eq!(rig.measures().bytes_held, 0);
}

#[test]
fn a_body_that_keeps_its_pace_has_the_time_it_takes() {
    // Each byte gives a second more: a body of which one comes every tenth of a second comes whole, though not in the time
    // that is given without.
    let rig = Rig::new(Limits { body: SHORT, body_pace: 1, ..patient() });
    let mut client = rig.client();
    client.send(b"POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n");
    client.send(&[b'a'; 90]);
    for _ in 0..10 {
        std::thread::sleep(SHORT / 5);
        client.send(b"a");
    }
    assert_eq!(client.answer().body.len(), 100);
}

#[test]
fn an_idle_connection_is_closed_without_a_word_and_one_in_a_call_is_not() {
    let mut rig = Rig::new(Limits { idle: SHORT, head: SHORT, taken: SHORT, ..patient() });
    let mut busy = rig.client();
    busy.send(&post("/wait", "", b"long"));
    rig.wait_for_arrival();
    let mut idle = rig.client();
    idle.echoes();
    assert!(idle.is_closed());
    rig.until(|measures| measures.connections_open == 1);
    std::thread::sleep(SHORT);
    rig.stub.leave.add_permits(1);
    assert_eq!(busy.answer().text(), "long");
    assert!(busy.is_closed());
    assert!(Loss::ALL.iter().all(|why| rig.measures().lost(*why) == 0));
}

#[test]
fn who_does_not_take_its_answer_is_left() {
    let rig = Rig::new(Limits { taken: SHORT, ..patient() });
    let mut client = rig.client();
    client.send(&post("/large", "", b""));
    rig.until(|measures| measures.lost(Loss::SlowTaker) == 1);
    rig.until(|measures| measures.connections_open == 0);
    let mut rest = Vec::new();
    let read = client.stream.read_to_end(&mut rest);
    assert!(read.is_err() || rest.len() < 32 << 20, "it was cut off");
}

#[test]
fn who_takes_its_answer_bit_by_bit_gets_no_more_time() {
    let rig = Rig::new(Limits { taken: Duration::from_secs(1), ..patient() });
    let mut client = rig.client();
    client.send(&post("/large", "", b""));
    let (mut bit, mut taken) = (vec![0; 64 << 10], 0);
    // Faster than the kernel's buffers say that there is room again, and some ten seconds for all of it.
    while let Ok(more @ 1..) = client.stream.read(&mut bit) {
        taken += more;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(taken < 32 << 20, "it was cut off");
    assert_eq!(rig.measures().lost(Loss::SlowTaker), 1);
}

#[test]
fn a_large_answer_that_is_taken_comes_whole() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    client.send(&post("/large", "", b""));
    std::thread::sleep(MOMENT);
    assert_eq!(client.answer().body.len(), 32 << 20);
    client.echoes();
}
