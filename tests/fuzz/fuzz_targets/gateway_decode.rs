//! Any bytes as a body, and any piece in a right body: refused, or read; and what is read is written, read again as the same
//! and has the same content. Never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yidan_gateway::answer::{input, output};
use yidan_gateway::envelope::{Call, read_answer};
use yidan_gateway::wire::{Request, Transaction};
use yidan_gateway::{Profile, content, decode, decode_answer};

/// Right bodies; pieces of them are replaced. `short.sh` gives the folder to the fuzzer too.
const SEEDS: &[&str] = &[
    include_str!("../seeds/gateway_decode/2204.json"),
    include_str!("../seeds/gateway_decode/2207.json"),
    include_str!("../seeds/gateway_decode/2401.json"),
];

fuzz_target!(|bytes: &[u8]| {
    body(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some((which, rest)) = bytes.split_first() {
        let one = Transaction::ALL[usize::from(*which) % Transaction::ALL.len()];
        if let Ok(text) = std::str::from_utf8(rest) {
            any_input(one, text);
            any_output(one, text);
        }
    }
    let Some((place, piece)) = text.as_bytes().split_at_checked(4) else { return };
    let seed = SEEDS[usize::from(place[0]) % SEEDS.len()];
    let from = usize::from(u16::from_le_bytes([place[1], place[2]])) % seed.len();
    let to = (from + usize::from(place[3]) % 64).min(seed.len());
    let mut spliced = seed.as_bytes()[..from].to_vec();
    spliced.extend_from_slice(piece);
    spliced.extend_from_slice(&seed.as_bytes()[to..]);
    body(&spliced);
});

fn body(bytes: &[u8]) {
    for profile in [Profile::STRICT, Profile::LENIENT] {
        match Call::read(bytes, &profile) {
            Ok(call) => {
                let Some(one) = call.transaction() else { continue };
                if let Ok(decoded) = call.decode(one, &profile) {
                    same(one, &decoded.request, &profile);
                }
            }
            Err(faults) => assert!(faults.err_msg().chars().count() <= 400),
        }
        let _ = read_answer(bytes, &profile);
    }
}

fn any_input(one: Transaction, text: &str) {
    if let Ok(decoded) = decode(one, text, &Profile::LENIENT) {
        same(one, &decoded.request, &Profile::LENIENT);
    }
}

fn any_output(one: Transaction, text: &str) {
    let Ok((answer, _)) = decode_answer(one, text, &Profile::LENIENT) else { return };
    let written = output(&answer);
    let (again, _) = decode_answer(one, &written, &Profile::LENIENT).expect("its own writing");
    assert_eq!(again, answer);
}

fn same(one: Transaction, request: &Request<'_>, profile: &Profile) {
    let written = input(request);
    let again = decode(one, &written, profile).expect("its own writing");
    assert_eq!(&again.request, request, "{written}");
    assert_eq!(content(&again.request), content(request));
}
