/**
 * What a map of an object holds under a key that a user chose; undefined when it holds nothing. Keys are data: a plain look-up of `constructor` or
 * `__proto__` finds what every JavaScript object inherits.
 */
export function ownValue<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}
