import fc from 'fast-check';
import { expect, it } from 'vitest';
import { container, NOW_MS, observed, pod, sandbox, seen } from '../../test/fixtures.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { computePodActions } from './pod-actions.ts';
import { computePodStatus } from './pod-status.ts';
import { NO_PROBE_RESULTS } from './probe-results.ts';

const NAMES = ['init', 'proxy', 'app', 'log'];

const anyContainer: fc.Arbitrary<ObservedContainer> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    attempt: fc.nat({ max: 3 }),
    state: fc.constantFrom<ObservedContainer['state'][]>('created', 'running', 'exited', 'unknown'),
    exitCode: fc.constantFrom(0, 1),
    hash: fc.option(fc.constant('other'), { nil: undefined }),
  })
  .map(({ name, attempt, state, exitCode, hash }) =>
    seen(name, { attempt, state, ...(state === 'exited' ? { exitCode } : {}), ...(hash === undefined ? {} : { hash }) }),
  );

/** Newest first, ids unique, at most one live container of a name: what a runtime can have. */
const anyObserved: fc.Arbitrary<ObservedPod> = fc
  .tuple(fc.uniqueArray(anyContainer, { maxLength: 8, selector: ({ id }) => id }), fc.array(fc.record({ ready: fc.boolean() }), { minLength: 1, maxLength: 2 }))
  .map(([containers, sandboxes]) => {
    const live = new Set<string>();
    const legal = containers.filter(({ name, state }) => {
      if (state === 'exited' || state === 'created') return true;
      return !live.has(name) && live.add(name) !== undefined;
    });
    return observed(
      legal.sort((a, b) => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt),
      sandboxes.map((each, index) => sandbox({ ...each, id: `sandbox-${index}`, attempt: sandboxes.length - index })),
    );
  });

const anyPod = fc
  .record({
    restartPolicy: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
    inits: fc.subarray(['init', 'proxy']),
    two: fc.boolean(),
    deleting: fc.boolean(),
  })
  .map(({ restartPolicy, inits, two, deleting }) =>
    pod(
      {
        restartPolicy,
        initContainers: inits.map((name) => container(name, name === 'proxy' ? { restartPolicy: 'Always' } : {})),
        containers: two ? [container('app'), container('log')] : [container('app')],
      },
      deleting ? { metadata: { ...pod().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } : {},
    ),
  );

const anyInput = fc.tuple(anyPod, anyObserved).map(([thePod, theObserved]) => ({
  pod: thePod,
  observed: theObserved,
  nowMs: NOW_MS,
  probes: NO_PROBE_RESULTS,
  restartBackOffs: new Map(),
  pullFailures: new Map(),
}));

it('never starts a second live container of a name, nor a name twice', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const { start, stopPod } = computePodActions(input);
      const names = start.map(({ container: { name } }) => name);
      expect(new Set(names).size).toBe(names.length);
      if (stopPod) return;
      for (const name of names)
        expect(
          input.observed.containers.some(
            (each) =>
              each.name === name &&
              each === input.observed.containers.find((other) => other.name === name) &&
              (each.state === 'running' || each.state === 'unknown'),
          ),
        ).toBe(false);
    }),
  );
});

it('starts every attempt with a higher number than all before', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      for (const {
        container: { name },
        attempt,
      } of computePodActions(input).start) {
        const newest = input.observed.containers.find((each) => each.name === name);
        expect(attempt).toBe((newest?.attempt ?? -1) + 1);
      }
    }),
  );
});

it('does nothing for a Pod that is being deleted', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      if (input.pod.metadata.deletionTimestamp === undefined) return;
      expect(computePodActions(input)).toMatchObject({ stopPod: false, start: [], stop: [], remove: [] });
    }),
  );
});

it('starts no regular container before the init containers are done, unless one was made already', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const starts = computePodActions(input).start.filter(({ kind }) => kind === 'regular');
      if (starts.length === 0) return;
      const since = input.observed.sandboxes[0]?.createdAtMs ?? 0;
      const made = input.observed.containers.some(({ name, createdAtMs }) => (name === 'app' || name === 'log') && createdAtMs >= since);
      if (made) return;
      for (const init of input.pod.spec.initContainers ?? []) {
        const newest = input.observed.containers.find(({ name }) => name === init.name);
        expect(newest).toMatchObject(init.name === 'proxy' ? { state: 'running' } : { state: 'exited', exitCode: 0 });
      }
    }),
  );
});

it('removes only what does not run, or was stopped before', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const { remove, stopPod } = computePodActions(input);
      if (stopPod) return;
      for (const id of remove) expect(input.observed.containers.find((each) => each.id === id)?.state).toMatch(/exited|created/);
    }),
  );
});

it('a status computed twice is the same object, and counts never go back', () => {
  fc.assert(
    fc.property(anyInput, anyObserved, fc.boolean(), (input, next, terminal) => {
      const common = { nowMs: NOW_MS, probes: NO_PROBE_RESULTS, waiting: new Map(), hostIPs: ['10.0.0.1'], runtimeName: 'x', terminal };
      const first = computePodStatus({ ...common, pod: input.pod, observed: input.observed });
      const withFirst = { ...input.pod, status: first };
      expect(computePodStatus({ ...common, pod: withFirst, observed: input.observed, nowMs: NOW_MS + 5_000 })).toBe(first);
      const second = computePodStatus({ ...common, pod: withFirst, observed: next });
      for (const { name, restartCount } of second.containerStatuses ?? []) {
        expect(restartCount).toBeGreaterThanOrEqual(first.containerStatuses?.find((each) => each.name === name)?.restartCount ?? 0);
      }
      if (first.phase === 'Succeeded' || first.phase === 'Failed') expect(second.phase).toBe(first.phase);
    }),
  );
});
