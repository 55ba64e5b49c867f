import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHttpClient, type ClusterAccess, type HttpClient } from '@kybern/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DnsRecord, Zone } from './kinds.ts';
import { computeZoneFile, serialOf } from './zone-file.ts';

const LONG = { timeout: 240_000 };
const zone: Zone = {
  apiVersion: 'dns.example.com/v1',
  kind: 'Zone',
  metadata: { name: 'corp', namespace: 'default' },
  spec: { domain: 'corp.example', ttlSeconds: 300 },
};
const record = (name: string, value: string): DnsRecord => ({
  apiVersion: 'dns.example.com/v1',
  kind: 'DnsRecord',
  metadata: { name, namespace: 'default' },
  spec: { zone: 'corp', name, type: 'A', value },
});

describe('computeZoneFile', () => {
  it('writes what is wanted, with a serial that goes up only when something changes', () => {
    const first = computeZoneFile(zone, [record('b', '192.0.2.2'), record('a', '192.0.2.1')], undefined);
    expect(first).toEqual({
      serial: 1,
      text: '$ORIGIN corp.example.\n$TTL 300\n@ IN SOA ns.corp.example. admin.corp.example. ( 1 3600 600 86400 300 )\na IN A 192.0.2.1\nb IN A 192.0.2.2\n',
    });
    expect(computeZoneFile(zone, [record('a', '192.0.2.1'), record('b', '192.0.2.2')], first.text)).toEqual({ serial: 1, text: undefined });
    expect(computeZoneFile(zone, [record('a', '192.0.2.1')], first.text).serial).toBe(2);
    expect(computeZoneFile(zone, [], 'nonsense').serial).toBe(1);
  });
});

/** The tool in a process of its own. */
interface Tool {
  readonly client: HttpClient;
  /** No goodbye. */
  kill(): Promise<void>;
}

describe('the tool', () => {
  let directory: string;
  const running = new Set<ChildProcess>();
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kybern-internal-tool-'));
  });
  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });

  async function start(): Promise<Tool> {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const args = ['--conditions=@kybern/source', '--disable-warning=ExperimentalWarning', main, directory];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    running.add(child);
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('close', (code) => reject(new Error(`the tool ended with ${String(code)}`)));
    });
    const client = createHttpClient(JSON.parse(await readFile(join(directory, 'access.json'), 'utf8')) as ClusterAccess);
    return {
      client,
      async kill() {
        child.kill('SIGKILL');
        await ended;
        running.delete(child);
        await client[Symbol.asyncDispose]();
      },
    };
  }

  const zoneText = (domain: string): Promise<string> => readFile(join(directory, 'zones', `${domain}.zone`), 'utf8').catch(() => '');
  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('keeps the files as they are wanted, also when somebody changes them, and takes them away', LONG, async () => {
    const tool = await start();
    await tool.client.create(Zone, { metadata: { name: 'corp' }, spec: { domain: 'corp.example' } });
    await tool.client.create(DnsRecord, { metadata: { name: 'www' }, spec: { zone: 'corp', name: 'www', type: 'A', value: '192.0.2.1' } });
    await until(async () => (await zoneText('corp.example')).includes('www IN A 192.0.2.1'));
    await writeFile(join(directory, 'zones', 'corp.example.zone'), 'somebody was here');
    await tool.client.mutate(Zone, 'corp', (draft) => void (draft.spec.ttlSeconds = 60));
    await until(async () => (await zoneText('corp.example')).includes('$TTL 60'));
    expect(await zoneText('corp.example')).toContain('www IN A 192.0.2.1');
    await until(async () => (await tool.client.get(Zone, 'corp')).status?.records === 1);
    await tool.client.delete(Zone, 'corp');
    await until(async () => (await readdir(join(directory, 'zones'))).length === 0);
    await tool.kill();
  });

  it('survives kill -9 at any moment: what was acknowledged is in the files, and no serial goes back', LONG, async () => {
    const known = new Map<string, string>();
    const uncertain = new Set<string>();
    let serial = 0;
    let tool = await start();
    await tool.client.create(Zone, { metadata: { name: 'corp' }, spec: { domain: 'corp.example' } });
    for (let round = 0; round < 4; round++) {
      const { client } = tool;
      let isAlive = true;
      const writing = (async () => {
        for (let at = 0; isAlive; at++) {
          const name = `r${round}-${at % 20}`;
          const value = `192.0.${round}.${at % 250}`;
          uncertain.add(name);
          try {
            if (known.has(name) && at % 3 === 0) {
              await client.delete(DnsRecord, name);
              known.delete(name);
            } else {
              const spec = { zone: 'corp', name, type: 'A' as const, value };
              if (known.has(name)) await client.mutate(DnsRecord, name, (draft) => void (draft.spec = spec));
              else await client.create(DnsRecord, { metadata: { name }, spec });
              known.set(name, value);
            }
            uncertain.delete(name);
          } catch {
            return;
          }
        }
      })();
      await new Promise((resolve) => setTimeout(resolve, 150 + round * 90));
      await tool.kill();
      isAlive = false;
      await writing;
      const text = await zoneText('corp.example');
      if (text !== '') {
        expect(serialOf(text)).toBeGreaterThanOrEqual(serial);
        serial = serialOf(text);
      }
      tool = await start();
    }
    const records = (await tool.client.list(DnsRecord)).items;
    const stored = new Map(records.map(({ spec }) => [spec.name, spec.value]));
    expect(known.size).toBeGreaterThan(0);
    // What was not answered may be there or not; everything else is exactly as it was answered.
    for (const name of new Set([...known.keys(), ...stored.keys()]))
      if (!uncertain.has(name)) expect([name, stored.get(name)]).toEqual([name, known.get(name)]);
    const lines = [...stored].map(([name, value]) => `${name} IN A ${value}`).sort();
    await until(async () => (await zoneText('corp.example')).split('\n').slice(3, -1).join('\n') === lines.join('\n'));
    expect(serialOf(await zoneText('corp.example'))).toBeGreaterThanOrEqual(serial);
    expect(await readdir(join(directory, 'zones'))).toEqual(['corp.example.zone']);
    await tool.kill();
  });
});
