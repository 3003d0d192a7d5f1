import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { itUnless, type Reason } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

const missing = (shell: string): Reason =>
  spawnSync(shell, ['-c', 'true']).status === 0 ? false : `${shell} is not installed`;

describe('tros-yolo-seg completion', () => {
  const folder = temporaryFolder('completion');
  const file = (shell: string): string => join(folder, shell);

  before(async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout, stderr } = await cli(['completion', shell]);
      assert.deepEqual([code, stderr], [0, '']);
      writeFileSync(file(shell), stdout);
    }
  });

  it('requires one of the supported shells', async () => {
    const [none, other] = await Promise.all([cli(['completion']), cli(['completion', 'tcsh'])]);
    assert.deepEqual([none.code, other.code], [2, 2]);
    assert.match(none.stderr, /Expected one shell \(bash, zsh, fish\) but received none/);
    assert.match(other.stderr, /one of bash, zsh, fish for the shell but received tcsh/);
  });

  itUnless(missing('bash'), 'bash completes commands, actions, options and values', () => {
    const complete = (...words: string[]): string[] => {
      const script = `source "$1"; shift; COMP_WORDS=(tros-yolo-seg "$@"); COMP_CWORD=$#; _tros_yolo_seg; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const out = execFileSync('bash', ['-c', script, 'bash', file('bash'), ...words], { encoding: 'utf8' });
      return out.split('\n').filter(Boolean);
    };
    assert.deepEqual(complete('r'), ['run']);
    assert.deepEqual(complete('--v'), ['--version']);
    assert.deepEqual(complete('run', '--mas'), ['--masks']);
    assert.deepEqual(complete('run', 'x.jpg', '--masks', ''), ['source', 'proto', 'none']);
    assert.deepEqual(complete('run', '--masks', '=', 'so'), ['source']);
    assert.deepEqual(complete('run', 'x'), []);
    assert.deepEqual(complete('run', '--json', 'x'), []);
    assert.deepEqual(complete('model', ''), ['list', 'get', 'cut', 'ptq', 'dequantize']);
    assert.deepEqual(complete('help', 'model', 'g'), ['get']);
    assert.deepEqual(complete('model', 'cut', '--ops'), ['--opset']);
    assert.deepEqual(complete('model', 'cut', '--mas'), []);
    assert.deepEqual(complete('completion', 'f'), ['fish']);
  });

  itUnless(missing('zsh'), 'zsh accepts the script and completes from it', () => {
    // zsh completes only in a terminal, which zpty gives it. The command tells the line that it gets.
    const script = `zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z "autoload -U compinit; compinit -u -d $2; source $1; bindkey '^I' complete-word"
zpty -w z 'tros-yolo-seg() { print -r -- "<$*>" }; print RE""ADY'
zpty -r z out '*READY*'
for line in $'run --max-d\t 1' $'run --masks so\t' $'model g\t x' $'completion fi\t'; do
  zpty -w z "tros-yolo-seg $line"
  zpty -r z out $'*>\r*' && print -r -- $out
done
zpty -d z`;
    const parsed = spawnSync('zsh', ['-n', file('zsh')], { encoding: 'utf8' });
    assert.deepEqual([parsed.status, parsed.stderr], [0, '']);
    const { stdout } = spawnSync('zsh', ['-c', script, 'zsh', file('zsh'), file('dump')], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    for (const line of ['run --max-detections 1', 'run --masks source', 'model get x', 'completion fish'])
      assert.ok(stdout.includes(`<${line}>`), stdout);
  });

  itUnless(missing('fish'), 'fish completes commands, actions, options and values', () => {
    const complete = (line: string): string[] => {
      const script = `source ${file('fish')}; complete -C '${line}'`;
      const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder };
      const out = execFileSync('fish', ['-N', '-c', script], { encoding: 'utf8', env, cwd: folder });
      return out
        .split('\n')
        .filter(Boolean)
        .map((row) => row.split('\t')[0]!);
    };
    assert.deepEqual(complete('tros-yolo-seg ru'), ['run']);
    assert.deepEqual(complete('tros-yolo-seg run --max-d'), ['--max-detections']);
    assert.deepEqual(complete('tros-yolo-seg run --masks so'), ['source']);
    assert.deepEqual(complete('tros-yolo-seg model g'), ['get']);
  });
});
