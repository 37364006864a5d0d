//! Answers of real builders, kept as text for machines that lack the builder.
//!
//! A recording is lines of JSON: first the tool, its version and its command, then a case and its answer
//! each. Cases are written out, so a recording outlives changes of the generator. Names and rule files are
//! encoded by [`escape`].

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use crate::escape;
use crate::oracle::{Answer, Oracle};
use crate::tree::{Case, Kind, Kinds, TreeSpec, random_case};

/// Cases with the answers of one builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The tool and its version, such as `docker CLI 28.2.2`.
    pub tool: String,
    /// The command that it was asked with.
    pub command: String,
    /// What was asked and answered.
    pub cases: Vec<(Case, Answer)>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    tool: String,
    command: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dockerfile: Option<String>,
    /// The ignore files and what is in them.
    rules: BTreeMap<String, String>,
    /// All other entries; directories end in a slash.
    tree: Vec<String>,
    /// What was sent; missing if the case was refused.
    sent: Option<Vec<String>>,
}

const USUAL_DOCKERFILE: &str = "Dockerfile";

/// Asks a builder for the cases of `count` seeds from `seed` on, and leaves out those with an unclear answer.
///
/// # Errors
/// When it cannot be asked.
pub fn record(oracle: &Oracle, seed: u64, count: u64) -> io::Result<Recording> {
    let mut cases = Vec::new();
    for seed in seed..seed + count {
        let case = random_case(seed, Kinds::Plain);
        match oracle.answer(&case)? {
            Answer::Unclear => {}
            answer => cases.push((case, answer)),
        }
    }
    Ok(Recording {
        tool: oracle.name(),
        command: oracle.command().to_owned(),
        cases,
    })
}

impl Recording {
    /// The text form.
    ///
    /// # Errors
    /// When a case holds anything but directories and files that are empty or read by builders.
    pub fn to_text(&self) -> io::Result<String> {
        let header = Header {
            tool: self.tool.clone(),
            command: self.command.clone(),
        };
        let mut text = serde_json::to_string(&header)?;
        for (case, answer) in &self.cases {
            text.push('\n');
            text.push_str(&serde_json::to_string(&Line::new(case, answer)?)?);
        }
        text.push('\n');
        Ok(text)
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// When `text` is no recording.
    pub fn parse(text: &str) -> io::Result<Self> {
        let mut lines = text.lines();
        let header: Header = serde_json::from_str(lines.next().unwrap_or_default())?;
        let cases = lines.map(|line| serde_json::from_str::<Line>(line)?.case());
        let cases = cases.collect::<io::Result<_>>()?;
        Ok(Self {
            tool: header.tool,
            command: header.command,
            cases,
        })
    }
}

impl Line {
    fn new(case: &Case, answer: &Answer) -> io::Result<Self> {
        let mut rules = BTreeMap::new();
        let mut tree = Vec::new();
        for (path, item) in &case.tree.entries {
            let name = escape::encode(path);
            match &item.kind {
                Kind::Dir => tree.push(name + "/"),
                Kind::File { content } if path.ends_with(b"ignore") => {
                    rules.insert(name, escape::encode(content));
                }
                Kind::File { content } if content.is_empty() => tree.push(name),
                Kind::File { .. } if path == case.dockerfile.as_bytes() => {}
                _ => return Err(io::Error::other(format!("`{name}` cannot be recorded"))),
            }
        }
        let sent = match answer {
            Answer::Refused => None,
            Answer::Unclear => {
                return Err(io::Error::other("an unclear answer cannot be recorded"));
            }
            Answer::Sent(paths) => Some(paths.iter().map(|path| escape::encode(path)).collect()),
        };
        let dockerfile = Some(case.dockerfile.clone()).filter(|name| name != USUAL_DOCKERFILE);
        Ok(Self {
            dockerfile,
            rules,
            tree,
            sent,
        })
    }

    fn case(self) -> io::Result<(Case, Answer)> {
        let decode = |text: &str| {
            escape::decode(text).ok_or_else(|| io::Error::other(format!("`{text}` is not encoded")))
        };
        let mut tree = TreeSpec::default();
        for entry in &self.tree {
            match entry.strip_suffix('/') {
                Some(directory) => tree.dir(&decode(directory)?),
                None => tree.file(&decode(entry)?, b""),
            }
        }
        for (path, content) in &self.rules {
            tree.file(&decode(path)?, &decode(content)?);
        }
        let dockerfile = self
            .dockerfile
            .unwrap_or_else(|| USUAL_DOCKERFILE.to_owned());
        tree.file(dockerfile.as_bytes(), b"FROM scratch\nCOPY . /\n");
        let answer = match self.sent {
            None => Answer::Refused,
            Some(paths) => {
                let paths = paths.iter().map(|path| decode(path));
                Answer::Sent(paths.collect::<io::Result<BTreeSet<_>>>()?)
            }
        };
        Ok((Case { tree, dockerfile }, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_there_and_back() {
        let cases = (0..300).map(|seed| {
            let case = random_case(seed, Kinds::Plain);
            let paths = case.tree.entries.keys().cloned().collect();
            (
                case,
                if seed % 3 == 0 {
                    Answer::Refused
                } else {
                    Answer::Sent(paths)
                },
            )
        });
        let recording = Recording {
            tool: "t 1".into(),
            command: "t".into(),
            cases: cases.collect(),
        };
        let text = recording.to_text().unwrap();
        assert_eq!(Recording::parse(&text).unwrap(), recording);
        assert!(Recording::parse(&text.replacen("\"tree\"", "\"three\"", 1)).is_err());
    }
}
