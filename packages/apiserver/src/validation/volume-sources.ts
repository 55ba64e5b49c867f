import type { FieldError } from '@kybern/core';
import { invalidValue, required } from './field-errors.ts';
import { between, hasStepUp, relativePathProblem } from './formats.ts';

/** A volume's source, as far as it is read here. */
type Source = Readonly<Record<string, unknown>>;

/** What a source of each type must have. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (validateVolumeSource, ValidatePersistentVolumeSpec) */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  awsElasticBlockStore: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  azureFile: ['secretName', 'shareName'],
  cephfs: ['monitors'],
  cinder: ['volumeID'],
  csi: ['driver'],
  flexVolume: ['driver'],
  gcePersistentDisk: ['pdName'],
  gitRepo: ['repository'],
  glusterfs: ['endpoints', 'path'],
  hostPath: ['path'],
  image: ['reference'],
  iscsi: ['targetPortal', 'iqn'],
  local: ['path'],
  nfs: ['server', 'path'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  quobyte: ['registry', 'volume'],
  rbd: ['monitors', 'image'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  vsphereVolume: ['volumePath'],
};
const MAX_LUN = 255;
const ISCSI_NAME = /^(eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})$/;
const IQN = /^iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+(:[^,;*&$|\s]+)?$/;

/** Checks the source of a Pod's volume or of a PersistentVolume, beyond what the types say. */
export function validateVolumeSource(type: string, source: Source, field: string, errors: FieldError[]): void {
  for (const name of Object.hasOwn(REQUIRED, type) ? (REQUIRED[type] as readonly string[]) : [])
    if (isUnset(source[name])) errors.push(required(`${field}.${name}`));
  switch (type) {
    case 'hostPath':
    case 'local':
      if (hasStepUp(text(source['path']))) errors.push(invalidValue(`${field}.path`, source['path'], "must not contain '..'"));
      break;
    case 'nfs':
      if (!isUnset(source['path']) && !text(source['path']).startsWith('/'))
        errors.push(invalidValue(`${field}.path`, source['path'], 'must be an absolute path'));
      break;
    case 'gcePersistentDisk':
    case 'awsElasticBlockStore':
      if (!isWithin(source['partition'], 0, MAX_LUN)) errors.push(invalidValue(`${field}.partition`, source['partition'], between(0, MAX_LUN)));
      break;
    case 'gitRepo': {
      const problem = relativePathProblem(text(source['directory']));
      if (problem !== undefined) errors.push(invalidValue(`${field}.directory`, source['directory'], problem));
      break;
    }
    case 'iscsi':
      validateIscsi(source, field, errors);
      break;
    case 'fc':
      validateFibreChannel(source, field, errors);
      break;
    case 'flocker':
      validateFlocker(source, field, errors);
      break;
    case 'quobyte':
      if (
        !isUnset(source['registry']) &&
        !text(source['registry'])
          .split(',')
          .every((each) => /^[^:]+:\d+$/.test(each))
      )
        errors.push(invalidValue(`${field}.registry`, source['registry'], 'must be a host:port pair or multiple pairs separated by commas'));
      break;
    default:
  }
}

function validateIscsi(source: Source, field: string, errors: FieldError[]): void {
  const iqn = text(source['iqn']);
  if (iqn !== '') {
    const known = IQN.test(iqn) || ISCSI_NAME.test(iqn);
    if (!known) errors.push(invalidValue(`${field}.iqn`, iqn, 'must be valid format'));
  }
  if (!isWithin(source['lun'], 0, MAX_LUN)) errors.push(invalidValue(`${field}.lun`, source['lun'], between(0, MAX_LUN)));
  const chap = source['chapAuthDiscovery'] === true || source['chapAuthSession'] === true;
  if (chap && source['secretRef'] === undefined) errors.push(required(`${field}.secretRef`));
}

function validateFibreChannel(source: Source, field: string, errors: FieldError[]): void {
  const [names, ids] = [isUnset(source['targetWWNs']), isUnset(source['wwids'])];
  if (names && ids) errors.push(required(`${field}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (!names && !ids) errors.push(invalidValue(`${field}.targetWWNs`, source['targetWWNs'], 'targetWWNs and wwids can not be specified simultaneously'));
  if (names) return;
  if (source['lun'] === undefined) errors.push(required(`${field}.lun`, 'lun is required if targetWWNs is specified'));
  else if (!isWithin(source['lun'], 0, MAX_LUN)) errors.push(invalidValue(`${field}.lun`, source['lun'], between(0, MAX_LUN)));
}

function validateFlocker(source: Source, field: string, errors: FieldError[]): void {
  const [name, uuid] = [isUnset(source['datasetName']), isUnset(source['datasetUUID'])];
  if (name && uuid) errors.push(required(field, 'one of datasetName and datasetUUID is required'));
  if (!name && !uuid) errors.push(invalidValue(field, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (text(source['datasetName']).includes('/')) errors.push(invalidValue(`${field}.datasetName`, source['datasetName'], "must not contain '/'"));
}

/** Whether a field is as good as not there. */
function isUnset(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const isWithin = (value: unknown, low: number, high: number): boolean => value === undefined || (typeof value === 'number' && value >= low && value <= high);
