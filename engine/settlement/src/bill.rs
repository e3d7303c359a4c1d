//! The one bill (一单): everything a settlement decided, in one record from which statement, postings and explanation follow.

use alloc::vec::Vec;

use crate::admit::SlotKey;
use crate::claim::LineParts;
use crate::date::Day;
use crate::id::BenefitId;
use crate::money::{Fen, Quantity};
use crate::pack::{Circumstance, FUND_FIELDS, FundField, FundType, PARTS, Part};
use crate::price::LineOutcome;
use crate::tiers::TierRow;

/// What a settlement decided. The same type is a pre-settlement, a settlement and, with all signs turned, a reversal.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Decision {
    /// The kind of visit.
    pub benefit: BenefitId,
    /// The parts of the stay, one for each year it was divided into.
    pub parts: Vec<DecidedPart>,
    /// What became of each line; empty for a claim by totals.
    pub lines: Vec<LineOutcome>,
    /// `medfee_sumamt` 医疗费总额
    pub total: Fen,
    /// The four parts of the bill.
    pub split: LineParts,
    /// What tiers did, in order.
    pub tiers: Vec<TierRow>,
    /// What slots changed, in order.
    pub changes: Vec<SlotChange>,
    /// Payments by field: `hifp_pay` …, in the order of [`FundField::ALL`].
    pub funds: [Fen; FUND_FIELDS],
    /// `hosp_part_amt` 医院负担金额
    pub hosp_part: Fen,
    /// `psn_part_amt` 个人负担总金额
    pub psn_part: Fen,
    /// Of covered cost, what the member bears, by [`Part`].
    pub borne: [Fen; PARTS],
    /// What the lack of a filing cost.
    pub filing_loss: Fen,
    /// Paid from the own account.
    pub account_own: Fen,
    /// Paid from family accounts, in the order of the case.
    pub account_family: Vec<Fen>,
    /// `psn_cash_pay` 个人现金支出
    pub cash: Fen,
    /// `balc`: the own account after.
    pub balance: Fen,
    /// Double entry.
    pub postings: Vec<Posting>,
    /// Lines whose amount was within the tolerance but not exact.
    pub tolerated: u32,
}

/// A part of the stay as it was settled.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct DecidedPart {
    /// The benefit year.
    pub year: i32,
    /// The day by which the edition of the pack was chosen.
    pub governing: Day,
    /// The circumstances.
    pub at: Circumstance,
    /// What the facility bears by edits, inside own cost.
    pub facility: Fen,
}

/// A change of a slot.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SlotChange {
    /// Which value of which slot.
    pub key: SlotKey,
    /// The part of the stay that wrote it.
    pub stay_part: u8,
    /// Before.
    pub before: Fen,
    /// After.
    pub after: Fen,
}

/// One side of an entry in the books.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// The side.
    pub side: Side,
    /// The amount; negative in a reversal.
    pub amount: Fen,
}

/// An account of the books.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Account {
    /// Benefit expense of a fund.
    FundExpense(FundType),
    /// Liability to the member's own account.
    OwnAccount,
    /// Liability to the n-th sharing member's account.
    FamilyAccount(u32),
    /// Payable to the facility.
    FacilityPayable,
    /// Payable to the person, for a claim by hand.
    PersonPayable,
}

/// The side of a posting.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Side {
    /// 借
    Debit,
    /// 贷
    Credit,
}

impl Decision {
    /// `fund_pay_sumamt` 基金支付总额
    pub fn fund_sum(&self) -> Fen {
        self.funds.iter().copied().fold(Fen::ZERO, Fen::plus)
    }

    /// What one field sums.
    pub fn fund(&self, field: FundField) -> Fen {
        match field {
            FundField::HospPart => self.hosp_part,
            FundField::HifpPay
            | FundField::CvlservPay
            | FundField::HifesPay
            | FundField::HifmiPay
            | FundField::HifobPay
            | FundField::HifdmPay
            | FundField::MafPay
            | FundField::OthPay => self.funds.get(field.index()).copied().unwrap_or_default(),
        }
    }

    /// `acct_mulaid_pay` 个人账户共济支付金额
    pub fn account_family_sum(&self) -> Fen {
        self.account_family.iter().copied().fold(Fen::ZERO, Fen::plus)
    }

    /// `acct_pay` 个人账户支出, the family's among it.
    pub fn account_sum(&self) -> Fen {
        self.account_own.plus(self.account_family_sum())
    }

    /// One of the five parts of what the member bears of covered cost.
    pub fn borne(&self, part: Part) -> Fen {
        self.borne.get(part.index()).copied().unwrap_or_default()
    }

    /// What the facility bears by edits, inside own cost.
    pub fn facility_by_edits(&self) -> Fen {
        self.parts.iter().map(|part| part.facility).fold(Fen::ZERO, Fen::plus)
    }

    /// The exact opposite: every amount with the other sign, every slot change turned round.
    /// Posted after the settlement, it leaves nothing.
    pub fn reversed(&self) -> Decision {
        let turn = |part: &LineParts| LineParts::default().minus(part);
        Decision {
            benefit: self.benefit,
            parts: self
                .parts
                .iter()
                .map(|part| DecidedPart { facility: part.facility.negated(), ..*part })
                .collect(),
            lines: self
                .lines
                .iter()
                .map(|line| LineOutcome {
                    parts: turn(&line.parts),
                    facility: line.facility.negated(),
                    quantity: Quantity::ZERO.minus(line.quantity),
                    ..*line
                })
                .collect(),
            total: self.total.negated(),
            split: turn(&self.split),
            tiers: self.tiers.iter().map(TierRow::reversed).collect(),
            changes: self.changes.iter().rev().map(SlotChange::reversed).collect(),
            funds: self.funds.map(Fen::negated),
            hosp_part: self.hosp_part.negated(),
            psn_part: self.psn_part.negated(),
            borne: self.borne.map(Fen::negated),
            filing_loss: self.filing_loss.negated(),
            account_own: self.account_own.negated(),
            account_family: self.account_family.iter().copied().map(Fen::negated).collect(),
            cash: self.cash.negated(),
            balance: self.balance.plus(self.account_own),
            postings: self
                .postings
                .iter()
                .map(|posting| Posting { amount: posting.amount.negated(), ..*posting })
                .collect(),
            tolerated: self.tolerated,
        }
    }

    /// Empties the record and keeps its room; its lines are written over when they are split.
    pub(crate) fn clear(&mut self) {
        let Decision { parts, tiers, changes, account_family, postings, .. } = self;
        parts.clear();
        tiers.clear();
        changes.clear();
        account_family.clear();
        postings.clear();
    }
}

impl SlotChange {
    /// What was added.
    pub fn delta(&self) -> Fen {
        self.after.minus(self.before)
    }

    fn reversed(&self) -> SlotChange {
        SlotChange { before: self.after, after: self.before, ..*self }
    }
}

impl TierRow {
    /// Amounts with the other sign; places on the axis and caps stay what they were.
    fn reversed(&self) -> TierRow {
        TierRow {
            base: self.base.negated(),
            cut: self.cut.negated(),
            first_share: self.first_share.negated(),
            deductible: self.deductible.negated(),
            covered: self.covered.negated(),
            banded: self.banded.negated(),
            paid_for: self.paid_for.negated(),
            paid: self.paid.negated(),
            above_cap: self.above_cap.negated(),
            facility: self.facility.negated(),
            filing_loss: self.filing_loss.negated(),
            ..*self
        }
    }
}
