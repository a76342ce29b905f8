//! What the catalogue knows beside the calls of the SDK: look-alikes, errors, libraries, settings, hazards, features.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Slot;

/// A package whose types look like clients.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookAlike {
    /// Package or prefix of packages.
    pub package: String,
    /// Reason code for the coverage.
    pub reason: String,
    /// Its calls have the names of the SDK's: a file that imports it and not the SDK means it.
    #[serde(default)]
    pub rival: bool,
}

/// How "not found" is recognised.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotFound {
    /// Error types.
    pub types: Vec<String>,
    /// Names of error types that cover every error of a call.
    pub broad: Vec<String>,
    /// Status codes.
    pub codes: Vec<String>,
    /// Last parts of variants and codes that say it in any type.
    pub variants: Vec<String>,
    /// Members that hold a status as a number → the number.
    pub numbers: BTreeMap<String, String>,
    /// Functions that test an error against a type.
    pub tests: Vec<String>,
    /// Parts of helper names, lower case.
    pub names: Vec<String>,
    /// An error raised while another is handled keeps that one, in every log and trace.
    pub chained: bool,
}

/// A library container.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoxType {
    /// Method that puts a value in (last argument).
    pub store: String,
    /// Method that hands it out.
    pub load: String,
}

/// Values handed along a context.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextStore {
    /// Function that puts a value in, by key: the last two arguments are key and value. Of a type, the name of a method.
    pub put: String,
    /// Methods that take it out by key.
    pub get: Vec<String>,
    /// Types whose methods these are; empty for a function, and for whatever has the methods.
    #[serde(default)]
    pub of: Vec<String>,
}

/// A method that calls the function it is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// What the function's first parameter is.
    #[serde(default)]
    pub gives: Part,
    /// What the call yields: the receiver, or what the function returns.
    #[serde(default)]
    pub result: CallbackResult,
}

/// Which part of a receiver a function is given.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Something else.
    #[default]
    Nothing,
    /// The receiver itself.
    Whole,
    /// An element of it.
    Element,
    /// An element of it when it is a container, else the receiver itself.
    Inner,
}

/// What a call with a callback yields.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackResult {
    /// Something else.
    #[default]
    Nothing,
    /// The receiver.
    Receiver,
    /// An element of the receiver.
    Element,
    /// What the function returns.
    Function,
    /// A list of what the function returns.
    List,
    /// An element of the receiver when it is a container, else the receiver itself.
    Inner,
}

/// A function handed to the SDK, and the type of one of its parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackArgument {
    /// Where the function stands.
    pub at: Slot,
    /// Its parameter.
    pub param: usize,
    /// Type of the parameter.
    pub ty: String,
}

/// Dependency injection by token: a provider is an object with these fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Annotation of a parameter whose argument is the token.
    pub annotation: Vec<String>,
    /// Field that holds the token.
    pub token: String,
    /// Fields that hold the value.
    pub values: Vec<String>,
    /// Fields that hold a function which makes the value.
    pub factories: Vec<String>,
}

/// A source of settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// In words: `env`, `flag`.
    pub words: String,
    /// Argument that names the setting.
    pub name: usize,
}

/// Classes whose fields are read from settings: the written value stands in only when nothing is set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsClasses {
    /// Library classes that make a class which inherits from them one.
    pub bases: Vec<String>,
    /// In words: `env`.
    pub words: String,
    /// Field or inner class that holds the options of such a class.
    pub options: Vec<String>,
    /// Option that comes before the name of every field.
    pub prefix: String,
    /// Option under which names are not written in capitals.
    pub exact_case: String,
    /// Named arguments of a field's default that name its setting in full, the strongest first.
    pub names: Vec<String>,
    /// Fields whose name begins so are not read.
    pub private: Option<String>,
}

/// A feature-flag service: the flag's key is the first text its methods are given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagService {
    /// Its name.
    pub provider: String,
    /// Packages that a file which uses it imports, by prefix.
    pub packages: Vec<String>,
    /// Methods that evaluate a flag.
    pub methods: Vec<String>,
}

/// Something Temporal Cloud refuses.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HazardRule {
    /// Identifier rules refer to.
    pub id: String,
    /// In words.
    pub detail: String,
    /// SDK calls, `Type.*` for all of a type.
    pub apis: Vec<String>,
    /// Other functions.
    pub functions: Vec<String>,
    /// Imported packages or prefixes of them.
    pub imports: Vec<String>,
    /// Parts of string literals, lower case unless upper-case letters matter.
    pub literals: Vec<String>,
    /// Literals of files that do not name the SDK count too.
    pub anywhere: bool,
    /// Connections that are given no address count; literals that are the default of a setting do not.
    pub defaults: bool,
    /// Only in this slot (`query`).
    pub slot: Option<String>,
    /// Fields, named arguments and variables of the environment → the value they must not have.
    pub settings: BTreeMap<String, String>,
    /// SDK types → fields that must not be given.
    pub given: BTreeMap<String, Vec<String>>,
    /// Command lines handed to another program: its name and the words that must follow, in this order.
    pub commands: Vec<String>,
}

/// The type of a typed search-attribute key: fixed, or named by an argument.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum KeyType {
    /// 0-based argument that names the type.
    Argument(usize),
    /// This type.
    Fixed(String),
}

/// A feature of the SDK that is worth a list of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureRule {
    /// Feature it belongs to: `versioning`, `data-converter`, `nexus`, `last-result`.
    pub id: String,
    /// What is used of it, in words.
    pub what: String,
    /// Functions whose call uses it; with `members`, whose result has them.
    pub functions: Vec<String>,
    /// Members of such a result: reading one uses it, the call alone does not.
    pub members: Vec<String>,
    /// Where its name stands in such a call.
    pub name: Option<Slot>,
    /// Fields and named arguments that use it.
    pub fields: Vec<String>,
    /// Decorators that use it; the decorated thing is its name.
    pub decorators: Vec<String>,
    /// Files that do not name the SDK count too.
    pub anywhere: bool,
}

/// A command by which one workflow reaches another one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkRule {
    /// `child`, `signal`, `cancel`, `external` (signal or cancel, by a handle), `continue` (as another type).
    pub kind: String,
    /// Functions, and methods of other packages, by full name.
    pub functions: Vec<String>,
    /// Where the other type stands.
    pub workflow: Option<Slot>,
    /// Where the id of the other execution stands.
    pub id: Option<Slot>,
}
