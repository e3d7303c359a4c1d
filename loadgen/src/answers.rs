//! What answers say, and what must hold of them: the identities of a settlement, the parts of a line, a cancellation that is
//! the exact opposite.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fen::Fen;

/// The envelope of an answer.
#[derive(Deserialize)]
pub struct Envelope<'a> {
    /// 0: done. A number, or text.
    #[serde(borrow)]
    pub infcode: &'a RawValue,
    /// The number of the answer: the same for a request that is repeated.
    #[serde(default)]
    pub inf_refmsgid: Option<String>,
    /// Why it was not done.
    #[serde(default)]
    pub err_msg: Option<String>,
    /// What the transaction gives.
    #[serde(borrow, default)]
    pub output: Option<&'a RawValue>,
    /// The signature of one family.
    #[serde(default)]
    pub cainfo: Option<String>,
}

/// The amounts of a settlement or of its refund, which has some of them.
#[derive(Clone, Default, Deserialize, PartialEq, Debug)]
#[serde(default)]
pub struct Setlinfo {
    /// Number of the settlement.
    pub setl_id: Option<String>,
    /// Number of the visit.
    pub mdtrt_id: Option<String>,
    /// Whose it is.
    pub psn_no: Option<String>,
    /// Insurance.
    pub insutype: Option<String>,
    /// When.
    pub setl_time: Option<String>,
    /// How it is cleared.
    pub clr_type: Option<String>,
    /// The number of the message that asked for it.
    pub medins_setl_id: Option<String>,
    /// Total.
    pub medfee_sumamt: Fen,
    /// Own cost.
    pub fulamt_ownpay_amt: Fen,
    /// Over ceilings.
    pub overlmt_selfpay: Fen,
    /// Pre-pay.
    pub preselfpay_amt: Fen,
    /// In scope.
    pub inscp_scp_amt: Fen,
    /// Pooling fund.
    pub hifp_pay: Fen,
    /// Civil servants.
    pub cvlserv_pay: Fen,
    /// Enterprise supplement.
    pub hifes_pay: Fen,
    /// Critical illness of residents.
    pub hifmi_pay: Fen,
    /// Large sums of employees.
    pub hifob_pay: Fen,
    /// Disabled servicemen.
    pub hifdm_pay: Fen,
    /// Medical assistance.
    pub maf_pay: Fen,
    /// Others.
    pub oth_pay: Fen,
    /// All funds.
    pub fund_pay_sumamt: Fen,
    /// Borne by the person.
    pub psn_part_amt: Fen,
    /// From accounts, those of family members among them.
    pub acct_pay: Fen,
    /// Of it from family members' accounts.
    pub acct_mulaid_pay: Fen,
    /// Cash.
    pub psn_cash_pay: Fen,
    /// Cash, as the text of 2208 misspells it: where it is there, it is the same.
    pub pdn_cash_pay: Option<Fen>,
    /// Borne by the facility.
    pub hosp_part_amt: Fen,
    /// What the own account has left.
    pub balc: Option<Fen>,
}

/// What a settlement is answered with.
#[derive(Deserialize, Debug)]
pub struct Settled {
    /// The bill.
    pub setlinfo: Setlinfo,
}

/// What an upload is answered with.
#[derive(Deserialize)]
pub struct Uploaded {
    /// A row for each line.
    pub result: Vec<Row>,
}

/// One line, as it was split.
#[derive(Deserialize)]
pub struct Row {
    /// Its number.
    pub feedetl_sn: String,
    /// Its amount.
    pub det_item_fee_sumamt: Fen,
    /// Own cost; `None` where it could not be split.
    pub fulamt_ownpay_amt: Option<Fen>,
    /// Over the ceiling.
    pub overlmt_amt: Option<Fen>,
    /// Pre-pay.
    pub preselfpay_amt: Option<Fen>,
    /// In scope.
    pub inscp_scp_amt: Option<Fen>,
}

impl Setlinfo {
    /// The amounts, with their names.
    pub fn amounts(&self) -> [(&'static str, Fen); 19] {
        [
            ("medfee_sumamt", self.medfee_sumamt),
            ("fulamt_ownpay_amt", self.fulamt_ownpay_amt),
            ("overlmt_selfpay", self.overlmt_selfpay),
            ("preselfpay_amt", self.preselfpay_amt),
            ("inscp_scp_amt", self.inscp_scp_amt),
            ("hifp_pay", self.hifp_pay),
            ("cvlserv_pay", self.cvlserv_pay),
            ("hifes_pay", self.hifes_pay),
            ("hifmi_pay", self.hifmi_pay),
            ("hifob_pay", self.hifob_pay),
            ("hifdm_pay", self.hifdm_pay),
            ("maf_pay", self.maf_pay),
            ("oth_pay", self.oth_pay),
            ("fund_pay_sumamt", self.fund_pay_sumamt),
            ("psn_part_amt", self.psn_part_amt),
            ("acct_pay", self.acct_pay),
            ("acct_mulaid_pay", self.acct_mulaid_pay),
            ("psn_cash_pay", self.psn_cash_pay),
            ("hosp_part_amt", self.hosp_part_amt),
        ]
    }

    /// What does not hold of a bill over so much: the first of the identities that is broken.
    pub fn broken(&self, total: Fen) -> Option<String> {
        let parts = self.fulamt_ownpay_amt
            + self.overlmt_selfpay
            + self.preselfpay_amt
            + self.inscp_scp_amt;
        let funds = self.hifp_pay
            + self.cvlserv_pay
            + self.hifes_pay
            + self.hifmi_pay
            + self.hifob_pay
            + self.hifdm_pay
            + self.maf_pay
            + self.oth_pay;
        let payers = self.fund_pay_sumamt + self.psn_part_amt + self.hosp_part_amt;
        let person = self.acct_pay + self.psn_cash_pay;
        let sides = [
            ("medfee_sumamt", self.medfee_sumamt, "what was sent", total),
            ("the four parts", parts, "medfee_sumamt", self.medfee_sumamt),
            ("the eight funds", funds, "fund_pay_sumamt", self.fund_pay_sumamt),
            ("funds, person and facility", payers, "medfee_sumamt", self.medfee_sumamt),
            ("acct_pay and psn_cash_pay", person, "psn_part_amt", self.psn_part_amt),
        ];
        sides
            .into_iter()
            .find(|(_, left, _, right)| left != right)
            .map(|(left, is, right, should)| format!("{left}: {is}, but {right}: {should}"))
    }

    /// The first amount that differs from that of another bill.
    pub fn differs(&self, other: &Setlinfo) -> Option<String> {
        self.amounts()
            .into_iter()
            .zip(other.amounts())
            .find(|(one, other)| one != other)
            .map(|((name, one), (_, other))| format!("{name} was {one}, and then {other}"))
    }

    /// The first amount of a refund that is not the opposite of this one's.
    pub fn not_opposite(&self, refund: &Setlinfo) -> Option<String> {
        // 2103 has no hosp_part_amt: what it does not say is not compared.
        let said = |name: &str, amount: Fen| name != "hosp_part_amt" || amount != Fen::ZERO;
        let misspelt = refund.pdn_cash_pay.filter(|back| *back != -self.psn_cash_pay);
        self.amounts()
            .into_iter()
            .zip(refund.amounts())
            .find(|((_, paid), (name, back))| said(name, *back) && *paid != -*back)
            .map(|((name, paid), (_, back))| (name, paid, back))
            .or_else(|| Some(("pdn_cash_pay", self.psn_cash_pay, misspelt?)))
            .map(|(name, paid, back)| format!("{name} was {paid}, its refund {back}"))
    }
}

impl Row {
    /// What does not hold of a line over so much.
    pub fn broken(&self, total: Fen) -> Option<String> {
        let sn = &self.feedetl_sn;
        if self.det_item_fee_sumamt != total {
            let is = self.det_item_fee_sumamt;
            return Some(format!("line {sn}: det_item_fee_sumamt is {is}, {total} was sent"));
        }
        let (Some(own), Some(over), Some(pre), Some(scope)) =
            (self.fulamt_ownpay_amt, self.overlmt_amt, self.preselfpay_amt, self.inscp_scp_amt)
        else {
            return Some(format!("line {sn} was not split"));
        };
        let parts = own + over + pre + scope;
        (parts != total).then(|| format!("line {sn}: its parts come to {parts} of {total}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BILL: &str = r#"{"medfee_sumamt":100,"inscp_scp_amt":80.5,"preselfpay_amt":19.5,"hifp_pay":60.25,"fund_pay_sumamt":60.25,
        "psn_part_amt":39.75,"acct_pay":9.75,"psn_cash_pay":30.00,"balc":0}"#;

    #[test]
    fn a_wrong_fen_is_seen_wherever_it_is() {
        let bill: Setlinfo = serde_json::from_str(BILL).expect("a bill");
        assert_eq!(bill.broken(Fen(10_000)), None);
        assert!(bill.broken(Fen(9_999)).is_some());
        for (from, to) in
            [("80.5", "80.51"), ("60.25", "60.24"), ("9.75", "9.76"), ("30.00", "30.01")]
        {
            let wrong: Setlinfo =
                serde_json::from_str(&BILL.replacen(from, to, 1)).expect("a bill");
            assert!(wrong.broken(Fen(10_000)).is_some(), "{from} is {to}");
            assert!(bill.differs(&wrong).is_some(), "{from} is {to}");
        }
    }

    #[test]
    fn a_refund_is_the_opposite() {
        let bill: Setlinfo = serde_json::from_str(BILL).expect("a bill");
        let refund = r#"{"medfee_sumamt":-100,"inscp_scp_amt":-80.5,"preselfpay_amt":-19.5,"hifp_pay":-60.25,
            "fund_pay_sumamt":-60.25,"psn_part_amt":-39.75,"acct_pay":-9.75,"psn_cash_pay":-30,"pdn_cash_pay":-30}"#;
        let back: Setlinfo = serde_json::from_str(refund).expect("a refund");
        assert_eq!(bill.not_opposite(&back), None);
        for field in ["psn_cash_pay", "pdn_cash_pay"] {
            let short = refund.replace(&format!("\"{field}\":-30"), &format!("\"{field}\":-29.99"));
            let short: Setlinfo = serde_json::from_str(&short).expect("a refund");
            let told = format!("{field} was 30.00, its refund -29.99");
            assert_eq!(bill.not_opposite(&short), Some(told));
        }
    }
}
