import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What tells a process from a later one of the same id: when it started, in whatever form the system has it. Undefined when there is none of that id. */
export async function startMark(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return (await readStat(pid))?.startTicks;
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined; // ps fails when there is no such process
  }
}

/** What the processes of a session use together. */
export interface SessionUsage {
  readonly memoryBytes: number;
  readonly cpuNanoSeconds: number;
  readonly processes: number;
}

const PAGE_BYTES = 4096;
const NS_PER_TICK = 1e7;

/** What sessions use, by session id. Only Linux tells; elsewhere it is empty. Costs one look at every process of the machine. */
export async function sessionUsage(): Promise<ReadonlyMap<number, SessionUsage>> {
  const usage = new Map<number, SessionUsage>();
  if (process.platform !== 'linux') return usage;
  const names = await readdir('/proc');
  for (const stat of await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => readStat(Number(name))))) {
    if (stat === undefined) continue;
    const before = usage.get(stat.session) ?? { memoryBytes: 0, cpuNanoSeconds: 0, processes: 0 };
    usage.set(stat.session, {
      memoryBytes: before.memoryBytes + stat.rssPages * PAGE_BYTES,
      cpuNanoSeconds: before.cpuNanoSeconds + stat.cpuTicks * NS_PER_TICK,
      processes: before.processes + 1,
    });
  }
  return usage;
}

/** Kills what is left of a session: of those that have left its group, only Linux can tell. */
export async function killSession(session: number): Promise<void> {
  signalGroup(session, 'SIGKILL');
  if (process.platform !== 'linux') return;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids) {
    if ((await readStat(pid))?.session !== session) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

interface ProcessStat {
  readonly session: number;
  readonly startTicks: string;
  readonly cpuTicks: number;
  readonly rssPages: number;
}

/** @see proc_pid_stat(5) */
async function readStat(pid: number): Promise<ProcessStat | undefined> {
  try {
    const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    // The name, in brackets, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie runs no more.
    if (fields[0] === 'Z') return undefined;
    return { session: Number(fields[3]), startTicks: fields[19] ?? '', cpuTicks: Number(fields[11]) + Number(fields[12]), rssPages: Number(fields[21]) };
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** Sends a signal to a process group. @returns whether there was any process to take it */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false; // nobody is left
  }
}
