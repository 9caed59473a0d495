//! Servers of tests.

use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tenon_client::{Client, Retries, Token};

/// Serves until the test has ended; where.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A client that waits no longer than a test has to.
pub fn client(server: &str) -> Client {
    let retries = Retries {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        ..Retries::default()
    };
    let token = Token::new("tnn_test").expect("a token");
    Client::builder(server)
        .token(token)
        .retries(retries)
        .build()
        .expect("a client")
}

pub fn json_answer(body: &Value) -> Response {
    axum::Json(body).into_response()
}

pub fn problem(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}
