//! Options of builds as the command line has them: `--secret`, `--ssh`, `--output`, `--cache-from`, `--cache-to`,
//! `--build-context`, `--attest`, each as buildx reads it (its `util/buildflags` and `build/opt.go`).
//!
//! Most are one record of comma-separated values, in which a field with a comma in it stands in quotes. Nothing is looked up
//! here: a file may be missing, and what an environment adds is added by [`CacheEntry::completed`].

mod attestation;
mod cache;
mod context;
mod output;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub use attestation::Attestation;
pub(crate) use context::without_password;
pub use context::{ContextSource, ContextSpec};

#[cfg(doc)]
use crate::buildkit::options::CacheEntry;
use crate::buildkit::options::{SecretOrigin, SecretSource, SshSource};

/// A specification that means nothing, or something that cannot be done here.
///
/// It names the specification, but for values that may be secret: of a cache's attributes only the usual ones are shown, and
/// of an address no user and password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use {option} `{spec}`: {problem}")]
pub struct SpecError {
    /// The option, such as `--secret`.
    pub option: &'static str,
    /// The specification, without what may be secret in it.
    pub spec: String,
    /// What is wrong with it.
    pub problem: String,
    hint: Option<&'static str>,
}

impl SpecError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.hint.map(str::to_owned)
    }
}

/// An option whose specification is read.
#[derive(Clone, Copy)]
struct Spec<'a> {
    option: &'static str,
    text: &'a str,
    /// How it is written, for whoever wrote it otherwise.
    usage: &'static str,
}

impl Spec<'_> {
    fn error(self, problem: impl fmt::Display) -> SpecError {
        self.error_with(self.text, problem, self.usage)
    }

    fn error_with(
        self,
        shown: impl Into<String>,
        problem: impl fmt::Display,
        hint: &'static str,
    ) -> SpecError {
        SpecError {
            option: self.option,
            spec: shown.into(),
            problem: problem.to_string(),
            hint: Some(hint),
        }
    }
}

/// The fields of one record of comma-separated values (RFC 4180), as buildx' `go-csvvalue` reads them.
fn fields(text: &str) -> Result<Vec<String>, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => in_quotes(quoted)?,
            None => bare(rest)?,
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

type Field<'a> = (String, Option<&'a str>);

fn bare(text: &str) -> Result<Field<'_>, &'static str> {
    let (field, after) = match text.split_once(',') {
        Some((field, after)) => (field, Some(after)),
        None => (text, None),
    };
    if field.contains('"') {
        return Err("there is a quote in a field that does not begin with one");
    }
    if field.contains(['\n', '\r']) {
        return Err("there is a line break in it");
    }
    Ok((field.to_owned(), after))
}

fn in_quotes(mut text: &str) -> Result<Field<'_>, &'static str> {
    let mut field = String::new();
    loop {
        let (part, after) = text.split_once('"').ok_or("a quote is not closed")?;
        field += part;
        match after.as_bytes().first() {
            None => return Ok((field, None)),
            Some(b',') => return Ok((field, Some(&after[1..]))),
            Some(b'"') => {
                field.push('"');
                text = &after[1..];
            }
            Some(_) => return Err("something follows a closing quote"),
        }
    }
}

/// A field as key and value.
fn pair(field: &str) -> Option<(&str, &str)> {
    field.split_once('=')
}

/// `--secret id=ID[,src=FILE|,env=NAME][,type=file|env]`.
///
/// ```
/// use shipload_engine::{SecretOrigin, SecretSource};
///
/// let secret: SecretSource = "id=token,env=TOKEN".parse()?;
/// assert!(matches!(secret.from, SecretOrigin::Variable(name) if name == "TOKEN"));
/// # Ok::<(), shipload_engine::SpecError>(())
/// ```
impl FromStr for SecretSource {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let spec = Spec {
            option: "--secret",
            text,
            usage: "write `id=NAME,src=FILE` or `id=NAME,env=VARIABLE`",
        };
        let (mut id, mut file, mut variable, mut kind) = ("", "", "", "");
        let fields = fields(text).map_err(|problem| spec.error(problem))?;
        for field in &fields {
            let (key, value) =
                pair(field).ok_or_else(|| spec.error(format!("`{field}` has no value")))?;
            match &key.to_lowercase()[..] {
                "type" if matches!(value, "file" | "env") => kind = value,
                "type" => return Err(spec.error(format!("there is no type `{value}`"))),
                "id" => id = value,
                "source" | "src" => file = value,
                "env" => variable = value,
                _ => return Err(spec.error(format!("there is no key `{key}`"))),
            }
        }
        if id.is_empty() {
            return Err(spec.error("it has no id"));
        }
        if kind == "env" && variable.is_empty() {
            (file, variable) = ("", file);
        }
        let from = match (variable, file) {
            ("", "") => SecretOrigin::ById,
            ("", file) => SecretOrigin::File(PathBuf::from(file)),
            (variable, _) => SecretOrigin::Variable(variable.to_owned()),
        };
        let id = id.to_owned();
        Ok(Self { id, from })
    }
}

/// `--ssh default`, or `--ssh ID=SOCKET` or `--ssh ID=KEY[,KEY…]`. Every text is one.
impl From<&str> for SshSource {
    fn from(text: &str) -> Self {
        let (id, paths) = text.split_once('=').unwrap_or((text, ""));
        let id = if id.is_empty() { "default" } else { id };
        let paths = paths.split(',').filter(|path| !path.is_empty());
        Self {
            id: id.to_owned(),
            paths: paths.map(PathBuf::from).collect(),
        }
    }
}

/// What Go's `strconv.ParseBool` takes.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it is read as, or the error and its hint.
    pub(super) fn read<T: FromStr<Err = SpecError>>(
        text: &str,
        show: impl Fn(T) -> String,
    ) -> String {
        match text.parse() {
            Ok(value) => show(value),
            Err(error) => error.problem,
        }
    }

    #[test]
    fn records_are_read_as_go_reads_them() {
        // buildx 0.13.1 refuses the same as an `--output`, but for a line break, after which it reads no further.
        let rows: &[(&str, Result<&[&str], &str>)] = &[
            ("a", Ok(&["a"])),
            ("a,b", Ok(&["a", "b"])),
            (",", Ok(&["", ""])),
            ("\"a,b\",c", Ok(&["a,b", "c"])),
            ("\"a\"\"b\"", Ok(&["a\"b"])),
            ("\"\"", Ok(&[""])),
            (" a, b ", Ok(&[" a", " b "])),
            (
                "k=\"v\"",
                Err("there is a quote in a field that does not begin with one"),
            ),
            ("\"a\"b", Err("something follows a closing quote")),
            ("\"a", Err("a quote is not closed")),
            ("a\nb", Err("there is a line break in it")),
            ("", Err("it is empty")),
        ];
        for (text, expected) in rows {
            let found = fields(text);
            let found = found
                .as_ref()
                .map(|fields| fields.iter().map(String::as_str).collect::<Vec<_>>());
            let expected = expected.map(<[&str]>::to_vec);
            assert_eq!(found.map_err(|problem| *problem), expected, "{text}");
        }
    }

    #[test]
    fn secrets() {
        let rows = [
            (
                "id=mysecret,src=/local/secret",
                "mysecret File(\"/local/secret\")",
            ),
            ("id=mysecret2,env=TOKEN", "mysecret2 Variable(\"TOKEN\")"),
            ("id=a,source=b", "a File(\"b\")"),
            ("ID=a,SRC=b", "a File(\"b\")"),
            ("type=env,id=a,src=B", "a Variable(\"B\")"),
            ("type=env,id=a,src=b,env=C", "a Variable(\"C\")"),
            ("type=file,id=a,src=b", "a File(\"b\")"),
            ("id=TOKEN", "TOKEN ById"),
            ("type=env,id=TOKEN", "TOKEN ById"),
            ("\"id=a,b\",src=c=d", "a,b File(\"c=d\")"),
            ("a", "`a` has no value"),
            ("src=a", "it has no id"),
            ("id=a,type=vault", "there is no type `vault`"),
            ("id=a,target=b", "there is no key `target`"),
            ("", "it is empty"),
        ];
        for (text, expected) in rows {
            let show = |secret: SecretSource| format!("{} {:?}", secret.id, secret.from);
            assert_eq!(read(text, show), expected, "{text}");
        }
        let error = "id=a,x".parse::<SecretSource>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot use --secret `id=a,x`: `x` has no value"
        );
        let hint = "write `id=NAME,src=FILE` or `id=NAME,env=VARIABLE`";
        assert_eq!(error.hint().unwrap(), hint);
    }

    #[test]
    fn agents() {
        let rows: &[(&str, &str, &[&str])] = &[
            ("default", "default", &[]),
            ("", "default", &[]),
            ("key=path/to/key", "key", &["path/to/key"]),
            ("a=b,c", "a", &["b", "c"]),
            ("a=b=c", "a", &["b=c"]),
            ("a=", "a", &[]),
            ("=b", "default", &["b"]),
        ];
        for (text, id, paths) in rows {
            let expected = SshSource {
                id: (*id).to_owned(),
                paths: paths.iter().map(PathBuf::from).collect(),
            };
            assert_eq!(SshSource::from(*text), expected, "{text}");
        }
    }
}
