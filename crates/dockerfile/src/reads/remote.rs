//! Sources of `ADD` that are not in the context.

use crate::request::Builder;

/// Whether `ADD` takes a source from the network.
///
/// URLs for every builder; for `BuildKit` also what it takes for a git repository: `git://`, `ssh://`, `user@host:path`, and what
/// begins with `github.com/`.
pub(super) fn is_remote(source: &str, builder: Builder) -> bool {
    let starts_with = |prefix: &str| {
        source
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if starts_with("http://") || starts_with("https://") {
        return true;
    }
    builder == Builder::BuildKit
        && (starts_with("git://")
            || starts_with("ssh://")
            || source.starts_with("github.com/")
            || is_scp(source))
}

/// Whether it is `user@host:path`.
fn is_scp(source: &str) -> bool {
    let Some((user, rest)) = source.split_once('@') else {
        return false;
    };
    let Some((host, _)) = rest.split_once(':') else {
        return false;
    };
    let is_name = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !name.is_empty() && name.chars().all(is_part)
    };
    is_name(user) && is_name(host)
}
