export { createFaultyClient } from './faulty-client.ts';
export type { Call, CallVerb, Fault, FaultyClient, FaultyClientOptions } from './faulty-client.ts';
