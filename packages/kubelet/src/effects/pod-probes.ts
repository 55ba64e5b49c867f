import type { Container, Pod, Probe } from '@kybern/core/kinds';
import { isRuntimeError, type ProbeAnswer } from '@kybern/runtime-cri';
import { newestContainer, type ObservedContainer, type ObservedPod } from '../decisions/observed.ts';
import { isStarted, type ProbeResults, type ProbeType } from '../decisions/probe-results.ts';
import { advanceProbe, NOT_PROBED, type ProbeState } from '../decisions/probe-state.ts';
import { isSidecar } from '../decisions/restart-policy.ts';
import type { KubeletContext } from './context.ts';
import { resolvePort } from './ports.ts';

const PROBES: readonly { readonly type: ProbeType; readonly field: 'startupProbe' | 'readinessProbe' | 'livenessProbe'; readonly title: string }[] = [
  { type: 'startup', field: 'startupProbe', title: 'Startup' },
  { type: 'readiness', field: 'readinessProbe', title: 'Readiness' },
  { type: 'liveness', field: 'livenessProbe', title: 'Liveness' },
];

/** How many probes in vain a clock that settles waits for at least. */
const PATIENT_TRIES = 10;

/** One probe of one running container. Invariant: `cancel` is set iff a probe is due later. */
interface Runner {
  readonly type: ProbeType;
  readonly probe: Probe;
  readonly title: string;
  readonly container: Container;
  readonly containerId: string;
  readonly controller: AbortController;
  state: ProbeState;
  tries: number;
  cancel: (() => void) | undefined;
}

/** The probes of one Pod: started and stopped as its containers come and go, their verdicts kept by container. */
export class PodProbes implements ProbeResults {
  readonly #context: KubeletContext;
  readonly #onChange: () => void;
  /** Invariant: has the runners of running containers only. */
  readonly #runners = new Map<string, Runner>();
  #pod: Pod;

  /** @param onChange called when a verdict has changed */
  constructor(context: KubeletContext, pod: Pod, onChange: () => void) {
    this.#context = context;
    this.#pod = pod;
    this.#onChange = onChange;
  }

  result(containerId: string, type: ProbeType): 'success' | 'failure' | undefined {
    return this.#runners.get(`${containerId}/${type}`)?.state.result;
  }

  /** Begins probing containers that run and stops probing those that do not. Call after everything that was observed. */
  sync(pod: Pod, observed: ObservedPod): void {
    this.#pod = pod;
    const live = new Set<string>();
    for (const container of probed(pod)) {
      const newest = newestContainer(observed, container.name);
      if (newest?.state !== 'running') continue;
      live.add(newest.id);
      this.#syncContainer(container, newest);
    }
    for (const [key, runner] of this.#runners) if (!live.has(runner.containerId)) this.#drop(key, runner);
  }

  #syncContainer(container: Container, newest: ObservedContainer): void {
    for (const { type, field, title } of PROBES) {
      const probe = container[field];
      const key = `${newest.id}/${type}`;
      if (probe === undefined || this.#runners.has(key)) continue;
      // Until the startup probe has succeeded, the others wait.
      if (type !== 'startup' && !isStarted(container, newest, this)) continue;
      const state = this.#seed(newest, type);
      const runner: Runner = { type, probe, title, container, containerId: newest.id, controller: new AbortController(), state, tries: 0, cancel: undefined };
      this.#runners.set(key, runner);
      if (type === 'startup' && state.result === 'success') continue;
      const dueMs = newest.startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000;
      this.#schedule(runner, Math.max(0, dueMs - this.#context.clock.now()));
    }
  }

  /**
   * What the API already says of this very container: after a restart of the agent it need not prove itself again.
   *
   * Differs from Kubernetes: there a restart of the kubelet makes Pods unready until their next probe.
   */
  #seed(newest: ObservedContainer, type: ProbeType): ProbeState {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#pod.status ?? {};
    const status = [...containerStatuses, ...initContainerStatuses].find(({ containerID }) => containerID?.endsWith(`://${newest.id}`) === true);
    const known = type === 'startup' ? status?.started : type === 'readiness' ? status?.ready : false;
    return known === true ? { ...NOT_PROBED, result: 'success' } : NOT_PROBED;
  }

  /** Until it first succeeds a probe for which the Pod waits is work in progress, and a clock that settles waits a while; others go on for ever. */
  #schedule(runner: Runner, delayMs: number): void {
    const patience = Math.max(PATIENT_TRIES, runner.probe.failureThreshold ?? 3);
    const background = runner.type === 'liveness' || runner.state.result === 'success' || runner.tries >= patience;
    if (delayMs === 0) this.#probe(runner).catch((error: unknown) => this.#report(error));
    else runner.cancel = this.#context.clock.after(delayMs, () => this.#probe(runner).catch((error: unknown) => this.#report(error)), { background });
  }

  async #probe(runner: Runner): Promise<void> {
    runner.cancel = undefined;
    runner.tries += 1;
    const { signal } = runner.controller;
    const answer = await this.#ask(runner).catch((error: unknown) => {
      if (!signal.aborted) this.#report(error);
      return undefined;
    });
    if (signal.aborted) return;
    if (answer !== undefined) this.#judge(runner, answer);
    const settled = (runner.type === 'startup' && runner.state.result === 'success') || (runner.type !== 'readiness' && runner.state.result === 'failure');
    // A startup probe that succeeded is done; a container that is condemned is left alone until it is replaced.
    if (!settled) this.#schedule(runner, (runner.probe.periodSeconds ?? 10) * 1000);
  }

  #judge(runner: Runner, { ok, output }: ProbeAnswer): void {
    const before = runner.state.result;
    if (!ok) this.#context.recorder.event(this.#pod, { type: 'Warning', reason: 'Unhealthy', message: `${runner.title} probe failed: ${output}` });
    runner.state = advanceProbe(runner.state, ok ? 'success' : 'failure', runner.probe);
    if (runner.state.result !== before) this.#onChange();
  }

  async #ask({ type: purpose, probe, container, containerId, controller: { signal } }: Runner): Promise<ProbeAnswer> {
    const timeoutSeconds = probe.timeoutSeconds ?? 1;
    if (probe.exec !== undefined) return this.#exec(containerId, probe.exec.command ?? [], { timeoutSeconds, signal });
    const target = { host: this.#host(), timeoutMs: timeoutSeconds * 1000, containerId, purpose };
    const { httpGet, tcpSocket, grpc } = probe;
    if (httpGet !== undefined) {
      const { host = target.host, port, path = '/', scheme = 'HTTP', httpHeaders: headers = [] } = httpGet;
      return this.#context.prober.probe({ ...target, type: 'http', host, port: resolvePort(container, port), path, scheme, headers }, { signal });
    }
    if (tcpSocket !== undefined) {
      return this.#context.prober.probe(
        { ...target, type: 'tcp', host: tcpSocket.host ?? target.host, port: resolvePort(container, tcpSocket.port) },
        { signal },
      );
    }
    if (grpc !== undefined) return this.#context.prober.probe({ ...target, type: 'grpc', port: grpc.port, service: grpc.service ?? '' }, { signal });
    return { ok: true, output: '' };
  }

  #host(): string {
    if (this.#pod.spec.hostNetwork === true) return this.#context.hostIPs[0] ?? '127.0.0.1';
    return this.#context.cache.get(this.#pod.metadata.uid ?? '').sandboxes[0]?.ips[0] ?? '';
  }

  async #exec(containerId: string, cmd: readonly string[], { timeoutSeconds, signal }: { timeoutSeconds: number; signal: AbortSignal }): Promise<ProbeAnswer> {
    try {
      const { exitCode, stdout, stderr } = await this.#context.runtime.execSync({ containerId, cmd, timeout: timeoutSeconds }, { signal });
      const decoder = new TextDecoder();
      return { ok: exitCode === 0, output: decoder.decode(stdout) + decoder.decode(stderr) };
    } catch (error) {
      if (isRuntimeError(error, 'DEADLINE_EXCEEDED')) return { ok: false, output: `command timed out: "${cmd.join(' ')}" timed out after ${timeoutSeconds}s` };
      throw error;
    }
  }

  #report(error: unknown): void {
    const { namespace, name } = this.#pod.metadata;
    this.#context.logger.warn('probe errored', { kind: 'Pod', namespace, name, error });
  }

  /** From here on only readiness matters: the Pod is being ended, and its probes may not restart anything. */
  stopRestarting(): void {
    for (const runner of this.#runners.values()) if (runner.type !== 'readiness') this.#halt(runner);
  }

  stop(): void {
    for (const [key, runner] of this.#runners) this.#drop(key, runner);
  }

  #drop(key: string, runner: Runner): void {
    this.#halt(runner);
    this.#runners.delete(key);
  }

  #halt(runner: Runner): void {
    runner.controller.abort();
    runner.cancel?.();
    runner.cancel = undefined;
  }
}

function probed({ spec }: Pod): readonly Container[] {
  return [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers].filter(hasProbe);
}

const hasProbe = (container: Container): boolean => PROBES.some(({ field }) => container[field] !== undefined);

/** Whether any container of the Pod is probed at all. */
export function hasProbes(pod: Pod): boolean {
  return probed(pod).length > 0;
}
