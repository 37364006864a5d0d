//! Building from a Dockerfile made in code, or from a context that was put together.

use shipload_context::{
    Builder, Context, ContextArchive, ContextError, ContextOptions, Dockerfile, DockerfileBuilder,
    EntryPath, PackOptions, Position, Reads, Request,
};

use crate::auth::Registry;
use crate::build::BuildStream;
use crate::client::{Engine, EngineKind};
use crate::image_name::ImageName;
use crate::options::BuildOptions;
use crate::upload::ContextBody;

/// Building from a Dockerfile made in code.
impl Engine {
    /// Makes the context of a Dockerfile, which is finalized, and starts a build as [`Engine::build`]. The context's temporary
    /// file is gone when this returns.
    ///
    /// ```no_run
    /// use shipload_context::DockerfileBuilder;
    /// use shipload_engine::{BuildOptions, ConnectOptions, Engine};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = DockerfileBuilder::new("alpine:3.20")?;
    /// file.run("apk add --no-cache curl")?.command(["curl", "--version"])?;
    /// let engine = Engine::connect(&ConnectOptions::default()).await?;
    /// let options = BuildOptions::tagged("team/curl:1".parse()?).add_latest_tag();
    /// println!("{}", engine.build_from_file(&mut file, &options)?.finish().await?.image_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the context cannot be made; the build's own errors come from [`BuildStream::finish`].
    pub fn build_from_file(
        &self,
        file: &mut DockerfileBuilder,
        options: &BuildOptions,
    ) -> Result<BuildStream, ContextError> {
        let archive = self.context(file)?;
        Ok(self.build_from_context(&archive, options))
    }

    /// Starts a build of a context as [`Engine::build`], with the context's own Dockerfile unless `options` name another, and
    /// with the credentials of the registries that the Dockerfile names unless `options` name some.
    ///
    /// The context may be dropped while it is sent, and sent as often as wanted. A Dockerfile with heredocs is refused as one
    /// that cannot be packed: Docker's classic builder would make empty files of them.
    pub fn build_from_context(
        &self,
        archive: &ContextArchive,
        options: &BuildOptions,
    ) -> BuildStream {
        let (context, options) = self.prepare(archive, options);
        self.build(context, &options)
    }

    /// What is sent for a context, and how.
    pub(crate) fn prepare(
        &self,
        archive: &ContextArchive,
        options: &BuildOptions,
    ) -> (ContextBody, BuildOptions) {
        let mut options = options.clone();
        let own = archive.dockerfile().to_string();
        if options.dockerfile.is_none() && own != "Dockerfile" {
            options.dockerfile = Some(own.clone());
        }
        // One that cannot be read or understood is the engine's to refuse.
        let name = options.dockerfile.as_deref().unwrap_or(&own);
        let path = EntryPath::new(name).ok();
        let text = path.and_then(|path| archive.view().tree().get(&path)?.read().ok());
        let Some(file) = text.and_then(|text| Dockerfile::from_bytes(&text).ok()) else {
            return (ContextBody::from_context(archive), options);
        };
        if options.registries.is_empty() {
            options.registries = registries(&file, &options);
        }
        let context = match HeredocError::check(&file) {
            Err(error) if self.about().kind == EngineKind::Docker => {
                ContextBody::from_writer(move |_| Err(error))
            }
            Ok(()) | Err(_) => ContextBody::from_context(archive),
        };
        (context, options)
    }

    /// The context of a Dockerfile, compressed as suits the way to the engine.
    pub(crate) fn context(
        &self,
        file: &mut DockerfileBuilder,
    ) -> Result<ContextArchive, ContextError> {
        let options = ContextOptions {
            pack: PackOptions::new(self.auto_compression()),
            ..ContextOptions::default()
        };
        Context::from_dockerfile(file)?.options(options).finalize()
    }
}

/// A Dockerfile with a heredoc, for the classic builder: it makes an empty file of it, or takes its lines for instructions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: the classic builder has no heredocs, as this `{keyword}` needs")]
pub struct HeredocError {
    /// Where the instruction begins that has it.
    pub position: Position,
    /// The instruction, as written.
    pub keyword: String,
}

impl HeredocError {
    /// Advice for the user.
    pub const HINT: &'static str =
        "build on BuildKit, or put the text into a file, and copy or run that";

    /// Looks for a heredoc.
    ///
    /// # Errors
    /// If there is one.
    pub fn check(file: &Dockerfile) -> Result<(), Self> {
        match file.instructions().find(|one| !one.heredocs.is_empty()) {
            None => Ok(()),
            Some(one) => Err(Self {
                position: one.name.position,
                keyword: one.name.text.clone(),
            }),
        }
    }
}

/// The registries of the images that a build needs, for the classic builder, which runs all stages up to the target.
fn registries(file: &Dockerfile, options: &BuildOptions) -> Vec<Registry> {
    let request = Request {
        target: options.target.clone(),
        build_args: options.build_args.clone(),
        platform: options.platform.clone(),
        builder: Builder::Classic,
        ..Request::default()
    };
    let reads = file.reads(&request).unwrap_or_default();
    Registry::of_images(&reads)
}

impl Registry {
    /// The registries of the images that a build needs, each once: one too few costs a private image its login, one too many
    /// hands out a secret for nothing.
    pub fn of_images(reads: &Reads) -> Vec<Self> {
        let mut found = Vec::new();
        for image in &reads.images {
            let name = image.name.parse::<ImageName>();
            let registry = name.ok().map(|name| name.registry());
            found.extend(registry.filter(|registry| !found.contains(registry)));
        }
        found
    }
}
