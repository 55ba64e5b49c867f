import type { MutableJson } from '../kind-model.ts';
import { addQuantities, compareQuantities, formatQuantity } from '../quantity.ts';
import { ownValue } from '../own-value.ts';
import { isEmpty, items, pointer, struct } from './access.ts';
import { isQuantity } from './resource-list.ts';

type Side = 'limits' | 'requests';
type Amounts = Record<string, string>;

/** A container that limits a resource and requests none of it requests as much as its limit. Only in Pods, not in templates. */
export function setRequestsFromLimits(container: MutableJson): void {
  const resources = pointer(container.resources);
  const limits = resources === undefined ? undefined : pointer(resources.limits);
  if (limits === undefined) return;
  let requests: MutableJson | undefined;
  for (const name in limits) {
    requests ??= struct(resources, 'requests');
    if ((ownValue<unknown>(requests, name) ?? undefined) === undefined) requests[name] = limits[name];
  }
}

/**
 * Completes the resources of a whole Pod where they are given in part: limits of huge pages from the containers, then requests from the containers,
 * or from the Pod's limits where no container requests the resource.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (defaultHugePagePodLimits, defaultPodRequests)
 */
export function setPodResources(spec: MutableJson): void {
  const resources = pointer(spec.resources);
  if (resources === undefined || (isEmpty(resources.limits) && isEmpty(resources.requests))) return;
  complete(resources, 'limits', hugePagesWithoutRequest(spec, resources));
  if (isEmpty(resources.limits)) return;
  const requested = total(spec, 'requests');
  complete(
    resources,
    'requests',
    pick(requested, (name) => isPodLevel(name) && !isHugePages(name)),
  );
  complete(resources, 'requests', pick(resources.limits as Amounts, isPodLevel));
}

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);
const pick = (from: Amounts, want: (name: string) => boolean): Amounts => Object.fromEntries(Object.entries(from).filter(([name]) => want(name)));

function complete(resources: MutableJson, side: Side, amounts: Amounts): void {
  for (const name in amounts) struct(resources, side)[name] ??= amounts[name];
}

function hugePagesWithoutRequest(spec: MutableJson, resources: MutableJson): Amounts {
  const requests = pointer(resources.requests) ?? {};
  return pick(total(spec, 'limits'), (name) => isHugePages(name) && requests[name] === undefined);
}

/** What the containers need together: sidecars and containers at once, or before that the largest init container beside the sidecars started so far. */
function total(spec: MutableJson, side: Side): Amounts {
  const running: Amounts = {};
  const sidecars: Amounts = {};
  const starting: Amounts = {};
  for (const container of items(spec.containers)) add(running, amountsOf(container, side));
  for (const container of items(spec.initContainers)) {
    const own = amountsOf(container, side);
    if (container.restartPolicy === 'Always') {
      add(running, own);
      add(sidecars, own);
      raise(starting, sidecars);
    } else {
      const together = { ...sidecars };
      add(together, own);
      raise(starting, together);
    }
  }
  raise(running, starting);
  return running;
}

function amountsOf(container: MutableJson, side: Side): Amounts {
  const amounts: MutableJson = pointer(pointer(container.resources)?.[side]) ?? {};
  return Object.fromEntries(Object.entries(amounts).filter((entry): entry is [string, string] => isQuantity(entry[1])));
}

function add(to: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) to[name] = Object.hasOwn(to, name) ? formatQuantity(addQuantities(to[name] as string, amount)) : amount;
}

function raise(to: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) if (!Object.hasOwn(to, name) || compareQuantities(amount, to[name] as string) > 0) to[name] = amount;
}
