import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, describe, it } from 'mocha';
import type { CatalogModel } from '../../../src/model/catalog.js';
import { type GetOptions, getModel } from '../../../src/model/download/get-model.js';
import { nextAddress } from '../../../src/model/download/http.js';
import { leftLength, processHome } from '../../../src/model/download/part.js';
import type { Wait } from '../../../src/model/download/stall-watch.js';
import { readRecord } from '../../../src/model/model-cache.js';
import { modelFile, node } from '../../engine/tiny-onnx.js';
import { ManualClock } from '../../manual-clock.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { binFile } from '../bin/bin-file.js';
import { ModelServer, type ServedFile } from './model-server.js';

/** An ONNX model of 100 kB or so; `seed` makes it another one. */
function onnx(seed = 'a'): Buffer {
  const shape = [1, 3, 32, 32];
  return Buffer.from(
    modelFile({
      inputs: [{ name: 'x', shape }],
      outputs: [{ name: 'y', shape }],
      nodes: [node('Identity', ['x'], 'y')],
      metadata: { seed, filling: seed.repeat(100_000) },
    }),
  );
}

function sum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('getModel', () => {
  const root = temporaryFolder('get-model');
  let count = 0;
  const newFolder = (): string => join(root, String(count++));
  let server: ModelServer;
  before(async () => {
    server = await ModelServer.start();
  });
  afterEach(() => server.reset());

  const model = (url: string, more: Partial<CatalogModel> = {}): CatalogModel => ({
    name: 'test-seg',
    url,
    tried: true,
    board: 'CPU',
    family: 'Test',
    license: 'none',
    ...more,
  });

  /** Breaks a download off when so many bytes are there. */
  async function breakAt(what: CatalogModel, folder: string, bytes: number): Promise<Error> {
    const error = getModel(what, { folder, onProgress: (done) => done >= bytes && server.break() }).then(
      () => assert.fail('It did not break off.'),
      (reason: Error) => reason,
    );
    return error;
  }

  it('downloads a model and stores its checksum', async () => {
    const [folder, bytes] = [newFolder(), onnx()];
    const url = server.put('/m.onnx', { bytes });
    const steps: (readonly [number, number | undefined])[] = [];
    const got = await getModel(model(url), { folder, onProgress: (...step) => steps.push(step) });
    assert.equal(got.path, join(folder, 'test-seg.onnx'));
    assert.ok(readFileSync(got.path).equals(bytes));
    assert.deepEqual([got.downloaded, got.changedFrom], [true, undefined]);
    assert.deepEqual(readRecord(got.path), got.record);
    assert.deepEqual([got.record.sha256, got.record.size], [sum(bytes), bytes.length]);
    assert.deepEqual(readdirSync(folder).sort(), ['test-seg.onnx', 'test-seg.onnx.json']);
    assert.deepEqual(steps[0], [0, bytes.length]);
    assert.deepEqual(steps.at(-1), [bytes.length, bytes.length]);
    assert.equal(server.requests[0]!.headers['accept-encoding'], 'identity');
    assert.equal(server.requests[0]!.headers.range, undefined);
  });

  it('sends no request for a cached file, but notices if it was changed', async () => {
    const [folder, bytes] = [newFolder(), onnx()];
    const wanted = model(server.put('/m.onnx', { bytes }));
    const { path } = await getModel(wanted, { folder });
    const again = await getModel(wanted, { folder });
    assert.deepEqual([again.downloaded, server.requests.length], [false, 1]);
    writeFileSync(path, onnx('b'));
    await assert.rejects(
      getModel(wanted, { folder }),
      /first download on \d{4}-.* but received .*changed here.*--force/,
    );
    assert.equal((await getModel(wanted, { folder, force: true })).downloaded, true);
    assert.ok(readFileSync(path).equals(bytes));
  });

  it('accepts a manually copied file without a request, if its checksum matches', async () => {
    const bytes = onnx();
    const lay = (file: Uint8Array): string => {
      const folder = newFolder();
      mkdirSync(folder);
      writeFileSync(join(folder, 'test-seg.onnx'), file);
      return folder;
    };
    const wanted = model('http://127.0.0.1:9/m.onnx', { sha256: sum(bytes) });
    const folder = lay(bytes);
    const got = await getModel(wanted, { folder });
    assert.deepEqual([got.downloaded, readRecord(got.path)?.sha256], [false, sum(bytes)]);
    await assert.rejects(getModel(wanted, { folder: lay(onnx('b')) }), /as published but received/);
    const page = lay(Buffer.from('<html>'));
    await assert.rejects(
      getModel(model(wanted.url), { folder: page }),
      /Expected an ONNX model at .*test-seg/,
    );
  });

  describe('resumes an interrupted download', () => {
    const HALF = 50_000;

    it('if the file is still the same', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      const wanted = model(server.put('/m.onnx', { bytes, holdAt: HALF }));
      const error = await breakAt(wanted, folder, HALF);
      assert.match(error.message, /^Expected an answer from http.*what was received is kept.* by hand\.$/);
      assert.deepEqual(readdirSync(folder), ['test-seg.onnx.part']);
      assert.deepEqual(leftLength(join(folder, 'test-seg.onnx'))?.length, HALF);
      server.put('/m.onnx', { bytes });
      const resumed: number[] = [];
      const got = await getModel(wanted, { folder, onResume: (done) => resumed.push(done) });
      assert.ok(readFileSync(got.path).equals(bytes));
      assert.deepEqual(resumed, [HALF]);
      const { headers } = server.requests.at(-1)!;
      assert.deepEqual([headers.range, headers['if-range']], [`bytes=${HALF}-`, '"one"']);
      assert.deepEqual(readdirSync(folder).sort(), ['test-seg.onnx', 'test-seg.onnx.json']);
    });

    it('more than once', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      for (const at of [20_000, 40_000, 60_000]) {
        await breakAt(model(server.put('/m.onnx', { bytes, holdAt: at })), folder, at);
      }
      const wanted = model(server.put('/m.onnx', { bytes }));
      assert.equal((await getModel(wanted, { folder })).record.sha256, sum(bytes));
      assert.deepEqual(
        server.requests.map(({ headers }) => headers.range),
        [undefined, 'bytes=20000-', 'bytes=40000-', 'bytes=60000-'],
      );
    });

    it('by the modification time, if there is no strong ETag', async () => {
      const [folder, bytes, modified] = [newFolder(), onnx(), 'Wed, 25 Nov 2026 10:00:00 GMT'];
      const wanted = model(server.put('/m.onnx', { bytes, etag: 'W/"weak"', modified, holdAt: HALF }));
      await breakAt(wanted, folder, HALF);
      server.answer = undefined;
      server.put('/m.onnx', { bytes, etag: undefined, modified });
      await getModel(wanted, { folder });
      assert.equal(server.requests.at(-1)!.headers['if-range'], modified);
    });

    it('but starts over if the file has changed, or the server does not support ranges', async () => {
      for (const change of [
        { bytes: onnx('b'), etag: '"two"' },
        { bytes: onnx(), noRanges: true },
      ]) {
        const folder = newFolder();
        const wanted = model(server.put('/m.onnx', { bytes: onnx(), holdAt: HALF }));
        await breakAt(wanted, folder, HALF);
        server.put('/m.onnx', change);
        const resumed: number[] = [];
        const got = await getModel(wanted, { folder, onResume: (done) => resumed.push(done) });
        assert.ok(readFileSync(got.path).equals(change.bytes));
        assert.deepEqual(resumed, []);
      }
    });

    it('never with the rest of another file, although the server ignores If-Range', async () => {
      const modified = 'Wed, 25 Nov 2026 10:00:00 GMT';
      const longer = onnx('bb');
      const cases: [Partial<ServedFile>, ServedFile][] = [
        [{}, { bytes: onnx('b'), etag: '"two"' }],
        [
          { etag: undefined, modified },
          { bytes: onnx('b'), etag: undefined, modified: 'Thu, 26 Nov 2026 10:00:00 GMT' },
        ],
        // Both versions have the same name: the length tells.
        [{}, { bytes: longer }],
      ];
      for (const [first, then] of cases) {
        const folder = newFolder();
        const wanted = model(server.put('/m.onnx', { bytes: onnx(), holdAt: HALF, ...first }));
        await breakAt(wanted, folder, HALF);
        server.put('/m.onnx', { ...then, noIfRange: true });
        const resumed: number[] = [];
        const got = await getModel(wanted, { folder, onResume: (done) => resumed.push(done) });
        assert.ok(readFileSync(got.path).equals(then.bytes));
        assert.deepEqual(resumed, []);
        assert.deepEqual(
          server.requests.slice(-2).map(({ headers }) => headers.range),
          [`bytes=${HALF}-`, undefined],
        );
      }
    });

    it('without an ETag or time only if the checksum is known', async () => {
      const bytes = onnx();
      for (const [sha256, range] of [
        [undefined, undefined],
        [sum(bytes), `bytes=${HALF}-`],
      ] as const) {
        const folder = newFolder();
        const url = server.put('/m.onnx', { bytes, etag: undefined, holdAt: HALF });
        const wanted = model(url, sha256 === undefined ? {} : { sha256 });
        await breakAt(wanted, folder, HALF);
        server.put('/m.onnx', { bytes, etag: undefined });
        await getModel(wanted, { folder });
        assert.equal(server.requests.at(-1)!.headers.range, range);
      }
    });

    it('not if the part is from another address', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      await breakAt(model(server.put('/old.onnx', { bytes, holdAt: HALF })), folder, HALF);
      await getModel(model(server.put('/new.onnx', { bytes })), { folder });
      assert.equal(server.requests.at(-1)!.headers.range, undefined);
    });

    it('starts over if the file on the server has become shorter, and refuses a wrong range', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      const wanted = model(
        server.put('/m.onnx', { bytes: Buffer.concat([bytes, bytes]), holdAt: bytes.length + 9 }),
      );
      await breakAt(wanted, folder, bytes.length + 9);
      server.put('/m.onnx', { bytes });
      assert.equal((await getModel(wanted, { folder })).record.sha256, sum(bytes));

      const other = newFolder();
      await breakAt(model(server.put('/m.onnx', { bytes, holdAt: HALF })), other, HALF);
      server.answer = (_, response) => {
        response
          .writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` })
          .end(bytes);
      };
      await assert.rejects(
        getModel(wanted, { folder: other }),
        /bytes from 50000 on from .* but received bytes 0-/,
      );
    });

    it('after the receiving process was killed, and never in a part that another process is writing', async () => {
      const [target, bytes] = ['test-seg.onnx', onnx()];
      const wanted = model(server.put('/m.onnx', { bytes }));
      const uuid = '01234567-89ab-cdef-0123-456789abcdef';
      const lay = (folder: string, owner: string, age = 0): string => {
        const path = join(folder, `.${target}.${owner}.${uuid}.part`);
        mkdirSync(path, { recursive: true });
        writeFileSync(join(path, 'data'), bytes.subarray(0, HALF));
        const state = { url: wanted.url, validator: '"one"', total: bytes.length, length: HALF - 7 };
        writeFileSync(join(path, 'state.json'), JSON.stringify(state));
        const then = (Date.now() - age) / 1000;
        utimesSync(join(path, 'data'), then, then);
        return path;
      };
      // Process numbers end at 2^22.
      for (const [owner, age, taken] of [
        [`${processHome()}.4194305`, 0, true],
        [`${processHome()}.${process.pid}`, 0, false],
        // A container of the same hostname has numbers of its own.
        [`${hostname()}-1.4194305`, 0, false],
        [`${hostname()}-1.4194305`, 200_000, true],
        [`${hostname()}.4194305`, 0, false],
        ['elsewhere.1', 0, false],
        ['elsewhere.1', 200_000, true],
      ] as const) {
        const folder = newFolder();
        const path = lay(folder, owner, age);
        const got = await getModel(wanted, { folder });
        assert.ok(readFileSync(got.path).equals(bytes));
        // What the killed process had not put on disk for sure does not count.
        assert.equal(server.requests.at(-1)!.headers.range, taken ? `bytes=${HALF - 7}-` : undefined, owner);
        assert.equal(existsSync(path), !taken);
      }
    });

    it('sends no request if everything was already received', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      const path = join(folder, 'test-seg.onnx.part');
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'data'), bytes);
      const url = `${server.origin}/m.onnx`;
      const state = { url, validator: '"one"', total: bytes.length, length: bytes.length };
      writeFileSync(join(path, 'state.json'), JSON.stringify(state));
      assert.equal((await getModel(model(url), { folder })).record.sha256, sum(bytes));
      assert.equal(server.requests.length, 0);
    });
  });

  it('two at once get complete files, each from its own download', async () => {
    const [folder, bytes] = [newFolder(), onnx()];
    const wanted = model(server.put('/m.onnx', { bytes, holdAt: 1000 }));
    const both = [getModel(wanted, { folder }), getModel(wanted, { folder })];
    await server.holding(2);
    server.release();
    for (const got of await Promise.all(both)) assert.equal(got.record.sha256, sum(bytes));
    assert.ok(readFileSync(join(folder, 'test-seg.onnx')).equals(bytes));
    assert.deepEqual(readdirSync(folder).sort(), ['test-seg.onnx', 'test-seg.onnx.json']);
  });

  describe('fails, and leaves nothing under the name of the model', () => {
    const cases: [
      string,
      (folder: string) => Promise<CatalogModel> | CatalogModel,
      RegExp,
      parts?: boolean,
    ][] = [
      [
        'another sum than the published one',
        () => model(server.put('/m.onnx', { bytes: onnx() }), { sha256: sum(onnx('b')) }),
        /sha256 [\da-f]{64} of http.*, as published but received [\da-f]{64}\. The file was changed at its publisher/,
      ],
      [
        'another length than the published one, before it is received',
        () => model(server.put('/m.onnx', { bytes: onnx() }), { size: 12 }),
        /Expected 12 bytes at .*, as published but received \d+ bytes/,
      ],
      [
        'another length than the published one where the server tells none',
        () => model(server.put('/m.onnx', { bytes: onnx(), noLength: true }), { size: 12 }),
        /Expected 12 bytes at .*, as published but received \d+ bytes/,
      ],
      [
        'what is not there',
        () => model(`${server.origin}/none.onnx`),
        /HTTP status 404\. .*moved or removed.*by hand/,
      ],
      [
        'what the server fails at',
        () => {
          server.answer = (_, response) => response.writeHead(503).end();
          return model(`${server.origin}/m.onnx`);
        },
        /HTTP status 503\. Try again later/,
      ],
      [
        'a page that asks for a login',
        () => {
          server.answer = (_, response) =>
            response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>');
          return model(`${server.origin}/m.onnx`);
        },
        /a web page \(text\/html; charset=utf-8\)\. Does this network ask for a login/,
      ],
      [
        'what is compressed though nobody asked for it',
        () => {
          server.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
          return model(`${server.origin}/m.onnx`);
        },
        /the bytes of .* as they are but received content-encoding gzip/,
      ],
      [
        'a range that nobody asked for',
        () => {
          server.answer = (_, response) =>
            response.writeHead(206, { 'content-range': 'bytes 5-9/10' }).end('12345');
          return model(`${server.origin}/m.onnx`);
        },
        /HTTP status 206/,
      ],
      [
        'a file that is too large for a model',
        () => {
          server.answer = (_, response) =>
            response.writeHead(200, { 'content-length': 2 ** 31 + 1 }).flushHeaders();
          return model(`${server.origin}/m.onnx`);
        },
        /a model of at most 2 GiB .* but received 2147483649 bytes/,
      ],
      [
        'what is no model',
        () => model(server.put('/m.onnx', { bytes: randomBytes(1000).fill(0xff, 0, 20) })),
        /Expected an ONNX model at http/,
      ],
      [
        'an empty file',
        () => model(server.put('/m.onnx', { bytes: Buffer.alloc(0) })),
        /Expected an ONNX model at http.* but received .*empty/,
      ],
      [
        'a model for another board',
        () =>
          model(server.put('/m.bin', { bytes: binFile({ march: 'bernoulli2' }) }), {
            board: 'RDK X5',
            march: 'bayes-e',
          }),
        /a model for bayes-e \(RDK X5\) at http.* but received bernoulli2/,
      ],
      [
        'an answer that is not HTTP',
        () => {
          server.answer = (request) => request.socket.end('HELLO\r\n\r\n');
          return model(`${server.origin}/m.onnx`);
        },
        /Expected an answer from http:\/\/127\.0\.0\.1:\d+ but received .*does not match the HTTP/,
      ],
    ];
    for (const [what, make, expected] of cases) {
      it(what, async () => {
        const folder = newFolder();
        await assert.rejects(getModel(await make(folder), { folder }), (error: Error) => {
          assert.equal(error.name, 'ExpectationError', error.stack);
          assert.match(error.message, expected);
          return true;
        });
        assert.deepEqual(readdirSync(folder), []);
      });
    }

    it('with a file that ends early, and keeps the received part', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      let end: (() => void) | undefined;
      server.answer = (request, response) => {
        response.writeHead(200, { 'content-length': bytes.length, etag: '"one"' });
        response.write(bytes.subarray(0, 500));
        end = () => request.socket.end();
      };
      const onProgress = (done: number): void => void (done === 500 && end!());
      await assert.rejects(
        getModel(model(`${server.origin}/m.onnx`), { folder, onProgress }),
        /Expected an answer from .*kept/,
      );
      assert.equal(leftLength(join(folder, 'test-seg.onnx'))?.length, 500);
    });

    it('with a disk without space, before anything is received', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      const wanted = model(server.put('/m.onnx', { bytes }));
      const [kept, room] = [64 << 20, (): number => (64 << 20) + bytes.length - 1];
      await assert.rejects(
        getModel(wanted, { folder, room }),
        new RegExp(
          `room for .*test-seg.onnx: ${bytes.length} bytes, and 64 MiB that stay free but received ${room()} bytes`,
        ),
      );
      assert.deepEqual(readdirSync(folder), []);
      await getModel(wanted, { folder, room: () => kept + bytes.length });
    });

    it('before downloads of unknown length, or several at once, fill the disk, and keeps the received part', async () => {
      const bytes = onnx('a'.repeat(90));
      for (const noLength of [true, false]) {
        const folder = newFolder();
        const wanted = model(server.put('/m.onnx', { bytes, noLength }));
        let looks = 0;
        const room = (): number => (64 << 20) + (looks++ === 0 ? bytes.length : -1);
        await assert.rejects(getModel(wanted, { folder, room }), /room for .* 64 MiB that stay free/);
        assert.equal(looks, 2);
        assert.ok(leftLength(join(folder, 'test-seg.onnx'))!.length >= 8 << 20);
      }
    });

    it('with a cache that is not writable', async () => {
      const file = join(root, 'file');
      writeFileSync(file, '');
      await assert.rejects(
        getModel(model(server.put('/m.onnx', { bytes: onnx() })), { folder: join(file, 'models') }),
        /Expected a cache folder at .* Set XDG_CACHE_HOME/,
      );
      assert.equal(server.requests.length, 0);
    });
  });

  it('reports a file that its publisher changed, and accepts it with --force', async () => {
    const folder = newFolder();
    const wanted = model(server.put('/m.onnx', { bytes: onnx() }));
    const { path } = await getModel(wanted, { folder });
    rmSync(path);
    server.put('/m.onnx', { bytes: onnx('b') });
    await assert.rejects(
      getModel(wanted, { folder }),
      /first download on \d{4}-\d\d-\d\d but received .*changed the file.* test-seg --force/,
    );
    assert.deepEqual(readdirSync(folder), ['test-seg.onnx.json']);
    const got = await getModel(wanted, { folder, force: true });
    assert.deepEqual([got.changedFrom, got.record.sha256], [sum(onnx()), sum(onnx('b'))]);
    assert.equal(readRecord(path)?.sha256, sum(onnx('b')));
    const published = model(wanted.url, { sha256: sum(onnx()) });
    await assert.rejects(getModel(published, { folder, force: true }), /as published but received/);
    assert.ok(readFileSync(path).equals(onnx('b')), 'what was there stays');
  });

  it('still recognizes the old file if the power failed before it was replaced', async () => {
    const folder = newFolder();
    const wanted = model(server.put('/m.onnx', { bytes: onnx() }));
    const { path } = await getModel(wanted, { folder });
    server.put('/m.onnx', { bytes: onnx('b') });
    // Something that the new file cannot replace ends it at that very point.
    const onProgress = (done: number, total?: number): void => {
      if (done !== total) return;
      rmSync(path, { recursive: true });
      mkdirSync(join(path, 'in the way'), { recursive: true });
    };
    await assert.rejects(getModel(wanted, { folder, force: true, onProgress }));
    rmSync(path, { recursive: true });
    assert.equal(readRecord(path)?.sha256, sum(onnx('b')));
    writeFileSync(path, onnx());
    const got = await getModel(wanted, { folder });
    assert.deepEqual([got.downloaded, got.record.sha256], [false, sum(onnx())]);
    writeFileSync(path, onnx('b'));
    await assert.rejects(getModel(wanted, { folder }), /changed here/, 'but not for ever');
    const again = await getModel(wanted, { folder, force: true });
    assert.deepEqual([again.record.sha256, again.record.replaces], [sum(onnx('b')), undefined]);
    assert.equal(readRecord(path)?.replaces, undefined);
  });

  it('checks a model for the board', async () => {
    const bytes = binFile({ march: 'bayes-e' });
    const wanted = model(server.put('/m.bin', { bytes }), { board: 'RDK X5', march: 'bayes-e' });
    const got = await getModel(wanted, { folder: newFolder() });
    assert.match(got.path, /test-seg\.bin$/);
  });

  describe('redirects', () => {
    it('are followed, with the range', async () => {
      const [folder, bytes] = [newFolder(), onnx()];
      server.put('/there/m.onnx', { bytes, holdAt: 700 });
      const wanted = model(`${server.origin}/here.onnx`);
      const redirect = (): void => {
        server.answer = (request, response) => {
          server.answer = undefined;
          response.writeHead(302, { location: 'there/m.onnx' }).end(`moved from ${request.url}`);
        };
      };
      redirect();
      await breakAt(wanted, folder, 700);
      server.put('/there/m.onnx', { bytes });
      redirect();
      assert.equal((await getModel(wanted, { folder })).record.sha256, sum(bytes));
      assert.deepEqual(
        server.requests.map(({ path, headers }) => [path, headers.range]),
        [
          ['/here.onnx', undefined],
          ['/there/m.onnx', undefined],
          ['/here.onnx', 'bytes=700-'],
          ['/there/m.onnx', 'bytes=700-'],
        ],
      );
    });

    it('end after five', async () => {
      server.answer = (_, response) =>
        response.writeHead(301, { location: '/again.onnx?signature=secret' }).end();
      const wanted = model(`${server.origin}/m.onnx`);
      await assert.rejects(
        getModel(wanted, { folder: newFolder() }),
        /at most 5 redirects from .*\/m\.onnx but received another one, to .*\/again\.onnx\. Open the address in a browser/,
      );
      assert.equal(server.requests.length, 6);
    });

    it('are printed without their queries, which contain signatures', async () => {
      const wanted = model(`${server.origin}/m.onnx`);
      server.answer = (request, response) => {
        if (request.url === '/m.onnx') {
          response.writeHead(302, { location: '/there.onnx?signature=secret' }).end();
        } else response.writeHead(403).end();
      };
      await assert.rejects(getModel(wanted, { folder: newFolder() }), (error: Error) => {
        assert.match(
          error.message,
          /^Expected a file at http:\/\/127.*\/there\.onnx but received HTTP status 403/,
        );
        assert.match(error.message, /Or download http:.*\/m\.onnx on another machine/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
      const from = new URL('https://models.test/m.onnx?signature=secret');
      assert.throws(
        () => nextAddress(from, 'http://cdn.test/x?signature=secret'),
        (error: Error) => {
          assert.match(error.message, /models\.test\/m\.onnx .*http:\/\/cdn\.test\/x\./);
          return !error.message.includes('secret');
        },
      );
    });

    it('need an address, and never lead from https to http', () => {
      const from = new URL('https://models.test/a/m.onnx');
      assert.equal(nextAddress(from, '../b.onnx').href, 'https://models.test/b.onnx');
      assert.equal(nextAddress(from, 'https://cdn.test/x?y=1').href, 'https://cdn.test/x?y=1');
      assert.equal(nextAddress(new URL('http://models.test/'), 'http://cdn.test/').href, 'http://cdn.test/');
      assert.throws(
        () => nextAddress(from, 'http://models.test/a/m.onnx'),
        /to an address with https but received http:/,
      );
      assert.throws(() => nextAddress(from, 'file:///etc/passwd'), /to an address with https/);
      assert.throws(() => nextAddress(from, undefined), /to an address but received none/);
      assert.throws(() => nextAddress(from, 'https://:::'), /to an address but received https:\/\/:::/);
    });
  });

  describe('gives up on a server', () => {
    const clocked = (clock: ManualClock, folder: string): GetOptions & { wait: Wait } => ({
      folder,
      wait: (milliseconds) => clock.until(clock.now() + milliseconds),
    });

    it('that accepts the request and sends nothing', async () => {
      const [clock, folder] = [new ManualClock(), newFolder()];
      const asked = new Promise<void>((resolve) => (server.answer = () => resolve()));
      const got = getModel(model(`${server.origin}/m.onnx`), clocked(clock, folder));
      const ended = assert.rejects(got, /at least 30 KiB in 30 s from http.* but received less\. Try again/);
      await asked;
      await clock.advance(29_999);
      assert.equal(clock.sleeping, 1, 'not yet');
      await clock.advance(1);
      await ended;
      assert.deepEqual(readdirSync(folder), []);
    });

    it('that stops in the middle, and keeps the received part', async () => {
      const [clock, folder, bytes] = [new ManualClock(), newFolder(), onnx()];
      const wanted = model(server.put('/m.onnx', { bytes, holdAt: 40_000 }));
      let there: (() => void) | undefined;
      const half = new Promise<void>((resolve) => (there = resolve));
      const onProgress = (done: number): void => void (done === 40_000 && there!());
      const got = getModel(wanted, { ...clocked(clock, folder), onProgress });
      const ended = assert.rejects(got, /at least 30 KiB in 30 s/);
      await half;
      // 40 kB came in the first half minute, nothing in the second.
      await clock.advance(30_000);
      assert.equal(clock.sleeping, 1, 'not yet');
      await clock.advance(30_000);
      await ended;
      assert.equal(leftLength(join(folder, 'test-seg.onnx'))?.length, 40_000);
    });

    it('that sends too little', async () => {
      const [clock, folder, bytes] = [new ManualClock(), newFolder(), onnx()];
      const wanted = model(server.put('/m.onnx', { bytes, holdAt: 20_000 }));
      let there: (() => void) | undefined;
      const some = new Promise<void>((resolve) => (there = resolve));
      const onProgress = (done: number): void => void (done === 20_000 && there!());
      const got = getModel(wanted, { ...clocked(clock, folder), onProgress });
      const ended = assert.rejects(got, /at least 30 KiB in 30 s/);
      await some;
      await clock.advance(30_000);
      await ended;
      assert.equal(leftLength(join(folder, 'test-seg.onnx'))?.length, 20_000);
    });

    it('but not while enough data arrives', async () => {
      const [clock, bytes] = [new ManualClock(), onnx()];
      const wanted = model(server.put('/m.onnx', { bytes, holdAt: 40_000 }));
      let there: (() => void) | undefined;
      const half = new Promise<void>((resolve) => (there = resolve));
      const onProgress = (done: number): void => void (done >= 40_000 && there!());
      const got = getModel(wanted, { ...clocked(clock, newFolder()), onProgress });
      await half;
      await clock.advance(30_000);
      await server.holding();
      server.release();
      assert.equal((await got).record.size, bytes.length);
    });

    it('that does not respond, and says how to proceed without a network', async () => {
      const wanted = model(`http://127.0.0.1:${await server.refusingPort()}/m.onnx`);
      const folder = newFolder();
      await assert.rejects(getModel(wanted, { folder }), (error: Error) => {
        assert.match(
          error.message,
          /^Expected an answer from http.* but received .*ECONNREFUSED.*\. Is this machine online/,
        );
        assert.ok(
          error.message.includes(
            `download ${wanted.url} on another machine, and copy it to ${folder}/test-seg.onnx`,
          ),
        );
        return true;
      });
    });
  });

  it('ends on request, and keeps the received part', async () => {
    const [folder, bytes] = [newFolder(), onnx()];
    const wanted = model(server.put('/m.onnx', { bytes, holdAt: 900 }));
    const stop = new AbortController();
    const onProgress = (done: number): void => void (done === 900 && stop.abort());
    await assert.rejects(getModel(wanted, { folder, signal: stop.signal, onProgress }), {
      name: 'AbortError',
    });
    assert.equal(leftLength(join(folder, 'test-seg.onnx'))?.length, 900);
  });
});
