//! What a call is answered, whatever becomes of it, and that a connection goes on.

use std::io::Write;
use std::net::Shutdown;

use yidan_gateway::http::{Limits, Listener, Loss, Spoilt};

use crate::rig::{Client, Health, Rig, SHORT, loopback, patient, post};

#[test]
fn a_call_is_answered_as_json_whatever_its_content_type() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    for kind in ["", "content-type: text/plain\r\n", "content-type: nonsense\r\n"] {
        let answer = client.ask(&post("/echo", kind, b"{\"a\":1}"));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json;charset=utf-8"));
        assert_eq!(answer.text(), "{\"a\":1}");
    }
    let answer = client.ask(&post("/header?token=1", "x-test: v\r\n", b""));
    assert_eq!(answer.text(), "v", "the query is no part of the path");
    let measures = rig.measures();
    assert_eq!((measures.requests, measures.calls, measures.connections), (4, 4, 1));
    assert_eq!(measures.head_to_answer_ns.len(), 4);
    // An answer is counted after it is written, which may be after it is read.
    rig.until(|measures| measures.bytes_in > 200 && measures.bytes_out > 400);
}

#[test]
fn calls_sent_before_answers_are_read_are_answered_in_order() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let mut all = Vec::new();
    for call in 0..50 {
        all.extend(post("/echo", "", call.to_string().as_bytes()));
    }
    client.send(&all);
    for call in 0..50 {
        assert_eq!(client.answer().text(), call.to_string());
    }
    client.echoes();
    assert_eq!(rig.measures().connections, 1);
}

#[test]
fn an_old_client_without_keep_alive_is_answered_and_left() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let answer = client.ask(b"POST /echo HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}");
    assert_eq!((answer.status, answer.text()), (200, "{}"));
    assert!(client.is_closed());
}

#[test]
fn only_post_and_elsewhere_nothing_is_found() {
    let rig = Rig::new(patient());
    for (method, path, status) in [
        ("GET", "/echo", 405),
        ("PUT", "/echo", 405),
        ("OPTIONS", "/echo", 405),
        ("GET", "/", 404),
        ("GET", "/other", 404),
        ("DELETE", "/other", 404),
    ] {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: h\r\n\r\n");
        let answer = rig.client().ask(head.as_bytes());
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("POST"));
        assert!(answer.body.len() < 20);
    }
    // What is posted there is answered so that the client reads it.
    assert_eq!(rig.client().ask(&post("/other", "", b"x")).status, 200);
}

#[test]
fn a_panic_is_an_answer_and_the_connection_goes_on() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    let answer = client.ask(&post("/panic", "", b"{}"));
    assert_eq!((answer.status, answer.text()), (200, "Broken"));
    client.echoes();
    assert_eq!(rig.measures().refused(Spoilt::Broken), 1);
}

#[test]
fn what_is_not_answered_in_time_is_told_as_such() {
    let rig = Rig::new(Limits { answer: SHORT, slow: SHORT / 2, ..patient() });
    let mut client = rig.client();
    let answer = client.ask(&post("/never", "", b"{}"));
    assert_eq!((answer.status, answer.text()), (200, "Late"));
    client.echoes();
    assert_eq!(rig.measures().refused(Spoilt::Late), 1);
    assert!(rig.measures().slow >= 1);
}

#[test]
fn who_shuts_its_side_after_the_call_is_answered() {
    let mut rig = Rig::new(patient());
    let mut client = rig.client();
    client.send(&post("/wait", "", b"half"));
    client.raw().shutdown(Shutdown::Write).expect("it is open");
    rig.wait_for_arrival();
    rig.stub.leave.add_permits(1);
    assert_eq!(client.answer().text(), "half");
    assert!(client.is_closed());
}

#[test]
fn a_call_of_who_has_gone_is_finished_all_the_same() {
    let mut rig = Rig::new(patient());
    let mut client = rig.client();
    client.send(&post("/wait", "", b"gone"));
    rig.wait_for_arrival();
    drop(client);
    rig.stub.leave.add_permits(1);
    rig.until(|measures| measures.calls == 1 && measures.connections_open == 0);
    rig.client().echoes();
}

#[test]
fn an_idle_connection_that_the_client_closes_is_no_loss() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    client.echoes();
    drop(client);
    rig.until(|measures| measures.connections_open == 0);
    assert!(Loss::ALL.iter().all(|why| rig.measures().lost(*why) == 0));
}

#[test]
fn without_signatures_nothing_comes_through_a_proxy() {
    let listener = Listener::unsigned(loopback()).expect("loopback");
    let rig = Rig::with(listener, patient(), Health(Ok(())));
    let mut client = rig.client();
    for header in ["Forwarded: for=1.2.3.4", "Via: 1.1 p", "X-Forwarded-For: 1", "x-forwarded-x: 1"]
    {
        let answer = client.ask(&post("/echo", &format!("{header}\r\n"), b"{}"));
        assert_eq!((answer.status, answer.text()), (200, "Forwarded"), "{header}");
    }
    client.echoes();
    assert_eq!(rig.measures().refused(Spoilt::Forwarded), 4);
    // With signatures it may.
    let rig = Rig::new(patient());
    let answer = rig.client().ask(&post("/echo", "Via: 1.1 p\r\n", b"{}"));
    assert_eq!(answer.text(), "{}");
}

#[test]
fn one_thread_is_enough() {
    use std::sync::Arc;
    use yidan_gateway::http::{Calls, Doors, Incoming, Sent, Server};

    struct Echo;
    impl Calls for Echo {
        async fn call(&self, call: Incoming) -> Sent {
            Sent::Json(call.body.to_vec())
        }
        fn refuse(&self, _: Spoilt) -> Vec<u8> {
            Vec::new()
        }
    }
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime");
    let doors = Doors::new().calls(Listener::signed(loopback()), Arc::new(Echo));
    let server = Server::start(runtime.handle(), doors, patient()).expect("a free port");
    let address = server.addresses()[0];
    let client = std::thread::spawn(move || {
        let mut client = Client::to(address);
        client.echoes();
        client.stream.get_mut().flush().expect("it is open");
        client
    });
    let stopped = runtime.block_on(async {
        while server.measures().calls == 0 {
            tokio::task::yield_now().await;
        }
        server.stop(crate::rig::LONG).await
    });
    assert_eq!(stopped.cut, 0);
    assert!(client.join().expect("it was answered").is_closed());
}

#[test]
fn an_address_in_use_is_named() {
    let rig = Rig::new(patient());
    let doors = yidan_gateway::http::Doors::new()
        .calls(Listener::signed(rig.address), std::sync::Arc::clone(&rig.stub));
    let started =
        yidan_gateway::http::Server::start(rig.runtime.handle(), doors, Limits::default());
    let error = started.expect_err("in use").to_string();
    assert!(error.starts_with(&format!("cannot listen on {}: ", rig.address)), "{error}");
}
