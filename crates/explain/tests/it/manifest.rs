//! Manifests: what is written is read back, and whatever was changed since is refused.

use shipload_context::Request;
use shipload_explain::{Inputs, ManifestProblem};

use crate::support::{inputs, write};

fn manifest() -> (Inputs, Vec<u8>) {
    let temp = tempfile::tempdir().unwrap();
    write(
        temp.path(),
        &[
            ("Dockerfile", "FROM scratch AS a\nARG V=1\nCOPY . /\n"),
            ("d/f", "text"),
            ("link", "-> d/f"),
        ],
    );
    let arguments = [("V", Some("a secret")), ("W", None)];
    let owned = |(name, value): (&str, Option<&str>)| (name.to_owned(), value.map(str::to_owned));
    let request = Request {
        target: Some("a".into()),
        platform: Some("linux/amd64".into()),
        build_args: arguments.map(owned).into(),
        ..Request::default()
    };
    let inputs = inputs(temp.path(), &request);
    let mut manifest = Vec::new();
    inputs.write_manifest(&mut manifest).unwrap();
    (inputs, manifest)
}

#[test]
fn it_is_text() {
    let (inputs, manifest) = manifest();
    let text = String::from_utf8(manifest.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // `printf 'a secret' | sha256sum` and so on.
    let want = [
        r#"{"manifest":1,"dockerfile":"sha256:48d381a9db45a1a3a0e7077984a5f1583ce58c1dd33383ef19993155e9131379","target":"a","platform":"linux/amd64","arguments":{"V":"sha256:984ca5162200734c592148f1820b71057f098573d138666b48663e4e30cd8d3a","W":null}}"#,
        r#"{"path":"Dockerfile","type":"file","mode":"0644","size":35,"digest":"sha256:48d381a9db45a1a3a0e7077984a5f1583ce58c1dd33383ef19993155e9131379"}"#,
        r#"{"path":"d","type":"dir","mode":"0755"}"#,
        r#"{"path":"d/f","type":"file","mode":"0644","size":4,"digest":"sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"}"#,
        r#"{"path":"link","type":"symlink","mode":"0777","target":"d/f"}"#,
        &format!(r#"{{"digest":"{}"}}"#, inputs.digest()),
        r#"{"builder":"buildkit"}"#,
    ];
    assert_eq!(lines[..want.len()], want);
    assert!(lines.last().unwrap().starts_with(r#"{"end":"sha256:"#));
    assert_eq!(Inputs::read_manifest(&manifest[..]).unwrap(), inputs);
}

#[test]
fn what_was_changed_is_refused() {
    let (_, manifest) = manifest();
    for place in 0..manifest.len() {
        assert!(
            Inputs::read_manifest(&manifest[..place]).is_err(),
            "cut at {place}"
        );
        for byte in [b'x', b'0', b' ', b'"', b'\n', 0xff] {
            let mut changed = manifest.clone();
            if std::mem::replace(&mut changed[place], byte) != byte {
                let read = Inputs::read_manifest(&changed[..]);
                assert!(
                    read.is_err(),
                    "{place}: {}",
                    String::from_utf8_lossy(&changed)
                );
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let (_, manifest) = manifest();
    let text = String::from_utf8(manifest).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let with = |place: usize, line: &str| {
        let mut lines = lines.clone();
        lines[place] = line;
        format!("{}\n", lines.join("\n"))
    };
    let swapped = with(2, lines[4]);
    let rows = [
        (String::new(), "line 1: the manifest ends too early"),
        (
            "FROM scratch\n".into(),
            "line 1: it is no line of a manifest: expected value",
        ),
        (
            with(0, r#"{"manifest":2,"new":0}"#),
            "line 1: it is of version 2, which this program does not know",
        ),
        (
            with(0, r#"{"manifest":1}"#),
            "line 1: it is no line of a manifest: missing field `dockerfile`",
        ),
        (
            with(2, r#"{"path":"../d","type":"dir","mode":"0755"}"#),
            "line 3: `../d` climbs out with `..`",
        ),
        (
            with(2, r#"{"path":"d","type":"dir","mode":"01755"}"#),
            "line 6: the digest is ",
        ),
        (
            with(2, r#"{"path":"d","type":"dir","mode":"17550"}"#),
            "line 3: it is no line of a manifest: the mode is not four octal digits",
        ),
        (
            with(2, r#"{"path":"d","type":"door","mode":"0755"}"#),
            "line 3: it is no line of a manifest: unknown variant `door`, expected one of",
        ),
        (swapped, "line 4: `d/f` is out of order"),
        (with(3, lines[2]), "line 4: `d` is out of order"),
        (
            with(2, r#"{"path":"d","type":"fifo","mode":"0755"}"#),
            "line 4: `d/f` is below `d`, which is no directory",
        ),
        (
            format!("{text}\n"),
            "line 11: something follows the end of the manifest",
        ),
    ];
    for (text, want) in rows {
        let error = Inputs::read_manifest(text.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with(want), "{error}\n{want}");
    }
    let endless = |repeated: &str| {
        let start = format!("{}\n", lines[..lines.len() - 1].join("\n"));
        let more = Repeat(repeated.as_bytes().iter().copied().cycle());
        let whole = std::io::Read::chain(start.as_bytes(), more);
        Inputs::read_manifest(whole).unwrap_err().problem
    };
    let found = endless(" ");
    assert!(matches!(found, ManifestProblem::LongLine(_)), "{found}");
    let step = lines[lines.len() - 2];
    assert!(step.starts_with(r#"{"stage""#), "{step}");
    let found = endless(&format!("{step}\n"));
    assert!(matches!(found, ManifestProblem::TooManySteps(_)), "{found}");
}

/// The same bytes over and over.
struct Repeat<'a>(std::iter::Cycle<std::iter::Copied<std::slice::Iter<'a, u8>>>);

impl std::io::Read for Repeat<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = buffer.iter_mut().zip(&mut self.0);
        bytes.for_each(|(place, byte)| *place = byte);
        Ok(buffer.len())
    }
}
