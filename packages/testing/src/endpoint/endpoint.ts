import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiServer, Listener } from '@kybern/apiserver';
import { parseDuration, systemClock } from '@kybern/core';
import type { Base } from '../base.ts';
import { createOutside, type Outside } from './outside.ts';
import type { EndpointOptions, TestEndpoint } from './options.ts';

const DEFAULT_PATIENCE_MS = 20;
/** How far virtual time goes on while the outside says nothing for as long as a client may take. */
const PACE_MS = 60_000;

/** Opens an HTTPS endpoint on a cluster in virtual time, for clients in real time. */
export async function openEndpoint(api: ApiServer, base: Base, options: EndpointOptions): Promise<TestEndpoint> {
  // Clients live by the machine's time, whatever the cluster's is.
  const clock = systemClock();
  const outside = createOutside({ clock, patienceMs: options.patienceMs ?? DEFAULT_PATIENCE_MS, trace: base.trace });
  const listener = await api.listen({ port: options.port ?? 0, apart: { clock }, observer: outside });
  base.outsides.add(outside);
  const kubeconfig = kubeconfigText(listener);
  let folder: string | undefined;
  return {
    url: listener.url,
    certificateAuthority: listener.certificateAuthority,
    kubeconfig,
    async kubeconfigFile() {
      folder ??= await mkdtemp(join(tmpdir(), 'kybern-endpoint-'));
      const file = join(folder, 'kubeconfig');
      await writeFile(file, kubeconfig, { mode: 0o600 });
      return file;
    },
    run: (work, { within = '1h' } = {}) => runOutside({ base, outside, withinMs: parseDuration(within) }, work),
    async [Symbol.asyncDispose]() {
      base.outsides.delete(outside);
      await listener[Symbol.asyncDispose]();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A kubeconfig for the administrator. JSON is YAML too. */
function kubeconfigText({ url, certificateAuthority, admin }: Listener): string {
  const user = { 'client-certificate-data': btoa(admin.certificate), 'client-key-data': btoa(admin.key) };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': btoa(certificateAuthority) } }],
    users: [{ name: 'admin', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

interface Running {
  readonly base: Base;
  readonly outside: Outside;
  readonly withinMs: number;
}

/** Time passes while the work waits for the cluster, and stands still while the work does something by itself. */
async function runOutside<R>({ base, outside, withinMs }: Running, work: () => Promise<R>): Promise<R> {
  const untilMs = base.clock.monotonicMs() + withinMs;
  let done = false;
  const outcome = work().finally(() => (done = true));
  // Whoever calls sees the failure; until then it only has to be over.
  outcome.catch(noop);
  const isOver = (): boolean => done || outside.isTalking() || outside.open === 0;
  for (;;) {
    await base.time.advance(0);
    if (done) return await outcome;
    if (outside.open === 0) await outside.pause();
    else if (base.clock.monotonicMs() >= untilMs) throw new Error(`what runs against the endpoint is not over within ${String(withinMs)} ms of virtual time`);
    else if (!(await base.time.until(isOver, Math.min(PACE_MS, untilMs - base.clock.monotonicMs())))) await outside.pause();
  }
}

function noop(): void {
  // nothing to do with the outcome
}
