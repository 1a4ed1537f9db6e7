// An app that says what reached it, by the protocol that it is started with:
//   node app.mjs http | h2c | unix PATH | https CERTIFICATE KEY [CLIENT-CA]
// The first line on stdout is its URL, as an upstream's is written.
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';

const [kind, ...args] = process.argv.slice(2);

function answer(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const socket = request.socket ?? request.stream?.session?.socket;
    const said = {
      version: request.httpVersion,
      method: request.method,
      url: request.url,
      host: request.headers[':authority'] ?? request.headers.host,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('latin1'),
      client: socket?.getPeerCertificate?.()?.subject?.CN ?? null,
    };
    response.setHeader('content-type', 'application/json');
    response.setHeader('set-cookie', ['app=1; Path=/']);
    response.end(JSON.stringify(said));
  });
}

function server() {
  if (kind === 'h2c') return http2.createServer(answer);
  if (kind !== 'https') return http.createServer(answer);
  const [certificate, key, clientCa] = args.map((path) => fs.readFileSync(path));
  return http2.createSecureServer({
    cert: certificate,
    key,
    allowHTTP1: true,
    ...(clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }, answer);
}

const where = kind === 'unix' ? [args[0]] : [0, '127.0.0.1'];
const running = server();
running.listen(...where, () => {
  const schemes = { http: 'http', h2c: 'h2c', https: 'https' };
  const url = kind === 'unix' ? `unix:${args[0]}` : `${schemes[kind]}://127.0.0.1:${running.address().port}`;
  console.log(url);
});
