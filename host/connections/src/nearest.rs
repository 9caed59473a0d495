//! "Did you mean": the name that a misspelt one was meant to be.

/// Names that are listed where none is near.
const LISTED: usize = 20;

/// What to say after an unknown name: the nearest known one, or all of them.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(candidate) = nearest(name, &known) {
        return format!("did you mean `{candidate}`?");
    }
    if known.is_empty() {
        return "there are none yet".to_owned();
    }
    let quoted: Vec<String> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match known.len().saturating_sub(LISTED) {
        0 => format!("there are {}", quoted.join(", ")),
        more => format!("there are {} and {more} more", quoted.join(", ")),
    }
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let tolerance = (name.chars().count() / 3).max(1);
    let distances = known.iter().map(|candidate| {
        let distance = strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase());
        (distance, *candidate)
    });
    let near = distances.filter(|(distance, _)| *distance <= tolerance);
    near.min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_or_all() {
        assert_eq!(
            suggestion("warehuose", ["lake", "warehouse"]),
            "did you mean `warehouse`?"
        );
        assert_eq!(suggestion("billing", ["lake", "shop"]), "there are `lake`, `shop`");
        assert_eq!(suggestion("billing", []), "there are none yet");
    }
}
