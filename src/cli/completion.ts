import { expectOneOf, ExpectationError } from '../base/expect.js';
import { bashScript, fishScript, type CompletedCommand, zshScript } from './completion-scripts.js';
import { COMMON_OPTIONS, optionHelp } from './options.js';
import { command, type Command, type Loaders } from './program.js';

const { help } = COMMON_OPTIONS;
const OPTIONS = { help };

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
const SHELLS = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[];

const USAGE = `Usage: tros-yolo-seg completion ${SHELLS.join('|')}

Prints a script that completes commands, options and their values on Tab. To load it:

  bash   echo 'eval "$(tros-yolo-seg completion bash)"' >> ~/.bashrc
  zsh    tros-yolo-seg completion zsh > "\${fpath[1]}/_tros-yolo-seg"
  fish   tros-yolo-seg completion fish > ~/.config/fish/completions/tros-yolo-seg.fish

${optionHelp(OPTIONS)}
`;

/**
 * `tros-yolo-seg completion`: prints a shell's script for completion, made from the tables of options. The script knows
 * everything, so that Tab does not start Node.js, which takes most of a second on a robot.
 */
export const completionOf = (commands: Loaders): Command =>
  command({
    summary: 'print the completion script of a shell',
    usage: USAGE,
    options: OPTIONS,
    words: SHELLS,
    async run(args) {
      if (args.positionals.length !== 1) {
        throw new ExpectationError(
          `one shell (${SHELLS.join(', ')})`,
          args.positionals.join(' ') || 'none',
          'See tros-yolo-seg completion --help.',
        );
      }
      const shell = expectOneOf('the shell', args.positionals[0], SHELLS);
      process.stdout.write(SCRIPTS[shell](await described(commands)));
      return 0;
    },
  });

async function described(commands: Loaders): Promise<CompletedCommand[]> {
  const found: CompletedCommand[] = [];
  const add = (name: string, { summary, options = {}, words = [], actions = {} }: Command): void => {
    const inner = Object.keys(actions);
    found.push({ name, summary, options, words: [...words, ...inner] });
    for (const action of inner) add(`${name} ${action}`, actions[action]!);
  };
  for (const [name, load] of Object.entries(commands)) add(name, await load());
  return found;
}
