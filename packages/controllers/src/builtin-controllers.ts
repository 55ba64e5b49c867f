import { groupResource, type Kind } from '@kybern/core';
import { builtinKinds } from '@kybern/core/kinds';
import type { ControllerDefinition } from '@kybern/reconcile';
import { deploymentController } from './deployment/controller.ts';
import { endpointSliceController } from './endpointslice/controller.ts';
import { garbageCollectorController } from './garbagecollector/controller.ts';
import { serviceLoadBalancerController, type ServiceLoadBalancerOptions } from './loadbalancer/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeIpamController, type NodeIpamOptions } from './nodeipam/controller.ts';
import type { NodeLifecycleOptions } from './nodelifecycle/compute.ts';
import { nodeLifecycleController } from './nodelifecycle/controller.ts';
import { podGarbageCollectorController, type PodGarbageCollectorOptions } from './podgc/controller.ts';
import { replicaSetController } from './replicaset/controller.ts';
import { serviceAccountController } from './serviceaccount/controller.ts';
import { taintEvictionController } from './tainteviction/controller.ts';

/** Options of {@link builtinControllers}. */
export interface BuiltinControllersOptions {
  /** Custom kinds that the server has: their objects own, are owned, and are deleted with their namespace. */
  readonly kinds?: readonly Kind[];
  /**
   * The kinds that the garbage collector watches. Default {@link garbageCollectedKinds} of all kinds. Each costs a watch; an object of a kind that is left
   * out is never deleted because its owner went.
   */
  readonly garbageCollectedKinds?: readonly Kind[];
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly nodeIpam?: NodeIpamOptions;
  readonly serviceLoadBalancer?: ServiceLoadBalancerOptions;
  readonly podGarbageCollector?: PodGarbageCollectorOptions;
}

/** Kinds that are many and that nobody owns: the garbage collector does not watch them. */
const NEVER_OWNED: readonly string[] = ['events', 'events.events.k8s.io'];

/**
 * All controllers that a cluster needs to behave as Kubernetes, as a list that the caller may filter and extend. Each call makes new ones; give one to
 * one manager.
 *
 * @throws {AllocationError} `InvalidAddress` when an option names a CIDR that is none
 * @example createManager({ client, controllers: [...builtinControllers(), sites] })
 */
export function builtinControllers(options: BuiltinControllersOptions = {}): readonly ControllerDefinition[] {
  const kinds = [...builtinKinds, ...(options.kinds ?? [])];
  return [
    namespaceController({ kinds }),
    serviceAccountController(),
    nodeIpamController(options.nodeIpam),
    nodeLifecycleController(options.nodeLifecycle),
    taintEvictionController(),
    podGarbageCollectorController(options.podGarbageCollector),
    deploymentController(),
    replicaSetController(),
    endpointSliceController(),
    serviceLoadBalancerController(options.serviceLoadBalancer),
    garbageCollectorController({ kinds: options.garbageCollectedKinds ?? garbageCollectedKinds(kinds) }),
  ];
}

/**
 * The kinds that the garbage collector has to watch: those that can be listed, watched and deleted, each once, without Events.
 *
 * @see kubernetes v1.36 pkg/controller/garbagecollector/graph_builder.go (ignoredResources)
 */
export function garbageCollectedKinds(kinds: readonly Kind[]): readonly Kind[] {
  const seen = new Set<string>(NEVER_OWNED);
  return kinds.filter((kind) => {
    const name = groupResource(kind);
    if (seen.has(name) || !['list', 'watch', 'delete'].every((verb) => kind.verbs.includes(verb))) return false;
    seen.add(name);
    return true;
  });
}
