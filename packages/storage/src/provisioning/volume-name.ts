const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whether a name is one that a volume can have, and so one that is safe as the name of a file: no separators, no `..`, nothing that hides. */
export function isVolumeName(name: string): boolean {
  return NAME.test(name) && !name.includes('..');
}
