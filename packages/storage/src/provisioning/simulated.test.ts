import { describeProvisionerConformance } from '../conformance/index.ts';
import { simulatedProvisioner } from './simulated.ts';

describeProvisionerConformance('the simulation', () =>
  Promise.resolve({ provisioner: simulatedProvisioner(), [Symbol.asyncDispose]: () => Promise.resolve() }),
);
