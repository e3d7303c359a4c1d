//! The envelope in every form that clients send it, the URLs, and the bodies of answers and refusals, byte for byte.

use yidan_gateway::answer::{Outcome, Reply, Stamp, inf_refmsgid};
use yidan_gateway::envelope::{Call, Input};
use yidan_gateway::refusal::{Family, Refusal, err_msg};
use yidan_gateway::route::{Route, SHARED, resolve, route};
use yidan_gateway::wire::Transaction;
use yidan_gateway::{InfcodeForm, Profile, Tolerance, content};
use yidan_settlement::date::Moment;
use yidan_settlement::id::Admdvs;
use yidan_settlement::reason::Reason;

const HEAD: &str = r#""infno":"2202","msgid":"H63010000001202601020304050001","mdtrtarea_admvs":"630100",
    "recer_sys_code":"99","infver":"V1.0","opter_type":"1","opter":"01","opter_name":"张三",
    "inf_time":"2026-01-02 03:04:05","fixmedins_code":"H63010000001","fixmedins_name":"医院""#;
const INPUT: &str = r#"{"data":{"psn_no":"1","mdtrt_id":"7","ipt_otp_no":"3"}}"#;

fn read<'a>(body: &'a str, profile: &Profile) -> Call<'a> {
    Call::read(body.as_bytes(), profile).unwrap_or_else(|faults| panic!("{faults}\n{body}"))
}

#[test]
fn input_comes_as_an_object_or_as_a_text_of_one() {
    let quoted = serde_json::to_string(INPUT).expect("a text");
    let plain = format!("{{{HEAD},\"input\":{INPUT}}}");
    let before = format!("{{\"input\":{INPUT},{HEAD}}}");
    let text = format!("{{{HEAD},\"input\":{quoted}}}");
    let digest = |body: &str| {
        let call = read(body, &Profile::LENIENT);
        let decoded = call.decode(Transaction::T2202, &Profile::LENIENT).expect("an input");
        assert_eq!(decoded.request.psn_no(), Some("1"));
        content(&decoded.request)
    };
    assert_eq!(digest(&plain), digest(&text));
    assert_eq!(digest(&plain), digest(&before));
    assert!(read(&plain, &Profile::STRICT).borne.is_empty());
    assert_eq!(read(&text, &Profile::LENIENT).borne.count(Tolerance::InputAsText), 1);
    let faults = Call::read(text.as_bytes(), &Profile::STRICT).expect_err("a text");
    assert_eq!(faults.number(), 409);
}

#[test]
fn encrypted_input_is_opened_first() {
    let body = format!("{{{HEAD},\"enc_type\":\"SM4\",\"input\":\"PznBlnVSzpDlyl54Vk3/hg==\"}}");
    let call = read(&body, &Profile::STRICT);
    assert_eq!(call.input, Input::Ciphertext("PznBlnVSzpDlyl54Vk3/hg==".to_owned()));
    let faults = call.decode(Transaction::T2202, &Profile::STRICT).expect_err("it is closed");
    assert_eq!(faults.number(), 411);
    let open = call.opened(INPUT.to_owned());
    assert!(open.decode(Transaction::T2202, &Profile::STRICT).is_ok());
    for input in ["[]", "1", "true", "null", "\"\""] {
        let body = format!("{{{HEAD},\"input\":{input}}}");
        assert!(Call::read(body.as_bytes(), &Profile::LENIENT).is_err(), "{input}");
    }
}

#[test]
fn middleware_leaves_out_what_a_lenient_profile_bears() {
    let body = format!(
        r#"{{"infno":"","insuplc_admdvs":"430100","medins_code":"H43010000001","insur_code":"x",
        "mdtrtarea_admvs":"430100","msgid":"H430100000012026010203040500019999","dev_no":"NULL","input":{INPUT}}}"#
    );
    let call = read(&body, &Profile::LENIENT);
    assert_eq!(call.envelope.fixmedins_code, "H43010000001");
    assert_eq!((call.transaction(), call.envelope.dev_no.as_deref()), (None, None));
    let borne = |oddity| call.borne.count(oddity);
    // infno, recer_sys_code, infver, opter_type, opter, opter_name, inf_time, fixmedins_name.
    assert_eq!(borne(Tolerance::MissingField), 8);
    assert_eq!(borne(Tolerance::LongText), 1);
    assert_eq!(borne(Tolerance::NullWord), 1);
    assert_eq!(borne(Tolerance::NameSpelling), 1);
    assert_eq!(borne(Tolerance::UnknownField), 1);
    let faults = Call::read(body.as_bytes(), &Profile::STRICT).expect_err("much is missing");
    assert_eq!(faults.count(), 11);
}

#[test]
fn bodies_that_cannot_be_read_are_refused_in_words() {
    let said = |body: &[u8]| Call::read(body, &Profile::LENIENT).expect_err("no body").err_msg();
    assert_eq!(said(b""), "FSI-输入参数校验不通过：报文不是合法的JSON：第1行第0列[413]");
    assert_eq!(said(b"{\"infno\":\xFF}"), "FSI-输入参数校验不通过：报文不是UTF-8编码[414]");
    let long = vec![b' '; (8 << 20) + 1];
    assert_eq!(said(&long), "FSI-输入参数校验不通过：报文长度超过8388608字节[412]");
    for body in ["[]", "1", "\"x\"", "null"] {
        assert!(Call::read(body.as_bytes(), &Profile::LENIENT).is_err(), "{body}");
    }
    let surrogate = format!("{{{HEAD},\"dev_no\":\"\\ud800\",\"input\":{INPUT}}}");
    assert!(said(surrogate.as_bytes()).contains("dev_no"));
    let deep = format!(
        "{{{HEAD},\"x\":{}{},\"input\":{INPUT}}}",
        "[".repeat(1 << 20),
        "]".repeat(1 << 20)
    );
    assert!(Call::read(deep.as_bytes(), &Profile::STRICT).is_ok());
}

#[test]
fn urls_of_three_shapes_lead_to_their_transaction() {
    for path in SHARED {
        assert_eq!(route(path, SHARED), Some(Route::Shared));
    }
    for one in Transaction::ALL.iter().copied() {
        let number = one.infno();
        assert_eq!(route(&format!("/ebus/x/poc/hsa/hgs/{number}"), SHARED), Some(Route::One(one)));
        assert_eq!(
            route(&format!("/ebus/poc-hsa-hgs-{number}?a=b"), SHARED),
            Some(Route::One(one))
        );
        for path in one.entry().paths {
            let path = format!("/fsi/api/{path}/");
            assert_eq!(route(&path, SHARED), Some(Route::One(one)), "{path}");
        }
    }
    assert_eq!(route("/mine", &["/mine/"]), Some(Route::Shared));
    for path in ["", "/", "/fsi/api/", "/fsi/api/reverseService/other", "/9999", "saveSettletment"]
    {
        assert_eq!(route(path, SHARED), None, "{path}");
    }
}

#[test]
fn a_url_that_disagrees_is_refused_or_passed_over() {
    let (t2601, t3201) = (Transaction::T2601, Transaction::T3201);
    let of = |route, infno, profile: &Profile| resolve(route, infno, profile);
    assert_eq!(of(Route::One(t2601), Some("2601"), &Profile::STRICT), Ok((t2601, None)));
    assert_eq!(of(Route::One(t2601), Some("3201"), &Profile::STRICT), Err(Refusal::OtherPath));
    let passed = Ok((t3201, Some(Tolerance::OtherPath)));
    assert_eq!(of(Route::One(t2601), Some("3201"), &Profile::LENIENT), passed);
    assert_eq!(of(Route::One(t2601), None, &Profile::LENIENT), Ok((t2601, None)));
    assert_eq!(of(Route::Shared, None, &Profile::LENIENT), Err(Refusal::TransactionUnknown));
    assert_eq!(
        of(Route::Shared, Some("9999"), &Profile::LENIENT),
        Err(Refusal::TransactionUnknown)
    );
    assert_eq!(of(Route::Shared, Some("2207a"), &Profile::STRICT), Ok((Transaction::T2207A, None)));
}

fn stamp() -> Stamp {
    Stamp { moment: Moment::parse("2026-01-02 03:04:05").expect("a second"), millisecond: 7 }
}

#[test]
fn answers_have_every_field_of_the_envelope() {
    let division = Admdvs::parse("630100").expect("six digits");
    let id = inf_refmsgid(division, stamp().moment, 42);
    assert_eq!(id, "630100202601020304050000000042");
    let reply = Reply {
        outcome: Outcome::Done("{}"),
        inf_refmsgid: Some(&id),
        warn_msg: Some("合计\"不符\""),
        ..yidan_gateway::refusal::failed("", stamp(), stamp())
    };
    let text = |reply: &Reply<'_>, profile: &Profile| {
        let mut to = Vec::new();
        reply.write(profile, &mut to);
        String::from_utf8(to).expect("UTF-8")
    };
    assert_eq!(
        text(&reply, &Profile::STRICT),
        "{\"infcode\":0,\"inf_refmsgid\":\"630100202601020304050000000042\",\
         \"refmsg_time\":\"20260102030405007\",\"respond_time\":\"20260102030405007\",\"err_msg\":null,\
         \"output\":{},\"warn_msg\":\"合计\\\"不符\\\"\",\"cainfo\":null,\"signtype\":null,\"enctype\":null}"
    );
    let said = err_msg(Reason::MemberNotInForce, Some("310"));
    let failed = yidan_gateway::refusal::failed(&said, stamp(), stamp());
    let text = text(&failed, &Profile::LENIENT.answering(InfcodeForm::Text));
    assert!(text.starts_with("{\"infcode\":\"-1\",\"inf_refmsgid\":null,"), "{text}");
    assert!(
        text.contains("\"err_msg\":\"MBS-就诊时参保人该险种未正常参保：310[110]\",\"output\":null")
    );
}

#[test]
fn refusals_have_the_body_of_their_family() {
    let text = |refusal: Refusal, family, profile: &Profile| {
        String::from_utf8(refusal.body(family, profile, stamp(), stamp())).expect("UTF-8")
    };
    let strict = Profile::STRICT;
    assert_eq!(
        text(Refusal::SignatureDiffers, Family::Api, &strict),
        "{\"code\":401,\"message\":\"签名不一致!\"}"
    );
    assert_eq!(
        text(Refusal::Expired, Family::Ca, &strict),
        "{\"type\":\"error\",\"infcode\":-1,\"err_msg\":\"FSI-签名时间戳超时![432]\"}"
    );
    for family in [Family::None, Family::Api, Family::Tif, Family::Ca, Family::Sm] {
        assert_eq!(
            text(Refusal::TransactionUnknown, family, &strict.clone().answering(InfcodeForm::Text)),
            "{\"type\":\"error\",\"infcode\":\"-1\",\"err_msg\":\"FSI-FSI-交易报文不正确：未知交易编号！[438]\"}"
        );
        let busy = text(Refusal::Busy, family, &strict);
        assert!(busy.contains("\"infcode\":-1") && busy.contains("\"respond_time\""), "{busy}");
    }
    let mut numbers: Vec<u16> = Refusal::ALL.iter().map(|one| one.number()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), Refusal::ALL.len());
    assert!(Reason::ALL.iter().all(|reason| reason.number() < 401));
}
