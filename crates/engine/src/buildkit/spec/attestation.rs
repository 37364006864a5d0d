//! `--attest`, `--provenance` and `--sbom`.

use std::str::FromStr;

use super::{Spec, SpecError, boolean, fields, pair};

/// A statement about the image that the builder makes with it, or that it is to make none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// `provenance` or `sbom`.
    pub kind: String,
    /// Its attributes, such as `mode=max`; none where it is switched off.
    pub attributes: Option<String>,
}

/// `--attest type=provenance|sbom[,disabled=true][,KEY=VALUE…]`.
impl FromStr for Attestation {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::of("--attest", None, text)
    }
}

impl Attestation {
    /// What `--provenance` says: a boolean, or attributes such as `mode=max`.
    ///
    /// ```
    /// use shipload_engine::Attestation;
    ///
    /// assert_eq!(Attestation::provenance("false")?.attributes, None);
    /// assert_eq!(Attestation::provenance("mode=max")?.attributes.as_deref(), Some("mode=max"));
    /// # Ok::<(), shipload_engine::SpecError>(())
    /// ```
    ///
    /// # Errors
    /// When it is neither.
    pub fn provenance(text: &str) -> Result<Self, SpecError> {
        Self::of("--provenance", Some("provenance"), text)
    }

    /// What `--sbom` says: a boolean, or attributes such as `generator=IMAGE`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn sbom(text: &str) -> Result<Self, SpecError> {
        Self::of("--sbom", Some("sbom"), text)
    }

    fn of(option: &'static str, kind: Option<&str>, text: &str) -> Result<Self, SpecError> {
        let spec = Spec {
            option,
            text,
            usage: "write `true`, `false`, or attributes such as `mode=max`; for --attest, `type=provenance,mode=max`",
        };
        if let (Some(kind), Some(wanted)) = (kind, boolean(text)) {
            return Ok(Self {
                kind: kind.to_owned(),
                attributes: wanted.then(String::new),
            });
        }
        let mut kind = kind.unwrap_or_default();
        let (mut disabled, mut attributes) = (false, Vec::new());
        let fields = fields(text).map_err(|problem| spec.error(problem))?;
        for field in &fields {
            let (key, value) =
                pair(field).ok_or_else(|| spec.error(format!("`{field}` has no value")))?;
            match key.to_lowercase().trim() {
                "type" => kind = value,
                "disabled" => {
                    let value = boolean(value);
                    disabled = value.ok_or_else(|| spec.error("`disabled` is no boolean"))?;
                }
                _ => attributes.push(quoted(field)),
            }
        }
        if kind.is_empty() {
            return Err(spec.error("it has no type"));
        }
        Ok(Self {
            kind: kind.to_owned(),
            attributes: (!disabled).then(|| attributes.join(",")),
        })
    }
}

/// A field as it stands in a record.
fn quoted(field: &str) -> String {
    if field.contains([',', '"']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestations() {
        let show = |found: Result<Attestation, SpecError>| match found {
            Ok(found) => format!("{} {:?}", found.kind, found.attributes),
            Err(error) => error.problem,
        };
        let rows = [
            ("type=provenance,mode=max", "provenance Some(\"mode=max\")"),
            ("type=sbom,disabled=true", "sbom None"),
            ("type=sbom,disabled=false", "sbom Some(\"\")"),
            (
                "type=sbom,generator=scan,\"FOO=bar,baz\",Hello=World",
                "sbom Some(\"generator=scan,\\\"FOO=bar,baz\\\",Hello=World\")",
            ),
            ("mode=max", "it has no type"),
            ("type=sbom,disabled=maybe", "`disabled` is no boolean"),
            ("true", "`true` has no value"),
        ];
        for (text, expected) in rows {
            assert_eq!(show(text.parse()), expected, "{text}");
        }
        for (text, expected) in [
            ("true", "Some(\"\")"),
            ("1", "Some(\"\")"),
            ("false", "None"),
            (
                "mode=min,inline-only=true",
                "Some(\"mode=min,inline-only=true\")",
            ),
        ] {
            assert_eq!(
                show(Attestation::provenance(text)),
                format!("provenance {expected}")
            );
            assert_eq!(show(Attestation::sbom(text)), format!("sbom {expected}"));
        }
        assert_eq!(show(Attestation::sbom("yes")), "`yes` has no value");
    }
}
