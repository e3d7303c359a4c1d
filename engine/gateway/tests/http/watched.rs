//! What operators see, and that `/metrics` is what Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};

use yidan_gateway::http::Listener;

use crate::rig::{Answer, Client, Health, Rig, loopback, patient, post};

fn get(rig: &Rig, path: &str) -> Answer {
    Client::to(rig.operators).ask(format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n").as_bytes())
}

#[test]
fn health_and_readiness_are_told_by_their_status() {
    let rig = Rig::new(patient());
    let answer = get(&rig, "/healthz");
    assert_eq!((answer.status, answer.text()), (200, "alive\n"));
    let answer = get(&rig, "/readyz?verbose");
    assert_eq!((answer.status, answer.text()), (200, "ready\n"));
    let why = Health(Err("the journal is read".to_owned()));
    let rig = Rig::with(Listener::signed(loopback()), patient(), why);
    let answer = get(&rig, "/readyz");
    assert_eq!((answer.status, answer.text()), (503, "the journal is read\n"));
    assert_eq!(get(&rig, "/healthz").status, 200);
}

#[test]
fn neither_listener_does_what_the_other_does() {
    let rig = Rig::new(patient());
    assert_eq!(get(&rig, "/").status, 404);
    let mut operators = Client::to(rig.operators);
    assert_eq!(operators.ask(&post("/echo", "", b"{}")).status, 404);
    assert_eq!(operators.ask(&post("/metrics", "", b"{}")).status, 405);
    let answer = rig.client().ask(b"GET /metrics HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_eq!(answer.status, 404);
    assert_eq!(rig.measures().requests, 1, "operators are not counted");
}

/// Reads the text format strictly: families with their type before their samples, one family at a time, labels quoted.
fn samples(text: &str) -> BTreeMap<String, String> {
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let (mut found, mut families) = (BTreeMap::new(), BTreeSet::new());
    let (mut family, mut kind) = (String::new(), String::new());
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("a name and words");
            assert!(is_name(name) && !words.is_empty(), "{line}");
            assert!(families.insert(name.to_owned()), "{name} comes twice");
            name.clone_into(&mut family);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, what) = rest.split_once(' ').expect("a name and a type");
            assert_eq!(name, family);
            assert!(["counter", "gauge", "histogram"].contains(&what), "{line}");
            assert_eq!(what == "counter", name.ends_with("_total"), "{line}");
            what.clone_into(&mut kind);
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a sample and its value");
            let name = series.split('{').next().unwrap_or_default();
            let base = match kind.as_str() {
                "histogram" => ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end))
                    .expect("a part of a histogram"),
                _ => name,
            };
            assert_eq!(base, family, "{line}");
            if let Some(labels) = series.strip_prefix(name).filter(|labels| !labels.is_empty()) {
                let labels = labels.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                for label in labels.expect("braces").split(',') {
                    let (key, quoted) = label.split_once('=').expect("a label");
                    assert!(is_name(key) && quoted.len() >= 2, "{line}");
                    assert!(quoted.starts_with('"') && quoted.ends_with('"'), "{line}");
                }
            }
            assert!(value.chars().all(|letter| letter.is_ascii_digit() || letter == '.'), "{line}");
            assert!(found.insert(series.to_owned(), value.to_owned()).is_none(), "{line} twice");
        }
    }
    found
}

#[test]
fn metrics_are_what_prometheus_reads() {
    let rig = Rig::new(patient());
    let mut client = rig.client();
    client.echoes();
    client.echoes();
    client.ask(&post("/panic", "", b"{}"));
    let answer = get(&rig, "/metrics");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let samples = samples(answer.text());
    let of = |series: &str| samples.get(series).unwrap_or_else(|| panic!("{series}")).as_str();
    assert_eq!(of("yidan_http_calls_total"), "3");
    assert_eq!(of("yidan_http_connections"), "1");
    assert_eq!(of("yidan_http_refused_total{cause=\"broken\"}"), "1");
    assert_eq!(of("yidan_http_refused_total{cause=\"too_long\"}"), "0");
    assert_eq!(of("yidan_http_lost_connections_total{cause=\"slow_head\"}"), "0");
    assert_eq!(of("own_total{of=\"test\"}"), "3");
    assert_eq!(of("yidan_http_call_seconds_count"), "3");
    assert_eq!(of("yidan_http_call_seconds_bucket{le=\"+Inf\"}"), "3");
    assert_eq!(of("yidan_http_head_to_answer_seconds_bucket{le=\"+Inf\"}"), "3");
}
