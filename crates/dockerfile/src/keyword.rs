//! The words that begin an instruction.

use std::fmt;

/// What an instruction does, by its first word; case does not matter in a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Keyword {
    /// `ADD`: copies files, URLs and unpacked archives.
    Add,
    /// `ARG`: a variable of the build.
    Arg,
    /// `CMD`: the default command.
    Cmd,
    /// `COPY`: copies files.
    Copy,
    /// `ENTRYPOINT`: the command that `CMD` is handed to.
    Entrypoint,
    /// `ENV`: a variable of the image.
    Env,
    /// `EXPOSE`: ports.
    Expose,
    /// `FROM`: begins a stage.
    From,
    /// `HEALTHCHECK`: how to tell that a container works.
    Healthcheck,
    /// `LABEL`: metadata.
    Label,
    /// `MAINTAINER`: the author, obsolete.
    Maintainer,
    /// `ONBUILD`: an instruction for images that are built on this one.
    Onbuild,
    /// `RUN`: runs a command.
    Run,
    /// `SHELL`: what runs shell forms.
    Shell,
    /// `STOPSIGNAL`: the signal that stops a container.
    Stopsignal,
    /// `USER`: who runs commands.
    User,
    /// `VOLUME`: mount points.
    Volume,
    /// `WORKDIR`: the working directory.
    Workdir,
}

impl Keyword {
    /// All of them, in alphabetic order.
    pub const ALL: [Self; 18] = [
        Self::Add,
        Self::Arg,
        Self::Cmd,
        Self::Copy,
        Self::Entrypoint,
        Self::Env,
        Self::Expose,
        Self::From,
        Self::Healthcheck,
        Self::Label,
        Self::Maintainer,
        Self::Onbuild,
        Self::Run,
        Self::Shell,
        Self::Stopsignal,
        Self::User,
        Self::Volume,
        Self::Workdir,
    ];

    /// Finds the keyword in any case; `None` for a word that no frontend known here has.
    ///
    /// ```
    /// use shipload_dockerfile::Keyword;
    /// assert_eq!(Keyword::find("copy"), Some(Keyword::Copy));
    /// assert_eq!(Keyword::find("COPPY"), None);
    /// ```
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|keyword| keyword.as_str().eq_ignore_ascii_case(word))
    }

    /// The keyword in capitals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::From => "FROM",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::Onbuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::Stopsignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::Workdir => "WORKDIR",
        }
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
