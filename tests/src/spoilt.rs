//! A pack altered by hand so that the core would break an identity at one level of hospital.

use yidan_settlement::money::Fen;
use yidan_settlement::pack::{DeductibleAmount, Pack, Per};

/// A pack whose data passes `Pack::new`, which knows indices and not sense: at the third level its basic tier has a
/// deductible below nought, so that it covers more than entered it.
///
/// # Panics
/// When R1 has no such deductible any more.
pub fn pack_that_breaks_an_identity() -> Pack {
    let text = include_str!("../../catalogs/sources/R1/policy.toml");
    let mut data = yidan_build::policy::compile(text, "R1").expect("R1 compiles").data().clone();
    let third = DeductibleAmount::Fixed(Fen::new(120_000));
    let tiers = data.editions.iter_mut().flat_map(|edition| &mut edition.tiers);
    let deductibles =
        tiers.flat_map(|tier| &mut tier.rows).filter_map(|row| row.deductible.as_mut());
    let mut spoilt = 0;
    for deductible in deductibles.filter(|one| one.amount == third) {
        deductible.amount = DeductibleAmount::Fixed(Fen::new(-100));
        deductible.per = Per::Day;
        deductible.less = None;
        spoilt += 1;
    }
    assert!(spoilt > 0, "the third level has its own deductible");
    Pack::new(data).expect("every index is in range")
}
