const BINARY: readonly (readonly [string, number])[] = [
  ['Ti', 1024 ** 4],
  ['Gi', 1024 ** 3],
  ['Mi', 1024 ** 2],
  ['Ki', 1024],
];

/**
 * An amount of a resource as people write it: `500m`, `2`, `512Mi`.
 *
 * @param amount thousandths for cpu, whole units for all else
 */
export function amountText(resource: string, amount: number): string {
  if (resource === 'cpu') return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`;
  if (resource !== 'memory' && resource !== 'ephemeral-storage' && !resource.startsWith('hugepages-')) return String(amount);
  const [suffix, size] = BINARY.find(([, unit]) => amount >= unit && amount % unit === 0) ?? ['', 1];
  // An odd number of bytes is more than anybody wants to read.
  if (amount > 1024 ** 2 && size < 1024 ** 2) return `${Math.ceil(amount / 1024 ** 2)}Mi`;
  return `${amount / size}${suffix}`;
}
