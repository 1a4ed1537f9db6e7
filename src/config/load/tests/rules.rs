//! Which configurations are refused, and for what.

use std::sync::Arc;

use super::*;
use crate::gate::claims::ClaimPath;
use crate::gate::rule::{Condition, Rule, Rules, Values};

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_is_found_with_its_key() {
    assert_table(&[
        // server
        ("-server.listen", &[("server.listen", "Missing")]),
        ("server.listen = 8080", &[("server.listen", "WrongType")]),
        ("server.listen = \":8080\"", &[("server.listen", "Address")]),
        ("server.listen = \"localhost:8080\"", &[("server.listen", "Address")]),
        ("server.listen = \"\"", &[("server.listen", "Empty")]),
        ("server.listen = []", &[("server.listen", "Empty")]),
        ("server.listen = [\"0.0.0.0:1\", \"x\", 3]", &[("server.listen[1]", "Address"), ("server.listen[2]", "WrongType")]),
        ("server.listen = [\"127.0.0.1:0\", \"127.0.0.1:0\"]", &[]),
        ("server.listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]", &[("server.listen[1]", "Repeated")]),
        ("server.listen = \"unix:/run/vestibule\"", &[]),
        ("server.listen = [\"unix:/run/vestibule\", \"127.0.0.1:1\", \"unix:/run/vestibule\"]", &[("server.listen[2]", "Repeated")]),
        ("server.listen = \"unix:run/vestibule\"", &[("server.listen", "SocketPath")]),
        ("server.listen = \"unix:/\"", &[("server.listen", "SocketPath")]),
        ("server.listen = \"unix:/run/\"", &[("server.listen", "SocketPath")]),
        ("server.admin_listen = \"unix:/run/vestibule\"", &[("server.admin_listen", "Address")]),
        ("server.listen = \"unix:/a\"\nserver.socket_mode = \"0666\"", &[]),
        ("server.listen = \"unix:/a\"\nserver.socket_mode = \"777\"", &[]),
        ("server.listen = \"unix:/a\"\nserver.socket_mode = \"+660\"", &[("server.socket_mode", "SocketMode")]),
        ("server.listen = \"unix:/a\"\nserver.socket_mode = \"0440\"", &[("server.socket_mode", "SocketMode")]),
        ("server.listen = \"unix:/a\"\nserver.socket_mode = \"rw\"", &[("server.socket_mode", "SocketMode")]),
        ("server.tls = { certificate = { file = \"certificate\" }, key = { file = \"certificate-key\" } }", &[]),
        ("server.tls = { certificate = { file = \"certificate\" }, key = { file = \"signing-key\" } }", &[("server.tls.key", "KeyMismatch")]),
        ("server.tls = { certificate = { file = \"signing-key\" }, key = { file = \"certificate\" } }", &[("server.tls.certificate", "Certificate"), ("server.tls.key", "Certificate")]),
        ("server.tls = { certificate = { file = \"certificate\" }, key = { file = \"no-key\" } }", &[("server.tls.key", "Certificate")]),
        ("upstream.url = \"https://app.example\"\nupstream.tls = { certificate = { file = \"certificate\" }, key = { file = \"certificate-key\" } }", &[]),
        ("upstream.url = \"https://app.example\"\nupstream.tls = { certificate = { file = \"certificate\" }, key = { file = \"signing-key\" } }", &[("upstream.tls.key", "KeyMismatch")]),
        ("upstream.url = \"https://app.example\"\nupstream.tls = { certificate = { file = \"certificate\" }, key = { file = \"no-key\" } }", &[("upstream.tls.key", "Certificate")]),
        ("server.tls = { certificate = { file = \"certificate\" } }", &[("server.tls.key", "Missing")]),
        ("server.tls = {}", &[("server.tls.certificate", "Missing"), ("server.tls.key", "Missing")]),
        ("server.tls = { certificate = \"pem\", key = { file = \"none\" } }", &[("server.tls.certificate", "InlineSecret")]),
        ("server.listen = \"unix:/a\"\nserver.tls = { certificate = { file = \"certificate\" }, key = { file = \"certificate-key\" } }", &[("server.tls", "ServerTlsIdle")]),
        ("server.public_url = \"http://localhost\"\nserver.tls = { certificate = { file = \"certificate\" }, key = { file = \"certificate-key\" } }", &[("server.tls", "TlsOnHttpOrigin")]),
        ("server.hsts = { max_age = \"365d\", include_subdomains = true, preload = true }", &[]),
        ("server.hsts = { max_age = \"0s\" }", &[]),
        ("server.hsts = { max_age = \"11y\" }", &[("server.hsts.max_age", "DurationRange")]),
        ("server.hsts = { include_subdomains = true }", &[("server.hsts.max_age", "Missing")]),
        ("server.hsts = { max_age = \"365d\", preload = true }", &[("server.hsts.preload", "HstsPreload")]),
        ("provider.corp.http = { proxy = \"http://proxy:3128\", ca = { file = \"certificate\" } }", &[]),
        ("provider.corp.http = { proxy = \"off\" }", &[]),
        ("provider.corp.http = { proxy = \"proxy:3128\" }", &[("provider.corp.http.proxy", "ProxyScheme")]),
        ("provider.corp.http = { proxy = \"socks5://proxy:1080\" }", &[("provider.corp.http.proxy", "ProxyScheme")]),
        ("provider.corp.http = { proxy = \"http://me:s3cr3t@proxy\" }", &[("provider.corp.http.proxy", "Url")]),
        ("provider.corp.http = { proxy = \"http://proxy/path\" }", &[("provider.corp.http.proxy", "Url")]),
        ("provider.corp.http = { proxy = { env = \"PROXY\" } }", &[]),
        ("provider.corp.http = { ca = { file = \"signing-key\" } }", &[("provider.corp.http.ca", "Certificate")]),
        ("provider.corp.http = { ca = \"pem\" }", &[("provider.corp.http.ca", "InlineSecret")]),
        ("server.shutdown_delay = \"10s\"\nserver.grace_period = \"5m\"", &[]),
        ("server.shutdown_delay = \"0s\"\nserver.grace_period = \"0s\"", &[]),
        ("server.shutdown_delay = \"6m\"", &[("server.shutdown_delay", "DurationRange")]),
        ("server.grace_period = \"2h\"", &[("server.grace_period", "DurationRange")]),
        ("server.grace_period = \"soon\"", &[("server.grace_period", "Duration")]),
        ("server.hsts = true", &[("server.hsts", "WrongType")]),
        ("server.public_url = \"http://localhost\"\nserver.hsts = { max_age = \"365d\" }", &[("server.hsts", "HstsIdle")]),
        ("server.admin_listen = \"nine\"", &[("server.admin_listen", "Address")]),
        ("server.admin_listen = \"127.0.0.1:8080\"", &[("server.admin_listen", "AdminIsPublic")]),
        ("server.listen = \"0.0.0.0:9090\"", &[("server.admin_listen", "AdminIsPublic")]),
        ("-server.public_url", &[("server.public_url", "Missing")]),
        ("server.public_url = \"wiki.example.com\"", &[("server.public_url", "Origin")]),
        ("server.public_url = \"http://wiki.example.com\"", &[("server.public_url", "Origin")]),
        ("server.public_url = \"https://wiki.example.com/wiki\"", &[("server.public_url", "Origin")]),
        ("server.public_url = [\"https://a.example\", \"https://A.example:443/\"]", &[("server.public_url[1]", "Repeated")]),
        ("server.path_prefix = \"/\"", &[("server.path_prefix", "Path")]),
        ("server.path_prefix = \"auth\"", &[("server.path_prefix", "Path")]),
        ("server.path_prefix = \"/auth/\"", &[("server.path_prefix", "Path")]),
        ("server.path_prefix = \"/a//b\"", &[("server.path_prefix", "Path")]),
        ("server.path_prefix = \"/a/../b\"", &[("server.path_prefix", "Path")]),
        ("server.path_prefix = \"/a%20b\"", &[("server.path_prefix", "Path")]),
        ("server.path_prefix = \"/a:b\"", &[("server.path_prefix", "Path")]),
        ("server.path_prefix = \"/a/b-c\"", &[]),
        ("server.whoami = \"on\"", &[("server.whoami", "NotAChoice")]),
        ("server.trusted_proxies = [\"10.0.0.0/8\", \"::1\", \"unix\"]", &[]),
        ("server.trusted_proxies = [\"10.0.0.0/8\", \"10.0.0.0/33\"]", &[("server.trusted_proxies[1]", "Network")]),
        ("server.trusted_proxies = \"proxy.example.com\"", &[("server.trusted_proxies", "Network")]),
        ("server.trusted_proxies = 10", &[("server.trusted_proxies", "WrongType")]),
        ("server.forward_auth = \"off\"", &[]),
        ("server.forward_auth = \"envoy\"\nserver.forward_auth_cookies = true", &[]),
        ("server.forward_auth = \"nginx\"\nheaders.preset = \"mod_auth_openidc\"", &[("headers.preset", "PresetOfAnyName")]),
        ("server.forward_auth = \"nginx\"\nheaders.preset = [\"vestibule\", \"mod_auth_openidc\"]", &[("headers.preset[1]", "PresetOfAnyName")]),
        ("server.forward_auth = \"nginx\"\nupstream.headers = { preset = \"mod_auth_openidc\" }", &[("upstream.headers.preset", "PresetOfAnyName")]),
        ("server.forward_auth = \"off\"\nheaders.preset = \"mod_auth_openidc\"", &[]),
        ("server.forward_auth = \"ngnix\"", &[("server.forward_auth", "NotAChoice")]),
        ("server.forward_auth = true", &[("server.forward_auth", "WrongType")]),
        ("server.forward_auth_cookies = true", &[("server.forward_auth_cookies", "ForwardAuthOff")]),
        ("server.forward_auth_cookies = false", &[]),
        ("server.ignore_path_case = \"yes\"", &[("server.ignore_path_case", "WrongType")]),
        ("provider.corp.authorize_params = { lang = \"de\", prompt = \"login\" }", &[]),
        ("provider.corp.authorize_params = { state = \"x\", lang = 1 }", &[("provider.corp.authorize_params.state", "AuthorizeParam"), ("provider.corp.authorize_params.lang", "WrongType")]),
        ("provider.corp.forward_params = [\"login_hint\", \"scope\", \"rd\", \"a b\", \"login_hint\"]", &[("provider.corp.forward_params[1]", "AuthorizeParam"), ("provider.corp.forward_params[2]", "AuthorizeParam"), ("provider.corp.forward_params[3]", "AuthorizeParam"), ("provider.corp.forward_params[4]", "Repeated")]),
        ("provider.corp.identity_provider = \"entra\"", &[]),
        ("provider.corp.identity_provider = \"entra\"\nprovider.corp.authorize_params = { identity_provider = \"x\" }", &[("provider.corp.identity_provider", "Repeated")]),
        ("provider.corp.identity_provider = \"entra\"\nprovider.corp.idp_identifier = \"example.com\"", &[("provider.corp.idp_identifier", "Repeated")]),
        ("-provider.corp.user_pool_id\n-provider.corp.domain\nprovider.corp.kind = \"oidc\"\nprovider.corp.issuer = \"https://id.example.com\"\nprovider.corp.idp_identifier = \"x\"", &[("provider.corp.idp_identifier", "CognitoOnly")]),
        ("server.threads = \"2\"", &[("server.threads", "WrongType")]),
        ("server.threads = 0", &[("server.threads", "NumberRange")]),
        ("server.threads = 1025", &[("server.threads", "NumberRange")]),
        ("server.threads = -1", &[("server.threads", "NumberRange")]),
        ("server.threads = 2.5", &[("server.threads", "WrongType")]),
        // upstream
        ("-upstream.url", &[("upstream.url", "Missing")]),
        ("upstream.url = \"127.0.0.1:3000\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"localhost:3000\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"http://app:3000/wiki\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"http://app:3000?x\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"http://user:word@app\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"http://app:0\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"ftp://app\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"https://app\"", &[]),
        ("upstream.url = \"H2C://app:50051\"", &[]),
        ("upstream.url = \"h2c://app/x\"", &[("upstream.url", "Url")]),
        ("upstream.url = \"unix:/run/app\"", &[]),
        ("upstream.url = \"unix:run/app\"", &[("upstream.url", "Url")]),
        ("upstream.host = \"upstream\"", &[]),
        ("upstream.host = \"wiki.internal:8443\"", &[]),
        ("upstream.host = \"a b\"", &[("upstream.host", "Host")]),
        ("upstream.url = \"unix:/run/app\"\nupstream.host = \"upstream\"", &[("upstream.host", "Host")]),
        ("upstream.tls = { ca = { file = \"c\" }, server_name = \"app\" }", &[("upstream.tls.ca", "TlsIdle"), ("upstream.tls.server_name", "TlsIdle")]),
        ("upstream.url = \"https://app\"\nupstream.tls = { server_name = \"app:1\" }", &[("upstream.tls.server_name", "Host")]),
        ("upstream.url = \"https://app\"\nupstream.tls = { ca = { file = \"other-key\" } }", &[("upstream.tls.ca", "Certificate")]),
        ("upstream.url = \"https://app\"\nupstream.tls = { key = { file = \"other-key\" } }", &[("upstream.tls.key", "CertificateWithoutKey")]),
        ("upstream.headers = { preset = \"alb\" }", &[]),
        ("upstream.headers = { preset = \"albert\" }", &[("upstream.headers.preset", "NotAChoice")]),
        ("upstream.headers = { presets = \"alb\" }", &[("upstream.headers.presets", "UnknownKey")]),
        ("upstream.headers = { set = { Host = \"x\" } }", &[("upstream.headers.set.Host", "HeaderName")]),
        ("upstream.headers = { assertion = { audience = \"a\" } }", &[("upstream.headers.assertion.keys", "Missing")]),
        ("upstream.headers = { set = { x-vestibule-assertion = \"x\" } }\nheaders.assertion = { audience = \"a\", keys = [{ file = \"signing-key\" }] }", &[("upstream.headers.set.x-vestibule-assertion", "Repeated")]),
        ("upstream.tls = { ca = \"pem\" }", &[("upstream.tls.ca", "InlineSecret")]),
        ("upstream.timeouts = { connect = \"0s\", response = \"2d\", idle = \"x\" }", &[("upstream.timeouts.connect", "DurationRange"), ("upstream.timeouts.response", "DurationRange"), ("upstream.timeouts.idle", "Duration")]),
        ("upstream.wiki = { url = \"http://wiki\" }", &[("upstream.wiki", "UpstreamBoth")]),
        ("-upstream.url\nupstream.default = { url = \"http://a\" }\nupstream.wiki = { url = \"https://b\" }\n\n[[route]]\npath = \"/b/*\"\nupstream = \"wiki\"", &[]),
        ("-upstream.url\nupstream.a = { url = \"http://a\" }\n\n[[route]]\npath = \"/b/*\"", &[("route[0].upstream", "Missing")]),
        ("-upstream.url\nupstream.a = { url = \"http://a\" }\n\n[[route]]\nupstream = \"b\"", &[("route[0].upstream", "NoSuchUpstream")]),
        ("-upstream.url\nupstream.a = { host = \"keep\" }", &[("upstream.a.url", "Missing")]),
        ("-upstream.url\nupstream.a = { url = \"http://a\" }\nupstream.host = \"keep\"", &[("upstream.host", "UpstreamKeyNamesNone")]),
        // session
        ("-session.keys", &[("session.keys", "Missing")]),
        ("session.keys = []", &[("session.keys", "Empty")]),
        ("session.keys = { file = \"several-keys\" }", &[]),
        ("session.keys = [\"AAAA\"]", &[("session.keys[0]", "InlineSecret")]),
        ("session.keys = \"AAAA\"", &[("session.keys", "InlineSecret")]),
        ("session.keys = [{ file = \"nowhere\" }]", &[("session.keys[0]", "SourceUnreadable")]),
        ("session.keys = [{ file = \"blank\" }]", &[("session.keys[0]", "SourceEmpty")]),
        ("session.keys = [{ file = \"comments\" }]", &[("session.keys[0]", "SessionKeyNone")]),
        ("session.keys = [{ file = \"short-key\" }, { env = \"NONE\" }]", &[("session.keys[0]", "SessionKey"), ("session.keys[1]", "EnvUnset")]),
        ("session.keys = [{ file = \"not-base64\" }]", &[("session.keys[0]", "SessionKey")]),
        ("session.keys = [{ file = \"bad-keys\" }]", &[("session.keys[0]", "SessionKeyLine")]),
        ("session.keys = [{ env = \"LATIN1\" }]", &[("session.keys[0]", "EnvNotText")]),
        ("session.keys = [{ env = \"BLANK\" }]", &[("session.keys[0]", "SourceEmpty")]),
        ("session.keys = [{ env = \"A\", file = \"b\" }]", &[("session.keys[0]", "FileAndEnv")]),
        ("session.keys = [{}]", &[("session.keys[0]", "Missing")]),
        ("session.keys = [{ path = \"x\" }]", &[("session.keys[0].path", "UnknownKey")]),
        ("session.keys = [{ env = \"\" }]", &[("session.keys[0].env", "Empty")]),
        ("session.lifetime = \"8\"", &[("session.lifetime", "Duration")]),
        ("session.lifetime = 8", &[("session.lifetime", "WrongType")]),
        ("session.lifetime = \"0s\"", &[("session.lifetime", "DurationRange")]),
        ("session.lifetime = \"2years\"", &[("session.lifetime", "DurationRange")]),
        ("session.idle_timeout = \"off\"\nsession.key_settle = \"0s\"", &[]),
        ("session.idle_timeout = \"30m\"\nsession.key_settle = \"1d\"", &[]),
        ("session.idle_timeout = \"0s\"", &[("session.idle_timeout", "DurationRange")]),
        ("session.idle_timeout = \"59s\"", &[("session.idle_timeout", "DurationRange")]),
        ("session.idle_timeout = \"never\"", &[("session.idle_timeout", "Duration")]),
        ("session.key_settle = \"25h\"", &[("session.key_settle", "DurationRange")]),
        ("session.revoked = { subjects = [\"a\", \"b\"], signed_in_before = \"2026-11-21T08:00:00Z\" }", &[]),
        ("session.revoked = { signed_in_before = \"yesterday\" }", &[("session.revoked.signed_in_before", "Time")]),
        ("session.revoked = { signed_in_before = \"2026-11-21\" }", &[("session.revoked.signed_in_before", "Time")]),
        ("session.revoked = { subject = [\"a\"] }", &[("session.revoked.subject", "UnknownKey")]),
        ("session.revoked = [\"a\"]", &[("session.revoked", "WrongType")]),
        ("session.key_settle = 5", &[("session.key_settle", "WrongType")]),
        ("session.outage_grace = \"5\"", &[("session.outage_grace", "Duration")]),
        ("session.outage_grace = false", &[("session.outage_grace", "WrongType")]),
        ("session.outage_grace = \"24h 1s\"", &[("session.outage_grace", "DurationRange")]),
        ("session.verification_cache = 0", &[]),
        ("session.verification_cache = \"0\"", &[]),
        ("session.verification_cache = \"off\"", &[]),
        ("session.verification_cache = \"64 MB\"", &[]),
        ("session.verification_cache = 33554432", &[]),
        ("session.verification_cache = \"1MiB\"", &[]),
        ("session.verification_cache = \"much\"", &[("session.verification_cache", "Size")]),
        ("session.verification_cache = \"-1\"", &[("session.verification_cache", "Size")]),
        ("session.verification_cache = -1", &[("session.verification_cache", "Size")]),
        ("session.verification_cache = \"1023KiB\"", &[("session.verification_cache", "SizeRange")]),
        ("session.verification_cache = 32", &[("session.verification_cache", "SizeRange")]),
        ("session.verification_cache = \"2TiB\"", &[("session.verification_cache", "SizeRange")]),
        ("session.verification_cache = true", &[("session.verification_cache", "WrongType")]),
        ("session.cookie_name = \"a b\"", &[("session.cookie_name", "CookieName")]),
        ("session.cookie_name = \"wiki-login\"", &[("session.cookie_name", "CookieIsBeside")]),
        ("session.cookie_name = \"wiki-back\"", &[("session.cookie_name", "CookieIsBeside")]),
        ("server.public_url = \"http://localhost:8080\"\nsession.cookie_name = \"__Host-wiki\"", &[("session.cookie_name", "CookieNeedsHttps")]),
        // log, headers
        ("log.format = \"xml\"", &[("log.format", "NotAChoice")]),
        ("log.level = \"warning\"", &[("log.level", "NotAChoice")]),
        ("log.user = \"hashed\"", &[("log.user", "NotAChoice")]),
        ("provider.x = { kind = \"oidc\", issuer = \"https://write-me.invalid\", client_id = \"write-me\" }", &[("provider.x.email_domains", "Missing"), ("provider.x.issuer", "Unwritten"), ("provider.x.client_id", "Unwritten"), ("provider.corp.email_domains", "Missing")]),
        ("server.public_url = \"https://write-me.invalid\"", &[("server.public_url", "Unwritten")]),
        ("log.client = \"full\"", &[("log.client", "NotAChoice")]),
        ("provider.corp.issuer = \"https://login.example.com\"\nserver = 3", &[("", "Syntax"), ("provider.corp.issuer", "IssuerIsLoginDomain")]),
        ("log = \"json\"", &[("log", "WrongType")]),
        ("telemetry.sample = \"0.1%\"", &[]),
        ("telemetry.sample = 1", &[("telemetry.sample", "WrongType")]),
        ("telemetry.sample = \"0.1\"", &[("telemetry.sample", "Percentage")]),
        ("telemetry.sample = \"101%\"", &[("telemetry.sample", "Percentage")]),
        ("telemetry.otlp = {}", &[("telemetry.otlp.endpoint", "Missing")]),
        ("telemetry.otlp = \"http://collector:4318\"", &[("telemetry.otlp", "WrongType")]),
        ("telemetry.otlp.endpoint = \"collector:4318\"", &[("telemetry.otlp.endpoint", "ProxyScheme")]),
        ("telemetry.otlp.endpoint = \"grpc://collector:4317\"", &[("telemetry.otlp.endpoint", "ProxyScheme")]),
        ("telemetry.otlp.endpoint = \"http://me:you@collector:4318\"", &[("telemetry.otlp.endpoint", "Url")]),
        ("telemetry.otlp.endpoint = \"http://collector:4318?x\"", &[("telemetry.otlp.endpoint", "Url")]),
        ("telemetry.otlp = { endpoint = \"http://c\", headers = { Authorization = \"Bearer x\" } }", &[("telemetry.otlp.headers.Authorization", "InlineSecret")]),
        ("telemetry.otlp = { endpoint = \"https://c\", headers = { Content-Type = { env = \"LEVEL\" } } }", &[("telemetry.otlp.headers.Content-Type", "CollectorHeader")]),
        ("telemetry.otlp = { endpoint = \"https://c\", headers = { \"a b\" = { env = \"LEVEL\" } } }", &[("telemetry.otlp.headers.a b", "CollectorHeader")]),
        ("telemetry.otlp = { endpoint = \"https://c\", http = { proxy = \"socks5://c\" } }", &[("telemetry.otlp.http.proxy", "ProxyScheme")]),
        ("headers.set = { Traceparent = \"{user}\" }", &[("headers.set.Traceparent", "HeaderName")]),
        ("headers.preset = \"vestibul\"", &[("headers.preset", "NotAChoice")]),
        ("headers.preset = [\"vestibule\"]", &[]),
        ("headers.preset = [\"grafana\", \"vestibule\", \"mod_auth_openidc\"]", &[]),
        ("headers.preset = []", &[("headers.preset", "Empty")]),
        ("headers.preset = [\"alb\", \"alb\"]", &[("headers.preset[1]", "Repeated")]),
        ("headers.preset = [\"vestibule\", \"vestibul\"]", &[("headers.preset[1]", "NotAChoice")]),
        ("headers.preset = [\"vestibule\", \"bearer\"]", &[]),
        ("headers.assertion = { header = \"X-A\", audience = \"wiki\", keys = [{ file = \"signing-key\" }] }", &[]),
        ("headers.assertion = { audience = \"wiki\", keys = { file = \"signing-key\" } }", &[]),
        ("headers.assertion = { audience = \"\", keys = [] }", &[("headers.assertion.audience", "Empty"), ("headers.assertion.keys", "Empty")]),
        ("headers.assertion = {}", &[("headers.assertion.audience", "Missing"), ("headers.assertion.keys", "Missing")]),
        ("headers.assertion = { audience = \"wiki\", keys = [\"AAAA\"] }", &[("headers.assertion.keys[0]", "InlineSecret")]),
        ("headers.assertion = { audience = \"wiki\", keys = [{ file = \"signing-key\" }, { file = \"nowhere\" }] }", &[("headers.assertion.keys[1]", "SourceUnreadable")]),
        ("headers.assertion = { audience = \"wiki\", keys = [{ file = \"p384-key\" }] }", &[("headers.assertion.keys[0]", "AssertionKey")]),
        ("headers.assertion = { audience = \"wiki\", keys = [{ file = \"other-key\" }] }", &[("headers.assertion.keys[0]", "AssertionKey")]),
        ("headers.assertion = { header = \"Cookie\", audience = \"wiki\", keys = [{ file = \"signing-key\" }] }", &[("headers.assertion.header", "HeaderName")]),
        ("headers.assertion = { heder = \"X-A\", audience = \"wiki\", keys = [{ file = \"signing-key\" }] }", &[("headers.assertion.heder", "UnknownKey")]),
        ("headers = { set = { X_A = \"{user}\" }, assertion = { header = \"x-a\", audience = \"wiki\", keys = [{ file = \"signing-key\" }] } }", &[("headers.assertion.header", "Repeated")]),
        ("headers.set = { X-User = \"{user} <{email}>\", REMOTE_ROLE = \"{access_right}\" }", &[]),
        ("headers.set = { X-User = \"{attribute.site}\" }", &[("headers.set.X-User", "Template")]),
        ("identity.attributes = { site = \"custom:site\" }\nheaders.set = { X-User = { value = \"{attribute.site} {claim.a.b}\", join = \", \", encoding = \"latin1\" } }", &[]),
        ("headers.set = { X-Json = \"{{\\\"u\\\":\\\"{user}\\\"}}\" }", &[]),
        ("headers.set = { Authorization = \"Bearer {id_token}\", X-S = { secret = { env = \"SECRET\" } } }", &[]),
        ("headers.set = \"X-User\"", &[("headers.set", "WrongType")]),
        ("headers.set = { X-User = 3 }", &[("headers.set.X-User", "WrongType")]),
        ("headers.set = { X-User = \"\" }", &[("headers.set.X-User", "Empty")]),
        ("headers.set = { X-User = \" \" }", &[("headers.set.X-User", "Template")]),
        ("headers.set = { X-User = \"{usr}\" }", &[("headers.set.X-User", "Template")]),
        ("headers.set = { X-User = \"{user\" }", &[("headers.set.X-User", "Template")]),
        ("headers.set = { X-User = \"a\\nb\" }", &[("headers.set.X-User", "Template")]),
        ("headers.set = { X-User = \"{claim.a..b}\" }", &[("headers.set.X-User", "Template")]),
        ("headers.set = { X-User = \"{access_token}\" }", &[]),
        ("headers.set = { X-User = {} }", &[("headers.set.X-User", "Missing")]),
        ("headers.set = { X-User = { join = \",\" } }", &[("headers.set.X-User", "Missing")]),
        ("headers.set = { X-User = { env = \"SECRET\" } }", &[("headers.set.X-User.env", "UnknownKey")]),
        ("headers.set = { X-User = { value = \"{user}\", join = \"\" } }", &[("headers.set.X-User.join", "Empty")]),
        ("headers.set = { X-User = { value = \"{user}\", join = \"\\n\" } }", &[("headers.set.X-User.join", "Joiner")]),
        ("headers.set = { X-User = { value = \"{user}\", join = \"123456789\" } }", &[("headers.set.X-User.join", "Joiner")]),
        ("headers.set = { X-User = { value = \"{user}\", encoding = \"base46\" } }", &[("headers.set.X-User.encoding", "NotAChoice")]),
        ("headers.set = { X-S = { secret = \"s3cr3t\" } }", &[("headers.set.X-S.secret", "InlineSecret")]),
        ("headers.set = { X-S = { secret = { env = \"NONE\" } } }", &[("headers.set.X-S.secret", "EnvUnset")]),
        ("headers.set = { X-S = { secret = { file = \"several-keys\" } } }", &[("headers.set.X-S.secret", "HeaderSecret")]),
        ("headers.set = { X-S = { value = \"{user}\", join = \",\", secret = { env = \"SECRET\" } } }", &[("headers.set.X-S.value", "BesideSecret"), ("headers.set.X-S.join", "BesideSecret")]),
        ("headers.set = { Host = \"{user}\", X_Forwarded_For = \"{user}\", \"a b\" = \"{user}\" }", &[("headers.set.Host", "HeaderName"), ("headers.set.X_Forwarded_For", "HeaderName"), ("headers.set.a b", "HeaderName")]),
        ("headers.set = { X-User = \"{user}\", x_user = \"{sub}\" }", &[("headers.set.x_user", "Repeated")]),
        ("headers.set = { Cookie = \"{usr}\" }", &[("headers.set.Cookie", "Template"), ("headers.set.Cookie", "HeaderName")]),
        // unknown
        ("session.lifetim = \"8h\"", &[("session.lifetim", "UnknownKey")]),
        ("sesion.lifetime = \"8h\"", &[("sesion", "UnknownTable")]),
        ("provider.corp.pool = \"x\"", &[("provider.corp.pool", "UnknownKey")]),
        ("provider.corp.endpoints = { authorize = \"https://a.example\" }", &[("provider.corp.endpoints.authorize", "UnknownKey")]),
        // a value from elsewhere
        ("server.public_url = { env = \"ORIGIN\" }", &[]),
        ("server.public_url = { env = \"HTTP_ORIGIN\" }", &[("server.public_url", "Origin")]),
        ("server.public_url = { env = \"NONE\" }", &[("server.public_url", "EnvUnset")]),
        ("server.public_url = { envv = \"ORIGIN\" }", &[("server.public_url.envv", "UnknownKey")]),
        ("server.public_url = { env = 3 }", &[("server.public_url.env", "WrongType")]),
        ("log.level = { env = \"LEVEL\" }", &[("log.level", "NotAChoice")]),
        // the file's form
        ("session.lifetime = 8h", &[("", "Syntax")]),
        ("session.lifetime = 8h\nsession.lifetim = 3", &[("session.lifetim", "UnknownKey"), ("", "Syntax")]),
        ("session.keys = [1 2\nsession.lifetim = 3", &[("", "Syntax")]),
        ("provider.corp.client_secret = hunter2\nlog.level = \"x\"", &[("log.level", "NotAChoice"), ("", "Syntax")]),
        ("session.keys = \"\nlog.level = \"x\"", &[("log.level", "NotAChoice"), ("", "Syntax")]),
        ("session.lifetime = \"8h\"\nserver = 3", &[("", "Syntax")]),
    ]);
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_a_provider_is_found_with_its_key() {
    let entra = "-provider.corp.user_pool_id\n-provider.corp.domain\nprovider.corp.kind = \"oidc\"\n";
    let oidc = |issuer: &str| format!("{entra}provider.corp.issuer = \"{issuer}\"");
    let [common, organizations, tenant, discovery, plain] = [
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/organizations/v2.0",
        "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
        "https://id.example.com/.well-known/openid-configuration",
        "http://id.example.com",
    ]
    .map(oidc);
    let issuer: &[_] = &[("provider.corp.issuer", "Url")];
    assert_table(&[
        ("-provider.corp.kind", &[("provider.corp.kind", "Missing")]),
        ("provider.corp.kind = \"cognitoo\"", &[("provider.corp.kind", "NotAChoice")]),
        ("-provider.corp.user_pool_id", &[("provider.corp.user_pool_id", "Missing")]),
        ("provider.corp.user_pool_id = \"ExAmP1e99\"", &[("provider.corp.user_pool_id", "UserPoolId")]),
        ("provider.corp.user_pool_id = \"eu_ExAmP1e99\"", &[("provider.corp.user_pool_id", "UserPoolId")]),
        ("provider.corp.user_pool_id = \"eu-central-1_Ex/99\"", &[("provider.corp.user_pool_id", "UserPoolId")]),
        ("provider.corp.region = \"eu-central-1\"", &[]),
        ("provider.corp.region = \"us-east-1\"", &[("provider.corp.region", "RegionContradicts")]),
        ("provider.corp.region = \"Frankfurt\"", &[("provider.corp.region", "Region")]),
        ("-provider.corp.user_pool_id\nprovider.corp.issuer = \"https://id.example.com\"\nprovider.corp.region = \"us-east-1\"", &[("provider.corp.region", "RegionAlone")]),
        ("provider.corp.domain = \"login.example.com\"", &[("provider.corp.domain", "Url")]),
        ("provider.corp.domain = \"https://login.example.com/login\"", &[("provider.corp.domain", "Url")]),
        ("provider.corp.domain = \"http://login.example.com\"", &[("provider.corp.domain", "Url")]),
        ("provider.corp.domain = \"http://127.0.0.1:9102\"", &[]),
        ("provider.corp.domain = \"https://cognito-idp.eu-central-1.amazonaws.com\"", &[("provider.corp.domain", "DomainIsIssuerHost")]),
        ("provider.corp.issuer = \"https://login.example.com/\"", &[("provider.corp.issuer", "IssuerIsLoginDomain")]),
        ("provider.corp.issuer = \"https://wiki.example.com\"\nprovider.corp.domain = { env = \"ORIGIN\" }", &[("provider.corp.issuer", "IssuerIsLoginDomain")]),
        ("provider.corp.issuer = \"https://x.auth.eu-central-1.amazoncognito.com\"", &[("provider.corp.issuer", "IssuerIsLoginDomain")]),
        ("provider.corp.issuer = \"http://127.0.0.1:9101/pool\"\nprovider.corp.domain = \"http://127.0.0.1:9102\"", &[]),
        ("provider.corp.issuer = \"https://id.example.com?x\"", issuer),
        ("provider.corp.issuer = \"https://id.example.com#x\"", issuer),
        ("provider.corp.issuer = \"https://me@id.example.com\"", issuer),
        ("provider.corp.issuer = \"urn:id\"", issuer),
        ("provider.corp.accepted_issuers = [\"https://id.example.com\", \"id\"]", &[("provider.corp.accepted_issuers[1]", "Url")]),
        (plain.as_str(), issuer),
        (discovery.as_str(), &[("provider.corp.issuer", "IssuerIsDiscoveryUrl")]),
        (common.as_str(), &[("provider.corp.issuer", "IssuerIsMultiTenant")]),
        (organizations.as_str(), &[("provider.corp.issuer", "IssuerIsMultiTenant")]),
        (tenant.as_str(), &[]),
        (entra, &[("provider.corp.issuer", "Missing")]),
        ("provider.corp.kind = \"oidc\"\nprovider.corp.issuer = \"https://id.example.com\"", &[("provider.corp.user_pool_id", "CognitoOnly"), ("provider.corp.domain", "CognitoOnly")]),
        ("provider.corp.endpoints = { token = \"http://id.example.com/token\" }", &[("provider.corp.endpoints.token", "Url")]),
        ("provider.corp.endpoints = { token = \"http://127.0.0.1:1/token\", jwks = \"https://id.example.com/k#\" }", &[("provider.corp.endpoints.jwks", "Url")]),
        ("-provider.corp.client_id", &[("provider.corp.client_id", "Missing")]),
        ("provider.corp.client_id = \" x\"", &[("provider.corp.client_id", "ClientId")]),
        ("provider.corp.client_id = { env = \"CLIENT\" }", &[]),
        ("-provider.corp.client_secret", &[]),
        ("provider.corp.client_secret = \"s3cr3t\"", &[("provider.corp.client_secret", "InlineSecret")]),
        ("provider.corp.client_secret = [{ env = \"SECRET\" }]", &[]),
        ("provider.corp.client_secret = [{ env = \"SECRET\" }, { file = \"other-key\" }]", &[]),
        ("provider.corp.client_secret = [{ env = \"SECRET\" }, { env = \"BLANK\" }]", &[("provider.corp.client_secret[1]", "SourceEmpty")]),
        ("provider.corp.client_auth = \"none\"", &[("provider.corp.client_auth", "ClientAuthIgnoresSecret")]),
        ("-provider.corp.client_secret\nprovider.corp.client_auth = \"post\"", &[("provider.corp.client_auth", "ClientAuthNeedsSecret")]),
        ("-provider.corp.client_secret\nprovider.corp.client_auth = \"none\"", &[]),
        ("provider.corp.client_auth = \"jwt\"", &[("provider.corp.client_auth", "NotAChoice")]),
        ("provider.corp.scopes = \"openid, email api/read\"", &[]),
        ("provider.corp.scopes = [\"email\"]", &[("provider.corp.scopes[0]", "ScopeOpenid")]),
        ("provider.corp.scopes = []", &[("provider.corp.scopes", "Empty")]),
        ("provider.corp.scopes = \"openid \\\"email\\\"\"", &[("provider.corp.scopes", "ScopeCharacters")]),
        ("provider.corp.scopes = \"openid offline_access\"", &[("provider.corp.scopes", "ScopeOfflineAccess")]),
        ("provider.corp.email_verified = true", &[("provider.corp.email_verified", "WrongType")]),
        ("provider.corp.email_verified = \"never\"", &[("provider.corp.email_verified", "NotAChoice")]),
        ("provider.corp.logout = \"global\"", &[("provider.corp.logout", "NotAChoice")]),
        ("provider.corp.signing_algorithms = [\"RS256\"]", &[]),
        ("provider.corp.signing_algorithms = [\"RS256\", \"ES256\"]", &[("provider.corp.signing_algorithms[1]", "NotCognitosAlgorithm")]),
        ("provider.corp.signing_algorithms = \"HS256\"", &[("provider.corp.signing_algorithms", "SymmetricAlgorithm")]),
        ("provider.corp.signing_algorithms = [\"none\"]", &[("provider.corp.signing_algorithms[0]", "SymmetricAlgorithm")]),
        ("provider.corp.signing_algorithms = [\"rs256\"]", &[("provider.corp.signing_algorithms[0]", "NotAChoice")]),
        ("provider.corp.signing_algorithms = [\"ES512\"]", &[("provider.corp.signing_algorithms[0]", "NotAChoice")]),
        ("provider.corp.signing_algorithms = []", &[("provider.corp.signing_algorithms", "Empty")]),
        ("provider.corp.keys_max_age = \"59m\"", &[("provider.corp.keys_max_age", "KeysMaxAge")]),
        ("provider.corp.keys_max_age = \"366d\"", &[("provider.corp.keys_max_age", "KeysMaxAge")]),
        ("provider.corp.keys_max_age = \"never\"", &[("provider.corp.keys_max_age", "Duration")]),
        ("provider.corp.keys_max_age = 7", &[("provider.corp.keys_max_age", "WrongType")]),
        ("provider.corp.keys_max_age = \"1h\"", &[]),
        ("provider.corp.max_auth_age = \"1m\"", &[]),
        ("provider.corp.max_auth_age = \"365d\"", &[]),
        ("provider.corp.max_auth_age = \"off\"", &[]),
        ("provider.corp.max_auth_age = \"59s\"", &[("provider.corp.max_auth_age", "DurationRange")]),
        ("provider.corp.max_auth_age = \"366d\"", &[("provider.corp.max_auth_age", "DurationRange")]),
        ("provider.corp.max_auth_age = \"0s\"", &[("provider.corp.max_auth_age", "DurationRange")]),
        ("provider.corp.max_auth_age = \"soon\"", &[("provider.corp.max_auth_age", "Duration")]),
        ("provider.corp.max_auth_age = 3600", &[("provider.corp.max_auth_age", "WrongType")]),
        ("provider.corp.max_auth_age = \"\"", &[("provider.corp.max_auth_age", "Empty")]),
        ("provider.corp.logout = { then = \"https://x.example/out?to={signed_out_url}\" }", &[]),
        ("provider.corp.logout = { then = \"http://x.example\" }", &[("provider.corp.logout.then", "Url")]),
        ("provider.corp.logout = { then = \"x\" }", &[("provider.corp.logout.then", "Url")]),
        ("provider.corp.logout = {}", &[("provider.corp.logout.then", "Missing")]),
        ("provider.corp.logout = { than = \"https://x.example\" }", &[("provider.corp.logout.then", "Missing"), ("provider.corp.logout.than", "UnknownKey")]),
        ("provider.corp.logout = [{ then = \"https://x.example\" }, { then = \"https://y.example\" }]", &[("provider.corp.logout[1]", "Repeated")]),
        ("provider.corp.callback_path = \"/\"", &[("provider.corp.callback_path", "Path")]),
        ("provider.corp.callback_path = \"callback\"", &[("provider.corp.callback_path", "Path")]),
        ("provider.corp.callback_path = \"/callback?x\"", &[("provider.corp.callback_path", "Path")]),
        ("provider.corp.callback_path = \"/a//b\"", &[("provider.corp.callback_path", "Path")]),
        ("provider.corp.callback_path = \"/_vestibule/login\"", &[("provider.corp.callback_path", "Path")]),
        ("provider.corp.callback_path = \"/_vestibule\"", &[("provider.corp.callback_path", "Path")]),
        ("provider.corp.callback_path = \"/_vestibule/callback\"", &[]),
        ("provider.corp.callback_path = \"/_vestibules\"", &[]),
        ("\n[provider.two]\nkind = \"oidc\"\nissuer = \"x\"\nclient_id = \"x\"", &[("provider.corp.email_domains", "Missing"), ("provider.two.email_domains", "Missing"), ("provider.two.issuer", "Url")]),
        ("\n[provider.'a b']\nkind = \"oidc\"\nissuer = \"https://x.example\"\nclient_id = \"x\"", &[("provider.corp.email_domains", "Missing"), ("provider.a b.email_domains", "Missing"), ("provider.a b", "ProviderId")]),
        ("\n[provider.'a b']\nkind = \"oidc\"", &[("provider.corp.email_domains", "Missing"), ("provider.a b.email_domains", "Missing"), ("provider.a b", "ProviderId"), ("provider.a b.issuer", "Missing"), ("provider.a b.client_id", "Missing")]),
        ("provider.kind = \"oidc\"", &[("provider.kind", "WrongType")]),
    ]);
    let no_tables = "server = 1\nupstream = 2\nsession = 3\nprovider = 4\nidentity = 5\nroute = 6";
    assert_eq!(found(&read(no_tables)).len(), 6);
    let none = "[server]\nlisten = \"[::]:1\"\npublic_url = \"https://a.example\"\n[upstream]\nurl = \"http://[::1]:3000\"\n[session]\nkeys = [{ file = \"other-key\" }]";
    assert_eq!(found(&read(none)), [("provider".to_owned(), "Missing".to_owned())]);
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_claims_and_routes_is_found_with_its_key() {
    assert_table(&[
        ("identity.user = \"email\"", &[]),
        ("identity.user = [\"email\", \"sub\"]", &[]),
        ("identity.user = []", &[("identity.user", "Empty")]),
        ("identity.user = \"\"", &[("identity.user", "Empty")]),
        ("identity.user = \"a..b\"", &[("identity.user", "Claim")]),
        ("identity.groups = { claim = [\"a\", \"b.\"] }", &[("identity.groups.claim[1]", "Claim")]),
        ("identity.groups = { claim = \"a\", unmapped = \"keep\" }", &[]),
        ("identity.groups = { clam = \"a\" }", &[("identity.groups.clam", "UnknownKey")]),
        ("identity.groups = { claim = \"a\", unmapped = \"kep\" }", &[("identity.groups.unmapped", "NotAChoice")]),
        ("identity.email = true", &[("identity.email", "WrongType")]),
        ("\n[[route]]\npath = \"/a\"\n[[route]]\npath = \"/a/*\"", &[]),
        ("\n[[route]]\npath = \"a\"", &[("route[0].path", "Pattern")]),
        ("\n[[route]]\npath = \"/*/a\"", &[("route[0].path", "Pattern")]),
        ("\n[[route]]\npath = []", &[("route[0].path", "Empty")]),
        ("\n[[route]]\nhost = []", &[("route[0].host", "Empty")]),
        ("\n[[route]]\naccess = []", &[("route[0].access", "Empty")]),
        ("\n[[route]]\naccess = \"signedin\"", &[("route[0].access", "NotAChoice")]),
        ("\n[[route]]\naccess = true", &[("route[0].access", "WrongType")]),
        ("\n[[route]]\npath = [\"/a\", \"b\"]\n[[route]]\npath = \"/a\"", &[("route[0].path[1]", "Pattern")]),
        ("\n[[route]]\npath = [\"/a\", \"/b\"]\n[[route]]\npath = \"/b\"", &[("route[1].path", "Repeated")]),
        ("\n[[route]]\npath = [\"/a/\", \"/a/*\"]", &[("route[0].path[1]", "Repeated")]),
        ("server.ignore_path_case = true\n\n[[route]]\npath = \"/Admin/*\"\n[[route]]\npath = \"/admin/\"", &[("route[1].path", "Repeated")]),
        ("server.ignore_path_case = true\n\n[[route]]\npath = \"/%C3%84/*\"\n[[route]]\npath = \"/%C3%A4/\"", &[("route[1].path", "Repeated")]),
        ("\n[[route]]\npath = \"/Admin/*\"\n[[route]]\npath = \"/admin/\"", &[]),
        ("\n[[route]]\n[[route]]\npath = \"/*\"", &[("route[1].path", "Repeated")]),
        ("\n[[route]]\npath = \"/a\"\nhost = \"wiki.example.com\"\n[[route]]\npath = \"/a\"", &[]),
        ("\n[[route]]\nhost = \"WIKI.example.com.\"\n[[route]]\nhost = \"wiki.example.com\"", &[("route[1]", "Repeated")]),
        ("\n[[route]]\nhost = \"other.example.com\"", &[("route[0].host", "HostNotPublic")]),
        ("\n[[route]]\nhost = \"other.example.com\"\naccess = \"public\"", &[]),
        ("\n[[route]]\nhost = \"wiki.example.com:8080\"", &[("route[0].host", "HostWithPort")]),
        ("\n[[route]]\nhost = \"*.example.com\"", &[("route[0].host", "Host")]),
        ("\n[[route]]\npath = \"/_vestibule/login\"", &[("route[0].path", "RouteUnderPrefix")]),
        ("\n[[route]]\npath = \"/_vestibule/*\"", &[("route[0].path", "RouteUnderPrefix")]),
        ("provider.corp.callback_path = \"/oauth2/callback\"\n\n[[route]]\npath = \"/oauth2/callback\"", &[("route[0].path", "RouteIsCallback")]),
        ("provider.corp.callback_path = \"/oauth2/callback\"\n\n[[route]]\npath = \"/oauth2/*\"", &[]),
        ("\n[route]\npath = \"/a\"", &[("route", "WrongType")]),
        ("route = []", &[("route", "Empty")]),
        ("route = [{ cors_preflight = 1, pass_override_headers = \"yes\" }]", &[("route[0].cors_preflight", "WrongType"), ("route[0].pass_override_headers", "WrongType")]),
        ("route = [{ origins = [\"https://a.example\", \"*\", \"https://b.example/x\", \"null\"] }]", &[("route[0].origins[1]", "Origin"), ("route[0].origins[2]", "Origin"), ("route[0].origins[3]", "Origin")]),
        ("route = [{ origins = \"https://a.example\" }]", &[]),
        ("\n[[route]]\npaths = \"/a\"", &[("route[0].paths", "UnknownKey")]),
    ]);
}

#[test]
fn only_forward_auth_does_without_an_app() {
    let without_app = SMALLEST.replace("[upstream]\nurl = \"http://127.0.0.1:3000\"\n", "");
    assert_ne!(without_app, SMALLEST);
    let missing = vec![("upstream.url".to_owned(), "Missing".to_owned())];
    assert_eq!(found(&read(&without_app)), missing);
    let server = |keys: &str| without_app.replace("[server]\n", &format!("[server]\n{keys}\n"));
    assert_eq!(found(&read(&server("forward_auth = \"off\""))), missing);
    let asked = server("forward_auth = \"caddy\"\ntrusted_proxies = [\"10.0.0.0/8\"]");
    assert_eq!(found(&read(&asked)), vec![]);
    let config = skip(&asked).unwrap().config;
    assert!(config.upstreams.apps.is_empty());
    let forward_auth = config.server.forward_auth.unwrap();
    assert_eq!(
        forward_auth.dialect,
        crate::gate::forward_auth::Dialect::Caddy
    );
    assert!(!forward_auth.cookies);
    // A table that is there has to be whole, and a route that names an app needs it.
    assert_eq!(found(&read(&format!("{asked}\n[upstream]\n"))), missing);
    let routed = format!("{asked}\n[[route]]\nupstream = \"wiki\"\n");
    let named = ("route[0].upstream".to_owned(), "NoSuchUpstream".to_owned());
    assert_eq!(found(&read(&routed)), [named]);
    assert_eq!(
        found(&read(&format!("{asked}\n[[route]]\npath = \"/a\"\n"))),
        []
    );
}

#[test]
fn forward_auth_that_nobody_may_use_warns() {
    let loaded = skip(&change("server.forward_auth = \"nginx\"")).unwrap();
    let kinds: Vec<_> = loaded.warnings.iter().map(|w| w.kind().clone()).collect();
    assert_eq!(
        kinds,
        [crate::config::error::ConfigWarningKind::NobodyMayAsk]
    );
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn each_mistake_about_rules_is_found_with_its_key() {
    assert_table(&[
        // Who: the keys of `access`.
        ("\n[[route]]\naccess = { groups = \"a\" }", &[]),
        ("\n[[route]]\naccess = { groups = [\"a\"], all_groups = [\"b\"], access_right = \"c\", email_domains = \"corp.example\", provider = \"corp\", claim = \"d.e\", any_of = [\"f\"] }", &[]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"] }, { provider = [\"corp\"] }]", &[]),
        ("\n[[route]]\n[route.access]\ngroups = [\"a\"]", &[]),
        ("\n[[route]]\naccess = {}", &[("route[0].access", "Empty")]),
        ("\n[[route]]\naccess = [{}]", &[("route[0].access[0]", "Empty")]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"] }, {}]", &[("route[0].access[1]", "Empty")]),
        ("\n[[route]]\naccess = []", &[("route[0].access", "Empty")]),
        ("\n[[route]]\naccess = [\"public\"]", &[("route[0].access[0]", "WrongType")]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"] }, \"public\"]", &[("route[0].access[1]", "WrongType")]),
        ("\n[[route]]\naccess = { grups = [\"a\"] }", &[("route[0].access.grups", "UnknownKey")]),
        ("\n[[route]]\naccess = [{ groups = [\"a\"], user = \"x\" }]", &[("route[0].access[0].user", "UnknownKey")]),
        ("\n[[route]]\naccess = { groups = [] }", &[("route[0].access.groups", "Empty")]),
        ("\n[[route]]\naccess = { all_groups = [] }", &[("route[0].access.all_groups", "Empty")]),
        ("\n[[route]]\naccess = { access_right = [] }", &[("route[0].access.access_right", "Empty")]),
        ("\n[[route]]\naccess = { email_domains = [] }", &[("route[0].access.email_domains", "Empty")]),
        ("\n[[route]]\naccess = { provider = [] }", &[("route[0].access.provider", "Empty")]),
        ("\n[[route]]\naccess = { groups = [\"a\", \"\"] }", &[("route[0].access.groups[1]", "Empty")]),
        ("\n[[route]]\naccess = { groups = [\" \"] }", &[("route[0].access.groups[0]", "Empty")]),
        ("\n[[route]]\naccess = { groups = 1 }", &[("route[0].access.groups", "WrongType")]),
        ("\n[[route]]\naccess = { email_domains = \"@corp.example\" }", &[("route[0].access.email_domains", "EmailDomain")]),
        ("\n[[route]]\naccess = { email_domains = [\"a@corp.example\", \"*\", \"*.corp.example\", \".corp.example\", \"corp.example.\", \"a..b\", \"a b\"] }", &[
            ("route[0].access.email_domains[0]", "EmailDomain"), ("route[0].access.email_domains[1]", "EmailDomain"),
            ("route[0].access.email_domains[2]", "EmailDomain"), ("route[0].access.email_domains[3]", "EmailDomain"),
            ("route[0].access.email_domains[4]", "EmailDomain"), ("route[0].access.email_domains[5]", "EmailDomain"),
            ("route[0].access.email_domains[6]", "EmailDomain"),
        ]),
        ("\n[[route]]\naccess = { provider = [\"corp\", \"other\"] }", &[("route[0].access.provider[1]", "ProviderUnknown")]),
        ("\n[[route]]\naccess = { provider = \"Corp\" }", &[("route[0].access.provider", "ProviderUnknown")]),
        ("\n[[route]]\naccess = { claim = \"a\" }", &[("route[0].access.any_of", "Missing")]),
        ("\n[[route]]\naccess = { any_of = \"a\" }", &[("route[0].access.claim", "Missing")]),
        ("\n[[route]]\naccess = { claim = \"a\", any_of = [] }", &[("route[0].access.any_of", "Empty")]),
        ("\n[[route]]\naccess = { claim = \"a..b\", any_of = \"c\" }", &[("route[0].access.claim", "Claim")]),
        ("\n[[route]]\naccess = { claim = [\"a\"], any_of = \"c\" }", &[("route[0].access.claim", "WrongType")]),
        // API clients.
        ("\n[[route]]\napi = true\naccess = { scopes = \"a/b\" }", &[]),
        ("\n[[route]]\napi = true\naccess = { scopes = [\"a\", \"b\"], provider = \"corp\" }", &[]),
        ("\n[[route]]\napi = true\naccess = { scopes = [] }", &[("route[0].access.scopes", "Empty")]),
        ("\n[[route]]\napi = true\naccess = { scopes = [\"a b\", \"c\\\"\", \"\"] }", &[
            ("route[0].access.scopes[0]", "RuleScope"), ("route[0].access.scopes[1]", "RuleScope"), ("route[0].access.scopes[2]", "Empty"),
        ]),
        ("\n[[route]]\napi = \"yes\"", &[("route[0].api", "WrongType")]),
        ("provider.corp.api = { clients = [\"x\"], audiences = [\"y\"], tokens = [\"access\", \"id\"] }", &[]),
        ("provider.corp.api = { clients = [] }", &[("provider.corp.api.clients", "Empty")]),
        ("provider.corp.api = { tokens = [] }", &[("provider.corp.api.tokens", "Empty")]),
        ("provider.corp.api = { tokens = \"refresh\" }", &[("provider.corp.api.tokens", "NotAChoice")]),
        ("provider.corp.api = { audiences = [\" \"] }", &[("provider.corp.api.audiences[0]", "ApiName")]),
        ("provider.corp.api = { client = \"x\" }", &[("provider.corp.api.client", "UnknownKey")]),
        ("provider.corp.api = true", &[("provider.corp.api", "WrongType")]),
        // Methods.
        ("\n[[route]]\nmethods = []", &[("route[0].methods", "Empty")]),
        ("\n[[route]]\nmethods = \"get\"", &[("route[0].methods", "Method")]),
        ("\n[[route]]\nmethods = [\"GET\", \"Post\", \"A B\", \"TRACE\", \"CONNECT\", \"*\"]", &[
            ("route[0].methods[1]", "Method"), ("route[0].methods[2]", "Method"), ("route[0].methods[3]", "Method"),
            ("route[0].methods[4]", "Method"), ("route[0].methods[5]", "Method"),
        ]),
        ("\n[[route]]\nmethods = [\"GET\", \"GET\"]", &[("route[0].methods[1]", "Repeated")]),
        ("\n[[route]]\nmethods = [\"GET\", \"PROPFIND\"]\n[[route]]\nmethods = \"POST\"", &[]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]\nmethods = [\"POST\", \"GET\"]", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]\nmethods = \"HEAD\"", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\n[[route]]\nmethods = \"GET\"", &[("route[1]", "MethodRepeated")]),
        ("\n[[route]]\nmethods = \"GET\"\n[[route]]\nmethods = \"GET\"", &[("route[1]", "Repeated")]),
        ("\n[[route]]\npath = \"/a\"\nmethods = \"GET\"\n[[route]]\npath = \"/b\"\nmethods = \"GET\"", &[]),
        ("\n[[route]]\nhost = \"wiki.example.com\"\nmethods = \"GET\"\n[[route]]\nmethods = \"GET\"", &[]),
        ("\n[[route]]\nmethods = \"get\"\n[[route]]\nmethods = \"POST\"", &[("route[0].methods", "Method")]),
        // Forms in paths.
        ("\n[[route]]\npath = \"/a/*\"\nallow_in_path = [\";\", \"//\", \"%2F\", \"%5c\"]", &[]),
        ("\n[[route]]\npath = \"/a/*\"\nallow_in_path = []", &[("route[0].allow_in_path", "Empty")]),
        ("\n[[route]]\npath = \"/a/*\"\nallow_in_path = [\"%2F\", \"/\", \"..\"]", &[("route[0].allow_in_path[1]", "NotAChoice"), ("route[0].allow_in_path[2]", "NotAChoice")]),
    ]);
}

#[test]
fn rules_are_read_as_they_are_written() {
    let text = "\n[[route]]\npath = \"/api/*\"\nmethods = [\"GET\", \"PROPFIND\"]\nallow_in_path = \"%2F\"\n\
                access = [{ groups = [\" A \", \"B\"], claim = \"d.e\", any_of = \"f\" }, { access_right = \"c\" }]";
    let config = config(&change(text));
    let [route] = config.routes.as_slice() else {
        panic!("{:?}", config.routes);
    };
    assert_eq!(format!("{:?}", route.methods), "[GET, PROPFIND]");
    assert!(route.allow_in_path.encoded_slash && !route.allow_in_path.semicolon);
    let values =
        |names: &[&str]| Values::new(names.iter().map(|&name| name.to_owned()).collect()).unwrap();
    let first = vec![
        Condition::Groups(values(&["A", "B"])),
        Condition::Claim(ClaimPath::parse("d.e").unwrap(), values(&["f"])),
    ];
    let second = vec![Condition::AccessRight(values(&["c"]))];
    let rules = [first, second].map(|conditions| Rule::new(conditions).unwrap());
    let rules = Rules::new(rules.into()).unwrap();
    assert_eq!(route.access, Access::Rules(Arc::new(rules)));
    // Without its secrets a configuration is looked at all the same.
    let unread = "\n[[route]]\naccess = { provider = { env = \"P\" }, groups = { env = \"G\" } }";
    assert!(skip(&change(unread)).is_ok());
}

#[test]
fn all_mistakes_of_a_file_come_at_once_in_its_order() {
    let text = r#"
[server]
listen = "8080"
publc_url = "https://wiki.example.com"

[upstream]
url = "ftp://app"

[provider.corp]
kind = "cognito"
region = "eu-west-1"
user_pool_id = "eu-central-1_ExAmP1e99"
client_id = "x"
client_secret = "hunter2hunter2"
scopes = ["email"]

[session]
keys = [{ env = "NONE" }]
lifetim = "8h"

[sesion]
"#;
    let errors = read(text).unwrap_err();
    let lines: Vec<(usize, &str, String)> = errors
        .as_slice()
        .iter()
        .map(|error| {
            (
                error.position().unwrap().line,
                error.key(),
                variant(error.kind()),
            )
        })
        .collect();
    let expected = [
        (2, "server.public_url", "Missing"),
        (3, "server.listen", "Address"),
        (4, "server.publc_url", "UnknownKey"),
        (7, "upstream.url", "Url"),
        (11, "provider.corp.region", "RegionContradicts"),
        (14, "provider.corp.client_secret", "InlineSecret"),
        (15, "provider.corp.scopes[0]", "ScopeOpenid"),
        (18, "session.keys[0]", "EnvUnset"),
        (19, "session.lifetim", "UnknownKey"),
        (21, "sesion", "UnknownTable"),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(line, key, kind)| (line, key, kind.to_owned()))
        .collect();
    assert_eq!(lines, expected, "{errors}");
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn what_may_surprise_is_a_warning() {
    let rows = [
        ("provider.corp.email_verified = \"ignore\"", "provider.corp.email_verified", "EmailIgnored"),
        ("server.socket_mode = \"0666\"", "server.socket_mode", "SocketModeIdle"),
        ("server.trusted_proxies = [\"::/0\"]", "server.trusted_proxies[0]", "EverybodyTrusted"),
        ("telemetry.otlp = { endpoint = \"http://c\", headers = { X-Key = { env = \"LEVEL\" } } }", "telemetry.otlp.headers.X-Key", "SecretInPlain"),
        ("provider.corp.identity_provider = \"entra\"\nprovider.corp.forward_params = [\"identity_provider\"]", "provider.corp.forward_params[0]", "ForwardsFixed"),
        ("session.lifetime = \"31d\"", "session.lifetime", "LongLifetime"),
        ("session.cookie_name = \"wiki\"", "session.cookie_name", "CookieWithoutHost"),
        ("session.cookie_name = \"__Secure-wiki\"", "session.cookie_name", "CookieWithoutHost"),
        ("session.keys = [{ file = \"several-keys\" }, { file = \"other-key\" }]", "session.keys[1]", "RepeatedKey"),
        ("\n[[route]]\npath = \"/admin\"\naccess = \"nobody\"", "route[0].path", "ExactRoute"),
        ("\n[[route]]\npath = \"/*\"\naccess = \"optional\"\n[[route]]\npath = \"/admin\"", "route[1].path", "ExactRoute"),
        ("\n[[route]]\naccess = \"public\"\n[[route]]\npath = \"/admin\"", "route[1].path", "ExactRoute"),
        ("\n[[route]]\npath = \"/admin\"\naccess = { groups = \"a\" }", "route[0].path", "ExactRoute"),
        ("\n[[route]]\nmethods = \"GET\"", "route[0]", "MethodsLeftOut"),
        ("\n[[route]]\npath = \"/a/*\"\nmethods = \"GET\"\n[[route]]\npath = \"/a/*\"\nmethods = [\"POST\", \"PUT\", \"PATCH\", \"DELETE\"]", "route[0].path", "MethodsLeftOut"),
        ("\n[[route]]\nallow_in_path = \"//\"", "route[0].allow_in_path", "AllowInPathIdle"),
        ("identity.groups = { map = { x = [\"Editors\", \"Sales\"] }, unmapped = \"drop\" }\n[[route]]\naccess = { groups = [\"Sales\", \"Editor\"] }", "route[0].access.groups[1]", "NobodyHas"),
        ("identity.groups = { map_file = \"bare.toml\", unmapped = \"drop\" }\n[[route]]\naccess = [{ email_domains = \"a.example\" }, { all_groups = [\"Argentina\", \"Local Company\"] }]", "route[0].access[1].all_groups[1]", "NobodyHas"),
        ("identity.access_right = { claim = \"r\", map = { x = \"Admin\" } }\n[[route]]\naccess = { access_right = \"admin\" }", "route[0].access.access_right", "NobodyHas"),
        ("identity.access_right = { claim = \"r\", map = { x = \"Admin\" }, order = [\"Admin\", \"Reader\"] }", "identity.access_right.order[1]", "NobodyHas"),
        ("\n[[route]]\naccess = { access_right = [\"Admin\", \"Reader\"] }", "route[0].access.access_right[0]", "NoAccessRight"),
        ("provider.corp.user_pool_id = \"us-gov-west-1_ExAmP1e99\"", "provider.corp.user_pool_id", "GovCloud"),
        ("-provider.corp.user_pool_id\n-provider.corp.domain\nprovider.corp.kind = \"oidc\"\nprovider.corp.issuer = \"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a\"", "provider.corp.issuer", "CognitoAsOidc"),
    ];
    for (changes, key, kind) in rows {
        let warnings = read(&change(changes)).unwrap().warnings;
        let [warning] = warnings.as_slice() else { panic!("{changes}: {warnings:?}") };
        assert_eq!((warning.key(), variant(warning.kind()).as_str()), (key, kind));
    }
    let quiet = [
        "",
        "session.lifetime = \"30d\"",
        "session.cookie_name = \"__Host-wiki\"",
        "\n[[route]]\npath = \"/login\"\naccess = \"public\"",
        "identity.groups = { map = { x = [\"Editors\", \"Sales\"] }, unmapped = \"drop\", default = \"Guests\" }\n[[route]]\naccess = { groups = [\"Guests\", \" Sales \"] }",
        "identity.groups = { map = { x = \"Editors\" } }\n[[route]]\naccess = { groups = \"whatever\" }",
        "\n[[route]]\naccess = { groups = \"whatever\" }",
        "identity.access_right = { claim = \"r\", unmapped = \"deny\" }\n[[route]]\naccess = { access_right = \"whatever\" }",
        "identity.access_right = { claim = \"r\", map = { x = \"Admin\" }, default = \"Reader\", order = [\"Admin\", \"Reader\"] }\n[[route]]\naccess = { access_right = \"Reader\" }",
        "identity.access_right = { claim = \"r\", map = { x = \"Admin\" }, unmapped = \"keep\" }\n[[route]]\naccess = { access_right = \"Reader\" }",
        "\n[[route]]\npath = \"/admin\"",
        "\n[[route]]\npath = \"/a/*\"\nmethods = \"GET\"\n[[route]]\npath = \"/a/*\"\nmethods = [\"POST\", \"PUT\", \"PATCH\", \"DELETE\", \"OPTIONS\"]",
        "\n[[route]]\npath = \"/a/*\"\nallow_in_path = \"//\"",
        "\n[[route]]\naccess = \"public\"\n[[route]]\npath = [\"/admin\", \"/admin/*\"]",
        "\n[[route]]\naccess = \"public\"\n[[route]]\nhost = \"wiki.example.com\"\n[[route]]\nhost = \"wiki.example.com\"\npath = \"/a\"",
    ];
    for changes in quiet {
        let warnings = read(&change(changes)).unwrap().warnings;
        assert!(warnings.is_empty(), "{changes}: {warnings:?}");
    }
}
