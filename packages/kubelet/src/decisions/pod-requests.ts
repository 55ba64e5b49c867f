import { quantityToNumber } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import { isSidecar } from './restart-policy.ts';

/** Amounts of resources by name, in their base unit: CPUs, bytes, pieces. */
export type Amounts = Readonly<Record<string, number>>;

/**
 * What a Pod asks of its node: its containers and sidecars together, or what an init container needs beside the sidecars before it, if that is more; plus
 * overhead. Requests of the Pod as a whole replace the sum.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests)
 */
export function podRequests({ spec }: Pod): Amounts {
  const running = together(spec, requestsOf);
  for (const [name, quantity] of Object.entries(spec.resources?.requests ?? {})) running[name] = quantityToNumber(quantity);
  for (const [name, quantity] of Object.entries(spec.overhead ?? {})) running[name] = (running[name] ?? 0) + quantityToNumber(quantity);
  return running;
}

/**
 * What a Pod may take at most, as far as its containers say: a resource of which one has no limit may still be here. Overhead counts where there is a limit.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/resource/helpers.go (PodLimits)
 */
export function podLimits({ spec }: Pod): Amounts {
  const running = together(spec, ({ resources }) => amountsOf(resources?.limits));
  for (const [name, quantity] of Object.entries(spec.resources?.limits ?? {})) running[name] = quantityToNumber(quantity);
  for (const [name, quantity] of Object.entries(spec.overhead ?? {})) {
    const limit = running[name];
    if (limit !== undefined) running[name] = limit + quantityToNumber(quantity);
  }
  return running;
}

/** What all containers of a Pod take together at any time, when each takes what `amounts` says. */
function together(spec: Pod['spec'], amounts: (container: Container) => Amounts): Record<string, number> {
  const running: Record<string, number> = {};
  const starting: Record<string, number> = {};
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) add(running, amounts(container));
    else raise(starting, sum(running, amounts(container)));
    raise(starting, running);
  }
  for (const container of spec.containers) add(running, amounts(container));
  raise(running, starting);
  return running;
}

function requestsOf({ resources }: Container): Amounts {
  return { ...amountsOf(resources?.limits), ...amountsOf(resources?.requests) };
}

/** A list of quantities as amounts. */
export function amountsOf(list: Readonly<Record<string, string>> = {}): Amounts {
  return Object.fromEntries(Object.entries(list).map(([name, quantity]) => [name, quantityToNumber(quantity)]));
}

/** Adds `more` to `total`, in place. */
export function add(total: Record<string, number>, more: Amounts, sign: 1 | -1 = 1): void {
  for (const name in more) total[name] = (total[name] ?? 0) + sign * (more[name] ?? 0);
}

function sum(a: Amounts, b: Amounts): Amounts {
  const total = { ...a };
  add(total, b);
  return total;
}

function raise(total: Record<string, number>, floor: Amounts): void {
  for (const name in floor) total[name] = Math.max(total[name] ?? 0, floor[name] ?? 0);
}
