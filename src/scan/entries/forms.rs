//! How frameworks make a function a handler, as data: `rules/sdk/entries/<language>.yaml`; the head of `go.yaml` explains
//! the notation.

use std::collections::HashMap;

use serde::Deserialize;

use crate::facts::code::EntryKind;
use crate::scan::catalogue::Slot;
use crate::ui::Problem;

/// Forms built into the program: language and text.
const FILES: [(&str, &str); 4] = [
    ("go", include_str!("../../../rules/sdk/entries/go.yaml")),
    ("python", include_str!("../../../rules/sdk/entries/python.yaml")),
    ("rust", include_str!("../../../rules/sdk/entries/rust.yaml")),
    ("typescript", include_str!("../../../rules/sdk/entries/typescript.yaml")),
];

/// The forms of one language.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forms {
    /// Language they are for.
    pub language: String,
    /// A file is run when it is loaded: code outside of functions is entered as a program.
    #[serde(default)]
    pub scripts: bool,
    /// The forms.
    pub entries: Vec<Form>,
}

/// One way a function becomes a handler.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// What enters.
    pub kind: EntryKind,
    /// Template of what a reader is shown.
    pub name: String,
    /// Libraries the call, decorator or router comes from; empty for any.
    #[serde(default)]
    pub from: Vec<String>,
    /// Calls by their last name, or as `Type::name`; one `*` stands for anything.
    #[serde(default)]
    pub calls: Vec<String>,
    /// The argument that is the handler.
    pub handler: Option<Slot>,
    /// Arguments after it may be handlers, too.
    #[serde(default)]
    pub rest: bool,
    /// The argument whose methods are handlers.
    pub object: Option<Slot>,
    /// Which methods; empty for all that others can call.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The function that makes the call is meant.
    #[serde(default)]
    pub inside: bool,
    /// Decorators by their last name.
    #[serde(default)]
    pub decorators: Vec<String>,
    /// The decorator of the class whose argument `{class}` is.
    pub class: Option<String>,
    /// A type of which object literals are made.
    pub object_of: Option<String>,
    /// Fields of such a literal that hold handlers.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Names under which handlers are declared.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Types whose methods are handlers.
    #[serde(default)]
    pub owners: Vec<String>,
    /// The package they must be in, by the name it gives itself.
    pub package: Option<String>,
    /// Names of their first parameters.
    #[serde(default)]
    pub params: Vec<String>,
    /// A folder their file must be in.
    pub under: Option<String>,
    /// Name of their file without its ending.
    pub stem: Option<String>,
    /// What the first argument begins with when the library cannot be told.
    pub telling: Option<String>,
    /// Calls that give a router with a prefix.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Calls earlier in a chain whose first argument `{chain}` is.
    #[serde(default)]
    pub chain: Vec<String>,
    /// Calls around this one whose first argument is part of `{around}`.
    #[serde(default)]
    pub around: Vec<String>,
}

impl Forms {
    /// The forms of this version, by language.
    ///
    /// # Errors
    /// A file that does not hold the notation; a test keeps this from happening.
    pub fn built_in() -> Result<HashMap<&'static str, Self>, Problem> {
        let mut all = HashMap::new();
        for (language, text) in FILES {
            let forms = serde_saphyr::from_str(text).map_err(|e| {
                Problem::tool(format!("the built-in entry forms for {language} are invalid")).note(e.to_string())
            })?;
            all.insert(language, forms);
        }
        Ok(all)
    }
}

impl Form {
    /// Whether one of the libraries is meant.
    pub fn is_from(&self, library: &str) -> bool {
        let begins = |known: &String| match known.strip_prefix('*') {
            Some(end) => package_of(library).ends_with(end),
            None => {
                library.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
            }
        };
        self.from.iter().any(begins)
    }
}

fn package_of(library: &str) -> &str {
    library.rsplit_once('.').map_or(library, |(package, _)| package)
}

/// What the star of a pattern stands for in a name; empty without a star.
pub fn matched<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        None => (pattern == name).then_some(""),
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after).filter(|middle| !middle.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_forms_are_valid() {
        for (language, forms) in Forms::built_in().unwrap() {
            assert_eq!(forms.language, language);
            for form in &forms.entries {
                let ways = [
                    !form.calls.is_empty(),
                    !form.decorators.is_empty(),
                    form.object_of.is_some(),
                    !form.functions.is_empty() || !form.owners.is_empty(),
                ];
                assert_eq!(ways.iter().filter(|way| **way).count(), 1, "{language}: one way only: {form:?}");
                let given = [form.handler.is_some(), form.object.is_some(), form.inside];
                let wanted = usize::from(!form.calls.is_empty());
                assert_eq!(given.iter().filter(|g| **g).count(), wanted, "{language}: what is handed over: {form:?}");
            }
        }
    }

    #[test]
    fn a_star_stands_for_what_is_between() {
        assert_eq!(matched("Register*Server", "RegisterOrdersServer"), Some("Orders"));
        assert_eq!(matched("Register*Server", "RegisterServer"), None);
        assert_eq!(matched("POST", "POST"), Some(""));
        assert_eq!(matched("POST", "post"), None);
    }

    #[test]
    fn libraries_are_told_by_how_their_names_begin() {
        let forms = Forms::built_in().unwrap();
        let gin = forms["go"].entries.iter().find(|f| f.calls.contains(&"GET".to_owned())).unwrap();
        assert!(gin.is_from("github.com/gin-gonic/gin.RouterGroup"));
        assert!(gin.is_from("github.com/labstack/echo/v4.Echo"));
        assert!(!gin.is_from("github.com/gin-gonic/ginx.RouterGroup"));
        let connect = forms["go"].entries.iter().find(|f| f.from.contains(&"*connect".to_owned())).unwrap();
        assert!(connect.is_from("example.com/gen/orders/v1/ordersv1connect.NewOrdersHandler"));
    }
}
