//! Signatures: vectors of the standards and of `openssl`, each family as its clients sign, the order of refusals, and that a
//! credential speaks for its own institutions alone.

use yidan_gateway::envelope::Input;
use yidan_gateway::limits::{SIGNATURE_WINDOW_MS, TOKEN_LIFE_MS, TOKENS_MAX};
use yidan_gateway::refusal::{Family, Refusal};
use yidan_gateway::sign::credential::Why;
use yidan_gateway::sign::keys::{self, KeyError, PrivateKey, Secret, VerifyingKey};
use yidan_gateway::sign::token::NoToken;
use yidan_gateway::sign::{Channel, Credential, Credentials, Proof, Tokens};
use yidan_gateway::{Profile, sign};

use crate::signing;
use crate::signing::{
    Head, INSTITUTION, NOW, NOW_S, SECRET, USER, api, basic, body, ca, cainfo, cainfo_body,
    credential, refused, sealed_body, set, sm, tif, verified,
};

#[test]
fn sm2_is_that_of_the_standard() {
    // GM/T 0003.5: the recommended curve, "message digest", user id 1234567812345678.
    let key = PrivateKey::read(signing::STANDARD_KEY).expect("a key");
    let public = key.verifying();
    assert_eq!(public.to_hex(), format!("04{}", signing::STANDARD_PUBLIC.to_lowercase()));
    let signature = concat!(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    );
    let bytes = signing::bytes(signature);
    assert_eq!(public.verify(USER, b"message digest", &bytes).map(Vec::from), Some(bytes.clone()));
    assert_eq!(public.verify(USER, b"message digesT", &bytes), None);
    assert_eq!(public.verify("1234567812345679", b"message digest", &bytes), None);
    assert_eq!(public.verify(USER, b"message digest", &bytes[..63]), None);
    let mut changed = bytes;
    changed[40] ^= 1;
    assert_eq!(public.verify(USER, b"message digest", &changed), None);
    let own = key.sign(USER, b"x").expect("a signature");
    assert_eq!(public.verify(USER, b"x", &own), Some(own));
}

#[test]
fn a_signature_is_the_same_as_der_and_as_two_numbers() {
    // openssl pkeyutl -sign -inkey std.pem -in in.json -rawin -digest sm3 -pkeyopt distid:0123456789abcdef
    let der = signing::bytes(signing::OPENSSL_DER);
    let public = VerifyingKey::read(signing::STANDARD_PUBLIC).expect("a key");
    let plain =
        public.verify(signing::CLIENT, signing::INPUT.as_bytes(), &der).expect("it is signed");
    assert_eq!(public.verify(signing::CLIENT, signing::INPUT.as_bytes(), &plain), Some(plain));
}

#[test]
fn keys_are_made_written_and_read_or_the_reason_is_told() {
    let key = PrivateKey::random().expect("random numbers");
    let again = PrivateKey::read(&key.to_hex()).expect("its own writing");
    assert_eq!(again.verifying(), key.verifying());
    assert_ne!(PrivateKey::random().expect("random numbers").verifying(), key.verifying());
    let hex = key.verifying().to_hex();
    assert_eq!(hex.len(), 130);
    for text in [&hex[..], &hex[2..], &hex.to_uppercase()] {
        assert_eq!(VerifyingKey::read(text).as_ref(), Ok(&key.verifying()), "{text}");
    }
    let compressed = format!("03{}", &hex[2..66]);
    assert!(VerifyingKey::read(&compressed).is_ok());
    let wrong = |text: &str| PrivateKey::read(text).expect_err("no key");
    assert_eq!(wrong(" "), KeyError::Empty);
    assert_eq!(wrong("12"), KeyError::Length(2, "64"));
    assert_eq!(wrong("12g"), KeyError::NotHex(3));
    assert_eq!(wrong(&"0".repeat(64)), KeyError::OutOfRange);
    assert_eq!(wrong(&"f".repeat(64)), KeyError::OutOfRange);
    assert_eq!(VerifyingKey::read(&"1".repeat(128)), Err(KeyError::OffCurve));
    assert_eq!(wrong("12").to_string(), "it has 2 hexadecimal digits, not 64");
    assert_eq!(Secret::read("").expect_err("empty"), KeyError::Empty);
    assert_eq!(Secret::read("a b").expect_err("a blank"), KeyError::Blank(2));
    assert_eq!(Secret::read(&"a".repeat(129)).expect_err("long"), KeyError::TooLong(128));
    let secret = Secret::random().expect("random numbers");
    assert_eq!(secret.expose().len(), 64);
    assert!(secret.is(secret.expose()) && !secret.is(b"") && !secret.is(&secret.expose()[1..]));
    assert_eq!(keys::random_name().expect("random numbers").len(), 16);
}

#[test]
fn nothing_secret_is_shown() {
    let all = set(Channel::Tls, vec![credential(Family::Api), credential(Family::Sm)]);
    let shown = format!("{all:?}");
    assert!(shown.contains("Secret(***)") && shown.contains("PrivateKey(***)"), "{shown}");
    let numbers: Vec<String> = SECRET.bytes().map(|byte| byte.to_string()).collect();
    for secret in [SECRET, signing::STANDARD_KEY, &numbers.join(", ")] {
        assert!(!shown.to_uppercase().contains(&secret.to_uppercase()), "{shown}");
    }
    let mut tokens = Tokens::default();
    let token = tokens.issue(all.all()[1].id(), NOW).expect("a token");
    assert!(!format!("{token:?}{tokens:?}").contains(token.expose()));
}

#[test]
fn api_headers_are_verified_as_openssl_signs_them() {
    // printf '_api_access_key=ak-0123456789&_api_name=api_1101&_api_timestamp=1767323045000&_api_version=1.0.0' |
    //     openssl dgst -sha1 -hmac sk-abcdefghij -binary | base64
    let milliseconds = [
        ("_API_ACCESS_KEY", "ak-0123456789"),
        ("_api_name", "api_1101"),
        ("_api_timestamp", "1767323045000"),
        ("_api_version", "1.0.0"),
        ("_api_signature", "WgewLdcKuDUsow/hrbnagPepVrQ="),
    ];
    let seconds = [
        ("_api_access_key", "ak-0123456789"),
        ("_api_name", "1101"),
        ("_api_timestamp", "1767323045"),
        ("_api_version", "1.0.0"),
        ("_api_signature", " QlHoYg+vAFrbInpKt4N0BzFvZyg= "),
    ];
    let all = set(Channel::Tls, vec![credential(Family::Api)]);
    for headers in [milliseconds, seconds] {
        let (body, tokens) = (body(INSTITUTION), Tokens::default());
        let headers = signing::pairs(&headers);
        let call = sign::verify(headers, body.as_bytes(), NOW, &all, &tokens).expect("verified");
        assert_eq!(call.institution(), INSTITUTION);
        assert_eq!(call.credential().name(), "ak-0123456789");
        assert!(call.once().is_none(), "it has no nonce");
    }
}

#[test]
fn tif_and_rio_headers_are_verified_as_openssl_signs_them() {
    // printf '1767323045sk-abcdefghijn0nce42991767323045' | openssl dgst -sha256
    let signature = "beff0b3610fcd5812e74183eee3b0542c6a14e93c45d1fc7e4ee04758353d5dc";
    let all = set(Channel::Tls, vec![credential(Family::Tif)]);
    for (family, signature) in [("tif", signature.to_owned()), ("rio", signature.to_uppercase())] {
        let name = |end: &str| format!("x-{family}-{end}");
        let names = [name("paasid"), name("timestamp"), name("nonce"), name("signature")];
        let values = ["ak-0123456789", "1767323045", "n0nce4299", &*signature];
        let headers: Vec<Head> = names.into_iter().zip(values.map(str::to_owned)).collect();
        let once = verified(&headers, &body(INSTITUTION), &all, |call| call.once().copied());
        assert!(once.is_some());
    }
}

#[test]
fn ca_headers_sign_the_body_as_openssl_does() {
    // printf '1767323045\n{"infno":"2202"}' | openssl dgst -sm3 -hmac sk-abcdefghij
    let hex = "f0ad53ab1c3139b840075107397e4c39d0ee97294ac99f57a424e1549b98f68c";
    assert_eq!(ca(NOW_S, "{\"infno\":\"2202\"}")[1].1, format!("{NOW_S}:{}", hex.to_uppercase()));
    let all = set(Channel::Plain, vec![credential(Family::Ca)]);
    // Two calls of one second are two calls.
    for opter in ["张三", "李四"] {
        let body = body(INSTITUTION).replace("张三", opter);
        let once = verified(&ca(NOW_S, &body), &body, &all, |call| call.once().copied());
        assert_eq!(once, None, "the signature binds the body");
    }
    let signed = ca(NOW_S, &body(INSTITUTION));
    let other = body(INSTITUTION).replace("张三", "李四");
    assert_eq!(refused(&signed, &other, NOW, &all), Some(Refusal::SignatureDiffers));
    assert_eq!(
        refused(&signed, &format!("{} ", body(INSTITUTION)), NOW, &all),
        Some(Refusal::SignatureDiffers)
    );
}

#[test]
fn refusals_come_in_their_order() {
    let body = body(INSTITUTION);
    let (late, window) = (NOW + SIGNATURE_WINDOW_MS, SIGNATURE_WINDOW_MS);
    for (family, headers) in signing::by_headers(&body) {
        let all = set(Channel::Tls, vec![credential(family)]);
        assert_eq!(refused(&headers, &body, NOW, &all), None, "{family:?}");
        for missing in 0..headers.len() {
            let mut some = headers.clone();
            some.remove(missing);
            // Late, unknown and wrong besides: what is missing is told first.
            assert_eq!(
                refused(&some, "", late + 1, &all),
                Some(Refusal::HeadersMissing),
                "{some:?}"
            );
            let mut empty = headers.clone();
            empty[missing].1 = " ".to_owned();
            assert_eq!(
                refused(&empty, &body, NOW, &all),
                Some(Refusal::HeadersMissing),
                "{empty:?}"
            );
        }
        let mut unknown = headers.clone();
        unknown[0].1 = "no-one".to_owned();
        let mut wrong = headers.clone();
        wrong.last_mut().expect("a signature").1 = signing::other(family);
        for (now, expected) in [(late, None), (late + 1, Some(Refusal::Expired))] {
            assert_eq!(refused(&headers, &body, now, &all), expected, "{family:?}");
            assert_eq!(refused(&headers, &body, 2 * NOW - now, &all), expected, "{family:?}");
        }
        assert_eq!(refused(&unknown, &body, NOW + window + 1, &all), Some(Refusal::Expired));
        assert_eq!(refused(&unknown, &body, NOW, &all), Some(Refusal::KeyUnknown), "{family:?}");
        assert_eq!(refused(&wrong, &body, NOW, &all), Some(Refusal::SignatureDiffers));
        let mut twice = headers.clone();
        twice.push(headers[0].clone());
        assert_eq!(refused(&twice, &body, NOW, &all), Some(Refusal::SignatureDiffers));
        assert_eq!(refused(&[], &body, NOW, &all), Some(Refusal::HeadersMissing));
    }
}

#[test]
fn every_header_that_is_signed_counts() {
    let body = body(INSTITUTION);
    for (family, headers) in signing::by_headers(&body) {
        let all = set(Channel::Tls, vec![credential(family)]);
        for at in 1..headers.len() {
            let mut changed = headers.clone();
            let value = &mut changed[at].1;
            let last = if value.contains(':') { 9 } else { value.len() - 1 };
            let other = if value.as_bytes()[last] == b'1' { "2" } else { "1" };
            value.replace_range(last..=last, other);
            let refusal = refused(&changed, &body, NOW, &all);
            assert_eq!(refusal, Some(Refusal::SignatureDiffers), "{family:?} {changed:?}");
        }
    }
}

#[test]
fn a_stamp_that_is_no_time_has_expired() {
    let all = set(Channel::Tls, vec![credential(Family::Tif)]);
    for stamp in
        ["-1767323045", "176732304", "17673230450", "1767323045.", "１７６７３２３０４５", "x"]
    {
        let headers = tif(stamp, "n");
        assert_eq!(
            refused(&headers, &body(INSTITUTION), NOW, &all),
            Some(Refusal::Expired),
            "{stamp}"
        );
    }
}

#[test]
fn a_client_that_prints_its_time_wrongly_is_taken_by_a_profile_for_tests() {
    let body = body(INSTITUTION);
    for family in [Family::Ca, Family::Tif] {
        let all = set(Channel::Tls, vec![credential(family).insecure().at_any_time()]);
        for stamp in ["-1643212345", "1643212345"] {
            let headers = if family == Family::Ca { ca(stamp, &body) } else { tif(stamp, "n") };
            let once = verified(&headers, &body, &all, |call| call.once().copied());
            assert_eq!(once, None, "what is never too old cannot be forgotten");
            let mut wrong = headers;
            wrong.last_mut().expect("a signature").1 = signing::other(family);
            assert_eq!(refused(&wrong, &body, NOW, &all), Some(Refusal::SignatureDiffers));
        }
    }
    let why = Credentials::new(Channel::Tls, vec![credential(Family::Ca).at_any_time()]);
    assert_eq!(why.expect_err("not insecure").why, Why::AnyTime);
}

#[test]
fn a_credential_speaks_for_its_own_institutions_alone() {
    for (family, _) in signing::by_headers("") {
        let all = set(Channel::Tls, vec![credential(family)]);
        for named in ["fixmedins_code", "medins_code"] {
            // The input is no JSON of any transaction: nothing of it was looked at.
            let body = body("H63010000002").replace("fixmedins_code", named).replace("psn_no", "x");
            let headers = signing::of_family(family, &body);
            assert_eq!(
                refused(&headers, &body, NOW, &all),
                Some(Refusal::OtherInstitution),
                "{body}"
            );
            let own = body.replace("H63010000002", INSTITUTION);
            assert_eq!(refused(&signing::of_family(family, &own), &own, NOW, &all), None);
        }
    }
}

#[test]
fn a_key_is_one_of_its_family_alone() {
    let body = body(INSTITUTION);
    let all = set(Channel::Tls, vec![credential(Family::Tif)]);
    assert_eq!(refused(&api("1101", NOW_S), &body, NOW, &all), Some(Refusal::KeyUnknown));
    assert_eq!(refused(&ca(NOW_S, &body), &body, NOW, &all), Some(Refusal::KeyUnknown));
}

#[test]
fn an_envelope_that_cannot_be_read_is_told_to_who_signed_it() {
    let all = set(Channel::Tls, vec![credential(Family::Api)]);
    let (tokens, headers) = (Tokens::default(), api("1101", NOW_S));
    let wrong = sign::verify(signing::lent(&headers), b"{", NOW, &all, &tokens);
    let rejected = wrong.expect_err("no JSON");
    assert_eq!(rejected.refusal(), None);
    let body = String::from_utf8(rejected.body(signing::stamp(), signing::stamp()));
    assert!(
        body.is_ok_and(|body| body.contains("不是合法的JSON") && body.contains("\"infcode\":-1"))
    );
    let mut unknown = headers;
    unknown[0].1 = "no-one".to_owned();
    let wrong =
        sign::verify(signing::lent(&unknown), b"{", NOW, &all, &tokens).expect_err("unknown");
    assert_eq!(wrong.refusal(), Some(Refusal::KeyUnknown));
    let body = String::from_utf8(wrong.body(signing::stamp(), signing::stamp()));
    assert_eq!(body.as_deref(), Ok("{\"code\":401,\"message\":\"非法用户!\"}"));
}

#[test]
fn unsigned_calls_are_served_on_loopback_alone_and_never_passed_on() {
    for channel in [Channel::Tls, Channel::Plain] {
        let all = Credentials::new(channel, vec![credential(Family::None).insecure()]);
        assert_eq!(all.expect_err("not loopback").why, Why::NotLoopback);
    }
    let all = set(Channel::Loopback, vec![credential(Family::None), signing::second(Family::Tif)]);
    let body = body(INSTITUTION);
    assert_eq!(refused(&[], &body, NOW, &all), None);
    assert_eq!(refused(&[], &signing::body("H63010000009"), NOW, &all), Some(Refusal::KeyUnknown));
    // Who is held to a signature cannot leave it out.
    assert_eq!(refused(&[], &signing::body(signing::SECOND), NOW, &all), Some(Refusal::KeyUnknown));
    for name in ["Forwarded", "via", "X-Forwarded-For", "x-forwarded-anything"] {
        for mut headers in [vec![], tif(NOW_S, "n")] {
            headers.push((name.to_owned(), "x".to_owned()));
            assert_eq!(refused(&headers, &body, NOW, &all), Some(Refusal::Forwarded), "{name}");
        }
    }
    let signed = set(Channel::Loopback, vec![credential(Family::Tif)]);
    let mut headers = tif(NOW_S, "n");
    headers.push(("X-Forwarded-For".to_owned(), "x".to_owned()));
    assert_eq!(
        refused(&headers, &body, NOW, &signed),
        None,
        "a proxy may stand before signed calls"
    );
}

#[test]
fn what_does_not_sign_the_body_is_served_over_tls_or_loopback_unless_marked() {
    for family in [Family::Api, Family::Tif, Family::Ca, Family::Sm, Family::Cainfo] {
        for channel in [Channel::Loopback, Channel::Tls] {
            assert!(Credentials::new(channel, vec![credential(family)]).is_ok(), "{family:?}");
        }
        let plain = Credentials::new(Channel::Plain, vec![credential(family)]).map_err(|it| it.why);
        assert_eq!(plain.err(), (family != Family::Ca).then_some(Why::NotPrivate), "{family:?}");
        let marked = set(Channel::Plain, vec![credential(family).insecure()]);
        assert_eq!(marked.insecure().count(), 1, "it is printed at start");
    }
}

#[test]
fn a_set_of_credentials_has_no_two_that_could_be_meant() {
    let of = |all| Credentials::new(Channel::Loopback, all).expect_err("ambiguous").why;
    assert_eq!(of(vec![credential(Family::Api), credential(Family::Api)]), Why::Twice);
    let ambiguous = Why::Ambiguous(INSTITUTION.to_owned());
    assert_eq!(of(vec![credential(Family::Tif), credential(Family::None)]), ambiguous);
    assert_eq!(of(vec![credential(Family::Cainfo), credential(Family::Ca)]), ambiguous);
    let new = |name: &str, proof, codes: &[&str]| {
        Credential::new(name, proof, codes, Profile::STRICT).expect_err("wrong").why
    };
    assert_eq!(new("", Proof::None, &["H1"]), Why::Name(KeyError::Empty));
    assert_eq!(new("a", Proof::None, &["H 1"]), Why::Name(KeyError::Blank(2)));
    assert_eq!(new("a", Proof::None, &[]), Why::NoInstitution);
    assert_eq!(new("fifteen-letters", Proof::Sm(sm()), &["H1"]), Why::NoCipherKey);
}

#[test]
fn tokens_are_given_to_who_has_the_secret_and_end() {
    let all = set(Channel::Tls, vec![credential(Family::Sm), signing::second(Family::Tif)]);
    let mut tokens = Tokens::default();
    let mut grant = |client: &str, secret: &str| {
        tokens
            .grant(signing::lent(&basic(client, secret)), NOW, &all)
            .map(|token| token.body().to_string())
    };
    let refused = |refusal| Err(NoToken::Refused(refusal));
    assert_eq!(grant(signing::CLIENT, "wrong"), refused(Refusal::SignatureDiffers));
    assert_eq!(grant("fedcba9876543210", SECRET), refused(Refusal::KeyUnknown));
    assert_eq!(grant("second", SECRET), refused(Refusal::KeyUnknown), "another family");
    let body = grant(signing::CLIENT, SECRET).expect("a token");
    assert!(body.ends_with("\"token_type\":\"bearer\",\"expires_in\":7200}"), "{body}");
    assert_eq!(
        tokens.grant([], NOW, &all).expect_err("no header"),
        NoToken::Refused(Refusal::HeadersMissing)
    );
    let id = all.all()[0].id();
    let first = tokens.issue(id, NOW + 1).expect("a token");
    let ends = NOW + 1 + TOKEN_LIFE_MS;
    assert_eq!(tokens.verify(first.expose().as_bytes(), ends - 1), Ok(id));
    assert_eq!(tokens.verify(first.expose().as_bytes(), ends), Err(Refusal::Expired));
    assert_eq!(tokens.verify(b"", NOW), Err(Refusal::KeyUnknown));
    for n in 0..3 * TOKENS_MAX as i64 {
        let _ = tokens.issue(id, NOW + 2 + n).expect("a token");
    }
    assert_eq!(tokens.count(), TOKENS_MAX);
    assert_eq!(tokens.verify(first.expose().as_bytes(), NOW + 2), Err(Refusal::KeyUnknown));
}

#[test]
fn sm_opens_what_openssl_encrypted_and_signed() {
    let all = set(Channel::Tls, vec![credential(Family::Sm)]);
    let mut tokens = Tokens::default();
    let token = tokens.issue(all.all()[0].id(), NOW).expect("a token");
    let bearer = |token: &str| vec![("Authorization".to_owned(), format!("bearer {token}"))];
    let check = |headers: &[Head], body: &str, now| {
        let verified = sign::verify(signing::lent(headers), body.as_bytes(), now, &all, &tokens);
        verified
            .map(|call| match call.into_call().input {
                Input::Text(text) => text,
                closed @ (Input::Json(_) | Input::Ciphertext(_)) => panic!("{closed:?}"),
            })
            .map_err(|it| it.refusal().expect("a refusal"))
    };
    let headers = bearer(token.expose());
    // openssl enc -sm4-ecb -K $(printf 0123456789abcdef | xxd -p) -a -A -in in.json
    let body = sealed_body(INSTITUTION, signing::OPENSSL_SM4, signing::OPENSSL_SM2);
    let input = check(&headers, &body, NOW).expect("opened");
    assert_eq!(input, signing::INPUT);
    let refused = |body: &str| check(&headers, body, NOW).expect_err("refused");
    let other = sealed_body("H63010000002", signing::OPENSSL_SM4, signing::OPENSSL_SM2);
    assert_eq!(refused(&other), Refusal::OtherInstitution);
    let changed = signing::OPENSSL_SM4.replacen('C', "D", 1);
    assert_eq!(
        refused(&sealed_body(INSTITUTION, &changed, signing::OPENSSL_SM2)),
        Refusal::SignatureDiffers
    );
    let unsigned = body.replace(signing::OPENSSL_SM2, "");
    assert_eq!(refused(&unsigned), Refusal::HeadersMissing);
    let plain = signing::body(INSTITUTION).replacen(
        '{',
        &format!("{{\"cainfo\":\"{}\",", signing::OPENSSL_SM2),
        1,
    );
    assert_eq!(refused(&plain), Refusal::SignatureDiffers, "it is to be encrypted");
    assert_eq!(check(&bearer("x"), &body, NOW), Err(Refusal::KeyUnknown));
    assert_eq!(check(&headers, &body, NOW + TOKEN_LIFE_MS), Err(Refusal::Expired));
    assert_eq!(check(&[], &body, NOW), Err(Refusal::HeadersMissing));
}

#[test]
fn answers_are_sealed_as_requests_are() {
    let one = credential(Family::Sm);
    let output = "{\"setlinfo\":{\"setl_id\":\"7\"}}";
    let sealed = one.seal(output).expect("its family is sealed").expect("a signature");
    let inner = sealed.output.trim_matches('"');
    // Whoever opens requests opens it too, with the key of this side.
    let client = sign::credential::Sm {
        secret: Secret::read(SECRET).expect("a secret"),
        client: sm().own.verifying(),
        own: PrivateKey::random().expect("random numbers"),
    };
    let reader =
        Credential::new(signing::CLIENT, Proof::Sm(client), &[INSTITUTION], Profile::LENIENT);
    let all = set(Channel::Tls, vec![reader.expect("a credential")]);
    let mut tokens = Tokens::default();
    let token = tokens.issue(all.all()[0].id(), NOW).expect("a token");
    let bearer = [("authorization".to_owned(), format!("Bearer {}", token.expose()))];
    let body = sealed_body(INSTITUTION, inner, &sealed.cainfo);
    let call = sign::verify(signing::lent(&bearer), body.as_bytes(), NOW, &all, &tokens);
    let input = call.expect("verified").into_call().input;
    assert_eq!(input, Input::Text(output.to_owned()));
    assert!(credential(Family::Ca).seal(output).is_none());
}

#[test]
fn cainfo_signs_the_envelope() {
    let all = set(Channel::Tls, vec![credential(Family::Cainfo)]);
    // openssl pkeyutl -sign -inkey std.pem -in env.txt -rawin -digest sm3 -pkeyopt distid:1234567812345678 | xxd -p -u
    let body = cainfo_body(INSTITUTION, signing::OPENSSL_CAINFO);
    let once = verified(&[], &body, &all, |call| call.once().copied());
    assert!(once.is_some());
    let own = cainfo();
    for cainfo in [own.to_lowercase(), own.to_uppercase()] {
        assert_eq!(refused(&[], &cainfo_body(INSTITUTION, &cainfo), NOW, &all), None);
    }
    let differs = Some(Refusal::SignatureDiffers);
    assert_eq!(refused(&[], &body.replace("张三", "李四"), NOW, &all), differs);
    // openssl dgst -sm3 env.txt: what a client without a key sends.
    let digest = signing::SM3_OF_ENVELOPE;
    assert_eq!(refused(&[], &cainfo_body(INSTITUTION, digest), NOW, &all), differs);
    let twice = body.replacen('{', "{\"opter\":\"02\",", 1);
    assert_eq!(refused(&[], &twice, NOW, &all), differs);
    assert_eq!(
        refused(&[], &cainfo_body(INSTITUTION, ""), NOW, &all),
        Some(Refusal::HeadersMissing)
    );
    let window = SIGNATURE_WINDOW_MS;
    assert_eq!(refused(&[], &body, NOW + window, &all), None);
    assert_eq!(refused(&[], &body, NOW + window + 1, &all), Some(Refusal::Expired));
    assert_eq!(refused(&[], &body, NOW - window - 1, &all), Some(Refusal::Expired));
    let stranger = cainfo_body("H63010000002", &own);
    assert_eq!(refused(&[], &stranger, NOW, &all), Some(Refusal::KeyUnknown));
}

#[test]
fn a_signature_in_cainfo_is_remembered_once_in_both_spellings() {
    let all = set(Channel::Tls, vec![credential(Family::Cainfo)]);
    let once = |cainfo: &str, input: &str| {
        let body = cainfo_body(INSTITUTION, cainfo).replace("\"mdtrt_id\":\"7\"", input);
        verified(&[], &body, &all, |call| *call.once().expect("remembered"))
    };
    let (seven, eight) = ("\"mdtrt_id\":\"7\"", "\"mdtrt_id\":\"8\"");
    let der = once(signing::OPENSSL_CAINFO, seven);
    let public = VerifyingKey::read(signing::STANDARD_PUBLIC).expect("a key");
    let bytes = signing::bytes(signing::OPENSSL_CAINFO);
    let plain = public.verify(USER, signing::ENVELOPE.as_bytes(), &bytes).expect("it is signed");
    let plain = once(&signing::hex(&plain), eight);
    let mut replays = yidan_gateway::replay::Replays::default();
    assert!(replays.note(&der, NOW).is_ok());
    assert_eq!(replays.note(&plain, NOW), Err(Refusal::Replayed), "another input under it");
}
