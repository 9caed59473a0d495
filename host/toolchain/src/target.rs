use std::fmt;

/// A target that guests can be built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// `wasm32-unknown-unknown`: modules that import nothing but Tenon's interfaces. Preferred.
    Unknown,
    /// `wasm32-wasip2`: components that also import WASI, which Tenon serves with everything denied.
    Wasip2,
}

impl Target {
    /// Every target, the preferred one first.
    pub const ALL: [Self; 2] = [Self::Unknown, Self::Wasip2];

    /// The name rustc has for it.
    pub fn triple(self) -> &'static str {
        match self {
            Self::Unknown => "wasm32-unknown-unknown",
            Self::Wasip2 => "wasm32-wasip2",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.triple())
    }
}
