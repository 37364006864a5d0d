//! A receiver that keeps a copy and is as strict as BuildKit's: on order and parents, hard links, and what it takes for the same.

use std::collections::{BTreeMap, VecDeque};

use shipload_context::{Announcement, Heard, Offer, Reply, Sender, Stat};
use shipload_testkit::random::Random;

/// The bits of Go's `os.FileMode` that tell the type, which is how BuildKit knows what it may request.
const TYPE: u32 = 1 << 31 | 1 << 27 | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;
const DIR: u32 = 1 << 31;
const SYMLINK: u32 = 1 << 27;

/// A path's components, whose order is the one that BuildKit demands.
type Components = Vec<Vec<u8>>;

#[derive(Debug, Clone)]
struct Kept {
    stat: Stat,
    content: Vec<u8>,
}

/// The copy.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    copy: BTreeMap<Components, Kept>,
}

/// One transfer as the receiver sees it.
struct Transfer<'r> {
    old: &'r BTreeMap<Components, Kept>,
    new: BTreeMap<Components, Kept>,
    wanted: VecDeque<u32>,
    paths: Vec<Components>,
}

impl Receiver {
    /// Takes over what is offered, requesting in random order as soon as it may, and returns the paths whose contents it
    /// requested, in order.
    pub(super) fn take(&mut self, offer: &Offer, random: &mut Random) -> Vec<Vec<u8>> {
        let mut sender = Sender::new(offer);
        let mut transfer = Transfer {
            old: &self.copy,
            new: BTreeMap::new(),
            wanted: VecDeque::new(),
            paths: Vec::new(),
        };
        let mut under_way: Vec<u32> = Vec::new();
        let mut requested = Vec::new();
        let mut is_announced = false;
        while !is_announced || !transfer.wanted.is_empty() || !under_way.is_empty() {
            match random.below(3) {
                0 if !is_announced => match sender.announce().unwrap() {
                    Announcement::Entry(id) => transfer.announced(id, offer.stat(id).unwrap()),
                    Announcement::End => is_announced = true,
                },
                1 => {
                    if let Some(id) = transfer.wanted.pop_front() {
                        assert_eq!(sender.hear(Heard::Request(id)), Ok(Reply::Send(id)));
                        requested.push(transfer.paths[id as usize].clone());
                        under_way.push(id);
                    }
                }
                2 if !under_way.is_empty() => {
                    let id = under_way.swap_remove(random.below(under_way.len()));
                    let content = offer.entry(id).unwrap().read().unwrap();
                    sender.sent(id);
                    transfer.received(id, content);
                }
                _ => {}
            }
        }
        assert_eq!(sender.announce(), None);
        assert_eq!(sender.hear(Heard::Finished), Ok(Reply::Finish));
        self.copy = transfer.linked();
        requested.sort();
        requested.into_iter().map(|path| path.join(&b'/')).collect()
    }

    /// The files of the copy, under all their names.
    pub(super) fn files(&self) -> BTreeMap<Vec<u8>, &[u8]> {
        let files = self
            .copy
            .iter()
            .filter(|(_, kept)| kept.stat.mode & TYPE == 0);
        files
            .map(|(path, kept)| (path.join(&b'/'), &kept.content[..]))
            .collect()
    }
}

impl Transfer<'_> {
    fn announced(&mut self, id: u32, stat: Stat) {
        let path: Components = stat
            .path
            .split(|&byte| byte == b'/')
            .map(<[u8]>::to_vec)
            .collect();
        assert_eq!(id as usize, self.paths.len());
        assert!(
            path.iter()
                .all(|name| !matches!(&name[..], b"" | b"." | b"..")),
            "{stat:?}"
        );
        assert!(
            self.paths.last().is_none_or(|last| *last < path),
            "out of order: {stat:?}"
        );
        if let Some((_, parent)) = path.split_last().filter(|(_, parent)| !parent.is_empty()) {
            let parent = self.new.get(parent).unwrap();
            assert!(parent.stat.mode & DIR != 0, "{stat:?}");
        }
        self.check(&stat);
        let old = self.old.get(&path).filter(|old| is_same(&old.stat, &stat));
        if old.is_none() && stat.mode & TYPE == 0 && stat.link_name.is_empty() {
            self.wanted.push_back(id);
        }
        let content = old.map(|old| old.content.clone()).unwrap_or_default();
        self.new.insert(path.clone(), Kept { stat, content });
        self.paths.push(path);
    }

    /// What has to hold for each kind.
    fn check(&self, stat: &Stat) {
        match stat.mode & TYPE {
            0 if !stat.link_name.is_empty() => {
                let path: Components = stat
                    .link_name
                    .split(|&byte| byte == b'/')
                    .map(<[u8]>::to_vec)
                    .collect();
                let first = &self.new.get(&path).unwrap().stat;
                assert_eq!(first.mode & TYPE, 0, "{stat:?}");
                assert!(first.link_name.is_empty(), "a link to a link: {stat:?}");
                let told = |stat: &Stat| (stat.mode, stat.uid, stat.gid, stat.size, stat.mtime);
                assert_eq!(told(first), told(stat), "unlike its first name: {stat:?}");
                assert_eq!(first.xattrs, stat.xattrs);
            }
            SYMLINK => {
                assert_eq!(stat.mode & 0o7777, 0o777);
                assert_eq!(usize::try_from(stat.size), Ok(stat.link_name.len()));
            }
            0 => {}
            _ => assert_eq!((stat.size, &stat.link_name[..]), (0, &b""[..])),
        }
    }

    fn received(&mut self, id: u32, content: Vec<u8>) {
        let kept = self.new.get_mut(&self.paths[id as usize]).unwrap();
        assert_eq!(u64::try_from(kept.stat.size), Ok(content.len() as u64));
        kept.content = content;
    }

    /// The new copy, with later names sharing the content of the first.
    fn linked(mut self) -> BTreeMap<Components, Kept> {
        for path in &self.paths {
            let stat = &self.new[path].stat;
            if stat.mode & TYPE == 0 && !stat.link_name.is_empty() {
                let first: Components = stat
                    .link_name
                    .split(|&byte| byte == b'/')
                    .map(<[u8]>::to_vec)
                    .collect();
                let content = self.new[&first].content.clone();
                self.new.get_mut(path).unwrap().content = content;
            }
        }
        self.new
    }
}

/// As BuildKit: never by content, never by attributes.
fn is_same(old: &Stat, new: &Stat) -> bool {
    let told = |stat: &Stat| (stat.mode, stat.uid, stat.gid, stat.device);
    let times = |stat: &Stat| (stat.size, stat.mtime);
    told(old) == told(new)
        && old.link_name == new.link_name
        && (new.mode & DIR != 0 || times(old) == times(new))
}
