//! Custom search attributes with their types.

use std::collections::BTreeMap;

use temporalio_protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_protos::temporal::api::operatorservice::v1::ListSearchAttributesRequest;

use super::client::Client;
use super::failure::Failure;
use super::namespaces::Described;
use crate::facts::cluster::{ClusterKind, SearchAttribute};
use crate::facts::{Known, Why};

/// Read the custom search attributes of a namespace, sorted by name.
///
/// A self-hosted server answers `OperatorService.ListSearchAttributes`. Temporal Cloud has no OperatorService; its
/// namespaces name the fields behind their attributes, and the field's name carries the type as it does on a
/// self-hosted server with SQL visibility. That Cloud names its fields alike is not documented, so this is partial.
pub(super) async fn read(
    client: &Client,
    kind: ClusterKind,
    namespace: &str,
    described: Option<&Described>,
) -> Known<Vec<SearchAttribute>> {
    let aliases = described.map(|d| &d.aliases);
    if kind == ClusterKind::Cloud {
        return from_aliases(
            aliases,
            Why::with_remedy(
                "Temporal Cloud tells clients no search-attribute types; they were taken from the names of the fields",
                format!("compare with `tcld namespace get -n {namespace}`"),
            ),
        );
    }
    let request = ListSearchAttributesRequest { namespace: namespace.to_owned() };
    match client.list_search_attributes(namespace, request).await {
        Ok(answer) => {
            let mut list: Vec<SearchAttribute> = answer
                .custom_attributes
                .into_iter()
                .map(|(name, value)| SearchAttribute { name, value_type: type_name(value).to_owned() })
                .collect();
            list.sort();
            let known = |name: &String| list.iter().any(|attribute| attribute.name == *name);
            match aliases.into_iter().flatten().map(|(_, name)| name).find(|name| !known(name)) {
                None => Known::Known(list),
                Some(name) => {
                    let message = format!("it does not list {name}, which DescribeNamespace names");
                    let why = Failure::contradiction("ListSearchAttributes", namespace, message).why();
                    if list.is_empty() { from_aliases(aliases, why) } else { Known::Partial { value: list, why } }
                }
            }
        }
        Err(failure) => from_aliases(aliases, failure.why()),
    }
}

/// What the aliases tell, with the reason why they are not all.
fn from_aliases(aliases: Option<&BTreeMap<String, String>>, why: Why) -> Known<Vec<SearchAttribute>> {
    let mut list: Vec<SearchAttribute> = aliases
        .into_iter()
        .flatten()
        .filter_map(|(field, name)| {
            Some(SearchAttribute { name: name.clone(), value_type: type_of_field(field)?.to_owned() })
        })
        .collect();
    list.sort();
    if list.is_empty() { Known::Unknown(why) } else { Known::Partial { value: list, why } }
}

/// `Keyword01` → `Keyword`.
fn type_of_field(field: &str) -> Option<&'static str> {
    let prefix = field.trim_end_matches(|c: char| c.is_ascii_digit());
    ["Bool", "Datetime", "Double", "Int", "Keyword", "KeywordList", "Text"]
        .into_iter()
        .find(|name| *name == prefix && prefix.len() < field.len())
}

fn type_name(value: i32) -> &'static str {
    match IndexedValueType::try_from(value) {
        Ok(IndexedValueType::Text) => "Text",
        Ok(IndexedValueType::Keyword) => "Keyword",
        Ok(IndexedValueType::Int) => "Int",
        Ok(IndexedValueType::Double) => "Double",
        Ok(IndexedValueType::Bool) => "Bool",
        Ok(IndexedValueType::Datetime) => "Datetime",
        Ok(IndexedValueType::KeywordList) => "KeywordList",
        _ => "Unspecified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_the_prefix_of_the_field() {
        for (field, expected) in [
            ("Keyword01", Some("Keyword")),
            ("KeywordList03", Some("KeywordList")),
            ("Int10", Some("Int")),
            ("Datetime02", Some("Datetime")),
            ("Keyword", None),
            ("MerchantId", None),
            ("01", None),
            ("", None),
        ] {
            assert_eq!(type_of_field(field), expected, "{field}");
        }
    }

    #[test]
    fn aliases_are_never_the_whole_truth() {
        let aliases = BTreeMap::from([("Text01".to_owned(), "MerchantId".to_owned())]);
        let merchant = SearchAttribute { name: "MerchantId".into(), value_type: "Text".into() };
        assert_eq!(
            from_aliases(Some(&aliases), Why::new("because")),
            Known::Partial { value: vec![merchant], why: Why::new("because") }
        );
        assert_eq!(from_aliases(Some(&BTreeMap::new()), Why::new("because")), Known::unknown("because"));
        assert_eq!(from_aliases(None, Why::new("because")), Known::unknown("because"));
    }
}
