//! Each family against values that `openssl` made (how stands beside each), outputs opened as a server seals them, and what is told
//! when something is missing.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use sm2::dsa::signature::Verifier as _;
use sm2::dsa::{Signature, VerifyingKey};

use super::headers::Tif;
use super::sealed::Sealer;
use super::*;

const NOW: u64 = 1_767_323_045_123;
const SECRET: &str = "sk-abcdefghij";
const CLIENT: &str = "0123456789abcdef";
const INPUT: &str = r#"{"data":{"psn_no":"1","mdtrt_id":"7"}}"#;
const ENVELOPE: [(&str, &str); 7] = [
    ("infno", "2207"),
    ("msgid", "H630103Q0001202601021104050001"),
    ("opter_name", "张\"三\\"),
    ("signtype", ""),
    ("inf_time", "2026-01-02 11:04:05"),
    ("fixmedins_code", "H630103Q0001"),
    ("sign_no", ""),
];
/// `body.json` of the commands below.
const BODY: &str = r#"{"infno":"2207","msgid":"H630103Q0001202601021104050001","opter_name":"张\"三\\","signtype":"","inf_time":"2026-01-02 11:04:05","fixmedins_code":"H630103Q0001","sign_no":"","cainfo":"","input":{"data":{"psn_no":"1","mdtrt_id":"7"}}}"#;
/// `std.pem`: the key of the examples of GM/T 0003.5, put into PEM by `openssl pkcs8 -topk8 -nocrypt`.
const PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQgOUUgj3shRLE/NuOK
xtOflYiTk2koYLUaQvuB7033xbihRANCAAQJ+d8xHlQhoVDdfRYeS8XGchefrRgz
/AdrsI/zVvNQIMzqSQziZ3WlLcbqcYzBqmAK7QX7814ISmYy9gctqa0T
-----END PRIVATE KEY-----
";
/// The same key in hexadecimal digits.
const HEX: &str = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
/// `openssl pkey -in std.pem -pubout`
const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAECfnfMR5UIaFQ3X0WHkvFxnIXn60Y
M/wHa7CP81bzUCDM6kkM4md1pS3G6nGMwapgCu0F+/NeCEpmMvYHLamtEw==
-----END PUBLIC KEY-----
";
const PUBLIC_HEX: &str = concat!(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020",
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
);

fn keys() -> Keys {
    Keys { own: PEM.to_owned(), server: Some(PUBLIC_PEM.to_owned()) }
}

fn signer(family: Family) -> Signer {
    let name = if family == Family::Sm { CLIENT } else { "hunan-key-1" };
    Signer::new(family, name, SECRET, Some(&keys())).expect("all is there")
}

fn signed(family: Family) -> (String, Vec<(String, String)>) {
    let signer = signer(family);
    signer.set_token("t0ken", NOW + 1).expect("it can stand in a header");
    let signed = signer.sign(&ENVELOPE, INPUT, NOW).expect("signed");
    let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
    let headers = signed.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let headers = headers.collect();
    (String::from_utf8(signed.body).expect("UTF-8"), headers)
}

fn value<'h>(headers: &'h [(String, String)], name: &str) -> &'h str {
    &headers.iter().find(|(it, _)| it == name).expect("the header is there").1
}

/// Whether the key of the examples signed this for a user.
fn is_signed(user: &str, message: &str, signature: &[u8]) -> bool {
    let key = VerifyingKey::new(user, keys::public(PUBLIC_HEX).expect("a key")).expect("short");
    let signature = Signature::from_slice(signature).expect("r and s");
    key.verify(message.as_bytes(), &signature).is_ok()
}

#[test]
fn what_is_not_signed_has_the_envelope_and_no_headers() {
    assert_eq!(signed(Family::None), (BODY.to_owned(), Vec::new()));
    let none = Signer::none();
    assert_eq!(none.sign(&[], "{}", NOW).expect("signed").body, br#"{"cainfo":"","input":{}}"#);
    assert_eq!(none.open("{\"a\":1}", None).as_deref(), Ok("{\"a\":1}"));
    assert!(none.token_request().is_none() && !none.needs_token(NOW));
}

#[test]
fn api_signs_its_headers() {
    // printf '_api_access_key=hunan-key-1&_api_name=2207&_api_timestamp=1767323045123&_api_version=1.0.0' |
    //     openssl dgst -sha1 -hmac sk-abcdefghij -binary | base64
    let expected = [
        ("_api_access_key", "hunan-key-1"),
        ("_api_name", "2207"),
        ("_api_timestamp", "1767323045123"),
        ("_api_version", "1.0.0"),
        ("_api_signature", "6MHbRNj/PXpiohN/pfz93NcbDPE="),
    ];
    let (body, headers) = signed(Family::Api);
    assert_eq!(body, BODY);
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let wrong = signer(Family::Api).sign(&[("infno", "1\n2")], "{}", NOW);
    assert_eq!(wrong.expect_err("a line break"), SignError::Infno);
}

#[test]
fn tif_signs_time_and_nonce() {
    // printf '1767323045sk-abcdefghij8Kc1pQ2w1767323045' | openssl dgst -sha256
    let signature = "185c88c9f50b2ace573a63afc712f789ac0526a1ca404c8384d9c5a2115af3e7";
    let tif = Tif::new("paas-1", SECRET.as_bytes()).expect("random numbers");
    let headers = tif.with_nonce("8Kc1pQ2w".to_owned(), NOW);
    let values: Vec<&str> = headers.iter().filter_map(|(_, value)| value.to_str().ok()).collect();
    assert_eq!(values, ["paas-1", "1767323045", "8Kc1pQ2w", signature]);
    let (body, first) = signed(Family::Tif);
    assert_eq!(body, BODY);
    assert_eq!(value(&first, "x-tif-paasid"), "hunan-key-1");
    assert_ne!(value(&first, "x-tif-nonce"), value(&signed(Family::Tif).1, "x-tif-nonce"));
    let one = tif.headers(NOW);
    assert_ne!(one[2].1, tif.headers(NOW)[2].1, "a nonce comes once");
}

#[test]
fn ca_signs_the_body() {
    // (echo 1767323045; cat body.json) | openssl dgst -sm3 -hmac sk-abcdefghij
    let signature = "7376779292255b0184577390c5cde09675c00ea9bceed6873989b8128f929945";
    let (body, headers) = signed(Family::Ca);
    assert_eq!(body, BODY);
    assert_eq!(value(&headers, "x-ca-key"), "hunan-key-1");
    assert_eq!(value(&headers, "x-ca-signature"), format!("1767323045:{signature}"));
    assert_eq!(headers.len(), 2);
}

#[test]
fn cainfo_signs_the_envelope() {
    // The signature is our own, the same at each run. openssl verified it, with this text as env.txt and its two numbers as DER in env.der:
    // openssl pkeyutl -verify -rawin -in env.txt -digest sm3 -inkey std.pem -pkeyopt distid:1234567812345678 -sigfile env.der
    let envelope = "fixmedins_code=H630103Q0001&inf_time=2026-01-02 11:04:05&infno=2207&\
        msgid=H630103Q0001202601021104050001&opter_name=张\"三\\&sign_no=&signtype=";
    let (body, headers) = signed(Family::Cainfo);
    assert!(headers.is_empty());
    let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let cainfo = json["cainfo"].as_str().expect("a text");
    assert_eq!(cainfo, ENV_SIGNATURE);
    assert_eq!(body, BODY.replace("\"cainfo\":\"\"", &format!("\"cainfo\":\"{cainfo}\"")));
    assert!(is_signed(USER, envelope, &keys::unhex(cainfo).expect("digits")));
    assert!(!is_signed(CLIENT, envelope, &keys::unhex(cainfo).expect("digits")));
}

const ENV_SIGNATURE: &str = concat!(
    "a4c7d80b3b4facc987229ee3533ea4f6be11a8528841230885ed33043192accd",
    "340c741dcc1503a13fc67453b724b7e9b98950d0af51d23c1bac582868043a9c"
);

#[test]
fn sm_encrypts_the_input_and_signs_what_it_was() {
    // printf '{"data":{"psn_no":"1","mdtrt_id":"7"}}' | openssl enc -sm4-ecb -K $(printf 0123456789abcdef | xxd -p) -a -A
    let sealed = "ChFgtqWBcdv8o7TzWPaMh1IEfoWccoOREykZ+Mamg6qEYOu0a++gAHOuN78kIIe7";
    let (body, headers) = signed(Family::Sm);
    assert_eq!(headers, [("authorization".to_owned(), "Bearer t0ken".to_owned())]);
    let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(json["input"], sealed);
    let cainfo = STANDARD.decode(json["cainfo"].as_str().expect("a text")).expect("Base64");
    assert!(is_signed(CLIENT, INPUT, &cainfo));
}

#[test]
fn sm_opens_what_openssl_sealed_and_nothing_else() {
    // This text is out.json. openssl enc -sm4-ecb -K $(printf 0123456789abcdef | xxd -p) -a -A -in out.json
    let output = r#"{"setlinfo":{"setl_id":"S7","psn_name":"张三"}}"#;
    let sealed = "\"4W6bnwXDYY/Y1vWjob58F0tjl1gwgaoCv17nR3YsTXTU4jNlgeIvNk4H8Kk9ZSI9O32OV+43xlAIKsoVPBW6NQ==\"";
    // openssl pkeyutl -sign -rawin -in out.json -digest sm3 -inkey std.pem -pkeyopt distid:0123456789abcdef | base64
    let der = "MEYCIQDg7ENwaYIU6f4wjpzbQ5zJL7Y/kHJFIsXlXd942VIdZgIhAKDljg10PMlLBPhnvWPRenzMR+sRTmF09omWTBX/7YQt";
    // Its two numbers, by openssl asn1parse.
    let numbers = keys::unhex(concat!(
        "E0EC4370698214E9FE308E9CDB439CC92FB63F90724522C5E55DDF78D9521D66",
        "A0E58E0D743CC94B04F867BD63D17A7CCC47EB114E6174F689964C15FFED842D"
    ));
    let numbers = STANDARD.encode(numbers.expect("digits"));
    let sm = signer(Family::Sm);
    for cainfo in [der, &numbers] {
        assert_eq!(sm.open(sealed, Some(cainfo)).as_deref(), Ok(output));
    }
    assert_eq!(sm.open("null", None).as_deref(), Ok("null"), "a refusal");
    let swapped = sealed.replacen("4W6b", "5W6b", 1);
    let other = STANDARD.encode([7; 64]);
    for (output, cainfo) in [
        (sealed, None),
        (sealed, Some("")),
        (sealed, Some(&*other)),
        (&*swapped, Some(der)),
        ("{}", Some(der)),
        ("\"!\"", Some(der)),
        ("\"\"", Some(der)),
    ] {
        assert!(matches!(sm.open(output, cainfo), Err(SignError::Sealed { .. })), "{output}");
    }
}

#[test]
fn what_is_sealed_here_opens_on_the_other_side() {
    let own = keys::private(HEX).expect("a key");
    let client = Sealer::new(CLIENT, &own, keys::public(PUBLIC_PEM).expect("a key"));
    let (long, exact) = ("张".repeat(5_000), "0123456789abcdef".repeat(3));
    for text in ["", "{}", &*long, &*exact] {
        let (sealed, cainfo) = client.seal(text).expect("sealed");
        assert_eq!(client.open(&sealed, Some(&cainfo)).as_deref(), Ok(text));
    }
}

#[test]
fn tokens_are_asked_for_and_asked_for_again() {
    let sm = signer(Family::Sm);
    assert!(matches!(sm.sign(&ENVELOPE, INPUT, NOW), Err(SignError::NoToken(_))));
    let asked = sm.token_request().expect("sm has tokens");
    // printf '0123456789abcdef:sk-abcdefghij' | base64
    assert_eq!(asked.headers[0].1, "Basic MDEyMzQ1Njc4OWFiY2RlZjpzay1hYmNkZWZnaGlq");
    assert_eq!(asked.body, "grant_type=password");
    assert!(sm.needs_token(NOW));
    let granted = br#"{"access_token":"abc","token_type":"bearer","expires_in":7200}"#;
    sm.take_token(granted, NOW).expect("a token");
    assert!(!sm.needs_token(NOW + 6_599_999) && sm.needs_token(NOW + 6_600_000));
    assert_eq!(sm.sign(&ENVELOPE, INPUT, NOW).expect("signed").headers[0].1, "Bearer abc");
    for refused in [&br#"{"infcode":-1}"#[..], b"", br#"{"access_token":"\n","expires_in":1}"#] {
        assert!(matches!(sm.take_token(refused, NOW), Err(SignError::Token { .. })));
    }
    assert!(!sm.needs_token(NOW), "the one before stays");
    sm.forget_token();
    assert!(sm.needs_token(NOW));
}

#[test]
fn what_is_missing_is_told() {
    let told = |family, name: &str, secret: &str, keys: Option<&Keys>| {
        Signer::new(family, name, secret, keys).expect_err("something is wrong").to_string()
    };
    let keys = keys();
    assert!(told(Family::Api, "k", "", None).starts_with("secret of the api signer “k”: it is e"));
    assert!(told(Family::Ca, "a b", SECRET, None).starts_with("name of the ca signer"));
    assert!(told(Family::Tif, "k", &"x".repeat(129), None).contains("longer than 128"));
    assert!(told(Family::Sm, "short", SECRET, Some(&keys)).contains("16 bytes"));
    assert!(told(Family::Sm, "0123456789abcde:", SECRET, Some(&keys)).contains("colon"));
    assert!(told(Family::Sm, CLIENT, SECRET, None).contains("there are none"));
    let (server, own) = (None, HEX.to_owned());
    let alone = Keys { own, server };
    assert!(told(Family::Sm, CLIENT, SECRET, Some(&alone)).starts_with("keys.server"));
    assert!(Signer::new(Family::Cainfo, "c", "", Some(&alone)).is_ok());
    for own in ["", "12", PUBLIC_PEM, &"0".repeat(64)] {
        let wrong = Keys { own: own.to_owned(), server: None };
        assert!(told(Family::Cainfo, "c", "", Some(&wrong)).starts_with("keys.own"), "{own}");
    }
    let wrong = Keys { own: PEM.to_owned(), server: Some("1".repeat(128)) };
    assert!(told(Family::Sm, CLIENT, SECRET, Some(&wrong)).contains("no SM2 public key"));
    for family in Family::ALL {
        assert_eq!(family.to_string().parse(), Ok(family));
    }
    assert!("SM".parse::<Family>().is_err());
}

#[test]
fn credentials_are_made_and_nothing_secret_is_shown() {
    let (folder, institutions) = (Path::new("/tmp/a \"b"), ["H1".to_owned(), "H2".to_owned()]);
    for family in Family::ALL {
        let name = if family == Family::Sm { CLIENT } else { "town-1" };
        let make = |seed| make(family, name, &institutions, folder, "strict", seed);
        let made = make(7).expect("made");
        let again = make(7).expect("made");
        assert_eq!((&made.config, &made.files), (&again.config, &again.files));
        if family != Family::None {
            assert_ne!(made.files, make(8).expect("made").files);
        }
        assert!(made.config.starts_with(&format!("[credential.{name}]\n")), "{}", made.config);
        let table: toml::Table = made.config.parse().expect("TOML");
        let section = &table["credential"][name];
        assert_eq!(section["family"].as_str(), Some(family.name()));
        for (file, _) in &made.files {
            assert!(made.config.contains(file), "{}", made.config);
        }
        let signer = made.signer().expect("it signs");
        signer.set_token("t0ken", NOW).expect("it can stand in a header");
        let shown = format!("{made:?}{signer:?}{:?}{:?}", made.keys, signer.token_request());
        let sent = signer.sign(&ENVELOPE, INPUT, NOW).expect("signed");
        let shown = format!("{shown}{:?}", sent.headers);
        let own = made.keys.as_ref().map_or("no key", |keys| &keys.own);
        assert!(made.secret.is_empty() || !shown.contains(&made.secret));
        assert!(!shown.contains(own.lines().nth(1).unwrap_or(own)) && !shown.contains("t0ken"));
    }
    let wrong = |name, institutions: &[String], profile| {
        make(Family::Api, name, institutions, folder, profile, 1).is_err()
    };
    assert!(wrong("a/b", &institutions, "strict") && wrong("", &institutions, "strict"));
    assert!(wrong("a", &[], "strict") && wrong("a", &institutions, "loose"));
    assert!(make(Family::Sm, "a", &institutions, folder, "strict", 1).is_err());
}
