//! "Did you mean": the name that a misspelt one was meant to be.

/// The nearest of the known names, if it is near enough to be what was meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let tolerance = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= tolerance)
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to say after "unknown thing `name`": the nearest known name, or all of them.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "none is known here".to_owned(),
        None => format!("known: {}", listed(known)),
    }
}

/// Names in backticks, separated by commas.
pub(crate) fn listed<T: std::fmt::Display>(names: &[T]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        assert_eq!(nearest("fligths", ["airlines", "flights"]), Some("flights"));
        assert_eq!(nearest("Flights", ["flights"]), Some("flights"));
        assert_eq!(nearest("weather", ["airlines", "flights"]), None);
        assert_eq!(nearest("on", ["by"]), None);
    }
}
