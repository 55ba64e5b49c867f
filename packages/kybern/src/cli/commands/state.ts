import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isCorruptState, isStateFormat } from '@kybern/state';
import { backupState, restoreState, verifyState, type StateSummary } from '@kybern/state/file';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { defaultStateDirectory, describeLocation, explainState, parseStateLocation } from '../state-location.ts';
import type { Command } from './command.ts';

interface StateArgs {
  readonly action: 'backup' | 'restore' | 'verify';
  readonly file: string | undefined;
  readonly state: string | undefined;
  readonly force: boolean;
  readonly bumpRevision: number | undefined;
  readonly output: 'text' | 'json';
}

/** `kybern state`: backups of a durable state, and what is in it. */
export const stateCommand: Command<StateArgs> = {
  command: 'state <action> [file]',
  describe: 'Back up, restore or check what a cluster keeps on disk',
  examples: [
    ['kybern state backup cluster.backup', 'a copy of the state of "kybern up", also while it runs'],
    ['kybern state restore cluster.backup --state file:restored', 'make a state of a backup; then: kybern up --state file:restored'],
    ['kybern state verify', 'check every checksum of the state'],
    ['kybern state verify cluster.backup', 'check every checksum of a backup'],
  ],
  options: (yargs) =>
    yargs
      .positional('action', { choices: ['backup', 'restore', 'verify'] as const, describe: 'what to do' })
      .positional('file', { type: 'string', describe: 'the backup' })
      .option('state', { type: 'string', describe: 'where the state is: file:DIR (default: where "kybern up" keeps it)' })
      .option('force', { type: 'boolean', default: false, describe: 'backup: replace a file that exists' })
      .option('bump-revision', {
        type: 'number',
        describe: 'restore: make the revision greater by this, more than there were writes since the backup: clients list again instead of missing changes',
      })
      .option('output', { choices: ['text', 'json'] as const, default: 'text' as const, describe: 'text for people, JSON for programs' }),
  run: async (args, io) => {
    const directory = directoryOf(args, io);
    const signal = io.interrupted;
    switch (args.action) {
      case 'backup':
        return report(args, io, { verb: 'backed up', summary: await backup(args, io, directory) });
      case 'restore': {
        const file = fileOf(args, io);
        const summary = await explained(file, directory, () =>
          restoreState({
            directory,
            file,
            signal,
            onProgress: progress(io, 'restored'),
            ...(args.bumpRevision === undefined ? {} : { bumpRevision: args.bumpRevision }),
          }),
        );
        return report(args, io, { verb: 'restored', summary });
      }
      case 'verify': {
        const path = args.file === undefined ? directory : fileOf(args, io);
        const summary = await explained(path, directory, () => verifyState({ path, signal, onProgress: progress(io, 'verified') }));
        return report(args, io, { verb: 'verified', summary });
      }
    }
  },
};

async function backup(args: StateArgs, io: CliIo, directory: string): Promise<StateSummary> {
  const file = fileOf(args, io);
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (exists && !args.force) throw new CliError(`${file} exists; choose another name, or replace it with --force`);
  return explained(file, directory, () => backupState({ directory, file, signal: io.interrupted, onProgress: progress(io, 'backed up') }));
}

function directoryOf({ state }: StateArgs, io: CliIo): string {
  if (state === undefined) return defaultStateDirectory(io);
  const location = parseStateLocation(state, io.cwd);
  if (location.type === 'file') return location.directory;
  if (location.type === 'etcd') throw new CliError('--state: etcd has backups of its own: etcdctl snapshot save FILE');
  throw new CliError('--state: what is in memory cannot be backed up; name a directory: file:DIR');
}

function fileOf({ file, action }: StateArgs, io: CliIo): string {
  if (file === undefined) throw new CliError(`name the file of the backup: kybern state ${action} FILE`);
  return isAbsolute(file) ? file : join(io.cwd, file);
}

/** Runs with errors in the words of a person at a terminal. */
async function explained<T>(path: string, directory: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (isCorruptState(error)) throw new CliError(error.message, { cause: error });
    if (isStateFormat(error)) throw new CliError(error.message, { cause: error });
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new CliError(`there is no ${'path' in error ? String(error.path) : path}`, { cause: error });
    throw explainState(error, directory);
  }
}

/** A line that counts up in a terminal; elsewhere nothing. */
function progress(io: CliIo, verb: string): (doneBytes: number, totalBytes: number) => void {
  let last = -1;
  return (doneBytes, totalBytes) => {
    const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
    if (io.stderr.isTTY !== true || percent === last) return;
    last = percent;
    io.stderr.write(`\r${verb} ${String(percent)} % of ${megabytes(totalBytes)}${doneBytes >= totalBytes ? '\n' : ''}`);
  };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function report(args: StateArgs, io: CliIo, { verb, summary }: { verb: string; summary: StateSummary }): number {
  if (args.output === 'json') line(io.stdout, JSON.stringify(summary));
  else {
    const where = describeLocation({ type: 'file', directory: directoryOf(args, io) });
    const what = args.action === 'verify' && args.file !== undefined ? args.file : where;
    line(
      io.stdout,
      `${what}: ${verb}, ${megabytes(summary.bytes)}, revision ${String(summary.revision)}; watches resume from revision ${String(summary.compacted)} on`,
    );
  }
  return 0;
}
