//! Building from a Dockerfile made in code, or from a context that was put together.

use shipload_context::{
    Context, ContextArchive, ContextError, ContextOptions, DockerfileBuilder, PackOptions,
};

use crate::classic::BuildStream;
use crate::client::Engine;
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

    /// Starts a build of a context as [`Engine::build`], with the context's own Dockerfile unless `options` name another.
    ///
    /// The context may be dropped while it is sent, and sent as often as wanted.
    pub fn build_from_context(
        &self,
        archive: &ContextArchive,
        options: &BuildOptions,
    ) -> BuildStream {
        let options = options.clone().with_dockerfile_of(archive);
        self.build(ContextBody::from_context(archive), &options)
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

impl BuildOptions {
    /// The same, with the Dockerfile that a context has if none is named.
    pub(crate) fn with_dockerfile_of(mut self, archive: &ContextArchive) -> Self {
        let name = archive.dockerfile().to_string();
        if self.dockerfile.is_none() && name != "Dockerfile" {
            self.dockerfile = Some(name);
        }
        self
    }
}
