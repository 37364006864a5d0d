//! Building from a Dockerfile made in code, and tidying up.

use std::collections::BTreeMap;

use shipload_context::{ContextArchive, ContextError, DockerfileBuilder};

use super::{Build, Engine};
use crate::cleanup::CleanupOptions;
use crate::error::RequestError;
use crate::images::Removed;
use crate::options::BuildOptions;

/// Building from a Dockerfile made in code.
impl Engine {
    /// As [`crate::Engine::build_from_file`].
    ///
    /// # Errors
    /// When the context cannot be made; the build's own errors come from [`Build::finish`].
    pub fn build_from_file(
        &self,
        file: &mut DockerfileBuilder,
        options: &BuildOptions,
    ) -> Result<Build, ContextError> {
        let archive = self.engine.context(file)?;
        Ok(self.build_from_context(&archive, options))
    }

    /// As [`crate::Engine::build_from_context`].
    pub fn build_from_context(&self, archive: &ContextArchive, options: &BuildOptions) -> Build {
        let (context, options) = self.engine.prepare(archive, options);
        self.build(context, &options)
    }
}

/// Tidying up.
impl Engine {
    /// As [`crate::Engine::image_tags`].
    ///
    /// # Errors
    /// When the engine does not answer.
    pub fn image_tags(&self) -> Result<BTreeMap<String, String>, RequestError> {
        let engine = self.engine.clone();
        self.background
            .request(async move { engine.image_tags().await })
    }

    /// As [`crate::Engine::cleanup_images`].
    ///
    /// # Errors
    /// As [`crate::Engine::cleanup_images`].
    pub fn cleanup_images(&self, options: &CleanupOptions) -> Result<Vec<Removed>, RequestError> {
        let (engine, options) = (self.engine.clone(), options.clone());
        self.background
            .request(async move { engine.cleanup_images(&options).await })
    }
}
