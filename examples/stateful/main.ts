// `npm start`: three members; one is killed, one deleted, the third scaled away and back, while all of them are written to. Then what they hold is counted.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, read, startMachine } from './database.ts';
import { disturb, writeAll } from './disturbance.ts';

const MEMBERS = ['entries-0', 'entries-1', 'entries-2'];
const signal = AbortSignal.timeout(120_000);
const directory = await mkdtemp(join(tmpdir(), 'kybern-example-'));
try {
  await using machine = await startMachine(directory);
  const { cluster } = machine;
  await createDatabase(cluster, MEMBERS.length);
  console.log(`volumes are below ${directory}/volumes`);
  const acknowledged = await writeAll(cluster, MEMBERS, { perMember: 60, signal }, () => disturb(machine, (what) => console.log(what)));
  for (const name of MEMBERS) {
    const kept = new Set((await read(cluster, name, signal)).map(({ text }) => text));
    const lost = (acknowledged.get(name) ?? []).filter((text) => !kept.has(text));
    console.log(`${name}: ${String(acknowledged.get(name)?.length)} acknowledged, ${String(kept.size)} kept, ${String(lost.length)} lost`);
    if (lost.length > 0) process.exitCode = 1;
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
