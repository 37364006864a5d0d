//! Which flags an instruction has, and reading them.

use crate::command::{Failure, nearest};
use crate::error::SyntaxProblem;
use crate::keyword::Keyword;
use crate::syntax::{Flag, Word};

/// What a flag takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value.
    Text,
    /// Nothing, `true` or `false`.
    Switch,
    /// A value; the flag may be repeated.
    List,
}

/// The flags of an instruction, of every release.
const fn known(keyword: Keyword) -> &'static [(&'static str, Kind)] {
    match keyword {
        Keyword::Add => &[
            ("chown", Kind::Text),
            ("chmod", Kind::Text),
            ("link", Kind::Switch),
            ("keep-git-dir", Kind::Switch),
            ("checksum", Kind::Text),
            ("unpack", Kind::Switch),
            ("exclude", Kind::List),
        ],
        Keyword::Copy => &[
            ("chown", Kind::Text),
            ("from", Kind::Text),
            ("chmod", Kind::Text),
            ("link", Kind::Switch),
            ("parents", Kind::Switch),
            ("exclude", Kind::List),
        ],
        Keyword::From => &[("platform", Kind::Text)],
        Keyword::Healthcheck => &[
            ("interval", Kind::Text),
            ("timeout", Kind::Text),
            ("start-period", Kind::Text),
            ("start-interval", Kind::Text),
            ("retries", Kind::Text),
        ],
        Keyword::Run => &[
            ("mount", Kind::List),
            ("network", Kind::Text),
            ("security", Kind::Text),
            ("device", Kind::List),
        ],
        Keyword::Arg
        | Keyword::Cmd
        | Keyword::Entrypoint
        | Keyword::Env
        | Keyword::Expose
        | Keyword::Label
        | Keyword::Maintainer
        | Keyword::Onbuild
        | Keyword::Shell
        | Keyword::Stopsignal
        | Keyword::User
        | Keyword::Volume
        | Keyword::Workdir => &[],
    }
}

/// Flags that are known and have their values.
pub(super) struct FlagSet(Vec<(&'static str, Word)>);

impl FlagSet {
    pub(super) fn read(keyword: Keyword, flags: &[Flag]) -> Result<Self, Failure> {
        let known = known(keyword);
        let mut read: Vec<(&'static str, Word)> = Vec::new();
        for flag in flags {
            let name = flag.name();
            let fail = |problem| (flag.position, problem);
            let Some((name, kind)) = known.iter().find(|(known, _)| *known == name) else {
                let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                let suggestion = nearest(name, &names).map(|name| format!("--{name}"));
                let flag = format!("--{name}");
                return Err(fail(SyntaxProblem::UnknownFlag {
                    keyword,
                    flag,
                    suggestion,
                }));
            };
            if *kind != Kind::List && read.iter().any(|(earlier, _)| earlier == name) {
                return Err(fail(SyntaxProblem::FlagTwice {
                    flag: format!("--{name}"),
                }));
            }
            let text = match (kind, flag.value()) {
                (Kind::Switch, None) => "true",
                (Kind::Switch, Some(value)) if is_switch(value) => value,
                (Kind::Switch, Some(_)) => {
                    return Err(fail(SyntaxProblem::FlagSwitch {
                        flag: format!("--{name}"),
                    }));
                }
                (Kind::Text | Kind::List, Some(value)) => value,
                (Kind::Text | Kind::List, None) => {
                    return Err(fail(SyntaxProblem::FlagValue {
                        flag: format!("--{name}"),
                    }));
                }
            };
            let mut position = flag.position;
            position.column += "--=".len() + name.len();
            read.push((
                name,
                Word {
                    text: text.to_owned(),
                    position,
                },
            ));
        }
        Ok(Self(read))
    }

    /// Takes out the value of a flag.
    pub(super) fn text(&mut self, name: &str) -> Option<Word> {
        let index = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(index).1)
    }

    /// Takes out a switch; `None` if it is not given.
    pub(super) fn switch(&mut self, name: &str) -> Option<bool> {
        let word = self.text(name)?;
        Some(word.text.eq_ignore_ascii_case("true"))
    }

    /// Takes out all values of a flag.
    pub(super) fn list(&mut self, name: &str) -> Vec<Word> {
        let taken = self.0.extract_if(.., |(known, _)| *known == name);
        taken.map(|(_, word)| word).collect()
    }
}

fn is_switch(value: &str) -> bool {
    ["true", "false"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}
