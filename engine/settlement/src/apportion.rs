//! Dividing an amount by weights: floor, the rest to the largest remainders in order. The shares sum to the whole.

use crate::money::Fen;

/// Divides `amount` (not negative) over `weights` (not negative, their sum not nought) into `shares`.
/// `shares` and `remainders` (room to work in) have as many places as `weights`.
pub fn apportion(
    amount: Fen,
    weights: &[Fen],
    shares: &mut [Fen],
    remainders: &mut [(i128, usize)],
) {
    assert_eq!(weights.len(), shares.len(), "a share for each weight");
    assert_eq!(weights.len(), remainders.len(), "room for each weight");
    let whole: i128 = weights.iter().map(|weight| i128::from(weight.get())).sum();
    assert!(whole > 0 && !amount.is_negative(), "an amount is divided over something");
    let mut given = Fen::ZERO;
    let places = shares.iter_mut().zip(remainders.iter_mut());
    for (index, (weight, (share, remainder))) in weights.iter().zip(places).enumerate() {
        let product = i128::from(amount.get()).saturating_mul(i128::from(weight.get()));
        let floor = product.checked_div(whole).unwrap_or(0);
        *share = Fen::new(i64::try_from(floor).unwrap_or(i64::MAX));
        given = given.plus(*share);
        *remainder = (product.checked_rem(whole).unwrap_or(0), index);
    }
    // Largest remainder first, among equals the earlier.
    remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut rest = amount.minus(given);
    for (_, index) in remainders.iter() {
        if rest.is_zero() {
            break;
        }
        if let Some(share) = shares.get_mut(*index) {
            *share = share.plus(Fen::new(1));
            rest = rest.minus(Fen::new(1));
        }
    }
    assert_eq!(shares.iter().copied().sum::<Fen>(), amount, "shares sum to the whole");
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_rest_goes_to_the_largest_remainders_in_order() {
        let fen = |of: &[i64]| of.iter().map(|n| Fen::new(*n)).collect::<Vec<_>>();
        let divide = |amount: i64, weights: &[i64]| {
            let mut shares = alloc::vec![Fen::ZERO; weights.len()];
            let mut room = alloc::vec![(0, 0); weights.len()];
            apportion(Fen::new(amount), &fen(weights), &mut shares, &mut room);
            shares.iter().map(|share| share.get()).collect::<Vec<_>>()
        };
        assert_eq!(divide(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(divide(2, &[1, 1, 1]), [1, 1, 0]);
        assert_eq!(divide(10, &[0, 3, 4]), [0, 4, 6]);
        assert_eq!(divide(0, &[5, 5]), [0, 0]);
    }
}
