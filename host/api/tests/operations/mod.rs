//! The operations of the document, as this crate's tests and the server's ask for all of them.

use serde_json::{Value, json};

/// An operation of the document.
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    /// Whether it is asked without a token.
    pub is_open: bool,
}

impl Operation {
    /// All of a document.
    pub fn all(document: &Value) -> Vec<Self> {
        let paths = document["paths"].as_object().expect("paths");
        let all = paths.iter().flat_map(|(path, item)| {
            let operations = item.as_object().expect("operations").iter();
            operations.map(move |(method, operation)| Self {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                is_open: operation["security"] == json!([{}]) || operation["security"] == json!([]),
            })
        });
        all.collect()
    }

    pub fn is_of_tenant(&self) -> bool {
        self.path.starts_with("/v1/tenants/{tenant}")
    }

    /// Its path for a tenant, with these things, and what is not there in all other places.
    pub fn at(&self, tenant: &str, things: &[(&str, String)]) -> String {
        let mut path = self.path.replace("{tenant}", tenant);
        for (place, name) in things {
            path = path.replace(&format!("{{{place}}}"), name);
        }
        for number in ["{number}", "{version}"] {
            path = path.replace(number, "1");
        }
        while let Some((before, rest)) = path.split_once('{') {
            let (_, after) = rest.split_once('}').expect("it closes");
            path = format!("{before}nothing{after}");
        }
        path
    }
}
