//! Every bound of what is read from the wire, each with its reason.

use std::time::Duration;

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

/// How far the time of a signature may be from ours, either way: what Hunan's text gives it.
pub const SIGNATURE_WINDOW_MS: i64 = 30 * 60 * 1_000;

/// Signatures of one credential that are remembered, 16 + 16 bytes each. They are kept for an hour at most, so that many are 27
/// calls each second for that hour: more than a large hospital has, and 5 MB.
pub const REPLAYS_MAX: usize = 100_000;

/// Tokens of one credential that are good at once: as many workstations may ask for their own. The oldest gives way.
pub const TOKENS_MAX: usize = 64;

/// How long a token is good.
pub const TOKEN_LIFE_MS: i64 = 2 * 60 * 60 * 1_000;

/// Characters of a key: more than any province hands out.
pub const KEY_CHARS_MAX: usize = 128;

// What an amount, a price or a quantity of 16 digits can say is never less than what the engine takes.
const _: () = assert!(BILL_FEN_MAX < 10_i64.pow(16));
const _: () = assert!(PRICE_MAX < 10_i64.pow(16));
const _: () = assert!(QUANTITY_MAX < 10_i64.pow(16));
// A stamp is good for the window on both sides of it, and a token outlives both.
const _: () = assert!(TOKEN_LIFE_MS >= 2 * SIGNATURE_WINDOW_MS);
// What is shown of one value leaves room for the words around it.
const _: () = assert!(SHOWN_CHARS_MAX * 4 < ERR_MSG_CHARS_MAX);

/// Bytes of a name or a number of a person in the table of persons: the longest fields of 1101.
pub const PERSON_BYTES_MAX: usize = 200;

/// How long a file can be fetched.
pub const FILE_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Files of one institution at once: the oldest gives way. A statement a day is two a day.
pub const FILES_MAX: usize = 200;

/// Bytes of a file that was sent, unzipped.
pub const FILE_BYTES_MAX: usize = 64 << 20;

/// Lines of a statement: more than the largest hospital settles in a week.
pub const STATEMENT_LINES_MAX: usize = 200_000;

/// Statements that are compared at once: each may hold some 200 MB.
pub const STATEMENTS_AT_ONCE: usize = 2;

/// Days of a statement by lines.
pub const DETAILS_DAYS_MAX: i32 = 31;

/// Days of a statement by totals: a year with its last day.
pub const TOTALS_DAYS_MAX: i32 = 366;

/// Rows of a page of a catalogue, however many are asked for: one client asks for 2147483647. They come to about 2 MB.
pub const CATALOGUE_PAGE_ROWS_MAX: usize = 2_000;

/// Pages of catalogues that are looked for at once; more wait. One looks at up to half a million entries, while settlements go on.
pub const CATALOGUE_PAGES_AT_ONCE: usize = 4;

/// A catalogue file that can be fetched for less than this is made anew before its number is told: a slow line takes that long.
pub const CATALOGUE_FILE_REST: Duration = Duration::from_secs(60 * 60);

// A row has about 800 bytes of JSON, and no answer is longer than the longest body.
const _: () = assert!(CATALOGUE_PAGE_ROWS_MAX * 1_024 <= BODY_BYTES_MAX);
// A file that was just made is never made anew.
const _: () = assert!(CATALOGUE_FILE_REST.as_secs() < FILE_LIFE.as_secs());

// However large a statement's amounts are, their sums fit.
const _: () = assert!(BILL_FEN_MAX < i64::MAX / STATEMENT_LINES_MAX as i64 / 4);

/// Settlements of a person that are read for one question, the newest: years of a weekly visit.
pub const SETTLEMENTS_LOOKED_MAX: usize = 500;

/// Drugs of a person that one answer of 5205 has about: with those of the settlement that passes it, and no more settlements.
pub const DRUGS_TOLD_MAX: usize = 5_000;

/// Calls that are not let in and are written into the audit record one by one, a second: a stranger cannot fill the disk with it.
pub const STRANGERS_WRITTEN_A_SECOND: u32 = 10;

/// Persons remembered as identified by one institution; beyond it the oldest is forgotten, and has to be identified again.
pub const IDENTIFIED_MAX: usize = 100_000;

/// Failed identifications that one institution has in an hour before it has to wait.
pub const FAILURES_MAX: u32 = 100;
