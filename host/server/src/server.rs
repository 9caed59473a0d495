//! The server: what it is made of, and how it begins and ends.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::RwLock;
use tenon_api::{Api, Problem, Reloaded};
use tenon_engine::Engine;
use tenon_metadata::{Metadata, Name, Settings};
use tenon_runs::{LogSettings, Runs};
use tenon_runtime::{Runtime, RuntimeConfig};
use tenon_schedule::Clock;
use tenon_telemetry::Telemetry;
use tenon_tenants::audit::Entry;
use tenon_tenants::secrets::KeyRing;
use tenon_tenants::{Principal, tokens};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tower::ServiceExt;

use crate::backend::Behind;
use crate::config::{ServerConfig, key_ring};
use crate::drivers::Broken;
use crate::executor::{Budgets, Executor, Terms, TermsBook};
use crate::houses;
use crate::lock::FolderLock;
use crate::plugins::Plugins;
use crate::{Error, Surroundings, drivers, figures, reload, requests};

/// How long the last of the telemetry may take to be sent.
const LAST_TELEMETRY: Duration = Duration::from_secs(3);

/// A server of many tenants' jobs. Cheap to clone; all clones are one server.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

/// What all parts of a server use.
pub(crate) struct Shared {
    /// What is in force.
    configs: watch::Sender<Arc<ServerConfig>>,
    pub surroundings: Surroundings,
    /// Held while the configuration is read again.
    pub reloading: Mutex<()>,
    /// Answers requests, as the configuration that is in force says.
    router: RwLock<Router>,
    /// Its name among those that share the database.
    pub name: Name,
    pub clock: Arc<dyn Clock>,
    pub metadata: Metadata,
    /// The keys that are in force.
    keys: watch::Sender<Arc<KeyRing>>,
    pub engine: Engine,
    pub runtime: Runtime,
    pub budgets: Budgets,
    pub plugins: Plugins,
    pub runs: Runs,
    terms: TermsBook,
    /// What of the server broke off.
    pub broken: Arc<Broken>,
    draining: watch::Sender<bool>,
    recorder: Option<PrometheusHandle>,
    _lock: FolderLock,
}

impl Server {
    /// Opens the folder and the database, and makes them if they are not there. Nothing runs before [`run`](Self::run).
    ///
    /// # Errors
    /// [`Error::InUse`] if another server has the folder; what is wrong with the configuration, the key or the database.
    pub async fn open(config: ServerConfig) -> Result<Self, Error> {
        Self::open_in(config, Surroundings::default()).await
    }

    /// As [`open`](Self::open), by another clock than the machine's.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_by(config: ServerConfig, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let surroundings = Surroundings {
            clock,
            ..Surroundings::default()
        };
        Self::open_in(config, surroundings).await
    }

    /// As [`open`](Self::open), with more of its process.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_in(config: ServerConfig, surroundings: Surroundings) -> Result<Self, Error> {
        let clock = Arc::clone(&surroundings.clock);
        config.check().map_err(|reason| Error::Config {
            file: "the configuration".to_owned(),
            reason,
        })?;
        std::fs::create_dir_all(&config.data).map_err(|source| Error::Io {
            doing: "making",
            place: config.data.display().to_string(),
            source,
        })?;
        let lock = FolderLock::take(&config.data)?;
        let houses = config.houses();
        // Deleting many files takes as long as it takes.
        drop(tokio::task::spawn_blocking(move || houses::remove_gone(&houses)));
        let keys = key_ring(&config)?;
        let wall = Arc::clone(&clock);
        let settings = Settings {
            connections: 8,
            clock: tenon_metadata::Clock::new(move || wall.now().timestamp_micros()),
            ..Settings::new(config.database_url())
        };
        let metadata = Metadata::open(&settings, &drivers::MIGRATIONS).await?;
        let quotas = config.quotas.clone();
        metadata
            .write(move |tx| tenon_tenants::quotas::set_defaults(tx, &quotas))
            .await?;
        let runtime = Runtime::new(RuntimeConfig {
            cache: tenon_runtime::CacheConfig {
                folder: config
                    .sandboxes
                    .cache
                    .folder
                    .clone()
                    .or_else(|| Some(config.data.join("cache"))),
                ..config.sandboxes.cache.clone()
            },
            ..config.sandboxes.clone()
        })?;
        let name = name_of(&config)?;
        let telemetry = config.telemetry().map_err(|reason| Error::Config {
            file: "the configuration".to_owned(),
            reason,
        })?;
        let telemetry = Telemetry::prepare(telemetry, name.as_str()).map_err(|error| Error::Config {
            file: "the configuration".to_owned(),
            reason: error.to_string(),
        })?;
        let recorder = figures::recorder();
        let (draining, _) = watch::channel(false);
        let shared = Arc::new(Shared {
            name,
            clock,
            plugins: Plugins::open(&config, &metadata, &runtime).await?,
            engine: Engine::new(runtime.clone()),
            runs: Runs::new(metadata.clone(), LogSettings::default()),
            budgets: Budgets::default(),
            terms: TermsBook::default(),
            broken: Arc::default(),
            metadata,
            keys: watch::channel(Arc::new(keys)).0,
            runtime,
            draining,
            recorder,
            configs: watch::channel(Arc::new(config)).0,
            surroundings,
            reloading: Mutex::default(),
            router: RwLock::default(),
            _lock: lock,
        });
        if let Some(logging) = shared.logging(&shared.config())? {
            logging();
        }
        shared.surroundings.telemetry.apply(telemetry).await;
        shared.open_api();
        Ok(Self { shared })
    }

    /// Makes the operator's first token, if there is none yet: the one given, or one of the server's own choice, which is
    /// answered, and never again.
    ///
    /// # Errors
    /// If the one given is no token.
    pub async fn bootstrap(&self, given: Option<&str>) -> Result<Option<String>, Error> {
        let given = given.map(str::to_owned);
        let issued = self
            .shared
            .metadata
            .write(move |tx| tokens::bootstrap(tx, given.as_deref()));
        Ok(issued.await?.map(|issued| issued.text.reveal().to_owned()))
    }

    /// Answers requests: to be served by a server of HTTP, alone or as a part of another router.
    pub fn router(&self) -> Router {
        let shared = Arc::downgrade(&self.shared);
        // What answers changes with the configuration.
        Router::new().fallback(move |request: Request| {
            let router = shared.upgrade().map(|shared| shared.router.read().clone());
            async move {
                match router {
                    Some(router) => router.oneshot(request).await.into_response(),
                    None => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server has ended")
                        .into_response(),
                }
            }
        })
    }

    /// Reads the configuration again: all that can change while the server runs does, or nothing. Runs under way go on.
    /// Answers with what has changed, and what could not.
    ///
    /// # Errors
    /// [`Error::Fixed`] without a [source](Surroundings::source); what is wrong with the configuration.
    pub async fn reload(&self) -> Result<Reloaded, Error> {
        let asked = Entry::new(&Principal::server(), reload::ACTION, reload::TARGET);
        reload::reload(&self.shared, asked).await
    }

    /// Carries out runs, fires triggers and tells events until `shutdown` is ready. Then no run begins any more, and those
    /// under way have as long as the settings allow.
    ///
    /// # Errors
    /// If it cannot join the servers that share the database.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let executor = Executor::join(Arc::clone(&self.shared)).await?;
        let drivers = drivers::start(self)?;
        let runs = tokio::spawn(executor.run(self.shared.draining.subscribe()));
        shutdown.await;
        self.shared.draining.send_replace(true);
        let ended = runs.await;
        drivers.stop().await;
        self.shared.surroundings.telemetry.end(LAST_TELEMETRY).await;
        ended.map_err(|error| Error::Internal(error.to_string()))
    }

    /// Listens at the configured address, and [runs](Self::run) until `shutdown` is ready. `listening` is told the address.
    ///
    /// # Errors
    /// [`Error::Listen`], and as [`run`](Self::run).
    pub async fn serve(
        &self,
        shutdown: impl Future<Output = ()>,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<(), Error> {
        let address = self.shared.config().listen;
        let failed = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        listening(listener.local_addr().map_err(failed)?);
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        let mut draining = self.shared.draining.subscribe();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
            // Requests are answered until the runs have ended: somebody may be following one.
            let _ = ended.await;
            let _ = draining.wait_for(|draining| *draining).await;
        });
        let serving = tokio::spawn(serving.into_future());
        let ran = self.run(shutdown).await;
        drop(end);
        // A client that holds its connection open does not hold the server.
        let _ = tokio::time::timeout(self.shared.config().api.timeout.0, serving).await;
        ran
    }

    /// Runs of jobs: to start, look at and stop them without a request.
    pub fn runs(&self) -> &Runs {
        &self.shared.runs
    }

    /// The configuration that is in force.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.shared.config()
    }

    /// The server's database.
    pub fn metadata(&self) -> &Metadata {
        &self.shared.metadata
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Shared {
    /// Whether the server has been asked to end.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// The configuration that is in force.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.configs.borrow())
    }

    /// Hears when another configuration comes into force.
    pub fn configs(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.configs.subscribe()
    }

    /// From now on this configuration is in force.
    pub fn set_config(&self, config: ServerConfig) {
        self.configs.send_replace(Arc::new(config));
    }

    /// The keys that are in force.
    pub fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.borrow())
    }

    /// Hears when the server is about to end.
    pub fn drains(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Has the keys that are in force whenever it is asked, and hears when they change.
    pub fn key_rings(&self) -> watch::Receiver<Arc<KeyRing>> {
        self.keys.subscribe()
    }

    /// From now on these keys are in force.
    pub fn set_keys(&self, keys: KeyRing) {
        self.keys.send_replace(Arc::new(keys));
    }

    /// What has the process log what the configuration says.
    ///
    /// # Errors
    /// [`Error::Config`] if that makes no sense.
    pub fn logging(&self, config: &ServerConfig) -> Result<Option<Box<dyn FnOnce() + Send>>, Error> {
        let logging = self.surroundings.logging.as_ref();
        let logging = logging.map(|logging| logging(config.log.as_deref())).transpose();
        logging.map_err(|reason| Error::Config {
            file: "log".to_owned(),
            reason,
        })
    }

    /// Answers requests as the configuration says that is in force. Those that are being answered are answered to their end.
    pub fn open_api(self: &Arc<Self>) {
        let api = Api::new(
            self.metadata.clone(),
            self.keys(),
            self.runs.clone(),
            Arc::new(Behind(Arc::downgrade(self))),
            self.config().api_settings(),
        );
        *self.router.write() = api.router().layer(from_fn(requests::in_span));
    }

    /// What the server has counted, in Prometheus' text format; empty where the program has a recorder of its own.
    pub fn render_metrics(&self) -> String {
        let (spans, lines) = self.surroundings.telemetry.lost();
        metrics::counter!("tenon_telemetry_lost_total", "signal" => "traces").absolute(spans);
        metrics::counter!("tenon_telemetry_lost_total", "signal" => "logs").absolute(lines);
        figures::of_database(&self.metadata);
        self.recorder.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Adds up what was counted: until somebody does, each figure of a histogram is kept, whether anybody asks for them or
    /// not.
    pub fn tidy_metrics(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.run_upkeep();
        }
    }

    /// What a tenant's jobs may use.
    pub async fn terms(&self, tenant: &Name) -> Result<Terms, Error> {
        let config = self.config();
        let (house, files) = (config.house_of(tenant), config.files_of(tenant));
        self.terms.of(&self.metadata, tenant, &house, &files).await
    }

    /// Forgets what is known of tenants.
    pub fn forget_terms(&self) {
        self.terms.forget();
    }

    /// Forgets what is known of tenants whenever somebody changes them.
    pub async fn keep_terms_fresh(&self) {
        self.terms.keep_fresh(&self.metadata).await;
    }
}

fn name_of(config: &ServerConfig) -> Result<Name, Error> {
    let name = config.name.clone().unwrap_or_else(|| {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host: String = host
            .trim()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        let host = if host.is_empty() { "server" } else { host.as_str() };
        format!("{host}-{}", config.listen.port())
    });
    Name::new(name).map_err(|error| Error::Config {
        file: "the configuration".to_owned(),
        reason: format!("name: {error}"),
    })
}
