//! `--cache-from` and `--cache-to`.

use std::collections::BTreeMap;

use super::{Spec, SpecError, boolean, fields, pair};
use crate::buildkit::options::CacheEntry;
use crate::environment::Environment;
use crate::layout::Digest;
use crate::secret::Secret;

/// Attributes that are never secret, so that an error may show them.
const SHOWN: [&str; 14] = [
    "type", "ref", "mode", "src", "dest", "tag", "digest", "reset", "scope", "region", "bucket",
    "name", "prefix", "version",
];

/// Reading
impl CacheEntry {
    /// What `--cache-from` or `--cache-to` says: images, or one `type=TYPE[,KEY=VALUE…]`; nothing for an empty text.
    ///
    /// `registry`, `inline`, `gha`, `s3` and others go to the builder as they are. `local` is a directory of this machine: `src` to read
    /// from, with a `digest` or a `tag` (`latest` by default), or `dest` to write to, with a `tag`.
    ///
    /// ```
    /// use shipload_engine::CacheEntry;
    ///
    /// let caches = CacheEntry::read("type=registry,ref=team/app:cache,mode=max")?;
    /// assert_eq!(caches[0].kind, "registry");
    /// # Ok::<(), shipload_engine::SpecError>(())
    /// ```
    ///
    /// # Errors
    /// When it is none, or a directory's attributes mean nothing.
    pub fn read(text: &str) -> Result<Vec<Self>, SpecError> {
        let spec = Spec {
            option: "--cache-from or --cache-to",
            text,
            usage: "write an image, or `type=registry,ref=IMAGE`, `type=local,src=DIRECTORY` (to write `dest`), `type=inline`, `type=gha`, `type=s3,…`",
        };
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let fields = fields(text).map_err(|problem| spec.error_with("…", problem, spec.usage))?;
        if !text.contains('=') {
            return Ok(fields.iter().map(|image| Self::image(image)).collect());
        }
        let shown = fields.iter().map(|field| show(field)).collect::<Vec<_>>();
        let shown = shown.join(",");
        let error = |problem: &str| spec.error_with(&shown, problem, spec.usage);
        if let [only] = &fields[..]
            && !only.contains('=')
        {
            return Ok(vec![Self::image(only)]);
        }
        let (mut kind, mut attributes) = (String::new(), BTreeMap::new());
        for field in &fields {
            // The field itself may be a secret whose key was forgotten.
            let (key, value) = pair(field).ok_or_else(|| error("a field has no value"))?;
            match key.to_lowercase() {
                key if key == "type" => value.clone_into(&mut kind),
                key => drop(attributes.insert(key, Secret::new(value))),
            }
        }
        let entry = Self { kind, attributes };
        match &entry.kind[..] {
            "" => Err(error("it has no type")),
            "local" => match entry.problem() {
                Some(problem) => Err(error(problem)),
                None => Ok(vec![entry]),
            },
            _ => Ok(vec![entry]),
        }
    }

    /// What is wrong with a cache in a directory.
    fn problem(&self) -> Option<&'static str> {
        let is_empty = |name| self.attribute(name).is_none_or(str::is_empty);
        let given = self.attribute("digest").filter(|text| !text.is_empty());
        let reset = self.attribute("reset").map(boolean);
        if is_empty("src") && is_empty("dest") {
            Some("it names no directory, as `src` to read from or `dest` to write to")
        } else if self.attribute("tag") == Some("") {
            Some("its tag is empty")
        } else if given.is_some_and(|text| text.parse::<Digest>().is_err()) {
            Some("its digest is none")
        } else if reset.is_some_and(|reset| reset != Some(false)) {
            Some("`reset` is not supported: remove the directory before the build")
        } else {
            None
        }
    }

    /// The same with what the environment knows: addresses and tokens of GitHub's runners for `gha`, keys for `s3`; `None` for a
    /// `gha` that lacks either afterwards, which buildx leaves out as well.
    ///
    /// What is written wins. Of AWS' many places for keys only the variables are looked at.
    #[must_use]
    pub fn completed(mut self, environment: &Environment) -> Option<Self> {
        match &self.kind[..] {
            "gha" => {
                let second = match self.attributes.get("version") {
                    Some(version) => version.expose() == "2",
                    None => {
                        environment
                            .text("ACTIONS_CACHE_SERVICE_V2")
                            .and_then(boolean)
                            == Some(true)
                    }
                };
                self.add(environment, "token", &["ACTIONS_RUNTIME_TOKEN"]);
                if second {
                    self.add(environment, "url_v2", &["ACTIONS_RESULTS_URL"]);
                }
                self.add(
                    environment,
                    "url",
                    &["ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL"],
                );
                let has = |name: &str| self.attributes.get(name).is_some_and(|it| !it.is_empty());
                (has("token") && (has("url") || has("url_v2"))).then_some(self)
            }
            "s3" => {
                let is_written = |name: &str| self.attributes.contains_key(name);
                // A session's token belongs to its keys.
                if !(is_written("access_key_id") && is_written("secret_access_key")) {
                    self.add(environment, "access_key_id", &["AWS_ACCESS_KEY_ID"]);
                    self.add(environment, "secret_access_key", &["AWS_SECRET_ACCESS_KEY"]);
                    self.add(environment, "session_token", &["AWS_SESSION_TOKEN"]);
                }
                Some(self)
            }
            _ => Some(self),
        }
    }

    fn add(&mut self, environment: &Environment, name: &str, variables: &[&str]) {
        let mut values = variables.iter().filter_map(|name| environment.text(name));
        if let Some(value) = values.next() {
            self.attributes
                .entry(name.to_owned())
                .or_insert_with(|| Secret::new(value));
        }
    }
}

fn show(field: &str) -> String {
    match pair(field) {
        Some((key, _)) if SHOWN.contains(&&key.to_lowercase()[..]) => field.to_owned(),
        Some((key, _)) => format!("{key}=…"),
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(entries: Vec<CacheEntry>) -> String {
        let entry = |entry: CacheEntry| {
            let attributes = entry.attributes.iter();
            let attributes = attributes.map(|(key, value)| format!(" {key}={}", value.expose()));
            entry.kind + &attributes.collect::<String>()
        };
        entries
            .into_iter()
            .map(entry)
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[test]
    fn caches() {
        let rows = [
            ("user/app:cache", "registry ref=user/app:cache"),
            ("a,b", "registry ref=a | registry ref=b"),
            ("type=registry,ref=user/app", "registry ref=user/app"),
            ("type=inline", "inline"),
            ("type=gha,Scope=x", "gha scope=x"),
            (
                "type=s3,region=us-west-2,bucket=b",
                "s3 bucket=b region=us-west-2",
            ),
            ("\"type=registry\",\"ref=a,b\"", "registry ref=a,b"),
            ("type=local,src=a/b,tag=main", "local src=a/b tag=main"),
            (
                "type=local,dest=c,mode=max,reset=false",
                "local dest=c mode=max reset=false",
            ),
            ("", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(shown(CacheEntry::read(text).unwrap()), expected, "{text}");
        }
        let rows = [
            ("ref=a", "`ref=a`: it has no type"),
            ("type=s3,x", "`type=s3,…`: a field has no value"),
            ("type=s3,\"token=c4n4ry", "`…`: a quote is not closed"),
            ("token=c4n4ry", "`token=…`: it has no type"),
            (
                "type=s3,secret_access_key=c4n4ry,c4n4ry",
                "`type=s3,secret_access_key=…,…`: a field has no value",
            ),
            (
                "type=local,mode=max",
                "`type=local,mode=max`: it names no directory, as `src` to read from or `dest` to write to",
            ),
            (
                "type=local,src=",
                "`type=local,src=`: it names no directory, as `src` to read from or `dest` to write to",
            ),
            (
                "type=local,src=a,tag=",
                "`type=local,src=a,tag=`: its tag is empty",
            ),
            (
                "type=local,src=a,digest=sha256:../../x",
                "`type=local,src=a,digest=sha256:../../x`: its digest is none",
            ),
            (
                "type=local,dest=a,reset=true",
                "`type=local,dest=a,reset=true`: `reset` is not supported: remove the directory before the build",
            ),
        ];
        for (text, expected) in rows {
            let error = CacheEntry::read(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("cannot use --cache-from or --cache-to {expected}")
            );
            assert!(!format!("{error:?}").contains("c4n4ry"));
        }
    }

    #[test]
    fn the_environment_has_the_tokens() {
        // The first two as in buildx' `TestCacheOptions_DerivedVars`.
        let environment = Environment::empty()
            .with("ACTIONS_RUNTIME_TOKEN", "sensitive_token")
            .with("ACTIONS_CACHE_URL", "https://cache.github.com")
            .with("AWS_ACCESS_KEY_ID", "definitely_dont_look_here")
            .with("AWS_SECRET_ACCESS_KEY", "hackers_please_dont_steal")
            .with("AWS_SESSION_TOKEN", "not_a_mitm_attack");
        let second = environment
            .clone()
            .with("ACTIONS_CACHE_SERVICE_V2", "True")
            .with("ACTIONS_RESULTS_URL", "https://results");
        let results = Environment::empty()
            .with("ACTIONS_RUNTIME_TOKEN", "t")
            .with("ACTIONS_RESULTS_URL", "https://results");
        let rows = [
            (
                &environment,
                "type=gha",
                "gha token=sensitive_token url=https://cache.github.com",
            ),
            (
                &environment,
                "type=s3,region=us-west-2,bucket=my_bucket,name=my_image",
                "s3 access_key_id=definitely_dont_look_here bucket=my_bucket name=my_image region=us-west-2 \
                 secret_access_key=hackers_please_dont_steal session_token=not_a_mitm_attack",
            ),
            (
                &environment,
                "type=s3,access_key_id=a,secret_access_key=b",
                "s3 access_key_id=a secret_access_key=b",
            ),
            (&environment, "type=gha,token=t,url=u", "gha token=t url=u"),
            (
                &second,
                "type=gha",
                "gha token=sensitive_token url=https://cache.github.com url_v2=https://results",
            ),
            (
                &second,
                "type=gha,version=1,token=t",
                "gha token=t url=https://cache.github.com version=1",
            ),
            (&results, "type=gha", "gha token=t url=https://results"),
            (&results, "type=registry,ref=a", "registry ref=a"),
            (&Environment::empty(), "type=gha", ""),
            (&Environment::empty(), "type=gha,url=u", ""),
        ];
        for (environment, text, expected) in rows {
            let entries = CacheEntry::read(text).unwrap();
            assert!(!format!("{entries:?}").contains("us-west"));
            let entries = entries
                .into_iter()
                .filter_map(|entry| entry.completed(environment));
            assert_eq!(shown(entries.collect()), expected, "{text}");
        }
    }
}
