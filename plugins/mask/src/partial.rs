//! Keeps the start and the end of a value.

/// What remains of a value.
pub struct Partial {
    /// Characters at the start.
    pub keep_first: usize,
    /// Characters at the end.
    pub keep_last: usize,
    /// What replaces each of the others.
    pub fill: char,
}

impl Partial {
    /// Hides the middle; the whole where there is no middle.
    pub fn mask(&self, value: &str) -> String {
        let length = value.chars().count();
        let kept = self.keep_first.saturating_add(self.keep_last);
        let hidden = |position: usize| kept >= length || (self.keep_first..length - self.keep_last).contains(&position);
        let masked = value.chars().enumerate();
        masked
            .map(|(position, letter)| if hidden(position) { self.fill } else { letter })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_kept_not_bytes() {
        let partial = Partial {
            keep_first: 1,
            keep_last: 2,
            fill: '*',
        };
        assert_eq!(partial.mask("Österreich"), "Ö*******ch");
        assert_eq!(partial.mask("abcd"), "a*cd");
        assert_eq!(partial.mask("abc"), "***");
        assert_eq!(partial.mask(""), "");
        assert_eq!(
            Partial {
                keep_first: usize::MAX,
                keep_last: 1,
                fill: '*'
            }
            .mask("ab"),
            "**"
        );
    }
}
