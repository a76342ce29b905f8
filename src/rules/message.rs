//! Texts with placeholders: `{{ name }}` looks a value up, and that is all it can do.

use serde_json::Value;

use super::shell;

/// Stands where a fact has no value (an optional field that is empty).
pub const NO_VALUE: &str = "(unknown)";

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A dotted path, and where the placeholder begins: a byte offset in the text.
    Placeholder(String, usize),
}

/// A text with its placeholders filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// The text; [`NO_VALUE`] stands for what was not found.
    pub text: String,
    /// Placeholders that found nothing.
    pub missing: Vec<String>,
}

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// In words.
    pub message: String,
    /// Byte offset in the text.
    pub offset: usize,
}

impl Template {
    /// Split a text at its placeholders.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((text, after)) = rest.split_once("{{") {
            let offset = source.len() - after.len() - 2;
            let Some((path, next)) = after.split_once("}}") else {
                return Err(TemplateError { message: "`{{` without `}}`".into(), offset });
            };
            let path = path.trim();
            let is_name = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !path.split('.').all(is_name) {
                let message = format!("`{path}` is not a path; a placeholder is a dotted name and nothing else");
                return Err(TemplateError { message, offset });
            }
            parts.push(Part::Text(text.to_owned()));
            parts.push(Part::Placeholder(path.to_owned(), offset));
            rest = next;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// Whether it says the same of every object.
    pub fn is_constant(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The paths it looks up, each with the byte offset of its placeholder.
    pub fn placeholders(&self) -> impl Iterator<Item = (&str, usize)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(path, offset) => Some((path.as_str(), *offset)),
            Part::Text(_) => None,
        })
    }

    /// The text with placeholders as a manual page writes them: `--name NAME` for `--name {{ it.name }}`.
    pub fn outline(&self) -> String {
        let word = |path: &str| path.rsplit('.').next().unwrap_or(path).to_uppercase();
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Placeholder(path, _) => word(path),
        });
        parts.collect()
    }

    /// Fill in values for reading: lists are joined by commas, control characters are made visible.
    pub fn fill<'v>(&self, look_up: impl Fn(&str) -> Option<&'v Value>) -> Filled {
        self.render(look_up, |value, _| {
            words(value).map(|w| w.iter().map(|w| visible(w)).collect::<Vec<_>>().join(", "))
        })
    }

    /// Fill in values for a POSIX shell: every value is quoted for the place where it stands, so that a
    /// schedule named `$(reboot)` stays a name. Lists become several words. A path that ends in `flags`
    /// holds ready-made words and is copied as it is.
    pub fn fill_command<'v>(&self, look_up: impl Fn(&str) -> Option<&'v Value>) -> Filled {
        let mut quote = Quote::None;
        let mut seen = 0;
        self.render(look_up, |value, (index, path)| {
            for part in self.parts.iter().take(index).skip(seen) {
                if let Part::Text(text) = part {
                    quote = quote.after(text);
                }
            }
            seen = index;
            let words = words(value)?;
            let quoted: Vec<String> = match path.ends_with("flags") {
                true => words,
                false => words.iter().map(|w| quote.protect(w)).collect(),
            };
            Some(quoted.join(" "))
        })
    }

    fn render<'v>(
        &self,
        look_up: impl Fn(&str) -> Option<&'v Value>,
        mut show: impl FnMut(&Value, (usize, &str)) -> Option<String>,
    ) -> Filled {
        let mut filled = Filled::default();
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => filled.text.push_str(text),
                Part::Placeholder(path, _) => match look_up(path).and_then(|value| show(value, (index, path))) {
                    Some(text) => filled.text.push_str(&text),
                    None => {
                        filled.text.push_str(NO_VALUE);
                        filled.missing.push(path.clone());
                    }
                },
            }
        }
        filled
    }
}

/// Follow a dotted path into a value; numbers select from lists.
pub fn descend<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, segment| match value {
        Value::Array(list) => list.get(segment.parse::<usize>().ok()?),
        other => other.get(segment),
    })
}

/// The words of a value; objects have none, and nothing is not a word.
fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::String(s) => Some(vec![s.clone()]),
        Value::Bool(_) | Value::Number(_) => Some(vec![value.to_string()]),
        Value::Array(list) => list.iter().map(words).collect::<Option<Vec<_>>>().map(|w| w.concat()),
    }
}

/// Names come from clusters and source code; they must not move a terminal's cursor.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Where in a shell command a placeholder stands.
#[derive(Clone, Copy, PartialEq)]
enum Quote {
    None,
    Single,
    Double,
}

impl Quote {
    /// The state at the end of `text`.
    fn after(self, text: &str) -> Self {
        let mut state = self;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            state = match (state, c) {
                (Quote::None, '\'') => Quote::Single,
                (Quote::None, '"') => Quote::Double,
                (Quote::Single, '\'') | (Quote::Double, '"') => Quote::None,
                (Quote::None | Quote::Double, '\\') => {
                    chars.next();
                    state
                }
                _ => state,
            };
        }
        state
    }

    fn protect(self, word: &str) -> String {
        match self {
            Quote::Single => visible(word).replace('\'', r"'\''"),
            Quote::Double => {
                let special = |c| matches!(c, '"' | '\\' | '$' | '`');
                visible(word).chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
            }
            Quote::None => shell::word(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(template: &str, value: &Value) -> Filled {
        Template::parse(template).unwrap().fill(|path| descend(value, path))
    }

    fn command(template: &str, value: &Value) -> String {
        Template::parse(template).unwrap().fill_command(|path| descend(value, path)).text
    }

    #[test]
    fn values_are_shown_as_a_person_would_write_them() {
        let value = json!({"name": "MerchantId", "n": 3, "ok": true, "list": ["a", "b"], "in": {"deep": [{"x": "y"}]}});
        let filled = fill("`{{ name }}`: {{n}} {{ ok }} [{{ list }}] {{ in.deep.0.x }}.", &value);
        assert_eq!(filled.text, "`MerchantId`: 3 true [a, b] y.");
        assert_eq!(filled.missing, [""; 0]);
    }

    #[test]
    fn what_is_not_there_is_said_and_reported() {
        let filled = fill("{{ name }} on {{ task_queue }} {{ object }}", &json!({"name": null, "object": {}}));
        assert_eq!(filled.text, "(unknown) on (unknown) (unknown)");
        assert_eq!(filled.missing, ["name", "task_queue", "object"]);
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(fill("{{ a }}", &json!({"a": "x\u{1b}[2J\ny"})).text, "x\\u{1b}[2J\\ny");
    }

    #[test]
    fn commands_are_quoted_for_where_the_value_stands() {
        let value = json!({"n": "a b", "evil": "$(rm -rf ~)`\"'", "list": ["x", "y z"], "cli_flags": "--profile onprem", "plain": "pay.a1:7233"});
        assert_eq!(command("c {{ cli_flags }} -n {{ plain }}", &value), "c --profile onprem -n pay.a1:7233");
        assert_eq!(command("c -n {{ n }} {{ list }}", &value), "c -n 'a b' x 'y z'");
        assert_eq!(command("c \"{{ n }}={{ evil }}\" {{ n }}", &value), r#"c "a b=\$(rm -rf ~)\`\"'" 'a b'"#);
        assert_eq!(command("c '{{ evil }}' {{ evil }}", &value), r#"c '$(rm -rf ~)`"'\''' '$(rm -rf ~)`"'\'''"#);
        assert_eq!(command(r#"c \"{{ n }}"#, &value), r#"c \"'a b'"#);
    }

    #[test]
    fn only_paths_are_placeholders() {
        for (text, offset) in [("a {{ b", 2), ("{{ a | upper }}", 0), ("{{}}", 0), ("x {{ a..b }}", 2)] {
            assert_eq!(Template::parse(text).unwrap_err().offset, offset, "{text}");
        }
        let template = Template::parse("{{ a.b }} and {{ c }}").unwrap();
        assert_eq!(template.outline(), "B and C");
    }
}
