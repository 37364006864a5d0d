//! Text in the Dockerfile's own language: instructions word by word, comments, and raw text.

use super::error::What as _;
use super::stage;
use super::{BuilderError, DockerfileBuilder, Mode, Written};
use crate::keyword::Keyword;
use crate::quote::{self, EncodeProblem};

/// # Text
impl DockerfileBuilder {
    /// Writes an instruction whose arguments are already in the Dockerfile's own language, joined by spaces and not quoted.
    ///
    /// They stay one instruction: what would end it, continue it, or begin a heredoc is refused.
    ///
    /// ```
    /// use shipload_dockerfile::DockerfileBuilder;
    ///
    /// let mut file = DockerfileBuilder::new("scratch")?;
    /// file.prefix("ENV", ["A=1", "B=\"2 3\""])?.prefix("FUTURE", [])?;
    /// assert_eq!(file.text(), "FROM scratch\nENV A=1 B=\"2 3\"\nFUTURE\n");
    /// assert!(file.prefix("RUN", ["true\nUSER root"]).is_err());
    /// # Ok::<(), shipload_dockerfile::BuilderError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuilderError`].
    pub fn prefix<'a>(
        &mut self,
        instruction: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Written<'_> {
        self.open()?;
        let letters = quote::only(instruction, |c| c.is_ascii_alphabetic());
        letters.what(|| format!("the instruction `{instruction}`"))?;
        let arguments: Vec<_> = arguments.into_iter().collect();
        let joined = arguments.join(" ");
        let what = || format!("the arguments of `{instruction}`");
        if !joined.is_empty() {
            quote::verbatim(&joined, self.escape).what(what)?;
        }
        quote::one_instruction(&format!("{instruction} {joined}"), self.escape).what(what)?;
        match Keyword::find(instruction) {
            Some(Keyword::From) => {
                self.not_in_onbuild(Keyword::From)?;
                self.leave_stage()?;
            }
            Some(keyword @ (Keyword::Maintainer | Keyword::Onbuild)) => {
                self.not_in_onbuild(keyword)?;
            }
            _ => {}
        }
        self.push_text(instruction, &joined)
    }

    /// Writes an instruction for each line, as [`prefix`](Self::prefix); a line without arguments is a blank line.
    ///
    /// # Errors
    /// As [`prefix`](Self::prefix). The lines before the one that fails are not written either.
    pub fn prefix_all<'l>(
        &mut self,
        instruction: &str,
        lines: impl IntoIterator<Item = &'l [&'l str]>,
    ) -> Written<'_> {
        let mode = self.mode;
        self.within(mode, |file| {
            for arguments in lines {
                match arguments {
                    [] | [""] => file.blank()?,
                    arguments => file.prefix(instruction, arguments.iter().copied())?,
                };
            }
            Ok(())
        })
    }

    /// Writes a comment, each line of it with its own `#`. None of them becomes a parser directive.
    ///
    /// # Errors
    /// [`BuilderError`]: no NUL, and no line beyond 60,000 bytes.
    pub fn comment(&mut self, text: &str) -> Written<'_> {
        self.open()?;
        let lines = stage::comment(text)?;
        self.write_line_start(&lines)
    }

    /// Writes an empty line.
    ///
    /// # Errors
    /// [`BuilderError::Finalized`].
    pub fn blank(&mut self) -> Written<'_> {
        self.write_line_start("\n")
    }

    /// Writes text as it is, with no line end. **What it means is the caller's care**: it may be anything, also half an
    /// instruction, a heredoc or several stages. The instruction that is written next begins on a line of its own.
    ///
    /// # Errors
    /// [`BuilderError::Finalized`].
    pub fn write(&mut self, text: &str) -> Written<'_> {
        self.open()?;
        if self.mode == Mode::Onbuild {
            return Err(BuilderError::encode(
                "raw text",
                EncodeProblem::NotInOnbuild,
            ));
        }
        self.text.push_str(text);
        Ok(self)
    }

    /// Writes text as it is, as [`write`](Self::write), and a line end.
    ///
    /// # Errors
    /// [`BuilderError::Finalized`].
    pub fn writeline(&mut self, line: &str) -> Written<'_> {
        self.write(line)?.write("\n")
    }

    /// Writes lines as they are, as [`writeline`](Self::writeline).
    ///
    /// # Errors
    /// [`BuilderError::Finalized`].
    pub fn writelines<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) -> Written<'_> {
        self.open()?;
        for line in lines {
            self.writeline(line)?;
        }
        Ok(self)
    }
}
