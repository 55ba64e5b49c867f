import type { ApiServer } from '@kybern/apiserver';
import { apiVersionOf, applyClientSide, parseDuration, type Client, type Condition, type KubernetesObject } from '@kybern/core';
import { findKind, Lease } from '@kybern/core/kinds';
import { createFaultyClient } from '@kybern/reconcile/testing';
import type { Base } from './base.ts';
import { createClusterFaults } from './cluster-faults.ts';
import { createClusterImage, type StartCluster } from './cluster-image.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Invariants } from './invariants.ts';
import { resolveManifests, type ManifestSource } from './manifests.ts';
import type { TestClusterOptions } from './options.ts';
import { kindsOf, serveKinds } from './served-kinds.ts';
import type { TestEndpoint } from './endpoint/options.ts';
import type { AwaitedCondition, Budget, TestCluster } from './test-cluster.ts';

/** What a cluster that runs is made of. */
export interface FacadeParts {
  readonly api: ApiServer;
  readonly base: Base;
  readonly options: TestClusterOptions;
  readonly controlPlane: ControlPlane;
  readonly invariants: Invariants;
  /** Starts another cluster. */
  readonly start: StartCluster;
}

/** Puts the parts of a cluster behind one face. */
export function createFacade(parts: FacadeParts): TestCluster {
  const { api, base, options, controlPlane, invariants } = parts;
  const { time, table, trace, world } = base;
  const client = createFaultyClient({ client: api.client, clock: base.clock, observe: trace.observer('test'), fault: () => undefined }).client;
  const faults = createClusterFaults(world, { clock: base.clock, seed: base.seed, log: () => trace.faults.map(({ text }) => text) });
  const endpoints = new Set<TestEndpoint>();
  return {
    client,
    api,
    clock: base.clock,
    seed: base.seed,
    log: base.log.entries,
    eventLog: () => base.log.toString(),
    errors: base.errors,
    faults,
    get choices() {
      return world.choices.made;
    },
    apply: (source) => applyManifests(parts, client, source),
    run(controller) {
      const make = typeof controller === 'function' ? controller : () => controller;
      const first = make();
      serveKinds(api, kindsOf(first));
      return controlPlane.run(first.name, make);
    },
    process: (name) => table.get(name),
    get processes() {
      return [...table.processes.values()];
    },
    node(name) {
      const node = name === undefined ? undefined : table.nodes.get(name);
      if (node === undefined) throw new RangeError(`there is no node "${String(name)}"; there are ${[...table.nodes.keys()].join(', ') || 'none'}`);
      return node;
    },
    settle: (settleOptions) => time.settle(settleOptions),
    advance: (duration) => time.advance(parseDuration(duration)),
    async until(holds, { within = '10m' } = {}) {
      const asked = typeof holds === 'function' ? holds : () => hasCondition(client, holds);
      if (await time.until(asked, parseDuration(within))) return;
      const what = typeof holds === 'function' ? 'the condition did not hold' : `${holds.kind.kind} "${holds.key}" did not become ${holds.condition}`;
      throw new Error(`${what} within ${String(within)} of virtual time`);
    },
    always: (name, holds) => invariants.add(name, holds),
    neverMore: (than, kind, selector) => invariants.add(`never more than ${String(than)} ${kind.plural}`, (view) => view.list(kind, selector).length <= than),
    withinBudget: (budget, run) => withinBudget(base, budget, run),
    fork: () => createClusterImage(base.state, { atMs: base.clock.now(), defaults: forkOptions(options), start: parts.start }),
    async listen(endpointOptions = {}) {
      const { openEndpoint } = await import('./endpoint/endpoint.ts');
      const endpoint = await openEndpoint(api, base, endpointOptions);
      endpoints.add(endpoint);
      return endpoint;
    },
    async timeline() {
      const { computeTimeline } = await import('./timeline/timeline.ts');
      return computeTimeline({ entries: base.log.entries, trace, startMs: base.clock.now() - base.clock.monotonicMs() });
    },
    async [Symbol.asyncDispose]() {
      for (const endpoint of endpoints) await endpoint[Symbol.asyncDispose]();
      table.end();
      // Whoever hears of it may still do what takes no time.
      await base.settleNow();
      base.log.close();
      await api[Symbol.asyncDispose]();
      await base.state[Symbol.asyncDispose]();
    },
  };
}

/** What a fork has from the cluster that it is of, unless it is told otherwise. */
function forkOptions({ controllers, scheduler, kinds, seed, logger, stages }: TestClusterOptions): TestClusterOptions {
  return Object.fromEntries(Object.entries({ controllers, scheduler, kinds, seed, logger, stages }).filter(([, value]) => value !== undefined));
}

async function applyManifests({ api, base }: FacadeParts, client: Client, source: ManifestSource): Promise<readonly KubernetesObject[]> {
  const applied: KubernetesObject[] = [];
  for (const { kind, object } of await resolveManifests(source, { kinds: api.kinds, pending: (load) => base.time.pending(load) })) {
    const strategic = findKind(apiVersionOf(kind), kind.kind) !== undefined;
    applied.push(
      (await applyClientSide(client, { kind, object, strategic, options: { fieldManager: 'kubectl-client-side-apply', fieldValidation: 'Strict' } })).object,
    );
  }
  return applied;
}

async function hasCondition(client: Client, { kind, key, condition, status = 'True' }: AwaitedCondition): Promise<boolean> {
  const object = (await client.get(kind, key).catch(() => undefined)) as { readonly status?: { readonly conditions?: readonly Condition[] } } | undefined;
  return object?.status?.conditions?.some((each) => each.type === condition && each.status === status) === true;
}

async function withinBudget<R>({ log, trace }: Base, budget: Budget, run: () => Promise<R>): Promise<R> {
  const from = log.entries.length;
  const requestsBefore = trace.requests;
  const result = await run();
  const written = log.entries.slice(from).filter(({ object }) => object.kind !== Lease.kind);
  const requests = trace.requests - requestsBefore;
  if (budget.writes !== undefined && written.length > budget.writes) {
    const keys = written.map(({ key, revision }) => `  ${trace.author(revision, key)?.process ?? 'API server'}: ${key}`);
    throw new Error(`${String(written.length)} writes, where ${String(budget.writes)} may be:\n${keys.slice(0, 20).join('\n')}`);
  }
  if (budget.requests !== undefined && requests > budget.requests) throw new Error(`${String(requests)} requests, where ${String(budget.requests)} may be`);
  return result;
}
