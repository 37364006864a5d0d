//! Other services: payments, messages, models, observation, and addresses with passwords.

use super::super::address;
use super::{SecretKind, looked, token};

const GITHUB: &str = super::code::GITHUB_LIST;
const SLACK: &str = "https://docs.slack.dev/authentication/tokens/";
const STRIPE: &str = "https://docs.stripe.com/keys";
const SHOPIFY: &str =
    "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens";
const GRAFANA: &str = "https://grafana.com/docs/grafana/latest/administration/service-accounts/";
const SQUARE: &str = "https://developer.squareup.com/docs/build-basics/access-tokens";
const URL: &str = "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1";

/// Ends of the schemes whose addresses have passwords, with what follows: four bytes are found faster than three.
const SCHEMES: &[&str] = &[
    "s://", "p://", "l://", "b://", "v://", "r://", "e://", "c://",
];

pub(super) const KINDS: &[SecretKind] = &[
    token(
        "slack-bot-token",
        "a Slack bot token",
        SLACK,
        &[
            "xoxb-[0-9]{10,13}-[0-9]{10,13}-[A-Za-z0-9]{24}",
            "xoxb-[0-9]{10,13}-[A-Za-z0-9]{24}",
        ],
    ),
    token(
        "slack-user-token",
        "a Slack user token",
        SLACK,
        &[
            "xoxp-[0-9]{10,13}-[0-9]{10,13}-[0-9]{10,13}-[0-9a-f]{32}",
            "xoxp-[0-9]{10,13}-[0-9]{10,13}-[0-9]{10,13}-[A-Za-z0-9]{24}",
        ],
    ),
    token(
        "slack-app-token",
        "a Slack app token",
        SLACK,
        &["xapp-1-[A-Z0-9]{9,12}-[0-9]{10,13}-[0-9a-f]{64}"],
    ),
    token(
        "slack-refresh-token",
        "a Slack refresh or legacy token",
        SLACK,
        &[
            "xoxe-1-[A-Za-z0-9]{100,200}",
            "xoxr-[A-Za-z0-9-]{30,160}",
            "xoxa-[A-Za-z0-9-]{30,160}",
            "xoxs-[A-Za-z0-9-]{30,160}",
        ],
    ),
    token(
        "slack-webhook",
        "a Slack webhook",
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/",
        &["hooks.slack.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}"],
    ),
    token(
        "discord-webhook",
        "a Discord webhook",
        "https://docs.discord.com/developers/resources/webhook",
        &["/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,80}"],
    ),
    token(
        "teams-webhook",
        "a Microsoft Teams webhook",
        "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
        &[".webhook.office.com/webhookb2/[0-9a-f@-]{73}/IncomingWebhook/[0-9a-f]{32}"],
    ),
    token(
        "telegram-bot-token",
        "a Telegram bot token",
        "https://core.telegram.org/bots/api#authorizing-your-bot",
        &[
            "[0-9]{8,10}:AAE[A-Za-z0-9_-]{32}",
            "[0-9]{8,10}:AAF[A-Za-z0-9_-]{32}",
            "[0-9]{8,10}:AAG[A-Za-z0-9_-]{32}",
            "[0-9]{8,10}:AAH[A-Za-z0-9_-]{32}",
        ],
    ),
    token(
        "stripe-secret-key",
        "a Stripe secret key",
        STRIPE,
        &["sk_live_[A-Za-z0-9]{24,247}"],
    ),
    token(
        "stripe-restricted-key",
        "a Stripe restricted key",
        STRIPE,
        &["rk_live_[A-Za-z0-9]{24,247}"],
    ),
    token(
        "stripe-webhook-secret",
        "a Stripe webhook secret",
        "https://docs.stripe.com/webhooks",
        &["whsec_[A-Za-z0-9+/=]{32,64}"],
    ),
    token(
        "square-access-token",
        "a Square access token",
        SQUARE,
        &["EAAA[lE][A-Za-z0-9_-]{59}", "sq0atp-[A-Za-z0-9_-]{22}"],
    ),
    token(
        "square-oauth-secret",
        "a Square OAuth secret",
        SQUARE,
        &["sq0csp-[A-Za-z0-9_-]{43}"],
    ),
    token(
        "braintree-token",
        "a Braintree access token",
        GITHUB,
        &["access_token$production$[a-z0-9]{16}$[0-9a-f]{32}"],
    ),
    token(
        "shopify-token",
        "a Shopify access token",
        SHOPIFY,
        &[
            "shpat_[0-9a-fA-F]{32}",
            "shpca_[0-9a-fA-F]{32}",
            "shppa_[0-9a-fA-F]{32}",
        ],
    ),
    token(
        "shopify-shared-secret",
        "a Shopify shared secret",
        SHOPIFY,
        &["shpss_[0-9a-fA-F]{32}"],
    ),
    token(
        "razorpay-key",
        "a Razorpay live key",
        "https://razorpay.com/docs/payments/dashboard/account-settings/api-keys/",
        &["rzp_live_[A-Za-z0-9]{14}"],
    )
    .likely(),
    token(
        "flutterwave-key",
        "a Flutterwave secret key",
        "https://developer.flutterwave.com/v3.0/docs/authentication",
        &[
            "FLWSECK-[0-9a-zA-Z]{32}-[0-9a-zA-Z]{12}",
            "FLWSECK-[0-9a-f]{32}-X",
        ],
    ),
    token(
        "easypost-key",
        "an EasyPost key",
        "https://docs.easypost.com/docs/authentication",
        &["EZAK[A-Za-z0-9]{54}"],
    ),
    token(
        "duffel-token",
        "a Duffel live token",
        "https://duffel.com/docs/api/overview/authentication",
        &["duffel_live_[A-Za-z0-9_-]{43}"],
    ),
    token(
        "sendgrid-key",
        "a SendGrid key",
        "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
        &["SG.[A-Za-z0-9_-]{22}.[A-Za-z0-9_-]{43}"],
    ),
    token(
        "mailgun-key",
        "a Mailgun key",
        "https://documentation.mailgun.com/docs/mailgun/api-reference/mg-auth",
        &["key-[0-9a-f]{32}"],
    )
    .likely(),
    token(
        "mailchimp-key",
        "a Mailchimp key",
        "https://mailchimp.com/developer/marketing/guides/quick-start/",
        &["[0-9a-f]{32}-us[0-9]{1,2}"],
    ),
    token(
        "brevo-key",
        "a Brevo key",
        "https://developers.brevo.com/docs/getting-started",
        &[
            "xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}",
            "xsmtpsib-[0-9a-f]{64}-[A-Za-z0-9]{16}",
        ],
    ),
    token(
        "openai-key",
        "an OpenAI key",
        "https://platform.openai.com/docs/api-reference/authentication",
        &["sk-[A-Za-z0-9_-]{20,200}T3BlbkFJ[A-Za-z0-9_-]{20,200}"],
    ),
    token(
        "anthropic-key",
        "an Anthropic key",
        "https://docs.anthropic.com/en/api/getting-started",
        &[
            "sk-ant-api03-[A-Za-z0-9_-]{93}AA",
            "sk-ant-admin01-[A-Za-z0-9_-]{93}AA",
            "sk-ant-oat01-[A-Za-z0-9_-]{80,110}",
        ],
    ),
    token(
        "hugging-face-token",
        "a Hugging Face token",
        "https://huggingface.co/docs/hub/security-tokens",
        &["hf_[A-Za-z]{34}", "api_org_[A-Za-z]{34}"],
    ),
    token(
        "groq-key",
        "a Groq key",
        "https://console.groq.com/docs/quickstart",
        &["gsk_[A-Za-z0-9]{52}"],
    ),
    token(
        "replicate-token",
        "a Replicate token",
        "https://replicate.com/docs/topics/security/api-tokens",
        &["r8_[A-Za-z0-9]{37}"],
    ),
    token(
        "perplexity-key",
        "a Perplexity key",
        "https://docs.perplexity.ai/guides/getting-started",
        &["pplx-[A-Za-z0-9]{48}"],
    ),
    token(
        "xai-key",
        "an xAI key",
        "https://docs.x.ai/docs/overview",
        &["xai-[A-Za-z0-9]{80}"],
    ),
    token(
        "openrouter-key",
        "an OpenRouter key",
        "https://openrouter.ai/docs/api/reference/authentication",
        &["sk-or-v1-[0-9a-f]{64}"],
    ),
    token(
        "langsmith-key",
        "a LangSmith key",
        "https://docs.langchain.com/langsmith/create-account-api-key",
        &[
            "lsv2_pt_[0-9a-f]{32}_[0-9a-f]{10}",
            "lsv2_sk_[0-9a-f]{32}_[0-9a-f]{10}",
        ],
    ),
    token(
        "nvidia-key",
        "an NVIDIA key",
        "https://docs.nvidia.com/ngc/latest/ngc-user-guide.html",
        &["nvapi-[A-Za-z0-9_-]{64}"],
    ),
    token(
        "pinecone-key",
        "a Pinecone key",
        "https://docs.pinecone.io/guides/projects/manage-api-keys",
        &["pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{63}"],
    ),
    token(
        "grafana-token",
        "a Grafana service account token",
        GRAFANA,
        &["glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"],
    ),
    token(
        "grafana-cloud-token",
        "a Grafana Cloud token",
        "https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/",
        &["glc_eyJ[A-Za-z0-9+/=]{60,400}"],
    ),
    token(
        "new-relic-key",
        "a New Relic user key",
        "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/",
        &["NRAK-[A-Z0-9]{27}"],
    ),
    token(
        "new-relic-insert-key",
        "a New Relic insert key",
        "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/",
        &["NRII-[A-Za-z0-9_-]{32}"],
    ),
    token(
        "dynatrace-token",
        "a Dynatrace token",
        "https://docs.dynatrace.com/docs/dynatrace-api/basics/dynatrace-api-authentication",
        &[
            "dt0c01.[A-Z2-7]{24}.[A-Z2-7]{64}",
            "dt0s01.[A-Z2-7]{8}.[A-Z2-7]{64}",
            "dt0s16.[A-Z2-7]{8}.[A-Z2-7]{64}",
        ],
    ),
    token(
        "postman-key",
        "a Postman key",
        "https://learning.postman.com/docs/developer/postman-api/authentication/",
        &["PMAK-[0-9a-f]{24}-[0-9a-f]{34}"],
    ),
    token(
        "linear-key",
        "a Linear key",
        "https://linear.app/developers/graphql",
        &["lin_api_[A-Za-z0-9]{40}", "lin_oauth_[0-9a-f]{64}"],
    ),
    token(
        "notion-token",
        "a Notion token",
        "https://developers.notion.com/page/changelog",
        &["ntn_[A-Za-z0-9]{46}"],
    ),
    token(
        "figma-token",
        "a Figma personal access token",
        "https://developers.figma.com/docs/rest-api/authentication/",
        &["figd_[A-Za-z0-9_-]{38,46}"],
    ),
    token(
        "contentful-token",
        "a Contentful management token",
        "https://www.contentful.com/developers/docs/references/authentication/",
        &["CFPAT-[A-Za-z0-9_-]{43}"],
    ),
    token(
        "hubspot-token",
        "a HubSpot private app token",
        "https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview",
        &[
            "pat-na1-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "pat-eu1-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        ],
    ),
    token(
        "typeform-token",
        "a Typeform token",
        "https://www.typeform.com/developers/get-started/personal-access-token/",
        &["tfp_[A-Za-z0-9_.=-]{40,59}"],
    ),
    token(
        "mapbox-token",
        "a Mapbox secret token",
        "https://docs.mapbox.com/help/dive-deeper/access-tokens/",
        &["sk.eyJ[A-Za-z0-9_-]{60,120}.[A-Za-z0-9_-]{20,24}"],
    ),
    token(
        "facebook-token",
        "a Facebook access token",
        "https://developers.facebook.com/docs/facebook-login/guides/access-tokens",
        &["EAACEdEose0cBA[A-Za-z0-9]{20,}"],
    )
    .likely(),
    token(
        "prefect-key",
        "a Prefect key",
        "https://docs.prefect.io/v3/how-to-guides/cloud/manage-users/api-keys",
        &["pnu_[A-Za-z0-9]{36}"],
    ),
    looked(
        "database-url",
        "the address of a database with its password",
        URL,
        &["postgres|mysql|mongodb|redis|amqp…://user:password@host"],
        SCHEMES,
        address::database,
    )
    .likely(),
    looked(
        "url-password",
        "an address with a password",
        URL,
        &["scheme://user:password@host"],
        SCHEMES,
        address::web,
    )
    .guess(),
];
