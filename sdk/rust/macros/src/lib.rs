//! The attribute macros of tenon-sdk.

mod doc;
mod function;
mod implementation;
mod job;
mod options;

use proc_macro::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Item};

use options::Options;

/// Offers a function, or an `impl` of the trait `Transform`, to jobs.
///
/// On a function: its first parameter is the `Batch`; a second one, by value or by reference, is its configuration, any
/// type that derives `Deserialize` and `JsonSchema`. By reference it is read once; by value it is read again for every
/// batch. The function answers with `Batch`, `Option<Batch>`, `Vec<Batch>` or nothing, or a `Result` of these. When it is
/// opened it is called once with a batch without rows, which shows the schema of what it makes.
///
/// On `impl Transform for T`: one `T` per sandbox sees all batches of a partition.
///
/// The doc comment is the function's description; its first line is the summary.
///
/// Options:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `name = "..."` | the name by which jobs call it | the function's name; of a type, that in snake case |
/// | `stateless = true` or `false` | whether batches may go to several sandboxes in any order | `true` for functions |
/// | `reads = ["a", "b"]` | the only columns that it reads | all |
/// | `scalar` | it makes one value per row, and is usable in SQL | |
///
/// ```ignore
/// #[tenon::transform(reads = ["arr_delay"])]
/// /// Says of each flight whether it was late.
/// fn categorise(batch: Batch, config: &Categorise) -> Result<Batch> { ... }
/// ```
#[proc_macro_attribute]
pub fn transform(options: TokenStream, item: TokenStream) -> TokenStream {
    let original = proc_macro2::TokenStream::from(item.clone());
    let expanded = syn::parse::<Options>(options).and_then(|options| {
        let Parsed(item) = syn::parse(item)?;
        match item {
            Item::Fn(function) => function::expand(&options, &function),
            Item::Impl(implementation) => implementation::expand(&options, &implementation),
            other => Err(syn::Error::new_spanned(
                other,
                "#[tenon::transform] goes on a function `fn(Batch, Config) -> Result<Batch>` or on `impl Transform for ...`",
            )),
        }
    });
    explained(expanded, &original)
}

/// Makes a function the job of this crate, which `tenon run` runs. There is one per crate.
///
/// It takes a `&Context` of `tenon::job`, and answers with nothing or with a `Result<()>`.
///
/// ```ignore
/// #[tenon::job]
/// fn run(ctx: &Context) -> Result<()> {
///     ctx.read("orders.csv")?.filter("status = 'paid'")?.write("paid.parquet")?;
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn job(options: TokenStream, item: TokenStream) -> TokenStream {
    let original = proc_macro2::TokenStream::from(item.clone());
    let expanded = syn::parse(item).and_then(|Parsed(item)| job::expand(&options.into(), &item));
    explained(expanded, &original)
}

/// What an attribute expands to, or the item as it was with the error. Keeping the item keeps the compiler from
/// complaining about everything that uses it.
fn explained(expanded: syn::Result<proc_macro2::TokenStream>, original: &proc_macro2::TokenStream) -> TokenStream {
    expanded
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote::quote!(#original #error)
        })
        .into()
}

struct Parsed(Item);

impl Parse for Parsed {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self(input.parse()?))
    }
}

/// The attributes that say when an item exists at all; its registration must follow them.
fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .cloned()
        .collect()
}
