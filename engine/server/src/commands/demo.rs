//! `yidan demo`: the curated image built and verified, a made-up year of three places settled, and what it came to.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use yidan_build::{BuildReport, Verified, build_of, verify};
use yidan_image::Image;

use super::curated;
use super::output::{Ended, Exit, Failure, Output, said};
use super::packs::Packs;
use crate::demo;
use crate::world::World;

/// Settle a made-up year of three places: build the images, print a few statements and what all came to
///
/// About 2,000 visits from a seed, of people who do not exist: outpatient, chronic, pharmacy, inpatient with hundreds of
/// lines, off-region, the poor with all tiers, births. The same seed gives the same bills, to the fen; only times differ. Then
/// the year goes through the durable engine: every visit on the disk before it is answered, and the journal read back.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Demo {
    /// Print one JSON object, in place of statements and tables
    #[arg(long)]
    json: bool,
    /// The seed
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Keep the image (curated.img), the cases (visits.jsonl) and the journal (journal/) in this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The image, how it was made and how long that took.
struct Built {
    report: BuildReport,
    verified: Verified,
    image: Image,
    building: Duration,
    verifying: Duration,
    path: PathBuf,
}

impl Demo {
    pub(super) fn run(&self) -> Ended {
        let passing = match self.out {
            Some(_) => None,
            None => Some(
                tempfile::tempdir()
                    .map_err(|error| said(format!("no folder for the image: {error}")))?,
            ),
        };
        let folder =
            self.out.as_deref().or(passing.as_ref().map(|it| it.path())).unwrap_or(Path::new("."));
        let cannot = |error| said(format!("{}: cannot be written: {error}", folder.display()));
        fs::create_dir_all(folder).map_err(cannot)?;
        let built = Built::new(folder)?;
        let mut world = World::new();
        Packs::carried().load(&mut world)?;
        let (bytes, regions) = (built.report.bytes, built.report.regions.clone());
        let visits = demo::visits(&built.image, &world, self.seed);
        let mut out = Output::open();
        if !self.json {
            built.print(&mut out)?;
        }
        world.set_image(Arc::new(built.image));
        let watched = demo::watch(&world, self.seed, &visits).map_err(said)?;
        let durable = demo::durable(&world, &visits, &folder.join("journal")).map_err(said)?;
        let funds = watched.report.fund_pay_sumamt();
        if durable.fund_pay_sumamt != funds {
            return Err(said(demo::Unsettled::OtherSum(funds, durable.fund_pay_sumamt)));
        }
        if self.out.is_some() {
            let text: String = visits.iter().map(|visit| visit.json() + "\n").collect();
            fs::write(folder.join("visits.jsonl"), text).map_err(cannot)?;
        }
        if self.json {
            let entries: usize = regions.iter().map(|(_, entries)| entries).sum();
            let answer = serde_json::json!({
                "image": { "bytes": bytes, "entries": entries },
                "year": watched.report,
                "times": {
                    "build_ms": built.building.as_millis(),
                    "verify_ms": built.verifying.as_millis(),
                    "latency": watched.latency,
                },
            });
            out.json(&answer)?;
        } else {
            for statement in &watched.statements {
                writeln!(out, "{}\n", statement.trim_end())?;
            }
            demo::print(&watched.report, &watched.latency, &mut out)?;
            demo::print_durable(&durable, &mut out)?;
            if self.out.is_some() {
                let cases = folder.join("visits.jsonl");
                let image = folder.join("curated.img");
                let (cases, image) = (cases.display(), image.display());
                writeln!(out, "\n再算一遍：yidan settle {cases} --sequence --catalog {image}")?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

impl Built {
    fn new(folder: &Path) -> Result<Built, Failure> {
        let sources = curated::sources();
        let path = folder.join("curated.img");
        let from = Instant::now();
        let report = build_of(&sources, &path).map_err(said)?;
        let building = from.elapsed();
        let from = Instant::now();
        let verified = verify(&path).map_err(said)?;
        let verifying = from.elapsed();
        let image = Image::open(&path).map_err(said)?;
        Ok(Built { report, verified, image, building, verifying, path })
    }

    fn print(&self, out: &mut Output) -> Result<(), Failure> {
        let Built { report, verified, building, verifying, path, .. } = self;
        let entries: usize = report.regions.iter().map(|(_, entries)| entries).sum();
        writeln!(
            out,
            "目录镜像 {}：{} 个地区视图，{entries} 条目录，{} 条诊断，{} 家机构，{} 字节",
            path.file_name().unwrap_or_default().to_string_lossy(),
            report.regions.len(),
            verified.diagnoses,
            verified.facilities,
            report.bytes
        )?;
        let digest: String =
            report.digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        writeln!(
            out,
            "摘要 {digest}…；由 {} 个源文件构建 {} 毫秒，逐字节校验 {} 毫秒\n",
            report.files,
            building.as_millis(),
            verifying.as_millis()
        )?;
        Ok(())
    }
}
