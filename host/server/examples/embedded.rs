//! A program of one's own with a Tenon server in it: the API below `/etl`, beside a route that starts a run, in one
//! process that ends as a whole with Ctrl-C.
//!
//!     cargo run --workspace --example embedded
//!     curl -X POST http://127.0.0.1:8080/orders/2/invoice

use std::error::Error;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tenon_server::metadata::{ErrorKind, Name};
use tenon_server::runs::{JobInput, Request, jobs};
use tenon_server::tenants::{TenantInput, tenants};
use tenon_server::{Server, ServerConfig};
use tokio::net::TcpListener;
use tokio::sync::watch;

const INVOICE: &str = r#"
params.order = { type = "int" }

[sources.orders]
url = "orders.csv"

[steps.chosen]
sql = "select * from orders where id = ${order}"

[sinks.invoice]
from = "chosen"
url = "invoices/${order}.csv"
mode = "overwrite"
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = ServerConfig {
        data: "embedded-data".into(),
        ..ServerConfig::default()
    };
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening at http://{}", listener.local_addr()?);
    let end = async {
        // Also where signals cannot be listened to: a program that cannot be ended must not go on.
        let _ = tokio::signal::ctrl_c().await;
    };
    Box::pin(program(config, listener, end)).await?;
    println!("ended");
    Ok(())
}

/// The program, until `end` is ready. A test runs it as well.
pub async fn program(
    config: ServerConfig,
    listener: TcpListener,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    // Where relative paths of the tenant's jobs begin.
    let files = config.files_of(&shop());
    std::fs::create_dir_all(&files)?;
    std::fs::write(files.join("orders.csv"), "id,amount\n1,20\n2,35\n3,12\n")?;

    // The handle. It can be cloned; all clones are one server.
    let server = Server::open(config).await?;
    if let Some(token) = server.bootstrap(None).await? {
        println!("the operator's token, which is not shown again: {token}");
    }
    furnish(&server).await?;

    let own = Router::new()
        .route("/", get(|| async { "orders, with an engine\n" }))
        .route("/orders/{order}/invoice", post(invoice))
        .with_state(server.clone());
    let app = own.nest("/etl", server.router());

    // The audit log has the addresses of those who ask, if they are known.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();

    // One signal ends both: requests are no longer accepted, and runs under way have `runs.drain` to end.
    let (tell, ended) = watch::channel(false);
    tokio::spawn(async move {
        end.await;
        tell.send_replace(true);
    });
    let serving = axum::serve(listener, service).with_graceful_shutdown(until(ended.clone()));
    let (answered, ran) = tokio::join!(serving.into_future(), server.run(until(ended)));
    answered?;
    ran?;
    Ok(())
}

/// Starts a run by the handle, without a token or a request to the API. It is durable once this is answered.
async fn invoice(State(server): State<Server>, Path(order): Path<u32>) -> (StatusCode, Json<Value>) {
    let mut request = Request::new(shop(), job());
    request.arguments.insert("order".to_owned(), order.into());
    match server.runs().submit(request).await {
        Ok(submitted) => (StatusCode::ACCEPTED, Json(json!({ "run": submitted.id }))),
        Err(error) => {
            let status = match error.kind() {
                ErrorKind::Limit => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, Json(json!({ "error": error.to_string() })))
        }
    }
}

/// Makes a tenant and its job in one transaction, as requests to the API could.
async fn furnish(server: &Server) -> Result<(), tenon_server::Error> {
    let input = JobInput {
        definition: INVOICE.to_owned(),
        ..JobInput::default()
    };
    let furnished = server.metadata().write(move |tx| {
        tenants::put(tx, &shop(), &TenantInput::default(), None)?;
        jobs::put(tx, &shop(), &job(), &input, None, |_| Ok(()))?;
        Ok::<_, tenon_server::Error>(())
    });
    furnished.await
}

fn shop() -> Name {
    Name::new("shop").expect("a name")
}

fn job() -> Name {
    Name::new("invoice").expect("a name")
}

async fn until(mut ended: watch::Receiver<bool>) {
    // An error means that who would tell is gone, which is an end as well.
    let _ = ended.wait_for(|ended| *ended).await;
}
