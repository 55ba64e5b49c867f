import { expect, it } from 'vitest';
import { matchesEvent, type ActionType, type EventResource } from './cluster-event.ts';

const rows: readonly {
  readonly name: string;
  readonly registered: [EventResource, ActionType];
  readonly event: [EventResource, ActionType];
  readonly matches: boolean;
}[] = [
  { name: 'the same', registered: ['Node', 'Add'], event: ['Node', 'Add'], matches: true },
  { name: 'another action', registered: ['Node', 'Add'], event: ['Node', 'Delete'], matches: false },
  { name: 'another resource', registered: ['Node', 'Add'], event: ['AssignedPod', 'Add'], matches: false },
  { name: 'Pod stands for Pods on nodes', registered: ['Pod', 'Delete'], event: ['AssignedPod', 'Delete'], matches: true },
  { name: 'Pod stands for the Pod itself', registered: ['Pod', 'UpdatePodLabel'], event: ['TargetPod', 'UpdatePodLabel'], matches: true },
  { name: 'AssignedPod does not stand for others', registered: ['AssignedPod', 'Add'], event: ['UnscheduledPod', 'Add'], matches: false },
  { name: 'Update stands for every update', registered: ['Node', 'Update'], event: ['Node', 'UpdateNodeTaint'], matches: true },
  { name: 'Update is no addition', registered: ['Node', 'Update'], event: ['Node', 'Add'], matches: false },
  { name: 'All', registered: ['Node', 'All'], event: ['Node', 'Delete'], matches: true },
  { name: 'every resource', registered: ['*', 'All'], event: ['storage.k8s.io/CSINode', 'Add'], matches: true },
  { name: 'an event of everything', registered: ['Node', 'Add'], event: ['*', 'All'], matches: true },
];

it.each(rows)('$name', ({ registered, event, matches }) => {
  expect(matchesEvent({ resource: registered[0], actions: [registered[1]] }, { resource: event[0], action: event[1] })).toBe(matches);
});
