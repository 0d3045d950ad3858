/** Bounds on what a .deb may make us hold or read; all in bytes but the counts. */
export interface DebLimits {
  /** Of the .deb file. */
  readonly archive: number;
  /** Of the decompressed control.tar. */
  readonly control: number;
  /** Of the decompressed data.tar. */
  readonly data: number;
  /** Of one file in data.tar: it is held in memory while its entry is looked at. */
  readonly file: number;
  /** Number of entries of one tar. */
  readonly entries: number;
  /** Of a path or link target, and of one PAX header. */
  readonly name: number;
}

/** Large enough for every package of trixie; Debian's largest .deb has 1.4 GB, its largest file in one under 1 GB. */
export const defaultDebLimits: DebLimits = {
  archive: 4 * 2 ** 30,
  control: 32 * 2 ** 20,
  data: 8 * 2 ** 30,
  file: 2 * 2 ** 30,
  entries: 500_000,
  name: 4096,
};
