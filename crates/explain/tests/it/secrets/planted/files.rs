//! Files that are known by their names.

use shipload_testkit::random::Random;

use super::{Plant, token};

/// Kinds that are known by the names of files.
#[expect(clippy::too_many_lines, reason = "it is a table")]
pub(super) fn plant(id: &'static str, random: &mut Random) -> Option<Plant> {
    let word = token("[A-Za-z0-9]{20}", random, false);
    let hex = token("[0-9a-f]{32}", random, false);
    let w = word.as_str();
    // The path, its content, the line of the secret (0 where it is the file), and contents of innocent files of that name.
    let text = |text: String| text.into_bytes();
    let (path, content, line, twins): (&str, Vec<u8>, u64, Vec<Vec<u8>>) = match id {
        "ssh-key-file" => (
            "id_rsa",
            text(format!("SSH PRIVATE KEY FILE FORMAT 1.1\n{w}")),
            1,
            vec![text("ssh-rsa AAAA me".into())],
        ),
        "pkcs12-file" => (
            "a.p12",
            [&[0x30, 0x82, 9, 9, 2, 1, 3, 0x30][..], w.as_bytes()].concat(),
            0,
            vec![text("no".into())],
        ),
        "java-keystore" => (
            "a.jks",
            [&[0xfe, 0xed, 0xfe, 0xed][..], w.as_bytes()].concat(),
            0,
            vec![text("no".into())],
        ),
        "keepass-file" => (
            "a.kdbx",
            [&[3, 0xd9, 0xa2, 0x9a][..], w.as_bytes()].concat(),
            0,
            vec![text("no".into())],
        ),
        "der-private-key" => (
            "a.key",
            [&[0x30, 0x82, 4, 9, 2, 1, 0, 0x30][..], w.as_bytes()].concat(),
            0,
            vec![
                text("no".into()),
                [&[0x30, 0x82, 4, 9, 0x30, 0x82][..], w.as_bytes()].concat(),
            ],
        ),
        "kerberos-keytab" => (
            "a.keytab",
            [&[5, 2, 0, 0][..], w.as_bytes()].concat(),
            0,
            vec![text("no".into())],
        ),
        "gnupg-keys" => (".gnupg/secring.gpg", text(w.into()), 0, vec![Vec::new()]),
        "env-file" => (
            ".env.production",
            text(format!("# x\nPORT=3000\nNAME={w}\n")),
            2,
            vec![
                text("# PORT=3000\n".into()),
                text("NAME=\nOTHER=${X}\n".into()),
            ],
        ),
        "npmrc" => (
            ".npmrc",
            text(format!("a=b\n//registry/:_password={w}\n")),
            2,
            vec![text(
                "//registry/:_authToken=${NPM_TOKEN}\nsave-exact=true\n".into(),
            )],
        ),
        "yarnrc" => (
            ".yarnrc.yml",
            text(format!("npmAuthIdent: {w}\n")),
            1,
            vec![text("npmAuthToken: ${NPM}\nnodeLinker: pnp\n".into())],
        ),
        "pypirc" => (
            ".pypirc",
            text(format!("[pypi]\nusername = me\npassword = {}\n", &w[..7])),
            3,
            vec![text("[pypi]\nusername = me\n".into())],
        ),
        "netrc" => (
            ".netrc",
            text(format!("machine h login me password {w}\n")),
            1,
            vec![text("machine h login me\n".into())],
        ),
        "git-credentials" => (
            ".git-credentials",
            text(format!("https://me:{}@h\n", &w[..6])),
            1,
            vec![text("\n".into())],
        ),
        "docker-config" => (
            ".docker/config.json",
            text(format!(
                "{{\n\"auths\": {{ \"h\": {{\n\"auth\": \"{w}=\" }} }} }}\n"
            )),
            3,
            vec![text(
                "{ \"auths\": { \"h\": {} }, \"credsStore\": \"pass\" }\n".into(),
            )],
        ),
        "kubeconfig" => (
            ".kube/config",
            text(format!("users:\n- user:\n    client-key-data: {w}\n")),
            3,
            vec![text(
                "clusters:\n- cluster:\n    certificate-authority-data: AAAA\n".into(),
            )],
        ),
        "aws-credentials" => (
            ".aws/credentials",
            text(format!("[default]\naws_session_token = {w}\n")),
            2,
            vec![text("[default]\nregion = eu-central-1\n".into())],
        ),
        "gcloud-credentials" => (
            "gcloud/application_default_credentials.json",
            text(format!("{{ \"refresh_token\": \"{w}\" }}\n")),
            1,
            vec![text("{}\n".into())],
        ),
        "azure-credentials" => (
            ".azure/accessTokens.json",
            text("[1]".into()),
            0,
            vec![Vec::new()],
        ),
        "terraform-state" => (
            "a.tfstate",
            text("{ \"resources\": [ {\n \"attributes\": {} } ] }\n".into()),
            2,
            vec![text("{ \"version\": 4, \"resources\": [] }\n".into())],
        ),
        "terraform-variables" => (
            "prod.tfvars",
            text(format!("region = \"eu\"\ndb_password = \"{}\"\n", &w[..6])),
            2,
            vec![text("region = \"eu\"\n".into())],
        ),
        "terraform-credentials" => (
            "credentials.tfrc.json",
            text(format!(
                "{{ \"credentials\": {{ \"h\": {{ \"token\": \"{}\" }} }} }}\n",
                &w[..9]
            )),
            1,
            vec![text("{}\n".into())],
        ),
        "htpasswd" => (
            ".htpasswd",
            text(format!("me:$apr1$x${w}\n")),
            1,
            vec![text("# none\n".into())],
        ),
        "shadow" => (
            "etc/shadow",
            text(format!("root:*:1:0:::::\nme:$6$x${w}:1:0:::::\n")),
            2,
            vec![text("root:*:1:0:::::\n".into())],
        ),
        "pgpass" => (
            ".pgpass",
            text(format!("h:5432:db:me:{}\n", &w[..6])),
            1,
            vec![text("# h:5432:db:me:x\n".into())],
        ),
        "my-cnf" => (
            ".my.cnf",
            text(format!("[client]\npassword={}\n", &w[..6])),
            2,
            vec![text("[client]\nuser=me\n".into())],
        ),
        "shell-history" => (".bash_history", text("ls\n".into()), 0, vec![Vec::new()]),
        "rails-key" => (
            "config/master.key",
            text(hex),
            0,
            vec![text("no key".into())],
        ),
        "ansible-vault-password" => (".vault_pass", text(w[..6].into()), 0, vec![Vec::new()]),
        "vault-token-file" => (".vault-token", text(w[..6].into()), 0, vec![Vec::new()]),
        "maven-settings" => (
            ".m2/settings.xml",
            text(format!("<server>\n<password>{}</password>\n", &w[..7])),
            2,
            vec![text("<server>\n<password>${env.X}</password>\n".into())],
        ),
        "cargo-credentials" => (
            ".cargo/credentials.toml",
            text(format!("[registry]\ntoken = \"{}\"\n", &w[..9])),
            2,
            vec![text("[registry]\n".into())],
        ),
        "gem-credentials" => (
            ".gem/credentials",
            text(format!(":rubygems_api_key: {}\n", &w[..9])),
            1,
            vec![text("---\n".into())],
        ),
        "composer-auth" => (
            "auth.json",
            text(format!(
                "{{\n    \"http-basic\": {{\n        \"h\": {{ \"username\": \"me\", \"password\": \"{}\" }} }} }}\n",
                &w[..7]
            )),
            2,
            vec![text("{ \"http-basic\": {} }\n".into())],
        ),
        "github-cli-hosts" => (
            "gh/hosts.yml",
            text(format!("github.com:\n    oauth_token: {}\n", &w[..9])),
            2,
            vec![text("github.com:\n    user: me\n".into())],
        ),
        "nuget-config" => (
            "nuget.config",
            text("<a>\n<add key=\"ClearTextPassword\" value=\"q\" />\n".into()),
            2,
            vec![text("<configuration />\n".into())],
        ),
        "s3cfg" => (
            ".s3cfg",
            text(format!("[default]\nsecret_key = {}\n", &w[..9])),
            2,
            vec![text("[default]\nsecret_key = \n".into())],
        ),
        "browser-logins" => (
            "logins.json",
            text(format!("{{ \"encryptedPassword\": \"{w}\" }}\n")),
            1,
            vec![text("{}\n".into())],
        ),
        "wallet" => ("wallet.dat", text(w.into()), 0, vec![Vec::new()]),
        "mail-password" => (
            ".msmtprc",
            text(format!("account a\npassword {}\n", &w[..7])),
            2,
            vec![text("account a\n".into())],
        ),
        "ftp-password" => (
            "sitemanager.xml",
            text("<Server>\n<Pass encoding=\"base64\">cQ==</Pass>\n".into()),
            2,
            vec![text("<Server></Server>\n".into())],
        ),
        "snowflake-config" => (
            ".snowsql/config",
            text(format!("[connections]\npassword = {}\n", &w[..7])),
            2,
            vec![text("[connections]\n".into())],
        ),
        "streamlit-secrets" => (
            ".streamlit/secrets.toml",
            text(format!("name = \"{}\"\n", &w[..5])),
            1,
            vec![text("# none\n".into())],
        ),
        _ => return None,
    };
    let mut twins: Vec<_> = twins
        .into_iter()
        .enumerate()
        .map(|(i, twin)| (format!("{id}/{i}/{path}"), twin))
        .collect();
    let file = path.rsplit('/').next().unwrap_or(path);
    let sample = |content: String| {
        let lengths = (5..=w.len()).rev();
        lengths.fold(content, |content, n| content.replace(&w[..n], "changeme"))
    };
    if let Ok(content) = String::from_utf8(content.clone()) {
        let path = path.replace(file, &format!("{file}.example"));
        twins.push((format!("{id}/sample/{path}"), sample(content).into_bytes()));
    }
    let place = (line > 0).then_some((line, 1));
    Some(Plant {
        kind: id,
        path: format!("{id}/{path}"),
        content,
        place,
        is_name: true,
        twins,
    })
}
