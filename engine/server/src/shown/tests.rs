//! A record of every kind, as it is shown to people and to programs.

use serde_json::{Value, json};
use yidan_settlement::admit::{Period, SlotKey};
use yidan_settlement::bill::{Account, Decision, Posting, Side, SlotChange};
use yidan_settlement::catalogue::{Level, Sex};
use yidan_settlement::claim::{
    AccountUse, AgreementRecord, FilingRecord, HospitalApproval, LineParts, Spell,
};
use yidan_settlement::date::{Day, Moment, Span};
use yidan_settlement::event::{
    Adjusted, Cancelled, Corrected, Correction, Moved, Request, Run, Settled, Share, SlotLabels,
    Which,
};
use yidan_settlement::facts::{
    AccidentFact, ApprovalFact, ChargesFacts, FacilityFacts, Filed, FiledFact, FixedFact,
    IdentityFact, LineFacts, MemberFacts, PregnancyFact, SettleFacts, VisitChange, VisitFacts,
};
use yidan_settlement::id::{Admdvs, Insutype, LineKind, SlotId, TierId, VisitId};
use yidan_settlement::money::{Price, Quantity};
use yidan_settlement::pack::{Agreement, Channel, Filing, FundField, FundType, HospitalLevel};
use yidan_settlement::price::LineOutcome;
use yidan_settlement::reason::{Conduct, LineReasons};
use yidan_settlement::stored::Stored;
use yidan_settlement::tiers::TierRow;

use super::*;
use crate::audit::Archive;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn moment(text: &str) -> Moment {
    Moment::parse(text).expect("a time")
}

fn span(from: &str) -> Span {
    Span { from: day(from), to: Day::MAX }
}

fn request() -> Request {
    Request {
        asker: "H1".into(),
        infno: 2207,
        msgid: "H1-7".into(),
        psn_no: "P1".into(),
        digest: [0xAB; 16],
    }
}

fn record(seq: u64, event: Event) -> Record {
    Record { seq, time_ms: 1_740_816_000_123, request: request(), event }
}

/// Shows a record behind others, which have the numbers from 1 on.
fn shown_behind(before: &[Record], record: &Record) -> (String, Value, Vec<String>) {
    let bytes: Vec<Vec<u8>> = before
        .iter()
        .map(|record| {
            let mut bytes = Vec::new();
            record.put(&mut bytes);
            bytes
        })
        .collect();
    let fetch = |number: u64| {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        bytes.get(place).cloned()
    };
    let number = before.len() as u64 + 1;
    let archive = Archive::default();
    let past = Past::new(1..number, &archive, fetch, || None);
    let stands = Stands { number, batch: 2, segment: 1, bytes: 99 };
    let shown = Shown::of(stands, "then", record, &past);
    let text = shown.lines().collect::<Vec<_>>().join("\n");
    for mark in ["Some(", "None", "{", "Fen", "\""] {
        assert!(!text.contains(mark), "{mark} is for programmers: {text}");
    }
    let json = serde_json::to_string(&shown).expect("JSON");
    (text, serde_json::from_str(&json).expect("JSON"), past.missing())
}

fn shown(event: Event) -> (String, Value) {
    let (text, json, _) = shown_behind(&[], &record(7, event));
    (text, json)
}

/// Demands what people read and what programs find.
fn says(event: Event, texts: &[&str], fields: &[(&str, Value)]) {
    let (text, json) = shown(event);
    for expected in texts {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    for (pointer, expected) in fields {
        assert_eq!(json.pointer(pointer), Some(expected), "{pointer}: {json}");
    }
}

fn member() -> MemberFacts {
    MemberFacts {
        admdvs: "630100".into(),
        psn_type: "15".into(),
        sex: Some(Sex::Female),
        birth: Some(day("1980-05-01")),
        civil_servant: true,
        contribution: Some("高档".into()),
        paid_years: 12,
        spells: Some(vec![Spell {
            insutype: Insutype::new(390).expect("three digits"),
            span: span("2020-01-01"),
            waiting_to: day("2020-04-01"),
        }]),
        identities: vec![IdentityFact { kind: "低保".into(), span: span("2024-01-01") }],
        filings: vec![FilingRecord {
            kind: Filing::Referral,
            span: span("2025-01-01"),
            place: Admdvs::parse("110000"),
        }],
        accident_filings: vec![span("2025-02-01")],
        approvals: vec![approval()],
        pregnancies: vec![PregnancyFact { id: "1".into(), span: Span::ALWAYS }],
        family: vec!["P2".into()],
        filed: vec![filed(Filed::Accident(AccidentFact {
            span: span("2025-03-01"),
            injured: Some(day("2025-02-28")),
        }))],
    }
}

fn approval() -> ApprovalFact {
    ApprovalFact {
        disease: "M03900".into(),
        span: span("2025-01-01"),
        facility: Some("H1".into()),
        limit: Some(Fen::new(300_000)),
    }
}

fn filed(what: Filed) -> FiledFact {
    FiledFact {
        number: 5,
        facility: "H1".into(),
        infno: 2507,
        msgid: "H1-5".into(),
        digest: [1; 16],
        what,
    }
}

fn visit() -> VisitFacts {
    VisitFacts {
        insutype: Insutype::new(390).expect("three digits"),
        med_type: "21".into(),
        begin: moment("2025-03-01 08:30:00"),
        end: None,
        disease: Some("M03900".into()),
        diagnoses: vec!["I10.x00".into()],
        continues: None,
        accident: true,
        third_party: false,
        birth: 0,
        family_planning: 0,
        fetuses: 1,
    }
}

fn line(serial: &str, yuan: i64) -> LineFacts {
    LineFacts {
        serial: serial.into(),
        batch: "b".into(),
        code: "001102000010000".into(),
        day: day("2025-03-01"),
        quantity: Quantity::ONE,
        price: Price::new(yuan * 1_000_000),
        amount: Fen::new(yuan * 100),
        returns: None,
        approval: HospitalApproval::Given,
        prescriber: None,
        days: None,
        maternity: false,
    }
}

fn key() -> SlotKey {
    SlotKey { slot: SlotId::new(0), period: Period::Year(2025), sub: 1 }
}

fn labels() -> SlotLabels {
    SlotLabels { insutype: 390, disease: Some("M03900".into()), filing: Text::default() }
}

fn pack() -> PolicyNames {
    PolicyNames {
        pool: "630100".into(),
        digest: [0x11; 32],
        slots: vec![("慢特病支付".into(), KeyedBy::Disease), ("次数".into(), KeyedBy::Nothing)],
        diseases: vec!["恶性肿瘤".into(), "高血压".into()],
        groups: vec!["甲类".into()],
    }
}

/// A bill of 1,234.50: the fund pays 1,000.00, the own account 34.50, the rest is cash.
fn decision() -> Decision {
    let mut funds = [Fen::ZERO; yidan_settlement::pack::FUND_FIELDS];
    funds[FundField::HifpPay.index()] = Fen::new(100_000);
    let in_scope = Fen::new(123_450);
    let parts = LineParts { in_scope, ..LineParts::default() };
    let outcome = LineOutcome {
        parts,
        facility: Fen::ZERO,
        entry: None,
        kind: LineKind::default(),
        stay_part: 0,
        review: false,
        reasons: LineReasons::default(),
        quantity: Quantity::ONE,
    };
    let post = |account, side, fen| Posting { account, side, amount: Fen::new(fen) };
    let fund = FundType::parse("390100").expect("six digits");
    Decision {
        lines: vec![outcome],
        total: in_scope,
        split: parts,
        tiers: vec![tier_row()],
        changes: vec![SlotChange {
            key: key(),
            stay_part: 0,
            before: Fen::new(50),
            after: Fen::new(100_050),
        }],
        funds,
        psn_part: Fen::new(23_450),
        account_own: Fen::new(3_450),
        cash: Fen::new(20_000),
        balance: Fen::new(1),
        postings: vec![
            post(Account::FundExpense(fund), Side::Debit, 100_000),
            post(Account::OwnAccount, Side::Debit, 3_450),
            post(Account::FacilityPayable, Side::Credit, 103_450),
        ],
        ..Decision::default()
    }
}

fn tier_row() -> TierRow {
    TierRow {
        stay_part: 0,
        tier: TierId::new(2),
        row: 0,
        base: Fen::new(123_450),
        cut: Fen::ZERO,
        first_share: Fen::ZERO,
        deductible_whole: Fen::ZERO,
        deductible: Fen::ZERO,
        begin: Fen::ZERO,
        covered: Fen::new(123_450),
        banded: Fen::new(100_000),
        paid_for: Fen::new(123_450),
        cap_left: None,
        paid: Fen::new(100_000),
        above_cap: Fen::ZERO,
        facility: Fen::ZERO,
        filing_loss: Fen::ZERO,
    }
}

/// A settlement of a registered visit whose line is in record 2, by the pack that record 1 loaded.
fn settled() -> Settled {
    Settled {
        visit: VisitId::new(3),
        how: SettleFacts {
            channel: Channel::Direct,
            end: moment("2025-03-10"),
            settled: moment("2025-03-10"),
            account: AccountUse::Own,
            tolerance: Fen::ZERO,
            mid_stay: false,
            total: None,
        },
        batch: None,
        facts: visit(),
        charges: ChargesFacts::Uploaded,
        known: 9,
        facility: 2,
        policy: 1,
        catalogue: 0,
        labels: labels(),
        read: vec![(SlotKey { slot: SlotId::new(1), period: Period::Life, sub: 0 }, Fen::new(7))],
        sources: Some(vec![Run { place: 2, from: 1, count: 1 }]),
        shares: Vec::new(),
        decision: decision(),
    }
}

/// What cancelling it posts.
fn moved() -> Moved {
    Moved {
        visit: VisitId::new(3),
        batch: None,
        policy: 1,
        labels: labels(),
        slots: vec![(key(), Fen::new(-100_000))],
        balance: Fen::new(3_450),
        family: Fen::ZERO,
        funds: vec![(390_100, Fen::new(-100_000))],
        facility: Fen::new(-103_450),
        person: Fen::ZERO,
    }
}

fn cancelled() -> Cancelled {
    Cancelled { settlement: 5, place: 3, posted: moved(), shares: Vec::new() }
}

/// The pack loaded, two lines uploaded, the second of them settled.
fn history() -> Vec<Record> {
    vec![
        record(1, Event::PolicyLoaded(pack())),
        record(4, Event::LinesUploaded(VisitId::new(3), vec![line("a1", 9), line("a2", 1_234)])),
        record(5, Event::Settled(Box::new(settled()))),
    ]
}

#[test]
fn who_asked_stands_under_what_it_is() {
    let (text, json) = shown(Event::Deposited(Fen::new(123_456)));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("个人账户存入: psn_no P1, amount 金额 1,234.56"), "{text}");
    assert!(lines[1].contains("by H1, 2207 门诊结算, msgid H1-7, command 7, digest"), "{text}");
    assert_eq!(json["what"], "deposited");
    assert_eq!(json["amount"], "1234.56");
    assert_eq!((&json["record"], &json["batch"]), (&json!(1), &json!(2)));
    assert_eq!(json["time_ms"], json!(1_740_816_000_123_u64));
    let asked = json!({"fixmedins_code": "H1", "infno": "2207", "msgid": "H1-7", "seq": 7,
        "digest": "ab".repeat(16)});
    assert_eq!(json["asked"], asked);
}

#[test]
fn the_bureau_and_the_engine_ask_without_a_number() {
    let none = Request::default();
    let of = |event| Record { seq: 1, time_ms: 0, request: none.clone(), event };
    let (text, json, _) = shown_behind(&[], &of(Event::DayClosed(day("2025-05-01"))));
    assert!(text.contains("day closed 日结: to 2025-05-01"), "{text}");
    assert!(text.contains("by the bureau 经办机构, command 1"), "{text}");
    assert!(json["asked"].get("infno").is_none() && json["asked"].get("msgid").is_none(), "{json}");
    assert_eq!(json["day"], "2025-05-01");
    let (text, json, _) = shown_behind(&[], &of(Event::CatalogueLoaded([0xCD; 32])));
    assert!(text.contains(&"cd".repeat(32)) && text.contains("by the engine itself"), "{text}");
    assert_eq!(json["catalogue_digest"], "cd".repeat(32));
}

#[test]
fn members_and_facilities_are_shown_with_all_that_is_known_of_them() {
    says(
        Event::MemberRegistered(member(), Fen::new(10_000)),
        &[
            "参保人登记: psn_no P1",
            "期初余额 100.00",
            "born 出生 1980-05-01,",
            "civil servant 公务员, contribution class 缴费档次 高档, years paid 缴费年限 12",
            "390 城乡居民基本医疗保险 from 2020-01-01 waiting to 等待期至 2020-04-01",
            "低保 from 2024-01-01",
            "referral 转诊 for 就医地 110000 from 2025-01-01; accident 意外伤害 from 2025-02-01",
            "M03900 at H1 limit 限额 3,000.00 from 2025-01-01",
            "mulaid 共济   P2",
            "5 accident 意外伤害 injured 受伤 2025-02-28 from 2025-03-01 by H1 2507",
        ],
        &[
            ("/what", json!("member")),
            ("/psn_no", json!("P1")),
            ("/balc", json!("100.00")),
            ("/gend", json!("2")),
            ("/cvlserv_flag", json!("1")),
            ("/paid_years", json!(12)),
            ("/spells/0/insutype", json!("390")),
            ("/identities/0/type", json!("低保")),
            ("/filings/0/type", json!("referral")),
            ("/filings/1/type", json!("accident")),
            ("/approvals/0/limit", json!("3000.00")),
            ("/mulaid", json!(["P2"])),
            ("/filed/0/trt_dcla_detl_sn", json!("5")),
        ],
    );
    let plain = MemberFacts { admdvs: "630100".into(), ..MemberFacts::default() };
    let (text, json) = shown(Event::MemberRegistered(plain, Fen::ZERO));
    assert!(text.contains("in force without end") && !text.contains("identity"), "{text}");
    assert!(json.get("spells").is_none(), "{json}");
    let facts = FacilityFacts {
        admdvs: Admdvs::parse("630104").expect("six digits"),
        level: HospitalLevel::Third,
        deductible_level: HospitalLevel::Third,
        price_level: Level::Second,
        agreements: Some(vec![AgreementRecord {
            kind: Agreement::Inpatient,
            span: span("2020-01-01"),
        }]),
    };
    says(
        Event::FacilityRegistered("H1".into(), facts),
        &["医药机构登记: H1", "level 等级 三级", "限价等级 二级", "inpatient from 2020-01-01"],
        &[
            ("/fixmedins_code", json!("H1")),
            ("/admdvs", json!("630104")),
            ("/agreements/0/for", json!(["inpatient"])),
        ],
    );
}

#[test]
fn visits_and_their_lines_are_shown() {
    says(
        Event::VisitOpened(visit()),
        &[
            "就诊登记: psn_no P1, mdtrt_id 7",
            "21 住院",
            "begins 2025-03-01 08:30:00",
            "accident 外伤",
        ],
        &[
            ("/mdtrt_id", json!("7")),
            ("/med_type", json!("21")),
            ("/begntime", json!("2025-03-01 08:30:00")),
            ("/trum_flag", json!("1")),
            ("/rel_ttp_flag", json!("0")),
            ("/diagnoses", json!(["I10.x00"])),
        ],
    );
    let change = VisitChange {
        end: Some(Some(moment("2025-03-10"))),
        disease: Some(None),
        accident: Some(false),
        ..VisitChange::default()
    };
    let none = Value::Null;
    says(
        Event::VisitChanged(VisitId::new(3), change),
        &["mdtrt_id 3", "ends 出院 2025-03-10, disease 病种 none, accident 外伤 0"],
        &[("/change/endtime", json!("2025-03-10 00:00:00")), ("/change/dise_codg", none)],
    );
    says(
        Event::VisitClosed(VisitId::new(3)),
        &["就诊撤销: psn_no P1, mdtrt_id 3"],
        &[("/what", json!("visit_closed")), ("/mdtrt_id", json!("3"))],
    );
    says(
        Event::LinesUploaded(VisitId::new(3), vec![line("a1", 9), line("a2", 1_234)]),
        &["a1  ", "001102000010000", "1,234.00", "2 lines 合计", "1,243.00"],
        &[
            ("/lines/1/feedetl_sn", json!("a2")),
            ("/lines/1/det_item_fee_sumamt", json!("1234.00")),
            ("/lines/0/hosp_appr_flag", json!("1")),
        ],
    );
    let withdrawn = |which| Event::LinesWithdrawn(VisitId::new(3), which);
    says(withdrawn(Which::All), &["all that are not settled"], &[("/lines", json!("all"))]);
    let serials = Which::Serials(vec!["a1".into(), "a2".into()]);
    says(withdrawn(serials), &["流水号 a1 a2"], &[("/feedetl_sn", json!(["a1", "a2"]))]);
    says(withdrawn(Which::Batch("b".into())), &["批次 b"], &[("/chrg_bchno", json!("b"))]);
}

#[test]
fn what_is_filed_and_withdrawn_is_shown_by_its_kind() {
    let of = |what| Event::Filed(Box::new(what), member());
    says(
        of(Filed::Disease(approval())),
        &["备案: trt_dcla_detl_sn 7, psn_no P1, disease 门诊慢特病认定 M03900 at H1", "低保"],
        &[
            ("/trt_dcla_detl_sn", json!("7")),
            ("/approval/dise_codg", json!("M03900")),
            ("/member/psn_type", json!("15")),
        ],
    );
    let residence = FilingRecord { kind: Filing::Residence, span: Span::ALWAYS, place: None };
    says(
        of(Filed::OffRegion(residence)),
        &["异地备案 residence 异地长期居住"],
        &[("/filing", json!({"type": "residence"}))],
    );
    let fixed = FixedFact {
        business: "03".into(),
        order: "1".into(),
        facility: "H2".into(),
        span: span("2025-01-01"),
    };
    says(
        Event::Unfiled(Box::new(filed(Filed::Facility(fixed))), member()),
        &["备案撤销: psn_no P1, of fixed", "人员定点 H2"],
        &[
            ("/of", json!("fixed")),
            ("/withdrawn/trt_dcla_detl_sn", json!("5")),
            ("/withdrawn/fixed/fixmedins_code", json!("H2")),
        ],
    );
}

#[test]
fn family_accounts_packs_and_refusals_are_shown() {
    let held = FamilyHeld { member: "P9".into(), amount: Fen::new(-150), settlement: Some(5) };
    says(
        Event::FamilyHeld(held),
        &["共济冻结: item 7, of psn_no P1, for psn_no P9, amount 金额 -1.50", "setl_id 5"],
        &[("/amount", json!("-1.50")), ("/setl_id", json!("5"))],
    );
    says(
        Event::FamilyEnded(FamilyEnded { item: 3, held: Fen::new(200), paid: Fen::new(50) }),
        &["共济解冻: item 3", "held 冻结 2.00, paid 支付 0.50"],
        &[("/held", json!("2.00")), ("/paid", json!("0.50"))],
    );
    says(
        Event::PolicyLoaded(pack()),
        &[
            "pool 统筹区 630100",
            &"11".repeat(32),
            "慢特病支付[disease], 次数",
            "病种 2, from 恶性肿瘤",
        ],
        &[("/diseases", json!(["恶性肿瘤", "高血压"])), ("/policy_digest", json!("11".repeat(32)))],
    );
    let refused = Refused {
        reason: Conduct::TotalDiffers.number(),
        line: Some(2),
        figures: Some((Fen::new(100), Fen::new(200))),
        detail: 4,
    };
    says(
        Event::Refused(refused),
        &[
            "refused 拒绝: 310, psn_no P1",
            "[310]",
            "at lines[2], given 上传 1.00, computed 计算 2.00",
        ],
        &[("/refused", json!(310)), ("/given", json!("1.00")), ("/detail", json!(4))],
    );
}

#[test]
fn a_settlement_is_shown_with_its_books() {
    let history = history();
    let (text, json, missing) = shown_behind(&history[..2], &history[2]);
    for expected in [
        "结算: setl_id 5, mdtrt_id 3, psn_no P1",
        "total 医疗费总额 1,234.50 = own cost 全自费 0.00",
        "sum 基金支付总额 1,000.00, basic pool 基本统筹 1,000.00",
        "person 个人负担 234.50 = accounts 个人账户 34.50 + cash 个人现金 200.00",
        "balance after 账户余额 0.01",
        "2025 慢特病支付[恶性肿瘤]",
        "-> 1,000.50",
        "life 次数 0.07",
        "390100 城乡居民基本医疗保险基金",
        "payable to facility 应付医药机构 H1",
        "balanced 借贷平衡",
        "member as in record 9",
        &"11".repeat(32),
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let line = text.lines().find(|line| line.contains("001102000010000")).expect("the line");
    assert!(line.trim_start().starts_with("a2 ") && line.contains("1,234.00"), "{line}");
    assert_eq!(json["setlinfo"]["medfee_sumamt"], "1234.50");
    assert!(json["setlinfo"].get("act_pay_dedc").is_none(), "the pack says which are basic");
    assert_eq!(json["lines"][0]["feedetl_sn"], "a2");
    assert_eq!(json["tiers"][0]["tier"], 2);
    let slot = json!({"slot": "慢特病支付[恶性肿瘤]", "period": "2025", "before": "0.50",
        "after": "1000.50", "read": false, "written": true});
    assert_eq!(json["slots"][0], slot);
    let fund = json!({"account": "fund_expense", "fund_pay_type": "390100", "debit": "1000.00",
        "credit": "0.00"});
    assert_eq!(json["postings"][0], fund);
    assert_eq!(json["postings_balanced"], true);
    assert!(missing.len() == 1 && missing[0].contains("--policies"), "{missing:?}");
}

#[test]
fn what_is_not_here_is_shown_by_number_and_told() {
    let (text, json, missing) = shown_behind(&[], &record(5, Event::Settled(Box::new(settled()))));
    assert!(text.contains("2025 slot 0") && text.contains("#1"), "{text}");
    assert_eq!(json["lines"][0]["feedetl_sn"], "#1");
    assert_eq!(missing.len(), 2, "the pack and the lines: {missing:?}");
}

#[test]
fn books_that_do_not_balance_are_told() {
    let mut wrong = settled();
    wrong.decision.postings.pop();
    let (text, json) = shown(Event::Settled(Box::new(wrong)));
    assert!(text.contains("NOT BALANCED"), "{text}");
    assert_eq!(json["postings_balanced"], false);
}

#[test]
fn a_cancellation_posts_the_opposite() {
    let undone = record(9, Event::Cancelled(Box::new(cancelled())));
    let (text, json, _) = shown_behind(&history(), &undone);
    for expected in [
        "结算撤销: psn_no P1, own setl_id 9",
        "setl_id 5, mdtrt_id 3, settled in record 3",
        "医疗费总额 -1,234.50",
        "慢特病支付[恶性肿瘤]",
        "-1,000.00",
        "own account 个人账户 P1",
        "balanced",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!((&json["setl_id"], &json["cancels"]), (&json!("9"), &json!("5")));
    assert_eq!(json["setlinfo"]["hifp_pay"], "-1000.00");
    assert!(json["setlinfo"].get("balc").is_none(), "what the account has then is not in it");
    assert_eq!(json["slots"][0]["delta"], "-1000.00");
    assert_eq!(json["postings"][1]["debit"], "-34.50");
    assert_eq!(json["postings"][2]["credit"], "-1034.50");
    assert_eq!(json["postings_balanced"], true);
    // Without the settlement's record what was posted is known all the same.
    let (text, json) = shown(Event::Cancelled(Box::new(cancelled())));
    assert!(!text.contains("医疗费总额") && text.contains("balanced 借贷平衡"), "{text}");
    assert_eq!(json["postings"][0]["debit"], "-1000.00");
}

#[test]
fn a_reversal_is_shown_with_what_it_found() {
    let of =
        |undone| Event::Reversed(Box::new(Reversed { infno: 2207, msgid: "m".into(), undone }));
    let title = "冲正: of 原交易 2207 门诊结算, msgid m, psn_no P1";
    let undone = |name: &str| [("/undone", json!(name)), ("/oinfno", json!("2207"))];
    says(of(Undone::NotYetCome), &[title, "原交易未到"], &undone("not yet come"));
    says(of(Undone::NoEffect), &[title, "原交易未成功"], &undone("nothing"));
    says(of(Undone::Visit(VisitId::new(3))), &[title, "mdtrt_id 3"], &undone("visit"));
    let settlement = of(Undone::Settlement(cancelled()));
    says(settlement, &[title, "undone 撤销", "balanced"], &undone("settlement"));
    let again = Moved {
        balance: Fen::new(-3_450),
        funds: vec![(390_100, Fen::new(100_000))],
        facility: Fen::new(103_450),
        ..moved()
    };
    let again = Cancelled { posted: again, ..cancelled() };
    let put_back = of(Undone::Cancellation(again));
    says(put_back, &[title, "put back 恢复", "1,034.50", "balanced"], &undone("cancellation"));
}

#[test]
fn a_correction_posts_the_difference() {
    let mut now = settled();
    now.decision.funds[FundField::HifpPay.index()] = Fen::new(110_000);
    now.decision.changes[0].after = Fen::new(110_050);
    let fund = FundType::parse("390100").expect("six digits");
    let post = |account, side, fen| Posting { account, side, amount: Fen::new(fen) };
    now.decision.postings = vec![
        post(Account::FundExpense(fund), Side::Debit, 110_000),
        post(Account::OwnAccount, Side::Debit, 3_450),
        post(Account::FacilityPayable, Side::Credit, 103_450),
        post(Account::PersonPayable, Side::Credit, 10_000),
    ];
    let adjusted = Adjusted {
        number: 11,
        settlement: 5,
        place: 3,
        facility: "H1".into(),
        taken_back: moved(),
        settled: now,
    };
    let correction = Correction { first: 5, cancel: false, day: day("2025-05-01") };
    let event = |adjusted, cancelled| {
        Event::Corrected(Box::new(Corrected { correction, cancelled, adjusted }))
    };
    let (text, json, _) = shown_behind(&history(), &record(10, event(vec![adjusted], None)));
    for expected in [
        "更正重算: own setl_id 10, psn_no P1, from settlement 5, posted to 记账日 2025-05-01",
        "adjustment 调整 11: of setl_id 5, of H1; funds pay +100.00",
        "+100.00",
        "payable to person 应付个人 P1",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let adjusted = &json["adjusted"][0];
    assert_eq!(
        (&adjusted["adjusts"], &adjusted["fund_pay_sumamt"]),
        (&json!("5"), &json!("100.00"))
    );
    let net = json!([
        {"account": "fund_expense", "fund_pay_type": "390100", "debit": "100.00", "credit": "0.00"},
        {"account": "person_payable", "psn_no": "P1", "debit": "0.00", "credit": "100.00"},
    ]);
    assert_eq!(
        adjusted["postings"], net,
        "neither the facility nor the own account has a part in it"
    );
    assert_eq!(adjusted["postings_balanced"], true);
    let cancelled = Some(("H1".into(), cancelled()));
    let (text, json, _) = shown_behind(&history(), &record(10, event(Vec::new(), cancelled)));
    assert!(text.contains("cancelled 撤销") && text.contains("the others come out"), "{text}");
    assert_eq!(json["cancelled"]["cancels"], "5");
}

#[test]
fn family_accounts_are_named_where_their_parts_are_known() {
    let share = |owner: &str, fen| Share { owner: owner.into(), item: 1, amount: Fen::new(fen) };
    let posted = Moved { balance: Fen::ZERO, family: Fen::new(-3_450), ..moved() };
    let shares = vec![share("P2", -450), share("P3", -3_000)];
    let (_, json) = shown(Event::Cancelled(Box::new(Cancelled { posted, shares, ..cancelled() })));
    let family = |psn_no: &str, debit: &str| json!({"account": "family_account", "psn_no": psn_no, "debit": debit, "credit": "0.00"});
    assert_eq!(json["postings"][1], family("P2", "-4.50"));
    assert_eq!(json["postings"][2], family("P3", "-30.00"));
}

#[test]
fn bytes_of_no_record_are_shown_as_bytes() {
    let stands = Stands { number: 1, batch: 1, segment: 1, bytes: 2 };
    let shown = Shown::of_bytes(stands, "then", &[0xAB, 1]);
    let json = serde_json::to_value(&shown).expect("JSON");
    assert_eq!((&json["what"], &json["hex"]), (&json!("unknown"), &json!("ab01")));
}

#[test]
fn what_a_client_sent_writes_no_lines_of_its_own() {
    let undone = Undone::NotYetCome;
    let msgid = "m\n  postings 记账\u{1b}[2J";
    let event = Event::Reversed(Box::new(Reversed { infno: 2207, msgid: msgid.into(), undone }));
    let (text, json) = shown(event);
    assert!(text.contains("msgid m   postings 记账 [2J") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(json["omsgid"], msgid, "{json}");
}
