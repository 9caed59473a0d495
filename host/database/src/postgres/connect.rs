//! Connecting, one stage after the other, so that it can be said which of them failed.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::failure::{said, state_of};
use super::line::{Encrypted, Line};
use super::socket::Socket;
use super::target::Target;
use crate::tls::client;
use crate::{Error, Stage, Tls, is_of_the_machine};

/// Connects and logs in, and makes the session's settings.
pub(super) async fn connect(target: &Arc<Target>) -> Result<Connection, Error> {
    let socket = reach(target).await?;
    let config = target.login(socket.is_encrypted());
    let line = Line::new(socket);
    let lender = line.lender();
    let login = in_time(target, Stage::Login, config.connect_raw(line, Encrypted)).await?;
    let (client, driver) = login.map_err(|error| refused(target, &error))?;
    let connection = Connection::new(Arc::clone(target), client, driver, lender);
    connection.run("setting up the session", &target.session()).await?;
    Ok(connection)
}

/// Finds the server, reaches it and agrees on encryption.
pub(super) async fn reach(target: &Target) -> Result<Socket, Error> {
    if target.is_local_socket() {
        let path = Path::new(&target.host).join(format!(".s.PGSQL.{}", target.port));
        let stream = in_time(target, Stage::Tcp, UnixStream::connect(&path)).await?;
        let stream =
            stream.map_err(|error| failed(target, Stage::Tcp, format!("{}: {error}", path.display()), true))?;
        return Ok(Socket::Local(stream));
    }
    let addresses = resolve(target).await?;
    let stream = reach_any(target, &addresses).await?;
    encrypt(target, stream).await
}

async fn resolve(target: &Target) -> Result<Vec<SocketAddr>, Error> {
    let host = &target.host;
    let lookup = tokio::net::lookup_host((host.as_str(), target.port));
    let found: Vec<SocketAddr> = in_time(target, Stage::Dns, lookup)
        .await?
        .map_err(|error| {
            failed(
                target,
                Stage::Dns,
                format!("the host `{host}` is not found: {error}"),
                true,
            )
        })?
        .filter(|found| !target.options.confined || !is_of_the_machine(found.ip()))
        .collect();
    if found.is_empty() {
        return Err(failed(
            target,
            Stage::Dns,
            format!("the host `{host}` has no address that may be reached"),
            false,
        ));
    }
    Ok(found)
}

/// The first of a host's addresses that answers.
async fn reach_any(target: &Target, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let mut last = None;
    for address in addresses {
        match in_time(target, Stage::Tcp, reach_one(*address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Some(failed(target, Stage::Tcp, format!("{address}: {error}"), true)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| failed(target, Stage::Tcp, "no address".to_owned(), false)))
}

async fn reach_one(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_nodelay(true)?;
    socket.set_keepalive(true)?;
    socket.connect(address).await
}

async fn encrypt(target: &Target, mut stream: TcpStream) -> Result<Socket, Error> {
    if target.tls == Tls::Disable {
        return Ok(Socket::Tcp(stream));
    }
    let settings = client(target.tls, &target.options)?;
    let offered = in_time(target, Stage::Tls, is_offered(&mut stream)).await?;
    let offered = offered.map_err(|error| failed(target, Stage::Tls, error.to_string(), true))?;
    match (offered, target.tls) {
        (true, _) => {}
        (false, Tls::Prefer) => return Ok(Socket::Tcp(stream)),
        (false, _) => {
            let reason = "the server does not offer encryption, and `tls` wants it".to_owned();
            return Err(failed(target, Stage::Tls, reason, false));
        }
    }
    let name = ServerName::try_from(target.host.clone()).map_err(|_| {
        failed(
            target,
            Stage::Tls,
            format!("`{}` is no name of a server", target.host),
            false,
        )
    })?;
    let handshake = TlsConnector::from(Arc::new(settings)).connect(name, stream);
    let stream = in_time(target, Stage::Tls, handshake).await?;
    let stream = stream.map_err(|error| failed(target, Stage::Tls, error.to_string(), false))?;
    Ok(Socket::Encrypted(Box::new(stream)))
}

/// Asks the server whether it can encrypt.
async fn is_offered(stream: &mut TcpStream) -> io::Result<bool> {
    const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    stream.write_all(&REQUEST).await?;
    match stream.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        _ => Err(io::Error::other(
            "the server's answer is not that of a PostgreSQL server",
        )),
    }
}

async fn in_time<T>(target: &Target, stage: Stage, work: impl Future<Output = T>) -> Result<T, Error> {
    let limit = target.connect_timeout;
    let late = |_| failed(target, stage, format!("no answer within {} s", limit.as_secs()), true);
    timeout(limit, work).await.map_err(late)
}

fn failed(target: &Target, stage: Stage, reason: String, transient: bool) -> Error {
    Error::Connect {
        database: target.name.clone(),
        stage,
        reason,
        transient,
    }
}

/// What a server's refusal of a login says about how far it came.
fn refused(target: &Target, error: &tokio_postgres::Error) -> Error {
    let reason = said(error);
    let Some(state) = state_of(error) else {
        let lacks_password = reason.contains("password missing");
        return if lacks_password {
            let reason = format!(
                "the server asks for a password of the user `{}`, and none is given",
                target.user
            );
            failed(target, Stage::Login, reason, false)
        } else {
            failed(target, Stage::Login, reason, error.is_closed())
        };
    };
    let (stage, transient) = match &state {
        state if *state == SqlState::INVALID_CATALOG_NAME => (Stage::Database, false),
        state if *state == SqlState::INSUFFICIENT_PRIVILEGE => (Stage::Permission, false),
        state => {
            let class = state.code().get(..2).unwrap_or_default();
            (Stage::Login, matches!(class, "08" | "53" | "57"))
        }
    };
    failed(target, stage, format!("{reason} ({})", state.code()), transient)
}
