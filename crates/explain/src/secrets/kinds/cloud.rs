//! Clouds, their databases, and what deploys to them.

use super::super::keys;
use super::{SecretKind, looked, token};

const GITHUB: &str = super::code::GITHUB_LIST;
const AWS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids";
const DIGITAL_OCEAN: &str =
    "https://docs.digitalocean.com/reference/api/create-personal-access-token/";
const PLANETSCALE: &str = "https://planetscale.com/docs/concepts/service-tokens";
const VAULT: &str = "https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes";
const DOPPLER: &str = "https://docs.doppler.com/reference/auth-token-formats";

pub(super) const KINDS: &[SecretKind] = &[
    looked(
        "aws-access-key",
        "an AWS access key with its secret",
        AWS,
        &["(AKIA|ASIA)[A-Z2-7]{16}, and [A-Za-z0-9/+]{40} nearby"],
        &["AKIA", "ASIA"],
        keys::aws_pair,
    ),
    looked(
        "aws-secret-key",
        "an AWS secret access key",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
        &["aws_secret_access_key = [A-Za-z0-9/+]{40}"],
        &["ecret_access_key", "ECRET_ACCESS_KEY", "ecretAccessKey"],
        keys::aws_secret,
    ),
    token(
        "aws-session-token",
        "an AWS session token",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html",
        &[
            "IQoJb3JpZ2luX2Vj[A-Za-z0-9+/=]{100,}",
            "FwoGZXIvYXdz[A-Za-z0-9+/=]{100,}",
        ],
    ),
    token(
        "aws-bedrock-key",
        "an Amazon Bedrock API key",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
        &["ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/=]{80,}"],
    ),
    token(
        "amazon-mws-token",
        "an Amazon Marketplace token",
        GITHUB,
        &["amzn.mws.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"],
    ),
    token(
        "gcp-api-key",
        "a Google API key",
        "https://cloud.google.com/docs/authentication/api-keys",
        &["AIzaSy[A-Za-z0-9_-]{33}"],
    )
    .likely(),
    looked(
        "gcp-service-account",
        "the key of a Google service account",
        "https://cloud.google.com/iam/docs/keys-create-delete",
        &["{\"type\": \"service_account\", \"private_key\": …}"],
        &["service_account"],
        keys::service_account,
    ),
    token(
        "gcp-oauth-secret",
        "a Google OAuth client secret",
        "https://developers.google.com/identity/protocols/oauth2",
        &["GOCSPX-[A-Za-z0-9_-]{28}"],
    ),
    token(
        "gcp-access-token",
        "a Google access token",
        "https://developers.google.com/identity/protocols/oauth2",
        &["ya29.[A-Za-z0-9_-]{60,}", "ya29.[a-z].[A-Za-z0-9_-]{60,}"],
    ),
    token(
        "gcp-refresh-token",
        "a Google refresh token",
        "https://developers.google.com/identity/protocols/oauth2",
        &["1//0[A-Za-z0-9_-]{50,}"],
    )
    .likely(),
    token(
        "azure-storage-key",
        "the key of an Azure storage account",
        "https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string",
        &["AccountKey=[A-Za-z0-9+/]{86}=="],
    ),
    token(
        "azure-shared-access-key",
        "an Azure shared access key",
        "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas",
        &["SharedAccessKey=[A-Za-z0-9+/]{43}="],
    ),
    token(
        "azure-sas",
        "an Azure shared access signature",
        "https://learn.microsoft.com/rest/api/storageservices/create-service-sas",
        &[
            "[?&]sig=[A-Za-z0-9%+/]{43,60}%3D",
            "[?&]sig=[A-Za-z0-9+/]{43}=",
        ],
    )
    .likely(),
    token(
        "azure-client-secret",
        "the secret of an Azure application",
        GITHUB,
        &[
            "[A-Za-z0-9_~.-]{3}7Q~[A-Za-z0-9_~.-]{31,34}",
            "[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}",
        ],
    ),
    token(
        "azure-devops-token",
        "an Azure DevOps personal access token",
        "https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate",
        &["[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"],
    ),
    token(
        "azure-function-key",
        "the key of an Azure function",
        "https://learn.microsoft.com/azure/azure-functions/function-keys-how-to",
        &["[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{4}[A-Za-z0-9_=-]{1,4}"],
    ),
    token(
        "azure-cosmos-key",
        "the key of an Azure Cosmos DB account",
        GITHUB,
        &["[A-Za-z0-9+/]{76}ACDb[A-Za-z0-9+/]{4,6}=="],
    ),
    token(
        "azure-container-registry-key",
        "the key of an Azure container registry",
        GITHUB,
        &["[A-Za-z0-9+/]{42}+ACR[A-Za-z0-9+/]{6}"],
    ),
    token(
        "digitalocean-token",
        "a DigitalOcean personal access token",
        DIGITAL_OCEAN,
        &["dop_v1_[0-9a-f]{64}"],
    ),
    token(
        "digitalocean-oauth-token",
        "a DigitalOcean OAuth token",
        "https://docs.digitalocean.com/reference/api/oauth/",
        &["doo_v1_[0-9a-f]{64}", "dor_v1_[0-9a-f]{64}"],
    ),
    token(
        "heroku-key",
        "a Heroku API key",
        "https://devcenter.heroku.com/articles/oauth#token-format",
        &[
            "HRKU-AA[A-Za-z0-9_-]{58}",
            "HRKU-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        ],
    ),
    token(
        "alibaba-access-key",
        "an Alibaba Cloud access key id",
        "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair",
        &["LTAI[A-Za-z0-9]{20}"],
    )
    .likely(),
    token(
        "tencent-secret-id",
        "a Tencent Cloud secret id",
        "https://www.tencentcloud.com/document/product/598/32675",
        &["AKID[A-Za-z0-9]{32}"],
    )
    .likely(),
    token(
        "yandex-api-key",
        "a Yandex Cloud API key",
        "https://yandex.cloud/en/docs/iam/concepts/authorization/api-key",
        &["AQVN[A-Za-z0-9_-]{35,36}"],
    )
    .likely(),
    token(
        "fly-token",
        "a Fly.io token",
        "https://fly.io/docs/security/tokens/",
        &[
            "fo1_[A-Za-z0-9_-]{43}",
            "fm1r_[A-Za-z0-9+/=]{100,}",
            "fm2_[A-Za-z0-9+/=]{100,}",
        ],
    ),
    token(
        "netlify-token",
        "a Netlify access token",
        "https://docs.netlify.com/api/get-started/",
        &["nfp_[A-Za-z0-9]{36,40}"],
    ),
    token(
        "render-key",
        "a Render API key",
        "https://render.com/docs/api",
        &["rnd_[A-Za-z0-9]{28,34}"],
    )
    .likely(),
    token(
        "supabase-key",
        "a Supabase secret key",
        "https://supabase.com/docs/guides/api/api-keys",
        &["sbp_[0-9a-f]{40}", "sb_secret_[A-Za-z0-9_-]{31,36}"],
    ),
    token(
        "cloudflare-origin-key",
        "a Cloudflare Origin CA key",
        "https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/",
        &["v1.0-[0-9a-f]{24}-[0-9a-f]{146}"],
    ),
    token(
        "planetscale-token",
        "a PlanetScale token",
        PLANETSCALE,
        &[
            "pscale_tkn_[A-Za-z0-9_.=-]{32,64}",
            "pscale_oauth_[A-Za-z0-9_.=-]{32,64}",
        ],
    ),
    token(
        "planetscale-password",
        "a PlanetScale password",
        PLANETSCALE,
        &["pscale_pw_[A-Za-z0-9_.=-]{32,64}"],
    ),
    token(
        "neon-key",
        "a Neon API key",
        "https://neon.com/docs/manage/api-keys",
        &["napi_[a-z0-9]{40,80}"],
    ),
    token(
        "mongodb-atlas-secret",
        "a MongoDB Atlas service account secret",
        "https://www.mongodb.com/docs/atlas/api/service-accounts-overview/",
        &["mdb_sa_sk_[A-Za-z0-9_-]{40}"],
    ),
    token(
        "databricks-token",
        "a Databricks token",
        "https://docs.databricks.com/en/dev-tools/auth/pat.html",
        &["dapi[0-9a-f]{32}", "dapi[0-9a-f]{32}-[0-9]"],
    ),
    token(
        "vault-service-token",
        "a Vault service token",
        VAULT,
        &["hvs.[A-Za-z0-9_-]{90,120}", "hvs.[A-Za-z0-9_-]{24}"],
    ),
    token(
        "vault-batch-token",
        "a Vault batch token",
        VAULT,
        &["hvb.[A-Za-z0-9_-]{130,300}"],
    ),
    token(
        "terraform-cloud-token",
        "an HCP Terraform token",
        "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens",
        &["[A-Za-z0-9]{14}.atlasv1.[A-Za-z0-9_=-]{60,70}"],
    ),
    token(
        "doppler-personal-token",
        "a Doppler personal token",
        DOPPLER,
        &["dp.pt.[A-Za-z0-9]{40,44}"],
    ),
    token(
        "doppler-service-token",
        "a Doppler service token",
        DOPPLER,
        &[
            "dp.st.[a-z0-9_-]{2,35}.[A-Za-z0-9]{40,44}",
            "dp.st.[A-Za-z0-9]{40,44}",
        ],
    ),
    token(
        "pulumi-token",
        "a Pulumi access token",
        "https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/",
        &["pul-[0-9a-f]{40}"],
    ),
    token(
        "onepassword-service-account",
        "a 1Password service account token",
        "https://developer.1password.com/docs/service-accounts/",
        &["ops_eyJ[A-Za-z0-9+/=]{200,}"],
    ),
    token(
        "onepassword-secret-key",
        "a 1Password secret key",
        "https://support.1password.com/secret-key-security/",
        &[
            "A3-[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
            "A3-[A-Z0-9]{6}-[A-Z0-9]{11}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
        ],
    )
    .likely(),
];
