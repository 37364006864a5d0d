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
    /// `ARG`s; with `BuildKit` only those with no `ENV` after them.
    arguments: BTreeMap<String, Value>,
    /// `ENV` of the stage and of what it is built on.
    environment: BTreeMap<String, Value>,
    /// Whether the base image may set variables that are not known here.
    open: bool,
}

/// What a variable was set to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Known(String),
    /// To something that depends on what a base image sets.
    Unknown,
}

impl Value {
    fn shown(&self) -> &str {
        match self {
            Self::Known(value) => value,
            Self::Unknown => "\0",
        }
    }
}

/// What a variable is.
enum Variable<'a> {
    Set(&'a str),
    Unset,
    /// A base image may set it, or set what it was made from.
    Unknown,
}

/// Which arguments the defaults in an `ARG` with several see.
#[derive(Clone, Copy)]
enum Sight {
    /// Those of instructions before it.
    Before,
    /// Also those before them in the same instruction.
    Same,
    /// It depends: in a stage, `BuildKit` 0.13 (Docker Engine 26) still sees those before, later ones also the same.
    Either,
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

/// Arguments that need no `ARG`, in either case: everywhere with the classic builder, only within `RUN` with `BuildKit`.
const PROXIES: [&str; 5] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
];

/// The `PATH` of a container whose image has none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where it starts
impl<'a> Scope<'a> {
    /// The scope of `FROM`, with the `ARG`s before the first one.
    pub(crate) fn global(
        request: &'a Request,
        escape: char,
        instructions: &[Vec<Argument>],
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
        let sight = match request.builder {
            Builder::BuildKit => Sight::Same,
            Builder::Classic | Builder::Podman => Sight::Before,
        };
        for arguments in instructions {
            scope.declare(arguments, sight, |scope, name, value| {
                if let Some(Value::Known(value)) = value {
                    scope
                        .arguments
                        .insert(name.clone(), Value::Known(value.clone()));
                    scope.global.insert(name, value);
                }
            })?;
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
                self.arguments
                    .insert(name.clone(), Value::Known(value.clone()));
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
                    .extend(known.map(|(name, value)| (name, Value::Known(value))));
            }
            Base::Stage(earlier) => {
                scope.environment.clone_from(&earlier.environment);
                scope.open = earlier.open;
                if self.request.builder == Builder::BuildKit {
                    scope.arguments.clone_from(&earlier.arguments);
                    // The image's environment is set anew, over arguments that came after it.
                    let environment = &scope.environment;
                    scope
                        .arguments
                        .retain(|name, _| !environment.contains_key(name));
                }
            }
        }
        if !scope.open {
            let path = scope.environment.entry("PATH".to_owned());
            path.or_insert_with(|| Value::Known(PATH.to_owned()));
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
        let sight = match self.request.builder {
            Builder::BuildKit => Sight::Either,
            Builder::Classic | Builder::Podman => Sight::Before,
        };
        self.declare(arguments, sight, |scope, name, value| {
            let value = value.or_else(|| scope.global.get(&name).cloned().map(Value::Known));
            match (value, scope.request.builder) {
                (Some(value), _) => {
                    scope.arguments.insert(name, value);
                }
                (None, Builder::BuildKit) => {}
                (None, Builder::Classic | Builder::Podman) => {
                    scope.arguments.remove(&name);
                }
            }
        })
    }

    /// Reads the names and values of one `ARG`: what the build was given, else the default, else nothing.
    fn declare(
        &mut self,
        arguments: &[Argument],
        sight: Sight,
        take: impl Fn(&mut Self, String, Option<Value>),
    ) -> Result<(), WordError> {
        let mut read = Vec::new();
        for argument in arguments {
            let default = argument.default.as_ref();
            if let Some(name) = known(self.expand(&argument.name.text))? {
                let before = default.map(|word| value(self.expand(&word.text)));
                read.push((name, default, before));
            }
        }
        for (name, default, before) in read {
            let same = default.map(|word| value(self.expand(&word.text)));
            let default = match sight {
                Sight::Before => before,
                Sight::Same => same,
                Sight::Either if before == same => same,
                Sight::Either => Some(Ok(Value::Unknown)),
            };
            let given = self.request.build_argument(&name).map(str::to_owned);
            let value = match given {
                Some(given) => Some(Value::Known(given)),
                None => default.transpose()?,
            };
            take(self, name, value);
        }
        Ok(())
    }

    /// Takes in an `ENV`. Its values see what was before it.
    pub(crate) fn env(&mut self, pairs: &[Pair]) -> Result<(), WordError> {
        let mut expanded = Vec::new();
        for pair in pairs {
            if let Some(name) = known(self.expand(&pair.name.text))? {
                expanded.push((name, value(self.expand(&pair.value.text))?));
            }
        }
        if self.request.builder == Builder::BuildKit {
            for (name, _) in &expanded {
                self.arguments.remove(name);
            }
        }
        self.environment.extend(expanded);
        Ok(())
    }

    /// A word with its variables filled in and its quotes resolved.
    pub(crate) fn expand(&self, word: &str) -> Result<String, Unresolved> {
        let unknown = RefCell::new(None);
        let lookup = |name: &str| match self.lookup(name) {
            Variable::Set(value) => Some(value),
            Variable::Unset => None,
            Variable::Unknown => {
                unknown.borrow_mut().get_or_insert_with(|| name.to_owned());
                None
            }
        };
        let expanded = self.lexer.word(word, &lookup);
        match unknown.into_inner() {
            Some(name) => Err(Unresolved::Variable(name)),
            None => expanded.map(|word| word.text).map_err(Unresolved::Word),
        }
    }
}

/// Looking up
impl Scope<'_> {
    /// The value of an argument, `\0` where it is not known.
    pub(crate) fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).map(Value::shown)
    }

    /// The arguments that no `ENV` hides, as the classic builder hands them to `RUN`, by name.
    pub(crate) fn effective_arguments(&self) -> impl Iterator<Item = (&str, &str)> {
        let arguments = self.arguments.iter();
        let arguments = arguments.filter(|(name, _)| !self.environment.contains_key(*name));
        arguments.map(|(name, value)| (name.as_str(), value.shown()))
    }

    /// The proxies that are given and that no `ARG` names.
    pub(crate) fn undeclared_proxies(&self) -> impl Iterator<Item = String> {
        let names = PROXIES.iter();
        let names = names.flat_map(|name| [(*name).to_owned(), name.to_lowercase()]);
        let given = move |name: &String| {
            let is_hidden =
                self.arguments.contains_key(name) || self.environment.contains_key(name);
            !is_hidden && self.request.build_argument(name).is_some()
        };
        names.filter(given)
    }

    /// What a variable is: with `BuildKit` the last of `ARG` and `ENV` holds, with others `ENV` over any `ARG`.
    fn lookup(&self, name: &str) -> Variable<'_> {
        let (first, second) = match self.request.builder {
            Builder::BuildKit => (&self.arguments, &self.environment),
            Builder::Classic | Builder::Podman => (&self.environment, &self.arguments),
        };
        match first.get(name).or_else(|| second.get(name)) {
            Some(Value::Known(value)) => Variable::Set(value),
            Some(Value::Unknown) => Variable::Unknown,
            None if self.open => Variable::Unknown,
            None => self.proxy(name).map_or(Variable::Unset, Variable::Set),
        }
    }

    /// The value of a proxy's variable that is there without an `ARG`.
    fn proxy(&self, name: &str) -> Option<&str> {
        let upper = PROXIES.contains(&name);
        let lower = || PROXIES.iter().any(|proxy| proxy.to_lowercase() == name);
        if self.request.builder == Builder::BuildKit || !(upper || lower()) {
            return None;
        }
        let given = self.request.build_argument(name);
        given.or_else(|| self.global.get(name).map(String::as_str))
    }
}

/// What a variable is set to by an expanded word.
fn value(expanded: Result<String, Unresolved>) -> Result<Value, WordError> {
    Ok(known(expanded)?.map_or(Value::Unknown, Value::Known))
}

/// A text, or that it is not known.
fn known(expanded: Result<String, Unresolved>) -> Result<Option<String>, WordError> {
    match expanded {
        Ok(value) => Ok(Some(value)),
        Err(Unresolved::Variable(_)) => Ok(None),
        Err(Unresolved::Word(error)) => Err(error),
    }
}
