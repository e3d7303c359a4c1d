//! A server on its own runtime, a stub that answers by path, and a client that writes and reads bytes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc};
use yidan_gateway::http::{
    Calls, Doors, Incoming, Limits, Listener, Measures, Sent, Server, Spoilt, Stopped, Watched,
};

/// Longer than anything that ends takes on a machine that does other things too.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A limit that is to be reached.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// What a test waits for what it expects not to come.
pub(crate) const MOMENT: Duration = Duration::from_millis(100);

/// Answers by path.
pub(crate) struct Stub {
    /// `/wait` takes one of these and then answers.
    pub(crate) leave: Semaphore,
    /// Told of every call that came to `/wait`.
    arrived: mpsc::UnboundedSender<()>,
}

impl Calls for Stub {
    async fn call(&self, call: Incoming) -> Sent {
        Sent::Json(match call.path.as_str() {
            "/length" => call.body.len().to_string().into_bytes(),
            "/wait" => {
                self.arrived.send(()).expect("the test waits");
                self.leave.acquire().await.expect("it is never closed").forget();
                call.body.to_vec()
            }
            "/never" => std::future::pending().await,
            "/panic" => panic!("in a call, as the test asks"),
            // The same without a word: two hundred back-traces take minutes.
            "/unwind" => std::panic::resume_unwind(Box::new("in a call, as the test asks")),
            "/header" => call.headers["x-test"].as_bytes().to_vec(),
            "/large" => vec![b'a'; 32 << 20],
            path if path.starts_with("/many/") => {
                let bytes = path["/many/".len()..].parse().expect("a number");
                vec![b'a'; bytes]
            }
            "/file" => return Sent::File(call.body.to_vec()),
            _ => call.body.to_vec(),
        })
    }

    fn refuse(&self, what: Spoilt) -> Vec<u8> {
        format!("{what:?}").into_bytes()
    }

    fn serves(&self, path: &str) -> bool {
        path == "/echo"
    }
}

/// Says it is ready, or not.
pub(crate) struct Health(pub(crate) Result<(), String>);

impl Watched for Health {
    fn metrics(&self, to: &mut String) {
        to.push_str("# HELP own_total Own.\n# TYPE own_total counter\nown_total{of=\"test\"} 3\n");
    }

    fn ready(&self) -> Result<(), String> {
        self.0.clone()
    }
}

/// Limits of a test that is about none of them.
pub(crate) fn patient() -> Limits {
    Limits { head: LONG, body: LONG, idle: LONG, answer: LONG, taken: LONG, ..Limits::default() }
}

/// A server that runs.
pub(crate) struct Rig {
    pub(crate) runtime: Runtime,
    server: Option<Server>,
    pub(crate) stub: Arc<Stub>,
    arrived: mpsc::UnboundedReceiver<()>,
    pub(crate) address: SocketAddr,
    pub(crate) operators: SocketAddr,
}

pub(crate) fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

impl Rig {
    /// Of signed calls on loopback.
    pub(crate) fn new(limits: Limits) -> Rig {
        Rig::with(Listener::signed(loopback()), limits, Health(Ok(())))
    }

    pub(crate) fn with(listener: Listener, limits: Limits, health: Health) -> Rig {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        let (told, arrived) = mpsc::unbounded_channel();
        let stub = Arc::new(Stub { leave: Semaphore::new(0), arrived: told });
        let doors =
            Doors::new().calls(listener, Arc::clone(&stub)).watched(loopback(), Arc::new(health));
        let server = Server::start(runtime.handle(), doors, limits).expect("two free ports");
        let (address, operators) = (server.addresses()[0], server.addresses()[1]);
        Rig { runtime, server: Some(server), stub, arrived, address, operators }
    }

    pub(crate) fn client(&self) -> Client {
        Client::to(self.address)
    }

    pub(crate) fn measures(&self) -> Measures {
        self.server.as_ref().expect("it was not stopped").measures()
    }

    /// Waits until one more call came to `/wait`.
    pub(crate) fn wait_for_arrival(&mut self) {
        self.arrived.blocking_recv().expect("the stub lives");
    }

    /// Waits until the counters say so.
    pub(crate) fn until(&self, what: impl Fn(&Measures) -> bool) {
        let began = Instant::now();
        while !what(&self.measures()) {
            assert!(began.elapsed() < LONG, "it did not come: {:?}", self.measures().lost);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn stop(&mut self, deadline: Duration) -> Stopped {
        let server = self.server.take().expect("it was not stopped");
        self.runtime.block_on(server.stop(deadline))
    }

    pub(crate) fn drop_server(&mut self) {
        self.server = None;
    }

    /// Stops on the side; the end is what the task gives.
    pub(crate) fn stop_meanwhile(
        &mut self,
        deadline: Duration,
    ) -> tokio::task::JoinHandle<Stopped> {
        let server = self.server.take().expect("it was not stopped");
        self.runtime.spawn(server.stop(deadline))
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

/// Bytes there and bytes back.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: BufReader<S>,
}

impl Client {
    pub(crate) fn to(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a time");
        stream.set_write_timeout(Some(LONG)).expect("a time");
        Client { stream: BufReader::new(stream) }
    }

    pub(crate) fn raw(&self) -> &TcpStream {
        self.stream.get_ref()
    }
}

/// A request with a body of known length.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: h\r\n{headers}content-length: {length}\r\n\r\n");
    let mut all = head.into_bytes();
    all.extend_from_slice(body);
    all
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("it is taken");
        self.stream.get_mut().flush().expect("it is taken");
    }

    /// One answer, of known length.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().expect("an answer")
    }

    pub(crate) fn try_answer(&mut self) -> io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |text| text.parse().expect("one"));
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    pub(crate) fn ask(&mut self, bytes: &[u8]) -> Answer {
        self.send(bytes);
        self.answer()
    }

    /// Whether the other side has closed, with or without a reset; waits for it.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    pub(crate) fn echoes(&mut self) {
        let answer = self.ask(&post("/echo", "", b"{}"));
        assert_eq!((answer.status, answer.text()), (200, "{}"));
    }
}
