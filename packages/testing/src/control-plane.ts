import type { ApiServer } from '@kybern/apiserver';
import { builtinControllers, type KindSource, type VolumeProvisioning } from '@kybern/controllers';
import { createManager, type ControllerDefinition, type ReconcileObserver } from '@kybern/reconcile';
import { createSchedulerLoop } from '@kybern/scheduler';
import { simulatedProvisioner, standardClass } from '@kybern/storage';
import type { Base } from './base.ts';
import type { TestClusterOptions } from './options.ts';
import { createProcess, type Incarnation, type ManagedProcess } from './processes/process.ts';
import { TracedClient } from './processes/traced-client.ts';
import type { TracedReconcile } from './trace.ts';

/** The process of Kubernetes' own controllers. */
export const CONTROLLER_MANAGER = 'kube-controller-manager';
/** The process of the scheduler. */
export const SCHEDULER = 'scheduler';

/** Starts what runs beside the nodes. */
export interface ControlPlane {
  /** Starts a controller as a process of its own. */
  run(name: string, make: () => ControllerDefinition): ManagedProcess;
}

/** Starts controllers and scheduler, each as a process. */
export function startControlPlane(api: ApiServer, base: Base, options: TestClusterOptions): ControlPlane {
  const { controllers = 'all' } = options;
  const run = (name: string, make: () => readonly ControllerDefinition[]): ManagedProcess =>
    startProcess(api, base, { name, run: (incarnation) => runControllers(base, { name, controllers: make(), incarnation }) });
  // Made anew for each start, since controllers may remember things between reconciles.
  if (controllers === 'all') run(CONTROLLER_MANAGER, () => builtinControllers({ kinds: kindSource(api), volumes: [simulatedVolumes()] }));
  else if (controllers !== 'none') for (const controller of controllers) run(controller.name, () => [controller]);
  if (options.scheduler !== false) {
    const scheduler = options.scheduler ?? {};
    startProcess(api, base, {
      name: SCHEDULER,
      run: ({ client, clock, number, signal }) =>
        createSchedulerLoop({ client, clock, random: base.random.fork(forkName(SCHEDULER, number)), logger: base.backgroundLogger, ...scheduler }).run(signal),
    });
  }
  return { run: (name, make) => run(name, () => [make()]) };
}

/** Starts a process of the cluster and puts it into its table. */
export function startProcess(
  api: ApiServer,
  base: Base,
  part: { readonly name: string; readonly run: (incarnation: Incarnation) => Promise<void>; readonly isShared?: boolean },
): ManagedProcess {
  const { name } = part;
  const process = createProcess({
    name,
    client: api.client,
    clock: base.clock,
    trace: base.trace,
    fault: (asking, call) => base.world.fault(asking, call),
    run: (incarnation) =>
      part.run(incarnation).catch((error: unknown) => {
        if (incarnation.isAlive()) base.logger.error('a part of the cluster ended', { part: name, error });
      }),
  });
  return part.isShared === true ? base.table.share(process) : base.table.add(process);
}

/** The name of a generator for one start of a process. */
export function forkName(name: string, number: number): string {
  return number === 1 ? name : `${name}/${String(number)}`;
}

function runControllers(
  base: Base,
  { name, controllers, incarnation }: { readonly name: string; readonly controllers: readonly ControllerDefinition[]; readonly incarnation: Incarnation },
): Promise<void> {
  const { client, clock, number, signal } = incarnation;
  return createManager({
    client,
    controllers,
    clock,
    ids: base.ids,
    random: base.random.fork(forkName(name === CONTROLLER_MANAGER ? 'controllers' : name, number)),
    logger: base.logger,
    onError: (error, context) => {
      if (incarnation.isAlive()) base.onError(error, context);
    },
    observer: observe(base, name, incarnation),
  }).run(signal);
}

function observe({ trace, world, table }: Base, name: string, { clock }: Incarnation): ReconcileObserver {
  const open = new Map<object, TracedReconcile>();
  return {
    enqueued: (controller, key) => trace.enqueued(name, controller, key),
    postponeMs: (controller, key) => world.postponeMs(table.get(name), controller, key),
    began(reconcile, client) {
      const traced = trace.began(name, reconcile);
      open.set(reconcile, traced);
      return new TracedClient(client, { trace, reconcile: traced, clock });
    },
    ended(reconcile, result) {
      const traced = open.get(reconcile);
      open.delete(reconcile);
      if (traced !== undefined) trace.ended(traced, result);
    },
  };
}

/** Claims get volumes that do not exist, as the nodes do not; the class comes with the first claim. */
function simulatedVolumes(): VolumeProvisioning {
  const provisioner = simulatedProvisioner();
  return { provisioner, standardClass: standardClass(provisioner.name) };
}

/** The garbage collector and the namespace controller look after the kinds that are in use. */
function kindSource({ kinds, kindsInUse }: ApiServer): KindSource {
  return { all: () => kinds.list(), inUse: () => kindsInUse.list(), onInUse: (fn) => kindsInUse.onAdd(fn) };
}
