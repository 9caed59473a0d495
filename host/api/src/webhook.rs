//! Calls from outside that fire triggers.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use tenon_metadata::{ErrorKind, Name};
use tenon_tenants::{secrets, tenants};
use tenon_triggers::LARGEST_BODY;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Error;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(receive))
}

/// Takes a webhook's call, of at most 1 MiB. It needs no token: it is signed with the trigger's secret. Whatever is wrong
/// with it, or with the trigger, the answer is the same.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/triggers/{trigger}/webhook", operation_id = "receive_webhook",
    request_body(content = String, content_type = "*/*"), responses((status = 202)), security(())
)]
async fn receive(
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
    headers: HeaderMap,
    request: Request,
) -> Result<StatusCode, Problem> {
    let body = to_bytes(request.into_body(), LARGEST_BODY).await.map_err(|_| {
        let detail = format!("the body is not whole, or has more than {LARGEST_BODY} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    })?;
    let (keys, of, named, called) = (Arc::clone(&api.keys), tenant.clone(), trigger.clone(), tenant.clone());
    // Before it is known who calls, nobody who writes is kept waiting.
    let verified = api.metadata.read(move |tx| {
        tenants::get_active(tx, &of)?;
        let webhook = tenon_triggers::webhook(tx, &of, &named)?;
        let secret = secrets::reveal(tx, &keys, &of, &webhook.secret, None)?;
        let delivery = webhook.verify(&[secret.reveal()], &headers, &body, tx.now())?;
        tenon_triggers::check_rate(tx, &of)?;
        Ok::<_, Error>(delivery)
    });
    let received = async {
        let (delivery, workflows) = (verified.await?, api.backend.workflows());
        let received = api.metadata.write(move |tx| {
            tenants::get_active(tx, &tenant)?;
            tenon_triggers::receive(tx, workflows.as_ref(), &tenant, &trigger, &delivery)?;
            Ok::<_, Error>(())
        });
        received.await
    };
    match received.await {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        // Of these only who is signed can know, and the server's own are nobody's.
        Err(error) if matches!(error.kind(), ErrorKind::Limit | ErrorKind::Unavailable) => {
            if let Some(quota) = error.quota() {
                api.tell_quota(&called, quota, error.to_string()).await;
            }
            Err(error.into())
        }
        Err(error) => {
            tracing::debug!(%error, "a webhook's call is refused");
            let detail = "the call is not signed as it must be, or there is nothing that takes it";
            Err(Problem::unauthorized(detail))
        }
    }
}
