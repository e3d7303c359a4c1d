//! The engine as one window at a counter: pack text in, cases in, answers as `--json` prints them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use yidan::case::Case;
use yidan::clerk::Clerk;
use yidan::world::World;
use yidan_image::Image;

/// Compiles packs, and settles sequences of cases by them.
#[derive(Debug, Default)]
pub struct Counter {
    image: Option<Arc<Image>>,
    /// The pack compiled last, by its text: sequences come many to a pack.
    kept: Option<(String, World)>,
}

impl Counter {
    /// A counter without a catalogue: for cases by totals.
    pub fn new() -> Counter {
        Counter::default()
    }

    /// A counter with a catalogue.
    pub fn with(image: Image) -> Counter {
        Counter { image: Some(Arc::new(image)), kept: None }
    }

    /// The world of one pack.
    ///
    /// # Errors
    /// What is wrong with the pack.
    pub fn world(&mut self, pack: &str) -> Result<&World, String> {
        let known = self.kept.as_ref().is_some_and(|(text, _)| text == pack);
        if !known {
            let compiled = yidan_build::policy::compile(pack, "random.toml")
                .map_err(|errors| errors.to_string())?;
            let mut world = World::new();
            if let Some(image) = &self.image {
                world.set_image(Arc::clone(image));
            }
            world.add_pack(compiled, Path::new("random.toml"));
            self.kept = Some((pack.to_owned(), world));
        }
        self.kept.as_ref().map(|(_, world)| world).ok_or_else(String::new)
    }

    /// The answers to a sequence; none where the pack is refused.
    pub fn answers(&mut self, pack: &str, cases: &[Value]) -> Vec<Value> {
        let Ok(world) = self.world(pack) else { return Vec::new() };
        let mut clerk = Clerk::new(world, None, true);
        cases.iter().map(|case| answer(&mut clerk, case)).collect()
    }
}

/// One answer; a case that cannot be bound is answered with its error.
fn answer(clerk: &mut Clerk<'_>, case: &Value) -> Value {
    let parsed = match Case::parse(&case.to_string(), 1) {
        Ok(parsed) => parsed,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    // A panic is shown, and can be shrunk, as a refusal that no model gives.
    match catch_unwind(AssertUnwindSafe(|| clerk.answer(&parsed))) {
        Ok(Ok(answer)) => serde_json::to_value(answer).expect("an answer is JSON"),
        Ok(Err(error)) => json!({ "error": error.to_string() }),
        Err(_) => json!({ "refused": "a panic" }),
    }
}
