//! Which registries a Dockerfile needs: the engine is given the credentials of those, and of no others.
//!
//! What `FROM` and `COPY --from` name counts, with the variables filled in that stand before the first `FROM`. A registry too
//! few costs a private image its login, one too many hands out a secret for nothing; so nothing is guessed.

use std::collections::BTreeMap;

use shipload::engine::{ImageName, Registry};

/// The registries of the images that a Dockerfile names, each once. `build_args` win over the defaults of `ARG`.
pub(super) fn registries(
    dockerfile: &str,
    build_args: &BTreeMap<String, Option<String>>,
) -> Vec<Registry> {
    let mut variables = BTreeMap::new();
    let mut stages: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for line in instructions(dockerfile) {
        let mut words = line.split_whitespace();
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        let image = match keyword.as_str() {
            "ARG" if stages.is_empty() => {
                declare(words, build_args, &mut variables);
                continue;
            }
            "FROM" => {
                let mut words = words.skip_while(|word| word.starts_with("--"));
                let image = words.next().map(|image| expand(image, &variables));
                let named = words
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case("as"));
                let image = image.filter(|image| !is_stage(image, &stages));
                stages.push(
                    words
                        .next()
                        .filter(|_| named)
                        .unwrap_or_default()
                        .to_lowercase(),
                );
                image
            }
            "COPY" => words
                .take_while(|word| word.starts_with("--"))
                .find_map(|word| word.strip_prefix("--from="))
                .filter(|image| !is_stage(image, &stages))
                .map(str::to_owned),
            _ => None,
        };
        let name = image.and_then(|image| image.parse::<ImageName>().ok());
        if let Some(registry) = name.map(|name| name.registry())
            && !found.contains(&registry)
        {
            found.push(registry);
        }
    }
    found
}

/// Whether an image is none: `scratch`, an earlier stage, or its number.
fn is_stage(image: &str, stages: &[String]) -> bool {
    image == "scratch"
        || stages.contains(&image.to_lowercase())
        || image
            .parse::<usize>()
            .is_ok_and(|number| number < stages.len())
}

/// Each instruction on one line, without comments.
fn instructions(dockerfile: &str) -> Vec<String> {
    let mut escape = '\\';
    let mut all = Vec::new();
    let mut open = String::new();
    let mut head = true;
    for line in dockerfile.lines() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let directive = comment.split_once('=').filter(|_| head);
            if let Some((key, value)) = directive
                && key.trim().eq_ignore_ascii_case("escape")
                && value.trim() == "`"
            {
                escape = '`';
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        head = false;
        if let Some(part) = line.strip_suffix(escape) {
            open.push_str(part);
            open.push(' ');
        } else {
            all.push(std::mem::take(&mut open) + line);
        }
    }
    if !open.is_empty() {
        all.push(open);
    }
    all
}

/// `ARG NAME[=DEFAULT]...`
fn declare<'a>(
    words: impl Iterator<Item = &'a str>,
    build_args: &BTreeMap<String, Option<String>>,
    variables: &mut BTreeMap<String, String>,
) {
    for word in words {
        let (name, default) = match word.split_once('=') {
            Some((name, default)) => {
                let plain = default.trim_matches(['"', '\'']);
                (name, Some(expand(plain, variables)))
            }
            None => (word, None),
        };
        let given = build_args.get(name).cloned().flatten();
        if let Some(value) = given.or(default) {
            variables.insert(name.to_owned(), value);
        }
    }
}

/// Fills in `$NAME`, `${NAME}` and `${NAME:-DEFAULT}`; what is not declared becomes nothing, as in the builder.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, default, next) = if let Some(braced) = after.strip_prefix('{') {
            let (inside, next) = braced.split_once('}').unwrap_or((braced, ""));
            let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
            (name, default, next)
        } else {
            let end = after
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(after.len());
            (&after[..end], "", &after[end..])
        };
        let value = variables.get(name).filter(|value| !value.is_empty());
        out.push_str(value.map_or(default, String::as_str));
        rest = next;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named() {
        let hub = Registry::docker_hub();
        let hub = hub.as_str();
        let rows: &[(&str, &[&str])] = &[
            ("", &[]),
            ("FROM scratch\nCOPY . /\n", &[]),
            ("FROM alpine\n", &[hub]),
            (
                "from --platform=linux/arm64 ghcr.io/a/b:1 as x\n",
                &["ghcr.io"],
            ),
            (
                "FROM r.io/a AS x\nFROM x\nCOPY --from=x a b\nCOPY --from=0 a b\n",
                &["r.io"],
            ),
            ("FROM r.io/a AS x\nFROM X\n", &["r.io"]),
            (
                "FROM a.io/a\nCOPY --chown=1 --from=b.io/b / /\n",
                &["a.io", "b.io"],
            ),
            ("FROM a.io/a\nCOPY x --from=b.io/b /\n", &["a.io"]),
            (
                "# FROM a.io/a\n\nFROM \\\n  # a comment\n  b.io/b\n",
                &["b.io"],
            ),
            ("# escape=`\nFROM `\nb.io/b\n", &["b.io"]),
            ("ARG R=a.io\nARG T=\"1\"\nFROM ${R}/x:$T\n", &["a.io"]),
            ("ARG GIVEN=a.io\nFROM $GIVEN/x\n", &["given.io"]),
            ("ARG NONE\nFROM ${NONE:-d.io}/x\n", &["d.io"]),
            ("FROM a.io/a\nARG R=b.io\nRUN FROM c.io/c\n", &["a.io"]),
            ("FROM $\nFROM ${\nFROM\nCOPY --from=\n", &[]),
        ];
        let given = BTreeMap::from([("GIVEN".to_owned(), Some("given.io".to_owned()))]);
        for (dockerfile, expected) in rows {
            let found = registries(dockerfile, &given);
            let found: Vec<&str> = found.iter().map(Registry::as_str).collect();
            assert_eq!(found, *expected, "{dockerfile:?}");
        }
    }
}
