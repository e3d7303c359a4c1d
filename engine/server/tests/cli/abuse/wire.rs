//! Connections from an address of one's own, plain or through TLS: the server counts them by address, and good and bad clients are not to
//! be one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

/// An answer of HTTP.
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Where calls go, and through what.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) to: SocketAddr,
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// A connection that stays open.
pub(super) struct Line {
    stream: BufReader<Stream>,
}

/// What it goes over.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(to),
            Stream::Tls(stream) => stream.read(to),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

/// A call as it stands on the wire.
pub(super) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: his\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// From one of our addresses to the server; the standard library does not let one choose it.
pub(super) fn connect(from: Ipv4Addr, to: SocketAddr, wait: Duration) -> io::Result<TcpStream> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().expect("a runtime")
    });
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let connected = tokio::time::timeout(wait, socket.connect(to)).await;
        connected.map_err(io::Error::from)?
    })?;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(wait))?;
    stream.set_write_timeout(Some(wait))?;
    Ok(stream)
}

/// A client's side of a TLS connection that has not begun.
pub(super) fn client_of(config: &Arc<ClientConfig>) -> ClientConnection {
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(Arc::clone(config), name).expect("a client")
}

impl Line {
    pub(super) fn open(way: &Way, from: Ipv4Addr, wait: Duration) -> io::Result<Line> {
        let stream = connect(from, way.to, wait)?;
        let stream = match &way.tls {
            None => Stream::Plain(stream),
            Some(config) => Stream::Tls(Box::new(StreamOwned::new(client_of(config), stream))),
        };
        Ok(Line { stream: BufReader::new(stream) })
    }

    /// The socket, below TLS.
    pub(super) fn raw(&self) -> &TcpStream {
        match self.stream.get_ref() {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    /// What comes next, as it is.
    pub(super) fn some(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; 200];
        let many = self.stream.read(&mut bytes)?;
        bytes.truncate(many);
        Ok(bytes)
    }

    pub(super) fn ask(&mut self, bytes: &[u8]) -> io::Result<Heard> {
        self.send(bytes)?;
        self.hear()
    }

    /// One answer, of a known length.
    pub(super) fn hear(&mut self) -> io::Result<Heard> {
        let first = self.text()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut length = 0;
        loop {
            let line = self.text()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Heard { status, body })
    }

    fn text(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
