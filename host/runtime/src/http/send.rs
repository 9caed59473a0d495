//! Sending a guest's request, if it was granted.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::uri::Scheme;
use http_body_util::BodyExt;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::address::is_private;
use crate::run::{Level, Run};

/// Longest wait for a connection or a response's head, unless the guest asks for less.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Checks every request of one sandbox against its run's grants.
pub(crate) struct Hooks {
    plugin: Arc<str>,
    step: Option<Arc<str>>,
    run: Option<Arc<Run>>,
}

type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl Hooks {
    /// Denies everything until a run is set.
    pub fn new(plugin: Arc<str>) -> Self {
        Hooks {
            plugin,
            step: None,
            run: None,
        }
    }

    /// Refusals from now on are about this step of a job.
    pub fn work_for(&mut self, step: Arc<str>) {
        self.step = Some(step);
    }

    /// Puts a run's grants in force.
    pub fn set_run(&mut self, run: Arc<Run>) {
        self.run = Some(run);
    }

    /// Finds the grant that covers a request, and an address to connect to.
    async fn admit(run: Option<&Run>, host: &str, port: u16) -> Result<SocketAddr, Refusal> {
        let grant = run.and_then(|run| run.http_grants().iter().find(|grant| grant.covers(host, port)));
        let Some(grant) = grant else {
            return Err(Refusal::NotGranted);
        };
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|_| Refusal::NotFound)?
            .collect();
        if addresses.is_empty() {
            return Err(Refusal::NotFound);
        }
        // One private address among several is enough to refuse: which one answers is not ours to choose.
        if !grant.private() && addresses.iter().any(|address| is_private(address.ip())) {
            return Err(Refusal::Private);
        }
        Ok(addresses[0])
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let plugin = Arc::clone(&self.plugin);
        let step = self.step.clone();
        let run = self.run.clone();
        Box::new(async move {
            let secure = request.uri().scheme() == Some(&Scheme::HTTPS);
            let authority = request.uri().authority().ok_or(Error::HttpRequestUriInvalid)?;
            let host = authority
                .host()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned();
            let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
            let address = match Hooks::admit(run.as_deref(), &host, port).await {
                Ok(address) => address,
                Err(refusal) => {
                    if let Some(run) = run {
                        run.log(&plugin, step.as_deref(), Level::Warn, &refusal.message(&host, port));
                    }
                    return Err(refusal.into());
                }
            };
            send(request, options, &host, address, secure).await
        })
    }
}

async fn send(
    mut request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
    host: &str,
    address: SocketAddr,
    secure: bool,
) -> Result<Sent, Error> {
    let asked = |wait: fn(&RequestOptions) -> Option<Duration>| {
        options
            .as_ref()
            .and_then(wait)
            .unwrap_or(LONGEST_WAIT)
            .min(LONGEST_WAIT)
    };
    let connect_wait = asked(|options| options.connect_timeout);
    let head_wait = asked(|options| options.first_byte_timeout);
    let stream = timeout(connect_wait, connect(host, address, secure))
        .await
        .map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;

    let connection = tokio::spawn(connection);
    let response = timeout(head_wait, sender.send_request(request)).await;
    let response = response.map_err(|_| Error::ConnectionReadTimeout)??;
    let driver = async move {
        // Dropping the sender ends the connection once the response has been read.
        drop(sender);
        connection
            .await
            .map_err(|_| Error::ConnectionTerminated)?
            .map_err(Error::from)
    };
    Ok((
        response.map(|body| body.map_err(Error::from).boxed_unsync()),
        Box::new(driver),
    ))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connect(host: &str, address: SocketAddr, secure: bool) -> Result<Box<dyn Stream>, Error> {
    let stream = TcpStream::connect(address).await.map_err(Error::Connect)?;
    if !secure {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let connector = tokio_rustls::TlsConnector::from(tls_config()?);
    Ok(Box::new(connector.connect(name, stream).await.map_err(Error::Tls)?))
}

fn tls_config() -> Result<Arc<ClientConfig>, Error> {
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, rustls::Error>> = LazyLock::new(|| {
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        // Named, so that a second provider in the process cannot make the choice ambiguous.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    CONFIG.as_ref().map(Arc::clone).map_err(|_| Error::ConfigurationError)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NotGranted,
    NotFound,
    Private,
}

impl Refusal {
    fn message(self, host: &str, port: u16) -> String {
        match self {
            Refusal::NotGranted => format!("an HTTP request to {host}:{port} was denied: the run has no grant for it"),
            Refusal::NotFound => format!("an HTTP request to {host}:{port} failed: the name has no address"),
            Refusal::Private => format!(
                "an HTTP request to {host}:{port} was denied: the name resolves to an address inside the host's network, \
                 which the grant does not allow"
            ),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotGranted => Error::HttpRequestDenied,
            Refusal::NotFound => Error::DestinationNotFound,
            Refusal::Private => Error::DestinationIpProhibited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn admit(run: &Run, host: &str, port: u16) -> Result<SocketAddr, Refusal> {
        Hooks::admit(Some(run), host, port).await
    }

    #[tokio::test]
    async fn only_grants_admit() {
        let run = Run::builder("t", "r")
            .allow_http("127.0.0.1:8080".parse().unwrap())
            .build();
        assert_eq!(admit(&run, "127.0.0.1", 81).await, Err(Refusal::NotGranted));
        assert_eq!(admit(&run, "127.0.0.1", 8080).await, Err(Refusal::Private));
        assert_eq!(Hooks::admit(None, "127.0.0.1", 8080).await, Err(Refusal::NotGranted));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_private() {
        let run = Run::builder("t", "r")
            .allow_http("localhost:8080".parse().unwrap())
            .build();
        assert_eq!(admit(&run, "localhost", 8080).await, Err(Refusal::Private));
        let grant: super::super::HttpGrant = "localhost:8080".parse().unwrap();
        let run = Run::builder("t", "r").allow_http(grant.allow_private()).build();
        assert!(admit(&run, "localhost", 8080).await.unwrap().ip().is_loopback());
    }
}
