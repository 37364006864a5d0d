//! `Mount`: the file systems that a command has for itself.

use std::fmt;

use crate::quote::{self, EncodeProblem, Escape};
use crate::value::Value;

/// A file system that a `RUN` has while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mount {
    /// Files of the context, of a stage or of an image.
    Bind(BindMount),
    /// A directory that later builds find again.
    Cache(CacheMount),
    /// Memory.
    Tmpfs(TmpfsMount),
    /// A file or variable that the caller of the build gives, and no layer holds.
    Secret(SecretMount),
    /// The caller's SSH agent.
    Ssh(SshMount),
}

/// A mount of files; of the context by default.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BindMount {
    /// Where it is mounted; must be given.
    pub target: Value,
    /// What is mounted; the root of `from` by default.
    pub source: Option<Value>,
    /// A stage or an image; the context by default.
    pub from: Option<Value>,
    /// Whether the command may write; what it writes is lost. Off.
    pub read_write: bool,
}

/// A directory that later builds find again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CacheMount {
    /// Where it is mounted; must be given.
    pub target: Value,
    /// What it is known by; its target by default.
    pub id: Option<Value>,
    /// What happens when two builds want it; they share it by default.
    pub sharing: Option<Sharing>,
    /// What it begins with: a stage or an image; empty by default.
    pub from: Option<Value>,
    /// A directory of `from`; its root by default.
    pub source: Option<Value>,
    /// Permission bits of a new directory; 0755 by default.
    pub mode: Option<u32>,
    /// Owner of a new directory; 0 by default.
    pub uid: Option<u32>,
    /// Group of a new directory; 0 by default.
    pub gid: Option<u32>,
    /// Whether the command may only read; off.
    pub read_only: bool,
}

/// What happens when two builds want one cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sharing {
    /// Both have it.
    Shared,
    /// Each has its own.
    Private,
    /// One waits.
    Locked,
}

/// Memory as a file system.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TmpfsMount {
    /// Where it is mounted; must be given.
    pub target: Value,
    /// Its limit in bytes; none by default.
    pub size: Option<u64>,
}

/// A secret. One of `id`, `target` and `env` must be given.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SecretMount {
    /// What it is known by; the last part of `target` by default.
    pub id: Option<Value>,
    /// The file; `/run/secrets/` and the id by default, none where there is `env`.
    pub target: Option<Value>,
    /// The variable; none by default.
    pub env: Option<Value>,
    /// Whether the build fails without it; off.
    pub required: bool,
    /// Permission bits; 0400 by default.
    pub mode: Option<u32>,
    /// Owner; 0 by default.
    pub uid: Option<u32>,
    /// Group; 0 by default.
    pub gid: Option<u32>,
}

/// The caller's SSH agent; `default` without an id.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SshMount {
    /// What it is known by.
    pub id: Option<Value>,
    /// The socket's path.
    pub target: Option<Value>,
    /// Whether the build fails without it; off.
    pub required: bool,
    /// Permission bits; 0600 by default.
    pub mode: Option<u32>,
    /// Owner; 0 by default.
    pub uid: Option<u32>,
    /// Group; 0 by default.
    pub gid: Option<u32>,
}

/// Collects `key=value` fields.
struct Fields {
    escape: Escape,
    list: Vec<String>,
}

impl Fields {
    fn value(&mut self, key: &str, value: Option<&Value>) -> Result<(), EncodeProblem> {
        if let Some(value) = value {
            self.list.push(quote::field(key, value, self.escape)?);
        }
        Ok(())
    }

    fn plain(&mut self, key: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.list.push(format!("{key}={value}"));
        }
    }

    fn on(&mut self, key: &str, on: bool) {
        self.plain(key, on.then_some("true"));
    }

    fn owner(&mut self, mode: Option<u32>, uid: Option<u32>, gid: Option<u32>) {
        self.plain("mode", mode.map(|mode| format!("0{mode:o}")));
        self.plain("uid", uid);
        self.plain("gid", gid);
    }
}

impl Mount {
    pub(super) fn encode(&self, escape: Escape) -> Result<String, EncodeProblem> {
        let fields = |kind: &str| Fields {
            escape,
            list: vec![format!("type={kind}")],
        };
        let fields = match self {
            Self::Bind(mount) => {
                let mut fields = fields("bind");
                fields.value("target", Some(&mount.target))?;
                fields.value("source", mount.source.as_ref())?;
                fields.value("from", mount.from.as_ref())?;
                fields.on("rw", mount.read_write);
                fields.list
            }
            Self::Cache(mount) => {
                let mut fields = fields("cache");
                fields.value("target", Some(&mount.target))?;
                fields.value("id", mount.id.as_ref())?;
                fields.plain("sharing", mount.sharing.map(Sharing::as_str));
                fields.value("from", mount.from.as_ref())?;
                fields.value("source", mount.source.as_ref())?;
                fields.owner(mount.mode, mount.uid, mount.gid);
                fields.on("ro", mount.read_only);
                fields.list
            }
            Self::Tmpfs(mount) => {
                let mut fields = fields("tmpfs");
                fields.value("target", Some(&mount.target))?;
                fields.plain("size", mount.size);
                fields.list
            }
            Self::Secret(mount) => {
                let mut fields = fields("secret");
                if mount.id.is_none() && mount.target.is_none() && mount.env.is_none() {
                    return Err(EncodeProblem::Empty);
                }
                fields.value("id", mount.id.as_ref())?;
                fields.value("target", mount.target.as_ref())?;
                fields.value("env", mount.env.as_ref())?;
                fields.on("required", mount.required);
                fields.owner(mount.mode, mount.uid, mount.gid);
                fields.list
            }
            Self::Ssh(mount) => {
                let mut fields = fields("ssh");
                fields.value("id", mount.id.as_ref())?;
                fields.value("target", mount.target.as_ref())?;
                fields.on("required", mount.required);
                fields.owner(mount.mode, mount.uid, mount.gid);
                fields.list
            }
        };
        quote::flag("mount", &fields.join(","))
    }
}

impl Sharing {
    fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Private => "private",
            Self::Locked => "locked",
        }
    }
}
