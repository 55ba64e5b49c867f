import { join } from 'node:path';
import { createApiServer } from '@kybern/apiserver';
import { Pod } from '@kybern/core/kinds';
import { createKubelet, describeMachine } from '@kybern/kubelet';
import { createGrpcRuntime } from '@kybern/runtime-cri/grpc';
import { findContainerd, startContainerd } from '@kybern/runtime-cri/grpc/testing';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const PODS = 12;
const IMAGE = 'docker.io/library/busybox:1.36';
const COMMAND = ['sleep', '100000'];
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Starts Pods one after another, by turns through the API and by the bare calls that they come to. @returns p50 of both, in ms */
async function startPods(): Promise<{ readonly api: number; readonly bare: number }> {
  await using instance = await startContainerd();
  using runtime = createGrpcRuntime({ endpoint: instance.endpoint });
  await using api = await createApiServer();
  const stop = new AbortController();
  const machine = { rootDirectory: join(instance.folder, 'kubelet'), logDirectory: join(instance.folder, 'logs'), cgroups: true };
  // Only what is made through the agent is looked after by it: the others live in a directory of logs of their own, for less than a resync.
  const running = createKubelet({ name: 'here', client: api.client, runtime, machine, ...describeMachine() }).run(stop.signal);
  await runtime.pullImage({ image: { image: IMAGE } });
  const figures = { api: [] as number[], bare: [] as number[] };
  for (let number = 0; number < PODS; number += 1) {
    let startedMs = performance.now();
    const name = `pod-${String(number)}`;
    const isRunning = new Promise<void>((resolve) => {
      const watch = api.client.watch(Pod, { namespace: 'default', fieldSelector: `metadata.name=${name}` }).subscribe((event) => {
        if (event.type !== 'BOOKMARK' && 'status' in event.object && event.object.status?.phase === 'Running') {
          watch.unsubscribe();
          resolve();
        }
      });
    });
    await api.client.create(Pod, {
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'here', automountServiceAccountToken: false, containers: [{ name: 'app', image: IMAGE, command: COMMAND }] },
    } as never);
    await isRunning;
    figures.api.push(performance.now() - startedMs);

    startedMs = performance.now();
    const sandboxConfig = { metadata: { name, namespace: 'bare', uid: `bare-${name}`, attempt: 0 }, logDirectory: join(instance.folder, 'bare', name) };
    const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
    const config = { metadata: { name: 'app', attempt: 0 }, image: { image: IMAGE }, command: COMMAND, logPath: 'app.log' };
    const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
    await runtime.startContainer({ containerId });
    figures.bare.push(performance.now() - startedMs);
  }
  stop.abort();
  await running;
  return { api: median(figures.api), bare: median(figures.bare) };
}

const found = findContainerd();

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'kubelet: a Pod on containerd, API create to Running, over the bare CRI calls (p50, sequential)',
    unit: 'x',
    better: 'lower',
    aim: 1.25,
    ...('missing' in found ? { missing: found.missing } : {}),
    async run() {
      const { api, bare } = await startPods();
      return { value: api / bare, more: { apiMs: api, bareMs: bare } };
    },
  },
];
