//! What `setlinfo` and `setldetail` say of a decision and do not stand in it as they are: sums over tiers, codes, and how a
//! payment came about, in words.

use yidan_settlement::bill::Decision;
use yidan_settlement::money::{Fen, Rate};
use yidan_settlement::pack::{Agreement, Pack, Tier};
use yidan_settlement::tiers::TierRow;

/// What basic insurance made of a bill.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Basic {
    /// `act_pay_dedc`
    pub deductible: Fen,
    /// `pool_prop_selfpay`, despite its name the ratio that the pool paid of what is above the deductible, in ten-thousandths;
    /// nought where nothing is.
    pub ratio: i64,
}

impl Basic {
    /// Of a decision by a pack.
    pub fn of(decision: &Decision, pack: &Pack) -> Basic {
        let basic = decision
            .tiers
            .iter()
            .filter(|row| tier(row, decision, pack).is_some_and(|tier| tier.basic));
        let (mut deductible, mut above, mut paid) = (Fen::ZERO, Fen::ZERO, Fen::ZERO);
        for row in basic {
            deductible = deductible.plus(row.deductible);
            above = above.plus(row.base).minus(row.deductible);
            paid = paid.plus(row.paid);
        }
        // Of a cancellation both are below nought.
        let (above, paid) =
            if above.is_negative() { (above.negated(), paid.negated()) } else { (above, paid) };
        let ratio = if above.is_zero() {
            0
        } else {
            Fen::new(10_000).proportion(paid.get(), above.get()).get()
        };
        Basic { deductible, ratio }
    }
}

/// `clr_type` 清算类别: 11 门诊, 21 住院, 41 药店购药, by what the facility has agreed to for such a visit.
pub fn clr_type(decision: &Decision, pack: &Pack) -> &'static str {
    let benefit = pack.data().benefits.get(decision.benefit.index());
    clr_type_of(benefit.map(|benefit| benefit.agreement))
}

/// The same, by that agreement.
pub(crate) fn clr_type_of(agreement: Option<Agreement>) -> &'static str {
    match agreement {
        Some(Agreement::Inpatient) => "21",
        Some(Agreement::Outpatient | Agreement::Chronic) => "11",
        Some(Agreement::Pharmacy) => "41",
        None => "",
    }
}

/// `setl_proc_info`: how a payment came about, in a line.
pub fn proceedings(row: &TierRow, tier: &Tier) -> String {
    let cap = match row.cap_left {
        Some(left) => format!("封顶余额{left}"),
        None => "无封顶线".to_owned(),
    };
    let rates = match rates(row, tier) {
        rates if rates.is_empty() => "-".to_owned(),
        rates => rates.iter().map(ToString::to_string).collect::<Vec<_>>().join("/"),
    };
    format!(
        "进入{}，首先自付{}，起付线{}，按{rates}支付{}，{cap}，超封顶{}",
        row.base, row.first_share, row.deductible, row.paid, row.above_cap
    )
}

/// The ratios that priced something, in order, neighbours that are alike once.
pub fn rates(row: &TierRow, tier: &Tier) -> Vec<Rate> {
    let Some(table) = usize::try_from(row.row).ok().and_then(|index| tier.rows.get(index)) else {
        return Vec::new();
    };
    let covered = if row.covered.is_negative() { row.covered.negated() } else { row.covered };
    let end = row.begin.plus(covered);
    let bands = if table.kind_bands.is_empty() {
        vec![&table.bands]
    } else {
        table.kind_bands.iter().map(|own| &own.bands).collect()
    };
    let pieces =
        bands.iter().flat_map(|bands| yidan_settlement::tiers::pieces(bands, row.begin, end));
    let mut rates: Vec<Rate> = pieces.map(|piece| piece.rate).collect();
    rates.dedup();
    rates
}

/// The tier of a row.
pub fn tier<'p>(row: &TierRow, decision: &Decision, pack: &'p Pack) -> Option<&'p Tier> {
    let part = decision.parts.get(usize::from(row.stay_part))?;
    pack.edition(part.governing)?.tiers.get(row.tier.index())
}
