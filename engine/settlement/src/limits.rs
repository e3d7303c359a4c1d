//! Every bound of the domain, each with its reason, tied to its neighbours so that sums cannot overflow.

/// The largest amount of a line or a bill, in fen: 10¹¹ yuan, above any bill and far below what overflows.
pub const BILL_FEN_MAX: i64 = 10_000_000_000_000;

/// Seconds that a facility's clock may be ahead of ours: what it says of now is taken so far, and what is to come is refused.
pub const CLOCK_SKEW_SECONDS: i64 = 600;

/// The largest value of a slot in fen: fifty bills of the largest amount, and still exact in 64 bits times a ratio.
pub const SLOT_FEN_MAX: i64 = 500_000_000_000_000;

/// The largest unit price, in millionths of a yuan: ten million yuan, three times the dearest therapy sold.
pub const PRICE_MAX: i64 = 10_000_000_000_000;

/// The largest quantity, in ten-thousandths: ten million units.
pub const QUANTITY_MAX: i64 = 100_000_000_000;

/// Fee lines of one claim: an intensive-care stay of a year has fewer.
pub const LINES_MAX: usize = 20_000;

/// Bytes of a record of the journal: what a command of the largest message (8 MB) leaves is shorter, as it has no names of fields.
pub const RECORD_BYTES_MAX: usize = (8 << 20) - 64;

/// Settlements that one correction decides anew: of one member since the first that is concerned. A dialysis patient has some 400 a
/// year. Each may get a number of its own.
pub const ADJUSTED_MAX: u64 = 1_000;

/// Days for which a visit that is settled by batch (`chrg_bchno`) waits for its next batch, counted from its begin: outpatient
/// courses are charged within a month, and a request of that age is remembered no longer either.
pub const BATCH_VISIT_DAYS: i32 = 35;

/// Family accounts that may pay for one member: each is another member's, and costs a settlement two records of its own.
pub const FAMILY_MAX: usize = 8;

/// Filings of one member that stand at once: chosen facilities, diseases, referrals and accidents of a life have fewer, and
/// each is in every record that changes what is known of the member.
pub const FILED_MAX: usize = 256;

/// Of these, what one facility may have filed: so that none can use up what others need.
pub const FILED_BY_ONE_MAX: usize = 64;

/// Bytes of a catalogue code; national codes have up to 27, with local parts up to 35.
pub const CODE_BYTES_MAX: usize = 40;

/// Tiers of a pack, all benefit kinds together; a mask of 64 bits names a set of them.
pub const TIERS_MAX: usize = 64;

/// Line kinds of a pack.
pub const LINE_KINDS_MAX: usize = 8;

/// Slots of a pack.
pub const SLOTS_MAX: usize = 64;

/// Bands of one tier.
pub const BANDS_MAX: usize = 12;

/// Parts into which one stay may be cut at year ends.
pub const YEAR_PARTS_MAX: usize = 4;

/// The oldest age, in years, that a table can tell apart.
pub const AGE_MAX: u16 = 150;

/// The most diseases with an approval that a condition can ask for; more are not counted.
pub const APPROVALS_MAX: usize = 150;

// A bill times a ratio, and half a divisor more, must fit 64 bits.
const _: () = assert!(BILL_FEN_MAX < i64::MAX / 20_000);
// A place on a yearly axis, and the bill beyond it, times a ratio must fit 64 bits.
const _: () = assert!(SLOT_FEN_MAX + BILL_FEN_MAX < i64::MAX / 10_000);
