import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '@kybern/core';
import type { Container, PodSpec } from '@kybern/core/kinds';

/** How much of each resource, by its name. */
export type Amounts = ReadonlyMap<string, Quantity>;

const ZERO: Quantity = parseQuantity('0');

/**
 * What a Pod asks for as a whole: its containers and sidecars together, or what an init container needs beside the sidecars that run by then, whichever is
 * more; what the Pod says for itself counts instead; and the overhead on top.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests, PodLimits)
 */
export function podAmounts(spec: PodSpec, of: 'requests' | 'limits'): Amounts {
  const running = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const own = containerAmounts(container, of);
    const isSidecar = container.restartPolicy === 'Always';
    if (isSidecar) addTo(running, own);
    raiseTo(peak, isSidecar ? running : sumAmounts([running, own]));
  }
  for (const container of spec.containers) addTo(running, containerAmounts(container, of));
  raiseTo(peak, running);
  for (const [name, amount] of parseAmounts(spec.resources?.[of])) peak.set(name, amount);
  for (const [name, amount] of parseAmounts(spec.overhead)) {
    // Overhead makes no limit where there is none.
    if (of === 'requests' || peak.has(name)) peak.set(name, addQuantities(peak.get(name) ?? ZERO, amount));
  }
  return peak;
}

/** What one container asks for. */
export function containerAmounts({ resources }: Container, of: 'requests' | 'limits'): Amounts {
  return parseAmounts(resources?.[of]);
}

/** The sum, name by name. */
export function sumAmounts(parts: Iterable<Amounts>): Map<string, Quantity> {
  const total = new Map<string, Quantity>();
  for (const part of parts) addTo(total, part);
  return total;
}

function addTo(total: Map<string, Quantity>, more: Amounts): void {
  for (const [name, amount] of more) total.set(name, addQuantities(total.get(name) ?? ZERO, amount));
}

function raiseTo(peak: Map<string, Quantity>, amounts: Amounts): void {
  for (const [name, amount] of amounts) {
    const before = peak.get(name);
    if (before === undefined || compareQuantities(amount, before) > 0) peak.set(name, amount);
  }
}

/** The amounts of a part of an object. */
export function parseAmounts(texts: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts = new Map<string, Quantity>();
  if (texts !== undefined) for (const name of Object.keys(texts)) amounts.set(name, parseQuantity(texts[name] as string));
  return amounts;
}
