export { LOCAL_PATH_PROVISIONER, localPathProvisioner } from './local-path.ts';
export type { LocalPathOptions } from './local-path.ts';
