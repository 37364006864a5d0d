//! Says what is in the image that it runs in, then shows the page.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let page = env::args()
        .nth(1)
        .unwrap_or_else(|| "/page/index.html".to_owned());
    println!("Hello from an image that holds:");
    list(Path::new("/"))?;
    println!("\nIts page says:");
    for line in fs::read_to_string(page)?.lines() {
        let text = without_tags(line);
        if !text.trim().is_empty() {
            println!("  {}", text.trim());
        }
    }
    Ok(())
}

/// Lists regular files; what the container runtime put there is on other file systems or empty.
fn list(dir: &Path) -> io::Result<()> {
    let mut paths: Vec<_> = fs::read_dir(dir)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    for path in paths {
        let meta = fs::symlink_metadata(&path)?;
        let runtime = ["/dev", "/etc", "/proc", "/sys"]
            .iter()
            .any(|dir| path.starts_with(dir));
        if meta.is_dir() && !runtime {
            list(&path)?;
        } else if meta.is_file() && meta.len() > 0 {
            println!("  {:>9} bytes  {}", meta.len(), path.display());
        }
    }
    Ok(())
}

fn without_tags(line: &str) -> String {
    let mut inside = false;
    line.chars()
        .filter(|&c| {
            inside = (inside || c == '<') && c != '>';
            !inside && c != '>'
        })
        .collect()
}
