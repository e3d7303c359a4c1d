//! The morning as lines for a person at a terminal: one for each call.

use std::io::{self, Write};
use std::time::Duration;

use super::super::report::Spread;
use super::wire::PATH;
use super::{Called, Morning};
use crate::text::{left, right};

/// Columns of the longest name of a transaction that is called.
const NAME: usize = 22;

/// Columns of a time.
const TIME: usize = 7;

/// Prints the transcript, how many calls there were, and how long they took.
pub fn print_his(morning: &Morning, out: &mut impl Write) -> io::Result<()> {
    let Morning { address, scenes, connections, latency } = morning;
    let calls = scenes.iter().map(|scene| scene.calls.len()).sum::<usize>();
    writeln!(out, "\n接口联调：本进程在空闲端口提供服务，按 HIS 的次序经 HTTP 调用示例城镇")?;
    writeln!(out, "http://{address}{PATH}")?;
    for scene in scenes {
        writeln!(out, "\n{}", scene.title)?;
        for Called { fixmedins_code, infno, name, answered, took } in &scene.calls {
            let (name, took) = (left(name, NAME), right(&millis(*took), TIME));
            writeln!(out, "  {fixmedins_code}  {infno} {name} {took} 毫秒  {answered}")?;
        }
    }
    let Spread { p50_ns, p99_ns, max_ns, .. } = latency;
    let [p50, p99, max] = [p50_ns, p99_ns, max_ns].map(|ns| millis(Duration::from_nanos(*ns)));
    writeln!(
        out,
        "\n共 {calls} 次调用，{connections} 个长连接；耗时 p50 {p50} 毫秒，p99 {p99} 毫秒，最大 {max} 毫秒"
    )
}

/// Milliseconds with two decimals.
fn millis(took: Duration) -> String {
    let micros = took.as_micros();
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}
