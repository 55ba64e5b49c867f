import { describe, expect, it } from 'vitest';
import type { ClusterEvent } from './cluster-event.ts';
import { InFlight } from './in-flight.ts';

const event = (name: string): ClusterEvent => ({ resource: 'Node', action: 'Add', object: name });
const names = (events: readonly ClusterEvent[]) => events.map(({ object }) => object);

describe('InFlight', () => {
  it('gives each attempt the events since it began', () => {
    const inFlight = new InFlight();
    inFlight.record(event('before'));
    inFlight.begin('a');
    inFlight.record(event('1'));
    inFlight.begin('b');
    inFlight.record(event('2'));
    expect(names(inFlight.end('b'))).toEqual(['2']);
    inFlight.begin('c');
    inFlight.record(event('3'));
    expect(names(inFlight.end('a'))).toEqual(['1', '2', '3']);
    expect(names(inFlight.end('c'))).toEqual(['3']);
    expect(inFlight.size).toBe(0);
  });

  it('has nothing for an attempt that it does not know', () => {
    expect(new InFlight().end('a')).toEqual([]);
  });

  it('says that anything may have happened when too much happened', () => {
    const inFlight = new InFlight();
    inFlight.begin('a');
    for (let index = 0; index < 25_000; index++) inFlight.record(event(String(index)));
    const events = inFlight.end('a');
    expect(events[0]).toEqual({ resource: '*', action: 'All' });
    expect(events.length).toBeLessThan(25_000);
  });

  it('forgets what no attempt can ask for any more', () => {
    const inFlight = new InFlight();
    let most = 0;
    for (let index = 0; index < 30_000; index++) {
      inFlight.begin(`a${index}`);
      inFlight.record(event(String(index)));
      most = Math.max(most, inFlight.end(`a${index - 1}`).length);
    }
    expect(most).toBe(2);
  });
});
