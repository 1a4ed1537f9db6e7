// An app that verifies the signed assertion with npm's jose, as tests/suite/assertion.rs has it.
//
//   node verify.mjs JWKS_URL ISSUER AUDIENCE < TOKEN
//
// Fetches the key set and says in one line of JSON what it found: { header, payload } or { error }.
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { text } from 'node:stream/consumers';

const [url, issuer, audience] = process.argv.slice(2);
const token = (await text(process.stdin)).trim();
try {
  const { protectedHeader: header, payload } = await jwtVerify(token, createRemoteJWKSet(new URL(url)), {
    issuer,
    audience,
    algorithms: ['ES256'],
    typ: 'JWT',
    requiredClaims: ['sub', 'iat', 'exp'],
    maxTokenAge: '5m',
  });
  console.log(JSON.stringify({ header, payload }));
} catch (error) {
  console.log(JSON.stringify({ error: error.code ?? String(error) }));
}
