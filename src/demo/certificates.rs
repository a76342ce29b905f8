//! The example company's certificates, issued anew with other dates.
//!
//! The tree carries public certificates only. A certificate cannot be re-dated without its issuer's key, so a fresh
//! authority is made in memory and forgotten: nobody will ever present these certificates, they are only read.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::parse_x509_pem;

use super::files::cannot_write;
use crate::ui::Problem;

const AUTHORITY: &str = "workload-ca.pem";
const LEAF: &str = "payments-worker.pem";

/// Replace authority and leaf in `folder` by ones of the same names whose validity is moved by `days`.
pub(super) fn reissue(folder: &Path, days: i32) -> Result<(), Problem> {
    let mut authority = shifted(&folder.join(AUTHORITY), days)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let mut leaf = shifted(&folder.join(LEAF), days)?;
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];

    let (authority_key, leaf_key) =
        (KeyPair::generate().map_err(cannot_issue)?, KeyPair::generate().map_err(cannot_issue)?);
    let authority_pem = authority.self_signed(&authority_key).map_err(cannot_issue)?.pem();
    let leaf_pem = leaf.signed_by(&leaf_key, &Issuer::new(authority, authority_key)).map_err(cannot_issue)?.pem();
    for (name, pem) in [(AUTHORITY, authority_pem), (LEAF, leaf_pem)] {
        let path = folder.join(name);
        std::fs::write(&path, pem).map_err(|e| cannot_write(&path, &e))?;
    }
    Ok(())
}

/// Subject and moved validity of a certificate file, as the start of a new one.
fn shifted(path: &Path, days: i32) -> Result<CertificateParams, Problem> {
    let unusable = |why: String| Problem::tool(format!("cannot use {}", path.display())).note(why);
    let bytes = std::fs::read(path).map_err(|e| unusable(e.to_string()))?;
    let (_, pem) = parse_x509_pem(&bytes).map_err(|e| unusable(e.to_string()))?;
    let old = pem.parse_x509().map_err(|e| unusable(e.to_string()))?;

    let mut params = CertificateParams::default();
    for (kind, attribute) in [
        (DnType::OrganizationName, old.subject().iter_organization().next()),
        (DnType::CommonName, old.subject().iter_common_name().next()),
    ] {
        if let Some(text) = attribute.and_then(|a| a.as_str().ok()) {
            params.distinguished_name.push(kind, text);
        }
    }
    let (from, to) = validity(&old, days).map_err(|e| unusable(e.to_string()))?;
    let midnight = |d: Date| rcgen::date_time_ymd(d.year().into(), d.month().unsigned_abs(), d.day().unsigned_abs());
    (params.not_before, params.not_after) = (midnight(from), midnight(to));
    Ok(params)
}

fn validity(certificate: &X509Certificate<'_>, days: i32) -> Result<(Date, Date), jiff::Error> {
    let moved = |seconds: i64| {
        let day = Timestamp::from_second(seconds)?.to_zoned(TimeZone::UTC).date();
        day.checked_add(Span::new().days(days))
    };
    let validity = certificate.validity();
    Ok((moved(validity.not_before.timestamp())?, moved(validity.not_after.timestamp())?))
}

fn cannot_issue(error: rcgen::Error) -> Problem {
    Problem::tool("cannot make a certificate for the demo").note(error.to_string())
}
