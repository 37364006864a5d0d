//! `COPY`, `ADD`, and files of this machine.

use shipload_dockerfile::builder::{AddFile, AddOptions, CopyOptions, Source};
use shipload_dockerfile::{DockerfileBuilder, Value};
use shipload_testkit::random::Random;

use super::super::script::Script;
use super::super::want::{Flag, Given, Path};
use super::{LONG, Settings};

/// Calls one of them.
pub(super) fn one(random: &mut Random, script: &mut Script, settings: &mut Settings) {
    match random.below(6) {
        0 | 1 => copy(random, script),
        2 => add(random, script),
        3 => text(random, script),
        4 => file(random, script, settings),
        _ => archive(random, script, settings),
    }
}

fn fits(value: &Value) -> bool {
    let text = value.as_str();
    !text.is_empty() && !text.contains('\0') && text.len() < LONG / 8
}

/// A flag that is lexed, what it must be, and whether it must be accepted.
fn owner(random: &mut Random, script: &mut Script) -> (Value, Flag, bool) {
    let (value, seen) = script.value(random);
    let fits = fits(&value) && value.as_str().is_ascii() && !value.as_str().contains('\n');
    (value, Flag::Lexed("chown", seen), fits)
}

/// Sources and a target, what they must be, and whether they must be accepted.
fn paths(random: &mut Random, script: &mut Script) -> (Vec<Source>, Value, Given, bool) {
    let (mut sources, mut wants, mut must) = (Vec::new(), Vec::new(), true);
    for _ in 0..=random.below(2) {
        let text = script.text(random);
        must &= fits(&Value::from(&text));
        if random.chance(70) {
            sources.push(Source::literal(&text));
            wants.push(Path::Name(text));
        } else {
            sources.push(Source::pattern(&text));
            wants.push(Path::Target(text));
        }
    }
    let (target, seen) = script.value(random);
    must &= fits(&target);
    wants.push(Path::Target(seen));
    (sources, target, Given::Paths(wants), must)
}

fn copy(random: &mut Random, script: &mut Script) {
    let (sources, target, given, mut must) = paths(random, script);
    let (mut options, mut flags) = (CopyOptions::default(), Vec::new());
    if random.chance(20) {
        let from = script.text(random);
        must = false;
        flags.push(Flag::Plain(format!("--from={from}")));
        options.from = Some(from);
    }
    if random.chance(30) {
        let (value, flag, fits) = owner(random, script);
        options.chown = Some(value);
        flags.push(flag);
        must &= fits;
    }
    if random.chance(20) {
        let mode = script.text(random);
        must = false;
        flags.push(Flag::Plain(format!("--chmod={mode}")));
        options.chmod = Some(mode.into());
    }
    if random.chance(20) {
        options.link = true;
        options.parents = true;
        flags.extend(["--link", "--parents"].map(|flag| Flag::Plain(flag.into())));
    }
    if random.chance(30) {
        let pattern = script.text(random);
        must &= fits(&Value::from(&pattern)) && pattern.is_ascii() && !pattern.contains('\n');
        flags.push(Flag::Plain(format!("--exclude={pattern}")));
        options.exclude.push(pattern);
    }
    if script.ended(
        |file| file.copy_with(sources, target, &options).map(drop),
        must,
    ) {
        script.want_with("COPY", flags, given);
    }
}

fn add(random: &mut Random, script: &mut Script) {
    let (sources, target, given, mut must) = paths(random, script);
    let (mut options, mut flags) = (AddOptions::default(), Vec::new());
    if random.chance(30) {
        let (value, flag, fits) = owner(random, script);
        options.chown = Some(value);
        flags.push(flag);
        must &= fits;
    }
    if random.chance(30) {
        let (value, seen) = script.value(random);
        must = false;
        options.checksum = Some(value);
        flags.push(Flag::Lexed("checksum", seen));
    }
    if random.chance(30) {
        (options.keep_git_dir, options.unpack) = (Some(true), Some(false));
        flags
            .extend(["--keep-git-dir=true", "--unpack=false"].map(|flag| Flag::Plain(flag.into())));
    }
    if script.ended(
        |file| file.add_with(sources, target, &options).map(drop),
        must,
    ) {
        script.want_with("ADD", flags, given);
    }
}

fn text(random: &mut Random, script: &mut Script) {
    let mut content = script.text(random);
    if random.chance(70) {
        content.push('\n');
    }
    let expand = random.chance(30);
    let value = if expand {
        Value::expand(&content)
    } else {
        Value::from(&content)
    };
    let (target, seen) = script.value(random);
    let whole = content.is_empty() || content.ends_with('\n');
    let must = whole
        && !content.contains('\0')
        && content.len() < LONG
        && fits(&target)
        && !target
            .as_str()
            .contains(|c: char| c.is_whitespace() || "\\`'\"$".contains(c));
    if script.ended(
        |file| {
            file.copy_text(value, target, &CopyOptions::default())
                .map(drop)
        },
        must,
    ) {
        script.want(
            "COPY",
            Given::Heredoc {
                content,
                path: Some(seen),
                expand,
            },
        );
    }
}

fn file(random: &mut Random, script: &mut Script, settings: &mut Settings) {
    let (src, dst, inside) = (
        script.text(random),
        script.text(random),
        script.text(random),
    );
    let remove_final = random.chance(30);
    let options = AddFile {
        dst: random.chance(60).then_some(dst.as_str()),
        context_path: random.chance(40).then_some(inside.as_str()),
        remove_final,
        ..AddFile::default()
    };
    let mut context_path = String::new();
    let call = |file: &mut DockerfileBuilder| {
        context_path = file.add_file(&src, &options)?;
        Ok(())
    };
    if script.ended(call, false) {
        let clean = context_path
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."));
        assert!(clean, "{context_path:?} of {src:?}, {dst:?}, {inside:?}");
        let name = std::path::Path::new(&src)
            .file_name()
            .and_then(|name| name.to_str());
        let target = options.dst.or(name).unwrap_or_default().to_owned();
        if remove_final {
            settings.removals.push(target.clone());
        }
        script.want(
            "ADD",
            Given::Paths(vec![Path::Name(context_path.clone()), Path::Target(target)]),
        );
        let known = script.builder.files().iter().any(|file| {
            file.context_path == context_path && file.host == std::path::Path::new(&src)
        });
        assert!(known, "{src:?}");
    }
}

fn archive(random: &mut Random, script: &mut Script, settings: &mut Settings) {
    let names: Vec<_> = script
        .texts(random)
        .iter()
        .map(|name| name.replace('/', ""))
        .collect();
    let remove_final = random.chance(20);
    let must = names
        .iter()
        .all(|name| fits(&Value::from(name)) && name != "." && name != "..");
    let given = names.iter().map(String::as_str);
    if script.ended(|file| file.add_archive("a.tar", given, remove_final), must) {
        for name in names {
            script.want(
                "ADD",
                Given::Paths(vec![Path::Name(name.clone()), Path::Target(name.clone())]),
            );
            if remove_final {
                settings.removals.push(name);
            }
        }
    }
}
