//! What somebody may have meant.

/// "; did you mean `b`?", if some known name is near enough, or nothing.
pub(crate) fn hint<'a>(meant: &str, known: impl Iterator<Item = &'a str>) -> String {
    const NEAR: f64 = 0.8;
    known
        .map(|name| (strsim::jaro_winkler(meant, name), name))
        .filter(|(likeness, _)| *likeness > NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}
