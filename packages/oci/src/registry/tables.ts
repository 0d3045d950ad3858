/** The registry's tables. Only ever added to. */
export const registryMigrations = [
  `CREATE TABLE blobs (repository TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (repository, digest)) WITHOUT ROWID;
   CREATE TABLE manifests (
     repository TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, subject TEXT, artifact_type TEXT, annotations TEXT,
     pushed_by TEXT NOT NULL, pushed_at TEXT NOT NULL, PRIMARY KEY (repository, digest)
   ) WITHOUT ROWID;
   CREATE INDEX manifests_by_subject ON manifests (repository, subject) WHERE subject IS NOT NULL;
   CREATE TABLE tags (repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, tag)) WITHOUT ROWID`,
  `ALTER TABLE tags ADD COLUMN pushed_by TEXT NOT NULL DEFAULT '';
   ALTER TABLE tags ADD COLUMN pushed_at TEXT NOT NULL DEFAULT '';
   CREATE INDEX tags_in_order ON tags (repository, lower(tag), tag);
   CREATE INDEX tags_by_digest ON tags (repository, digest);
   CREATE INDEX blobs_by_digest ON blobs (digest);
   CREATE INDEX manifests_by_digest ON manifests (digest)`,
];

export interface ManifestRow {
  readonly digest: string;
  readonly media_type: string;
  readonly size: number;
  readonly subject: string | null;
  readonly artifact_type: string | null;
  readonly annotations: string | null;
  readonly pushed_by: string;
  readonly pushed_at: string;
}
