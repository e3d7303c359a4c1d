//! What there may be at once: connections, connections of one address, bytes of bodies.

use std::time::Duration;

use yidan_gateway::http::{Limits, Loss, Spoilt};

use crate::rig::{Client, LONG, Rig, patient, post};

#[test]
fn connections_beyond_the_bound_are_closed_at_once_and_places_come_back() {
    let rig = Rig::new(Limits { connections: 3, ..patient() });
    let mut inside: Vec<Client> = (0..3).map(|_| rig.client()).collect();
    inside.iter_mut().for_each(Client::echoes);
    for _ in 0..5 {
        assert!(rig.client().is_closed());
    }
    inside.iter_mut().for_each(Client::echoes);
    let measures = rig.measures();
    assert_eq!((measures.connections_open, measures.lost(Loss::Full)), (3, 5));
    drop(inside.pop());
    rig.until(|measures| measures.connections_open == 2);
    rig.client().echoes();
    // Operators have places of their own.
    let answer = Client::to(rig.operators).ask(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_eq!(answer.status, 200);
}

#[test]
fn one_address_has_so_many_and_no_more() {
    let rig = Rig::new(Limits { connections_of_peer: 2, ..patient() });
    let mut inside: Vec<Client> = (0..2).map(|_| rig.client()).collect();
    inside.iter_mut().for_each(Client::echoes);
    assert!(rig.client().is_closed());
    assert_eq!(rig.measures().lost(Loss::PeerFull), 1);
    // Another address of the loopback network has its own.
    let socket = rig.runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 2], 0).into()).expect("loopback is a network");
        socket.connect(rig.address).await.expect("it listens").into_std().expect("a stream")
    });
    socket.set_nonblocking(false).expect("a stream");
    socket.set_read_timeout(Some(LONG)).expect("a time");
    Client { stream: std::io::BufReader::new(socket) }.echoes();
}

#[test]
fn bodies_on_their_way_have_so_many_bytes_together() {
    let mut rig = Rig::new(Limits { held_bytes: 1_000, ..patient() });
    let mut first = rig.client();
    first.send(&post("/wait", "", &[b'a'; 600]));
    rig.wait_for_arrival();
    assert_eq!(rig.measures().bytes_held, 600);
    let mut second = rig.client();
    let answer = second.ask(&post("/length", "", &[b'a'; 600]));
    assert_eq!((answer.status, answer.text()), (200, "Busy"));
    let answer = second.ask(&post("/length", "content-encoding: gzip\r\n", b"x"));
    assert_eq!(answer.text(), "Busy", "a decoder takes room too");
    second.echoes();
    rig.stub.leave.add_permits(1);
    assert_eq!(first.answer().body.len(), 600);
    let answer = second.ask(&post("/length", "", &[b'a'; 600]));
    assert_eq!(answer.text(), "600");
    assert_eq!(rig.measures().refused(Spoilt::Busy), 2);
    // What is half there counts as well, and is given back by who goes away.
    let mut third = rig.client();
    third.send(b"POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 900\r\n\r\n");
    third.send(&[b'a'; 700]);
    rig.until(|measures| measures.bytes_held >= 700);
    drop(third);
    rig.until(|measures| measures.bytes_held == 0);
    assert!(rig.stop(Duration::from_secs(30)).cut == 0);
}
