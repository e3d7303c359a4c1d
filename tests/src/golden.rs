//! The one helper that knows the API behind golden tables: `tests/GOLDEN.md` says how they are written.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use yidan::case::Case;
use yidan::clerk::Clerk;
use yidan::world::World;

/// A cell that was not as expected.
#[derive(Debug)]
pub struct Mismatch {
    /// File and line of the row.
    pub at: String,
    /// The path of the answer, or what else went wrong.
    pub path: String,
    /// As the table has it.
    pub expected: String,
    /// As it came out.
    pub found: String,
}

/// What running a golden file gave.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows settled or refused.
    pub rows: usize,
    /// Cells that differ.
    pub mismatches: Vec<Mismatch>,
    /// Numbers of all reasons that came up.
    pub reasons: Vec<u64>,
    /// The file with the cells as they came out.
    pub recorded: String,
}

/// A table of one file: what its rows have in common.
struct Table {
    base: Value,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

/// All golden files under a folder.
pub fn files(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![under.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "golden") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The clause ids that a golden file names.
///
/// # Panics
/// Where the file cannot be read.
pub fn clauses(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a golden file is readable");
    let named = text.lines().filter_map(|line| line.strip_prefix("clause:"));
    named.flat_map(|ids| ids.split([',', '·'])).map(|id| id.trim().to_owned()).collect()
}

/// Runs one golden file.
///
/// # Panics
/// Where the file itself is not as GOLDEN.md has it.
pub fn run(path: &Path) -> Report {
    let text = fs::read_to_string(path).expect("a golden file is readable");
    let mut report = Report::default();
    let mut worlds = Worlds::default();
    let mut world = Arc::new(World::new());
    let mut sequence = true;
    let mut lines = text.lines().enumerate().peekable();
    let mut base: Option<Value> = None;
    while let Some((number, line)) = lines.next() {
        let keep = |report: &mut Report| report.recorded.push_str(&format!("{line}\n"));
        if line.trim().is_empty() || line.starts_with('#') {
            keep(&mut report);
        } else if let Some(pack) = line.strip_prefix("pack:") {
            keep(&mut report);
            worlds.pack = pack.trim().to_owned();
            world = worlds.world();
        } else if let Some(folder) = line.strip_prefix("catalog:") {
            keep(&mut report);
            worlds.catalog = Some(folder.trim().to_owned());
            world = worlds.world();
        } else if line.starts_with("clause:") {
            // What is shown, for `clauses`; nothing is run by it.
            keep(&mut report);
        } else if let Some(setting) = line.strip_prefix("sequence:") {
            keep(&mut report);
            sequence = setting.trim() != "off";
        } else if let Some(json) = line.strip_prefix("base:") {
            keep(&mut report);
            let mut json = json.to_owned();
            while let Some((_, more)) = lines.next_if(|(_, next)| next.starts_with([' ', '\t'])) {
                report.recorded.push_str(&format!("{more}\n"));
                json.push_str(more);
            }
            let parsed = serde_json::from_str(&json);
            base = Some(
                parsed.unwrap_or_else(|error| panic!("{}:{}: {error}", path.display(), number + 1)),
            );
        } else if line.contains("=>") {
            keep(&mut report);
            let base = base.clone().expect("a header row comes after a base");
            let (inputs, outputs) = cells(line);
            let table = Table { base, inputs, outputs };
            let mut clerk = Clerk::new(&world, world.packs().first(), sequence);
            while let Some((number, row)) =
                lines.next_if(|(_, next)| next.contains("=>") && !next.starts_with('#'))
            {
                let at = format!("{}:{}", path.display(), number + 1);
                run_row(&table, row, &mut clerk, &at, &mut report);
            }
        } else {
            panic!("{}:{}: not understood: {line}", path.display(), number + 1);
        }
    }
    report
}

/// Packs and catalogues as the head of a file names them.
#[derive(Default)]
struct Worlds {
    pack: String,
    catalog: Option<String>,
}

impl Worlds {
    fn world(&self) -> Arc<World> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut world = World::new();
        if let Some(folder) = &self.catalog {
            let sources = match folder.strip_prefix('@') {
                Some("curated") => root.join("../catalogs/sources"),
                Some(other) => panic!("no such catalogue: @{other}"),
                None => root.join("golden/catalog").join(folder),
            };
            let kept = tempfile::tempdir().expect("a temporary folder");
            let image = kept.path().join("golden.image");
            yidan_build::build(&sources, &image).unwrap_or_else(|error| panic!("{error}"));
            let image = yidan_image::Image::open(&image).unwrap_or_else(|error| panic!("{error}"));
            world.set_image(Arc::new(image));
        }
        if !self.pack.is_empty() {
            let path = match self.pack.strip_prefix('@') {
                Some(pool) => root.join("../catalogs/sources").join(pool).join("policy.toml"),
                None => root.join("golden/packs").join(&self.pack),
            };
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let pack = yidan_build::policy::compile(&text, &path.display().to_string());
            world.add_pack(pack.unwrap_or_else(|errors| panic!("{errors}")), &path);
        }
        Arc::new(world)
    }
}

fn cells(row: &str) -> (Vec<String>, Vec<String>) {
    let (left, right) = row.split_once("=>").expect("a row has =>");
    let split = |side: &str| side.split('|').map(|cell| cell.trim().to_owned()).collect();
    (split(left), split(right))
}

fn run_row(table: &Table, row: &str, clerk: &mut Clerk<'_>, at: &str, report: &mut Report) {
    report.rows += 1;
    let (inputs, expected) = cells(row);
    assert_eq!(inputs.len(), table.inputs.len(), "{at}: a cell for each input column");
    assert_eq!(expected.len(), table.outputs.len(), "{at}: a cell for each output column");
    let mut case = table.base.clone();
    for (path, cell) in table.inputs.iter().zip(&inputs) {
        if !path.is_empty() && cell != "-" {
            put(&mut case, path, cell);
        }
    }
    let answer = answer(&case, clerk);
    let numbers = answer.get("reasons").and_then(Value::as_array);
    report.reasons.extend(numbers.into_iter().flatten().filter_map(Value::as_u64));
    let mut shown = Vec::new();
    for (path, expected) in table.outputs.iter().zip(&expected) {
        let found = look(&answer, path);
        let nought = |cell: &str| matches!(cell, "-" | "0" | "0.00");
        // A slot never written and a slot at nought are the same to a reader.
        let same = found == *expected
            || (path.starts_with("slots.") && nought(&found) && nought(expected));
        if !same {
            let mut found = found.clone();
            if let Some(error) = answer.get("err_msg").or(answer.get("error")) {
                found = format!("{found} ({error})");
            }
            let mismatch = Mismatch {
                at: at.to_owned(),
                path: path.clone(),
                expected: expected.clone(),
                found,
            };
            report.mismatches.push(mismatch);
        }
        shown.push(found);
    }
    let left = row.split_once("=>").map_or("", |(left, _)| left);
    report.recorded.push_str(&format!("{left}=> {}\n", shown.join(" | ")));
}

/// The answer of the command line to a case.
fn answer(case: &Value, clerk: &mut Clerk<'_>) -> Value {
    let parsed = match Case::parse(&case.to_string(), 1) {
        Ok(case) => case,
        Err(error) => return serde_json::json!({ "error": error.to_string() }),
    };
    match clerk.answer(&parsed) {
        Ok(answer) => serde_json::to_value(answer).expect("an answer is JSON"),
        Err(error) => serde_json::json!({ "error": error.to_string() }),
    }
}

/// Puts a cell at a path of the case; `~` takes out what is there.
fn put(case: &mut Value, path: &str, cell: &str) {
    let mut place = case;
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        if cell == "~" && steps.peek().is_none() {
            if let Value::Object(object) = place {
                object.remove(step);
            }
            return;
        }
        place = match (step.parse::<usize>(), place) {
            (Ok(index), Value::Array(array)) => {
                while array.len() <= index {
                    array.push(Value::Object(Map::new()));
                }
                &mut array[index]
            }
            (_, Value::Object(object)) => {
                object.entry(step).or_insert_with(|| Value::Object(Map::new()))
            }
            (_, other) => {
                *other = Value::Object(Map::new());
                let Value::Object(object) = other else { unreachable!("just made an object") };
                object.entry(step).or_insert(Value::Null)
            }
        };
    }
    let is_json = cell.starts_with(['[', '{']) || matches!(cell, "true" | "false" | "null");
    *place = match serde_json::from_str(cell) {
        Ok(json) if is_json => json,
        _ => Value::String(cell.to_owned()),
    };
}

/// What stands at a path of the answer; `-` for nothing. Arrays of objects are found by their `id`.
fn look(answer: &Value, path: &str) -> String {
    let mut place = answer;
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = longest_step(place, rest);
        rest = after;
        let next = match place {
            Value::Object(object) => object.get(step),
            Value::Array(array) => {
                let by_id =
                    array.iter().find(|one| one.get("id").and_then(Value::as_str) == Some(step));
                by_id.or_else(|| step.parse::<usize>().ok().and_then(|index| array.get(index)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        let Some(next) = next else { return "-".to_owned() };
        place = next;
    }
    show(place)
}

/// The step of a path: a whole key, even when the key has dots in it.
fn longest_step<'p>(place: &Value, path: &'p str) -> (&'p str, &'p str) {
    if let Value::Object(object) = place {
        let fits = |key: &&String| {
            path == key.as_str()
                || path.strip_prefix(key.as_str()).is_some_and(|r| r.starts_with('.'))
        };
        if let Some(key) = object.keys().filter(fits).max_by_key(|key| key.len()) {
            let (step, after) = path.split_at(key.len());
            return (step, after.trim_start_matches('.'));
        }
    }
    path.split_once('.').unwrap_or((path, ""))
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "-".to_owned(),
        Value::Array(all) => all.iter().map(show).collect::<Vec<_>>().join(","),
        Value::Null => "-".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
