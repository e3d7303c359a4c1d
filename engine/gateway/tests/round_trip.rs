//! Random messages of every transaction, written and read again: the same values, the same bytes, the same content.

mod made;

use made::{Json, quoted};
use proptest::prelude::*;
use yidan_gateway::answer::{input, output};
use yidan_gateway::table::{Field, Kind, Node};
use yidan_gateway::wire::Transaction;
use yidan_gateway::{Profile, content, decode, decode_answer};

/// Numbers that decide what stands in a message, one after the other; noughts when there are no more.
struct Dice<'d>(&'d [u32]);

impl Dice<'_> {
    fn below(&mut self, count: u32) -> u32 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                first % count
            }
            [] => 0,
        }
    }
}

fn random(node: &'static Node, dice: &mut Dice<'_>) -> Json {
    if node.is_bare() {
        return value(&node.fields[0], dice);
    }
    let mut fields = Vec::new();
    for field in node.fields {
        if field.required || field.when_called() || dice.below(2) == 1 {
            fields.push((field.name.to_owned(), value(field, dice)));
        }
    }
    Json::Object(fields)
}

trait WhenCalled {
    fn when_called(&self) -> bool;
}

impl WhenCalled for Field {
    /// Whether anything could call for it: then it is always there.
    fn when_called(&self) -> bool {
        !matches!(self.when, yidan_gateway::table::When::Never)
    }
}

fn value(field: &'static Field, dice: &mut Dice<'_>) -> Json {
    const WORDS: [&str; 8] =
        ["7", "某某", "a\"b\\c", "\u{1F600}é", "2026-01-02", "\t制表\n", "0012", "x y"];
    match field.kind {
        Kind::Text(most) | Kind::Serial(most) => match field.codes {
            Some(codes) => {
                let fits = |code: &&(&str, &str)| code.0.len() <= most as usize;
                let all: Vec<_> = codes.codes.iter().filter(fits).collect();
                quoted(all[dice.below(all.len() as u32) as usize].0)
            }
            None => {
                let word = WORDS[dice.below(8) as usize];
                quoted(&word.chars().take(most as usize).collect::<String>())
            }
        },
        Kind::Amount | Kind::Quantity | Kind::Price | Kind::Decimal(_, _) | Kind::Integer(_) => {
            let decimals = field.kind.decimals().expect("a number");
            let digits = (field.kind.digits() - decimals).min(7);
            let sign = if matches!(field.kind, Kind::Price) {
                ""
            } else {
                ["", "-"][dice.below(2) as usize]
            };
            let whole = dice.below(10_u32.pow(digits));
            match dice.below(decimals + 1) {
                0 => Json::Raw(format!("{sign}{whole}")),
                some => {
                    let part = dice.below(10_u32.pow(some));
                    Json::Raw(format!("{sign}{whole}.{part:0width$}", width = some as usize))
                }
            }
        }
        Kind::Flag => Json::Raw(["true", "false"][dice.below(2) as usize].to_owned()),
        Kind::Date => quoted(&format!(
            "20{:02}-{:02}-{:02}",
            dice.below(100),
            1 + dice.below(12),
            1 + dice.below(28)
        )),
        Kind::Datetime => quoted(&format!(
            "20{:02}-{:02}-{:02} {:02}:{:02}:{:02}",
            dice.below(100),
            1 + dice.below(12),
            1 + dice.below(28),
            dice.below(24),
            dice.below(60),
            dice.below(60)
        )),
        Kind::Bytes => {
            let bytes = (0..dice.below(5)).map(|_| Json::Raw(dice.below(256).to_string()));
            Json::Array(bytes.collect())
        }
        Kind::Raw => Json::Object(Vec::new()),
        Kind::One(child) => random(child, dice),
        Kind::Many(child) => {
            let least = u32::from(field.required);
            let rows = (0..least + dice.below(3)).map(|_| random(child, dice));
            Json::Array(rows.collect())
        }
    }
}

fn transactions() -> impl Strategy<Value = Transaction> {
    (0..Transaction::ALL.len()).prop_map(|at| Transaction::ALL[at])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn answers_come_back(one in transactions(), dice in prop::collection::vec(any::<u32>(), 0..300)) {
        let text = random(one.entry().output, &mut Dice(&dice)).to_string();
        let (answer, _) = decode_answer(one, &text, &Profile::LENIENT).expect("a right answer");
        let written = output(&answer);
        let (again, borne) = decode_answer(one, &written, &Profile::STRICT).expect("its own writing");
        prop_assert_eq!(&again, &answer);
        prop_assert!(borne.is_empty(), "{:?}", borne);
        prop_assert_eq!(output(&again), written);
    }

    #[test]
    fn requests_come_back(one in transactions(), dice in prop::collection::vec(any::<u32>(), 0..300)) {
        let text = random(one.entry().input, &mut Dice(&dice)).to_string();
        let first = decode(one, &text, &Profile::LENIENT).expect("a right request");
        let written = input(&first.request);
        let again = decode(one, &written, &Profile::STRICT).expect("its own writing");
        prop_assert_eq!(&again.request, &first.request);
        prop_assert_eq!(content(&again.request), content(&first.request));
        prop_assert_eq!(input(&again.request), written);
    }

    #[test]
    fn another_value_is_another_content(
        one in transactions(),
        dice in prop::collection::vec(any::<u32>(), 20..300),
        other in prop::collection::vec(any::<u32>(), 20..300),
    ) {
        let (text, other) = (
            random(one.entry().input, &mut Dice(&dice)).to_string(),
            random(one.entry().input, &mut Dice(&other)).to_string(),
        );
        let of = |text| decode(one, text, &Profile::LENIENT).expect("a right request").request;
        let (first, second) = (of(&text), of(&other));
        prop_assert_eq!(first == second, content(&first) == content(&second));
    }
}
