//! Ignore files for trees that have none: a few lines as projects have them, and many.
//!
//! They exclude next to nothing, so that a listing under them holds what a bare walk meets.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::random::Random;
use super::text::Vocabulary;

/// What projects exclude, and the file that is asked about.
const FEW: &str = "\
.git
node_modules
**/*.log
target
**/__pycache__
.env*
!.env.example
d050/f500.txt
";

/// The two rule files.
#[derive(Debug)]
pub(super) struct RuleFiles {
    /// 8 rules.
    pub(super) few: PathBuf,
    /// 200 rules, most with `**`, every tenth with `!`.
    pub(super) many: PathBuf,
}

impl RuleFiles {
    /// A path that the few rules exclude, whether it is there or not.
    pub(super) const EXCLUDED: &str = "d050/f500.txt";

    /// Writes both into `folder`.
    pub(super) fn write(folder: &Path) -> io::Result<Self> {
        let files = Self {
            few: folder.join("few.dockerignore"),
            many: folder.join("many.dockerignore"),
        };
        fs::write(&files.few, FEW)?;
        fs::write(&files.many, many())?;
        Ok(files)
    }
}

fn many() -> String {
    let mut random = Random::new(1, "rules");
    let vocabulary = Vocabulary::new(&mut random);
    let rule = |number: u32| {
        let name = vocabulary.name(&mut random);
        match number % 10 {
            0 | 1 => format!("**/{name}-{number}\n"),
            2 | 3 => format!("**/*.{name}{number}\n"),
            4 => format!("**/{name}-{number}/**\n"),
            5 => format!("**/{name}*{number}.txt\n"),
            6 => format!("{name}-{number}/**/*.txt\n"),
            7 => format!("d0?{}/**/{name}_*.tmp\n", number % 7),
            8 => format!("/{name}/{number}\n"),
            _ => format!("!**/{name}-{number}.txt\n"),
        }
    };
    (0..200).map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_many_rules_each_once() {
        let text = many();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 200);
        assert!(FEW.lines().any(|line| line == RuleFiles::EXCLUDED));
    }
}
