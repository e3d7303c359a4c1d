//! The socket half of the gateway over real sockets: calls, bodies, bounds, time, TLS, operators, the end, and what misbehaves. No test
//! asks how long something took: what must end has a short limit, what must not has a long one.

mod bad;
mod bodies;
mod bounds;
mod calls;
mod drain;
mod rig;
mod time;
mod tls;
mod watched;
