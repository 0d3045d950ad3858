import { ColophonError, type ErrorRecord } from '@colophon/core';
import type { Api } from '../../client/api.ts';
import type { Step } from '../../output/output.ts';

/** Asks the server to make the step images; gives the values that pipelines name them by. */
export async function makeStepImages(api: Api, step: Step): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(`${api.url}/colophon/v1/step-images`, {
    method: 'POST',
    headers: api.token === undefined ? {} : { authorization: `Bearer ${api.token}` },
  });
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as {
        event?: { image: string; phase: string; detail?: string };
        result?: Record<string, string>;
        error?: ErrorRecord;
      };
      if (message.error !== undefined) throw ColophonError.fromRecord(message.error);
      if (message.result !== undefined) return message.result;
      if (message.event !== undefined)
        step.update(
          `${message.event.image}: ${message.event.phase}${message.event.detail === undefined ? '' : ` ${message.event.detail}`}`,
        );
    }
  }
  throw new ColophonError('CLI_SERVER_REFUSED', 'the server ended its answer early');
}
