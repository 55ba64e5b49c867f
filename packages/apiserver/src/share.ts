/**
 * `next` with every part that equals the one of `old` replaced by it, so that unchanged parts keep their identity.
 *
 * `next` must be private: its parts are replaced in place. `old` is not changed.
 *
 * @returns `old` itself when nothing differs
 */
export function shareUnchanged(old: unknown, next: unknown): unknown {
  if (old === next) return old;
  if (typeof old !== 'object' || typeof next !== 'object' || old === null || next === null) return next;
  if (Array.isArray(old)) return Array.isArray(next) ? shareArray(old, next) : next;
  return Array.isArray(next) ? next : shareObject(old as Record<string, unknown>, next as Record<string, unknown>);
}

function shareArray(old: readonly unknown[], next: unknown[]): unknown {
  let same = old.length === next.length;
  for (let i = 0; i < next.length; i++) {
    const before = old[i];
    const after = next[i];
    if (before === after) continue;
    const shared = i < old.length ? shareUnchanged(before, after) : after;
    if (shared !== before) same = false;
    else next[i] = shared;
  }
  return same ? old : next;
}

function shareObject(old: Record<string, unknown>, next: Record<string, unknown>): unknown {
  let same = true;
  let count = 0;
  for (const key in next) {
    const after = next[key];
    count += 1;
    if (!Object.hasOwn(old, key)) {
      same = false;
      continue;
    }
    const before = old[key];
    if (before === after) continue;
    const shared = shareUnchanged(before, after);
    if (shared !== before) same = false;
    else if (key === '__proto__') Object.defineProperty(next, key, { value: shared, writable: true, enumerable: true, configurable: true });
    else next[key] = shared;
  }
  if (!same) return next;
  for (const key in old) if (Object.hasOwn(old, key)) count -= 1;
  return count === 0 ? old : next;
}
