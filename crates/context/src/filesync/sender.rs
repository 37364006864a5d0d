//! `Sender`: what may be said next, and what of the builder's words makes sense. No packet is encoded here, no byte read.

use super::Offer;

/// One call from our side, as a state machine: it is told what the builder says and asked what to say.
///
/// Three rules make it safe to use from several threads, behind a `Mutex`: ask for the next announcement before its STAT is
/// computed and sent, call [`Sender::sent`] before the DATA that ends a file is handed over, and send an ERR for whatever
/// fails on our side, after which nothing else is sent.
///
/// ```
/// use shipload_context::{Announcement, Heard, Offer, Reply, Sender, SyncRequest, TreeBuilder, View};
///
/// let tree = TreeBuilder::new().bytes("hello".parse()?, "world").build()?;
/// let offer = Offer::new(&View::new(&tree), &SyncRequest::default())?;
/// let mut sender = Sender::new(&offer);
/// assert_eq!(sender.announce(), Some(Announcement::Entry(0))); // STAT of 0
/// assert_eq!(sender.announce(), Some(Announcement::End)); // STAT without content
/// assert_eq!(sender.hear(Heard::Request(0))?, Reply::Send(0));
/// sender.sent(0); // DATA, DATA without content
/// assert_eq!(sender.hear(Heard::Finished)?, Reply::Finish); // FIN, and the stream ends
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Sender {
    offer: Offer,
    /// How many members were announced.
    announced: u32,
    announcing: Announcing,
    /// What became of each member's content.
    files: Vec<File>,
    under_way: u32,
    requested: u32,
    is_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announcing {
    Members,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum File {
    Idle,
    UnderWay,
    Sent,
}

/// What to say next of the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// The STAT of the member with this id: see [`Offer::stat`].
    Entry(u32),
    /// A STAT without content: there are no more.
    End,
}

/// What the builder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// REQ: it wants the content of a member.
    Request(u32),
    /// FIN: it has all that it wanted.
    Finished,
    /// ERR: it cannot go on, and this is why.
    Failed(String),
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Read the content of this member and send it as DATA, the last without content.
    Send(u32),
    /// Say FIN and end the stream; the builder waits for both.
    Finish,
    /// End the stream: the builder has failed, and says why itself when the build ends.
    Stop,
}

/// The builder says what makes no sense. It is to be told so by an ERR, and the stream to be ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// It requests what was not announced.
    #[error("the builder requests entry {id}, of {announced} that it was told of")]
    Unannounced {
        /// The id.
        id: u32,
        /// How many were announced.
        announced: u32,
    },
    /// It requests the content of what has none.
    #[error("the builder requests the content of `{path}`, which is no file")]
    NotAFile {
        /// The path, for a person.
        path: String,
    },
    /// It requests the same twice.
    #[error("the builder requests `{path}` a second time")]
    Twice {
        /// The path, for a person.
        path: String,
    },
    /// It is done before it was told of all members.
    #[error("the builder ends the transfer before all entries were announced")]
    FinishedEarly,
    /// It is done while what it requested is being sent.
    #[error("the builder ends the transfer while {files} files that it requested are under way")]
    FinishedUnderWay {
        /// How many.
        files: u32,
    },
    /// It goes on after the end.
    #[error("the builder goes on after the end of the transfer")]
    AfterEnd,
}

impl Sender {
    /// Nothing is said yet.
    pub fn new(offer: &Offer) -> Self {
        Self {
            offer: offer.clone(),
            announced: 0,
            announcing: Announcing::Members,
            files: vec![File::Idle; offer.len() as usize],
            under_way: 0,
            requested: 0,
            is_over: false,
        }
    }

    /// What to announce next: each member once, in order, then the end, then nothing. From now on the builder may request it.
    pub fn announce(&mut self) -> Option<Announcement> {
        if self.is_over || self.announcing == Announcing::Ended {
            return None;
        }
        if self.announced == self.offer.len() {
            self.announcing = Announcing::Ended;
            return Some(Announcement::End);
        }
        self.announced += 1;
        Some(Announcement::Entry(self.announced - 1))
    }

    /// Takes what the builder says.
    ///
    /// # Errors
    /// [`ProtocolError`], after which nothing else makes sense.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "what was said is over once it was heard"
    )]
    pub fn hear(&mut self, heard: Heard) -> Result<Reply, ProtocolError> {
        if self.is_over {
            return Err(ProtocolError::AfterEnd);
        }
        let reply = match heard {
            Heard::Request(id) => self.request(id).map(Reply::Send),
            Heard::Finished => self.finish().map(|()| Reply::Finish),
            Heard::Failed(_) => Ok(Reply::Stop),
        };
        self.is_over = !matches!(reply, Ok(Reply::Send(_)));
        reply
    }

    fn request(&mut self, id: u32) -> Result<u32, ProtocolError> {
        let entry = self.offer.entry(id).filter(|_| id < self.announced);
        let file = self.files.get_mut(id as usize);
        let (Some(entry), Some(file)) = (entry, file) else {
            let announced = self.announced;
            return Err(ProtocolError::Unannounced { id, announced });
        };
        let path = || entry.path.to_string();
        if !self.offer.has_content(id) {
            return Err(ProtocolError::NotAFile { path: path() });
        }
        if *file != File::Idle {
            return Err(ProtocolError::Twice { path: path() });
        }
        *file = File::UnderWay;
        self.under_way += 1;
        self.requested += 1;
        Ok(id)
    }

    fn finish(&mut self) -> Result<(), ProtocolError> {
        if self.under_way > 0 {
            let files = self.under_way;
            return Err(ProtocolError::FinishedUnderWay { files });
        }
        match self.announcing {
            Announcing::Members => Err(ProtocolError::FinishedEarly),
            Announcing::Ended => Ok(()),
        }
    }

    /// Says that the content of a requested member was sent, but for the DATA without content that is about to be. Of any other
    /// member it says nothing.
    pub fn sent(&mut self, id: u32) {
        if let Some(file @ File::UnderWay) = self.files.get_mut(id as usize) {
            *file = File::Sent;
            self.under_way -= 1;
        }
    }

    /// How many contents were requested so far.
    pub fn requested(&self) -> u32 {
        self.requested
    }

    /// Whether nothing more is to be said, or heard: after [`Reply::Finish`], [`Reply::Stop`] and every error.
    pub fn is_over(&self) -> bool {
        self.is_over
    }
}
