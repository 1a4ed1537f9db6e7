// Bodies of many bytes, none of which is kept:
//   node large.mjs http | h2c            an app; says its URL. PUT: how many bytes came; GET /N: so many bytes
//   node large.mjs put | get URL BYTES   a client by HTTP/2 (prior knowledge); says the status and how many bytes came
// A client that gets waits two seconds before it reads.
import http from 'node:http';
import http2 from 'node:http2';

const [kind, ...args] = process.argv.slice(2);
const PART = Buffer.alloc(1 << 16, 'x');

/** Writes so many bytes, as fast as they are taken. */
function pour(stream, left) {
  while (left > 0) {
    const part = left < PART.length ? PART.subarray(0, left) : PART;
    left -= part.length;
    if (!stream.write(part)) {
      stream.once('drain', () => pour(stream, left));
      return;
    }
  }
  stream.end();
}

function count(stream, done) {
  let bytes = 0;
  stream.on('data', (part) => { bytes += part.length; });
  stream.on('end', () => done(bytes));
}

function answer(request, response) {
  if (request.method === 'GET') {
    const bytes = Number(request.url.slice(1));
    response.setHeader('content-length', bytes);
    pour(response, bytes);
  } else {
    count(request, (bytes) => response.end(String(bytes)));
  }
}

function serve() {
  const server = kind === 'h2c' ? http2.createServer(answer) : http.createServer(answer);
  server.listen(0, '127.0.0.1', () => console.log(`${kind}://127.0.0.1:${server.address().port}`));
}

function ask(url, bytes) {
  const session = http2.connect(url);
  const isPut = kind === 'put';
  const stream = session.request(
    { ':method': isPut ? 'PUT' : 'GET', ':path': isPut ? '/file' : `/${bytes}` },
    { endStream: !isPut },
  );
  stream.on('response', (head) => {
    const say = (came) => {
      console.log(head[':status'], came);
      session.close();
    };
    if (isPut) {
      const parts = [];
      stream.on('data', (part) => parts.push(part));
      stream.on('end', () => say(Buffer.concat(parts).toString()));
    } else {
      setTimeout(() => count(stream, say), 2000);
    }
  });
  if (isPut) pour(stream, bytes);
}

if (kind === 'put' || kind === 'get') ask(args[0], Number(args[1]));
else serve();
