//! What is counted and listed in the sentences of errors.

use std::collections::BTreeMap;

pub fn values(number: usize) -> String {
    match number {
        1 => "one value".to_owned(),
        number => format!("{number} values"),
    }
}

pub fn functions(known: &[String]) -> String {
    if known.is_empty() {
        return "no functions".to_owned();
    }
    format!("the functions {}", names(known))
}

pub fn granted(places: &[String]) -> String {
    if places.is_empty() {
        return "no place".to_owned();
    }
    places.join(", ")
}

pub fn staged(sinks: &BTreeMap<String, String>) -> String {
    let sinks = sinks
        .iter()
        .map(|(sink, place)| format!("`{sink}` (staged in {place})"));
    sinks.collect::<Vec<_>>().join(", ")
}

pub fn the_rest(visible: &[String]) -> String {
    if visible.is_empty() {
        return "nothing that it wrote is visible where the job writes".to_owned();
    }
    format!(
        "what it wrote to {} is visible and must not be written again, so put back what is missing, by that name or for that \
         place, and the next run of the job finishes the commit",
        names(visible)
    )
}

pub fn names_or_none(known: &[String]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    names(known)
}

pub fn names(known: &[String]) -> String {
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
