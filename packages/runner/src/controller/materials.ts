import type { BuildRecord, InputRecord, ProducedImage, StepImageRecord } from './build-record.ts';

/** What an attempt used and made, as it becomes known; the last attempt's goes into the record. */
export interface Materials {
  readonly inputs: InputRecord[];
  readonly stepImages: StepImageRecord[];
  readonly produced: ProducedImage[];
  network: boolean;
  mode: BuildRecord['mode'];
  readonly notReplayable: Set<BuildRecord['notReplayable'][number]>;
}

export function emptyMaterials(): Materials {
  return { inputs: [], stepImages: [], produced: [], network: false, mode: 'none', notReplayable: new Set() };
}
