//! The rule list: how it is made, and what it holds. Judging paths with it is in `walk`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::descent::Descent;
use crate::error::{LoadError, Place};
use crate::index::{Index, RuleId};
use crate::parse::{self, Line};
use crate::pattern::Pattern;
use crate::semantics::Semantics;

/// One line of an ignore file that is a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    line: Line,
    origin: Origin,
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An ignore file, by the caller.
    File,
    /// The docker CLI, which adds a rule that keeps a build file in the context. See
    /// [`Rules::with_build_files`].
    BuildFile,
}

impl Rule {
    /// The file and line. For a rule that stands in no file, the file is `<build file>`.
    pub fn place(&self) -> &Place {
        &self.line.place
    }

    /// The line as written, without the white space around it.
    pub fn text(&self) -> &[u8] {
        &self.line.text
    }

    /// The line as written, for display.
    pub fn text_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.line.text)
    }

    /// The pattern that paths are held against: cleaned, relative, without `!`.
    pub fn pattern(&self) -> &[u8] {
        &self.line.pattern
    }

    /// Whether this includes again (`!`) rather than excludes.
    pub fn is_negated(&self) -> bool {
        self.line.negated
    }

    /// Where the rule comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    pub(crate) fn new(line: Line, origin: Origin) -> Self {
        Self { line, origin }
    }
}

impl fmt::Display for Rule {
    /// `.dockerignore:3: !keep`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}",
            self.line.place.file,
            self.line.place.line,
            self.text_lossy()
        )
    }
}

/// The rules of one or several ignore files, ready to judge paths.
///
/// Immutable, cheap to clone, and shared between threads at will.
///
/// ```
/// use shipload_ignore::{Rules, Semantics};
///
/// let rules = Rules::parse(Semantics::BuildKit, ".dockerignore", b"*.log\n!keep.log\n")?;
/// let root = rules.root();
/// assert!(rules.judge(&root, b"a.log", false)?.excluded);
/// let kept = rules.judge(&root, b"keep.log", false)?;
/// assert!(!kept.excluded);
/// assert_eq!(kept.rule.map(|rule| rule.place().line), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Rules {
    inner: Arc<Inner>,
}

struct Inner {
    semantics: Semantics,
    rules: Vec<Rule>,
    patterns: Vec<Pattern>,
    index: Index,
    /// The rules that fail when they are used, in order.
    bad: Vec<RuleId>,
    descent: Descent,
}

/// Collects ignore files for [`Rules`].
#[derive(Clone, Debug)]
pub struct RulesBuilder {
    semantics: Semantics,
    lines: Vec<Line>,
}

/// # Making
impl Rules {
    /// Reads one ignore file. `name` is what errors and verdicts call it.
    ///
    /// # Errors
    /// If the builder of these semantics would refuse the file.
    pub fn parse(semantics: Semantics, name: &str, content: &[u8]) -> Result<Self, LoadError> {
        Ok(Self::builder(semantics).file(name, content)?.build())
    }

    /// Starts an empty list.
    pub fn builder(semantics: Semantics) -> RulesBuilder {
        RulesBuilder {
            semantics,
            lines: Vec::new(),
        }
    }

    /// Rules that exclude nothing: there is no ignore file.
    pub fn none(semantics: Semantics) -> Self {
        Self::builder(semantics).build()
    }

    /// The rules by which the docker CLI packs the context of a classic build: it sends
    /// `.dockerignore` and the Dockerfile even if they are excluded, and the daemon removes them
    /// from what `COPY` sees. For other semantics these are the same rules.
    ///
    /// `dockerfile` is relative to the context; `None` if it is not in it. As in the CLI, its
    /// name is then read as a pattern, and whether it is excluded is decided by a simpler
    /// function than the walk's, so that a rare rule list can still exclude it.
    ///
    /// # Errors
    /// If the Dockerfile's name is excluded and makes no valid pattern.
    ///
    /// ```
    /// use shipload_ignore::{Origin, Rules, Semantics};
    ///
    /// let rules = Rules::parse(Semantics::Classic, ".dockerignore", b"*")?;
    /// let sent = rules.with_build_files(Some(b"Dockerfile"))?;
    /// let verdict = sent.judge(&sent.root(), b"Dockerfile", false)?;
    /// assert!(!verdict.excluded);
    /// assert_eq!(verdict.rule.map(|rule| rule.origin()), Some(Origin::BuildFile));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_build_files(&self, dockerfile: Option<&[u8]>) -> Result<Self, LoadError> {
        match self.inner.semantics {
            Semantics::BuildKit | Semantics::Podman => return Ok(self.clone()),
            Semantics::Classic => {}
        }
        let mut with = self.clone();
        for name in [Some(&b".dockerignore"[..]), dockerfile]
            .into_iter()
            .flatten()
        {
            if with.excludes_at_once(name) {
                with = with.reincluding(name)?;
            }
        }
        Ok(with)
    }

    fn reincluding(&self, name: &[u8]) -> Result<Self, LoadError> {
        let place = Place {
            file: "<build file>".into(),
            line: 1,
            column: 1,
        };
        let text = [b"!", name].concat();
        let line = parse::rule(self.inner.semantics, place, &text, &text)?;
        let added = line.map(|line| Rule::new(line, Origin::BuildFile));
        let rules = self.inner.rules.iter().cloned().chain(added).collect();
        Ok(Self::from_rules(self.inner.semantics, rules))
    }

    /// As `patternmatcher.Matches`, which forgets all but one of the parent directories and
    /// takes failure for no match.
    fn excludes_at_once(&self, name: &[u8]) -> bool {
        let name = crate::gopath::clean(name);
        if name == b"." {
            return false;
        }
        let parents: Vec<&[u8]> = name.split(|&byte| byte == b'/').collect();
        let parents = &parents[..parents.len() - 1];
        let mut excluded = false;
        for (rule, pattern) in self.inner.rules.iter().zip(&self.inner.patterns) {
            if rule.is_negated() != excluded {
                continue;
            }
            let Ok(mut matches) = pattern.matches(&name) else {
                return false;
            };
            let depth = rule.pattern().split(|&byte| byte == b'/').count();
            if !matches && !parents.is_empty() && depth <= parents.len() {
                matches = pattern
                    .matches(&parents[..depth].join(&b'/'))
                    .unwrap_or(false);
            }
            if matches {
                excluded = !rule.is_negated();
            }
        }
        excluded
    }

    fn from_rules(semantics: Semantics, rules: Vec<Rule>) -> Self {
        let mut patterns: Vec<Pattern> = rules
            .iter()
            .map(|rule| Pattern::new(semantics, rule.pattern()))
            .collect();
        let index = Index::new(&mut patterns);
        let bad = (0..)
            .zip(&patterns)
            .filter(|(_, pattern)| matches!(pattern, Pattern::Bad(_)))
            .map(|(id, _)| id)
            .collect();
        let descent = Descent::new(semantics, &rules);
        Self {
            inner: Arc::new(Inner {
                semantics,
                rules,
                patterns,
                index,
                bad,
                descent,
            }),
        }
    }
}

impl RulesBuilder {
    /// Adds the rules of one more file after those so far, as if it were appended to them.
    ///
    /// # Errors
    /// If the builder of these semantics would refuse the file.
    pub fn file(mut self, name: &str, content: &[u8]) -> Result<Self, LoadError> {
        self.lines
            .extend(parse::read(self.semantics, &name.into(), content)?);
        Ok(self)
    }

    /// Adds patterns that are no lines of a file, such as a receiver of a context sends: they may hold line breaks and start with
    /// `#`, and a leading `/` stays, as in `patternmatcher.New`. `name` is what errors and verdicts call the list, in which patterns
    /// are numbered as lines are.
    ///
    /// ```
    /// use shipload_ignore::{Rules, Semantics};
    ///
    /// let rules = Rules::builder(Semantics::BuildKit).patterns("patterns", ["*", "!#a"])?.build();
    /// assert!(!rules.judge(&rules.root(), b"#a", false)?.excluded);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the builder of these semantics would refuse a pattern.
    pub fn patterns(
        mut self,
        name: &str,
        patterns: impl IntoIterator<Item: AsRef<[u8]>>,
    ) -> Result<Self, LoadError> {
        let file: Arc<str> = name.into();
        for (index, pattern) in patterns.into_iter().enumerate() {
            let place = Place {
                file: Arc::clone(&file),
                line: index + 1,
                column: 1,
            };
            let pattern = pattern.as_ref();
            self.lines
                .extend(parse::rule(self.semantics, place, pattern, pattern)?);
        }
        Ok(self)
    }

    /// The finished rules.
    pub fn build(self) -> Rules {
        let rules = self
            .lines
            .into_iter()
            .map(|line| Rule::new(line, Origin::File))
            .collect();
        Rules::from_rules(self.semantics, rules)
    }
}

/// # Looking
impl Rules {
    /// Whose semantics these are.
    pub fn semantics(&self) -> Semantics {
        self.inner.semantics
    }

    /// The rules in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.inner.rules.iter()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.inner.rules.is_empty()
    }

    pub(crate) fn rule(&self, id: RuleId) -> &Rule {
        &self.inner.rules[id as usize]
    }

    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.inner.patterns
    }

    pub(crate) fn index(&self) -> &Index {
        &self.inner.index
    }

    pub(crate) fn bad(&self) -> &[RuleId] {
        &self.inner.bad
    }

    pub(crate) fn descent(&self) -> &Descent {
        &self.inner.descent
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("semantics", &self.inner.semantics)
            .field("rules", &self.inner.rules)
            .finish_non_exhaustive()
    }
}
