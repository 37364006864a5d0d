//! What earlier instructions of a stage have set for later ones: variables, shell, directory, user.

/// The settings at one place of a stage.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) shell: Vec<String>,
    /// As it was made of the `WORKDIR`s; not cleaned where one was absolute, as `BuildKit` does.
    pub(super) directory: String,
    pub(super) user: String,
    /// What its first stage is built for; it counts for `RUN`, whatever it is built on.
    pub(super) platform: String,
    /// `BuildKit`'s variables, each where it was last set.
    pub(super) variables: Variables,
    /// Those of `ENV`, each where it was first set.
    pub(super) image: Variables,
}

/// Variables in an order.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(Vec<(String, String)>);

impl Variables {
    /// Sets a variable and moves it to the end; what it costs.
    pub(super) fn move_to_end(&mut self, name: &str, value: &str) -> usize {
        let cost = self.0.len();
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), value.to_owned()));
        cost
    }

    /// Sets a variable in its place; what it costs.
    pub(super) fn set(&mut self, name: &str, value: &str) -> usize {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Settings {
    /// Those of an image that has these variables.
    pub(super) fn of_image(environment: &[(String, String)]) -> Self {
        let variables = Variables(environment.to_vec());
        Self {
            shell: vec!["/bin/sh".to_owned(), "-c".to_owned()],
            directory: "/".to_owned(),
            user: String::new(),
            platform: String::new(),
            image: variables.clone(),
            variables,
        }
    }

    /// Those at the start of a stage that is built on one that ended with these: what the image has is set anew.
    pub(super) fn inherited(&self) -> Self {
        let mut settings = self.clone();
        for (name, value) in self.image.iter() {
            settings.variables.move_to_end(name, value);
        }
        settings
    }

    /// Goes to a directory; an absolute one is kept as it is written.
    pub(super) fn enter(&mut self, directory: &str) {
        self.directory = if directory.starts_with('/') {
            directory.to_owned()
        } else {
            clean(&format!("{}/{directory}", self.directory))
        };
    }

    /// Where a path leads from here, cleaned.
    pub(super) fn path(&self, path: &str) -> String {
        if path.starts_with('/') {
            clean(path)
        } else {
            clean(&format!("{}/{path}", self.directory))
        }
    }
}

/// An absolute path without `.`, `..` and what is doubled.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
