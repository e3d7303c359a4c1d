//! Any bytes as headers, tokens, bodies and logs: no signature is found right by chance, no certificate number that stands alone is left, and
//! nothing panics.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use yidan_gateway::mask::{certificates, certificates_and_passports, name};
use yidan_gateway::sign::credential::Sm;
use yidan_gateway::sign::keys::{PrivateKey, Secret, VerifyingKey};
use yidan_gateway::sign::{Channel, Credential, Credentials, Proof, Tokens, verify};
use yidan_gateway::{Profile, refusal::Family};

/// The names of headers; a byte of the input chooses each.
const NAMES: [&str; 18] = [
    "_api_access_key",
    "_api_name",
    "_api_timestamp",
    "_api_version",
    "_api_signature",
    "x-tif-paasid",
    "x-tif-timestamp",
    "x-tif-nonce",
    "x-tif-signature",
    "x-rio-paasid",
    "x-rio-timestamp",
    "x-rio-nonce",
    "x-rio-signature",
    "x-ca-key",
    "x-ca-signature",
    "authorization",
    "via",
    "x-forwarded-",
];

const CLIENT: &str = "0123456789abcdef";
/// Near to times that the fuzzer writes as digits.
const NOW_MS: i64 = 1_111_111_111_000;

static DOOR: LazyLock<Credentials> = LazyLock::new(|| {
    let secret = || Secret::random().expect("random numbers");
    let key = || PrivateKey::random().expect("random numbers");
    let sm = Sm { secret: secret(), client: key().verifying(), own: key() };
    let all = [
        ("a", Proof::Api(secret()), "H1"),
        ("a", Proof::Tif(secret()), "H1"),
        ("a", Proof::Ca(secret()), "H1"),
        (CLIENT, Proof::Sm(sm), "H1"),
        ("a", Proof::Cainfo(key().verifying()), "H2"),
    ];
    let credential = |(name, proof, code): (&str, Proof, &str)| {
        let one = Credential::new(name, proof, &[code], Profile::LENIENT).expect("a credential");
        one.insecure().at_any_time()
    };
    Credentials::new(Channel::Tls, all.map(credential).into()).expect("they may be served")
});

static TOKENS: LazyLock<(Tokens, String)> = LazyLock::new(|| {
    let mut tokens = Tokens::default();
    let sm = DOOR.all().iter().find(|one| one.family() == Family::Sm).expect("one of the family");
    let token = tokens.issue(sm.id(), NOW_MS).expect("a token");
    let bearer = format!("Bearer {}", token.expose());
    (tokens, bearer)
});

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.split(|byte| *byte == b'\n');
    let body = parts.next().unwrap_or_default();
    let headers: Vec<(&str, &[u8])> = parts
        .filter_map(|part| part.split_first())
        .map(|(which, value)| (NAMES[usize::from(*which) % NAMES.len()], value))
        .collect();
    let (tokens, bearer) = &*TOKENS;
    let signed = [("authorization", bearer.as_bytes())];
    // Without any header, with those given, and with a token that is good: the secrets are random, so nothing is right.
    for headers in [&[][..], &headers, &signed] {
        assert!(verify(headers.iter().copied(), body, NOW_MS, &DOOR, tokens).is_err());
    }
    assert!(Tokens::default().grant(headers.iter().copied(), NOW_MS, &DOOR).is_err());
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (VerifyingKey::read(text), PrivateKey::read(text), Secret::read(text), name(text));
    let shown = certificates(text);
    assert_eq!(shown.chars().count(), text.chars().count());
    // No run of digits is left that is as long as a certificate alone.
    let alone = text.bytes().all(|byte| byte.is_ascii_digit()) && (15..20).contains(&text.len());
    assert!(!alone || shown.contains('*'), "{shown}");
    let _ = certificates_and_passports(text);
});
