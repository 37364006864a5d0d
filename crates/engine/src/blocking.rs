//! The same engine for programs without an asynchronous runtime.
//!
//! Each [`Engine`] brings a small runtime of its own, with one thread. Work is handed to that thread
//! and its result waited for on a plain channel, so these calls work on any thread, also on one that
//! belongs to another runtime (which they block, as any blocking call does).

mod buildkit;
mod from_file;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use futures_util::StreamExt;
use shipload_context::BaseImage;
use tokio::runtime::{Builder, Runtime};

use crate::auth::{Credential, Credentials, Inventory, Registry};
use crate::build::{BuildError, Built};
use crate::cancel::CancelToken;
use crate::client::{About, ConnectOptions, SystemInfo, VersionInfo};
use crate::error::{ConnectError, RequestError};
use crate::events::Event;
use crate::image_name::ImageName;
use crate::images::{Image, ListOptions, PartialTags, Removed};
use crate::options::BuildOptions;
use crate::session::export::ArchiveStream;
use crate::transfer::{Pushed, TransferError};
use crate::upload::{ContextBody, UploadProgress};

pub use self::buildkit::BuildKit;

/// A connection to an engine; cheap to clone, and usable from any number of threads at once.
///
/// ```no_run
/// use shipload_engine::{BuildOptions, ConnectOptions, ContextBody, blocking::Engine};
///
/// # fn example(archive: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::connect(&ConnectOptions::default())?;
/// let mut build = engine.build(ContextBody::from_bytes(archive), &BuildOptions::default());
/// for event in &mut build {
///     println!("{event:?}");
/// }
/// println!("{}", build.finish()?.image_id);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Engine {
    engine: crate::Engine,
    background: Background,
}

/// Why the blocking engine is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No runtime could be started.
    #[error("cannot start the runtime of the engine's connection")]
    Runtime(#[source] std::io::Error),
    /// No engine could be connected to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl StartError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Runtime(_) => None,
            Self::Connect(error) => error.hint(),
        }
    }
}

/// Tells which credentials would be used for which registries: [`Credentials::inventory`].
///
/// # Errors
/// [`StartError::Runtime`].
pub fn inventory(credentials: &Credentials, limit: Duration) -> Result<Inventory, StartError> {
    let background = Background::start().map_err(StartError::Runtime)?;
    let credentials = credentials.clone();
    let found = background.wait(async move { credentials.inventory(limit).await });
    let stopped = || StartError::Runtime(std::io::Error::other("it has stopped"));
    found.ok_or_else(stopped)
}

/// Why saving stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The engine could not be asked, refused, or broke off.
    #[error("cannot get the images from the engine")]
    Request(#[from] RequestError),
    /// The archive could not be written.
    #[error("cannot write the archive")]
    Write(#[source] std::io::Error),
}

/// The runtime, shared by everything that came from one connection.
#[derive(Debug, Clone)]
struct Background(Arc<Guard>);

#[derive(Debug)]
struct Guard(Option<Runtime>);

impl Drop for Guard {
    fn drop(&mut self) {
        // An ordinary drop waits, which panics on a thread of another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Background {
    fn start() -> std::io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(1)
            .thread_name("shipload-engine")
            .enable_all()
            .build()?;
        Ok(Self(Arc::new(Guard(Some(runtime)))))
    }

    /// Runs `work` on the runtime; nothing comes if it panics there.
    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> mpsc::Receiver<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        if let Some(runtime) = &self.0.0 {
            runtime.spawn(async move { drop(sender.send(work.await)) });
        }
        receiver
    }

    /// Runs `work` on the runtime and waits for it; `None` when it panicked there.
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        self.spawn(work).recv().ok()
    }

    /// Runs `work`, and hands its events to the calling thread, which may then use the engine.
    fn transfer<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, TransferError>> + Send + 'static,
        events: &mpsc::Receiver<Event>,
        on_event: impl FnMut(Event),
    ) -> Result<T, TransferError> {
        let result = self.spawn(work);
        events.iter().for_each(on_event);
        let stopped = |_| RequestError::broken("the engine's runtime has stopped");
        result.recv().map_err(stopped)?
    }

    /// The same for requests, whose errors can say that it panicked.
    fn request<T: Send + 'static, E: From<RequestError> + Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let gone = || Err(RequestError::broken("the engine's runtime has stopped").into());
        self.wait(work).unwrap_or_else(gone)
    }
}

/// Connecting, and what it is.
impl Engine {
    /// As [`crate::Engine::connect`].
    ///
    /// # Errors
    /// When there is no engine, or no runtime.
    pub fn connect(options: &ConnectOptions) -> Result<Self, StartError> {
        let background = Background::start().map_err(StartError::Runtime)?;
        let options = options.clone();
        let connected = background.wait(async move { crate::Engine::connect(&options).await });
        let stopped = || StartError::Runtime(std::io::Error::other("it has stopped"));
        let engine = connected.ok_or_else(stopped)??;
        Ok(Self { engine, background })
    }

    /// As [`crate::Engine::about`].
    pub fn about(&self) -> &About {
        self.engine.about()
    }

    /// As [`crate::Engine::credentials`].
    pub fn credentials(&self) -> &Credentials {
        self.engine.credentials()
    }

    /// As [`crate::Engine::proxy_build_args`].
    pub fn proxy_build_args(&self) -> std::collections::BTreeMap<String, String> {
        self.engine.proxy_build_args()
    }

    /// As [`crate::Engine::auto_compression`].
    pub fn auto_compression(&self) -> shipload_context::Compression {
        self.engine.auto_compression()
    }

    /// As [`crate::Engine::version`].
    ///
    /// # Errors
    /// When it does not answer, or not as an engine.
    pub fn version(&self) -> Result<VersionInfo, RequestError> {
        let engine = self.engine.clone();
        self.background
            .request(async move { engine.version().await })
    }

    /// As [`crate::Engine::info`].
    ///
    /// # Errors
    /// When it does not answer, or not as an engine.
    pub fn info(&self) -> Result<SystemInfo, RequestError> {
        let engine = self.engine.clone();
        self.background.request(async move { engine.info().await })
    }
}

/// Building.
impl Engine {
    /// As [`crate::Engine::build`].
    pub fn build(&self, context: ContextBody, options: &BuildOptions) -> Build {
        let (engine, options) = (self.engine.clone(), options.clone());
        let background = self.background.clone();
        let stream = background.wait(async move { engine.build(context, &options) });
        Build { background, stream }
    }
}

/// A build that runs: an iterator over its events, then its outcome. Dropping it cancels the build.
#[must_use = "dropping it cancels the build"]
#[derive(Debug)]
pub struct Build {
    background: Background,
    stream: Option<crate::BuildStream>,
}

impl Iterator for Build {
    type Item = Event;

    /// Waits for the next event.
    fn next(&mut self) -> Option<Event> {
        let mut stream = self.stream.take()?;
        let (stream, event) = self.background.wait(async move {
            let event = stream.next_event().await;
            (stream, event)
        })?;
        self.stream = Some(stream);
        event
    }
}

impl Build {
    /// As [`crate::BuildStream::finish`].
    ///
    /// # Errors
    /// When there is no image, and why.
    pub fn finish(mut self) -> Result<Built, BuildError> {
        let stream = self.stream.take().ok_or(BuildError::Runtime)?;
        self.background
            .wait(stream.finish())
            .unwrap_or(Err(BuildError::Runtime))
    }

    /// As [`crate::BuildStream::progress`].
    pub fn progress(&self) -> UploadProgress {
        self.stream
            .as_ref()
            .map(crate::BuildStream::progress)
            .unwrap_or_default()
    }

    /// As [`crate::BuildStream::cancel_token`].
    pub fn cancel_token(&self) -> CancelToken {
        self.stream
            .as_ref()
            .map(crate::BuildStream::cancel_token)
            .unwrap_or_default()
    }
}

/// Images.
impl Engine {
    /// As [`crate::Engine::inspect`].
    ///
    /// # Errors
    /// When there is none, or the engine does not answer.
    pub fn inspect(&self, image: &ImageName) -> Result<Image, RequestError> {
        let (engine, image) = (self.engine.clone(), image.clone());
        self.background
            .request(async move { engine.inspect(&image).await })
    }

    /// As [`crate::Engine::base_images`].
    ///
    /// # Errors
    /// When the engine does not answer.
    pub fn base_images(&self, names: &[&str]) -> Result<BTreeMap<String, BaseImage>, RequestError> {
        let engine = self.engine.clone();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        self.background.request(async move {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            engine.base_images(&names).await
        })
    }

    /// As [`crate::Engine::images`].
    ///
    /// # Errors
    /// When the engine does not answer, or refuses a filter.
    pub fn images(&self, options: &ListOptions) -> Result<Vec<Image>, RequestError> {
        let (engine, options) = (self.engine.clone(), options.clone());
        self.background
            .request(async move { engine.images(&options).await })
    }

    /// As [`crate::Engine::tag`].
    ///
    /// # Errors
    /// When there is no such image, or the engine does not answer.
    pub fn tag(&self, image: &ImageName, name: &ImageName) -> Result<(), RequestError> {
        let (engine, image, name) = (self.engine.clone(), image.clone(), name.clone());
        self.background
            .request(async move { engine.tag(&image, &name).await })
    }

    /// As [`crate::Engine::tag_all`].
    ///
    /// # Errors
    /// When some or all could not be set; the error says which were.
    pub fn tag_all(&self, image: &ImageName, names: &[ImageName]) -> Result<(), PartialTags> {
        let (engine, from, to) = (self.engine.clone(), image.clone(), names.to_vec());
        let done = self
            .background
            .wait(async move { engine.tag_all(&from, &to).await });
        done.unwrap_or_else(|| {
            let stopped = || RequestError::broken("the engine's runtime has stopped");
            let failed = names.iter().map(|name| (name.clone(), stopped())).collect();
            Err(PartialTags {
                image: image.clone(),
                set: Vec::new(),
                failed,
            })
        })
    }

    /// As [`crate::Engine::remove`].
    ///
    /// # Errors
    /// When there is none, when it is in use, or the engine does not answer.
    pub fn remove(&self, image: &ImageName, force: bool) -> Result<Vec<Removed>, RequestError> {
        let (engine, image) = (self.engine.clone(), image.clone());
        self.background
            .request(async move { engine.remove(&image, force).await })
    }

    /// As [`crate::Engine::remove_dangling`].
    ///
    /// # Errors
    /// When the images cannot be listed, or one cannot be removed for another reason than being in use.
    pub fn remove_dangling(&self) -> Result<Vec<Removed>, RequestError> {
        let engine = self.engine.clone();
        self.background
            .request(async move { engine.remove_dangling().await })
    }

    /// Writes an archive with these images to `out`, as `docker load` reads it, and returns its size in bytes.
    ///
    /// # Errors
    /// When one does not exist, the connection breaks or `out` fails: what was written must then be discarded.
    pub fn save(&self, images: &[ImageName], out: &mut dyn Write) -> Result<u64, SaveError> {
        let (engine, images) = (self.engine.clone(), images.to_vec());
        let started = self
            .background
            .request(async move { engine.save(&images).await });
        let mut stream: std::pin::Pin<Box<dyn futures_util::Stream<Item = _> + Send>> =
            Box::pin(started?);
        let mut written = 0;
        loop {
            let stopped = || RequestError::broken("the engine's runtime has stopped");
            let next = self
                .background
                .wait(async move { (stream.next().await, stream) });
            let (piece, rest) = next.ok_or_else(stopped)?;
            stream = rest;
            let Some(piece) = piece else {
                return Ok(written);
            };
            let piece = piece?;
            out.write_all(&piece).map_err(SaveError::Write)?;
            written += u64::try_from(piece.len()).unwrap_or_default();
        }
    }
}

/// Registries.
impl Engine {
    /// As [`crate::Engine::login`].
    ///
    /// # Errors
    /// When the registry refuses the credential, or cannot be reached.
    pub fn login(&self, registry: &Registry, credential: Credential) -> Result<(), RequestError> {
        let (engine, registry) = (self.engine.clone(), registry.clone());
        self.background
            .request(async move { engine.login(&registry, credential).await })
    }

    /// As [`crate::Engine::pull`].
    ///
    /// # Errors
    /// When the registry has no such image or refuses, or the engine does not answer.
    pub fn pull(
        &self,
        image: &ImageName,
        platform: Option<&str>,
        on_event: impl FnMut(Event),
    ) -> Result<(), TransferError> {
        let (engine, image) = (self.engine.clone(), image.clone());
        let platform = platform.map(str::to_owned);
        let (sender, events) = mpsc::channel();
        let work = async move {
            // Nobody listening any more is nobody interested.
            let tell = |event| drop(sender.send(event));
            engine.pull(&image, platform.as_deref(), tell).await
        };
        self.background.transfer(work, &events, on_event)
    }

    /// As [`crate::Engine::load`], from what a build writes into an [`ArchivePipe`](crate::ArchivePipe).
    ///
    /// # Errors
    /// When the archive breaks off or is none, or the engine does not answer.
    pub fn load(
        &self,
        archive: ArchiveStream,
        on_event: impl FnMut(Event),
    ) -> Result<(), TransferError> {
        let engine = self.engine.clone();
        let (sender, events) = mpsc::channel();
        let work = async move {
            let tell = |event| drop(sender.send(event));
            engine.load(archive, tell).await
        };
        self.background.transfer(work, &events, on_event)
    }

    /// As [`crate::Engine::push`].
    ///
    /// # Errors
    /// When the registry refuses, its credential cannot be had, or the engine does not answer.
    pub fn push(
        &self,
        image: &ImageName,
        on_event: impl FnMut(Event),
    ) -> Result<Pushed, TransferError> {
        let (engine, image) = (self.engine.clone(), image.clone());
        let (sender, events) = mpsc::channel();
        let work = async move {
            let tell = |event| drop(sender.send(event));
            engine.push(&image, tell).await
        };
        self.background.transfer(work, &events, on_event)
    }
}
