//! Bodies read, their digests made, and an answer written.

use std::hint::black_box;

use yidan_bench::calls;
use yidan_gateway::answer::output;
use yidan_gateway::envelope::Call;
use yidan_gateway::wire::Transaction;
use yidan_gateway::{Profile, content, decode_answer};

use super::{Work, leak};

pub(super) fn read(body: String) -> Work {
    let operation = move || {
        let call = Call::read(black_box(body.as_bytes()), &Profile::STRICT).expect("an envelope");
        let one = call.transaction().expect("a transaction that is served");
        let decoded = call.decode(one, &Profile::STRICT).expect("a right input");
        assert!(decoded.borne.is_empty(), "bodies are by the text");
    };
    Work { times: 200, of: 1, operation: Box::new(operation) }
}

pub(super) fn digest(body: String) -> Work {
    let body: &'static str = leak(body);
    let call = leak(Call::read(body.as_bytes(), &Profile::STRICT).expect("an envelope"));
    let one = call.transaction().expect("a transaction that is served");
    let request = call.decode(one, &Profile::STRICT).expect("a right input").request;
    let first = content(&request);
    let operation = move || assert_eq!(content(black_box(&request)), first);
    Work { times: 500, of: 1, operation: Box::new(operation) }
}

pub(super) fn answer() -> Work {
    let text: &'static str = leak(calls::settled());
    let (answer, _) =
        decode_answer(Transaction::T2207, text, &Profile::STRICT).expect("a right output");
    let operation = move || assert_eq!(output(black_box(&answer)), text, "as it was read");
    Work { times: 500, of: 1, operation: Box::new(operation) }
}
