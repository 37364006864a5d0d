//! Forges, registries of packages and images, and what builds.

use super::{Check, SecretKind, token};

pub(super) const GITHUB_LIST: &str = "https://docs.github.com/en/code-security/reference/secret-security/supported-secret-scanning-patterns";
const GITHUB: &str = "https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/";
const GITLAB: &str = "https://docs.gitlab.com/security/tokens/#token-prefixes";
const ATLASSIAN: &str = "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/";
const DOCKER: &str = "https://docs.docker.com/security/access-tokens/";
const SONAR: &str =
    "https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/";
const SENTRY: &str = "https://docs.sentry.io/api/auth/";

pub(super) const KINDS: &[SecretKind] = &[
    token(
        "github-personal-token",
        "a GitHub personal access token",
        GITHUB,
        &["ghp_[A-Za-z0-9]{36}"],
    )
    .check(Check::Crc),
    token(
        "github-oauth-token",
        "a GitHub OAuth token",
        GITHUB,
        &["gho_[A-Za-z0-9]{36}"],
    )
    .check(Check::Crc),
    token(
        "github-user-token",
        "a GitHub App user token",
        GITHUB,
        &["ghu_[A-Za-z0-9]{36}"],
    )
    .check(Check::Crc),
    token(
        "github-server-token",
        "a GitHub App installation token",
        GITHUB,
        &["ghs_[A-Za-z0-9]{36}"],
    ),
    token(
        "github-refresh-token",
        "a GitHub App refresh token",
        GITHUB,
        &["ghr_[A-Za-z0-9]{36,76}"],
    ),
    token(
        "github-fine-grained-token",
        "a GitHub fine-grained access token",
        GITHUB_LIST,
        &["github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"],
    ),
    token(
        "gitlab-personal-token",
        "a GitLab personal access token",
        GITLAB,
        &[
            "glpat-[A-Za-z0-9_-]{20}",
            "glpat-[A-Za-z0-9_-]{27,300}.[0-9a-z]{2}.[0-9a-z]{7}",
        ],
    ),
    token(
        "gitlab-oauth-secret",
        "a GitLab OAuth application secret",
        GITLAB,
        &["gloas-[A-Za-z0-9_-]{64}"],
    ),
    token(
        "gitlab-deploy-token",
        "a GitLab deploy token",
        GITLAB,
        &["gldt-[A-Za-z0-9_-]{20}"],
    ),
    token(
        "gitlab-runner-token",
        "a GitLab runner token",
        GITLAB,
        &[
            "glrt-[A-Za-z0-9_-]{20}",
            "glrt-[A-Za-z0-9_-]{27,300}.[0-9a-z]{2}.[0-9a-z]{7}",
            "GR1348941[A-Za-z0-9_-]{20}",
        ],
    ),
    token(
        "gitlab-trigger-token",
        "a GitLab pipeline trigger token",
        GITLAB,
        &["glptt-[A-Za-z0-9_-]{20,40}"],
    ),
    token(
        "gitlab-agent-token",
        "a GitLab agent token",
        GITLAB,
        &["glagent-[A-Za-z0-9_-]{50}"],
    ),
    token(
        "gitlab-scim-token",
        "a GitLab SCIM token",
        GITLAB,
        &["glsoat-[A-Za-z0-9_-]{20}"],
    ),
    token(
        "bitbucket-app-password",
        "a Bitbucket app password",
        "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/",
        &["ATBB[A-Za-z0-9]{24}[A-F0-9]{8}"],
    ),
    token(
        "atlassian-token",
        "an Atlassian API token",
        ATLASSIAN,
        &[
            "ATATT3[A-Za-z0-9_=-]{100,250}",
            "ATCTT3[A-Za-z0-9_=-]{100,250}",
        ],
    ),
    token(
        "npm-token",
        "an npm access token",
        "https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/",
        &["npm_[A-Za-z0-9]{36}"],
    )
    .check(Check::Crc),
    token(
        "pypi-token",
        "a PyPI token",
        "https://pypi.org/help/#apitoken",
        &[
            "pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
            "pypi-AgENdGVzdC5weXBpLm9yZ[A-Za-z0-9_-]{50,}",
        ],
    ),
    token(
        "crates-io-token",
        "a crates.io token",
        "https://crates.io/settings/tokens",
        &["cio[A-Za-z0-9]{32}"],
    ),
    token(
        "rubygems-token",
        "a RubyGems key",
        "https://guides.rubygems.org/api-key-scopes/",
        &["rubygems_[0-9a-f]{48}"],
    ),
    token(
        "nuget-key",
        "a NuGet key",
        "https://learn.microsoft.com/nuget/nuget-org/publish-a-package#create-an-api-key",
        &["oy2[a-p][a-z0-9]{42}"],
    )
    .likely(),
    token(
        "docker-hub-token",
        "a Docker Hub personal access token",
        DOCKER,
        &["dckr_pat_[A-Za-z0-9_-]{27}"],
    ),
    token(
        "docker-hub-organization-token",
        "a Docker Hub organization token",
        "https://docs.docker.com/enterprise/security/access-tokens/",
        &["dckr_oat_[A-Za-z0-9_-]{27,40}"],
    ),
    token(
        "clojars-token",
        "a Clojars deploy token",
        "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens",
        &["CLOJARS_[0-9a-f]{60}"],
    ),
    token(
        "artifactory-key",
        "an Artifactory key",
        "https://jfrog.com/help/r/jfrog-platform-administration-documentation/user-profile",
        &["AKCp[A-Za-z0-9]{69}"],
    ),
    token(
        "artifactory-reference-token",
        "an Artifactory reference token",
        "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens",
        &["cmVmdGtu[A-Za-z0-9]{56}"],
    ),
    token(
        "circleci-token",
        "a CircleCI token",
        "https://circleci.com/docs/managing-api-tokens/",
        &[
            "CCIPAT_[A-Za-z0-9]{22}_[0-9a-f]{40}",
            "CCIPRJ_[A-Za-z0-9]{22}_[0-9a-f]{40}",
        ],
    ),
    token(
        "buildkite-token",
        "a Buildkite token",
        "https://buildkite.com/docs/apis/managing-api-tokens",
        &["bkua_[0-9a-f]{40}"],
    ),
    token(
        "sonar-token",
        "a SonarQube token",
        SONAR,
        &["sqp_[0-9a-f]{40}", "squ_[0-9a-f]{40}", "sqa_[0-9a-f]{40}"],
    ),
    token(
        "sentry-token",
        "a Sentry token",
        SENTRY,
        &["sntrys_eyJ[A-Za-z0-9+/=_]{80,}", "sntryu_[0-9a-f]{64}"],
    ),
    token(
        "jwt",
        "a JSON Web Token",
        "https://www.rfc-editor.org/rfc/rfc7519",
        &[
            "eyJhbGci[A-Za-z0-9_-]{10,}.eyJ[A-Za-z0-9_-]{10,}.[A-Za-z0-9_-]{20,}",
            "eyJ0eXAi[A-Za-z0-9_-]{10,}.eyJ[A-Za-z0-9_-]{10,}.[A-Za-z0-9_-]{20,}",
            "eyJraWQi[A-Za-z0-9_-]{10,}.eyJ[A-Za-z0-9_-]{10,}.[A-Za-z0-9_-]{20,}",
        ],
    )
    .guess(),
];
