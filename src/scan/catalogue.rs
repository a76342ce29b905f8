//! The SDK catalogue: what Temporal calls look like in a language, as data.
//!
//! One file per language, `rules/sdk/<language>.yaml`; its head explains the notation. The catalogue
//! knows Temporal and nothing of grammar.

mod notation;
mod surroundings;

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::facts::code::Kind;
use crate::ui::Problem;
pub use notation::{Arity, ClientAt, Slot, SlotStep};
pub use surroundings::*;

/// Catalogues built into the program: language and text.
const FILES: [(&str, &str); 4] = [
    ("go", include_str!("../../rules/sdk/go.yaml")),
    ("python", include_str!("../../rules/sdk/python.yaml")),
    ("rust", include_str!("../../rules/sdk/rust.yaml")),
    ("typescript", include_str!("../../rules/sdk/typescript.yaml")),
];

/// The catalogue of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Language it is for.
    pub language: String,
    /// Prefix of SDK packages in manifests.
    pub dependency: String,
    /// Bytes that show that a file uses the SDK.
    pub markers: Vec<String>,
    /// Bytes that make a file worth reading when the tree uses the SDK.
    pub tokens: Vec<String>,
    /// Old package name → today's.
    #[serde(default)]
    pub renamed: BTreeMap<String, String>,
    /// Types that generators make in any module, by its last part and their name → the SDK's own.
    #[serde(default)]
    pub generated: BTreeMap<String, String>,
    /// SDK types by full name.
    pub types: BTreeMap<String, SdkType>,
    /// SDK functions by full name.
    pub functions: BTreeMap<String, Api>,
    /// Packages whose types are never clients.
    #[serde(default)]
    pub lookalikes: Vec<LookAlike>,
    /// Functions and methods that say what a test or a mock expects; a star stands for any end.
    #[serde(default)]
    pub expectations: Vec<String>,
    /// Decorators that define a workflow → the slot of its name.
    #[serde(default)]
    pub definitions: BTreeMap<String, Slot>,
    /// Annotations of a method that may name the workflow its type defines → the slot of the name.
    #[serde(default)]
    pub definition_methods: BTreeMap<String, Slot>,
    /// Annotations of a method that may name the message it handles → the slot of the name.
    #[serde(default)]
    pub message_methods: BTreeMap<String, Slot>,
    /// Types that mark workflow code.
    #[serde(default)]
    pub workflow_context: Vec<String>,
    /// Modules that mark a file of workflow code: a worker registers every function such a file hands out.
    #[serde(default)]
    pub workflow_modules: Vec<String>,
    /// Modules that workflow code cannot use.
    #[serde(default)]
    pub not_in_workflows: Vec<String>,
    /// Functions that set search attributes inside a workflow → argument.
    #[serde(default)]
    pub upserts: BTreeMap<String, usize>,
    /// Functions that make typed search-attribute keys → type.
    #[serde(default)]
    pub attribute_keys: BTreeMap<String, KeyType>,
    /// Features that must be there, or be set the same, on both sides.
    #[serde(default)]
    pub features: Vec<FeatureRule>,
    /// Commands by which a workflow reaches another one.
    #[serde(default)]
    pub links: Vec<LinkRule>,
    /// How "not found" is recognised.
    #[serde(default)]
    pub not_found: NotFound,
    /// Library functions that hand an argument on.
    #[serde(default)]
    pub flows: BTreeMap<String, usize>,
    /// Library functions that hand on all their arguments, as a list.
    #[serde(default)]
    pub gather_functions: Vec<String>,
    /// Library functions whose result is what calling an argument yields.
    #[serde(default)]
    pub providers: BTreeMap<String, usize>,
    /// Library methods that call the function they are given.
    #[serde(default)]
    pub callbacks: BTreeMap<String, Callback>,
    /// Members that hold an SDK object in so many programs that their name tells what it is.
    #[serde(default)]
    pub well_known_members: Vec<String>,
    /// Members of a member of an enumeration that are the value it was given.
    #[serde(default)]
    pub enumeration_values: Vec<String>,
    /// Objects of libraries in which one part of a program leaves values for others: what `app.state.client` is given,
    /// `request.app.state.client` is. By the last one or two names of the object, `app.state`.
    #[serde(default)]
    pub shared_state: Vec<String>,
    /// Library containers.
    #[serde(default)]
    pub containers: BTreeMap<String, BoxType>,
    /// Values along a context.
    #[serde(default)]
    pub context_stores: Vec<ContextStore>,
    /// How containers are told what stands behind a token.
    #[serde(default)]
    pub tokens_of_containers: Option<Tokens>,
    /// Methods that hand a value to a container which fills parameters by their type.
    #[serde(default)]
    pub installers: Vec<String>,
    /// Dependency-injection packages.
    #[serde(default)]
    pub injection: Vec<String>,
    /// Where settings come from.
    #[serde(default)]
    pub configuration: BTreeMap<String, Setting>,
    /// Classes whose fields are settings.
    #[serde(default)]
    pub settings_classes: Option<SettingsClasses>,
    /// Services that are asked for feature flags.
    #[serde(default)]
    pub flag_services: Vec<FlagService>,
    /// Methods that bind a flag to a variable.
    #[serde(default)]
    pub flag_binders: Vec<String>,
    /// Methods and functions that declare a setting with its default.
    #[serde(default)]
    pub takes_defaults: Vec<String>,
    /// What Temporal Cloud refuses.
    #[serde(default)]
    pub hazards: Vec<HazardRule>,
    /// Hazards of other languages that cannot be written in this one.
    #[serde(default)]
    pub no_such_hazards: Vec<String>,
}

/// An SDK type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkType {
    /// `client`, `handle`, `options`, `worker`, `server`, `settings`.
    pub role: String,
    /// Methods; a method that is not listed does not talk to the cluster.
    #[serde(default)]
    pub methods: BTreeMap<String, Api>,
    /// Types whose methods this one has as well.
    #[serde(default)]
    pub has: Vec<String>,
    /// Members that are objects of the SDK and share the client of this one → type.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
    /// Functions whose calls configure every object of this type that a container hands out.
    #[serde(default)]
    pub configured_by: Vec<String>,
    /// A generated stub: its calls are raw gRPC.
    #[serde(default)]
    pub raw: bool,
    /// Methods that are not listed set the field of their name and hand the object on.
    #[serde(default)]
    pub builder: bool,
}

/// One function or method.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// What it does; none for helpers.
    pub kind: Option<Kind>,
    /// A second thing the same call does.
    pub also: Option<Kind>,
    /// Number of arguments.
    pub args: Option<Arity>,
    /// Where its client comes from.
    pub client: Option<ClientAt>,
    /// Type of its first result.
    pub result: Option<String>,
    /// Workflow function or type name.
    pub workflow: Option<Slot>,
    /// Workflow id.
    pub id: Option<Slot>,
    /// Task queue.
    pub queue: Option<Slot>,
    /// Cron expression.
    pub cron: Option<Slot>,
    /// Signal, query or update name.
    pub message: Option<Slot>,
    /// Options object.
    pub options: Option<Slot>,
    /// Address of a connection.
    pub address: Option<Slot>,
    /// Namespace of a connection.
    pub namespace: Option<Slot>,
    /// Address when none is given.
    pub default_address: Option<String>,
    /// Namespace when none is given.
    pub default_namespace: Option<String>,
    /// Search attributes.
    pub attributes: Vec<Slot>,
    /// Visibility query.
    pub query: Option<Slot>,
    /// Workflow registered by this call.
    pub registers: Option<Slot>,
    /// File whose workflows this call registers.
    pub registers_file: Option<Slot>,
    /// Name it is registered under.
    pub name: Option<Slot>,
    /// Fields of the object it makes that the arguments fill, in their order.
    pub fields: Vec<String>,
    /// What functions among the arguments are called with.
    pub gives: Vec<CallbackArgument>,
    /// Registers every type name.
    pub dynamic: bool,
    /// Where its settings come from, in words.
    pub words: Option<String>,
    /// Reading the member is enough, it is not called.
    pub attribute: bool,
    /// Argument without which the call is something else.
    pub needs: Option<Slot>,
    /// What the call is when an argument is given.
    pub given: Option<Given>,
    /// The name alone is telling enough to be looked at when the receiver's type is unknown.
    pub distinctive: bool,
}

/// Another meaning of a call that has a certain argument.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The argument.
    pub slot: Slot,
    /// What the call is then.
    pub kind: Kind,
}

/// The SDK function or method behind a call.
#[derive(Debug, Clone, Copy)]
pub struct ApiRef<'c> {
    /// Full name of the type or package it belongs to.
    pub owner: &'c str,
    /// Its own name.
    pub name: &'c str,
    /// What is known of it.
    pub api: &'c Api,
    /// A method rather than a function.
    pub method: bool,
}

impl ApiRef<'_> {
    /// `client.Client.ExecuteWorkflow`: the last package segment is enough to read.
    pub fn display(&self) -> String {
        let short = short_name(self.owner);
        format!("{short}.{}", self.name)
    }

    /// `go.temporal.io/sdk/client.Client.ExecuteWorkflow`.
    pub fn full(&self) -> String {
        format!("{}.{}", self.owner, self.name)
    }

    /// Where the client comes from.
    pub fn client(&self) -> Option<ClientAt> {
        match &self.api.client {
            Some(at) => Some(at.clone()),
            None if self.method => Some(ClientAt::Receiver),
            None => None,
        }
    }
}

/// `go.temporal.io/api/workflowservice/v1.X` → `workflowservice.X`.
pub fn short_name(full: &str) -> String {
    let (path, rest) = match full.rfind('/') {
        Some(at) => (&full[..at], &full[at + 1..]),
        None => ("", full),
    };
    let versioned = rest.starts_with('v') && rest[1..].chars().next().is_some_and(|c| c.is_ascii_digit());
    if versioned && let (Some(package), Some(dot)) = (path.rsplit('/').next(), rest.find('.')) {
        return format!("{package}{}", &rest[dot..]);
    }
    rest.to_owned()
}

impl Catalogue {
    /// Read one catalogue.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|e| e.to_string())
    }

    /// All built-in catalogues by language, read once.
    ///
    /// # Errors
    /// A catalogue that cannot be read is a defect of this program.
    pub fn built_in() -> Result<&'static HashMap<&'static str, Self>, Problem> {
        static ALL: OnceLock<HashMap<&'static str, Catalogue>> = OnceLock::new();
        if let Some(all) = ALL.get() {
            return Ok(all);
        }
        let mut all = HashMap::new();
        for (language, text) in FILES {
            let catalogue = Self::parse(text)
                .map_err(|e| Problem::tool(format!("the built-in SDK catalogue for {language} is invalid")).note(e))?;
            all.insert(language, catalogue);
        }
        Ok(ALL.get_or_init(|| all))
    }

    /// Packages the SDK is published as, by their own names.
    pub fn own_packages(&self) -> std::collections::BTreeSet<String> {
        let names = self.types.keys().chain(self.functions.keys()).chain(self.definitions.keys());
        names.filter_map(|name| name.split(['.', '/']).next()).map(str::to_owned).collect()
    }

    /// Packages of the SDK's names.
    pub fn packages(&self) -> rustc_hash::FxHashSet<String> {
        let library = self
            .configuration
            .keys()
            .chain(self.flows.keys())
            .chain(&self.gather_functions)
            .chain(self.providers.keys());
        let listed = self.features.iter().flat_map(|f| f.functions.iter().chain(&f.decorators));
        let listed = listed.chain(self.links.iter().flat_map(|link| &link.functions));
        let names = self.types.keys().chain(self.functions.keys()).chain(library).chain(listed);
        let parts = names.filter_map(|name| name.rsplit_once('.')).map(|(package, _)| package.to_owned());
        let look_alikes = self.lookalikes.iter().map(|l| l.package.clone());
        let own = self.configuration.keys().cloned();
        parts.chain(look_alikes).chain(own).filter(|package| !self.types.contains_key(package)).collect()
    }

    /// Today's name of a package or of `package.Name`.
    pub fn current_name(&self, full: &str) -> String {
        // The longest name that fits stands last.
        for (old, new) in self.renamed.iter().rev() {
            if let Some(rest) = full.strip_prefix(old.as_str())
                && (rest.is_empty() || rest.starts_with(['.', '/']))
            {
                return format!("{new}{rest}");
            }
        }
        for (ending, name) in &self.generated {
            if let Some(at) = full.find(ending.as_str())
                && full.get(..at).is_some_and(|before| before.ends_with('/'))
                && let Some(rest) = full.get(at + ending.len()..)
                && (rest.is_empty() || rest.starts_with('.'))
            {
                return format!("{name}{rest}");
            }
        }
        full.to_owned()
    }

    /// A type by full name.
    pub fn sdk_type(&self, full: &str) -> Option<(&str, &SdkType)> {
        self.types.get_key_value(full).map(|(name, ty)| (name.as_str(), ty))
    }

    /// Whether the name belongs to a client type.
    pub fn is_client(&self, full: &str) -> bool {
        self.types.get(full).is_some_and(|t| t.role == "client")
    }

    /// A method of an SDK type.
    pub fn method(&self, ty: &str, name: &str) -> Option<ApiRef<'_>> {
        let (owner, entry) = self.sdk_type(ty)?;
        let Some((name, api)) = entry.methods.get_key_value(name) else {
            return entry.has.iter().find_map(|other| self.method(other, name));
        };
        Some(ApiRef { owner, name, api, method: true })
    }

    /// The type of a member that shares the client of its owner.
    pub fn part(&self, ty: &str, name: &str) -> Option<&str> {
        self.types.get(ty)?.parts.get(name).map(String::as_str)
    }

    /// A function by full name.
    pub fn function(&self, full: &str) -> Option<ApiRef<'_>> {
        let (full, api) = self.functions.get_key_value(full)?;
        let (owner, name) = full.rsplit_once('.')?;
        Some(ApiRef { owner, name, api, method: false })
    }

    /// Why values of a package are no clients.
    pub fn lookalike(&self, package: &str) -> Option<&str> {
        let found = self.lookalikes.iter().find(|l| {
            package.strip_prefix(l.package.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
        })?;
        Some(&found.reason)
    }

    /// Whether calls of a package have the names of the SDK's.
    pub fn rivals(&self) -> impl Iterator<Item = &str> {
        self.lookalikes.iter().filter(|l| l.rival).map(|l| l.package.as_str())
    }

    /// Whether a package is one of them, or a part of one.
    pub fn is_rival(&self, package: &str) -> bool {
        let begins = |l: &LookAlike| {
            let rest = package.strip_prefix(l.package.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
        };
        self.lookalikes.iter().any(|l| l.rival && begins(l))
    }

    /// Whether a function or method of this name says what a test or a mock expects of what it is given.
    pub fn expects(&self, name: &str) -> bool {
        self.expectations.iter().any(|e| match e.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => e == name,
        })
    }

    /// Whether what a function or method of this name gives records expectations of a mock.
    pub fn records(&self, name: &str) -> bool {
        self.expectations.iter().any(|e| e == name)
    }

    /// Methods whose name alone is telling, with the types that have them.
    pub fn distinctive(&self, name: &str) -> Option<ApiRef<'_>> {
        self.types.iter().find_map(|(owner, ty)| {
            let (name, api) = ty.methods.get_key_value(name)?;
            api.distinctive.then_some(ApiRef { owner, name, api, method: true })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_catalogues_are_valid_and_consistent() {
        for (language, catalogue) in Catalogue::built_in().unwrap() {
            assert_eq!(catalogue.language, *language);
            let apis = catalogue.types.values().flat_map(|t| t.methods.iter()).chain(&catalogue.functions);
            for (name, api) in apis {
                if let Some(result) = &api.result {
                    assert!(
                        catalogue.types.contains_key(result),
                        "{name}: result type {result} is not in the catalogue"
                    );
                }
            }
        }
    }

    #[test]
    fn every_language_knows_every_hazard() {
        let all = Catalogue::built_in().unwrap();
        let ids: std::collections::BTreeSet<&str> =
            all.values().flat_map(|c| &c.hazards).map(|h| h.id.as_str()).collect();
        for (language, catalogue) in all {
            for id in &ids {
                let looked_for = catalogue.hazards.iter().any(|h| h.id == *id);
                let cannot_be = catalogue.no_such_hazards.iter().any(|h| h == id);
                assert!(looked_for != cannot_be, "{language}: a rule about `{id}` would pass without having looked");
            }
        }
    }

    #[test]
    fn arity_is_evidence() {
        let five = Arity::try_from("5".to_owned()).unwrap();
        assert!(five.allows(5, false) && !five.allows(2, false) && !five.allows(6, false) && !five.allows(3, true));
        let three = Arity::try_from("3..".to_owned()).unwrap();
        assert!(three.allows(9, false) && three.allows(3, true) && !three.allows(2, false));
    }

    #[test]
    fn names_are_shortened_to_what_a_reader_knows() {
        assert_eq!(
            short_name("go.temporal.io/api/workflowservice/v1.WorkflowServiceClient"),
            "workflowservice.WorkflowServiceClient"
        );
        assert_eq!(short_name("go.temporal.io/sdk/client.Client"), "client.Client");
    }
}
