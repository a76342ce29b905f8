//! The short texts of the catalogue: how many arguments a call has, where a value stands in it.

use serde::Deserialize;

/// Number of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Arity {
    least: usize,
    exact: bool,
}

impl Arity {
    /// Whether a call with so many arguments is possible; `spread` hides the rest, and a single argument
    /// may be a call with several results.
    pub fn allows(self, count: usize, spread: bool) -> bool {
        if spread {
            return !self.exact && count + 1 >= self.least;
        }
        count == self.least || (!self.exact && count > self.least)
    }
}

impl TryFrom<String> for Arity {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let (digits, exact) = match text.strip_suffix("..") {
            Some(digits) => (digits, false),
            None => (text.as_str(), true),
        };
        let least = digits.parse().map_err(|_| format!("`{text}` is no number of arguments"))?;
        Ok(Self { least, exact })
    }
}

/// Where the client of a call comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ClientAt {
    /// The object the method is called on.
    Receiver,
    /// An argument, or a field of one.
    Slot(Slot),
    /// The call makes the connection.
    Builds,
    /// The worker that runs the code.
    Context,
    /// A test server.
    Server,
}

impl TryFrom<String> for ClientAt {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "receiver" => Self::Receiver,
            "builds" => Self::Builds,
            "context" => Self::Context,
            "server" => Self::Server,
            other => match other.strip_prefix("arg ") {
                Some(slot) => Self::Slot(Slot::try_from(slot.to_owned())?),
                None => return Err(format!("`{text}` does not say where a client comes from")),
            },
        })
    }
}

/// Where a value stands in a call: argument, then fields and elements.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SlotText")]
pub struct Slot {
    /// 0-based argument; none when it is given by name only.
    pub argument: Option<usize>,
    /// Name under which the argument may be given.
    pub keyword: Option<String>,
    /// Steps into it.
    pub steps: Vec<SlotStep>,
}

/// One step into an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotStep {
    /// A field.
    Field(String),
    /// An element.
    Element,
}

/// YAML reads `1.ID` as text and `1` as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum SlotText {
    Number(usize),
    Text(String),
}

impl TryFrom<SlotText> for Slot {
    type Error = String;
    fn try_from(text: SlotText) -> Result<Self, String> {
        match text {
            SlotText::Number(argument) => Ok(Self { argument: Some(argument), keyword: None, steps: vec![] }),
            SlotText::Text(text) => Self::try_from(text),
        }
    }
}

impl TryFrom<String> for Slot {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut words = text.split('.');
        let first = words.next().unwrap_or_default();
        let (number, keyword) = match first.split_once('=') {
            Some((number, keyword)) => (number, Some(keyword)),
            None => (first, None),
        };
        let argument = match number {
            "" if keyword.is_some() => None,
            number => {
                Some(number.parse().map_err(|_| format!("`{text}` does not begin with the number of an argument"))?)
            }
        };
        let mut steps = vec![];
        let keyword = keyword.map(|word| match word.strip_suffix("[]") {
            Some(word) => {
                steps.push(SlotStep::Element);
                word.to_owned()
            }
            None => word.to_owned(),
        });
        for word in words {
            let (name, element) = match word.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (word, false),
            };
            steps.push(SlotStep::Field(name.to_owned()));
            if element {
                steps.push(SlotStep::Element);
            }
        }
        Ok(Self { argument, keyword, steps })
    }
}
