//! Paths of requests.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Error;

/// What has no other meaning in a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands for a name in braces in the path of an operation: a name, an id or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment(String);

impl From<&str> for Segment {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Segment {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<String> for Segment {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<i64> for Segment {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

/// The path of an operation with these in the places of its names.
pub(crate) fn filled(template: &str, segments: &[Segment]) -> Result<String, Error> {
    let mut path = String::with_capacity(template.len() + 32);
    let mut segments = segments.iter();
    for part in template.split('/').skip(1) {
        path.push('/');
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            path.push_str(part);
            continue;
        };
        let Segment(text) = segments.next().ok_or_else(|| unfit(name, "", "it is missing"))?;
        // These would lead elsewhere, however they are written.
        if matches!(text.as_str(), "" | "." | "..") {
            return Err(unfit(name, text, "it is no name"));
        }
        path.extend(utf8_percent_encode(text, PLAIN));
    }
    Ok(path)
}

fn unfit(name: &str, text: &str, reason: &str) -> Error {
    Error::Input {
        what: format!("the {name} `{text}`"),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_their_place() {
        let template = "/v1/tenants/{tenant}/jobs/{job}";
        let path = filled(template, &["shop".into(), "a/../b?c#d%2f".into()]).expect("a path");
        assert_eq!(path, "/v1/tenants/shop/jobs/a%2F..%2Fb%3Fc%23d%252f");
        for wrong in ["", ".", ".."] {
            filled(template, &["shop".into(), wrong.into()]).expect_err("no name");
        }
        filled(template, &["shop".into()]).expect_err("the job is missing");
        assert_eq!(filled("/v1/x/{version}", &[3.into()]).expect("a path"), "/v1/x/3");
    }
}
