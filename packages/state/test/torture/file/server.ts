// A process with a durable store, which the harness kills. It is told what to do over its IPC channel.
import { isCompareFailed, isStateWrite, type Change, type StateEvent, type StateRecord } from '@kybern/state';
import { backupState, openFileStore, type FileStore } from '@kybern/state/file';
import type { Told } from '../model.ts';
import { faultyDisk } from './faulty-disk.ts';
import type { Answer, Message, Request, ServerOptions } from './protocol.ts';

const options = JSON.parse(process.argv[2] as string) as ServerOptions;
const say = (message: Message): void => void process.send?.(message);

/** Objects carry some weight, so that segments fill up. */
const WEIGHT = 'x'.repeat(700);
const objectOf = (value: string): NonNullable<Change['value']> =>
  ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: value }, weight: WEIGHT }) as NonNullable<Change['value']>;
const valueOf = ({ value }: Pick<StateRecord, 'value'>): string => value.metadata.name as string;
const toldOf = ({ type, key, revision, record }: StateEvent): Told => ({ type, key, revision, value: type === 'put' ? valueOf(record) : '' });

try {
  const store = await openFileStore({
    ...options,
    objectLimit: 5,
    files: faultyDisk(options.fault),
    onError: () => undefined,
  });
  process.on('message', (request: Request) => {
    void answerTo(store, request).then((answer) => say({ type: 'answer', id: request.id, answer }));
  });
  say({ type: 'ready', revision: store.revision, tornBytes: store.tornBytes });
} catch (error) {
  const { name, message } = error as Error;
  say({ type: 'unusable', name, message });
  process.disconnect();
}

async function answerTo(store: FileStore, request: Request): Promise<Answer> {
  switch (request.do) {
    case 'put':
      return commit(store, { key: request.key, value: objectOf(request.value), expect: request.expect });
    case 'delete':
      return commit(store, { key: request.key, value: undefined, expect: request.expect });
    case 'get': {
      const record = await store.get(request.key);
      return { type: 'read', found: record === undefined ? undefined : { value: valueOf(record), revision: record.modRevision } };
    }
    case 'log': {
      const cursor = store.cursor('/', request.from);
      const events = cursor.read(Infinity).map(toldOf);
      cursor.close();
      const { revision, records } = await store.range('/');
      const objects = records.map((record): Told => ({ type: 'put', key: record.key, revision: record.modRevision, value: valueOf(record) }));
      return { type: 'log', revision, events, objects };
    }
    case 'watch':
      store.watch('/', request.from).subscribe({
        next: (event) => say({ type: 'event', watcher: request.name, told: toldOf(event) }),
        error: (error: unknown) => say({ type: 'unusable', name: (error as Error).name, message: `watch: ${(error as Error).message}` }),
      });
      return { type: 'done' };
    case 'backup':
      await backupState({ directory: options.directory, file: request.file }).catch(() => undefined);
      return { type: 'done' };
    case 'defragment':
      await store.defragment();
      return { type: 'done' };
    case 'close':
      await store[Symbol.asyncDispose]();
      return { type: 'done' };
  }
}

async function commit(store: FileStore, change: Change): Promise<Answer> {
  try {
    const { revision, events } = await store.commit([change]);
    return { type: 'written', revision: events.length > 0 ? revision : undefined };
  } catch (error) {
    if (isCompareFailed(error)) return { type: 'refused' };
    if (isStateWrite(error)) return { type: 'failed', message: error.message };
    throw error;
  }
}
