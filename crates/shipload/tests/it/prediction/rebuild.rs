//! Building a version of a context, and finding out which steps came from the cache.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use fs_err as fs;
use shipload_context::{
    PackOptions, Plan, Progress, Recipe, Request, Semantics, TreeBuilder, View,
};
use shipload_engine::blocking::Engine;
use shipload_engine::{
    BuildOptions, ConnectOptions, ContextBody, Environment, Event, SessionContext,
};
use shipload_explain::{Inputs, Step};
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::least::Column;
use shipload_testkit::packages::BUSYBOX;
use shipload_testkit::tree::{Kind, TreeSpec};
use tempfile::TempDir;

/// A builder and what it needs.
pub(super) struct Bench {
    handle: Handle,
    engine: Engine,
    column: Column,
    /// An image with a shell.
    busybox: String,
    /// Where the name of this machine is kept, under which `BuildKit` keeps our files.
    _home: TempDir,
}

/// A context and how it is built.
#[derive(Clone, Default)]
pub(super) struct Version {
    pub(super) dockerfile: String,
    pub(super) tree: TreeSpec,
    pub(super) arguments: BTreeMap<String, String>,
    pub(super) target: Option<String>,
}

/// Two versions of a context. `@` in Dockerfiles is a word that no other pair has, `busybox` an image with a shell.
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) before: Version,
    pub(super) after: Version,
    /// Whether it cannot be told if anything runs.
    pub(super) is_open: bool,
    /// Whether the second version is in a directory of its own.
    pub(super) elsewhere: bool,
}

/// What a builder did.
pub(super) struct Outcome {
    pub(super) inputs: Inputs,
    /// For each step but the `FROM`s whether it came from the cache, if the builder told.
    pub(super) cached: Vec<Option<bool>>,
    /// The steps as the builder told them.
    pub(super) said: Vec<(String, bool)>,
}

/// Finding
impl Bench {
    /// The builder, or `None` when the test is to return at once.
    pub(super) fn find(column: Column) -> Option<Self> {
        let handle = match column {
            Column::Classic20 | Column::BuildKit20 => engine::shared(),
            Column::Classic26 | Column::BuildKit26 => engine::modern(),
        }?;
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::empty().with("HOME", home.path());
        let options = ConnectOptions::new(environment).with_host(&handle.host);
        let engine = Engine::connect(&options).unwrap();
        let busybox = handle.unique("shipload/prediction");
        let unpacked = BUSYBOX.provide().unwrap();
        let program = fs::read(unpacked.program("busybox").unwrap()).unwrap();
        let dockerfile = "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCOPY passwd group /etc/\n";
        let tree = TreeBuilder::new()
            .bytes("Dockerfile".parse().unwrap(), dockerfile)
            .bytes(
                "passwd".parse().unwrap(),
                "root:x:0:0::/:/bin/sh\none:x:1:1::/:/bin/sh\n",
            )
            .bytes("group".parse().unwrap(), "root:x:0:\none:x:1:\n")
            .bytes_with_mode("busybox".parse().unwrap(), program, 0o755);
        let view = View::new(&tree.build().unwrap());
        let context = ContextBody::from_view(view, PackOptions::default(), Progress::new());
        let options = BuildOptions::tagged(busybox.parse().unwrap());
        engine.build(context, &options).finish().unwrap();
        Some(Self {
            handle,
            engine,
            column,
            busybox,
            _home: home,
        })
    }

    fn semantics(&self) -> Semantics {
        match self.column {
            Column::Classic20 | Column::Classic26 => Semantics::Classic,
            Column::BuildKit20 | Column::BuildKit26 => Semantics::BuildKit,
        }
    }
}

/// Building
impl Bench {
    /// Builds both versions, one after the other: the inputs of the first, and what came of the second. Fails where one of them
    /// cannot be built.
    pub(super) fn rebuild(&self, pair: &Pair) -> Result<(Inputs, Outcome), String> {
        let salt = self.handle.unique("salt").replace('-', "");
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let before = self.build(&pair.before, first.path(), &salt)?;
        let place = if pair.elsewhere {
            second.path()
        } else {
            first.path()
        };
        clear(place);
        let mut after = pair.after.clone();
        // What is written anew has another time.
        for (path, item) in &mut after.tree.entries {
            if pair.before.tree.entries.get(path) != Some(item) {
                item.mtime.0 += 1000;
            }
        }
        Ok((before.inputs, self.build(&after, place, &salt)?))
    }

    fn build(&self, version: &Version, dir: &Path, salt: &str) -> Result<Outcome, String> {
        let text = version
            .dockerfile
            .replace('@', salt)
            .replace("busybox", &self.busybox);
        let mut tree = version.tree.clone();
        for (path, item) in &mut tree.entries {
            if let Kind::File { content } = &mut item.kind
                && !path.ends_with(b"ignore")
            {
                content.extend(salt.bytes());
            }
        }
        tree.write(dir).unwrap();
        fs::write(dir.join("Dockerfile"), text).unwrap();
        let recipe = Recipe::new(dir).semantics(self.semantics());
        let plan = recipe.plan(&Progress::new()).unwrap();
        let arguments = version.arguments.iter();
        let arguments: BTreeMap<_, _> = arguments
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect();
        let request = Request {
            target: version.target.clone(),
            build_args: arguments.clone(),
            ..Request::default()
        };
        let least = plan.referenced(&request);
        let least = least.map_err(|error| error.to_string())?;
        let inputs = Inputs::of(&plan, &request, &least, &Progress::new()).unwrap();
        let options = BuildOptions {
            network: Some("none".to_owned()),
            target: version.target.clone(),
            build_args: arguments.into_iter().collect(),
            ..BuildOptions::default()
        };
        let events = self.events(&plan, &options)?;
        let (cached, said) = match self.semantics() {
            Semantics::Classic => classic(&events, &inputs),
            Semantics::BuildKit | Semantics::Podman => buildkit(&events, &inputs),
        };
        Ok(Outcome {
            inputs,
            cached,
            said,
        })
    }

    fn events(&self, plan: &Plan, options: &BuildOptions) -> Result<Vec<Event>, String> {
        let mut build = match self.semantics() {
            Semantics::Classic => {
                let view = plan.view.clone();
                let context = ContextBody::from_view(view, PackOptions::default(), Progress::new());
                self.engine.build(context, options)
            }
            Semantics::BuildKit | Semantics::Podman => {
                let context = SessionContext::from_plan(plan).unwrap();
                self.engine.buildkit().build(&context, options)
            }
        };
        let events = build.by_ref().collect();
        let end = build.finish().map_err(|error| error.to_string());
        end.map(|_| events)
    }
}

/// The steps of a stage but its `FROM`, and whether they are of an `ONBUILD` of the stage that it is built on.
fn steps(inputs: &Inputs) -> Vec<(&Step, bool)> {
    let mut steps: Vec<(&Step, bool)> = Vec::new();
    let mut from: Option<&Step> = None;
    for step in &inputs.steps {
        match from.filter(|from| from.stage == step.stage) {
            None => from = Some(step),
            Some(from) => steps.push((step, step.line < from.line)),
        }
    }
    steps
}

/// The classic builder tells all steps in order: also those before the first `FROM`, and not those of `ONBUILD`s.
fn classic(events: &[Event], inputs: &Inputs) -> (Vec<Option<bool>>, Vec<(String, bool)>) {
    let mut said: Vec<(String, bool)> = Vec::new();
    let mut has_begun = false;
    for event in events {
        match event {
            Event::Step { text, .. } => {
                let is_from = text
                    .get(..4)
                    .is_some_and(|word| word.eq_ignore_ascii_case("from"));
                has_begun |= is_from;
                if !is_from && has_begun {
                    said.push((text.clone(), false));
                } else {
                    said.push((String::new(), false));
                }
            }
            Event::Cached => said.last_mut().unwrap().1 = true,
            _ => {}
        }
    }
    said.retain(|(text, _)| !text.is_empty());
    let mut told = said.iter();
    let cached = steps(inputs).into_iter().map(|(_, is_trigger)| {
        (!is_trigger)
            .then(|| told.next().map(|(_, cached)| *cached))
            .flatten()
    });
    let cached = cached.collect();
    assert_eq!(told.next(), None, "{said:#?}");
    (cached, said)
}

/// `BuildKit` tells a step as `[stage 2/3] …`; of equal ones of two stages only one.
fn buildkit(events: &[Event], inputs: &Inputs) -> (Vec<Option<bool>>, Vec<(String, bool)>) {
    let mut vertices: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
    for event in events {
        if let Event::Vertex(vertex) = event
            && vertex.name.starts_with('[')
            && !vertex.name.starts_with("[internal]")
        {
            let (_, cached) = vertices
                .entry(&vertex.digest)
                .or_insert((&vertex.name, false));
            *cached |= vertex.cached;
        }
    }
    let mut stages: BTreeMap<String, BTreeMap<usize, bool>> = BTreeMap::new();
    let mut said = Vec::new();
    for (name, cached) in vertices.into_values() {
        let (label, text) = name[1..].split_once("] ").unwrap();
        let (stage, number) = label.rsplit_once(' ').unwrap_or(("", label));
        let Ok(number) = number.split('/').next().unwrap().trim().parse() else {
            continue;
        };
        // Where the platform is named it comes first.
        let stage = stage.trim().rsplit(' ').next().unwrap();
        let stage = if stage.contains('/') { "" } else { stage };
        if !text.starts_with("FROM ") {
            said.push((name.to_owned(), cached));
            let stage = stages.entry(stage.trim().to_owned()).or_default();
            stage.insert(number, cached);
        }
    }
    let steps = steps(inputs);
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let cached = steps.iter().map(|(step, _)| {
        let count = counts.entry(step.stage).or_default();
        *count += 1;
        let own = step
            .stage_name
            .clone()
            .unwrap_or_else(|| format!("stage-{}", step.stage));
        let told = stages.get(&own).or_else(|| stages.get(""))?;
        // The first is the `FROM`, unless that is of `scratch`, or there are steps of the base's `ONBUILD`s.
        let number = *count + usize::from(!told.contains_key(&1));
        told.get(&number).copied()
    });
    let cached: Vec<_> = cached.collect();
    let found = cached.iter().flatten().count();
    assert_eq!(found, said.len(), "{said:#?}");
    (cached, said)
}

/// Empties a directory.
fn clear(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            before,
            after,
            ..
        } = self;
        write!(f, "{name}\n{before}")?;
        if before.dockerfile == after.dockerfile {
            write!(f, "--- after\n{}", after.tree)
        } else {
            write!(f, "--- after\n{after}")
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dockerfile, self.tree)?;
        if !self.arguments.is_empty() || self.target.is_some() {
            writeln!(f, "{:?} {:?}", self.arguments, self.target)?;
        }
        Ok(())
    }
}
