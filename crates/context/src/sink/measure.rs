//! How large an archive will be, before it is written.

use super::header::{self, BLOCK};
use crate::view::{MemberKind, View};

/// The size in bytes of the archive that [`pack`](crate::pack()) writes of a view without compression: headers, contents,
/// padding and end. Nothing is opened.
///
/// File capabilities are known only when a file is opened; for those of this machine up to 1,024 bytes each
/// are missing.
/// Where sparse files have more bytes between them than can be counted it is `u64::MAX`.
///
/// ```
/// use shipload_context::{PackOptions, Progress, TreeBuilder, View, archive_bytes, pack};
///
/// let view = View::new(&TreeBuilder::new().bytes("a/b".parse()?, "x").build()?);
/// let mut archive = Vec::new();
/// pack(&view, &PackOptions::default(), &Progress::new(), &mut archive)?;
/// assert_eq!(archive_bytes(&view), archive.len() as u64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn archive_bytes(view: &View) -> u64 {
    let end = 2 * BLOCK as u64;
    let mut headers = Vec::new();
    view.members().fold(end, |sum, member| {
        let (content, capability) = match member.kind {
            MemberKind::File { size } => {
                let content = size.saturating_add(header::padding(size) as u64);
                (content, member.entry.listed_capability())
            }
            _ => (0, None),
        };
        headers.clear();
        header::append(&member, capability, &mut headers);
        sum.saturating_add(headers.len() as u64)
            .saturating_add(content)
    })
}
