//! What the server tells of itself: the histograms of its stages (Prometheus text), and what the system knows of its process.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::result::Stage;

/// Stages, by the names of their histograms, in the order a call passes them.
const STAGES: [(&str, &str); 5] = [
    ("yidan_http_head_to_answer_seconds", "http: head to answer"),
    ("yidan_http_call_seconds", "http: whole call to answer"),
    ("yidan_queue_seconds", "queueing before the shard"),
    ("yidan_settle_seconds", "settling"),
    ("yidan_commit_seconds", "commit (write and fdatasync)"),
];

/// Cumulative counts by upper bound, and the sum, of each histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stages(BTreeMap<String, Buckets>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Buckets {
    /// Upper bound in nanoseconds (`u64::MAX` for the last), and how many are not above it.
    at_most: Vec<(u64, u64)>,
    sum_ns: u64,
}

impl Stages {
    /// Asks a server's operators' address.
    pub async fn ask(at: SocketAddr) -> Option<Stages> {
        let asked = async {
            let mut stream = TcpStream::connect(at).await.ok()?;
            let request = "GET /metrics HTTP/1.1\r\nhost: yidan\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await.ok()?;
            String::from_utf8(answer).ok()
        };
        let text = tokio::time::timeout(Duration::from_secs(5), asked).await.ok()??;
        Some(Stages::read(&text))
    }

    /// Whether it told of nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn read(text: &str) -> Stages {
        let mut all: BTreeMap<String, Buckets> = BTreeMap::new();
        let nanoseconds = |seconds: &str| match seconds {
            "+Inf" => Some(u64::MAX),
            number => number.parse::<f64>().ok().map(|seconds| (seconds * 1e9).round() as u64),
        };
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            if let Some((name, bound)) = name.split_once("_bucket{le=\"") {
                let bound = bound.strip_suffix("\"}").and_then(nanoseconds);
                if let (Some(bound), Ok(count)) = (bound, value.parse()) {
                    all.entry(name.to_owned()).or_default().at_most.push((bound, count));
                }
            } else if let Some(name) = name.strip_suffix("_seconds_sum") {
                let entry = all.entry(format!("{name}_seconds")).or_default();
                entry.sum_ns = nanoseconds(value).unwrap_or(0);
            }
        }
        Stages(all)
    }

    /// What came to it since an earlier look.
    pub fn since(&self, before: &Stages) -> Vec<Stage> {
        let stage = |(name, told): &(&str, &str)| {
            let now = self.0.get(*name)?;
            let nothing = Buckets::default();
            let then = before.0.get(*name).unwrap_or(&nothing);
            let earlier = |bound: u64| {
                then.at_most.iter().find(|(one, _)| *one == bound).map_or(0, |(_, count)| *count)
            };
            let counts: Vec<(u64, u64)> = now
                .at_most
                .iter()
                .map(|(bound, count)| (*bound, count.saturating_sub(earlier(*bound))))
                .collect();
            let count = counts.last().map_or(0, |(_, count)| *count);
            let at = |quantile: f64| {
                let rank = (count as f64 * quantile).ceil() as u64;
                counts.iter().find(|(_, count)| *count >= rank).map_or(0, |(bound, _)| *bound)
            };
            (count > 0).then(|| Stage {
                name: (*told).to_owned(),
                count,
                mean_ns: now.sum_ns.saturating_sub(then.sum_ns) / count,
                p50_ns: at(0.5),
                p99_ns: at(0.99),
                p999_ns: at(0.999),
            })
        };
        STAGES.iter().filter_map(stage).collect()
    }
}

/// Processor time in milliseconds and resident bytes of a process; `None` where the system does not tell.
pub fn process(pid: u32) -> Option<(u64, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may have blanks; it ends with the last bracket. User and system time are the 14th and 15th, in hundredths.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: u64 =
        fields.split(' ').skip(11).take(2).filter_map(|one| one.parse::<u64>().ok()).sum();
    let memory = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = memory.split(' ').nth(1)?.parse().ok()?;
    Some((ticks * 10, pages * 4_096))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_between_two_looks_is_told() {
        let text = |one: u64, two: u64, sum: &str| {
            format!(
                "# HELP x\nyidan_settle_seconds_bucket{{le=\"0.001\"}} {one}\nyidan_settle_seconds_bucket{{le=\"0.01\"}} {two}\n\
                 yidan_settle_seconds_bucket{{le=\"+Inf\"}} {two}\nyidan_settle_seconds_sum {sum}\n"
            )
        };
        let (before, now) =
            (Stages::read(&text(10, 10, "0.01")), Stages::read(&text(100, 110, "0.11")));
        let [stage] = &now.since(&before)[..] else { panic!("one stage") };
        assert_eq!((stage.count, stage.mean_ns), (100, 1_000_000));
        assert_eq!((stage.p50_ns, stage.p99_ns), (1_000_000, 10_000_000));
        assert_eq!(now.since(&now), Vec::new());
    }
}
