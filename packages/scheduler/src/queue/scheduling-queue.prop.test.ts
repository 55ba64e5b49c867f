import { createFakeClock } from '@kybern/core/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Plugin } from '../engine/plugin.ts';
import { compileProfile } from '../engine/profile.ts';
import type { Bin } from '../engine/snapshot.ts';
import { unschedulable } from '../engine/status.ts';
import type { QueuedItem } from './queued-item.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

interface Item {
  readonly name: string;
}

const cures = { Fit: 'Node', Ports: 'AssignedPod' } as const;
type Rejecting = keyof typeof cures;

const plugins: readonly Plugin<Item, Bin>[] = (Object.keys(cures) as Rejecting[]).map((name) => ({
  name,
  filter: () => unschedulable(name),
  eventsToRegister: () => [{ resource: cures[name], actions: ['Add'] }],
}));

/** What is known of an item in the simplest terms: it can be had, it is out, or it waits for one of these resources. */
type Model = Map<string, { state: 'ready' | 'out'; missed: Set<string> } | { state: 'waiting'; for: ReadonlySet<string> }>;

const name = fc.constantFrom('a', 'b', 'c');
const command = fc.oneof(
  fc.record({ do: fc.constant('add' as const), name }),
  fc.record({ do: fc.constant('delete' as const), name }),
  fc.record({ do: fc.constant('done' as const), name }),
  fc.record({ do: fc.constant('pop' as const) }),
  fc.record({ do: fc.constant('retry' as const), name, by: fc.subarray(['Fit', 'Ports'] satisfies Rejecting[]) }),
  fc.record({ do: fc.constant('event' as const), resource: fc.constantFrom('Node', 'AssignedPod') }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(500, 1000, 20_000) }),
);

it('agrees with a model of what can be had: nothing is lost, nothing comes twice, nothing comes back uncured', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      const clock = createFakeClock();
      const queue = new SchedulingQueue<Item>({ profiles: [compileProfile(plugins)], keyOf: (item) => item.name, clock });
      const model: Model = new Map();
      const out = new Map<string, QueuedItem<Item>>();
      for (const step of commands) {
        if (step.do === 'add') {
          queue.add({ name: step.name });
          if (!model.has(step.name)) model.set(step.name, { state: 'ready', missed: new Set() });
        } else if (step.do === 'delete') {
          queue.delete(step.name);
          model.delete(step.name);
          out.delete(step.name);
        } else if (step.do === 'advance') {
          await clock.advance(step.ms);
        } else if (step.do === 'event') {
          queue.notify({ resource: step.resource, action: 'Add' });
          for (const [key, entry] of model) {
            if (entry.state === 'waiting' && entry.for.has(step.resource)) model.set(key, { state: 'ready', missed: new Set() });
            else if (entry.state === 'out') entry.missed.add(step.resource);
          }
        } else if (step.do === 'pop') {
          // An error's back-off may hide what is ready, but never longer than 10 s.
          const popped = queue.pop() ?? (await clock.advance(10_000), queue.pop());
          const ready = [...model].filter(([, { state }]) => state === 'ready').map(([key]) => key);
          if (popped === undefined) expect(ready).toEqual([]);
          else {
            expect(ready).toContain(popped.key);
            model.set(popped.key, { state: 'out', missed: new Set() });
            out.set(popped.key, popped);
          }
        } else {
          const held = out.get(step.name);
          const entry = model.get(step.name);
          if (held === undefined || entry?.state !== 'out') continue;
          out.delete(step.name);
          if (step.do === 'done') {
            queue.done(held);
            model.delete(step.name);
            continue;
          }
          queue.retry(held, { unschedulablePlugins: new Set(step.by), pendingPlugins: new Set() });
          const wanted = new Set<string>(step.by.map((plugin) => cures[plugin]));
          const cured = wanted.size === 0 || [...wanted].some((resource) => entry.missed.has(resource));
          model.set(step.name, cured ? { state: 'ready', missed: new Set() } : { state: 'waiting', for: wanted });
        }
        const { active, backoff, unschedulable: waiting, inFlight } = queue.sizes;
        expect(active + backoff + waiting + inFlight).toBe(model.size);
        expect(inFlight).toBe([...model.values()].filter(({ state }) => state === 'out').length);
        expect(waiting).toBe([...model.values()].filter(({ state }) => state === 'waiting').length);
      }
    }),
    { numRuns: 300 },
  );
});
