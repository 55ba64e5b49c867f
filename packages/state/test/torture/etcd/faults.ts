import { randomInt, sleep, type Clock, type Random } from '@kybern/core';
import type { Member, Members } from './members.ts';

/** What can happen. */
export const FAULTS = ['kill', 'kill two', 'pause', 'pause all', 'isolate', 'cut off clients', 'compact', 'kill and isolate'] as const;
/** One of {@link FAULTS}. */
export type Fault = (typeof FAULTS)[number];

/** What a fault is done with. */
export interface FaultDeps {
  readonly members: Members;
  readonly clock: Clock;
  readonly random: Random;
  readonly compact: () => Promise<void>;
}

/** Lets one fault happen, and ends it. Resolves when all members run and are connected again, which is not yet when they agree. */
export async function inflict(fault: Fault, { members, clock, random, compact }: FaultDeps): Promise<void> {
  const [first, second, third] = shuffled(members.members, random) as [Member, Member, Member];
  const some = (minMs: number, maxMs: number): Promise<void> => sleep(clock, minMs + randomInt(random, maxMs - minMs));
  switch (fault) {
    case 'kill':
      await first.server.signal('SIGKILL');
      await some(50, 1_000);
      return first.server.start();
    case 'kill two':
      await Promise.all([first, second].map(({ server }) => server.signal('SIGKILL')));
      await some(50, 1_500);
      await Promise.all([first, second].map(({ server }) => server.start()));
      return;
    case 'pause':
      await first.server.signal('SIGSTOP');
      await some(200, 4_000);
      return first.server.signal('SIGCONT');
    case 'pause all':
      for (const { server } of [first, second, third]) await server.signal('SIGSTOP');
      await some(100, 1_500);
      for (const { server } of [third, second, first]) await server.signal('SIGCONT');
      return;
    case 'isolate':
      members.isolate(first);
      await some(500, 4_000);
      return members.mend();
    case 'cut off clients':
      first.clients.cut();
      second.clients.cut();
      await some(200, 3_000);
      return members.mend();
    case 'kill and isolate':
      members.isolate(first);
      await second.server.signal('SIGKILL');
      await some(200, 1_500);
      members.mend();
      return second.server.start();
    case 'compact':
      return compact();
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
