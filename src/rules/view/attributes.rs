//! Search attributes of the source: which the move needs, whether Temporal Cloud takes them, what their values look like.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::Limits;
use super::namespaces::{per_moved_namespace, per_moved_namespace_within_limits};
use super::{Context, Fact, FactPath, FactView, coverage, words};
use crate::compare::NamespaceSide;
use crate::facts::{Known, Locus};

const SEARCH_ATTRIBUTES: Fact<Vec<Attribute>> =
    Fact::new("source.search_attributes", "custom search attributes of the moved namespaces");
const OVER_LIMIT: Fact<Vec<TypeOverLimit>> = Fact::new(
    "source.search_attributes_over_limit",
    "types of which the source has more search attributes than Temporal Cloud allows",
);
const NAMES: Fact<Vec<RefusedName>> =
    Fact::new("source.search_attribute_names", "search attributes whose name Temporal Cloud refuses");
const LISTS: Fact<Vec<ListValues>> = Fact::new(
    "source.search_attribute_lists",
    "search attributes of one value in which executions of the source keep several",
);
const VALUES: Fact<Vec<SampledAttribute>> = Fact::new(
    "source.search_attribute_values",
    "search attributes of which values were looked at, with the number of executions that were",
);
const UNUSED: Fact<Vec<Attribute>> = Fact::new(
    "source.search_attributes_unused",
    "search attributes of the source that no execution within retention, no schedule and no scanned code uses",
);
const SIZES: Fact<Vec<LargeValues>> = Fact::new(
    "source.search_attribute_sizes",
    "search attributes with larger values than Temporal Cloud takes, among the executions looked at",
);
const TEXT_IDENTIFIERS: Fact<Vec<TextIdentifier>> =
    Fact::new("source.text_identifiers", "search attributes of type Text whose name says that they hold an identifier");

pub(super) const PATHS: &[FactPath] = &[
    SEARCH_ATTRIBUTES.entry(),
    OVER_LIMIT.entry(),
    NAMES.entry(),
    LISTS.entry(),
    VALUES.entry(),
    UNUSED.entry(),
    SIZES.entry(),
    TEXT_IDENTIFIERS.entry(),
];

/// A custom search attribute, by ListSearchAttributes.
#[derive(Serialize, JsonSchema)]
struct Attribute {
    /// Namespace of the source.
    source_namespace: String,
    /// Name of the search attribute.
    name: String,
    /// Type: `Keyword`, `Text`, `Int` …
    #[serde(rename = "type")]
    value_type: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A type of which the target would hold more search attributes than Temporal Cloud allows.
#[derive(Serialize, JsonSchema)]
struct TypeOverLimit {
    /// Namespace of the source.
    source_namespace: String,
    /// Type: `Keyword`, `Text`, `Int` …
    #[serde(rename = "type")]
    value_type: String,
    /// How many there would be.
    count: usize,
    /// How many are allowed.
    limit: usize,
    /// Their names, at most twelve, then how many more.
    names: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A search attribute whose name Temporal Cloud refuses.
#[derive(Serialize, JsonSchema)]
struct RefusedName {
    /// Namespace of the source.
    source_namespace: String,
    /// Name of the search attribute.
    name: String,
    /// Why, as a sentence.
    problem: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A search attribute of one value in which executions keep several.
#[derive(Serialize, JsonSchema)]
struct ListValues {
    /// Namespace of the source.
    source_namespace: String,
    /// Name of the search attribute.
    name: String,
    /// Type: `Keyword`, `Text`, `Int` …
    #[serde(rename = "type")]
    value_type: String,
    /// How many of the executions looked at hold several values.
    lists: u64,
    /// How many executions were looked at (ListWorkflowExecutions).
    sampled: u64,
    /// One of them.
    workflow_id: String,
    /// Flags of the `temporal` CLI that reach the namespace of the source.
    source_flags: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A search attribute of which values were looked at.
#[derive(Serialize, JsonSchema)]
struct SampledAttribute {
    /// Namespace of the source.
    source_namespace: String,
    /// Name of the search attribute.
    name: String,
    /// Type: `Keyword`, `Text`, `Int` …
    #[serde(rename = "type")]
    value_type: String,
    /// How many executions were looked at (ListWorkflowExecutions).
    sampled: u64,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A search attribute with larger values than Temporal Cloud takes.
#[derive(Serialize, JsonSchema)]
struct LargeValues {
    /// Whether they are too large.
    verdict: SizeVerdict,
    /// Namespace of the source.
    source_namespace: String,
    /// Name of the search attribute.
    name: String,
    /// Type: `Keyword`, `Text`, `Int` …
    #[serde(rename = "type")]
    value_type: String,
    /// The largest value, in bytes of JSON.
    bytes: u64,
    /// What Temporal Cloud takes: `2048 bytes`.
    limit: String,
    /// How many executions were looked at: `20 executions`.
    sampled: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A value against a limit.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum SizeVerdict {
    /// It is larger.
    TooLarge,
    /// It may be larger: the limit counts characters, and bytes were measured.
    Unclear,
}

/// A search attribute of type Text whose name says that it holds an identifier.
#[derive(Serialize, JsonSchema)]
struct TextIdentifier {
    /// Namespace of the source.
    source_namespace: String,
    /// Name of the search attribute.
    name: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&SEARCH_ATTRIBUTES, per_moved_namespace(context, &search_attributes));
    view.put(
        &OVER_LIMIT,
        per_moved_namespace_within_limits(context, &|half, limits| over_limit(context, half, limits)),
    );
    view.put(
        &NAMES,
        per_moved_namespace_within_limits(context, &|half, limits| attribute_names(context, half, limits)),
    );
    view.put(&LISTS, per_moved_namespace(context, &|half| lists(context, half)));
    view.put(&VALUES, per_moved_namespace(context, &values));
    view.put(&UNUSED, per_moved_namespace(context, &|half| unused(context, half)));
    view.put(&SIZES, per_moved_namespace_within_limits(context, &|half, limits| sizes(half, limits)));
    view.put(&TEXT_IDENTIFIERS, per_moved_namespace(context, &|half| text_identifiers(context, half)));
}

fn type_of<'h>(half: &NamespaceSide<'h>, name: &str) -> &'h str {
    let all = half.namespace.search_attributes.value().into_iter().flatten();
    all.filter(|a| a.name == name).map(|a| a.value_type.as_str()).next().unwrap_or_default()
}

fn lists(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<ListValues>> {
    half.known("the use of search attributes", &half.namespace.attribute_use).map(|all| {
        let lists = all.iter().filter(|used| used.lists > 0);
        lists
            .map(|used| ListValues {
                source_namespace: half.namespace.name.clone(),
                name: used.name.clone(),
                value_type: type_of(half, &used.name).to_owned(),
                lists: used.lists,
                sampled: used.sampled,
                workflow_id: used.list_in.clone().unwrap_or_default(),
                source_flags: context.source_flags(&half.namespace.name),
                loci: vec![half.locus(format!("search attribute {}", used.name), "ListWorkflowExecutions")],
            })
            .collect()
    })
}

fn values(half: &NamespaceSide<'_>) -> Known<Vec<SampledAttribute>> {
    half.known("the use of search attributes", &half.namespace.attribute_use).map(|all| {
        let seen = all.iter().filter(|used| used.sampled > 0);
        seen.map(|used| SampledAttribute {
            source_namespace: half.namespace.name.clone(),
            name: used.name.clone(),
            value_type: type_of(half, &used.name).to_owned(),
            sampled: used.sampled,
            loci: vec![half.locus(format!("search attribute {}", used.name), "ListWorkflowExecutions")],
        })
        .collect()
    })
}

/// A Keyword is limited in characters, and was measured in bytes with its quotes.
fn sizes(half: &NamespaceSide<'_>, limits: &Limits) -> Known<Vec<LargeValues>> {
    let limits = &limits.search_attribute_value;
    half.known("the use of search attributes", &half.namespace.attribute_use).map(|all| {
        all.iter()
            .filter_map(|used| {
                let value_type = type_of(half, &used.name);
                let bytes = used.largest_bytes;
                let (verdict, limit) = if bytes > limits.bytes {
                    (SizeVerdict::TooLarge, format!("{} bytes", limits.bytes))
                } else if value_type == "Keyword" && bytes > limits.keyword_characters + 2 {
                    (SizeVerdict::Unclear, format!("{} characters", limits.keyword_characters))
                } else {
                    return None;
                };
                Some(LargeValues {
                    source_namespace: half.namespace.name.clone(),
                    name: used.name.clone(),
                    value_type: value_type.to_owned(),
                    sampled: words::count(used.sampled, "execution"),
                    loci: vec![half.locus(format!("search attribute {}", used.name), "ListWorkflowExecutions")],
                    verdict,
                    bytes,
                    limit,
                })
            })
            .collect()
    })
}

/// Text is split into words, and any of them matches (docs: list-filter): one id finds the executions of another.
fn text_identifiers(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<TextIdentifier>> {
    let unneeded = unneeded(context, half);
    half.known("search attributes", &half.namespace.search_attributes).map(|attributes| {
        let texts = attributes.iter().filter(|a| a.value_type == "Text" && !unneeded.contains(&a.name));
        texts
            .filter(|a| is_identifier(&a.name))
            .map(|a| TextIdentifier {
                source_namespace: half.namespace.name.clone(),
                name: a.name.clone(),
                loci: vec![attribute_locus(half, &a.name)],
            })
            .collect()
    })
}

/// `OrderId`, `order_id`, `merchant-key`, `TraceUUID`; not `Valid` or `Keyboard`.
fn is_identifier(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && lower) {
            words.push(String::new());
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.last().is_some_and(|last| ["id", "uuid", "guid", "key", "number", "no", "code"].contains(&last.as_str()))
}

fn unused(context: &Context<'_>, half: &NamespaceSide<'_>) -> Known<Vec<Attribute>> {
    // Without all code and schedules nothing can be called unused.
    let code = context.code.clone().and_then(|code| coverage::whole(code, code));
    let users = code.zip(half.known("schedules", &half.namespace.schedules));
    let attributes = half.known("search attributes", &half.namespace.search_attributes);
    attributes.zip(users).map(|(attributes, _)| {
        let unneeded = unneeded(context, half);
        let unused = attributes.iter().filter(|a| unneeded.contains(&a.name));
        unused
            .map(|a| Attribute {
                source_namespace: half.namespace.name.clone(),
                name: a.name.clone(),
                value_type: a.value_type.clone(),
                loci: vec![half.locus(format!("search attribute {}", a.name), "CountWorkflowExecutions")],
            })
            .collect()
    })
}

/// Attributes the target can do without: no execution within retention has a value for them, no schedule sets them,
/// and the whole code names all its attributes and never these. Whatever of this is not known makes them needed.
pub(super) fn unneeded(context: &Context<'_>, half: &NamespaceSide<'_>) -> BTreeSet<String> {
    let code = context.facts.code.value().filter(|code| coverage::gap_about(code, coverage::About::Any).is_none());
    let (Some(code), Known::Known(schedules)) = (code, &half.namespace.schedules) else { return BTreeSet::new() };
    let mut named: BTreeSet<&str> = code.search_attributes.iter().map(|u| u.name.as_str()).collect();
    if named.contains("") {
        // A name made up at run time may be any of them.
        return BTreeSet::new();
    }
    for schedule in schedules {
        let set = schedule.search_attributes.keys().chain(schedule.action.search_attributes.keys());
        named.extend(set.map(String::as_str));
    }
    let counted = half.namespace.attribute_use.value().into_iter().flatten();
    let idle = counted.filter(|used| used.executions == 0 && !named.contains(used.name.as_str()));
    idle.map(|used| used.name.clone()).collect()
}

fn search_attributes(half: &NamespaceSide<'_>) -> Known<Vec<Attribute>> {
    half.known("search attributes", &half.namespace.search_attributes).map(|attributes| {
        attributes
            .iter()
            .map(|a| Attribute {
                source_namespace: half.namespace.name.clone(),
                name: a.name.clone(),
                value_type: a.value_type.clone(),
                loci: vec![attribute_locus(half, &a.name)],
            })
            .collect()
    })
}

fn attribute_locus(half: &NamespaceSide<'_>, name: &str) -> Locus {
    half.locus(format!("search attribute {name}"), "ListSearchAttributes")
}

/// What the target would hold after the move: the source's attributes and those it already has.
fn over_limit(context: &Context<'_>, half: &NamespaceSide<'_>, limits: &Limits) -> Known<Vec<TypeOverLimit>> {
    let mapping = context.facts.plan.namespaces.iter().find(|m| m.source == half.namespace.name);
    let target = mapping.and_then(|m| m.target.as_deref()).zip(context.facts.target.value());
    let already = target.and_then(|(name, cluster)| cluster.namespaces.iter().find(|n| n.name == name));
    let already = already.and_then(|n| n.search_attributes.value()).map(Vec::as_slice).unwrap_or_default();
    let unneeded = unneeded(context, half);
    half.known("search attributes", &half.namespace.search_attributes).map(|attributes| {
        let needed = attributes.iter().filter(|a| !unneeded.contains(&a.name));
        let mut by_type: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let extra = already.iter().filter(|a| !attributes.iter().any(|s| s.name == a.name));
        for attribute in needed.chain(extra) {
            by_type.entry(&attribute.value_type).or_default().push(format!("`{}`", attribute.name));
        }
        by_type
            .into_iter()
            .filter_map(|(value_type, names)| {
                let limit = *limits.search_attributes.get(value_type)?;
                (names.len() > limit).then(|| TypeOverLimit {
                    source_namespace: half.namespace.name.clone(),
                    value_type: value_type.to_owned(),
                    count: names.len(),
                    names: words::list(&names, 12),
                    loci: vec![half.locus(format!("search attributes of type {value_type}"), "ListSearchAttributes")],
                    limit,
                })
            })
            .collect()
    })
}

fn attribute_names(context: &Context<'_>, half: &NamespaceSide<'_>, limits: &Limits) -> Known<Vec<RefusedName>> {
    let unneeded = unneeded(context, half);
    half.known("search attributes", &half.namespace.search_attributes).map(|attributes| {
        attributes
            .iter()
            .filter(|a| !unneeded.contains(&a.name))
            .filter_map(|a| {
                let problem = attribute_name_problem(&a.name, limits)?;
                Some(RefusedName {
                    source_namespace: half.namespace.name.clone(),
                    name: a.name.clone(),
                    loci: vec![attribute_locus(half, &a.name)],
                    problem,
                })
            })
            .collect()
    })
}

fn attribute_name_problem(name: &str, limits: &Limits) -> Option<String> {
    let rule = &limits.search_attribute_name;
    let legal = |c: &char| c.is_ascii_alphanumeric() || rule.punctuation.contains(*c);
    let length = name.chars().count();
    if limits.reserved_search_attributes.iter().any(|r| r == name) || name.starts_with("Temporal") {
        Some("the name is reserved for the server".to_owned())
    } else if length > rule.max_length {
        Some(format!("the name has {length} characters; {} are allowed", rule.max_length))
    } else {
        name.chars().find(|c| !legal(c)).map(|c| format!("`{c}` is not allowed in the name"))
    }
}
