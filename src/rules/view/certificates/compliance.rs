//! The rules of Temporal Cloud for certificates and keys (docs: cloud/get-started/certificates).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::Context;
use super::super::limits::Limits;
use super::{Proof, Used, date, is_trust_store};
use crate::facts::Locus;
use crate::facts::certificate::{Certificate, CertificateFile, CertificateRole};

/// A certificate or a bundle that breaks a rule of Temporal Cloud, or may.
#[derive(Serialize, JsonSchema)]
pub(in crate::rules::view) struct NonCompliant {
    /// Whether it breaks the rule.
    verdict: Proof,
    /// Distinguished name; `bundle` for the file as a whole.
    subject: String,
    /// The file it was read from.
    file: String,
    /// Which rule, as a sentence.
    problem: String,
    /// SHA-256 of the certificate; the path for the file as a whole.
    fingerprint: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A private key that cannot be used, or not by every SDK.
#[derive(Serialize, JsonSchema)]
pub(in crate::rules::view) struct UnusableKey {
    /// Whether it cannot be used.
    verdict: Proof,
    /// The file of the certificate it belongs to.
    file: String,
    /// Why, as a sentence.
    problem: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}
use crate::facts::cluster::ClusterKind;

/// Certificates that break a rule, or may.
pub(super) fn problems(context: &Context<'_>, limits: &Limits, files: &[Used<'_>]) -> Vec<NonCompliant> {
    if context.target_kind != ClusterKind::Cloud {
        return vec![];
    }
    let mut all = Vec::new();
    for used in files.iter().filter(|u| !is_trust_store(u.file, limits)) {
        let file = used.file;
        let mut push = |verdict: Proof, certificate: Option<&Certificate>, problem: String| {
            let subject = certificate.map_or("bundle", |c| c.subject.as_str());
            let key = certificate.map_or(file.path.as_str(), |c| c.fingerprint.as_str());
            all.push(NonCompliant {
                file: file.path.clone(),
                fingerprint: key.to_owned(),
                loci: vec![used.locus.clone()],
                verdict,
                subject: subject.to_owned(),
                problem,
            });
        };
        for (position, certificate) in file.chain.iter().enumerate() {
            let leaf = file.role == CertificateRole::Client && position == 0;
            let mut problems = certificate_problems(certificate, leaf, context.facts.at);
            if position > 0 && leaf_outlives(file, certificate) {
                problems.push("it expires before the certificate it signed".to_owned());
            }
            let twins = file.chain.iter().filter(|c| c.subject.eq_ignore_ascii_case(&certificate.subject)).count();
            if twins > 1 && file.role == CertificateRole::Client {
                problems.push("another certificate of the chain has the same distinguished name".to_owned());
            }
            if is_bundle(used) && certificate.signed_by.is_none() {
                problems.push(format!("its issuer ({}) is not in the bundle", certificate.issuer));
            }
            if !problems.is_empty() {
                push(Proof::Broken, Some(certificate), problems.join("; "));
            } else if leaf && certificate.digital_signature.is_none() {
                let problem = "it has no key usage extension, and Temporal Cloud asks for digitalSignature";
                push(Proof::Unclear, Some(certificate), problem.to_owned());
            } else if let Some((verdict, problem)) = public_authority(context, limits, used, certificate) {
                push(verdict, Some(certificate), problem);
            }
        }
        if is_bundle(used) {
            let (count, bytes) = (file.chain.len(), file.size_bytes);
            if count > limits.ca_certificates {
                let allowed = limits.ca_certificates;
                push(Proof::Broken, None, format!("it holds {count} certificates, and a namespace takes {allowed}"));
            }
            if bytes > limits.ca_bundle_bytes {
                let allowed = limits.ca_bundle_bytes;
                push(Proof::Broken, None, format!("it has {bytes} bytes, and a namespace takes {allowed}"));
            }
        }
    }
    all
}

/// CA files of the configuration are meant for the namespace; that of a connection verifies the server. Documents of
/// older versions do not tell sizes and signers.
fn is_bundle(used: &Used<'_>) -> bool {
    used.side == "configuration" && used.file.role == CertificateRole::Authority && used.file.size_bytes > 0
}

/// A CA anybody can buy certificates of admits anybody, unless filters say who.
fn public_authority(
    context: &Context<'_>,
    limits: &Limits,
    used: &Used<'_>,
    certificate: &Certificate,
) -> Option<(Proof, String)> {
    let known = |name: &String| {
        limits.public_certificate_authorities.iter().any(|public| name.to_ascii_lowercase().contains(public.as_str()))
    };
    let name = certificate.organizations.iter().find(|name| known(name)).filter(|_| is_bundle(used))?;
    let cloud = context.facts.target.value().and_then(|target| target.cloud.value());
    let settings: Vec<_> =
        cloud.into_iter().flat_map(|cloud| &cloud.namespaces).filter_map(|n| n.settings.value()).collect();
    if settings.is_empty() {
        let problem = format!("it belongs to {name}, a public CA, which is accepted with certificate filters only");
        return Some((Proof::Unclear, problem));
    }
    settings.iter().any(|settings| settings.certificate_filters.is_empty()).then(|| {
        (Proof::Broken, format!("it belongs to {name}, a public CA, and the namespace has no certificate filters"))
    })
}

fn certificate_problems(certificate: &Certificate, leaf: bool, at: Timestamp) -> Vec<String> {
    let mut problems = Vec::new();
    if certificate.version != 3 {
        problems.push(format!("it is X.509 version {}, not 3", certificate.version));
    }
    if certificate.not_before > at {
        problems.push(format!("it is not valid before {}", date(certificate.not_before)));
    }
    if leaf && certificate.is_ca {
        problems.push("it is a CA certificate, but is used as a client certificate".to_owned());
    }
    if !leaf && !certificate.is_ca {
        problems.push("it is not a CA certificate (basic constraint CA)".to_owned());
    }
    if !["RSA", "ECDSA"].contains(&certificate.key_algorithm.as_str()) {
        problems.push(format!("its key is {}; RSA or ECDSA is required", certificate.key_algorithm));
    }
    let signature = certificate.signature_algorithm.to_ascii_lowercase();
    if signature.contains("sha1") || signature.contains("md5") || signature.contains("md2") {
        problems
            .push(format!("it is signed with {}; SHA-256 or stronger is required", certificate.signature_algorithm));
    }
    if leaf && certificate.digital_signature == Some(false) {
        problems.push("its key usage lacks digitalSignature".to_owned());
    }
    problems
}

fn leaf_outlives(file: &CertificateFile, issuer: &Certificate) -> bool {
    file.chain
        .iter()
        .any(|c| c.issuer == issuer.subject && c.fingerprint != issuer.fingerprint && c.not_after > issuer.not_after)
}

/// Private keys nobody can use, or that not every SDK of the code can read.
pub(super) fn keys(context: &Context<'_>, files: &[Used<'_>]) -> Vec<UnusableKey> {
    let java = context.facts.code.value().is_some_and(|code| {
        code.coverage.not_analysed.contains_key("java") || code.sdks.iter().any(|sdk| sdk.language == "java")
    });
    files
        .iter()
        .filter(|u| u.file.role == CertificateRole::Client)
        .filter_map(|used| {
            let format = used.file.key_format.as_deref();
            let (verdict, problem) = match format {
                _ if used.file.key_matches == Some(false) => {
                    (Proof::Broken, "the private key does not belong to the certificate".to_owned())
                }
                Some("encrypted") => {
                    (Proof::Broken, "the private key is encrypted, and SDKs take no passphrase".to_owned())
                }
                Some(other @ ("pkcs1" | "sec1")) if java => {
                    let form = if other == "pkcs1" { "PKCS#1" } else { "SEC 1" };
                    (Proof::Unclear, format!("the private key has the form {form}; the Java code needs PKCS#8"))
                }
                _ => return None,
            };
            Some(UnusableKey { file: used.file.path.clone(), loci: vec![used.locus.clone()], verdict, problem })
        })
        .collect()
}
