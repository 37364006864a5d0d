//! Secrets that are recognised by what stands around them.

use shipload_testkit::random::Random;

use super::{Plant, token};

const BASE64: &str = "[A-Za-z0-9+/]";

fn base64(random: &mut Random, length: usize) -> String {
    token(&format!("{BASE64}{{{length}}}"), random, false)
}

/// Lines of base 64, as a key has them.
fn body(random: &mut Random, end: &str) -> String {
    let lines: Vec<_> = (0..6).map(|_| base64(random, 64)).collect();
    lines.join(end)
}

/// Kinds that are recognised by what stands around them: their text, the place in it, and innocent texts.
#[expect(clippy::too_many_lines, reason = "it is a table")]
pub(super) fn plant(id: &'static str, random: &mut Random) -> Option<Plant> {
    let pem = |label: &str, head: &str, random: &mut Random| {
        let dashes = "-----";
        let make = |body: &str| {
            format!(
                "# a key\n{dashes}BEGIN {label}{dashes}\n{head}{body}\n{dashes}END {label}{dashes}\n"
            )
        };
        let twins = vec![
            make("MII..."),
            make(&"A".repeat(64)),
            make("base64 of the key goes here, which is not shown in manuals"),
            format!("if text.contains(\"{dashes}BEGIN {label}{dashes}\") {{ private() }}\n"),
            format!(
                "{dashes}BEGIN PUBLIC KEY{dashes}\n{}\n{dashes}END PUBLIC KEY{dashes}\n",
                body(random, "\n")
            ),
        ];
        (make(&body(random, "\n")), (2, 1), twins)
    };
    let (text, place, twins): (String, (u64, u64), Vec<String>) = match id {
        "private-key" => pem("PRIVATE KEY", "", random),
        "encrypted-private-key" => pem("ENCRYPTED PRIVATE KEY", "", random),
        "rsa-private-key" => pem(
            "RSA PRIVATE KEY",
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
            random,
        ),
        "ec-private-key" => pem("EC PRIVATE KEY", "", random),
        "dsa-private-key" => pem("DSA PRIVATE KEY", "", random),
        "openssh-private-key" => pem("OPENSSH PRIVATE KEY", "", random),
        "pgp-private-key" => pem("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2\n\n", random),
        "ssh2-private-key" => {
            let make = |body: &str| {
                format!(
                    "\n---- {} SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"me\"\n{body}\n---- END SSH2\n",
                    "BEGIN"
                )
            };
            (make(&body(random, "\n")), (2, 1), vec![make("...")])
        }
        "putty-private-key" => {
            let make = |lines: &str| {
                format!(
                    "PuTTY-User-Key-File-{}: ssh-ed25519\nEncryption: none\nPublic-Lines: 2\nAAAA\n{lines}\n",
                    3
                )
            };
            let key = base64(random, 48);
            (
                make(&format!("{}-Lines: 1\n{key}", "Private")),
                (1, 1),
                vec![make("no more")],
            )
        }
        "wireguard-private-key" => {
            let make = |key: &str| format!("[Interface]\n{}Key = {key}\n", "Private");
            (
                make(&format!("{}8=", base64(random, 42))),
                (2, 14),
                vec![
                    make("<yours>"),
                    format!("PublicKey = {}8=\n", base64(random, 42)),
                ],
            )
        }
        "jwk-private-key" => {
            let number = token("[A-Za-z0-9_-]{43}", random, false);
            let make = |d: &str| {
                format!("{{\n \"kty\": \"EC\", \"crv\": \"P-256\",\n \"x\": \"{number}\"{d}\n}}\n")
            };
            let key = token("[A-Za-z0-9_-]{43}", random, false);
            (
                make(&format!(",\n \"d\": \"{key}\"")),
                (4, 7),
                vec![make("")],
            )
        }
        "tor-hidden-service-key" => {
            let make = |what: &str, key: &str| format!("== ed25519v1-{what}: type0 =={key}");
            let key = format!("\0\0\0{}", base64(random, 64));
            (
                make("secret", &key),
                (1, 1),
                vec![
                    make("public", &key),
                    make("secret", "\n"),
                    make("secret", &key[..40]),
                ],
            )
        }
        "minisign-secret-key" => {
            let make = |what: &str, key: &str| {
                format!("untrusted comment: minisign encrypted {what} key\nRW{key}\n")
            };
            let key = base64(random, 200);
            (
                make("secret", &key),
                (1, 1),
                vec![make("public", &key[..54]), make("secret", "...")],
            )
        }
        "aws-access-key" => {
            let make =
                |id: &str, secret: &str| format!("[default]\naws_access_key_id = {id}\n{secret}\n");
            let id = token("AKIA[A-Z2-7]{16}", random, false);
            let secret = format!("other = {}", token("[A-Za-z0-9/+]{40}", random, false));
            let example = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
            (
                make(&id, &secret),
                (2, 21),
                vec![
                    make(&id, "alone"),
                    make(&example, "x = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                ],
            )
        }
        "aws-secret-key" => {
            let make = |secret: &str| format!("x\n  aws_secret_access_key: {secret}\n");
            (
                make(&token("[A-Za-z0-9/+]{40}", random, false)),
                (2, 26),
                vec![
                    make("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                    make("${AWS_SECRET_ACCESS_KEY}"),
                ],
            )
        }
        "gcp-service-account" => {
            let make = |key: &str| {
                format!(
                    "{{\n  \"type\": \"{}_account\",\n  \"private_key_id\": \"1\",\n  \"private_key\": \"{key}\"\n}}\n",
                    "service"
                )
            };
            let key = format!(
                "-----{} PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n",
                "BEGIN",
                body(random, "\\n")
            );
            (
                make(&key),
                (4, 3),
                vec![make("-----BEGIN PRIVATE KEY-----\\n...\\n"), make("")],
            )
        }
        "database-url" => {
            let make = |password: &str| {
                format!("x\nurl: postgres://shop:{password}@db.internal:5432/shop\n")
            };
            (
                make("Vk8qz2Lw"),
                (2, 22),
                vec![
                    make("password"),
                    make("${PASSWORD}"),
                    make("shop"),
                    "redis://localhost:6379\n".into(),
                    "postgres://a:Vk8qz2Lw@localhost/b".into(),
                ],
            )
        }
        "url-password" => {
            let make =
                |password: &str| format!("x\nproxy = https://deploy:{password}@proxy.internal/\n");
            let password = token("[A-Za-z0-9]{20}", random, false);
            (
                make(&password),
                (2, 24),
                vec![
                    make("secret"),
                    make("%s"),
                    "https://example.com:8080/a@b".into(),
                ],
            )
        }
        "random-secret" => {
            let make = |value: &str| format!("x\nDB_PASSWORD=\"{value}\"\n");
            let value = token("[A-Za-z0-9]{24}", random, false);
            let twins = [
                "changeme",
                "xxxxxxxxxxxxxxxx",
                "<password>",
                "${DB_PASSWORD}",
                "8f14e45f-ceea-467f-a8f3-1d4c8a7b9e10",
                "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            ];
            let mut twins: Vec<_> = twins.iter().map(|value| make(value)).collect();
            twins.push(format!(
                "commit = \"{value}\"\nnext_page_token = \"{value}\"\ntoken_type = \"{value}\"\n"
            ));
            (make(&value), (2, 14), twins)
        }
        _ => return None,
    };
    let twins = twins
        .into_iter()
        .enumerate()
        .map(|(i, twin)| (format!("{id}/twin-{i}"), twin.into_bytes()));
    Some(Plant {
        kind: id,
        path: format!("{id}/secret"),
        content: text.into_bytes(),
        place: Some(place),
        is_name: false,
        twins: twins.collect(),
    })
}
