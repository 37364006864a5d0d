//! What an engine does with images it has: inspect, list, tag, remove, save, clean up.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::{ListImagesOptions, RemoveImageOptions, TagImageOptions};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::Method;
use http::header::CONNECTION;
use http_body_util::BodyExt;
use shipload_context::BaseImage;

use crate::cleanup::CleanupOptions;
use crate::client::Engine;
use crate::error::RequestError;
use crate::image_name::{ImageName, ImageNameError};
use crate::options::Query;
use crate::transport::empty;

/// An image that an engine has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// Its full id, `sha256:…`.
    pub id: String,
    /// Its names.
    pub tags: Vec<String>,
    /// Its digests in registries, `name@sha256:…`.
    pub digests: Vec<String>,
    /// Its size, in bytes.
    pub size: u64,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// Its environment variables; not in lists.
    pub environment: Vec<(String, String)>,
    /// Its `ONBUILD` instructions, which run in every build on it; not in lists.
    pub triggers: Vec<String>,
    /// Its system, such as `linux`; not in lists.
    pub os: Option<String>,
    /// Its architecture, such as `amd64`; not in lists.
    pub architecture: Option<String>,
}

/// What a removal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A name was taken off.
    Untagged(String),
    /// An image or a layer is gone; its id.
    Deleted(String),
}

/// Which images are listed.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Only this repository or name; `*` stands for anything.
    pub reference: Option<String>,
    /// Only images with these labels, each `key` or `key=value`.
    pub labels: Vec<String>,
    /// Only images without a name; off.
    pub dangling: bool,
    /// The intermediate layers of builds as well; off.
    pub all: bool,
}

/// Some names were set, and some were not.
#[derive(Debug, thiserror::Error)]
#[error("cannot tag `{image}` as {}", names(failed))]
pub struct PartialTags {
    /// The image.
    pub image: ImageName,
    /// The names that were set.
    pub set: Vec<ImageName>,
    /// The names that were not, and why; at least one.
    pub failed: Vec<(ImageName, RequestError)>,
}

impl PartialTags {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let set: Vec<_> = self.set.iter().map(|name| format!("`{name}`")).collect();
        (!set.is_empty()).then(|| format!("the image has the names {}", set.join(", ")))
    }
}

fn names(failed: &[(ImageName, RequestError)]) -> String {
    let each: Vec<_> = failed
        .iter()
        .map(|(name, error)| format!("`{name}`: {error}"))
        .collect();
    each.join("; ")
}

/// The further names of an image that was built as `name`: `latest` if asked for, then each of
/// `tags` in the same repository, none twice and not the one it has.
///
/// # Errors
/// When one of `tags` is no tag.
///
/// ```
/// use shipload_engine::extra_names;
///
/// let names = extra_names(&"team/app:1.2".parse()?, true, &["1", "1.2"])?;
/// let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
/// assert_eq!(names, ["team/app:latest", "team/app:1"]);
/// # Ok::<(), shipload_engine::ImageNameError>(())
/// ```
pub fn extra_names(
    name: &ImageName,
    latest: bool,
    tags: &[&str],
) -> Result<Vec<ImageName>, ImageNameError> {
    let mut found: Vec<ImageName> = Vec::new();
    for tag in latest.then_some("latest").iter().chain(tags) {
        let extra = name.with_tag(tag)?;
        if *tag != name.tag_or_latest() && !found.contains(&extra) {
            found.push(extra);
        }
    }
    Ok(found)
}

/// Asking.
impl Engine {
    /// What the engine knows of one image.
    ///
    /// # Errors
    /// When there is none ([`RequestError::is_not_found`]), or the engine does not answer.
    pub async fn inspect(&self, image: &ImageName) -> Result<Image, RequestError> {
        let told = self.0.docker.inspect_image(image.as_str()).await?;
        let id = told
            .id
            .ok_or_else(|| RequestError::NotUnderstood("the id is missing".into()))?;
        let config = told.config.unwrap_or_default();
        let environment = config.env.unwrap_or_default();
        let pairs = environment.iter().filter_map(|pair| pair.split_once('='));
        Ok(Image {
            id,
            environment: pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            triggers: config.on_build.unwrap_or_default(),
            tags: told.repo_tags.unwrap_or_default(),
            digests: told.repo_digests.unwrap_or_default(),
            size: told
                .size
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or_default(),
            labels: config.labels.unwrap_or_default(),
            os: told.os,
            architecture: told.architecture,
        })
    }

    /// What those of some images that the engine has bring into builds on them: variables, and instructions that read the
    /// context. Names that are none, and images that are not there, are left out.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn base_images(
        &self,
        names: &[&str],
    ) -> Result<BTreeMap<String, BaseImage>, RequestError> {
        let mut found = BTreeMap::new();
        for name in names {
            let Ok(image) = name.parse() else { continue };
            match self.inspect(&image).await {
                Ok(Image {
                    environment,
                    triggers,
                    ..
                }) => {
                    found.insert(
                        (*name).to_owned(),
                        BaseImage {
                            environment,
                            triggers,
                        },
                    );
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The images that the engine has.
    ///
    /// # Errors
    /// When the engine does not answer, or refuses a filter.
    pub async fn images(&self, options: &ListOptions) -> Result<Vec<Image>, RequestError> {
        let mut filters = HashMap::new();
        if let Some(reference) = &options.reference {
            filters.insert("reference".to_owned(), vec![reference.clone()]);
        }
        if !options.labels.is_empty() {
            filters.insert("label".to_owned(), options.labels.clone());
        }
        if options.dangling {
            filters.insert("dangling".to_owned(), vec!["true".to_owned()]);
        }
        let filters = Some(filters).filter(|filters| !filters.is_empty());
        let query = ListImagesOptions {
            all: options.all,
            filters,
            ..ListImagesOptions::default()
        };
        let told = self.0.docker.list_images(Some(query)).await?;
        let named =
            |names: Vec<String>| names.into_iter().filter(|name| !name.starts_with("<none>"));
        Ok(told
            .into_iter()
            .map(|image| Image {
                id: image.id,
                tags: named(image.repo_tags).collect(),
                digests: named(image.repo_digests).collect(),
                size: u64::try_from(image.size).unwrap_or_default(),
                labels: image.labels,
                ..Image::default()
            })
            .collect())
    }

    /// An archive with these images, as `docker load` reads it, in pieces as they come.
    ///
    /// # Errors
    /// When one does not exist, or the connection breaks: the archive must then be discarded.
    pub async fn save(
        &self,
        images: &[ImageName],
    ) -> Result<impl Stream<Item = Result<Bytes, RequestError>> + Send + Unpin + use<>, RequestError>
    {
        let mut query = Query::default();
        for image in images {
            query.text("names", Some(image.as_str()));
        }
        let transport = &self.0.transport;
        let path = self.path(&format!("/images/get{}", query.0));
        let request = transport
            .request(Method::GET, &path)
            .header(CONNECTION, "close");
        let request = request.body(empty()).map_err(RequestError::broken)?;
        let body = transport
            .send_alone(request)
            .await?
            .into_body()
            .into_data_stream();
        Ok(body.map(|piece| piece.map_err(RequestError::broken)))
    }
}

/// Changing.
impl Engine {
    /// Gives an image one more name.
    ///
    /// # Errors
    /// When there is no such image, or the engine does not answer.
    pub async fn tag(&self, image: &ImageName, name: &ImageName) -> Result<(), RequestError> {
        let query = TagImageOptions {
            repo: Some(name.repository().to_owned()),
            tag: Some(name.tag_or_latest().to_owned()),
        };
        Ok(self.0.docker.tag_image(image.as_str(), Some(query)).await?)
    }

    /// Gives an image several names. All are tried, whichever fail.
    ///
    /// # Errors
    /// When some or all could not be set; the error says which were.
    pub async fn tag_all(&self, image: &ImageName, names: &[ImageName]) -> Result<(), PartialTags> {
        let (mut set, mut failed) = (Vec::new(), Vec::new());
        for name in names {
            match self.tag(image, name).await {
                Ok(()) => set.push(name.clone()),
                Err(error) => failed.push((name.clone(), error)),
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        Err(PartialTags {
            image: image.clone(),
            set,
            failed,
        })
    }

    /// Removes a name, and the image with its last one. With `force` also one that a stopped
    /// container uses, or that has several names and was given by its id.
    ///
    /// # Errors
    /// When there is none, when it is in use (status 409), or the engine does not answer.
    pub async fn remove(
        &self,
        image: &ImageName,
        force: bool,
    ) -> Result<Vec<Removed>, RequestError> {
        let query = RemoveImageOptions {
            force,
            ..RemoveImageOptions::default()
        };
        let told = self
            .0
            .docker
            .remove_image(image.as_str(), Some(query), None)
            .await?;
        let each = told.into_iter().flat_map(|item| {
            [
                item.untagged.map(Removed::Untagged),
                item.deleted.map(Removed::Deleted),
            ]
        });
        Ok(each.flatten().collect())
    }

    /// Removes every image without a name that nothing uses, and returns what went; images that are
    /// in use stay, without an error.
    ///
    /// # Errors
    /// When the images cannot be listed, or one cannot be removed for another reason.
    pub async fn remove_dangling(&self) -> Result<Vec<Removed>, RequestError> {
        self.cleanup_images(&CleanupOptions::default()).await
    }
}
