import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { tenHeads } from '../engine/tiny-onnx.js';
import { ModelServer } from '../model/download/model-server.js';
import { describeUnless, itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli, type CliResult, MAIN, Watched } from './cli.js';

const NOBODY = 65534;
const uid = process.getuid?.() === 0 ? NOBODY : undefined;
const noOtherUser =
  uid !== undefined &&
  spawnSync(process.execPath, [MAIN, '--version'], { uid, gid: uid }).status !== 0 &&
  'root has all permissions, and nobody else may read this checkout';
const noPosix = process.platform === 'win32' && 'Windows has no limit of the size of a file';
const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'there is no openssl';
const noScript = spawnSync('script', ['--version']).status !== 0 && 'there is no script(1) of util-linux';

describe('tros-yolo-seg model get', () => {
  const root = temporaryFolder('model-get');
  chmodSync(root, 0o755);
  const bytes = tenHeads(64, 64, ['cat']);
  /** Most of it. */
  const HALF = Math.floor(bytes.length / 2) + 10;
  let server: ModelServer;
  let count = 0;
  before(async () => {
    server = await ModelServer.start();
  });
  afterEach(() => server.reset());
  after(() => Watched.endAll());

  /** A cache of its own, and a catalog whose model lies on our server. */
  function place(url = `${server.origin}/m.onnx`): {
    folder: string;
    env: Record<string, string | undefined>;
  } {
    const home = join(root, String(count++));
    mkdirSync(home);
    const licenses = { Test: { name: 'Test License', holder: 'Somebody', url: 'https://license.test' } };
    const model = { name: 'test-seg', url, board: 'CPU', family: 'Test', license: 'Test', tried: false };
    const file = join(home, 'models.json');
    writeFileSync(file, JSON.stringify({ licenses, models: [model] }));
    const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
    const env = { ...Object.fromEntries(proxies.map((name) => [name, undefined])) };
    return {
      folder: join(home, 'tros-yolo-seg/models'),
      env: { ...env, XDG_CACHE_HOME: home, TROS_YOLO_SEG_MODELS: file },
    };
  }

  const get = (env: Record<string, string | undefined>, ...more: string[]): Promise<CliResult> =>
    cli(['model', 'get', 'test-seg', ...more], root, env);

  it('requires the license to be accepted once, then downloads the model', async () => {
    const { folder, env } = place();
    server.put('/m.onnx', { bytes });
    const refused = await get(env);
    assert.deepEqual([refused.code, refused.stdout, server.requests.length], [2, '', 0]);
    assert.match(
      refused.stderr,
      /test-seg by Somebody is under Test, the Test License: https:\/\/license\.test/,
    );
    assert.match(
      refused.stderr,
      /Expected your consent to Test for test-seg but received none\. .*--accept-license\.\n$/,
    );
    assert.equal(existsSync(folder), false);

    const path = join(folder, 'test-seg.onnx');
    const first = await get(env, '--accept-license');
    assert.deepEqual([first.code, first.stdout], [0, `${path}\n`], first.stderr);
    assert.match(
      first.stderr,
      /test-seg: \d\.\d MB, sha256 [\da-f]{64} \(kept to detect changes; its publisher gives none\)/,
    );
    assert.match(first.stderr, /This project has not tried this file/);
    assert.ok(readFileSync(path).equals(Buffer.from(bytes)));

    const second = await get(env);
    assert.deepEqual([second.code, second.stdout, server.requests.length], [0, `${path}\n`, 1]);
    assert.match(second.stderr, /^test-seg: in the cache, .* MB, unchanged\n$/);
    const third = await get(env, '--force', '-q');
    assert.deepEqual(third, { code: 0, stdout: `${path}\n`, stderr: '' });
    assert.equal(server.requests.length, 2);
  });

  it('checks all names before the first download', async () => {
    const { env } = place();
    const { code, stderr } = await cli(
      ['model', 'get', 'test-seg', 'test-sag', '--accept-license'],
      root,
      env,
    );
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^tros-yolo-seg: Expected the name of a model but received test-sag\. Did you mean test-seg\?/,
    );
    assert.equal(server.requests.length, 0);
    assert.match(
      (await cli(['model', 'get'], root, env)).stderr,
      /Expected names of models but received none/,
    );
  });

  it('reports all failures in one error', async () => {
    const { env } = place();
    const { code, stdout, stderr } = await get(env, '--accept-license', '-q');
    assert.deepEqual([code, stdout], [2, '']);
    const [license, error, ...rest] = stderr.split('\n');
    assert.match(license!, /Test License/);
    assert.match(
      error!,
      /^tros-yolo-seg: Expected a file at http:.*\/m\.onnx but received HTTP status 404\. .* by hand\.$/,
    );
    assert.deepEqual(rest, ['']);
  });

  for (const [signal, exit] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`keeps what it has on ${signal}, reports its progress, and continues from there`, async () => {
      const { folder, env } = place();
      server.put('/m.onnx', { bytes, holdAt: HALF });
      const args = [MAIN, 'model', 'get', 'test-seg', '--accept-license'];
      const child = Watched.start(args, root, { ...process.env, ...env });
      await child.says('stderr', /test-seg {2}\[#+-+\] \d+ kB\/\d\.\d MB {2}/);
      child.kill(signal);
      assert.deepEqual(await child.end(), { code: exit, signal: null });
      assert.match(
        child.stderr,
        new RegExp(`stopped by ${signal}\\nWhat was received is kept; the same command continues`),
      );
      assert.deepEqual(readdirSync(folder).sort(), ['accepted-licenses.json', 'test-seg.onnx.part']);
      assert.match((await cli(['model', 'list'], root, env)).stdout, /^test-seg .* untried +part, \d+ kB$/m);

      server.put('/m.onnx', { bytes });
      const again = await get(env);
      assert.equal(again.code, 0, again.stderr);
      assert.match(again.stderr, /^test-seg: continuing after \d+ kB\n/);
      assert.match(server.requests.at(-1)!.headers.range!, /^bytes=\d{6}-$/);
      assert.ok(readFileSync(join(folder, 'test-seg.onnx')).equals(Buffer.from(bytes)));
    });
  }

  it('gives complete files when it runs twice at once', async () => {
    const { folder, env } = place();
    server.put('/m.onnx', { bytes, holdAt: HALF });
    // Both spellings.
    const both = [get(env, '--accept-license'), get(env, '--accept-licence')];
    await server.holding(2);
    server.release();
    for (const { code, stderr } of await Promise.all(both)) assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(folder).sort(), [
      'accepted-licenses.json',
      'test-seg.onnx',
      'test-seg.onnx.json',
    ]);
    assert.ok(readFileSync(join(folder, 'test-seg.onnx')).equals(Buffer.from(bytes)));
  });

  itUnless(noPosix, 'ends at a full disk with one error, and continues when there is room', async () => {
    const { folder, env } = place();
    server.put('/m.onnx', { bytes });
    const args = ['model', 'get', 'test-seg', '--accept-license', '-q'];
    const full = await cli(args, root, env, { blocks: 1000 });
    assert.equal(full.code, 2, full.stderr);
    assert.match(
      full.stderr,
      /\ntros-yolo-seg: Expected room for .*test-seg\.onnx but received EFBIG.*\. Free some space, .*\n$/,
    );
    assert.equal(existsSync(join(folder, 'test-seg.onnx')), false);
    const { code, stderr } = await cli(args, root, env);
    assert.equal(code, 0, stderr);
    assert.match(server.requests.at(-1)!.headers.range!, /^bytes=[1-9]\d*-$/);
    assert.ok(readFileSync(join(folder, 'test-seg.onnx')).equals(Buffer.from(bytes)));
  });

  itUnless(noOtherUser, 'reports a cache without write permission', async () => {
    const { folder, env } = place();
    server.put('/m.onnx', { bytes });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'accepted-licenses.json'), '{"Test of Somebody":"2026"}');
    chmodSync(folder, 0o555);
    const { code, stderr } = await cli(
      ['model', 'get', 'test-seg'],
      root,
      env,
      uid === undefined ? {} : { uid },
    );
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^tros-yolo-seg: Expected permission to write .*test-seg\.onnx but received EACCES.*\n$/,
    );
    assert.equal(server.requests.length, 0);
  });

  itUnless(noScript, 'asks for the license on a terminal', async () => {
    server.put('/m.onnx', { bytes });
    const answer = async (
      text: string,
      env: Record<string, string | undefined>,
    ): Promise<[number | null, string]> => {
      const command = `'${process.execPath}' '${MAIN}' model get test-seg`;
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        cwd: root,
        env: { ...process.env, ...env },
      });
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        out += part;
        // Answered as a person does: when asked.
        if (out.includes('[y/N] ') && child.stdin.writable) child.stdin.end(text);
      });
      await once(child, 'close');
      return [child.exitCode, out];
    };
    const [no, said] = await answer('\n', place().env);
    assert.deepEqual([no, server.requests.length], [2, 0], said);
    assert.match(said, /Do you accept this license\? \[y\/N\]/);
    assert.match(said, /consent to Test for test-seg but received no\./);
    const { folder, env } = place();
    const [yes, output] = await answer('y\n', env);
    assert.equal(yes, 0, output);
    // A bar in one line, wiped at its end.
    assert.match(output, /\rtest-seg {2}\[#{30}\] /);
    assert.ok(output.includes('\r\u001b[K'));
    assert.ok(existsSync(join(folder, 'test-seg.onnx')));
  });

  describeUnless(noOpenssl, 'over https', () => {
    it('trusts certificates from NODE_EXTRA_CA_CERTS, and never follows a redirect to http', async () => {
      const [key, certificate] = [join(root, 'key.pem'), join(root, 'certificate.pem')];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const form = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
      execFileSync('openssl', ['req', ...form, '-keyout', key, '-out', certificate, ...subject], {
        stdio: 'ignore',
      });
      let seen = 0;
      let location: string | undefined;
      const secure = createServer(
        { key: readFileSync(key), cert: readFileSync(certificate) },
        (_, response) => {
          seen++;
          if (location !== undefined) response.writeHead(302, { location }).end();
          else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
        },
      );
      secure.listen(0, '127.0.0.1');
      await once(secure, 'listening');
      try {
        const { folder, env } = place(`https://127.0.0.1:${(secure.address() as AddressInfo).port}/m.onnx`);
        const unknown = await get(env, '--accept-license');
        assert.equal(unknown.code, 2);
        assert.match(unknown.stderr, /Expected an answer from https:.*self.signed.*NODE_EXTRA_CA_CERTS/i);
        assert.equal(seen, 0);

        const trusting = { ...env, NODE_EXTRA_CA_CERTS: certificate };
        location = `${server.origin}/m.onnx`;
        server.put('/m.onnx', { bytes });
        const led = await get(trusting);
        assert.equal(led.code, 2);
        assert.match(led.stderr, /a redirect from https:.* to an address with https but received http:/);
        assert.equal(server.requests.length, 0);

        location = undefined;
        const got = await get(trusting);
        assert.equal(got.code, 0, got.stderr);
        assert.ok(readFileSync(join(folder, 'test-seg.onnx')).equals(Buffer.from(bytes)));
      } finally {
        secure.close();
        secure.closeAllConnections();
      }
    });
  });

  it('gives models that commands find by name, and that model list shows', async () => {
    const { folder, env } = place();
    server.put('/m.onnx', { bytes });
    const path = join(folder, 'test-seg.onnx');
    const list = async (...more: string[]): Promise<string> =>
      (await cli(['model', 'list', ...more], root, env)).stdout;
    assert.match(await list(), /^test-seg +CPU \(ONNX\) +Test +Test +untried$/m);
    await get(env, '--accept-licence');
    const run = [
      'run',
      'scene:',
      '--frames',
      '1',
      '--size',
      '64x64',
      '--model',
      'test-seg',
      '--json',
      '-',
      '-q',
    ];
    const [all, others, json, info, lines] = await Promise.all([
      list(),
      list('--board', 'X5'),
      list('--json', '--board', 'cpu'),
      cli(['info', 'test-seg'], root, env),
      cli(run, root, env),
    ]);
    assert.match(all, /^test-seg +CPU \(ONNX\) +Test +\d\.\d MB +Test +untried +there$/m);
    assert.match(others, /^yolov8n-seg-x5 /m);
    assert.doesNotMatch(others, /^test-seg/m);
    const [entry] = JSON.parse(json) as Record<string, unknown>[];
    assert.deepEqual(
      [entry!['name'], entry!['cache']],
      ['test-seg', { path, size: bytes.length, whole: bytes.length }],
    );
    assert.match(info.stdout, /test-seg\.onnx: segmentation model with its ten heads/);
    assert.deepEqual([lines.code, lines.stdout.split('\n').length], [0, 2], lines.stderr);
  });

  it('is suggested by every command for a missing model', async () => {
    const { env } = place();
    const commands = [
      ['run', 'scene:', '--model', 'test-seg'],
      ['info', 'test-seg'],
      ['perf', 'test-seg'],
      ['check', 'test-seg'],
      ['record', 'test-seg', 'scene:', '-o', 'x.bin'],
      ['record', 'x.onnx', 'scene:', '-o', 'x.bin', '--like', 'test-seg'],
      ['model', 'cut', 'test-seg', '-o', 'x.onnx'],
      ['model', 'ptq', 'test-seg', '--march', 'bayes-e', '--images', '.', '-o', 'x'],
      ['model', 'dequantize', 'test-seg'],
    ];
    for (const { code, stdout, stderr } of await Promise.all(commands.map((args) => cli(args, root, env)))) {
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(
        stderr,
        /^tros-yolo-seg: Expected test-seg at \/.* but received nothing\. .*model get test-seg\n$/,
      );
    }
    assert.equal(server.requests.length, 0);
  });

  it('refuses a file that is not a catalog', async () => {
    const { env } = place();
    const { code, stderr } = await cli(['model', 'list'], root, { ...env, TROS_YOLO_SEG_MODELS: MAIN });
    assert.equal(code, 2);
    assert.match(stderr, /^tros-yolo-seg: Expected JSON in .*main\.js but received .*\n$/);
  });
});
