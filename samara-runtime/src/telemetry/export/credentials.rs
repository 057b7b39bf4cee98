//! Whom an endpoint's TLS trusts, and by what the client proves who it is: read and tried before the first request, since the libraries below
//! panic at a key that does not fit, or hide what is wrong with it.

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, parse_pem};

use super::super::configuration::{Identity, Otlp, Pem};
use super::TransportError;

/// What the files of an endpoint hold.
#[derive(Debug)]
pub(super) struct Credentials {
    /// Authorities to trust rather than those of the system; none is the system's.
    pub authorities: Vec<Certificate<'static>>,
    /// The client's certificate, those between it and its authority, and its key.
    pub identity: Option<ClientCert>,
}

impl Credentials {
    pub fn of(otlp: &Otlp) -> Result<Self, TransportError> {
        let authorities = otlp.certificate.as_ref();
        Ok(Self {
            authorities: authorities.map_or(Ok(Vec::new()), |pem| certificates(&pem.value))?,
            identity: otlp.identity.as_ref().map(proof).transpose()?,
        })
    }
}

fn proof(identity: &Identity) -> Result<ClientCert, TransportError> {
    let pem = &identity.key.value;
    let key = PrivateKey::from_pem(&pem.text).map_err(|error| unusable(pem, &error))?;
    let chain = certificates(&identity.certificate.value)?;
    check(identity, &chain, &key)?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

/// Finds out whether a key can be used, and is that of the certificate.
fn check(
    identity: &Identity,
    chain: &[Certificate<'static>],
    key: &PrivateKey<'static>,
) -> Result<(), TransportError> {
    let (certificate, pem) = (&identity.certificate.value, &identity.key.value);
    let chain = chain
        .iter()
        .map(|link| CertificateDer::from(link.der().to_vec()));
    let key = PrivateKeyDer::try_from(key.der().to_vec()).map_err(|error| unusable(pem, &error))?;
    match CertifiedKey::from_der(chain.collect(), key, &ring::default_provider()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TransportError::Mismatch {
            key: pem.path.clone(),
            certificate: certificate.path.clone(),
        }),
        Err(rustls::Error::InvalidCertificate(error)) => Err(unusable(certificate, &error)),
        Err(error) => Err(unusable(pem, &error)),
    }
}

fn certificates(pem: &Pem) -> Result<Vec<Certificate<'static>>, TransportError> {
    let items: Result<Vec<_>, _> = parse_pem(&pem.text).collect();
    let items = items.map_err(|error| unusable(pem, &error))?;
    let certificates: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => Err(unusable(pem, &"there is no certificate in it")),
        false => Ok(certificates),
    }
}

fn unusable(pem: &Pem, reason: &dyn std::fmt::Display) -> TransportError {
    TransportError::Certificate {
        path: pem.path.clone(),
        reason: reason.to_string(),
    }
}
