//! `#[tenon::job]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{FnArg, Item, ItemFn};

const SHAPE: &str = "a job is `fn(ctx: &Context) -> Result<()>`, with the `Context` of `tenon::job`";

/// The function as it was written, and its export from a component.
pub fn expand(options: &TokenStream, item: &Item) -> syn::Result<TokenStream> {
    let Item::Fn(item) = item else {
        return Err(syn::Error::new_spanned(item, SHAPE));
    };
    if !options.is_empty() {
        return Err(syn::Error::new_spanned(options, "#[tenon::job] has no options"));
    }
    check(item)?;
    let function = &item.sig.ident;
    let conditions = crate::conditions(&item.attrs);
    Ok(quote! {
        #item

        #(#conditions)*
        const _: () = {
            // Outside a component only tests call it.
            let _: fn(&::tenon::job::Context) -> _ = #function;

            #[cfg(target_family = "wasm")]
            struct Script;

            #[cfg(target_family = "wasm")]
            impl ::tenon::__private::Job for Script {
                fn run() -> ::tenon::__private::JobResult {
                    ::tenon::__private::run_job(#function)
                }
            }

            #[cfg(target_family = "wasm")]
            ::tenon::__private::export_job!(Script with_types_in ::tenon::__private::script);
        };
    })
}

fn check(item: &ItemFn) -> syn::Result<()> {
    let signature = &item.sig;
    if let Some(token) = &signature.asyncness {
        return Err(syn::Error::new(
            token.span(),
            "a job can't be async: it calls the host, which waits for it",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new(signature.generics.span(), "a job can't be generic"));
    }
    let one_typed = signature.inputs.len() == 1 && matches!(signature.inputs.first(), Some(FnArg::Typed(_)));
    if one_typed {
        Ok(())
    } else {
        Err(syn::Error::new(signature.inputs.span(), SHAPE))
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn error(item: &Item) -> String {
        expand(&TokenStream::new(), item)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn misuse_is_explained() {
        assert_eq!(
            error(&parse_quote!(
                fn run(ctx: &Context) -> Result<()> {}
            )),
            ""
        );
        for item in [
            parse_quote!(
                fn run() {}
            ),
            parse_quote!(
                fn run(&self) {}
            ),
            parse_quote!(
                struct Run;
            ),
        ] {
            assert!(error(&item).starts_with("a job is `fn(ctx: &Context)"));
        }
        assert!(
            error(&parse_quote!(
                async fn run(ctx: &Context) {}
            ))
            .contains("can't be async")
        );
        assert!(
            error(&parse_quote!(
                fn run<T>(ctx: &Context) {}
            ))
            .contains("can't be generic")
        );
        let options = quote!(name = "x");
        let item = parse_quote!(
            fn run(ctx: &Context) {}
        );
        assert!(
            expand(&options, &item)
                .unwrap_err()
                .to_string()
                .contains("has no options")
        );
    }
}
