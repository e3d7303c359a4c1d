//! A server of hyper and nothing else: it reads a body whole and answers what was answered to such a call before.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Answers by the transaction that stands first in the body.
pub(crate) async fn serve(answers: HashMap<String, String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let answers: HashMap<String, Bytes> =
        answers.into_iter().map(|(infno, body)| (infno, Bytes::from(body))).collect();
    let answers = Arc::new(answers);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("set");
            let answers = Arc::clone(&answers);
            let service = service_fn(move |request: Request<Incoming>| {
                let answers = Arc::clone(&answers);
                async move {
                    let body = request.into_body().collect().await?.to_bytes();
                    // `{"infno":"2207",`
                    let infno = body.get(10..14).unwrap_or_default();
                    let infno = std::str::from_utf8(infno).unwrap_or_default();
                    let answer = answers.get(infno).cloned().unwrap_or_default();
                    Ok::<_, hyper::Error>(Response::new(Full::new(answer)))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
