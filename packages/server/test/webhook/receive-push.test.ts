import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { resources } from '../../src/index.ts';
import { place } from '../support/place.ts';
import { buildYaml, payload, pushHouse, register, revision, secret, signed, url, type PushHouse } from '../support/pushes.ts';

async function house(files?: Map<string, string>): Promise<PushHouse> {
  const made = await pushHouse(await place(), files);
  onTestFinished(() => made.store.close());
  return made;
}

const refusal = async (promise: Promise<unknown>): Promise<{ code: string; message: string; status: number; hint: string }> => {
  const { code, message, status, hint } = await promise.then(
    () => expect.unreachable('it was accepted'),
    (error: unknown) => error as { code: string; message: string; status: number; hint: string },
  );
  return { code, message, status, hint };
};

describe('a push that matches', () => {
  it('starts the run at the pushed commit', async () => {
    const made = await house();
    const { runs, skipped } = await made.push(signed(payload()));
    expect(skipped).toEqual([]);
    const [run] = await made.runs();
    expect(runs).toEqual([{ namespace: 'team', name: run?.metadata.name }]);
    expect(run?.spec.params).toEqual([
      { name: 'revision', value: revision },
      { name: 'branch', value: 'main' },
    ]);
  });

  it('an address may be written with or without .git', async () => {
    const made = await house();
    const repository = payload()['repository'] as object;
    await made.push(signed(payload({ repository: { ...repository, clone_url: url.replace('.git', '') } })));
    expect(await made.runs()).toHaveLength(1);
  });
});

describe('starts nothing', () => {
  it.each([
    ['another branch', payload({ ref: 'refs/heads/other' })],
    ['a tag', payload({ ref: 'refs/tags/main' })],
    ['a deleted branch', payload({ deleted: true })],
    ['a deleted branch, by the zero id', payload({ after: '0'.repeat(40) })],
  ])('%s', async (_, body) => {
    const made = await house();
    expect((await made.push(signed(body))).runs).toEqual([]);
    expect(await made.runs()).toEqual([]);
  });

  it('a ping, which any signed delivery may be', async () => {
    const made = await house();
    expect(await made.push(signed(payload(), { event: 'ping', id: 'ping-delivery' }))).toEqual({
      delivery: 'ping-delivery',
      runs: [],
      skipped: [],
    });
    expect(await made.runs()).toEqual([]);
    expect((await refusal(made.push(signed(payload(), { event: 'ping', secret: 'x'.repeat(20) })))).code).toBe('SERVER_WEBHOOK_SIGNATURE');
  });
});

describe('the signature', () => {
  it('is over the bytes as they came: the same JSON in other bytes is refused', async () => {
    const made = await house();
    const { headers, body } = signed(payload());
    const respaced = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));
    expect((await refusal(made.push({ headers, body: respaced }))).code).toBe('SERVER_WEBHOOK_SIGNATURE');
    expect(await made.runs()).toEqual([]);
    // The control: those bytes, signed.
    await made.push(signed(respaced));
    expect(await made.runs()).toHaveLength(1);
  });

  it('one answer to whoever cannot sign: no repository, no secret, none sent, one of another', async () => {
    const made = await house();
    await register(made.store, { name: 'bare', url: 'https://git.example/team/bare.git' });
    await register(made.store, { name: 'weak', url: 'https://git.example/team/weak.git', secret: 'short' });
    const of = (clone_url: string) => payload({ repository: { name: 'x', full_name: 'team/x', clone_url } });
    const without = signed(payload());
    without.headers.delete('x-hub-signature-256');
    const sha1 = signed(payload());
    sha1.headers.set('x-hub-signature-256', `sha1=${'0'.repeat(40)}`);
    const answers = await Promise.all(
      [
        signed(of('https://git.example/team/unknown.git')),
        signed(of('https://git.example/team/bare.git'), { secret: '' }),
        signed(of('https://git.example/team/weak.git'), { secret: 'short' }),
        signed(payload(), { secret: `${secret}x` }),
        signed(payload(), { secret: '' }),
        without,
        sha1,
      ].map((sent) => refusal(made.push(sent))),
    );
    expect(answers[0]).toMatchObject({ code: 'SERVER_WEBHOOK_SIGNATURE', status: 401 });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await made.store.list(resources.deliveries)).items).toEqual([]);
  });

  it('somebody who registers the same address with another secret takes no delivery away', async () => {
    const made = await house();
    await register(made.store, { name: 'another', namespace: 'attacker', url, secret: 'the attacker’s own secret' });
    await made.push(signed(payload()));
    expect(await made.runs('attacker')).toEqual([]);
    expect(await made.runs('team')).toHaveLength(1);
    await made.push(signed(payload({ before: '1'.repeat(40) }), { secret: 'the attacker’s own secret' }));
    expect(await made.runs('attacker')).toHaveLength(1);
    expect(await made.runs('team')).toHaveLength(1);
  });
});

describe('a replay', () => {
  it('is refused, also after a restart, also under an id in capitals, and starts no run', async () => {
    let made = await pushHouse(await place());
    const sent = signed(payload(), { id: 'abcdef00-cc78' });
    await made.push(sent);
    for (const restart of [false, true]) {
      if (restart) made = await made.reopen();
      for (const id of ['abcdef00-cc78', 'ABCDEF00-cc78']) {
        const headers = new Headers(sent.headers);
        headers.set('x-github-delivery', id);
        expect(await refusal(made.push({ ...sent, headers }))).toMatchObject({ code: 'SERVER_WEBHOOK_REPLAYED', status: 409 });
      }
      expect(await made.runs()).toHaveLength(1);
    }
    await made.store.close();
  });

  it('under another id is refused: the id is not signed', async () => {
    const made = await house();
    const { body, headers } = signed(payload());
    await made.push({ body, headers });
    const renamed = new Headers(headers);
    renamed.set('x-github-delivery', '00000000-0000-0000');
    expect((await refusal(made.push({ body, headers: renamed }))).code).toBe('SERVER_WEBHOOK_REPLAYED');
    expect(await made.runs()).toHaveLength(1);
    // The control: another push, under the id that was free.
    await made.push(signed(payload({ before: '2'.repeat(40) }), { id: '00000000-0000-0001' }));
    expect(await made.runs()).toHaveLength(2);
  });

  it('of an id with another body is refused', async () => {
    const made = await house();
    await made.push(signed(payload(), { id: '00000000-1111' }));
    expect((await refusal(made.push(signed(payload({ before: '3'.repeat(40) }), { id: '00000000-1111' })))).code).toBe(
      'SERVER_WEBHOOK_REPLAYED',
    );
  });

  it('of an id that looks like the name of a body is no way around', async () => {
    const made = await house();
    for (const id of [`body-${'a'.repeat(59)}`, 'x', 'a'.repeat(65), '../../secrets', 'a b c d e f g h', ''])
      expect(await made.push(signed(payload({ before: id.padEnd(40) }), { id })).catch(() => 'refused')).toEqual(
        id.startsWith('body-') ? expect.objectContaining({ delivery: id }) : 'refused',
      );
  });

  it('at the same time makes one run', async () => {
    const made = await house();
    const sent = signed(payload());
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => made.push(sent)));
    expect(answers.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await made.runs()).toHaveLength(1);
  });

  it('is welcome where the first came to nothing: the repository was away, the server died half-way', async () => {
    let made = await pushHouse(
      await place(),
      new Map([
        ['a.yaml', buildYaml],
        ['b.yaml', buildYaml],
      ]),
    );
    const sent = signed(payload());
    made.onFetch = () => Promise.reject(new Error('away'));
    await expect(made.push(sent)).rejects.toThrow('away');
    expect(await made.runs()).toEqual([]);
    // Dies after the first of two runs.
    made.onFetch = () => {};
    const create = made.store.create.bind(made.store);
    let created = 0;
    const killed = vi.spyOn(made.store, 'create').mockImplementation((type, object) => {
      if (type === resources.pipelineruns && (created += 1) > 1) return Promise.reject(new Error('killed'));
      return create(type, object);
    });
    await expect(made.push(sent)).rejects.toThrow('killed');
    killed.mockRestore();
    expect(await made.runs()).toHaveLength(1);
    made = await made.reopen();
    expect((await made.push(sent)).runs).toHaveLength(2);
    expect(await made.runs()).toHaveLength(2);
    expect((await refusal(made.push(sent))).code).toBe('SERVER_WEBHOOK_REPLAYED');
    await made.store.close();
  });
});

describe('malformed', () => {
  it.each([
    ['no JSON', Buffer.from('{"repository":')],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['nothing', Buffer.alloc(0)],
    ['a list', []],
    ['no repository', { ref: 'refs/heads/main' }],
    ['an address that is no text', { repository: { clone_url: 7 } }],
  ])('%s: nobody’s delivery', async (_, body) => {
    const made = await house();
    expect((await refusal(made.push(signed(body)))).status).toBe(400);
  });

  it.each([
    ['a ref that is none', payload({ ref: 'main' })],
    ['a ref outside heads and tags', payload({ ref: 'refs/pull/1/head' })],
    ['a ref with a line break', payload({ ref: 'refs/heads/main\nx' })],
    ['a commit that is none', payload({ after: 'HEAD' })],
    ['a commit with an option', payload({ after: '--upload-pack=x' })],
    ['no commit', payload({ after: undefined })],
    ['a name that is no text', payload({ sender: { login: 7 } })],
  ])('%s: 400, and nothing is written down', async (_, body) => {
    const made = await house();
    expect(await refusal(made.push(signed(body)))).toMatchObject({ code: 'SERVER_WEBHOOK_INVALID', status: 400 });
    expect((await made.store.list(resources.deliveries)).items).toEqual([]);
  });

  it('another event', async () => {
    const made = await house();
    expect((await refusal(made.push(signed(payload(), { event: 'pull_request' })))).code).toBe('SERVER_WEBHOOK_INVALID');
  });
});

describe('what the repository holds', () => {
  it('a branch name that looks like YAML, a template or a Tekton variable is text', async () => {
    const made = await house(new Map([['build.yaml', buildYaml.replace('[main]', '[*]')]]));
    const names = [
      'x","evil"',
      '{{registry}}',
      '$(params.revision)',
      '$(context.pipelineRun.uid)',
      '"}]}},"kind"',
      '#x',
      '!!js/function',
      '&a',
      '`id`',
    ];
    for (const name of names) await made.push(signed(payload({ ref: `refs/heads/${name}` })));
    const runs = await made.runs();
    expect(new Set(runs.map(({ spec }): string => spec.params[1].value))).toEqual(new Set(names));
    for (const { kind, spec } of runs)
      expect([kind, Object.keys(spec).toSorted()]).toEqual([runs[0]?.kind, Object.keys(runs[0]?.spec).toSorted()]);
  });

  it('a file that is wrong is said and skipped, and takes no other with it', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, at) => `${name}: &${name} [${`*${'abcdefg'[at]},`.repeat(9)}]`)
      .join('\n')}\n`;
    const made = await house(
      new Map([
        ['0-bomb.yaml', bomb],
        ['0-deep.yaml', `a: ${'['.repeat(100_000)}`],
        ['0-broken.yaml', 'a: [b'],
        ['0-list.yaml', '- a\n- b\n'],
        ['0-text.yml', 'hello'],
        ['0-empty.yaml', ''],
        ['0-task.yaml', 'apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec: {steps: [{image: a}]}\n'],
        ['0-nothing.yaml', 'kind: PipelineRun\n'],
        ['0-metadata.yaml', 'kind: PipelineRun\nmetadata: [1]\n'],
        ['0-null.yaml', 'kind: PipelineRun\nmetadata: {annotations: null, labels: 7, name: {a: b}}\n'],
        ['0-version.yaml', buildYaml.replace('tekton.dev/v1', 'tekton.dev/v1alpha9')],
        ['0-invalid.yaml', buildYaml.replace('image: example.org/busybox', 'imag: x')],
        ['0-name.yaml', buildYaml.replace('build-', 'Not A Name')],
        ['README.md', 'no YAML'],
        ['build.yaml', `${buildYaml}---\n${buildYaml}`],
      ]),
    );
    const { runs, skipped } = await made.push(signed(payload()));
    expect(runs).toHaveLength(2);
    expect(await made.runs()).toHaveLength(2);
    expect(new Set(skipped.map(({ file }) => file))).toEqual(
      new Set([...made.files.keys()].filter((name) => name.startsWith('0-') && name !== '0-empty.yaml')),
    );
    for (const { reason } of skipped) expect(reason).not.toBe('');
  });

  it('more files than anybody writes are not read', async () => {
    const made = await house(new Map(Array.from({ length: 203 }, (_, at) => [`${at}.yaml`, at < 200 ? '' : buildYaml])));
    const { runs, skipped } = await made.push(signed(payload()));
    expect([runs.length, skipped.length]).toEqual([0, 3]);
  });
});
