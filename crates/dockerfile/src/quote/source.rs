//! Paths of the context that builders read for what they are.

use crate::value::Value;

/// A source in the context that is named literally: wildcards lose their meaning, and so does what looks like a URL, a
/// repository or a heredoc.
pub(crate) fn literal_source(path: &Value) -> Value {
    let mut text = path.as_str().to_owned();
    let wild = text.contains(['*', '?', '[']);
    if wild {
        // Without a wildcard a backslash is itself; beside one it is an escape, and only a class means the same to all.
        let class = |c: char| match c {
            '*' | '?' | '[' => format!("[{c}]"),
            '\\' => r"[\\]".to_owned(),
            c => c.to_string(),
        };
        text = text.chars().map(class).collect();
    }
    path.with(local(&text))
}

/// A path that is a path to everybody.
pub(crate) fn local(path: &str) -> String {
    let ordinary = path.starts_with(['/', '.'])
        || !(path.contains("<<")
            || path.contains(':')
            || path.contains('@')
            || path.contains(".git")
            || path.starts_with("github.com"));
    if ordinary {
        path.to_owned()
    } else {
        format!("./{path}")
    }
}
