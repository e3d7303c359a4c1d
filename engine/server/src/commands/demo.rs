//! `yidan demo`: the curated image built and verified, a made-up year of three places settled and what it came to, and a server that is
//! called as hospitals call it.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use yidan_build::{BuildReport, Verified, build_of, verify};
use yidan_gateway::persons::Persons;
use yidan_gateway::service::Waiting;
use yidan_image::Image;
use yidan_pipeline::engine::{Engine, Setup};

use super::curated;
use super::output::{Ended, Exit, Failure, Output, said};
use super::packs::Packs;
use super::serving::Serving;
use crate::demo::{self, Town};
use crate::serve::config::Config;
use crate::serve::settle_in;
use crate::world::World;

/// Settle a made-up year of three places, print what it came to, then call a server as hospitals do
///
/// About 2,000 visits from a seed, of people who do not exist: outpatient, chronic, pharmacy, inpatient with hundreds of
/// lines, off-region, the poor with all tiers, births. The same seed gives the same bills, to the fen; only times differ. Then
/// the year goes through the durable engine: every visit on the disk before it is answered, and the journal read back. At last
/// a server starts on a free port of this machine, and visits of the example town of `yidan serve` are settled over HTTP.
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

/// Of this machine, any port that is free.
const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How long a stop may take; nothing is on its way by then.
const DRAIN: Duration = Duration::from_secs(10);

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
        let morning = served(&world)?;
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
                "his": morning.scenes,
                "times": {
                    "build_ms": built.building.as_millis(),
                    "verify_ms": built.verifying.as_millis(),
                    "latency": watched.latency,
                    "calls": morning.latency,
                },
            });
            out.json(&answer)?;
        } else {
            for statement in &watched.statements {
                writeln!(out, "{}\n", statement.trim_end())?;
            }
            demo::print(&watched.report, &watched.latency, &mut out)?;
            demo::print_durable(&durable, &mut out)?;
            demo::print_his(&morning, &mut out)?;
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

/// A server on a free port of this machine, called and stopped. Its folder goes, so that every run finds the town as it was.
fn served(world: &World) -> Result<demo::Morning, Failure> {
    let folder = tempfile::tempdir().map_err(|error| said(format!("no folder: {error}")))?;
    let engine: Engine<Waiting> =
        Engine::open(folder.path(), &Setup::default(), world.clone()).map_err(said)?;
    let persons = Persons::open(folder.path()).map_err(said)?;
    let town = Town::example(world).map_err(said)?;
    settle_in(&town, &engine, &persons).map_err(said)?;
    let mut config = Config::default();
    config.listen.address = FREE_PORT;
    config.operators.address = FREE_PORT;
    let serving = Serving::start(&config, &engine, folder.path(), persons)?;
    let morning = demo::his(serving.calls, &town).map_err(said);
    let stopped = serving.stop(DRAIN);
    engine.stop().map_err(said)?;
    let morning = morning?;
    if stopped.cut > 0 {
        return Err(said(format!("{} calls were cut when the server stopped", stopped.cut)));
    }
    Ok(morning)
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
