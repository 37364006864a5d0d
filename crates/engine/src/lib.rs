//! Docker Engine, BuildKit and Podman: found, connected to, and told to build, tag, push, pull and save.
//!
//! ```text
//! Environment + AddressQuery ──► Resolution (addresses to try, and why) ──► Engine ──► Engine::buildkit ──► BuildKit
//!                                                                             │                               │
//! ContextBody ──► Engine::build ──► BuildStream: Event*, then Built      ◄────┤                               │
//! SessionContext ──► BuildKit::build ──► the same                        ◄────┼───────────────────────────────┘
//!                 Engine::{tag_all, push, pull, save, load, remove, images} ◄─┘
//! ```
//!
//! Everything is asynchronous, on Tokio; [`blocking`] is the same for programs without a runtime.
//! Nothing here reads a variable of the process but [`Environment::from_process`], nothing prints,
//! and a [`Secret`] is in no error and no `Debug` output.

mod address;
mod auth;
pub mod blocking;
mod build;
mod buildkit;
mod cancel;
mod classic;
mod cleanup;
mod client;
mod config;
mod connect;
mod contexts;
mod environment;
mod error;
mod events;
mod exec;
mod from_file;
mod helper;
mod image_name;
mod images;
mod layout;
mod node;
mod options;
mod parser;
mod patient;
mod prose;
mod random;
mod resolve;
mod sanitize;
mod secret;
mod session;
mod ssh;
mod tasks;
mod tls;
mod transfer;
mod transport;
mod upload;
mod vertex;

pub use address::{Address, AddressError, SshTarget, Why};
pub use auth::{
    Credential, CredentialError, Credentials, Identity, Inventory, InventoryProblem, Login,
    LoginSource, Registry,
};
pub use build::{BuildError, BuildStream, Built};
pub use buildkit::BuildKit;
pub use buildkit::abilities::{
    Abilities, BuildKitVersion, BuilderKind, Frontend, Unheeded, Unsupported,
};
pub use buildkit::builder::{
    Builder, BuilderError, BuilderQuery, BuilderResolution, WhyBuilder, resolve_builder,
};
pub use buildkit::context::{SessionContext, SessionContextError};
pub use buildkit::daemon::{DaemonAddress, DaemonAddressError, DaemonError, DaemonTls};
pub use buildkit::failure::SolveFailure;
pub use buildkit::instances::{Instance, InstanceError, Node, NodeAddress, Platform};
pub use buildkit::options::{
    BuildKitOptions, CacheEntry, Destination, NamedContext, OciLayout, Output, OutputKind,
    SecretOrigin, SecretSource, SshSource,
};
pub use buildkit::route::Way;
pub use buildkit::spec::{Attestation, ContextSource, ContextSpec, SpecError};
pub use cancel::CancelToken;
pub use cleanup::CleanupOptions;
pub use client::{About, ApiVersion, ConnectOptions, Engine, EngineKind, SystemInfo, VersionInfo};
pub use config::{ConfigError, DockerConfig};
pub use connect::ConnectorError;
pub use contexts::ContextError;
pub use environment::{Environment, VariableError};
pub use error::{Attempt, AttemptError, ConnectError, NoEngine, RequestError};
pub use events::{EngineFailure, Event, LogStream};
pub use from_file::HeredocError;
pub use image_name::{ImageName, ImageNameError};
pub use images::{Image, ListOptions, PartialTags, Removed, extra_names};
pub use layout::{Digest, DigestError, LayoutError};
pub use options::{BuildOptions, Limits, Ulimit};
pub use parser::{EventParser, MESSAGE_LIMIT, Message, ParseError};
pub use resolve::{AddressQuery, Candidate, Considered, Resolution, resolve_address};
pub use sanitize::sanitize;
pub use secret::Secret;
pub use session::export::{ArchivePipe, ArchiveStream, ExportError};
pub use session::secrets::{SECRET_LIMIT, SecretError};
pub use session::ssh::SshError;
pub use tls::{TlsError, TlsFiles};
pub use transfer::{Pushed, TransferError};
pub use upload::{ContextBody, UploadProgress};
pub use vertex::{ProgressGroup, SourceLines, Vertex, VertexLog, VertexStatus, VertexWarning};
