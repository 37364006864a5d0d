//! Which variables hold where: `ARG`, `ENV`, build arguments, platforms, and what a base image may bring.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::command::Argument;
use crate::request::{Builder, Request};
use crate::syntax::Pair;
use crate::words::{Lexer, WordError};

/// The variables at one place of a Dockerfile.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    request: &'a Request,
    lexer: Lexer,
    /// What the `ARG`s before the first `FROM` and the platform give; a stage sees it only through its own `ARG`.
    global: BTreeMap<String, String>,
    /// `ARG`s of the stage; those without a value depend on what a base image sets.
    arguments: BTreeMap<String, Option<String>>,
    /// `ENV` of the stage and of what it is built on; those without a value depend on what a base image sets.
    environment: BTreeMap<String, Option<String>>,
    /// Whether the base image may set variables that are not known here.
    open: bool,
}

/// A word whose variables cannot be resolved here.
#[derive(Debug)]
pub(crate) enum Unresolved {
    /// The word is malformed, or a `${V:?}` fails.
    Word(WordError),
    /// The value of this variable is not known: a base image may set it.
    Variable(String),
}

/// The variables of platforms, in the order of their parts.
const PLATFORM: [&str; 4] = ["PLATFORM", "OS", "ARCH", "VARIANT"];

/// Where it starts
impl<'a> Scope<'a> {
    /// The scope of `FROM`, with the `ARG`s before the first one.
    pub(crate) fn global(
        request: &'a Request,
        escape: char,
        arguments: &[Argument],
    ) -> Result<Self, WordError> {
        let mut scope = Self {
            request,
            lexer: Lexer::new(escape),
            global: BTreeMap::new(),
            arguments: BTreeMap::new(),
            environment: BTreeMap::new(),
            open: false,
        };
        if request.builder == Builder::BuildKit {
            scope.platforms();
        }
        for argument in arguments {
            let Some(name) = known(scope.expand(&argument.name.text))? else {
                continue;
            };
            let default = argument.default.as_ref();
            let default = default
                .map(|word| known(scope.expand(&word.text)))
                .transpose()?;
            let default = default.flatten();
            if let Some(value) = request.build_argument(&name).map(str::to_owned).or(default) {
                scope.arguments.insert(name.clone(), Some(value.clone()));
                scope.global.insert(name, value);
            }
        }
        Ok(scope)
    }

    fn platforms(&mut self) {
        let platforms = [
            ("TARGET", self.request.platform()),
            ("BUILD", self.request.build_platform()),
        ];
        for (prefix, platform) in platforms {
            let parts: Vec<&str> = platform.split('/').collect();
            let part = |index: usize| parts.get(index).copied().unwrap_or_default();
            let values = [platform, part(0), part(1), part(2)];
            for (name, value) in PLATFORM.iter().zip(values) {
                let name = format!("{prefix}{name}");
                let value = self
                    .request
                    .build_argument(&name)
                    .unwrap_or(value)
                    .to_owned();
                self.arguments.insert(name.clone(), Some(value.clone()));
                self.global.insert(name, value);
            }
        }
    }

    /// The scope of a stage on a base: an earlier stage's scope at its end, or nothing.
    pub(crate) fn stage(&self, base: &Base<'_, '_>) -> Self {
        let mut scope = Self {
            arguments: BTreeMap::new(),
            environment: BTreeMap::new(),
            open: false,
            ..self.clone()
        };
        match base {
            Base::Scratch => {}
            Base::Image(environment) => {
                scope.open = environment.is_none();
                let known = environment.iter().flat_map(|known| known.iter()).cloned();
                scope
                    .environment
                    .extend(known.map(|(name, value)| (name, Some(value))));
            }
            Base::Stage(earlier) => {
                scope.environment.clone_from(&earlier.environment);
                scope.open = earlier.open;
                if self.request.builder == Builder::BuildKit {
                    scope.arguments.clone_from(&earlier.arguments);
                }
            }
        }
        scope
    }
}

/// What a stage is built on.
pub(crate) enum Base<'b, 'a> {
    /// Nothing.
    Scratch,
    /// An image with the variables it sets, if they are known.
    Image(Option<&'b [(String, String)]>),
    /// An earlier stage.
    Stage(&'b Scope<'a>),
}

/// Going on
impl Scope<'_> {
    /// Takes in an `ARG` of a stage.
    pub(crate) fn arg(&mut self, arguments: &[Argument]) -> Result<(), WordError> {
        for argument in arguments {
            let Some(name) = known(self.expand(&argument.name.text))? else {
                continue;
            };
            let default = argument
                .default
                .as_ref()
                .map(|word| known(self.expand(&word.text)));
            let value = match (self.request.build_argument(&name), default.transpose()?) {
                (Some(given), _) => Some(given.to_owned()),
                (None, Some(default)) => default,
                (None, None) => match self.global.get(&name) {
                    Some(value) => Some(value.clone()),
                    None => continue,
                },
            };
            if self.request.builder == Builder::BuildKit {
                self.environment.remove(&name);
            }
            self.arguments.insert(name, value);
        }
        Ok(())
    }

    /// Takes in an `ENV`. Its values see what was before it.
    pub(crate) fn env(&mut self, pairs: &[Pair]) -> Result<(), WordError> {
        let mut expanded = Vec::new();
        for pair in pairs {
            if let Some(name) = known(self.expand(&pair.name.text))? {
                expanded.push((name, known(self.expand(&pair.value.text))?));
            }
        }
        self.environment.extend(expanded);
        Ok(())
    }

    /// A word with its variables filled in and its quotes resolved.
    pub(crate) fn expand(&self, word: &str) -> Result<String, Unresolved> {
        let unknown = RefCell::new(None);
        let lookup = |name: &str| {
            let held = self
                .environment
                .get(name)
                .or_else(|| self.arguments.get(name));
            if held.map_or(self.open, Option::is_none) {
                unknown.borrow_mut().get_or_insert_with(|| name.to_owned());
            }
            held.and_then(Option::as_deref)
        };
        let expanded = self.lexer.word(word, &lookup);
        match unknown.into_inner() {
            Some(name) => Err(Unresolved::Variable(name)),
            None => expanded.map(|word| word.text).map_err(Unresolved::Word),
        }
    }
}

/// A value, or that it is not known.
fn known(expanded: Result<String, Unresolved>) -> Result<Option<String>, WordError> {
    match expanded {
        Ok(value) => Ok(Some(value)),
        Err(Unresolved::Variable(_)) => Ok(None),
        Err(Unresolved::Word(error)) => Err(error),
    }
}
