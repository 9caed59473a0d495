//! All requests that the server answers.

use axum::Json;
use axum::Router;
use axum::routing::get;
use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Api, Problem, aliases, audit, bookmarks, connections, document, events, health, jobs, limits, plugins, run_log,
    runs, secrets, server, targets, tenants, tokens, triggers, usage, webhook, workflow_runs, workflows,
};

/// Requests about one sort of thing, with its tag, and the names in its crate that are others in the document.
type Part = (
    &'static str,
    OpenApiRouter<Api>,
    &'static [(&'static str, &'static str)],
);

/// Names of things that several crates have, which the document tells apart.
const RUNS: &[(&str, &str)] = &[];
const EVENTS: &[(&str, &str)] = &[
    ("Attempt", "DeliveryAttempt"),
    ("Recorded", "Event"),
    ("Webhook", "WebhookDestination"),
];
const TENANTS: &[(&str, &str)] = &[("Recorded", "AuditEntry"), ("Usage", "UsedByTenant")];
const TRIGGERS: &[(&str, &str)] = &[
    ("Definition", "TriggerDefinition"),
    ("Started", "StartedRun"),
    ("Webhook", "WebhookSource"),
    ("Batch", "EventBatch"),
];
const WORKFLOWS: &[(&str, &str)] = &[
    ("Attempt", "WorkflowAttempt"),
    ("Condition", "NodeCondition"),
    ("Definition", "WorkflowDefinition"),
    ("RunState", "WorkflowRunState"),
];
const VERSIONS: &[(&str, &str)] = &[("Counts", "CanaryCounts"), ("Version", "PluginVersion")];

impl Api {
    /// Answers requests: to be served alone, or as a part of another router.
    pub fn router(&self) -> Router {
        let (routes, document) = described();
        let answer = Json(document.clone());
        let document_route = Router::new().route("/openapi.json", get(move || std::future::ready(answer.clone())));
        let routes = limits::bounded(routes, self, &document);
        limits::shaped(routes.merge(document_route).merge(health::routes())).with_state(self.clone())
    }
}

/// What the server answers: an OpenAPI document.
pub fn openapi() -> Value {
    described().1
}

fn parts() -> Vec<Part> {
    vec![
        ("tenants", tenants::routes(), TENANTS),
        ("tokens", tokens::routes(), TENANTS),
        ("jobs", jobs::routes(), RUNS),
        ("runs", runs::routes(), RUNS),
        ("runs", run_log::routes(), RUNS),
        ("bookmarks", bookmarks::routes(), RUNS),
        ("triggers", triggers::routes(), TRIGGERS),
        ("triggers", webhook::routes(), TRIGGERS),
        ("workflows", workflows::routes(), WORKFLOWS),
        ("workflow runs", workflow_runs::routes(), WORKFLOWS),
        ("plugins", plugins::routes(), VERSIONS),
        ("plugins", aliases::routes(), VERSIONS),
        ("connections", connections::routes(), TENANTS),
        ("secrets", secrets::routes(), TENANTS),
        ("events", events::routes(), EVENTS),
        ("targets", targets::routes(), EVENTS),
        ("usage", usage::routes(), TENANTS),
        ("audit", audit::routes(), TENANTS),
        ("server", server::routes(), RUNS),
    ]
}

fn described() -> (Router<Api>, Value) {
    let (mut routes, mut document) = (Router::new(), document::plain(&base()));
    for (tag, part, names) in parts() {
        let (router, described) = part.split_for_parts();
        routes = routes.merge(router);
        document::add(&mut document, document::part(&described, tag, names));
    }
    (routes, document)
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Tenon")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Jobs, runs, triggers, workflows, plugins and tenants of a Tenon server. Requests carry a token as \
             `Authorization: Bearer`. What can't be done is answered with `application/problem+json`. Answers of things \
             that can be changed have an `ETag`; a change with it as `If-Match` is done only if nobody else has changed \
             the thing since; one with `If-Match: *` only if it is there, and one with `If-None-Match: *` only if it is \
             not. What is read with its ETag as `If-None-Match` is answered with 304 if it has not changed since.",
        ));
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    OpenApiBuilder::new()
        .info(info.build())
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("token", token)
                .schema_from::<Problem>()
                .build(),
        ))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_things_have_one_name() {
        let mut known = serde_json::Map::new();
        for (tag, part, names) in parts() {
            let part = document::part(&part.split_for_parts().1, tag, names);
            for (name, schema) in part["components"]["schemas"].as_object().into_iter().flatten() {
                let before = known.insert(name.clone(), schema.clone());
                assert!(
                    before.as_ref().is_none_or(|before| before == schema),
                    "{tag}: two schemas are called {name}: {schema} {before:?}"
                );
            }
        }
    }
}
