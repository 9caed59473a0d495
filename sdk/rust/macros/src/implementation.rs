//! `#[tenon::transform]` on an implementation of the trait `Transform`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{ItemImpl, Type};

use crate::options::Options;

/// The implementation as it was written, and its registration.
pub fn expand(options: &Options, item: &ItemImpl) -> syn::Result<TokenStream> {
    let implements = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
    if implements.is_none_or(|segment| segment.ident != "Transform") {
        return Err(syn::Error::new(
            item.self_ty.span(),
            "#[tenon::transform] goes on `impl Transform for ...`",
        ));
    }
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new(
            item.generics.span(),
            "a transform can't be generic: jobs call it by name",
        ));
    }
    let transform = &item.self_ty;
    let name = match &options.name {
        Some(name) => name.value(),
        None => default_name(transform)?,
    };
    let doc = crate::doc::text(&item.attrs);
    let reads = crate::function::reads(options);
    let scalar = options.scalar;
    let stateless = options.stateless.unwrap_or(false);
    let conditions = crate::conditions(&item.attrs);
    Ok(quote! {
        // `process` may say more exactly than the trait what it answers with.
        #[allow(refining_impl_trait)]
        #item

        #(#conditions)*
        ::tenon::__private::submit! {
            ::tenon::__private::Function {
                name: #name,
                id: ::core::any::TypeId::of::<#transform>(),
                doc: #doc,
                scalar: #scalar,
                stateless: #stateless,
                reads: #reads,
                config: ::tenon::__private::schema_of::<<#transform as ::tenon::Transform>::Config>,
                open: ::tenon::__private::open_transform::<#transform>,
            }
        }
    })
}

fn default_name(transform: &Type) -> syn::Result<String> {
    if let Type::Path(path) = transform
        && let Some(segment) = path.path.segments.last()
    {
        return Ok(snake_case(&segment.ident.to_string()));
    }
    Err(syn::Error::new(
        transform.span(),
        "say what jobs call it: #[tenon::transform(name = \"...\")]",
    ))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (position, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && position > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn a_type_gives_its_name_in_snake_case() {
        assert_eq!(snake_case("RunningTotal"), "running_total");
        let expanded = expand(&Options::default(), &parse_quote!(impl Transform for RunningTotal {})).unwrap();
        assert!(expanded.to_string().contains("\"running_total\""));
    }

    #[test]
    fn misuse_is_explained() {
        let error = |item: ItemImpl| expand(&Options::default(), &item).unwrap_err().to_string();
        assert!(error(parse_quote!(impl Total {})).contains("goes on `impl Transform for ...`"));
        assert!(error(parse_quote!(impl Display for Total {})).contains("goes on `impl Transform for ...`"));
        assert!(
            error(parse_quote!(
                impl<T> Transform for Total<T> {}
            ))
            .contains("can't be generic")
        );
        assert!(error(parse_quote!(impl Transform for (i64, i64) {})).contains("name = \"...\""));
    }
}
