//! What the program says about itself.

use crate::program::{piped, run};

#[test]
fn every_command_helps_and_names_its_exit_codes() {
    for command in [
        &["--help"][..],
        &["settle", "--help"],
        &["demo", "--help"],
        &["catalog", "--help"],
        &["policy", "--help"],
        &["journal", "--help"],
        &["journal", "verify", "--help"],
        &["journal", "stats", "--help"],
        &["journal", "show", "--help"],
        &["keys", "--help"],
        &["keys", "secret", "--help"],
        &["keys", "sm2", "--help"],
        &["reasons", "--help"],
    ] {
        let ran = run(command);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command:?}");
        assert!(ran.out.contains("Usage:"), "{command:?}: {}", ran.out);
        assert!(ran.out.contains("Exit codes:"), "{command:?}: {}", ran.out);
    }
    let version = run(&["--version"]);
    assert_eq!(version.out.trim(), concat!("yidan ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_case_in_the_help_is_one() {
    let help = run(&["settle", "--help"]).out;
    let from = help.find('{').unwrap_or_default();
    let to = help.find("}}").map_or(0, |at| at + 2);
    let ran = piped(&["settle", "-"], &help.as_bytes()[from..to]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

/// The objects in a text that begin a line, each on one line.
fn objects(text: &str) -> String {
    let mut found = String::new();
    let mut depth = 0_i64;
    for line in text.lines() {
        if depth > 0 || line.starts_with("{\"op\"") {
            let count = |bracket| i64::try_from(line.matches(bracket).count()).expect("few");
            depth += count('{') - count('}');
            found.push_str(line);
            found.push_str(if depth == 0 { "\n" } else { " " });
        }
    }
    found
}

#[test]
fn every_command_in_the_help_of_run_is_one_and_every_field_is_there() {
    let help = run(&["run", "--help"]).out;
    let folder = crate::program::Folder::new();
    let ran = piped(&["run", &folder.path("journal"), "-"], objects(&help).as_bytes());
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.err, ran.out);
    assert_eq!(ran.out.lines().count(), 24, "{}", ran.out);
    for name in [
        "infno",
        "setl_time",
        "acct_used_flag",
        "channel",
        "mid_setl_flag",
        "lines",
        "totals",
        "detail",
        "err_msg",
        "again",
        "unreadable",
        "oinfno",
        "omsgid",
        "operator",
        "day",
        "endtime",
        "change",
        "chrg_bchno",
        "trt_dcla_detl_sn",
        "approval",
        "fixed",
        "medfee_sumamt",
        "130",
        "141",
        "143",
    ] {
        assert!(help.contains(name), "{name}: {help}");
    }
    for op in [
        "member",
        "facility",
        "deposit",
        "open",
        "file",
        "unfile",
        "change-visit",
        "close",
        "upload",
        "withdraw",
        "pre-settle",
        "settle",
        "cancel",
        "reverse",
        "close-day",
        "cancel-for-operator",
        "settle-anew",
    ] {
        assert!(help.contains(&format!("{{\"op\": \"{op}\"")), "{op}");
    }
}

#[test]
fn completions_are_there_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{shell}");
        assert!(ran.out.contains("settle"), "{shell}");
    }
}

#[test]
fn reasons_are_listed_by_number() {
    let all = run(&["reasons"]);
    assert_eq!(all.code, Some(0));
    for number in [101, 139, 190, 201, 251, 301, 340, 401, 414, 436, 489] {
        assert!(all.out.contains(&format!("\n{number}  ")), "{number}: {}", all.out);
    }
    let one = run(&["reasons", "116"]);
    assert!(one.out.starts_with("116  ") && one.out.contains("第三方"), "{}", one.out);
    assert_eq!(run(&["reasons", "999"]).code, Some(2));
}

#[test]
fn a_case_can_be_typed_in() {
    let ran = piped(&["settle", "-"], b"");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("error: stdin:1:1: expected a case, found nothing"), "{}", ran.err);
}
