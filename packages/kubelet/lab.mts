import { startContainerd } from '@kybern/runtime-cri/grpc/testing';
const i = await startContainerd();
console.log(i.endpoint);
process.on('SIGTERM', async () => { await i[Symbol.asyncDispose](); process.exit(0); });
setInterval(() => {}, 1000);
