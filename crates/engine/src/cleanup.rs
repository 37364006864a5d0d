//! Which names images have, and removing images that nobody needs.

use std::collections::BTreeMap;

use crate::client::Engine;
use crate::error::RequestError;
use crate::image_name::ImageName;
use crate::images::{ListOptions, Removed};

/// Which images are removed; by default those that have no name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanupOptions {
    /// Whether images with names go, too, if none of their names has the tag `latest` or one of `keep_tags`; off. Only use this
    /// on an engine that is yours.
    pub remove_old: bool,
    /// Tags that keep an image besides `latest`.
    pub keep_tags: Vec<String>,
    /// Whether images go that stopped containers or several names use; off.
    pub force: bool,
}

/// Tidying up.
impl Engine {
    /// All names of images with the full id of what each names, in the order of the names.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn image_tags(&self) -> Result<BTreeMap<String, String>, RequestError> {
        let images = self.images(&ListOptions::default()).await?;
        let named = images.into_iter().flat_map(|image| {
            let id = image.id;
            image.tags.into_iter().map(move |tag| (tag, id.clone()))
        });
        Ok(named.collect())
    }

    /// Removes images that nobody needs, and says what went. Images that containers or other images use stay.
    ///
    /// ```no_run
    /// use shipload_engine::{CleanupOptions, ConnectOptions, Engine};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::connect(&ConnectOptions::default()).await?;
    /// let removed = engine.cleanup_images(&CleanupOptions::default()).await?;
    /// println!("{} names and layers are gone", removed.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the engine does not answer, or refuses for another reason than that an image is used or gone.
    pub async fn cleanup_images(
        &self,
        options: &CleanupOptions,
    ) -> Result<Vec<Removed>, RequestError> {
        let list = ListOptions {
            dangling: !options.remove_old,
            ..ListOptions::default()
        };
        let mut removed = Vec::new();
        for image in self.images(&list).await? {
            if image.tags.iter().any(|name| options.keeps(name)) {
                continue;
            }
            // By name, so that an image with several loses all of them; by id if it has none.
            let names = if image.tags.is_empty() {
                vec![image.id]
            } else {
                image.tags
            };
            for name in names {
                let Ok(name) = name.parse::<ImageName>() else {
                    continue;
                };
                match self.remove(&name, options.force).await {
                    Ok(items) => removed.extend(items),
                    Err(RequestError::Refused {
                        status: 404 | 409, ..
                    }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(removed)
    }
}

impl CleanupOptions {
    fn keeps(&self, name: &str) -> bool {
        let tag = name.parse::<ImageName>();
        let tag = tag.as_ref().map_or("latest", ImageName::tag_or_latest);
        tag == "latest" || self.keep_tags.iter().any(|keep| keep == tag)
    }
}
