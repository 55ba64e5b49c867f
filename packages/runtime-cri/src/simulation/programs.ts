import { runBuiltinCommand } from './commands.ts';
import { normalizePath, parentOf } from './files.ts';
import type { SimulatedProcess, SimulatedProgram } from './processes.ts';
import { packTar, unpackTar, type TarEntry } from './tar.ts';

/** An archive that is given to `tar` may not be larger. */
const MAX_INPUT_BYTES = 64 * 2 ** 20;

/**
 * The programs that read input or work with files: `cat`, `ls`, `mkdir`, `rm`, `test`, `tar` and `sh` without a script, which runs a command per line.
 * Undefined: it is none of them.
 */
export function findProgram(command: readonly string[]): SimulatedProgram | undefined {
  const [program = '', first] = command;
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (name === 'sh' || name === 'bash') {
    if (first !== '-c') return shell;
    const words = wordsOf(command[2] ?? '');
    return findProgram(words) === undefined ? undefined : (process) => findProgram(words)?.({ ...process, command: words }) ?? 0;
  }
  return Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
}

const PROGRAMS: Readonly<Record<string, SimulatedProgram>> = {
  cat,
  tar,
  ls: async ({ command, files, write }) => {
    const path = normalizePath(command.slice(1).find((word) => !word.startsWith('-')) ?? '/');
    if (files.read(path) !== undefined) return done(write(`${path}\n`));
    if (!files.isDirectory(path)) return fail(write(`ls: ${path}: No such file or directory\n`, 'stderr'));
    const names = files.walk(path).filter((each) => each !== path && parentOf(each) === path);
    return done(write(names.map((each) => `${each.slice(each.lastIndexOf('/') + 1)}\n`).join('')));
  },
  mkdir: ({ command, files }) => {
    for (const path of command.slice(1)) if (!path.startsWith('-')) files.makeDirectory(path);
    return 0;
  },
  rm: ({ command, files }) => {
    const gone = command.slice(1).filter((word) => !word.startsWith('-') && !files.remove(word));
    return gone.length === 0 || command.includes('-f') || command.includes('-rf') ? 0 : 1;
  },
  test: ({ command: [, flag, path = ''], files }) => {
    if (flag === '-d') return files.isDirectory(path) ? 0 : 1;
    if (flag === '-f') return files.read(path) !== undefined ? 0 : 1;
    return flag === '-e' && !files.isDirectory(path) && files.read(path) === undefined ? 1 : 0;
  },
};

async function done(written: Promise<void>): Promise<number> {
  await written;
  return 0;
}

async function fail(written: Promise<void>): Promise<number> {
  await written;
  return 1;
}

async function cat({ command, stdin, files, write }: SimulatedProcess): Promise<number> {
  const paths = command.slice(1).filter((word) => word !== '-');
  if (paths.length === 0) for await (const chunk of stdin) await write(chunk);
  for (const path of paths) {
    const content = files.read(path);
    if (content === undefined) return fail(write(`cat: ${path}: No such file or directory\n`, 'stderr'));
    await write(content);
  }
  return 0;
}

/** `tar cf - PATH` and `tar xf - -C FOLDER`, as `kubectl cp` calls it. */
async function tar(process: SimulatedProcess): Promise<number> {
  const { command, files, write } = process;
  const words = command.slice(1);
  const at = words.findIndex((word) => word === '-C' || word === '--directory');
  const folder = at < 0 ? '/' : (words[at + 1] ?? '/');
  const operands = words.filter((word, i) => !word.startsWith('-') && i !== at + 1 && i !== 0);
  const flags = words.filter((word) => !word.startsWith('--') && word !== '-C' && word.length > 1);
  const mode = /[cxt]/.exec((flags[0] ?? '').replace(/^-/, ''))?.[0];
  if (mode === 'c')
    return create(
      process,
      operands.map((path) => ({ path: normalizePath(path, folder), as: path })),
    );
  if (mode !== 'x') return fail(write('tar: You must specify one of -c, -x\n', 'stderr'));
  for (const { name, type, content } of unpackTar(await readAll(process.stdin))) {
    const path = normalizePath(name, folder);
    if (type === 'directory') files.makeDirectory(path);
    else files.write(path, content);
  }
  return 0;
}

async function create({ files, write }: SimulatedProcess, wanted: readonly { readonly path: string; readonly as: string }[]): Promise<number> {
  const entries: TarEntry[] = [];
  for (const { path, as } of wanted) {
    const found = files.walk(path);
    if (found.length === 0) return fail(write(`tar: ${as}: Cannot stat: No such file or directory\n`, 'stderr'));
    for (const each of found) {
      const content = files.read(each);
      entries.push({
        name: (as + each.slice(path.length)).replace(/^\/+/, ''),
        type: content === undefined ? 'directory' : 'file',
        content: content ?? new Uint8Array(),
      });
    }
  }
  return done(write(packTar(entries)));
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > MAX_INPUT_BYTES) throw new RangeError('tar: the archive is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A line at a time, until `exit` or the end of the input. */
async function shell(process: SimulatedProcess): Promise<number> {
  const decoder = new TextDecoder();
  let rest = '';
  let code = 0;
  if (process.tty) await process.write('$ ');
  for await (const chunk of process.stdin) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const words = wordsOf(line);
      if (words[0] === 'exit') return Number(words[1] ?? code);
      code = await runLine(process, words);
      if (process.tty) await process.write('$ ');
    }
  }
  return rest.trim() === '' ? code : runLine(process, wordsOf(rest));
}

async function runLine(process: SimulatedProcess, words: readonly string[]): Promise<number> {
  const program = findProgram(words);
  // A program in a shell would read what the shell has to read.
  if (program !== undefined && program !== shell) return program({ ...process, command: words, stdin: new Blob([]).stream() });
  const { stdout, stderr, exitCode } = runBuiltinCommand(words, { env: process.env, nowMs: process.now() });
  if (stdout !== '') await process.write(stdout);
  if (stderr !== '') await process.write(stderr, 'stderr');
  return exitCode;
}

/** The words of a line, as a shell splits them; quotes keep words together. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '');
}
