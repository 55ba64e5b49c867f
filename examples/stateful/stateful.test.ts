import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDatabase, read, startMachine } from './database.ts';
import { disturb, writeAll } from './disturbance.ts';

const MEMBERS = ['entries-0', 'entries-1', 'entries-2'];

// The processes of a member are found in /proc.
describe.skipIf(process.platform !== 'linux')('a database on a StatefulSet', () => {
  it('loses nothing that it acknowledged, whatever happens to its members, and keeps them apart', { timeout: 180_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kybern-stateful-example-'));
    const signal = AbortSignal.timeout(150_000);
    try {
      await using machine = await startMachine(directory);
      const { cluster } = machine;
      await createDatabase(cluster, MEMBERS.length);
      const happened: string[] = [];
      const acknowledged = await writeAll(cluster, MEMBERS, { perMember: 60, signal }, () => disturb(machine, (what) => happened.push(what)));
      expect(happened).toHaveLength(4);
      for (const name of MEMBERS) {
        const entries = await read(cluster, name, signal);
        expect(new Set(entries.map(({ member }) => member))).toEqual(new Set([name]));
        const kept = new Set(entries.map(({ text }) => text));
        expect((acknowledged.get(name) ?? []).filter((text) => !kept.has(text))).toEqual([]);
        expect(entries.map(({ id }) => id)).toEqual(entries.map((_, at) => at + 1));
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
