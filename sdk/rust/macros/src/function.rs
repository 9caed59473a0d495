//! `#[tenon::transform]` on a function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, Type};

use crate::options::Options;

const SHAPE: &str =
    "a transform is `fn(batch: Batch) -> Result<Batch>` or `fn(batch: Batch, config: Config) -> Result<Batch>`";

/// The function as it was written, and its registration.
pub fn expand(options: &Options, item: &ItemFn) -> syn::Result<TokenStream> {
    let parameters = Parameters::of(item)?;
    let function = &item.sig.ident;
    let name = options
        .name
        .as_ref()
        .map_or_else(|| function.unraw().to_string(), syn::LitStr::value);
    let doc = crate::doc::text(&item.attrs);
    let reads = reads(options);
    let scalar = options.scalar;
    let stateless = options.stateless.unwrap_or(true);
    let conditions = crate::conditions(&item.attrs);

    // A transform may be called `batch`, `config` or anything else: nothing here may hide it.
    let [batch, config, input] = ["batch", "config", "input"].map(|name| Ident::new(name, Span::mixed_site()));
    let given = if parameters.batch_by_reference {
        quote!(&#batch)
    } else {
        quote!(#batch)
    };
    let (config_type, held, call) = match parameters.config {
        None => (
            quote!(::tenon::NoConfig),
            quote!(ByReference),
            quote!(#function(#given)),
        ),
        Some(Type::Reference(reference)) => {
            let referred = &reference.elem;
            (
                quote!(#referred),
                quote!(ByReference),
                quote!(#function(#given, &#config.0)),
            )
        }
        Some(owned) => (
            quote!(#owned),
            quote!(ByValue),
            quote!(#function(#given, #config.get()?)),
        ),
    };
    Ok(quote! {
        // Both are how a transform is written, whether it needs them or not.
        #[allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)]
        #item

        #(#conditions)*
        const _: () = {
            type __Held = ::tenon::__private::#held<#config_type>;

            fn __call(#batch: ::tenon::Batch, #config: &__Held) -> ::tenon::Result<::std::vec::Vec<::tenon::Batch>> {
                let _ = #config;
                ::tenon::IntoBatches::into_batches(#call)
            }

            ::tenon::__private::submit! {
                ::tenon::__private::Function {
                    name: #name,
                    id: ::tenon::__private::id_of(&#function),
                    doc: #doc,
                    scalar: #scalar,
                    stateless: #stateless,
                    reads: #reads,
                    config: ::tenon::__private::schema_of::<#config_type>,
                    open: |#config, #input| ::tenon::__private::open_function::<__Held>(#config, #input, __call),
                }
            }
        };
    })
}

/// The columns that a function says it reads.
pub fn reads(options: &Options) -> TokenStream {
    match &options.reads {
        None => quote!(::core::option::Option::None),
        Some(columns) => quote!(::core::option::Option::Some(&[#(#columns),*])),
    }
}

struct Parameters<'a> {
    batch_by_reference: bool,
    config: Option<&'a Type>,
}

impl<'a> Parameters<'a> {
    fn of(item: &'a ItemFn) -> syn::Result<Self> {
        let signature = &item.sig;
        if let Some(token) = &signature.asyncness {
            return Err(syn::Error::new(
                token.span(),
                "a transform can't be async: the host calls it and waits",
            ));
        }
        if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
            return Err(syn::Error::new(
                signature.generics.span(),
                "a transform can't be generic: jobs call it by name",
            ));
        }
        let mut types = Vec::new();
        for input in &signature.inputs {
            match input {
                FnArg::Typed(parameter) => types.push(&*parameter.ty),
                FnArg::Receiver(receiver) => {
                    let message =
                        "a transform that keeps state is an `impl Transform for ...` with #[tenon::transform] on it";
                    return Err(syn::Error::new(receiver.span(), message));
                }
            }
        }
        let (batch, config) = match types.as_slice() {
            [batch] => (*batch, None),
            [batch, config] => (*batch, Some(*config)),
            _ => return Err(syn::Error::new(signature.inputs.span(), SHAPE)),
        };
        let (batch_type, batch_by_reference) = match batch {
            Type::Reference(reference) => (&*reference.elem, true),
            by_value => (by_value, false),
        };
        if !is_batch(batch_type) {
            return Err(syn::Error::new(
                batch.span(),
                format!("the first parameter must be the `Batch`: {SHAPE}"),
            ));
        }
        if let Some(Type::Reference(reference)) = config
            && let Some(token) = &reference.mutability
        {
            return Err(syn::Error::new(
                token.span(),
                "a configuration doesn't change: take it as `&Config`",
            ));
        }
        Ok(Self {
            batch_by_reference,
            config,
        })
    }
}

fn is_batch(candidate: &Type) -> bool {
    matches!(candidate, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "Batch"))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn error(item: &ItemFn) -> String {
        expand(&Options::default(), item)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn every_shape_is_taken() {
        assert_eq!(
            error(&parse_quote!(
                fn f(batch: Batch) -> Result<Batch> {}
            )),
            ""
        );
        assert_eq!(
            error(&parse_quote!(
                fn f(batch: &tenon::Batch, config: Config) -> Vec<Batch> {}
            )),
            ""
        );
        assert_eq!(
            error(&parse_quote!(
                fn f(batch: Batch, config: &Config) {}
            )),
            ""
        );
    }

    #[test]
    fn misuse_is_explained() {
        assert!(
            error(&parse_quote!(
                fn f() {}
            ))
            .starts_with("a transform is `fn(batch: Batch)")
        );
        assert!(
            error(&parse_quote!(
                fn f(a: Batch, b: B, c: C) {}
            ))
            .starts_with("a transform is `fn(batch: Batch)")
        );
        assert!(
            error(&parse_quote!(
                fn f(config: Config) {}
            ))
            .starts_with("the first parameter must be the `Batch`")
        );
        assert!(
            error(&parse_quote!(
                fn f(&self, batch: Batch) {}
            ))
            .contains("`impl Transform for ...`")
        );
        assert!(
            error(&parse_quote!(
                async fn f(batch: Batch) {}
            ))
            .contains("can't be async")
        );
        assert!(
            error(&parse_quote!(
                fn f<T>(batch: Batch, config: T) {}
            ))
            .contains("can't be generic")
        );
        assert!(
            error(&parse_quote!(
                fn f(batch: Batch, config: &mut C) {}
            ))
            .contains("take it as `&Config`")
        );
    }
}
