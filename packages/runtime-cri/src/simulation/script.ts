/** What a script does, known before it runs. */
export interface ForeseenScript {
  /** What it writes, in order; `afterMs` counts from its start. */
  readonly writes: readonly { readonly text: string; readonly stream: 'stdout' | 'stderr'; readonly afterMs: number }[];
  readonly exitCode: number;
  /** How long it runs. Infinity: it never ends by itself. */
  readonly durationMs: number;
}

/** What a script can see. */
export interface ScriptContext {
  readonly env: Readonly<Record<string, string>>;
  /** Wall time at its start, ms since the epoch, for `date`. */
  readonly nowMs: number;
}

interface Progress {
  readonly writes: { text: string; stream: 'stdout' | 'stderr'; afterMs: number }[];
  elapsedMs: number;
}

/**
 * Foresees a command of which every part is simple: `echo`, `printf` without directives, `true`, `false`, `:`, `date`, `hostname`, `sleep` and `exit`, joined by
 * `;`, `&&`, `||` or line ends in `sh -c`, with `$VAR` and `${VAR}`. Pure.
 *
 * @returns undefined when any part is something else (a loop, a pipe, a redirection, another program): nothing is guessed
 */
export function foreseeScript(command: readonly string[], context: ScriptContext): ForeseenScript | undefined {
  const progress: Progress = { writes: [], elapsedMs: 0 };
  const exitCode = isShellScript(command) ? runScript(command[2] ?? '', context, progress) : runSimple(command, context, progress);
  if (exitCode === undefined) return undefined;
  return { writes: progress.writes, exitCode: typeof exitCode === 'number' ? exitCode : exitCode.exit, durationMs: progress.elapsedMs };
}

const programOf = (word: string | undefined): string => (word ?? '').slice((word ?? '').lastIndexOf('/') + 1);

function isShellScript([shell, flag]: readonly string[]): boolean {
  return ['sh', 'bash', 'ash'].includes(programOf(shell)) && flag === '-c';
}

/** The exit code of the last command, or that of an `exit`; undefined: not foreseen. */
function runScript(script: string, context: ScriptContext, progress: Progress): Outcome {
  const parts = partsOf(script);
  if (parts === undefined) return undefined;
  let code = 0;
  for (const { joint, words } of parts) {
    if ((joint === '&&' && code !== 0) || (joint === '||' && code === 0)) continue;
    if (progress.elapsedMs === Infinity) return code;
    const expanded = expand(words, context);
    if (expanded === undefined) return undefined;
    const outcome = runSimple(expanded, context, progress, code);
    if (outcome === undefined || typeof outcome !== 'number') return outcome;
    code = outcome;
  }
  return code;
}

type Outcome = number | { readonly exit: number } | undefined;

function runSimple(words: readonly string[], { env, nowMs }: ScriptContext, progress: Progress, lastCode = 0): Outcome {
  const [, ...args] = words;
  const write = (text: string): number => {
    progress.writes.push({ text, stream: 'stdout', afterMs: progress.elapsedMs });
    return 0;
  };
  switch (programOf(words[0])) {
    case 'echo':
      return args[0] === '-n' ? write(args.slice(1).join(' ')) : write(`${args.join(' ')}\n`);
    case 'printf':
      return args.length === 1 && !/%/.test(args[0] ?? '') ? write((args[0] ?? '').replaceAll('\\n', '\n')) : undefined;
    case 'date':
      return args.length === 0 ? write(`${dateText(nowMs + progress.elapsedMs)}\n`) : undefined;
    case 'hostname':
      return args.length === 0 && env['HOSTNAME'] !== undefined ? write(`${env['HOSTNAME']}\n`) : undefined;
    case 'true':
    case ':':
      return 0;
    case 'false':
      return 1;
    case 'exit':
      return exitCodeOf(args[0], lastCode);
    case 'sleep':
      return sleep(args, progress);
    default:
      return undefined;
  }
}

function exitCodeOf(word: string | undefined, lastCode: number): Outcome {
  if (word === undefined) return { exit: lastCode };
  return /^\d{1,3}$/.test(word) ? { exit: Number(word) & 0xff } : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function sleep(args: readonly string[], progress: Progress): Outcome {
  for (const arg of args) {
    if (arg === 'infinity' || arg === 'inf') {
      progress.elapsedMs = Infinity;
      continue;
    }
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(arg) ?? [];
    if (amount === undefined) return undefined;
    progress.elapsedMs += Number(amount) * (UNIT_MS[unit] ?? 1000);
  }
  return args.length === 0 ? undefined : 0;
}

/** As `date` of a container in UTC writes it. */
function dateText(ms: number): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`;
}

interface Word {
  readonly text: string;
  /** In single quotes, where nothing is expanded. */
  readonly literal: boolean;
}

interface Part {
  readonly joint: ';' | '&&' | '||';
  readonly words: readonly Word[][];
}

/** The commands of a script and what joins them; a word is a list of pieces, quoted or not. Undefined: it has more than simple commands. */
function partsOf(script: string): readonly Part[] | undefined {
  const parts: { joint: Part['joint']; words: Word[][] }[] = [{ joint: ';', words: [] }];
  const token = /(\s*(?:&&|\|\||;|\n)\s*)|([^\S\n]+)|'([^']*)'|"([^"\\`]*)"|([^\s;&|<>()`'"\\#{}*?[\]!]+|\$\{\w+\})/gy;
  let open = false;
  for (let at = 0; at < script.length; at = token.lastIndex) {
    token.lastIndex = at;
    const found = token.exec(script);
    if (found === null) return undefined;
    const [, joint, space, single, double, plain] = found;
    const words = parts.at(-1)?.words ?? [];
    if (joint !== undefined) parts.push({ joint: jointOf(joint.trim()), words: [] });
    else if (space === undefined) {
      const piece: Word = { text: single ?? double ?? plain ?? '', literal: single !== undefined };
      if (open) words.at(-1)?.push(piece);
      else words.push([piece]);
    }
    open = joint === undefined && space === undefined;
  }
  return parts.filter(({ words }) => words.length > 0);
}

const jointOf = (text: string): Part['joint'] => (text === '&&' || text === '||' ? text : ';');

/** The words with their variables; undefined for an expansion that is more than a variable. */
function expand(words: readonly (readonly Word[])[], { env }: ScriptContext): readonly string[] | undefined {
  const expanded: string[] = [];
  for (const pieces of words) {
    let word = '';
    for (const { text, literal } of pieces) {
      if (!literal && /\$(?!\w|\{\w+\})/.test(text.replace(/\$$/, ''))) return undefined;
      word += literal ? text : text.replace(/\$(?:(\w+)|\{(\w+)\})/g, (_, bare?: string, braced?: string) => valueOf(env, bare ?? braced ?? ''));
    }
    expanded.push(word);
  }
  return expanded;
}

const valueOf = (env: Readonly<Record<string, string>>, name: string): string => (Object.hasOwn(env, name) ? (env[name] ?? '') : '');
