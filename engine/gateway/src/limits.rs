//! Every bound of what is read from the wire, each with its reason.

use yidan_settlement::limits::{BILL_FEN_MAX, LINES_MAX, PRICE_MAX, QUANTITY_MAX};

/// Bytes of a body, inflated: 20,000 lines written out in full have about as many.
pub const BODY_BYTES_MAX: usize = 8 << 20;

/// Rows of one array: as many lines as a claim may have.
pub const ROWS_MAX: usize = LINES_MAX;

/// Faults that are told of one message; those beyond are counted. No one mends more at a time.
pub const FAULTS_MAX: usize = 20;

/// Places kept of what was tolerated in one message, each with its count; a place beyond is counted by its kind alone.
pub const PLACES_MAX: usize = 64;

/// Characters of `err_msg`: what the text gives it, and what tables of HIS systems hold.
pub const ERR_MSG_CHARS_MAX: usize = 200;

/// Characters shown of a value that is wrong.
pub const SHOWN_CHARS_MAX: usize = 20;

/// Characters of a number: more than any field has, with room for needless noughts.
pub const NUMBER_CHARS_MAX: usize = 48;

// What an amount, a price or a quantity of 16 digits can say is never less than what the engine takes.
const _: () = assert!(BILL_FEN_MAX < 10_i64.pow(16));
const _: () = assert!(PRICE_MAX < 10_i64.pow(16));
const _: () = assert!(QUANTITY_MAX < 10_i64.pow(16));
// What is shown of one value leaves room for the words around it.
const _: () = assert!(SHOWN_CHARS_MAX * 4 < ERR_MSG_CHARS_MAX);
