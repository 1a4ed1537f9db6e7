// A client of many protocols:
//   node client.mjs '{"url": "https://127.0.0.1:8443/x", "version": 2, …}'
// version: 1 or 2 (over TLS by ALPN, else with prior knowledge); ca: PEM file; name: the server's name;
// socket: a unix socket instead of the URL's host and port; method, headers, body; tls: "TLSv1.1" and its like.
// Says in one line of JSON what came of it; errors too.
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';

const asked = JSON.parse(process.argv[2]);
const url = new URL(asked.url);
const secure = url.protocol === 'https:';
const tls = {
  ALPNProtocols: asked.version === 2 ? ['h2'] : ['http/1.1'],
  servername: asked.name,
  ...(asked.ca && { ca: fs.readFileSync(asked.ca) }),
  ...(asked.tls && { minVersion: asked.tls, maxVersion: asked.tls, ciphers: 'DEFAULT@SECLEVEL=0' }),
};

function say(said) {
  console.log(JSON.stringify(said));
  process.exit(0);
}

function fail(error) {
  say({ error: error.code ?? error.message });
}

function describe(socket) {
  return {
    tls: socket.getProtocol?.() ?? null,
    alpn: socket.alpnProtocol || null,
    subject: socket.getPeerCertificate?.()?.subject?.CN ?? null,
    serial: socket.getPeerCertificate?.()?.serialNumber ?? null,
  };
}

function collect(stream, done) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => done(Buffer.concat(chunks).toString('latin1')));
  stream.on('error', fail);
}

function byHttp1() {
  const request = (secure ? https : http).request(url, {
    agent: false,
    method: asked.method ?? 'GET',
    headers: asked.headers ?? {},
    ...(asked.socket && { socketPath: asked.socket }),
    ...(secure && tls),
  }, (response) => collect(response, (body) => say({
    status: response.statusCode,
    version: response.httpVersion,
    headers: response.headers,
    trailers: response.trailers,
    body,
    ...described,
  })));
  let described = {};
  request.on('socket', (socket) => {
    socket.on(secure ? 'secureConnect' : 'connect', () => { described = describe(socket); });
  });
  request.on('error', fail);
  request.end(asked.body);
}

function byHttp2() {
  const session = http2.connect(url.origin, {
    ...(secure && tls),
    ...(asked.socket && { createConnection: () => net.connect(asked.socket) }),
  });
  session.on('error', fail);
  const { host, ...headers } = asked.headers ?? {};
  const stream = session.request({
    ':method': asked.method ?? 'GET',
    ':path': url.pathname + url.search,
    ...(host && { ':authority': host }),
    ...headers,
  }, { endStream: asked.body === undefined });
  let head = {};
  let trailers = {};
  stream.on('response', (headers) => { head = { ...headers }; });
  stream.on('trailers', (headers) => { trailers = { ...headers }; });
  collect(stream, (body) => say({
    status: head[':status'],
    version: '2.0',
    headers: head,
    trailers,
    body,
    ...describe(session.socket),
  }));
  if (asked.body !== undefined) stream.end(asked.body);
}

if (asked.version === 2) byHttp2();
else byHttp1();
