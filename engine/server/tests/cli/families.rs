//! Family accounts through the engine with its threads: members of many shards pay for each other at the same moment, and what all
//! accounts have is what they had less what the answers say.

use serde_json::{Value, json};

use crate::durable::{FACILITY, opening, ran, settle, state};
use crate::program::{Folder, run};

const MEMBERS: usize = 12;

/// Each is paid for by the one after it, by one whom nobody knows, and by one who has enough for all.
fn members() -> Vec<Value> {
    let name = |number: usize| format!("F{}", number % MEMBERS);
    let member = |number: usize| {
        json!({"op": "member", "admdvs": "630100", "member": {"psn_no": name(number), "insutype": "390", "psn_type": "15",
            "balc": "2000.00", "mulaid": [{"psn_no": name(number + 1)}, {"psn_no": "nobody"}, {"psn_no": "RICH"}]}})
    };
    let rich = json!({"op": "member", "admdvs": "630100",
        "member": {"psn_no": "RICH", "insutype": "390", "psn_type": "15", "balc": "1000000.00"}});
    opening().into_iter().take(1).chain((0..MEMBERS).map(member)).chain([rich]).collect()
}

fn by_family(msgid: &str, psn_no: &str, total: &str) -> Value {
    let mut line = settle(msgid, psn_no, total);
    line["acct_used_flag"] = json!("2");
    line
}

/// What a field of answers sums to, in fen.
fn sum<'a>(answers: impl IntoIterator<Item = &'a Value>, field: &str) -> i64 {
    let fen = |answer: &Value| {
        answer[field]
            .as_str()
            .map_or(0, |yuan| yuan.replace('.', "").parse::<i64>().expect("an amount"))
    };
    answers.into_iter().map(fen).sum()
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[test]
fn members_of_many_shards_pay_for_each_other_at_the_same_moment() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let four = ["--shards", "4"];
    let (opened, _) = ran(&journal, &members(), &four);
    assert_eq!(opened.code, Some(0), "{}", opened.err);
    let bills: Vec<Value> = (0..5 * MEMBERS)
        .map(|number| {
            by_family(&format!("s{number}"), &format!("F{}", number % MEMBERS), "1200.00")
        })
        .collect();
    let (settled, answers) = ran(&journal, &bills, &four);
    assert_eq!(settled.code, Some(0), "{}", settled.err);
    let (all, family) = (sum(&answers, "acct_pay"), sum(&answers, "acct_mulaid_pay"));
    assert!(family > 0 && all > family, "{all}, {family}");
    let had = i64::try_from(MEMBERS).expect("small") * 200_000 + 100_000_000;
    let at_rest = |paid: i64| {
        let states = ["1", "2", "4"].map(|shards| state(&journal, shards));
        assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "{states:?}");
        let [state, ..] = states;
        let held = "held of family accounts 0.00 by 0 items; due from them 0.00";
        assert!(state.contains(held), "{state}");
        let accounts = format!("in own accounts {}", yuan(had - paid));
        assert!(state.contains(&accounts), "{accounts}: {state}");
    };
    at_rest(all);

    // Asked again, each is told the same, and no account pays again.
    let (_, again) = ran(&journal, &bills, &four);
    assert_eq!(sum(&again, "acct_pay"), all);
    assert!(again.iter().all(|answer| answer["again"] == true));
    at_rest(all);

    // The last of each is cancelled, and all it took of anyone is given back.
    let last: Vec<usize> = (0..MEMBERS)
        .filter_map(|member| {
            let of_member = |number: &usize| number % MEMBERS == member;
            let by_number = |number: &usize| {
                answers[*number]["setl_id"].as_str().and_then(|id| id.parse::<u64>().ok())
            };
            (0..bills.len()).filter(of_member).max_by_key(by_number)
        })
        .collect();
    let cancels: Vec<Value> = last
        .iter()
        .map(|number| {
            let (answer, psn_no) = (&answers[*number], &bills[*number]["psn_no"]);
            json!({"op": "cancel", "fixmedins_code": FACILITY, "psn_no": psn_no,
                "msgid": format!("c{number}"), "setl_id": answer["setl_id"]})
        })
        .collect();
    let (_, cancelled) = ran(&journal, &cancels, &four);
    let done = last.iter().zip(&cancelled).filter(|(_, answer)| answer["infcode"] == 0);
    let back = sum(done.map(|(number, _)| &answers[*number]), "acct_pay");
    assert!(back > 0, "{cancelled:?}");
    at_rest(all - back);
    let audit = run(&["journal", "audit", &journal]);
    assert_eq!(audit.code, Some(0), "{}{}", audit.out, audit.err);
    let member = run(&["state", "member", &journal, "F1"]);
    assert!(
        member.out.contains("mulaid     F2\nmulaid     nobody\nmulaid     RICH"),
        "{}",
        member.out
    );
}

#[test]
fn an_owner_who_is_the_member_is_refused_and_a_balance_is_the_owners_own() {
    let folder = Folder::new();
    let journal = folder.path("journal");
    let member = |mulaid: Value| {
        json!({"op": "member", "admdvs": "630100",
            "member": {"psn_no": "P1", "insutype": "390", "psn_type": "15", "mulaid": mulaid}})
    };
    let lines =
        [member(json!([{"psn_no": "P1"}])), member(json!([{"psn_no": "P2", "balc": "5.00"}]))];
    let (_, answers) = ran(&journal, &lines, &[]);
    assert_eq!(answers[0]["refused"], 325);
    let unreadable = answers[1]["unreadable"].as_str().expect("unreadable");
    assert!(unreadable.contains("member.mulaid[0].balc"), "{unreadable}");
}
