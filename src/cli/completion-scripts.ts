import { choicesOf, type CliOption, type CliOptions } from './options.js';

/** A command as completion sees it. */
export interface CompletedCommand {
  /** `run`, `model get`. */
  readonly name: string;
  readonly summary: string;
  readonly options: CliOptions;
  /** Arguments to choose from; else files. */
  readonly words: readonly string[];
}

const PROGRAM = 'tros-yolo-seg';

/** Names of an option as typed: `-q`, `--quiet`. */
function flags([name, { short }]: readonly [string, CliOption]): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
}

/** Commands that have actions, whose second word is one of them. */
function groups(commands: readonly CompletedCommand[]): string[] {
  return [
    ...new Set(commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0]!)),
  ];
}

function topLevel(commands: readonly CompletedCommand[]): string[] {
  return commands.filter(({ name }) => !name.includes(' ')).map(({ name }) => name);
}

/** A script for bash 4 or newer that needs nothing of the package bash-completion. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const values: string[] = [];
  const words: string[] = [`    '') words='${topLevel(commands).join(' ')} help --help --version' ;;`];
  for (const { name, options, words: own } of commands) {
    const valued: string[] = [];
    for (const entry of Object.entries(options)) {
      const patterns = flags(entry).map((flag) => `'${name} ${flag}'`);
      const choices = choicesOf(entry[1]);
      if (choices.length > 0) {
        values.push(`    ${patterns.join('|')}) words='${choices.join(' ')}'; chosen=1 ;;`);
      } else if (entry[1].type === 'string') valued.push(...patterns);
    }
    if (valued.length > 0) values.push(`    ${valued.join('|')}) return ;;`);
    const all = Object.entries(options).map(([option]) => `--${option}`);
    words.push(
      `    '${name}') words='${[...own, ...all].join(' ')}'${own.length > 0 ? '; chosen=1' : ''} ;;`,
    );
  }
  return `# Completion of ${PROGRAM} for bash: eval "$(${PROGRAM} completion bash)"
_tros_yolo_seg() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} name='' words='' chosen='' i
  # bash splits --masks=so into three words.
  if [[ $current == '=' ]]; then current=''
  elif [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == help && -z $name ]] && continue
    [[ \${COMP_WORDS[i]} == -* ]] && break
    name+="\${name:+ }\${COMP_WORDS[i]}"
    case $name in ${groups(commands).join('|') || "''"}) ;; *) break ;; esac
  done
  COMPREPLY=()
  case "$name $before" in
${values.join('\n')}
  esac
  if [[ -z $words ]]; then
    case $name in
${words.join('\n')}
    esac
    # An empty argument of a command is most probably a file, which bash completes itself.
    [[ -n $name && -z $chosen && $current != -* ]] && return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _tros_yolo_seg ${PROGRAM}
`;
}

/** A function for zsh's completion system, built on its _arguments. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const bracketed = (text: string): string => text.replace(/[[\]\\:]/g, '\\$&');
  const spec = (entry: [string, CliOption]): string[] => {
    const [, { type, value, help, multiple }] = entry;
    const choices = choicesOf(entry[1]);
    const action =
      choices.length > 0 ? `(${choices.join(' ')})` : /DIR/.test(value ?? '') ? '_files -/' : '_files';
    const argument = type === 'boolean' ? '' : `:${bracketed(value ?? 'value')}:${action}`;
    const star = multiple ? '*' : '';
    return flags(entry).map((flag) =>
      quoted(
        `${star}${flag}${type === 'string' && flag.startsWith('--') ? '=' : ''}[${bracketed(help)}]${argument}`,
      ),
    );
  };
  const cases = commands.map(({ name, options, words }) => {
    const rest = words.length > 0 ? `1:argument:(${words.join(' ')})` : '*:file:_files';
    const specs = [...Object.entries(options).flatMap(spec), quoted(rest)];
    return `    ${quoted(name)})\n      _arguments -s -S \\\n        ${specs.join(' \\\n        ')} ;;`;
  });
  const described = commands
    .filter(({ name }) => !name.includes(' '))
    .map(({ name, summary }) => `      ${quoted(`${name}:${summary}`)}`);
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} for zsh.
_tros_yolo_seg() {
  local -a commands
  commands=(
${described.join('\n')}
      'help:show the options of a command'
  )
  [[ $words[2] == help ]] && { shift words; (( CURRENT-- )); }
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
    ${groups(commands).join('|') || "''"})
      if (( CURRENT > 2 )); then
        name="$name $words[2]"
        shift words
        (( CURRENT-- ))
      fi ;;
  esac
  case $name in
${cases.join('\n')}
  esac
}
compdef _tros_yolo_seg ${PROGRAM}
[[ \${funcstack[1]} == _${PROGRAM} ]] && _tros_yolo_seg "$@"
`;
}

/** Rules for fish. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const lines = [
    `# Completion of ${PROGRAM} for fish.`,
    `complete -c ${PROGRAM} -f -n __fish_use_subcommand -a help -d 'show the options of a command'`,
  ];
  for (const { name, summary, options, words } of commands) {
    const [first, second] = name.split(' ');
    const inner = commands
      .filter((other) => other.name.startsWith(`${name} `))
      .map((other) => other.name.split(' ')[1]!);
    if (second === undefined) {
      lines.push(`complete -c ${PROGRAM} -f -n __fish_use_subcommand -a ${first} -d ${quoted(summary)}`);
    } else {
      const others = commands
        .filter((other) => other.name.startsWith(`${first} `))
        .map((other) => other.name.split(' ')[1]);
      lines.push(
        `complete -c ${PROGRAM} -f -n '__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${others.join(' ')}' -a ${second} -d ${quoted(summary)}`,
      );
    }
    const when =
      second === undefined
        ? `'__fish_seen_subcommand_from ${first}'`
        : `'__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}'`;
    if (words.length > 0 && inner.length === 0)
      lines.push(`complete -c ${PROGRAM} -f -n ${when} -a ${quoted(words.join(' '))}`);
    for (const [option, entry] of Object.entries(options)) {
      const choices = choicesOf(entry);
      const short = entry.short === undefined ? '' : ` -s ${entry.short}`;
      const value =
        entry.type === 'boolean' ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r';
      lines.push(`complete -c ${PROGRAM} -n ${when} -l ${option}${short}${value} -d ${quoted(entry.help)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
