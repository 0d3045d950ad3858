import type { CommandGroup } from '../command/command.ts';
import { completion } from './completion/command.ts';
import { quickstart } from './quickstart/command.ts';
import { run } from './run/command.ts';
import { runs } from './runs/commands.ts';
import { server } from './server/command.ts';

/** Every command of the program. */
export const commands: CommandGroup = {
  brief: 'Builds container images, proves how they were built, and checks such proofs',
  commands: { quickstart, server, run, runs, completion },
};
