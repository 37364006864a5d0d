//! Certificates: from the files that the docker CLI uses to a client's TLS settings.
//!
//! Done here and not by bollard, because bollard always adds the system's roots to the given
//! authority, has no "skip verification", reads the key again at each handshake and then fails in
//! silence, and needs a crypto provider for the whole process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{self, CryptoProvider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

/// Where the TLS material of an engine is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// The authority that signed the engine's certificate; the system's roots when absent.
    pub ca: Option<PathBuf>,
    /// The client's certificate chain.
    pub cert: Option<PathBuf>,
    /// The client's private key.
    pub key: Option<PathBuf>,
    /// Whether any certificate of the engine is accepted.
    pub skip_verify: bool,
}

/// What is spoken within TLS. Servers may refuse a client that does not say it (gRPC), or says another (Docker Engine).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    /// As ALPN has it.
    fn name(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

/// TLS material that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read TLS material")]
    Read(#[source] std::io::Error),
    /// A file holds nothing of the kind.
    #[error("`{}` holds no {wanted} in PEM form", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// A certificate came without its key, or a key without its certificate.
    #[error("`{}` has no {missing} beside it", present.display())]
    Half {
        /// The file that is there.
        present: PathBuf,
        /// What is not.
        missing: &'static str,
    },
    /// The system has no certificate authorities, and none was named.
    #[error("the system has no certificate authorities")]
    NoRoots,
    /// Certificate and key do not work together.
    #[error("the TLS material does not fit together")]
    Settings(#[source] rustls::Error),
    /// The engine's name cannot be verified.
    #[error("`{0}` is no name that a certificate can be issued for")]
    Name(String),
}

impl TlsFiles {
    /// `ca.pem`, `cert.pem` and `key.pem`, those that exist in `folder`; `None` when there is none
    /// and verification is wanted, as for a context without TLS.
    pub(crate) fn existing_in(folder: &Path, skip_verify: bool) -> Option<Self> {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        let files = Self {
            ca: file("ca.pem"),
            cert: file("cert.pem"),
            key: file("key.pem"),
            skip_verify,
        };
        let any = files.ca.is_some() || files.cert.is_some() || files.key.is_some();
        (any || skip_verify).then_some(files)
    }

    /// As `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`: the authority must be there if it is to be
    /// verified, certificate and key may be missing.
    pub(crate) fn in_cert_path(folder: &Path, verify: bool) -> Self {
        let existing = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        Self {
            ca: verify.then(|| folder.join("ca.pem")),
            cert: existing("cert.pem"),
            key: existing("key.pem"),
            skip_verify: !verify,
        }
    }

    /// Reads the files, for connections that are to speak `protocol`.
    pub(crate) fn client_config(&self, protocol: Protocol) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Settings)?;
        let builder = if self.skip_verify {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
        } else {
            builder.with_root_certificates(self.roots()?)
        };
        let mut config = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => builder
                .with_client_auth_cert(certificates(cert)?, private_key(key)?)
                .map_err(TlsError::Settings)?,
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), None) => {
                return Err(TlsError::Half {
                    present: cert.clone(),
                    missing: "key",
                });
            }
            (None, Some(key)) => {
                return Err(TlsError::Half {
                    present: key.clone(),
                    missing: "certificate",
                });
            }
        };
        config.alpn_protocols = vec![protocol.name().to_vec()];
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut store = RootCertStore::empty();
        if let Some(path) = &self.ca {
            for certificate in certificates(path)? {
                store.add(certificate).map_err(TlsError::Settings)?;
            }
        } else {
            let system = rustls_native_certs::load_native_certs();
            if store.add_parsable_certificates(system.certs).0 == 0 {
                return Err(TlsError::NoRoots);
            }
        }
        Ok(store)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = fs_err::read(path).map_err(TlsError::Read)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(list) if !list.is_empty() => Ok(list),
        _ => Err(TlsError::Pem {
            path: path.to_owned(),
            wanted: "certificate",
        }),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = fs_err::read(path).map_err(TlsError::Read)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TlsError::Pem {
        path: path.to_owned(),
        wanted: "private key",
    })
}

/// The verifier of `SkipTLSVerify`: signatures are checked, who signed is not asked.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
