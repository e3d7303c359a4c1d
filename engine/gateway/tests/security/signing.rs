//! Calls as clients of every family sign them, and the credentials they are verified with. The constants were made by `openssl`; how
//! stands beside each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Digest as _;
use yidan_gateway::Profile;
use yidan_gateway::answer::Stamp;
use yidan_gateway::refusal::{Family, Refusal};
use yidan_gateway::sign::credential::Sm;
use yidan_gateway::sign::keys::{PrivateKey, Secret, VerifyingKey};
use yidan_gateway::sign::{Channel, Credential, Credentials, Proof, Tokens, Verified, verify};
use yidan_settlement::date::Moment;

/// 2026-01-02 11:04:05 in China.
pub(crate) const NOW: i64 = 1_767_323_045_000;
pub(crate) const NOW_S: &str = "1767323045";
pub(crate) const INSTITUTION: &str = "H63010000001";
pub(crate) const SECOND: &str = "H63010000005";
pub(crate) const KEY: &str = "ak-0123456789";
pub(crate) const SECRET: &str = "sk-abcdefghij";
pub(crate) const CLIENT: &str = "0123456789abcdef";
pub(crate) const USER: &str = "1234567812345678";
/// GM/T 0003.5, and `std.pem` of the commands below.
pub(crate) const STANDARD_KEY: &str =
    "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
pub(crate) const STANDARD_PUBLIC: &str = concat!(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020",
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
);
/// `in.json`
pub(crate) const INPUT: &str = r#"{"data":{"psn_no":"1","mdtrt_id":"7","ipt_otp_no":"3"}}"#;
/// openssl pkeyutl -sign -inkey std.pem -in in.json -rawin -digest sm3 -pkeyopt distid:0123456789abcdef
pub(crate) const OPENSSL_DER: &str = concat!(
    "30450221009c3d62c3e865f4557ad1f1f03c8b902daba51ecda6a47716b0c77ef6849b5726",
    "02205f1443d4aa1de2d969769f2a3d188505ab33b45f2541e21214b8a651c9392d1e"
);
/// Its two numbers in Base64.
pub(crate) const OPENSSL_SM2: &str =
    "nD1iw+hl9FV60fHwPIuQLaulHs2mpHcWsMd+9oSbVyZfFEPUqh3i2Wl2nyo9GIUFqzO0XyVB4hIUuKZRyTktHg==";
/// openssl enc -sm4-ecb -K $(printf 0123456789abcdef | xxd -p) -a -A -in in.json
pub(crate) const OPENSSL_SM4: &str =
    "ChFgtqWBcdv8o7TzWPaMh1IEfoWccoOREykZ+Mamg6rK3maxkIv5tkZKitqEkNZic7g14WR1SvyJBHNkXVsdeQ==";
/// `env.txt`
pub(crate) const ENVELOPE: &str = "fixmedins_code=H63010000001&fixmedins_name=医院&inf_time=2026-01-02 11:04:05&\
infno=2202&infver=V1.0&insuplc_admdvs=630100&mdtrtarea_admvs=630100&msgid=H63010000001202601021104050001&\
opter=01&opter_name=张三&opter_type=1&recer_sys_code=99&sign_no=";
/// openssl pkeyutl -sign -inkey std.pem -in env.txt -rawin -digest sm3 -pkeyopt distid:1234567812345678 | xxd -p -u
pub(crate) const OPENSSL_CAINFO: &str = concat!(
    "30450220177C72DFDB8F91694CF29DCF24B74BD3ED2BD33D7B6CBB1D4450535DD0901C17",
    "02210092EE92DE73980BD327E4CD2A552663C88234BBF504A9C9E7C0A450E1F1320559"
);
/// openssl dgst -sm3 env.txt
pub(crate) const SM3_OF_ENVELOPE: &str =
    "8D730DE54AF0BDB23B047166D3912154DDF864235836354A0ADDD1AE1561525D";

pub(crate) type Head = (String, String);

pub(crate) fn lent(headers: &[Head]) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (&**name, value.as_bytes()))
}

pub(crate) fn pairs<'h>(
    headers: &'h [(&'h str, &'h str)],
) -> impl Iterator<Item = (&'h str, &'h [u8])> {
    headers.iter().map(|(name, value)| (*name, value.as_bytes()))
}

fn heads(pairs: &[(&str, &str)]) -> Vec<Head> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}

pub(crate) fn api(name: &str, stamp: &str) -> Vec<Head> {
    let signed =
        format!("_api_access_key={KEY}&_api_name={name}&_api_timestamp={stamp}&_api_version=1.0.0");
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(signed.as_bytes());
    heads(&[
        ("_api_access_key", KEY),
        ("_api_name", name),
        ("_api_timestamp", stamp),
        ("_api_version", "1.0.0"),
        ("_api_signature", &STANDARD.encode(mac.finalize().into_bytes())),
    ])
}

pub(crate) fn tif(stamp: &str, nonce: &str) -> Vec<Head> {
    let signature = sha2::Sha256::digest(format!("{stamp}{SECRET}{nonce}{stamp}"));
    heads(&[
        ("x-tif-paasid", KEY),
        ("x-tif-timestamp", stamp),
        ("x-tif-nonce", nonce),
        ("x-tif-signature", &hex(&signature)),
    ])
}

pub(crate) fn ca(stamp: &str, body: &str) -> Vec<Head> {
    let mut mac = Hmac::<sm3::Sm3>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(format!("{stamp}\n{body}").as_bytes());
    let signature = format!("{stamp}:{}", hex(&mac.finalize().into_bytes()));
    heads(&[("x-ca-key", KEY), ("x-ca-signature", &signature)])
}

pub(crate) fn basic(client: &str, secret: &str) -> Vec<Head> {
    let pair = STANDARD.encode(format!("{client}:{secret}"));
    heads(&[("Authorization", &format!("Basic {pair}"))])
}

pub(crate) fn of_family(family: Family, body: &str) -> Vec<Head> {
    match family {
        Family::Api => api("1101", NOW_S),
        Family::Tif => tif(NOW_S, "n0nce"),
        Family::Ca => ca(NOW_S, body),
        Family::None | Family::Sm | Family::Cainfo => Vec::new(),
    }
}

/// The families that sign in headers alone: the key first, the signature last.
pub(crate) fn by_headers(body: &str) -> [(Family, Vec<Head>); 3] {
    [Family::Api, Family::Tif, Family::Ca].map(|family| (family, of_family(family, body)))
}

/// A signature in the form of its family, of something else.
pub(crate) fn other(family: Family) -> String {
    match family {
        Family::Api => "WgewLdcKuDUsow/hrbnagPepVrQ=".to_owned(),
        Family::Ca => format!("{NOW_S}:{}", "0F".repeat(32)),
        Family::None | Family::Tif | Family::Sm | Family::Cainfo => "0F".repeat(32),
    }
}

pub(crate) fn body(institution: &str) -> String {
    format!(
        r#"{{"infno":"2202","msgid":"H63010000001202601021104050001","mdtrtarea_admvs":"630100",
    "recer_sys_code":"99","infver":"V1.0","opter_type":"1","opter":"01","opter_name":"张三",
    "inf_time":"2026-01-02 11:04:05","fixmedins_code":"{institution}","fixmedins_name":"医院",
    "input":{INPUT}}}"#
    )
}

pub(crate) fn sealed_body(institution: &str, input: &str, cainfo: &str) -> String {
    let head = format!("\"enc_type\":\"SM4\",\"signtype\":\"SM2\",\"cainfo\":\"{cainfo}\",");
    body(institution).replace(INPUT, &format!("\"{input}\"")).replacen('{', &format!("{{{head}"), 1)
}

pub(crate) fn cainfo_body(institution: &str, cainfo: &str) -> String {
    let head = format!("\"cainfo\":\"{cainfo}\",\"insuplc_admdvs\":\"630100\",\"sign_no\":null,");
    body(institution).replacen('{', &format!("{{{head}"), 1)
}

/// The signature of [`ENVELOPE`] as two numbers in hexadecimal digits.
pub(crate) fn cainfo() -> String {
    let key = PrivateKey::read(STANDARD_KEY).expect("a key");
    hex(&key.sign(USER, ENVELOPE.as_bytes()).expect("a signature"))
}

pub(crate) fn sm() -> Sm {
    Sm {
        secret: Secret::read(SECRET).expect("a secret"),
        client: VerifyingKey::read(STANDARD_PUBLIC).expect("a key"),
        own: PrivateKey::read(STANDARD_KEY).expect("a key"),
    }
}

fn proof(family: Family) -> Proof {
    let secret = Secret::read(SECRET).expect("a secret");
    match family {
        Family::None => Proof::None,
        Family::Api => Proof::Api(secret),
        Family::Tif => Proof::Tif(secret),
        Family::Ca => Proof::Ca(secret),
        Family::Sm => Proof::Sm(sm()),
        Family::Cainfo => Proof::Cainfo(VerifyingKey::read(STANDARD_PUBLIC).expect("a key")),
    }
}

pub(crate) fn credential(family: Family) -> Credential {
    let name = if family == Family::Sm { CLIENT } else { KEY };
    Credential::new(name, proof(family), &[INSTITUTION, "H63010000007"], Profile::LENIENT)
        .expect("a credential")
}

pub(crate) fn second(family: Family) -> Credential {
    Credential::new("second", proof(family), &[SECOND], Profile::LENIENT).expect("a credential")
}

pub(crate) fn set(channel: Channel, all: Vec<Credential>) -> Credentials {
    Credentials::new(channel, all).expect("they may be served there")
}

/// Why a call is refused, if it is.
pub(crate) fn refused(
    headers: &[Head],
    body: &str,
    now: i64,
    all: &Credentials,
) -> Option<Refusal> {
    let verified = verify(lent(headers), body.as_bytes(), now, all, &Tokens::default());
    verified.err().map(|it| it.refusal().unwrap_or_else(|| panic!("{it:?}")))
}

pub(crate) fn verified<T>(
    headers: &[Head],
    body: &str,
    all: &Credentials,
    then: impl FnOnce(&Verified<'_, '_>) -> T,
) -> T {
    let verified = verify(lent(headers), body.as_bytes(), NOW, all, &Tokens::default());
    then(&verified.unwrap_or_else(|rejected| panic!("{rejected:?}\n{body}")))
}

pub(crate) fn stamp() -> Stamp {
    let moment = Moment::parse("2026-01-02 11:04:05").expect("a moment");
    Stamp { moment, millisecond: 7 }
}
