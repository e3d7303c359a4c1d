//! A call that is not answered as it has to be ends the morning, and says which and why.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use super::inputs::sign_in;
use super::round::Round;
use crate::demo::place::PLACES;

/// What a sign-in to a server comes to that answers any call with these bytes.
fn told(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has one");
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut some = [0; 4_096];
        let read = stream.read(&mut some).expect("a call");
        assert!(some[..read].starts_with(b"POST /fsi/api/rsfComIfsService/callService HTTP/1.1"));
        stream.write_all(answer).expect("sent");
    });
    let told = error(address);
    served.join().expect("it answered");
    told
}

fn error(address: SocketAddr) -> String {
    let mut round = Round::new(address).expect("a client");
    let [home, ..] = PLACES;
    let answered = round.ask(home.third, "9001", sign_in());
    answered.map(|answered| answered.msgid).expect_err("it is no answer").to_string()
}

#[test]
fn what_is_no_answer_is_told_with_the_call() {
    let refused = concat!(
        "HTTP/1.1 200 OK\r\ncontent-length: 59\r\n\r\n",
        r#"{"infcode":-1,"err_msg":"FSI-busy[436]","output":{"no":1}}"#,
        "\n"
    );
    for (answer, said) in [
        (refused.as_bytes(), "9001 was refused: FSI-busy[436]"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "got no answer: missing field"),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\n{}", "HTTP status 500"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}", "from H630103Q0001 got no answer"),
        (b"garbage\r\n\r\n", "9001 from H630103Q0001 got no answer"),
        (b"", "9001 from H630103Q0001 got no answer"),
    ] {
        let told = told(answer);
        assert!(told.contains(said), "{said} is not in {told}");
    }
}

#[test]
fn where_nobody_listens_no_answer_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has one");
    drop(listener);
    assert!(error(address).contains("9001 from H630103Q0001 got no answer"));
}
