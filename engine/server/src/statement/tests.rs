//! The statement and the explanation of workload R1's second anchor as text; alignment and recomputation of a bill of 1,500 lines.

use std::path::Path;
use std::sync::Arc;

use yidan_image::Image;
use yidan_settlement::explain::{Figure, TierFigure};
use yidan_settlement::money::Fen;
use yidan_settlement::reason::{Reason, Refusal};

use super::*;
use crate::bind::catalogue_of;
use crate::clerk::{Clerk, Outcome};
use crate::explain_json::{explained, explanation};
use crate::explain_text;
use crate::text::width;
use crate::world::World;

const SECOND_STATEMENT: &str = "\
========================================================================================
                                   医疗保障基金结算单
                           参考负载 R1  联网直接结算  第 2 号
========================================================================================
医药机构  H1                                机构等级  一级
人员编号  R1-1                              险种      310 任一险种
人员类别  11 anyone                         救助身份  class-2
医疗类别  21 就诊                           病种编码  无
就医地    R1 统筹区内                       异地备案  无
就诊编号  case-2                            结算时间  2026-02-10
就诊起止  2026-02-10 至 2026-02-10
----------------------------------------------------------------------------------------
一、费用汇总（元）
费用类别                        金额       全自费       超限价     先行自付       范围内
合计                       50,000.00     4,000.00         0.00         0.00    46,000.00
----------------------------------------------------------------------------------------
二、基金支付（元）
基金                          进入    首先自付      起付线          比例段          支付
310100 basic             46,000.00        0.00        0.00             90%     41,400.00
390200 critical           4,600.00        0.00        0.00             60%      2,760.00
610100 assistance         1,840.00        0.00    1,840.00               -          0.00
基金支付合计                                                                   44,160.00
----------------------------------------------------------------------------------------
三、费用负担（元）
个人负担构成                        金额    费用由谁负担                            金额
全自费                          4,000.00    医疗费总额                         50,000.00
超限价                              0.00    基金支付                           44,160.00
先行自付                            0.00    医疗机构负担                            0.00
首先自付                            0.00    个人负担                            5,840.00
起付线                              0.00      其中 个人账户                         0.00
段内自付                        1,840.00           家庭共济                         0.00
超封顶线                            0.00           现金支付                     5,840.00
个人负担合计                    5,840.00    个人账户余额                            0.00
========================================================================================
";

const SECOND_EXPLANATION: &str = "\
医疗费总额 50,000.00 = 全自费 4,000.00 + 超限价 0.00 + 先行自付 0.00 + 范围内 46,000.00
└ 全自费 4,000.00：按费用合计申报，没有明细
basic（310100 hifp_pay，2026 年度）支付 41,400.00 ［依据］
├ 进入 46,000.00 = 范围内 46,000.00
├ 起付线 0.00：定额 400.00，减已付 1,200.00〔deductible，2026〕 ［依据］
├ 分段 46,000.00 应付 41,400.00，按累计 above-deductible（2026）44,800.00 起排段 ［依据］
│ └ 44,800.00–90,800.00：90% × 46,000.00 = 41,400.00
├ 支付封顶 150,000.00，减已用 30,360.00〔basic-paid，2026〕，余 119,640.00 ［依据］
├ 累计 above-deductible（2026）：44,800.00 → 90,800.00
├ 累计 deductible（2026）：1,200.00 → 1,200.00
└ 累计 basic-paid（2026）：30,360.00 → 71,760.00
critical（390200 hifmi_pay，2026 年度）支付 2,760.00 ［依据］
├ 进入 4,600.00 = 尚余段内自付 4,600.00
├ 起付线 0.00：定额 14,000.00，减已付 15,640.00〔self-pay，2026〕 ［依据］
├ 分段 4,600.00 应付 2,760.00，按累计 self-pay（2026）15,640.00 起排段 ［依据］
│ └ 15,640.00–20,240.00：60% × 4,600.00 = 2,760.00
├ 支付封顶 400,000.00，减已用 984.00〔critical-paid，2026〕，余 399,016.00 ［依据］
├ 累计 self-pay（2026）：15,640.00 → 20,240.00
└ 累计 critical-paid（2026）：984.00 → 3,744.00
assistance（610100 maf_pay，2026 年度）支付 0.00 ［依据］
├ 进入 1,840.00 = 尚余段内自付 1,840.00
├ 起付线 1,840.00：定额 3,000.00（应付 3,000.00，费用不足） ［依据］
├ 分段 0.00 应付 0.00 ［依据］
├ 支付封顶 50,000.00，减已用 6,993.60〔assistance-paid，2026〕，余 43,006.40 ［依据］
└ 累计 assistance-paid（2026）：6,993.60 → 6,993.60
个人负担 5,840.00
├ 全自费 4,000.00
├ 段内自付 1,840.00
└ 个人账户 0.00（其中共济 0.00），现金 5,840.00，账户余额 0.00
";

/// The document as R1 cites it, which the expected text leaves out.
const CITED: &str = "［依据：Reference workload R1 2026-01-01 等级O］";

fn world_of(pool: &str) -> World {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../catalogs/sources")
        .join(pool)
        .join("policy.toml");
    let text = std::fs::read_to_string(&file).expect("the pack is in the repository");
    let pack = yidan_build::policy::compile(&text, pool).expect("the pack compiles");
    let mut world = World::new();
    world.add_pack(pack, &file);
    world
}

/// R1's anchors: total, in scope, level.
fn anchors() -> [Case; 4] {
    let case = |day: &str, total: &str, own: &str, in_scope: &str, level: &str| {
        let text = format!(
            r#"{{"admdvs":"R1","member":{{"psn_no":"R1-1","insutype":"310","psn_type":"11",
              "identities":[{{"type":"R1-2","from":"2020-01-01"}}]}},
              "facility":{{"fixmedins_code":"H1","admdvs":"R1","kind":"hospital","hosp_lv":"{level}"}},
              "visit":{{"med_type":"21","begntime":"{day}"}},"totals":{{"medfee_sumamt":"{total}",
              "fulamt_ownpay_amt":"{own}","inscp_scp_amt":"{in_scope}"}}}}"#
        );
        Case::parse(&text, 1).expect("the case is well formed")
    };
    [
        case("2026-01-10", "50000.00", "4000.00", "46000.00", "三级"),
        case("2026-02-10", "50000.00", "4000.00", "46000.00", "一级"),
        case("2026-03-10", "200000.00", "0.00", "200000.00", "三级"),
        case("2026-04-10", "200000.00", "0.00", "200000.00", "三级"),
    ]
}

/// Settles cases in order and shows each to a witness.
fn settle_all(world: &World, cases: &[Case], mut witness: impl FnMut(&Settled<'_>, &Case)) {
    let mut clerk = Clerk::new(world, None, true);
    for case in cases {
        let settled = clerk.settle(case, |outcome| match outcome {
            Outcome::Settled(settled) => witness(&settled, case),
            Outcome::Refused(_, refusal) => panic!("{}", refusal.reason),
        });
        settled.expect("the case is bound");
    }
}

/// A stay of 1,500 lines, every tenth of which returns a part of the one before it, and the image that knows most of its codes.
fn long_stay() -> (World, Case) {
    let sizes = yidan_build::Sizes {
        drugs: 400,
        services: 200,
        consumables: 100,
        diagnoses: 50,
        facilities: 20,
    };
    let contents = yidan_build::assemble(&yidan_build::generate(7, sizes)).expect("sources");
    let image = Image::from_bytes(&contents.encode().expect("contents")).expect("an image");
    let codes: Vec<String> = {
        let view = image.national().expect("a national base");
        view.ids().filter_map(|id| view.entry_text(id)).map(|text| text.code.to_owned()).collect()
    };
    let line = |n: usize| {
        let code = |n: usize| match codes.get(n % (codes.len() + 5)) {
            Some(code) => code.clone(),
            None => "QNOSUCH0001".to_owned(),
        };
        let (code, count, amount, of) = match n % 10 {
            9 => {
                (code(n - 1), -1, "-12.34".to_owned(), format!(r#","init_feedetl_sn":"{}""#, n - 1))
            }
            _ => (code(n), 3, "37.02".to_owned(), String::new()),
        };
        format!(
            r#"{{"feedetl_sn":"{n}","med_list_codg":"{code}","fee_ocur_time":"2024-03-02","cnt":"{count}",
              "pric":"12.34","det_item_fee_sumamt":"{amount}","hosp_appr_flag":"1"{of}}}"#
        )
    };
    let lines: Vec<String> = (0..1500).map(line).collect();
    let text = format!(
        r#"{{"admdvs":"630100","member":{{"psn_no":"P1","insutype":"390","psn_type":"15","gend":"1","brdy":"1970-05-01"}},
          "facility":{{"fixmedins_code":"H63010300001","admdvs":"630103","kind":"hospital","hosp_lv":"三级"}},
          "visit":{{"med_type":"21","begntime":"2024-03-01","endtime":"2024-03-20"}},"lines":[{}]}}"#,
        lines.join(",")
    );
    let mut world = world_of("630100");
    world.set_image(Arc::new(image));
    (world, Case::parse(&text, 1).expect("the case is well formed"))
}

#[test]
fn the_second_anchor_is_printed_and_explained_as_written() {
    let mut printed = Vec::new();
    settle_all(&world_of("R1"), &anchors(), |settled, case| {
        let told = explain_text::text(&explained(settled, case), false);
        printed.push((statement(settled, case, None, Options::default()), told));
    });
    let (statement, told) = &printed[1];
    assert_eq!(statement, SECOND_STATEMENT);
    assert_eq!(told.replace(CITED, "［依据］"), SECOND_EXPLANATION);
}

#[test]
fn every_anchor_and_its_reversal_recompute_from_their_explanation() {
    settle_all(&world_of("R1"), &anchors(), |settled, case| {
        assert_eq!(explanation(settled).recomputes(settled.decision), Ok(()));
        let reversed = settled.decision.reversed();
        let undone = Settled {
            number: settled.number,
            pack: settled.pack,
            decision: &reversed,
            bound: settled.bound,
            before: settled.after.clone(),
            after: settled.before.clone(),
            mdtrt_id: settled.mdtrt_id.clone(),
            world: settled.world,
        };
        let told = explanation(&undone);
        assert!(told.reversed, "a reversal is explained as one");
        assert_eq!(told.recomputes(&reversed), Ok(()));
        let page = statement(&undone, case, None, Options::default());
        assert!(page.contains("冲正"), "{page}");
    });
}

#[test]
fn an_explanation_that_is_off_by_a_fen_is_found_out() {
    settle_all(&world_of("R1"), &anchors()[..1], |settled, _| {
        let mut told = explanation(settled);
        told.tiers[0].pieces[0].payment = told.tiers[0].pieces[0].payment.plus(Fen::new(1));
        let found = told.recomputes(settled.decision).expect_err("a fen too much");
        assert_eq!(found.figure, Figure::Tier(0, TierFigure::Banded));
        let mut told = explanation(settled);
        told.tiers[0].slots[0].after = Fen::ZERO;
        let found = told.recomputes(settled.decision).expect_err("a slot not written");
        assert!(matches!(found.figure, Figure::Slot(_)), "{found:?}");
    });
}

#[test]
fn a_bill_of_1500_lines_is_aligned_and_explained_line_by_line() {
    let (world, case) = long_stay();
    settle_all(&world, std::slice::from_ref(&case), |settled, case| {
        let told = explanation(settled);
        assert_eq!(told.recomputes(settled.decision), Ok(()));
        assert!(told.tiers.iter().all(|tier| !tier.shares.is_empty()), "lines share each payment");
        let view = catalogue_of(case, settled.pack, &world);
        let tables = [
            fees(settled.decision, case, view),
            lines(settled.decision, case, view),
            funds(settled.decision, settled.pack),
            burden(settled.decision),
        ];
        for table in tables {
            let lines = table.lines(table.natural().max(88));
            let columns = width(&lines[0]);
            assert!(lines.iter().all(|line| width(line) == columns), "{lines:#?}");
        }
        let page = statement(settled, case, view, Options::default());
        assert!(page.lines().count() < 60, "summaries only:\n{page}");
        assert!(page.lines().all(|line| width(line) <= 88), "{page}");
        let unknown = page.lines().find(|line| line.starts_with("未归类"));
        assert!(unknown.is_some_and(|line| !line.contains('-')), "returns stand with their lines");
        let full = statement(settled, case, view, Options { lines: true });
        assert!(full.lines().count() > 1500, "every line");
        let tree = explain_text::text(&explained(settled, case), false);
        assert!(tree.contains("--explain=full") && tree.lines().count() < 200, "{tree}");
    });
}

#[test]
fn a_refusal_says_why_where_and_what_to_do() {
    let (_, case) = long_stay();
    let lines = case.lines.as_deref().unwrap_or(&[]);
    let refused = Refusal::at(Reason::AmountMismatch, 2).with(Fen::new(3_702), Fen::new(3_700));
    let text = refusal(7, &refused, &case, None);
    let code = &lines[2].med_list_codg;
    let expected = format!(
        "第 7 号未结算：明细金额不等于单价乘以数量[138]\n  位置  第 3 条明细（lines[2]），流水号 2，编码 {code}\n  \
         依据  lines[2].det_item_fee_sumamt = 37.02\n  依据  lines[2].pric = 12.34\n  依据  lines[2].cnt = 3\n  \
         金额  申报 37.02，核算 37.00\n  处理  更正明细金额、单价或数量，使金额等于单价乘以数量\n"
    );
    assert_eq!(text, expected);
}
