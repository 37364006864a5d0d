//! What only BuildKit can be told; the rest is in [`BuildOptions`](crate::BuildOptions).

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use shipload_context::View;

use crate::buildkit::spec::without_password;
use crate::layout::Digest;
use crate::secret::Secret;
use crate::session::export::ArchivePipe;

/// What a build on BuildKit may be told beyond [`BuildOptions`](crate::BuildOptions); nothing by default.
#[derive(Debug, Clone, Default)]
pub struct BuildKitOptions {
    /// `--secret`: what `RUN --mount=type=secret` may read.
    pub secrets: Vec<SecretSource>,
    /// `--ssh`: the agents that `RUN --mount=type=ssh` may use.
    pub ssh: Vec<SshSource>,
    /// `--output`, where it is not [`BuildOptions::tags`](crate::BuildOptions::tags) of an image in the engine.
    pub outputs: Vec<Output>,
    /// `--cache-from` with a type; plain images stand in [`BuildOptions::cache_from`](crate::BuildOptions::cache_from).
    pub cache_from: Vec<CacheEntry>,
    /// `--cache-to`.
    pub cache_to: Vec<CacheEntry>,
    /// `--build-context`, by name.
    pub contexts: BTreeMap<String, NamedContext>,
    /// `--attest`, `--provenance` and `--sbom`, by kind (`provenance`, `sbom`): the attributes, such as `mode=max`.
    pub attestations: BTreeMap<String, String>,
    /// `--allow`, such as `network.host`.
    pub entitlements: Vec<String>,
    /// `--no-cache-filter`: the stages whose cache is left alone.
    pub no_cache_filter: Vec<String>,
    /// What BuildKit keeps the sent files under; by default made of this machine, the context, the Dockerfile and the target.
    pub shared_key: Option<String>,
}

/// A secret for the build, read when the build asks for it.
#[derive(Debug, Clone)]
pub struct SecretSource {
    /// The name by which the Dockerfile asks for it.
    pub id: String,
    /// Where it is.
    pub from: SecretOrigin,
}

/// Where a secret is.
#[derive(Debug, Clone)]
pub enum SecretOrigin {
    /// In a file of this machine.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
    /// Here.
    Value(Secret),
    /// In the variable that has the id for its name, if that is set, else in the file: what `--secret id=NAME` means.
    ById,
}

/// An SSH agent for the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSource {
    /// The name by which the Dockerfile asks for it; `default` where it does not say.
    pub id: String,
    /// The socket of an agent; none for the agent of `SSH_AUTH_SOCK`. The files of private keys, which the docker CLI takes as well,
    /// are refused ([`SshError`](crate::SshError)).
    pub paths: Vec<PathBuf>,
}

/// What becomes of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What is made of it.
    pub kind: OutputKind,
    /// Where it goes on this machine; none where it stays with the builder.
    pub destination: Option<Destination>,
    /// Further attributes, which go to the builder as they are.
    pub attributes: BTreeMap<String, String>,
}

impl Output {
    /// Whether it is an image that goes to a registry.
    pub(crate) fn is_pushed(&self) -> bool {
        let push = self.attributes.get("push").map(String::as_str);
        self.kind == OutputKind::Image && push == Some("true")
    }
}

/// What is made of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// An image in the builder's store: `type=image`, and `type=registry` with `push=true`.
    Image,
    /// An image in the engine, or an archive for `docker load`.
    Docker,
    /// An archive in the OCI layout.
    Oci,
    /// The files, as a tar.
    Tar,
    /// The files, in a directory.
    Local,
    /// Nothing: only the cache has it.
    CacheOnly,
}

/// Where a result goes on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file, replaced when it is complete.
    File(PathBuf),
    /// A directory, made if it is not there.
    Directory(PathBuf),
    /// The standard output of this process.
    Stdout,
    /// Whoever reads the other end, such as a request that loads the image elsewhere.
    Pipe(ArchivePipe),
}

/// A place for the build cache, as `--cache-to` and `--cache-from` name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// `registry`, `local`, `inline`, `gha`, `s3` or what else the builder knows.
    pub kind: String,
    /// Its attributes; those that hold credentials are in no `Debug` output.
    pub attributes: BTreeMap<String, Secret>,
}

impl CacheEntry {
    /// The cache that an image holds or has beside it in its registry.
    pub fn image(reference: &str) -> Self {
        let attributes = [("ref".to_owned(), Secret::new(reference))];
        Self {
            kind: "registry".to_owned(),
            attributes: attributes.into(),
        }
    }

    /// Whether it is in a directory of this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.kind == "local"
    }

    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.attributes.insert(name.to_owned(), Secret::new(value));
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(Secret::expose)
    }
}

/// A context beside the main one.
#[derive(Clone)]
pub enum NamedContext {
    /// Files of this machine.
    Local(View),
    /// An image in a directory of this machine. Looked up when the build starts.
    OciLayout(OciLayout),
    /// What the builder fetches itself: `docker-image://…`, a git or an HTTP address, `target:…`.
    Reference(String),
}

/// Without the password in an address.
impl fmt::Debug for NamedContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(view) => f.debug_tuple("Local").field(view).finish(),
            Self::OciLayout(layout) => f.debug_tuple("OciLayout").field(layout).finish(),
            Self::Reference(address) => {
                let shown = without_password(address);
                f.debug_tuple("Reference").field(&shown).finish()
            }
        }
    }
}

/// An image in an OCI layout, which is a directory with `index.json` and `blobs`.
///
/// ```
/// use shipload_engine::{BuildOptions, NamedContext, OciLayout};
///
/// let base = OciLayout {
///     directory: "images/base".into(),
///     tag: "latest".to_owned(),
///     digest: None,
/// };
/// let mut options = BuildOptions::default();
/// // `FROM base` and `COPY --from=base` are that image now.
/// options.buildkit.contexts.insert("base".to_owned(), NamedContext::OciLayout(base));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciLayout {
    /// The directory.
    pub directory: PathBuf,
    /// Which image, if it has no digest. Where only one is there it is taken, whatever its tag.
    pub tag: String,
    /// Which image.
    pub digest: Option<Digest>,
}
