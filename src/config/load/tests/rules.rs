//! Which configurations are refused, and for what: the sections of the proxy itself
//! here, those with many rules of their own below.

use super::*;

mod provider;
mod route;
mod warnings;

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
        (
            "server.max_connections = 0",
            &[("server.max_connections", "NumberRange")],
        ),
        (
            "server.max_connections = 1000001",
            &[("server.max_connections", "NumberRange")],
        ),
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
        ("upstream.timeouts = { connect = \"10ms\", response = \"250ms\", idle = \"1s 500ms\" }", &[]),
        ("upstream.timeouts = { connect = \"9ms\", response = \"999us\", idle = \"24h 1ms\" }", &[("upstream.timeouts.connect", "DurationRange"), ("upstream.timeouts.response", "DurationRange"), ("upstream.timeouts.idle", "DurationRange")]),
        ("upstream.tls = { ca = \"pem\" }", &[("upstream.tls.ca", "InlineSecret")]),
        ("upstream.timeouts = { connect = \"0s\", response = \"2d\", idle = \"x\" }", &[("upstream.timeouts.connect", "DurationRange"), ("upstream.timeouts.response", "DurationRange"), ("upstream.timeouts.idle", "Duration")]),
        ("upstream.wiki = { url = \"http://wiki\" }", &[("upstream.wiki", "UpstreamBoth")]),
        ("-upstream.url\nupstream.wiki = { url = \"http://a\" }", &[("upstream.wiki", "UpstreamOfNobody")]),
        ("-upstream.url\nserver.forward_auth = \"traefik\"\nserver.trusted_proxies = \"10.0.0.1\"\nupstream.b = { url = \"http://b\" }\nupstream.a = { url = \"http://a\" }", &[("upstream.a", "UpstreamOfNobody")]),
        ("-upstream.url\nupstream.wiki = { url = \"http://a\" }\n\n[[route]]\npath = \"/b/*\"\nupstream = \"wiki\"", &[]),
        ("-upstream.url\nupstream.default = { url = \"http://a\" }\nupstream.wiki = { url = \"https://b\" }\n\n[[route]]\npath = \"/b/*\"\nupstream = \"wiki\"", &[]),
        ("-upstream.url\nupstream.a = { url = \"http://a\" }\n\n[[route]]\npath = \"/b/*\"", &[("route[0].upstream", "Missing")]),
        ("-upstream.url\nupstream.a = { url = \"http://a\" }\n\n[[route]]\nupstream = \"b\"", &[("route[0].upstream", "NoSuchUpstream")]),
        ("-upstream.url\nupstream.a = { host = \"keep\" }", &[("upstream.a.url", "Missing"), ("upstream.a", "UpstreamOfNobody")]),
        ("-upstream.url\nupstream.a = { url = \"http://a\" }\nupstream.host = \"keep\"", &[("upstream.host", "UpstreamKeyNamesNone"), ("upstream.a", "UpstreamOfNobody")]),
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
        ("session.idle_timeout = \"999ms\"", &[("session.idle_timeout", "DurationRange")]),
        ("session.idle_timeout = \"1s\"", &[]),
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
        ("session.verification_cache = \"1KiB\"", &[]),
        ("session.verification_cache = \"much\"", &[("session.verification_cache", "Size")]),
        ("session.verification_cache = \"-1\"", &[("session.verification_cache", "Size")]),
        ("session.verification_cache = -1", &[("session.verification_cache", "Size")]),
        ("session.verification_cache = \"1023KiB\"", &[]),
        ("session.verification_cache = 1", &[]),
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
        ("headers.set = { X-User = { env = \"SECRET\" } }", &[]),
        ("headers.set = { X-User = { file = \"nowhere\" } }", &[("headers.set.X-User", "SourceUnreadable")]),
        ("headers.set = { X-User = { env = \"NONE\" } }", &[("headers.set.X-User", "EnvUnset")]),
        ("headers.set = { X-User = { env = \"SECRET\", join = \",\" } }", &[("headers.set.X-User.join", "UnknownKey")]),
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
