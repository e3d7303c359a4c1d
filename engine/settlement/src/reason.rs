//! Every way in which a claim is refused and a line is not wholly in scope: named, numbered, in order of precedence.
//! A number is never used again for something else; golden cases produce each of them.

use core::fmt;

macro_rules! reasons {
    ($(#[$doc:meta])* $type:ident { $($(#[$item:meta])* $name:ident = $number:literal, $chinese:literal;)* }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
        pub enum $type { $($(#[$item])* $name = $number,)* }

        impl $type {
            /// All of them, in order of precedence.
            pub const ALL: &'static [$type] = &[$($type::$name,)*];

            /// Its number, which clients and journals see.
            pub const fn number(self) -> u16 {
                match self { $($type::$name => $number,)* }
            }

            /// What a person at a hospital reads.
            pub const fn chinese(self) -> &'static str {
                match self { $($type::$name => $chinese,)* }
            }
        }
    };
}

reasons! {
    /// Why a whole claim is refused. Nothing is changed by a refused claim.
    Reason {
        /// No pack is loaded for the pool of the insured place.
        PoolWithoutPack = 101, "参保地统筹区没有已加载的待遇政策包";
        /// The pack of the pool does not reach to the governing date.
        PackNotInForce = 102, "待遇政策包在结算所依据的日期没有生效的规则";
        /// The end of the visit lies before its begin, or the settlement before the end.
        DatesReversed = 103, "就诊开始、结束或结算日期先后颠倒";
        /// No spell of the scheme covers the visit.
        MemberNotInForce = 110, "就诊时参保人该险种未正常参保";
        /// The waiting time of the spell has not ended.
        MemberInWaitingTime = 111, "参保人尚在待遇等待期内";
        /// The pack has no such scheme.
        SchemeUnknown = 112, "政策包中没有该险种";
        /// The pack maps the `psn_type` to no class.
        PersonTypeUnmapped = 113, "政策包没有对应该人员类别";
        /// The pack maps the `med_type` to no benefit kind.
        VisitTypeUnmapped = 114, "政策包没有对应该医疗类别";
        /// The facility has no agreement in force for this kind of visit.
        FacilityWithoutAgreement = 115, "定点医药机构没有本次医疗类别的有效服务协议";
        /// Somebody else is liable.
        ThirdPartyLiability = 116, "涉及第三方责任，基金不予支付";
        /// A work injury.
        WorkInjury = 117, "工伤应由工伤保险基金支付";
        /// An accident for which nothing was filed (2507).
        AccidentWithoutFiling = 118, "外伤未办理意外伤害备案";
        /// The benefit needs an approval for the disease, in force and for this facility.
        ApprovalMissing = 119, "没有该门诊慢特病的有效认定，或认定不含本机构";
        /// The lines come from prescribers of different levels, where the level decides.
        PrescribersDiffer = 120, "外购处方来自不同等级的医疗机构，需分单结算";
        /// The pack's rules ask for the age, and the case states no birthday.
        BirthdayMissing = 121, "政策按年龄区分待遇，须提供出生日期";
        /// Neither a line nor totals.
        NothingToSettle = 130, "没有费用明细，也没有费用合计";
        /// More lines than one claim may have.
        TooManyLines = 131, "费用明细条数超过单次结算上限";
        /// Two lines with the same serial.
        DuplicateLine = 132, "费用明细流水号重复";
        /// An amount, price, quantity, balance or slot beyond what the engine accepts.
        AmountOutOfBounds = 133, "金额、单价、数量、余额或累计值超出可接受范围";
        /// A line or total below nought that is not a return.
        NegativeAmount = 134, "金额或数量为负，且不是对原明细的冲减";
        /// A return that names no earlier line of the claim.
        ReturnWithoutLine = 135, "冲减明细没有找到被冲减的原明细";
        /// A return whose code or price is not that of its line.
        ReturnUnlikeLine = 136, "冲减明细的目录编码或单价与原明细不一致，或数量、金额不为负";
        /// Returns that take more than the line had.
        ReturnExceedsLine = 137, "冲减数量或金额超过原明细";
        /// `det_item_fee_sumamt` is not `pric × cnt` within the tolerance.
        AmountMismatch = 138, "明细金额不等于单价乘以数量";
        /// The four parts do not add up to the total.
        TotalsMismatch = 139, "费用合计各组成部分之和不等于医疗费总额";
        /// The stay crosses a year end that its pack divides, or cover ends in it, and only totals were given.
        LinesNeeded = 140, "本次就诊跨年度或期间停保，须上传费用明细";
        /// The stay is divided into more years than one settlement takes.
        TooManyYears = 141, "住院跨越的年度过多，请先办理中途结算";
        /// The decision broke an identity: our mistake, reported and changing nothing.
        InternalCheckFailed = 190, "内部校验未通过，本次结算未生效，请联系运维";
    }
}

reasons! {
    /// Why a line, or a part of it, is not in scope, or what was noted of it. In the order of the steps of the line check.
    LineReason {
        /// The amount differs from price times quantity within the tolerance.
        AmountTolerated = 201, "明细金额与单价乘数量的差在容差内";
        /// The whole visit is own cost by its cause.
        CauseIsOwnCost = 202, "就诊原因不属于基金支付范围";
        /// The fee lies on or after the day cover ended.
        CoverEnded = 203, "费用发生时已停保";
        /// The catalogue has no such code.
        CodeUnknown = 210, "目录中没有该编码";
        /// The code is not in force on the fee date.
        CodeNotInForce = 211, "该编码在费用发生日不在有效期内";
        /// Class 丙.
        ClassC = 212, "丙类项目";
        /// Not for the schemes of this family, nor for this maternity visit.
        OutsideScope = 213, "不属于该险种的支付范围";
        /// `hosp_appr_flag` 2.
        HospitalDeclined = 220, "医院审批标志为不通过";
        /// A restricted entry without the hospital's approval.
        RestrictionNotApproved = 221, "限定支付项目未经医院审批通过";
        /// The facility's level is too low.
        LevelTooLow = 222, "不符合限定的医疗机构等级";
        /// Another setting than the restriction allows.
        WrongSetting = 223, "不符合限定的就诊场所";
        /// Another sex, or none stated.
        WrongSex = 224, "不符合限定的性别";
        /// Outside the age.
        WrongAge = 225, "不符合限定的年龄";
        /// Another family of schemes.
        WrongScheme = 226, "不符合限定的险种";
        /// Not a maternity visit.
        NotMaternity = 227, "限生育使用";
        /// No diagnosis of the visit is in the set.
        DiagnosisNotCovered = 228, "诊断不在限定范围内";
        /// Beyond the quantity of a visit.
        QuantityPerVisitExceeded = 229, "超过每次就诊限定数量的部分";
        /// Beyond the quantity of a day.
        QuantityPerDayExceeded = 230, "超过每日限定数量的部分";
        /// Beyond the days of use.
        DaysExceeded = 231, "超过限定用药天数的部分";
        /// Excluded by an earlier line.
        Exclusive = 240, "与已收取的互斥项目重复收费";
        /// Contained in another billed item.
        Included = 241, "已包含在另一收费项目中（分解收费）";
        /// More often than allowed.
        TooOften = 242, "超过限定的收费频次";
        /// Above the ceiling price.
        OverCeiling = 250, "超过限价的部分";
        /// First self-pay of class 乙 or of the entry.
        FirstSelfPay = 251, "乙类或项目先行自付";
    }
}

reasons! {
    /// Why the ledger refuses a command, whatever a pack may say.
    Conduct {
        /// The key of the request came before with other content.
        KeyWithOtherContent = 301, "同一报文标识已用于内容不同的请求";
        /// The request was reversed, before or after it came.
        ReversedBefore = 302, "该交易已被冲正";
        /// No such member.
        MemberUnknown = 303, "人员编号不存在";
        /// No such facility.
        FacilityUnknown = 304, "定点医药机构未登记";
        /// No such visit of this member at this facility.
        VisitUnknown = 305, "就诊登记不存在，或不属于该人员和本机构";
        /// The visit is settled for good.
        VisitSettled = 306, "该次就诊已结算，请先撤销结算";
        /// A line of this serial is there and says something else.
        LineDiffers = 307, "费用明细流水号已上传，且内容不同";
        /// No line of this serial.
        LineUnknown = 308, "要撤销的费用明细不存在";
        /// The line was settled.
        LineSettled = 309, "费用明细已结算，不能撤销";
        /// The amount given is not the sum of the lines.
        TotalDiffers = 310, "医疗费总额与已上传未结算的费用明细合计不一致";
        /// The totals name a line kind that the pack does not have.
        LineKindUnknown = 311, "费用合计中的项目类别不在政策包内";
        /// No such settlement of this member at this facility.
        SettlementUnknown = 312, "结算记录不存在，或不属于该人员和本机构";
        /// The settlement was cancelled before.
        CancelledBefore = 313, "该结算已撤销";
        /// Later settlements of the member read what this one changed.
        LaterSettlements = 314, "该人员之后的结算已使用本次结算的累计值，须先撤销之后的结算";
        /// The request is of a kind that is not reversed.
        NotReversible = 315, "该交易不支持冲正";
        /// The day is closed.
        DayIsClosed = 316, "结算日期所在账期已关账";
        /// A deposit that is nought, below it, or takes the balance beyond what the engine accepts.
        DepositOutOfBounds = 317, "个人账户划入金额超出可接受范围";
        /// More lines than a visit may have.
        TooManyLinesOfVisit = 318, "就诊的费用明细条数超过上限";
        /// The record of the settlement can no longer be read.
        RecordUnreachable = 319, "结算记录已归档，须先取回归档的日志";
        /// The request to be reversed has not come; if it comes it is refused.
        NothingToReverse = 320, "未找到被冲正的交易；该交易如随后到达将被拒绝";
        /// What is to be kept of the command is longer than a record may be.
        RecordTooLong = 321, "内容超过单笔记录上限，请分批上传";
        /// More settlements stand than one correction decides anew.
        TooManyToCorrect = 322, "须重新结算的结算笔数超过单次上限，请从较晚的结算开始分次办理";
        /// A facility asks for what only the bureau does.
        OperatorsOnly = 323, "该业务仅限医保经办机构办理";
        /// A family account does not have what it paid before, or has nothing left.
        FamilyAccountShort = 324, "共济账户余额不足";
        /// The accounts that may pay for a member are the member's own, named twice, or too many.
        FamilyWrong = 325, "家庭共济账户登记有误：不得为本人账户，不得重复，不得超过上限";
        /// What is to be ended is not held, or not so much.
        HoldUnknown = 326, "共济账户预留不存在或金额不符";
        /// Lines were uploaded for the visit whose registration is to be reversed.
        VisitHasLines = 327, "就诊已上传费用明细，请先撤销费用明细";
        /// The end of the visit is registered: no line comes after it, and it has no other end.
        VisitEnded = 328, "就诊已办理出院（结束），请先撤销出院";
        /// The end of the visit is not registered.
        VisitNotEnded = 329, "就诊尚未办理出院（结束），不能撤销出院";
        /// No line of this batch that is not settled.
        BatchUnknown = 330, "该收费批次没有未结算的费用明细";
        /// What is known of the visit, or its lines, changed since the settlement was cancelled.
        VisitChanged = 331, "撤销结算之后就诊信息或费用明细已变更，不能恢复该结算";
        /// Settled whole before its end is registered.
        VisitLasts = 332, "就诊尚未办理出院，请先办理出院（2402），或办理中途结算";
        /// A filing ends before it begins.
        FilingDatesReversed = 333, "备案的结束日期（enddate）早于开始日期（begndate）";
        /// The same is filed already, for some of its days.
        FilingExists = 334, "该人员在此期间已有相同的备案";
        /// No such filing of this member by this facility that stands.
        FilingUnknown = 335, "备案不存在或已撤销，或不是本机构为该人员办理";
        /// A settlement that stands was decided by it.
        FilingUsed = 336, "该备案已用于结算，请先撤销有关结算";
        /// What the request filed was withdrawn since.
        FilingWithdrawn = 337, "该备案已撤销";
        /// More filings stand than a member may have.
        TooManyFilings = 338, "该人员有效的备案条数超过上限（本机构64条，合计256条）";
        /// The registration that a repeated request made was taken back since.
        VisitWithdrawn = 339, "该挂号或入院登记已撤销";
        /// The end of the visit that a repeated request registered was taken back since.
        EndWithdrawn = 340, "该出院办理已撤销";
    }
}

/// A set of line reasons.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Default)]
pub struct LineReasons(u64);

impl LineReason {
    #[inline]
    fn bit(self) -> u64 {
        // Numbers lie between 201 and 263, so that each has a bit of its own; a test holds this.
        1_u64.wrapping_shl(u32::from(self.number()).wrapping_sub(201))
    }
}

impl LineReasons {
    /// No reason: the line is wholly in scope.
    pub const NONE: LineReasons = LineReasons(0);

    /// Adds a reason.
    #[inline]
    pub fn add(&mut self, reason: LineReason) {
        self.0 |= reason.bit();
    }

    /// Adds a reason where it holds, without a branch.
    #[inline(always)]
    pub(crate) fn add_when(&mut self, reason: LineReason, holds: bool) {
        self.0 |= reason.bit() & u64::from(holds).wrapping_neg();
    }

    /// A bit for each, by its number.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// The set of these bits; `None` where one stands for no reason.
    pub(crate) fn of_bits(bits: u64) -> Option<LineReasons> {
        let known = LineReason::ALL.iter().fold(0, |all, reason| all | reason.bit());
        (bits & !known == 0).then_some(LineReasons(bits))
    }

    /// Whether a reason is in the set.
    pub fn contains(self, reason: LineReason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons in order of the steps.
    pub fn iter(self) -> impl Iterator<Item = LineReason> {
        LineReason::ALL.iter().copied().filter(move |reason| self.contains(*reason))
    }
}

impl fmt::Debug for LineReasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(LineReason::number)).finish()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.chinese(), self.number())
    }
}

impl fmt::Display for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.chinese(), self.number())
    }
}

impl fmt::Display for LineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.chinese(), self.number())
    }
}

/// A refused claim: the reason, and the line it was found at where there is one.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Index of the line, counted from nought.
    pub line: Option<u32>,
    /// What the line or total should have been, where that is known: given and computed.
    pub figures: Option<(crate::money::Fen, crate::money::Fen)>,
}

impl Refusal {
    /// A refusal of the claim as a whole.
    pub const fn of(reason: Reason) -> Refusal {
        Refusal { reason, line: None, figures: None }
    }

    /// A refusal for a line.
    pub fn at(reason: Reason, line: usize) -> Refusal {
        Refusal { reason, line: u32::try_from(line).ok(), figures: None }
    }

    /// The same with the given and the computed figure.
    pub const fn with(self, given: crate::money::Fen, computed: crate::money::Fen) -> Refusal {
        Refusal { reason: self.reason, line: self.line, figures: Some((given, computed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_every_line_reason_has_its_own_bit() {
        assert!(Reason::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        assert!(Conduct::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        assert!(LineReason::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        assert!(LineReason::ALL.iter().all(|reason| (201..265).contains(&reason.number())));
        let mut all = LineReasons::NONE;
        LineReason::ALL.iter().for_each(|reason| all.add(*reason));
        assert!(all.iter().eq(LineReason::ALL.iter().copied()));
    }
}
