//! TLS for tests: an authority that issues certificates, and a front that takes TLS off a connection.

use std::io;
use std::net::{self, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use fs_err as fs;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

/// Whom a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Who is connected to.
    Server,
    /// Who connects.
    Client,
}

/// An authority of its own, which nobody trusts who is not told to.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(name: &str) -> io::Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        CertifiedIssuer::self_signed(params, key)
            .map(Self)
            .map_err(io::Error::other)
    }

    /// Writes its certificate.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        fs::write(file, self.0.pem())
    }

    /// Writes `cert.pem` and `key.pem` of a new certificate into `folder`, and its own as `ca.pem`.
    ///
    /// # Errors
    /// When a name is none, or a file cannot be written.
    pub fn issue(&self, folder: &Path, names: &[&str], purpose: Purpose) -> io::Result<()> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.extended_key_usages = vec![match purpose {
            Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &self.0).map_err(io::Error::other)?;
        fs::create_dir_all(folder)?;
        fs::write(folder.join("cert.pem"), certificate.pem())?;
        fs::write(folder.join("key.pem"), key.serialize_pem())?;
        self.write(&folder.join("ca.pem"))
    }
}

/// Listens on a port of 127.0.0.1, takes TLS off, and passes the rest on to a Unix socket. As a gRPC server does, it
/// wants a certificate of its authority from clients, and that they mean to speak HTTP/2 (ALPN `h2`).
#[derive(Debug)]
pub struct TlsFront {
    host: String,
    _stop: oneshot::Sender<()>,
}

impl TlsFront {
    /// Starts one with `ca.pem`, `cert.pem` and `key.pem` of `certificates` before `target`, a `unix://` address.
    ///
    /// # Errors
    /// When the files are not what they should be, or there can be no socket.
    pub fn start(target: &str, certificates: &Path) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(config(certificates)?));
        let target = target.trim_start_matches("unix://").to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let socket = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let host = format!("tcp://{}", socket.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            // Its connections end with it.
            runtime.block_on(async {
                tokio::select! {
                    ended = serve(socket, &acceptor, &target) => ended,
                    _ = stopped => Ok(()),
                }
            })
        });
        Ok(Self { host, _stop: stop })
    }

    /// Its address, as `BUILDKIT_HOST` would have it.
    pub fn host(&self) -> &str {
        &self.host
    }
}

async fn serve(socket: net::TcpListener, acceptor: &TlsAcceptor, target: &str) -> io::Result<()> {
    let listener = TcpListener::from_std(socket)?;
    loop {
        let (client, _) = listener.accept().await?;
        let (acceptor, target) = (acceptor.clone(), target.to_owned());
        // A client that is refused is part of the tests.
        tokio::spawn(async move { pass(client, &acceptor, &target).await.ok() });
    }
}

async fn pass(client: TcpStream, acceptor: &TlsAcceptor, target: &str) -> io::Result<()> {
    let mut client = acceptor.accept(client).await?;
    if client.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(io::Error::other("it does not say that it speaks HTTP/2"));
    }
    let mut server = UnixStream::connect(target).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

fn config(certificates: &Path) -> io::Result<ServerConfig> {
    let read = |name: &str| fs::read(certificates.join(name));
    let provider = Arc::new(crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in chain(&read("ca.pem")?)? {
        roots.add(certificate).map_err(io::Error::other)?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
    let verifier = builder.build().map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(&read("key.pem")?).map_err(io::Error::other)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(&read("cert.pem")?)?, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn chain(pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(io::Error::other)
}
