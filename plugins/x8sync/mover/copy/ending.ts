/** How a copy ends: thrown from wherever that is found out. */
import type { Outcome, Room } from '../protocol.ts';

export class Ending extends Error {
  readonly outcome: Outcome;
  readonly room: Room | undefined;

  constructor(outcome: Outcome, message: string, room?: Room) {
    super(message);
    this.outcome = outcome;
    this.room = room;
  }
}

/** No address of the source answers. */
export class Unreachable extends Error {}

/** What answers has another host key, or does not take ours. */
export class WrongKey extends Error {}
