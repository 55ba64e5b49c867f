import { describeStateConformance } from '@kybern/state/conformance';
import { createMemoryStore } from './memory-store.ts';

describeStateConformance('the memory store', (options) => createMemoryStore(options));
