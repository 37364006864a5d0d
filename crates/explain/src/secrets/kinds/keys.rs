//! Private keys of all kinds.

use super::super::keys::{self, encrypted, openssh, pgp, pkcs8, putty, ssh2};
use super::{Check, SecretKind, looked, token};

const PEM: &str = "https://www.rfc-editor.org/rfc/rfc7468";
const OPENSSH: &str = "https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key";

pub(super) const KINDS: &[SecretKind] = &[
    looked(
        "private-key",
        "a private key (PKCS #8)",
        PEM,
        &["-----BEGIN PRIVATE KEY-----, then base64"],
        &["-----BEGIN PRIV"],
        pkcs8,
    ),
    looked(
        "encrypted-private-key",
        "an encrypted private key (PKCS #8)",
        PEM,
        &["-----BEGIN ENCRYPTED PRIVATE KEY-----, then base64"],
        &["-----BEGIN ENCR"],
        encrypted,
    )
    .likely(),
    looked(
        "rsa-private-key",
        "an RSA private key",
        "https://www.rfc-editor.org/rfc/rfc8017",
        &["-----BEGIN RSA PRIVATE KEY-----, then base64"],
        &["-----BEGIN RSA "],
        keys::rsa,
    ),
    looked(
        "ec-private-key",
        "an elliptic curve private key",
        "https://www.rfc-editor.org/rfc/rfc5915",
        &["-----BEGIN EC PRIVATE KEY-----, then base64"],
        &["-----BEGIN EC P"],
        keys::ec,
    ),
    looked(
        "dsa-private-key",
        "a DSA private key",
        "https://docs.openssl.org/3.0/man1/openssl-dsa/",
        &["-----BEGIN DSA PRIVATE KEY-----, then base64"],
        &["-----BEGIN DSA "],
        keys::dsa,
    ),
    looked(
        "openssh-private-key",
        "an OpenSSH private key",
        OPENSSH,
        &["-----BEGIN OPENSSH PRIVATE KEY-----, then base64"],
        &["-----BEGIN OPENSSH "],
        openssh,
    ),
    looked(
        "ssh2-private-key",
        "an SSH2 private key",
        "https://www.rfc-editor.org/rfc/rfc4716",
        &["---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----, then base64"],
        &["---- BEGIN SSH2 ENC"],
        ssh2,
    ),
    looked(
        "pgp-private-key",
        "a PGP private key",
        "https://www.rfc-editor.org/rfc/rfc9580#section-6.2",
        &["-----BEGIN PGP PRIVATE KEY BLOCK-----, then base64"],
        &["-----BEGIN PGP PRIV"],
        pgp,
    ),
    looked(
        "putty-private-key",
        "a PuTTY private key",
        "https://tartarus.org/~simon/putty-snapshots/htmldoc/AppendixC.html",
        &["PuTTY-User-Key-File-2: or -3:, then Private-Lines:"],
        &["PuTTY-User-Key-File-"],
        putty,
    ),
    token(
        "age-secret-key",
        "an age secret key",
        "https://age-encryption.org/v1",
        &["AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}"],
    )
    .check(Check::Bech32),
    token(
        "age-plugin-identity",
        "an age secret key with a post-quantum half",
        "https://age-encryption.org/v1",
        &["AGE-SECRET-KEY-PQ-1[02-9AC-HJ-NP-Z]{58}"],
    )
    .check(Check::Bech32),
    looked(
        "wireguard-private-key",
        "a WireGuard private key",
        "https://www.man7.org/linux/man-pages/man8/wg.8.html",
        &["PrivateKey = [A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="],
        &["PrivateKey"],
        keys::wireguard,
    ),
    looked(
        "jwk-private-key",
        "a private key in JSON (JWK)",
        "https://www.rfc-editor.org/rfc/rfc7517",
        &["{\"kty\": …, \"d\": [A-Za-z0-9_-]{40,}}"],
        &["\"kty\""],
        keys::jwk,
    ),
    looked(
        "minisign-secret-key",
        "a minisign or signify secret key",
        "https://jedisct1.github.io/minisign/",
        &["untrusted comment: … secret key, then base64"],
        &["untrusted comment:"],
        keys::minisign,
    )
    .likely(),
    looked(
        "tor-hidden-service-key",
        "the key of a Tor onion service",
        "https://spec.torproject.org/rend-spec/",
        &["== ed25519v1-secret: type0 ==, then three NUL and 64 bytes"],
        &["== ed25519v1-secret: type0 =="],
        keys::tor,
    ),
    token(
        "nostr-secret-key",
        "a Nostr secret key",
        "https://github.com/nostr-protocol/nips/blob/master/19.md",
        &["nsec1[02-9ac-hj-np-z]{58}"],
    )
    .check(Check::Bech32),
];
