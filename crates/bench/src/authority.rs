//! Who vouches for the bench's AWS: an authority made for one run, beside all those that this machine trusts.
//!
//! In Lambda the functions read AWS's own authorities at their start, and boto3 a whole store. A bundle with only our own
//! certificate would leave that out of every figure.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// Where distributions keep the bundle of the authorities that they trust: Debian and Alpine, Red Hat and Amazon Linux,
/// openSUSE.
const BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];

/// AWS's own authorities: what the functions hold.
const AMAZON: &str = include_str!("../../action/roots/amazon.pem");

/// The bundles that the measured processes trust.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The functions': AWS's own authorities and the bench's.
    pub functions: PathBuf,
    /// How many certificates are in it.
    pub certificates: usize,
    /// Python's: the system's store and the bench's.
    pub python: PathBuf,
}

/// Makes an authority, writes the bundle into `folder`, and configures the server that the authority vouches for.
///
/// # Errors
/// When the bundle can't be written.
pub fn make(folder: &Path) -> Result<(Bundle, Arc<ServerConfig>)> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "Relight bench authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?).context("make an authority")?;

    let mut parameters = CertificateParams::new(["127.0.0.1".to_owned()])?;
    parameters.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    parameters.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, &authority).context("make a certificate")?;

    let trusted = BUNDLES
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    let write = |name: &str, trusted: &str| {
        let path = folder.join(name);
        let bundle = format!("{trusted}\n{}", authority.pem());
        std::fs::write(&path, &bundle).with_context(|| format!("write {}", path.display()))?;
        anyhow::Ok((path, bundle.matches("-----BEGIN CERTIFICATE-----").count()))
    };
    let (functions, certificates) = write("functions.pem", AMAZON)?;
    let (python, _) = write("python.pem", &trusted)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choose the versions of TLS")?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .context("use the certificate")?;
    // What the APIs of AWS speak: HTTP/1.1.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let bundle = Bundle {
        functions,
        certificates,
        python,
    };
    Ok((bundle, Arc::new(config)))
}
