//! A file of 3202 as any facility may send it: unzipped and read without a panic, and what is read is compared and answered a line each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yidan_gateway::statement::{Statement, unzip};
use yidan_reconcile::details::compare;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = unzip(bytes) {
        let _ = Statement::read(&text);
    }
    if let Ok(statement) = Statement::read(bytes) {
        let _ = statement.sums();
        let Ok(compared) =
            compare::<std::convert::Infallible>(&statement.claimed, &[], |_, _| Ok(None));
        assert_eq!(compared.len(), statement.claimed.len());
        assert_eq!(statement.answer(&compared).lines().count(), compared.len());
    }
});
