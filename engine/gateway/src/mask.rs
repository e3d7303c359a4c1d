//! Certificate numbers and names as logs may show them. Numbers are found wherever they stand: alone, in JSON, in a sentence, between other
//! digits. Too much is hidden rather than too little.

use std::borrow::Cow;

/// Characters of a certificate number (GB 11643), and of those handed out until 1999.
const NEW: usize = 18;
const OLD: usize = 15;

/// A text in which no certificate number can be read: of each the first three and the last two characters stand.
///
/// Hidden are: every run of 15 to 19 digits (certificates old and new, with a slip of the finger, and bank cards); inside longer
/// runs every 18 characters that begin with a province and have a day of birth in the middle, so that a `msgid` can still be read. Digits may be
/// full-width, and the last one of 18 an `X`.
pub fn certificates(text: &str) -> Cow<'_, str> {
    if text.chars().filter(|c| digit(*c).is_some()).count() < OLD {
        return Cow::Borrowed(text);
    }
    let all: Vec<(usize, char)> = text.char_indices().collect();
    let mut hidden = vec![false; all.len()];
    let mut at = 0;
    while at < all.len() {
        let length = all[at..].iter().take_while(|(_, c)| digit(*c).is_some()).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let is_x = |(_, c): &(usize, char)| matches!(c, 'X' | 'x' | 'Ｘ' | 'ｘ');
        let with_x =
            length + usize::from(length + 1 >= NEW && all.get(at + length).is_some_and(is_x));
        let run: Vec<char> = all[at..at + with_x].iter().map(|(_, c)| *c).collect();
        hide(&run, &mut hidden[at..at + with_x]);
        at += with_x;
    }
    if !hidden.contains(&true) {
        return Cow::Borrowed(text);
    }
    let shown = all.iter().zip(&hidden).map(|((_, c), hidden)| if *hidden { '*' } else { *c });
    Cow::Owned(shown.collect())
}

/// The same, and numbers of passports: one or two letters and seven to nine digits that stand alone.
pub fn certificates_and_passports(text: &str) -> Cow<'_, str> {
    let masked = certificates(text);
    let mut to = String::with_capacity(masked.len());
    let mut changed = false;
    for word in masked.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let letters = bare.bytes().take_while(u8::is_ascii_alphabetic).count();
        let digits = bare.len() - letters;
        let is_passport = (1..=2).contains(&letters)
            && (7..=9).contains(&digits)
            && bare.bytes().skip(letters).all(|byte| byte.is_ascii_digit());
        if is_passport {
            to.push_str(&bare[..letters]);
            to.extend(std::iter::repeat_n('*', digits));
            to.push_str(&word[bare.len()..]);
            changed = true;
        } else {
            to.push_str(word);
        }
    }
    if changed { Cow::Owned(to) } else { masked }
}

/// A name: its first character, and how long it is, up to eight.
pub fn name(name: &str) -> String {
    let mut characters = name.trim().chars();
    match (characters.next(), characters.count().min(7)) {
        (None, _) => String::new(),
        (Some(_), 0) => "*".to_owned(),
        (Some(first), more) => {
            std::iter::once(first).chain(std::iter::repeat_n('*', more)).collect()
        }
    }
}

/// Marks what is hidden of one run of digits, the last of which may be an X.
fn hide(run: &[char], hidden: &mut [bool]) {
    if (OLD..=NEW + 1).contains(&run.len()) {
        let length = hidden.len();
        hidden[3..length - 2].fill(true);
        return;
    }
    for (from, window) in run.windows(NEW).enumerate() {
        if is_province(&window[..2]) && is_birthday(&window[6..14]) {
            hidden[from + 3..from + NEW - 2].fill(true);
        }
    }
}

/// Whether two digits are those of a province (GB/T 2260), or of residents from Taiwan, Hong Kong, Macao and abroad.
fn is_province(digits: &[char]) -> bool {
    matches!(
        number(digits),
        Some(11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=66 | 71 | 81..=83 | 91)
    )
}

/// Whether eight digits are a day between 1800 and 2199.
fn is_birthday(digits: &[char]) -> bool {
    number(&digits[..4]).is_some_and(|year| (1_800..2_200).contains(&year))
        && number(&digits[4..6]).is_some_and(|month| (1..=12).contains(&month))
        && number(&digits[6..]).is_some_and(|day| (1..=31).contains(&day))
}

fn number(digits: &[char]) -> Option<u32> {
    digits.iter().try_fold(0, |number, c| digit(*c).map(|digit| number * 10 + digit))
}

/// The value of a digit, full-width ones too.
fn digit(c: char) -> Option<u32> {
    let plain = match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0'))?,
        _ => c,
    };
    plain.to_digit(10)
}
