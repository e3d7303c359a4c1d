//! What logs may show: no certificate number survives masking, wherever it stands, and what is none is left as it is.

use proptest::prelude::*;
use yidan_gateway::mask::{certificates, certificates_and_passports, name};

#[test]
fn certificates_are_masked_wherever_they_stand() {
    for (text, shown) in [
        ("63010119900307123X", "630*************3X"),
        ("63010119900307123x,", "630*************3x,"),
        ("证件630101900307123有误", "证件630**********23有误"),
        (r#"{"certno":"630101199003071234"}"#, r#"{"certno":"630*************34"}"#),
        ("６３０１０１１９９００３０７１２３Ｘ", "６３０*************３Ｘ"),
        ("99999630101199003071234", "99999630*************34"),
        ("6222020200112233445", "622**************45"),
    ] {
        assert_eq!(certificates(text), shown);
    }
    // What has no certificate in it: an id of a message, a time, an amount, a short number.
    for text in ["H63010000001202601020304050001", "2026-01-02 03:04:05", "12345678.90", "", "X"] {
        assert_eq!(certificates(text), text);
    }
}

#[test]
fn passports_are_masked_where_they_are_asked_for() {
    let text = "护照E12345678，EA1234567; T2207 H63010000001";
    assert_eq!(certificates(text), text);
    let shown = "护照E********，EA*******; T2207 H63010000001";
    assert_eq!(certificates_and_passports(text), shown);
    assert_eq!(certificates_and_passports("630101199003071234"), "630*************34");
}

#[test]
fn of_names_the_first_character_stands() {
    for (text, shown) in [
        ("张三", "张*"),
        ("欧阳三丰", "欧***"),
        ("张", "*"),
        ("", ""),
        (" 买买提·吐尔逊江·阿不都 ", "买*******"),
    ] {
        assert_eq!(name(text), shown);
    }
}

/// A certificate number as the standard makes them, its last character right or any.
fn certificate() -> impl Strategy<Value = String> {
    let provinces = vec![11, 15, 23, 37, 46, 50, 54, 61, 65, 71, 81, 82, 83, 91];
    let place = (prop::sample::select(provinces), 0..10_000_u32);
    let day = (1_800..2_200_u32, 1..13_u32, 1..32_u32);
    let last =
        prop::sample::select(vec!['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'X', 'x']);
    (place, day, 0..1_000_u32, last).prop_map(|((province, place), (y, m, d), serial, last)| {
        format!("{province}{place:04}{y:04}{m:02}{d:02}{serial:03}{last}")
    })
}

proptest! {
    #[test]
    fn no_certificate_number_survives(
        before in "[0-9a-zA-Z\"{:，。 张]{0,24}",
        number in certificate(),
        after in "[0-9a-zA-Z\"}:，。 张]{0,24}",
    ) {
        let text = format!("{before}{number}{after}");
        let shown = certificates(&text);
        prop_assert!(!shown.contains(&number), "{text} {shown}");
        // Not its birthday and serial either.
        prop_assert!(!shown.contains(&number[6..17]), "{text} {shown}");
        prop_assert_eq!(shown.chars().count(), text.chars().count());
    }

    #[test]
    fn two_that_stand_together_are_both_masked(one in certificate(), other in certificate()) {
        let text = format!("{one}{other}");
        let shown = certificates(&text);
        prop_assert!(!shown.contains(&one) && !shown.contains(&other), "{text} {shown}");
    }

    #[test]
    fn a_run_of_fifteen_to_eighteen_digits_is_none_to_be_read(digits in "[0-9]{15,18}", old in "[0-9]{15}") {
        let (between, quoted) = (format!("a{digits}b"), format!("\"{old}\""));
        prop_assert!(!certificates(&between).contains(&digits));
        prop_assert!(!certificates(&quoted).contains(&old));
    }
}
