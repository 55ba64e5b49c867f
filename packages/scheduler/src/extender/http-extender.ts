import { parseDuration, systemClock, type Clock } from '@kybern/core';
import type { Container, Node, Pod } from '@kybern/core/kinds';
import type { ExtenderConfig } from '../config/configuration-types.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { ExtenderCall, ExtenderFilterAnswer, SchedulerExtender } from './extender.ts';

/**
 * Sends a POST with a JSON body and gives the JSON of the answer. Rejects on any status but 200, and when `signal` aborts.
 */
export type ExtenderTransport = (url: string, body: unknown, options: { readonly signal: AbortSignal }) => Promise<unknown>;

/** What {@link createHttpExtender} works with. */
export interface HttpExtenderDeps {
  /** Default: `fetch`. Pass one of your own where `tlsConfig` is needed. */
  readonly transport?: ExtenderTransport;
  readonly clock?: Clock;
}

const DEFAULT_TIMEOUT_MS = 5000;

/**
 * An extender that is called over HTTP, as kube-scheduler calls it.
 *
 * @throws {SchedulerConfigError} when the URL is none, or `tlsConfig` is given without a transport that knows of it
 * @see kubernetes v1.36 pkg/scheduler/extender.go
 */
export function createHttpExtender(config: ExtenderConfig, { transport, clock = systemClock() }: HttpExtenderDeps = {}): SchedulerExtender {
  if (!URL.canParse(config.urlPrefix)) throw new SchedulerConfigError('extenders.urlPrefix', `"${config.urlPrefix}" is no URL`);
  if (config.tlsConfig !== undefined && transport === undefined) throw new SchedulerConfigError('extenders.tlsConfig', 'needs a transport that applies it');
  const { filterVerb = '', prioritizeVerb = '', bindVerb = '', preemptVerb = '', weight = 1, ignorable = false, managedResources = [] } = config;
  const timeoutMs = config.httpTimeout ? parseDuration(config.httpTimeout) : DEFAULT_TIMEOUT_MS;
  const http = new HttpCalls(config, { transport: transport ?? fetchJson, clock, timeoutMs });
  const managed = new Set(managedResources.map(({ name }) => name));
  return {
    name: config.urlPrefix,
    weight,
    ignorable,
    isInterested: (pod) => managed.size === 0 || asksFor(pod, managed),
    ...(filterVerb === '' ? {} : { filter: (pod, nodes, call) => http.filter(filterVerb, { pod, nodes }, call) }),
    ...(prioritizeVerb === '' ? {} : { prioritize: (pod, nodes, call) => http.prioritize(prioritizeVerb, { pod, nodes }, call) }),
    ...(bindVerb === '' ? {} : { bind: (pod, nodeName, call) => http.bind(bindVerb, { pod, nodeName }, call) }),
    ...(preemptVerb === '' ? {} : { preempt: (pod, victims, call) => http.preempt(preemptVerb, { pod, victims }, call) }),
  };
}

function asksFor({ spec }: Pod, managed: ReadonlySet<string>): boolean {
  const asks = ({ resources }: Container): boolean =>
    [...Object.keys(resources?.requests ?? {}), ...Object.keys(resources?.limits ?? {})].some((name) => managed.has(name));
  return spec.containers.some(asks) || (spec.initContainers ?? []).some(asks);
}

async function fetchJson(url: string, body: unknown, { signal }: { readonly signal: AbortSignal }): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal });
  if (response.status !== 200) throw new Error(`extender answered ${response.status} to ${url}`);
  return await response.json();
}

interface Asked {
  readonly pod: Pod;
  readonly nodes: readonly Node[];
}

class HttpCalls {
  readonly #config: ExtenderConfig;
  readonly #deps: { readonly transport: ExtenderTransport; readonly clock: Clock; readonly timeoutMs: number };

  constructor(config: ExtenderConfig, deps: { readonly transport: ExtenderTransport; readonly clock: Clock; readonly timeoutMs: number }) {
    this.#config = config;
    this.#deps = deps;
  }

  async filter(verb: string, asked: Asked, call: ExtenderCall): Promise<ExtenderFilterAnswer> {
    const answer = fieldsOf(await this.#send(verb, this.#args(asked), call));
    throwError(answer.get('error'));
    const names = answer.get('nodenames') ?? itemsOf(answer.get('nodes'))?.map((node) => (node as Node).metadata.name);
    const feasible = new Set(Array.isArray(names) ? (names as readonly string[]) : []);
    const known = new Set(asked.nodes.map(({ metadata }) => metadata.name));
    for (const name of feasible) if (!known.has(name)) throw new Error(`extender ${this.#config.urlPrefix} names a node "${name}" that it was not asked about`);
    return { feasible, failed: texts(answer.get('failednodes')), unresolvable: texts(answer.get('failedandunresolvablenodes')) };
  }

  async prioritize(verb: string, asked: Asked, call: ExtenderCall): Promise<ReadonlyMap<string, number>> {
    const answer = await this.#send(verb, this.#args(asked), call);
    if (!Array.isArray(answer)) throw new Error(`extender ${this.#config.urlPrefix} did not answer with a list of priorities`);
    return new Map(answer.map(fieldsOf).map((each) => [String(each.get('host')), Number(each.get('score'))]));
  }

  async bind(verb: string, { pod, nodeName }: { readonly pod: Pod; readonly nodeName: string }, call: ExtenderCall): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    throwError(fieldsOf(await this.#send(verb, { PodName: name, PodNamespace: namespace, PodUID: uid, Node: nodeName }, call)).get('error'));
  }

  async preempt(
    verb: string,
    { pod, victims }: { readonly pod: Pod; readonly victims: ReadonlyMap<string, readonly Pod[]> },
    call: ExtenderCall,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const perNode = (of: (pod: Pod) => unknown): unknown =>
      Object.fromEntries([...victims].map(([node, pods]) => [node, { Pods: pods.map(of), NumPDBViolations: 0 }]));
    const names = this.#config.nodeCacheCapable === true;
    const args = names
      ? { Pod: pod, NodeNameToMetaVictims: perNode(({ metadata }) => ({ UID: metadata.uid })) }
      : { Pod: pod, NodeNameToVictims: perNode((each) => each) };
    const answer = fieldsOf(await this.#send(verb, args, call)).get('nodenametometavictims');
    return new Map(Object.entries((answer ?? {}) as object).map(([node, list]) => [node, uidsOf(list)]));
  }

  #args({ pod, nodes }: Asked): unknown {
    if (this.#config.nodeCacheCapable === true) return { Pod: pod, Nodes: null, NodeNames: nodes.map(({ metadata }) => metadata.name) };
    return { Pod: pod, Nodes: { apiVersion: 'v1', kind: 'NodeList', metadata: {}, items: nodes }, NodeNames: null };
  }

  async #send(verb: string, body: unknown, { signal }: ExtenderCall): Promise<unknown> {
    const { transport, clock, timeoutMs } = this.#deps;
    const url = `${this.#config.urlPrefix.replace(/\/+$/, '')}/${verb}`;
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => timeout.abort(new Error(`extender ${url} did not answer within ${timeoutMs} ms`)));
    try {
      return await transport(url, body, { signal: AbortSignal.any([signal, timeout.signal]) });
    } catch (error) {
      signal.throwIfAborted();
      throw timeout.signal.aborted ? timeout.signal.reason : error;
    } finally {
      cancel();
    }
  }
}

/** Go reads the names of fields without regard to case, so extenders write them as they like. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(Object.entries(value).flatMap(([name, each]) => (each === null ? [] : [[name.toLowerCase(), each as unknown] as const])));
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  const items = fieldsOf(value).get('items');
  return Array.isArray(items) ? items : undefined;
}

function texts(value: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries((value ?? {}) as object).map(([name, text]) => [name, String(text)]));
}

function uidsOf(victims: unknown): readonly string[] {
  const pods = fieldsOf(victims).get('pods');
  return Array.isArray(pods) ? pods.map((pod) => String(fieldsOf(pod).get('uid'))) : [];
}

function throwError(error: unknown): void {
  if (typeof error === 'string' && error !== '') throw new Error(error);
}
