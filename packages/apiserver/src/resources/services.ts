import { ApiError, deepEqual, invalid, type FieldError, type MutableJson } from '@kybern/core';
import { Service } from '@kybern/core/kinds';
import { isAllocationError, parseIp, type AllocationError } from '@kybern/netmodel/addresses';
import type { Reservation, Strategy, WriteContext } from '../strategy.ts';
import { invalidValue } from '../validation/field-errors.ts';
import { dns1123Label } from '../validation/names.ts';
import { validateService, validateServiceUpdate } from '../validation/service.ts';
import { checkFamilies, initFamilies, keepFamilies } from './service-families.ts';
import { clusterIpsOf, nodePortsOf, type ServiceAllocators } from './service-allocators.ts';

const HEADLESS = 'None';

/** Services: get addresses and node ports as they come and give them back as they go. @see kubernetes v1.36 pkg/registry/core/service */
export const serviceStrategy: Strategy = {
  nameRule: dns1123Label,
  createOnUpdate: true,
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '',
    'spec.type': ({ spec }) => spec?.type ?? '',
  },
  prepareForCreate(object, context) {
    object.status = { loadBalancer: {} };
    if (isObject(object.spec)) initSpec(object.spec, context);
  },
  prepareForUpdate(object, old, context) {
    if (!isObject(object.spec)) return;
    keepAllocated(object.spec, old.spec);
    dropTypeDependent(object.spec, old.spec);
    initSpec(object.spec, context);
  },
  begin: (object, old, context) => (isObject(object.spec) ? reserve(object, old, context) : undefined),
  validate: validateService,
  validateUpdate: validateServiceUpdate,
};

function isObject(value: unknown): value is MutableJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const listOf = (value: unknown): MutableJson[] => (Array.isArray(value) ? value.filter(isObject) : []);
const needsIp = (spec: MutableJson): boolean => spec.type !== 'ExternalName' && spec.clusterIP !== HEADLESS;
const needsNodePorts = (spec: MutableJson): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
const needsHealthPort = (spec: MutableJson): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/** Brings `clusterIP` and `clusterIPs` in step, and fills in the address families. @see kubernetes v1.36 …/service/storage/alloc.go (initIPFamilyFields) */
function initSpec(spec: MutableJson, { env }: WriteContext): void {
  if (spec.clusterIP === '') delete spec.clusterIP;
  if (spec.clusterIPs?.length === 0) delete spec.clusterIPs;
  if (spec.type === 'ExternalName') return;
  if (spec.clusterIP !== undefined) spec.clusterIPs ??= [spec.clusterIP];
  else if (Array.isArray(spec.clusterIPs)) spec.clusterIP = spec.clusterIPs[0];
  initFamilies(spec, env.allocators.families);
}

/** An update that leaves out what was allocated means to keep it. @see kubernetes v1.36 …/service/storage/storage.go (patchAllocatedValues) */
function keepAllocated(spec: MutableJson, old: MutableJson): void {
  if (needsIp(old) && needsIp(spec)) {
    if ((spec.clusterIP ?? '') === '' && (spec.clusterIPs ?? []).length === 0) [spec.clusterIP, spec.clusterIPs] = [old.clusterIP, old.clusterIPs];
    else if ((spec.clusterIP ?? '') === '') delete spec.clusterIP;
    else if (spec.clusterIP !== old.clusterIP && deepEqual(spec.clusterIPs, old.clusterIPs)) delete spec.clusterIPs;
    keepFamilies(spec, old);
  }
  if (needsNodePorts(old) && needsNodePorts(spec)) {
    for (const port of listOf(spec.ports)) {
      if ((port.nodePort ?? 0) !== 0) continue;
      const before = listOf(old.ports).find((each) => each.port === port.port && each.protocol === port.protocol);
      if (before?.nodePort !== undefined && !listOf(spec.ports).some((each) => each.nodePort === before.nodePort && each.protocol === port.protocol))
        port.nodePort = before.nodePort;
    }
  }
  if (needsHealthPort(old) && needsHealthPort(spec) && (spec.healthCheckNodePort ?? 0) === 0 && old.healthCheckNodePort !== undefined)
    spec.healthCheckNodePort = old.healthCheckNodePort;
}

/** What belonged to the old type and was not changed goes with it. @see kubernetes v1.36 …/service/strategy.go (dropTypeDependentFields) */
function dropTypeDependent(spec: MutableJson, old: MutableJson): void {
  if (spec.type === 'ExternalName' && old.type !== 'ExternalName') {
    for (const name of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) if (deepEqual(spec[name], old[name])) delete spec[name];
  }
  if (needsNodePorts(old) && !needsNodePorts(spec)) {
    for (const port of listOf(spec.ports)) if (listOf(old.ports).some((each) => each.nodePort === port.nodePort)) delete port.nodePort;
  }
  if (needsHealthPort(old) && !needsHealthPort(spec) && spec.healthCheckNodePort === old.healthCheckNodePort) delete spec.healthCheckNodePort;
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    for (const name of ['allocateLoadBalancerNodePorts', 'loadBalancerClass']) if (spec[name] === old[name]) delete spec[name];
  }
  const external = (each: MutableJson): boolean => each.type === 'NodePort' || each.type === 'LoadBalancer';
  if (external(old) && !external(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
}

/**
 * Takes what `object` needs and `old` does not have. What `old` has and `object` does not need any longer is free again once the write is stored.
 *
 * @throws {ApiError} `Invalid` when what is asked for is taken, `InternalError` when nothing is left
 */
function reserve(object: MutableJson, old: MutableJson | undefined, { env: { allocators } }: WriteContext): Reservation {
  const undo: (string | number)[] = [];
  const rollback = (): void => {
    for (const taken of undo.splice(0)) allocators.giveBack(taken);
  };
  allocators.catchUp();
  checkFamilies(object, allocators.families);
  try {
    reserveIps(object, old, { allocators, undo });
    reserveNodePorts(object, old, { allocators, undo });
    reserveHealthPort(object, old, { allocators, undo });
  } catch (error) {
    rollback();
    throw error;
  }
  // What is stored is learnt from the store.
  return { commit: () => undefined, rollback };
}

interface Taking {
  readonly allocators: ServiceAllocators;
  /** What was taken so far. */
  readonly undo: (string | number)[];
}

function reserveIps({ spec, metadata }: MutableJson, old: MutableJson | undefined, { allocators, undo }: Taking): void {
  if (!needsIp(spec)) return;
  const held = old === undefined ? [] : clusterIpsOf(old);
  const given: unknown[] = Array.isArray(spec.clusterIPs) ? spec.clusterIPs : [];
  const families: unknown[] = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : [];
  const wanted = [...given, ...families.slice(given.length).map(() => '')];
  const taken = wanted.map((ip, i) => {
    if (typeof ip !== 'string' || held.includes(ip)) return ip;
    const family = parseIp(ip)?.family;
    if (ip !== '' && family === undefined) return ip;
    const ips = allocators.rangeOf(family ?? families[i]);
    try {
      const address = ip === '' ? ips.allocate() : (ips.allocateSpecific(ip), ip);
      undo.push(address);
      return address;
    } catch (error) {
      throw explain(error, metadata.name, (why) => invalidValue('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${ip}: ${why}`));
    }
  });
  spec.clusterIPs = taken;
  spec.clusterIP = taken[0];
}

function reserveNodePorts({ spec, metadata }: MutableJson, old: MutableJson | undefined, { allocators, undo }: Taking): void {
  const held = old === undefined ? [] : nodePortsOf(old);
  const own = new Map<number, string[]>();
  listOf(spec.ports).forEach((port, i) => {
    const asked = typeof port.nodePort === 'number' ? port.nodePort : 0;
    if (asked === 0 && !needsNodePorts(spec)) return;
    const protocol: string = port.protocol ?? 'TCP';
    // One node port serves several protocols of one Service.
    const sharing = own.get(asked);
    if (asked !== 0 && (held.includes(asked) || (sharing !== undefined && !sharing.includes(protocol)))) {
      own.set(asked, [...(sharing ?? []), protocol]);
      return;
    }
    try {
      const nodePort = asked === 0 ? allocators.nodePorts.allocate() : (allocators.nodePorts.allocateSpecific(asked), asked);
      undo.push(nodePort);
      port.nodePort = nodePort;
      own.set(nodePort, [protocol]);
    } catch (error) {
      throw explain(error, metadata.name, (why) => invalidValue(`spec.ports[${i}].nodePort`, asked, why));
    }
  });
}

function reserveHealthPort({ spec, metadata }: MutableJson, old: MutableJson | undefined, { allocators, undo }: Taking): void {
  if (!needsHealthPort(spec)) return;
  const asked = typeof spec.healthCheckNodePort === 'number' ? spec.healthCheckNodePort : 0;
  if (asked !== 0 && asked === old?.spec?.healthCheckNodePort) return;
  try {
    const nodePort = asked === 0 ? allocators.nodePorts.allocate() : (allocators.nodePorts.allocateSpecific(asked), asked);
    undo.push(nodePort);
    spec.healthCheckNodePort = nodePort;
  } catch (error) {
    throw explain(error, metadata.name, (why) =>
      invalidValue('spec.healthCheckNodePort', asked, `failed to allocate requested HealthCheck NodePort ${asked}: ${why}`),
    );
  }
}

/** @see kubernetes v1.36 pkg/registry/core/service/ipallocator/interfaces.go and …/portallocator/allocator.go (Err…) */
function explain(error: unknown, name: unknown, toFieldError: (why: string) => FieldError): unknown {
  if (!isAllocationError(error)) return error;
  if (error.code === 'Exhausted')
    return new ApiError(
      'InternalError',
      `Internal error occurred: failed to allocate a ${error.resource === 'port' ? 'nodePort' : 'serviceIP'}: range is full`,
      { cause: error },
    );
  return invalid(Service, typeof name === 'string' ? name : '', [toFieldError(reasonOf(error))]);
}

function reasonOf(error: AllocationError): string {
  const what = error.resource === 'port' ? 'port' : 'IP';
  if (error.code === 'InUse') return `provided ${what} is already allocated`;
  if (error.code === 'InvalidAddress') return `${error.value ?? ''} is not a valid IP address`;
  return what === 'port'
    ? `provided port is not in the valid range. The range of valid ports is ${error.range}`
    : `the provided IP (${error.value ?? ''}) is not in the valid range. The range of valid IPs is ${error.range}`;
}
