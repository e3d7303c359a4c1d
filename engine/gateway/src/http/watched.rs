//! What operators see: `/metrics`, `/healthz`, `/readyz`, on an address of their own. Here a status says what it means elsewhere: 503 is
//! for a load balancer, not for a HIS.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, body};
use tokio::sync::watch;

use super::Watched;
use super::exposition::CONTENT_TYPE;
use super::serve::{Panicked, text, unharmed};
use super::server::{Hall, Host, Stage};

/// What is shown.
pub(super) struct Board<W> {
    watched: Arc<W>,
    /// Whose counters are shown: those of calls.
    calls: Arc<Hall>,
    stages: watch::Receiver<Stage>,
}

impl<W: Watched> Board<W> {
    pub(super) fn new(watched: Arc<W>, host: &Host) -> Board<W> {
        Board { watched, calls: Arc::clone(&host.calls), stages: host.stages.clone() }
    }

    /// The answer to one request.
    pub(super) fn answer(&self, request: &Request<body::Incoming>) -> Response<Bytes> {
        let path = request.uri().path();
        if !matches!(path, "/metrics" | "/healthz" | "/readyz") {
            return text(StatusCode::NOT_FOUND, "not found: /metrics, /healthz, /readyz\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/metrics" => self.metrics(),
            "/readyz" => self.ready(),
            _ => text(StatusCode::OK, "alive\n"),
        }
    }

    fn metrics(&self) -> Response<Bytes> {
        let mut all = String::new();
        self.calls.measures().write(&mut all);
        let own = unharmed(|| {
            let mut own = String::new();
            self.watched.metrics(&mut own);
            own
        });
        match own {
            Ok(own) => all.push_str(&own),
            // The sockets' own are still worth having.
            Err(Panicked) => tracing::error!("what writes /metrics broke down"),
        }
        let mut response = text(StatusCode::OK, all);
        let kind = HeaderValue::from_static(CONTENT_TYPE);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    fn ready(&self) -> Response<Bytes> {
        if *self.stages.borrow() >= Stage::Draining {
            return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
        }
        match unharmed(|| self.watched.ready()) {
            Ok(Ok(())) => text(StatusCode::OK, "ready\n"),
            Ok(Err(why)) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
            Err(Panicked) => text(StatusCode::SERVICE_UNAVAILABLE, "cannot tell\n"),
        }
    }
}
