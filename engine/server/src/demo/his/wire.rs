//! One connection that stays open, as a HIS keeps it: a call goes out, its answer comes back, then the next call.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a HIS waits for an answer: longer than a call may take at the server.
const WAIT: Duration = Duration::from_secs(65);

/// Where all transactions go.
pub(super) const PATH: &str = "/fsi/api/rsfComIfsService/callService";

/// Why no answer came.
type Lost = Box<dyn std::error::Error + Send + Sync>;

/// An open connection. A call on one that was closed fails: it is never opened again behind the caller's back.
pub(super) struct Wire {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Wire {
    /// Connects; the runtime that this is awaited on carries the connection.
    pub(super) async fn open(address: SocketAddr) -> Result<Wire, Lost> {
        let stream = timeout(WAIT, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // What breaks it is told to the call that waits for an answer.
        tokio::spawn(async { connection.await.unwrap_or(()) });
        Ok(Wire { host: address.to_string(), sender })
    }

    /// The body that answers a body.
    pub(super) async fn post(&mut self, body: Vec<u8>) -> Result<Bytes, Lost> {
        let request = Request::post(PATH)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))?;
        let answered = async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let status = response.status();
            Ok((status, response.into_body().collect().await?.to_bytes()))
        };
        let answered: Result<(StatusCode, Bytes), hyper::Error> = timeout(WAIT, answered).await?;
        match answered? {
            (StatusCode::OK, bytes) => Ok(bytes),
            (status, _) => Err(format!("HTTP status {status}").into()),
        }
    }
}
