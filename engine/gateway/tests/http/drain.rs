//! The end: nothing new, what is on its way is finished, what is idle is closed, what is too long is cut and counted.

use std::net::TcpStream;

use crate::rig::{Client, LONG, MOMENT, Rig, SHORT, patient, post};

#[test]
fn a_call_on_its_way_is_answered_and_idle_connections_are_closed() {
    let mut rig = Rig::new(patient());
    let (mut idle, mut silent, mut busy) = (rig.client(), rig.client(), rig.client());
    idle.echoes();
    busy.send(&post("/wait", "", b"late"));
    rig.wait_for_arrival();
    let mut halfway = rig.client();
    halfway.send(b"POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 8\r\n\r\nhalf");
    rig.until(|measures| measures.requests == 3 && measures.connections_open == 4);
    let stopping = rig.stop_meanwhile(LONG);
    assert!(idle.is_closed());
    assert!(silent.is_closed());
    std::thread::sleep(MOMENT);
    assert!(TcpStream::connect(rig.address).is_err(), "nothing new is taken");
    let ready = Client::to(rig.operators).ask(b"GET /readyz HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_eq!((ready.status, ready.text()), (503, "stopping\n"));
    assert!(!stopping.is_finished());
    // A body on its way comes to its end; a second call behind it is not taken.
    halfway.send(b"half");
    let answer = halfway.answer();
    assert_eq!((answer.text(), answer.header("connection")), ("halfhalf", Some("close")));
    assert!(halfway.is_closed());
    busy.send(&post("/echo", "", b"more"));
    rig.stub.leave.add_permits(1);
    assert_eq!(busy.answer().text(), "late");
    assert!(busy.try_answer().is_err());
    let stopped = rig.runtime.block_on(stopping).expect("it ended");
    assert_eq!((stopped.cut, stopped.answered), (0, 2));
    assert!(TcpStream::connect(rig.operators).is_err());
}

#[test]
fn what_is_not_finished_in_time_is_cut_and_counted() {
    let mut rig = Rig::new(patient());
    let mut clients: Vec<Client> = (0..3).map(|_| rig.client()).collect();
    for client in &mut clients {
        client.send(&post("/wait", "", b"x"));
        rig.wait_for_arrival();
    }
    let mut idle = rig.client();
    idle.echoes();
    assert_eq!(rig.stop(SHORT).cut, 3);
    assert!(clients.iter_mut().all(Client::is_closed));
}

#[test]
fn an_idle_server_stops_at_once_and_frees_its_address() {
    let mut rig = Rig::new(patient());
    let stopped = rig.stop(LONG);
    assert_eq!((stopped.cut, stopped.answered), (0, 0));
    std::net::TcpListener::bind(rig.address).expect("it is free");
}

#[test]
fn dropped_without_a_stop_it_cuts_everything() {
    let mut rig = Rig::new(patient());
    let mut client = rig.client();
    client.send(&post("/never", "", b"x"));
    rig.until(|measures| measures.requests == 1);
    rig.drop_server();
    assert!(client.is_closed());
}
