//! The options of a build, and the query that carries them.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::auth::Registry;
use crate::buildkit::options::BuildKitOptions;
use crate::client::EngineKind;
use crate::image_name::{ImageName, ImageNameError};
use crate::images::extra_names;

/// What a build may be told. The default is what `docker build` does without options.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of `docker build`"
)]
#[derive(Clone)]
pub struct BuildOptions {
    /// The Dockerfile's path in the context; `Dockerfile` by default.
    pub dockerfile: Option<String>,
    /// Names for the image (`-t`), which the engine sets; none by default.
    pub tags: Vec<ImageName>,
    /// Further names, which are set one after the other when the image is there; none by default. If some cannot be set, the
    /// error says which were.
    pub further_tags: Vec<ImageName>,
    /// `--build-arg`; without a value the Dockerfile's own default holds.
    pub build_args: BTreeMap<String, Option<String>>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// The stage to build; the last one by default.
    pub target: Option<String>,
    /// Such as `linux/arm64`; the engine's own by default.
    pub platform: Option<String>,
    /// Whether the build cache is left alone; off.
    pub no_cache: bool,
    /// Whether base images are pulled even when they are there; off.
    pub pull: bool,
    /// Whether the containers of successful steps are removed; on, as in `docker build`.
    pub remove: bool,
    /// Whether the containers of failed steps are removed, too; off.
    pub force_remove: bool,
    /// Whether the engine says nothing but the image id; off.
    pub quiet: bool,
    /// The network of `RUN`, such as `none`; the engine's default.
    pub network: Option<String>,
    /// `--add-host`, each `name:address`.
    pub extra_hosts: Vec<String>,
    /// Images whose layers may serve as cache.
    pub cache_from: Vec<String>,
    /// Whether the new layers become one; off. Engines want their experimental mode for it.
    pub squash: bool,
    /// `--security-opt`.
    pub security_options: Vec<String>,
    /// `--isolation`, on Windows.
    pub isolation: Option<String>,
    /// Limits for the containers of `RUN`.
    pub limits: Limits,
    /// A URL that the engine fetches the context from, instead of the one that is sent.
    pub remote: Option<String>,
    /// The registries whose credentials the engine is given: those that `FROM` and `COPY --from`
    /// name, and no others; none by default. Only `build_from_file` and `build_from_context` read the
    /// Dockerfile, and take those that it names if there are none here.
    pub registries: Vec<Registry>,
    /// What only BuildKit can be told; the classic builder refuses it.
    pub buildkit: BuildKitOptions,
}

/// Without the values of build arguments, among which are the proxies of `config.json` with their passwords, and
/// without the address of a remote context.
impl fmt::Debug for BuildOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildOptions")
            .field("dockerfile", &self.dockerfile)
            .field("tags", &self.tags)
            .field("build_args", &self.build_args.keys())
            .field("labels", &self.labels)
            .field("target", &self.target)
            .field("platform", &self.platform)
            .field("network", &self.network)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Limits for the containers of `RUN`; everything is the engine's default by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Memory and swap together, in bytes; -1 for no limit.
    pub memory_swap: Option<i64>,
    /// The size of `/dev/shm`, in bytes.
    pub shm_size: Option<u64>,
    /// The relative weight of the processor time.
    pub cpu_shares: Option<u64>,
    /// The processors that may be used, such as `0-2`.
    pub cpuset_cpus: Option<String>,
    /// The memory nodes that may be used.
    pub cpuset_mems: Option<String>,
    /// The scheduler's period, in microseconds.
    pub cpu_period: Option<u64>,
    /// The processor time in each period, in microseconds.
    pub cpu_quota: Option<i64>,
    /// `--ulimit`.
    pub ulimits: Vec<Ulimit>,
    /// The parent control group.
    pub cgroup_parent: Option<String>,
}

/// One `--ulimit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Ulimit {
    /// Such as `nofile`.
    pub name: String,
    /// The soft limit.
    pub soft: i64,
    /// The hard limit.
    pub hard: i64,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            dockerfile: None,
            tags: Vec::new(),
            further_tags: Vec::new(),
            build_args: BTreeMap::new(),
            labels: BTreeMap::new(),
            target: None,
            platform: None,
            no_cache: false,
            pull: false,
            remove: true,
            force_remove: false,
            quiet: false,
            network: None,
            extra_hosts: Vec::new(),
            cache_from: Vec::new(),
            squash: false,
            security_options: Vec::new(),
            isolation: None,
            limits: Limits::default(),
            remote: None,
            registries: Vec::new(),
            buildkit: BuildKitOptions::default(),
        }
    }
}

/// Names.
impl BuildOptions {
    /// The default, for an image of this name.
    pub fn tagged(name: ImageName) -> Self {
        Self {
            tags: vec![name],
            ..Self::default()
        }
    }

    /// The same with the further name `latest` in the first name's repository.
    #[must_use]
    pub fn add_latest_tag(mut self) -> Self {
        // `latest` is a tag.
        if let Some(Ok(names)) = self.tags.first().map(|name| extra_names(name, true, &[])) {
            self.further_tags.extend(names);
        }
        self
    }

    /// The same with further tags in the first name's repository.
    ///
    /// ```
    /// use shipload_engine::BuildOptions;
    ///
    /// let options = BuildOptions::tagged("team/app:1.2".parse()?).add_latest_tag().add_tags(&["1"])?;
    /// let names: Vec<_> = options.further_tags.iter().map(|name| name.as_str()).collect();
    /// assert_eq!(names, ["team/app:latest", "team/app:1"]);
    /// # Ok::<(), shipload_engine::ImageNameError>(())
    /// ```
    ///
    /// # Errors
    /// When one is no tag.
    pub fn add_tags(mut self, tags: &[&str]) -> Result<Self, ImageNameError> {
        if let Some(name) = self.tags.first() {
            let names = extra_names(name, false, tags)?;
            self.further_tags.extend(names);
        }
        Ok(self)
    }
}

impl BuildOptions {
    /// All names that the image is to get.
    pub(crate) fn names(&self) -> Vec<ImageName> {
        self.tags
            .iter()
            .chain(&self.further_tags)
            .cloned()
            .collect()
    }

    /// The query of `POST /build`, with the `?`, as the docker CLI 28.2.2 writes it; `version` is 1 for the classic
    /// builder and 2 for BuildKit, whatever an engine's default may become.
    ///
    /// **Deviation** for Podman, which reads some lists in another form: hosts and security options
    /// as JSON, ulimits as the command line has them.
    pub(crate) fn query(&self, kind: EngineKind, version: u8) -> Query {
        let mut query = Query::default();
        for tag in &self.tags {
            query.text("t", Some(tag.as_str()));
        }
        query.text("dockerfile", self.dockerfile.as_deref());
        query.text("remote", self.remote.as_deref());
        query.text("target", self.target.as_deref());
        query.text(
            "platform",
            self.platform.as_deref().map(str::to_lowercase).as_deref(),
        );
        query.text("networkmode", self.network.as_deref());
        query.text("isolation", self.isolation.as_deref());
        query.json("buildargs", &self.build_args, self.build_args.is_empty());
        query.json("labels", &self.labels, self.labels.is_empty());
        query.json("cachefrom", &self.cache_from, self.cache_from.is_empty());
        for (name, list) in [
            ("extrahosts", &self.extra_hosts),
            ("securityopt", &self.security_options),
        ] {
            match kind {
                EngineKind::Docker => list.iter().for_each(|one| query.text(name, Some(one))),
                EngineKind::Podman => query.json(name, list, list.is_empty()),
            }
        }
        for (name, on) in [
            ("q", self.quiet),
            ("nocache", self.no_cache),
            ("pull", self.pull),
            ("forcerm", self.force_remove),
            ("squash", self.squash),
        ] {
            query.text(name, on.then_some("1"));
        }
        // Engines take it to be on when it is absent.
        query.text("rm", (!self.remove).then_some("0"));
        self.limits.add_to(&mut query, kind);
        query.number("version", Some(version));
        query
    }
}

impl Limits {
    fn add_to(&self, query: &mut Query, kind: EngineKind) {
        query.number("memory", self.memory);
        query.number("memswap", self.memory_swap);
        query.number("shmsize", self.shm_size);
        query.number("cpushares", self.cpu_shares);
        query.number("cpuperiod", self.cpu_period);
        query.number("cpuquota", self.cpu_quota);
        query.text("cpusetcpus", self.cpuset_cpus.as_deref());
        query.text("cpusetmems", self.cpuset_mems.as_deref());
        query.text("cgroupparent", self.cgroup_parent.as_deref());
        match kind {
            EngineKind::Docker => query.json("ulimits", &self.ulimits, self.ulimits.is_empty()),
            EngineKind::Podman => {
                let text = |one: &Ulimit| format!("{}={}:{}", one.name, one.soft, one.hard);
                let list: Vec<_> = self.ulimits.iter().map(text).collect();
                query.json("ulimits", &list, list.is_empty());
            }
        }
    }
}

/// A query in the making.
#[derive(Default)]
pub(crate) struct Query(pub(crate) String);

/// Everything but what RFC 3986 leaves free.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b':');

impl Query {
    /// Adds a parameter, if there is one.
    pub(crate) fn text(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ENCODED));
    }

    fn number(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        self.text(name, value.map(|value| value.to_string()).as_deref());
    }

    pub(crate) fn json(&mut self, name: &str, value: &impl Serialize, empty: bool) {
        if !empty {
            self.text(name, serde_json::to_string(value).ok().as_deref());
        }
    }
}
