//! Counting what `cargo test` prints.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were skipped, and which of them did not pass.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// Names, with the reason where one is given.
    pub(crate) skipped_names: Vec<String>,
    pub(crate) failed_names: Vec<String>,
    /// Tests of the program at hand that said they skipped themselves, and that it will count as passed.
    skipped_themselves: usize,
}

impl Counts {
    /// Takes note of a line that a test program has printed.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(summary) = line.trim_start().strip_prefix("test result: ") {
            let passed = number_before(summary, " passed");
            self.passed += passed.saturating_sub(std::mem::take(&mut self.skipped_themselves));
            self.failed += number_before(summary, " failed");
            self.skipped += number_before(summary, " ignored");
            return;
        }
        // What a test prints that finds, while it runs, that it can't: `SKIPPED name, the reason`.
        if let Some(skipped) = line.strip_prefix("SKIPPED ") {
            self.skipped += 1;
            self.skipped_themselves += 1;
            self.skipped_names.push(skipped.to_owned());
            return;
        }
        // Names end before the first " ... ", and a test's own output may follow on the line.
        let Some((name, outcome)) = line
            .trim_start()
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
        else {
            return;
        };
        if outcome == "FAILED" {
            self.failed_names.push(name.to_owned());
        } else if let Some(reason) = outcome.strip_prefix("ignored") {
            self.skipped_names.push(format!("{name}{reason}"));
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.skipped_names.extend(other.skipped_names);
        self.failed_names.extend(other.failed_names);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

fn number_before(summary: &str, word: &str) -> usize {
    let Some((before, _)) = summary.split_once(word) else {
        return 0;
    };
    before
        .rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(output: &str) -> Counts {
        let mut counts = Counts::default();
        output.lines().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn programs_are_summed_up() {
        let counts = count(
            "running 3 tests\n\
             test a::one ... ok\n\
             test a::two ... ignored, needs a database\n\
             test a::three ... FAILED\n\
             test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
             test src/lib.rs - (line 8) - compile ... ok\n\
             test src/lib.rs - f (line 9) ... ignored\n\
             test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        );
        assert_eq!((counts.passed, counts.failed, counts.skipped), (13, 1, 2));
        assert_eq!(counts.failed_names, ["a::three"]);
        assert_eq!(
            counts.skipped_names,
            ["a::two, needs a database", "src/lib.rs - f (line 9)"]
        );
        assert_eq!(counts.to_string(), "13 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn tests_that_skip_themselves_have_not_passed() {
        let counts = count(
            "test s3::one ... ok\n\
             SKIPPED s3, the server is not installed\n\
             test s3::two ... ok\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
             test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n",
        );
        assert_eq!(counts.to_string(), "4 passed, 0 failed, 1 skipped");
        assert_eq!(counts.skipped_names, ["s3, the server is not installed"]);
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(
            count("test of the pump\nresult: ok. 3 passed\n3 passed; 4 failed\n"),
            Counts::default()
        );
    }

    #[test]
    fn counts_add_up() {
        let mut sum = count("test result: ok. 1 passed; 0 failed; 0 ignored");
        sum += count("test x ... ignored\ntest result: ok. 2 passed; 0 failed; 1 ignored");
        assert_eq!(sum.to_string(), "3 passed, 0 failed, 1 skipped");
        assert_eq!(sum.skipped_names, ["x"]);
    }
}
