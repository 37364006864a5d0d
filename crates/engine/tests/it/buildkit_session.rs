//! What a build on BuildKit asks of this machine: outputs, secrets, agents and passwords, with real Engines.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use shipload_context::{TreeBuilder, View};
use shipload_engine::{
    BuildError, BuildOptions, Built, ConnectOptions, Destination, Engine, Environment, ImageName,
    Output, OutputKind, Secret, SecretOrigin, SecretSource, SessionContext,
};
use shipload_testkit::engine::{Handle, modern, shared};
use shipload_testkit::registry::{PASSWORD, Registry, USER};
use shipload_testkit::traces;
use tempfile::TempDir;

use crate::real::busybox;

/// Both Engines, as far as there are.
fn engines() -> impl Iterator<Item = Handle> {
    [shared(), modern()].into_iter().flatten()
}

/// Builds on one Engine, and everything that a person could get to see of them.
struct Scene {
    handle: Handle,
    folder: TempDir,
    environment: Environment,
    /// Programs beside the shell.
    programs: Vec<(String, Vec<u8>)>,
    shown: String,
}

impl Scene {
    fn new(handle: Handle) -> Self {
        traces::keep();
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::empty().with("HOME", folder.path());
        Self {
            handle,
            folder,
            environment,
            programs: Vec::new(),
            shown: String::new(),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn see(&mut self, value: &dyn fmt::Debug) {
        writeln!(self.shown, "{value:?}").unwrap();
    }

    /// Builds with a shell in the context, without a network.
    async fn build(
        &mut self,
        dockerfile: &str,
        options: BuildOptions,
    ) -> Result<Built, BuildError> {
        let connect = ConnectOptions::new(self.environment.clone()).with_host(&self.handle.host);
        let engine = Engine::connect(&connect).await.unwrap();
        let options = BuildOptions {
            network: Some("none".to_owned()),
            ..options
        };
        let mut tree = TreeBuilder::new();
        tree = tree.bytes_with_mode("busybox".parse().unwrap(), busybox(), 0o755);
        for (path, bytes) in &self.programs {
            tree = tree.bytes_with_mode(path.parse().unwrap(), bytes.clone(), 0o755);
        }
        let context = SessionContext::new(View::new(&tree.build().unwrap()), dockerfile);
        let buildkit = engine.buildkit();
        let mut stream = buildkit.build(&context, &options);
        self.see(&(&engine, &buildkit, &options, &stream));
        while let Some(event) = stream.next_event().await {
            self.see(&event);
        }
        let built = stream.finish().await;
        self.see(&built);
        built
    }

    /// The same, which fails with these words.
    async fn fail(&mut self, dockerfile: &str, options: BuildOptions) -> String {
        let error = self.build(dockerfile, options).await.unwrap_err();
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            write!(words, ": {next}").unwrap();
            cause = next.source();
        }
        self.shown += &words;
        words
    }

    /// Nothing that was shown or traced has any of these in it.
    fn assert_hidden(&self, canaries: &[&str]) {
        let traced = traces::kept();
        assert!(traced.contains("h2::"), "nothing was traced");
        for canary in canaries {
            assert!(!self.shown.contains(canary), "{}", self.shown);
            assert!(!traced.contains(canary), "{canary} was traced");
        }
    }
}

fn output(kind: OutputKind, destination: Destination) -> BuildOptions {
    let mut options = BuildOptions::default();
    options.buildkit.outputs = vec![Output {
        kind,
        destination: Some(destination),
        attributes: BTreeMap::new(),
    }];
    options
}

fn directory(path: impl AsRef<Path>) -> BuildOptions {
    let path = path.as_ref().to_owned();
    output(OutputKind::Local, Destination::Directory(path))
}

const TREE: &str = "FROM scratch AS made\n\
    COPY busybox /bin/sh\n\
    RUN mkdir -p /out/d/e && echo hello >/out/d/f && ln /out/d/f /out/hard && ln -s ../../x /out/d/soft \
        && chmod 4711 /out/d/f && dd if=/bin/sh of=/out/large count=2 bs=300000 \
        && chmod 750 /out/d && touch -d @1234567890 /out/d/f /out/d/e /out/d\n\
    FROM scratch\n\
    COPY --from=made /out /\n";

/// Type, mode, size or target, and modification time of everything in a directory.
fn listing(folder: &Path, name: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder.join(name)).unwrap() {
        let entry = entry.unwrap().file_name().into_string().unwrap();
        let name = format!("{name}{entry}");
        let path = folder.join(&name);
        let meta = fs::symlink_metadata(&path).unwrap();
        let text = if meta.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else {
            format!(
                "{:o} {}",
                meta.mode(),
                if meta.is_file() { meta.size() } else { 0 }
            )
        };
        into.insert(name.clone(), format!("{text} @{}", meta.mtime()));
        if meta.is_dir() {
            listing(folder, &format!("{name}/"), into);
        }
    }
}

/// A tar's times of things made now are rounded.
fn without_times(listed: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let rounded = |text: &str| !text.ends_with("@1234567890");
    let cut = |text: &'_ str| {
        text.find('@')
            .filter(|_| rounded(text))
            .unwrap_or(text.len())
    };
    listed
        .iter()
        .map(|(name, text)| (&name[..], &text[..cut(text)]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_goes_to_a_directory_and_to_a_tar() {
    for handle in engines() {
        let mut scene = Scene::new(handle);
        let (out, tar) = (scene.path("out"), scene.path("out.tar"));
        let built = scene.build(TREE, directory(&out)).await.unwrap();
        assert_eq!(built.image_id, "");
        let built = scene.build(
            TREE,
            output(OutputKind::Tar, Destination::File(tar.clone())),
        );
        built.await.unwrap();

        let mut listed = BTreeMap::new();
        listing(&out, "", &mut listed);
        let shell = 600_000;
        let expected = [
            ("d", "40750 0 @"),
            ("d/e", "40755 0 @"),
            ("d/f", "104711 6 @1234567890"),
            ("d/soft", "../../x @"),
            ("hard", "104711 6 @1234567890"),
            ("large", &format!("100644 {shell} @")),
        ];
        let names: Vec<_> = listed.keys().map(String::as_str).collect();
        assert_eq!(names, expected.map(|(name, _)| name));
        for (name, start) in expected {
            assert!(listed[name].starts_with(start), "{name}: {}", listed[name]);
        }
        let inode = |name: &str| fs::metadata(out.join(name)).unwrap().ino();
        assert_eq!(inode("hard"), inode("d/f"));
        let shell = busybox();
        assert_eq!(fs::read(out.join("large")).unwrap(), &shell[..600_000]);

        // The tar has the same, unpacked by another program.
        let unpacked = scene.path("unpacked");
        fs::create_dir(&unpacked).unwrap();
        let mut command = std::process::Command::new("tar");
        command.arg("-xpf").arg(&tar).arg("-C").arg(&unpacked);
        assert!(command.status().unwrap().success());
        let mut from_tar = BTreeMap::new();
        listing(&unpacked, "", &mut from_tar);
        assert_eq!(without_times(&from_tar), without_times(&listed));
        let mut names: Vec<_> = fs::read_dir(scene.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with(".local") && !name.starts_with(".docker"))
            .collect();
        names.sort();
        assert_eq!(names, ["out", "out.tar", "unpacked"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_or_made_is_said() {
    for handle in engines() {
        let mut scene = Scene::new(handle);
        let file = scene.path("file");
        fs::write(&file, "stays").unwrap();
        let words = scene.fail(TREE, directory(&file)).await;
        let start = format!(
            "cannot take what was built: cannot write the output `{}`: ",
            file.display()
        );
        assert!(words.starts_with(&start), "{words}");
        // Neither Engine has these exporters with its own image store.
        for kind in [OutputKind::Oci, OutputKind::Docker] {
            let words = scene.fail(TREE, output(kind, Destination::File(file.clone())));
            let words = words.await;
            assert!(words.contains("could not be found"), "{words}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_and_nobody_sees_them() {
    let canaries = ["c4n4ry-of-a-file", "c4n4ry-of-a-variable", "c4n4ry-of-ours"];
    for handle in engines() {
        let mut scene = Scene::new(handle);
        scene.environment = scene.environment.with("TOKEN", canaries[1]);
        let file = scene.path("secret");
        fs::write(&file, canaries[0]).unwrap();
        let source = |id: &str, from| SecretSource {
            id: id.to_owned(),
            from,
        };
        let out = scene.path("out");
        let mut options = directory(&out);
        options.no_cache = true;
        options.buildkit.secrets = vec![
            source("file", SecretOrigin::File(file.clone())),
            source("variable", SecretOrigin::Variable("TOKEN".to_owned())),
            source("value", SecretOrigin::Value(Secret::new(canaries[2]))),
            source("TOKEN", SecretOrigin::ById),
        ];
        let ids = ["file", "variable", "value", "TOKEN"];
        let mounts: String = ids
            .map(|id| format!("--mount=type=secret,id={id},required=true "))
            .concat();
        let dockerfile = format!(
            "FROM scratch AS made\nCOPY busybox /bin/sh\n\
             RUN {mounts} --mount=type=secret,id=other mkdir /out; cd /run/secrets; \
             ls >/out/names; for id in *; do sha256sum $id >/out/$id; done\n\
             FROM scratch\nCOPY --from=made /out /\n"
        );
        scene.build(&dockerfile, options.clone()).await.unwrap();
        assert_eq!(
            fs::read_to_string(out.join("names")).unwrap(),
            "TOKEN\nfile\nvalue\nvariable\n"
        );
        for (id, value) in ids.iter().zip([0, 1, 2, 1].map(|index| canaries[index])) {
            let sum = fs::read_to_string(out.join(id)).unwrap();
            assert_eq!(sum, format!("{}  {id}\n", sha256(value)));
        }
        // One that must be there, and one that is not there.
        options.buildkit.secrets.truncate(1);
        let words = scene.fail(&dockerfile, options.clone()).await;
        assert!(words.contains("not found"), "{words}");
        fs::remove_file(&file).unwrap();
        let words = scene.fail(&dockerfile, options).await;
        let expected = format!("cannot read the secret `file` from `{}`: ", file.display());
        assert!(words.starts_with(&expected), "{words}");
        scene.assert_hidden(&canaries);
    }
}

fn sha256(text: &str) -> String {
    let mut command = std::process::Command::new("sha256sum");
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, text.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap().stdout;
    String::from_utf8(output[..64].to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_image_with_a_password_is_pulled_and_nobody_sees_it() {
    for handle in engines() {
        let registry = Registry::start().unwrap();
        let name = format!("{}/{}:1", registry.address(), handle.unique("team/base"));
        let name: ImageName = name.parse().unwrap();
        let mut scene = Scene::new(handle);
        let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let config = serde_json::json!({ "auths": { registry.address(): { "auth": auth } } });
        fs::write(scene.path("config.json"), config.to_string()).unwrap();
        let with_password = scene
            .environment
            .clone()
            .with("DOCKER_CONFIG", scene.folder.path());
        let without = std::mem::replace(&mut scene.environment, with_password);
        let options = BuildOptions::tagged(name.clone());
        scene
            .build("FROM scratch\nCOPY busybox /base\n", options)
            .await
            .unwrap();
        let connect = ConnectOptions::new(scene.environment.clone()).with_host(&scene.handle.host);
        let engine = Engine::connect(&connect).await.unwrap();
        engine.push(&name, |_| {}).await.unwrap();
        engine.remove(&name, true).await.unwrap();

        let dockerfile = format!("FROM {name}\nCOPY busybox /other\n");
        let out = scene.path("out");
        let with_password = std::mem::replace(&mut scene.environment, without);
        let words = scene.fail(&dockerfile, directory(&out)).await;
        assert!(words.contains("401 Unauthorized"), "{words}");
        scene.environment = with_password;
        scene.build(&dockerfile, directory(&out)).await.unwrap();
        assert_eq!(fs::read(out.join("base")).unwrap(), busybox());
        scene.assert_hidden(&[PASSWORD, &auth, "c4n4ry~~~"]);
    }
}

/// An `ssh-agent` with a new key, on a socket of its own.
struct Agent {
    process: std::process::Child,
    socket: std::path::PathBuf,
    /// The key's line in `ssh-add -L`.
    key: String,
}

impl Agent {
    fn start(folder: &Path) -> Self {
        let (socket, key) = (folder.join("agent"), folder.join("key"));
        let process = std::process::Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let run = |program: &str, arguments: &[&std::ffi::OsStr]| {
            let mut command = std::process::Command::new(program);
            command.args(arguments).env("SSH_AUTH_SOCK", &socket);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "k3y", "-f"].map(AsRef::as_ref);
        run("ssh-keygen", &[&arguments[..], &[key.as_os_str()]].concat());
        run("ssh-add", &["-q".as_ref(), key.as_os_str()]);
        let key = run("ssh-add", &["-L".as_ref()]);
        Self {
            process,
            socket,
            key,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.socket);
    }
}

/// A program of this machine and what it needs, below `root`.
fn with_libraries(program: &str) -> Vec<(String, Vec<u8>)> {
    let output = std::process::Command::new("ldd").arg(program).output();
    let listed = String::from_utf8(output.unwrap().stdout).unwrap();
    let words = listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    let mut paths: Vec<_> = words.chain([program]).collect();
    paths.sort_unstable();
    paths.dedup();
    let file = |path: &&str| (format!("root{path}"), fs::read(path).unwrap());
    paths.iter().map(file).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_answers_in_a_step_and_keeps_its_keys() {
    for handle in engines() {
        let mut scene = Scene::new(handle);
        let agent = Agent::start(scene.folder.path());
        scene.environment = scene.environment.with("SSH_AUTH_SOCK", &agent.socket);
        let out = scene.path("out");
        let mut options = directory(&out);
        options.no_cache = true;
        options.buildkit.ssh = vec!["default".into()];
        scene.programs = with_libraries("/usr/bin/ssh-add");
        let public = (
            "root/key.pub".to_owned(),
            fs::read(scene.path("key.pub")).unwrap(),
        );
        scene.programs.push(public);
        let dockerfile = "FROM scratch AS made\nCOPY busybox /bin/sh\nCOPY root /\n\
             RUN --mount=type=ssh,required=true mkdir /out; ssh-add -L >/out/before; \
             ssh-add -T /key.pub && echo signed >/out/signed; \
             ssh-add -D && echo removed >/out/removed; ssh-add -L >/out/after\n\
             FROM scratch\nCOPY --from=made /out /\n";
        scene.build(dockerfile, options.clone()).await.unwrap();
        for name in ["before", "after"] {
            assert_eq!(fs::read_to_string(out.join(name)).unwrap(), agent.key);
        }
        assert_eq!(fs::read(out.join("signed")).unwrap(), b"signed\n");
        assert!(!out.join("removed").exists());
        assert!(!scene.shown.contains("PRIVATE KEY"));

        options.buildkit.ssh.clear();
        let words = scene.fail(dockerfile, options.clone()).await;
        assert!(words.contains("no SSH key"), "{words}");
        options.buildkit.ssh = vec!["default".into()];
        let socket = agent.socket.clone();
        drop(agent);
        let words = scene.fail(dockerfile, options).await;
        let expected = format!(
            "cannot use `{}` as the SSH agent `default`: ",
            socket.display()
        );
        assert!(words.starts_with(&expected), "{words}");
    }
}
