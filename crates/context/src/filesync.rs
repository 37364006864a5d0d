//! `Offer` and `Sender`: what BuildKit's file service needs of a view, without a byte of its encoding.
//!
//! The builder asks for a directory by a call, `DiffCopy`, and says which part of it (a [`SyncRequest`]). Then both sides send
//! packets:
//!
//! ```text
//! we                                            the builder
//! STAT × n, the n-th has the id n-1
//! STAT without content: that was all
//!                                               REQ(id), as soon as that STAT is there, in any order
//! DATA(id)*, DATA(id) without content
//!                                               FIN, when it has all that it wanted
//! FIN, and the end of the stream
//! ```
//!
//! or either says ERR, and that is the end. An [`Offer`] is the list of members, in the order that the builder demands: by
//! component, each directory before what is in it. It makes the [`Stat`]s one by one; content is opened where an entry of it is
//! requested. A [`Sender`] knows what may be said next, and what of the builder's words makes sense.
//!
//! # Why times have digests
//!
//! The builder keeps the last copy, and requests a file whose type, mode, owner, size, modification time or link differ from the
//! copy's. It never looks at content. That is sound for files of a disk, where whatever changes a file changes its time. Bytes in
//! memory and members of archives have no such time, and under [`Times::Pinned`](crate::Times::Pinned) no file has: an edit that
//! keeps the size would be missed, and an old file be built. So these have a digest of their content and extended attributes in
//! the nanoseconds of their time, below half a second. Images are as reproducible as the seconds: layers have no fractions, to
//! which times are rounded, and the build cache has no times at all.
//!
//! For files of this machine [`Times::WholeSeconds`](crate::Times::WholeSeconds) means the exact time here, as the docker CLI sends it.

mod digest;
mod follow;
mod selection;
mod sender;
mod stat;

use std::sync::Arc;

use shipload_ignore::{LoadError, MatchError};

use crate::content::ReadError;
use crate::entry::{Entry, Kind};
use crate::source::host::xattrs::XattrReader;
use crate::view::View;

pub use sender::{Announcement, Heard, ProtocolError, Reply, Sender};
pub use stat::Stat;

/// What one `DiffCopy` call asks for; by default everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRequest {
    /// Paths, with wildcards or not, that are wanted with all below them; links on the way are followed within the context, and
    /// both ends wanted. `.` and an empty one mean everything.
    pub follow_paths: Vec<String>,
    /// Patterns of what is wanted; where there are neither these nor paths, everything is.
    pub include_patterns: Vec<String>,
    /// Patterns of what is not wanted, in spite of the others.
    pub exclude_patterns: Vec<String>,
}

/// The members of a view that one call gets, in the order that the builder demands; the place of a member is its id.
///
/// It always has the directories above its members, also those that the view leaves out. Cheap to clone, and safe to use from
/// many threads.
///
/// ```
/// use shipload_context::{Offer, SyncRequest, TreeBuilder, View};
///
/// let tree = TreeBuilder::new().bytes("a/b".parse()?, "x").bytes("c".parse()?, "y").build()?;
/// let request = SyncRequest { follow_paths: vec!["a".into()], ..SyncRequest::default() };
/// let offer = Offer::new(&View::new(&tree), &request)?;
/// assert_eq!(offer.len(), 2);
/// assert_eq!(offer.stat(1)?.path, b"a/b");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Offer {
    view: View,
    xattrs: Arc<XattrReader>,
}

/// What was asked for cannot be offered, or not be described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// A pattern is malformed.
    #[error("cannot select what the builder asks for: {0}")]
    Pattern(LoadError),
    /// A pattern turned out malformed when a path was held against it.
    #[error("cannot select what the builder asks for: {0}")]
    Match(MatchError),
    /// A file is not what was listed, or cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no member with this id.
    #[error("there is no entry {id} among {len}")]
    NoEntry {
        /// The id.
        id: u32,
        /// How many members there are.
        len: u32,
    },
}

impl SyncError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Pattern(error) => error.hint(),
            Self::Match(error) => error.hint(),
            Self::Read(error) => error.hint(),
            Self::NoEntry { .. } => None,
        }
    }
}

/// # Making one
impl Offer {
    /// Selects what a call asks for, as fsutil's `NewFilterFS` does; opens no content.
    ///
    /// **Deviation:** where fsutil forgets a path behind a link that another path went through before (`link/a` and `link/b`), it
    /// is followed as well.
    ///
    /// # Errors
    /// [`SyncError::Pattern`] and [`SyncError::Match`], which name the pattern.
    pub fn new(view: &View, request: &SyncRequest) -> Result<Self, SyncError> {
        Ok(Self {
            view: selection::select(view, request)?,
            xattrs: Arc::default(),
        })
    }
}

/// # Reading it
impl Offer {
    /// How many members there are; their ids are below that.
    pub fn len(&self) -> u32 {
        u32::try_from(self.view.len()).unwrap_or(u32::MAX)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.view.is_empty()
    }

    /// The entry with this id, to open its content.
    pub fn entry(&self, id: u32) -> Option<&Entry> {
        let place = self.view.tree_place(id as usize)?;
        self.view.tree().entries().get(place)
    }

    /// What is said of a member. Its extended attributes are read now, and its content where its time has to have a digest
    /// (see the module's head), once for all offers of the same tree.
    ///
    /// # Errors
    /// [`SyncError::Read`] where something is not as it was listed or the system refuses, and [`SyncError::NoEntry`].
    pub fn stat(&self, id: u32) -> Result<Stat, SyncError> {
        stat::of(&self.view, &self.xattrs, id as usize)?.ok_or(SyncError::NoEntry {
            id,
            len: self.len(),
        })
    }

    /// Whether the builder may request the content of a member: that of files, and of their other names.
    pub fn has_content(&self, id: u32) -> bool {
        matches!(
            self.entry(id),
            Some(Entry {
                kind: Kind::File { .. },
                ..
            })
        )
    }
}
