type Fields = Record<string, unknown>;

/**
 * Freezes the parts of a new object, but not itself and its metadata, which the store still stamps.
 *
 * `deepFreeze` would do the same; but it asks of every part whether it is frozen already, which takes as long as freezing it. Of a new object nothing is.
 *
 * @param object private and shallower than the decoder allows
 */
export function freezeParts(object: Fields): void {
  for (const key in object) {
    const part = object[key];
    if (typeof part !== 'object' || part === null) continue;
    if (key !== 'metadata') freezeAll(part);
    else for (const name in part) freezeValue((part as Fields)[name]);
  }
}

function freezeValue(value: unknown): void {
  if (typeof value === 'object' && value !== null) freezeAll(value);
}

/** Children first, so that whatever is frozen is frozen through and through. */
function freezeAll(value: object): void {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === 'object' && item !== null) freezeAll(item);
    }
  } else {
    for (const key in value) {
      const item = (value as Fields)[key];
      if (typeof item === 'object' && item !== null) freezeAll(item);
    }
  }
  Object.freeze(value);
}
