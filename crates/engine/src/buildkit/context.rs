//! `SessionContext`: the files that a build on BuildKit can ask for.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;

use shipload_context::{
    Context, ContextError, ContextOptions, DockerfileBuilder, EntryPath, Plan, Progress, ReadError,
    RecipeError, Semantics, TreeBuilder, View,
};

use crate::buildkit::options::NamedContext;
use crate::error::BoxError;
use crate::random;

/// What the Dockerfile's own ignore file says to a frontend. A frontend that finds one looks for no other, and so gets
/// no rules to apply a second time: they were applied here.
const NO_RULES: &str = "# The sender of this context has applied the rules.\n";

/// The files of a build on BuildKit: its context, its Dockerfile, and what makes it the same context tomorrow.
///
/// BuildKit asks for what it needs, when it needs it, and gets what has changed since it last asked; so a view may be
/// large. Cheap to clone.
///
/// ```
/// use shipload_context::{TreeBuilder, View};
/// use shipload_engine::SessionContext;
///
/// let tree = TreeBuilder::new().bytes("hello.txt".parse()?, "hello\n").build()?;
/// let context = SessionContext::new(View::new(&tree), "FROM scratch\nCOPY hello.txt /\n");
/// # drop(context);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SessionContext {
    view: View,
    /// The Dockerfile's name, without a directory.
    filename: String,
    dockerfile: Vec<u8>,
    identity: Option<Vec<u8>>,
}

/// A context that BuildKit cannot be told of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionContextError {
    /// What was put together cannot be listed.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The Dockerfile cannot be read.
    #[error(transparent)]
    Dockerfile(#[from] RecipeError),
    /// The Dockerfile is not what was listed any more.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no such file in the view.
    #[error("there is no Dockerfile `{0}` in the context")]
    NoDockerfile(EntryPath),
    /// The Dockerfile's name is not UTF-8.
    #[error("BuildKit cannot be told the Dockerfile `{0}`, whose name is not UTF-8")]
    Name(EntryPath),
}

/// The name without a directory.
fn filename(dockerfile: &EntryPath) -> Result<String, SessionContextError> {
    String::from_utf8(dockerfile.file_name().to_vec())
        .map_err(|_| SessionContextError::Name(dockerfile.clone()))
}

/// # Making one
impl SessionContext {
    /// The members of a view, and the text of a Dockerfile, which need not be one of them.
    pub fn new(view: View, dockerfile: impl Into<Vec<u8>>) -> Self {
        Self {
            view,
            filename: "Dockerfile".to_owned(),
            dockerfile: dockerfile.into(),
            identity: None,
        }
    }

    /// The members of a view, of which one is the Dockerfile: what [`Context::list`](shipload_context::Context::list) returns,
    /// or a [`ContextArchive`](shipload_context::ContextArchive) has.
    ///
    /// # Errors
    /// When the Dockerfile is not there, cannot be read, or has a name that is not UTF-8.
    pub fn of_view(view: View, dockerfile: &EntryPath) -> Result<Self, SessionContextError> {
        let entry = view.tree().get(dockerfile);
        let entry = entry.ok_or_else(|| SessionContextError::NoDockerfile(dockerfile.clone()))?;
        let text = entry.read()?;
        Ok(Self {
            filename: filename(dockerfile)?,
            ..Self::new(view, text)
        })
    }

    /// A Dockerfile made in code, which is finalized, and the files that it adds. Ignore files of directories hold as BuildKit
    /// reads them.
    ///
    /// # Errors
    /// When the context cannot be listed.
    pub fn of_file(file: &mut DockerfileBuilder) -> Result<Self, SessionContextError> {
        let options = ContextOptions {
            semantics: Semantics::BuildKit,
            ..ContextOptions::default()
        };
        let context = Context::from_dockerfile(file)?.options(options);
        let (view, dockerfile) = context.list(&Progress::new())?;
        Self::of_view(view, &dockerfile)
    }

    /// What a recipe came to. Its rules should be BuildKit's.
    ///
    /// # Errors
    /// When the Dockerfile cannot be read, or has a name that is not UTF-8.
    pub fn from_plan(plan: &Plan) -> Result<Self, SessionContextError> {
        let view = if plan.is_injected {
            plan.view
                .clone()
                .filter(|entry| entry.path != plan.dockerfile)
        } else {
            plan.view.clone()
        };
        let context = Self::new(view, plan.dockerfile_text()?);
        let filename = if plan.is_injected {
            context.filename.clone()
        } else {
            filename(&plan.dockerfile)?
        };
        let directory = plan.directory.as_ref();
        let identity = directory.map(|path| {
            let dockerfile = plan.dockerfile.as_bytes();
            [path.as_os_str().as_bytes(), b"\0", dockerfile].concat()
        });
        Ok(Self {
            filename,
            identity,
            ..context
        })
    }

    /// What makes this context the same one at the next build, so that BuildKit compares it with what it has of it; by
    /// default the directory and the Dockerfile's path, else where its parts come from and the repository of the image's first name.
    #[must_use]
    pub fn identity(self, identity: impl Into<Vec<u8>>) -> Self {
        Self {
            identity: Some(identity.into()),
            ..self
        }
    }
}

/// # What is sent
impl SessionContext {
    /// The Dockerfile's name, as the frontend is told it.
    pub(crate) fn filename(&self) -> &str {
        &self.filename
    }

    /// The files of the context.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The Dockerfile, and an ignore file beside it that has no rules.
    pub(crate) fn dockerfile_view(&self) -> Result<View, BoxError> {
        let ignore = format!("{}.dockerignore", self.filename);
        let tree = TreeBuilder::new()
            .bytes(self.filename.parse()?, self.dockerfile.as_slice())
            .bytes(ignore.parse()?, NO_RULES)
            .build()?;
        Ok(View::new(&tree))
    }

    /// What BuildKit keeps the files under: a digest of the machine, the context, the Dockerfile and the target.
    pub(crate) fn shared_key(
        &self,
        node: &str,
        name: &str,
        target: &str,
        named: &BTreeMap<String, NamedContext>,
    ) -> String {
        let mut parts = vec![node.as_bytes(), self.filename.as_bytes(), target.as_bytes()];
        let here = std::env::current_dir().unwrap_or_default();
        if let Some(identity) = &self.identity {
            parts.push(identity);
        } else {
            parts.extend([name.as_bytes(), here.as_os_str().as_bytes()]);
            parts.extend(self.view.tree().origins().map(str::as_bytes));
        }
        // Files of two directories may have one time and size, so a context is another one when it is elsewhere.
        for (name, context) in named {
            if let NamedContext::Local(view) = context {
                parts.extend([name.as_bytes(), here.as_os_str().as_bytes()]);
                parts.extend(view.tree().origins().map(str::as_bytes));
            }
        }
        format!("shipload:{}", random::digest(&parts))
    }
}
