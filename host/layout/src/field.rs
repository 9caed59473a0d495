//! A schema in the flattened layout.

/// Metadata key that carries a map's keys-sorted flag, which the format string `+m` has no place for. Present with the
/// value `true` when the flag is set; it never reaches the metadata of an Arrow field.
pub const KEYS_SORTED: &str = "tenon:keys-sorted";

/// Metadata key that carries a dictionary's ordered flag, in the same way as [`KEYS_SORTED`].
pub const DICTIONARY_ORDERED: &str = "tenon:dictionary-ordered";

/// How a field's values are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The field's own layout.
    Plain,
    /// Indices of the field's format into the values of its one child.
    Dictionary,
}

/// One field; its children follow it directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name of the column or of the child.
    pub name: String,
    /// Format string of the Arrow C data interface.
    pub format: String,
    /// Whether the data are values or dictionary indices.
    pub encoding: Encoding,
    /// Whether a validity buffer may be present. In rows where a struct or fixed-size list is null, or a sparse union
    /// selects another child, a child may hold nulls all the same.
    pub nullable: bool,
    /// Number of direct children that follow in pre-order. A dictionary has one: the field of its values, of which
    /// only format and children count, since Arrow keeps no name, nullability and metadata for it.
    pub children: u32,
    /// Key and value pairs of the field, sorted by key when they come from [`fields_of`](crate::fields_of).
    pub metadata: Vec<(String, String)>,
}
