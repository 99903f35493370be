//! Sockets: the one that listens, and those that were accepted.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

/// Sent bytes that a peer has not acknowledged, or has no room for, for so long mean that it is gone.
#[cfg(target_os = "linux")]
const SILENCE: Duration = Duration::from_secs(20);
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(30);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEP_ALIVE_PROBES: u32 = 3;

pub(crate) fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the connections of the last run to be forgotten.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// Has the kernel notice a peer that vanished without a word: a dead host, a forgotten NAT entry.
pub(crate) fn watch_peer(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let keep_alive = TcpKeepalive::new()
        .with_time(KEEP_ALIVE_AFTER)
        .with_interval(KEEP_ALIVE_EVERY)
        .with_retries(KEEP_ALIVE_PROBES);
    // A socket that refuses an option still serves.
    if let Err(error) = socket.set_tcp_keepalive(&keep_alive) {
        tracing::debug!(%error, "keep-alive could not be set on a connection");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket.set_tcp_user_timeout(Some(SILENCE)) {
        tracing::debug!(%error, "the user time-out could not be set on a connection");
    }
}
