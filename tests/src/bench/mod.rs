//! Benchmarks that print a table of figures and write them as JSON.

mod program;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub use program::{Arguments, emptied, log_warnings, target_folder, tenon_program};

/// Which direction is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The smaller the better.
    Lower,
    /// The larger the better.
    Higher,
}

/// One measured figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured.
    pub figure: String,
    /// Its value.
    pub value: f64,
    /// The value's unit; `x` for ratios.
    pub unit: &'static str,
    /// The value to reach; none for figures that only put others in proportion.
    pub reach: Option<f64>,
    /// Which direction is better.
    pub better: Better,
}

/// The figures of one benchmark.
#[derive(Clone, Debug, Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds a figure that should be at most `reach`.
    pub fn at_most(&mut self, figure: impl Into<String>, value: f64, unit: &'static str, reach: f64) {
        self.add(figure, value, unit, Some(reach), Better::Lower);
    }

    /// Adds a figure that should be at least `reach`.
    pub fn at_least(&mut self, figure: impl Into<String>, value: f64, unit: &'static str, reach: f64) {
        self.add(figure, value, unit, Some(reach), Better::Higher);
    }

    /// Adds a figure for proportion, of which less is better.
    pub fn note(&mut self, figure: impl Into<String>, value: f64, unit: &'static str) {
        self.add(figure, value, unit, None, Better::Lower);
    }

    fn add(&mut self, figure: impl Into<String>, value: f64, unit: &'static str, reach: Option<f64>, better: Better) {
        let figure = figure.into();
        eprintln!("  {figure}: {value:.3} {unit}");
        self.0.push(Figure {
            figure,
            value,
            unit,
            reach,
            better,
        });
    }

    /// Prints the table, and writes it where it is asked for as JSON.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn publish(&self, json: Option<&Path>) -> anyhow::Result<()> {
        self.print();
        json.map_or(Ok(()), |path| self.write(path))
    }

    fn print(&self) {
        let width = self
            .0
            .iter()
            .map(|figure| figure.figure.chars().count())
            .max()
            .unwrap_or(0);
        println!(
            "{:width$}  {:>12}  {:<6}  {:>10}  reached",
            "figure", "value", "unit", "reach"
        );
        for figure in &self.0 {
            let Figure {
                figure: name,
                value,
                unit,
                reach,
                better,
            } = figure;
            let reached = match (reach, better) {
                (None, _) => "",
                (Some(reach), Better::Lower) if value <= reach => "yes",
                (Some(reach), Better::Higher) if value >= reach => "yes",
                _ => "no",
            };
            let sign = if *better == Better::Lower { "<=" } else { ">=" };
            let reach = reach.map(|reach| format!("{sign} {reach}")).unwrap_or_default();
            println!("{name:width$}  {value:>12.3}  {unit:<6}  {reach:>10}  {reached}");
        }
    }

    fn write(&self, path: &Path) -> anyhow::Result<()> {
        let figures: Vec<Value> = self.0.iter().map(Figure::json).collect();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_vec_pretty(&figures)?)?;
        Ok(())
    }
}

impl Figure {
    fn json(&self) -> Value {
        let better = if self.better == Better::Lower {
            "lower"
        } else {
            "higher"
        };
        json!({
            "figure": self.figure, "value": self.value, "unit": self.unit, "reach": self.reach, "better": better,
        })
    }
}

/// Time of one run of `work`, as the mean over `times` runs.
pub fn time<T>(times: usize, mut work: impl FnMut() -> T) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    started.elapsed() / u32::try_from(times).unwrap_or(u32::MAX)
}

/// The median.
pub fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which a share of the values lies.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values
        .get((last as f64 * share).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

/// Microseconds of a duration.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_of_the_list() {
        let mut values = vec![5.0, 1.0, 3.0, 2.0, 4.0];
        assert!((median(&mut values) - 3.0).abs() < f64::EPSILON);
        assert!((quantile(&mut values, 1.0) - 5.0).abs() < f64::EPSILON);
    }
}
