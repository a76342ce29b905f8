//! The functions a rule may call: CEL's own, and the string and list extensions.

use crate::rules::shape::{Shape, either, nearest};

/// What a function takes and gives. A method's receiver is its first argument.
struct Function {
    name: &'static str,
    /// The fewest arguments and the most.
    arity: (usize, usize),
    takes: &'static [Takes],
    gives: Gives,
}

/// What an argument must be; the last one counts for all that follow.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Anything,
    Scalar,
    Text,
    Number,
    List,
    /// A list, a text or an object.
    Sized,
}

#[derive(Clone, Copy)]
enum Gives {
    Anything,
    Bool,
    Int,
    Number,
    Text,
    Numbers,
    Texts,
    /// The same list as the first argument.
    Same,
    /// The list inside of the first argument's elements.
    Inner,
}

use Takes::{Anything, List, Number, Scalar, Sized, Text};

#[rustfmt::skip]
const FUNCTIONS: &[Function] = &[
    Function { name: "bool", arity: (1, 1), takes: &[Scalar], gives: Gives::Bool },
    Function { name: "bytes", arity: (1, 1), takes: &[Text], gives: Gives::Anything },
    Function { name: "charAt", arity: (2, 2), takes: &[Text, Number], gives: Gives::Text },
    Function { name: "contains", arity: (2, 2), takes: &[Text], gives: Gives::Bool },
    Function { name: "distinct", arity: (1, 1), takes: &[List], gives: Gives::Same },
    Function { name: "double", arity: (1, 1), takes: &[Scalar], gives: Gives::Number },
    Function { name: "dyn", arity: (1, 1), takes: &[Anything], gives: Gives::Anything },
    Function { name: "endsWith", arity: (2, 2), takes: &[Text], gives: Gives::Bool },
    Function { name: "flatten", arity: (1, 2), takes: &[List, Number], gives: Gives::Inner },
    Function { name: "format", arity: (2, 2), takes: &[Text, List], gives: Gives::Text },
    Function { name: "indexOf", arity: (2, 3), takes: &[Text, Text, Number], gives: Gives::Int },
    Function { name: "int", arity: (1, 1), takes: &[Scalar], gives: Gives::Int },
    Function { name: "join", arity: (1, 2), takes: &[List, Text], gives: Gives::Text },
    Function { name: "lastIndexOf", arity: (2, 3), takes: &[Text, Text, Number], gives: Gives::Int },
    Function { name: "lists.range", arity: (1, 1), takes: &[Number], gives: Gives::Numbers },
    Function { name: "lowerAscii", arity: (1, 1), takes: &[Text], gives: Gives::Text },
    Function { name: "matches", arity: (2, 2), takes: &[Text], gives: Gives::Bool },
    Function { name: "replace", arity: (3, 4), takes: &[Text, Text, Text, Number], gives: Gives::Text },
    Function { name: "reverse", arity: (1, 1), takes: &[Anything], gives: Gives::Same },
    Function { name: "size", arity: (1, 1), takes: &[Sized], gives: Gives::Int },
    Function { name: "slice", arity: (3, 3), takes: &[List, Number], gives: Gives::Same },
    Function { name: "sort", arity: (1, 1), takes: &[List], gives: Gives::Same },
    Function { name: "split", arity: (2, 3), takes: &[Text, Text, Number], gives: Gives::Texts },
    Function { name: "startsWith", arity: (2, 2), takes: &[Text], gives: Gives::Bool },
    Function { name: "string", arity: (1, 1), takes: &[Scalar], gives: Gives::Text },
    Function { name: "strings.quote", arity: (1, 1), takes: &[Text], gives: Gives::Text },
    Function { name: "substring", arity: (2, 3), takes: &[Text, Number], gives: Gives::Text },
    Function { name: "trim", arity: (1, 1), takes: &[Text], gives: Gives::Text },
    Function { name: "type", arity: (1, 1), takes: &[Anything], gives: Gives::Anything },
    Function { name: "uint", arity: (1, 1), takes: &[Scalar], gives: Gives::Int },
    Function { name: "upperAscii", arity: (1, 1), takes: &[Text], gives: Gives::Text },
];

/// Whether there is such a function; the namespace is part of the name: `lists.range`.
pub(super) fn exists(name: &str) -> bool {
    FUNCTIONS.iter().any(|function| function.name == name)
}

/// Whether the name is that of a function in a namespace.
pub(super) fn is_qualified(name: &str) -> bool {
    name.contains('.') && exists(name)
}

/// What to say of a function that does not exist.
pub(super) fn unknown(name: &str) -> String {
    /// What the parser knows as macros.
    const MACROS: [&str; 6] = ["all", "exists", "exists_one", "filter", "has", "map"];
    let names = FUNCTIONS.iter().map(|function| function.name).chain(MACROS);
    match nearest(name, names) {
        Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
        None => format!("there is no function `{name}`"),
    }
}

/// What a call gives.
///
/// # Errors
/// The number of arguments, or a type of one, is wrong.
pub(super) fn result(name: &str, arguments: &[Shape]) -> Result<Shape, String> {
    // Operators without a rule of their own.
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else { return Ok(Shape::Any) };
    let (fewest, most) = function.arity;
    if !(fewest..=most).contains(&arguments.len()) {
        let wanted = if fewest == most { fewest.to_string() } else { format!("{fewest} or {most}") };
        return Err(format!("`{name}` takes {wanted} values (the receiver is one), not {}", arguments.len()));
    }
    for (n, argument) in arguments.iter().enumerate() {
        let takes = function.takes.get(n).or(function.takes.last()).copied().unwrap_or(Anything);
        if !fits(takes, argument) {
            return Err(format!("`{name}` takes {}, not {}", in_words(takes), argument.in_words()));
        }
    }
    let first = arguments.first().cloned().unwrap_or(Shape::Any);
    Ok(match function.gives {
        Gives::Anything => Shape::Any,
        Gives::Bool => Shape::Bool,
        Gives::Int => Shape::Int,
        Gives::Number => Shape::Number,
        Gives::Text => Shape::Text(vec![]),
        Gives::Numbers => Shape::List(Box::new(Shape::Int)),
        Gives::Texts => Shape::List(Box::new(Shape::Text(vec![]))),
        Gives::Same => first,
        Gives::Inner => match first {
            Shape::List(of) if matches!(*of, Shape::List(_)) => either(*of, Shape::Never),
            _ => Shape::List(Box::new(Shape::Any)),
        },
    })
}

fn fits(takes: Takes, shape: &Shape) -> bool {
    match shape {
        Shape::Any | Shape::Never => true,
        Shape::Text(_) => matches!(takes, Anything | Scalar | Text | Sized),
        Shape::Int | Shape::Number => matches!(takes, Anything | Scalar | Number),
        Shape::Bool => matches!(takes, Anything | Scalar),
        Shape::List(_) => matches!(takes, Anything | List | Sized),
        Shape::Object(_) | Shape::Map(_) => matches!(takes, Anything | Sized),
        Shape::Null | Shape::Maybe(_) => takes == Anything,
    }
}

fn in_words(takes: Takes) -> &'static str {
    match takes {
        Anything => "anything",
        Scalar => "a string, a number or a boolean",
        Text => "a string",
        Number => "a number",
        List => "a list",
        Sized => "a list, a string or an object",
    }
}
