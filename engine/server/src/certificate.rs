//! Numbers of the certificate of residents (居民身份证, GB 11643): whether one can be, and its check digit.

/// Whether this can be a number: 18 digits of which the last is right, which may be an X, or the 15 of those given out until 1999.
pub(crate) fn is_sound(certno: &str) -> bool {
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match certno.len() {
        15 => all_digits(certno),
        18 => certno.split_at_checked(17).is_some_and(|(body, last)| {
            all_digits(body)
                && last.eq_ignore_ascii_case(check_digit(body).encode_utf8(&mut [0; 4]))
        }),
        _ => false,
    }
}

/// The last place of a number (ISO 7064 MOD 11-2) whose first 17 are these.
pub(crate) fn check_digit(body: &str) -> char {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = body.chars().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = digits.zip(weights).map(|(digit, weight)| digit * weight).sum();
    ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'][sum as usize % 11]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // The examples of GB 11643.
        assert_eq!(check_digit("11010519491231002"), 'X');
        assert_eq!(check_digit("44052418800101001"), '4');
    }

    #[test]
    fn numbers_have_18_digits_with_a_right_last_one_or_15() {
        for sound in
            ["11010519491231002X", "11010519491231002x", "440524188001010014", "110105491231002"]
        {
            assert!(is_sound(sound), "{sound}");
        }
        for wrong in [
            "",
            "110105194912310021",
            "440524188001010015",
            "44052418800101001",
            "4405241880010100144",
            "11010549123100X",
            "1101051949123100X2",
            "１１０１０５",
            "44052418800101中1",
        ] {
            assert!(!is_sound(wrong), "{wrong}");
        }
    }
}
