export type {
  BuildRecord,
  ClaimRecord,
  DefinitionRecord,
  InputRecord,
  PackageRecord,
  ProducedImage,
  ResultRecord,
  RunKind,
  RunReference,
  StepImageRecord,
} from './build-record.ts';
export type { Images, InputRequest, Inputs, Masks, OutputRequest, Outputs, PreparedInput, ResolvedImage } from './contract.ts';
export type { Collaborators, OpenRelays, RelayRequest, Relays } from './contract.ts';
export { startController } from './controller.ts';
export type { Controller, ControllerOptions } from './controller.ts';
export type { Log } from './context.ts';
export type { TaskHost } from './host.ts';
export { ipcTaskHost } from './ipc-host.ts';
