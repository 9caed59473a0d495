//! Doc comments as text.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of an item's doc comment, as Markdown.
pub fn text(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(line).collect();
    lines.join("\n").trim().to_owned()
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text), ..
    }) = &pair.value
    else {
        return None;
    };
    if !pair.path.is_ident("doc") {
        return None;
    }
    let text = text.value();
    Some(
        text.lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    #[test]
    fn one_leading_space_is_markup() {
        let item: syn::ItemFn = parse_quote! {
            /// Summary.
            ///
            ///     code
            #[inline]
            fn f() {}
        };
        assert_eq!(super::text(&item.attrs), "Summary.\n\n    code");
    }
}
