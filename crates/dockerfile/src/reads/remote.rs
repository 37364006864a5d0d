//! Sources of `ADD` that are not in the context.

use crate::request::Builder;

/// Whether `ADD` takes a source from the network.
///
/// URLs in lower case for every builder; for `BuildKit` also what it takes for a git repository, in any case: `git://`, `ssh://`,
/// URLs whose path ends in `.git`, and `user@host:path`. What begins with `github.com/` is a path of the context, since it could be
/// one (`dfgitutil.ParseGitRef`, `IndistinguishableFromLocal`).
pub(crate) fn is_remote(source: &str, builder: Builder) -> bool {
    if source.starts_with("http://") || source.starts_with("https://") {
        return true;
    }
    builder == Builder::BuildKit && (is_git_url(source) || is_scp(source))
}

/// Whether it is a URL that git takes.
fn is_git_url(source: &str) -> bool {
    let Some((scheme, rest)) = source.split_once("://") else {
        return false;
    };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "git" | "ssh" => true,
        "http" | "https" => path.strip_suffix(".git").is_some(),
        _ => false,
    }
}

/// Whether it is `user@host:path`.
fn is_scp(source: &str) -> bool {
    let Some((user, rest)) = source.split_once('@') else {
        return false;
    };
    let Some((host, _)) = rest.split_once(':') else {
        return false;
    };
    let is_made_of = |name: &str, others: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
        !name.is_empty() && name.chars().all(is_part)
    };
    is_made_of(user, "-_") && is_made_of(host, "-.")
}
