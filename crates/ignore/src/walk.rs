//! Judging the entries of a tree along a walk.
//!
//! `BuildKit` and the docker CLI evaluate rules in order, each directory handing down which rules
//! matched it: these match its children without being asked. A rule that would not change the
//! verdict so far is *not evaluated and does not count as matched*, so it is not handed down
//! either; this is why `**/*.log` followed by `!logs` drops `logs/x.log`.
//!
//! A rule that does not match never changes anything, so it is enough to replay those that do:
//! what the parent handed down and what the index finds.

use std::sync::Arc;

use crate::error::MatchError;
use crate::index::{Hits, PlainPath, RuleId};
use crate::pattern::Pattern;
use crate::regexp::Problem;
use crate::rules::{Rule, Rules};
use crate::semantics::Semantics;

/// What a directory hands down to the judgements of its children.
///
/// Cheap to clone, and free of references, so that subdirectories can be walked by other threads.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Rules that count as matched by the directory. Sorted.
    matched: Option<Arc<[RuleId]>>,
    /// Rules whose patterns match whatever lies below the directory. Sorted.
    below: Option<Arc<[RuleId]>>,
}

/// What the rules say about one entry.
#[derive(Debug)]
pub struct Judgement<'r> {
    /// Whether the entry itself stays out of the context.
    ///
    /// Of an excluded directory that is entered, `BuildKit` still sends the entry if it sends
    /// anything below; see [`Semantics::sends_excluded_parents`].
    pub excluded: bool,
    /// Whether the entry is a directory whose children are to be judged. If not, they are all
    /// excluded and need not be listed.
    pub enter: bool,
    /// The rule that decided, which is the last one that counts; `None` if no rule does.
    pub rule: Option<&'r Rule>,
    /// For the judgements of the children. Empty if `enter` is false.
    pub frame: Frame,
}

/// The rules that match one entry.
#[derive(Debug)]
pub struct Matching {
    /// Their places in [`Rules::iter`], in order.
    pub rules: Vec<usize>,
    /// For what is below the entry.
    pub frame: Frame,
}

/// Why a path is in the context or not: every rule that matched on the way.
#[derive(Debug)]
pub struct Explanation<'r> {
    /// Whether the path is out of the context.
    pub excluded: bool,
    /// The rule that decided: for a path that the walk does not reach, the one that excluded the
    /// directory at which it turned back.
    pub rule: Option<&'r Rule>,
    /// One step for the path and each directory above it that the walk reached, topmost first.
    pub steps: Vec<Step<'r>>,
}

/// One directory, or at last the path itself, of an [`Explanation`].
#[derive(Debug)]
pub struct Step<'r> {
    /// The path up to here.
    pub path: Vec<u8>,
    /// Whether it is excluded as such.
    pub excluded: bool,
    /// Whether the walk goes on below it.
    pub entered: bool,
    /// The rules that count here, in order; the last one decided.
    pub rules: Vec<Match<'r>>,
}

/// A rule that counts for a path.
#[derive(Clone, Copy, Debug)]
pub struct Match<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// Whether it counts because it matched a directory above.
    pub is_inherited: bool,
}

/// # Judging
impl Rules {
    /// The state at the top of the context, for the judgements of its direct children.
    pub fn root(&self) -> Frame {
        Frame::default()
    }

    /// Judges one entry. `path` is its whole path: relative, clean, with `/` between
    /// components; `parent` is the frame that judging its directory gave, or [`Rules::root`].
    ///
    /// Takes time in proportion to the path's length, not to the number of rules, but for rules
    /// that share an extension or last letter with the path.
    ///
    /// # Errors
    /// If a rule that has to be evaluated turns out malformed, as the builders fail then.
    pub fn judge(
        &self,
        parent: &Frame,
        path: &[u8],
        is_directory: bool,
    ) -> Result<Judgement<'_>, MatchError> {
        let counted = self.count(parent, path)?;
        let matched = counted.matched.as_deref().unwrap_or(parent.matched());
        let rule = matched.last().map(|&id| self.rule(id));
        let excluded = rule.is_some_and(|rule| !rule.is_negated());
        let enter = is_directory && (!excluded || self.descent().enters(path));
        let frame = if enter {
            counted.into_frame(parent)
        } else {
            Frame::default()
        };
        Ok(Judgement {
            excluded,
            enter,
            rule,
            frame,
        })
    }

    /// Whether the last rule that counts for an entry is one without `!`, and the frame for what is below it, entered or not.
    pub(crate) fn matches(&self, parent: &Frame, path: &[u8]) -> Result<(bool, Frame), MatchError> {
        let counted = self.count(parent, path)?;
        let matched = counted.matched.as_deref().unwrap_or(parent.matched());
        let last = matched.last().map(|&id| self.rule(id));
        let holds = last.is_some_and(|rule| !rule.is_negated());
        Ok((holds, counted.into_frame(parent)))
    }

    /// Finds the rules whose patterns match one entry, whether they count for it or not. `parent` is the frame that this gave for
    /// the entry's directory, or [`Rules::root`]; it is another one than [`Rules::judge`] gives.
    ///
    /// A rule that matches an entry is matched again by what is below it only where the pattern says so, as `a/**` does, or where
    /// all patterns do, as podman's. A rule that cannot be evaluated matches nothing here.
    ///
    /// ```
    /// use shipload_ignore::{Rules, Semantics};
    ///
    /// let rules = Rules::parse(Semantics::BuildKit, ".dockerignore", b"a*\n!b\n*\n")?;
    /// assert_eq!(rules.matching(&rules.root(), b"ab")?.rules, [0, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// For a path that is not UTF-8 or holds a line break, as [`Rules::judge`].
    pub fn matching(&self, parent: &Frame, path: &[u8]) -> Result<Matching, MatchError> {
        let Hits { mut own, mut below } = self.hits(parent, path)?;
        sort(&mut own);
        if !below.is_empty() {
            below.extend_from_slice(parent.below());
            sort(&mut below);
        }
        let counted = Counted {
            matched: None,
            below,
        };
        Ok(Matching {
            rules: own.into_iter().map(|id| id as usize).collect(),
            frame: counted.into_frame(parent),
        })
    }

    /// Explains the verdict on one path by judging it and all directories above it.
    ///
    /// # Errors
    /// As [`Rules::judge`].
    ///
    /// ```
    /// use shipload_ignore::{Rules, Semantics};
    ///
    /// let rules = Rules::parse(Semantics::Classic, ".dockerignore", b"**/*.log\n!logs\n")?;
    /// let explanation = rules.explain(b"logs/x.log", false)?;
    /// assert!(explanation.excluded);
    /// assert_eq!(explanation.rule.map(|rule| rule.place().line), Some(1));
    /// assert!(explanation.steps[0].rules.is_empty(), "`!logs` had nothing to take back");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, path: &[u8], is_directory: bool) -> Result<Explanation<'_>, MatchError> {
        let mut parent = self.root();
        let mut steps = Vec::new();
        let ends = memchr::memchr_iter(b'/', path).map(|at| (at, true));
        for (end, is_directory) in ends.chain([(path.len(), is_directory)]) {
            let step_path = &path[..end];
            let counted = self.count(&parent, step_path)?;
            let matched = counted.matched.as_deref().unwrap_or(parent.matched());
            let inherited = self.inherited(&parent);
            let rules: Vec<Match<'_>> = matched
                .iter()
                .map(|id| Match {
                    rule: self.rule(*id),
                    is_inherited: inherited.contains(id),
                })
                .collect();
            let excluded = rules.last().is_some_and(|last| !last.rule.is_negated());
            let entered = is_directory && (!excluded || self.descent().enters(step_path));
            steps.push(Step {
                path: step_path.to_vec(),
                excluded,
                entered,
                rules,
            });
            if !entered {
                break;
            }
            parent = counted.into_frame(&parent);
        }
        let rule = steps
            .last()
            .and_then(|step| step.rules.last())
            .map(|last| last.rule);
        let excluded = steps.last().is_some_and(|step| step.excluded);
        Ok(Explanation {
            excluded,
            rule,
            steps,
        })
    }

    /// The rules that count for a child because of its directory.
    fn inherited<'f>(&self, parent: &'f Frame) -> &'f [RuleId] {
        match self.semantics() {
            Semantics::Classic | Semantics::BuildKit => parent.matched(),
            Semantics::Podman => parent.below(),
        }
    }

    /// Finds the rules that count for `path`.
    fn count(&self, parent: &Frame, path: &[u8]) -> Result<Counted, MatchError> {
        let Hits { own, mut below } = self.hits(parent, path)?;
        let matched = match self.semantics() {
            Semantics::Classic | Semantics::BuildKit => self.replay(parent.matched(), own, path)?,
            Semantics::Podman => Some(self.all_matches(own, path)?),
        };
        if !below.is_empty() {
            below.extend_from_slice(parent.below());
            sort(&mut below);
        }
        Ok(Counted { matched, below })
    }

    /// As `MatchesUsingParentResults`, on the rules that can matter: those that count for the
    /// parent, those that match the path, and those that fail. `None` if just the parent's do.
    fn replay(
        &self,
        inherited: &[RuleId],
        mut own: Vec<RuleId>,
        path: &[u8],
    ) -> Result<Option<Vec<RuleId>>, MatchError> {
        if own.is_empty() && self.bad().is_empty() {
            return Ok(None);
        }
        own.extend_from_slice(self.bad());
        own.extend_from_slice(inherited);
        sort(&mut own);
        let mut excluded = false;
        let mut counting = Vec::with_capacity(own.len());
        for id in own {
            let rule = self.rule(id);
            if inherited.binary_search(&id).is_err() {
                if rule.is_negated() != excluded {
                    continue;
                }
                if let Pattern::Bad(problem) = &self.patterns()[id as usize] {
                    return Err(match_error(rule, path, problem));
                }
            }
            excluded = !rule.is_negated();
            counting.push(id);
        }
        Ok(Some(counting))
    }

    /// As podman: each rule is evaluated, the last that matches decides.
    fn all_matches(&self, mut own: Vec<RuleId>, path: &[u8]) -> Result<Vec<RuleId>, MatchError> {
        if let Some(&id) = self.bad().first()
            && let Pattern::Bad(problem) = &self.patterns()[id as usize]
        {
            return Err(match_error(self.rule(id), path, problem));
        }
        sort(&mut own);
        Ok(own)
    }

    /// Finds the rules whose patterns match `path`, whether they count or not; neither sorted nor each once.
    fn hits(&self, parent: &Frame, path: &[u8]) -> Result<Hits, MatchError> {
        match PlainPath::new(path) {
            Some(mut path) => {
                let mut hits = self.index().hits(&mut path);
                hits.own.extend_from_slice(parent.below());
                Ok(hits)
            }
            None => self.hits_one_by_one(path),
        }
    }

    /// For the rare paths that the index does not take.
    fn hits_one_by_one(&self, path: &[u8]) -> Result<Hits, MatchError> {
        let mut hits = Hits::default();
        for (id, pattern) in (0..).zip(self.patterns()) {
            match pattern.matches(path) {
                Ok(true) => hits.own.push(id),
                Ok(false) => {}
                // Whether this has to be evaluated, and so to fail, the replay tells.
                Err(_) if matches!(pattern, Pattern::Bad(_)) => {}
                Err(problem) => return Err(match_error(self.rule(id), path, problem)),
            }
        }
        Ok(hits)
    }
}

/// The outcome of evaluating the rules for one path.
struct Counted {
    /// `None`: the same as the parent's.
    matched: Option<Vec<RuleId>>,
    /// Empty: the same as the parent's.
    below: Vec<RuleId>,
}

impl Counted {
    fn into_frame(self, parent: &Frame) -> Frame {
        let share = |ids: Vec<RuleId>| {
            if ids.is_empty() {
                None
            } else {
                Some(ids.into())
            }
        };
        Frame {
            matched: self.matched.map_or_else(|| parent.matched.clone(), share),
            below: share(self.below).or_else(|| parent.below.clone()),
        }
    }
}

impl Frame {
    fn matched(&self) -> &[RuleId] {
        self.matched.as_deref().unwrap_or_default()
    }

    fn below(&self) -> &[RuleId] {
        self.below.as_deref().unwrap_or_default()
    }
}

fn sort(ids: &mut Vec<RuleId>) {
    ids.sort_unstable();
    ids.dedup();
}

fn match_error(rule: &Rule, path: &[u8], reason: Problem) -> MatchError {
    MatchError {
        place: rule.place().clone(),
        text: rule.text_lossy().into_owned(),
        path: String::from_utf8_lossy(path).into_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_is_what_each_pattern_says_by_itself() {
        let patterns = b"a\na/**\n!**/a\n*\n**/*.c\n!a/b\n[^x]*\na**\n**b\na/*/c\nA\nb\na|b*\n**\n";
        let paths = [
            "a", "a/b", "a/b/c", "a/b/x.c", "b", "b/a", "b/a/b", "ab", "x.c", "a/\u{e9}",
        ];
        for semantics in [Semantics::Classic, Semantics::BuildKit, Semantics::Podman] {
            let rules = Rules::parse(semantics, "f", patterns).unwrap();
            for path in paths {
                let mut frame = rules.root();
                for (at, _) in path.match_indices('/') {
                    let above = rules.matching(&frame, &path.as_bytes()[..at]).unwrap();
                    frame = above.frame;
                }
                let alone = |pattern: &Pattern| pattern.matches(path.as_bytes()).unwrap();
                let expected: Vec<usize> = (0..)
                    .zip(rules.patterns())
                    .filter(|(_, pattern)| alone(pattern))
                    .map(|(place, _)| place)
                    .collect();
                let found = rules.matching(&frame, path.as_bytes()).unwrap();
                assert_eq!(found.rules, expected, "{path}, {semantics:?}");
            }
        }
    }
}
