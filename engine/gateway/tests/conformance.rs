//! What each transaction takes and refuses, made from its rows of the table: whole and least messages, what is missing, of
//! another kind, too long, no code; and every oddity, borne by the one profile and refused by the other.

mod made;

use made::{Fields, Json, leaves, message, quoted};
use yidan_gateway::envelope::Call;
use yidan_gateway::fault::Wrong;
use yidan_gateway::table::{Field, Kind, Node, When};
use yidan_gateway::wire::Transaction;
use yidan_gateway::{Decoded, Faults, Profile, Tolerance, content, decode};

const STRICT: Profile = Profile::STRICT;
const LENIENT: Profile = Profile::LENIENT;

fn input(one: Transaction) -> &'static Node {
    one.entry().input
}

fn ok<'a>(one: Transaction, text: &'a str, profile: &Profile) -> Decoded<'a> {
    decode(one, text, profile).unwrap_or_else(|faults| panic!("{one:?}: {faults}\n{text}"))
}

fn refused(one: Transaction, message: &Json, profile: &Profile) -> Faults {
    match decode(one, &message.to_string(), profile) {
        Ok(decoded) => panic!("{one:?}: taken: {message}\n{decoded:?}"),
        Err(faults) => faults,
    }
}

/// Whether a fault of this kind is told of this field.
fn tells(faults: &Faults, field: &Field, of: impl Fn(&Wrong) -> bool) -> bool {
    faults.told().iter().any(|fault| fault.place.field == Some(field) && of(&fault.wrong))
}

#[test]
fn whole_and_least_messages_are_taken_by_the_text() {
    for one in Transaction::ALL.iter().copied() {
        let whole = message(input(one), Fields::All).to_string();
        let decoded = ok(one, &whole, &STRICT);
        assert!(decoded.borne.is_empty(), "{one:?}: {:?}", decoded.borne);
        let least = message(input(one), Fields::Required).to_string();
        assert!(ok(one, &least, &STRICT).borne.is_empty(), "{one:?}");
        assert_eq!(decoded.request.transaction(), one);
    }
}

#[test]
fn what_is_missing_is_named() {
    for one in Transaction::ALL.iter().copied() {
        let whole = message(input(one), Fields::All);
        for (way, _, field) in leaves(input(one)) {
            let without = whole.clone().without(&way);
            if !field.required {
                continue;
            }
            let faults = refused(one, &without, &STRICT);
            assert!(tells(&faults, field, |wrong| *wrong == Wrong::Missing), "{one:?} {faults}");
            assert!(faults.err_msg().ends_with("[401]"), "{faults}");
            assert!(faults.err_msg().contains(&format!("{}（{}）不能为空", field.name, field.zh)));
            if field.may_be_absent {
                let text = without.to_string();
                assert_eq!(ok(one, &text, &LENIENT).borne.count(Tolerance::MissingField), 1);
            } else {
                refused(one, &without, &LENIENT);
            }
        }
    }
}

#[test]
fn what_calls_for_a_field_is_heard() {
    let cards = [Transaction::T1101, Transaction::T2207, Transaction::T2304, Transaction::T2401];
    for one in cards {
        let whole = message(input(one), Fields::All);
        let all = leaves(input(one));
        let of = |name| all.iter().find(|(_, _, field)| field.name == name).expect("a field");
        let (kind, card) = (of("mdtrt_cert_type"), of("card_sn"));
        let without = whole.with(&kind.0, quoted("03")).without(&card.0);
        assert!(tells(&refused(one, &without, &STRICT), card.2, |w| *w == Wrong::Missing));
        let text = without.to_string();
        assert_eq!(ok(one, &text, &LENIENT).borne.count(Tolerance::MissingField), 1);
    }
    let nameless = r#"{"medinsinfo":{"fixmedins_type":"1"}}"#;
    let faults = decode(Transaction::T1201, nameless, &LENIENT).expect_err("name or code");
    assert_eq!(faults.told()[0].place.to_string(), "medinsinfo.fixmedins_code");
}

#[test]
fn what_is_of_another_kind_is_named() {
    for one in Transaction::ALL.iter().copied() {
        let whole = message(input(one), Fields::All);
        for (way, _, field) in leaves(input(one)) {
            for other in [Json::Object(Vec::new()), Json::Raw("true".to_owned()), quoted("!")] {
                if other == Json::Raw("true".to_owned()) && matches!(field.kind, Kind::Flag) {
                    continue;
                }
                let is_text = matches!(field.kind, Kind::Text(_) | Kind::Serial(_));
                if is_text && other == quoted("!") && field.codes.is_none_or(|it| !it.closed) {
                    continue;
                }
                let faults = refused(one, &whole.clone().with(&way, other), &LENIENT);
                let kinds = |wrong: &Wrong| (402..=408).contains(&wrong.number());
                assert!(tells(&faults, field, kinds), "{one:?} {}: {faults}", field.name);
                assert_eq!(faults.count(), 1, "{faults}");
            }
        }
    }
}

#[test]
fn what_is_too_long_is_named() {
    for one in Transaction::ALL.iter().copied() {
        let whole = message(input(one), Fields::All);
        for (way, _, field) in leaves(input(one)) {
            let (long, longer) = if let Kind::Text(most) | Kind::Serial(most) = field.kind {
                let of = |most: u32| quoted(&"长".repeat(most as usize + 1));
                (of(most), of(field.longest_borne.unwrap_or(most)))
            } else {
                let Some(decimals) = field.kind.decimals() else { continue };
                let of = |digits: u32| Json::Raw(format!("1{}", "0".repeat(digits as usize)));
                let digits = field.kind.digits() - decimals;
                (of(digits), of(field.longest_borne.unwrap_or(digits)))
            };
            let kinds = |wrong: &Wrong| matches!(wrong.number(), 403 | 406 | 409);
            let faults = refused(one, &whole.clone().with(&way, long), &STRICT);
            assert!(tells(&faults, field, kinds), "{one:?} {}: {faults}", field.name);
            let faults = refused(one, &whole.clone().with(&way, longer), &LENIENT);
            assert!(tells(&faults, field, kinds), "{one:?} {}: {faults}", field.name);
        }
    }
}

#[test]
fn codes_of_closed_dictionaries_are_held_to_them() {
    let mut closed = 0;
    for one in Transaction::ALL.iter().copied() {
        let whole = message(input(one), Fields::All);
        for (way, _, field) in leaves(input(one)) {
            let Some(codes) = field.codes else { continue };
            let other = whole.clone().with(&way, quoted("X"));
            if codes.closed {
                closed += 1;
                for profile in [STRICT, LENIENT] {
                    let faults = refused(one, &other, &profile);
                    let code = |wrong: &Wrong| matches!(wrong, Wrong::UnknownCode(_));
                    assert!(tells(&faults, field, code), "{one:?} {}: {faults}", field.name);
                }
            } else {
                let text = other.to_string();
                assert_eq!(ok(one, &text, &STRICT).borne.count(Tolerance::UnknownCode), 1);
            }
        }
    }
    assert!(closed > 100, "only {closed} fields were looked at");
}

/// A message with an oddity everywhere it can stand, or `None` where it can stand nowhere.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "oddities without an arm are made by the other tests"
)]
fn odd(oddity: Tolerance, one: Transaction) -> Option<Json> {
    let node = input(one);
    let whole = message(node, Fields::All);
    let mut odd = whole.clone();
    for (way, _, field) in leaves(node) {
        let value = odd.at(&way).clone();
        let Json::Raw(text) = &value else { continue };
        let inside = text.trim_matches('"');
        let numeric = field.kind.decimals().is_some();
        let changed = match oddity {
            Tolerance::NumberAsText if numeric => Some(quoted(inside)),
            Tolerance::TextAsNumber => match field.kind {
                Kind::Text(_) if !inside.starts_with('0') => Some(Json::Raw(inside.to_owned())),
                _ => None,
            },
            Tolerance::StrayBlank if field.codes.is_some() => Some(quoted(&format!(" {inside} "))),
            Tolerance::StrayBlank => match field.kind {
                Kind::Date => Some(quoted("2026-01- 02")),
                Kind::Datetime => Some(quoted("2026-01-02 00 :00:00")),
                _ => None,
            },
            Tolerance::DayForMoment if matches!(field.kind, Kind::Datetime) => {
                Some(quoted("2026-01-02"))
            }
            Tolerance::MomentForDay if matches!(field.kind, Kind::Date) => {
                Some(quoted("2026-01-02 10:11:12"))
            }
            Tolerance::OtherDateForm => match field.kind {
                Kind::Date => Some(quoted("20260102")),
                Kind::Datetime => Some(quoted("20260102000000")),
                _ => None,
            },
            Tolerance::UnpaddedCode => {
                let codes = field.codes.filter(|_| inside.bytes().all(|b| b.is_ascii_digit()));
                let fits = inside.len() < field.kind.characters() as usize;
                codes.filter(|_| fits).map(|_| quoted(&format!("0{inside}")))
            }
            Tolerance::Exponent if numeric => Some(Json::Raw(format!("{inside}0E-1"))),
            _ => None,
        };
        if let Some(changed) = changed {
            odd = odd.with(&way, changed);
        }
    }
    let odd = match oddity {
        Tolerance::RowAsObject => reshaped(odd, node, &|kind, value| match (kind, value) {
            (Kind::Many(_), Json::Array(mut rows)) => rows.pop().expect("a row"),
            (_, value) => value,
        }),
        Tolerance::ObjectAsArray => reshaped(odd, node, &|kind, value| match (kind, value) {
            (Kind::One(_), value) => Json::Array(vec![value]),
            (_, value) => value,
        }),
        Tolerance::RepeatedKey => odd.each_object(&|fields| {
            let first = fields.iter().map(|(key, _)| (key.clone(), Json::Object(Vec::new())));
            first.collect::<Vec<_>>().into_iter().chain(fields.clone()).collect()
        }),
        Tolerance::NameSpelling => odd.each_object(&|fields| {
            let shout = |key: String| key.to_uppercase().replace('_', "");
            fields.into_iter().map(|(key, value)| (shout(key), value)).collect()
        }),
        Tolerance::UnknownField => odd.each_object(&|mut fields| {
            let deep = format!("{}1{}", "[".repeat(9_000), "]".repeat(9_000));
            fields.push(("未定义".to_owned(), Json::Raw(deep)));
            fields
        }),
        Tolerance::NodeLeftOut => match (node.fields, odd) {
            ([Field { kind: Kind::One(_), .. }], Json::Object(mut nodes)) => nodes.pop()?.1,
            _ => return None,
        },
        _ => odd,
    };
    (odd != whole).then_some(odd)
}

/// A message whose nodes are written otherwise.
fn reshaped(json: Json, node: &'static Node, how: &dyn Fn(Kind, Json) -> Json) -> Json {
    let Json::Object(fields) = json else { panic!("{json} is an object") };
    let fields = fields.into_iter().map(|(key, value)| {
        let field = &node.fields[(node.find)(&key).expect("a field")];
        let value = match (field.kind, value) {
            (Kind::One(child), value) => reshaped(value, child, how),
            (Kind::Many(child), Json::Array(rows)) => {
                Json::Array(rows.into_iter().map(|row| reshaped(row, child, how)).collect())
            }
            (_, value) => value,
        };
        (key, how(field.kind, value))
    });
    Json::Object(fields.collect())
}

#[test]
fn oddities_change_nothing_where_they_are_borne_and_are_named_where_not() {
    for oddity in Tolerance::ALL.iter().copied() {
        let mut met = 0;
        for one in Transaction::ALL.iter().copied() {
            let Some(odd) = odd(oddity, one) else { continue };
            met += 1;
            let (odd, whole) = (odd.to_string(), message(input(one), Fields::All).to_string());
            let (odd, whole) = (ok(one, &odd, &LENIENT), ok(one, &whole, &LENIENT));
            assert_eq!(odd.request, whole.request, "{oddity:?} {one:?}");
            assert_eq!(content(&odd.request), content(&whole.request), "{oddity:?} {one:?}");
            assert!(odd.borne.count(oddity) > 0, "{oddity:?} {one:?}: {:?}", odd.borne);
        }
        let elsewhere = [
            Tolerance::NullWord,
            Tolerance::MissingField,
            Tolerance::InputAsText,
            Tolerance::UnknownCode,
            Tolerance::LongText,
            Tolerance::OtherPath,
        ];
        assert_eq!(met == 0, elsewhere.contains(&oddity), "{oddity:?} was met {met} times");
    }
}

#[test]
fn oddities_are_refused_by_name() {
    for oddity in Tolerance::ALL.iter().copied() {
        for one in Transaction::ALL.iter().copied() {
            let Some(odd) = odd(oddity, one) else { continue };
            let text = odd.to_string();
            let refusing = LENIENT.refusing(oddity);
            if matches!(oddity, Tolerance::UnknownField | Tolerance::NodeLeftOut) {
                continue;
            }
            let faults = decode(one, &text, &refusing).expect_err("it is refused");
            let named = |wrong: &Wrong| *wrong == Wrong::Refused(oddity);
            assert!(faults.told().iter().all(|fault| named(&fault.wrong)), "{oddity:?} {faults}");
            assert!(faults.err_msg().contains(oddity.chinese()), "{faults}");
            let bearing = STRICT.bearing(oddity);
            // A day in a text is also otherwise odd nowhere: what bears the one oddity takes the message.
            ok(one, &text, &bearing);
            assert_eq!(STRICT.bears(oddity), decode(one, &text, &STRICT).is_ok(), "{oddity:?}");
        }
    }
}

#[test]
fn the_word_null_is_absence() {
    for one in Transaction::ALL.iter().copied() {
        for (way, _, field) in leaves(input(one)) {
            // What another field calls for is looked at by itself above.
            if !matches!(field.when, When::Never) {
                continue;
            }
            let whole = message(input(one), Fields::All);
            for word in ["null", "NULL"] {
                let odd = whole.clone().with(&way, quoted(word));
                if field.required && !field.may_be_absent {
                    let faults = refused(one, &odd, &LENIENT);
                    assert!(tells(&faults, field, |wrong| *wrong == Wrong::Missing), "{faults}");
                    continue;
                }
                let absent = whole.clone().without(&way).to_string();
                let text = odd.to_string();
                let odd = ok(one, &text, &LENIENT);
                assert_eq!(odd.request, ok(one, &absent, &LENIENT).request);
                assert_eq!(odd.borne.count(Tolerance::NullWord), 1);
                let named = |wrong: &Wrong| *wrong == Wrong::Refused(Tolerance::NullWord);
                let faults = decode(one, &text, &STRICT).expect_err("it is refused");
                assert!(tells(&faults, field, named), "{faults}");
            }
            if !field.required {
                let absent = whole.clone().without(&way).to_string();
                for nothing in ["null", "\"\"", "\"  \""] {
                    let text = whole.clone().with(&way, Json::Raw(nothing.to_owned())).to_string();
                    assert_eq!(ok(one, &text, &STRICT).request, ok(one, &absent, &STRICT).request);
                }
            }
        }
    }
}

#[test]
fn faults_are_all_told_and_bounded() {
    let line = r#"{"feedetl_sn":"1","cnt":"abc","psn_no":"2"}"#;
    let text = format!(r#"{{"feedetail":[{}]}}"#, [line; 60].join(","));
    let faults = decode(Transaction::T2204, &text, &LENIENT).expect_err("much is missing");
    assert_eq!(faults.told().len(), 20);
    assert!(faults.count() > 60 * 10, "{}", faults.count());
    let said = faults.err_msg();
    assert!(said.chars().count() <= 200, "{said}");
    assert!(said.starts_with("FSI-输入参数校验不通过：feedetail第1行mdtrt_id（就诊ID）不能为空；"));
    assert!(said.ends_with(&format!("…等{}处[401]", faults.count())), "{said}");
    let kinds: Vec<String> = faults.told().iter().map(|fault| fault.to_string()).collect();
    assert!(
        kinds.iter().any(|told| told == "feedetail第1行cnt（数量）应为数值（16,4），实际为“abc”")
    );
}

#[test]
fn what_is_a_persons_is_not_shown() {
    let text = r#"{"data":{"psn_no":"1","mdtrt_cert_type":"02","mdtrt_cert_no":{"a":1},"med_type":"11",
        "certno":"430281194901019994430281194901019994430281194901019994","medfee_sumamt":9}}"#;
    let faults = decode(Transaction::T2207, text, &LENIENT).expect_err("too long");
    assert!(!faults.err_msg().contains("4302"), "{faults}");
    let wrong = r#"{"feedetail":["430281194901019994",430281194901019994,true,null,[]]}"#;
    let faults = decode(Transaction::T2204, wrong, &LENIENT).expect_err("no rows");
    assert_eq!(faults.count(), 5);
    assert!(!faults.err_msg().contains("4302"), "{faults}");
}

#[test]
fn rows_are_bounded() {
    let rows = |count: usize| {
        let row = r#"{"feedetl_sn":"1","mdtrt_id":"1","psn_no":"1"}"#;
        format!(r#"{{"data":[{}]}}"#, vec![row; count].join(","))
    };
    assert!(decode(Transaction::T2302, &rows(20_000), &STRICT).is_ok());
    let faults = decode(Transaction::T2302, &rows(20_001), &STRICT).expect_err("too many");
    assert_eq!(faults.told()[0].wrong, Wrong::TooManyRows(20_000));
    for empty in [r#"{"data":[]}"#, r#"{"data":null}"#, "{}"] {
        let faults = decode(Transaction::T2302, empty, &LENIENT).expect_err("no row");
        assert_eq!(faults.told()[0].wrong, Wrong::Missing, "{empty}");
    }
}

#[test]
fn deep_and_broken_json_is_refused_and_breaks_nothing() {
    for text in ["", "{", "[]", "null", "1", "\"\"", "{\"data\":", "{\"data\":1e999}", "\u{0}"] {
        for profile in [STRICT, LENIENT] {
            assert!(decode(Transaction::T2207, text, &profile).is_err(), "{text}");
        }
    }
    for (open, close) in [("[", "]"), ("{\"data\":", "}")] {
        let deep = format!("{{\"data\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
        assert!(decode(Transaction::T2207, &deep, &LENIENT).is_err());
    }
}

#[test]
fn a_row_that_is_a_number_beyond_all_is_told_as_such() {
    for rows in ["[1e999]", "[{},-1E+99999]", "[1]"] {
        let text = format!("{{\"feedetail\":{rows}}}");
        let faults = decode(Transaction::T2204, &text, &Profile::LENIENT).expect_err("a number");
        let row = rows.split(',').count();
        let said = format!("feedetail第{row}行应为对象，实际为数值");
        assert!(faults.told().iter().any(|fault| fault.to_string() == said), "{faults}");
    }
}

#[test]
fn what_stands_behind_a_key_that_is_no_text_is_read() {
    let row = r#"{"psn_no":"1","\ud800":{"psn_no":"2"},"mdtrt_id":"3"}"#;
    for text in [
        format!(r#"{{"\ud800":[1],"data":{row}}}"#),
        format!(r#"{{"data":[{row}]}}"#),
        format!(r#"{{"data":{row}}}"#),
    ] {
        let whole = text.replace(r#""\ud800":[1],"#, "").replace(r#""\ud800":{"psn_no":"2"},"#, "");
        let [with, without] =
            [&text, &whole].map(|text| decode(Transaction::T2202, text, &LENIENT));
        match (with, without) {
            (Ok(with), Ok(without)) => assert_eq!(with.request, without.request, "{text}"),
            (Err(with), Err(without)) => assert_eq!(with.err_msg(), without.err_msg(), "{text}"),
            (with, without) => panic!("{with:?} {without:?}"),
        }
    }
    let rows = format!(r#"{{"feedetail":[{row},{row}]}}"#);
    let faults = decode(Transaction::T2204, &rows, &LENIENT).expect_err("fields are missing");
    assert!(faults.told().iter().all(|fault| fault.wrong == Wrong::Missing), "{faults}");
}

#[test]
fn a_text_that_is_none_is_told_as_a_fault() {
    // Half of a surrogate pair.
    let body = r#"{"infno":"2202","fixmedins_code":"H1","input":"\ud800"}"#;
    let faults = Call::read(body.as_bytes(), &Profile::LENIENT).expect_err("no text");
    assert!(faults.err_msg().contains("input"), "{faults}");
}

#[test]
fn a_body_full_of_unknown_keys_is_read() {
    let mut body = String::with_capacity(8 << 20);
    body.push('{');
    while body.len() < (8 << 20) - 64 {
        body.push_str("\"q\":1,");
    }
    body.push_str("\"data\":{}}");
    let faults = decode(Transaction::T2202, &body, &Profile::STRICT).expect_err("it is empty");
    assert!(faults.err_msg().contains("不能为空"), "{faults}");
}
