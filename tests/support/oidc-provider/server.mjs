// An OpenID provider that nobody here wrote, as a peer for tests/suite/third_party.rs.
//
//   node server.mjs --redirect-uri URL --signed-out-uri URL --client-secret TEXT [--host 127.0.0.2] [--email-domain example.net]
//     [--claims FILE.json]: whoever signs in has these claims, such as another product's tokens have them
//     [--certificate FILE --key FILE]: its issuer is https then, and browsers may go to `plain`
//
// Listens on a free port, and says so in one line of JSON on stdout. It stands on 127.0.0.2 because
// cookies know no ports: on 127.0.0.1 its cookies would reach Vestibule.
import fs from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { parseArgs } from 'node:util';
import Provider from 'oidc-provider';

const { values: args } = parseArgs({
  options: {
    'redirect-uri': { type: 'string' },
    'signed-out-uri': { type: 'string' },
    'client-secret': { type: 'string' },
    claims: { type: 'string' },
    certificate: { type: 'string' },
    key: { type: 'string' },
    host: { type: 'string', default: '127.0.0.2' },
    'email-domain': { type: 'string', default: 'example.net' },
  },
});

const client = {
  client_id: 'vestibule-tests',
  client_secret: args['client-secret'],
  redirect_uris: [args['redirect-uri']],
  post_logout_redirect_uris: [args['signed-out-uri']],
  grant_types: ['authorization_code', 'refresh_token'],
};

// What the server itself says of a token; all else can be given.
const own = ['iss', 'aud', 'azp', 'sub', 'amr', 'acr', 'exp', 'iat', 'nonce', 'auth_time'];
const given = args.claims
  ? Object.fromEntries(Object.entries(JSON.parse(fs.readFileSync(args.claims))).filter(([name]) => !own.includes(name)))
  : undefined;

// Whoever signs in as `name` is `name@example.net` (or in that domain) and in the group `readers`.
const findAccount = (_ctx, login) => ({
  accountId: login,
  claims: () => given ? { sub: login, ...given } : ({
    sub: login,
    email: `${login}@${args['email-domain']}`,
    email_verified: true,
    name: `${login} of the third party`,
    groups: ['readers'],
  }),
});

// A program: a client of its own, whose tokens are for whatever resource it names.
const script = {
  client_id: 'orders-script',
  client_secret: args['client-secret'],
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
};

const configuration = {
  clients: [client, script],
  findAccount,
  scopes: ['openid', 'offline_access', 'groups', 'allatclaims'],
  claims: given ? { openid: ['sub', ...Object.keys(given)], email: [], profile: [] } : {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'groups'],
  },
  // Claims in the ID token, as Entra, Okta and Cognito have them, not at the userinfo endpoint only.
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  features: {
    // Its own plain login page: any name, any password.
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'orders-read orders-write',
        audience: resource,
        accessTokenFormat: 'jwt',
      }),
    },
  },
};

const server = createServer();
server.listen(0, args.host, () => {
  const plain = `http://${args.host}:${server.address().port}`;
  const serve = (issuer) => {
    const answer = new Provider(issuer, configuration).callback();
    server.on('request', answer);
    console.log(JSON.stringify({ issuer, plain, client_id: client.client_id }));
    return answer;
  };
  if (!args.certificate) {
    serve(plain);
    return;
  }
  const secure = createTlsServer({ cert: fs.readFileSync(args.certificate), key: fs.readFileSync(args.key) });
  secure.listen(0, args.host, () => secure.on('request', serve(`https://${args.host}:${secure.address().port}`)));
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => process.exit(0));
}
