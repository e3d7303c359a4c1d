//! Which packs a run takes: one file, a folder of pools, or those that the program carries.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use yidan_build::policy;
use yidan_settlement::pack::Pack;

use super::curated;
use super::output::{Failure, note, said};
use crate::world::World;

/// Which packs to take.
#[derive(Debug, Default, Args)]
pub(super) struct Packs {
    /// One policy pack for all cases, whatever their pool
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// A folder with <pool>/policy.toml for each pool [default: the curated packs that the program carries]
    #[arg(long, value_name = "DIR", conflicts_with = "policy")]
    policies: Option<PathBuf>,
}

impl Packs {
    /// Those that the program carries.
    pub(super) fn carried() -> Packs {
        Packs::default()
    }

    /// Those of a folder, or else those that the program carries.
    pub(super) fn of_folder(policies: Option<PathBuf>) -> Packs {
        Packs { policy: None, policies }
    }

    /// Compiles the packs.
    pub(super) fn compiled(&self) -> Result<Vec<Pack>, Failure> {
        Ok(compile_all(self.texts()?)?.into_iter().map(|(_, pack)| pack).collect())
    }

    /// Compiles the packs into a world.
    pub(super) fn load(&self, world: &mut World) -> Result<(), Failure> {
        for (path, pack) in compile_all(self.texts()?)? {
            world.add_pack(pack, &path);
        }
        Ok(())
    }

    fn texts(&self) -> Result<Vec<(PathBuf, String)>, Failure> {
        match (&self.policy, &self.policies) {
            (Some(file), _) => Ok(vec![(file.clone(), read(file)?)]),
            (None, Some(folder)) => of_folder(folder),
            (None, None) => {
                let carried =
                    |(path, text): &(&str, &str)| (PathBuf::from(path), (*text).to_owned());
                Ok(curated::PACKS.iter().map(carried).collect())
            }
        }
    }
}

/// The pack of one file.
pub(super) fn compile(file: &Path) -> Result<Pack, Failure> {
    let mut packs = compile_all(vec![(file.to_owned(), read(file)?)])?;
    packs.pop().map(|(_, pack)| pack).ok_or_else(|| said(format!("{}: no pack", file.display())))
}

/// The text of a policy file.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| said(format!("{}: cannot be read: {error}", file.display())))
}

fn of_folder(folder: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let cannot = |error| said(format!("{}: cannot be read: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path().join("policy.toml");
        if file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        let expected = "expected <pool>/policy.toml, found none";
        return Err(said(format!("{}: {expected}", folder.display())));
    }
    files.sort();
    files.into_iter().map(|file| read(&file).map(|text| (file, text))).collect()
}

/// Compiles packs side by side; all errors of all of them at once.
fn compile_all(texts: Vec<(PathBuf, String)>) -> Result<Vec<(PathBuf, Pack)>, Failure> {
    let compiled: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = texts
            .iter()
            .map(|(file, text)| scope.spawn(|| policy::check(text, &file.to_string_lossy())))
            .collect();
        running.into_iter().map(|one| one.join()).collect()
    });
    let mut packs = Vec::with_capacity(texts.len());
    let mut errors = Vec::new();
    for ((file, _), compiled) in texts.into_iter().zip(compiled) {
        match compiled {
            Ok(Ok(compiled)) => {
                compiled.warnings.iter().for_each(|warning| note(&warning.to_string()));
                packs.push((file, compiled.pack));
            }
            Ok(Err(error)) => errors.push(error.to_string()),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    if errors.is_empty() { Ok(packs) } else { Err(said(errors.join("\n"))) }
}
