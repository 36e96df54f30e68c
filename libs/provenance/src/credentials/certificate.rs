use super::CredentialsError;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes a certificate of this installation where `path` has none yet: signed by an authority that is thrown away, so that
/// files which it signs are valid everywhere and their signer is known only here. Only the owner can read the file. Several
/// processes may do it at the same time: one wins, and all use its file.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn ensure_certificate(path: &Path) -> Result<(), CredentialsError> {
    if path.exists() {
        return Ok(());
    }
    let pem = local_certificate().map_err(|error| CredentialsError::Refused(error.to_string()))?;
    write_new(path, &pem).map_err(|source| CredentialsError::Unreadable { path: path.to_owned(), source })
}

/// The chain, the signer's own certificate first, and then its key: PEM.
fn local_certificate() -> Result<String, rcgen::Error> {
    let authority_key = KeyPair::generate()?;
    let mut authority = params("Cavendish local authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root = authority.self_signed(&authority_key)?;
    let key = KeyPair::generate()?;
    let mut own = params("Cavendish");
    own.is_ca = IsCa::ExplicitNoCa;
    own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // What the specification lets certificates of Content Credentials be for.
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    own.use_authority_key_identifier_extension = true;
    let own = own.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(format!("{}{}{}", own.pem(), root.pem(), key.serialize_pem()))
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut who = DistinguishedName::new();
    who.push(DnType::OrganizationName, "Local installation");
    who.push(DnType::CommonName, name);
    params.distinguished_name = who;
    params
}

/// The file whole or not at all; one that another process has written meanwhile stays.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&draft)?.write_all(text.as_bytes())?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked.or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
}
