// Load, and what goes wrong meanwhile.
import { readdirSync, readFileSync } from 'node:fs';
import type { Cluster } from 'kybern';
import { deleteMember, read, scale, write, type Machine } from './database.ts';

/** How {@link writeAll} writes. */
export interface Load {
  readonly perMember: number;
  readonly signal: AbortSignal;
}

/** Writes to every member, one text after the other, while something happens. @returns the texts that were acknowledged, by member */
export async function writeAll(
  cluster: Cluster,
  members: readonly string[],
  { perMember, signal }: Load,
  meanwhile: () => Promise<void>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const acknowledged = new Map(members.map((name): [string, string[]] => [name, []]));
  const writer = async (name: string): Promise<void> => {
    for (let at = 1; at <= perMember; at++) {
      const text = `${name} ${String(at)}`;
      await write(cluster, name, text, signal);
      acknowledged.get(name)?.push(text);
    }
  };
  for (const name of members) await read(cluster, name, signal); // all of them are there
  await Promise.all([...members.map(writer), meanwhile()]);
  return acknowledged;
}

/** Kills a member's process, deletes another, and scales the third away and back. */
export async function disturb({ cluster, directory }: Machine, tell: (what: string) => void): Promise<void> {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(100);
  tell('kill -9 entries-0');
  killMember('entries-0', directory);
  await pause(300);
  tell('kubectl delete pod entries-1');
  await deleteMember(cluster, 'entries-1');
  await pause(300);
  tell('kubectl scale --replicas=2');
  await scale(cluster, 2);
  await pause(500);
  tell('kubectl scale --replicas=3');
  await scale(cluster, 3);
}

/** As a crash would end it: every process that has the member's name and a folder of this database in its environment. */
function killMember(name: string, directory: string): void {
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (environment.includes(`POD=${name}`) && environment.some((each) => each.startsWith(`KYBERN_ROOT=${directory}`))) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It went, or is somebody else's.
    }
  }
}
