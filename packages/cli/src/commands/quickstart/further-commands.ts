import { join } from 'node:path';
import type { Api } from '../../client/api.ts';
import type { AttestedBuild } from './pipeline.ts';

export interface FurtherCommand {
  readonly brief: string;
  readonly command: string;
}

/** Commands that work against this very server when they are pasted; quickstart's own check runs them. */
export function furtherCommands({
  api,
  data,
  build,
  hello,
}: {
  api: Api;
  data: string;
  build: AttestedBuild;
  hello: AttestedBuild['images'][number];
}): readonly FurtherCommand[] {
  const image = `${hello.repository}@${hello.digest}`;
  const key = join(data, 'keys', 'provenance.pub');
  const root = `${api.url}/trust/trusted_root.json`;
  return [
    { brief: 'check the image again', command: `colophon verify ${image} --server ${api.url}` },
    { brief: 'build it again and compare', command: `colophon rebuild ${image} --server ${api.url}` },
    { brief: 'what the log holds about it', command: `colophon log search --sha ${hello.digest} --server ${api.url}` },
    {
      brief: 'cosign, offline, with the key and the trusted root',
      command: `curl -fsS ${root} -o trusted_root.json && cosign verify-attestation --type slsaprovenance1 --key ${key} --trusted-root trusted_root.json ${image}`,
    },
    {
      brief: 'cosign 2 says the same',
      command: `SIGSTORE_REKOR_PUBLIC_KEY=${join(data, 'keys', 'log.pub')} cosign verify --key ${key} ${image}`,
    },
    {
      brief: 'as in 2021: find the entry, print the statement',
      command: `rekor-cli search --rekor_server ${api.url} --sha ${hello.digest}`,
    },
    { brief: '', command: `rekor-cli get --rekor_server ${api.url} --uuid ${build.uuid} --format json | jq -r .Attestation` },
    { brief: 'look at it', command: `crane manifest ${image}` },
    { brief: 'stop the server', command: `kill $(cat ${join(data, 'server.pid')})` },
  ];
}
