import type { ContainerStatus, PodStatus } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { loggedContainer } from './logged-container.ts';

type States = Pick<ContainerStatus, 'state' | 'lastState' | 'containerID'>;
const status = (states: States): PodStatus => ({ containerStatuses: [{ name: 'main', image: '', imageID: '', ready: false, restartCount: 0, ...states }] });
const ended = (containerID?: string): NonNullable<States['lastState']> => ({
  terminated: { exitCode: 1, ...(containerID === undefined ? {} : { containerID }) },
});
const wish = { pod: 'web', container: 'main', previous: false };

describe('loggedContainer', () => {
  it.each<{ name: string; states: States; previous?: boolean; id: string }>([
    { name: 'one that runs', states: { state: { running: {} }, containerID: 'containerd://a' }, id: 'a' },
    { name: 'one that has ended', states: { state: ended('containerd://b') }, id: 'b' },
    {
      name: 'the run before, of one that waits for its next',
      states: { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended('x://c') },
      id: 'c',
    },
    {
      name: 'the run before, when it is asked for',
      states: { state: { running: {} }, containerID: 'x://d', lastState: ended('x://e') },
      previous: true,
      id: 'e',
    },
    { name: 'the run before, when the next did not start', states: { state: ended(), lastState: ended('x://f') }, id: 'f' },
  ])('finds $name', ({ states, previous = false, id }) => {
    expect(loggedContainer(status(states), { ...wish, previous })).toBe(id);
  });

  it.each<{ states: States | undefined; previous?: boolean; message: string }>([
    { states: undefined, message: 'container "main" in pod "web" is not available' },
    { states: { state: { running: {} }, containerID: 'x://a' }, previous: true, message: 'previous terminated container "main" in pod "web" not found' },
    { states: { state: ended() }, message: 'container "main" in pod "web" is terminated' },
    { states: { state: { waiting: { reason: 'ContainerCreating' } } }, message: 'container "main" in pod "web" is waiting to start: ContainerCreating' },
    { states: { state: { waiting: { reason: 'ErrImagePull' } } }, message: `container "main" in pod "web" is waiting to start: image can't be pulled` },
    {
      states: { state: { waiting: { reason: 'ImagePullBackOff' } } },
      message: 'container "main" in pod "web" is waiting to start: trying and failing to pull image',
    },
    { states: {}, message: 'container "main" in pod "web" is waiting to start - no logs yet' },
  ])('says: $message', ({ states, previous = false, message }) => {
    expect(() => loggedContainer(states === undefined ? undefined : status(states), { ...wish, previous })).toThrow(
      expect.objectContaining({ reason: 'BadRequest', message }) as Error,
    );
  });
});
