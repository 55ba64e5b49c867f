import type { KubernetesObject, WatchEvent } from '@kybern/core';

/** Objects and events as bytes. Objects are frozen and shared, so an object's identity is its content: its bytes are made once for all who get it. */
export interface FrameCache {
  /** An object's JSON. */
  json(object: KubernetesObject): Buffer;
  /** An event as a line of JSON. */
  frame(event: WatchEvent<KubernetesObject>): Buffer;
}

/** More lines are not needed: the watchers of an event get it one after the other. */
const MAX_FRAMES = 64;
/** What is asked for most stays; all objects together would be in memory twice. */
const MAX_JSON_BYTES = 16 * 1_048_576;

/** Makes a {@link FrameCache}. @param complete adds what is not kept in objects. Default: nothing */
export function createFrameCache(complete: (object: KubernetesObject) => object = (object) => object): FrameCache {
  const frames = new Map<object, { readonly type: string; readonly line: Buffer }>();
  const faces = new Map<object, Buffer>();
  let bytes = 0;
  const json = (object: KubernetesObject): Buffer => {
    const known = faces.get(object);
    if (known !== undefined) {
      // The least recently used are the first to go.
      faces.delete(object);
      faces.set(object, known);
      return known;
    }
    const face = Buffer.from(JSON.stringify(complete(object)));
    faces.set(object, face);
    bytes += face.length;
    for (const [oldest, old] of faces) {
      if (bytes <= MAX_JSON_BYTES) break;
      faces.delete(oldest);
      bytes -= old.length;
    }
    return face;
  };
  return {
    json,
    frame(event) {
      const { type, object } = event;
      const known = frames.get(object);
      if (known?.type === type) return known.line;
      const body = event.type === 'BOOKMARK' ? JSON.stringify(event.object) : JSON.stringify(complete(event.object));
      const line = Buffer.from(`{"type":"${type}","object":${body}}\n`);
      frames.delete(object);
      frames.set(object, { type, line });
      if (frames.size > MAX_FRAMES) for (const oldest of frames.keys()) return (frames.delete(oldest), line);
      return line;
    },
  };
}
