//! The wire: bodies to typed requests and to the digests that keys keep, and answers to bytes.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use yidan_bench::calls;
use yidan_gateway::answer::{Outcome, Reply, Stamp, output};
use yidan_gateway::envelope::Call;
use yidan_gateway::wire::Transaction;
use yidan_gateway::{Profile, content, decode_answer};
use yidan_settlement::date::Moment;

/// A body to a typed request, and to the digest that its key keeps.
pub(crate) fn bodies(c: &mut Criterion) {
    let bodies = [("2204, 8 lines", calls::upload(8)), ("2204, 100 lines", calls::upload(100))];
    for (name, body) in bodies.into_iter().chain([("2207", calls::settle())]) {
        let read = |body| Call::read(body, &Profile::STRICT).expect("a right envelope");
        let one = read(body.as_bytes()).transaction().expect("a transaction that is served");
        let mut group = c.benchmark_group(format!("wire: {name}"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("read", |b| {
            b.iter(|| {
                let call = read(black_box(body.as_bytes()));
                let decoded = call.decode(one, &Profile::STRICT).expect("a right input");
                black_box(decoded.request.psn_no().map(str::len))
            });
        });
        let call = read(body.as_bytes());
        let decoded = call.decode(one, &Profile::STRICT).expect("a right input");
        assert!(decoded.borne.is_empty(), "bodies are by the text");
        group.bench_function("digest", |b| b.iter(|| content(black_box(&decoded.request))));
        group.finish();
    }
}

/// An answer to the bytes that go back.
pub(crate) fn answers(c: &mut Criterion) {
    let text = calls::settled();
    let (answer, borne) =
        decode_answer(Transaction::T2207, &text, &Profile::STRICT).expect("a right output");
    assert!(borne.is_empty(), "it is by the text");
    assert_eq!(output(&answer), text, "written as it was read");
    let at =
        Stamp { moment: Moment::parse("2026-01-02 09:30:05").expect("a moment"), millisecond: 7 };
    let mut body = Vec::new();
    reply(at, &text).write(&Profile::STRICT, &mut body);
    let bytes = body.len();
    let mut group = c.benchmark_group("wire: answer of 2207");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("write", |b| {
        b.iter(|| {
            body.clear();
            reply(at, &output(black_box(&answer))).write(&Profile::STRICT, &mut body);
            assert_eq!(body.len(), bytes, "the same answer");
        });
    });
    group.finish();
}

/// The envelope around an output.
fn reply(at: Stamp, output: &str) -> Reply<'_> {
    Reply {
        outcome: Outcome::Done(output),
        inf_refmsgid: Some("630103202601020930050000000001"),
        refmsg_time: at,
        respond_time: at,
        warn_msg: None,
        cainfo: None,
        signtype: None,
        enctype: None,
    }
}
