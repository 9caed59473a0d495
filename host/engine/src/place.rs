//! Places in stores, by their URLs.

/// Whether something at a URL lies in the folder at another one, or is it.
pub(crate) fn lies_in(url: &str, folder: &str) -> bool {
    let rest = url.trim_end_matches('/').strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::lies_in;

    #[test]
    fn names_that_begin_alike_are_no_folders() {
        for inside in ["s3://a/b", "s3://a/b/", "s3://a/b/c"] {
            assert!(lies_in(inside, "s3://a/b/") && lies_in(inside, "s3://a/b"), "{inside}");
        }
        for outside in ["s3://a", "s3://a/bc", "s3://a/b-c/d"] {
            assert!(!lies_in(outside, "s3://a/b"), "{outside}");
        }
    }
}
