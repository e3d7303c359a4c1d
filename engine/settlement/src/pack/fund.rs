//! Funds by their national number, and the field of the answer in which each is summed.

use core::fmt;

/// The setlinfo field that a fund's payments are summed in.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum FundField {
    /// `hifp_pay`: basic pooling
    HifpPay,
    /// `cvlserv_pay`: civil servants' aid
    CvlservPay,
    /// `hifes_pay`: enterprise supplement
    HifesPay,
    /// `hifmi_pay`: residents' critical illness
    HifmiPay,
    /// `hifob_pay`: large-sum aid
    HifobPay,
    /// `hifdm_pay`: disabled servicemen
    HifdmPay,
    /// `maf_pay`: medical assistance
    MafPay,
    /// `oth_pay`: all others
    OthPay,
    /// `hosp_part_amt`: borne by the facility
    HospPart,
}

/// How many fields there are that funds pay into, the facility's not among them.
pub const FUND_FIELDS: usize = 8;

/// A `fund_pay_type`, six digits.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct FundType(u32);

impl FundField {
    /// Its index among the fields of funds; the facility's is beyond them.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The fields that funds pay into, in the order of the platform.
    pub const ALL: [FundField; FUND_FIELDS] = [
        FundField::HifpPay,
        FundField::CvlservPay,
        FundField::HifesPay,
        FundField::HifmiPay,
        FundField::HifobPay,
        FundField::HifdmPay,
        FundField::MafPay,
        FundField::OthPay,
    ];

    /// The national field name.
    pub const fn name(self) -> &'static str {
        match self {
            FundField::HifpPay => "hifp_pay",
            FundField::CvlservPay => "cvlserv_pay",
            FundField::HifesPay => "hifes_pay",
            FundField::HifmiPay => "hifmi_pay",
            FundField::HifobPay => "hifob_pay",
            FundField::HifdmPay => "hifdm_pay",
            FundField::MafPay => "maf_pay",
            FundField::OthPay => "oth_pay",
            FundField::HospPart => "hosp_part_amt",
        }
    }
}

impl FundType {
    /// Six decimal digits.
    pub fn parse(text: &str) -> Option<FundType> {
        let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse().ok().map(FundType) } else { None }
    }

    /// The type of a number of six digits.
    pub fn new(digits: u32) -> Option<FundType> {
        (digits < 1_000_000).then_some(FundType(digits))
    }

    /// The six digits as a number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The setlinfo field its payments are summed in (`catalogs/sources/POLICY.md` §8).
    pub const fn field(self) -> FundField {
        match self.0 {
            310_100 | 310_102 | 390_100 | 390_102 => FundField::HifpPay,
            390_200 => FundField::HifmiPay,
            330_100 | 310_300 => FundField::HifobPay,
            370_100 => FundField::HifesPay,
            320_100 => FundField::CvlservPay,
            350_100 => FundField::HifdmPay,
            610_100 => FundField::MafPay,
            999_900..=999_999 => FundField::HospPart,
            _ => FundField::OthPay,
        }
    }
}

impl fmt::Display for FundType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}
