//! Any text, read as a case and settled: an error, a refusal or a bill whose identities hold, never a panic.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use yidan::case::Case;
use yidan::clerk::Clerk;
use yidan::world::World;

const CASE: &str = r#"{"admdvs":"R1","member":{"psn_no":"P","insutype":"310","psn_type":"11","identities":[{"type":"R1-2"}],
"slots":{"2026":{"deductible":"100.00"}},"balc":"10.00"},"facility":{"fixmedins_code":"H","admdvs":"R1","kind":"hospital","hosp_lv":"三级"},
"visit":{"med_type":"21","begntime":"2026-01-01","endtime":"2026-01-09","acct_used_flag":"1"},
"totals":{"medfee_sumamt":"100.00","fulamt_ownpay_amt":"1.00","overlmt_selfpay":"2.00","preselfpay_amt":"3.00","inscp_scp_amt":"94.00"}}"#;

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut world = World::new();
    let text = include_str!("../../../catalogs/sources/R1/policy.toml");
    world.add_pack(yidan_build::policy::compile(text, "R1").expect("R1 compiles"), Path::new("R1"));
    world
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    settle(text);
    let Some((place, piece)) = bytes.split_at_checked(3) else { return };
    let from = u16::from_le_bytes([place[0], place[1]]) as usize % CASE.len();
    let to = (from + place[2] as usize % 32).min(CASE.len());
    let (Some(head), Some(tail), Ok(piece)) = (CASE.get(..from), CASE.get(to..), std::str::from_utf8(piece)) else { return };
    settle(&format!("{head}{piece}{tail}"));
});

fn settle(text: &str) {
    let Ok(case) = Case::parse(text, 1) else { return };
    let mut clerk = Clerk::new(&WORLD, None, false);
    if let Ok(answer) = clerk.answer(&case) {
        let json = answer.to_json();
        assert!(!json.contains("\"refused\":190"), "an identity was broken by {text}");
    }
}
