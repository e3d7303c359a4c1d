//! What a person reads when a case is refused: why, where, the figures, and what to do.

use yidan_settlement::pack::Pack;
use yidan_settlement::reason::{Reason, Refusal};

use crate::case::Case;
use crate::grounds::grounds;
use crate::text::money;

/// A refused case as a few lines of text. `number` is that of the case in its input, from 1; `pack` the one it was to be
/// settled by, where there is one.
pub fn refusal(number: u64, refusal: &Refusal, case: &Case, pack: Option<&Pack>) -> String {
    let mut text = format!("第 {number} 号未结算：{}\n", refusal.reason);
    let index = refusal.line.and_then(|line| usize::try_from(line).ok());
    if let Some(index) = index {
        let line = case.lines.as_ref().and_then(|lines| lines.get(index));
        let line = line.map_or_else(String::new, |line| {
            format!("，流水号 {}，编码 {}", line.feedetl_sn.0, line.med_list_codg)
        });
        text.push_str(&format!("  位置  第 {} 条明细（lines[{index}]）{line}\n", index + 1));
    }
    for ground in grounds(refusal, case, pack) {
        let found = if ground.found.is_empty() { "未提供" } else { &ground.found };
        let expected = ground.expected.map_or_else(String::new, |what| format!("（应为：{what}）"));
        text.push_str(&format!("  依据  {} = {found}{expected}\n", ground.field));
    }
    if let Some((given, computed)) = refusal.figures {
        text.push_str(&format!("  金额  申报 {}，核算 {}\n", money(given), money(computed)));
    }
    text.push_str(&format!("  处理  {}\n", advice(refusal.reason)));
    text
}

/// What to do about a refusal.
pub fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::PoolWithoutPack => "核对参保地区划（admdvs），或加载该统筹区的政策包",
        Reason::PackNotInForce => "核对就诊与结算日期，或更新政策包的有效期",
        Reason::DatesReversed => "核对就诊开始、结束和结算日期后重新上传",
        Reason::MemberNotInForce => "核对险种与参保状态；如已补缴，请参保地经办机构更新后重试",
        Reason::MemberInWaitingTime => "等待期内的费用由个人承担；如有异议，请参保地经办机构核对",
        Reason::SchemeUnknown => "核对险种类型（insutype）",
        Reason::PersonTypeUnmapped => "核对人员类别（psn_type），或请经办机构补充对应关系",
        Reason::VisitTypeUnmapped => "核对医疗类别（med_type），或请经办机构补充对应关系",
        Reason::FacilityWithoutAgreement => "核对医疗类别与机构的协议范围和有效期",
        Reason::ThirdPartyLiability => "由第三方承担；如实无第三方责任，更正标志后重新结算",
        Reason::WorkInjury => "向工伤保险申请待遇",
        Reason::AccidentWithoutFiling => "先办理意外伤害备案（2507），再结算",
        Reason::ApprovalMissing => "先办理门诊慢特病认定，或在认定的机构就诊",
        Reason::PrescribersDiffer => "按处方医疗机构的等级分单结算",
        Reason::BirthdayMissing => "补充出生日期（brdy）后重新结算",
        Reason::NothingToSettle => "上传费用明细或费用合计后再结算",
        Reason::TooManyLines => "分次结算，或合并明细",
        Reason::DuplicateLine => "删除重复的明细流水号（feedetl_sn）后重新上传",
        Reason::AmountOutOfBounds => "核对金额、单价、数量、余额和累计值",
        Reason::NegativeAmount => "退费须用 init_feedetl_sn 指明所冲减的原明细",
        Reason::ReturnWithoutLine => "核对 init_feedetl_sn，原明细须在本次费用中且在前",
        Reason::ReturnUnlikeLine => "冲减明细的编码和单价须与原明细相同，数量和金额为负",
        Reason::ReturnExceedsLine => "核对冲减的数量和金额，合计不得超过原明细",
        Reason::AmountMismatch => "更正明细金额、单价或数量，使金额等于单价乘以数量",
        Reason::TotalsMismatch => "核对四个组成部分与总额，以及各类别与合计",
        Reason::LinesNeeded => "改为上传费用明细，由系统按年度划分",
        Reason::TooManyYears => "先按年度办理中途结算，再结算余下部分",
        Reason::InternalCheckFailed => "联系运维并提供本案例；本次未产生任何变动",
    }
}
