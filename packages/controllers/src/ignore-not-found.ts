import { isNotFound } from '@kybern/core';

/** Undefined when the object is gone, which is as good for whoever wanted to change or delete it. */
export async function ignoreNotFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
