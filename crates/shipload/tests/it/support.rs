//! Small contexts, and builds of them.

use std::path::Path;

use shipload_context::{
    HostDir, PackOptions, Plan, Progress, Recipe, Semantics, TreeBuilder, View,
};
use shipload_engine::blocking::Engine;
use shipload_engine::{
    BuildError, BuildOptions, Built, ConnectOptions, ContextBody, Environment, Event,
};
use shipload_testkit::engine::Handle;

pub(crate) fn connect(handle: &Handle) -> Engine {
    Engine::connect(&ConnectOptions::new(Environment::empty()).with_host(&handle.host)).unwrap()
}

pub(crate) fn plan(dir: &Path) -> Plan {
    Recipe::new(dir)
        .semantics(Semantics::Classic)
        .plan(&Progress::new())
        .unwrap()
}

pub(crate) fn view(dir: &Path) -> View {
    View::new(
        &TreeBuilder::new()
            .directory(HostDir::new(dir))
            .build()
            .unwrap(),
    )
}

/// Builds without network, and gives back what the engine said.
pub(crate) fn build(
    engine: &Engine,
    view: View,
    progress: Progress,
    tag: &str,
) -> (Vec<Event>, Result<Built, BuildError>) {
    let context = ContextBody::from_view(view, PackOptions::default(), progress);
    let options = BuildOptions {
        tags: vec![tag.parse().unwrap()],
        network: Some("none".to_owned()),
        ..BuildOptions::default()
    };
    let mut build = engine.build(context, &options);
    let events = build.by_ref().collect();
    (events, build.finish())
}

pub(crate) fn files(root: &Path, rows: &[(&str, &str)]) {
    for (path, content) in rows {
        let full = root.join(path);
        fs_err::create_dir_all(full.parent().unwrap()).unwrap();
        fs_err::write(&full, content).unwrap();
    }
}
