//! What a builder reads, found out by taking one entry after the other away.

use std::collections::BTreeSet;
use std::io;

use super::builders::Cache;
use super::{Answer, Builders, Case, Column, Outcome, is_rules, without};

/// What `column` reads of the case's tree.
///
/// Steps may come from the builder's cache, whose keys are what it read. Times do not count, see
/// [`crate::image::Image`]; so a directory that something else stands in is read only if its mode gets into the image.
///
/// # Errors
/// When the builder cannot be asked.
pub fn observe(builders: &Builders, column: Column, case: &Case) -> io::Result<Answer> {
    let whole = builders.build(column, case, &case.tree, Cache::Used)?;
    let Outcome::Built { id: whole_id, .. } = &whole else {
        return Ok(Answer::Fails);
    };
    let whole_image = builders.image(column, &whole)?;
    let mut reads = BTreeSet::new();
    for path in case.tree.entries.keys() {
        if is_rules(path) {
            continue;
        }
        let mut tree = case.tree.clone();
        without(&mut tree, path);
        if tree == case.tree {
            continue;
        }
        let less = builders.build(column, case, &tree, Cache::Used)?;
        let is_same = match &less {
            Outcome::Built { id, .. } if id == whole_id => true,
            _ => builders.image(column, &less)? == whole_image,
        };
        if !is_same {
            reads.insert(path.clone());
        }
    }
    Ok(Answer::Reads(reads))
}
