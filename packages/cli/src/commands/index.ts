import type { CommandGroup } from '../command/command.ts';
import { backup, restore } from './backup/command.ts';
import { completion } from './completion/command.ts';
import { doctor } from './doctor/command.ts';
import { image } from './image/commands.ts';
import { keys } from './keys/commands.ts';
import { lock } from './lock/command.ts';
import { log } from './log/commands.ts';
import { prune } from './prune/command.ts';
import { quickstart } from './quickstart/command.ts';
import { rebuild } from './rebuild/command.ts';
import { run } from './run/command.ts';
import { runs } from './runs/commands.ts';
import { server } from './server/command.ts';
import { verify } from './verify/command.ts';

/** Every command of the program. */
export const commands: CommandGroup = {
  brief: 'Builds container images, proves how they were built, and checks such proofs',
  commands: { quickstart, server, run, runs, verify, rebuild, lock, image, log, keys, backup, restore, prune, doctor, completion },
};
