//! SDK versions against what Temporal Cloud asks of a client.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::coverage::whole;
use super::site::production;
use super::{Context, Fact, FactPath, FactView, words};
use crate::facts::code::{CodeFacts, SdkVersion};
use crate::facts::{Known, Locus, Why, version};

const WITHOUT_API_KEY: Fact<Vec<WithoutApiKey>> =
    Fact::new("code.sdks_without_api_key", "SDK versions older than the first one that takes an API key");
const WITH_PARTIAL_API_KEY: Fact<Vec<PartialApiKey>> = Fact::new(
    "code.sdks_with_partial_api_key",
    "SDK versions that take an API key, and leave TLS or the namespace header to the code",
);

pub(super) const PATHS: &[FactPath] = &[WITHOUT_API_KEY.entry(), WITH_PARTIAL_API_KEY.entry()];

/// The SDK of a language, as manifests and locks name it.
#[derive(Serialize, JsonSchema)]
struct SdkInUse {
    /// Language, as the scan names it.
    language: String,
    /// Name of the package.
    package: String,
    /// The version that is used, in words.
    version: String,
    /// The version or range of the manifest.
    asked: String,
    /// The manifest.
    path: String,
    /// Line, from 1.
    line: u32,
    /// Where the version is fixed: `go.mod:7`.
    place: String,
    /// The manifest, and the files that fix the version.
    loci: Vec<Locus>,
}

/// An SDK version that is, or may be, older than the first one that takes an API key.
#[derive(Serialize, JsonSchema)]
struct WithoutApiKey {
    /// Whether it is.
    verdict: KeyVerdict,
    /// The first version that takes an API key.
    minimum: &'static str,
    #[serde(flatten)]
    sdk: SdkInUse,
}

/// A version against the first one that takes an API key.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum KeyVerdict {
    /// It is older.
    TooOld,
    /// It may be older: the range spans it, or lock files disagree.
    Unclear,
}

/// An SDK version that takes an API key, and leaves a part of what Temporal Cloud needs to the code.
#[derive(Serialize, JsonSchema)]
struct PartialApiKey {
    /// Whether it does.
    verdict: ByHand,
    /// What the code has to do.
    by_hand: String,
    /// The beginning of a sentence that names the first version that does it.
    advice: String,
    #[serde(flatten)]
    sdk: SdkInUse,
}

/// Whether the code has to do a part.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ByHand {
    /// It has to.
    ByHand,
    /// It may have to: the range spans the first version that does it.
    Unclear,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    view.put(&WITHOUT_API_KEY, context.code.clone().and_then(without_api_key));
    view.put(&WITH_PARTIAL_API_KEY, context.code.clone().and_then(with_partial_api_key));
}

/// `rules/cloud/sdk-versions.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Minima {
    sdks: Vec<Minimum>,
}

/// First versions of one SDK with what a client of Temporal Cloud needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Minimum {
    /// Language as the scan names it: packages of three languages have one name.
    language: String,
    /// Package name as in the manifest.
    package: String,
    /// Takes an API key.
    api_key: String,
    /// Turns TLS on with a key; `never` when it does not.
    tls: String,
    /// Sends the namespace by itself; none when every version with keys does.
    #[serde(default)]
    namespace_header: Option<String>,
}

/// The embedded minima; unknown when the embedded file is broken.
fn minima() -> Known<&'static Minima> {
    static MINIMA: OnceLock<Result<Minima, String>> = OnceLock::new();
    let text = include_str!("../../../rules/cloud/sdk-versions.yaml");
    match MINIMA.get_or_init(|| serde_saphyr::from_str(text).map_err(|e| e.to_string())) {
        Ok(minima) => Known::Known(minima),
        Err(e) => Known::unknown(format!("rules/cloud/sdk-versions.yaml could not be read: {e}")),
    }
}

/// What is known of a version and a minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    Yes,
    No,
    /// The range spans the minimum, lock files disagree, or there is no version to read.
    Open,
}

fn reached(sdk: &SdkVersion, minimum: &str) -> Reached {
    let Some(first) = version::parse(minimum) else {
        return if minimum == "never" { Reached::No } else { Reached::Open };
    };
    let read = |text: &Option<String>| text.as_deref().and_then(version::parse);
    let mut exact: Vec<Option<Version>> = sdk.resolved.iter().map(|r| version::parse(&r.version)).collect();
    exact.dedup();
    if exact.is_empty() {
        return match (read(&sdk.at_least), read(&sdk.below)) {
            (Some(least), _) if least >= first => Reached::Yes,
            (_, Some(below)) if below <= first => Reached::No,
            _ => Reached::Open,
        };
    }
    let each = |holds: fn(&Version, &Version) -> bool| {
        exact.iter().all(|version| version.as_ref().is_some_and(|v| holds(v, &first)))
    };
    match (each(|v, first| v >= first), each(|v, first| v < first)) {
        (true, _) => Reached::Yes,
        (_, true) => Reached::No,
        _ => Reached::Open,
    }
}

/// The manifest, and the files that fix the version.
fn loci(sdk: &SdkVersion) -> Vec<Locus> {
    let mut loci = vec![Locus::File { path: sdk.path.clone(), line: sdk.line }];
    loci.extend(sdk.resolved.iter().map(|r| Locus::File { path: r.path.clone(), line: r.line }));
    loci.dedup();
    loci
}

fn described(sdk: &SdkVersion) -> SdkInUse {
    let fixed = sdk.resolved.iter().find(|r| r.path != sdk.path);
    SdkInUse {
        language: sdk.language.clone(),
        package: sdk.package.clone(),
        version: sdk.in_words(),
        asked: sdk.version.clone(),
        path: sdk.path.clone(),
        line: sdk.line,
        place: fixed.map_or_else(|| format!("{}:{}", sdk.path, sdk.line), |r| format!("{}:{}", r.path, r.line)),
        loci: loci(sdk),
    }
}

/// Every SDK of production code that has a row among the minima.
fn in_use<'c>(
    code: &'c CodeFacts,
    minima: &'static Minima,
) -> impl Iterator<Item = (&'c SdkVersion, &'static Minimum)> {
    code.sdks.iter().filter(|sdk| sdk.scope.is_production()).filter_map(|sdk| {
        let of_package = |m: &&Minimum| m.language == sdk.language && m.package.eq_ignore_ascii_case(&sdk.package);
        Some((sdk, minima.sdks.iter().find(of_package)?))
    })
}

/// Known when the version of the SDK of every language that uses Temporal was seen.
fn measured<T>(code: &CodeFacts, judge: fn(&SdkVersion, &'static Minimum) -> Option<T>) -> Known<Vec<T>> {
    minima().and_then(|minima| {
        let mut seen = BTreeSet::new();
        let all = in_use(code, minima)
            .filter_map(|(sdk, minimum)| {
                seen.insert(sdk.language.as_str());
                judge(sdk, minimum)
            })
            .collect();
        let used: BTreeSet<&str> = production(code).map(|s| s.language.as_str()).collect();
        let unseen: Vec<String> = used.difference(&seen).map(|l| (*l).to_owned()).collect();
        match unseen.is_empty() {
            true => whole(code, all),
            false => Known::Partial {
                value: all,
                why: Why::with_remedy(
                    format!("no manifest tells the version of the Temporal SDK for {}", words::list(&unseen, 5)),
                    "scan the root of the repository, where its manifest is",
                ),
            },
        }
    })
}

/// SDKs that are, or may be, older than the first version with API keys.
fn without_api_key(code: &CodeFacts) -> Known<Vec<WithoutApiKey>> {
    measured(code, |sdk, minimum| {
        let verdict = match reached(sdk, &minimum.api_key) {
            Reached::Yes => return None,
            Reached::No => KeyVerdict::TooOld,
            Reached::Open => KeyVerdict::Unclear,
        };
        Some(WithoutApiKey { verdict, minimum: &minimum.api_key, sdk: described(sdk) })
    })
}

/// SDKs that take an API key, and leave a part of what Temporal Cloud needs with it to the code.
fn with_partial_api_key(code: &CodeFacts) -> Known<Vec<PartialApiKey>> {
    measured(code, |sdk, minimum| {
        if reached(sdk, &minimum.api_key) == Reached::No {
            return None;
        }
        let header = minimum.namespace_header.as_deref();
        let needs = [("set TLS", Some(minimum.tls.as_str())), ("send the namespace as a header", header)];
        let left: Vec<(&str, &str, Reached)> = needs
            .into_iter()
            .filter_map(|(what, first)| Some((what, first?, reached(sdk, first?))))
            .filter(|(.., reached)| *reached != Reached::Yes)
            .collect();
        if left.is_empty() {
            return None;
        }
        let what: Vec<&str> = left.iter().map(|(what, ..)| *what).collect();
        let sure = left.iter().any(|(.., reached)| *reached == Reached::No);
        let newest = left.iter().filter_map(|(_, first, _)| Some((version::parse(first)?, *first))).max();
        let advice = match newest {
            Some((_, first)) => format!("upgrade {} to {first} or newer, or ", sdk.package),
            None => String::new(),
        };
        let verdict = if sure { ByHand::ByHand } else { ByHand::Unclear };
        Some(PartialApiKey { verdict, by_hand: what.join(" and "), advice, sdk: described(sdk) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::code::ResolvedVersion;

    #[test]
    fn the_embedded_minima_are_read() {
        let minima = minima();
        let minima = minima.value().expect("sdk-versions.yaml parses");
        let versions = minima.sdks.iter().flat_map(|m| [Some(&m.api_key), m.namespace_header.as_ref()]);
        assert!(versions.flatten().all(|v| version::parse(v).is_some()));
        assert!(minima.sdks.iter().all(|m| m.tls == "never" || version::parse(&m.tls) >= version::parse(&m.api_key)));
    }

    #[test]
    fn only_what_is_surely_below_is_too_old() {
        let range = |least: Option<&str>, below: Option<&str>| SdkVersion {
            at_least: least.map(str::to_owned),
            below: below.map(str::to_owned),
            ..SdkVersion::default()
        };
        let exact = |versions: &[&str]| SdkVersion {
            resolved: versions
                .iter()
                .map(|v| ResolvedVersion { version: (*v).to_owned(), path: "lock".into(), line: 1 })
                .collect(),
            ..SdkVersion::default()
        };
        assert_eq!(reached(&range(Some("1.8.0"), Some("2.0.0")), "1.10.0"), Reached::Open);
        assert_eq!(reached(&range(Some("1.8.0"), Some("1.10.0")), "1.10.0"), Reached::No);
        assert_eq!(reached(&range(Some("1.10.0"), None), "1.10.0"), Reached::Yes);
        assert_eq!(reached(&range(None, None), "1.10.0"), Reached::Open);
        assert_eq!(reached(&exact(&["1.9.9"]), "1.10.0"), Reached::No);
        assert_eq!(reached(&exact(&["1.10.0-rc.1"]), "1.10.0"), Reached::No);
        assert_eq!(reached(&exact(&["1.9.9", "1.11.0"]), "1.10.0"), Reached::Open);
        assert_eq!(reached(&exact(&["replaced by ../sdk"]), "1.10.0"), Reached::Open);
        assert_eq!(reached(&exact(&["1.11.0"]), "never"), Reached::No);
    }
}
