//! Signatures: a call of each family from headers and body to whose it is. SM2 takes fifty to a hundred times what the others take.

use criterion::{Criterion, Throughput};
use hmac::{Hmac, KeyInit as _, Mac as _};
use yidan_gateway::Profile;
use yidan_gateway::refusal::Family;
use yidan_gateway::sign::credential::Sm;
use yidan_gateway::sign::keys::{PrivateKey, Secret, VerifyingKey};
use yidan_gateway::sign::{Channel, Credential, Credentials, Proof, Tokens, verify};

/// 2026-01-02 11:04:05 in China.
const NOW_MS: i64 = 1_767_323_045_000;
const NOW_S: &str = "1767323045";
const INSTITUTION: &str = "H63010000001";
const KEY: &str = "ak-0123456789";
const SECRET: &str = "sk-abcdefghij";
/// Sixteen bytes: it is a key of SM4 too.
const CLIENT: &str = "0123456789abcdef";
/// The user id of SM2 where none is agreed on.
const USER: &str = "1234567812345678";
/// The example of GM/T 0003.5.
const SM2: &str = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
const INPUT: &str = r#"{"data":{"psn_no":"1","mdtrt_id":"7","ipt_otp_no":"3"}}"#;
/// An envelope, in the order of its names.
const ENVELOPE: [(&str, &str); 12] = [
    ("fixmedins_code", INSTITUTION),
    ("fixmedins_name", "医院"),
    ("inf_time", "2026-01-02 11:04:05"),
    ("infno", "2202"),
    ("infver", "V1.0"),
    ("insuplc_admdvs", "630100"),
    ("mdtrtarea_admvs", "630100"),
    ("msgid", "H63010000001202601021104050001"),
    ("opter", "01"),
    ("opter_name", "张三"),
    ("opter_type", "1"),
    ("recer_sys_code", "99"),
];

/// A call, and the credentials and tokens of the listener that it comes to.
struct Signed {
    headers: Vec<(&'static str, String)>,
    body: String,
    credentials: Credentials,
    tokens: Tokens,
}

/// Calls in bytes a second. None is refused.
pub(crate) fn verified(c: &mut Criterion) {
    for family in [Family::Api, Family::Tif, Family::Ca, Family::Cainfo, Family::Sm] {
        let Signed { headers, body, credentials, tokens } = signed(family);
        let mut group = c.benchmark_group("signature");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{family:?}"), |b| {
            b.iter(|| {
                let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
                let call = verify(headers, body.as_bytes(), NOW_MS, &credentials, &tokens);
                let call = call.unwrap_or_else(|rejected| panic!("{rejected:?}"));
                assert_eq!(call.institution(), INSTITUTION);
            });
        });
        group.finish();
    }
}

/// A call as a client of a family signs it.
fn signed(family: Family) -> Signed {
    let mut tokens = Tokens::default();
    let credential = credential(family);
    let (headers, body) = match family {
        // Signed by `openssl`, as in the tests of the gateway: neither covers the body.
        Family::Api => {
            let headers = [
                ("_api_access_key", KEY),
                ("_api_name", "1101"),
                ("_api_timestamp", NOW_S),
                ("_api_version", "1.0.0"),
                ("_api_signature", "QlHoYg+vAFrbInpKt4N0BzFvZyg="),
            ];
            (headers.map(|(name, value)| (name, value.to_owned())).to_vec(), body(&[], INPUT))
        }
        Family::Tif => {
            let headers = [
                ("x-tif-paasid", KEY),
                ("x-tif-timestamp", NOW_S),
                ("x-tif-nonce", "n0nce4299"),
                (
                    "x-tif-signature",
                    "beff0b3610fcd5812e74183eee3b0542c6a14e93c45d1fc7e4ee04758353d5dc",
                ),
            ];
            (headers.map(|(name, value)| (name, value.to_owned())).to_vec(), body(&[], INPUT))
        }
        Family::Ca => {
            let body = body(&[], INPUT);
            let mut mac = Hmac::<sm3::Sm3>::new_from_slice(SECRET.as_bytes()).expect("a key");
            mac.update(format!("{NOW_S}\n{body}").as_bytes());
            let signature = format!("{NOW_S}:{}", hex(&mac.finalize().into_bytes()));
            (vec![("x-ca-key", KEY.to_owned()), ("x-ca-signature", signature)], body)
        }
        Family::Cainfo => {
            let text = ENVELOPE.map(|(name, value)| format!("{name}={value}")).join("&");
            let signature = key().sign(USER, text.as_bytes()).expect("a signature");
            (Vec::new(), body(&[("cainfo", &hex(&signature))], INPUT))
        }
        Family::Sm => {
            // Its client has the key that answers to it are signed with, so an answer is what it would send.
            let sealed = credential.seal(INPUT).expect("its family is so").expect("it is sealed");
            let token = tokens.issue(credential.id(), NOW_MS).expect("a token");
            let head = [("enc_type", "SM4"), ("signtype", "SM2"), ("cainfo", &*sealed.cainfo)];
            let bearer = format!("Bearer {}", token.expose());
            (vec![("authorization", bearer)], body(&head, &sealed.output))
        }
        Family::None => (Vec::new(), body(&[], INPUT)),
    };
    let credentials = Credentials::new(Channel::Tls, vec![credential]).expect("whole");
    Signed { headers, body, credentials, tokens }
}

fn credential(family: Family) -> Credential {
    let secret = || Secret::read(SECRET).expect("a secret");
    let (name, proof) = match family {
        Family::None => (KEY, Proof::None),
        Family::Api => (KEY, Proof::Api(secret())),
        Family::Tif => (KEY, Proof::Tif(secret())),
        Family::Ca => (KEY, Proof::Ca(secret())),
        Family::Cainfo => (KEY, Proof::Cainfo(public())),
        Family::Sm => (CLIENT, Proof::Sm(Sm { secret: secret(), client: public(), own: key() })),
    };
    Credential::new(name, proof, &[INSTITUTION], Profile::LENIENT).expect("whole")
}

fn key() -> PrivateKey {
    PrivateKey::read(SM2).expect("a key")
}

fn public() -> VerifyingKey {
    key().verifying()
}

/// A body with more fields in its envelope.
fn body(more: &[(&str, &str)], input: &str) -> String {
    let fields = more.iter().chain(&ENVELOPE);
    let fields: Vec<String> =
        fields.map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    format!("{{{},\"input\":{input}}}", fields.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
