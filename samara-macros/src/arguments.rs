//! The arguments of `#[samara::step(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Ident, LitStr, Path, Token, parenthesized, parse_quote};

/// What a step takes, as an error lists it.
const KNOWN: [&str; 6] = ["id", "name", "kind", "attributes", "err", "crate"];

/// What stands in the brackets of `#[samara::step(…)]`.
#[derive(Default)]
pub struct Arguments {
    /// How telemetry names the step.
    pub id: Option<LitStr>,
    /// What sort of step it is.
    pub kind: Option<LitStr>,
    /// What its span says of a call.
    pub attributes: Option<Attributes>,
    /// How an error is told: `Display` or `Debug`.
    pub err: Option<Ident>,
    /// Where the runtime is found.
    pub krate: Option<Path>,
}

/// The path of the runtime: what `crate = …` says, or `::samara`, as if it were written at `place`.
pub fn runtime(krate: Option<&Path>, place: Span) -> TokenStream {
    match krate {
        Some(path) => path.to_token_stream(),
        None => quote_spanned!(place=> ::samara),
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut arguments = Arguments::default();
        while !input.is_empty() {
            arguments.parse_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn parse_one(&mut self, input: ParseStream) -> syn::Result<()> {
        if let Ok(text) = input.fork().parse::<LitStr>() {
            let hint = format!("did you mean `id = {}`?", text.token());
            return Err(Error::new(text.span(), hint));
        }
        let name = input.call(Ident::parse_any)?;
        match name.to_string().as_str() {
            "id" | "name" => set(&mut self.id, &name, || assigned_text(input, &name)),
            "kind" => set(&mut self.kind, &name, || assigned_text(input, &name)),
            "attributes" => set(&mut self.attributes, &name, || listed(input, &name)),
            "err" => set(&mut self.err, &name, || assigned_format(input, &name)),
            "crate" => set(&mut self.krate, &name, || assigned_path(input, name.span())),
            _ => Err(unknown(&name)),
        }
    }
}

fn set<T>(
    place: &mut Option<T>,
    name: &Ident,
    parse: impl FnOnce() -> syn::Result<T>,
) -> syn::Result<()> {
    if place.is_some() {
        return Err(repeated(name));
    }
    *place = Some(parse()?);
    Ok(())
}

fn assigned_text(input: ParseStream, name: &Ident) -> syn::Result<LitStr> {
    let sort = format!("`{name}` takes a string, as in `{name} = \"…\"`");
    assigned(input, name.span(), <LitStr as Parse>::parse, &sort)
}

fn assigned_format(input: ParseStream, name: &Ident) -> syn::Result<Ident> {
    let sort = "`err` is `Display` or `Debug`, as in `err = Debug`";
    let format = assigned(input, name.span(), Ident::parse_any, sort)?;
    if format != "Display" && format != "Debug" {
        return Err(Error::new(format.span(), sort));
    }
    Ok(format)
}

/// `crate = path`.
pub fn crate_path(input: ParseStream) -> syn::Result<Path> {
    let name = input.parse::<Token![crate]>()?;
    assigned_path(input, name.span)
}

fn assigned_path(input: ParseStream, name: Span) -> syn::Result<Path> {
    let sort = "`crate` takes a path, as in `crate = my::samara`";
    assigned(input, name, Path::parse_mod_style, sort)
}

/// What stands behind `name =`. If that is missing, or of another sort, the error says of which sort it is.
fn assigned<T>(
    input: ParseStream,
    name: Span,
    parse: fn(ParseStream) -> syn::Result<T>,
    sort: &str,
) -> syn::Result<T> {
    let given = input.parse::<Option<Token![=]>>()?.is_some() && !input.is_empty();
    let place = if given { input.span() } else { name };
    let value = given.then(|| input.call(parse).ok()).flatten();
    value.ok_or_else(|| Error::new(place, sort))
}

fn listed(input: ParseStream, name: &Ident) -> syn::Result<Attributes> {
    if input.peek(syn::token::Paren) {
        return input.parse();
    }
    let message = "`attributes` takes a list, as in `attributes(key = value)`";
    Err(Error::new(name.span(), message))
}

fn unknown(name: &Ident) -> Error {
    let written = name.to_string();
    let hint = match nearest(&written, &KNOWN) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "a step takes `id`, `kind`, `attributes(…)`, `err` and `crate`".to_owned(),
    };
    Error::new(name.span(), format!("unknown argument `{written}`: {hint}"))
}

fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|known| {
        let distance = strsim::damerau_levenshtein(written, known);
        (distance, *known)
    });
    near.min()
        .filter(|(distance, known)| *distance <= 2.min(known.len() / 2))
        .map(|(_, known)| known)
}

fn repeated(name: &Ident) -> Error {
    let message = match name.to_string().as_str() {
        "id" | "name" => "the id is given twice (`name` is another word for `id`)".to_owned(),
        other => format!("`{other}` is given twice"),
    };
    Error::new(name.span(), message)
}

/// `(key = value, …)`, the attributes of a step's span.
pub struct Attributes(pub Vec<Attribute>);

/// One attribute of a step's span.
pub struct Attribute {
    /// Its name.
    pub key: LitStr,
    /// How its value becomes one of telemetry.
    pub form: Form,
    /// Its value, over the arguments of the function.
    pub value: Expr,
}

/// How a value becomes one of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Value,
    /// `%value`: as a text for a person.
    Display,
    /// `?value`: as a text for a programmer.
    Debug,
}

impl Parse for Attributes {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let list;
        parenthesized!(list in input);
        let attributes = list.parse_terminated(Attribute::parse, Token![,])?;
        let mut known: Vec<Attribute> = Vec::new();
        for attribute in attributes {
            let key = attribute.key.value();
            if known.iter().any(|other| other.key.value() == key) {
                let message = format!("the attribute `{key}` is given twice");
                return Err(Error::new(attribute.key.span(), message));
            }
            known.push(attribute);
        }
        Ok(Self(known))
    }
}

impl Parse for Attribute {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if let Some(form) = Form::parse(input)? {
            let argument = input.call(formatted_argument)?;
            return Ok(Self::of_argument(form, argument));
        }
        let key = Key::parse(input)?;
        if input.parse::<Option<Token![=]>>()?.is_some() {
            let form = Form::parse(input)?.unwrap_or(Form::Value);
            let value = input.parse()?;
            let key = key.text();
            return Ok(Self { key, form, value });
        }
        match key {
            Key::Argument(argument) => Ok(Self::of_argument(Form::Value, argument)),
            Key::Text(text) => {
                let message = format!("an attribute needs a value: `{} = …`", text.token());
                Err(Error::new(text.span(), message))
            }
        }
    }
}

impl Attribute {
    fn of_argument(form: Form, argument: Ident) -> Self {
        let key = LitStr::new(&argument.unraw().to_string(), argument.span());
        let value = parse_quote!(#argument);
        Self { key, form, value }
    }
}

/// The argument behind a `%` or `?` that stands before no value.
fn formatted_argument(input: ParseStream) -> syn::Result<Ident> {
    let place = input.span();
    let argument = input.parse().ok();
    let is_alone = input.is_empty() || input.peek(Token![,]);
    argument.filter(|_| is_alone).ok_or_else(|| {
        let message =
            "`%` and `?` stand before an argument's name, or before a value: `key = ?value`";
        Error::new(place, message)
    })
}

impl Form {
    fn parse(input: ParseStream) -> syn::Result<Option<Self>> {
        if input.parse::<Option<Token![%]>>()?.is_some() {
            Ok(Some(Self::Display))
        } else if input.parse::<Option<Token![?]>>()?.is_some() {
            Ok(Some(Self::Debug))
        } else {
            Ok(None)
        }
    }
}

/// The name of an attribute: `table`, `db.table` or `"db.table"`.
enum Key {
    Argument(Ident),
    Text(LitStr),
}

impl Key {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return input.parse().map(Self::Text);
        }
        let first = input.call(Ident::parse_any).map_err(|error| {
            let message =
                "an attribute has a name, as in `table = …`, `db.table = …` or `\"db.table\" = …`";
            Error::new(error.span(), message)
        })?;
        let mut path = first.unraw().to_string();
        while input.parse::<Option<Token![.]>>()?.is_some() {
            path.push('.');
            path.push_str(&input.call(Ident::parse_any)?.unraw().to_string());
        }
        Ok(if first.unraw() == path {
            Self::Argument(first)
        } else {
            Self::Text(LitStr::new(&path, first.span()))
        })
    }

    fn text(self) -> LitStr {
        match self {
            Self::Argument(name) => LitStr::new(&name.unraw().to_string(), name.span()),
            Self::Text(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        syn::parse_str::<Arguments>(text)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    fn attributes(text: &str) -> Vec<(String, Form, String)> {
        let arguments: Arguments = syn::parse_str(&format!("attributes({text})")).expect("valid");
        let attributes = arguments.attributes.expect("given").0.into_iter();
        attributes
            .map(|attribute| {
                let value = attribute.value.to_token_stream().to_string();
                (attribute.key.value(), attribute.form, value)
            })
            .collect()
    }

    #[test]
    fn an_unknown_argument_is_answered_with_the_nearest_one() {
        let cases = [
            ("knd = \"x\"", "kind"),
            ("attribute(a = b)", "attributes"),
            ("nmae = \"\"", "name"),
        ];
        for (text, nearest) in cases {
            assert!(
                error(text).ends_with(&format!(": did you mean `{nearest}`?")),
                "{text}"
            );
        }
        assert_eq!(
            error("skip(a)"),
            "unknown argument `skip`: a step takes `id`, `kind`, `attributes(…)`, `err` and `crate`"
        );
    }

    #[test]
    fn an_argument_given_twice_is_refused() {
        assert_eq!(error("kind = \"a\", kind = \"b\""), "`kind` is given twice");
        assert_eq!(
            error("id = \"a\", name = \"b\""),
            "the id is given twice (`name` is another word for `id`)"
        );
        assert_eq!(
            error("attributes(a, b = 1, a = 2)"),
            "the attribute `a` is given twice"
        );
    }

    #[test]
    fn a_value_of_another_sort_is_refused() {
        assert_eq!(error("id = 5"), "`id` takes a string, as in `id = \"…\"`");
        assert_eq!(error("\"load\""), "did you mean `id = \"load\"`?");
        for text in ["err = Dbg", "err = 1", "err =", "err"] {
            assert_eq!(
                error(text),
                "`err` is `Display` or `Debug`, as in `err = Debug`"
            );
        }
        assert_eq!(
            error("crate = \"a\""),
            "`crate` takes a path, as in `crate = my::samara`"
        );
        assert_eq!(
            error("attributes = 1"),
            "`attributes` takes a list, as in `attributes(key = value)`"
        );
    }

    #[test]
    fn attributes_have_a_name_and_a_value_in_one_of_three_forms() {
        let owned = |key: &str, form, value: &str| (key.to_owned(), form, value.to_owned());
        assert_eq!(
            attributes(
                "table, %path, ?filter, rows = rows.len(), db.name = %name, \"a-b\" = ?(1, 2),"
            ),
            [
                owned("table", Form::Value, "table"),
                owned("path", Form::Display, "path"),
                owned("filter", Form::Debug, "filter"),
                owned("rows", Form::Value, "rows . len ()"),
                owned("db.name", Form::Display, "name"),
                owned("a-b", Form::Debug, "(1 , 2)"),
            ]
        );
    }
}
