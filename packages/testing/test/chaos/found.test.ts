// Schedules that brought a fault to light once: in our controllers, or in the faults themselves.
import { chaos, replay, type Schedule } from '@kybern/testing';
import { it } from 'vitest';
import { housekeepingScenarios } from './housekeeping.ts';
import { inChaos } from './run.ts';
import { NODES, type Scenario } from './scenario.ts';
import { workloadScenarios } from './workloads.ts';

interface Found extends Schedule {
  /** What was wrong. */
  readonly fault: string;
  /** How the name of its scenario begins. */
  readonly scenario: string;
}
const MANAGER = 'kube-controller-manager:';
const FOUND: readonly Found[] = [
  {
    fault: 'an owner that orphans its dependents went before a late cache had seen them',
    scenario: 'what a Deployment leaves behind',
    seed: 55,
    choices: [
      `${MANAGER} create replicasets default/web-78f75f4bc6 (crashes) #1 -> crash after the write`,
      `${MANAGER} event bookmark replicasets (cut watches) #1 -> no bookmark`,
    ],
  },
  {
    fault: 'slices that were made twice from a late cache stayed',
    scenario: 'endpoints by hand',
    seed: 189,
    choices: [
      `${MANAGER} create endpointslices (crashes) #1 -> crash after the write`,
      `${MANAGER} watch endpointslices (time travel) #1 -> 1 changes of endpointslices.discovery.k8s.io back, for 15000 ms`,
    ],
  },
  {
    fault: 'a CronJob forgot the Job that a late cache did not have, and started the next beside it',
    scenario: 'a CronJob that may not overlap',
    seed: 268,
    choices: [
      'cluster (slow nodes) #42 -> node-2 is slow',
      'cluster (crashes) #68 -> kube-controller-manager crashes',
      `${MANAGER} watch jobs (time travel) #1 -> 2 changes of jobs.batch back, for 2000 ms`,
    ],
  },
  {
    fault: 'Pods of a Job that a late cache did not know were let go before they were counted',
    scenario: 'a Job with three completions',
    seed: 5,
    choices: [
      `${MANAGER} create events default/task.18867251edfdef50 (crashes) #1 -> crash after the write`,
      `${MANAGER} watch jobs (time travel) #1 -> 2 changes of jobs.batch back, for 2000 ms`,
    ],
  },
  {
    fault: 'a claim waited for ever when its class was seen after it',
    scenario: 'members with claims',
    seed: 318,
    choices: [
      `${MANAGER} watch statefulsets (time travel) #1 -> 1 changes of statefulsets.apps back, for 2000 ms`,
      `${MANAGER} create persistentvolumeclaims default/data-db-0 (crashes) #1 -> crash before the write`,
      'cluster (clock skew) #2 -> the clock of kube-controller-manager is 5000 ms ahead',
      `${MANAGER} watch controllerrevisions (time travel) #1 -> 1 changes of controllerrevisions.apps back, for 2000 ms`,
      `${MANAGER} create pods default/db-0 (interleavings) #1 -> reaches the server 1 ms late`,
      `${MANAGER} reconcile persistentvolume-binder persistentvolumeclaims|default/data-db-0 (interleavings) #2 -> 1 ms later`,
      `${MANAGER} event modified persistentvolumeclaims default/data-db-0 (stale caches) #1 -> 100 ms late`,
      `${MANAGER} event modified persistentvolumeclaims default/data-db-0 (stale caches) #2 -> 100 ms late`,
      `${MANAGER} create events default/data-db-0.188672544819cf90 (crashes) #1 -> crash after the write`,
      `${MANAGER} watch storageclasses (time travel) #1 -> 1 changes of storageclasses.storage.k8s.io back, for 2000 ms`,
    ],
  },
  {
    fault: 'two late events of one watch overtook each other, which no server does',
    scenario: 'what belongs to a Deployment that is deleted',
    seed: 688,
    choices: [
      `${MANAGER} create replicasets default/web-78f75f4bc6 (crashes) #1 -> crash after the write`,
      `${MANAGER} event added serviceaccounts default/default (stale caches) #1 -> 100 ms late`,
      `${MANAGER} event bookmark leases (cut watches) #1 -> no bookmark`,
      `${MANAGER} event added replicasets default/web-78f75f4bc6 (cut watches) #1 -> the watch ends before it`,
      `${MANAGER} event modified deployments default/web (stale caches) #1 -> 15000 ms late`,
      'cluster (crashes) #15 -> scheduler crashes',
      'clock: next timer (interleavings) #181 -> number 2 of those due',
    ],
  },
];

it.each(FOUND)('$fault', async ({ scenario: name, seed, choices }) => {
  const scenario = [...workloadScenarios, ...housekeepingScenarios].find((each) => each.name.startsWith(name)) as Scenario;
  await replay({ ...scenario.options, nodes: NODES, seed, choices, faults: chaos('everything') }, inChaos(scenario));
});
