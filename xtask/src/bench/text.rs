//! Text as source trees hold it: it compresses about as well as real code does (gzip to a fifth), and never repeats itself
//! over long distances, which would flatter codecs with large windows.

use super::random::Random;

/// Lines of a made-up language; `@` is a name, `#` a number.
const LINES: &[&str] = &[
    "    let @ = @.@(@, #);\n",
    "    if @.@() == # {\n",
    "        return Err(@::@(@));\n",
    "    }\n\n",
    "    // The @ of a @ is @ when @ is not, see @.\n",
    "fn @(@: &@, @: usize) -> Result<@, @> {\n",
    "}\n\n",
    "    for @ in @.iter().filter(|@| @.@ > #) {\n",
    "    @.@ = @ + #;\n",
    "/// Returns the @ with its @, or the @ that @ @.\n",
    "use @::@::{@, @};\n",
    "    assert_eq!(@.@(#), \"@ @\");\n",
];

const SYLLABLES: &[&str] = &[
    "ad", "be", "cor", "du", "el", "fi", "gra", "ho", "in", "ju", "ka", "lo", "ma", "ne", "or",
    "pre", "qui", "re", "sta", "ti", "un", "ver", "wa", "ex", "yo", "zen",
];

/// The names that the text is made of.
#[derive(Debug)]
pub(super) struct Vocabulary(Vec<String>);

impl Vocabulary {
    pub(super) fn new(random: &mut Random) -> Self {
        let name = |random: &mut Random| {
            let syllables = 1 + random.below(3);
            let mut name: String = (0..=syllables).map(|_| *random.pick(SYLLABLES)).collect();
            if random.below(3) == 0 {
                name.push('_');
                name.push_str(random.pick::<&str>(SYLLABLES));
            }
            name
        };
        Self((0..4_000).map(|_| name(random)).collect())
    }

    pub(super) fn name(&self, random: &mut Random) -> &str {
        random.pick::<String>(&self.0)
    }

    /// Appends `length` bytes of text. A call is one file: it keeps to a few names, as files do.
    pub(super) fn write(&self, random: &mut Random, length: usize, out: &mut Vec<u8>) {
        let own: Vec<_> = (0..60).map(|_| self.name(random)).collect();
        let end = out.len() + length;
        while out.len() < end {
            for byte in random.pick(LINES).bytes() {
                match byte {
                    b'@' if random.below(8) == 0 => {
                        out.extend_from_slice(self.name(random).as_bytes());
                    }
                    b'@' => out.extend_from_slice(random.pick(&own).as_bytes()),
                    b'#' => out.extend_from_slice(random.below(1000).to_string().as_bytes()),
                    other => out.push(other),
                }
            }
        }
        out.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn it_compresses_as_code_does() {
        let mut random = Random::new(1, "test");
        let vocabulary = Vocabulary::new(&mut random);
        let mut text = Vec::new();
        for _ in 0..100 {
            vocabulary.write(&mut random, 8_000, &mut text);
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        gzip.write_all(&text).unwrap();
        let percent = gzip.finish().unwrap().len() * 100 / text.len();
        assert!((15..30).contains(&percent), "{percent} %");
    }
}
